"""The first request to end finishes what is under way, the second ends at once."""

import itertools
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pulumi_martech.engine.embedded import interrupts
from pulumi_martech.engine.embedded.interrupts import Interrupts
from pulumi_martech.engine.interrupts import ENDING, hear_endings
from tests.engine.disk import Killed
from tests.engine.office import AFTER, BEFORE, WORLD, wanted
from tests.engine.sweeps import ACTS, OnDisk, Stage, staged
from tests.passphrase import PASSPHRASE, SETTINGS

HEARD: list[int] = []
MAIN = threading.main_thread().ident or 0


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # killed with the process
    monkeypatch.setattr(interrupts, "ONE", 0.0)
    genuine = Interrupts._hear

    def hear(self: Interrupts, number: int, frame: FrameType | None) -> None:
        try:
            genuine(self, number, frame)
        finally:
            HEARD.append(number)

    monkeypatch.setattr(Interrupts, "_hear", hear)
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)
    yield staged(tmp_path)
    WORLD.reset()


def interrupted(place: OnDisk, *numbers: int, at: int = 1) -> None:
    """Send signals while the platform works on its n-th call; later ones wait for that."""
    calls, sent = itertools.count(1), threading.Event()

    def send() -> bool:
        call = next(calls)
        if call > at:
            sent.wait(10)
        for number in numbers if call == at else ():
            HEARD.clear()
            time.sleep(0.1)  # until the main thread waits: about to wait, it would not hear
            signal.pthread_kill(MAIN, number)
            deadline = time.monotonic() + 10
            while not HEARD and time.monotonic() < deadline:
                time.sleep(0.01)
        if call == at:
            sent.set()
        return place.disk.dead

    WORLD.dead = send


@pytest.mark.parametrize("number", [signal.SIGINT, *ENDING])
def test_the_first_one_finishes_the_call_under_way(
    stage: Stage, number: int, capfd: pytest.CaptureFixture[str]
) -> None:
    place = stage.place()
    interrupted(place, number, at=2)
    assert place.run(AFTER) == 8
    assert "fay" in WORLD.people and "gus" not in WORLD.people, "nothing new begins"
    assert not place.pending() and place.logins() == {*wanted(BEFORE), "fay"}
    assert [r["outputs"]["role"] for r in place.users() if r["id"] == "id of bob"] == ["admin"]
    assert not place.stack.lock and not place.store.journals()
    assert "canceling: calls under way are finished" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    WORLD.dead = lambda: False
    place.converges("interrupted")


@pytest.mark.parametrize("name", ["refresh", "destroy"])
def test_so_do_a_refresh_and_a_destroy(stage: Stage, name: str) -> None:
    act = ACTS[name]
    stage = act.before(stage)
    place = stage.place()
    people = set(WORLD.people)
    interrupted(place, signal.SIGINT)
    assert act.run(place) == 8
    assert not place.stack.lock and not place.store.journals() and not place.pending()
    if name == "destroy":
        gone = people - set(WORLD.people)
        assert 1 <= len(gone) < len(people), "others were under way, or not begun"
        assert place.logins() == set(WORLD.people)
    WORLD.dead = lambda: False
    act.settle(place, f"{name} interrupted")


def test_a_preview_ends_as_well(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    place = stage.place()
    with Interrupts(preview=True) as heard:
        ended = []
        heard.cancel_by(lambda: ended.append(True))
        signal.raise_signal(signal.SIGINT)
        assert ended == [True]
    signal.raise_signal(signal.SIGCONT)
    assert "canceling" in capfd.readouterr().err
    assert place.run(AFTER, "preview") == 0


def test_the_second_one_ends_at_once_and_the_state_can_be_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    place = stage.place()

    def end(number: int) -> None:
        place.disk.dead = True
        raise Killed

    monkeypatch.setattr(signal, "raise_signal", end)
    interrupted(place, signal.SIGINT, signal.SIGTERM)
    with pytest.raises(Killed):
        place.run(AFTER)
    place.works_again()
    WORLD.dead = lambda: False
    assert "error: ended at once; what was under way is listed as pending" in capfd.readouterr().err
    assert place.pending() == {"fay"} and place.stack.lock
    place.converges("ended at once")


def test_one_that_comes_before_anything_began_does_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = stage.place()
    begin = type(place.stack).begin

    def late(self: Any, *given: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return begin(self, *given)

    monkeypatch.setattr(type(place.stack), "begin", late)
    assert place.run(AFTER) == 8 and set(WORLD.people) == wanted(BEFORE)
    assert not place.stack.lock


def test_one_that_comes_while_the_state_is_written_lets_it_be_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = stage.place()
    write = type(place.stack).write

    def slow(self: object, deployment: object) -> None:
        signal.raise_signal(signal.SIGINT)
        write(self, deployment)  # type: ignore[arg-type]

    monkeypatch.setattr(type(place.stack), "write", slow)
    assert place.run(AFTER) == 0
    assert place.logins() == wanted(AFTER) and not place.stack.lock


def test_two_within_a_moment_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service manager tells every process, and one of them passes it on to the other."""
    with Interrupts(preview=True) as heard:
        ended = []
        heard.cancel_by(lambda: ended.append(True))
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert ended == [True]


def test_other_commands_end_in_order_and_what_is_ignored_stays_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
        hear_endings()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        with Interrupts(preview=True):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
