"""A lock is taken from a run that has ended, and from no other."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from pulumi_martech.engine import locks, processes
from pulumi_martech.engine.processes import Identity, ended

HELD = "the stack is currently locked by 1 lock(s). created by me@{} (pid {}) at {}"


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that lives until the test ends it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nobody."""
    monkeypatch.setattr(processes, "_DYING", 0.0)


def of(process: "subprocess.Popen[bytes]") -> Identity:
    started = psutil.Process(process.pid).create_time() - psutil.boot_time()
    return replace(Identity.own(), pid=process.pid, started=started)


def test_a_killed_process_that_nobody_took_note_of_has_ended(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    sleeper.kill()  # and no wait: its number is still taken
    assert ended(Identity(sleeper.pid))
    os.kill(sleeper.pid, 0)


def test_a_process_that_is_killed_meanwhile_is_waited_for(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    threading.Timer(0.3, sleeper.kill).start()
    assert ended(of(sleeper))


@pytest.mark.usefixtures("at_once")
def test_a_number_that_another_process_got_is_not_the_one_that_locked(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    holder = of(sleeper)
    assert not ended(holder)
    assert ended(replace(holder, started=(holder.started or 0) - 60))
    # Where only a wall clock tells, it has to be clear.
    nameless, now = Identity(sleeper.pid), datetime.now(UTC)
    assert not ended(nameless)
    assert not ended(nameless, now)
    assert not ended(nameless, now - timedelta(seconds=30))
    assert ended(nameless, now - timedelta(hours=1))


@pytest.mark.usefixtures("at_once")
def test_a_clock_that_was_set_takes_no_lock_from_a_living_run(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    holder = of(sleeper)
    for hours in (-5, 5):
        assert not ended(holder, datetime.now(UTC) + timedelta(hours=hours))


def test_a_process_of_another_container_is_not_known(sleeper: "subprocess.Popen[bytes]") -> None:
    sleeper.kill()
    sleeper.wait()
    there = replace(Identity.own(), pid=sleeper.pid)
    assert ended(there)
    assert not ended(replace(there, space="pid:[1]"))


@pytest.mark.usefixtures("at_once")
def test_only_a_dead_run_of_this_machine_loses_its_lock(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    mine = HELD.format("here", os.getpid(), now)
    assert locks.dead(mine, "here") is None
    assert locks.dead(HELD.format("here", sleeper.pid, now), "here") is None
    assert locks.dead(HELD.format("here", sleeper.pid, "2020-01-01T10:00:00Z"), "here")
    sleeper.kill()
    sleeper.wait()
    left = HELD.format("here", sleeper.pid, now)
    assert locks.dead(left, "here") == sleeper.pid
    assert locks.dead(left.replace("@here", "@elsewhere"), "here") is None
    assert locks.dead("something else failed", "here") is None
    assert locks.dead(left + "\n" + mine, "here") is None
    # What the embedded engine says, it has looked at itself.
    embedded = HELD.format("here", f"{sleeper.pid}, up", "5 seconds ago, at " + now)
    assert locks.dead(embedded, "here") is None
    assert locks.dead(embedded + locks.ENDED, "here") == sleeper.pid


def test_a_living_run_is_looked_at_for_two_seconds_at_most(
    sleeper: "subprocess.Popen[bytes]",
) -> None:
    began = time.monotonic()
    assert not ended(of(sleeper))
    assert 1.9 < time.monotonic() - began < 5
    began = time.monotonic()
    assert not ended(Identity.own()), "this very process is not waited for"
    assert time.monotonic() - began < 1
