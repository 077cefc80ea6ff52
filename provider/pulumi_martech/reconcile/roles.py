"""Native roles: those we own, and those that must be there."""

from typing import Literal

from pulumi_martech.model.errors import (
    AlreadyExists,
    Different,
    Malformed,
    MartechError,
    NotApplied,
    Refused,
    Uncertain,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.model.identity import near
from pulumi_martech.model.membership import NativeRole
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.base import OwnsRoles, RoleArguments
from pulumi_martech.policy.guards import OVERRIDE, named
from pulumi_martech.reconcile.session import Session, override

ATTEMPTS = 5

Presence = Literal["present", "unproven"]
"""Whether a role was seen, or the platform cannot show it and nobody holds it yet."""


def owner(session: Session, tried: str) -> OwnsRoles:
    """Return the connector as one that owns roles, or refuse with the alternative."""
    if isinstance(session.connector, OwnsRoles):
        return session.connector
    raise Unsupported(
        tried,
        f"{session.manifest.title} has no way to make roles through its API",
        "nothing was written",
        "make the role by hand and declare a RoleReference",
    )


def read(session: Session, id_: str, name: str) -> NativeRole | None:
    """Return the role as it is; one that the listing lacks is asked for by name first."""
    listed = session.listing().directory.roles
    if not isinstance(listed, Unknown):
        for role in listed:
            if role.id == id_ or role.name == name:
                return role
    return owner(session, f"read role {name}").find_role(name)


def create(session: Session, key: str, wish: RoleArguments) -> tuple[NativeRole, str]:
    """Make the role; return it with how: ``made``, ``equal`` or ``resumed``."""
    tried = f"create role {wish.name} in account {session.config.key}"
    session.before_write(tried)
    connector = owner(session, tried)
    live = connector.find_role(wish.name)
    if live is not None:
        ours = session.journal.made_by_us("role", wish.name) is not None
        session.report.adopted("role", key)
        return live, "resumed" if ours else "equal"
    entry = session.journal.begin("role", wish.name, key)
    last: MartechError | None = None
    for _ in range(ATTEMPTS):
        try:
            with session.audit.call(key, "create role", "", [wish.name]):
                id_ = connector.create_role(wish)
            session.journal.made(entry, id_)
        except Refused as error:
            if error.status < 500 and not isinstance(error, AlreadyExists):
                session.journal.undone(entry)
                raise
            last = error
        except (Uncertain, Malformed) as error:
            last = error
        live = connector.find_role(wish.name)
        if live is not None:
            session.roles_changed()
            session.report.wrote("create role")
            return live, "made"
        if last is None:
            raise NotApplied(
                tried, "the platform said yes, but the role is not there", "", "look at it by hand"
            )
    assert last is not None  # noqa: S101 - the loop ran
    raise last


def update(session: Session, key: str, id_: str, name: str, wish: RoleArguments) -> NativeRole:
    """Change the role into what is declared; a role of the new name that is another is refused."""
    tried = f"change role {name} in account {session.config.key}"
    session.before_write(tried)
    connector = owner(session, tried)
    if wish.name == name:
        live = connector.find_role(name)
        if live is not None:
            return live
    else:
        other = connector.find_role(wish.name)
        if other is not None and other.id != id_:
            raise Different(
                tried,
                f"another role is called {wish.name} already",
                "nothing was written",
                "choose another name",
            )
    with session.audit.call(key, "change role", id_, [f"{name} -> {wish.name}"]):
        connector.change_role(id_, wish)
    live = connector.find_role(wish.name)
    if live is None or live.id != id_:
        raise NotApplied(
            tried, "the platform said yes, but the role has not changed", "", "look at it by hand"
        )
    session.roles_changed()
    session.report.wrote("change role")
    return live


def remove(session: Session, key: str, id_: str, name: str) -> None:
    """Remove the role; one that members still hold is refused, one that is gone is success."""
    tried = f"remove role {name} in account {session.config.key}"
    session.before_write(tried)
    connector = owner(session, tried)
    session.forget_listing()
    holders = [
        member.login
        for member in session.listing().members()
        if not isinstance(member.roles, Unknown) and name in member.roles
    ]
    if holders and not override():
        raise Different(
            tried,
            f"{len(holders)} members that this run leaves alone still hold it ({named(holders)})",
            OVERRIDE,
        )
    live = connector.find_role(name)
    if live is None or live.id != id_:
        return
    with session.audit.call(key, "remove role", id_, [name]):
        connector.remove_role(id_)
    if connector.find_role(name) is not None:
        raise NotApplied(
            tried, "the platform said yes, but the role is still there", "", "look at it by hand"
        )
    session.roles_changed()
    session.report.wrote("remove role")


def reference(session: Session, name: str) -> tuple[NativeRole, Presence]:
    """Find a role that must be there.

    Where the platform lists roles it must be listed; else it is *present* if it is built in or
    somebody holds it, and *unproven* otherwise. Raises `UnknownRole` with near matches.
    """
    listing = session.listing()
    listed = listing.directory.roles
    if isinstance(listed, Unknown):
        seen = name in session.manifest.builtin_roles or name in listing.role_names()
        return NativeRole(id=name, name=name), "present" if seen else "unproven"
    for role in listed:
        if role.name == name:
            return role, "present"
    if isinstance(session.connector, OwnsRoles):
        found = session.connector.find_role(name)
        if found is not None:
            return found, "present"
    hint = near(name, [role.name for role in listed])
    raise UnknownRole(
        f"refer to role {name} in account {session.config.key}",
        f"there is no such role {hint}".strip(),
        "nothing was written",
        "make it on the platform, or declare a Role",
    )
