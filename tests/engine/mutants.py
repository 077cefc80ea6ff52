"""Bugs that somebody might write, seeded one at a time: the sweeps must notice each.

    python -m tests.engine.mutants [MUTANT ...]

prints which sweep kills which bug.
"""

import inspect
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.engine.embedded import files, journal, replay, snapshot, stacks, stores
from pulumi_martech.engine.embedded.blobs import BlobStore
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.executor import Executor
from pulumi_martech.engine.embedded.fibers import Shared
from pulumi_martech.engine.embedded.journal import Journal
from pulumi_martech.engine.embedded.objects import Objects
from pulumi_martech.engine.embedded.operations import Operation
from pulumi_martech.engine.embedded.replay import Replayer
from pulumi_martech.engine.embedded.snapshot import Snapshot
from pulumi_martech.engine.embedded.stacks import StackFolder
from pulumi_martech.engine.embedded.stores import FileTape, FolderStore
from tests.engine.blobs import Memory
from tests.engine.disk import Disk
from tests.engine.rivals import EDIT, in_bucket, sweep_broken
from tests.engine.sweeps import ACTS, Stage, staged, sweep_asked, sweep_failures, sweep_kills
from tests.passphrase import PASSPHRASE, SETTINGS

Patch = pytest.MonkeyPatch
Seed = Callable[[Patch], None]
Sweep = Callable[[Stage], object]

SWEEPS: dict[str, Sweep] = {
    "killed": lambda stage: sweep_kills(stage, ACTS["update"], "tear"),
    "power cut": lambda stage: sweep_kills(stage, ACTS["update"], "tear", "none"),
    "power cut, names kept": lambda stage: sweep_kills(stage, ACTS["update"], "tear", "all"),
    "power cut, removals kept": lambda stage: sweep_kills(
        stage, ACTS["update"], "tear", "removals"
    ),
    "first, power cut": lambda stage: sweep_kills(stage, ACTS["first"], "kill", "none"),
    "killed before a call": lambda stage: sweep_asked(stage, ACTS["destroy"]),
    "refresh killed": lambda stage: sweep_kills(stage, ACTS["refresh"], "kill"),
    "destroy killed": lambda stage: sweep_kills(stage, ACTS["destroy"], "kill"),
    "import killed": lambda stage: sweep_kills(stage, ACTS["import"], "kill"),
    "disk full": lambda stage: sweep_failures(stage, ACTS["update"], "full", True),
    "disk full once": lambda stage: sweep_failures(stage, ACTS["update"], "full", False),
    "disk broken": lambda stage: sweep_failures(stage, ACTS["update"], "broken", False),
}

for _ends in (True, False):
    _how = "ended" if _ends else "killed"
    SWEEPS |= {
        f"lock broken, {_how}": lambda stage, ends=_ends: sweep_broken(
            stage, ACTS["update"], ends, step=2
        ),
        f"lock broken in a bucket, {_how}": lambda stage, ends=_ends: sweep_broken(
            staged(stage.root, Memory(), in_bucket), ACTS["update"], ends
        ),
        f"lock broken of an edit in a bucket, {_how}": lambda stage, ends=_ends: sweep_broken(
            staged(stage.root, Memory(), in_bucket), EDIT, ends
        ),
    }

MUTANTS: dict[str, tuple[Seed, str]] = {}
"""Each bug with the sweep that is likely to notice it."""


def mutant(sweep: str) -> Callable[[Seed], Seed]:
    """Put a bug into the list."""
    assert sweep in SWEEPS

    def noted(seed: Seed) -> Seed:
        MUTANTS[seed.__name__] = seed, sweep
        return seed

    return noted


def _nothing(*_given: Any, **_named: Any) -> None:
    pass


# -- the way to the disk


