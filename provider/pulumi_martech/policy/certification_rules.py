"""The policy about reviews of access: who is to be certified again, and how often by risk."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from pydantic import Field

from pulumi_martech.model.certification import Certification
from pulumi_martech.model.moment import Day
from pulumi_martech.model.risk import Band
from pulumi_martech.policy.duties import OUTLIVES
from pulumi_martech.policy.rule import Finding, Parameters, Rule, one_of_each
from pulumi_martech.policy.view import Entitlement, View


class Cadence(Parameters):
    """After how many days access is certified again, by risk."""

    severe: int = Field(default=90, ge=1, description="Days, for severe access.")
    high: int = Field(default=90, ge=1, description="Days, for high access.")
    moderate: int = Field(default=180, ge=1, description="Days, for moderate access.")
    low: int = Field(default=365, ge=1, description="Days, for low access.")
    first: int = Field(
        default=30, ge=1, description="Days after the begin of severe access, the first time."
    )
    service: int = Field(default=180, ge=1, description="Days, for keys and services.")
    service_heavy: int = Field(
        default=90, ge=1, description="Days, for those that administer or export."
    )
    begin: Day | None = Field(
        default=None,
        description="The day from which it is asked; not said: that of the first certification.",
    )

    def days(self, held: Sequence[Entitlement], band: Band) -> int:
        """Return the most days between two certifications."""
        if held[0].principal.kind == "service":
            heavy = any(e.role.may(OUTLIVES) for e in held)
            return self.service_heavy if heavy else self.service
        days: int = getattr(self, band)
        return days


def _certified(view: View, cadence: Cadence) -> Iterator[Finding]:
    begin = cadence.begin or min((one.on for one in view.certified.values()), default=None)
    if begin is None or begin > view.day:
        return
    bands = list(Band)
    for account, everything in view.by_account.items():
        by_person: dict[str, list[Entitlement]] = {}
        for held in everything:
            by_person.setdefault(held.principal.key, []).append(held)
        for person, listed in by_person.items():
            band = max((view.band(held) for held in listed), key=bands.index)
            days = cadence.days(listed, band)
            last = view.certified.get((account, person))
            said = _said(view.day, listed, last, days, begin, cadence.first, band)
            if said:
                what = f"{band} access of {person} in {account}"
                yield Finding((person, account), f"{what} {said}", listed[0].way)


def _said(
    day: date,
    held: Sequence[Entitlement],
    last: Certification | None,
    days: int,
    begin: date,
    first: int,
    band: Band,
) -> str:
    """Return what is overdue about one person in one account, in words; nothing if all is well."""
    if last is None:
        starts = [each.grant.starts or begin for each in held]
        due = max(begin, *starts) + timedelta(days=first if band is Band.SEVERE else days)
        return "" if day <= due else f"was never certified and was to be by {due}"
    due = last.on + timedelta(days=days)
    if day > due:
        return f"was certified last on {last.on}, by {last.by}, and was to be again by {due}"
    more = frozenset().union(*(each.can for each in held)) - last.can(held[0].principal.key)
    if more:
        return f"has grown since {last.by} certified it on {last.on}: {one_of_each(more)}"
    return ""


CERTIFICATION_RULES: tuple[Rule, ...] = (
    Rule(
        "certified",
        "Access is looked at again as often as its risk asks",
        "what was right once is kept out of habit",
        "look at it and say so: `martech certify ACCOUNT --by PERSON`; or end it",
        "advisory",
        _certified,
        Cadence,
    ),
)
"""The policy about reviews of access."""
