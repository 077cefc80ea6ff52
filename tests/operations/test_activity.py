"""What a platform's own logs have of people: asked for a reason, told, and kept nowhere."""

import pytest

from pulumi_martech.model.errors import Unsupported
from pulumi_martech.operations.activity import UNKNOWN, Asked, look
from pulumi_martech.reconcile import chain
from pulumi_martech.reconcile.home import account_file
from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.hubspot_portal import SCOPES

ANA = Asked(person="ana", login="ana@example.com")
OWNER = Asked(person="owner@example.com", login="owner@example.com")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def tenant(sandbox, monkeypatch, tmp_path):
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path))

    def make(platform):
        made = sandbox.tenant(f"t{len(sandbox.tenants)}", platform)
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        return made

    return make


def test_log_ins_and_what_people_did(tenant, tmp_path):
    hub = tenant("hubspot")
    hub.add_user(ANA.login)
    hub.log_in(ANA.login, "2026-11-03T08:00:00.000Z")
    gone = Asked(person="ben", login="ben@example.com", id="70000000")
    ana, owner, ben = look(hub.account(), [ANA, OWNER, gone], True, "the laptop was stolen")
    assert (ana.last_login, ana.events) == ("2026-11-03T08:00:00.000Z", ())
    assert (owner.last_login, owner.events[0].what) == ("", "ADD_USER")
    assert (ben.note, ben.last_login) == ("is not there", "")
    (plain,) = look(hub.account(), [ANA], False, "review")
    assert plain.events is None, "not asked"
    path = account_file(tmp_path, "audit", hub.key)
    rows = [row for row in chain.entries(path) if row.phase == "intent"]
    assert [row.reason for row in rows] == ["the laptop was stolen"] * 3 + ["review"]
    assert {row.verb for row in rows} == {"look at activity"}
    assert "@example.com" not in path.read_text(encoding="utf-8")
    assert hub.writes() == []


def test_what_may_not_be_seen_is_unknown_and_not_never(tenant, monkeypatch):
    hub = tenant("hubspot")
    blind = hub.add_token(set(SCOPES) - {"account-info.security.read"})
    monkeypatch.setenv(f"{hub.key.upper()}_TOKEN", blind)
    (owner,) = look(hub.account(), [OWNER], True, "review")
    assert (owner.last_login, owner.events) == (UNKNOWN, None)


def test_a_platform_without_logs_says_where_to_look(tenant):
    mail = tenant("sendgrid")
    with pytest.raises(Unsupported, match=r"SendGrid shows no log-ins .* access activity"):
        look(mail.account(), [OWNER], True, "review")
    assert mail.log() == []
