"""An interrupt from the terminal: the engine still writes its state and is waited for."""

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from pulumi_martech.engine.driver import Answer, Driver
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
