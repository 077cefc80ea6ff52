"""`pulumi.automation` on the embedded engine, as on the real command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation as auto

from pulumi_martech.engine.embedded.command import EmbeddedCommand
from tests.engine.embedded_kit import Toyland


@pytest.fixture
def land(tmp_path: Path) -> Toyland:
    program = (
        "import pulumi, toy\n"
        "ann = toy.User('ann', login='ann', roles=['reader'])\n"
        "team = toy.Group('team', title='Team', owner=ann.handle)\n"
        "pulumi.export('handle', ann.handle)\n"
        "pulumi.export('token', ann.token)\n"
    )
    return Toyland(tmp_path, program, main="stacks", stackConfigDir="stacks")


def workspace(land: Toyland) -> auto.LocalWorkspace:
    names = ("PYTHONPATH", "PULUMI_CONFIG_PASSPHRASE", "TOY_WORLD", "TOY_TRACE")
    return auto.LocalWorkspace(
        work_dir=str(land.project),
        env_vars={name: land.env[name] for name in names},
        pulumi_command=EmbeddedCommand(),
    )


def test_a_stack_from_its_making_to_its_end(land: Toyland) -> None:
    stack = auto.Stack.create_or_select("prod", workspace(land))
    assert {s.name for s in stack.workspace.list_stacks()} == {"dev", "prod"}
    stack.set_all_config(
        {
            "site": auto.ConfigValue("oslo"),
            "toy:password": auto.ConfigValue("hunter2", secret=True),
        }
    )
    stack.set_config("limit", auto.ConfigValue("-5"))
    config = stack.get_all_config()
    assert config["toyland:site"].value == "oslo"
    assert config["toy:password"].value == "hunter2" and config["toy:password"].secret
    assert stack.get_config("limit").value == "-5"
    stack.remove_config("limit")
    assert (land.project / "stacks" / "Pulumi.prod.yaml").is_file()

    events: list[Any] = []
    preview = stack.preview(on_event=events.append)
    assert preview.change_summary == {"create": 3}
    assert any(e.res_outputs_event for e in events) and events[-1].cancel_event
    assert not land.objects()

    events.clear()
    up = stack.up(on_event=events.append, message="the first")
    assert up.summary.result == "succeeded" and up.summary.kind == "update"
    assert up.summary.resource_changes == {"create": 3}
    assert up.outputs["handle"].value == "ann#1" and not up.outputs["handle"].secret
    assert up.outputs["token"].value == "token of ann#1" and up.outputs["token"].secret
    created = [e.res_outputs_event.metadata for e in events if e.res_outputs_event]
    group = next(m for m in created if m.urn.endswith("::team"))
    assert group.op == "create" and group.new.outputs["handle"] == "Team#1"
    assert group.provider.startswith("urn:pulumi:prod::toyland::pulumi:providers:pulumi-python::")

    world = json.loads(land.world.read_text())
    world["objects"]["user/ann"]["inputs"]["roles"] = ["admin", "reader"]
    land.world.write_text(json.dumps(world))
    found = stack.preview_refresh(on_event=events.append)
    assert found.change_summary == {"update": 1, "same": 2}
    with pytest.raises(auto.CommandError, match="no changes were expected for refresh"):
        stack.preview_refresh(expect_no_changes=True)
    refreshed = stack.refresh()
    assert refreshed.summary.resource_changes == {"update": 1, "same": 2}
    assert stack.up(refresh=True).summary.resource_changes == {"update": 1, "same": 2}

    saved = stack.export_stack()
    assert saved.version == 3 and len(saved.deployment["resources"]) == 4
    stack.destroy()
    assert not land.objects() and not stack.export_stack().deployment["resources"]
    stack.import_stack(saved)
    assert stack.outputs()["token"].value == "token of ann#1"
    stack.destroy()
    assert [h.kind for h in stack.history()][:2] == ["destroy", "destroy"]
    stack.workspace.remove_stack("prod")
    with pytest.raises(auto.StackNotFoundError):
        auto.Stack.select("prod", stack.workspace)
    with pytest.raises(auto.StackAlreadyExistsError):
        auto.Stack.create("dev", stack.workspace)


def test_a_plan_that_was_saved_holds_the_run(land: Toyland, tmp_path: Path) -> None:
    stack = auto.Stack.select("dev", workspace(land))
    plan = str(tmp_path / "plan.json")
    stack.preview(plan=plan)
    land.program.write_text(land.program.read_text().replace("'Team'", "'Crew'"))
    with pytest.raises(auto.CommandError, match=r"violates plan: properties changed: \+\+title"):
        stack.up(plan=plan)
    assert set(land.objects()) == {"user/ann"}
    land.program.write_text(land.program.read_text().replace("'Crew'", "'Team'"))
    stack.up(plan=plan)
    assert set(land.objects()) == {"user/ann", "group/Team"}


def test_failures_reach_the_caller_with_their_message(land: Toyland) -> None:
    stack = auto.Stack.select("dev", workspace(land))
    land.faults({"method": "create", "id": "user/ann", "message": "the system said no"})
    events: list[Any] = []
    with pytest.raises(auto.CommandError, match="error: RuntimeError: the system said no"):
        stack.up(on_event=events.append)
    diagnostics = [e.diagnostic_event for e in events if e.diagnostic_event]
    assert [d.message for d in diagnostics if d.urn] == ["RuntimeError: the system said no\n"]
    assert any(e.res_op_failed_event for e in events)
    assert not any("Traceback" in d.message for d in diagnostics)
    land.program.write_text("raise ValueError('the table is empty')\n")
    with pytest.raises(auto.errors.RuntimeError, match="ValueError: the table is empty"):
        stack.preview()


def test_a_held_lock_is_a_concurrent_update_and_cancel_breaks_it(land: Toyland) -> None:
    stack = auto.Stack.select("dev", workspace(land))
    (land.folder() / "lock.json").write_text("{}")
    with pytest.raises(auto.ConcurrentUpdateError):
        stack.up()
    stack.cancel()
    stack.up()
