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


def texts(given: Any, what: str) -> list[str]:
    """Return a list of texts, ``what`` ending with the name of the argument.

    One text is no list of its letters: it is noted, and stands for a list of one.
    """
    if isinstance(given, str):
        program().problem(f"{what}={given!r} is no list; write {what.split()[-1]}=[{given!r}]")
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes | pulumi.Output):
        program().problem(f"{what}={shown(given)} is no list; write {what.split()[-1]}=['...']")
        return []
    found = []
    for item in given:
        if isinstance(item, str):
            found.append(item)
        else:
            program().problem(f"{what}: {shown(item)} is no text")
    return found
