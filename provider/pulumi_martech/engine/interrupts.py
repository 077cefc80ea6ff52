"""Requests to end: Ctrl-C, and what a service manager or a terminal that closes sends."""

import signal
import threading
from types import FrameType

ENDING = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)  # there is no SIGHUP on Windows
"""Signals that ask one process to end; Ctrl-C asks all processes of a terminal."""


class Terminated(KeyboardInterrupt):
    """This process alone was asked to end."""


def hear_endings() -> None:
    """Take requests to end like Ctrl-C, so that everything is left in order.

    One that is ignored (`nohup`) stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _terminate)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated
