"""Whatever happens to a run and its disk: what exists is in the state or pending, and the next run
makes everything as declared.

What happens at the n-th call, for every n there is, is in `sweeps`.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from pulumi_martech.engine.embedded import crypter
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.journal import Journal
from pulumi_martech.engine.embedded.stacks import empty_deployment
from tests.engine.disk import Disk, Killed
from tests.engine.office import AFTER, BEFORE, USER, WORLD, wanted
from tests.engine.sweeps import (
    ACTS,
    CUTS,
    Stage,
    at,
    on,
    staged,
    sweep_asked,
    sweep_failures,
    sweep_kills,
)
from tests.passphrase import PASSPHRASE, SETTINGS


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # killed with the process
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    yield staged(tmp_path)
    WORLD.reset()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("trouble", ["kill", "tear"])
def test_an_update_killed_at_any_call(stage: Stage, trouble: str, threads: int) -> None:
    act = replace(ACTS["update"], run=lambda place: place.run(AFTER, threads=threads))
    step = 1 if threads == 1 else 5  # the order of calls is another one each time
    assert sweep_kills(stage, act, trouble, step=step, threads=threads) > 60


@pytest.mark.parametrize("cut", CUTS)
def test_power_cut_at_any_call_of_an_update(stage: Stage, cut: str) -> None:
    """What was not forced to the disk is gone; a disk may keep names and lose contents."""
    sweep_kills(stage, ACTS["update"], "tear", cut)


@pytest.mark.parametrize("act", [act for act in ACTS if act != "update"])
def test_other_operations_killed_at_any_call(stage: Stage, act: str) -> None:
    """Without a power cut, and with each kind of one."""
    sweep_asked(stage, ACTS[act])
    for trouble, cut in (("kill", ""), *(("tear", cut) for cut in CUTS)):
        sweep_kills(stage, ACTS[act], trouble, cut, step=4 if cut else 1)


@pytest.mark.parametrize("forever", [False, True])
@pytest.mark.parametrize("trouble", ["full", "broken", "readonly"])
def test_a_disk_that_fails_at_any_call(
    stage: Stage, trouble: str, forever: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """The run says so, begins nothing more, and never ends with a traceback."""
    sweep_failures(stage, ACTS["update"], trouble, forever)
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("act", ["first", "refresh", "destroy", "import"])
def test_other_operations_on_a_disk_that_fails(
    stage: Stage, act: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for trouble, forever in (("full", True), ("broken", False)):
        sweep_failures(stage, ACTS[act], trouble, forever, step=3)
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
            place.works_again()
            place.converges(f"kill at {number}")
    assert number > 60


def test_a_disk_that_fails_before_a_run_begins_stops_it(stage: Stage) -> None:
    place = stage.place()
    place.disk.trouble = at(1, "readonly", forever=True)
    made = dict(WORLD.made)
    assert place.run(AFTER) == 1
    assert WORLD.made == made and set(WORLD.people) == wanted(BEFORE)


def test_a_power_cut_after_the_end_loses_nothing(stage: Stage) -> None:
    """A run that says it is done has its state on the disk."""
    for cut in CUTS:
        place = stage.place()
        assert place.run(AFTER) == 0
        place.disk.cut_power(cut)
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
    """Between runs, and by a day at each call of one."""
    place, day = stage.place(), timedelta(days=1)
    place.disk.trouble = at(40, "kill")
    with time_machine.travel(datetime(2040, 1, 1, tzinfo=UTC)) as clock, pytest.raises(Killed):
        place.disk.before = lambda: clock.shift(-day)
        place.run(AFTER)
    place.works_again()
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC), tick=False) as clock:
        assert " 0 seconds ago, at 2040-01-01" in place.stack.holder()
        deployment = place.stack.read()
        place.disk.before = lambda: clock.shift(-day)
        place.converges("a clock that goes backwards")
        place.disk.before = lambda: None
        before = place.store.read("checkpoint.json")
        place.stack.write(deployment)
        written = place.store.read("checkpoint.json")
        place.stack.write(deployment)
        assert place.store.read("checkpoint.json") not in (before, written), "none is like another"
    runs = place.stack.history()
    numbers = [run["version"] for run in runs]
    assert numbers == [3, 2, 1] and runs[0]["startTime"] < runs[1]["startTime"], "the latest first"
    for run in runs:
        assert run["startTime"] <= run["endTime"]


def test_a_disk_without_second_names_locks_as_well(stage: Stage) -> None:
    place = stage.place()
    place.disk.trouble = lambda number, name: "nolinks" if name == "link" else None
    assert place.run(AFTER) == 0
    with place.stack.locked("up"):
        before = WORLD.people
        assert place.run(BEFORE) == 1 and WORLD.people == before
        assert "up) 0 seconds ago" in place.stack.holder()


def test_a_run_whose_lock_was_broken_leaves_the_state_to_the_other(stage: Stage) -> None:
    """It asks for nothing more; neither its lines nor its end reach what the other one writes."""
    place = stage.place()
    other = on(place.disk, place.root).stack
    began: list[Journal] = []
    with ExitStack() as ending:

        def broken() -> bool:
            if "fay" in WORLD.people and not began:  # made first
                place.stack.unlock()
                ending.enter_context(other.locked("up"))
                began.append(other.begin()[1])
                zoe = {"urn": "zoe", "type": USER, "custom": True, "inputs": {"login": "zoe"}}
                operation = {"resource": zoe, "type": "creating"}
                began[0].append({"op": 1, "kind": "begin", "operation": operation})
                began[0].settle()
            return False

        WORLD.dead = broken
        before = place.disk.read(Path("/state/dev/checkpoint.json"))
        assert place.run(AFTER) == 1
        assert set(WORLD.people) == {*wanted(BEFORE), "fay"}, "nobody is made or removed any more"
        began[0].append({"op": 2, "kind": "begin"})
        began[0].close()
        assert other.owned(), "the lock is still the other's"
        assert place.disk.read(Path("/state/dev/checkpoint.json")) != before, "folded by the other"
        assert place.logins() == {*wanted(BEFORE), "fay"} and place.pending() == {"zoe"}
    WORLD.dead = lambda: False
    place.converges("a broken lock")


def test_a_lock_is_broken_that_was_looked_at_and_no_other(stage: Stage) -> None:
    """Two who find the lock of a dead run: the second must not break that of the first."""
    stack, other = stage.place().stack, stage.place().stack
    with suppress(KeyError), stack.locked("up"):
        left = stack.lock
        raise KeyError
    with stack.locked("up"):
        with pytest.raises(EngineError, match="not the one that was looked at"):
            stack.unlock(left)
        assert stack.owned()
        stack.unlock(stack.lock)
        assert not stack.lock and not other.lock


def test_a_stack_that_is_made_twice_at_once_is_made_once(stage: Stage) -> None:
    place = stage.place()
    with pytest.raises(EngineError, match="already exists"):
        place.stack.make(empty_deployment())
    assert place.logins() == wanted(BEFORE)


def test_a_journal_with_a_damaged_line_hides_nothing_that_was_begun(stage: Stage) -> None:
    """What came after it is listed as pending: it is not known how it ended."""
    place = stage.place()
    WORLD.dead = lambda: "gus" in WORLD.people or place.disk.dead
    place.disk.before = lambda: setattr(place.disk, "dead", "gus" in WORLD.people)
    with pytest.raises(Killed):
        place.run(AFTER)
    place.disk.before, WORLD.dead = lambda: None, lambda: False
    place.works_again()
    journal = Path("/state/dev/journal.jsonl")
    whole, people, made = place.disk.read(journal), WORLD.people, WORLD.made
    lines = whole.splitlines(keepends=True)
    assert len(lines) > 10
    for at_line in range(len(lines) - 1):  # the last one is all that is known of who was begun
        damaged = on(place.disk.copy(), place.root)
        torn = [b"\0" * 9 + b"\n" if n == at_line else line for n, line in enumerate(lines)]
        damaged.disk._file(journal).now = b"".join(torn)
        WORLD.people, WORLD.made = dict(people), dict(made)
        damaged.converges(f"line {at_line} is damaged")
