"""The life of an invitation: how one person gets into an account where people are invited.

`TRANSITIONS` is all of it. Where the platform makes users at once there are two stages, absent and
member. What a run does at each stage:

* *absent*: whoever is declared is sent one invitation, by one run at a time on this machine;
* *pending*, *expired*: it is left as it is, whatever is declared, and never sent a second time;
  on an explicit word it is sent again, or another one in its place where it carries other roles;
  whoever is declared no more has it cancelled. A state keeps what is declared, with the status and
  the day on which the invitation ends: what it cannot carry is a difference once it is accepted;
* *member*: under another id than the invitation had, and compared like any other.

Nothing tells who declined from who was cancelled by hand, or where the platform hides invitations
that ended, from those: the next preview shows that a new one is sent. Who accepts with another
login is somebody whom nobody declared.
"""

from collections.abc import Mapping
from enum import StrEnum

from pulumi_martech.model.errors import MartechError, NotThere
from pulumi_martech.model.expiry import over
from pulumi_martech.model.membership import Membership, Status, Wish
from pulumi_martech.platforms.base import ResendsInvitations
from pulumi_martech.reconcile import ending
from pulumi_martech.reconcile.readback import read_back, unclear, words_of
from pulumi_martech.reconcile.session import Session


class Stage(StrEnum):
    """How far a login has come in an account."""

    ABSENT = "absent"
    PENDING = "pending"
    EXPIRED = "expired"
    MEMBER = "member"


class Event(StrEnum):
    """What happens to a login: by a run, by the person, by somebody at the platform, by time."""

    DECLARED = "a run declares it"
    SENT_AGAIN = "a run has the word to send it again"
    ENDED = "a run ends it"
    ACCEPTED = "the person accepts"
    ACCEPTED_ELSEWHERE = "the person accepts with another login"
    DECLINED = "the person declines"
    CANCELLED = "somebody cancels it by hand"
    TIME = "its time is over"
    REMOVED = "somebody removes the member by hand"


TRANSITIONS: Mapping[tuple[Stage, Event], Stage] = {
    (Stage.ABSENT, Event.DECLARED): Stage.PENDING,
    (Stage.ABSENT, Event.ENDED): Stage.ABSENT,
    (Stage.PENDING, Event.DECLARED): Stage.PENDING,
    (Stage.PENDING, Event.SENT_AGAIN): Stage.PENDING,
    (Stage.PENDING, Event.ENDED): Stage.ABSENT,
    (Stage.PENDING, Event.ACCEPTED): Stage.MEMBER,
    (Stage.PENDING, Event.ACCEPTED_ELSEWHERE): Stage.ABSENT,
    (Stage.PENDING, Event.DECLINED): Stage.ABSENT,
    (Stage.PENDING, Event.CANCELLED): Stage.ABSENT,
    (Stage.PENDING, Event.TIME): Stage.EXPIRED,
    (Stage.EXPIRED, Event.DECLARED): Stage.EXPIRED,
    (Stage.EXPIRED, Event.SENT_AGAIN): Stage.PENDING,
    (Stage.EXPIRED, Event.ENDED): Stage.ABSENT,
    (Stage.EXPIRED, Event.CANCELLED): Stage.ABSENT,
    (Stage.MEMBER, Event.DECLARED): Stage.MEMBER,
    (Stage.MEMBER, Event.SENT_AGAIN): Stage.MEMBER,
    (Stage.MEMBER, Event.ENDED): Stage.ABSENT,
    (Stage.MEMBER, Event.REMOVED): Stage.ABSENT,
}
"""What becomes of a stage by an event; what is not here cannot happen."""


def stage(member: Membership | None) -> Stage:
    """Return the stage of a login from what a reading found."""
    if member is None:
        return Stage.ABSENT
    if member.status is not Status.PENDING:
        return Stage.MEMBER
    return Stage.EXPIRED if over(member.expires_at) else Stage.PENDING


def send_again(
    session: Session, person: str, live: Membership, wish: Wish, tried: str
) -> Membership | None:
    """Send a pending invitation again; ``None``: it carried something else and was cancelled.

    It is a mail, so that it is sent once: what became of it shows in how long the invitation lasts.
    """
    connector = session.connector
    if not (isinstance(connector, ResendsInvitations) and connector.carries(live, wish)):
        ending.cancel(session, person, live, tried)
        return None
    unanswered: MartechError | None = None
    try:
        with session.call(person, "resend invitation", live.id, hide=words_of(wish)):
            connector.resend(live)
    except MartechError as error:
        if not unclear(error):
            raise
        unanswered = error
    fresh = read_back(session, live.id, (), tried, unanswered)
    if fresh is None:
        raise NotThere(
            tried,
            "its invitation is not pending any more: it was accepted or cancelled meanwhile",
            "nothing else was written",
            "refresh, then run again",
        )
    session.wrote(fresh)
    if unanswered is not None:
        if (fresh.expires_at or "") <= (live.expires_at or ""):
            raise unanswered
        session.report.resolved(f"resend invitation {person}: {unanswered.said}")
    session.report.wrote("resend invitation")
    return fresh
