"""Documents as people really format them, piece by piece: what belongs to what is known."""

import json
import random
from typing import Any, NamedTuple

from pulumi_martech.document.edit import Change
from pulumi_martech.document.written import scalar

TEXTS = [
    "Ana", "O'Neil, B", "x: y", "# no", "no", "007", "2027-01-01", "é ü", "a#b", "- x", "[x]",
    "'q'", '"d"', "*a", "&b", "!t", "%p", "@x", "|", "> z", "a: ", "trail ", "", "null", "~",
    "long " * 30,
]  # fmt: skip
_BODIES = ("a long\nreason", "one", "# no comment\nx", "a\n\nb")

Way = tuple[str | int, ...]


class Piece(NamedTuple):
    """Some lines and what they say: an entry, a key of it, an item; ``()`` is nobody's.

    A last part ``-`` is the head of what the way leads to.
    """

    way: Way
    text: str


class Writer:
    """Writes one document, in any of the ways there are."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.pieces = chance, list[Piece]()

    def put(self, way: Way, text: str) -> None:
        """Put lines behind the others."""
        self.pieces.append(Piece(way, text))

    def maybe(self, *texts: str) -> str:
        """Return one of a few texts, or often none."""
        return self.chance.choice(("", "", *texts))

    def value(self, value: Any, flow: bool = True) -> str:
        """Return a value in one line."""
        if isinstance(value, dict):
            inner = ", ".join(f"{key}: {self.value(item)}" for key, item in value.items())
            return f"{{{inner}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.value, value))}]"
        single = "'" + value.replace("'", "''") + "'"
        options = (json.dumps(value, ensure_ascii=False), scalar(value), single)
        return self.chance.choice(options[:2] if flow else options)

    def note(self) -> str:
        """Return what may stand behind a value on its line."""
        return self.maybe("  # behind", "   ")

    def between(self, margin: str) -> None:
        """Put lines that say nothing."""
        for _ in range(self.chance.choice((0, 0, 1, 2))):
            line = self.chance.choice((f"{margin}# note", "", "# left"))
            self.put((), f"{line}\n")

    def entry(self) -> dict[str, Any]:
        """Return what somebody may say of somebody."""
        text = lambda: self.chance.choice(TEXTS)  # noqa: E731
        kinds: dict[str, Any] = {
            "name": text(),
            "team": text(),
            "why": text(),
            "aliases": [text() for _ in range(self.chance.randrange(1, 3))],
            "logins": {key: text() for key in self.chance.sample(("crm", "site"), 2)},
        }
        return {
            key: kinds[key] for key in self.chance.sample(sorted(kinds), self.chance.randrange(5))
        }

    def section(self, name: str) -> None:
        """Write a section of entries by key."""
        chance, margin = self.chance, " " * self.chance.randrange(1, 5)
        said = {key: self.entry() for key in chance.sample(("ana", "bo", "no", "007"), 3)}
        if chance.random() < 0.3:
            rows = ",\n".join(f"  {key}: {self.value(entry)}" for key, entry in said.items())
            whole = f"{{\n{rows}{self.maybe(',', ', # last')}\n}}"
            shown = chance.choice((whole, self.value(said)))
            self.put((name,), f"{name}: {shown}{self.note()}\n")
            return
        self.put((), f"{name}:{self.note()}\n")
        for key, entry in said.items():
            self.between(margin)
            shown = chance.choice((key, f'"{key}"', f"'{key}'"))
            if not entry or chance.random() < 0.4:
                written = "" if not entry and chance.random() < 0.3 else f" {self.value(entry)}"
                self.put((name, key), f"{margin}{shown}:{written}{self.note()}\n")
                continue
            self.put((name, key, "-"), f"{margin}{shown}:{self.note()}\n")
            self.keys((name, key), entry, margin + " " * chance.randrange(1, 5))

    def keys(self, way: Way, entry: dict[str, Any], margin: str) -> None:
        """Write the keys of an entry, one below the other."""
        for key, value in entry.items():
            self.put((*way, "-"), self.maybe(f"{margin}# in between\n", "\n"))
            head = f"{margin}{key}:"
            if isinstance(value, str) and key == "why" and self.chance.random() < 0.6:
                lines = self.chance.choice(_BODIES).split("\n")
                body = "".join(f"{margin}  {line}\n" if line else "\n" for line in lines)
                self.put((*way, key), f"{head} {self.chance.choice(('>', '|-', '|'))}\n{body}")
                self.put((*way, "-"), self.maybe("\n"))
            elif isinstance(value, str) or self.chance.random() < 0.4:
                self.put((*way, key), f"{head} {self.value(value, False)}{self.note()}\n")
            else:
                self.put((*way, key, "-"), f"{head}{self.note()}\n")
                items = enumerate(value) if isinstance(value, list) else value.items()
                for part, item in items:
                    mark = "- " if isinstance(value, list) else f"  {part}: "
                    line = f"{margin}{mark}{self.value(item, False)}{self.note()}\n"
                    self.put((*way, key, part), line)

    def grants(self) -> None:
        """Write a list."""
        chance, margin = self.chance, " " * self.chance.randrange(4)
        self.put((), f"grants:{self.note()}\n")
        for at in range(3):
            self.between(margin)
            entry = {"who": chance.choice(TEXTS), "role": chance.choice(TEXTS)}
            if chance.random() < 0.4:
                self.put(("grants", at), f"{margin}-   {self.value(entry)}{self.note()}\n")
            elif chance.random() < 0.5:
                self.put(("grants", at, "-"), f"{margin}-{self.note()}\n")
                self.keys(("grants", at), entry, f"{margin}   ")
            else:
                who, role = (self.value(value, False) for value in entry.values())
                self.put(("grants", at, "who"), f"{margin}-  who: {who}{self.note()}\n")
                self.put(("grants", at, "-"), self.maybe(f"{margin}   # in between\n"))
                self.put(("grants", at, "role"), f"{margin}   role: {role}{self.note()}\n")


def document(chance: random.Random) -> list[Piece]:
    """Return a document in pieces."""
    writer = Writer(chance)
    writer.put((), writer.maybe("# head\n", "---\n", "# head\n---\n\n"))
    for name in chance.sample(("people", "teams", "grants"), 3):
        writer.grants() if name == "grants" else writer.section(name)
    writer.put((), writer.maybe("# the end\n", "\n\n", "  # the end\n", "...\n"))
    pieces = [piece for piece in writer.pieces if piece.text]
    if chance.random() < 0.2:
        pieces[-1] = Piece(pieces[-1].way, pieces[-1].text.rstrip("\n"))
    if chance.random() < 0.3:
        pieces = [Piece(way, text.replace("\n", "\r\n")) for way, text in pieces]
    return pieces


def changes(chance: random.Random, data: dict[str, Any]) -> list[Change]:
    """Return a few changes of different entries: put in, replaced, taken away."""
    found = []
    for name in chance.sample(("people", "teams", "grants", "waivers"), chance.randrange(1, 4)):
        entries = data.get(name) or {}
        keys = list(range(len(entries))) if isinstance(entries, list) else list(entries)
        new = Change(
            (name, len(keys) if name == "grants" else "new"), {"name": chance.choice(TEXTS)}
        )
        if not keys or chance.random() < 0.3:
            found.append(new)
            continue
        key = chance.choice(keys)
        entry = entries[key] or {}
        options = [Change((name, key)), Change((name, key, "status"), "leaver")]
        for field, value in entry.items():
            options += [
                Change((name, key, field)),
                Change((name, key, field), chance.choice(TEXTS)),
            ]
            if isinstance(value, list):
                options += [Change((name, key, field, 0)), Change((name, key, field, 9), "more")]
            if isinstance(value, dict):
                options += [Change((name, key, field, "crm")), Change((name, key, field, "x"), "y")]
        found.append(chance.choice(options))
    return found
