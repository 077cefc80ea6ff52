"""The doctor on an account without an API: nobody is called, and the word of people has an age."""

import socket
from pathlib import Path

import pytest

from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.attestation import Attestation, Source
from pulumi_martech.operations.accounts import with_steps
from pulumi_martech.operations.checklist import Task
from pulumi_martech.operations.doctor import Finding, doctor
from pulumi_martech.platforms import attested

CONFIG = AccountConfig(
    key="gtg",
    platform="gtg_crm",
    url="https://www.gtgcrm.com",
    credentials=ByHand(operator="mia"),
)


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MARTECH_AS_OF", "2026-11-20")

    def nobody(*_: object) -> None:
        raise AssertionError("nobody is called")

    monkeypatch.setattr(socket.socket, "connect", nobody)


def attest(at: str = "2026-11-20T09:00:00Z", by: str = "ana") -> Path:
    return attested.store(
        Attestation(
            account="gtg",
            platform="gtg_crm",
            at=at,
            by=by,
            stored=at,
            sources=(Source(name="people.csv", sha256="0" * 64),),
            people={"ana@example.com": ("Administrator",)},
        )
    )


def examined() -> dict[str, Finding]:
    return {finding.check: finding for finding in doctor([CONFIG])}


def test_an_account_nobody_has_looked_at_is_a_warning_and_stops_nothing():
    found = examined()
    assert found.keys() == {"account", "attestation", "records"}
    assert found["attestation"].result == "warn"
    assert "by nobody yet" in found["attestation"].what
    assert "have somebody look, other than mia" in found["attestation"].todo
    attest(by="mia")
    assert examined()["attestation"].result == "warn", "the operator's own word does not count"


@pytest.mark.parametrize(
    ("day", "result", "said"),
    [
        ("2027-02-04", "ok", "counts until 2027-02-18; 1 people, no word on custom roles"),
        ("2027-02-05", "warn", "counts until 2027-02-18"),
        ("2027-02-19", "warn", "EXPIRED on 2027-02-18"),
    ],
)
def test_an_attestation_has_an_age(monkeypatch, day, result, said):
    attest()
    monkeypatch.setenv("MARTECH_AS_OF", day)
    found = examined()["attestation"]
    assert found.result == result and said in found.what


def test_one_that_was_edited_fails_with_what_to_do():
    file = attest()
    file.write_text(file.read_text().replace("ana@example.com", "eve@example.com"))
    found = examined()["attestation"]
    assert found.result == "fail" and "edited after it was stored" in found.what
    assert "restore it" in found.todo


@pytest.mark.parametrize(
    ("as_of", "result", "said"),
    [("2026-12-04", "ok", "1 wait for mia"), ("2026-12-05", "warn", "1 wait for mia, 1 OVERDUE")],
)
def test_steps_that_wait_are_counted_and_those_that_are_late_named(as_of, result, said):
    task = Task(
        place="GTG CRM, https://www.gtgcrm.com",
        account="gtg", resource="gtg/ana", about="ana@example.com", verb="create user",
        operator="mia", where="", do=(), due="2026-12-04",
    )  # fmt: skip
    steps = with_steps(CONFIG, [], [task], as_of)[-1]
    assert (steps.check, steps.result, steps.what) == ("steps", result, said)
    assert with_steps(CONFIG, [], [], as_of)[-1].what == "none waits for anybody"
