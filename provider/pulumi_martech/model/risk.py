"""Risk by degree: of a role from what it can do, of a grant from how it is held.

It orders and explains; it is no probability and opens no gate by itself.
"""

import math
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Literal

from pulumi_martech.model.capability import (
    CAPABILITIES,
    Capability,
    DataClass,
    Effect,
    capability,
    effective,
)
from pulumi_martech.model.values import Frozen

HIGH = 16
"""Points from which a further capability of a role adds to its score."""

MOST_FURTHER = 6
ALWAYS_HIGH = 21
"""Points of a capability that never lets a grant be shown below *high*."""


class Band(StrEnum):
    """How much a grant matters, lowest first."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    SEVERE = "severe"


def band(score: int) -> Band:
    """Return the band of a score: low to 7, moderate to 18, high to 29, severe from 30."""
    if score <= 7:
        return Band.LOW
    if score <= 18:
        return Band.MODERATE
    return Band.HIGH if score <= 29 else Band.SEVERE


def _capabilities(names: Collection[str], data: DataClass) -> list[Capability]:
    return [capability(name).raised(data) for name in effective(names)]


def unmapped_points(data: DataClass = DataClass.NONE) -> int:
    """Return what a native right that nobody has mapped counts as: administering personal data.

    ``data`` is the highest data class the account declares; it raises and never lowers.
    """
    return Effect.ADMINISTER * max(data, DataClass.PERSONAL)


def role_score(names: Collection[str], data: DataClass = DataClass.NONE, unmapped: int = 0) -> int:
    """Return the score of a role that holds ``names``, with what they imply.

    The highest points in the set, and one for each further capability of 16 points or more, at
    most six. ``data`` is the highest data class the account declares; ``unmapped`` is how
    many rights of the platform it has that nobody has mapped.
    """
    points = [held.points for held in _capabilities(names, data)]
    points = sorted(points + [unmapped_points(data)] * unmapped, reverse=True)
    if not points:
        return 0
    further = sum(1 for value in points[1:] if value >= HIGH)
    return points[0] + min(further, MOST_FURTHER)


def role_order(
    names: Collection[str], data: DataClass = DataClass.NONE
) -> tuple[int, tuple[int, ...], tuple[str, ...]]:
    """Return what roles are sorted by: score, all points downwards, names. Total."""
    held = _capabilities(names, data)
    points = tuple(sorted((each.points for each in held), reverse=True))
    return role_score(names, data), points, tuple(sorted(each.name for each in held))


Scope = Literal["named assets", "part", "whole account", "several accounts"]
Holder = Literal[
    "employee", "external", "personal mailbox", "shared login", "service", "service without owner"
]
Known = Literal["yes", "no", "unknown"]

SCOPE: Mapping[Scope, int] = {
    "named assets": 75,
    "part": 90,
    "whole account": 100,
    "several accounts": 125,
}
HOLDER: Mapping[Holder, int] = {
    "employee": 100,
    "external": 125,
    "personal mailbox": 150,
    "shared login": 150,
    "service": 100,
    "service without owner": 150,
}


class Circumstances(Frozen):
    """How a role is held.

    ``critical`` assets (the main site's container) count as the whole account. ``days_left`` is
    the number of days to the end, ``None`` without one. ``mfa`` and ``second_person`` count only
    where proven: *no* and *unknown* give the same score and stay apart as words.
    """

    scope: Scope = "whole account"
    critical: bool = False
    holder: Holder = "employee"
    mfa: Known = "unknown"
    second_person: Known = "unknown"
    days_left: int | None = None


class Score(Frozen):
    """A grant's score, its band, and the factors in words, in the order they were applied."""

    points: int
    band: Band
    factors: tuple[str, ...]


def grant_score(
    names: Collection[str],
    held: Circumstances,
    data: DataClass = DataClass.NONE,
    unmapped: int = 0,
) -> Score:
    """Return the score of a grant: the role's, times scope, holder and proven safeguards.

    Whole per cents, rounded up at the end. A set with a capability of 21 points or more is never
    below *high*.
    """
    base = role_score(names, data, unmapped)
    scope = 100 if held.critical and held.scope == "named assets" else SCOPE[held.scope]
    factors = [("scope: " + held.scope, scope), ("holder: " + held.holder, HOLDER[held.holder])]
    if held.mfa == "yes":
        factors.append(("second factor proven", 80))
    if held.days_left is not None and held.days_left <= 90:
        factors.append(("ends within 90 days", 90))
    if held.second_person == "yes":
        factors.append(("a second person approves", 90))
    value = base * math.prod(percent for _, percent in factors)
    points = -(-value // 100 ** len(factors))
    shown = band(points)
    heaviest = max((each.points for each in _capabilities(names, data)), default=0)
    if unmapped:
        heaviest = max(heaviest, unmapped_points(data))
    if heaviest >= ALWAYS_HIGH and shown in (Band.LOW, Band.MODERATE):
        shown = Band.HIGH
    words = (f"role {base}", *(f"{why} x {percent} %" for why, percent in factors))
    return Score(points=points, band=shown, factors=words)


WORST = frozenset(CAPABILITIES)
"""What unmapped or unproven content counts as: everything, until somebody declares it."""
