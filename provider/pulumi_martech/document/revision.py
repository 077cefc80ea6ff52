"""A document in version control: the day it was last changed, and how it was at a revision.

Git is asked, if it is there; nothing is written to the repository.
"""

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pulumi_martech.document.load import Document
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.project import project


def committed_on(document: Document) -> date | None:
    """Return the UTC day on which a document was last committed; see `committed`."""
    return committed([document.path, *(source.path for source in document.sources)])


def committed(files: Sequence[Path]) -> date | None:
    """Return the UTC day on which any of these files was last committed.

    ``None`` where one differs from what was committed, or they lie in no repository: then they are
    of today. Files elsewhere than the first one's repository are not asked about.
    """
    folder = files[0].absolute().parent
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top.returncode:
        return None
    root = Path(top.stdout.decode().rstrip("\n"))
    inside = [file for file in (file.resolve() for file in files) if root in file.parents]
    if not inside or _changed(folder, inside):
        return None
    last = _git(folder, "log", "-1", "--format=%ct", "--", *map(str, inside))
    seconds = last.stdout.decode().strip()
    return datetime.fromtimestamp(int(seconds), UTC).date() if seconds.isdigit() else None


def _changed(folder: Path, files: Sequence[Path]) -> bool:
    """Tell whether files differ from what was committed, as far as git can tell."""
    words = ("status", "--porcelain", "--untracked-files=all", "--", *map(str, files))
    found = _git(folder, *words)
    return bool(found.returncode or found.stdout)


@contextlib.contextmanager
def as_it_was(path: Path, revision: str) -> Iterator[Path]:
    """Give the path of a document as it was at a revision, with its project around it.

    It lies in a temporary folder until the end. What the document includes from outside the
    repository is as it is now.

    Raises:
        InvalidDeclaration: git does not know the revision, or the document was not in it.
    """
    tried = f"read {path.name} as it was at {revision}"

    def refused(said: str) -> InvalidDeclaration:
        todo = "name a file or a revision that is here; CI often has to fetch it first"
        return InvalidDeclaration(tried, said, "nothing was checked", todo)

    folder = path.absolute().parent.resolve()
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top.returncode:
        raise refused(f"it is no file, and git says: {_said(top)}")
    root = Path(top.stdout.decode().rstrip("\n"))
    around = project(folder)
    around = around if root in (around, *around.parents) else folder
    name = (folder / path.name).relative_to(root)
    if revision.startswith("-"):
        raise refused("that is no revision")
    above = b"../" in _git(root, "show", f"{revision}:{name.as_posix()}").stdout
    below = "." if above else around.relative_to(root).as_posix()
    packed = _git(root, "archive", "--format=tar", revision, "--", below)
    if packed.returncode:
        raise refused(f"git says: {_said(packed)}")
    with tempfile.TemporaryDirectory(prefix="martech-base-") as temporary:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
            files.extractall(temporary, filter="data")
        (Path(temporary) / ".git").mkdir()  # a repository of its own: see `files.repository`
        was = Path(temporary) / name
        if not was.is_file():
            raise refused("it was not there then")
        yield was


def changed_by(files: Sequence[Path], revision: str) -> set[str]:
    """Return the addresses of whoever committed to files since a revision, in lower case.

    For what is not committed yet, that of whoever works here, as git has it.
    """
    folder, named = files[0].absolute().parent, [str(file.resolve()) for file in files]
    words = ("log", "--format=%ae", f"{revision}..HEAD", "--", *named)
    found = _git(folder, *words).stdout.decode(errors="replace").split()
    if _changed(folder, files):
        found += _git(folder, "config", "user.email").stdout.decode(errors="replace").split()
    return {address.lower() for address in found}


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("fatal: ") if lines else "nothing"


def _git(folder: Path, *words: str) -> "subprocess.CompletedProcess[bytes]":
    """Run git in a folder; without git it is as if that were no repository."""
    command: Sequence[str] = ("git", "-C", str(folder), *words)
    try:
        return subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    except OSError:
        return subprocess.CompletedProcess(command, 127, b"", b"git is not installed")
