"""Ends of access: what ends soon, and what ended on paper and is still there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pulumi_martech.model.access import Access, EndedBy, Grant, Held
from pulumi_martech.model.moment import last_day
from pulumi_martech.policy.guards import Holding

WARNINGS = (30, 14, 7, 1)
"""Days before an end on which it is told."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A grant that ends, or has ended, for one or more of its holders on one day.

    ``left`` is the number of days from the day asked about to the last day of access: 0 on that
    day, less afterwards. ``ended_by`` says whose end it is.
    """

    grant: Grant
    index: int
    who: tuple[str, ...]
    last_day: date
    ended_by: EndedBy
    left: int

    @property
    def told(self) -> bool:
        """Whether it is one of the days to tell somebody."""
        return self.left in WARNINGS


def ending(access: Access, day: date, within: int = WARNINGS[0]) -> list[Ending]:
    """Return what is in force on a day and ends within so many days, the soonest first."""
    bound = (
        held
        for held in access.held(day)
        if held.until is not None and (last_day(held.until) - day).days <= within
    )
    return _grouped(bound, day)


@dataclass(frozen=True, slots=True)
class StillLive:
    """Access that ended on paper and is still in an account, as far as that was read last.

    ``roles`` are the native roles that nothing in force gives; with none of them it is the login
    itself. ``since`` is the first day on which it should not have been there, ``None`` for a
    leaver without a last day.
    """

    account: str
    person: str
    login: str
    roles: tuple[str, ...]
    since: date | None
    ended_by: EndedBy


@dataclass(frozen=True, slots=True)
class Entitled:
    """What somebody was granted in an account, in the account's own words."""

    held: Held
    login: str
    roles: frozenset[str]


def still_live(
    ended: Iterable[Entitled],
    in_force: Iterable[Entitled],
    live: Mapping[str, Mapping[str, Holding]],
) -> list[StillLive]:
    """Return what of ended access is still there, and nothing in force explains.

    Args:
        ended: what is over.
        in_force: what is not.
        live: account to login to what it holds, as read last.
    """
    given: dict[tuple[str, str], set[str]] = {}
    for entitled in in_force:
        given.setdefault((entitled.held.grant.account, entitled.login), set()).update(
            entitled.roles
        )
    found = {}
    for entitled in ended:
        account, login = entitled.held.grant.account, entitled.login
        holding = live.get(account, {}).get(login)
        if holding is None:
            continue
        stays = given.get((account, login))
        roles = (entitled.roles & holding.roles) - (stays or set())
        if stays is not None and not roles:
            continue
        until = entitled.held.until
        since = date.fromordinal(last_day(until).toordinal() + 1) if until else None
        ended_by = entitled.held.ended_by
        if ended_by is not None:
            found[account, login, tuple(sorted(roles))] = StillLive(
                account, entitled.held.principal.key, login, tuple(sorted(roles)), since, ended_by
            )
    return [found[key] for key in sorted(found)]


def _grouped(bound: Iterable[Held], day: date) -> list[Ending]:
    groups: dict[tuple[int, date, EndedBy], list[Held]] = {}
    for held in bound:
        if held.until is not None and held.ended_by is not None:
            key = (held.index, last_day(held.until), held.ended_by)
            groups.setdefault(key, []).append(held)
    return sorted(
        (
            Ending(
                members[0].grant,
                index,
                tuple(held.principal.key for held in members),
                end,
                ended_by,
                (end - day).days,
            )
            for (index, end, ended_by), members in groups.items()
        ),
        key=lambda ending: (ending.last_day, ending.index, ending.who),
    )
