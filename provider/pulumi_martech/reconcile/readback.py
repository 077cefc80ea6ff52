"""Reading a member back after a write, and writing until a reading shows what is declared."""

from collections.abc import Collection, Mapping

from pulumi_martech.model.errors import (
    Malformed,
    MartechError,
    NotApplied,
    NotThere,
    Refused,
    Uncertain,
    Unsupported,
)
from pulumi_martech.model.membership import (
    INVITATION,
    Change,
    Membership,
    NativeRole,
    Status,
    Wish,
    difference,
)
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.base import ChangesUsers
from pulumi_martech.reconcile.session import Session

ATTEMPTS = 5
"""How often one change is sent, each time after a reading that showed it is still to be done."""


def to_do(live: Membership, wish: Wish) -> list[Change]:
    """Return what must change so that ``live`` is what ``wish`` says, its login included.

    Nothing while an invitation is pending: it is not sent twice, and what it could not carry shows
    as a difference once it is accepted.
    """
    if live.status is Status.PENDING:
        return []
    found = difference(live, wish)
    if live.login != wish.login:
        found.insert(0, Change(name="login", live=live.login, wanted=wish.login))
    return found


def summary(changes: Collection[Change], most: int = 6) -> str:
    """Return a difference as words, the first ``most`` of it."""
    listed = [str(change) for change in changes]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def words_of(member: Membership | Wish) -> list[str]:
    """Return what must not be told of a person in the audit."""
    return [member.login, *(v for v in member.attributes.values() if isinstance(v, str))]


def unclear(error: MartechError) -> bool:
    """Tell whether only a reading can tell what became of the write that ``error`` answers.

    A refusal of a kind of its own is clear whatever its status: WordPress says 500 for a
    duplicate.
    """
    crashed = type(error) is Refused and error.status >= 500
    return crashed or isinstance(error, Uncertain | Malformed)


def looked_at(
    session: Session, id_: str, wished: Mapping[str, str] | None = None
) -> list[NativeRole]:
    """Return the roles to look at for a member: those wished for and those held as far as known.

    Of a member that the listing lacks nothing is known, so all roles are looked at.
    """
    listing = session.listing()
    known = [NativeRole(id=id_, name=name) for name, id_ in (wished or {}).items()]
    member = listing.by_id(id_)
    held = listing.role_names() if member is None else member.roles
    names = frozenset() if isinstance(held, Unknown) else frozenset(held)
    return known + listing.roles_named(names - {role.name for role in known})


def read_back(
    session: Session,
    id_: str,
    roles: Collection[NativeRole],
    tried: str,
    unanswered: MartechError | None,
) -> Membership | None:
    """Read a member after a write.

    Raises `Uncertain` if that fails too, because it is not known then what was done.
    """
    try:
        return session.connector.fetch(id_, roles)
    except MartechError as error:
        session.unsure(id_)
        raise not_known(tried, unanswered, error) from None


def followed(session: Session, id_: str, login: str, found: Membership | None) -> Membership | None:
    """Return what was found by an id, or by the login for an invitation that is gone.

    Who has accepted is under another id, and so is an invitation sent in the place of another.
    """
    if found is None and id_.startswith(INVITATION):
        return session.connector.find(login)
    return found


def not_known(tried: str, unanswered: MartechError | None, reading: MartechError) -> MartechError:
    """Return the error for a write whose result could not be read."""
    before = f"{unanswered.said}, and " if unanswered else "it was sent, but "
    return Uncertain(
        tried,
        f"{before}looking afterwards failed: {reading.said or reading.tried}",
        "whether it was carried out is not known",
        "run again: what is there will be read first",
    )


def converge(session: Session, person: str, live: Membership, wish: Wish, tried: str) -> Membership:
    """Change ``live`` until a reading shows what is wished.

    A clear yes whose reading shows a remaining difference is an error; only changes without a
    clear answer are sent again.
    """
    connector = session.connector
    id_, roles = live.id, looked_at(session, live.id, wish.roles)
    unanswered: MartechError | None = None
    for _ in range(ATTEMPTS):
        changes = to_do(live, wish)
        if not changes:
            return live
        if not isinstance(connector, ChangesUsers):
            raise Unsupported(
                tried,
                f"{session.manifest.title} cannot change users ({summary(changes)})",
                "nothing was changed",
            )
        try:
            with session.call(
                person,
                "change user",
                id_,
                [change.named() for change in changes],
                hide=words_of(live) + words_of(wish),
            ):
                connector.change(live, wish)
            unanswered = None
        except MartechError as error:
            if not unclear(error):
                session.unsure(id_)  # one of several requests may have been carried out before
                raise
            unanswered = error
        fresh = read_back(session, id_, roles, tried, unanswered)
        if fresh is None:
            session.unsure(id_)
            raise NotThere(
                tried,
                "it vanished while it was being changed",
                "the rest was not done",
                "refresh, then run again",
            )
        live = fresh
        left = to_do(live, wish)
        if left and unanswered is None:
            session.wrote(live)
            raise NotApplied(
                tried,
                f"the platform said yes, but reading it back still lacks {summary(left)}",
                "the rest was not done",
                "look at the platform's rules for this change, then run again",
            )
    if to_do(live, wish):
        session.wrote(live)
        assert unanswered is not None  # noqa: S101 - a clear yes has returned or raised
        raise unanswered
    return live
