"""`state ...`, `stack rename` and `config refresh`: what they change, refuse and say."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.engine.embedded.cli import main
from pulumi_martech.engine.embedded.integrity import problem
from pulumi_martech.engine.embedded.project import Project
from pulumi_martech.engine.embedded.stacks import StackFolder, manifest
from tests.engine.embedded_kit import FAST, Real, Toyland
from tests.passphrase import PASSPHRASE, SETTINGS

State = dict[str, Any]
PREFIX = "urn:pulumi:dev::toyland::"
ROOT = f"{PREFIX}pulumi:pulumi:Stack::toyland-dev"
ACME = f"{PREFIX}pulumi:providers:pulumi-python::acme"
ANN = f"{PREFIX}pulumi-python:dynamic/toy:User::ann"
BOB = f"{PREFIX}pulumi-python:dynamic/toy:User::bob"
TEAM = f"{PREFIX}toy:index:Team::crew"
GROUP = f"{PREFIX}toy:index:Team$pulumi-python:dynamic/toy:Group::crew"
GRANT = f"{PREFIX}pulumi-python:dynamic/toy:Grant::grant"


def _custom(urn: str, name: str, **rest: Any) -> State:
    kind = urn.split("::")[2].rpartition("$")[2]
    provider = f"{ACME}::one"
    state = {"urn": urn, "custom": True, "id": name, "type": kind, "parent": ROOT}
    return {**state, "inputs": {"login": name}, "provider": provider, **rest}


def _resources() -> list[State]:
    return [
        {"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"},
        {
            "urn": ACME,
            "custom": True,
            "id": "one",
            "type": "pulumi:providers:pulumi-python",
            "parent": ROOT,
        },
        _custom(ANN, "ann", protect=True, aliases=[f"{ANN}-before"]),
        _custom(BOB, "bob", dependencies=[ANN]),
        {"urn": TEAM, "custom": False, "type": "toy:index:Team", "parent": ROOT},
        _custom(GROUP, "crew", parent=TEAM),
        _custom(
            GRANT,
            "grant",
            dependencies=[ANN, GROUP],
            propertyDependencies={"user": [ANN], "group": [GROUP]},
            deletedWith=GROUP,
        ),
    ]


def _typed(resources: list[State]) -> str:
    deployment = {"manifest": manifest(), "resources": resources}
    return json.dumps({"version": 3, "deployment": deployment})


Take = Callable[[list[State]], None]


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Take:
    """Give the stack `dev` resources; `main` works on it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("MARTECH_BACKEND_URL", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: toyland\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(SETTINGS)
    assert main(["stack", "init", "dev"]) == 0

    def taken(resources: list[State]) -> None:
        (tmp_path / "state.json").write_text(_typed(resources))
        assert main(["stack", "import", "--force", "--file", "state.json"]) == 0

    taken(_resources())
    return taken


def _state(stack: str = "dev") -> dict[str, State]:
    found = StackFolder(Project.find(Path.cwd()), stack).read()["resources"]
    assert not problem(found)
    return {state["urn"]: state for state in found}


Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture) -> Said:
    """Run a command; return what it said."""

    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(list(words)) == code
        printed = capsys.readouterr()
        return printed.out + printed.err

    return run


def test_what_others_depend_on_is_not_deleted_alone(take: Take, said: Said) -> None:
    before = _state()
    refused = said("state", "delete", GROUP, code=1)
    assert f"{GROUP} can't be safely deleted because the following" in refused
    assert f' * "grant"         ({GRANT})\n\nDelete those resources first' in refused
    refused = said("state", "delete", ACME, "--target-dependents", "--yes", code=1)
    assert f"{ANN} can't be safely deleted because it is protected. Re-run" in refused
    assert said("state", "delete", "--all", code=1).endswith("with --force to force deletion\n")
    assert _state() == before

    assert said("state", "rm", GRANT, BOB) == "2 resources deleted\n"
    assert list(_state()) == [ROOT, ACME, ANN, TEAM, GROUP]
    done = said("state", "remove", ACME, "--target-dependents", "--force")
    assert f"warning: deleting protected resource {ANN} due to presence of --force\n" in done
    assert list(_state()) == [ROOT, TEAM]
    assert said("state", "delete", "--all") == "Resources deleted\n"
    assert _state() == {}


