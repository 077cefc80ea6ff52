"""A stack as it is kept: its deployment, who works on it, and the runs it has had."""

import getpass
import hashlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pulumi_martech.engine.locks import ENDED
from pulumi_martech.engine.processes import Identity, ended

from .backends import backend
from .checkpoint import Deployment, encoded, parsed, text_of
from .errors import EngineError, Overtaken, StackNotFound
from .files import write_text
from .journal import BROKEN, Journal, digest, first_line, read_entries
from .project import Project
from .replay import Entry, Replayer
from .stores import CHECKPOINT, HISTORY, LOCK, Store
from .versions import VERSION

_HISTORY = 200  # runs that are remembered
T = TypeVar("T")
_TRIES = 5  # to begin, while one whose lock was broken ends


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
    """One stack of a project."""

    def __init__(self, project: Project, name: str, store: Store | None = None):
        """Take the stack that is kept in `store`, else in the backend of the project."""
        self.project = project
        self.name = name
        self.store = store or backend(project).store(name)
        self._mine = b""  # the lock, while this process holds it

    @property
    def exists(self) -> bool:
        """Whether there is such a stack."""
        return self.store.read(CHECKPOINT) is not None

    def require(self) -> "StackFolder":
        """Return the stack itself.

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
        deployment = self.kept()
        return {**deployment, "resources": list(deployment["resources"])}

    def kept(self) -> Deployment:
        """Return the same with its resources by their lines."""
        deployment, entries, _ = self._load()
        return _replayed(deployment, entries)

    def _load(self) -> tuple[Deployment, list[Entry], str]:
        # The journal first: a run that ends meanwhile writes a checkpoint that has all of it.
        journals = self.store.journals()
        data = self.store.read(CHECKPOINT)
        try:
            if data is None:
                raise ValueError("it is not there")
            deployment = parsed(data, f"the state of stack '{self.name}' in {self.store.place}")
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(
                f"the state of stack '{self.name}' cannot be read from {self.store.place}: {error}"
            ) from None
        base = digest(data)
        entries = [read_entries(journal, base) for journal in journals]
        return deployment, max(entries, key=len, default=[]), base

    def make(self, deployment: Deployment) -> None:
        """Make the stack.

        Raises:
            EngineError: it is there already, be it since a moment.
        """
        named = {**deployment, "manifest": manifest()}
        if not self.store.create(CHECKPOINT, b"".join(text_of(named))):
            raise EngineError(f"stack '{self.name}' already exists")

    def write(self, deployment: Deployment) -> None:
        """Write a new checkpoint; what a journal said is in it.

        Raises:
            EngineError: it cannot be written, or the lock was broken.
        """
        named = {**deployment, "manifest": manifest()}
        try:
            self._holding(lambda: self.store.fold(text_of(named)))
        except Overtaken:
            if self._mine and not self.owned():
                raise EngineError(BROKEN) from None
            raise

    def forget(self, journal: Journal) -> None:
        """Remove the journal of a run, which says nothing that is not in the checkpoint."""
        with suppress(EngineError):
            self._holding(journal.remove)

    def _holding(self, work: Callable[[], T]) -> T:
        """Do what only the run may do that has the lock, if this one took it.

        Raises:
            EngineError: the lock was broken; nothing was done.
        """

        def held() -> T:
            if self._mine and not self.owned():
                raise EngineError(BROKEN)
            return work()

        return self.store.alone(held)

    def begin(
        self, sealed: Callable[[Deployment], Deployment] = lambda deployment: deployment
    ) -> tuple[Deployment, Journal]:
        """Fold the journal of a killed run and begin a new one; needs the lock.

        `sealed` encrypts secrets for this run: a journal is read with the salt of its checkpoint.
        """
        deployment, base = self._folded(sealed)
        tape = self._holding(lambda: self.store.tape(first_line(base)))
        return deployment, Journal(tape, self.owned)

    def _folded(self, sealed: Callable[[Deployment], Deployment]) -> tuple[Deployment, str]:
        """Return the deployment with what a journal said, and the digest of its checkpoint."""
        tries = 0
        while True:
            deployment, entries, base = self._load()
            wanted = sealed(_replayed(deployment, entries))
            if wanted is deployment and not self.store.side_by_side:
                return deployment, base
            try:
                self.write(wanted)
            except Overtaken:
                tries += 1
                if tries == _TRIES:
                    raise
            else:
                deployment, _, base = self._load()
                return deployment, base

    # -- lock

    @contextmanager
    def locked(self, operation: str) -> Iterator[None]:
        """Hold the lock of the stack.

        Raises:
            EngineError: somebody holds it; the message says who, where and since when.
        """
        mine = encoded(
            {
                **asdict(Identity.own()),
                "username": _user(),
                "hostname": socket.gethostname(),
                "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
                "operation": operation,
                "id": os.urandom(8).hex(),
            }
        )
        if not self.store.create(LOCK, mine):
            raise EngineError(
                "the stack is currently locked by 1 lock(s). Either wait for the other "
                "process(es) to end or delete the lock file with `cancel`.\n  "
                f"{self.store.place}/{LOCK}: created by {self.holder()}"
            )
        self._mine = mine
        try:
            yield
        finally:
            with suppress(EngineError):
                self._holding(lambda: self.store.remove(LOCK))
            self._mine = b""

    def owned(self) -> bool:
        """Tell whether the lock is still the one that this process made.

        Raises:
            EngineError: it cannot be looked at.
        """
        return self.store.read(LOCK) == self._mine

    def holder(self) -> str:
        """Return who holds the lock, where and since when; empty if nobody does."""
        data = self.store.read(LOCK)
        if data is None:
            return ""
        try:
            holder = json.loads(data)
            since = datetime.fromisoformat(holder["timestamp"])
            age = int((datetime.now(UTC) - since).total_seconds())
            who = (
                f"{holder['username']}@{holder['hostname']} (pid {holder['pid']}, "
                f"{holder['operation']}) {_duration(max(age, 0))} ago, at {holder['timestamp']}"
            )
            process = Identity(holder["pid"], holder.get("started"), holder.get("space", ""))
            if holder["hostname"] == socket.gethostname() and ended(process, since):
                who += ENDED
        except (ValueError, KeyError, TypeError):
            who = "a process that left no readable name"
        return who

    @property
    def lock(self) -> str:
        """What tells the lock from any other one; empty if nobody holds it."""
        data = self.store.read(LOCK)
        return "" if data is None else digest(data)[:16]

    def unlock(self, lock: str = "") -> None:
        """Break the lock; if `lock` says which one, then no other.

        Raises:
            EngineError: it is not held any more, or by another run.
        """

        def remove() -> None:
            found = self.lock
            if lock and found != lock:
                raise EngineError(
                    f"the lock of stack '{self.name}' is not the one that was looked at: that run "
                    "has ended, and perhaps another one works by now; nothing was done"
                )
            self.store.remove(LOCK)

        self.store.alone(remove)

    # -- history

    def remember(self, summary: dict[str, Any]) -> None:
        """Add a finished run to the history; that it cannot be written is no failure."""

        def add() -> None:
            lines = self._history_lines()
            number = 1 + max((run.get("version", 0) for run in _runs(lines)), default=0)
            lines.append(encoded({**summary, "version": number}))
            self.store.write(HISTORY, [b"\n".join(lines[-_HISTORY:]) + b"\n"])

        try:
            self._holding(add)
        except EngineError as error:
            print(f"warning: this run is not in the history: {error}", file=sys.stderr)

    def history(self) -> list[dict[str, Any]]:
        """Return the runs, the latest first; each with its number as `version`."""
        return _runs(self._history_lines())[::-1]

    def take_history(self, other: "StackFolder") -> None:
        """Take over the runs that another stack has had."""
        lines = other._history_lines()
        if lines:
            self.store.write(HISTORY, [b"\n".join(lines) + b"\n"])

    def _history_lines(self) -> list[bytes]:
        return (self.store.read(HISTORY) or b"").splitlines()

    def remove(self) -> None:
        """Delete the stack with its state and history.

        Raises:
            EngineError: it cannot be deleted, or the lock was broken.
        """
        self._holding(self.store.clear)


def _replayed(deployment: Deployment, entries: list[Entry]) -> Deployment:
    """Return a deployment with what came after it."""
    replayer = Replayer(deployment)
    for entry in entries:
        replayer.add(entry)
    return replayer.deployment() if entries else deployment


def _runs(lines: list[bytes]) -> list[dict[str, Any]]:
    """Return the runs of a history."""
    runs = []
    for line in lines:
        with suppress(ValueError):  # somebody has changed it
            run = json.loads(line)
            runs += [run] if isinstance(run, dict) else []
    return runs


def selected(project: Project) -> str | None:
    """Return the stack that is selected in this checkout."""
    if os.environ.get("PULUMI_STACK"):
        return os.environ["PULUMI_STACK"]
    try:
        return _selection(project).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def select(project: Project, name: str | None) -> None:
    """Select a stack for the commands that name none; `None` for none."""
    write_text(_selection(project), f"{name or ''}\n")


def _selection(project: Project) -> Path:
    return project.root / ".martech" / "state" / project.name / "selected"


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
