"""Policies about what a grant needs: an end, a reason, another's word, a job that asks for it."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.people import gone
from pulumi_martech.model.risk import Band
from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule, one_of_each
from pulumi_martech.policy.view import Entitlement, View, company_of

# -- ends and reasons


class LongestGrants(Parameters):
    """Days that an external grant may last from today, by risk."""

    severe: int = Field(default=90, ge=1, description="Days, for a severe grant.")
    high: int = Field(default=180, ge=1, description="Days, for a high one.")
    moderate: int = Field(default=365, ge=1, description="Days, for a moderate one.")
    low: int = Field(default=365, ge=1, description="Days, for a low one.")

    def days(self, band: Band) -> int:
        """Return the most days for a band."""
        return {
            Band.SEVERE: self.severe,
            Band.HIGH: self.high,
            Band.MODERATE: self.moderate,
            Band.LOW: self.low,
        }[band]


def _external_ends(view: View, parameters: LongestGrants) -> Iterator[Finding]:
    for held in view.entitlements:
        if not held.principal.external or held.until is None:
            continue
        band = view.band(held)
        days = (last_day(held.until) - view.day).days
        if days > parameters.days(band):
            yield Finding(
                about=(held.principal.key, held.account.key, *company_of(held.principal)),
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
    told: dict[int, tuple[Entitlement, set[str]]] = {}
    for held in view.entitlements:
        vendor = view.access.vendors.get(held.principal.vendor)
        why = held.grant.why or (vendor.why if vendor else "")
        ticket = held.grant.ticket or (vendor.contract if vendor else "")
        if (why and (ticket or not parameters.ticket)) or view.band(held) not in asked:
            continue
        told.setdefault(held.index, (held, set()))[1].add(held.principal.key)
    for held, people in told.values():
        vendor = view.access.vendors.get(held.principal.vendor)
        lacking = [] if held.grant.why or (vendor and vendor.why) else ["a reason (`why`)"]
        if parameters.ticket and not (held.grant.ticket or (vendor and vendor.contract)):
            lacking.append("a ticket")
        yield Finding(
            about=(*sorted(people), held.account.key),
            text=f"{held.grant.role} in {held.account.key} for {one_of_each(people)} is "
            f"{view.band(held)} and lacks {' and '.join(lacking)}",
            way=held.way,
        )


def _self_grant(view: View, _: Nothing) -> Iterator[Finding]:
    for held in view.entitlements:
        grant, who = held.grant, held.principal.key
        if not grant.approved_by:
            continue
        if grant.approved_by == who:
            text = f"{who} approved {grant.role} in {held.account.key} for {who}"
        elif grant.approved_by == grant.asked_by:
            text = f"{grant.asked_by} asked for {grant.key} and approved it"
        else:
            continue
        yield Finding(about=(who, held.account.key), text=text, way=held.way)


# -- what a job needs


def _expected(view: View, team: str) -> dict[tuple[str, str], str] | None:
    """Return (account, role) that members should have, and which team says so; ``None``: unsaid."""
    found: dict[tuple[str, str], str] = {}
    said = False
    for each in view.access.above(team):
        should = view.access.teams[each].should_have
        if should is not None:
            said = True
            found.update({(wanted.account, wanted.role): each for wanted in should})
    return found if said else None


def _team_expectations(view: View, _: Nothing) -> Iterator[Finding]:
    teams = {team: _expected(view, team) for team in view.access.teams}
    for key, principal in view.access.principals.items():
        should = teams.get(principal.team)
        begun = principal.starts is None or principal.starts <= view.day
        if should is None or gone(principal, view.day) or not begun or principal.status == "leave":
            continue
        held: Mapping[tuple[str, str], Entitlement] = {
            (e.account.key, e.grant.role): e for e in view.by_principal.get(key, ())
        }
        for account, role in sorted(should.keys() - held.keys()):
            yield Finding(
                about=(key, account),
                text=f"{key} lacks {role} in {account}, which team {should[account, role]} says "
                "its members have",
                way=view.way_to(key),
            )
        for account, role in sorted(held.keys() - should.keys()):
            yield Finding(
                about=(key, account),
                text=f"{key} has {role} in {account}, which team {principal.team} does not say "
                "its members have",
                way=held[account, role].way,
            )


def _least_privilege(view: View, _: Nothing) -> Iterator[Finding]:
    for key, held in view.by_principal.items():
        if len(held) < 2:
            continue
        for one in held:
            for other in held:
                same = one.account.key == other.account.key and not other.grant.assets
                if one is other or not same or not one.can or one.role.unproven:
                    continue
                if one.can < other.can:
                    yield Finding(
                        about=(key, one.account.key),
                        text=f"{key} has {one.grant.role} in {one.account.key}, which adds nothing "
                        f"to {other.grant.role} there",
                        way=one.way,
                    )


class PersonalData(Parameters):
    """Who may reach personal data."""

    teams: tuple[str, ...] | None = Field(
        default=None,
        description="Teams, with those below them, that may; not said: nothing is asked.",
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
        held = [e for e in everything if _PERSONAL & e.can or e.role.unproven]
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
