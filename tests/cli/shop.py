"""The stage of the command line's stories: a project, the toy's world, and a shell."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.passphrase import PASSPHRASE, SETTINGS

TOY = Path(__file__).parents[1] / "engine_vectors" / "toy.py"

PROJECT = """\
name: toyland
runtime: python
main: stacks
stackConfigDir: stacks
options: {refresh: always}
"""

HEAD = """\
import pulumi
import toy

acme = pulumi.ResourceOptions(provider=toy.account("acme", account="acme"))
"""


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def document(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.out)
        return said


class Shop:
    """A project under ``folder``, in an environment of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "work"
        self.world = folder / "world.json"
        for name in ("home", "state", "work/stacks"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (self.root / "Pulumi.yaml").write_text(PROJECT)
        (self.root / "stacks" / "Pulumi.dev.yaml").write_text(SETTINGS)
        shutil.copy(TOY, self.root / "stacks" / "toy.py")
        self.world.write_text(json.dumps({"objects": {}, "made": {}, "faults": []}))
        self.program("")
        kept = ("PATH", "LANG", "TMPDIR", "PYTHONPATH", "COVERAGE_PROCESS_START")
        self.env = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": str(folder / "home"),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "TOY_WORLD": str(self.world),
            "TOY_TRACE": str(folder / "trace.jsonl"),
        }

    def program(self, body: str) -> None:
        """Make this the program; ``acme`` is the option that names the account."""
        (self.root / "stacks" / "__main__.py").write_text(HEAD + body)

    def martech(self, *args: str, code: int = 0, **env: str) -> Said:
        """Run a command and expect its exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "pulumi_martech.cli", *args],
            cwd=self.root,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        assert done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    # -- the world behind the program's back

    def objects(self) -> dict[str, Any]:
        """Return what the toy platform holds: id to inputs."""
        world = json.loads(self.world.read_text())
        return {name: item["inputs"] for name, item in world["objects"].items()}

    def made(self) -> dict[str, int]:
        """Return how often each object was created."""
        counts: dict[str, int] = json.loads(self.world.read_text())["made"]
        return counts

    def by_hand(self, **change: Any) -> None:
        """Change the world: ``add`` and ``set`` objects, ``remove`` some, set ``faults``."""
        world = json.loads(self.world.read_text())
        for name, inputs in {**change.get("add", {}), **change.get("set", {})}.items():
            known = world["objects"].setdefault(
                name, {"kind": name.split("/")[0].capitalize(), "handle": f"{name}#1", "inputs": {}}
            )
            known["inputs"] = {**known["inputs"], **inputs}
        for name in change.get("remove", ()):
            del world["objects"][name]
        if "faults" in change:
            world["faults"] = change["faults"]
        self.world.write_text(json.dumps(world))

    def calls(self, *methods: str) -> list[str]:
        """Return the calls of these handlers so far, in order: ``create user/acme/ann``."""
        trace = self.folder / "trace.jsonl"
        lines = trace.read_text().splitlines() if trace.exists() else []
        said = [json.loads(line) for line in lines]
        return [
            f"{line['method']} {line['id']}"
            for line in said
            if line["event"] == "begin" and line["method"] in methods
        ]

    def writes(self) -> list[str]:
        """Return the calls so far that change something."""
        return self.calls("create", "update", "delete")


def user(name: str, *roles: str, more: str = "") -> str:
    """Return the line of a program that declares a user."""
    return (
        f'toy.User("acme/{name}", account="acme", login="{name}", roles={list(roles)!r}'
        f"{more}, opts=acme)\n"
    )


def roster(**members: str) -> str:
    """Return the line of a program that declares who is in the account, each with one role."""
    said = {name: {"roles": {role: True}} for name, role in members.items()}
    return f'toy.Roster("acme/roster", account="acme", members={said!r}, opts=acme)\n'
