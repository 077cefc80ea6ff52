"""Who holds what, taken from the inputs of resources: one reading for gate and plan."""

from collections.abc import Mapping
from typing import Any

from pulumi_martech.policy.guards import Holding

HOLDERS = ("MartechUser", "VendorGrant", "Roster")
"""Kinds of resource whose inputs say who holds what."""


def holding(login: str, entry: Mapping[str, Any], until: str = "") -> Holding:
    """Return what an entry (``roles`` map, perhaps ``email``) means for a login.

    Who is switched off holds nothing: switching off counts as losing access.
    """
    address = entry.get("email")
    if not isinstance(address, str):
        address = login
    domain = address.rsplit("@", 1)[1].lower() if "@" in address else ""
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
        login: holding(login, entry, until)
        for login, entry in people.items()
        if isinstance(entry, Mapping)
    }
