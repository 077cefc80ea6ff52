"""Where the files of this tool lie on this machine: the ``.martech`` folder."""

import os
import re
from pathlib import Path

from pulumi_martech.model.errors import MartechError
from pulumi_martech.project import project

_ACCOUNT = re.compile(r"[a-z][a-z0-9-]{0,39}")


class NotWritable(MartechError):
    """A local file cannot be written (full or read-only disk, missing right, lock held)."""


class NotReadable(MartechError):
    """A local file is there and cannot be read."""


def home(start: Path | None = None) -> Path:
    """Return the folder for audit, journal and the like, made with mode 0700 if it is missing.

    It is ``MARTECH_HOME`` where that is set (relative to the project), else ``.martech`` beside
    the nearest project file, else ``.martech`` in ``start``. A folder made here holds a
    ``.gitignore``, because the journal names logins.

    Raises:
        NotWritable: the folder cannot be made.
    """
    named = os.environ.get("MARTECH_HOME", "").strip()
    folder = project(start) / (Path(named).expanduser() if named else ".martech")
    if folder.is_dir():
        return folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise NotWritable(
            f"make the folder {folder}",
            error.strerror or str(error),
            "nothing was sent to any platform",
            "set MARTECH_HOME to a folder that can be written",
        ) from None
    return folder


def is_account_key(text: str) -> bool:
    """Tell whether a text can be the key of an account, and so the name of a file."""
    return _ACCOUNT.fullmatch(text) is not None


def account_file(home: Path, kind: str, account: str) -> Path:
    """Return the path of an account's file of one kind (``audit``, ``journal``); makes nothing.

    Raises:
        ValueError: ``account`` is not an account key, so it cannot be a file name.
    """
    if not is_account_key(account):
        raise ValueError(f"not an account key: {account!r}")
    return home / kind / f"{account}.jsonl"
