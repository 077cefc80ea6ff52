"""Run one command, and end it with everything it started as soon as the starter is gone.

``python keeper.py COMMAND...`` puts the command in a process group of its own and waits until it
ends or until standard input closes, which happens however the starter ends, kill -9 included.
"""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

START_SECONDS = 60.0
"""How long a product may take to answer for the first time."""


class Unavailable(Exception):
    """A product cannot be had or does not start here; the text says why."""


class Kept:
    """A command that runs until `end` is called or this process is gone.

    Args:
        command: the command and its arguments.
        log: file that gets what the command prints.
        env: its whole environment; ours where ``None``.
    """

    def __init__(
        self, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, __file__, *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env=env,
                start_new_session=True,
            )

    def running(self) -> bool:
        """Tell whether the command still runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End the command and everything it started."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process.wait(timeout=10)


def free_port() -> int:
    """Return a loopback port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Tell whether something answers at ``url``, with whatever status."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(url, timeout=10).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


def wait(ready: Callable[[], bool], kept: Kept) -> None:
    """Wait until ``ready``; raises `Unavailable` with the last words of a command that ended."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if not kept.running() or time.monotonic() > deadline:
            said = kept.log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
            raise Unavailable(f"did not start: {said or 'it said nothing'}")
        time.sleep(0.05)


def main(command: list[str]) -> int:
    """Run ``command`` until it ends or standard input closes."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    while process.poll() is None:
        readable, _, _ = select.select([sys.stdin.fileno()], [], [], 0.5)
        if readable and not os.read(sys.stdin.fileno(), 1):
            break
    _end_group(process)
    return process.returncode


def _end_group(process: subprocess.Popen[bytes]) -> None:
    # At once and without asking: what these products hold is thrown away.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
