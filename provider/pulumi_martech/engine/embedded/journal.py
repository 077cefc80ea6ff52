"""What a run did since the checkpoint, entry by entry, so that no end of the run loses any of it.

Every entry is one line. A line is with the backend when `append` returns; before a platform is
asked for something, the line that says so is settled, with all lines before it: it outlives a power
cut, too, and on a backend that is not on this machine, the machine. Other lines are settled in
groups, four times a second, and at the end.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .checkpoint import encoded
from .errors import EngineError
from .replay import Entry
from .stores import Tape

_SETTLED_EVERY = 0.25  # seconds
_LOCK_SEEN_EVERY = 4  # of these
BROKEN = (
    "the lock of the stack was broken while this run went on, so it writes nothing more to the "
    "state; look with `refresh` and `preview` what it did"
)


def digest(data: bytes) -> str:
    """Return what ties a journal to the checkpoint it continues."""
    return hashlib.sha256(data).hexdigest()


class Journal:
    """What a run appends to.

    After a line that could not be written nothing more is: it may be there in part, and what came
    after it would not be read.
    """

    def __init__(self, tape: Tape, owned: Callable[[], bool] = lambda: True):
        """Go on with a journal that has its first line.

        Args:
            tape: what it is written to.
            owned: tells whether the lock is still this run's.
        """
        self._owned = owned
        self._written, self._settled = 1, 0  # lines
        self._held = b""  # of these, what the tape does not have yet
        self._settling = False
        self._failure: EngineError | None = None
        self._state = threading.Condition()
        self._closed = threading.Event()
        self._tape = tape
        self._settler = threading.Thread(target=self._settle_now_and_then, daemon=True)
        self._settler.start()

    def append(self, entry: Entry, held: bool = False) -> None:
        """Write one entry; if it is `held`, with the next one, or when lines are settled.

        Raises:
            EngineError: it cannot be written, or the lock was broken.
        """
        line = encoded(entry) + b"\n"
        with self._state:
            self._check()
            self._held += line
            self._written += 1
            if not held:
                self._write()

    def _write(self) -> None:
        lines, self._held = self._held, b""
        try:
            if lines:
                self._tape.write(lines)
        except EngineError as error:
            self._failure = error
            raise

    def settle(self) -> None:
        """Return when all lines written so far are settled; one thread does it for all that wait.

        The lock is looked at after that: whoever breaks it later finds these lines.

        Raises:
            EngineError: they may be lost, or the lock was broken.
        """
        with self._state:
            number = self._written
            while self._settled < number:
                self._check()
                if self._settling:
                    self._state.wait()
                    continue
                self._write()
                self._settling, reached = True, self._written
                self._state.release()
                failure: EngineError | None = EngineError("the journal was given up")
                try:
                    self._tape.settle()
                    failure = None if self._owned() else EngineError(BROKEN)
                except EngineError as error:
                    failure = error
                finally:
                    self._state.acquire()
                    self._settling = False
                    if failure is None:
                        self._settled = reached
                    else:  # what was written since the last time may be gone
                        self._failure = failure
                    self._state.notify_all()

    def _check(self) -> None:
        if self._failure is not None:
            raise EngineError(str(self._failure))

    def _settle_now_and_then(self) -> None:
        rounds = 0
        while not self._closed.wait(_SETTLED_EVERY):
            rounds += 1
            try:
                self.settle()
                if rounds % _LOCK_SEEN_EVERY == 0:
                    self.check_owned()
            except EngineError:
                return  # who appends next is told

    def check_owned(self) -> None:
        """Make sure that the lock is still this run's.

        Raises:
            EngineError: somebody broke it, or it cannot be looked at; from now on nothing is
                written.
        """
        try:
            failure = None if self._owned() else EngineError(BROKEN)
        except EngineError as error:
            failure = error
        if failure is not None:
            with self._state:
                self._failure = failure
                self._state.notify_all()
            raise failure

    def close(self) -> None:
        """Settle what was written, if that is possible, and end; the second time nothing."""
        if self._closed.is_set():
            return
        self._closed.set()
        self._settler.join()
        try:
            with suppress(EngineError):
                self.settle()
        finally:
            self._tape.close()

    def remove(self) -> None:
        """Remove what was written, which says nothing that is not in the checkpoint.

        Raises:
            EngineError: it cannot be removed.
        """
        self._tape.remove()


def first_line(base: str) -> bytes:
    """Return the line of a journal that says which checkpoint it continues, by its digest."""
    return encoded({"kind": "base", "digest": base}) + b"\n"


def read_entries(data: bytes, base: str) -> list[Entry]:
    """Return the entries that continue the checkpoint with the digest `base`.

    The last line may be torn; a journal of another checkpoint has been folded already. What was
    done after a damaged line is taken for begun alone: what it was done to is not known.
    """
    entries = [_entry(line) for line in data.splitlines(keepends=True)]
    whole = entries.index(None) if None in entries else len(entries)
    if whole and entries[0].get("digest") != base:
        return []
    known = entries[1:whole]
    begun = {entry["op"]: entry for entry in known if entry["kind"] == "begin"}
    for entry in filter(None, entries[whole:]):
        if entry.get("kind") == "begin":
            known.append(begun.setdefault(entry["op"], entry))
        elif entry.get("state", {}).get("id") and entry.get("op") not in begun:
            operation = {"resource": entry["state"], "type": "creating"}
            known.append({"op": entry["op"], "kind": "begin", "operation": operation})
    return known


def _entry(line: bytes) -> Any:
    """Return the entry of a line, `None` if it is none."""
    try:
        entry = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
