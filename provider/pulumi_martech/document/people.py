"""People brought into a document from elsewhere: a CSV file, or what an account shows."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi_martech.document.files import limit
from pulumi_martech.document.load import Document
from pulumi_martech.document.parse import hidden
from pulumi_martech.document.problems import DocumentInvalid, Place, Problem
from pulumi_martech.document.update import Update
from pulumi_martech.model.identity import near

FIELDS = (
    "key", "name", "email", "team", "manager", "job", "status", "kind", "starts", "until",
)  # fmt: skip
"""What can be brought in, besides `LOGIN` followed by an account: ``login:crm``."""

LOGIN = "login:"
_FORMULA = re.compile(r"\s*[=+@-]")
_SEPARATOR = re.compile("sep=(.)\r?\n")
"""What Excel writes into a first line to tell what stands between cells."""

_QUOTED = re.compile('"[^"]*"')
_NO_KEY = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True)
class Row:
    """One person as said elsewhere: fields of `FIELDS` to text; what is empty is not said."""

    place: Place
    said: Mapping[str, str]


@dataclass
class Brought:
    """What bringing people in comes to: the changes, and who is where."""

    update: Update
    added: list[str]
    changed: list[str]
    missing: list[str]
    """Own people of the document that were not among those brought in."""
    others: list[str]
    """People of vendors and partners that were among them, and stay as they are."""


def from_csv(path: Path, columns: Mapping[str, str], drop: Iterable[str]) -> list[Row]:
    """Return the people of a CSV file (comma, semicolon or tab; UTF-8; a first line of names).

    Args:
        path: the file.
        columns: column to field, for those that are not called like one.
        drop: columns that are meant to be left out.

    Raises:
        DocumentInvalid: what is wrong, all at once: a column that is neither mapped nor dropped is
            refused, so that nothing comes in that nobody asked for.
    """
    name = path.name
    text = _text(path)
    told = _SEPARATOR.match(text)
    first = _QUOTED.sub("", text[told.end() if told else 0 :].split("\n", 1)[0])
    separator = told[1] if told else max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    problems: list[Problem] = []
    rows: list[Row] = []
    try:
        if told:
            next(reader)
        line = reader.line_num + 1
        head = [cell.strip() for cell in next(reader, [])]
        fields = _fields(Place(name, line), head, columns, set(drop), problems)
        for cells in reader:
            line = reader.line_num
            if len(cells) != len(head):
                if any(cells):
                    text = f"has {len(cells)} cells, and the first line has {len(head)}"
                    problems.append(Problem(Place(name, line), text))
                continue
            said = {}
            for at, (field, cell) in enumerate(zip(fields, cells, strict=True), 1):
                if not cell.strip() or (not field and head[at - 1]):
                    continue
                if not field:
                    text = "stands in a column without a name: name it, or take it out"
                    problems.append(Problem(Place(name, line, at), text))
                elif _FORMULA.match(cell):
                    text = "begins like a formula, which a spreadsheet would run: take it out"
                    problems.append(Problem(Place(name, line, at), text))
                elif sign := hidden(cell):
                    problems.append(Problem(Place(name, line, at), sign))
                said[field] = cell.strip()
            if said:
                rows.append(Row(Place(name, line), said))
    except csv.Error as error:
        problems.append(Problem(Place(name, reader.line_num), f"is no CSV from here on: {error}"))
    if problems:
        raise DocumentInvalid(name, problems)
    return rows


def _text(path: Path) -> str:
    name = path.name
    if path.stat().st_size > limit():
        text = f"has {path.stat().st_size / 1e6:.0f} MB, more than {limit() / 1e6:.0f}"
        raise DocumentInvalid(name, [Problem(Place(name), text)])
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        text = "is not UTF-8: save it as CSV in UTF-8"
        raise DocumentInvalid(name, [Problem(Place(name, line), text)]) from None


def _fields(
    place: Place,
    head: Sequence[str],
    columns: Mapping[str, str],
    drop: set[str],
    problems: list[Problem],
) -> list[str]:
    """Return the field of each column, empty for dropped ones."""
    found: list[str] = []

    def wrong(at: int, text: str) -> None:
        problems.append(Problem(Place(place.file, place.line, at), text))

    for at, column in enumerate(head, 1):
        field = "" if column in drop else columns.get(column, column)
        if column in drop or not column:
            pass
        elif field not in FIELDS and not field.startswith(LOGIN):
            wrong(
                at,
                f"column {column!r} is none of {', '.join(FIELDS)} or {LOGIN}ACCOUNT; say "
                f"--column {column!r}=FIELD, or --drop {column!r}",
            )
        elif field in found:
            wrong(at, f"column {column!r} is a second one for {field}")
        found.append(field)
    for column in [*columns, *drop]:
        if column not in head:
            wrong(1, f"there is no column {column!r}; {near(column, head) or 'see its first line'}")
    if not {"key", "email"} & set(found):
        wrong(1, "there is neither a `key` nor an `email`, so nobody can be told from others")
    return found


def bring_in(document: Document, rows: Sequence[Row], leavers: bool = False) -> Brought:
    """Work out what rows change in a document: people are known by key, address, login or alias.

    Args:
        document: the document, in order.
        rows: who is there; what a row does not say is left as it is.
        leavers: whether own employees that no row names are made leavers.

    Raises:
        DocumentInvalid: two rows are the same person; or nobody is there, and all would be leavers.
    """
    people = document.access.people
    known: dict[str, str] = {}
    for key, person in people.items():
        for address in (person.email, *person.aliases, *person.logins.values()):
            if address:
                known.setdefault(address.casefold(), key)
    others = {
        address.casefold(): key
        for key, person in document.access.principals.items()
        if key not in people
        for address in (person.email, *person.aliases, *person.logins.values(), key)
    }
    brought = Brought(Update(document), [], [], [], [])
    seen: dict[str, Place] = {}
    taken = set(document.access.principals)
    problems: list[Problem] = []
    for row in rows:
        addresses = [v for f, v in row.said.items() if f == "email" or f.startswith(LOGIN)]
        key = row.said.get("key") or _first(addresses, known)
        other = others.get(key) if key else _first(addresses, others)
        if other:
            brought.others.append(other)
            continue
        key = key or _new_key(addresses[0], taken)
        if key in seen:
            problems.append(Problem(row.place, f"{key} is there twice, at {seen[key]} and here"))
            continue
        seen[key] = row.place
        taken.add(key)
        _put(brought, key, row.said)
    if leavers and not seen:
        text = "nobody is in it: everybody would be a leaver"
        problems.append(Problem(Place("--leavers"), text))
    if problems:
        raise DocumentInvalid("who is to be brought in", problems)
    for key, person in people.items():
        if key not in seen and person.kind == "employee" and person.status != "leaver":
            brought.missing.append(key)
            if leavers:
                brought.update.set("people", key, status="leaver")
    return brought


def _first(addresses: Iterable[str], known: Mapping[str, str]) -> str:
    """Return the key of the first address that is known, else nothing."""
    return next((known[a.casefold()] for a in addresses if a.casefold() in known), "")


def _put(brought: Brought, key: str, said: Mapping[str, str]) -> None:
    document = brought.update.document
    here = key in document.access.people
    old = document.written("people", key) if here else {}
    new = {**old, **{f: v for f, v in said.items() if f != "key" and not f.startswith(LOGIN)}}
    # The same address in other letters, or an older one, says nothing new.
    known = [str(address) for address in (old.get("email", ""), *(old.get("aliases") or ()))]
    if known[0] and said.get("email", "").casefold() in map(str.casefold, known):
        new["email"] = known[0]
    logins = dict(old.get("logins") or {})
    email = str(new.get("email", ""))
    for field, login in said.items():
        account = field.removeprefix(LOGIN)
        if field.startswith(LOGIN) and (login.casefold() != email.casefold() or account in logins):
            logins[account] = login
    if logins:
        new["logins"] = logins
    if new != old or not here:
        (brought.changed if here else brought.added).append(key)
        brought.update.put("people", key, new)


def _new_key(address: str, taken: set[str]) -> str:
    """Return an id of ours for somebody new: what stands before the @, without accents."""
    local = unicodedata.normalize("NFKD", address.partition("@")[0].casefold())
    key = _NO_KEY.sub("-", local.encode("ascii", "ignore").decode()).strip("._-")[:60] or "person"
    number = 2
    found = key
    while found in taken:
        found, number = f"{key}-{number}", number + 1
    return found
