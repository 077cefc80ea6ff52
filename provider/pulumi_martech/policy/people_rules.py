"""Policies about who holds access, and how: administrators, externals, mailboxes, reasons, ends."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.identity import domain_of, within
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.people import Principal, gone
from pulumi_martech.model.risk import Band
from pulumi_martech.policy.rule import (
    Finding,
    Nothing,
    Parameters,
    Rule,
    Way,
    one_of_each,
)
from pulumi_martech.policy.view import (
    PERSONAL_DOMAINS,
    Entitlement,
    View,
    administers,
    mfa_of,
)


def _person(key: str, view: View) -> Way:
    return ("people", key) if key in view.access.people else ()


# -- administrators


class AdministratorCount(Parameters):
    """How many administrators an account should have."""

    least: int = Field(default=2, ge=0, description="Fewest administrators of an account.")
    most: int = Field(default=4, ge=1, description="Most administrators of an account.")


def _administrator_count(view: View, parameters: AdministratorCount) -> Iterator[Finding]:
    for account, held in view.by_account.items():
        who = {e.principal.key for e in held if administers(e)}
        if parameters.least <= len(who) <= parameters.most:
            continue
        bound = (
            f"fewer than {parameters.least}"
            if len(who) < parameters.least
            else f"more than {parameters.most}"
        )
        named = f" ({one_of_each(who)})" if who else ""
        yield Finding(
            about=(account,),
            text=f"{account} has {len(who)} administrators{named}, {bound}",
            way=("accounts", account),
        )


def _external_administrators(view: View, _: Nothing) -> Iterator[Finding]:
    for key, held in view.by_principal.items():
        if not held[0].principal.external:
            continue
        found = [e for e in held if administers(e)]
        if found:
            yield Finding(
                about=(key, *sorted({e.account.key for e in found}), *_company(found[0].principal)),
                text=f"{key} is external and administers "
                f"{one_of_each(e.account.key for e in found)}",
                way=found[0].way,
            )


def _company(principal: Principal) -> tuple[str, ...]:
    return tuple(filter(None, (principal.vendor, principal.partner)))


def _administrator_mfa(view: View, _: Nothing) -> Iterator[Finding]:
    for key, held in view.by_principal.items():
        found: dict[str, set[str]] = {}
        ways = []
        for e in held:
            if e.principal.kind != "service" and administers(e):
                known = mfa_of(e.principal, e.account)
                if known != "yes":
                    found.setdefault(known, set()).add(e.account.key)
                    ways.append(e.way)
        words = {"no": "has no second factor in", "unknown": "is not known to have one in"}
        if found:
            said = "; ".join(f"{words[k]} {one_of_each(v)}" for k, v in sorted(found.items()))
            yield Finding(
                about=(key, *sorted(set().union(*found.values()))),
                text=f"administrator {key} {said}",
                way=ways[0],
            )


class Dormancy(Parameters):
    """After how many days without a log-in an administrator is asked about."""

    days: int = Field(default=90, ge=1, description="Days since the last log-in that is known.")


def _dormant_administrators(view: View, parameters: Dormancy) -> Iterator[Finding]:
    for held in view.entitlements:
        last = view.last_use.get((held.account.key, held.principal.key))
        if last is None or held.principal.status == "leave" or not administers(held):
            continue
        days = (view.day - last).days
        if days > parameters.days:
            yield Finding(
                about=(held.principal.key, held.account.key),
                text=f"{held.principal.key} administers {held.account.key} and last logged in on "
                f"{last}, {days} days ago",
                way=held.way,
            )


# -- mailboxes and domains


class SharedNames(Parameters):
    """What a mailbox is called that several people read."""

    names: tuple[str, ...] = Field(
        default=(
            "admin", "contact", "hello", "hi", "info", "mail", "marketing", "newsletter",
            "office", "sales", "social", "support", "team", "webmaster",
        ),
        description="Names before the @ that several people read.",
    )  # fmt: skip


def _shared_mailboxes(view: View, parameters: SharedNames) -> Iterator[Finding]:
    names = set(parameters.names)
    for key, held in view.by_principal.items():
        principal = held[0].principal
        if principal.kind == "service":
            continue
        name = principal.email.partition("@")[0].lower()
        if principal.kind == "shared" or name in names:
            accounts = {e.account.key for e in held}
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} is a log-in that several people use ({principal.email or 'shared'}) "
                f"and has access to {one_of_each(accounts)}",
                way=_person(key, view) or held[0].way,
            )


class MailDomains(Parameters):
    """Mail domains at which anybody can have an address."""

    domains: tuple[str, ...] = Field(
        default=tuple(sorted(PERSONAL_DOMAINS)),
        description="Mail domains at which anybody can have an address.",
    )


def _personal_mail(view: View, parameters: MailDomains) -> Iterator[Finding]:
    domains = {domain.lower() for domain in parameters.domains}
    for key, held in view.by_principal.items():
        domain = domain_of(held[0].principal.email)
        if domain in domains:
            accounts = {e.account.key for e in held}
            yield Finding(
                about=(key, *sorted(accounts)),
                text=f"{key} has access to {one_of_each(accounts)} with a personal mailbox at "
                f"{domain}",
                way=_person(key, view) or held[0].way,
            )


def _new_domains(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    known = set(access.company.domains)
    if not known:
        return
    for vendor in access.vendors.values():
        known.update(vendor.domains)
    for partner in access.partners.values():
        known.update(partner.domains)
    found: dict[str, set[str]] = {}
    for key, held in view.by_principal.items():
        domain = domain_of(held[0].principal.email)
        ours = any(within(domain, other) for other in known)
        if domain and not ours and domain not in PERSONAL_DOMAINS:
            found.setdefault(domain, set()).add(key)
    for domain, people in sorted(found.items()):
        yield Finding(
            about=(*sorted(people), domain),
            text=f"{domain} is the domain of {one_of_each(people)} and of no company that is "
            "declared: it comes in for the first time",
            way=_person(min(people), view),
        )


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
                about=(held.principal.key, held.account.key, *_company(held.principal)),
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
                way=_person(key, view),
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


PEOPLE_RULES: tuple[Rule, ...] = (
    Rule(
        "administrators",
        "An account has enough administrators, and not too many",
        "one who is ill locks everybody out; many make a leak likely",
        "make somebody an administrator, or give a smaller role",
        "advisory",
        _administrator_count,
        AdministratorCount,
        on_resources=True,
    ),
    Rule(
        "external-administrators",
        "Nobody external administers an account",
        "who administers can let anybody in, also after the contract",
        "give a role without users and settings; do those changes yourselves",
        "mandatory",
        _external_administrators,
        on_resources=True,
    ),
    Rule(
        "administrator-mfa",
        "Administrators have a second factor, and that is proven",
        "an administrator's stolen password opens everything; unknown is no proof",
        "enforce it at the identity provider with single sign-on only, and record that under `mfa`",
        "mandatory",
        _administrator_mfa,
    ),
    Rule(
        "dormant-administrators",
        "Administrators use what they have",
        "rights that nobody uses are only a risk",
        "ask, then give a smaller role; leave of absence pauses this",
        "advisory",
        _dormant_administrators,
        Dormancy,
    ),
    Rule(
        "shared-mailboxes",
        "No log-in is a mailbox that several people read",
        "nobody can say who did it, and a reset link reaches all of them",
        "give each person a log-in",
        "mandatory",
        _shared_mailboxes,
        SharedNames,
        on_resources=True,
    ),
    Rule(
        "personal-mail",
        "Nobody logs in with a personal mailbox",
        "it does not end with the job or the contract",
        "use the address at the company",
        "mandatory",
        _personal_mail,
        MailDomains,
        on_resources=True,
    ),
    Rule(
        "new-domains",
        "Every mail domain belongs to a company that is declared",
        "the first address of a domain is how strangers come in",
        "declare whose it is, under company, vendors or partners",
        "advisory",
        _new_domains,
    ),
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
"""Policies about people and their grants."""
