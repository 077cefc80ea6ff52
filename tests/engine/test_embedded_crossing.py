"""A stack crosses to the real engine and back: export, import, and nothing to do."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.embedded_kit import FAST, Toyland

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="the real `pulumi` is not on PATH"
)

PROGRAM = """
import os, pulumi, toy
class Team(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("toy:index:Team", name)
        self.group = toy.Group(name, title=name, opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"handle": self.group.handle})
password = pulumi.Config().require_secret("password")
acme = toy.account("acme", account="acme")
ann = toy.User("ann", login="ann", roles=["reader"], password=password,
               opts=pulumi.ResourceOptions(provider=acme, protect=False))
team = Team("crew")
toy.Grant("grant", user=ann.handle, group=team.group.handle, level=os.environ.get("LEVEL", "a"))
pulumi.export("token", ann.token)
"""


class Real:
    """The real command line on the same project, with a backend of its own."""

    def __init__(self, land: Toyland):
        self._land = land
        home = land.root / "real"
        (home / "state").mkdir(parents=True)
        self._env = {
            **land.env,
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
            "PULUMI_HOME": str(home / "home"),
            "PULUMI_BACKEND_URL": f"file://{home / 'state'}",
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        self.run("stack", "init", "dev")

    def run(self, *words: str, **env: str) -> str:
        """Run a command that has to succeed."""
        done = subprocess.run(
            ["pulumi", *words, "--non-interactive"],
            cwd=self._land.project,
            env={**self._env, **env},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def test_there_and_back(tmp_path: Path) -> None:
    land = Toyland(tmp_path, PROGRAM)
    land.run("config", "set", "password", "hunter2", "--secret")
    land.run("up", *FAST)
    land.run("stack", "export", "--file", "there.json")
    assert "hunter2" not in (land.project / "there.json").read_text()

    real = Real(land)
    real.run("stack", "import", "--file", "there.json")
    real.run("preview", "--expect-no-changes")
    real.run("refresh", "--preview-only", "--expect-no-changes")
    assert json.loads(real.run("stack", "output", "--json", "--show-secrets")) == {
        "token": "token of ann#1"
    }
    real.run("up", *FAST, LEVEL="b")
    real.run("stack", "export", "--file", "back.json")

    land.run("stack", "import", "--file", "back.json")
    land.run("preview", "--expect-no-changes", LEVEL="b")
    land.run("refresh", "--preview-only", "--expect-no-changes")
    opened = json.loads(land.run("stack", "output", "--json", "--show-secrets"))
    assert opened == {"token": "token of ann#1"}
    land.run("destroy", *FAST)
    assert not land.objects()


def test_both_engines_read_and_write_one_file_of_settings(tmp_path: Path) -> None:
    land = Toyland(tmp_path)
    real = Real(land)
    engines = [land.run, real.run]
    for number, run in enumerate(engines):
        run("config", "set", f"plain{number}", "007")
        run("config", "set", "--secret", f"key{number}", f"geheim{number}")
        run("config", "set", "--path", f"o.list[{number}]", "true")
        run("config", "set", "--path", "--secret", f"o.deep.key{number}", f"tief{number}")
        run("config", "set", "--path", 'o["a.b"]', "null")
        run("config", "set-all", "--plaintext", f"x{number}=a: b", "--plaintext", "gone=1")
        run("config", "rm", "gone")
    text = (land.project / "Pulumi.dev.yaml").read_text()
    assert "geheim" not in text and "tief" not in text and "gone" not in text
    read = [json.loads(run("config", "--json", "--show-secrets")) for run in engines]
    assert read[0] == read[1]
    assert read[0]["toyland:o"]["objectValue"] == {
        "a.b": "null",
        "deep": {"key0": "tief0", "key1": "tief1"},
        "list": [True, True],
    }
    assert {key: item["value"] for key, item in read[0].items() if key[-1] in "01"} == {
        "toyland:plain0": "007",
        "toyland:plain1": "007",
        "toyland:key0": "geheim0",
        "toyland:key1": "geheim1",
        "toyland:x0": "a: b",
        "toyland:x1": "a: b",
    }


def test_secrets_in_the_open_are_encrypted_on_the_way_in(tmp_path: Path) -> None:
    """`stack export --show-secrets` of the real engine may be imported, too."""
    land = Toyland(tmp_path, PROGRAM)
    land.run("config", "set", "password", "hunter2", "--secret")
    real = Real(land)
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
