"""The classes behind the typed resources of each platform."""

import pickle
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import Resource
from pydantic import ValidationError

from pulumi_martech.model.account import AccountConfig, Credentials
from pulumi_martech.model.identity import check_url
from pulumi_martech.platforms.base import OnDestroy
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.guards import Limit, Limits
from pulumi_martech.reconcile import shape
from pulumi_martech.resources.gate import GateProvider, estate_inputs
from pulumi_martech.resources.maps import RosterProvider, VendorGrantProvider
from pulumi_martech.resources.program import Program, place, program
from pulumi_martech.resources.roles import RoleProvider, RoleReferenceProvider
from pulumi_martech.resources.users import UserProvider

_PICKLER = (pickle._Pickler._batch_setitems, pickle._Pickler.save_dict)  # type: ignore[attr-defined]
"""The SDK wraps these on every resource and never puts them back: near resource 970 that would end
in a RecursionError, so they are restored before each registration (docs/architecture.md)."""


def restore_pickler() -> None:
    """Undo what earlier registrations did to the pickler."""
    pickle._Pickler._batch_setitems, pickle._Pickler.save_dict = _PICKLER  # type: ignore[attr-defined]


class AccountResource(pulumi.ProviderResource):
    """One tenant of a platform. Its logical name is the account key, part of every URN below it."""

    platform: ClassVar[str]
    config: AccountConfig

    def __init__(
        self,
        key: str,
        *,
        url: str,
        credentials: Credentials,
        settings: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        declared = program()
        try:
            self.config = AccountConfig(
                key=key, platform=self.platform, url=url, credentials=credentials, **settings
            )
        except ValidationError as error:
            for item in error.errors(include_url=False):
                where = ".".join(str(part) for part in item["loc"])
                declared.problem(f"account {str(key)[:60]!r}: {where}: {item['msg']}")
            self.config = AccountConfig.model_construct(
                key="invalid", platform=self.platform, url=str(url), credentials=credentials
            )
        for problem in check_url(self.config.url):
            declared.problem(f"account {key}: url {self.config.url[:80]!r} {problem}")
        if self.config.key in declared.configs:
            declared.problem(f"account {key} is declared twice")
        declared.configs[self.config.key] = self.config
        old = self.config.renamed_from
        merged = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(aliases=[pulumi.Alias(name=old)] if old else None)
        )
        inputs: Any = self.config.inputs()
        super().__init__("pulumi-python", self.config.key, inputs, merged)
        declared.providers.append(self)
        declared.waits_for()


class AccountObject(Resource):
    """A resource inside an account, named ``<account>/<key>``."""

    def __init_subclass__(cls, module: str = "", name: str = "Resource", **kwargs: Any) -> None:
        if module and name == "Resource":
            raise TypeError(f"{cls.__name__} needs a type name of its own")
        super().__init_subclass__(module=module, name=name, **kwargs)

    @staticmethod
    def options(
        account: AccountResource,
        key: str,
        waits_for: pulumi.Output[Any],
        opts: pulumi.ResourceOptions | None,
    ) -> pulumi.ResourceOptions:
        """Return the options of a writer: its account, the gate, the name it had before."""
        if opts is not None and opts.provider not in (None, account):
            program().problem(f"{key}: give account=..., not another provider in opts")
            opts.provider = None
        old = account.config.renamed_from
        own = pulumi.ResourceOptions(
            provider=account,
            depends_on=waits_for,
            aliases=[pulumi.Alias(name=f"{old}/{key}")] if old else None,
        )
        return pulumi.ResourceOptions.merge(opts, own)


def account_of(account: Any, what: str) -> AccountResource | None:
    """Return ``account`` if it is one; else note the problem."""
    if isinstance(account, AccountResource):
        return account
    program().problem(f"{what} needs account=Account(...), not {type(account).__name__}")
    return None


def role_names(roles: Sequence[Any]) -> list[str]:
    """Return the names of roles given by name or as `Role` and `RoleReference` objects."""
    if isinstance(roles, str):
        program().problem(f"roles={roles!r}: write a list, roles=[{roles!r}]")
        return [roles]
    return [role if isinstance(role, str) else role.role_name for role in roles]


