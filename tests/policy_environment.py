"""The environment that policy packs run in: they hold other versions than this project."""

import fcntl
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def policy_python() -> Path:
    """Return its Python; makes the environment when there is none or its lock file has changed."""
    with open(ROOT / "requirements" / "policy.txt") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        subprocess.run(["make", "--silent", "policy-setup"], cwd=ROOT, check=True, timeout=280)
    return ROOT / ".venv-policy" / "bin" / "python"
