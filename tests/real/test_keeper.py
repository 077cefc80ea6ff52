"""What a test started ends with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.real.keeper import Kept

STARTER = """
import sys, time
from pathlib import Path
from tests.real.keeper import Kept
kept = Kept(["sh", "-c", "sleep 300 & echo $! > child; echo $$ > parent; wait"], Path("log"))
time.sleep(300)
"""


def wait_for(condition: object, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_everything_ends_even_when_the_starter_is_killed(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}
    )
    files = [tmp_path / name for name in ("parent", "child")]
    assert wait_for(lambda: all(file.exists() and file.read_text().strip() for file in files))
    pids = [int(file.read_text()) for file in files]
    assert all(running(pid) for pid in pids)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert wait_for(lambda: not any(running(pid) for pid in pids))


def test_ending_is_at_once(tmp_path: Path) -> None:
    kept = Kept(["sh", "-c", "trap '' TERM; sleep 300"], tmp_path / "log")
    assert kept.running()
    kept.end()
    assert not kept.running()
