"""Policies about what a grant needs: an end, a reason, another's word, a job that asks for it."""

from collections.abc import Iterator, Sequence

from pydantic import Field

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.risk import Band
from pulumi_martech.policy.holders import company_of, left
from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule, one_of_each
from pulumi_martech.policy.view import Entitlement, View

# -- ends and reasons


class LongestGrants(Parameters):
    """Days that an external grant may last from today, by risk."""

    severe: int = Field(default=90, ge=1, description="Days, for a severe grant.")
    high: int = Field(default=180, ge=1, description="Days, for a high one.")
    moderate: int = Field(default=365, ge=1, description="Days, for a moderate one.")
    low: int = Field(default=365, ge=1, description="Days, for a low one.")

    def days(self, band: Band) -> int:
        """Return the most days for a band."""
        days: int = getattr(self, band)
        return days


def _external_ends(view: View, parameters: LongestGrants) -> Iterator[Finding]:
    for held in view.entitlements:
        if not held.principal.external:
            continue
        about = (held.principal.key, held.account.key, *company_of(held.principal))
        if held.until is None:
            if held.index < 0:  # a document is asked for ends by another policy: s13-external-bound
                text = f"{held.principal.key} has {held.grant.role} in {held.account.key} for ever"
                yield Finding(about=about, text=text)
            continue
        band = view.band(held)
        days = (last_day(held.until) - view.day).days
        if days > parameters.days(band):
            yield Finding(
                about=about,
                text=f"{held.principal.key} has {held.grant.role} in {held.account.key} for "
                f"{days} more days, until {last_day(held.until)}; {band} access of externals ends "
                f"after {parameters.days(band)}",
                way=held.way,
            )


class Reasons(Parameters):
    """What a risky grant must say."""

    from_band: Band = Field(default=Band.HIGH, description="Band from which it is asked for.")
    ticket: bool = Field(default=True, description="Whether a ticket is asked for too.")


def _reasons(view: View, parameters: Reasons) -> Iterator[Finding]:
    bands = list(Band)
    asked = set(bands[bands.index(parameters.from_band) :])
    told: dict[tuple[int, str], tuple[Entitlement, set[str]]] = {}
    for held in view.entitlements:
        if _lacking(held, view, parameters) and view.band(held) in asked:
            key = (held.index, held.principal.vendor)
            told.setdefault(key, (held, set()))[1].add(held.principal.key)
    for held, people in told.values():
        yield Finding(
            about=(*sorted(people), held.account.key),
            text=f"{held.grant.role} in {held.account.key} for {one_of_each(people)} is "
            f"{view.band(held)} and lacks {' and '.join(_lacking(held, view, parameters))}",
            way=held.way,
        )


def _lacking(held: Entitlement, view: View, parameters: Reasons) -> list[str]:
    """Return what a grant does not say; what a vendor's contract says is said of its people."""
    vendor = view.access.vendors.get(held.principal.vendor)
    lacking = []
    if not (held.grant.why.strip() or (vendor and vendor.why.strip())):
        lacking.append("a reason (`why`)")
    if parameters.ticket and not (
        held.grant.ticket.strip() or (vendor and vendor.contract.strip())
    ):
        lacking.append("a ticket")
    return lacking


def _self_grant(view: View, _: Nothing) -> Iterator[Finding]:
    for held in view.entitlements:
        grant, who = held.grant, held.principal
        by = grant.approved_by
        if not by:
            continue
        what = f"{grant.role} in {held.account.key} for {who.key}"
        approver = view.access.principals.get(by)
        if by == who.key:
            text = f"{by} approved {what}"
        elif by == grant.asked_by:
            text = f"{by} asked for {grant.key} and approved it"
        elif by == who.owner and who.kind in ("service", "shared"):
            text = f"{by} approved {what}, which is {by}'s own"
        elif approver is not None and approver.kind in ("service", "shared"):
            text = f"{by} approved {what}, and nobody can say who that is"
        elif approver is not None and approver.external:
            text = f"{by} approved {what} and is external"
        else:
            continue
        yield Finding(about=(who.key, held.account.key), text=text, way=held.way)


# -- what a job needs


_Expected = dict[tuple[str, str], tuple[str, tuple[str, ...]]]
"""(account, role) that members should have: which team says so, and of which assets."""


def _expected(view: View, team: str) -> _Expected | None:
    """Return what members of a team should have, ``None`` where nothing is said."""
    found: _Expected = {}
    said = False
    for each in view.access.above(team):
        should = view.access.teams[each].should_have
        if should is not None:
            said = True
            for wanted in should:
                _, known = found.get((wanted.account, wanted.role), ("", wanted.assets))
                # What one team gives of some assets and another of the whole account is the whole.
                both = {*known, *wanted.assets} if known and wanted.assets else ()
                found[wanted.account, wanted.role] = (each, tuple(sorted(both)))
    return found if said else None


def _team_expectations(view: View, _: Nothing) -> Iterator[Finding]:
    teams = {team: _expected(view, team) for team in view.access.teams}
    for key, principal in view.access.principals.items():
        should = teams.get(principal.team)
        begun = principal.starts is None or principal.starts <= view.day
        if should is None or left(view.access, principal, view.day) or not begun:
            continue
        held: dict[tuple[str, str], list[Entitlement]] = {}
        for e in view.by_principal.get(key, ()):
            held.setdefault((e.account.key, e.grant.role), []).append(e)
        for (account, role), (team, assets) in sorted(should.items()):
            has = held.get((account, role), [])
            lack = _not_reached(assets, [e.grant.assets for e in has])
            if lack and principal.status != "leave":
                yield Finding(
                    about=(key, account),
                    text=f"{key} lacks {role} in {account}{_of(lack, has)}, which team {team} says "
                    "its members have",
                    way=view.way_to(key),
                )
        for (account, role), has in sorted(held.items()):
            allowed = [should[account, role][1]] if (account, role) in should else []
            for e in has:
                more = _not_reached(e.grant.assets, allowed)
                if more:
                    yield Finding(
                        about=(key, account),
                        text=f"{key} has {role} in {account}{_of(more, allowed)}, which team "
                        f"{principal.team} does not say its members have",
                        way=e.way,
                    )


