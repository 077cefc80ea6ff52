"""A small company for stories: two accounts in a sandbox, a project, and one of the engines.

The tests of this folder tell what a user does and assert on what reached the platforms (the
sandbox's write log), on the state, and on what was said.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_martech.reconcile.journal import Journal
from pulumi_martech.sandbox import Entry, Sandbox
from tests.passphrase import PASSPHRASE, SETTINGS

BIN = Path(sys.executable).parent
STACK = "dev"

PROJECT = """\
name: stories
main: stacks
stackConfigDir: stacks
runtime: python
options:
  refresh: always
"""

HEADER = """\
import os
from pulumi_martech import Basic, Bearer, Limit, active, limits, scim, wordpress


def crm_account(key="crm", **more):
    # `variable` names the environment's variables: CRM_URL, CRM_TOKEN
    variable = more.pop("variable", key.upper().replace("-", "_"))
    more.setdefault("url", os.environ[f"{variable}_URL"])
    return scim.Account(key, credentials=Bearer(token=f"env:{variable}_TOKEN"), **more)


def site_account(key="site", **more):
    variable = more.pop("variable", key.upper().replace("-", "_"))
    more.setdefault("url", os.environ[f"{variable}_URL"])
    credentials = Basic(username="admin", password=f"env:{variable}_PASSWORD")
    return wordpress.Account(key, credentials=credentials, successor="admin", **more)


def crm_people(account, *names, **more):
    for name in names:
        scim.MartechUser(
            name, account=account, login=f"{name}@example.com", display_name=name.title(), **more
        )


def site_people(account, *names, roles=("editor",), **more):
    for name in names:
        wordpress.MartechUser(
            name, account=account, login=name, email=f"{name}@example.com", roles=roles, **more
        )

