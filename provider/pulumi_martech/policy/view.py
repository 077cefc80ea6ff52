"""Who can do what, worked out once, so that every rule reads the same thing.

A `View` comes from an access document or from the resources of a stack; rules do not know which.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType

from pulumi_martech.model.access import Access, Grant
from pulumi_martech.model.capability import DataClass, effective
from pulumi_martech.model.certification import Certified
from pulumi_martech.model.content import EffectiveAccess
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.facts import PersonFacts
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.moment import last_day
from pulumi_martech.model.people import Principal
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.model.risk import (
    Band,
    Circumstances,
    Holder,
    Known,
    Scope,
    grant_score,
)
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.holders import address_of, holder_of, mfa_of, owner_of
from pulumi_martech.policy.roles import role_content

ADMINISTRATOR = "administrator"
"""The portable role."""

_EVERYTHING = PORTABLE_ROLES[ADMINISTRATOR].capabilities


@dataclass(frozen=True, slots=True)
class RoleHere:
    """What a role comes to in one account.

    ``can`` are effective capabilities: of the native roles whose content is proven, and where it is
    not, of what the role is meant to be. ``unproven`` names those native roles: risk counts them as
    everything. ``extra`` is what the native roles allow beyond what the role says.
    """

    natives: tuple[str, ...]
    can: frozenset[str]
    unmapped: frozenset[str]
    unproven: tuple[str, ...]
    extra: frozenset[str]
    counted: frozenset[str]
    administrator: bool

    @property
    def open(self) -> bool:
        """Whether nobody can say all that it allows."""
        return bool(self.unproven or self.unmapped)

    def may(self, names: Collection[str]) -> bool:
        """Tell whether it allows one of some capabilities, or nobody can say that it does not."""
        return not self.can.isdisjoint(names) or self.open


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One grant as one principal has it, with what it lets them do.

    ``index`` is the grant's number in the document, -1 where there is none.
    """

    principal: Principal
    account: Account
    grant: Grant
    index: int
    until: date | datetime | None
    role: RoleHere

    @property
    def can(self) -> frozenset[str]:
        """Effective capabilities."""
        return self.role.can

    @property
    def way(self) -> tuple[str | int, ...]:
        """The way to the grant in the document, empty where it stands in none."""
        return ("grants", self.index) if self.index >= 0 else ()

    def days_left(self, day: date) -> int | None:
        """Return the days of access left, the last one included; ``None`` without an end."""
        return None if self.until is None else (last_day(self.until) - day).days + 1


@dataclass(frozen=True)
class View:
    """What rules look at: the document's values, a day, and what everybody can do on that day.

    ``last_use`` is the last log-in by (account, principal) where a platform records it; whoever is
    not in it has no known one. ``certified`` is the last review of a person's access, ``facts``
    what platforms report of people by (account, principal), none that is not fresh.
    """

    access: Access
    day: date
    entitlements: tuple[Entitlement, ...]
    last_use: Mapping[tuple[str, str], date] = field(default_factory=dict)
    certified: Certified = field(default_factory=dict)
    facts: Mapping[tuple[str, str], PersonFacts] = field(default_factory=dict)

    def way_to(self, person: str) -> tuple[str | int, ...]:
        """Return the way to one of our own people in the document, empty for anybody else."""
        return ("people", person) if person in self.access.people else ()

    @cached_property
    def by_principal(self) -> Mapping[str, tuple[Entitlement, ...]]:
        """Entitlements by the key of who holds them, in the order of the document."""
        found: dict[str, list[Entitlement]] = defaultdict(list)
        for held in self.entitlements:
            found[held.principal.key].append(held)
        return MappingProxyType({key: tuple(listed) for key, listed in found.items()})

    @cached_property
    def by_account(self) -> Mapping[str, tuple[Entitlement, ...]]:
        """Entitlements by account key."""
        found: dict[str, list[Entitlement]] = defaultdict(list)
        for held in self.entitlements:
            found[held.account.key].append(held)
        return MappingProxyType({key: tuple(listed) for key, listed in found.items()})

    def _holder(self, held: Entitlement) -> Holder:
        principal = held.principal
        bound = (
            principal.kind == "service"
            and held.until is not None
            and bool(owner_of(self.access, principal, self.day))
        )
        return holder_of(principal, address_of(principal, held.account), bound)

    def band(self, held: Entitlement) -> Band:
        """Return how risky an entitlement is, by what it counts as and how it is held."""
        days = held.days_left(self.day)
        key = (
            held.role.counted,
            len(held.role.unmapped),
            scope_of(held),
            bool(held.grant.assets) and any(map(self._critical, held.grant.assets)),
            self._holder(held),
            mfa_of(held.principal, held.account, self.day),
            90 if days is not None and days <= 90 else None,
            self._data[held.account.key],
        )
        band = self._bands.get(key)
        if band is None:
            counted, unmapped, scope, critical, holder, mfa, left, data = key
            circumstances = Circumstances(
                scope=scope, critical=critical, holder=holder, mfa=mfa, days_left=left
            )
            band = grant_score(counted, circumstances, data, unmapped).band
            self._bands[key] = band
        return band

    @cached_property
    def _bands(
        self,
    ) -> dict[tuple[frozenset[str], int, Scope, bool, Holder, Known, int | None, DataClass], Band]:
        return {}

    @cached_property
    def _data(self) -> Mapping[str, DataClass]:
        return {key: data_class(account) for key, account in self.access.accounts.items()}

    def _critical(self, asset: str) -> bool:
        found = self.access.assets.get(asset)
        return found is not None and found.critical


