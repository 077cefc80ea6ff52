"""Arguments as a program writes them, read without ever raising.

What is of the wrong kind is noted with its place, like everything that a person writes, and what
can be meant by it stands for it, so that the rest can be checked too.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from pulumi_martech.resources.program import program


def shown(value: Any) -> str:
    """Return a value in a sentence: as it is written if it is short and plain, else its kind."""
    if isinstance(value, pulumi.Output):
        return "an output"
    written = repr(value) if value is None or isinstance(value, str | int | float) else ""
    return written if 0 < len(written) <= 60 else f"a {type(value).__name__}"


def listed(given: Any, what: str) -> list[Any]:
    """Return a list, ``what`` ending with the name of the argument; what is none is noted.

    One text is no list of its letters: it stands for a list of one.
    """
    name = what.split()[-1]
    if isinstance(given, str):
        program().problem(f"{what}={given!r} is no list; write {name}=[{given!r}]")
        return [given]
    if isinstance(given, Mapping | bytes | pulumi.Output) or not isinstance(given, Iterable):
        program().problem(f"{what}={shown(given)} is no list; write {name}=['...']")
        return []
    return list(given)


def texts(given: Any, what: str) -> list[str]:
    """Return a list of texts; everything else is noted."""
    found = []
    for item in listed(given, what):
        if isinstance(item, str):
            found.append(item)
        else:
            program().problem(f"{what}: {shown(item)} is no text")
    return found


def by_text(given: Any, what: str, example: str) -> dict[str, Any]:
    """Return a dictionary by texts; what is none, and keys that are no texts, are noted.

    ``example`` is what the dictionary could look like.
    """
    if not isinstance(given, Mapping):
        program().problem(f"{what}={shown(given)} is no dictionary; write one such as {example}")
        return {}
    for key in given:
        if not isinstance(key, str):
            program().problem(f"{what}: {shown(key)} is no text; write a dictionary like {example}")
    return {key: value for key, value in given.items() if isinstance(key, str)}
