"""A disk in memory that fails, fills up, and forgets at a power cut what was not forced to it."""

import errno
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path


class Killed(BaseException):
    """The process is gone; nothing it would do is done."""


@dataclass
class _File:
    """Its content as the operating system has it, and what of it is on the disk."""

    now: bytes = b""
    kept: bytes = b""


@dataclass
class _Folder:
    now: dict[str, "_File"] = field(default_factory=dict)
    kept: dict[str, "_File"] = field(default_factory=dict)


Trouble = Callable[[int, str], str | None]
"""Called with the number and the name of each call; what it returns happens to this call."""


class Disk:
    """Stands in for `pulumi_martech.engine.embedded.files.Files`.

    Trouble of a call is one of: `kill` (nothing is done, and nothing ever after), `tear` (the same,
    but half of what was to be written is), `full`, `broken` or `readonly` (an error, half of what
    was to be written is there; a failed `sync` loses what was not kept).

    `before` is done before each call, which waits for it; `held` says that somebody has a folder to
    himself.
    """

    def __init__(self) -> None:
        self.folders: dict[Path, _Folder] = {Path("/"): _Folder()}
        self.kept_folders: dict[Path, _Folder] = dict(self.folders)
        self.calls: list[str] = []
        self.trouble: Trouble = lambda number, name: None
        self.before: Callable[[], None] = lambda: None
        self.held = False
        self.dead = False
        self._open: dict[int, _File] = {}
        self._whole = True
        self._numbers = itertools.count(3)
        self._lock = threading.RLock()

    def copy(self) -> "Disk":
        """Return a disk with the same content and no trouble."""
        other = Disk()
        other.folders, other.kept_folders = deepcopy((self.folders, self.kept_folders))
        return other

    def other(self) -> "Disk":
        """Return the same disk as another process has it."""
        other = Disk()
        other.folders, other.kept_folders = self.folders, self.kept_folders
        return other

    def cut_power(self, names: str) -> None:
        """Forget what was not forced to the disk.

        Args:
            names: what reached the disk all the same: `all` changes of names, without the contents,
                `lengths`, the same with zeros in place of the contents, `removals` of names alone,
                or `none`.
        """
        if names in ("all", "lengths"):
            self.kept_folders = dict(self.folders)
        elif names == "removals":
            self.kept_folders = {p: f for p, f in self.kept_folders.items() if p in self.folders}
        self.folders = {
            path: folder
            for path, folder in self.kept_folders.items()
            if all(above in self.kept_folders for above in path.parents)
        }
        for folder in self.folders.values():
            if names in ("all", "lengths"):
                folder.kept = dict(folder.now)
            elif names == "removals":
                folder.kept = {
                    name: folder.kept[name] for name in folder.kept if name in folder.now
                }
            for file in folder.kept.values():
                more = len(file.now) - len(file.kept) if names == "lengths" else 0
                file.now = file.kept = file.kept + bytes(max(more, 0))
            folder.now = dict(folder.kept)

    # -- what `Files` has

    def read(self, path: Path) -> bytes:
        with self._call("read"):
            return self._file(path).now

    def names(self, folder: Path) -> list[str]:
        with self._call("names"):
            below = [path.name for path in self.folders if path.parent == folder != path]
            return [*self._folder(folder).now, *below]

    def is_folder(self, path: Path) -> bool:
        with self._call("is_folder"):
            return path in self.folders

    def open(self, path: Path, new: bool = False) -> int:
        with self._call("open"):
            folder = self._folder(path.parent).now
            if path.name not in folder:
                folder[path.name] = _File()
            elif new:
                raise FileExistsError(errno.EEXIST, "File exists")
            folder[path.name].now = b""
            handle = next(self._numbers)
            self._open[handle] = folder[path.name]
            return handle

    def write(self, handle: int, data: bytes) -> int:
        half = data[: len(data) // 2]
        with self._call("write", lambda: self._add(handle, half)):
            # The operating system may take less than it is given: here it does every other time.
            self._whole = not self._whole
            part = data if self._whole else half or data
            self._add(handle, part)
            return len(part)

    def sync(self, handle: int) -> None:
        file = self._open[handle]

        def lost() -> None:
            file.now = file.kept

        with self._call("sync", lost):
            file.kept = file.now

    def close(self, handle: int) -> None:
        with self._call("close"):
            del self._open[handle]

    def rename(self, old: Path, new: Path) -> None:
        with self._call("rename"):
            self._folder(new.parent).now[new.name] = self._file(old)
            del self._folder(old.parent).now[old.name]

    def link(self, old: Path, new: Path) -> None:
        with self._call("link"):
            if new.name in self._folder(new.parent).now:
                raise FileExistsError(errno.EEXIST, "File exists")
            self._folder(new.parent).now[new.name] = self._file(old)

    def remove(self, path: Path) -> None:
        with self._call("remove"):
            self._file(path)
            del self._folder(path.parent).now[path.name]

    def make_folder(self, path: Path) -> None:
        with self._call("make_folder"):
            self._folder(path.parent)
            if path in self.folders:
                raise FileExistsError(errno.EEXIST, "File exists")
            self.folders[path] = _Folder()

    def remove_folder(self, path: Path) -> None:
        with self._call("remove_folder"):
            del self.folders[path]

    @contextmanager
    def alone(self, folder: Path) -> Iterator[None]:
        with self._call("alone"):
            self.held = True  # who asks for the same would wait: see `sweeps.sweep_broken`
        try:
            yield
        finally:
            self.held = False

    def sync_folder(self, path: Path) -> None:
        with self._call("sync_folder"):
            self._folder(path).kept = dict(self._folder(path).now)
            rest = {p: f for p, f in self.kept_folders.items() if p.parent != path or p == path}
            below = {p: f for p, f in self.folders.items() if p.parent == path != p}
            self.kept_folders = rest | below

    # -- parts

    def _add(self, handle: int, data: bytes) -> None:
        self._open[handle].now += data

    def _folder(self, path: Path) -> _Folder:
        if path not in self.folders:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return self.folders[path]

    def _file(self, path: Path) -> _File:
        folder = self._folder(path.parent).now
        if path.name not in folder:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return folder[path.name]

    def _call(self, name: str, in_part: Callable[[], None] = lambda: None) -> "_Call":
        return _Call(self, name, in_part)


_ERRORS = {
    "full": (errno.ENOSPC, "No space left on device"),
    "broken": (errno.EIO, "Input/output error"),
    "readonly": (errno.EROFS, "Read-only file system"),
    "nolinks": (errno.EPERM, "Operation not permitted"),
}


class _Call:
    """One call: counted, one at a time, with its trouble."""

    def __init__(self, disk: Disk, name: str, in_part: Callable[[], None]):
        self._disk, self._name, self._in_part = disk, name, in_part

    def __enter__(self) -> None:
        disk = self._disk
        disk.before()
        disk._lock.acquire()
        try:
            self._begin(disk)
        except BaseException:
            disk._lock.release()
            raise

    def _begin(self, disk: Disk) -> None:
        if disk.dead:
            raise Killed
        disk.calls.append(self._name)
        trouble = disk.trouble(len(disk.calls), self._name)
        if trouble is None:
            return
        if trouble in ("kill", "tear"):
            if trouble == "tear" and self._name == "write":
                self._in_part()
            disk.dead = True
            raise Killed
        self._in_part()
        raise OSError(*_ERRORS[trouble])

    def __exit__(self, *_: object) -> None:
        self._disk._lock.release()
