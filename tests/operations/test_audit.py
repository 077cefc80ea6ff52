"""`martech audit`: all accounts at once, and what was said elsewhere about them."""

import json

import pytest

from pulumi_martech.model.errors import InvalidDeclaration, MartechError, Uncertain
from pulumi_martech.operations import audit
from pulumi_martech.operations.tables import entry_rows, verdict_rows
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.home import NotReadable


@pytest.fixture
def folder(tmp_path):
    for account, people in (("shop", ["ben"]), ("crm", ["ana", "ben"])):
        for person in people:
            with Audit(tmp_path, account, actor="ops").call(person, "create user") as call:
                call.target = "42"
    return tmp_path


def test_every_account_is_checked_and_what_is_open_is_named(folder):
    with pytest.raises(Uncertain), Audit(folder, "crm").call("cleo", "remove user", "43"):
        raise Uncertain("remove user cleo", "the connection was cut")
    crm, shop = audit.verify(folder=folder)
    assert (crm.account, crm.ok, crm.entries) == ("crm", True, 6)
    assert (shop.account, shop.ok, shop.entries) == ("shop", True, 2)
    row = verdict_rows([crm])[0]
    assert row[:5] == ("crm", "ok", "6", "1", "no")
    assert "entry 5 has no recorded end: remove user cleo" in row[5]

    audit.settle("crm", 5, "failed", "still there", folder=folder)
    assert not audit.verify(["crm"], folder=folder)[0].open_intents
    with pytest.raises(InvalidDeclaration, match="no open intent"):
        audit.settle("crm", 5, "done", "again", folder=folder)


def test_a_file_that_is_gone_is_missed_by_its_head_or_by_the_anchor(folder, tmp_path, monkeypatch):
    kept = tmp_path / "heads.json"
    kept.write_text(json.dumps(audit.head(folder)))
    monkeypatch.setenv("MARTECH_AUDIT_ANCHOR", str(kept))
    assert all(verdict.ok and verdict.anchored for verdict in audit.verify(folder=folder))

    (folder / "audit/crm.jsonl").unlink()
    assert [v.account for v in audit.verify(folder=folder) if not v.ok] == ["crm"]
    (folder / "audit/crm.head").unlink()
    assert [v.account for v in audit.verify(folder=folder) if not v.ok] == ["crm"]


def test_a_bad_anchor_is_one_sentence(folder, tmp_path):
    with pytest.raises(MartechError, match=r"read the kept heads .*FileNotFoundError"):
        audit.verify(anchor=tmp_path / "none", folder=folder)
    (tmp_path / "list").write_text("[1]")
    assert all(not verdict.ok for verdict in audit.verify(anchor=tmp_path / "list", folder=folder))
    (tmp_path / "odd").write_text('{"../x": "y", "crm": null}')
    assert len(audit.verify(anchor=tmp_path / "odd", folder=folder)) == 2


def test_entries_are_shown_in_the_order_of_time_and_by_person(folder):
    entries = audit.show(folder=folder)
    assert [e.account for e in entries] == ["shop", "shop", "crm", "crm", "crm", "crm"]
    assert {e.account for e in audit.show(person="ben", folder=folder)} == {"shop", "crm"}
    assert len(audit.show(["crm"], last=3, folder=folder)) == 3
    assert audit.show(last=0, folder=folder) == []
    assert entry_rows(entries)[1][:1] == ("shop",)
    assert entry_rows(entries)[1][5:7] == ("create user 42", "done (1)")


def test_an_account_that_is_not_known_is_refused_with_those_that_are(folder, tmp_path):
    with pytest.raises(InvalidDeclaration, match="there are: crm, shop"):
        audit.show(["nope"], folder=folder)
    with pytest.raises(InvalidDeclaration, match="none yet"):
        audit.verify(["../../etc/passwd"], folder=tmp_path / "empty")
    assert audit.verify(folder=tmp_path / "empty") == audit.show(folder=tmp_path / "empty") == []


def test_a_file_that_cannot_be_read_is_one_sentence(folder):
    (folder / "audit/crm.jsonl").unlink()
    (folder / "audit/crm.jsonl").mkdir()
    with pytest.raises(NotReadable, match="Is a directory"):
        audit.verify(folder=folder)
