"""A project with mistakes in it: what is typed, what is said, and what reached the platforms."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from pulumi_martech.sandbox import Entry, Sandbox, Tenant

PROJECT = """\
name: office
main: stacks
stackConfigDir: stacks
runtime: python
options: {refresh: always}
"""

HEAD = """\
import os
from pulumi_martech import Basic, Bearer, Limit, limits, scim, wordpress


def crm_account(key="crm", **more):
    more.setdefault("url", os.environ["CRM_URL"])
    more.setdefault("credentials", Bearer(token="env:CRM_TOKEN"))
    return scim.Account(key, **more)


def site_account(key="site", **more):
    more.setdefault("url", os.environ["SITE_URL"])
    more.setdefault("credentials", Basic(username="admin", password="env:SITE_PASSWORD"))
    return wordpress.Account(key, successor="admin", **more)

"""

MARTECH = (sys.executable, "-m", "pulumi_martech.cli")

NOISE = re.compile(
    r"Traceback|File \"|site-packages|RuntimeError|rpc error|grpc|Exception calling|"
    r"\bpydantic\b|\bhttpx\b|__main__\.py\", line"
)
"""What no person should have to read."""


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything printed, each line with single spaces."""
        return "\n".join(" ".join(line.split()) for line in f"{self.out}\n{self.err}".splitlines())

    def lines(self, *words: str) -> list[str]:
        """Return the different lines that hold all the words."""
        found = [line for line in self.text.splitlines() if all(word in line for word in words)]
        return list(dict.fromkeys(found))

    def one(self, *words: str) -> str:
        """Return the one line that holds all the words."""
        found = self.lines(*words)
        assert len(found) == 1, f"{words}: {found}\n{self.text}"
        return found[0]


def environment(home: Path) -> dict[str, str]:
    """Return the environment that every command runs in."""
    kept = ("PATH", "LANG", "TMPDIR", "PYTHONPATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": str(home),
        "PULUMI_CONFIG_PASSPHRASE": "office",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "MARTECH_AS_OF": "2026-06-01",
        "MARTECH_TODAY": "2026-06-01",
        "NO_COLOR": "1",
    }


def make_project(folder: Path) -> None:
    """Make a project with a stack ``dev`` on the embedded engine, and nothing declared."""
    (folder / "stacks").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(PROJECT)
    subprocess.run(
        [*MARTECH, "stack", "init", "dev", "--engine", "embedded"],
        cwd=folder,
        env=environment(folder),
        check=True,
        capture_output=True,
    )


class Office:
    """A project on the embedded engine; its sandbox has ``crm`` (SCIM) and ``site`` (WordPress)."""

    def __init__(self, folder: Path, sandbox: Sandbox, fresh: Path) -> None:
        self.folder, self.root, self.sandbox = folder, folder / "project", sandbox
        self.crm = sandbox.tenant("crm", "scim")
        self.site = sandbox.tenant("site", "wordpress")
        shutil.copytree(fresh, self.root)
        self.env = {
            **environment(folder),
            **self.crm.environment(),
            **self.site.environment(),
        }

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        return tuple(self.sandbox.tenants.values())

    def secrets(self) -> list[str]:
        """Return every secret that must never be printed."""
        own = (self.crm.credentials, self.crm.read_credentials, self.site.credentials)
        return [s for c in own for s in (c.token, c.password) if s]

    def program(self, body: str, head: str = HEAD) -> None:
        """Make this the program, after a head of helpers."""
        self._head = len(head.splitlines())
        (self.root / "stacks" / "__main__.py").write_text(head + textwrap.dedent(body))

    def line(self, text: str) -> str:
        """Return the place ``__main__.py:N`` of the first line after the head with this text."""
        lines = (self.root / "stacks" / "__main__.py").read_text().splitlines()
        number = next(n for n, line in enumerate(lines, 1) if n > self._head and text in line)
        return f"__main__.py:{number}"

    def martech(self, *args: str, code: int = 0, **env: str) -> Said:
        """Run a command, expect its exit code, and look for what must never be printed."""
        begun = time.monotonic()
        done = subprocess.run(
            [*MARTECH, *args],
            cwd=self.root,
            env={k: v for k, v in {**self.env, **env}.items() if v != UNSET},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=150,
        )
        said = Said(done.returncode, done.stdout, done.stderr)
        assert done.returncode == code, f"{args}: {done.returncode}\n{said.out}\n{said.err}"
        assert not NOISE.search(said.out + said.err), said.text
        assert "--json" in args or args[0] == "stack" or "urn:" not in said.out + said.err
        for secret in self.secrets():
            assert secret not in said.out + said.err, "a secret was printed"
        assert time.monotonic() - begun < 100, "nothing a person wrote may make a run hang"
        return said

    def refused(self, *args: str, **env: str) -> Said:
        """Run a command that must end with exit code 1 and write nothing to any platform."""
        marks = {tenant.key: tenant.mark() for tenant in self.tenants}
        said = self.martech(*args, code=1, **env)
        assert [w for t in self.tenants for w in t.writes(marks[t.key])] == [], "nothing is written"
        return said

    def writes(self, tenant: str) -> list[Entry]:
        """Return the writes asked of a tenant so far."""
        return self.sandbox.writes(tenant)


UNSET = "\0unset"
"""As the value of a variable: it is not set at all."""
