"""A stack crosses to the real engine and back: export, import, and nothing to do."""

import json
import shutil
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.engine.embedded_kit import FAST, Real, Toyland

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="the real `pulumi` is not on PATH"
)

PROGRAM = """
import os, pulumi, toy
second = os.environ.get("SECOND")
class Team(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("toy:index:Team", name)
        self.group = toy.Group(name, title=name, opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"handle": self.group.handle})
config = pulumi.Config()
limits = config.require_secret_object("limits")
acme, zeta = (toy.account(name, account=name) for name in ("acme", "zeta"))
ann = toy.User("ann", login="ann", roles=["reader"], password=config.require_secret("password"),
    opts=pulumi.ResourceOptions(provider=acme, protect=True, ignore_changes=["note"],
        custom_timeouts=pulumi.CustomTimeouts(create="5m"), additional_secret_outputs=["handle"]))
bob = toy.User("robert" if second else "bob", login="bob", roles=["reader"], limits=limits,
    opts=pulumi.ResourceOptions(provider=zeta, aliases=[pulumi.Alias(name="bob")] if second else [],
        depends_on=[ann], retain_on_delete=True))
team = Team("crew")
toy.Grant("grant", user=ann.handle, group=team.group.handle, level="b" if second else "a",
    opts=pulumi.ResourceOptions(deleted_with=team.group))
pulumi.export("token", ann.token)
pulumi.export("region", config.get("region"))
"""


def configure(land: Toyland) -> None:
    """Set a plain, a secret and a structured value, of which both engines read the one file."""
    land.run("config", "set", "password", "hunter2", "--secret")
    land.run("config", "set", "region", "eu")
    land.run("config", "set", "--path", "--secret", "limits.seats", "25")


def test_there_and_back(tmp_path: Path) -> None:
    """With components, providers, what is protected, renamed or secret, and configuration."""
    land = Toyland(tmp_path, PROGRAM)
    configure(land)
    land.run("up", *FAST)
    land.run("stack", "export", "--file", "there.json")
    assert "hunter2" not in (land.project / "there.json").read_text()

    real = Real(land)
    real.run("stack", "init", "dev")
    real.run("stack", "tag", "set", "owner", "ann")
    real.run("stack", "import", "--file", "there.json")
    real.run("preview", "--expect-no-changes")
    real.run("refresh", "--preview-only", "--expect-no-changes")
    outputs = {"token": "token of ann#1", "region": "eu"}
    assert json.loads(real.run("stack", "output", "--json", "--show-secrets")) == outputs
    real.run("up", *FAST, SECOND="1")
    real.run("stack", "export", "--file", "back.json")
    assert set(land.made().values()) == {1}, "what was renamed is the same"

    land.run("stack", "import", "--file", "back.json")
    land.run("preview", "--expect-no-changes", SECOND="1")
    land.run("refresh", "--preview-only", "--expect-no-changes")
    assert json.loads(land.run("stack", "output", "--json", "--show-secrets")) == outputs
    assert "protected" in land.run("destroy", *FAST, code=1)
    land.run("stack", "export", "--file", "again.json")
    real.run("stack", "import", "--file", "again.json")
    real.run("up", *FAST, SECOND="1")
    real.run("preview", "--expect-no-changes", SECOND="1")
    assert "owner" in real.run("stack", "tag", "ls"), "what is the stack's alone stays"


