"""YAML as the real engine reads and writes it: go-yaml 3, between YAML 1.1 and 1.2.

Plain scalars are kept as they are written until they are asked for; what is written anew is quoted
where either engine would take it for something else than text.
"""

import json
import re
import warnings
from calendar import isleap
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError
from ruamel.yaml.reader import Reader
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    PlainScalarString,
    ScalarString,
)

from .errors import EngineError

_MERGE = "tag:yaml.org,2002:merge"
_FIXED = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float("inf") for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DOTTED = re.compile(r"\.([0-9]+)([eE][-+]?[0-9]+)?")
_BASES = (
    (re.compile(r"[-+]?0[xX][0-9a-fA-F]+"), 16),
    (re.compile(r"[-+]?0[bB][01]+"), 2),
    (re.compile(r"[-+]?0[oO]?[0-7]+"), 8),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)"), 10),
)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:([Tt ])(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(Z|[-+]\d\d:\d\d)?)?",
    re.ASCII,
)
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_OLD_BOOLEANS = {"y", "yes", "on", "n", "no", "off"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


class _Unresolved(VersionedResolver):
    """Takes every plain scalar for text, and `<<` for what is merged."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind.__name__ == "ScalarNode" and implicit[0] and value != "<<":
            return self.DEFAULT_SCALAR_TAG
        return super().resolve(kind, value, implicit)


class _Lines(Reader):
    """Counts columns from where go-yaml ends a line, too."""

    def forward(self, length: int = 1) -> None:
        self.forward_1_1(length)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a mapping from a YAML file.

    Raises:
        EngineError: the file is not readable or no mapping.
    """
    data = resolved(load(path))
    if not isinstance(data, dict):
        raise EngineError(f"{path} must be a mapping of names to values")
    return data


def load(path: Path) -> Any:
    """Read a YAML file so that it can be changed and written again, with its comments.

    Raises:
        EngineError: the file is not readable.
    """
    try:
        yaml = _round_trip()
        yaml.version = (1, 1)  # go-yaml parts lines and brackets as that has it
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            data = yaml.load(path.read_text(encoding="utf-8-sig"))
        resolved(data)
    except (OSError, YAMLError, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise EngineError(f"{path} cannot be read: {reason}") from None
    return _changeable(data)


def dump(data: Any) -> str:
    """Write what `load` read and was changed since."""
    text = StringIO()
    _round_trip().dump(data, text)
    return text.getvalue()


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 30
    yaml.Resolver = _Unresolved
    yaml.Reader = _Lines
    return yaml


def _changeable(data: Any) -> Any:
    """Write out what `<<` merges, and nulls inside of brackets that are left out."""
    if isinstance(data, CommentedMap):
        if data.merge:
            data = CommentedMap((key, deepcopy(value)) for key, value in data.items())
        for key, value in data.items():
            data[key] = _written_out(value, data)
    elif isinstance(data, CommentedSeq):
        for at, value in enumerate(data):
            data[at] = _written_out(value, data)
    return data


def _written_out(value: Any, within: CommentedMap | CommentedSeq) -> Any:
    if type(value) is str and not value and within.fa.flow_style():
        return PlainScalarString("null")
    return _changeable(value)


# ------------------------------------------------------------------ values


def resolved(data: Any) -> Any:
    """Return what a part of a file stands for: objects, lists, text, numbers, truth values.

    Raises:
        ValueError: a scalar is not what its tag says.
    """
    if isinstance(data, TaggedScalar):
        return _tagged(str(data.value), str(data.tag.value or ""))
    if isinstance(data, dict):
        return {_key(resolved(key)): resolved(value) for key, value in data.items()}
    if isinstance(data, list):
        return [resolved(item) for item in data]
    if isinstance(data, PlainScalarString) or type(data) is str:
        return scalar(str(data))
    if isinstance(data, bytes):  # of the tag !!binary
        return data.decode("utf-8", "replace")
    return str(data) if isinstance(data, ScalarString) else data


def _key(value: Any) -> str:
    """Write a key, which need not be text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def _tagged(text: str, tag: str) -> Any:
    kind = tag.removeprefix("tag:yaml.org,2002:").removeprefix("!!")
    value = scalar(text)
    fits: dict[str, Any] = {"int": int, "float": (int, float), "bool": bool, "null": type(None)}
    wanted = fits.get(kind)
    if wanted is None:
        return value if kind == "timestamp" else text
    if not isinstance(value, wanted) or (kind != "bool" and isinstance(value, bool)):
        raise ValueError(f"cannot decode `{text}` as a !!{kind}")
    return value


def scalar(text: str) -> Any:
    """Return what a plain scalar stands for; a moment is text, as the real engine prints it."""
    if text in _FIXED:
        return _FIXED[text]
    first = text[0]
    if first == ".":
        return float(text) if _DOTTED.fullmatch(text) else text
    if first not in "+-0123456789":
        return text
    moment = _moment(text)
    if moment is not None:
        return moment
    number = text.replace("_", "")
    for pattern, base in _BASES:
        if pattern.fullmatch(number):
            whole = int(re.sub("0[xXbBoO]", "", number, count=1), base)
            if -(1 << 63) <= whole < 1 << (64 if number[0] != "+" else 63):
                return whole
    if _FLOAT.fullmatch(number):
        found = float(number)
        if found not in (float("inf"), float("-inf")):
            return found
    return text


def _moment(text: str) -> str | None:
    """Write a date or a moment as Go does; `None` if it is none."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    year, month, day, between, hour, minute, second, fraction, zone = match.groups()
    if between is not None and (between == " ") is not (zone is None):
        return None
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= _days(int(year), int(month)):
        return None
    clock = [int(part or 0) for part in (hour, minute, second)]
    if clock[0] > 23 or clock[1] > 59 or clock[2] > 59:
        return None
    shown = "{:02}:{:02}:{:02}".format(*clock)
    parts = (fraction or "")[:9].rstrip("0")
    shown += f".{parts}" if parts else ""
    date = f"{year}-{int(month):02}-{int(day):02}"
    if zone in (None, "Z"):
        return f"{date} {shown} +0000 UTC"
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if hours > 24 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    digits = zone.replace(":", "") if offset else "+0000"
    return f"{date} {shown} {digits} {_zone_name(f'{date} {shown[:8]}', offset) or digits}"


def _days(year: int, month: int) -> int:
    if month == 2:
        return 29 if isleap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _zone_name(moment: str, offset: timedelta) -> str | None:
    """Return the name of this machine's zone, if a moment is in it."""
    try:
        there = datetime.fromisoformat(moment).replace(tzinfo=timezone(offset))
        here = there.astimezone(UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
    return here.tzname() if here.utcoffset() == offset else None


def edited(old: Any, new: Any) -> Any:
    """Return what to put in the place of a part of a file: what did not change stays as it is.

    Args:
        old: the part, as `load` gives it; it is left as it is, as an alias may name it too.
        new: a value, as `resolved` gives it.
    """
    if old is not None and _same(resolved(old), new):
        return old
    if isinstance(old, CommentedMap) and isinstance(new, dict):
        result = deepcopy(old)
        for key in [key for key in result if _key(resolved(key)) not in new]:
            del result[key]
        known = {_key(resolved(key)): key for key in result}
        for name, value in new.items():
            key = known.get(name, writable(name))
            result[key] = edited(result.get(key), value)
        return result
    if isinstance(old, CommentedSeq) and isinstance(new, list):
        items = deepcopy(old)
        del items[len(new) :]
        for at, value in enumerate(new):
            if at < len(items):
                items[at] = edited(items[at], value)
            else:
                items.append(writable(value))
        return items
    return writable(new)


def _same(one: Any, other: Any) -> bool:
    """Tell whether values are equal, and of the same kind: to Python 1 is True."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


def writable(value: Any) -> Any:
    """Return a value as `dump` writes it: text that could be taken for anything else is quoted."""
    if isinstance(value, dict):
        return {writable(str(key)): writable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [writable(item) for item in value]
    if not isinstance(value, str):
        return PlainScalarString(json.dumps(value))
    return DoubleQuotedScalarString(value) if _looks_otherwise(value) else value


def _looks_otherwise(text: str) -> bool:
    return (
        not isinstance(scalar(text), str)
        or _moment(text) is not None
        or text == "<<"
        or text.startswith(":")  # which go-yaml does not take inside of brackets, as the next
        or "?" in text
        or text.lower() in _OLD_BOOLEANS
        or _SIXTIES.fullmatch(text) is not None
        or _CONTROL.search(text) is not None
    )