_WHOLE = ("the whole account",)


def _not_reached(wanted: Sequence[str], given: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return assets that are wanted and not given; no assets are the whole account."""
    if any(not assets for assets in given):
        return ()
    if not wanted:
        return _WHOLE
    return sorted(set(wanted).difference(*given))


def _of(assets: Sequence[str], otherwise: Sequence[object] | None) -> str:
    """Name assets, where something of the role is there without them."""
    return f" for {one_of_each(assets)}" if otherwise or assets is not _WHOLE else ""


def _least_privilege(view: View, _: Nothing) -> Iterator[Finding]:
    told: dict[tuple[int, int], tuple[Entitlement, Entitlement, set[str]]] = {}
    for key, everything in view.by_principal.items():
        if len(everything) < 2:
            continue
        by_account: dict[str, list[Entitlement]] = {}
        for held in everything:
            by_account.setdefault(held.account.key, []).append(held)
        for listed in by_account.values():
            for one in listed if len(listed) > 1 else ():
                other = next((other for other in listed if _covered(one, other)), None)
                if other is not None:
                    pair = (one.index, other.index)
                    told.setdefault(pair, (one, other, set()))[2].add(key)
    for one, other, people in told.values():
        yield Finding(
            about=(*sorted(people), one.account.key),
            text=f"{one_of_each(people)} {'has' if len(people) == 1 else 'have'} {one.grant.role} "
            f"in {one.account.key}, which adds nothing to {other.grant.role} there",
            way=one.way,
        )


def _covered(one: Entitlement, other: Entitlement) -> bool:
    """Tell whether another grant gives all that one does, of the same assets, for as long."""
    if one is other or not one.can or one.role.open:
        return False
    if other.grant.assets and not (
        one.grant.assets and set(one.grant.assets) <= set(other.grant.assets)
    ):
        return False
    if other.until is not None and (
        one.until is None or last_day(one.until) > last_day(other.until)
    ):
        return False
    if one.can < other.can:
        return True
    # Of two that give the same, the one that is less, or else stands later, is one too many.
    same = one.can == other.can
    return same and (not _covers_back(one, other) or one.index > other.index)


def _covers_back(one: Entitlement, other: Entitlement) -> bool:
    shorter = one.until is not None and (
        other.until is None or last_day(one.until) < last_day(other.until)
    )
    return set(one.grant.assets) == set(other.grant.assets) and not shorter


class PersonalData(Parameters):
    """Who may reach personal data."""

    teams: tuple[str, ...] | None = Field(
        default=None,
        description="Teams, with those below them, that may; not said: nothing is asked.",
        json_schema_extra={"keys_of": "teams"},
    )


_PERSONAL = frozenset(name for name, each in CAPABILITIES.items() if each.personal)


def _personal_data(view: View, parameters: PersonalData) -> Iterator[Finding]:
    if parameters.teams is None:
        return
    named = set(parameters.teams)
    allowed = {team for team in view.access.teams if named.intersection(view.access.above(team))}
    for key, everything in view.by_principal.items():
        if everything[0].principal.team in allowed:
            continue
        held = [e for e in everything if e.role.may(_PERSONAL)]
        if held:
            accounts = {e.account.key for e in held}
            names = one_of_each(name for e in held for name in _PERSONAL & e.can)
            team = everything[0].principal.team or "no team"
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} ({team}) reaches personal data in {one_of_each(accounts)}: "
                f"{names or 'the content of the role is not proven'}",
                way=held[0].way,
            )


GRANT_RULES: tuple[Rule, ...] = (
    Rule(
        "external-ends",
        "Access of externals ends within the time for its risk",
        "what has a near end is looked at again",
        "choose an earlier end, or a smaller role",
        "mandatory",
        _external_ends,
        LongestGrants,
        on_resources=True,
    ),
    Rule(
        "reasons",
        "Risky grants say why, and where that was decided",
        "a reviewer can only judge what is said",
        "write `why` and `ticket` on the grant",
        "mandatory",
        _reasons,
        Reasons,
    ),
    Rule(
        "self-grant",
        "Nobody approves what is for oneself or what one asked for",
        "two people see what one overlooks or wants",
        "let somebody else approve it",
        "mandatory",
        _self_grant,
    ),
    Rule(
        "team-expectations",
        "Members of a team have what their team says, no less and no more",
        "lack stops work and gets worked around; excess stays unseen",
        "grant it, end it, or change `should_have` of the team",
        "advisory",
        _team_expectations,
    ),
    Rule(
        "least-privilege",
        "No grant is contained in another",
        "what adds nothing is forgotten when the other one ends",
        "end the smaller grant",
        "advisory",
        _least_privilege,
    ),
    Rule(
        "personal-data",
        "Personal data is reached by the teams that may",
        "whoever reaches it must be known, and few",
        "choose a role without it: `martech role suggest --without personal --on PLATFORM`",
        "mandatory",
        _personal_data,
        PersonalData,
    ),
)
"""Policies about what a grant needs."""
