"""Make one membership what is declared: find, make or adopt, change, end; read back each time."""

import contextlib
from collections.abc import Collection, Iterable
from typing import Literal

from pulumi_martech.model.errors import (
    AlreadyExists,
    Different,
    InvalidDeclaration,
    Malformed,
    MartechError,
    NotApplied,
    NotThere,
    Refused,
    Uncertain,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.model.identity import near
from pulumi_martech.model.membership import (
    Change,
    Membership,
    NativeRole,
    Status,
    Wish,
    difference,
)
from pulumi_martech.model.values import Frozen, Unknown
from pulumi_martech.platforms.base import (
    ChangesUsers,
    CreatesUsers,
    DeactivatesUsers,
    OnDestroy,
    OwnsRoles,
    RemovesUsers,
)
from pulumi_martech.reconcile.session import Session

ATTEMPTS = 5
"""How often one change is tried, each time after a reading that showed it is still to be done."""


class Outcome(Frozen):
    """What was found or done for one membership.

    ``how``: *made* here and now; *equal*: it was there already and is what is declared; *adopted*:
    it was there, differed, and was changed because that was asked for; *resumed*: an earlier run
    of ours had made it without recording it; *changed*.
    """

    member: Membership
    how: Literal["made", "equal", "adopted", "resumed", "changed"]


def resolve_roles(session: Session, names: Collection[str], tried: str) -> dict[str, str]:
    """Return the native id of each role, or refuse before anything is written.

    Raises `UnknownRole`, naming all unknown roles with near matches. Where the platform cannot
    list roles the name is the id, and the platform itself refuses an unknown one.
    """
    listed = session.listing().directory.roles
    if isinstance(listed, Unknown):
        return {name: name for name in names}
    known = {role.name: role.id for role in listed}
    missing = sorted(set(names) - known.keys())
    if missing and isinstance(session.connector, OwnsRoles):
        for name in list(missing):
            role = session.connector.find_role(name)
            if role is not None:
                known[name] = role.id
                missing.remove(name)
    if missing:
        hints = " ".join(near(name, known) for name in missing).strip()
        raise UnknownRole(
            tried,
            f"{session.config.key} has no role {', '.join(repr(name) for name in missing)}",
            "nothing was written for this user",
            f"{hints} correct the name, or declare the role".strip(),
        )
    return {name: known[name] for name in names}


def read(session: Session, id_: str, login: str) -> Membership | None:
    """Return the member as it is, or ``None`` when it is proven to be gone.

    A member that the listing lacks is asked for singly before it is believed to be gone, so that a
    listing that came back short never takes anybody out of state.
    """
    listing = session.listing()
    member = listing.by_id(id_) or listing.by_login(login)
    if member is not None:
        session.journal.recorded("user", member.login)
        return member
    member = session.connector.fetch(id_, _native_roles(session, listing.role_names()))
    if member is None or member.login != login:
        member = session.connector.find(login)
    if member is not None:
        session.wrote(member)
    return member


def create(session: Session, person: str, wish: Wish, adopt: bool) -> Outcome:
    """Make the membership, or take over the one that is there.

    Raises `Different` if one is there that differs and ``adopt`` is false; every other error of
    the connector, after having undone what was made here.
    """
    tried = f"create user {wish.login} in account {session.config.key}"
    session.before_write(tried)
    live = session.listing().by_login(wish.login)
    if live is None:
        live = (
            session.connector.find(wish.login)
            if session.journal.made_by_us("user", wish.login)
            else None
        )
    if live is not None:
        return _take_over(session, person, live, wish, adopt, tried)
    if not isinstance(session.connector, CreatesUsers):
        raise Unsupported(tried, f"{session.manifest.title} creates no users through its API")
    entry = session.journal.begin("user", wish.login, person)
    try:
        made = _invite(session, person, wish, tried)
        session.journal.made(entry, made.id)
        member = _converge(session, person, made, wish, tried)
    except MartechError as error:
        _undo(session, person, wish.login, entry, error)
        raise
    session.wrote(member)
    session.report.wrote("create user")
    return Outcome(member=member, how="made")


def _invite(session: Session, person: str, wish: Wish, tried: str) -> Membership:
    """Send the create until a reading shows the user; never twice without a reading between."""
    connector = session.connector
    assert isinstance(connector, CreatesUsers)  # noqa: S101 - the caller looked
    last: MartechError | None = None
    for _ in range(ATTEMPTS):
        try:
            with session.audit.call(
                person, "create user", "", [f"+ role {role}" for role in wish.roles]
            ):
                id_ = connector.invite(wish)
            member = connector.fetch(id_, _looked_at(session, wish.roles, ()))
            if member is None:
                raise NotApplied(
                    tried,
                    "the platform said yes, but the user cannot be read",
                    "",
                    "look at it by hand",
                )
            return member
        except Refused as error:
            if error.status < 500 and not isinstance(error, AlreadyExists):
                raise
            last = error
        except (Uncertain, Malformed, NotApplied) as error:
            last = error
        found = _find_again(session, wish.login, last)
        if found is not None:
            session.report.resolved(f"{tried}: {last.said}")
            return found
        if isinstance(last, AlreadyExists) or not session.manifest.identity.unique:
            raise last
    assert last is not None  # noqa: S101 - the loop ran
    raise last


def _find_again(session: Session, login: str, after: MartechError) -> Membership | None:
    """Look whether a create without a clear answer was carried out."""
    try:
        return session.connector.find(login)
    except MartechError as error:
        raise Uncertain(
            after.tried,
            f"{after.said}, and looking afterwards failed too: {error.said}",
            "whether the user was made is not known",
            "run again: it will be found and taken over",
        ) from None


def _undo(session: Session, person: str, login: str, entry: str, error: MartechError) -> None:
    """Take back what a failed create left behind, or leave it in the journal for the next run."""
    connector = session.connector
    left = True
    with contextlib.suppress(MartechError):
        found = connector.find(login)
        if found is None:
            left = False
        elif isinstance(connector, RemovesUsers) and not isinstance(error, AlreadyExists):
            with session.audit.call(person, "undo create user", found.id, []):
                connector.remove(found, None)
            left = connector.fetch(found.id, ()) is not None
        elif isinstance(error, AlreadyExists):
            left = False
    if left:
        session.report.left_behind("user", login)
    else:
        session.journal.undone(entry)


def _take_over(
    session: Session, person: str, live: Membership, wish: Wish, adopt: bool, tried: str
) -> Outcome:
    changes = difference(live, wish)
    off = (
        live.status is Status.DEACTIVATED
    )  # it opens nothing, so taking it over takes nothing away
    ours = session.journal.made_by_us("user", wish.login) is not None
    if not changes:
        session.report.adopted("user", person)
        return Outcome(member=live, how="resumed" if ours else "equal")
    if not (adopt or ours or off):
        raise Different(
            tried,
            f"it is there already and differs ({summary(changes)})",
            "nothing was written",
            "declare what is there, or say adopt=True to have it changed",
        )
    session.before_demotion(live, frozenset(wish.roles), tried)
    member = _converge(session, person, live, wish, tried)
    session.wrote(member)
    session.report.adopted("user", person)
    return Outcome(member=member, how="resumed" if ours else "adopted")


def update(session: Session, person: str, id_: str, login: str, wish: Wish) -> Outcome:
    """Change the membership into what is declared.

    The user is read afresh first: an id that belongs to somebody else by now is refused.
    """
    tried = f"change user {wish.login} in account {session.config.key}"
    session.before_write(tried)
    live = _fresh(session, id_, login, wish, tried)
    if not difference(live, wish) and live.login == wish.login:
        session.wrote(live)
        return Outcome(member=live, how="equal")
    session.before_demotion(live, frozenset(wish.roles), tried)
    member = _converge(session, person, live, wish, tried)
    session.wrote(member)
    session.report.wrote("change user")
    return Outcome(member=member, how="changed")


def _fresh(session: Session, id_: str, login: str, wish: Wish, tried: str) -> Membership:
    held = session.listing().by_id(id_)
    roles = held.roles if held and not isinstance(held.roles, Unknown) else frozenset()
    live = session.connector.fetch(id_, _looked_at(session, wish.roles, roles))
    if live is None:
        raise NotThere(
            tried,
            "it is not there any more",
            "nothing was written",
            "refresh, then run again to make it anew",
        )
    if live.login not in (login, wish.login):
        raise Different(
            tried,
            f"its id {id_} now belongs to {live.login}",
            "nothing was written",
            "refresh, then run again",
        )
    return live


def _converge(
    session: Session, person: str, live: Membership, wish: Wish, tried: str
) -> Membership:
    """Change ``live`` until a reading shows what is wished.

    A clear yes whose reading shows a remaining difference is an error; only changes without a
    clear answer are tried again.
    """
    connector = session.connector
    last: MartechError | None = None
    for _ in range(ATTEMPTS):
        changes = difference(live, wish)
        if not changes and live.login == wish.login:
            return live
        if not isinstance(connector, ChangesUsers):
            raise Unsupported(
                tried,
                f"{session.manifest.title} cannot change users ({summary(changes)})",
                "nothing was changed",
            )
        last = None
        try:
            with session.audit.call(
                person, "change user", live.id, [change.named() for change in changes]
            ):
                connector.change(live, wish)
        except Refused as error:
            if error.status < 500:
                raise
            last = error
        except (Uncertain, Malformed) as error:
            last = error
        held = frozenset() if isinstance(live.roles, Unknown) else live.roles
        fresh = connector.fetch(live.id, _looked_at(session, wish.roles, held))
        if fresh is None:
            raise NotThere(
                tried, "it vanished while it was being changed", "", "refresh, then run again"
            )
        left = difference(fresh, wish)
        if left and last is None:
            raise NotApplied(
                tried,
                f"the platform said yes, but reading it back still lacks {summary(left)}",
                "the rest was not done",
                "look at the platform's rules for this change, then run again",
            )
        live = fresh
    if last is not None:
        raise last
    return live


def end(
    session: Session, person: str, id_: str, login: str, verb: OnDestroy, successor: str = ""
) -> None:
    """End a membership with the verb given; what is gone already is success.

    Args:
        session: the account.
        person: our id of the person, for the audit.
        id_: native id.
        login: login that the id is expected to have; another one is refused.
        verb: ``retain`` leaves everything as it is.
        successor: login of who takes over what the user owns, where the platform wants one.
    """
    if verb == "retain":
        return
    tried = f"{verb} user {login} in account {session.config.key}"
    session.before_write(tried)
    listing = session.listing()
    held = listing.by_id(id_) or listing.by_login(login)
    roles = held.roles if held and not isinstance(held.roles, Unknown) else frozenset()
    live = session.connector.fetch(id_, _looked_at(session, (), roles))
    if live is None:
        session.removed(id_)
        session.journal.recorded("user", login)
        return
    if live.login != login:
        raise Different(
            tried,
            f"its id {id_} now belongs to {live.login}",
            "nothing was removed",
            "refresh, then run again",
        )
    if verb == "deactivate" and live.status is Status.DEACTIVATED:
        return
    session.before_removal(live, tried)
    heir = None
    if successor and verb == "remove":
        owner = listing.by_login(session.manifest.normal_login(successor))
        if owner is None:
            raise InvalidDeclaration(
                tried,
                f"its successor {successor} is not in the account",
                "nothing was removed",
                "name somebody who is there",
            )
        heir = owner.id
    last: MartechError | None = None
    for _ in range(ATTEMPTS):
        last = None
        try:
            with session.audit.call(person, f"{verb} user", live.id, []):
                _send_end(session, live, verb, heir, tried)
        except Refused as error:
            if error.status < 500:
                raise
            last = error
        except (Uncertain, Malformed) as error:
            last = error
        fresh = session.connector.fetch(id_, _looked_at(session, (), roles))
        if _ended(fresh, verb):
            session.removed(id_) if fresh is None else session.wrote(fresh)
            session.report.wrote(f"{verb} user")
            return
        if last is None:
            raise NotApplied(
                tried,
                "the platform said yes, but the access is still there",
                "it was not ended",
                "end it by hand and tell the platform's support",
            )
    assert last is not None  # noqa: S101 - the loop ran
    raise last


def _send_end(
    session: Session, live: Membership, verb: OnDestroy, heir: str | None, tried: str
) -> None:
    connector = session.connector
    if verb == "remove" and isinstance(connector, RemovesUsers):
        connector.remove(live, heir)
    elif verb == "deactivate" and isinstance(connector, DeactivatesUsers):
        connector.deactivate(live)
    elif verb == "downgrade" and isinstance(connector, ChangesUsers):
        connector.change(live, Wish(login=live.login, roles={}, attributes={}))
    else:
        raise Unsupported(
            tried,
            f"{session.manifest.title} cannot {verb} users",
            "nothing was done",
            f"say on_destroy={session.manifest.softest_ending_verb!r}",
        )


def _ended(fresh: Membership | None, verb: OnDestroy) -> bool:
    if fresh is None:
        return True
    if verb == "deactivate":
        return fresh.status is Status.DEACTIVATED
    return verb == "downgrade" and not fresh.roles


def _native_roles(session: Session, names: Iterable[str]) -> list[NativeRole]:
    listed = session.listing().directory.roles
    if isinstance(listed, Unknown):
        return [NativeRole(id=name, name=name) for name in names]
    wanted = set(names)
    return [role for role in listed if role.name in wanted]


def _looked_at(
    session: Session, wished: Collection[str], held: Collection[str]
) -> list[NativeRole]:
    """Return the roles to look at when reading back: those wished for and those held before."""
    if isinstance(wished, dict):
        known = [NativeRole(id=id_, name=name) for name, id_ in wished.items()]
    else:
        known = _native_roles(session, wished)
    names = {role.name for role in known}
    return known + _native_roles(session, [name for name in held if name not in names])


def summary(changes: Collection[Change], most: int = 6) -> str:
    """Return a difference as words, the first ``most`` of it."""
    listed = [str(change) for change in changes]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
