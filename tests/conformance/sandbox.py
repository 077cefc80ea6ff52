"""A temporary project and world, and the command lines that scenarios are replayed on."""

import base64
import contextlib
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import dill

from tests.conformance.forks import Forks
from tests.passphrase import PASSPHRASE, SETTINGS
from tests.policy_environment import policy_python

PROJECT = "toyland"
STACK = "dev"


# ------------------------------------------------------------------ engines


@dataclass(frozen=True)
class Engine:
    """A command line to replay on.

    Attributes:
        name: `embedded` or `pulumi`.
        command: what is started.
        backend: the environment variable that names the folder of the state.
        stack: the folder of the stack's files in it; what lies there changes with the state.
        forks: runs commands without starting a new Python for each.
    """

    name: str
    command: tuple[str, ...]
    backend: str
    stack: str
    forks: Forks | None = None


ENGINES = {
    "embedded": Engine(
        "embedded",
        (sys.executable, "-P", "-m", "pulumi_martech.engine.embedded"),
        "MARTECH_BACKEND_URL",
        f"{PROJECT}/{STACK}",
        Forks(),
    ),
    "pulumi": Engine("pulumi", ("pulumi",), "PULUMI_BACKEND_URL", f".pulumi/stacks/{PROJECT}"),
}


# ------------------------------------------------------------------ running the CLI


class Sandbox:
    """A temporary directory in which the phases of one scenario are run."""

    def __init__(self, scenario: Path, engine: Engine):
        self.engine = engine
        self.home = scenario.parent  # where toy.py is
        self.root = Path(tempfile.mkdtemp(prefix="vector-"))
        self.work = self.root / "work"
        self.world = self.root / "world.json"
        self.trace = self.root / "trace.jsonl"
        for name in ("home", "state"):
            (self.root / name).mkdir()
        self._copy(scenario)
        self.world.write_text(json.dumps({"objects": {}, "made": {}, "faults": []}))
        self.env = {
            **os.environ,
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
            "PYTHONPATH": str(self.home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PULUMI_HOME": str(self.root / "home"),
            engine.backend: f"file://{self.root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_PYTHON_CMD": pack_python(scenario, engine),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_COMMANDS": "true",
            "TOY_WORLD": str(self.world),
            "TOY_TRACE": str(self.trace),
        }
        self.pulumi("stack", "init", STACK)

    def _copy(self, scenario: Path) -> None:
        """Copy the files of the scenario, putting real serialised providers into JSON files."""
        shutil.copytree(
            scenario,
            self.work,
            ignore=shutil.ignore_patterns("expected", "scenario.json", "__pycache__"),
        )
        for path in self.work.glob("*.json"):
            text = path.read_text(encoding="utf-8")
            path.write_text(
                re.sub(r"<provider:(\w+)>", lambda m: serialised(self.home, m[1]), text),
                encoding="utf-8",
            )
        self.write_project({})
        (self.work / f"Pulumi.{STACK}.yaml").write_text(SETTINGS, encoding="utf-8")

    def write_project(self, options: dict) -> None:
        """Write Pulumi.yaml with these options of the project."""
        lines = [f"name: {PROJECT}", "runtime: python"]
        if options:
            lines.append(f"options: {json.dumps(options)}")
        (self.work / "Pulumi.yaml").write_text("\n".join(lines) + "\n")

    def pulumi(self, *args: str, **more: str) -> subprocess.CompletedProcess:
        """Run the CLI to its end."""
        if self.engine.forks is not None:
            return self.engine.forks.start(list(args), self.work, {**self.env, **more}).wait()
        return subprocess.run(
            [*self.engine.command, *args],
            cwd=self.work,
            env={**self.env, **more},
            capture_output=True,
            text=True,
        )

    def pulumi_killed(self, args: list[str], when: dict) -> subprocess.CompletedProcess:
        """Start the CLI and kill it and its children once a handler sleeps as `when` says."""
        process = subprocess.Popen(
            [*self.engine.command, *args],
            cwd=self.work,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wanted = {"event": "sleep", **when}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if any(wanted.items() <= line.items() for line in self.read_trace(keep=True)):
                time.sleep(0.5)  # let the other calls and the state writes settle
                break
            time.sleep(0.05)
        for pid in [process.pid, *descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.5)
        return subprocess.CompletedProcess(args, "killed", "", "")

    def read_trace(self, keep: bool = False) -> list[dict]:
        """Return the trace so far and forget it unless `keep` is set."""
        if not self.trace.exists():
            return []
        lines = [json.loads(line) for line in self.trace.read_text(encoding="utf-8").splitlines()]
        if not keep:
            self.trace.unlink()
        return lines

    def change_world(self, change: dict) -> None:
        """Change what the provider finds: `add`, `set`, `unset`, `remove`, `faults`."""
        world = json.loads(self.world.read_text(encoding="utf-8"))
        for object_id, inputs in change.get("add", {}).items():
            kind, name = object_id.split("/")[0].capitalize(), object_id.split("/")[-1]
            world["made"][object_id] = 1
            world["objects"][object_id] = {"kind": kind, "inputs": inputs, "handle": f"{name}#1"}
        for object_id, inputs in change.get("set", {}).items():
            world["objects"][object_id]["inputs"].update(inputs)
        for object_id, names in change.get("unset", {}).items():
            for name in names:
                del world["objects"][object_id]["inputs"][name]
        for object_id in change.get("remove", []):
            del world["objects"][object_id]
        world["faults"] = change.get("faults", [])
        self.world.write_text(json.dumps(world, indent=1, sort_keys=True), encoding="utf-8")

    def configure(self, config: dict) -> None:
        """Set stack configuration; {"secret": value} is stored encrypted, null removes the key."""
        args = []
        for key, value in config.items():
            if value is None:
                self.pulumi("config", "rm", key)
            elif isinstance(value, dict):
                args += ["--secret", f"{key}={value['secret']}"]
            else:
                args += ["--plaintext", f"{key}={value}"]
        if args:
            self.pulumi("config", "set-all", *args)

    def checkpoint(self) -> bytes:
        """Return the state files as they lie in the backend."""
        folder = self.root / "state" / self.engine.stack
        names = ("checkpoint.json", "journal.jsonl", f"{STACK}.json")
        return b"".join(p.read_bytes() for p in sorted(folder.glob("*")) if p.name in names)

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def pack_python(scenario: Path, engine: Engine) -> str:
    """Return the Python for policy packs of a scenario that name none themselves."""
    if engine.name != "embedded" or not list(scenario.glob("*/PulumiPolicy.yaml")):
        return sys.executable
    return str(policy_python())


def descendants(pid: int) -> list[int]:
    """Return the children of a process and theirs; plugins are in process groups of their own."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        children = [child for child, of in parents.items() if of == parent]
        found += children
        todo += children
    return found


def serialised(home: Path, class_name: str) -> str:
    """Return what the SDK stores as `__provider` for a provider class of the toy.py in `home`."""
    sys.path.insert(0, str(home))
    try:
        import toy

        provider = getattr(toy, class_name)()
        pickled = dill.dumps(provider, protocol=pickle.DEFAULT_PROTOCOL, recurse=True)
        return base64.b64encode(pickled).decode()
    finally:
        sys.path.remove(str(home))