@mutant("power cut, names kept")
def writes_files_without_forcing_them(patch: Patch) -> None:
    genuine = files._written

    def written(disk: Disk, path: Path, parts: Iterable[bytes]) -> Path:
        with patch.context() as inner:
            inner.setattr(disk, "sync", _nothing)
            return genuine(disk, path, parts)

    patch.setattr(files, "_written", written)


@mutant("power cut, removals kept")
def replaces_files_without_forcing_their_names(patch: Patch) -> None:
    genuine = files.replace

    def replace(disk: Disk, path: Path, parts: Iterable[bytes]) -> None:
        with patch.context() as inner:
            inner.setattr(disk, "sync_folder", _nothing)
            genuine(disk, path, parts)

    patch.setattr(files, "replace", replace)


@mutant("killed")
def replaces_files_in_place(patch: Patch) -> None:
    def replace(disk: Disk, path: Path, parts: Iterable[bytes]) -> None:
        handle = disk.open(path)
        files.write_all(disk, handle, b"".join(parts))  # type: ignore[arg-type]
        disk.sync(handle)
        disk.close(handle)

    patch.setattr(files, "replace", replace)


@mutant("first, power cut")
def makes_folders_without_forcing_their_names(patch: Patch) -> None:
    def make_folders(disk: Disk, path: Path) -> None:
        for folder in reversed([path, *path.parents]):
            with suppress(FileExistsError):
                disk.make_folder(folder)

    patch.setattr(files, "make_folders", make_folders)


@mutant("first, power cut")
def makes_files_without_forcing_their_names(patch: Patch) -> None:
    genuine = files.create

    def create(disk: Disk, path: Path, data: bytes) -> bool:
        with patch.context() as inner:
            inner.setattr(disk, "sync_folder", _nothing)
            return genuine(disk, path, data)  # type: ignore[arg-type]

    patch.setattr(files, "create", create)


@mutant("killed")
def writes_once_what_may_be_taken_in_part(patch: Patch) -> None:
    patch.setattr(files, "write_all", lambda disk, handle, data: disk.write(handle, data))


@mutant("power cut")
def begins_a_journal_without_forcing_its_name(patch: Patch) -> None:
    genuine = FileTape.__init__

    def begin(self: FileTape, path: Path, disk: Disk) -> None:
        with patch.context() as inner:
            inner.setattr(disk, "sync_folder", _nothing)
            genuine(self, path, disk)  # type: ignore[arg-type]

    patch.setattr(FileTape, "__init__", begin)


# -- the journal


@mutant("power cut")
def settles_nothing(patch: Patch) -> None:
    patch.setattr(FileTape, "settle", _nothing)


@mutant("power cut")
def settles_after_the_platform_was_asked(patch: Patch) -> None:
    patch.setattr(Shared, "__call__", _nothing)


@mutant("killed")
def records_only_what_is_done(patch: Patch) -> None:
    genuine = Journal.append

    def append(self: Journal, entry: dict[str, Any], held: bool = False) -> None:
        if entry["kind"] != "begin":
            genuine(self, entry, held)

    patch.setattr(Journal, "append", append)


@mutant("killed")
def records_only_what_is_begun(patch: Patch) -> None:
    genuine = Journal.append

    def append(self: Journal, entry: dict[str, Any], held: bool = False) -> None:
        if entry["kind"] in ("begin", "base"):
            genuine(self, entry, held)

    patch.setattr(Journal, "append", append)


@mutant("killed")
def refuses_a_journal_with_a_torn_line(patch: Patch) -> None:
    genuine = journal.read_entries
    patch.setattr(
        stacks, "read_entries", lambda d, base: genuine(d, base) if d.endswith(b"\n") else []
    )


@mutant("killed")
def continues_another_checkpoint(patch: Patch) -> None:
    genuine = journal.read_entries

    def read(data: bytes, base: str) -> list[Any]:
        said = data.partition(b"\n")[0].rpartition(b'"digest":"')[2][:64].decode(errors="replace")
        return genuine(data, said if len(said) == 64 else base)

    patch.setattr(stacks, "read_entries", read)


