"""The checklist: from the state and a plan, in the light of what was attested, for one person."""

import json
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.attestation import Attestation, Source
from pulumi_martech.model.content import Cell
from pulumi_martech.model.plan import Op, Outcome, Plan, Step
from pulumi_martech.operations.checklist import Task, markdown, outstanding, with_asked
from pulumi_martech.platforms import attested
from pulumi_martech.platforms.gtg_crm_matrix import SWITCHES

CONFIG = AccountConfig(
    key="gtg",
    platform="gtg_crm",
    url="https://www.gtgcrm.com",
    credentials=ByHand(operator="mia"),
)
ASKED = {"at": "2026-11-20T12:00:00Z", "of": "mia", "due": "2026-12-04"}
ANA, BO = "ana@example.com", "bo@example.com"


@pytest.fixture(autouse=True)
def _project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::office::pulumi-python:dynamic/martech/gtg_crm:{kind}::gtg/{name}"


def export(*resources: dict[str, Any]) -> str:
    account = {
        "urn": "urn:pulumi:dev::office::pulumi:providers:pulumi-python::gtg",
        "type": "pulumi:providers:pulumi-python",
        "inputs": CONFIG.inputs(),
    }
    return json.dumps({"deployment": {"resources": [account, *resources]}})


def resource(kind: str, name: str, inputs: dict[str, Any], **outputs: Any) -> dict[str, Any]:
    inputs = {"account": "gtg", **inputs}
    whole = urn(kind, name)
    return {
        "urn": whole,
        "type": whole.split("::")[2],
        "inputs": inputs,
        "outputs": {**inputs, "asked": ASKED, **outputs},
    }


def user(name: str, *roles: str, **outputs: Any) -> dict[str, Any]:
    inputs = {"login": f"{name}@example.com", "roles": dict.fromkeys(roles, True)}
    return resource("MartechUser", name, inputs, **outputs)


def role(name: str, *switches: str, was: str = "") -> dict[str, Any]:
    inputs = {"name": name, "layout": "guide", "switches": dict.fromkeys(switches, True)}
    return resource("Role", "support", inputs, native_id=was or name)


def step(op: Op, of: dict[str, Any], new: dict[str, Any] | None = None, **more: Any) -> Step:
    return Step(urn=of["urn"], op=op, old=of["inputs"], new=new, provider="gtg", **more)


def attest(people: dict[str, tuple[str, ...]], at: str, **roles: set[str]) -> Path:
    return attested.store(
        Attestation(
            account="gtg",
            platform="gtg_crm",
            at=at,
            by="ana",
            stored=at,
            layout="guide" if roles else "",
            sources=(Source(name="people.csv", sha256="0" * 64),),
            people=people,
            roles={
                name: {s: Cell.ON if s in on else Cell.OFF for s in SWITCHES["guide"]}
                for name, on in roles.items()
            }
            or None,
        )
    )


def verbs(tasks: list[Task]) -> list[tuple[str, str]]:
    return [(task.verb, task.about) for task in tasks]


def test_ends_of_access_come_first_then_roles_then_people():
    state = [user("ana", "Support"), role("Support", "Email: Send"), user("bo")]
    tasks = outstanding(Plan(steps=(step(Op.DELETE, state[2]),)), export(*state))
    assert verbs(tasks) == [
        ("remove user", BO), ("change role", "Support"), ("change user", ANA),
    ]  # fmt: skip
    assert {task.operator for task in tasks} == {"mia"}
    text = markdown("gtg", tasks, "2026-12-05")
    assert text.startswith("# gtg: 3 steps asked of mia, by ") and "OVERDUE" in text
    assert "gtg/ana, by 2026-12-04 OVERDUE, asked 2026-11-20" in text
    assert "martech attest gtg --file" in text


def test_what_was_attested_since_is_not_on_the_list_any_more():
    state = [user("ana", "Administrator"), user("bo")]
    plan = Plan(steps=(step(Op.DELETE, state[1]),))
    attest({ANA: ("Administrator",)}, at="2026-11-20T11:00:00Z")
    known = outstanding(plan, export(*state))
    assert verbs(known) == [("remove user", BO), ("change user", ANA)]
    attest({ANA: ("Administrator",)}, at="2026-11-20T13:00:00Z")
    assert outstanding(plan, export(*state)) == []


