"""End a membership: remove, switch off, or take every role, and prove it by reading."""

import contextlib

from pulumi_martech.model.attestation import Asked
from pulumi_martech.model.errors import (
    Different,
    InvalidDeclaration,
    MartechError,
    NotApplied,
    Unsupported,
)
from pulumi_martech.model.membership import Membership, Status, Wish
from pulumi_martech.platforms.base import (
    CancelsInvitations,
    ChangesUsers,
    DeactivatesUsers,
    OnDestroy,
    RemovesContent,
    RemovesUsers,
    ShowsBelongings,
)
from pulumi_martech.reconcile import attested
from pulumi_martech.reconcile.readback import (
    ATTEMPTS,
    followed,
    looked_at,
    read_back,
    unclear,
    words_of,
)
from pulumi_martech.reconcile.session import Session


def end(
    session: Session,
    person: str,
    id_: str,
    login: str,
    verb: OnDestroy,
    successor: str = "",
    planned: bool = False,
    asked: Asked | None = None,
    deletes: str = "",
) -> str:
    """End a membership with the verb given; what is ended already is success.

    Returns what became of what it owned in words, empty where nothing is passed on or deleted.

    Args:
        session: the account.
        person: our id of the person, for the audit.
        id_: native id.
        login: login that the id is expected to have; another one is refused.
        verb: ``retain`` leaves everything as it is.
        successor: login of who takes over what the user owns, where the platform wants one.
        planned: whether it is the end of a contract, which the breaker does not count.
        asked: the step of which nobody could say yet what became of it (attested platforms).
        deletes: why what the user owns is deleted with it, in place of a successor.
    """
    became = ""
    if verb == "retain":
        return became
    if session.manifest.attested:
        attested.end(session, person, login, verb, asked, planned)
        return became
    tried = f"{verb} user {login} in account {session.config.key}"
    session.before_write(tried)
    session.listing()
    live = followed(session, id_, login, _afresh(session, id_, login, verb))
    if live is None:
        other = session.connector.find(login)
        if other is None or other.status is Status.DEACTIVATED:
            session.removed(id_)
        else:
            raise Different(
                tried,
                f"it was made anew under another id ({other.id}, it had {id_})",
                "nothing was removed",
                "refresh, then run again",
            )
    elif live.login != login:
        raise Different(
            tried,
            f"its id {id_} now belongs to {live.login}",
            "nothing was removed",
            "refresh, then run again",
        )
    elif _ended(live, verb):
        session.wrote(live)
    else:
        deletes = deletes if verb == "remove" and not successor else ""
        heir = _heir(session, live, successor, tried) if verb == "remove" and not deletes else None
        session.before_removal(live, tried, planned)
        owned = _owned(session, live) if heir or deletes else ""
        _end(session, person, live, verb, heir, tried, deletes=deletes)
        session.report.wrote(f"{verb} user")
        if owned:
            became = f"{owned} {'deleted' if deletes else f'given to {successor}'}"
    session.journal.recorded("user", login, id_)
    return became


def take_back(session: Session, person: str, member: Membership) -> bool:
    """Remove what this run has just made and cannot finish; tell whether it is gone.

    No guard is asked, because nobody has had the access yet. What stays behind stays in the
    journal, and the next run takes it over.
    """
    tried = f"take back user {member.login} in account {session.config.key}"
    try:
        heir = next(filter(None, map(session.listing().by_login, _heirs(session))), None)
        _end(session, person, member, "remove", heir.id if heir else None, tried, "undo create")
    except MartechError:
        return False
    note = session.journal.made_by_us("user", member.login)
    if note is not None:
        session.journal.undone(note.id)
    return True


def _owned(session: Session, live: Membership) -> str:
    """Say what of the user somebody takes over, or is deleted; empty if there is nothing."""
    connector = session.connector
    kinds = {kind.what for kind in session.manifest.hangs_on_person if kind.passed_on}
    if not kinds or not isinstance(connector, ShowsBelongings):
        return ""
    try:
        found = connector.belongings([live])[live.id]
    except MartechError:
        return "what it owned (nobody could tell how much)"
    return ", ".join(str(one) for one in found if one.what in kinds and one.count != 0)