def view_of(
    access: Access,
    day: date,
    last_use: Mapping[tuple[str, str], date] | None = None,
    ends: bool = True,
    only: Set[str] | None = None,
) -> View:
    """Return what a document lets everybody do on a day.

    Grants in accounts that the document does not have, and of roles that are none, are left out:
    reading the document names them.

    Args:
        access: the document's values; rules see them and cannot change them.
        day: the day.
        last_use: the last log-in by (account, principal), where a platform records it.
        ends: whether ends count; without them what has ended is there as well.
        only: principals to whom the view is limited, by key.
    """
    roles: dict[tuple[str, str], RoleHere | None] = {}
    found = []
    for held in access.held(day, ends, only):
        account = access.accounts.get(held.grant.account)
        if account is None:
            continue
        key = (account.key, held.grant.role)
        if key not in roles:
            roles[key] = _role_here(access, account, held.grant.role, day)
        role = roles[key]
        if role is not None:
            found.append(
                Entitlement(held.principal, account, held.grant, held.index, held.until, role)
            )
    return View(_sealed(access), day, tuple(found), last_use or {})


def _sealed(access: Access) -> Access:
    """Return the same values in maps that nobody can change: a rule of a project must not."""
    sections = {
        name: MappingProxyType(section) for name, section in access if isinstance(section, dict)
    }
    return access.model_copy(update=sections)


def _role_here(access: Access, account: Account, role: str, day: date) -> RoleHere | None:
    try:
        meant = frozenset(effective(role_capabilities(role, access.roles)))
    except InvalidDeclaration:
        return None
    natives = account.roles.get(role)
    platform = PLATFORMS.get(account.platform)
    if natives is None and platform is not None:
        natives = platform.role_map.portable.get(role)
    if natives is None or platform is None:
        # A platform that nothing is written to yet: the role is what the document says it is.
        return RoleHere(
            natives=(),
            can=meant,
            unmapped=frozenset(),
            unproven=(),
            extra=frozenset(),
            counted=meant,
            administrator=role == ADMINISTRATOR or meant >= _EVERYTHING,
        )
    return native_roles(account, natives, day, meant)


def native_roles(
    account: Account, natives: Iterable[str], day: date, meant: frozenset[str] = frozenset()
) -> RoleHere:
    """Return what native roles come to in an account.

    ``meant`` are the effective capabilities of the role they stand for: they count where the
    content of a native role is not proven, together with what is assumed of it.
    """
    manifest = PLATFORMS[account.platform].manifest
    listed = tuple(sorted({manifest.normal_role(name) for name in natives}))
    contents = [role_content(account.platform, name, account.role_content, day) for name in listed]
    together = EffectiveAccess.of(contents)
    can = frozenset(together.capabilities)
    if together.unproven:
        assumed = {name for content in contents if not content.proven for name in content.allows}
        can = can | meant | assumed
    return RoleHere(
        natives=listed,
        can=can,
        unmapped=together.unmapped,
        unproven=tuple(sorted(together.unproven)),
        extra=frozenset(together.capabilities) - meant if meant else frozenset(),
        counted=together.counted(),
        administrator=can >= _EVERYTHING or bool(administrator_roles(account).intersection(listed)),
    )


def data_class(account: Account) -> DataClass:
    """Return the highest class of data an account is said to hold, ``NONE`` if nothing is said."""
    classes = (DataClass[held.data.upper()] for held in account.data or ())
    return max(classes, default=DataClass.NONE)


def scope_of(held: Entitlement) -> Scope:
    """Return how much of an account a grant reaches."""
    return "named assets" if held.grant.assets else "whole account"


def administers(held: Entitlement) -> bool:
    """Tell whether an entitlement administers the account, or can come to: it manages users."""
    return held.role.administrator or "users:manage" in held.can


def administrator_roles(account: Account) -> frozenset[str]:
    """Return the native roles that are an account's Administrator, by its own and our word."""
    platform = PLATFORMS.get(account.platform)
    named = {*account.administrators, *account.roles.get(ADMINISTRATOR, ())}
    if platform is not None:
        named.update(platform.manifest.administrator_roles)
        if ADMINISTRATOR not in account.roles:
            named.update(platform.role_map.portable.get(ADMINISTRATOR, ()))
        named = {platform.manifest.normal_role(name) for name in named}
    return frozenset(named)
