"""State in a backend that keeps whole things by key: an object store, or a table of a database.

The journal of a run is a row of segments there, `journal/RUN-NUMBER.jsonl`, each written as a
whole. No two runs have the same names, so one that had its lock broken changes nothing of the next
one's; which of them counts is told by the checkpoint that it continues. What is not settled yet is
in the memory of the run alone: a run that is killed can lose of its last quarter of a second that
something is done, never that something was begun. Whoever comes next, on whatever machine, sees the
rest.
"""

import secrets
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol, TypeVar

from .errors import EngineError
from .stores import CHECKPOINT, LOCK, PULUMIS

_JOURNAL = "journal/"
T = TypeVar("T")


class Blobs(Protocol):
    """Things by key; whatever fails is an `EngineError` with a sentence for a person."""

    @property
    def url(self) -> str:
        """Where they are, without secrets."""

    def get(self, key: str) -> bytes | None:
        """Return a thing; `None` if it is not there."""

    def put(self, key: str, data: bytes) -> None:
        """Put a thing in the place of what was there; it is durable when this returns.

        Raises:
            Overtaken: somebody has changed it since it was read here, where that can be told.
        """

    def add(self, key: str, data: bytes) -> bool:
        """Make a thing; `False`, and nothing is changed, if there is one of that key."""

    def delete(self, keys: list[str]) -> None:
        """Remove things, if they are there."""

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so, sorted."""

    def alone(self, key: str, work: Callable[[], T]) -> T:
        """Have a thing to oneself while `work` is done, all of it or nothing, where that can be."""


class BlobBackend:
    """The stacks of a project: PROJECT/STACK/..."""

    def __init__(self, blobs: Blobs, project: str):
        """Take where they are kept, and the name of the project."""
        self._blobs = blobs
        self._project = project

    @property
    def url(self) -> str:
        """Where they are kept."""
        return f"{self._blobs.url}/{self._project}"

    def store(self, stack: str) -> "BlobStore":
        """Return where a stack is kept."""
        return BlobStore(self._blobs, f"{self._project}/{stack}/")

    @property
    def is_pulumis(self) -> bool:
        """Whether there is what the real `pulumi` puts there first."""
        return self._blobs.get(f"{PULUMIS}/meta.yaml") is not None

    def stacks(self) -> list[str]:
        """Return the stacks that have a checkpoint."""
        keys = [key.split("/") for key in self._blobs.keys(f"{self._project}/")]
        return sorted(parts[1] for parts in keys if parts[2:] == [CHECKPOINT])


class BlobStore:
    """The things of one stack."""

    def __init__(self, blobs: Blobs, prefix: str):
        """Take where they are kept, and what their keys begin with."""
        self._blobs = blobs
        self._prefix = prefix

    @property
    def place(self) -> str:
        """Where they are kept."""
        return f"{self._blobs.url}/{self._prefix.rstrip('/')}"

    @property
    def side_by_side(self) -> bool:
        """Each run has segments of its own."""
        return True

    def read(self, name: str) -> bytes | None:
        """Return a thing."""
        return self._blobs.get(self._prefix + name)

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Replace a thing."""
        self._blobs.put(self._prefix + name, b"".join(parts))

    def create(self, name: str, data: bytes) -> bool:
        """Make a thing."""
        return self._blobs.add(self._prefix + name, data)

    def remove(self, name: str) -> None:
        """Remove a thing."""
        self._blobs.delete([self._prefix + name])

    def alone(self, work: Callable[[], T]) -> T:
        """Have the lock to oneself while `work` is done."""
        return self._blobs.alone(self._prefix + LOCK, work)

    def clear(self) -> None:
        """Remove everything."""
        self.remove(CHECKPOINT)
        self._blobs.delete(self._blobs.keys(self._prefix))

    def fold(self, parts: Iterable[bytes]) -> None:
        """Replace the checkpoint, and remove the segments that were there before it."""
        # Listed first: where nobody waits, those that come after are of another run.
        names = self._segments()
        self.write(CHECKPOINT, parts)
        with suppress(EngineError):
            self.remove_segments(names)

    def tape(self, first: bytes) -> "SegmentTape":
        """Begin a journal."""
        tape = SegmentTape(self, secrets.token_hex(8))
        tape.write(first)
        return tape

    def journals(self) -> list[bytes]:
        """Return the lines of each run's segments."""
        names = [name.removeprefix(_JOURNAL) for name in self._segments()]
        return [self._lines(run) for run in dict.fromkeys(n.rpartition("-")[0] for n in names)]

    def _lines(self, run: str) -> bytes:
        lines: list[bytes] = []
        # By number, not as listed: a list may be older than what it lists.
        while (data := self.read(segment(run, len(lines) + 1))) is not None:
            lines.append(data)
        return b"".join(lines)

    def _segments(self) -> list[str]:
        keys = self._blobs.keys(self._prefix + _JOURNAL)
        return [key.removeprefix(self._prefix) for key in keys]

    def remove_segments(self, names: list[str]) -> None:
        """Remove segments."""
        if names:
            self._blobs.delete([self._prefix + name for name in names])


def segment(run: str, number: int) -> str:
    """Return the name of a segment."""
    return f"{_JOURNAL}{run}-{number:08}.jsonl"


class SegmentTape:
    """A journal in segments; lines wait in memory until they are settled."""

    def __init__(self, store: BlobStore, run: str):
        """Begin a journal of no segments, whose names have `run` in them."""
        self._store = store
        self._run = run
        self._waiting: list[bytes] = []
        self._number = 0
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Take lines."""
        with self._lock:
            self._waiting.append(data)

    def settle(self) -> None:
        """Write a segment of all lines that wait; called by one thread at a time."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if waiting:
            self._number += 1
            self._store.write(segment(self._run, self._number), waiting)

    def close(self) -> None:
        """Nothing is held."""

    def remove(self) -> None:
        """Remove the segments."""
        numbers = range(1, self._number + 1)
        self._store.remove_segments([segment(self._run, number) for number in numbers])


def missing(library: str, extra: str) -> EngineError:
    """Return what to say of a library that a backend needs."""
    return EngineError(
        f"state in this backend needs {library}, which is not installed; "
        f"install it with: pip install 'pulumi-martech[{extra}]'"
    )
