"""The version that this engine stands for, and ranges of versions that programs ask for.

Ranges are those of `github.com/blang/semver`, with its messages: `>=3.0.0 !3.1.2 || 2.x`.
"""

import json
import re
from collections.abc import Callable
from functools import total_ordering

from .errors import EngineError

VERSION = "v3.259.0"
"""The version of the engine whose recorded behaviour is followed."""

_PART = re.compile(r"[0-9A-Za-z-]+")
_OPERATORS: dict[str, Callable[["Version", "Version"], bool]] = {
    **dict.fromkeys(("", "=", "=="), lambda one, other: one == other),
    **dict.fromkeys(("!", "!="), lambda one, other: one != other),
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
}


def check_version(wanted: str) -> None:
    """Make sure that this engine's version lies in a range; an empty one asks for nothing.

    Raises:
        EngineError: it does not, or the text is no range.
    """
    if not wanted:
        return
    try:
        ranges = _ranges(wanted)
    except ValueError as error:
        raise EngineError(f"parsing CLI version range {_quoted(wanted)}: {error}") from None
    own = Version(VERSION.removeprefix("v"))
    if not any(all(holds(own, other) for holds, other in parts) for parts in ranges):
        raise EngineError(
            f"Pulumi CLI version {VERSION.removeprefix('v')} does not satisfy the version range "
            f"{_quoted(wanted)}"
        )


@total_ordering
class Version:
    """A semantic version; what is built from it does not count."""

    def __init__(self, text: str):
        """Read a version.

        Raises:
            ValueError: it is none; says why.
        """
        if not text:
            raise ValueError("Version string empty")
        parts = text.split(".", 2)
        if len(parts) != 3:
            raise ValueError("No Major.Minor.Patch elements found")
        parts[2], plus, build = parts[2].partition("+")
        parts[2], dash, before = parts[2].partition("-")
        for name, number in zip(("Major", "Minor", "Patch"), parts, strict=True):
            if not re.fullmatch("[0-9]*", number):
                raise ValueError(
                    f"Invalid character(s) found in {name.lower()} number {_quoted(number)}"
                )
            if len(number) > 1 and number[0] == "0":
                raise ValueError(f"{name} number must not contain leading zeroes {_quoted(number)}")
            if not number:
                raise ValueError('strconv.ParseUint: parsing "": invalid syntax')
        self._numbers = tuple(map(int, parts))
        self._before = [_before(part) for part in before.split(".")] if dash else []
        for part in build.split(".") if plus else []:
            if not part:
                raise ValueError("Build meta data is empty")
            if not _PART.fullmatch(part):
                raise ValueError(f"Invalid character(s) found in build meta data {_quoted(part)}")

    def _key(self) -> tuple[object, ...]:
        # A version comes after all that lead to it, and a number before a name.
        return (*self._numbers, not self._before, self._before)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: "Version") -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(str(self._key()))


def _before(part: str) -> tuple[bool, int, str]:
    """Read one part of what stands behind the `-` of a version that leads to another one."""
    if not part:
        raise ValueError("Prerelease is empty")
    if re.fullmatch("[0-9]+", part):
        if len(part) > 1 and part[0] == "0":
            raise ValueError(
                f"Numeric PreRelease version must not contain leading zeroes {_quoted(part)}"
            )
        return False, int(part), ""
    if not _PART.fullmatch(part):
        raise ValueError(f"Invalid character(s) found in prerelease {_quoted(part)}")
    return True, 0, part


Part = tuple[Callable[[Version, Version], bool], Version]


def _ranges(text: str) -> list[list[Part]]:
    """Read a range: any of the lists has to hold, each as a whole."""
    parts = _split(text)
    groups: list[list[str]] = [[]]
    for at, part in enumerate(parts):
        if part != "||":
            groups[-1].append(part)
        elif at == 0:
            raise ValueError("First element in range is '||'")
        else:
            groups.append([])
    if not all(groups):
        raise ValueError("Last element in range is '||'")
    written = [[item for part in group for item in _expanded(part)] for group in groups]
    return [[_part(item) for item in group] for group in written]


def _split(text: str) -> list[str]:
    """Part a range at blanks, apart from those behind an operator."""
    spaced = re.sub(r"(?<=[<>=]) +", "", text)
    return [part for part in spaced.split(" ") if len(part) > 1]


def _operator(part: str) -> tuple[str, str]:
    match = re.search(r"\d", part)
    if match is None:
        raise ValueError(f"Could not get version from string: {_quoted(part)}")
    return part[: match.start()], part[match.start() :]


def _expanded(part: str) -> list[str]:
    """Write out `x` in the place of a number."""
    if "x" not in part:
        return [part]
    operator, version = _operator(part)
    numbers = version.split(".")
    low = version.replace(".x.x", ".x", 1).replace(".x", ".0", 1)
    if low.count(".") == 1:
        low += ".0"
    at = len(numbers) - 2 if numbers[-1] == "x" else -1  # the number before, so that 1.x.x is 1.0.x
    high = ""
    if at in (0, 1):
        grown = low.split(".")
        grown[at] = str(int(grown[at]) + 1) if grown[at].isdigit() else ""
        high = ".".join(grown) if grown[at] else ""
    expanded = {
        ">": [f">={high}"],
        ">=": [f">={low}"],
        "<": [f"<{low}"],
        "<=": [f"<{high}"],
        "=": [f">={low}", f"<{high}"],
        "!": [f"<{low}", f">={high}"],
    }
    same = {"": "=", "==": "=", "!=": "!"}
    return expanded.get(same.get(operator, operator), [low])


def _part(text: str) -> Part:
    operator, version = _operator(text)
    if operator not in _OPERATORS:
        why = f"Could not parse comparator {_quoted(operator)} in {_quoted(text)}"
        raise ValueError(f"Could not parse Range {_quoted(text)}: {why}")
    try:
        return _OPERATORS[operator], Version(version)
    except ValueError as error:
        why = f"Could not parse version {_quoted(version)} in {_quoted(text)}: {error}"
        raise ValueError(f"Could not parse Range {_quoted(text)}: {why}") from None


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
