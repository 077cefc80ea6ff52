"""Invitations on an explicit word: sent again as they are, or anew where they carry other roles."""

from functools import partial

import pytest

from pulumi_martech.model.errors import NotThere, Uncertain, Unsupported
from pulumi_martech.model.membership import Status
from pulumi_martech.platforms.registry import connect
from pulumi_martech.reconcile import shape, users
from pulumi_martech.reconcile.session import Session
from tests.reconcile.world import FastClock

ANA = "ana@example.com"


class Mail:
    """An account of SendGrid with one pending invitation, five days old."""

    def __init__(self, sandbox, folder, monkeypatch):
        self.tenant = sandbox.tenant(f"mail-{len(sandbox.tenants)}", "sendgrid")
        for name, value in self.tenant.environment().items():
            monkeypatch.setenv(name, value)
        clock = FastClock()
        self.session = Session(self.tenant.account(), folder, partial(connect, clock=clock), clock)
        self.made = users.create(self.session, "ana", self.wish("mail.send"), False).member
        self.tenant.advance(days=5)
        self.mark = self.tenant.mark()

    def wish(self, *roles):
        return shape.wish(self.session, ANA, {"roles": dict.fromkeys(roles, True)})

    def again(self, *roles):
        wish = self.wish(*roles)
        return users.update(self.session, "ana", self.made.id, ANA, wish, reinvite=True)

    def writes(self):
        return [f"{w.method} {w.path.rsplit('/', 1)[-1]}" for w in self.tenant.writes(self.mark)]


@pytest.fixture
def mail(sandbox, tmp_path, monkeypatch):
    return Mail(sandbox, tmp_path, monkeypatch)


def test_what_carries_all_that_is_declared_is_sent_again_as_it_is(mail):
    # What no invitation can carry is no reason for a new one.
    outcome = mail.again("mail.send", "user.profile.update")
    assert (outcome.how, outcome.member.id) == ("resent", mail.made.id)
    assert outcome.member.expires_at > mail.made.expires_at
    assert mail.writes() == ["POST resend"]
    assert mail.session.report.now().writes[-1] == "resend invitation"


def test_what_carries_other_roles_is_cancelled_for_a_new_one(mail):
    outcome = mail.again("stats.read")
    assert outcome.how == "made" and outcome.member.id != mail.made.id
    assert [word.split()[0] for word in mail.writes()] == ["DELETE", "POST"]
    assert mail.tenant.pending()[ANA]["scopes"] == ["stats.read"]


def test_an_answer_that_did_not_come_is_settled_by_reading_and_never_sent_twice(mail):
    mail.tenant.fault("cut", method="POST", when="after")
    assert mail.again("mail.send").how == "resent"
    mail.tenant.advance(days=1)
    mail.tenant.fault("cut", method="POST", when="before")
    with pytest.raises(Uncertain):
        mail.again("mail.send")
    assert len(mail.writes()) == 2


def test_who_accepted_meanwhile_is_sent_nothing_more(mail):
    connector = mail.session.connector
    looked = connector.fetch

    def accepting(id_, roles):
        found = looked(id_, roles)
        mail.tenant.accept(ANA, username="ana")
        connector.fetch = looked
        return found

    connector.fetch = accepting
    with pytest.raises(NotThere):
        mail.again("mail.send")
    assert [w for w in mail.tenant.writes(mail.mark) if w.committed] == []


def test_an_invitation_made_by_hand_is_taken_as_it_is(mail):
    mail.tenant.invite("ben@example.com", ["stats.read"])
    mark = mail.tenant.mark()
    wish = shape.wish(mail.session, "Ben@example.com", {"roles": {"mail.send": True}})
    mail.session.forget_listing()
    outcome = users.create(mail.session, "ben", wish, adopt=False)
    assert (outcome.how, outcome.member.status) == ("equal", Status.PENDING)
    assert mail.tenant.writes(mark) == [], "never a second mail; what differs shows once accepted"
    mail.tenant.accept("ben@example.com", username="ben")
    id_ = outcome.member.id
    assert users.update(mail.session, "ben", id_, wish.login, wish).member.roles == {"mail.send"}


def test_who_is_deactivated_at_the_vendor_is_not_made_anew(sandbox, tmp_path, monkeypatch):
    portal = sandbox.tenant("with-deactivated", "hubspot")
    for name, value in portal.environment().items():
        monkeypatch.setenv(name, value)
    portal.add_user("ana@example.com")
    portal.deactivate("ana@example.com")
    session = Session(portal.account(), tmp_path)
    mark = portal.mark()
    wish = shape.wish(session, "ana@example.com", {"roles": {}, "active": True})
    with pytest.raises(Unsupported, match="cannot switch users on"):
        users.create(session, "ana", wish, adopt=False)
    off = shape.wish(session, "ana@example.com", {"roles": {}, "active": False})
    assert users.create(Session(portal.account(), tmp_path), "ana", off, False).how == "equal"
    assert portal.writes(mark) == []
