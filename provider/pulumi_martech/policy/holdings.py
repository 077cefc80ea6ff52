"""Who holds what, taken from the inputs of resources: one reading for gate and plan."""

from collections.abc import Collection, Mapping
from typing import Any

from pulumi_martech.model.capability import DataClass
from pulumi_martech.model.content import Declared
from pulumi_martech.model.identity import domain_of
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.guards import AccountHoldings, Holding

HOLDERS = ("MartechUser", "VendorGrant", "Roster")
"""Kinds of resource whose inputs say who holds what."""


def holding(login: str, entry: Mapping[str, Any], until: str = "") -> Holding:
    """Return what an entry (``roles`` map, perhaps ``email``) means for a login.

    Who is switched off holds nothing: switching off counts as losing access.
    """
    address = entry.get("email")
    if not isinstance(address, str):
        address = login
    domain = domain_of(address)
    roles = entry.get("roles")
    if not isinstance(roles, Mapping) or entry.get("active") is False:
        roles = {}
    return Holding(roles=frozenset(roles), domain=domain, until=until)


def holdings(kind: str, inputs: Mapping[str, Any]) -> dict[str, Holding]:
    """Return the logins that a resource's checked inputs name, with what they hold.

    ``kind`` is one of `HOLDERS`; anything else, and values not known yet, hold nothing.
    """
    until = str(inputs.get("until") or "")
    if kind == "MartechUser":
        login = inputs.get("login")
        return {login: holding(login, inputs, until)} if isinstance(login, str) else {}
    people = inputs.get({"VendorGrant": "people", "Roster": "members"}.get(kind, ""))
    if not isinstance(people, Mapping):
        return {}
    return {
        login: holding(login, entry, first_end(entry, until))
        for login, entry in people.items()
        if isinstance(entry, Mapping)
    }


def first_end(entry: Mapping[str, Any], until: str) -> str:
    """Return the end of an entry of a map that ends by itself on ``until``, if that is said."""
    own = str(entry.get("until") or "")
    return min(own, until) if own and until else own or until


def rights_given(platform: str, content: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the native rights that a role of ours gives by its content, ``None`` if not known."""
    kind = PLATFORMS[platform].role if platform in PLATFORMS else None
    given = content.get(kind.rights) if kind and kind.rights else None
    if isinstance(given, Mapping):
        return frozenset(name for name, on in given.items() if on)
    return frozenset(given) if isinstance(given, Collection) else None


def account_inputs(account: AccountHoldings) -> dict[str, Any]:
    """Return an account as an input of the gate: maps throughout, one login one line of diff.

    What nobody said is left out, so that a gate of before it could be said stays as it is.
    """
    written = {
        role: said.model_dump(mode="json", exclude_defaults=True)
        for role, said in sorted(account.declared.items())
    }
    rights = {
        role: {name: True for name in sorted(given)}
        for role, given in sorted(account.rights.items())
    }
    return {
        "address": account.address,
        "renamed_from": account.renamed_from,
        "administrators": {role: True for role in sorted(account.administrators)},
        "protected": {login: True for login in sorted(account.protected)},
        **({"roles": dict(sorted(account.roles.items()))} if account.roles else {}),
        **({"rights": rights} if rights else {}),
        "logins": {
            login: {
                "roles": {role: True for role in sorted(has.roles)},
                "domain": has.domain,
                **({"until": has.until} if has.until else {}),
            }
            for login, has in sorted(account.logins.items())
        },
        **({"declared": written} if written else {}),
        **({"data_class": "sensitive"} if account.data is DataClass.SENSITIVE else {}),
    }


def account_of(said: Mapping[str, Any]) -> AccountHoldings:
    """Return the account that `account_inputs` wrote down."""
    sensitive = said.get("data_class") == "sensitive"
    return AccountHoldings(
        address=said.get("address", ""),
        renamed_from=said.get("renamed_from", ""),
        administrators=frozenset(said.get("administrators") or ()),
        protected=frozenset(said.get("protected") or ()),
        roles={name: str(key) for name, key in (said.get("roles") or {}).items()},
        rights={role: frozenset(given) for role, given in (said.get("rights") or {}).items()},
        logins={
            login: Holding(
                roles=frozenset(has.get("roles") or ()),
                domain=has.get("domain", ""),
                until=has.get("until", ""),
            )
            for login, has in (said.get("logins") or {}).items()
        },
        declared={
            role: Declared.model_validate(content)
            for role, content in (said.get("declared") or {}).items()
        },
        data=DataClass.SENSITIVE if sensitive else DataClass.PERSONAL,
    )
