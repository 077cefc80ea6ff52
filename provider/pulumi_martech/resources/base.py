"""The classes behind the typed resources of each platform."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pulumi
from pydantic import ValidationError

from pulumi_martech.model.identity import check_name, near
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.portable import PORTABLE_ROLES, PortableRole
from pulumi_martech.model.wording import in_words
from pulumi_martech.platforms.base import OnDestroy
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.holdings import rights_given
from pulumi_martech.policy.roles import portable_roles
from pulumi_martech.reconcile import shape
from pulumi_martech.resources.accounts import (
    AccountObject,
    AccountResource,
    account_of,
)
from pulumi_martech.resources.arguments import by_text, listed, shown, texts
from pulumi_martech.resources.maps import RosterProvider, VendorGrantProvider
from pulumi_martech.resources.pickler import restore_pickler
from pulumi_martech.resources.program import place, program
from pulumi_martech.resources.roles import RoleProvider, RoleReferenceProvider
from pulumi_martech.resources.users import UserProvider


def absent(sentence: str) -> Any:
    """Return what stands for a resource that a platform cannot have: it notes why not."""

    class Absent:
        def __init__(self, key: str, *, name: str = "", **_: Any) -> None:
            self.role_name = name or key
            program().problem(f"Role {key}: {sentence}")

    return Absent


def role_names(
    account: AccountResource, roles: Any, what: str, external: bool = False
) -> list[str]:
    """Return the names of native roles given by name, as resources, or as portable roles.

    A portable role becomes what stands for it in the account. ``external`` people belong to a
    vendor or partner.
    """
    manifest = PLATFORMS[account.config.platform].manifest
    names: list[str] = []
    for role in listed(roles, f"{what}: roles"):
        if isinstance(role, PortableRole):
            names += _native_roles(account, role, what, external)
            continue
        name = role if isinstance(role, str) else getattr(role, "role_name", None)
        if not isinstance(name, str) or not name.strip():
            program().problem(
                f"{what}: a role is given by its name, a Role, a RoleReference or portable(...), "
                f"not by {shown(role)}"
            )
            continue
        names.append(manifest.normal_role(name))
    return list(dict.fromkeys(names))


def _native_roles(
    account: AccountResource, role: PortableRole, what: str, external: bool
) -> Sequence[str]:
    """Return what stands for a portable role in an account; what cannot be is noted."""
    config, declared = account.config, program()
    if role.key not in PORTABLE_ROLES:
        return ()  # noted where it was named
    if role.partner and not external:
        declared.problem(
            f"{what}: {role.title} is for people of a partner organisation, with an end; give it "
            f"in a VendorGrant"
        )
    if external and role.key == "administrator":
        declared.problem(f"{what}: external people never get {role.title}; give a narrower role")
    natives = portable_roles(config).get(role.key)
    if natives is None:
        title = PLATFORMS[config.platform].manifest.title
        hint = near(role.key, declared.role_names(config.key))
        declared.problem(
            f"{what}: nothing in {config.key} ({title}) stands for the portable role "
            f"{role.key!r}; {f'{hint} ' if hint else ''}say portable_roles="
            f"{{{role.key!r}: ['NAME']}} on the Account; `martech role explain {role.key} --on "
            f"{config.platform}` shows what it needs there",
            about=f"{config.key} {role.key}",
        )
    return natives or ()


def _asked(manifest: Manifest) -> dict[str, Any]:
    """Return the output that says what is asked of a person, on platforms that have it."""
    return {"asked": None} if manifest.attested else {}


def _lower(given: Any, what: str) -> list[str]:
    """Return a list of texts, in lower case."""
    return sorted(text.strip().lower() for text in texts(given, what))


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
        reinvite: str | None = None,
        delete_content: str | None = None,
        until: str | None = None,
    ) -> None:
        declared = program()
        known = account_of(account, f"MartechUser {person}", self.platform)
        if known is None or not declared.claim("MartechUser", known.config.key, person):
            return
        platform = PLATFORMS[known.config.platform]
        what = f"MartechUser {person} in {known.config.key}"
        names = role_names(known, roles, what)
        _check_date(until, f"until of {what}")
        props: dict[str, Any] = {
            "account": known.config.key,
            "person": person,
            "login": platform.manifest.normal_login(login) if isinstance(login, str) else login,
            "roles": {name: True for name in sorted(names)},
            **{n: shape.plain(value) for n, value in attributes.items() if value is not None},
            "on_destroy": on_destroy or platform.manifest.softest_ending_verb,
            "successor": successor,
            "delete_content": delete_content,
            "adopt": adopt or None,
            "reinvite": reinvite,
            "until": until,
            "native_id": None,
            "status": None,
            **({} if platform.manifest.creation == "direct" else {"expires_at": None}),
            **_asked(platform.manifest),
        }
        _check_arguments(platform.user, props, what)
        written = {str(props["login"]): str(login)}
        declared.user("MartechUser", known.config.key, f"MartechUser {person}", props, written)
        self.enlist(UserProvider(), known, person, props, names, opts)


class RoleResource(AccountObject):
    """Behind `Role`: a native role we own."""

    native_id: pulumi.Output[str]
    role_name: str
    content: Mapping[str, Any]

    def __init__(
        self,
        key: str,
        *,
        account: Any,
        name: str,
        attributes: Mapping[str, Any],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        self.role_name, self.content = name, {}
        declared = program()
        restore_pickler()
        known = account_of(account, f"Role {key}", self.platform)
        if known is None or not declared.claim("Role", known.config.key, key):
            return
        at = known.config.key
        for problem in check_name(name) if isinstance(name, str) else ["is no text"]:
            declared.problem(f"Role {key} of {at}: name {str(name)[:40]!r} {problem}")
        if not isinstance(name, str):
            return
        self.content = _role_content(known, name, attributes, f"Role {key} of {at}")
        props: dict[str, Any] = {
            "account": at,
            "role": key,
            "name": name,
            **{n: shape.plain(value) for n, value in self.content.items()},
            "native_id": None,
            **_asked(PLATFORMS[known.config.platform].manifest),
        }
        if (at, name) in declared.roles:
            declared.problem(f"role {name!r} of {at} is declared twice; take one away")
        opts = self.options(known, key, declared.waits_for(), opts)
        super().__init__(RoleProvider(), f"{at}/{key}", props, opts)
        declared.roles[at, name] = self
        declared.role_keys[at, name] = key
        given = rights_given(known.config.platform, self.content)
        if given is not None:
            declared.role_rights[at, name] = given


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
        if isinstance(name, str):
            name = PLATFORMS[self.platform].manifest.normal_role(name)
        self.role_name = name
        declared = program()
        restore_pickler()
        known = account_of(account, f"RoleReference {key}", self.platform)
        if known is None or not declared.claim("RoleReference", known.config.key, key):
            return
        at = known.config.key
        if not isinstance(name, str):
            declared.problem(f"RoleReference {key} of {at}: name {str(name)[:40]!r} is no text")
            return
        names = texts(content, f"RoleReference {key} of {at}: content")
        if names and not (declared_by and declared_on):
            declared.problem(
                f"role {name!r} of {at}: declared content needs declared_by and declared_on"
            )
        _check_date(declared_on, f"declared_on of role {name!r} of {at}")
        said = shape.declared_by(
            {"content": names, "declared_by": declared_by, "declared_on": declared_on}
        )
        if said is not None:
            declared.role_declared(at, str(name), said)
        props: dict[str, Any] = {
            "account": at,
            "role": key,
            "name": name,
            "content": {item: True for item in sorted(names)} or None,
            "declared_by": declared_by,
            "declared_on": declared_on,
            "native_id": None,
            "presence": None,
        }
        waits = declared.waits_for(at, [name], looks=True)
        super().__init__(
            RoleReferenceProvider(), f"{at}/{key}", props, self.options(known, key, waits, opts)
        )
        declared.references[at, name] = self


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
        delete_content: str | None = None,
    ) -> None:
        declared = program()
        known = account_of(account, f"VendorGrant {vendor}", self.platform)
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
        mail_domains = _lower(domains, f"{what}: domains")
        entries = _entries(known, people, what, external=True)
        props: dict[str, Any] = {
            "account": at,
            "vendor": vendor,
            "domains": {domain: True for domain in mail_domains},
            "aliases": {alias: True for alias in _lower(aliases, f"{what}: aliases")} or None,
            "people": entries,
            "until": until,
            "owner": owner,
            "reason": reason,
            "on_destroy": on_destroy
            or PLATFORMS[known.config.platform].manifest.softest_ending_verb,
            "successor": successor,
            "delete_content": delete_content,
            "adopt": adopt or None,
            "unknown": None,
        }
        declared.vendor_domains(at, vendor, mail_domains)
        declared.user("VendorGrant", at, what.removesuffix(f" in {at}"), props)
        given = sorted({role for e in entries.values() for role in e["roles"]})
        self.enlist(VendorGrantProvider(), known, vendor, props, given, opts)


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
        adopt: bool,
        opts: pulumi.ResourceOptions | None,
        delete_content: str | None = None,
    ) -> None:
        declared = program()
        known = account_of(account, "Roster", self.platform)
        if known is None or not declared.claim("Roster", known.config.key, "roster"):
            return
        at = known.config.key
        entries = _entries(known, members, f"roster in {at}")
        ignored = by_text(ignore, f"Roster of {at}: ignore", "{'*@partner.example': 'why'}")
        props: dict[str, Any] = {
            "account": at,
            "members": entries,
            "ignore": dict(sorted(ignored.items())) or None,
            "on_destroy": on_destroy
            or PLATFORMS[known.config.platform].manifest.softest_ending_verb,
            "successor": successor,
            "delete_content": delete_content,
            "adopt": adopt or None,
        }
        for pattern, why in ignored.items():
            if not isinstance(why, str) or not why:
                declared.problem(f"Roster of {at}: ignoring {pattern!r} needs a reason")
        declared.rosters[at] = place()
        declared.user("Roster", at, "roster", props)
        given = sorted({role for e in entries.values() for role in e["roles"]})
        self.enlist(RosterProvider(), known, "roster", props, given, opts)


def _role_content(
    account: AccountResource, name: Any, attributes: Mapping[str, Any], what: str
) -> dict[str, Any]:
    """Return what a role holds in the form that is kept; note what is wrong with it.

    A role may start from one that was declared before.
    """
    kind = PLATFORMS[account.config.platform].role
    given = {
        argument: getattr(value, "role_name", value)
        for argument, value in attributes.items()
        if value is not None
    }
    if kind is None or not given or not isinstance(name, str):
        return {}
    at = account.config.key
    before = {
        other: role.content
        for (key, other), role in program().roles.items()
        if key == at and isinstance(role, RoleResource)
    }
    try:
        role = kind.model_validate({"name": name, **given}, context={"roles": before})
    except ValidationError as error:
        for argument, words in in_words(error):
            program().problem(f"{what}: {argument} {words}".replace(":  ", ": "))
        return {}
    return role.content()


def _entries(
    account: AccountResource, people: Mapping[str, Any], what: str, external: bool = False
) -> dict[str, Any]:
    """Return people as entries: login in normal case to roles and attributes."""
    platform = PLATFORMS[account.config.platform]
    found: dict[str, Any] = {}
    argument = "people" if external else "members"
    example = "{'ana@example.com': {'roles': ['...']}}"
    for login, person in by_text(people, f"{what}: {argument}", example).items():
        who = f"{login} in {what}"
        if not isinstance(person, Mapping):
            program().problem(f"{who}: write a dictionary such as {{'roles': ['...']}}")
            person = {}
        given = dict(person)
        until = given.pop(shape.UNTIL, None)
        _check_date(until, f"until of {who}")
        for name in sorted(given.keys() - platform.user.model_fields.keys()):
            hint = near(name, platform.user.model_fields)
            program().problem(f"{who}: {name} is not an argument{f'; {hint}' if hint else ''}")
            del given[name]
        names = role_names(account, given.pop("roles", None) or (), who, external)
        entry = {
            "roles": {role: True for role in sorted(names)},
            **{name: shape.plain(value) for name, value in given.items() if value is not None},
        }
        normal = platform.manifest.normal_login(login)
        if normal in found:
            program().problem(f"{what}: {normal} is named twice, in letters that differ in case")
        _check_arguments(platform.user, {"login": normal, **entry}, f"{normal} in {what}")
        found[normal] = shape.with_defaults(account.config.platform, entry)
        if until is not None:
            found[normal][shape.UNTIL] = until
    return dict(sorted(found.items()))


def _check_arguments(model: Any, props: Mapping[str, Any], what: str) -> None:
    """Note what the platform's argument model says is wrong."""
    given = {name: value for name, value in props.items() if name in model.model_fields}
    if any(isinstance(value, pulumi.Output) for value in given.values()):
        return
    given = {
        name: tuple(value) if isinstance(value, Mapping) else value for name, value in given.items()
    }
    try:
        model.model_validate(given)
    except ValidationError as error:
        for name, words in in_words(error):
            about = f"{name} of {what}"
            program().problem(f"{what}: {name} {words}", about=about)


def _check_date(value: str | None, what: str) -> None:
    if value is None:
        return
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        program().problem(f"{what}: {value!r} is no date like 2027-06-30")
