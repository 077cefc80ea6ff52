"""Make one membership what is declared: find, make or adopt, change; read back each time."""

from collections.abc import Collection
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
from pulumi_martech.model.membership import Membership, Status, Wish
from pulumi_martech.model.values import Frozen, Unknown
from pulumi_martech.platforms.base import CreatesUsers, OwnsRoles
from pulumi_martech.reconcile import attested, invitations
from pulumi_martech.reconcile.ending import take_back
from pulumi_martech.reconcile.readback import (
    ATTEMPTS,
    converge,
    followed,
    looked_at,
    not_known,
    read_back,
    summary,
    to_do,
    unclear,
    words_of,
)
from pulumi_martech.reconcile.session import Session

ADOPTED = "was there already and was changed, as adopt=True says"
"""What is said of whoever is adopted, after the name."""


class Outcome(Frozen):
    """What was found or done for one membership.

    ``how``: *made* here and now; *asked* of a person; *equal*: it was there already and is what is
    declared; *adopted*: it was there, differed, and was changed because that was asked for;
    *resumed*: an earlier run of ours had made it without recording it; *changed*; *resent*: its
    invitation was sent again.
    """

    member: Membership
    how: Literal["made", "asked", "equal", "adopted", "resumed", "changed", "resent"]


def resolve_roles(session: Session, names: Collection[str], tried: str) -> dict[str, str]:
    """Return the native id of each role, or refuse before anything is written.

    Raises `UnknownRole`, naming all unknown roles with near matches. Where the platform cannot
    list roles the name is the id, and the platform itself refuses an unknown one. On attested
    platforms too: a role may be asked for and not be attested yet, and the program is checked.
    """
    if session.manifest.attested:
        return {name: name for name in names}
    listed = session.listing().roles()
    if isinstance(listed, Unknown):
        return {name: name for name in names}
    known: dict[str, str] = {}
    for role in listed:
        if role.name in known and role.name in names:
            raise UnknownRole(
                tried,
                f"{session.config.key} has several roles called {role.name!r}",
                "nothing was written for this user",
                "rename all but one",
            )
        known[role.name] = role.id
    missing = sorted(set(names) - known.keys())
    if missing and isinstance(session.connector, OwnsRoles):
        for name in list(missing):
            found = session.connector.find_role(name)
            if found is not None:
                session.role_came(found)
                known[name] = found.id
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


def read(session: Session, id_: str, login: str, asked: Asked | None = None) -> Membership | None:
    """Return the member as it is, or ``None`` when it is proven to be gone.

    ``asked`` is the step of which nobody could say yet what became of it.

    Who has the login is the member, under whatever id; only where logins can change is one with
    the id and another login taken for it. A member that the listing lacks is asked for singly, so
    that a listing that came back short never takes anybody out of state.
    """
    if session.manifest.attested:
        return attested.see(session, login, asked)
    listing = session.listing()
    # Whoever reads holds it in a state, so that the note of its creation has done its work.
    session.journal.recorded("user", login, id_)
    renamable = session.manifest.identity.renamable
    member = listing.by_login(login) or (listing.by_id(id_) if renamable else None)
    if member is not None:
        return in_detail(session, member)
    member = session.connector.fetch(id_, looked_at(session, id_))
    if member is None or member.login != login:
        member = session.connector.find(login) or (member if renamable else None)
    if member is not None:
        session.wrote(member)
    return member


def create(session: Session, person: str, wish: Wish, adopt: bool) -> Outcome:
    """Make the membership, or take over the one that is there.

    Raises `Different` if one is there that differs and ``adopt`` is false; every other error of
    the connector, after having undone what was made here.
    """
    if session.manifest.attested:
        member, how = attested.bring(session, person, wish, None, new=True, adopt=adopt)
        if how == "equal":
            session.report.adopted("user", person)
        return Outcome(member=member, how=how)
    tried = f"create user {wish.login} in account {session.config.key}"
    session.before_write(tried)
    with session.journal.alone("user", wish.login):  # of two runs at once one makes the user
        return _create(session, person, wish, adopt, tried)


def _create(session: Session, person: str, wish: Wish, adopt: bool, tried: str) -> Outcome:
    note = session.journal.made_by_us("user", wish.login)
    live = session.listing().by_login(wish.login)
    if live is not None and (to_do(live, wish) or isinstance(live.roles, Unknown)):
        # What is to be changed, or told, is what is there now and not when it was listed.
        live = session.connector.fetch(live.id, looked_at(session, live.id, wish.roles))
    if (live is None and note) or (live is not None and live.login != wish.login):
        live = session.connector.find(wish.login)
    if live is None:
        if note is not None:
            session.journal.undone(note.id)  # it was looked for, and nothing came of it
        return _make(session, person, wish, adopt, tried)
    return _take_over(session, person, live, wish, adopt, tried, ours=note is not None)


