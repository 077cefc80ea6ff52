"""The way to the disk for the state of the engine: nothing of it is written otherwise.

A test puts a disk of its own in the place of `Files`, one that is full, fails, or loses at a power
cut what was not forced to it.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import EngineError

_PART = 1 << 20  # bytes that are read at once
_PATIENCE = 10.0  # seconds for somebody who has a folder to himself: it takes milliseconds


class Files:
    """Calls of the operating system, as they are; each may raise `OSError`."""

    def read(self, path: Path) -> bytes:
        """Return the content of a file.

        With few calls: the lock is read in the midst of runs, and each call hands the turn to
        another thread.
        """
        handle = os.open(path, os.O_RDONLY)
        try:
            parts = [os.read(handle, _PART)]
            while parts[-1]:
                parts.append(os.read(handle, _PART))
        finally:
            os.close(handle)
        return b"".join(parts)

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder."""
        return os.listdir(folder)

    def is_folder(self, path: Path) -> bool:
        """Tell whether there is a folder."""
        return path.is_dir()

    def open(self, path: Path, new: bool = False) -> int:
        """Open a file to be written from its beginning; `new`: it must not be there."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC), 0o666)

    def write(self, handle: int, data: bytes) -> int:
        """Write as much as goes at once; return how many bytes."""
        return os.write(handle, data)

    def sync(self, handle: int) -> None:
        """Force the content of a file to the disk; its name is its folder's matter."""
        os.fsync(handle)

    def close(self, handle: int) -> None:
        """Close a file."""
        os.close(handle)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name, which may be that of a file that goes with it."""
        os.replace(old, new)

    def link(self, old: Path, new: Path) -> None:
        """Give a file a second name, which must not be there."""
        os.link(old, new)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def make_folder(self, path: Path) -> None:
        """Make a folder."""
        path.mkdir()

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder."""
        path.rmdir()

    @contextmanager
    def alone(self, folder: Path) -> Iterator[None]:
        """Have a folder to oneself, as far as others ask for the same.

        Where the disk knows no such thing, or there is no folder, there is nothing to wait for.
        """
        try:
            handle = os.open(folder, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            yield
            return
        try:
            _wait(handle)
            yield
        finally:
            os.close(handle)

    def sync_folder(self, path: Path) -> None:
        """Force the names in a folder to the disk."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _wait(handle: int) -> None:
    latest = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > latest:
                raise
            time.sleep(0.01)
        except OSError:  # a disk that knows no locks
            return
        else:
            return


DISK = Files()
"""The disk of this machine."""


def write_all(files: Files, handle: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[files.write(handle, data) :]


def replace(files: Files, path: Path, parts: Iterable[bytes]) -> None:
    """Write a file as a whole: after a crash or a power cut it is the old one or the new one."""
    make_folders(files, path.parent)
    temporary = _written(files, path, parts)
    try:
        files.rename(temporary, path)
    except OSError:
        _forget(files, temporary)
        raise
    files.sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file as a whole; what a link points to, not the link.

    Raises:
        EngineError: it cannot be written.
    """
    try:
        replace(DISK, Path(os.path.realpath(path)), [text.encode()])
    except OSError as error:
        raise EngineError(f"{path} cannot be written: {error.strerror or error}") from None


def create(files: Files, path: Path, data: bytes) -> bool:
    """Make a file that is there with all of its content or not at all; `False`: there is one."""
    make_folders(files, path.parent)
    temporary = _written(files, path, [data])
    try:
        files.link(temporary, path)
    except FileExistsError:
        # A server whose answer was lost is asked again, and finds what it has done.
        return files.read(path) == data
    except OSError:  # some disks know no second names
        try:
            handle = files.open(path, new=True)
        except FileExistsError:
            return False
        try:
            write_all(files, handle, data)
            files.sync(handle)
        finally:
            files.close(handle)
    finally:
        _forget(files, temporary)
    files.sync_folder(path.parent)
    return True


def make_folders(files: Files, path: Path) -> None:
    """Make a folder and those above it that are missing."""
    missing = []
    while not files.is_folder(path):
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        with suppress(FileExistsError):
            files.make_folder(folder)
        files.sync_folder(folder.parent)


def is_temporary(name: str) -> bool:
    """Tell whether a file is what a writer that was killed left behind."""
    return name.startswith(".") and name.endswith(".new")


def _written(files: Files, path: Path, parts: Iterable[bytes]) -> Path:
    """Write a file beside another one that it will replace."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    handle = files.open(temporary, new=True)
    try:
        try:
            for part in parts:
                write_all(files, handle, part)
            files.sync(handle)
        finally:
            files.close(handle)
    except OSError:
        _forget(files, temporary)
        raise
    return temporary


def _forget(files: Files, path: Path) -> None:
    with suppress(OSError):
        files.remove(path)
