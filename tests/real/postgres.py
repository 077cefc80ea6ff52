"""A real PostgreSQL on a free loopback port: this machine's, or one from Debian's packages."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.real import debian
from tests.real.keeper import Kept, Unavailable, free_port, wait

PACKAGES = ("postgresql",)
LEFT_OUT = (
    "perl",
    "libperl",
    "libllvm",
    "libz3",
    "ssl-cert",
    "lsb-",
    "ucf",
    "sensible-",
    "logrotate",
)
"""What only the commands of Debian around it, and compiled queries, need."""
NOBODY = 65534
"""The server refuses to run as root: for root it runs as this user, who owns nothing else."""


def install() -> Path:
    """Return the folder of the server's programs; unpack them in the cache if they are nowhere.

    Raises `Unavailable` with the reason.
    """
    found = _found()
    if found is not None:
        return found
    root = debian.cache_folder("postgres")
    root.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="postgres-", dir=root.parent)) / "root"
    try:
        debian.unpack(PACKAGES, LEFT_OUT, fresh)
        with contextlib.suppress(OSError):  # another process was faster
            fresh.rename(root)
    finally:
        shutil.rmtree(fresh.parent, ignore_errors=True)
    found = _found()
    if found is None:
        raise Unavailable("the packages of PostgreSQL have no server")
    return found


def _found() -> Path | None:
    for root in (Path("/"), debian.cache_folder("postgres")):
        for folder in sorted(root.glob("usr/lib/postgresql/*/bin"), reverse=True):
            if (folder / "initdb").exists() and (folder / "postgres").exists():
                return folder
    return None


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start an empty server and end it; give the URL of its database.

    Raises `Unavailable` if it is not installed: nothing is downloaded here.
    """
    programs = _found()
    if programs is None:
        raise Unavailable("PostgreSQL is not installed (python tests/real/install.py gets it)")
    with (
        tempfile.TemporaryDirectory(prefix="martech-pg-") as name,
        contextlib.ExitStack() as ending,
    ):
        work, port = Path(name), free_port()
        prefix: list[str] = []
        if os.geteuid() == 0:
            programs = _readable(programs, work)
            os.chown(work, NOBODY, NOBODY)
            ids = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
            prefix = ["setpriv", *ids]
        env = {**os.environ, "LC_ALL": "C", "LD_LIBRARY_PATH": _libraries(programs)}
        made = subprocess.run(
            [
                *prefix,
                programs / "initdb",
                "-D",
                work / "data",
                "-U",
                "martech",
                "-A",
                "trust",
                "-N",
            ],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if made.returncode:
            raise Unavailable(f"initdb failed: {(made.stderr or made.stdout).strip()[-300:]}")
        server = [*prefix, programs / "postgres", "-D", work / "data", "-p", port, "-k", work, "-F"]
        kept = Kept([*map(str, server)], work / "log", env)
        ending.callback(kept.end)
        wait(lambda: "ready to accept connections" in kept.log.read_text(errors="replace"), kept)
        yield f"postgresql://martech@127.0.0.1:{port}/postgres"


def _readable(programs: Path, work: Path) -> Path:
    """Return the programs at a place that everybody may read: root's cache is not."""
    if programs.is_relative_to("/usr"):
        return programs
    root = programs.parents[4]
    shutil.copytree(root / "usr", work / "usr", symlinks=True)
    return work / programs.relative_to(root)


def _libraries(programs: Path) -> str:
    return ":".join(map(str, sorted((programs.parents[3] / "lib").glob("*-linux-gnu*"))))