"""


@dataclass(frozen=True)
class Run:
    """A command that has ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that was printed, in one line: sentences are wrapped for a terminal."""
        return " ".join((self.out + "\n" + self.err).split())

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def has_traceback(self) -> bool:
        """Whether a frame of ours was printed.

        The real engine interrupts the program when a run ends early, and prints where in its own
        launcher that was.
        """
        return bool(re.search(r'File "[^"]*(pulumi_martech|stacks/)', self.text))

    def json(self) -> Any:
        return json.loads(self.out)


class Estate:
    """A project on one engine, with the accounts ``crm`` (SCIM) and ``site`` (WordPress)."""

    def __init__(self, root: Path, engine: str, sandbox: Sandbox) -> None:
        self.root, self.engine, self.sandbox = root, engine, sandbox
        self.project = root / "project"
        self.crm = sandbox.tenant("crm", "scim")
        self.site = sandbox.tenant("site", "wordpress")
        (self.project / "stacks").mkdir(parents=True)
        (root / "state").mkdir()
        (self.project / "Pulumi.yaml").write_text(PROJECT)
        (self.project / "stacks" / f"Pulumi.{STACK}.yaml").write_text(SETTINGS)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MARTECH_", "PULUMI_"))
        } | {
            "PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)]),
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
            "MARTECH_BACKEND_URL": f"file://{root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "MARTECH_AS_OF": "2026-06-01",
            "MARTECH_TODAY": "2026-06-01",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }
        for key in ("crm", "site"):
            self.environment |= self.variables(key)
        self.must(self.bare("stack", "init", STACK))
        self._marks = {}
        self.mark()

    def variables(self, tenant: str) -> dict[str, str]:
        """Return URL and credentials of a tenant of the sandbox as environment variables."""
        found = self.sandbox.tenants[tenant].environment()
        for name, value in found.items():
            on_site = self.sandbox.tenants[tenant].platform == "wordpress"
            if on_site and name.endswith("_URL") and not value.endswith("/wp-json"):
                found[name] = f"{value}/wp-json"
        return found

    # -- the program

    def program(self, body: str) -> None:
        """Write the program; what every program begins with is `HEADER`."""
        text = HEADER + textwrap.dedent(body)
        (self.project / "stacks" / "__main__.py").write_text(text)

    # -- running

    def bare(self, *args: str, **environment: str) -> Run:
        """Run the engine's own command line, as a pipeline without `martech` does."""
        return self._run([*self.command(), *args], environment)

    def command(self) -> list[str]:
        """Return how the engine is started."""
        if self.engine == "pulumi":
            return ["pulumi", "--non-interactive"]
        return [sys.executable, "-P", "-m", "pulumi_martech.engine.embedded", "--non-interactive"]

    def up(self, *flags: str, **environment: str) -> Run:
        """Run a bare ``up`` that does not ask."""
        return self.bare("up", "--yes", "--skip-preview", "-s", STACK, *flags, **environment)

    def applied(self, *flags: str, **environment: str) -> Run:
        """Run a bare ``up`` that must succeed."""
        return self.must(self.up(*flags, **environment))

    def preview(self, *flags: str, **environment: str) -> Run:
        """Run a bare ``preview``."""
        return self.bare("preview", "-s", STACK, *flags, **environment)

    def refresh(self, *flags: str, **environment: str) -> Run:
        """Run a bare ``refresh`` that does not ask."""
        return self.bare("refresh", "--yes", "--skip-preview", "-s", STACK, *flags, **environment)

    def destroy(self, *flags: str, **environment: str) -> Run:
        """Run a bare ``destroy`` that does not ask."""
        return self.bare("destroy", "--yes", "--skip-preview", "-s", STACK, *flags, **environment)

    def plan(self, *flags: str, **environment: str) -> list[str]:
        """Return what a bare ``preview`` would do as ``op name``, without what stays the same.

        Updates name the properties: ``update crm/ana (roles.Editors)``.
        """
        return changes(self.must(self.preview("--json", *flags, **environment)).json())

    def martech(self, *args: str, **environment: str) -> Run:
        """Run `martech` on the stack."""
        self._known_to_martech()
        return self._run([str(BIN / "martech"), *args], {"MARTECH_STACK": STACK, **environment})

    def _known_to_martech(self) -> None:
        home = self.project / ".martech"
        home.mkdir(exist_ok=True)
        known = {"version": 1, "selected": STACK, "stacks": {STACK: {"engine": self.engine}}}
        (home / "stacks.json").write_text(json.dumps(known))

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> Run:
        as_of = environment.get("MARTECH_AS_OF", self.environment["MARTECH_AS_OF"])
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environment | {"MARTECH_TODAY": as_of, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def up_killed(self, after_writes: int) -> bool:
        """Run ``up`` and kill it with all it started once so many writes have been asked for.

        One resource after the other, so that the place is the same in each run. Returns whether
        it was killed; ``False`` means that it ended before.
        """
        before = len(self.writes())
        running = subprocess.Popen(
            [*self.command(), "up", "--yes", "--skip-preview", "--parallel", "1", "-s", STACK],
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while running.poll() is None:
                if len(self.writes()) - before >= after_writes:
                    return True
                time.sleep(0.005)
            return False
        finally:
            for pid in (running.pid, *descendants(running.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            running.wait(30)

    def must(self, run: Run) -> Run:
        """Return a run that must have succeeded."""
        assert run.ok, f"exit code {run.code}\n{run.out}\n{run.err}\n{self.defects()}"
        return run

    def defects(self) -> str:
        """Return the tracebacks of defects of ours, which no story may leave behind."""
        log = self.project / ".martech" / "errors.log"
        return log.read_text() if log.exists() else ""

    # -- what became of it

    def mark(self) -> None:
        """Forget the writes so far."""
        self._marks = {key: tenant.mark() for key, tenant in self.sandbox.tenants.items()}

    def writes(self, tenant: str = "") -> list[Entry]:
        """Return the writes since the last `mark`, of one tenant or of all, asked for or done."""
        return [
            entry
            for key in ([tenant] if tenant else list(self.sandbox.tenants))
            for entry in self.sandbox.writes(key, self._marks.get(key, 0))
        ]

    def deployment(self) -> dict[str, Any]:
        """Return the exported state."""
        return self.must(self.bare("stack", "export", "-s", STACK)).json()["deployment"]

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the recorded resources of ours as ``<kind> <name>`` to the record.

        ``scim:MartechUser crm/ana``; accounts are ``account crm``.
        """
        found = {}
        for resource in self.deployment().get("resources") or ():
            kind = resource["type"].removeprefix("pulumi-python:dynamic/").removeprefix("martech/")
            if kind == "pulumi:pulumi:Stack":
                continue
            kind = "account" if kind.startswith("pulumi:providers:") else kind
            found[f"{kind} {resource['urn'].rsplit('::', 1)[1]}"] = resource
        return found

    def urn(self, name: str) -> str:
        """Return the URN of ``<kind> <name>``."""
        return str(self.resources()[name]["urn"])

    def leftovers(self) -> list[str]:
        """Return what the journals say was made and is in no state, by login or name."""
        home = self.project / ".martech"
        files = sorted((home / "journal").glob("*.jsonl"))
        return [note.key for file in files for note in Journal(home, file.stem).open()]

    def audit(self, account: str) -> list[dict[str, Any]]:
        """Return the lines of an account's audit."""
        file = self.project / ".martech" / "audit" / f"{account}.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]

    def logins(self, tenant: str) -> set[str]:
        """Return who can log in to a tenant."""
        users = self.sandbox.tenants[tenant].users()  # type: ignore[attr-defined]
        return {login for login, user in users.items() if user.get("active", True)}


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found = children.get(pid, [])
    return found + [below for child in found for below in descendants(child)]


def changes(preview: Mapping[str, Any]) -> list[str]:
    """Return what a preview in JSON would do as ``op name``, sorted, without what stays."""
    found = []
    for step in preview.get("steps") or ():
        if step["op"] in ("same", "refresh", "read") or step["urn"].endswith("::stories-dev"):
            continue
        name = step["urn"].rsplit("::", 1)[1]
        paths = sorted(step.get("detailedDiff") or {})
        about = f" ({', '.join(paths)})" if paths and step["op"] == "update" else ""
        found.append(f"{step['op']} {name}{about}")
    return sorted(found)
