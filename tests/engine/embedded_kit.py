"""A small project for tests of the embedded engine, on the toy provider of the vectors."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.passphrase import PASSPHRASE, SETTINGS

TOY = Path(__file__).parents[1] / "engine_vectors"
COMMAND = (sys.executable, "-P", "-m", "pulumi_martech.engine.embedded")
FAST = ("--yes", "--skip-preview")

USERS = """
import os, pulumi, toy
accounts = [toy.account(name, account=name) for name in ("acme", "zeta")]
for number in range(int(os.environ.get("USERS", "4"))):
    owner = accounts[number % 2]
    toy.User(f"u{number}", login=f"u{number}", roles=["reader"],
             opts=pulumi.ResourceOptions(provider=owner))
pulumi.export("count", int(os.environ.get("USERS", "4")))
"""


class Toyland:
    """A project named `toyland` with a world of its own; stack `dev` is there."""

    def __init__(self, root: Path, program: str = USERS, **settings: Any):
        self.root = root
        self.world = root / "world.json"
        self.trace = root / "trace.jsonl"
        self.project = root / "project"
        self.project.mkdir()
        self.project.joinpath("Pulumi.yaml").write_text(
            json.dumps({"name": "toyland", "runtime": "python", **settings})
        )
        self.world.write_text(json.dumps({"objects": {}, "made": {}, "faults": []}))
        self.env = {
            **os.environ,
            "PYTHONPATH": str(TOY),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "TOY_WORLD": str(self.world),
            "TOY_TRACE": str(self.trace),
        }
        self.env.pop("MARTECH_BACKEND_URL", None)
        folder = self.project / settings.get("main", ".")
        folder.mkdir(exist_ok=True)
        self.program = folder / "__main__.py"
        self.program.write_text(program)
        self.project.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
        self.run("stack", "init", "dev")

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.project,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, code: int = 0, **env: str) -> str:
        """Run a command to its end; return what it printed."""
        process = self.start(*words, **env)
        out, err = process.communicate(timeout=120)
        assert process.returncode == code, f"{words}: {process.returncode}\n{out}\n{err}"
        return out + err

    def export(self) -> dict[str, Any]:
        """Return the deployment with open secrets."""
        return json.loads(self.run("stack", "export", "--show-secrets"))["deployment"]

    def ids(self) -> set[str]:
        """Return the ids of the users in the state."""
        resources = self.export().get("resources", [])
        return {r["id"] for r in resources if r["type"].endswith(":User")}

    def objects(self) -> dict[str, Any]:
        """Return what is in the system."""
        return json.loads(self.world.read_text())["objects"]

    def made(self) -> dict[str, int]:
        """Return how often each object was created."""
        return json.loads(self.world.read_text())["made"]

    def faults(self, *faults: dict[str, Any]) -> None:
        """Let calls fail from now on."""
        world = json.loads(self.world.read_text())
        world["faults"] = list(faults)
        self.world.write_text(json.dumps(world))

    def folder(self, stack: str = "dev") -> Path:
        """Return where the state of a stack lies."""
        return self.project / ".martech" / "state" / "toyland" / stack


class Real:
    """The real command line on the same project, with a backend of its own."""

    def __init__(self, land: Toyland, state: Path | None = None):
        self._land = land
        home = land.root / "real"
        (home / "state").mkdir(parents=True, exist_ok=True)
        self._env = {
            **land.env,
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
            "PULUMI_HOME": str(home / "home"),
            "PULUMI_BACKEND_URL": f"file://{state or home / 'state'}",
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }

    def start(self, *words: str, **env: str) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            ["pulumi", *words, "--non-interactive"],
            cwd=self._land.project,
            env={**self._env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, code: int = 0, **env: str) -> str:
        """Run a command to its end; return what it printed."""
        process = self.start(*words, **env)
        out, err = process.communicate(timeout=180)
        assert process.returncode == code, f"{words}: {process.returncode}\n{out}\n{err}"
        return out if not code else out + err