class UserResource(AccountObject):
    """Behind `MartechUser`: a membership of one of our own principals."""

    native_id: pulumi.Output[str]
    status: pulumi.Output[str]

    def __init__(
        self,
        person: str,
        *,
        account: Any,
        login: str,
        roles: Sequence[Any],
        attributes: Mapping[str, Any],
        on_destroy: OnDestroy | None,
        successor: str | None,
        adopt: bool,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        declared = program()
        restore_pickler()
        known = account_of(account, f"MartechUser {person}")
        if known is None or not declared.claim("MartechUser", known.config.key, person):
            return
        platform = PLATFORMS[known.config.platform]
        names = role_names(roles)
        props: dict[str, Any] = {
            "account": known.config.key,
            "person": person,
            "login": platform.manifest.normal_login(login) if isinstance(login, str) else login,
            "roles": {name: True for name in sorted(names)},
            **{name: value for name, value in attributes.items() if value is not None},
            "on_destroy": on_destroy or platform.manifest.softest_ending_verb,
            "successor": successor,
            "adopt": adopt or None,
            "native_id": None,
            "status": None,
        }
        _check_arguments(platform.user, props, f"MartechUser {person} in {known.config.key}")
        declared.user("MartechUser", known.config.key, f"MartechUser {person}", props)
        waits = declared.waits_for(known.config.key, names)
        name = f"{known.config.key}/{person}"
        super().__init__(UserProvider(), name, props, self.options(known, person, waits, opts))


class RoleResource(AccountObject):
    """Behind `Role`: a native role we own."""

    native_id: pulumi.Output[str]
    role_name: str

    def __init__(
        self,
        key: str,
        *,
        account: Any,
        name: str,
        attributes: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        self.role_name = name
        declared = program()
        restore_pickler()
        known = account_of(account, f"Role {key}")
        if known is None or not declared.claim("Role", known.config.key, key):
            return
        at = known.config.key
        props: dict[str, Any] = {
            "account": at,
            "role": key,
            "name": name,
            **attributes,
            "native_id": None,
        }
        if (at, name) in declared.roles:
            declared.problem(f"role {name!r} of {at} is declared twice")
        opts = self.options(known, key, declared.waits_for(), opts)
        super().__init__(RoleProvider(), f"{at}/{key}", props, opts)
        declared.roles[at, name] = self


class RoleReferenceResource(AccountObject):
    """Behind `RoleReference`: a native role that must be there."""

    native_id: pulumi.Output[str]
    presence: pulumi.Output[str]
    role_name: str

    def __init__(
        self,
        key: str,
        *,
        account: Any,
        name: str,
        content: Sequence[str],
        declared_by: str | None,
        declared_on: str | None,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        self.role_name = name
        declared = program()
        restore_pickler()
        known = account_of(account, f"RoleReference {key}")
        if known is None or not declared.claim("RoleReference", known.config.key, key):
            return
        at = known.config.key
        if content and not (declared_by and declared_on):
            declared.problem(
                f"role {name!r} of {at}: declared content needs declared_by and declared_on"
            )
        _check_date(declared_on, f"declared_on of role {name!r} of {at}")
        props: dict[str, Any] = {
            "account": at,
            "role": key,
            "name": name,
            "content": {item: True for item in sorted(content)} or None,
            "declared_by": declared_by,
            "declared_on": declared_on,
            "native_id": None,
            "presence": None,
        }
        opts = self.options(known, key, declared.waits_for(), opts)
        super().__init__(RoleReferenceProvider(), f"{at}/{key}", props, opts)
        declared.roles[at, name] = self


class VendorGrantResource(AccountObject):
    """Behind `VendorGrant`: the whole presence of one vendor in one account."""

    unknown: pulumi.Output[list[str]]

    def __init__(
        self,
        vendor: str,
        *,
        account: Any,
        domains: Sequence[str],
        people: Mapping[str, Any],
        until: str,
        owner: str,
        reason: str,
        aliases: Sequence[str],
        on_destroy: OnDestroy | None,
        successor: str | None,
        adopt: bool,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        declared = program()
        restore_pickler()
        known = account_of(account, f"VendorGrant {vendor}")
        if known is None or not declared.claim("VendorGrant", known.config.key, vendor):
            return
        at = known.config.key
        what = f"VendorGrant {vendor} in {at}"
        _check_date(until, f"until of {what}")
        for field, value in (("owner", owner), ("reason", reason)):
            if not value:
                declared.problem(
                    f"{what} needs an {field}" if field == "owner" else f"{what} needs a reason"
                )
        if not domains:
            declared.problem(
                f"{what} needs the vendor's mail domains: by them its strays are found"
            )
        entries = _entries(known, people, what)
        props: dict[str, Any] = {
            "account": at,
            "vendor": vendor,
            "domains": {domain.strip().lower(): True for domain in sorted(domains)},
            "aliases": {alias.strip().lower(): True for alias in sorted(aliases)} or None,
            "people": entries,
            "until": until,
            "owner": owner,
            "reason": reason,
            "on_destroy": on_destroy
            or PLATFORMS[known.config.platform].manifest.softest_ending_verb,
            "successor": successor,
            "adopt": adopt or None,
            "unknown": None,
        }
        declared.vendor_domains(at, vendor, domains)
        declared.user("VendorGrant", at, what.removesuffix(f" in {at}"), props)
        waits = declared.waits_for(
            at, sorted({role for e in entries.values() for role in e["roles"]})
        )
        opts = self.options(known, vendor, waits, opts)
        super().__init__(VendorGrantProvider(), f"{at}/{vendor}", props, opts)


class RosterResource(AccountObject):
    """Behind `Roster`: the authoritative list of an account's members."""

    def __init__(
        self,
        *,
        account: Any,
        members: Mapping[str, Any],
        ignore: Mapping[str, str],
        on_destroy: OnDestroy | None,
        successor: str | None,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        declared = program()
        restore_pickler()
        known = account_of(account, "Roster")
        if known is None or not declared.claim("Roster", known.config.key, "roster"):
            return
        at = known.config.key
        entries = _entries(known, members, f"Roster of {at}")
        props: dict[str, Any] = {
            "account": at,
            "members": entries,
            "ignore": dict(sorted(ignore.items())) or None,
            "on_destroy": on_destroy
            or PLATFORMS[known.config.platform].manifest.softest_ending_verb,
            "successor": successor,
        }
        for pattern, why in ignore.items():
            if not why:
                declared.problem(f"Roster of {at}: ignoring {pattern!r} needs a reason")
        declared.rosters[at] = place()
        declared.user("Roster", at, "roster", props)
        waits = declared.waits_for(
            at, sorted({role for e in entries.values() for role in e["roles"]})
        )
        opts = self.options(known, "roster", waits, opts)
        super().__init__(RosterProvider(), f"{at}/roster", props, opts)


class Gate(Resource, module="martech", name="Gate"):
    """The stack's one guard; made by the package itself after the program's body has ended."""

    def __init__(self, declared: Program) -> None:
        restore_pickler()
        own = pulumi.ProviderResource("pulumi-python", "gate", {})
        props: dict[str, Any] = {
            "accounts": estate_inputs(declared.estate()),
            "limits": declared.limits.model_dump(),
            "problems": declared.whole() or None,
        }
        opts = pulumi.ResourceOptions(provider=own, depends_on=list(declared.providers))
        super().__init__(GateProvider(), "gate", props, opts)


def limits(
    *,
    removals: Limit | None = None,
    stack_removals: Limit | None = None,
    privilege_increases: Limit | None = None,
    new_domains: Limit | None = None,
    company_domains: Sequence[str] = (),
) -> None:
    """Set the limits of this stack's gate; what is not given keeps its default.

    Args:
        removals: logins that may lose access in one account in one run.
        stack_removals: the same over all accounts together.
        privilege_increases: logins that may become administrators of one account in one run.
        new_domains: mail domains that may appear for the first time in one run.
        company_domains: mail domains of our own, that others must not be made to look like.
    """
    given = {
        "removals": removals,
        "stack_removals": stack_removals,
        "privilege_increases": privilege_increases,
        "new_domains": new_domains,
    }
    declared = program()
    update = {name: limit for name, limit in given.items() if limit is not None}
    declared.limits = declared.limits.model_copy(update=update)
    declared.company_domains |= {domain.strip().lower() for domain in company_domains}


__all__ = ["Limit", "Limits", "limits"]


def _entries(account: AccountResource, people: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Return people as entries: login in normal case to roles and attributes."""
    platform = PLATFORMS[account.config.platform]
    found: dict[str, Any] = {}
    for login, person in people.items():
        given = dict(person)
        entry = {
            "roles": {role: True for role in sorted(role_names(given.pop("roles", ())))},
            **{name: value for name, value in given.items() if value is not None},
        }
        normal = platform.manifest.normal_login(login)
        if normal in found:
            program().problem(f"{what}: {normal} is named twice (logins differ only in case)")
        _check_arguments(platform.user, {"login": normal, **entry}, f"{normal} in {what}")
        found[normal] = shape.with_defaults(account.config.platform, entry)
    return dict(sorted(found.items()))


def _check_arguments(model: Any, props: Mapping[str, Any], what: str) -> None:
    """Note what the platform's argument model says is wrong."""
    given = {name: value for name, value in props.items() if name in model.model_fields}
    if any(isinstance(value, pulumi.Output) for value in given.values()):
        return
    given["roles"] = tuple(given.get("roles") or ())
    try:
        model.model_validate(given)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            where = ".".join(str(part) for part in item["loc"]) or "arguments"
            program().problem(f"{what}: {where}: {item['msg']}")


def _check_date(value: str | None, what: str) -> None:
    if value is None:
        return
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        program().problem(f"{what}: {value!r} is no date like 2027-06-30")
