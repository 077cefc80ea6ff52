"""Requests to end: Ctrl-C, and what a service manager or a terminal that closes sends."""

import signal
import threading
import time
from types import FrameType

ENDING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # there is no SIGHUP on Windows
"""Signals that ask to end, beside Ctrl-C."""

ONE = 0.5
"""Seconds in which two signals are one: a service manager may tell each process, and one passes it
on to the other; of a terminal that closes, both the system and the shell tell."""


def hear_endings() -> None:
    """Take requests to end like Ctrl-C, so that everything is left in order.

    One that is ignored (`nohup`) stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


class Requests:
    """Counts requests to end that come while something has to be waited for.

    Inside of ``with`` they raise nothing: an exception could come at any instant. ``latest`` is
    when the last one came, by the monotonic clock; ``widely`` says that every process may have been
    sent it, so that others know of it.
    """

    def __init__(self) -> None:
        """Hear nothing yet."""
        self.count = 0
        self.latest = 0.0
        self.widely = False

    def __enter__(self) -> "Requests":
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *ENDING):
                if callable(signal.getsignal(number)):  # what is ignored stays so
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.count or now >= self.latest + ONE:
            self.count, self.latest, self.widely = self.count + 1, now, number in ENDING
