"""What somebody wrote off the screens of an account without an API: CSV or JSON, read strictly.

Two tables, told apart by their columns: *people* (``login``, ``role``; a row for each role that
somebody holds, one with an empty role for who holds none) and *roles* (``role``, ``module``,
``switch``, ``state``; a row for each switch of each custom role). A JSON file may hold both:
``{"people": {LOGIN: [ROLE]}, "roles": {ROLE: {"Messaging: View": "on"}}}``.
Every problem is told, with its place; nothing is guessed, and nothing in a cell is a formula.
"""

import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_martech.model.attestation import Source
from pulumi_martech.model.content import Cell
from pulumi_martech.model.identity import check_login, near
from pulumi_martech.model.manifest import Manifest

PEOPLE, ROLES = ("login", "role"), ("role", "module", "switch", "state")
STATES = (Cell.ON, Cell.OFF, Cell.NO_SWITCH)
LARGEST = 5_000_000
"""Bytes of a file."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Written:
    """What the files say, and everything that is wrong with them.

    ``people`` maps each login to its roles, ``roles`` each custom role to the state of every
    switch (``None``: no file speaks of roles).

    Args:
        manifest: of the platform: how logins and roles are named.
        layouts: the names of its switches by layout.
        layout: the layout that was seen; found by the names of the switches if empty.
        known: roles that are declared, besides the built-in ones.
    """

    def __init__(
        self,
        manifest: Manifest,
        layouts: Mapping[str, Collection[str]],
        layout: str,
        known: Collection[str],
    ) -> None:
        self._manifest, self._layouts, self.layout = manifest, layouts, layout
        self._known = set(known) | set(manifest.builtin_roles)
        self._at: dict[tuple[str, str], str] = {}
        self._named: list[tuple[str, str]] = []
        self._switches: list[tuple[str, str]] = []
        self.people: dict[str, list[str]] | None = None
        self.roles: dict[str, dict[str, Cell]] | None = None
        self.sources: list[Source] = []
        self.problems: list[str] = []

    def read(self, file: Path) -> None:
        """Take over a file."""
        try:
            with file.open("rb") as opened:
                data = opened.read(LARGEST + 1)
        except OSError as error:
            self.problems.append(f"{file.name}: cannot be read ({error.strerror or error})")
            return
        if len(data) > LARGEST:
            self.problems.append(f"{file.name}: is larger than {LARGEST} bytes")
            return
        self.sources.append(Source(name=file.name, sha256=hashlib.sha256(data).hexdigest()))
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.problems.append(f"{file.name}: is not text in UTF-8; save it as CSV UTF-8")
            return
        if file.suffix.lower() == ".json":
            self._json(file.name, text)
        else:
            self._csv(file.name, text)

    def finish(self) -> None:
        """Look at what only all files together show."""
        if self.people is None and not self.problems:
            self.problems.append(f"no file lists the people (columns {', '.join(PEOPLE)})")
        known = self._known | set(self.roles or ())
        for place, role in self._named:
            if role not in known:
                hint = near(role, known)
                self.problems.append(
                    f"{place}: role {role!r} is no default role, not declared, and no file lists "
                    f"its switches{f'; {hint}' if hint else ''}"
                )
        if self.roles:
            self._look_at_switches(self.roles)

    def _look_at_switches(self, roles: Mapping[str, Mapping[str, Cell]]) -> None:
        named = {switch for _, switch in self._switches}
        if not self.layout:
            fitting = [name for name, known in self._layouts.items() if named <= set(known)]
            if len(fitting) != 1:
                self.problems.append(
                    "the switches are not all of one layout, so say which one was seen: "
                    f"--layout {' or '.join(self._layouts)}"
                )
                return
            (self.layout,) = fitting
        known = self._layouts[self.layout]
        for place, switch in self._switches:
            if switch not in known:
                hint = near(switch, known)
                self.problems.append(
                    f"{place}: layout {self.layout!r} has no switch {switch!r}"
                    f"{f'; {hint}' if hint else ''}"
                )
        for role, switches in sorted(roles.items()):
            missing = [name for name in known if name not in switches]
            if missing:
                self.problems.append(
                    f"role {role!r} lacks {len(missing)} switches of layout {self.layout!r} "
                    f"({', '.join(missing[:5])}{' ...' if len(missing) > 5 else ''}); one that is "
                    f"not on the screen is written 'no switch'"
                )

    # -- the forms

    def _csv(self, name: str, text: str) -> None:
        first = text.splitlines()[0] if text.strip() else ""
        head, mark = _head(first)
        wanted = {frozenset(PEOPLE): PEOPLE, frozenset(ROLES): ROLES}.get(frozenset(head))
        if wanted is None or len(set(head)) != len(head):
            self._wrong_columns(name, head)
            return
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        rows.fieldnames = head
        next(rows.reader, None)
        try:
            for row in rows:
                place = f"{name}:{rows.line_num}"
                if None in row or None in row.values():
                    self.problems.append(f"{place}: has not {len(head)} cells")
                    continue
                cells = [str(row[column]) for column in wanted]
                if not any(cell.strip() for cell in cells):
                    continue
                if not self._harmless(place, cells):
                    continue
                if wanted is PEOPLE:
                    self._person(place, *cells)
                else:
                    role, module, switch, state = cells
                    self._switch(place, role, f"{module.strip()}: {switch.strip()}", state)
        except csv.Error as error:
            self.problems.append(f"{name}:{rows.line_num}: is no CSV ({error})")
        if wanted is PEOPLE:
            self.people = self.people if self.people is not None else {}
        else:
            self.roles = self.roles if self.roles is not None else {}

    def _json(self, name: str, text: str) -> None:
        try:
            said = json.loads(text, object_pairs_hook=_no_twins)
        except (ValueError, RecursionError) as error:
            self.problems.append(f"{name}: is no JSON ({error})")
            return
        if not isinstance(said, dict) or not said.keys() <= {"people", "roles"} or not said:
            keys = ", ".join(sorted(said)) if isinstance(said, dict) else "no object"
            self.problems.append(f"{name}: has {keys or 'nothing'}, not `people` and `roles`")
            return
        for place, login, roles in _entries(self, name, said, "people", list, "a list of roles"):
            for role in roles or [""]:
                if self._texts(place, [login, role]) and self._harmless(place, [login, role]):
                    self._person(place, login, role)
        for place, role, switches in _entries(self, name, said, "roles", dict, "an object"):
            for switch, state in switches.items():
                if self._texts(place, [state]) and self._harmless(place, [role, switch, state]):
                    self._switch(place, role, switch, state)
        if "people" in said and self.people is None:
            self.people = {}
        if "roles" in said and self.roles is None:
            self.roles = {}

    # -- the entries

    def _person(self, place: str, login: str, role: str) -> None:
        login = self._manifest.normal_login(login)
        role = self._manifest.normal_role(role.strip())
        for problem in check_login(login, self._manifest.identity.shape):
            self.problems.append(f"{place}: login {login!r} {problem}")
        self.people = self.people if self.people is not None else {}
        held = self.people.setdefault(login, [])
        if self._once(place, login, role or "no role") and role:
            held.append(role)
            self._named.append((place, role))
        if held and (login, "no role") in self._at:
            self.problems.append(f"{place}: {login!r} is written with a role and without one")

    def _switch(self, place: str, role: str, switch: str, state: str) -> None:
        role = role.strip()
        self.roles = self.roles if self.roles is not None else {}
        if not role or self._manifest.normal_role(role) in self._manifest.builtin_roles:
            self.problems.append(f"{place}: {role!r} is no custom role")
            return
        self._switches.append((place, switch))
        found = next((cell for cell in STATES if cell == state.strip().lower()), None)
        if found is None:
            self.problems.append(
                f"{place}: state {state!r} is none of {', '.join(repr(str(s)) for s in STATES)}"
            )
        elif self._once(place, role, switch):
            self.roles.setdefault(role, {})[switch] = found

    def _once(self, place: str, one: str, other: str) -> bool:
        if (one, other) in self._at:
            before = self._at[one, other]
            self.problems.append(f"{place}: {one!r} with {other!r} is written at {before} too")
            return False
        self._at[one, other] = place
        return True

    def _harmless(self, place: str, cells: Sequence[str]) -> bool:
        for cell in cells:
            if cell.startswith(_FORMULA):
                self.problems.append(f"{place}: {cell[:40]!r} begins like a formula")
                return False
        return True

    def _texts(self, place: str, values: Sequence[Any]) -> bool:
        if all(isinstance(value, str) for value in values):
            return True
        self.problems.append(f"{place}: holds what is no text")
        return False

    def _wrong_columns(self, name: str, head: Sequence[str]) -> None:
        known = sorted({*PEOPLE, *ROLES})
        hints = [hint for column in head if column not in known and (hint := near(column, known))]
        self.problems.append(
            f"{name}: has the columns {', '.join(map(repr, head)) or 'none'}; write "
            f"{', '.join(PEOPLE)} for people or {', '.join(ROLES)} for custom roles"
            + "".join(f"; {hint}" for hint in dict.fromkeys(hints))
        )


def _head(line: str) -> tuple[list[str], str]:
    """Return the columns of a first line and what parts them: what makes most of them."""
    split = {
        mark: [column.strip().lower() for column in next(csv.reader([line], delimiter=mark), [])]
        for mark in (",", ";", "\t")
    }
    mark = max(split, key=lambda one: len(split[one]))
    return split[mark], mark


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _entries(
    written: Written, name: str, said: Mapping[str, Any], key: str, kind: type, words: str
) -> Iterator[tuple[str, str, Any]]:
    """Yield place, name and content of the entries of a part of a JSON file."""
    entries = said.get(key, {})
    if not isinstance(entries, dict):
        written.problems.append(f"{name}: {key} is no object of names")
        return
    for entry, content in entries.items():
        place = f"{name}, {key}, {entry[:60]!r}"
        if isinstance(content, kind):
            yield place, entry, content
        else:
            written.problems.append(f"{place}: is not {words}")


def templates(
    layouts: Mapping[str, Collection[str]], layout: str, roles: Collection[str]
) -> dict[str, str]:
    """Return the tables to be filled in, by name: people, and each switch of each custom role."""
    found = {"people": _table(PEOPLE, [])}
    if layout:
        rows = [
            [role, *name.split(": ", 1), ""] for role in sorted(roles) for name in layouts[layout]
        ]
        found["roles"] = _table(ROLES, rows)
    return found


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *rows])
    return out.getvalue()
