"""Who and what is in an account, as what it can be declared, and what is left out and why."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase

from pulumi_martech.model.errors import Denied, Malformed
from pulumi_martech.model.identity import look_alike
from pulumi_martech.model.membership import Kind, Membership, NativeRole, Origin, Status
from pulumi_martech.model.values import Frozen, Unknown
from pulumi_martech.operations.import_items import (
    Item,
    Items,
    NotDeclarable,
    Person,
    Vendor,
    roles_of,
)
from pulumi_martech.operations.import_names import person_ids, role_keys
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.holdings import holding
from pulumi_martech.reconcile import roles, users
from pulumi_martech.reconcile.entries import opens_nothing, owned_by_vendor
from pulumi_martech.reconcile.session import Session

_AT_ONCE = 4
"""Members that are read singly at the same time, as many as a provider process reads."""


class Choice(Frozen):
    """What the command line says: who is a vendor's, who is left out, what is declared besides."""

    vendors: tuple[Vendor, ...] = ()
    excepted: tuple[str, ...] = ()
    deactivated: bool = False
    descriptive: bool = False


class Declared(Frozen):
    """What the program says already.

    ``logins``, ``roles`` (names) and ``keys`` (by kind) are those of the account; ``vendors`` maps
    names to the domains and aliases of its grants; ``persons`` maps logins and addresses of people
    in other accounts to their ids; ``domains`` are all mail domains of the program.
    """

    logins: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    keys: Mapping[str, frozenset[str]]
    vendors: Mapping[str, tuple[frozenset[str], frozenset[str]]]
    persons: Mapping[str, str]
    domains: frozenset[str] = frozenset()


class LeftOut(Frozen):
    """What is there and will not be declared: a login, a role or words for a record; and why."""

    what: str
    why: str