@mutant("disk full")
def goes_on_after_a_line_that_was_not_written(patch: Patch) -> None:
    def append(self: Journal, entry: dict[str, Any], held: bool = False) -> None:
        with self._state, suppress(EngineError):
            self._tape.write(journal.encoded(entry) + b"\n")
            self._written += 1

    patch.setattr(Journal, "append", append)


@mutant("disk full")
def takes_a_failed_force_for_done(patch: Patch) -> None:
    genuine = FileTape.settle

    def settle(self: FileTape) -> None:
        with suppress(EngineError):
            genuine(self)

    patch.setattr(FileTape, "settle", settle)
    patch.setattr(Journal, "_check", _nothing)


# -- the state


@mutant("killed")
def drops_pending_operations(patch: Patch) -> None:
    genuine = Replayer.deployment

    def deployment(self: Replayer) -> dict[str, Any]:
        return {k: v for k, v in genuine(self).items() if k != "pending_operations"}

    patch.setattr(Replayer, "deployment", deployment)


@mutant("killed")
def removes_the_journal_before_it_is_in_the_checkpoint(patch: Patch) -> None:
    def fold(self: FolderStore, parts: Iterable[bytes]) -> None:
        self.remove(stores._JOURNAL)
        self.write(stores.CHECKPOINT, parts)

    patch.setattr(FolderStore, "fold", fold)


@mutant("killed")
def begins_over_what_a_killed_run_left(patch: Patch) -> None:
    def begin(self: StackFolder, _: object = None) -> tuple[dict[str, Any], Journal]:
        deployment, _, base = self._load()
        return deployment, Journal(self.store.tape(journal.first_line(base)), self.owned)

    patch.setattr(StackFolder, "begin", begin)


@mutant("disk full")
def says_it_is_done_without_a_checkpoint(patch: Patch) -> None:
    genuine = Operation._store

    def store(self: Operation, *given: Any) -> None:
        with suppress(EngineError):
            genuine(self, *given)

    patch.setattr(Operation, "_store", store)


@mutant("killed")
def records_a_replacement_as_gone_before_it_is_made(patch: Patch) -> None:
    genuine = Replayer._marks

    def marks(self: Replayer, entry: dict[str, Any]) -> None:
        if "deleteOld" in entry:  # what is to be deleted later
            self._gone.add(entry["deleteOld"])
        else:
            genuine(self, entry)

    patch.setattr(replay.Replayer, "_marks", marks)


@mutant("disk full")
def begins_what_could_not_be_recorded(patch: Patch) -> None:
    genuine = Snapshot._add

    def add(self: Snapshot, entry: dict[str, Any], needed: bool = False) -> None:
        genuine(self, entry)

    patch.setattr(snapshot.Snapshot, "_add", add)
    patch.setattr(Journal, "settle", _nothing)


@mutant("killed before a call")
def records_a_deletion_when_it_begins(patch: Patch) -> None:
    genuine = Snapshot.begin

    def begin(self: Snapshot, kind: str | None, resource: Any) -> int:
        number = genuine(self, kind, resource)
        if kind == "deleting":
            self._add({"op": number, "kind": "success", **self._place("remove", resource)})
        return number

    patch.setattr(Snapshot, "begin", begin)


@mutant("refresh killed")
def takes_what_was_not_read_yet_for_gone(patch: Patch) -> None:
    genuine = Replayer.deployment

    def deployment(self: Replayer) -> dict[str, Any]:
        found = genuine(self)
        if self._refreshed:
            base = self.base["resources"]
            kept = [base[at] for at in self._replaced]
            found["resources"] = [r for r in found["resources"] if r not in base or r in kept]
        return found

    patch.setattr(Replayer, "deployment", deployment)


@mutant("disk full once")
def ends_well_whatever_failed(patch: Patch) -> None:
    genuine = Executor._record_failure

    def record(self: Executor, step: Any, error: Exception) -> None:
        if isinstance(error, EngineError):
            self._snapshot = None
        genuine(self, step, error)
        self.failed = False

    patch.setattr(Executor, "_record_failure", record)


