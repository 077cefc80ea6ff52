"""Python source as a formatter leaves it, for programs that are written for people.

An installed package has no formatter at hand, and what is written here is plain: calls, lists and
dictionaries of text. Lines are broken as ``ruff format`` breaks them at 100 columns; a test holds
that it finds nothing to change.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

WIDTH = 100
_STEP = 4


@dataclass(frozen=True)
class Name:
    """A variable or any other word that stands as it is."""

    word: str


@dataclass(frozen=True)
class Call:
    """``function(given, name=value)``."""

    function: str
    given: Sequence["Value"]
    named: Mapping[str, "Value"]


Value = str | bool | None | Name | Call | Sequence["Value"] | Mapping[str, "Value"]


def statement(value: Value, before: str = "", indent: int = 0) -> str:
    """Return a statement, ``before`` (``editors = ``) at its beginning, in as many lines as due."""
    return "\n".join(_lines(before, value, "", indent))


def quoted(text: str) -> str:
    """Return text as a literal: in double quotes, unless that takes more escapes than single."""
    mark = "'" if text.count('"') > text.count("'") else '"'

    def one(found: re.Match[str]) -> str:
        """Escape the quotes that are like the mark, and no others; leave other escapes alone."""
        char = found[0][-1] if found[0][-1] in "\"'" else found[0]
        return f"\\{char}" if char == mark else char

    return mark + re.sub(r"\\.|[\"']", one, repr(text)[1:-1]) + mark


def _lines(before: str, value: Value, after: str, indent: int) -> list[str]:
    """Return a value in one line if it fits, else broken at its outermost brackets."""
    pad = " " * indent
    whole = f"{pad}{before}{_flat(value)}{after}"
    if cell_len(whole) <= WIDTH or not isinstance(value, Call | Mapping | list | tuple):
        return [whole]
    opening, closing, parts = _parts(value)
    inner = " " * (indent + _STEP)
    body = inner + ", ".join(f"{label}{_flat(part)}" for label, part in parts)
    if isinstance(value, Call) and cell_len(body) <= WIDTH:
        return [f"{pad}{before}{opening}", body, f"{pad}{closing}{after}"]
    found = [f"{pad}{before}{opening}"]
    for label, part in parts:
        found += _lines(label, part, ",", indent + _STEP)
    return [*found, f"{pad}{closing}{after}"]


def _flat(value: Value) -> str:
    if isinstance(value, Name):
        return value.word
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return str(value)
    opening, closing, parts = _parts(value)
    inner = ", ".join(f"{label}{_flat(part)}" for label, part in parts)
    lonely = "," if isinstance(value, tuple) and len(parts) == 1 else ""
    return f"{opening}{inner}{lonely}{closing}"


def _parts(
    value: Call | Mapping[str, Value] | Sequence[Value],
) -> tuple[str, str, list[tuple[str, Value]]]:
    """Return what opens and closes a value, and its parts with what stands before each."""
    if isinstance(value, Call):
        named = [(f"{name}=", part) for name, part in value.named.items()]
        return f"{value.function}(", ")", [("", part) for part in value.given] + named
    if isinstance(value, Mapping):
        return "{", "}", [(f"{quoted(key)}: ", part) for key, part in value.items()]
    opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
    return opening, closing, [("", part) for part in value]
