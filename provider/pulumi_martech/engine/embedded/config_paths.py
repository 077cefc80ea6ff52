"""Values inside structured configuration: `config set --path names[0].first Ana`."""

import re
from typing import Any

from .diffing import Path, parse_path, path_text
from .errors import UsageError

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")


def split(text: str) -> tuple[str, Path]:
    """Return the key that a path begins with, and the rest of the path.

    Raises:
        UsageError: it is no path.
    """
    namespace, separator, rest = text.rpartition(":")
    try:
        path = parse_path(rest)
    except ValueError as error:
        raise UsageError(f"{text!r} is no path into the configuration: {error}") from None
    if not path or not isinstance(path[0], str):
        raise UsageError(f"{text!r} is no path into the configuration: it begins with no name")
    return namespace + separator + path[0], path[1:]


def typed(text: str) -> Any:
    """Return what a text in a structure stands for: truth values and whole numbers are no text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _WHOLE.fullmatch(text) and text != "-0" else text


def put(inside: Any, path: Path, value: Any) -> Any:
    """Return `inside` with a value at a path; makes the lists and objects on the way.

    Raises:
        UsageError: there is something else on the way.
    """
    if not path:
        return value
    part, rest = path[0], path[1:]
    if not isinstance(inside, (dict, list)):
        inside = [] if isinstance(part, int) else {}
    if isinstance(inside, list):
        if not isinstance(part, int) or not 0 <= part <= len(inside):
            raise UsageError(f"{path_text(path)}: array index out of range")
        if part == len(inside):
            inside.append(None)
        inside[part] = put(inside[part], rest, value)
        return inside
    if not isinstance(part, str):
        raise UsageError(f"{path_text(path)}: key for a map must be a string")
    if part == "secure" and not rest and not inside and isinstance(value, str):
        raise UsageError('"secure" key in maps of length 1 are reserved')
    inside[part] = put(inside.get(part), rest, value)
    return inside


def take(inside: Any, path: Path) -> bool:
    """Remove what is at a path; return whether there was anything."""
    *way, last = path
    for part in way:
        inside = _at(inside, part)
    if isinstance(inside, dict) and last in inside:
        del inside[last]
        return True
    if isinstance(inside, list) and isinstance(last, int) and 0 <= last < len(inside):
        del inside[last]
        return True
    return False


def find(inside: Any, path: Path) -> Any:
    """Return what is at a path, or `None`."""
    for part in path:
        inside = _at(inside, part)
    return inside


def _at(inside: Any, part: str | int) -> Any:
    if isinstance(inside, dict):
        return inside.get(part)
    if isinstance(inside, list) and isinstance(part, int) and 0 <= part < len(inside):
        return inside[part]
    return None
