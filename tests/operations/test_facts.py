"""`martech facts` and `martech check --facts`: what platforms report, read once, used offline."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.cli import main
from pulumi_martech.reconcile import chain
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.home import account_file
from pulumi_martech.sandbox import Sandbox

DOCUMENT = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {email: ana@fernwood.example}
  ben: {email: ben@fernwood.example}
  cia: {email: cia@fernwood.example}
  lea: {email: lea@fernwood.example, status: leaver}
accounts:
  hub:
    platform: hubspot
    url: env:HUB_URL
    credentials: {kind: bearer, token: "env:HUB_TOKEN"}
    login: {sso: enforced}
  mail:
    platform: sendgrid
    url: env:MAIL_URL
    credentials: {kind: bearer, token: "env:MAIL_TOKEN"}
  crm: {platform: scim, url: env:CRM_URL, credentials: {kind: bearer, token: "env:NOT_SET"}}
  design: {platform: canva}
grants:
  - {who: ana, role: administrator, account: hub}
  - {who: ben, role: administrator, account: hub}
  - {who: cia, role: viewer, account: design}
  - {who: lea, role: administrator, account: hub}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path / ".martech"))
    (tmp_path / "access.yaml").write_text(DOCUMENT, encoding="utf-8")
    return tmp_path


def typed(folder: Path, *words: str) -> int:
    return main([*words, "--cwd", str(folder)])


def checked(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert typed(folder, "check", "--json", "--facts", "facts.json", *words) in (0, 2)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def texts(found: dict[str, Any], policy: str) -> list[str]:
    return [one["text"] for one in found["findings"] if one["policy"] == policy]


def test_what_platforms_report_is_saved_without_a_name_or_an_address(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed(folder, "facts", "--save", "facts.json") == 1
    assert "looking at people wants a reason" in capsys.readouterr().err
    with Sandbox() as sandbox:
        for key, platform in (("hub", "hubspot"), ("mail", "sendgrid"), ("crm", "scim")):
            for name, value in sandbox.tenant(key, platform).environment().items():
                monkeypatch.setenv(name, value)
        hub, mail = sandbox.tenants["hub"], sandbox.tenants["mail"]
        for who in ("ana", "ben", "lea"):
            hub.add_user(f"{who}@fernwood.example")
        hub.log_in("ana@fernwood.example", "2026-11-03T23:30:00.000Z")
        token = mail.invite("cia@fernwood.example")
        with Audit(folder / ".martech", "mail").call("cia", "create user", f"invitation/{token}"):
            pass
        words = ("facts", "--reason", "nightly", "--save", "facts.json")
        assert typed(folder, *words) == 1, "crm could not be read"
        said = capsys.readouterr()
        assert "crm was not read, so its people are unknown" in said.err
        assert "hub has 1 more whom the document does not have" in said.out
        assert not hub.writes() and not mail.writes()
        assert typed(folder, "facts", "hub", "--reason", "x", "--json") == 0
        assert set(json.loads(capsys.readouterr().out)["facts"]["accounts"]) == {"hub"}
    text = (folder / "facts.json").read_text()
    assert "@" not in text and "fernwood" not in text
    assert (folder / "facts.json").stat().st_mode & 0o077 == 0
    found = json.loads(text)["accounts"]
    assert found["hub"]["people"]["ana"]["last_use"] == "2026-11-03"
    assert "last_use" not in found["hub"]["people"]["ben"], "none in the log is not never"
    today = datetime.now(UTC).date().isoformat()
    cia = found["mail"]["people"]["cia"]
    assert (cia["status"], cia["pending_since"]) == ("pending", today)
    assert "NOT_SET" in found["crm"]["note"]
    rows = list(chain.entries(account_file(folder / ".martech", "audit", "hub")))
    assert {row.person for row in rows if row.phase == "intent"} == {"ana", "ben", "lea"}
    assert {row.reason for row in rows if row.phase == "intent"} == {"nightly", "x"}
    assert typed(folder, "facts", "hubb", "--reason", "x") == 1
    assert "did you mean 'hub'?" in capsys.readouterr().err
    (folder / "alone.yaml").write_text("accounts: {design: {platform: canva}}\n")
    assert typed(folder, "facts", "--document", "alone.yaml", "--reason", "x") == 1
    assert "no account of alone.yaml has url and credentials" in capsys.readouterr().err

    judged = checked(folder, capsys)
    assert texts(judged, "left-behind") == [
        "lea has left and is still active in hub, as it reports itself"
    ]
    assert [(one["account"], one["counted"]) for one in judged["facts"]] == [
        ("crm", False), ("hub", True), ("mail", True),
    ]  # fmt: skip


def write(folder: Path, days_ago: int = 0, **people: dict[str, Any]) -> None:
    read_at = (datetime(2026, 11, 28, 4, tzinfo=UTC) - timedelta(days=days_ago)).isoformat()
    hub = {"read_at": read_at, "people": people}
    facts = {"format": "martech-facts/1", "accounts": {"hub": hub}}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def test_checks_use_them_and_what_is_missing_or_old_is_unknown(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARTECH_TODAY", "2026-11-28")
    factor = {"known": "platform", "on": "2026-11-28", "method": "totp"}
    ana = {"status": "active", "last_use": "2026-06-01", "log_in": "password"}
    write(
        folder,
        ana=ana | {"mfa": [factor | {"state": "no"}]},
        ben={"mfa": [factor | {"state": "yes", "known": "identity provider"}]},
        cia={"status": "pending", "pending_since": "2026-11-13"},
        zoe={"last_use": "2020-01-01"},
    )
    found = checked(folder, capsys)
    assert texts(found, "dormant-administrators") == [
        "ana administers hub and last logged in on 2026-06-01, 180 days ago"
    ], "nothing is known of ben, which is not never"
    assert texts(found, "log-in-seen") == [
        "ana can pass into hub by password, though single sign-on is said to be enforced there"
    ]
    assert texts(found, "pending-invitations") == [
        "cia has not accepted the invitation to hub for 15 days, since 2026-11-13"
    ]
    (mfa,) = texts(found, "administrator-mfa")
    assert "ana" in mfa, "ben's second factor is proven at the identity provider"
    assert checked(folder, capsys, "--as-of", "2026-11-27")["as_of"] == "2026-11-27"

    capsys.readouterr()
    typed(folder, "check", "--facts", "facts.json")
    said = capsys.readouterr()
    assert "Facts: hub was read at 2026-11-28T04:00:00Z, today." in said.out
    write(folder, 8, ana=ana)
    typed(folder, "check", "--facts", "facts.json")
    assert "8 days ago: older than 7 days, so it is unknown" in capsys.readouterr().err
    assert texts(checked(folder, capsys), "dormant-administrators") == []
    kept = checked(folder, capsys, "--facts-days", "8")
    assert len(texts(kept, "dormant-administrators")) == 1
    write(folder, -1, ana=ana)
    assert texts(checked(folder, capsys), "dormant-administrators") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no file of facts"),
        ("[]", "is no file of facts"),
        ('{"accounts": {"hub": {"people": {}}}}', "accounts.hub.read_at is missing"),
        (
            '{"accounts": {"hub": {"read_at": "yesterday"}}}',
            "accounts.hub.read_at must be an instant such as",
        ),
        (
            '{"accounts": {"hub": {"read_at": "2026-11-28T04:00Z", "people": {"ana": '
            '{"last_use": "never", "phone": "1"}}}}}',
            "accounts.hub.people.ana.last_use must be a day",
        ),
        ('{"format": "x/2", "accounts": {}}', "format must be 'martech-facts/1'"),
    ],
)
def test_what_is_no_file_of_facts(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    (folder / "facts.json").write_text(text, encoding="utf-8")
    assert typed(folder, "check", "--facts", "facts.json") == 1
    said = capsys.readouterr().err
    assert words in said and "Traceback" not in said
    assert typed(folder, "check", "--facts", "nowhere.json") == 1
    assert "nowhere.json" in capsys.readouterr().err
