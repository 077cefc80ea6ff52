"""An interrupt: the engine is told exactly once, still writes its state and is waited for."""

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from pulumi_martech.engine.driver import Answer, Driver
from pulumi_martech.engine.events import Events
from pulumi_martech.engine.interrupts import ONE, Requests
from pulumi_martech.engine.stacks import Engine


class SlowCommand:
    """An engine that is busy for a second; it is interrupted, again and again, all the while."""

    finished = False

    def __call__(self, args: list[str], folder: Path, environment: Mapping[str, str]) -> Answer:
        for _number in range(5):
            time.sleep(0.2)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        self.finished = True
        return Answer("", "", failed=False)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals need the main thread"
)
def test_an_interrupted_engine_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowCommand()
    monkeypatch.setattr(Driver, "_command", lambda self: slow)
    known = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        plan = Driver(Engine.EMBEDDED, tmp_path, "dev").preview(refresh=False)
    finally:
        signal.signal(signal.SIGINT, known)
    assert slow.finished, "nothing is said about a run before it has ended"
    assert [message.text for message in plan.errors] == ["interrupted"]


def test_what_every_process_may_have_heard_is_not_passed_on_at_once(tmp_path: Path) -> None:
    """The real engine gets a moment to say that it knows, however slow it is to say it."""
    driver, events, asked = (
        Driver(Engine.PULUMI, tmp_path, "dev"),
        Events(planning=True),
        Requests(),
    )
    sent: list[int] = []
    driver.pulumi.interrupt = lambda told: sent.append(told) or True  # type: ignore
    events.feed({"preludeEvent": {}})
    asked.count, asked.latest, asked.widely = 1, time.monotonic(), True
    assert driver._tell(asked, 0, events) == 0 and not sent, "it may say so yet"
    events.feed({"stdoutEvent": {"message": "SIGTERM received; cancelling. If you would like"}})
    asked.latest -= 2 * ONE
    assert driver._tell(asked, 0, events) == 1 and not sent, "it has said so"
    asked.count = 2
    assert driver._tell(asked, 1, events) == 2 and sent == [1], "this one it has not heard"
    asked.count, asked.latest, asked.widely = 3, time.monotonic(), False
    assert driver._tell(asked, 2, events) == 3 and sent == [1, 2], "Ctrl-C does not reach it"
