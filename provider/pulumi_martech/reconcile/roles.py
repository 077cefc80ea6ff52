"""Native roles: those we own, and those that must be there."""

from typing import Literal

from pulumi_martech.model.attestation import Asked
from pulumi_martech.model.errors import (
    AlreadyExists,
    Different,
    MartechError,
    NotApplied,
    NotThere,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.model.identity import near
from pulumi_martech.model.membership import NativeRole
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.base import OwnsRoles, RoleArguments
from pulumi_martech.reconcile import attested
from pulumi_martech.reconcile.readback import ATTEMPTS, not_known, unclear
from pulumi_martech.reconcile.session import Session

Presence = Literal["present", "unproven"]
"""Whether a role was seen, or the platform cannot show it and nobody holds it yet."""

HOW = Literal["made", "asked", "equal", "resumed"]


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


def read(session: Session, id_: str, name: str, asked: Asked | None = None) -> NativeRole | None:
    """Return the role as it is; one that the listing lacks is asked for by name first."""
    if session.manifest.attested:
        return attested.see_role(session, id_, name, asked)
    session.journal.recorded("role", name, id_)
    listed = session.listing().roles()
    roles = [] if isinstance(listed, Unknown) else listed
    found = [role for role in roles if role.id == id_] or [r for r in roles if r.name == name]
    if found:
        return found[0]
    return owner(session, f"read role {name}").find_role(name)


def create(session: Session, key: str, wish: RoleArguments) -> tuple[NativeRole, HOW]:
    """Make the role, or take over the one of its name; return it with how that was."""
    if session.manifest.attested:
        asked_for, said = attested.bring_role(session, key, wish.name, wish, None, new=True)
        if said == "equal":
            session.report.adopted("role", key)
        return asked_for, said
    tried = f"create role {wish.name} in account {session.config.key}"
    session.before_write(tried)
    connector = owner(session, tried)
    note = session.journal.made_by_us("role", wish.name)
    live = connector.find_role(wish.name)
    if live is not None:
        session.role_came(live)
        session.report.adopted("role", key)
        return live, "resumed" if note else "equal"
    if note is not None:
        session.journal.undone(note.id)
    entry = session.journal.begin("role", wish.name, key)
    try:
        live, how = _make(session, connector, key, wish, entry, tried)
    except MartechError:
        if session.journal.made_by_us("role", wish.name):
            session.report.left_behind("role", wish.name)
        raise
    session.role_came(live)
    if how == "made":
        session.report.wrote("create role")
    else:
        session.report.adopted("role", key)
    return live, how


def _make(
    session: Session,
    connector: OwnsRoles,
    key: str,
    wish: RoleArguments,
    entry: str,
    tried: str,
) -> tuple[NativeRole, HOW]:
    """Send the create until a reading shows the role; never twice without a reading between."""
    unanswered: MartechError | None = None
    for _ in range(ATTEMPTS):
        taken: MartechError | None = None
        said_yes = False
        try:
            with session.call(key, "create role", "", [wish.name]) as call:
                call.target = id_ = connector.create_role(wish)
            session.journal.made(entry, id_)
            said_yes = True
        except AlreadyExists as error:
            taken = error
        except MartechError as error:
            if not unclear(error):
                if unanswered is None:
                    session.journal.undone(entry)
                raise
            unanswered = error
        live = _find_after(session, connector, wish.name, tried, taken or unanswered)
        if live is not None:
            session.journal.made(entry, live.id)
            if unanswered is not None:
                session.report.resolved(f"{tried}: {unanswered.said}")
            elif taken is not None:
                session.journal.undone(entry)
                return live, "equal"
            return live, "made"
        if said_yes:
            raise NotApplied(
                tried,
                "the platform said yes, but the role is not there",
                "it was not made, or not yet",
                "run again; if it still is not there, look at the platform's own log",
            )
        if taken is not None:
            if unanswered is None:
                session.journal.undone(entry)
            raise taken
    assert unanswered is not None  # noqa: S101 - every other way out of the loop returns or raises
    raise unanswered


def update(
    session: Session,
    key: str,
    id_: str,
    name: str,
    wish: RoleArguments,
    asked: Asked | None = None,
) -> NativeRole:
    """Change the role into what is declared; a role of the new name that is another is refused."""
    if session.manifest.attested:
        return attested.bring_role(session, key, id_, wish, asked, new=False)[0]
    tried = f"change role {name} in account {session.config.key}"
    session.before_write(tried)
    connector = owner(session, tried)
    there = connector.find_role(wish.name)
    if there is not None and (there.id == id_ or wish.name == name):
        session.role_came(there)
        return there
    if there is not None:
        raise Different(
            tried,
            f"another role is called {wish.name} already",
            "nothing was written",
            "choose another name",
        )
    unanswered: MartechError | None = None
    try:
        with session.call(key, "change role", id_, [f"{name} -> {wish.name}"]):
            connector.change_role(id_, wish)
    except NotThere:
        raise NotThere(
            tried,
            "it is not there any more",
            "nothing was written",
            "refresh, then run again to make it anew",
        ) from None
    except MartechError as error:
        if not unclear(error):
            raise
        unanswered = error
    live = _find_after(session, connector, wish.name, tried, unanswered)
    if live is None or live.id != id_:
        raise unanswered or NotApplied(
            tried,
            "the platform said yes, but the role has not changed",
            "it has its old name",
            "look at the platform's rules for names, then run again",
        )
    if unanswered is not None:
        session.report.resolved(f"{tried}: {unanswered.said}")
    session.role_came(live)
    session.report.wrote("change role")
    return live


def remove(session: Session, key: str, id_: str, name: str, asked: Asked | None = None) -> None:
    """Remove the role; one that members still hold is refused, one that is gone is success.

    The account is listed afresh before, because whoever holds the role loses it unseen. Members
    that are switched off have nothing to lose: whom a run has just deactivated is one of them.
    """
    if session.manifest.attested:
        attested.end_role(session, key, id_, name, asked)
        return
    tried = f"remove role {name} in account {session.config.key}"
    session.before_write(tried)
    connector = owner(session, tried)
    live = connector.find_role(name)
    if live is None or live.id != id_:
        session.role_went(id_)
        session.journal.recorded("role", name, id_)
        return
    session.forget_listing()
    session.refuse_held(name, tried)
    unanswered: MartechError | None = None
    try:
        with session.call(key, "remove role", id_, [name]):
            connector.remove_role(id_)
    except MartechError as error:
        if not unclear(error):
            raise
        unanswered = error
    left = _find_after(session, connector, name, tried, unanswered)
    if left is not None and left.id == id_:
        raise unanswered or NotApplied(
            tried,
            "the platform said yes, but the role is still there",
            "it was not removed",
            "remove it by hand, then run again",
        )
    session.role_went(id_)
    session.journal.recorded("role", name, id_)
    session.report.wrote("remove role")


def _find_after(
    session: Session,
    connector: OwnsRoles,
    name: str,
    tried: str,
    unanswered: MartechError | None,
) -> NativeRole | None:
    try:
        return connector.find_role(name)
    except MartechError as error:
        raise not_known(tried, unanswered, error) from None


def reference(session: Session, name: str) -> tuple[NativeRole, Presence]:
    """Find a role that must be there.

    Where the platform lists roles it must be listed; else it is *present* if it is built in or
    somebody holds it, and *unproven* otherwise. Raises `UnknownRole` with near matches.
    """
    if session.manifest.attested:
        return attested.reference(session, name)
    listing = session.listing()
    listed = listing.roles()
    if isinstance(listed, Unknown):
        seen = name in session.manifest.builtin_roles or name in listing.role_names()
        return NativeRole(id=name, name=name), "present" if seen else "unproven"
    for role in listed:
        if role.name == name:
            return role, "present"
    if isinstance(session.connector, OwnsRoles):
        found = session.connector.find_role(name)
        if found is not None:
            session.role_came(found)
            return found, "present"
    hint = near(name, [role.name for role in listed])
    raise UnknownRole(
        f"refer to role {name} in account {session.config.key}",
        f"there is no such role {hint}".strip(),
        "nothing was written",
        "make it on the platform, or declare a Role",
    )
