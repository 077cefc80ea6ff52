"""What each access change of a plan comes to: capabilities gained and lost, and risk."""

from collections.abc import Iterable
from datetime import date

from pulumi_martech.model.capability import CAPABILITIES, DataClass
from pulumi_martech.model.content import EffectiveAccess
from pulumi_martech.model.effect import AccessEffect, Risk
from pulumi_martech.model.plan import Plan
from pulumi_martech.model.risk import band
from pulumi_martech.policy.guards import (
    AccountHoldings,
    Holding,
    predecessor,
    readings,
    renamed_accounts,
)
from pulumi_martech.policy.plans import Recorded, estates


def effects(plan: Plan, state: Iterable[Recorded], day: date) -> list[AccessEffect]:
    """Return the effects of a plan on every login whose roles change, by account and login.

    Args:
        plan: what is to be done.
        state: everything recorded.
        day: the day of the run, by which declarations are judged.
    """
    olds, news = estates(plan, state)
    found = []
    renamed = renamed_accounts(olds, news) - news.keys()
    for name in sorted((olds.keys() | news.keys()) - renamed):
        gone = olds.get(name, AccountHoldings()).model_copy(update={"logins": {}})
        new = news.get(name, gone)
        old = predecessor(name, new, olds)
        can, data = readings(old, new, day), max(old.data, new.data)
        for login in sorted(old.logins.keys() | new.logins.keys()):
            before = old.logins.get(login, Holding()).roles
            after = new.logins.get(login, Holding()).roles
            if before == after:
                continue
            was, now = can(before), can(after)
            gained, lost = now.gains(was), was.gains(now)
            found.append(
                AccessEffect(
                    account=name,
                    login=login,
                    gains=by_weight(gained),
                    loses=by_weight(lost),
                    gains_unproven=tuple(sorted(gained.unproven)),
                    loses_unproven=tuple(sorted(lost.unproven)),
                    gains_unmapped=tuple(sorted(gained.unmapped)),
                    before=_risk(was, data) if before else None,
                    after=_risk(now, data) if after else None,
                )
            )
    return found


def _risk(access: EffectiveAccess, data: DataClass) -> Risk:
    score = access.score(data)
    return Risk(score=score, band=band(score), proven=not access.unproven)


def by_weight(access: EffectiveAccess) -> tuple[str, ...]:
    """Return capabilities, those of the most points first."""
    return tuple(sorted(access.capabilities, key=lambda n: (-CAPABILITIES[n].points, n)))
