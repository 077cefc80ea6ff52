"""Ends of access: what ends soon, and what ended on paper and is still there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pulumi_martech.model.access import Access, EndedBy, Grant, Held
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.rules import Waiver
from pulumi_martech.policy.guards import Holding, named

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
class EndingWaiver:
    """A waiver that ends: afterwards what it is for is a finding again. ``left`` as of `Ending`."""

    waiver: Waiver
    last_day: date
    left: int

    @property
    def told(self) -> bool:
        """Whether it is one of the days to tell somebody."""
        return self.left in WARNINGS


def ending_waivers(access: Access, day: date, within: int = WARNINGS[0]) -> list[EndingWaiver]:
    """Return the waivers that end within so many days of a day, the soonest first."""
    found = [
        EndingWaiver(waiver, last_day(waiver.until), (last_day(waiver.until) - day).days)
        for waiver in access.waivers.values()
    ]
    near = (one for one in found if 0 <= one.left <= within)
    return sorted(near, key=lambda one: (one.last_day, one.waiver.key))


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
    """What somebody was granted in an account, in the account's own words.

    ``others`` are further logins that the account could know the same somebody by.
    """

    held: Held
    login: str
    roles: frozenset[str]
    others: frozenset[str] = frozenset()


def still_live(
    ended: Iterable[Entitled],
    in_force: Iterable[Entitled],
    live: Mapping[str, Mapping[str, Holding]],
) -> list[StillLive]:
    """Return what of ended access is still there, and nothing in force explains.

    What ended more than once is live since the last of its ends. Of somebody with nothing in force
    other logins count as a whole.

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
    ends: dict[tuple[str, str], dict[str, Held]] = {}
    for entitled in ended:
        account = entitled.held.grant.account
        stays = given.get((account, entitled.login))
        logins = {entitled.login} if stays is not None else {entitled.login, *entitled.others}
        for login in logins & live.get(account, {}).keys():
            there = live[account][login].roles
            over = entitled.roles & there if login == entitled.login else there
            known = ends.setdefault((account, login), {})
            for role in over - (stays or set()) | (set() if stays is not None else {_LOGIN}):
                if role not in known or _last(known[role]) < _last(entitled.held):
                    known[role] = entitled.held
    return _told(ends)


_LOGIN = ""
"""What stands for the login itself among its roles."""


def _last(held: Held) -> date:
    return last_day(held.until) if held.until else date.min


def _told(ends: Mapping[tuple[str, str], Mapping[str, Held]]) -> list[StillLive]:
    found = []
    for (account, login), by_role in sorted(ends.items()):
        groups: dict[tuple[date | None, EndedBy, str], list[str]] = {}
        for role, held in sorted(by_role.items()):
            if held.ended_by is not None and (role != _LOGIN or len(by_role) == 1):
                since = _last(held) + timedelta(days=1) if held.until else None
                groups.setdefault((since, held.ended_by, held.principal.key), []).append(role)
        for (since, ended_by, person), roles in groups.items():
            listed = tuple(role for role in roles if role != _LOGIN)
            found.append(StillLive(account, person, login, listed, since, ended_by))
    return found


def left_out(day: str, late: Sequence[str]) -> str:
    """Say that a run of a day before today would leave ends of access out; nothing if it does not.

    ``late`` is whose, by name.
    """
    if not late:
        return ""
    some = "one end" if len(late) == 1 else f"{len(late)} ends"
    return (
        f"as of {day}, {some} of access since then would be left out: {named(sorted(late))}; "
        f"{_OF_TODAY}"
    )


def too_early(day: str, ends: Sequence[str], begins: Sequence[str]) -> str:
    """Say that a run of a day that has not come would end or begin access before its time."""
    said = [f"access of {named(sorted(ends))} would end"] if ends else []
    said += [f"access of {named(sorted(begins))} would begin"] if begins else []
    if not said:
        return ""
    return (
        f"as of {day}, which has not come, {' and '.join(said)} before its time; {_OF_TODAY}; "
        'if it is meant, run again with `--override "REASON"`'
    )


_OF_TODAY = (
    "nothing was written to any platform; leave MARTECH_AS_OF and --as-of away, or make a new plan"
)


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
