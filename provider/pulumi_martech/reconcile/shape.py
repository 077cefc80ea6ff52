"""The shape of inputs: what ``check`` answers and ``read`` must answer, to and from the model.

A membership's inputs are ``{"account", "person", "login", "roles": {name: True}, attribute: value,
"on_destroy", ...}``. Roles are a map and not a list because their order means nothing: one role
more is then one line of diff.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from pulumi_martech.model.content import Declared
from pulumi_martech.model.membership import Membership, Status, Wish
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.base import UserArguments
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile import users
from pulumi_martech.reconcile.session import Session

Entry = dict[str, Any]
"""What one login has: ``{"roles": {name: True}, attribute: value, ...}``."""


UNTIL = "until"
"""What an entry of a map has of ours besides: its last day, YYYY-MM-DD."""


def declared_by(inputs: Mapping[str, Any]) -> Declared | None:
    """Return what a `RoleReference` declares by its inputs, ``None`` where that is nothing."""
    said = {
        "content": list(inputs.get("content") or ()),
        "by": inputs.get("declared_by"),
        "on": inputs.get("declared_on"),
    }
    try:
        return Declared.model_validate(said) if all(said.values()) else None
    except ValidationError:
        return None


def attribute_names(platform: str) -> frozenset[str]:
    """Return the names of the platform's own user attributes."""
    return frozenset(PLATFORMS[platform].user.model_fields) - UserArguments.model_fields.keys()


def with_defaults(platform: str, inputs: Mapping[str, Any]) -> Entry:
    """Return inputs with the platform's own defaults filled in, such as ``active``."""
    fields = PLATFORMS[platform].user.model_fields
    defaults = {
        name: fields[name].default
        for name in attribute_names(platform)
        if not fields[name].is_required() and fields[name].default is not None
    }
    return {**defaults, **inputs}


def arguments(platform: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs as the platform's argument model takes them: sets in place of maps."""
    fields = PLATFORMS[platform].user.model_fields
    return {
        name: tuple(value) if name == "roles" or isinstance(value, Mapping) else value
        for name, value in inputs.items()
        if name in fields and value is not None
    }


def plain(value: Any) -> Any:
    """Return an attribute as inputs have it: a set as a map, the form without an order."""
    if isinstance(value, frozenset | set | list | tuple):
        return {str(item): True for item in sorted(value, key=str)}
    return value


def entry(platform: str, inputs: Mapping[str, Any]) -> Entry:
    """Return the entry within a user's inputs: roles and the managed attributes."""
    names = attribute_names(platform)
    kept = {name: value for name, value in inputs.items() if name in names and value is not None}
    return {"roles": dict(inputs.get("roles") or {}), **kept}


def wish(session: Session, login: str, wanted: Mapping[str, Any]) -> Wish:
    """Return the wish that an entry states, with role ids resolved.

    Raises `UnknownRole` before anything is written.
    """
    login = session.manifest.normal_login(login)
    tried = f"give {login} its roles in account {session.config.key}"
    roles = users.resolve_roles(session, list(wanted.get("roles") or {}), tried)
    names = attribute_names(session.config.platform)
    said = {
        name: frozenset(value) if isinstance(value, Mapping) else value
        for name, value in wanted.items()
        if name in names and value is not None
    }
    once = said_once(session.config.platform)
    return Wish(
        login=login,
        roles=roles,
        attributes={name: value for name, value in said.items() if name not in once},
        once={name: value for name, value in said.items() if name in once},
    )


def said_once(platform: str) -> frozenset[str]:
    """Return the names of the arguments that only matter when a user is made."""
    return PLATFORMS[platform].user.once


def live_entry(
    member: Membership, declared: Mapping[str, Any], once: Collection[str] = ()
) -> Entry:
    """Return what a member has, in the shape of ``declared``.

    Attributes that are not declared are not managed and stay out; unknown roles stay as declared.
    So does everything that is declared of a member whose invitation is pending, and of one that was
    asked for: what came of it otherwise shows as a difference once it is accepted or attested, not
    before.
    """
    if declared and member.status in (Status.PENDING, Status.ASKED):
        return {**declared, "roles": dict(declared.get("roles") or {})}
    roles = (
        dict(declared.get("roles") or {})
        if isinstance(member.roles, Unknown)
        else {role: True for role in sorted(member.roles)}
    )
    found: Entry = {"roles": roles}
    for name, wanted in declared.items():
        if name in once or name == UNTIL:  # nobody can read it: it is as it was said
            found[name] = wanted
        elif name in member.attributes:
            found[name] = plain(member.attributes[name])
        elif wanted in ("", {}):  # what is not there is what an empty text or set asks for
            found[name] = wanted
    return found
