"""Whatever happens to a run and its disk: what exists is in the state or pending, and the next run
makes everything as declared.

A run is done again and again in this process, on a disk in memory, and in the n-th call to the disk
something happens, for every n there is.
"""

import copy
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from pulumi_martech.engine.embedded import crypter
from pulumi_martech.engine.embedded.stacks import empty_deployment
from pulumi_martech.engine.embedded.stores import FolderStore
from tests.engine.disk import Disk, Killed
from tests.engine.office import AFTER, BEFORE, WORLD, Place, World, wanted
from tests.passphrase import PASSPHRASE, SETTINGS

NAMES = ("none", "removals", "all")  # changes that a power cut may leave: see `Disk.cut_power`


@dataclass
class OnDisk(Place):
    """A place whose store is a folder on a disk that can be troubled."""

    disk: Disk


def on(disk: Disk, root: Path) -> OnDisk:
    return OnDisk(root, FolderStore(Path("/state/dev"), disk), disk)


@dataclass
class Stage:
    """How everything is before the run that is troubled."""

    root: Path
    disk: Disk
    world: World

    def place(self) -> OnDisk:
        WORLD.people, WORLD.made = copy.deepcopy((self.world.people, self.world.made))
        disk = self.disk.copy()
        WORLD.dead = lambda: disk.dead
        return on(disk, self.root)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # killed with the process
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    WORLD.reset()
    disk = Disk()
    place = on(disk, tmp_path)
    place.stack.write(empty_deployment())
    assert place.run(BEFORE) == 0
    assert set(WORLD.people) == {person["login"] for person in BEFORE.values()}
    yield Stage(tmp_path, disk, World(dict(WORLD.people), dict(WORLD.made)))
    WORLD.reset()


def settle(place: OnDisk, what: str) -> None:
    """Nothing is lost once the disk works again."""
    place.disk.dead, place.disk.trouble = False, lambda number, name: None
    place.converges(what)


def calls(stage: Stage, **how: Any) -> list[str]:
    """Return the calls to the disk of a run without trouble."""
    place = stage.place()
    assert place.run(AFTER, **how) == 0
    assert place.logins() == wanted(AFTER)
    return list(place.disk.calls)


def killed(place: OnDisk, number: int, threads: int = 1) -> None:
    """Run and be killed at a call; a run may end before, as some have a call or two less."""
    try:
        assert place.run(AFTER, threads=threads) == 0
        assert len(place.disk.calls) < number
    except Killed:
        assert len(place.disk.calls) == number


def at(number: int, trouble: str, forever: bool = False, only: str = "") -> Any:
    """Return the trouble of one call, or of all from it on."""

    def happens(now: int, name: str) -> str | None:
        hit = now == number or (forever and now > number)
        return trouble if hit and name in (only or name) else None

    return happens


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("trouble", ["kill", "tear"])
def test_a_run_killed_at_any_call(stage: Stage, trouble: str, threads: int) -> None:
    total = len(calls(stage))
    assert total > 60
    step = 1 if threads == 1 else 5  # the order of calls is another one each time
    for number in range(1, total + 1, step):
        place = stage.place()
        place.disk.trouble = at(number, trouble)
        killed(place, number, threads)
        settle(place, f"{trouble} at {number}")


@pytest.mark.parametrize("names", NAMES)
def test_power_cut_at_any_call(stage: Stage, names: str) -> None:
    """What was not forced to the disk is gone; a disk may keep names and lose contents."""
    for number in range(1, len(calls(stage)) + 1):
        place = stage.place()
        place.disk.trouble = at(number, "tear")
        killed(place, number)
        place.disk.cut_power(names)
        settle(place, f"power cut at {number}")


