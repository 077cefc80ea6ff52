"""Who may do what, by whose word, until when: the access document as values.

What `Access` says is what the document says, nothing worked out. `Access.held` is the one place
that turns grants into who holds what on a day: teams become their members, leavers hold nothing,
and whatever has ended, by the grant, the person, the vendor's contract or the partner's agreement,
is left out.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from pulumi_martech.model.inventory import Account, Asset
from pulumi_martech.model.limits import Limits
from pulumi_martech.model.moment import Day, Moment, last_day, over
from pulumi_martech.model.parties import Client, PartnerOrganisation, Vendor
from pulumi_martech.model.people import Principal, Team
from pulumi_martech.model.rules import AssetRule, PolicySetting, Waiver
from pulumi_martech.model.values import Frozen


class CustomRole(Frozen):
    """A role of our own: what others have, and capabilities more or fewer."""

    key: str = Field(default="", exclude=True)
    title: str = ""
    """What people call it."""
    inherits: tuple[str, ...] = ()
    """Roles whose capabilities it has."""
    add: tuple[str, ...] = ()
    """Capabilities more."""
    remove: tuple[str, ...] = ()
    """Capabilities fewer, of those inherited."""
    partner: bool = False
    """Whether it is for people of partner organisations."""


class Grant(Frozen):
    """Who has a role in an account, perhaps of some assets only, until when and why.

    Either ``who``, one principal, or ``team``: its members and those of the teams below it.
    """

    who: str = ""
    """A person or service, by key."""
    team: str = ""
    """In the place of ``who``: everybody in a team."""
    role: str
    """A portable role, or one of our own under ``roles``."""
    account: str
    """Where, by key."""
    assets: tuple[str, ...] = ()
    """Nothing but these; without them the whole account."""
    starts: Day | None = None
    """The first day."""
    until: Moment | None = None
    """The last day, UTC; or an instant with its time zone."""
    why: str = ""
    """The reason; a policy asks for it where the risk is high."""
    ticket: str = ""
    """Where it was asked for."""
    asked_by: str = ""
    """Who asked for it; whoever approves it is another."""
    approved_by: str = ""
    """Who approved it."""

    @property
    def key(self) -> str:
        """What tells a grant from others: who, account, role and assets, ``ana/crm/marketer``."""
        parts = (self.who or f"team:{self.team}", self.account, self.role, *sorted(self.assets))
        return "/".join(parts)


class Company(Frozen):
    """Ourselves: what we are called, and the mail domains that are ours."""

    name: str = ""
    """What we are called."""
    domains: tuple[str, ...] = ()
    """Mail domains that are ours."""


EndedBy = Literal["grant", "leaver", "person", "contract", "agreement"]
"""Whose end is the first: the grant's own, the person's, the vendor's or the partner's."""


@dataclass(frozen=True, slots=True)
class Held:
    """A grant as one principal has it.

    ``index`` is the grant's number among the document's, from 0. ``until`` is the first of all ends
    that bound it, ``ended_by`` whose that is, ``None`` where there is none; a leaver's grants are
    over whatever ``until`` says.
    """

    principal: Principal
    grant: Grant
    index: int
    until: date | datetime | None
    ended_by: EndedBy | None


class Access(Frozen):
    """The access document: everything declared about who may do what."""

    company: Company = Company()
    """Ourselves."""
    people: Mapping[str, Principal] = Field(default_factory=dict)
    """Our own people and services, by a key of ours."""
    teams: Mapping[str, Team] = Field(default_factory=dict)
    """Teams, by key."""
    accounts: Mapping[str, Account] = Field(default_factory=dict)
    """Tenants of platforms, by key."""
    assets: Mapping[str, Asset] = Field(default_factory=dict)
    """Things inside accounts that access can be limited to, by key."""
    roles: Mapping[str, CustomRole] = Field(default_factory=dict)
    """Roles of our own, besides the portable ones."""
    grants: tuple[Grant, ...] = ()
    """Who may do what where, until when and why."""
    vendors: Mapping[str, Vendor] = Field(default_factory=dict)
    """Companies outside that work in our tools."""
    partners: Mapping[str, PartnerOrganisation] = Field(default_factory=dict)
    """Companies outside that use our portal and assets."""
    clients: Mapping[str, Client] = Field(default_factory=dict)
    """Companies in whose accounts we hold access."""
    rules: Mapping[str, AssetRule] = Field(default_factory=dict)
    """Which partners may use which assets."""
    limits: Limits = Limits()
    """How much one run may change."""
    policies: Mapping[str, PolicySetting] = Field(default_factory=dict)
    """Severity and parameters of policies, by id."""
    waivers: Mapping[str, Waiver] = Field(default_factory=dict)
    """Findings that somebody answers for."""

    @cached_property
    def principals(self) -> Mapping[str, Principal]:
        """Everybody by key: our own people and services, and those of vendors and partners."""
        found = dict(self.people)
        for field, companies in (("vendor", self.vendors), ("partner", self.partners)):
            for company in companies.values():
                for key, person in company.people.items():
                    more: dict[str, Any] = {field: company.key}
                    if person.kind == "employee":
                        more["kind"] = "external"
                    found[key] = person.model_copy(update=more)
        return found

    @cached_property
    def _rules(self) -> Mapping[str, tuple[AssetRule, ...]]:
        found: dict[str, list[AssetRule]] = {}
        for rule in self.rules.values():
            for asset in dict.fromkeys(rule.assets):
                found.setdefault(asset, []).append(rule)
        return {asset: tuple(rules) for asset, rules in found.items()}

    def rules_of(self, asset: str) -> tuple[AssetRule, ...]:
        """Return the rules that name an asset, in the order of the document."""
        return self._rules.get(asset, ())

    @cached_property
    def _paths(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for team in self.teams:
            path, at = dict[str, None](), team
            while at in self.teams and at not in path and at not in found:
                path[at] = None
                at = self.teams[at].parent
            above, rest = list(path), found.get(at, ())
            for index, name in enumerate(above):
                found[name] = (*above[index:], *rest)
        return found

    def above(self, team: str) -> tuple[str, ...]:
        """Return a team and those that it is a part of, nearest first; none if it is no team."""
        return self._paths.get(team, ())

    @cached_property
    def _members(self) -> Mapping[str, tuple[Principal, ...]]:
        found: dict[str, list[Principal]] = {team: [] for team in self.teams}
        for principal in self.principals.values():
            for team in self.above(principal.team):
                found[team].append(principal)
        return {team: tuple(members) for team, members in found.items()}

    def members(self, team: str) -> tuple[Principal, ...]:
        """Return who is in a team or in one below it, in the order of the document."""
        return self._members.get(team, ())

    def holders(self, grant: Grant) -> tuple[Principal, ...]:
        """Return whom a grant is to; ended ones and leavers too."""
        if grant.team:
            return self.members(grant.team)
        found = self.principals.get(grant.who)
        return (found,) if found else ()

    def everything(self, only: Set[str] | None = None) -> Iterator[Held]:
        """Yield every grant as each of its holders has it, whatever the day.

        ``only`` are the holders asked about, by key; without it all of them.
        """
        for index, grant in enumerate(self.grants):
            if only is not None and grant.who and grant.who not in only:
                continue
            for principal in self.holders(grant):
                if only is not None and principal.key not in only:
                    continue
                until, ended_by = self._end(principal, grant)
                yield Held(principal, grant, index, until, ended_by)

    def held(self, day: date, ends: bool = True, only: Set[str] | None = None) -> Iterator[Held]:
        """Yield what is in force on a day: begun, not ended, and not a leaver's.

        Without ``ends`` what has ended is in force too: see `expiry.ends_count`. ``only`` are the
        holders asked about.
        """
        for held in self.everything(only):
            if held.ended_by == "leaver" or (ends and over(held.until, day)):
                continue
            starts = (held.grant.starts, held.principal.starts)
            if all(start is None or start <= day for start in starts):
                yield held

    def ended(self, day: date) -> Iterator[Held]:
        """Yield what was granted and is over on a day: whoever still has it live has it unseen."""
        for held in self.everything():
            if held.ended_by == "leaver" or over(held.until, day):
                yield held

    def _end(
        self, principal: Principal, grant: Grant
    ) -> tuple[date | datetime | None, EndedBy | None]:
        """Return the first end that bounds a grant to somebody, and whose it is."""
        if principal.status == "leaver":
            return principal.until, "leaver"
        ends: list[tuple[date | datetime, EndedBy]] = []
        if grant.until is not None:
            ends.append((grant.until, "grant"))
        if principal.until is not None:
            ends.append((principal.until, "person"))
        if principal.vendor:
            ends.append((self.vendors[principal.vendor].until, "contract"))
        if principal.partner:
            agreement = self.partners[principal.partner].agreement
            if agreement is not None and agreement.until is not None:
                ends.append((agreement.until, "agreement"))
        if len(ends) > 1:
            return min(ends, key=lambda end: last_day(end[0]))
        return ends[0] if ends else (None, None)
