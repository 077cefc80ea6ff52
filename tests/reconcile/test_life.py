"""The life of an invitation: every transition of the table, walked on an account that invites."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulumi_martech.model.membership import INVITATION
from pulumi_martech.reconcile.invitations import TRANSITIONS, Event, Stage, stage
from tests.contract.worlds import SendGrid

DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"
DECLARED = ("mail.send", "user.profile.update")


class Life:
    """One declared person, whose id a state remembers."""

    def __init__(self, world, monkeypatch):
        self.world, self.monkeypatch = world, monkeypatch
        self.id = ""

    def reach(self, wanted):
        if wanted is Stage.ABSENT:
            self.id = INVITATION + "gone"
            return
        self.id = self.world.make("ana", *DECLARED).member.id
        if wanted is Stage.MEMBER:
            self.world.settle("ana")
        if wanted is Stage.EXPIRED:
            self.time()

    def time(self):
        now = self.world.tenant.advance(days=8)
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        self.monkeypatch.setenv("MARTECH_AS_OF", today)

    def declared(self):
        member = self.world.read("ana", self.id)
        if member is None:
            self.id = self.world.make("ana", *DECLARED).member.id
        else:
            self.id = self.world.change("ana", *DECLARED, id_=member.id).member.id

    def happens(self, event):
        tenant, login = self.world.tenant, self.world.login("ana")
        {
            Event.DECLARED: self.declared,
            Event.SENT_AGAIN: lambda: self.world.change(
                "ana", *DECLARED, id_=self.id, reinvite=True
            ),
            Event.ENDED: lambda: self.world.end("ana", id_=self.id),
            Event.ACCEPTED: lambda: self.world.settle("ana"),
            Event.ACCEPTED_ELSEWHERE: lambda: tenant.accept(login, address="ana@home.example"),
            Event.DECLINED: lambda: tenant.decline(login),
            Event.CANCELLED: lambda: tenant.decline(login),
            Event.TIME: self.time,
            Event.REMOVED: lambda: tenant.remove_user(login),
        }[event]()

    def stage(self):
        return stage(self.world.session().connector.find(self.world.login("ana")))


SENT = {
    (Stage.ABSENT, Event.DECLARED): ["POST"],
    (Stage.PENDING, Event.SENT_AGAIN): ["POST"],
    (Stage.EXPIRED, Event.SENT_AGAIN): ["POST"],
    (Stage.PENDING, Event.ENDED): ["DELETE"],
    (Stage.EXPIRED, Event.ENDED): ["DELETE"],
    (Stage.MEMBER, Event.ENDED): ["DELETE"],
    # What the invitation could not carry.
    (Stage.MEMBER, Event.DECLARED): ["PATCH"],
    (Stage.MEMBER, Event.SENT_AGAIN): ["PATCH"],
}
"""What a run sends; at every other transition nothing."""


@pytest.mark.parametrize(("before", "event"), TRANSITIONS)
def test_every_transition_is_as_the_table_has_it(before, event, sandbox, tmp_path, monkeypatch):
    life = Life(SendGrid(sandbox, tmp_path, monkeypatch), monkeypatch)
    life.reach(before)
    assert life.stage() is before
    mark = life.world.tenant.mark()
    life.happens(event)
    assert life.stage() is TRANSITIONS[before, event]
    sent = [one.method for one in life.world.asked(mark)]
    assert sent == SENT.get((before, event), [])
    if event is Event.DECLARED:  # and a second run has nothing to do
        mark = life.world.tenant.mark()
        life.declared()
        assert life.world.asked(mark) == []


def test_the_table_is_in_the_documentation():
    rows = [f"| {before} | {event} | {after} |" for (before, event), after in TRANSITIONS.items()]
    assert "\n".join(rows) in DOCUMENT.read_text(encoding="utf-8")