def _make(session: Session, person: str, wish: Wish, adopt: bool, tried: str) -> Outcome:
    if not isinstance(session.connector, CreatesUsers):
        raise Unsupported(tried, f"{session.manifest.title} creates no users through its API")
    session.before_joining(wish, tried)
    entry = session.journal.begin("user", wish.login, person)
    try:
        made, how = _invite(session, person, wish, entry, tried)
        if how == "another's":
            session.journal.undone(entry)
            return _take_over(session, person, made, wish, adopt, tried, ours=False)
        session.made(made)
        session.journal.made(entry, made.id)
        try:
            member = converge(session, person, made, wish, tried)
        except MartechError:
            if how == "ours":
                take_back(session, person, made)
            raise
    except MartechError:
        if session.journal.made_by_us("user", wish.login):
            session.report.left_behind("user", wish.login)
        raise
    session.wrote(member)
    session.report.wrote("create user")
    return Outcome(member=member, how="made")


def _invite(
    session: Session, person: str, wish: Wish, entry: str, tried: str
) -> tuple[Membership, Literal["ours", "likely ours", "another's"]]:
    """Send the create until a reading shows the user; never twice without a reading between.

    *ours* is what the platform answered the id of, *likely ours* what is there after an attempt
    without an answer, *another's* what was there without any such attempt.
    """
    connector = session.connector
    assert isinstance(connector, CreatesUsers)  # noqa: S101 - the caller looked
    roles = [f"+ role {role}" for role in wish.roles]
    unanswered: MartechError | None = None
    for _ in range(ATTEMPTS):
        taken: MartechError | None = None
        try:
            with session.call(person, "create user", "", roles, hide=words_of(wish)) as call:
                call.target = id_ = connector.invite(wish)
        except AlreadyExists as error:
            taken = error
        except MartechError as error:
            if not unclear(error):
                if unanswered is None:
                    session.journal.undone(entry)
                raise
            unanswered = error
        else:
            session.journal.made(entry, id_)
            return _just_made(session, id_, wish, tried), "ours"
        found = _find_again(session, wish.login, tried, taken or unanswered)
        if found is not None and unanswered is not None:
            session.report.resolved(f"create user {person}: {unanswered.said}")
            return found, "likely ours"
        if found is not None:
            return found, "another's"
        if taken is not None:
            if unanswered is None:
                session.journal.undone(entry)
            raise taken
        if not session.manifest.identity.unique:
            break
    assert unanswered is not None  # noqa: S101 - every other way out of the loop returns or raises
    raise unanswered


def _just_made(session: Session, id_: str, wish: Wish, tried: str) -> Membership:
    member = read_back(session, id_, looked_at(session, id_, wish.roles), tried, None)
    if member is None:
        member = _find_again(session, wish.login, tried, None)
    if member is None:
        raise NotApplied(
            tried,
            "the platform said yes, but the user cannot be read",
            "it is not there, or not yet",
            "run again; if it still is not there, look at the platform's own log",
        )
    return member


def _find_again(
    session: Session, login: str, tried: str, unanswered: MartechError | None
) -> Membership | None:
    """Look whether a create without a clear answer was carried out."""
    try:
        return session.connector.find(login)
    except MartechError as error:
        raise not_known(tried, unanswered, error) from None


def _take_over(
    session: Session,
    person: str,
    live: Membership,
    wish: Wish,
    adopt: bool,
    tried: str,
    ours: bool,
) -> Outcome:
    changes = to_do(live, wish)
    # Who is switched off has no access, so that taking it over takes nothing away.
    if changes and not (adopt or ours or live.status is Status.DEACTIVATED):
        raise Different(
            tried,
            f"it is there already and differs ({summary(changes)})",
            "nothing was written",
            "declare what is there, or say adopt=True to have it changed",
        )
    if changes:
        session.before_change(live, wish, tried, joins=True)
        live = converge(session, person, live, wish, tried)
    session.wrote(live)
    session.report.adopted("user", person)
    return Outcome(member=live, how="resumed" if ours else "adopted" if changes else "equal")


def in_detail(session: Session, member: Membership) -> Membership:
    """Return a member with its roles, asked for singly where the listing does not show them."""
    if not isinstance(member.roles, Unknown) or member.status is Status.PENDING:
        return member
    fresh = session.connector.fetch(member.id, looked_at(session, member.id))
    if fresh is None:
        return member
    session.wrote(fresh)
    return fresh


def update(
    session: Session,
    person: str,
    id_: str,
    login: str,
    wish: Wish,
    reinvite: bool = False,
    asked: Asked | None = None,
) -> Outcome:
    """Change the membership into what is declared.

    The user is read afresh first: an id that belongs to somebody else by now is refused. A pending
    invitation is left as it is, unless ``reinvite`` says to send it again. ``asked`` is the step of
    which nobody could say yet what became of it.
    """
    if session.manifest.attested:
        member, how = attested.bring(session, person, wish, asked, new=False, adopt=True)
        return Outcome(member=member, how=how)
    tried = f"change user {wish.login} in account {session.config.key}"
    session.before_write(tried)
    found = session.connector.fetch(id_, looked_at(session, id_, wish.roles))
    live = followed(session, id_, wish.login, found)
    if reinvite and live is not None and live.status is Status.PENDING:
        sent = invitations.send_again(session, person, live, wish, tried)
        if sent is None:
            return _make(session, person, wish, False, tried)
        return Outcome(member=sent, how="resent")
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
    changes = to_do(live, wish)
    if changes:
        session.before_change(live, wish, tried)
        live = converge(session, person, live, wish, tried)
        session.report.wrote("change user")
    session.wrote(live)
    return Outcome(member=live, how="changed" if changes else "equal")
