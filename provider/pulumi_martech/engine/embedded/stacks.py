"""Where the stacks of a project are kept: one folder each, with checkpoint, journal and lock.

BACKEND/PROJECT/STACK/checkpoint.json   the deployment, as `stack export` shows it
BACKEND/PROJECT/STACK/journal.jsonl     what came after it, while a run goes on or was killed
BACKEND/PROJECT/STACK/lock.json         who runs
BACKEND/PROJECT/STACK/history.jsonl     one line a finished run
BACKEND/PROJECT/selected                the name of the selected stack
"""

import contextlib
import getpass
import hashlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pulumi_martech.engine.locks import ENDED
from pulumi_martech.engine.processes import Identity, ended

from .errors import EngineError, StackNotFound
from .journal import Deployment, Journal, Replayer, digest, read_journal, write_atomically
from .project import Project, backend_folder

VERSION = "v3.259.0"  # of the engine whose recorded behaviour is followed
_HISTORY = 200  # runs that are remembered


def empty_deployment() -> Deployment:
    """Return the deployment of a new stack."""
    return {"manifest": manifest(), "resources": []}


def manifest() -> dict[str, str]:
    """Return the manifest of a deployment written now."""
    return {
        "time": datetime.now(UTC).isoformat(),
        "magic": hashlib.sha256(VERSION.encode()).hexdigest(),
        "version": VERSION,
    }


class StackFolder:
    """The files of one stack."""

    def __init__(self, project: Project, name: str):
        self.project = project
        self.name = name
        self.path = backend_folder(project) / project.name / name
        self.checkpoint = self.path / "checkpoint.json"
        self.journal = self.path / "journal.jsonl"
        self._lock = self.path / "lock.json"
        self._history = self.path / "history.jsonl"

    @property
    def exists(self) -> bool:
        """Whether there is such a stack."""
        return self.checkpoint.is_file()

    def require(self) -> "StackFolder":
        """Return the folder itself.

        Raises:
            StackNotFound: there is no such stack.
        """
        if not self.exists:
            raise StackNotFound(
                f"no stack named '{self.name}' found; make it with `stack init {self.name}`"
            )
        return self

    # -- state

    def read(self) -> Deployment:
        """Return the deployment as it is, with the journal of a killed or running run."""
        deployment, entries, _ = self._load()
        replayer = Replayer(deployment)
        for entry in entries:
            replayer.add(entry)
        return replayer.deployment() if entries else deployment

    def _load(self) -> tuple[Deployment, list[dict[str, Any]], str]:
        try:
            data = self.checkpoint.read_bytes()
            typed = json.loads(data)
            deployment = typed["deployment"]
        except (OSError, ValueError, KeyError) as error:
            raise EngineError(
                f"the state of stack '{self.name}' cannot be read from {self.checkpoint}: {error}"
            ) from None
        base = digest(data)
        return deployment, read_journal(self.journal, base), base

    def write(self, deployment: Deployment) -> None:
        """Write a new checkpoint; what a journal said is in it."""
        deployment = {**deployment, "manifest": manifest()}
        write_atomically(self.checkpoint, _text(deployment))
        self.journal.unlink(missing_ok=True)

    def begin(self) -> tuple[Deployment, Journal]:
        """Fold the journal of a killed run and begin a new one; needs the lock."""
        deployment, entries, base = self._load()
        if entries:
            self.write(self.read())
            deployment, _, base = self._load()
        return deployment, Journal(self.journal, base)

    # -- lock

    @contextlib.contextmanager
    def locked(self, operation: str) -> Iterator[None]:
        """Hold the lock of the stack.

        Raises:
            EngineError: somebody holds it; the message says who, where and since when.
        """
        mine = json.dumps(
            {
                **asdict(Identity.own()),
                "username": _user(),
                "hostname": socket.gethostname(),
                "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
                "operation": operation,
            }
        )
        try:
            handle = os.open(self._lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            raise EngineError(self._held()) from None
        except OSError as error:
            raise EngineError(f"{self._lock} cannot be written: {error.strerror}") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(mine)
        try:
            yield
        finally:
            # After `cancel` the lock may be another's.
            with contextlib.suppress(OSError):
                if self._lock.read_text(encoding="utf-8") == mine:
                    self._lock.unlink()

    def _held(self) -> str:
        try:
            holder = json.loads(self._lock.read_text(encoding="utf-8"))
            since = datetime.fromisoformat(holder["timestamp"])
            age = int((datetime.now(UTC) - since).total_seconds())
            who = (
                f"{holder['username']}@{holder['hostname']} (pid {holder['pid']}, "
                f"{holder['operation']}) {_duration(age)} ago, at {holder['timestamp']}"
            )
            process = Identity(holder["pid"], holder.get("started"), holder.get("space", ""))
            if holder["hostname"] == socket.gethostname() and ended(process, since):
                who += ENDED
        except (OSError, ValueError, KeyError, TypeError):
            who = "a process that left no readable name"
        return (
            "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to "
            f"end or delete the lock file with `cancel`.\n  {self._lock}: created by {who}"
        )

    def cancel(self) -> bool:
        """Break the lock; return whether there was one."""
        existed = self._lock.exists()
        self._lock.unlink(missing_ok=True)
        return existed

    @property
    def is_locked(self) -> bool:
        """Whether a run goes on or was killed."""
        return self._lock.exists()

    # -- history

    def remember(self, summary: dict[str, Any]) -> None:
        """Add a finished run to the history."""
        lines = self._history_lines()[-_HISTORY + 1 :]
        lines.append(json.dumps(summary, ensure_ascii=False))
        write_atomically(self._history, "\n".join(lines) + "\n")

    def history(self) -> list[dict[str, Any]]:
        """Return the runs, the latest first; each with its number as `version`."""
        runs = [json.loads(line) for line in self._history_lines()]
        return runs[::-1]

    def _history_lines(self) -> list[str]:
        try:
            return self._history.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def remove(self) -> None:
        """Delete the stack with its state and history."""
        shutil.rmtree(self.path)


def stack_names(project: Project) -> list[str]:
    """Return the stacks of the project."""
    folder = backend_folder(project) / project.name
    return sorted(path.parent.name for path in folder.glob("*/checkpoint.json"))


def selected(project: Project) -> str | None:
    """Return the selected stack."""
    if os.environ.get("PULUMI_STACK"):
        return os.environ["PULUMI_STACK"]
    path = backend_folder(project) / project.name / "selected"
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def select(project: Project, name: str) -> None:
    """Select a stack for the commands that name none."""
    write_atomically(backend_folder(project) / project.name / "selected", name + "\n")


def _text(deployment: Deployment) -> str:
    """Write a deployment with one line a resource, which is quick and can be compared by line."""
    lines = [json.dumps(r, ensure_ascii=False) for r in deployment.get("resources") or []]
    others = {key: value for key, value in deployment.items() if key != "resources"}
    rest = json.dumps(others, ensure_ascii=False)[1:-1]
    listed = '"resources": [\n' + ",\n".join(lines) + "\n]"
    return f'{{"version": 3, "deployment": {{{rest}{", " if rest else ""}{listed}}}}}\n'


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _duration(seconds: int) -> str:
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
