"""What a native role allows, how that is known, and what somebody who holds it can do.

Cells are evidence: what a screen or an API says about one capability or one right of the platform.
Nothing is ever inferred into a cell. What follows from them, with what they imply, is *effective*.
Content that is not proven counts as the worst it can be until somebody declares it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, field_validator

from pulumi_martech.model.capability import CAPABILITIES, DataClass, Origin
from pulumi_martech.model.moment import Day
from pulumi_martech.model.risk import WORST, Band, band, role_score, unmapped_points
from pulumi_martech.model.values import Frozen

Known = Literal["fixed", "read", "declared", "unknown"]
"""How a role's content is known: the same in every account by the vendor's definition, read from
this account, said by a named person on a day, or not at all."""

REVIEW_DAYS, REVIEW_DAYS_PERSONAL = 180, 90
"""After how many days a declaration counts as unknown; fewer where personal data is touched."""


class Cell(StrEnum):
    """What a platform's own screen or API says about a role: as it stands, nothing inferred.

    ``UNLISTED``: the vendor is silent. ``ON``, ``OFF`` and ``NO_SWITCH`` are of roles with
    switches, ``NO_SWITCH`` where there is none for this.
    """

    GRANTED = "granted"
    DENIED = "denied"
    UNLISTED = "unlisted"
    ON = "on"
    OFF = "off"
    NO_SWITCH = "no switch"

    @property
    def allows(self) -> bool:
        """Whether the cell itself lets a holder do it."""
        return self in (Cell.GRANTED, Cell.ON)


class Declared(Frozen):
    """What a person saw that a native role allows: by whom and on which day.

    ``content`` has a cell for a capability (``contacts:export``) or for a right in the platform's
    own words; a plain list of names stands for *granted* cells. ``native_id`` is the role's id on
    the platform when it was looked at, where it has one: with another id it is another role.
    """

    content: Mapping[str, Cell]
    by: str = Field(min_length=1)
    """Who saw it, by key."""
    on: Day
    """The day on which it was seen."""
    native_id: str = ""
    """The role's id on the platform then."""

    @field_validator("content", mode="before")
    @classmethod
    def _names_are_granted(cls, given: Any) -> Any:
        if isinstance(given, str):
            raise ValueError(f"is no list of names; write [{given!r}]")
        if not isinstance(given, Collection) or isinstance(given, bytes):
            raise ValueError("is no list of names; write ['...']")
        if not all(isinstance(name, str) for name in given):
            raise ValueError("is no list of names: one of them is no text")
        if isinstance(given, Mapping):
            return dict(given)
        return dict.fromkeys(given, Cell.GRANTED)

    def allowed(self) -> frozenset[str]:
        """Return the capabilities and native rights that the cells grant."""
        return frozenset(name for name, cell in self.content.items() if cell.allows)


class RoleContent(Frozen):
    """What one native role of one account allows, and how that is known.

    ``allows`` are the effective capabilities with their origin; where ``known`` is *unknown* they
    are what is assumed, perhaps nothing, and ``why`` says what is lacking. ``unmapped`` are rights
    of the platform that no role map translates. ``review_by`` is the last day on which the
    declaration counts.
    """

    role: str
    known: Known
    why: str = ""
    by: str = ""
    on: date | None = None
    review_by: date | None = None
    cells: Mapping[str, Cell] = Field(default_factory=dict)
    allows: Mapping[str, Origin] = Field(default_factory=dict)
    unmapped: frozenset[str] = frozenset()

    @property
    def proven(self) -> bool:
        """Whether the content is known well enough to count as what it says."""
        return self.known != "unknown"

    @property
    def mark(self) -> str:
        """How the content is known, in words: ``declared by ana on 2026-10-01``."""
        if self.known == "declared":
            return f"declared by {self.by} on {self.on}, counts until {self.review_by}"
        return f"unknown: {self.why}" if self.known == "unknown" else self.known


def review_by(allowed: Iterable[str], unmapped: Iterable[str], on: date) -> date:
    """Return the last day on which a declaration of this content counts.

    90 days where it touches personal data (what is not mapped does, at worst), else 180.
    """
    personal = any(CAPABILITIES[name].personal for name in allowed) or any(True for _ in unmapped)
    return on + timedelta(days=REVIEW_DAYS_PERSONAL if personal else REVIEW_DAYS)


class EffectiveAccess(Frozen):
    """What somebody can do in one account by all the native roles held there.

    ``capabilities`` come from roles whose content is proven; ``unproven`` names the other roles,
    which count as everything; ``unmapped`` the rights that count as administering.
    """

    capabilities: Mapping[str, Origin] = Field(default_factory=dict)
    unmapped: frozenset[str] = frozenset()
    unproven: frozenset[str] = frozenset()

    @classmethod
    def of(cls, held: Iterable[RoleContent]) -> "EffectiveAccess":
        """Return what roles together allow; a capability keeps its strongest origin."""
        capabilities: dict[str, Origin] = {}
        unmapped: set[str] = set()
        unproven: set[str] = set()
        for content in held:
            if not content.proven:
                unproven.add(content.role)
                continue
            unmapped |= content.unmapped
            for name, origin in content.allows.items():
                if capabilities.get(name) is not Origin.CELL:
                    capabilities[name] = origin
        return cls(
            capabilities=dict(sorted(capabilities.items())),
            unmapped=frozenset(unmapped),
            unproven=frozenset(unproven),
        )

    def counted(self) -> frozenset[str]:
        """Return the capabilities that risk is judged by: everything, as long as a role is open."""
        return WORST if self.unproven else frozenset(self.capabilities)

    def proven(self) -> "EffectiveAccess":
        """Return the part that does not come from roles whose content is open."""
        return self.model_copy(update={"unproven": frozenset()})

    def score(self, data: DataClass = DataClass.NONE) -> int:
        """Return the role score, at its worst where something is not proven."""
        return role_score(self.counted(), data, len(self.unmapped))

    def band(self, data: DataClass = DataClass.NONE) -> Band:
        """Return the band of the role score."""
        return band(self.score(data))

    def gains(self, before: "EffectiveAccess") -> "EffectiveAccess":
        """Return what is here and was not there.

        Of roles that were not proven nothing is taken for granted: they gave perhaps less than
        what is held now.
        """
        return EffectiveAccess(
            capabilities={
                name: origin
                for name, origin in self.capabilities.items()
                if name not in before.capabilities
            },
            unmapped=self.unmapped - before.unmapped,
            unproven=self.unproven - before.unproven,
        )

    def __bool__(self) -> bool:
        return bool(self.capabilities or self.unmapped or self.unproven)


def heaviest(gained: EffectiveAccess, data: DataClass = DataClass.NONE) -> int:
    """Return the most points of a single thing gained: a capability, a right, an open role."""
    points = [CAPABILITIES[name].raised(data).points for name in gained.capabilities]
    if gained.unmapped or gained.unproven:
        points.append(unmapped_points(data))
    return max(points, default=0)
