"""Debian packages unpacked into a folder: nothing is installed, no root is needed."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.real.keeper import Unavailable


def cache_folder(product: str) -> Path:
    """Return where ``product`` is kept between runs, outside the checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pulumi-martech" / product


def unpack(packages: Sequence[str], without: Sequence[str], root: Path) -> None:
    """Fetch ``packages`` and what they need, and unpack them below ``root``.

    Packages that the machine has are not fetched. ``without`` are beginnings of the names of
    dependencies that are left out. Raises `Unavailable`.
    """
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise Unavailable(f"needs {tool}, which is not on PATH (Debian or Ubuntu has it)")
    archives = root.with_name(root.name + ".debs")
    archives.mkdir(parents=True, exist_ok=True)
    try:
        _download(packages, without, archives, [])
    except Unavailable:  # no package lists on this machine, or old ones
        options = _own_lists(root.with_name(root.name + ".apt"))
        _apt(["update"], options)
        _download(packages, without, archives, options)
    root.mkdir(parents=True, exist_ok=True)
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, root], check=True)
    shutil.rmtree(archives)


def _download(
    packages: Sequence[str], without: Sequence[str], folder: Path, options: Sequence[str]
) -> None:
    """Download what installing ``packages`` would, less what is left out."""
    plan = _apt(["install", "--simulate", "--no-install-recommends", *packages], options)
    names = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
    _apt(
        ["download", *(name for name in names if not name.startswith(tuple(without)))],
        options,
        folder,
    )


def _own_lists(folder: Path) -> list[str]:
    """Return apt options that keep package lists in ``folder``, where no root is needed."""
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    user = "root" if os.geteuid() == 0 else str(os.geteuid())
    return [
        *("-o", f"Dir::State::Lists={folder / 'lists'}"),
        *("-o", f"Dir::Cache={folder / 'cache'}"),
        *("-o", f"APT::Sandbox::User={user}"),
        *("-o", "Debug::NoLocking=1"),
    ]


def _apt(arguments: Sequence[str], options: Sequence[str], cwd: Path | None = None) -> str:
    command = ["apt-get", "-qq", "-o", "Acquire::Retries=3", *options, *arguments]
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Unavailable(f"apt-get {arguments[0]} failed: {last}")
    return done.stdout
