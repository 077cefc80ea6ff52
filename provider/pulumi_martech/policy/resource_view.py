"""The same view for rules, from the resources of a stack: for programs without a document.

Resources say less than a document: who is in a team, why a grant was given, how people log in.
Rules that need that are not judged here (`Rule.on_resources`).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pulumi_martech.model.access import Access, Grant
from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.membership import KEY_LOGIN
from pulumi_martech.model.moment import over
from pulumi_martech.model.parties import Vendor
from pulumi_martech.model.people import Principal
from pulumi_martech.model.rules import PolicySetting
from pulumi_martech.policy.plans import Recorded
from pulumi_martech.policy.view import Entitlement, View, native_roles


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
    people: dict[str, Principal] = {}
    vendors: dict[str, Vendor] = {}
    found: list[Entitlement] = []

    def hold(principal: Principal, account: Account, entry: Mapping[str, Any], end: Any) -> None:
        natives = tuple(entry.get("roles") or ())
        if entry.get("active") is False or not natives:
            return
        grant = Grant(who=principal.key, role="+".join(sorted(natives)), account=account.key)
        role = native_roles(account, natives, day)
        found.append(Entitlement(principal, account, grant, -1, end, role))

    for resource in listed:
        inputs, kind = resource.inputs, resource.kind.partition(":")[2]
        account = accounts.get(str(inputs.get("account", "")))
        if account is None:
            continue
        if kind == "MartechUser" and isinstance(inputs.get("login"), str):
            who = str(inputs.get("person") or inputs["login"])
            person = people.setdefault(who, _principal(who, inputs["login"], inputs))
            hold(person, account, inputs, None)
        elif kind == "Roster":
            for login, entry in (inputs.get("members") or {}).items():
                person = people.setdefault(login, _principal(login, login, entry))
                hold(person, account, entry, None)
        elif kind == "VendorGrant":
            vendor = _vendor(inputs)
            if vendor is None or over(vendor.until, day):
                continue
            vendors.setdefault(vendor.key, vendor)
            for login, entry in (inputs.get("people") or {}).items():
                person = _principal(login, login, entry).model_copy(
                    update={"vendor": vendor.key, "until": vendor.until, "owner": vendor.owner}
                )
                hold(people.setdefault(login, person), account, entry, vendor.until)
    access = Access(
        people=people,
        accounts=accounts,
        vendors=vendors,
        policies=dict(settings or {}),
    )
    return View(access, day, tuple(found))


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
                **said,
            )
    return found


_SAME = {"url", "administrators", "protected", "own_login", "successor", "tenant"}


def _principal(key: str, login: str, entry: Mapping[str, Any]) -> Principal:
    email = entry.get("email")
    address = email if isinstance(email, str) else login if "@" in login else ""
    return Principal(
        key=key, email=address, kind="service" if login.startswith(KEY_LOGIN) else "employee"
    )


def _vendor(inputs: Mapping[str, Any]) -> Vendor | None:
    key, until = inputs.get("vendor"), inputs.get("until")
    if not isinstance(key, str) or not isinstance(until, str):
        return None
    domains = inputs.get("domains") or ()
    return Vendor(
        key=key,
        domains=tuple(domains),
        until=until,  # type: ignore[arg-type]  # the model reads days and instants
        owner=str(inputs.get("owner") or ""),
        why=str(inputs.get("reason") or ""),
    )