@pytest.mark.parametrize("forever", [False, True])
@pytest.mark.parametrize("trouble", ["full", "broken", "readonly"])
def test_a_disk_that_fails_at_any_call(
    stage: Stage, trouble: str, forever: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """The run says so, begins nothing more, and never ends with a traceback."""
    changing = "open write sync rename link remove sync_folder make_folder"
    names = calls(stage)
    for number, name in enumerate(names, 1):
        if trouble != "broken" and name not in changing.split():
            continue
        place = stage.place()
        place.disk.trouble = at(number, trouble, forever, changing if trouble != "broken" else "")
        code = place.run(AFTER)
        place.disk.trouble = at(0, "")
        if code == 0:
            assert place.logins() == wanted(AFTER), f"{trouble} at {number}: a lie"
        settle(place, f"{trouble} at {number}, {name}")
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_first_secret_can_be_read_whatever_happens_to_the_settings(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The salt that is made for it is with what it encrypts, in the journal and the checkpoint."""
    monkeypatch.setattr(crypter, "_ROUNDS", 10)
    number, code = 0, 1
    while code:
        number += 3
        stage.root.joinpath("Pulumi.dev.yaml").unlink(missing_ok=True)
        WORLD.people, WORLD.made, disk = {}, {}, Disk()
        place = on(disk, stage.root)
        place.stack.write(empty_deployment())
        disk.trouble = at(len(disk.calls) + number, "kill")
        try:
            code = place.run(AFTER)
        except Killed:
            stage.root.joinpath("Pulumi.dev.yaml").unlink(missing_ok=True)
            settle(place, f"kill at {number}")
    assert number > 60


def test_a_disk_that_fails_before_a_run_begins_stops_it(stage: Stage) -> None:
    place = stage.place()
    place.disk.trouble = at(1, "readonly", forever=True)
    made = dict(WORLD.made)
    assert place.run(AFTER) == 1
    assert WORLD.made == made and set(WORLD.people) == wanted(BEFORE)


def test_a_power_cut_after_the_end_loses_nothing(stage: Stage) -> None:
    """A run that says it is done has its state on the disk."""
    for names in NAMES:
        place = stage.place()
        assert place.run(AFTER) == 0
        place.disk.cut_power(names)
        assert place.logins() == wanted(AFTER) and not place.pending()


def test_nothing_is_made_before_its_intent_is_on_the_disk(stage: Stage) -> None:
    """At the moment the platform is asked, a power cut would leave a pending operation."""
    place = stage.place()
    seen: dict[str, bool] = {}

    def look() -> bool:
        after_cut = place.disk.copy()
        after_cut.cut_power("none")
        for login in on(after_cut, place.root).pending():
            seen[login] = True
        return False

    WORLD.dead = look
    assert place.run(AFTER, threads=4) == 0
    assert {"fay", "gus", "cathy", "daniel"} <= set(seen)


def test_a_clock_that_goes_backwards_changes_nothing(stage: Stage) -> None:
    place = stage.place()
    place.disk.trouble = at(40, "kill")
    with time_machine.travel(datetime(2040, 1, 1, tzinfo=UTC), tick=True), pytest.raises(Killed):
        place.run(AFTER)
    place.disk.dead, place.disk.trouble = False, at(0, "")
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC), tick=True):
        assert " 0 seconds ago, at 2040-01-01" in place.stack.holder()
        settle(place, "a clock that goes backwards")


def test_a_disk_without_second_names_locks_as_well(stage: Stage) -> None:
    place = stage.place()
    place.disk.trouble = lambda number, name: "nolinks" if name == "link" else None
    assert place.run(AFTER) == 0
    with place.stack.locked("up"):
        before = WORLD.people
        assert place.run(BEFORE) == 1 and WORLD.people == before
        assert "up) 0 seconds ago" in place.stack.holder()


def test_a_run_whose_lock_was_broken_leaves_the_state_to_the_other(stage: Stage) -> None:
    place = stage.place()

    def broken() -> bool:
        if "fay" in WORLD.people:  # made first
            place.stack.unlock()
        return False

    WORLD.dead = broken
    before = place.disk.read(Path("/state/dev/checkpoint.json"))
    assert place.run(AFTER) == 1
    assert place.disk.read(Path("/state/dev/checkpoint.json")) == before
    settle(place, "a broken lock")
