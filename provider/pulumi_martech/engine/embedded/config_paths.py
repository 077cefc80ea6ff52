"""Values inside structured configuration: `config set --path names[0].first Ana`."""

import re
from math import isfinite
from typing import Any

from .diffing import Path, parse_path, path_text
from .errors import EngineError, UsageError
from .flags import FALSE, TRUE

_WHOLE = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_RESERVED = 'maps with the single key "secure" are reserved'


def split(text: str) -> tuple[str, Path]:
    """Return the key that a path begins with, and the rest of the path.

    The namespace is looked for in the first part alone: names further in may have colons.

    Raises:
        UsageError: it is no path.
    """
    at = min((at for at in (text.find("["), text.find(".")) if at > 0), default=len(text))
    namespace, separator, name = text[:at].rpartition(":")
    try:
        path = parse_path(name + text[at:])
    except ValueError as error:
        raise UsageError(f"{text!r} is no path into the configuration: {error}") from None
    if not path or not isinstance(path[0], str):
        raise UsageError(f"{text!r} is no path into the configuration: it begins with no name")
    return namespace + separator + path[0], path[1:]


def typed(text: str) -> Any:
    """Return what a text in a structure stands for: truth values and whole numbers are no text."""
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text) and not (len(text) > 1 and text[0] == "0"):
        number = int(text)
        if -(1 << 63) <= number < 1 << (63 if text[0] in "+-" else 64):
            return number
    return text


def of_kind(text: str, kind: str) -> Any:
    """Return what a text stands for that is said to be a `string`, `int`, `bool` or `float`.

    Raises:
        EngineError: it is none.
    """
    if kind == "string":
        return text
    if kind == "bool" and text in TRUE | FALSE:
        return text in TRUE
    if kind == "int" and _WHOLE.fullmatch(text) and -(1 << 63) <= int(text) < 1 << 63:
        return int(text)
    if kind == "float" and _DECIMAL.fullmatch(text) and isfinite(float(text)):
        return float(text)
    raise EngineError(f"could not set config: {text!r} is no {kind}; nothing was changed")


def put(inside: Any, path: Path, value: Any, key: str) -> Any:
    """Return `inside` with a value at a path; makes the lists and objects on the way.

    Args:
        inside: what there is for the key; it is changed.
        path: where in it.
        value: what to put there.
        key: the key, for messages.

    Raises:
        EngineError: there is something else on the way.
    """
    return _put(inside, path, value, (key.rpartition(":")[2],))


def _put(inside: Any, path: Path, value: Any, way: Path) -> Any:
    if not path:
        return value
    part, rest = path[0], path[1:]
    if not isinstance(inside, (dict, list)):
        if inside is not None and len(way) > 1:  # a value of the key itself is written over
            raise _not_set(way, f"expected {'an array' if isinstance(part, int) else 'a map'}")
        inside = [None] * (part + 1) if isinstance(part, int) else {}
    way = (*way, part)
    if isinstance(inside, list):
        if not isinstance(part, int):
            raise _not_set(way, "key for an array must be an int")
        if not 0 <= part <= len(inside):
            raise _not_set(way, "array index out of range")
        if part == len(inside):
            inside.append(None)
        inside[part] = _put(inside[part], rest, value, way)
        return inside
    if not isinstance(part, str):
        raise _not_set(way, "key for a map must be a string")
    if part == "secure" and not rest and not inside and isinstance(value, str):
        raise EngineError(f"could not set config: {_RESERVED}")
    inside[part] = _put(inside.get(part), rest, value, way)
    return inside


def _not_set(way: Path, why: str) -> EngineError:
    return EngineError(f"could not set config: {path_text(way)}: {why}")


def take(inside: Any, path: Path) -> bool:
    """Remove what is at a path; return whether there was anything.

    Raises:
        EngineError: the rest would be taken for a secret.
    """
    *way, last = path
    for part in way:
        inside = _at(inside, part)
    if isinstance(inside, dict) and last in inside:
        if inside.keys() - {last} == {"secure"} and isinstance(inside["secure"], str):
            raise EngineError(f"{path_text(path)}: {_RESERVED}")
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
