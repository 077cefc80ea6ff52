"""Whether the process that left a lock is still there.

A number alone does not say it: a killed process keeps its number until somebody takes note of its
end, and another process may get it later.
"""

import os
import time
from dataclasses import dataclass
from datetime import datetime

_DYING = 2.0
"""Seconds that a process which was killed a moment ago gets to be gone."""
_POLL = 0.05
_CLOCK = 60.0
"""Seconds by which a wall clock is not trusted to tell that a process is younger than a lock."""
_SAME = 2.0
"""Seconds by which two readings of one process's start may differ."""


@dataclass(frozen=True)
class Identity:
    """What tells a process from all others on a machine.

    ``started`` is seconds since the machine's start, which no change of its clock moves; `None`
    where it is not known. ``space`` names the space of process numbers: containers of one host name
    have their own.
    """

    pid: int
    started: float | None = None
    space: str = ""

    @classmethod
    def own(cls) -> "Identity":
        """Return that of this process."""
        return cls(os.getpid(), _started(os.getpid()), _space())


def ended(who: Identity, since: datetime | None = None) -> bool:
    """Tell whether a process of this machine has ended; what cannot be known passes for living.

    One that seems to live is looked at for two seconds, as a killed process takes a moment to go.

    Args:
        who: the process.
        since: when it was certainly there, for one whose start is not known.
    """
    if who.space and who.space != _space():
        return False
    deadline = time.monotonic() + _DYING
    while True:
        if _gone(who, since):
            return True
        if who.pid == os.getpid() or time.monotonic() > deadline:
            return False
        time.sleep(_POLL)


def _gone(who: Identity, since: datetime | None) -> bool:
    import psutil  # only where a lock is held: commands that meet none start faster

    try:
        process = psutil.Process(who.pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return True
        started = process.create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
    if who.started is not None:
        return abs(started - psutil.boot_time() - who.started) > _SAME
    return since is not None and started > since.timestamp() + _CLOCK


def _started(pid: int) -> float | None:
    import psutil

    try:
        return round(float(psutil.Process(pid).create_time() - psutil.boot_time()), 2)
    except psutil.Error:
        return None


def _space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""  # no Linux: there is one space a machine
