"""Lines appended to a local file that several processes and threads write at once.

Every writer opens the lock beside the file anew, so that ``flock`` holds threads of one process
apart as well as processes. A line is on the file whole or not at all: what a full disk cut short
is taken back.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pulumi_martech.reconcile.home import NotReadable, NotWritable

LOCK_SECONDS = 60.0
"""How long to wait for another process; one holds the lock for the time of one write only."""

ALONE_SECONDS = 300.0
"""How long to wait for who is alone in a block: a request with all its repeats and waiting."""

_BLOCK = 1 << 16


def _not_written(path: Path, why: str) -> NotWritable:
    return NotWritable(
        f"write {path}",
        why,
        "nothing was sent to the platform",
        "make room or give the right to write there, or set MARTECH_HOME to another folder",
    )


@contextlib.contextmanager
def writing(path: Path) -> Iterator[int]:
    """Yield a descriptor of the file, made if missing (0600), which nobody else writes meanwhile.

    Raises:
        NotWritable: the disk is full or read-only, a right is missing, or the lock is held.
    """
    try:
        with contextlib.ExitStack() as stack:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, lock)
            _wait(lock, fcntl.LOCK_EX, path)
            made = not path.exists()
            file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, file)
            if made:
                _sync_folder(path.parent)
            yield file
    except OSError as error:
        raise _not_written(path, error.strerror or str(error)) from None


@contextlib.contextmanager
def reading(path: Path) -> Iterator[bytes]:
    """Yield the whole file (nothing if there is none), which nobody writes meanwhile.

    Raises:
        NotReadable: the file is there and cannot be read.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # no lock, no writer: a copy or a read-only folder
            lock = os.open(path.with_suffix(".lock"), os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, lock)
            _wait(lock, fcntl.LOCK_SH, path)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            raise NotReadable(f"read {path}", error.strerror or str(error)) from None
        yield data


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one thread of one process on this machine at a time into the block; ``path`` names it.

    Raises:
        NotWritable: the lock cannot be made, or somebody has been in the block for too long.
    """
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            while True:
                lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
                stack.callback(os.close, lock)
                _wait(lock, fcntl.LOCK_EX, path, ALONE_SECONDS)
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(lock), path.stat()):
                        break  # else it is the lock of somebody who has taken it away since
        except OSError as error:
            raise _not_written(path, error.strerror or str(error)) from None
        stack.callback(path.unlink, missing_ok=True)
        yield


def append(file: int, data: bytes, *, sync: bool, also: Callable[[], None] | None = None) -> None:
    """Append ``data`` (whole lines) and then do ``also``; on failure take the lines back.

    Args:
        file: a descriptor from `writing`.
        data: one or more lines, each with its line end.
        sync: return only when the data survives a power cut.
        also: done after the data is safe, e.g. moving a mark that names the last line.

    Raises:
        OSError: nothing was written; `writing` makes a sentence of it.
    """
    before = os.fstat(file).st_size
    try:
        rest = data
        while rest:
            rest = rest[os.write(file, rest) :]
        if sync:
            os.fsync(file)
        if also:
            also()
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, before)
        raise


def last(file: int) -> tuple[bytes | None, bytes]:
    """Return the last whole line without its end, and what a crash left unfinished after it.

    ``None`` for the line means that there is none. ``file`` is a descriptor from `writing`.
    """
    end, tail = os.fstat(file).st_size, b""
    while True:
        start = max(0, end - _BLOCK)
        tail = os.pread(file, end - start, start) + tail
        end = start
        newline = tail.rfind(b"\n")
        if newline >= 0:
            before = tail.rfind(b"\n", 0, newline)
            if before >= 0 or end == 0:
                return tail[before + 1 : newline], tail[newline + 1 :]
        elif end == 0:
            return None, tail


def read_open(file: int) -> bytes:
    """Return everything in the file behind a descriptor from `writing`."""
    return os.pread(file, os.fstat(file).st_size, 0)


def replace(path: Path, data: bytes) -> None:
    """Put ``data`` in place of the file, wholly or not at all; to be called while `writing` it.

    Raises:
        OSError: nothing was changed; `writing` makes a sentence of it.
    """
    new = path.with_suffix(".new")
    file = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        append(file, data, sync=True)
    finally:
        os.close(file)
    new.replace(path)
    _sync_folder(path.parent)


def _wait(lock: int, kind: int, path: Path, seconds: float = LOCK_SECONDS) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                why = f"another process has held its lock for {seconds:.0f} seconds"
                raise _not_written(path, why) from None
        time.sleep(0.002)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