class Census(Frozen):
    """An account sorted into what can be declared.

    ``declared`` counts what the program says already; ``unsaid`` counts the attributes that were
    left as they are because they cannot be declared; ``unknown`` says in words what the account
    could not show.
    """

    roles: tuple[Item, ...]
    people: tuple[Item, ...]
    services: tuple[Item, ...]
    grants: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    declared: int
    administrators: int
    pending: int
    unsaid: Mapping[str, int]
    unknown: tuple[str, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, roles first."""
        return (*self.roles, *self.people, *self.services, *self.grants)


def take(session: Session, declared: Declared, choice: Choice) -> Census:
    """List an account, read singly whom the listing shows without roles, and sort all.

    Raises the connector's errors if the account cannot be listed; what cannot be read of one
    member alone leaves that one out.
    """
    return _Taking(session, declared, choice).census()


class _Taking:
    """One taking of a census."""

    def __init__(self, session: Session, declared: Declared, choice: Choice) -> None:
        self._session, self._declared, self._choice = session, declared, choice
        self._manifest = session.manifest
        self._items = Items(session.config, choice.descriptive)
        self._left: list[LeftOut] = []
        self._spoilt: set[str] = set()
        self._vendors = {
            vendor.name: (frozenset(vendor.domains), frozenset(vendor.aliases))
            for vendor in choice.vendors
        }

    def census(self) -> Census:
        listing = self._session.listing()
        for record in listing.unreadable:
            self._leave(record, "without what identifies it")
        members = sorted(listing.members(), key=lambda member: (member.login, member.id))
        groups = self._in_detail(self._sorted(members))
        people = self._people(groups.pop(""))
        grants = self._grants(groups)
        people = self._with_ids(self._drop_look_alikes(people, grants, groups))
        declared = [member for member, _ in people]
        declared += [member for name in grants for member in groups[name]]
        held = {role for member in declared for role in roles_of(member)}
        administering = self._session.administrators()
        return Census(
            roles=tuple(self._roles(held)),
            people=_of_kind(people, Kind.PERSON),
            services=_of_kind(people, Kind.SERVICE),
            grants=tuple(grants[name] for name in sorted(grants)),
            left_out=tuple(sorted(self._left, key=lambda left: (left.why, left.what))),
            declared=sum(member.login in self._declared.logins for member in members),
            administrators=sum(bool(roles_of(m) & administering) for m in declared),
            pending=sum(m.status is Status.PENDING for m in declared),
            unsaid=dict(sorted(self._items.unsaid.items())),
            unknown=listing.blind_spots,
        )

    # -- who is whose

    def _leave(self, what: str, why: str) -> None:
        self._left.append(LeftOut(what=what, why=why))

    def _leave_of(self, vendor: str, login: str, why: str) -> None:
        """Leave somebody out, and a vendor with them: a preview would show whom a grant lacks."""
        self._leave(login, why)
        if vendor:
            self._spoilt.add(vendor)

    def _sorted(self, members: Sequence[Membership]) -> dict[str, list[Membership]]:
        """Return whom the program might declare by vendor; those of no vendor under ``""``."""
        found: dict[str, list[Membership]] = {"": [], **{name: [] for name in self._vendors}}
        often = Counter(member.login for member in members)
        for member in members:
            if member.login in self._declared.logins:
                continue
            owners = _vendors_of(member, self._vendors)
            vendor = owners[0] if owners else ""
            why = self._why_not(member, often[member.login])
            if len(owners) > 1:
                self._leave(member.login, f"of several vendors: {', '.join(owners)}")
                self._spoilt.update(owners)
            elif vendor and opens_nothing(member, self._manifest.softest_ending_verb):
                self._leave(member.login, f"of vendor {vendor}, and switched off")
            elif why:
                self._leave_of(vendor, member.login, why)
            else:
                found[vendor].append(member)
        return found

    def _why_not(self, member: Membership, namesakes: int) -> str:
        """Return why a member is not to be declared, empty if nothing speaks against it."""
        owner = next(iter(_vendors_of(member, self._declared.vendors)), "")
        pattern = self._excepted(member.login)
        if namesakes > 1:
            return f"one login of {namesakes} records"
        if owner:
            return f"of vendor {owner}, whose VendorGrant in the program shows them"
        if pattern:
            return f"left out by --except {pattern}"
        if member.status is Status.ASKED:
            return "asked for, and not attested yet"
        if member.origin in (Origin.GROUP, Origin.INHERITED):
            return "given by a group or from above, and managed there"
        if member.status is Status.DEACTIVATED and not self._choice.deactivated:
            return "switched off (--deactivated declares these too)"
        return ""

    def _excepted(self, name: str) -> str:
        folded = name.casefold()
        return next((p for p in self._choice.excepted if fnmatchcase(folded, p.casefold())), "")

    def _in_detail(self, groups: Mapping[str, list[Membership]]) -> dict[str, list[Membership]]:
        """Return the members with their roles; leave those out whose roles cannot be read."""

        def look(member: Membership) -> Membership | str:
            try:
                fresh = users.in_detail(self._session, member)
            except (Denied, Malformed) as error:
                return f"not readable: {error.said}"
            return "with roles that are not shown" if isinstance(fresh.roles, Unknown) else fresh

        found: dict[str, list[Membership]] = {name: [] for name in groups}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for name, members in groups.items():
                for member, detail in zip(members, pool.map(look, members), strict=True):
                    if isinstance(detail, Membership):
                        found[name].append(detail)
                    else:
                        self._leave_of(name, member.login, detail)
        return found

    # -- items

    def _people(self, members: Sequence[Membership]) -> list[Person]:
        found: list[Person] = []
        for member in members:
            try:
                found.append((member, self._items.person("", member)))
            except NotDeclarable as error:
                self._leave(member.login, f"not declarable: {error}")
        for name in self._manifest.unique_attributes:
            often = Counter(_folded(item, name) for _, item in found)
            shared = [p for p in found if _folded(p[1], name) and often[_folded(p[1], name)] > 1]
            for member, _ in shared:
                self._leave(member.login, f"with the {name} of another user")
            found = [person for person in found if person not in shared]
        return found

    def _with_ids(self, people: Sequence[Person]) -> list[Person]:
        """Give people their ids: of those alone who are declared, so that others do not matter."""
        known = {}
        for member, _ in people:
            email = member.email if isinstance(member.email, str) else ""
            persons = self._declared.persons
            if person := persons.get(member.login) or persons.get(email):
                known[member.login] = person
        taken = self._declared.keys.get("MartechUser", frozenset())
        ids = person_ids((member.login for member, _ in people), known, taken)
        return [(member, item.named(ids[member.login])) for member, item in people]

    def _grants(self, groups: Mapping[str, Sequence[Membership]]) -> dict[str, Item]:
        found = {}
        for vendor in self._choice.vendors:
            people: list[Person] = []
            for member in groups[vendor.name]:
                try:
                    people.append((member, self._items.person(vendor.name, member)))
                except NotDeclarable as error:
                    self._leave_of(vendor.name, member.login, f"not declarable: {error}")
            if vendor.name in self._spoilt:
                self._drop_vendor(vendor.name, [member for member, _ in people])
            elif not people:
                self._leave(f"vendor {vendor.name}", "nobody here by its domains and aliases")
            else:
                found[vendor.name] = self._items.grant(vendor, people)
        return found

    def _drop_vendor(self, name: str, members: Sequence[Membership]) -> None:
        for member in members:
            why = f"of vendor {name}, not all of whose people can be declared"
            self._leave(member.login, why)

    def _drop_look_alikes(
        self,
        people: list[Person],
        grants: dict[str, Item],
        groups: Mapping[str, Sequence[Membership]],
    ) -> list[Person]:
        """Leave out whose mail domain looks like another: the program would be refused for it.

        Of two that look alike the one with fewer people goes, and never one of the program.
        Returns the people that stay; grants that go are taken out.
        """
        by_vendor = {
            name: [holding(login, entry).domain for login, entry in item.inputs["people"].items()]
            for name, item in grants.items()
        }
        often = Counter(_domain(item) for _, item in people)
        often.update(domain for domains in by_vendor.values() for domain in domains)
        del often[""]
        left = {*often, *self._declared.domains}
        for domain in sorted(often.keys() - self._declared.domains, key=lambda d: (often[d], d)):
            other = look_alike(domain, sorted(left - {domain}))
            if other is None:
                continue
            left.discard(domain)
            why = f"mail domain {domain} looks like {other}: find out whose it is"
            for member, item in people:
                if _domain(item) == domain:
                    self._leave(member.login, why)
            people = [person for person in people if _domain(person[1]) != domain]
            for name in [name for name in grants if domain in by_vendor[name]]:
                del grants[name]
                self._leave(f"vendor {name}", why)
                self._drop_vendor(name, groups[name])
        return people

    def _roles(self, held: Collection[str]) -> list[Item]:
        """Return the roles: all that can be ours, else those held whose content nobody shows."""
        listed = self._session.listing().roles()
        known = [] if isinstance(listed, Unknown) else listed
        builtin = {*self._manifest.builtin_roles, *self._manifest.administrator_roles}
        listable = not isinstance(listed, Unknown)
        names = {role.name for role in known} if listable else set(held)
        owned = listable and PLATFORMS[self._session.config.platform].role is not None
        wanted = names - builtin - self._declared.roles
        if not owned:
            # Where content is read a role is what its name says.
            wanted &= set(held) if self._manifest.role_content == "declared" else set()
        often = Counter(role.name for role in known)
        for name in sorted(wanted):
            if pattern := self._excepted(name):
                self._leave(f"role {name}", f"left out by --except {pattern}")
            elif often[name] > 1:
                self._leave(f"role {name}", f"one name of {often[name]} roles")
            else:
                continue
            wanted.discard(name)
        found = []
        by_name = {role.name: role for role in known}
        kind = "Role" if owned else "RoleReference"
        keys = role_keys(sorted(wanted), self._declared.keys.get(kind, frozenset()))
        for name in sorted(wanted, key=keys.__getitem__):
            try:
                found.append(self._role(keys[name], name, by_name if owned else {}))
            except NotDeclarable as error:
                self._leave(f"role {name}", f"not declarable: {error}")
        return found

    def _role(self, key: str, name: str, owned: Mapping[str, NativeRole]) -> Item:
        if name in owned:
            return self._items.role(key, owned[name])
        live, presence = roles.reference(self._session, name)
        return self._items.reference(key, live, presence)


def _vendors_of(
    member: Membership, vendors: Mapping[str, tuple[frozenset[str], frozenset[str]]]
) -> list[str]:
    """Return the names of the vendors that a member belongs to by domain or alias, sorted."""
    return [name for name in sorted(vendors) if owned_by_vendor(member, *vendors[name])]


def _of_kind(people: Sequence[Person], kind: Kind) -> tuple[Item, ...]:
    found = [item for member, item in people if member.kind is kind]
    return tuple(sorted(found, key=lambda item: item.key))


def _domain(item: Item) -> str:
    return holding(str(item.inputs.get("login")), item.inputs).domain


def _folded(item: Item, name: str) -> str:
    return str(item.inputs.get(name) or "").casefold()