def test_a_component_keeps_what_is_below_it(take: Take, said: Said) -> None:
    assert f"({GROUP})" in said("state", "delete", TEAM, code=1)
    assert said("state", "delete", TEAM, "--target-dependents") == "Resource deleted\n"
    assert list(_state()) == [ROOT, ACME, ANN, BOB]


def test_resources_are_marked(take: Take, said: Said) -> None:
    assert said("state", "unprotect", ANN, "--yes") == "1 resources unprotected\n"
    assert said("state", "protect", BOB, GRANT) == "2 resources protected\n"
    assert {urn for urn, state in _state().items() if state.get("protect")} == {BOB, GRANT}
    assert said("state", "taint", BOB) == "1 resources tainted\n"
    assert _state()[BOB]["taint"] is True
    assert said("state", "untaint", "--all") == "All resources untainted\n"
    assert said("state", "protect", "--all") == "All resources protected\n"
    assert all(state["protect"] and "taint" not in state for state in _state().values())
    refused = said("state", "protect", f"{BOB}y", "nothing", code=1)
    assert f'No such resource "{BOB}y" exists in the current state\nDid you mean:\n' in refused
    assert f"  {BOB}\n" in refused and 'No such resource "nothing" exists' in refused
    assert "Must supply <resource URN>" in said("state", "taint", code=1)


def test_a_renamed_resource_is_meant_by_all_that_refer_to_it(take: Take, said: Said) -> None:
    for urn, name in ((ANN, "anna"), (GROUP, "team"), (ACME, "top")):
        assert said("state", "rename", urn, name) == "Resource renamed\n"
    anna, team = (
        f"{urn.rpartition('::')[0]}::{name}" for urn, name in ((ANN, "anna"), (GROUP, "team"))
    )
    state = _state()
    assert state[anna]["id"] == "ann" and state[anna]["aliases"] == [f"{ANN}-before"]
    assert state[BOB]["dependencies"] == [anna]
    assert state[GRANT]["propertyDependencies"] == {"user": [anna], "group": [team]}
    assert state[GRANT]["deletedWith"] == team
    assert state[GRANT]["provider"] == f"{PREFIX}pulumi:providers:pulumi-python::top::one"
    assert "already existing resource" in said("state", "rename", BOB, "anna", code=1)
    assert "The provided input URN is not valid" in said("state", "rename", "bob", "b", code=1)
    assert "<resource URN> and <new name>" in said("state", "rename", BOB, code=1)


def test_a_state_that_does_not_fit_together_is_repaired(take: Take, said: Said) -> None:
    assert said("state", "repair") == "The snapshot is already valid; skipping repair\n"
    broken = [state for state in reversed(_resources()) if state["urn"] not in (TEAM, ANN)]
    take(broken)
    assert "mend it with `state repair`" in said("state", "protect", BOB, code=1)
    shown = said("state", "repair")
    assert f"~ {GROUP}\n  ~ {PREFIX}pulumi-python:dynamic/toy:Group::crew [urn]" in shown
    assert f"  - {TEAM} [parent]" in shown and f"  - {ANN} [property dependency: user]" in shown
    assert "to appear before their dependents:" in shown and "not proceeding" in shown
    assert said("state", "repair", "-y") == "State repaired successfully\n"
    group = f"{PREFIX}pulumi-python:dynamic/toy:Group::crew"
    grant = _state()[GRANT]
    assert grant["dependencies"] == [group] and grant["deletedWith"] == group

    take([state for state in _resources() if state["urn"] != ACME])
    assert "refers to unknown provider" in said("state", "repair", "-y", code=1)
    circle = _resources()
    circle[2]["dependencies"] = [GRANT]
    take(circle)
    assert "snapshot has cyclic dependencies" in said("state", "repair", "-y", code=1)


def test_a_long_chain_is_put_in_order(take: Take, said: Said) -> None:
    chain = [_custom(f"{BOB}{n}", str(n), dependencies=[f"{BOB}{n - 1}"]) for n in range(1, 3000)]
    take([*reversed(chain), *_resources(), _custom(f"{BOB}0", "0")])
    assert said("state", "repair", "-y") == "State repaired successfully\n"
    assert len(_state()) == 3007