# -- two runs at once


@mutant("lock broken, killed")
def asks_without_a_look_at_the_lock(patch: Patch) -> None:
    genuine = Journal.__init__

    def init(self: Journal, tape: Any, _owned: Any) -> None:
        genuine(self, tape, lambda: True)

    patch.setattr(Journal, "__init__", init)


@mutant("lock broken, killed")
def begins_a_journal_without_a_look_at_the_lock(patch: Patch) -> None:
    genuine = StackFolder._folded

    def begin(self: StackFolder, sealed: Any = lambda found: found) -> tuple[Any, Journal]:
        deployment, base = genuine(self, sealed)
        return deployment, Journal(self.store.tape(journal.first_line(base)), self.owned)

    patch.setattr(StackFolder, "begin", begin)


@mutant("lock broken, ended")
def writes_the_state_without_a_look_at_the_lock(patch: Patch) -> None:
    genuine = StackFolder.write

    def write(self: StackFolder, deployment: dict[str, Any]) -> None:
        with patch.context() as inner:
            inner.setattr(StackFolder, "owned", lambda _: True)
            genuine(self, deployment)

    patch.setattr(StackFolder, "write", write)


@mutant("lock broken, ended")
def writes_the_history_while_others_do(patch: Patch) -> None:
    genuine = StackFolder.remember

    def remember(self: StackFolder, summary: dict[str, Any]) -> None:
        with patch.context() as inner:
            inner.setattr(FolderStore, "alone", lambda self, work: work())
            genuine(self, summary)

    patch.setattr(StackFolder, "remember", remember)


@mutant("lock broken, ended")
def has_nothing_to_itself(patch: Patch) -> None:
    patch.setattr(FolderStore, "alone", lambda self, work: work())


@mutant("lock broken in a bucket, killed")
def writes_objects_whoever_has_changed_them(patch: Patch) -> None:
    patch.setattr(Objects, "_condition", lambda self, key: {})


@mutant("lock broken of an edit in a bucket, killed")
def continues_the_checkpoint_that_was_there(patch: Patch) -> None:
    patch.setattr(BlobStore, "side_by_side", False)


@mutant("lock broken in a bucket, killed")
def removes_segments_that_came_after_the_checkpoint(patch: Patch) -> None:
    def fold(self: BlobStore, parts: Iterable[bytes]) -> None:
        self.write(stores.CHECKPOINT, parts)
        self.remove_segments(self._segments())

    patch.setattr(BlobStore, "fold", fold)


@mutant("lock broken, killed")
def gives_up_a_lock_without_a_look_at_it(patch: Patch) -> None:
    genuine = StackFolder._holding

    def holding(self: StackFolder, work: Any) -> Any:
        if "remove(LOCK)" in inspect.getsource(work):
            return work()
        return genuine(self, work)

    patch.setattr(StackFolder, "_holding", holding)


# ------------------------------------------------------------------ running them


def notices(sweep: str, name: str, root: Path) -> bool:
    """Tell whether a sweep goes red with a bug seeded."""
    root.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
        stage = staged(root)
        MUTANTS[name][0](patch)
        try:
            SWEEPS[sweep](stage)
        except Exception:  # an assertion of the sweep, or what the bug itself raises
            return True
    return False


def _table(names: list[str]) -> None:
    for name in names or MUTANTS:
        noticed = []
        for sweep in SWEEPS:
            with (
                tempfile.TemporaryDirectory() as root,
                redirect_stdout(StringIO()),
                redirect_stderr(StringIO()),
            ):
                noticed += [sweep] if notices(sweep, name, Path(root)) else []
        print(f"{name:52} {'; '.join(noticed) or 'NOBODY'}", flush=True)


if __name__ == "__main__":
    _table(sys.argv[1:])
