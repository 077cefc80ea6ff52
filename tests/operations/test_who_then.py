"""`martech who` of a day that is over: what audit and attestations show, and what they do not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine

from pulumi_martech.cli import main
from pulumi_martech.model.attestation import Attestation
from pulumi_martech.model.content import Cell
from pulumi_martech.platforms import attested
from pulumi_martech.platforms.gtg_crm_matrix import SWITCHES
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.entries import pseudonym

DOCUMENT = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {name: Ana, email: ana@fernwood.example}
  ben: {name: Ben, email: ben@fernwood.example}
accounts:
  mail:
    platform: sendgrid
  gtg:
    platform: gtg_crm
    url: https://www.gtgcrm.com
    credentials: {kind: by hand, operator: mia}
  tool: {platform: canva}
assets:
  list: {account: mail, kind: list, owner: ana}
vendors:
  north: {domains: [north.example], until: 2027-04-30, owner: ana, why: spring,
          people: {eve: {name: Eve, email: eve@north.example}}}
partners:
  nordic: {kind: reseller, domains: [nordic.example], people: {nils: {email: nils@nordic.example}}}
grants: []
"""
EVE = pseudonym("north", "eve@north.example")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "access.yaml").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n", encoding="utf-8")
    for name in ("MARTECH_AS_OF", "MARTECH_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


Write = Callable[..., None]


@pytest.fixture
def write(folder: Path) -> Write:
    """Write one call and its result into the audit; ``ends`` as one that nobody knows of."""

    def one(
        day: str, person: str, verb: str, target: str, *changes: str, account: str = "mail",
        known: bool = True,
    ) -> None:  # fmt: skip
        audit = Audit(folder / ".martech", account, actor="ci", run="r")
        with time_machine.travel(f"{day}T09:00:00Z", tick=False):
            if known:
                with audit.call(person, verb, "", changes) as call:
                    call.target = target
                return
            with pytest.raises(KeyboardInterrupt), audit.call(person, verb, target, changes):
                raise KeyboardInterrupt

    return one


def asked(folder: Path, capsys: Any, day: str, *words: str, code: int = 0) -> dict[str, Any]:
    with time_machine.travel("2026-11-28T12:00:00Z"):
        assert main(["who", "--as-of", day, *words, "--json", "--cwd", str(folder)]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def held(folder: Path, capsys: Any, day: str, *words: str) -> list[tuple[str, str, str]]:
    answers = asked(folder, capsys, day, *words)["answers"]
    return [(a["who"], a["account"], a["roles"]) for a in answers]


def test_where_nothing_was_recorded_nobody_is_not_the_answer(folder: Path, capsys: Any) -> None:
    error = asked(folder, capsys, "2026-03-01", code=1)["error"]
    assert f"there is no audit in {folder / '.martech' / 'audit'} and no attestation" in error


def test_an_audit_that_begins_later_and_accounts_without_one_are_named(
    folder: Path, write: Write, capsys: Any
) -> None:
    write("2026-03-02", "ana", "create user", "u1", "+ role Marketer")
    said = asked(folder, capsys, "2026-03-01")
    assert said["answers"] == []
    assert "The audit of mail begins on 2026-03-02: nothing is known of before." in said["notes"]
    assert "Nothing is recorded of gtg, tool." in said["notes"]
    with time_machine.travel("2026-11-28T12:00:00Z"):
        assert main(["who", "--as-of", "2026-03-01", "--cwd", str(folder)]) == 0
    assert "Nobody is recorded as of the end of 2026-03-01" in capsys.readouterr().out
    assert held(folder, capsys, "2026-03-02") == [("ana", "mail", "Marketer")]


def test_who_accepted_an_invitation_is_followed_to_the_id_that_ends(
    folder: Path, write: Write, capsys: Any
) -> None:
    write("2026-02-01", EVE, "create user", "token-1", "+ role Marketer")
    write("2026-02-10", EVE, "change user", "eve-at-north", "+ role Viewer", "- role Marketer")
    assert held(folder, capsys, "2026-02-10", "--vendor", "north") == [("eve", "mail", "Viewer")]
    write("2026-02-20", EVE, "remove user", "eve-at-north")
    assert held(folder, capsys, "2026-02-20") == []
    # A log-in that changes: the new user is made before the old one goes.
    write("2026-03-01", "ana", "create user", "old-token", "+ role Marketer")
    write("2026-03-02", "ana", "create user", "new", "+ role Viewer")
    write("2026-03-02", "ana", "remove user", "old")
    assert held(folder, capsys, "2026-03-02") == [("ana", "mail", "Viewer")]


def test_a_create_without_an_answer_is_told_until_something_of_it_is_known(
    folder: Path, write: Write, capsys: Any
) -> None:
    write("2026-02-01", "ana", "create user", "", "+ role Marketer", known=False)
    (ana,) = asked(folder, capsys, "2026-02-01")["answers"]
    assert "last write has no known end" in ana["known"]
    write("2026-02-02", "ana", "create user", "u1", "+ role Marketer")
    (ana,) = asked(folder, capsys, "2026-02-02")["answers"]
    assert "written by us" in ana["known"] and ana["roles"] == "Marketer"
    write("2026-02-03", "ben", "change user", "u2", "+ role Viewer")
    ben = asked(folder, capsys, "2026-02-03", "--person", "ben")["answers"][0]
    assert "what was there before is not known" in ben["known"]


def test_who_and_what_left_the_document_since_is_found_all_the_same(
    folder: Path, write: Write, capsys: Any
) -> None:
    write("2026-02-01", "south#0123456789", "create user", "u1", "+ role Marketer")
    write("2026-02-01", "zoe", "create user", "u2", "+ role Viewer", account="tool")
    write("2026-02-01", "nils", "create user", "u3", "+ role Viewer", account="gone")
    assert held(folder, capsys, "2026-03-01", "--vendor", "south") == [
        ("south#0123456789", "mail", "Marketer")
    ]
    assert held(folder, capsys, "2026-03-01", "--vendor", "nordic") == [("nils", "gone", "Viewer")]
    said = asked(folder, capsys, "2026-03-01", "--external")
    assert [a["who"] for a in said["answers"]] == ["nils", "south#0123456789", "zoe"]
    assert "nobody can say whose people they were: zoe." in " ".join(said["notes"])
    # On a platform that nobody wrote to, or an account that is gone, nobody knows what roles allow.
    assert said["answers"][2]["can"] == said["answers"][0]["can"] == "not known"
    asking = asked(folder, capsys, "2026-03-01", "--can", "contacts:export")["answers"]
    assert {"nils", "zoe"} <= {a["who"] for a in asking}
    said = asked(folder, capsys, "2026-03-01", "--asset", "list")
    assert [a["account"] for a in said["answers"]] == ["mail"]
    assert "To which assets access was limited is not recorded" in " ".join(said["notes"])
    assert "no such vendor or partner" in asked(folder, capsys, "2026-03-01", "--vendor", "soth",
                                                code=1)["error"]  # fmt: skip


def test_an_audit_that_was_changed_proves_nothing_and_says_so(
    folder: Path, write: Write, capsys: Any
) -> None:
    write("2026-02-01", "ana", "create user", "u1", "+ role Marketer")
    file = folder / ".martech" / "audit" / "mail.jsonl"
    file.write_text(file.read_text().replace("role Marketer", "role Viewer"))
    said = asked(folder, capsys, "2026-03-01", code=1)
    assert said["broken"] == ["mail"]
    with time_machine.travel("2026-11-28T12:00:00Z"):
        assert main(["who", "--as-of", "2026-03-01", "--csv", "--cwd", str(folder)]) == 1
    assert "error: the audit of mail is broken" in " ".join(capsys.readouterr().err.split())


def attest(day: str, people: dict[str, tuple[str, ...]], on: set[str]) -> Path:
    switches = {name: Cell.ON if name in on else Cell.OFF for name in SWITCHES["guide"]}
    return attested.store(
        Attestation(
            account="gtg",
            platform="gtg_crm",
            at=f"{day}T10:00:00Z",
            by="ana",
            stored=f"{day}T10:00:00Z",
            layout="guide",
            sources=(),
            people=people,
            roles={"Outside": switches},
        )
    )


def test_an_account_without_an_api_is_told_by_what_was_attested_by_then(
    folder: Path, write: Write, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    write("2026-01-05", EVE, "ask: create user", "", "+ role Outside", account="gtg")
    first = {"eve@north.example": ("Outside",), "zoe@north.example": ("Outside",)}
    attest("2026-02-01", {**first, "ana@fernwood.example": ("Administrator",)}, {"Email: Send"})
    attest("2026-03-01", {"ana@fernwood.example": ("Administrator",)}, {"Contacts: Export"})
    monkeypatch.chdir("/")
    assert held(folder, capsys, "2026-01-31", "--account", "gtg") == [], "asked is not done"
    said = asked(folder, capsys, "2026-01-31")
    assert "Nobody had attested what gtg holds by 2026-01-31." in said["notes"]
    found = asked(folder, capsys, "2026-02-28", "--vendor", "north")["answers"]
    assert [(a["who"], a["can"]) for a in found] == [
        ("eve", "email:send"), ("zoe@north.example", "email:send"),
    ]  # fmt: skip
    assert found[0]["known"] == "attested by ana of 2026-02-01T10:00:00Z"
    assert held(folder, capsys, "2026-03-01", "--vendor", "north") == []
    (ana,) = asked(folder, capsys, "2026-06-30", "--account", "gtg")["answers"]
    assert "too old by then to count" in ana["known"]
    file = next((folder / "attestations" / "gtg").glob("*.json"))
    file.write_text(file.read_text().replace("Administrator", "Marketing Staff"))
    said = asked(folder, capsys, "2026-02-28", code=1)
    assert said["broken"] == ["gtg"] and said["answers"] == []
