"""Help, wrong usage, stacks, machine documents: what needs no run of a program, or hardly one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_martech import cli
from tests.cli.shop import Shop, user

pytestmark = pytest.mark.timeout(300)

VERBS = (
    "document import", "document export", "document update", "document schema", "document key",
    "document encrypt", "document decrypt",
    "preview", "up", "refresh", "destroy", "stack init", "stack ls", "stack select", "stack rm",
    "stack unlock", "stack export", "stack import", "stack output", "doctor", "coverage",
    "activity", "leftovers",
    "role explain", "role list", "role suggest", "role simplify", "role creep",
    "audit verify", "audit show", "audit head",
    "import",
    "attest", "checklist",
    "check", "policy list", "ends", "certify", "facts", "who", "matrix", "partner assets",
    "sandbox", "demo",
)  # fmt: skip


def test_help_of_every_verb_has_examples_and_imports_nothing_heavy() -> None:
    code = (
        "import sys, pulumi_martech.cli as cli\n"
        f"for verb in {VERBS!r}:\n"
        "    assert cli.main([*verb.split(), '--help']) == 0, verb\n"
        "heavy = {'pulumi', 'grpc', 'httpx', 'rich.table'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Example") >= len(VERBS)


def test_help_names_every_verb() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pulumi_martech.cli", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    for verb in VERBS:
        assert f"\n  {verb.split()[0]} " in done.stdout


def test_the_reference_is_the_help_of_every_verb() -> None:
    words = [sys.executable, "-m", "pulumi_martech.cli.reference"]
    made = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert sorted(line[11:] for line in made.splitlines() if line.startswith("## ")) == sorted(
        VERBS
    )
    kept = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    assert kept == made, f"renew it: {' '.join(words[1:])} > docs/cli.md"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--nope"], "No such option"),
        (["explode"], "No such command"),
        (["preview", "--save"], "requires an argument"),
        (["stack", "init", "dev", "--engine", "magic"], "magic"),
        (["stack", "import"], "Missing option"),
    ],
)
def test_wrong_usage_ends_with_1(bare: Shop, words: list[str], complaint: str) -> None:
    assert complaint in bare.martech(*words, code=1).err


def test_an_interrupt_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pulumi_martech.operations.coverage.coverage", interrupted)
    assert cli.main(["coverage"]) == 1
    assert capsys.readouterr().err == "error: interrupted\n"


def test_completion_offers_verbs_and_options(bare: Shop) -> None:
    asked = {"_MARTECH_COMPLETE": "complete_bash", "COMP_WORDS": "martech sta", "COMP_CWORD": "1"}
    assert "stack" in bare.martech(**asked).out.split()


def test_no_project_no_stack_unknown_stack(bare: Shop, tmp_path: Path) -> None:
    lost = bare.martech("preview", "-C", str(tmp_path), code=1)
    assert "there is no Pulumi.yaml here or above" in lost.err
    none = bare.martech("preview", code=1)
    assert "make one with `martech stack init NAME`" in none.err
    bare.martech("stack", "init", "dev", "--engine", "embedded")
    unknown = bare.martech("preview", code=1, MARTECH_STACK="prod")
    assert "martech stack select prod --engine pulumi" in unknown.err
    assert "names have letters" in bare.martech("stack", "init", "a/b", code=1).err


def test_a_stack_keeps_its_engine(embedded: Shop) -> None:
    nothing = {"PATH": "/nonexistent"}
    rows = embedded.martech("stack", "ls", "--json").document["stacks"]
    assert rows == [{"name": "dev", "engine": "embedded", "selected": True}]
    again = embedded.martech("stack", "init", "dev", code=1)
    assert "this checkout has one already, on the engine embedded" in again.err
    other = embedded.martech("stack", "select", "dev", "--engine", "pulumi", code=1)
    assert "a stack keeps its engine" in other.err

    file = embedded.root / ".martech" / "stacks.json"
    file.write_text(file.read_text().replace("embedded", "pulumi"))
    gone = embedded.martech("preview", code=1, **nothing)
    assert "its engine is `pulumi`, which is not on PATH" in gone.err
    assert "martech stack init NAME --engine embedded" in gone.err

    taken = embedded.martech("stack", "select", "other", "--engine", "embedded", code=1)
    assert "the engine embedded has no such stack" in taken.err


def test_without_a_terminal_nothing_is_applied_unless_said(embedded: Shop) -> None:
    embedded.program(user("ann", "admin"))
    for verb in (["up"], ["destroy"], ["stack", "rm", "dev"]):
        refused = embedded.martech(*verb, code=1)
        assert "there is no terminal to ask for approval; nothing was done" in refused.err
    assert embedded.calls("check", "read", "create") == []


def test_a_machine_gets_one_document_and_nothing_else(embedded: Shop) -> None:
    embedded.program(user("ann", "admin", more=', key=pulumi.Output.secret("hush")'))
    embedded.by_hand(
        faults=[{"method": "create", "id": "user/acme/ann", "message": "no seats", "times": 1}]
    )
    said = embedded.martech("up", "--yes", "--json", code=1).document
    assert (said["format"], said["verb"], said["stack"], said["engine"], said["exit_code"]) == (
        "martech/1",
        "up",
        "dev",
        "embedded",
        1,
    )
    steps = {step["name"]: step for step in said["plan"]["steps"]}
    assert steps["acme/ann"]["outcome"] == "failed"
    assert (steps["acme/ann"]["account"], steps["acme/ann"]["person"]) == ("acme", "ann")
    assert {"path": "key", "kind": "add", "new": "[secret]"} in steps["acme/ann"]["diffs"]
    sums = {"create": 3, "unchanged": 0, "failed": 1, "unknown": 0, "not_done": 0}
    assert said["plan"]["summary"] == sums
    assert {"severity": "error", "about": "acme/ann", "text": "no seats"} in said["plan"][
        "messages"
    ]
    assert "hush" not in json.dumps(said)

    drift = embedded.martech("refresh", "--json").document
    assert drift["plan"]["drift"] == []
    wrong = embedded.martech("preview", "--json", "--stack", "nope", code=1).document
    assert "it is not known in this checkout" in wrong["error"]
    assert wrong["exit_code"] == 1


def test_offline_is_said_loudly_and_reads_nothing(embedded: Shop) -> None:
    embedded.program(user("ann", "admin"))
    embedded.martech("up", "--yes")
    embedded.by_hand(set={"user/acme/ann": {"roles": ["owner"]}})
    reads = len(embedded.calls("read"))
    blind = embedded.martech("preview", "--offline", "--exit-code")
    assert "OFFLINE: nothing is read from any platform" in blind.err
    assert len(embedded.calls("read")) == reads


def test_imports_and_outputs_that_cannot_be(embedded: Shop) -> None:
    (embedded.root / "bad.json").write_text("[]")
    bad = embedded.martech("stack", "import", "--file", "bad.json", code=1)
    assert "it is not a deployment; the stack was left as it is" in bad.err
    missing = embedded.martech("stack", "output", "url", code=1)
    assert "there is none" in missing.err
    assert "no outputs" in embedded.martech("stack", "output").out
    full = embedded.martech("preview", "--save", "/dev/full", code=1)
    assert "No space left on device" in full.err


def test_leftovers_and_audit_of_a_project_that_did_nothing(embedded: Shop) -> None:
    assert "Nothing is left over" in embedded.martech("leftovers", "--exit-code").out
    assert "There is no audit yet" in embedded.martech("audit", "verify").out
    assert "There are no entries." in embedded.martech("audit", "show").out
    assert embedded.martech("audit", "head").document == {}


def test_coverage_for_machines_is_a_list_with_an_entry_a_platform(bare: Shop) -> None:
    said = json.loads(bare.martech("coverage", "--json").out)
    assert {"scim", "wordpress"} <= {entry["platform"] for entry in said}


def test_a_fault_of_our_own_is_one_sentence_and_a_file(embedded: Shop, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(
        "import pulumi_martech.operations.work as work\n"
        "def boom(*_): raise TypeError('oops')\n"
        "work.open_work = boom\n"
    )
    path = os.pathsep.join([str(tmp_path / "broken"), embedded.env.get("PYTHONPATH", "")])
    said = embedded.martech("preview", code=1, PYTHONPATH=path, TMPDIR=str(tmp_path))
    assert "martech has met a fault of its own (TypeError)" in said.err
    (report,) = tmp_path.glob("martech-fault-*.txt")
    assert "oops" in report.read_text()
    assert "oops" not in said.err