def _heirs(session: Session) -> list[str]:
    """Return who may be named as successor of a user that owns nothing yet."""
    named = session.manifest.normal_login(session.config.successor)
    own: list[str] = []
    with contextlib.suppress(MartechError):
        own = sorted(session.own_logins())
    return [login for login in (named, *own) if login]


def _heir(session: Session, live: Membership, successor: str, tried: str) -> str | None:
    """Return the native id of the successor; ``None`` where none is needed or it is not there."""
    login = session.manifest.normal_login(successor)
    owner = session.listing().by_login(login) or (session.connector.find(login) if login else None)
    if owner is not None and owner.id != live.id:
        return owner.id
    if not session.manifest.needs_successor:
        return None
    if not login:
        raise InvalidDeclaration(
            tried,
            f"{session.manifest.title} wants somebody who takes over what the user owns",
            "nothing was removed",
            "name a `successor`, there or on the Account, choose another on_destroy, or say "
            "delete_content='REASON'",
        )
    raise InvalidDeclaration(
        tried,
        f"its successor {successor} is {'the user itself' if owner else 'not in the account'}",
        "nothing was removed",
        "name somebody who is there",
    )


def _end(
    session: Session,
    person: str,
    live: Membership,
    verb: OnDestroy,
    heir: str | None,
    tried: str,
    recorded_as: str = "",
    deletes: str = "",
) -> None:
    """Send the verb until a reading shows that it was done."""
    also = [f"- what it owns: {deletes}"] if deletes else []
    recorded_as = recorded_as or f"{verb} user"
    for _ in range(ATTEMPTS):
        unanswered: MartechError | None = None
        try:
            with session.call(person, recorded_as, live.id, also, hide=words_of(live)):
                _send(session, live, verb, heir, tried, bool(deletes))
        except MartechError as error:
            if not unclear(error):
                if verb == "downgrade":
                    session.unsure(live.id)
                raise
            unanswered = error
        fresh = read_back(session, live.id, looked_at(session, live.id), tried, unanswered)
        if fresh is None:
            session.removed(live.id)
            return
        session.wrote(fresh)
        if _ended(fresh, verb) or (verb == "remove" and fresh.status is Status.DEACTIVATED):
            return  # several vendors' removal only switches off, which ends the log-in too
        if unanswered is None:
            raise NotApplied(
                tried,
                "the platform said yes, but the access is still there",
                "it was not ended",
                "end it by hand and tell the platform's support",
            )
    assert unanswered is not None  # noqa: S101 - a clear yes has returned or raised
    raise unanswered


def cancel(session: Session, person: str, live: Membership, tried: str) -> None:
    """Cancel a pending invitation, and prove by reading that it is gone."""
    _end(session, person, live, "remove", None, tried, "cancel invitation")


def _send(
    session: Session,
    live: Membership,
    verb: OnDestroy,
    heir: str | None,
    tried: str,
    with_content: bool,
) -> None:
    connector = session.connector
    if live.status is Status.PENDING and isinstance(connector, CancelsInvitations):
        connector.cancel(live)
    elif with_content and isinstance(connector, RemovesContent):
        connector.remove_with_content(live)
    elif verb == "remove" and isinstance(connector, RemovesUsers):
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


def _afresh(session: Session, id_: str, login: str, verb: OnDestroy) -> Membership | None:
    """Read the member; who is to lose every role is looked for in all of them."""
    if verb == "downgrade":
        found = session.connector.find(login)
        if found is not None and found.id == id_:
            session.wrote(found)  # so that reading back looks at the same roles
            return found
    return session.connector.fetch(id_, looked_at(session, id_))


def _ended(live: Membership, verb: OnDestroy) -> bool:
    if verb == "deactivate":
        return live.status is Status.DEACTIVATED
    # Unknown roles are not none.
    return verb == "downgrade" and live.roles == frozenset()
