"""Where the state of stacks is kept: what every backend does, and the one that is a folder.

A backend keeps a few things a stack, by name, each there as a whole or not at all, and the journal
of the run that is going on:

checkpoint.json   the deployment, as `stack export` shows it
lock.json         who runs
history.jsonl     one line a finished run
journal           what came after the checkpoint, while a run goes on or was killed
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from . import files
from .errors import EngineError
from .files import DISK, Files

PULUMIS = ".pulumi"  # what backends of the real `pulumi` have
CHECKPOINT, LOCK, HISTORY = "checkpoint.json", "lock.json", "history.jsonl"
_JOURNAL = "journal.jsonl"
T = TypeVar("T")


class Tape(Protocol):
    """The journal of a run, while it is written."""

    def write(self, data: bytes) -> None:
        """Add lines."""

    def settle(self) -> None:
        """Return when all lines written so far outlive this machine's power and this process."""

    def close(self) -> None:
        """End; lines that are not settled may be lost."""

    def remove(self) -> None:
        """Remove the lines, which say nothing that is not in the checkpoint."""


class Store(Protocol):
    """The things of one stack; whatever fails is an `EngineError` with a sentence for a person."""

    @property
    def place(self) -> str:
        """Where it is, for a person: a folder or a URL without secrets."""

    @property
    def side_by_side(self) -> bool:
        """Whether the journals of runs lie side by side.

        A run that had its lock broken may still add to its own then, so that each run needs a
        checkpoint of its own to continue.
        """

    def read(self, name: str) -> bytes | None:
        """Return a thing; `None` if it is not there."""

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Put a thing in the place of what was there; it is settled when this returns.

        Raises:
            Overtaken: somebody has changed it since it was read here, where that can be told.
        """

    def create(self, name: str, data: bytes) -> bool:
        """Make a thing, settled; `False`, and nothing is changed, if there is one of that name."""

    def remove(self, name: str) -> None:
        """Remove a thing, if it is there."""

    def alone(self, work: Callable[[], T]) -> T:
        """Do what looks at the lock and acts on what it says; others who ask for the same wait.

        `work` may be done again if it could not be done as a whole. With an object store nobody
        waits.
        """

    def clear(self) -> None:
        """Remove everything, the checkpoint first."""

    def fold(self, parts: Iterable[bytes]) -> None:
        """Write a checkpoint that has in it what the journals say, and remove these."""

    def tape(self, first: bytes) -> Tape:
        """Begin a journal with a line.

        A run that had its lock broken, and does not know yet, writes on into nothing, or beside it.
        """

    def journals(self) -> list[bytes]:
        """Return the lines of each journal, perhaps without the last ones; one, or none as a rule.

        Those are left over that do not continue the checkpoint.
        """


class Backend(Protocol):
    """The stacks of a project in one place."""

    @property
    def url(self) -> str:
        """The place, without secrets."""

    def store(self, stack: str) -> Store:
        """Return where a stack is kept, whether there is one or not."""

    def stacks(self) -> list[str]:
        """Return the names of the stacks, sorted."""

    @property
    def is_pulumis(self) -> bool:
        """Whether the real `pulumi` keeps stacks of its own there."""


class FolderBackend:
    """A folder on this machine: FOLDER/STACK/..."""

    def __init__(self, folder: Path, disk: Files = DISK):
        """Take the folder of the project's stacks; it need not be there."""
        self._folder = folder
        self._disk = disk

    @property
    def url(self) -> str:
        """The folder as a URL."""
        return f"file://{self._folder}"

    def store(self, stack: str) -> "FolderStore":
        """Return the folder of a stack."""
        return FolderStore(self._folder / stack, self._disk)

    @property
    def is_pulumis(self) -> bool:
        """Whether there is a folder as the real `pulumi` makes it."""
        return self._disk.is_folder(self._folder.parent / PULUMIS)

    def stacks(self) -> list[str]:
        """Return the stacks that have a checkpoint."""
        return sorted(
            name
            for name in _names(self._disk, self._folder)
            if CHECKPOINT in _names(self._disk, self._folder / name)
        )


class FolderStore:
    """The folder of one stack."""

    def __init__(self, folder: Path, disk: Files = DISK):
        """Take the folder; it need not be there."""
        self._folder = folder
        self._disk = disk

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    @property
    def side_by_side(self) -> bool:
        """There is one file, of the run that began it last."""
        return False

    def read(self, name: str) -> bytes | None:
        """Return a file."""
        with _said(self._folder / name, "read"):
            try:
                return self._disk.read(self._folder / name)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, name: str, parts: Iterable[bytes]) -> None:
        """Replace a file."""
        with _said(self._folder / name, "written"):
            files.replace(self._disk, self._folder / name, parts)

    def create(self, name: str, data: bytes) -> bool:
        """Make a file."""
        with _said(self._folder / name, "written"):
            return files.create(self._disk, self._folder / name, data)

    def remove(self, name: str) -> None:
        """Remove a file."""
        with _said(self._folder / name, "removed"), suppress(FileNotFoundError):
            self._disk.remove(self._folder / name)

    def alone(self, work: Callable[[], T]) -> T:
        """Have the folder to oneself while `work` is done."""
        with _said(self._folder, "locked"), self._disk.alone(self._folder):
            return work()

    def clear(self) -> None:
        """Remove the folder."""
        self.remove(CHECKPOINT)
        with _said(self._folder, "removed"):
            for name in self._disk.names(self._folder):
                self._disk.remove(self._folder / name)
            self._disk.remove_folder(self._folder)

    def fold(self, parts: Iterable[bytes]) -> None:
        """Replace the checkpoint and remove the journal."""
        self.write(CHECKPOINT, parts)
        with suppress(EngineError):
            self.remove(_JOURNAL)

    def tape(self, first: bytes) -> "FileTape":
        """Begin a journal; what killed writers left is removed."""
        with _said(self._folder / _JOURNAL, "written"):
            for name in self._disk.names(self._folder):
                if files.is_temporary(name) or name == _JOURNAL:
                    self._disk.remove(self._folder / name)
            tape = FileTape(self._folder / _JOURNAL, self._disk)
        try:
            tape.write(first)
        except EngineError:
            tape.close()
            raise
        return tape

    def journals(self) -> list[bytes]:
        """Return the lines of the journal."""
        journal = self.read(_JOURNAL)
        return [] if journal is None else [journal]


class FileTape:
    """A journal in a file: every line is with the operating system when `write` returns."""

    def __init__(self, path: Path, disk: Files = DISK):
        """Make the file, which must not be there."""
        self._path = path
        self._disk = disk
        self._handle = disk.open(path, new=True)
        try:
            disk.sync_folder(path.parent)
        except OSError:
            disk.close(self._handle)
            raise

    def write(self, data: bytes) -> None:
        """Write lines; when this fails the last one may be there in part."""
        with _said(self._path, "written"):
            files.write_all(self._disk, self._handle, data)

    def settle(self) -> None:
        """Force the lines to the disk."""
        with _said(self._path, "written"):
            self._disk.sync(self._handle)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._disk.close(self._handle)

    def remove(self) -> None:
        """Remove the file."""
        with _said(self._path, "removed"), suppress(FileNotFoundError):
            self._disk.remove(self._path)


def _names(disk: Files, folder: Path) -> list[str]:
    with _said(folder, "read"):
        try:
            return disk.names(folder)
        except (FileNotFoundError, NotADirectoryError):
            return []


@contextmanager
def _said(path: Path, tried: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EngineError(f"{path} cannot be {tried}: {error.strerror or error}") from None
