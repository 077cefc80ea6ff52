"""An `up` of another day than today is compared with that of today, whatever grants the access."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.model.plan import Message, Op, Plan, Step
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.up import _another_day
from pulumi_martech.operations.work import Work

TODAY = "2027-03-10"
MEMBERS = "urn:pulumi:dev::p::pulumi-python:dynamic/martech/scim:Roster::crm/roster"
ANA = "urn:pulumi:dev::p::pulumi-python:dynamic/martech/scim:MartechUser::crm/ana"


def roster(**members: str) -> dict[str, Any]:
    entries = {f"{who}@x.example": {"roles": {role: True}} for who, role in members.items()}
    return {"account": "crm", "members": entries}


def user(*roles: str) -> dict[str, Any]:
    return {"account": "crm", "login": "ana@x.example", "roles": dict.fromkeys(roles, True)}


def plan(urn: str, old: Mapping[str, Any], new: Mapping[str, Any] | None) -> Plan:
    """Return what makes one resource of the state another, or nothing of it."""
    if old == new:
        return Plan()
    op = Op.DELETE if new is None else Op.UPDATE
    return Plan(steps=(Step(urn=urn, op=op, old=old, new=new),))


@dataclass(frozen=True)
class Engine:
    """A stack with one resource, and what it comes to on each day."""

    urn: str
    state: Mapping[str, Any]
    days: Mapping[str, Plan]
    environment: Mapping[str, str] = field(default_factory=dict)

    def preview(self, *, refresh: bool, targets: tuple[str, ...]) -> Plan:
        assert not refresh and not targets
        return self.days[self.environment["MARTECH_AS_OF"]]

    def export(self) -> str:
        token = self.urn.split("::")[2]
        resource = {"urn": self.urn, "type": token, "inputs": self.state}
        return json.dumps({"deployment": {"resources": [resource]}})


def said(as_of: str, urn: str, state: Any, then: Any, of_today: Any, override: str = "") -> str:
    days = {as_of: plan(urn, state, then), TODAY: plan(urn, state, of_today)}
    engine: Any = Engine(urn, state, days)
    work = Work(Path(), "dev", as_of, engine, Path(), override=override)
    return _another_day(work, Screen(machine=True), days[as_of])


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARTECH_TODAY", TODAY)


def test_a_day_before_today_leaves_no_end_out_of_a_roster_or_of_one_role_of_several() -> None:
    both, one = roster(ana="Editors", bo="Editors"), roster(ana="Editors")
    assert "one end of access since then would be left out: crm/roster: bo@x.example" in said(
        "2027-03-01", MEMBERS, both, both, one
    )
    more, less = user("Editors", "Admins"), user("Editors")
    assert "left out: crm/ana" in said("2027-03-01", ANA, less, more, less), "given back"
    assert "left out: crm/ana" in said("2027-03-01", ANA, less, less, None)
    assert said("2027-03-01", ANA, less, less, more) == "", "what has begun since can wait"
    assert said("2027-03-01", ANA, more, less, less) == ""
    assert said(TODAY, ANA, more, more, less) == "", "of today it is not asked twice"
    assert said("2027-03-01", ANA, less, more, less, override="x"), "no reason leaves ends out"


def test_a_day_that_has_not_come_ends_and_begins_nothing_unless_a_reason_is_said() -> None:
    both, one = roster(ana="Editors", bo="Editors"), roster(ana="Editors")
    early = said("2027-03-20", MEMBERS, both, one, both)
    assert "access of crm/roster: bo@x.example would end before its time" in early
    soon = said("2027-03-20", MEMBERS, one, both, one)
    assert "access of crm/roster: bo@x.example would begin before its time" in soon
    assert said("2027-03-20", MEMBERS, both, one, one) == "", "today ends it too"
    assert said("2027-03-20", MEMBERS, both, one, both, override="they close early") == ""


def test_a_program_that_does_not_run_through_today_is_said() -> None:
    wrong = Plan(ok=False, messages=(Message(severity="error", text="a waiver is over"),))
    days = {"2027-03-01": Plan(), TODAY: wrong}
    engine: Any = Engine(ANA, user("Editors"), days)
    work = Work(Path(), "dev", "2027-03-01", engine, Path())
    told = _another_day(work, Screen(machine=True), Plan())
    assert told.startswith("as of today the program does not run through (a waiver is over)")
