"""What a run does about signals that ask it to end."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from pulumi_martech.engine.interrupts import ENDING, ONE

from .errors import Interrupted

_FIRST = b"canceling: calls under way are finished, nothing new begins; once more ends it at once\n"
_SECOND = b"error: ended at once; what was under way is listed as pending in the state\n"
_SECOND_LOOK = b"error: ended at once\n"


class Interrupts:
    """Ends a run in order on the first signal, the process on the second.

    Signals are heard from before the lock is taken until it is given up.
    """

    def __init__(self, preview: bool):
        """Hear nothing yet; a preview leaves nothing behind."""
        self._preview = preview
        self._asked = 0.0
        self._cancel: Callable[[], None] = lambda: None

    def __enter__(self) -> "Interrupts":
        numbers = [n for n in (signal.SIGINT, *ENDING) if signal.getsignal(n) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._hear) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def cancel_by(self, cancel: Callable[[], None]) -> None:
        """Say how the run is ended.

        Raises:
            Interrupted: somebody has asked for the end already.
        """
        self._cancel = cancel
        if self._asked:
            raise Interrupted("interrupted before it began, nothing was done")

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked and now < self._asked + ONE:
            return
        again, self._asked = bool(self._asked), self._asked or now
        if not again:
            self._cancel()
        with suppress(OSError):  # the terminal may be gone
            said = _SECOND_LOOK if self._preview else _SECOND
            os.write(2, said if again else _FIRST)
        if again:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