def test_the_real_engine_finds_no_stacks_in_embedded_state_and_changes_none(tmp_path: Path) -> None:
    """Whoever points it there, or the embedded engine to its backend, harms neither."""
    land = Toyland(tmp_path)
    land.run("up", *FAST)
    before = land.run("stack", "export")
    state = land.project / ".martech" / "state"
    for place in (state, state / "toyland", land.folder()):
        real = Real(land, place)
        assert "no stack named 'dev'" in real.run("stack", "select", "dev", code=6)
        real.run("stack", "init", "dev")
        real.run("preview")
        real.run("stack", "rm", "dev", "--yes", "--preserve-config")
        assert [row["name"] for row in json.loads(land.run("stack", "ls", "--json"))] == ["dev"]
        assert land.run("stack", "export") == before
    land.run("preview", "--expect-no-changes")
    land.run("stack", "init", "other", "--no-select")
    Real(land).run("stack", "init", "dev")
    theirs = str(land.root / "real" / "state")
    assert "no stack named 'dev'" in land.run("up", *FAST, code=6, MARTECH_BACKEND_URL=theirs)
    refused = land.run("stack", "init", "dev", code=1, MARTECH_BACKEND_URL=theirs)
    assert "lies in a backend of the real `pulumi`" in refused


def test_a_killed_run_of_the_real_engine_crosses_with_what_it_did(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    real = Real(land)
    real.run("stack", "init", "dev")
    land.faults({"method": "create", "id": "user/zeta/u1", "seconds": 90, "times": 1})
    run = real.start("up", *FAST)
    deadline = time.monotonic() + 90
    while '"sleep"' not in (land.trace.read_text() if land.trace.exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    for process in (run, *psutil.Process(run.pid).children(recursive=True)):
        with suppress(psutil.Error):
            process.kill()
    run.wait()
    land.faults()
    real.run("cancel", "--yes", "dev")
    real.run("stack", "export", "--file", "killed.json")
    pending = json.loads((land.project / "killed.json").read_text())["deployment"]
    assert [item["type"] for item in pending["pending_operations"]] == ["creating"]

    land.run("stack", "import", "--file", "killed.json")
    assert "1 pending operations" in land.run("up", *FAST)
    assert len(land.objects()) == 4 and set(land.made().values()) == {1}
    land.run("refresh", *FAST, "--clear-pending-creates")
    land.run("stack", "export", "--file", "back.json")
    real.run("stack", "import", "--file", "back.json")
    real.run("preview", "--expect-no-changes")


def test_secrets_in_the_open_are_encrypted_on_the_way_in(tmp_path: Path) -> None:
    """`stack export --show-secrets` of the real engine may be imported, too."""
    land = Toyland(tmp_path, PROGRAM)
    configure(land)
    real = Real(land)
    real.run("stack", "init", "dev")
    real.run("up", *FAST)
    real.run("stack", "export", "--show-secrets", "--file", "open.json")
    assert "hunter2" in (land.project / "open.json").read_text()
    land.run("stack", "import", "--file", "open.json")
    assert "hunter2" not in (land.folder() / "checkpoint.json").read_text()
    land.run("preview", "--expect-no-changes")


def test_a_killed_run_crosses_with_what_it_did(tmp_path: Path) -> None:
    """An export has the journal in it: the other engine goes on from where the run was killed."""
    land = Toyland(tmp_path)
    land.faults({"method": "create", "id": "user/zeta/u1", "seconds": 60, "times": 1})
    run = land.start("up", *FAST)
    journal = land.folder() / "journal.jsonl"
    deadline = time.monotonic() + 60
    done = 1 + 2 + 3  # the stack, the accounts, the other users
    while not journal.exists() or journal.read_text().count('"kind":"success"') < done:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.kill()
    run.communicate()
    land.run("stack", "export", "--file", "killed.json")
    land.faults()

    real = Real(land)
    real.run("stack", "init", "dev")
    real.run("stack", "import", "--file", "killed.json")
    real.run("up", *FAST)
    assert len(land.objects()) == 4 and set(land.made().values()) == {1}
    real.run("refresh", *FAST, "--clear-pending-creates")
    real.run("preview", "--expect-no-changes")
    real.run("stack", "export", "--file", "back.json")
    land.run("cancel", "--yes")
    land.run("stack", "import", "--file", "back.json")
    land.run("preview", "--expect-no-changes")
    assert land.ids() == set(land.objects())
