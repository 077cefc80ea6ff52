"""From the document to what is to be declared: who holds which native roles where, on a day.

A pure function of values; `register` makes resources of what it returns. Accounts without
credentials are documented only: nothing is declared there, and rules are still judged.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from pydantic import ValidationError

from pulumi_martech.document.parse import uncollected
from pulumi_martech.document.problems import Finding, Way
from pulumi_martech.document.shapes import explain
from pulumi_martech.model.access import Access, Held
from pulumi_martech.model.identity import check_login, domain_of, near, normal_domain, within
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.manifest import Ability
from pulumi_martech.model.membership import KEY_LOGIN
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.parties import Vendor
from pulumi_martech.model.people import Principal
from pulumi_martech.model.wording import in_words
from pulumi_martech.platforms.registry import PLATFORMS, Platform
from pulumi_martech.policy.lifecycle import Entitled

_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}", re.IGNORECASE)
"""A login that is in order without a closer look on platforms that take user names."""

NAMES = ("display_name", "name")
"""Arguments of a platform's user that show somebody's name, where it has one of them."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A resource that the document comes to, with the arguments of its typed class.

    ``way`` leads to what it was made of, for messages about it.
    """

    kind: Literal["MartechUser", "Role", "RoleReference", "VendorGrant", "Roster"]
    account: str
    key: str
    arguments: Mapping[str, Any]
    way: Way


@dataclass
class Compiled:
    """All declarations in the order they are made in, and what stands in their way."""

    accounts: list[Account] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class _Member:
    """What one principal is to hold in one account: native roles, and where that is said."""

    principal: Principal
    login: str
    way: Way
    roles: set[str] = field(default_factory=set)
    ends: list[date | None] = field(default_factory=list)

    @property
    def until(self) -> date | None:
        """The last day on which anything is held; ``None`` if something has no end."""
        known = [end for end in self.ends if end is not None]
        return max(known) if known and len(known) == len(self.ends) else None


def compile_access(
    access: Access, day: date, declared: Iterable[str] = (), ends: bool = True
) -> Compiled:
    """Return what a document comes to on a day.

    Args:
        access: the document's values.
        day: the day to judge ends by; see `Access.held`.
        declared: accounts that a program declares itself, whether the document has credentials
            for them or not.
        ends: whether ends count; see `Access.held`.
    """
    with uncollected():
        return _compiled(access, day, set(declared), ends)


def _compiled(access: Access, day: date, elsewhere: set[str], ends: bool) -> Compiled:
    found = Compiled()
    compiling: dict[str, _AccountCompiler] = {}
    for account in access.accounts.values():
        if account.credentials is None and account.key not in elsewhere:
            continue
        if account.platform in PLATFORMS:
            found.accounts.append(account)
            compiling[account.key] = _AccountCompiler(access, account, found)
    for held in access.held(day, ends):
        compiler = compiling.get(held.grant.account)
        if compiler is not None:
            compiler.take(held)
    for compiler in compiling.values():
        compiler.finish()
    return found


def entitlements(access: Access, held: Iterable[Held]) -> Iterator[Entitled]:
    """Yield grants in the words of the accounts, where it can be said: login and native roles."""
    natives = {
        account.key: {**PLATFORMS[account.platform].role_map.portable, **account.roles}
        for account in access.accounts.values()
        if account.platform in PLATFORMS
    }
    for each in held:
        account = access.accounts.get(each.grant.account)
        if account is None or account.key not in natives:
            continue
        login = each.principal.login(account.key, account.platform)
        normal = PLATFORMS[account.platform].manifest.normal_login
        roles = natives[account.key].get(each.grant.role, ())
        further = (each.principal.email, *each.principal.logins.values(), *each.principal.aliases)
        others = {normal(other) for other in further if other} - {normal(login)}
        yield Entitled(each, normal(login), frozenset(roles), frozenset(others))


class _AccountCompiler:
    """Gathers the members of one account, then declares its roles and them."""

    def __init__(self, access: Access, account: Account, found: Compiled) -> None:
        self._access, self._account, self._found = access, account, found
        self._platform: Platform = PLATFORMS[account.platform]
        self._fields = self._platform.user.model_fields
        self._members: dict[str, _Member | None] = {}
        self._told: set[str] = set()
        self._natives: dict[str, tuple[str, ...] | None] = {
            **self._platform.role_map.portable,
            **account.roles,
        }

    def _problem(self, way: Way, text: str, key: bool = False) -> None:
        self._found.findings.append(Finding(way, text, key))

    def take(self, held: Held) -> None:
        """Take over one grant as somebody has it."""
        grant, index = held.grant, held.index
        key = held.principal.key
        if key not in self._members:
            self._members[key] = self._member(held.principal, index)
        if grant.assets:
            title = self._platform.manifest.title
            self._problem(
                ("grants", index, "assets"),
                f"access to {self._account.key} cannot be limited to assets: {title} is written "
                "to without them, and the role would hold for the whole account; take `assets` "
                "away, or `url` and `credentials` of the account: then it is judged, not written",
            )
            return
        natives = self._natives.get(grant.role)
        if natives is None:
            self._no_role(grant.role, index)
            return
        member = self._members[key]
        if member is not None:
            member.roles.update(natives)
            member.ends.append(last_day(held.until) if held.until else None)

    def _no_role(self, role: str, index: int) -> None:
        if role in self._told:
            return
        self._told.add(role)
        known = ", ".join(sorted(self._natives)) or "none"
        self._problem(
            ("grants", index, "role"),
            f"{self._account.key} has no native role for {role!r} (it has for: {known}); say it "
            f"under accounts, {self._account.key}, roles: `{role}: [NAME]`, or `{role}: []` if "
            "being a member is all",
        )

    def _member(self, principal: Principal, index: int) -> _Member | None:
        account = self._account
        login = principal.login(account.key, account.platform)
        way = self._way_to(principal)
        if not login:
            self._problem(
                way,
                f"{principal.key} has no login for {account.key}: say `email`, or "
                f"`logins: {{{account.key}: LOGIN}}`",
                key=True,
            )
            return None
        manifest = self._platform.manifest
        # An address was looked at when the document was read.
        if login != principal.email and not self._plain(login):
            problems = self._login_problems(login)
            if problems:
                text = f"login {login[:60]!r} for {account.key} {' and '.join(problems)}"
                self._problem(way, text, key=True)
        return _Member(principal, manifest.normal_login(login), ("grants", index))

    def _plain(self, login: str) -> bool:
        by_name = self._platform.manifest.identity.shape != "email"
        return by_name and _PLAIN.fullmatch(login) is not None

    def _login_problems(self, login: str) -> list[str]:
        shape = self._platform.manifest.identity.shape
        problems = check_login(login, "any" if login.startswith(KEY_LOGIN) else shape)
        try:
            self._platform.user.model_validate({"login": login})
        except ValidationError as error:
            problems += [words for name, words in in_words(error) if name == "login"]
        return problems

    def _way_to(self, principal: Principal) -> Way:
        vendor = self._access.vendors.get(principal.vendor)
        partner = self._access.partners.get(principal.partner)
        if vendor is not None and principal.key in vendor.people:
            return ("vendors", vendor.key, "people", principal.key)
        if partner is not None and principal.key in partner.people:
            return ("partners", partner.key, "people", principal.key)
        return ("people", principal.key)

    # -- at the end

    def finish(self) -> None:
        """Declare the roles of the account, then its members."""
        account = self._account
        for key, role in account.native_roles.items():
            way = ("accounts", account.key, "native_roles", key)
            if role.own and self._platform.role is None:
                manifest = self._platform.manifest
                support = manifest.abilities.get(Ability.CREATE_ROLE)
                instead = support.alternative if support and support.alternative else "leave it out"
                self._problem(
                    (*way, "own"),
                    f"{manifest.title} cannot {Ability.CREATE_ROLE.value}s; {instead}",
                )
                continue
            if role.own and (lacks := self._needed_of_roles()):
                self._problem(
                    (*way, "own"),
                    f"a role of {self._platform.manifest.title} needs {', '.join(lacks)}, which a "
                    "document cannot say: declare it in the program, and take `own` away here",
                )
                continue
            kind: Literal["Role", "RoleReference"] = "Role" if role.own else "RoleReference"
            self._declare(kind, key, {"name": role.name}, way)
        members = self._one_each()
        if account.roster is not None:
            self._roster(members)
            return
        by_vendor: dict[str, list[_Member]] = {}
        for member in members:
            if member.principal.vendor:
                by_vendor.setdefault(member.principal.vendor, []).append(member)
            else:
                arguments = {"login": member.login, **self._entry(member), **self._common()}
                self._declare("MartechUser", member.principal.key, arguments, member.way)
        for vendor, people in by_vendor.items():
            self._vendor(self._access.vendors[vendor], people)

    def _one_each(self) -> list[_Member]:
        """Return the members; note a login that two have here, by account and by platform, say."""
        by_login: dict[str, _Member] = {}
        for member in self._members.values():
            if member is None:
                continue
            first = by_login.setdefault(member.login, member)
            if first is not member:
                text = (
                    f"{member.login} is {first.principal.key}'s login in {self._account.key} and "
                    f"{member.principal.key}'s"
                )
                self._problem(self._way_to(member.principal), text, key=True)
        return list(by_login.values())

    def _needed_of_roles(self) -> list[str]:
        """Return the arguments besides its name that a role of the platform cannot do without."""
        model = self._platform.role
        fields = model.model_fields if model is not None else {}
        return [n for n, field in fields.items() if field.is_required() and n != "name"]

    def _declare(
        self,
        kind: Literal["MartechUser", "Role", "RoleReference", "VendorGrant", "Roster"],
        key: str,
        arguments: Mapping[str, Any],
        way: Way,
    ) -> None:
        self._found.declarations.append(Declaration(kind, self._account.key, key, arguments, way))

    def _common(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if self._account.on_destroy:
            said["on_destroy"] = self._account.on_destroy
        if self._account.adopt:
            said["adopt"] = True
        return said

    def _roster(self, members: list[_Member]) -> None:
        account = self._account
        roster = account.roster
        arguments: dict[str, Any] = {
            "members": {member.login: self._entry(member) for member in members},
            "ignore": dict(roster.ignore) if roster else {},
            **self._common(),
        }
        self._declare("Roster", "roster", arguments, ("accounts", account.key, "roster"))

    def _vendor(self, vendor: Vendor, people: list[_Member]) -> None:
        """Declare the whole presence of a vendor; addresses outside its domains are aliases."""
        addresses = {
            address.strip().lower()
            for member in people
            for address in (member.principal.email, member.login, *member.principal.aliases)
            if "@" in address
        }
        owned = [normal_domain(domain) for domain in vendor.domains]
        elsewhere = {
            address
            for address in addresses
            if not any(within(domain_of(address), domain) for domain in owned)
        }
        arguments = {
            "domains": sorted(vendor.domains),
            "aliases": sorted(elsewhere.union(alias.lower() for alias in vendor.aliases)),
            "people": {m.login: self._entry(m, last_day(vendor.until)) for m in people},
            "until": last_day(vendor.until).isoformat(),
            "owner": vendor.owner,
            "reason": vendor.why,
            **self._common(),
        }
        self._declare("VendorGrant", vendor.key, arguments, people[0].way)

    def _entry(self, member: _Member, contract: date | None = None) -> dict[str, Any]:
        until = member.until
        ends = {"until": until.isoformat()} if until and until != contract else {}
        return {"roles": sorted(member.roles), **self._attributes(member), **ends}

    def _attributes(self, member: _Member) -> dict[str, Any]:
        """Return the arguments of the platform's user besides login and roles."""
        fields = self._fields
        principal = member.principal
        found: dict[str, Any] = {}
        ours = self._account.membership == "direct"  # else names and addresses are not ours to say
        if principal.name and ours:
            found = {name: principal.name for name in NAMES if name in fields}
        if principal.email and "email" in fields and (ours or fields["email"].is_required()):
            found["email"] = principal.email
        for place in (self._account.platform, self._account.key):
            said = principal.attributes.get(place)
            if said:
                found.update(self._checked(principal, place, said, member.login))
        if "email" in fields and fields["email"].is_required() and "email" not in found:
            text = f"{principal.key} needs an `email`: {self._platform.manifest.title} wants one"
            self._problem(self._way_to(principal), text, key=True)
        return found

    def _checked(
        self, principal: Principal, place: str, said: Mapping[str, Any], login: str
    ) -> dict[str, Any]:
        """Return attributes with the types of the platform's arguments."""
        model = self._platform.user
        way = (*self._way_to(principal), "attributes", place)
        known = self._fields.keys() - {"login", "roles"}
        given = {name: value for name, value in said.items() if name in known}
        for name in said.keys() - known:
            text = f"{name!r} is no attribute of {self._platform.manifest.title}'s users"
            hint = near(name, known) or f"there are {', '.join(sorted(known))}"
            self._problem((*way, name), f"{text}; {hint}", key=True)
        filled = {"login": login, "email": principal.email, **given}
        filled = {name: value for name, value in filled.items() if name in self._fields}
        try:
            checked = model.model_validate(filled)
        except ValidationError as error:
            for item in error.errors(include_url=False):
                below, text, key = explain(item, given, model)
                self._problem((*way, *below), text, key or not below)
            return {}
        typed = checked.model_dump()
        return {
            name: sorted(typed[name]) if isinstance(typed[name], frozenset) else typed[name]
            for name in given
        }
