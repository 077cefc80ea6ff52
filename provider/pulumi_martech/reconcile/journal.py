"""What was made on a platform and is not yet known to be recorded in the state of a stack.

A create that is killed after the platform carried it out leaves nothing in the state: the engine
does not know of it. The journal does: ``begin`` is on disk before the request goes out, ``made``
as soon as the native id is known. The next run takes over what an interrupted one made (and needs
no ``adopt=True`` for it), and a run's summary, drift and the end of a vendor list what is left.

Unlike the audit the journal names logins, for they are what an interrupted creation is found by;
what is settled is dropped when the file is folded.
"""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi_martech.model.values import Frozen
from pulumi_martech.reconcile import lines
from pulumi_martech.reconcile.audit import which_run
from pulumi_martech.reconcile.home import NotWritable, account_file

FOLD_AT = 64 * 1024
"""Size in bytes from which the file is rewritten with what is open only."""

log = logging.getLogger(__name__)


class Leftover(Frozen):
    """Something of ours on the platform that no state is known to hold.

    ``native_id`` is ``None`` while it is not known whether the platform made it at all.
    """

    id: str
    kind: str
    key: str
    native_id: str | None = None
    person: str = ""
    detail: str = ""
    at: str = ""
    run: str = ""


class Journal:
    """The journal of one account; several processes and threads may use it at once.

    Args:
        home: the folder of `pulumi_martech.reconcile.home.home`.
        account: the account's key.
        run: what tells this run from others; found as in the audit.
    """

    def __init__(self, home: Path, account: str, *, run: str = "") -> None:
        self.path = account_file(home, "journal", account)
        self._run = run or which_run()
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._read = b""
        self._open: dict[str, Leftover] = {}

    def alone(self, kind: str, key: str) -> contextlib.AbstractContextManager[None]:
        """Let nobody else on this machine make the same thing meanwhile.

        Whoever had to wait finds the note of who was first.

        Raises:
            NotWritable: no lock can be made, or somebody has been making it for minutes.
        """
        name = hashlib.sha256(f"{kind} {key}".encode()).hexdigest()[:20]
        return lines.alone(self.path.with_name(f"{self.path.stem}.{name}.lock"))

    def begin(self, kind: str, key: str, person: str = "", detail: str = "") -> str:
        """Note that ``key`` is about to be made; return the id of the note.

        Args:
            kind: ``user``, ``role``, ``member`` ...
            key: what it is found by: login or name, as the platform compares it.
            person: our id.
            detail: what a reader of the leftovers should know besides.

        Raises:
            NotWritable: the note is not on disk, so nothing must be sent.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        new = Leftover(
            id=secrets.token_hex(8),
            kind=kind,
            key=key,
            person=person,
            detail=detail,
            at=now,
            run=self._run,
        )
        self._append(_events(new), sync=True)
        return new.id

    def made(self, entry: str, native_id: str) -> None:
        """Note that it was made under ``native_id``.

        If that cannot be written the note of `begin` stays, by which the next run finds it.
        """
        self._append_or_warn([{"event": "made", "id": entry, "native_id": native_id}], sync=True)

    def undone(self, entry: str) -> None:
        """Note that nothing is left: the platform refused, or it was taken away again."""
        self._append_or_warn([{"event": "undone", "id": entry}], sync=True)

    def recorded(self, kind: str, key: str = "", native_id: str = "") -> None:
        """Note that a state holds this object, found by key or native id.

        Cheap if the journal has no open note of it: one ``stat``.
        """
        self.recorded_all(kind, native_ids=(native_id,), keys=(key,))

    def recorded_all(
        self, kind: str, *, native_ids: Collection[str] = (), keys: Collection[str] = ()
    ) -> None:
        """Note for many objects of a kind at once that a state holds them."""
        ids, names = set(native_ids) - {""}, set(keys) - {""}
        known = [
            {"event": "recorded", "id": left.id}
            for left in self.open()
            if left.kind == kind and (left.native_id in ids or left.key in names)
        ]
        if known:
            self._append_or_warn(known, sync=False)

    def open(self) -> list[Leftover]:
        """Return what was begun or made and neither undone nor recorded, oldest first."""
        with self._lock:
            try:
                stat = self.path.stat()
            except OSError:
                return []
            stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if stamp != self._stamp:
                self._catch_up()
                self._stamp = stamp
            return list(self._open.values())

    def _catch_up(self) -> None:
        """Read what was appended since the last time, or all if the file was folded meanwhile."""
        with lines.reading(self.path) as data:
            whole = data[: data.rfind(b"\n") + 1]
        if not self._read or not whole.startswith(self._read):
            self._open, self._read = {}, b""
        _apply(whole[len(self._read) :], self._open)
        self._read = whole

    def made_by_us(self, kind: str, key: str) -> Leftover | None:
        """Return the newest open note of this object: an interrupted run of ours made it."""
        found = [left for left in self.open() if left.kind == kind and left.key == key]
        return found[-1] if found else None

    def fold(self) -> None:
        """Rewrite the file with the open notes only, so that settled logins are gone from it.

        Raises:
            NotWritable: the file was left as it is.
        """
        with lines.writing(self.path) as file:
            self._fold(file)

    def _append(self, events: list[dict[str, Any]], *, sync: bool) -> None:
        with lines.writing(self.path) as file:
            _, torn = lines.last(file)
            before = os.fstat(file).st_size
            lines.append(file, (b"\n" if torn else b"") + _spell(events), sync=sync)
            after = os.fstat(file).st_size
            if after // FOLD_AT != before // FOLD_AT:
                # The events are on disk; that the file stays large is no reason to stop.
                with contextlib.suppress(OSError):
                    self._fold(file)

    def _append_or_warn(self, events: list[dict[str, Any]], *, sync: bool) -> None:
        try:
            self._append(events, sync=sync)
        except NotWritable as error:
            # What was made is made: failing now would lose it. An open note too many is harmless.
            log.warning("the journal was not brought up to date: %s", error)

    def _fold(self, file: int) -> None:
        left: dict[str, Leftover] = {}
        _apply(lines.read_open(file), left)
        lines.replace(self.path, b"".join(_spell(_events(note)) for note in left.values()))


def _apply(data: bytes, open_: dict[str, Leftover]) -> None:
    """Bring ``open_`` up to date with events in the order of the file, skipping what is none."""
    for row in data.split(b"\n"):
        try:
            event = json.loads(row)
            name, id_ = event.pop("event"), event["id"]
            if name == "begin":
                open_[id_] = Leftover.model_validate(event)
            elif name == "made" and id_ in open_:
                open_[id_] = open_[id_].model_copy(update={"native_id": event["native_id"]})
            elif name in ("undone", "recorded"):
                open_.pop(id_, None)
        except (ValueError, KeyError, TypeError, AttributeError):  # a line that a crash cut short
            continue


def _events(note: Leftover) -> list[dict[str, Any]]:
    found = [{"event": "begin", **note.model_dump(exclude={"native_id"})}]
    if note.native_id is not None:
        found.append({"event": "made", "id": note.id, "native_id": note.native_id})
    return found


def _spell(events: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(e, separators=(",", ":")).encode() + b"\n" for e in events)
