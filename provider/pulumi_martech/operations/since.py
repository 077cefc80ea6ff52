"""What the calendar alone ended in a document since it was committed: told, and counted nowhere.

A check judges a commit by the day it was made on, so that it ends the same whenever it is run.
"""

from dataclasses import dataclass
from datetime import date

from pulumi_martech.model.access import Access
from pulumi_martech.model.moment import last_day
from pulumi_martech.policy.guards import named


@dataclass(frozen=True)
class Since:
    """What ended until a later day: grants and waivers that were in force then."""

    day: date
    grants: tuple[str, ...]
    waivers: tuple[str, ...]

    def notes(self) -> list[str]:
        """Return it in sentences without their end."""
        said = []
        if self.grants:
            some = "one grant has" if len(self.grants) == 1 else f"{len(self.grants)} grants have"
            shown = named(set(self.grants))
            said.append(f"{some} ended since ({shown}): `martech ends` tells what is still live")
        if self.waivers:
            some = "waiver" if len(self.waivers) == 1 else "waivers"
            said.append(
                f"{some} {named(set(self.waivers))} ended since: what they were for is a finding "
                "of `martech check --as-of today`"
            )
        return said


def since(access: Access, then: date, day: date) -> Since:
    """Return what ended in a document from a day, the first one, to a later one."""
    grants = {
        f"{held.principal.key}/{held.grant.account}/{held.grant.role} on {last_day(held.until)}"
        for held in access.ended(day)
        if held.until is not None and held.ended_by != "leaver" and last_day(held.until) >= then
    }
    waivers = {
        f"{key} on {last_day(waiver.until)}"
        for key, waiver in access.waivers.items()
        if then <= last_day(waiver.until) < day
    }
    return Since(day, tuple(sorted(grants)), tuple(sorted(waivers)))
