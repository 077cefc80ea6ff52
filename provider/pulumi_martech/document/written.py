"""Values as they are written into a document: one line where it fits, quotes where needed."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

WIDTH = 100
"""Columns that an entry may take to stand in one line."""

_PLAIN = re.compile(r"[^\W_]([\w./@+ -]*[\w./@+-])?|_[\w./@+-]*")
_NOTHING = frozenset({"null", "Null", "NULL"})


def scalar(value: Any) -> str:
    """Return text as YAML: plain where nobody could take it for something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | int | float):
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text not in _NOTHING and "  " not in text:
        return text
    return json.dumps(text, ensure_ascii=False)


def inline(value: Any) -> str:
    """Return a value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(k)}: {inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(inline, value)) + "]"
    return scalar(value)


def block(value: Mapping[str, Any], column: int) -> list[str]:
    """Return a map as lines, one a key; what is within them stays in one line where it fits."""
    lines: list[str] = []
    margin = " " * column
    for key, item in value.items():
        one = f"{margin}{scalar(key)}: {inline(item)}"
        if len(one) > WIDTH and isinstance(item, Mapping):
            lines += [f"{margin}{scalar(key)}:", *block(item, column + 2)]
        elif len(one) > WIDTH and isinstance(item, list | tuple):
            lines += [f"{margin}{scalar(key)}:", *(f"{margin}  - {inline(i)}" for i in item)]
        else:
            lines.append(one)
    return lines