def test_a_urn_that_two_have_is_not_guessed(take: Take, said: Said) -> None:
    take([*_resources(), _custom(BOB, "old", delete=True)])
    refused = said("state", "delete", BOB, code=1)
    assert "ambiguously referred to multiple resources. Did you mean:\n  bob\n  old\n" in refused
    assert "ambiguously refers" in said("state", "rename", BOB, "b", code=1)
    said("state", "protect", BOB)
    states = StackFolder(Project.find(Path.cwd()), "dev").read()["resources"]
    assert [s.get("protect", False) for s in states if s["urn"] == BOB] == [True, False]


def test_the_lock_is_honoured_and_the_journal_folded(take: Take, said: Said) -> None:
    """What a killed run has done is in the state that is changed, what was under way listed."""
    folder = StackFolder(Project.find(Path.cwd()), "dev")
    with folder.locked("up"):
        assert "currently locked by 1 lock(s)" in said("state", "protect", BOB, code=1)
        assert "currently locked by 1 lock(s)" in said("stack", "rename", "prod", code=1)
        _, journal = folder.begin()
        made = {"urn": f"{TEAM}2", "custom": False, "type": "toy:index:Team"}
        journal.append({"op": 1, "kind": "success", "state": made})
        begun = {"resource": _custom(f"{BOB}3", "bob3"), "type": "creating"}
        journal.append({"op": 2, "kind": "begin", "operation": begun})
        journal.close()
    said("state", "protect", f"{TEAM}2")
    assert _state()[f"{TEAM}2"]["protect"] is True
    deployment = folder.read()
    assert [item["resource"]["id"] for item in deployment["pending_operations"]] == ["bob3"]
    assert folder.store.journals() == []

    assert said("stack", "rename", "prod") == "Renamed dev to prod\n"
    deployment = StackFolder(folder.project, "prod").read()
    assert deployment["pending_operations"][0]["resource"]["urn"].startswith("urn:pulumi:prod::")


def test_a_stack_gets_another_name(take: Take, said: Said) -> None:
    resources = _resources()
    signature, reference = "4dabf18193072939515e22adb298388d", "5cf8f73096256a8f31e491e813e4eb8e"
    resources[3]["inputs"]["of"] = [{signature: reference, "urn": ANN, "id": "ann"}, ANN]
    take(resources)
    said("config", "set", "region", "eu")
    StackFolder(Project.find(Path.cwd()), "dev").remember({"kind": "update", "endTime": "now"})
    assert said("stack", "rename", "organization/toyland/prod") == "Renamed dev to prod\n"
    state = _state("prod")
    prod = {
        urn: urn.replace(":dev:", ":prod:").replace("toyland-dev", "toyland-prod")
        for urn in _urns()
    }
    assert list(state) == list(prod.values())
    assert state[prod[BOB]]["provider"] == f"{prod[ACME]}::one"
    assert state[prod[ANN]]["aliases"] == [f"{prod[ANN]}-before"]
    assert state[prod[BOB]]["inputs"]["of"][0]["urn"] == prod[ANN]
    assert state[prod[BOB]]["inputs"]["of"][1] == ANN, "text is text"
    assert not Path("Pulumi.dev.yaml").exists()
    assert said("config", "get", "region") == "eu\n", "it is selected"
    assert [run["endTime"] for run in json.loads(said("stack", "history", "--json"))] == ["now"]
    assert [row["name"] for row in json.loads(said("stack", "ls", "--json"))] == ["prod"]

    said("stack", "init", "dev")
    assert "a stack named prod already exists" in said("stack", "rename", "prod", code=1)
    assert "is of another project" in said("stack", "rename", "organization/x/y", code=2)
    Path("Pulumi.test.yaml").write_text("config: {}\n")
    assert "Pulumi.test.yaml is there already" in said("stack", "rename", "test", code=1)
    assert "no stack named 'no'" in said("stack", "rename", "yes", "-s", "no", code=6)
    assert said("stack", "unselect") == "Stack was unselected\n"
    assert "no stack is selected" in said("stack", "rename", "yes", code=2)


def _urns() -> list[str]:
    return [state["urn"] for state in _resources()]


