"""Keeps one command: it hears of requests to end from whoever started this, and of nobody else.

A process between `martech` and the real `pulumi` (`python -m` this module), in a session of its
own with all that `pulumi` starts. So a terminal's Ctrl-C or hang-up, and a signal to the process
group of `martech`, reach none of them.

Standard input has a byte for each request to end, the place of a signal in `SIGNALS`. Where it
ends, whoever started this is gone: then the command is asked to end in order, unless somebody has
asked already. What is left of the session when the command has ended is killed.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

SIGNALS = (signal.SIGINT, signal.SIGINT, signal.SIGKILL)
"""What the first, the second and every later request sends; `pulumi` takes two of its own."""


def keep(command: Sequence[str]) -> int:
    """Run a command to its end; return its exit code, negative for the signal that ended it."""
    if os.getsid(0) != os.getpid():
        os.setsid()  # what is swept must be ours
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # unlike what is ignored, not handed down
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    kept = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - that of `martech`
    threading.Thread(target=_pass_on, args=(kept,), daemon=True).start()
    code = kept.wait()
    sweep(os.getpid())
    return code


def _pass_on(kept: "subprocess.Popen[bytes]") -> None:
    asked = False
    while request := os.read(0, 1):
        kept.send_signal(SIGNALS[request[0]])
        asked = True
    if not asked:
        kept.send_signal(SIGNALS[0])


def sweep(session: int) -> None:
    """Kill what is left of a session, except this process: nobody waits for it any more."""
    import psutil

    for pid in psutil.pids():
        with suppress(OSError):  # it has ended
            if pid != os.getpid() and os.getsid(pid) == session:
                os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    ended = keep(sys.argv[1:])
    sys.exit(ended if ended >= 0 else 128 - ended)
