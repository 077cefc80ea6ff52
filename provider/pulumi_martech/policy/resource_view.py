"""The same view for rules, from the resources of a stack: for programs without a document.

Resources say less than a document: who is in a team, why a grant was given, how people log in.
Rules that need that are not judged here (`Rule.on_resources`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from pulumi_martech.model.access import Access, Grant
from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.identity import domain_of, parents
from pulumi_martech.model.inventory import Account, DataHeld
from pulumi_martech.model.membership import KEY_LOGIN
from pulumi_martech.model.moment import over
from pulumi_martech.model.parties import Vendor
from pulumi_martech.model.people import Principal
from pulumi_martech.model.rules import PolicySetting
from pulumi_martech.policy.holdings import HOLDERS
from pulumi_martech.policy.leaving import entries
from pulumi_martech.policy.plans import Recorded
from pulumi_martech.policy.view import Entitlement, RoleHere, View, native_roles


def view_of_resources(
    resources: Iterable[Recorded],
    day: date,
    settings: Mapping[str, PolicySetting] | None = None,
) -> View:
    """Return what the resources of a stack let everybody do on a day.

    Args:
        resources: accounts and holders, in any order; others are passed over.
        day: the day to judge by.
        settings: of policies, by their ids.
    """
    listed = list(resources)
    accounts = _accounts(listed)
    vendors: dict[str, Vendor] = {}
    for resource in listed:
        vendor = _vendor(resource)
        if vendor is not None:
            vendors.setdefault(vendor.key, vendor)
    presences = _named(
        presence
        for resource in listed
        if (account := accounts.get(str(resource.inputs.get("account", "")))) is not None
        for presence in _presences(resource, account, day)
    )
    people = _people(presences, vendors)
    roles: dict[tuple[str, str], RoleHere] = {}
    found = []
    for each in presences:
        # One by one, as grants are: the Administrator role exempts nothing that is held besides.
        for native in each.natives or ("",):
            here = (each.account.key, native)
            if here not in roles:
                roles[here] = native_roles(each.account, [native] if native else [], day)
            grant = Grant(who=each.who, role=native or "membership", account=each.account.key)
            found.append(
                Entitlement(people[each.who], each.account, grant, -1, each.until, roles[here])
            )
    access = Access(
        people=people,
        accounts=accounts,
        vendors=vendors,
        policies=dict(settings or {}),
    )
    return View(access, day, tuple(found))


@dataclass(frozen=True)
class _Presence:
    """A log-in in an account, with who holds it as far as the resource itself says."""

    who: str
    login: str
    email: str
    account: Account
    natives: tuple[str, ...]
    until: date | datetime | None
    vendor: str


def _kind(resource: Recorded) -> str:
    return resource.kind.partition(":")[2]


def _presences(resource: Recorded, account: Account, day: date) -> Iterator[_Presence]:
    """Yield the log-ins that a resource declares, without what has ended or is switched off."""
    inputs, kind = resource.inputs, _kind(resource)
    vendor = _vendor(resource)
    until = vendor.until if vendor is not None else _end(inputs)
    if kind not in HOLDERS or over(until, day) or (kind == "VendorGrant" and vendor is None):
        return
    for login, entry in entries(kind, inputs).items():
        first = min((end for end in (until, _end(entry)) if end is not None), default=None)
        if entry.get("active") is False or over(first, day):
            continue
        email = entry.get("email")
        yield _Presence(
            who=str(inputs.get("person") or "") if kind == "MartechUser" else "",
            login=login,
            email=email if isinstance(email, str) else login if "@" in login else "",
            account=account,
            natives=tuple(sorted(entry.get("roles") or ())),
            until=first,
            vendor=vendor.key if vendor is not None else "",
        )


def _end(inputs: Mapping[str, Any]) -> date | None:
    until = inputs.get("until")
    return date.fromisoformat(until[:10]) if isinstance(until, str) and until else None


def _named(presences: Iterable[_Presence]) -> list[_Presence]:
    """Return presences with a key for everybody: two with one address are one person."""
    listed = list(presences)
    keys: dict[str, str] = {}
    for each in listed:
        for address in (each.login, each.email):
            if each.who and address:
                keys.setdefault(address.casefold(), each.who)
    found = []
    for each in listed:
        who = each.who or keys.get(each.login.casefold()) or keys.get(each.email.casefold())
        who = who or keys.setdefault((each.email or each.login).casefold(), each.login)
        found.append(replace(each, who=who))
    return found


def _people(presences: Iterable[_Presence], vendors: Mapping[str, Vendor]) -> dict[str, Principal]:
    """Return everybody with all their log-ins; who logs in at a vendor's domain is the vendor's."""
    owners = {
        part.strip().lower(): vendor.key
        for vendor in vendors.values()
        for part in (*vendor.domains, *vendor.aliases)
    }
    found: dict[str, Principal] = {}
    for each in presences:
        of = each.vendor or next(
            (
                owners[part]
                for address in (each.login, each.email)
                for part in (address.lower(), *parents(domain_of(address)))
                if part in owners
            ),
            "",
        )
        known = found.get(each.who)
        if known is None:
            known = Principal(
                key=each.who,
                email=each.email,
                kind="service" if each.login.startswith(KEY_LOGIN) else "employee",
            )
        found[each.who] = known.model_copy(
            update={
                "logins": {**known.logins, each.account.key: each.login},
                "vendor": known.vendor or of,
                "owner": known.owner or (vendors[of].owner if of else ""),
            }
        )
    return found


def _accounts(resources: Iterable[Recorded]) -> dict[str, Account]:
    found = {}
    for resource in resources:
        config = AccountConfig.from_inputs(resource.inputs)
        if config is not None:
            said = config.model_dump(include=AccountConfig.model_fields.keys() & _SAME)
            found[config.key] = Account(
                key=config.key,
                platform=config.platform,
                role_content=config.role_content,
                roles=config.portable_roles,
                data=(DataHeld(data="sensitive"),) if config.data_class == "sensitive" else None,
                **said,
            )
    return found


_SAME = {"url", "administrators", "protected", "own_login", "successor", "tenant"}


def _vendor(resource: Recorded) -> Vendor | None:
    inputs = resource.inputs
    key, until = inputs.get("vendor"), inputs.get("until")
    if _kind(resource) != "VendorGrant" or not isinstance(key, str) or not isinstance(until, str):
        return None
    domains = inputs.get("domains") or ()
    return Vendor(
        key=key,
        domains=tuple(domains),
        aliases=tuple(inputs.get("aliases") or ()),
        until=until,  # type: ignore[arg-type]  # the model reads days and instants
        owner=str(inputs.get("owner") or ""),
        why=str(inputs.get("reason") or ""),
    )