GRAPH = """strict digraph {
rankdir=LR
    Resource0 [label="grant"];
    Resource0 -> Resource1 [color = "red"];
    Resource2 [label="ann"];
    Resource2 -> Resource1 [color = "red"];
    Resource2 -> Resource3 [color = "#246C60"];
    Resource2 -> Resource0 [color = "#246C60", label = "user"];
    Resource3 [label="bob"];
    Resource3 -> Resource1 [color = "red"];
    Resource4 [label="acme"];
    Resource4 -> Resource1 [color = "red"];
    Resource1 [label="toyland-dev"];
    Resource5 [label="crew"];
    Resource5 -> Resource6 [color = "red"];
    Resource5 -> Resource0 [color = "#246C60", label = "group"];
    Resource6 [label="crew"];
    Resource6 -> Resource1 [color = "red"];
}
"""


def test_a_graph_is_drawn_as_the_real_engine_draws_it(take: Take, said: Said) -> None:
    """What it wrote of this state."""
    style = ["--parent-edge-color", "red", "--dot-fragment", "rankdir=LR", "--short-node-name"]
    assert "Wrote stack dependency graph to `g.dot`" in said("stack", "graph", "g.dot", *style)
    assert Path("g.dot").read_text() == GRAPH
    assert "no/g.dot cannot be written: No such file" in said("stack", "graph", "no/g.dot", code=1)


def test_the_configuration_of_the_last_run_comes_back(tmp_path: Path) -> None:
    land = Toyland(tmp_path, "import pulumi\n", config={"toyland:extra": {"default": "of all"}})
    assert "no previous deployment" in land.run("config", "refresh", code=1)
    land.run("config", "set-all", "--secret", "key=hidden", "--plaintext", "region=eu")
    land.run("config", "set", "--path", "limits.seats", "25")
    land.run("up", *FAST)
    assert "stored" not in land.run("stack", "history", "--json")
    land.run("config", "set-all", "--secret", "key=other", "--plaintext", "region=us")
    land.run("config", "set", "new", "1")
    file = land.project / "Pulumi.dev.yaml"
    changed = file.read_text()
    assert "backed up existing configuration file to" in land.run("config", "refresh")
    assert Path(f"{file}.bak").read_text() == changed
    wanted = {"key": "hidden", "region": "eu", "limits": '{"seats":25}', "extra": "of all"}
    for again in (False, True):
        rows = json.loads(land.run("config", "--json", "--show-secrets"))
        assert {key.partition(":")[2]: row["value"] for key, row in rows.items()} == wanted
        if not again:  # a checkout without the file gets the salt of the state
            file.unlink()
            assert land.run("config", "refresh") == ""


CASES = [
    ["delete", GRANT],
    ["delete", GROUP],
    ["delete", ANN, "--force"],
    ["delete", ACME, "--force", "--target-dependents"],
    ["delete", f"{BOB}x", GRANT],
    ["delete", "--all", "--force"],
    ["protect", BOB, f"{GRANT}s"],
    ["unprotect", "--all"],
    ["taint", BOB, GRANT],
    ["rename", ANN, "anna"],
    ["rename", ACME, "top"],
    ["rename", BOB, "ann"],
    ["repair"],
]


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the real `pulumi` is not on PATH")
def test_the_real_engine_does_and_says_the_same(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    real = Real(land)
    real.run("stack", "init", "dev")
    file = land.project / "state.json"

    def done(words: list[str], resources: list[State]) -> list[Any]:
        results = []
        for engine in (land, real):
            file.write_text(_typed(resources))
            engine.run("stack", "import", "--force", "--file", "state.json")
            process: subprocess.Popen[str] = engine.start("state", *words)
            out, err = process.communicate(timeout=60)
            exported = json.loads(engine.run("stack", "export"))["deployment"]
            results.append((process.returncode, out, err.rstrip(), _plain(exported)))
        return results

    for words in CASES:
        ours, theirs = done(words, _resources())
        assert ours == theirs, words
    moved = [*_resources()[:2], *reversed(_resources()[2:])]
    without = [state for state in moved if state["urn"] != GROUP]
    ours, theirs = done(["repair", "--yes"], without)
    assert ours[:3] == theirs[:3]
    assert sorted(ours[3], key=str) == sorted(theirs[3], key=str)


def _plain(deployment: dict[str, Any]) -> list[State]:
    """Return resources without what is empty, and without times."""
    result = []
    for state in deployment.get("resources") or []:
        kept = {k: v for k, v in state.items() if v and k not in ("created", "modified")}
        depending = kept.get("propertyDependencies")
        if depending:
            kept["propertyDependencies"] = {k: v for k, v in depending.items() if v}
        result.append(kept)
    return result