def test_a_table_of_people_alone_says_nothing_of_the_roles_that_were_asked_for():
    state = [user("ana", "Administrator"), role("Support", "Email: Send")]
    attest({ANA: ("Administrator",)}, at="2026-11-20T13:00:00Z")
    (waits,) = outstanding(Plan(), export(*state))
    assert (waits.verb, waits.about) == ("change role", "Support")
    attest({ANA: ("Administrator",)}, at="2026-11-20T14:00:00Z", Support={"Email: Send"})
    assert outstanding(Plan(), export(*state)) == []


def test_words_tell_what_differs_from_what_was_attested_before():
    attest({ANA: ("Administrator",)}, at="2026-11-20T11:00:00Z", Help={"Contacts: Export"})
    state = [user("ana", "Support"), user("bo"), role("Support", "Email: Send", was="Help")]
    more = {**role("Sales"), "urn": urn("Role", "sales")}
    made, renamed, ana, bo = outstanding(Plan(), export(*state, more))
    assert made.verb == "create role" and made.do[0].endswith("name: Sales")
    assert renamed.do == (
        "open the role Help",
        "name: Support",
        "switch on: Email: Send",
        "switch off: Contacts: Export",
    )
    assert "in place of Administrator" in ana.do[1]
    assert bo.verb == "create user" and bo.do[0] == f"add the user {BO} to the workspace"


def test_a_map_of_people_has_a_step_for_each_of_them():
    people = {ANA: {"roles": {"Support": True}}, BO: {"roles": {}}}
    vendor = resource("VendorGrant", "north", {"people": people}, asked={ANA: ASKED})
    less = {"account": "gtg", "people": {ANA: people[ANA]}}
    tasks = outstanding(Plan(steps=(step(Op.UPDATE, vendor, less),)), export(vendor))
    assert verbs(tasks) == [("remove user", BO), ("change user", ANA)]
    assert {task.resource for task in tasks} == {"gtg/north"}
    whole = outstanding(Plan(steps=(step(Op.DELETE, vendor),)), export(vendor))
    assert verbs(whole) == [("remove user", ANA), ("remove user", BO)]
    roster = resource("Roster", "roster", {"members": people}, asked=None)
    assert outstanding(Plan(steps=(step(Op.DELETE, roster),)), export(roster)) == []


def test_verbs_that_leave_something_behind():
    attest({ANA: ("Administrator",)}, at="2026-11-20T11:00:00Z")
    kept, softer = user("ana"), user("ana")
    kept["inputs"]["on_destroy"], softer["inputs"]["on_destroy"] = "retain", "downgrade"
    assert outstanding(Plan(steps=(step(Op.DELETE, kept),)), export(kept)) == []
    (task,) = outstanding(Plan(steps=(step(Op.DELETE, softer),)), export(softer))
    assert task.verb == "downgrade user" and "column Roles: none, in place of" in task.do[1]


def test_what_a_run_has_settled_is_no_step():
    ana = user("ana")
    gone = step(Op.DELETE, ana, outcome=Outcome.DONE)
    assert outstanding(Plan(steps=(gone,)), export()) == []
    left = step(Op.DELETE, ana, outcome=Outcome.FAILED)
    assert verbs(outstanding(Plan(steps=(left,)), export(ana))) == [("remove user", ANA)]


def test_somebody_whose_login_changes_comes_and_goes():
    old, new = user("bo"), user("ana")
    old["urn"] = new["urn"]
    plan = Plan(steps=(step(Op.REPLACE, old, new["inputs"], outcome=Outcome.FAILED),))
    both = export(new, {**old, "delete": True})
    assert verbs(outstanding(plan, both)) == [("remove user", BO), ("change user", ANA)]
    plan = Plan(steps=(step(Op.DELETE, old),))
    assert verbs(outstanding(plan, both)) == [("remove user", BO), ("change user", ANA)]
    plan = Plan(steps=(step(Op.REPLACE, old, new["inputs"]),))
    assert verbs(outstanding(plan, export(old))) == [("remove user", BO)]


def test_what_was_only_asked_is_never_called_done():
    ana, bo = user("ana"), user("bo", asked=None)
    done = Plan(
        steps=tuple(
            Step(urn=one["urn"], op=Op.CREATE, new=one["inputs"], outcome=Outcome.DONE)
            for one in (ana, bo)
        )
    )
    outcomes = [step.outcome for step in with_asked(done, export(ana, bo)).steps]
    assert outcomes == [Outcome.ASKED, Outcome.DONE]
