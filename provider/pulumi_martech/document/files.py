"""The files of a document: found, bounded in size, decoded, decrypted."""

import codecs
import glob
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_martech.document.parse import at_offset, hidden
from pulumi_martech.document.problems import Place, Problem
from pulumi_martech.model.errors import CredentialError
from pulumi_martech.transport.credentials import resolve

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

LIMIT = 32
"""Megabytes that all files of a document may have together (``MARTECH_DOCUMENT_LIMIT``)."""

_REORDERS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_OTHER_CODES = ((codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))


def limit() -> int:
    """Return the bytes that a document, or what is brought into it, may have."""
    said = os.environ.get("MARTECH_DOCUMENT_LIMIT", "").strip()
    return (int(said) if said.isdigit() else LIMIT) * 1_000_000


@dataclass(frozen=True)
class Source:
    """One file as it was read.

    ``text`` is without a byte-order mark, which ``mark`` remembers; ``key`` is the reference of
    the key that an encrypted file is locked with, empty for a plain one; ``content`` are the bytes
    that the file had.
    """

    name: str
    path: Path
    text: str
    mark: bool = False
    key: str = ""
    content: bytes = b""

    @property
    def stale(self) -> bool:
        """Whether somebody changed the file since it was read."""
        return self.path.read_bytes() != self.content

    def write(self, text: str) -> None:
        """Put another text in its place, in one step, encoded and locked as it was."""
        content = (codecs.BOM_UTF8 if self.mark else b"") + text.encode()
        if self.key:
            content = locked(content, self.key)
        path = self.path.resolve()  # a link stays one
        partial = path.with_name(f".{path.name}.partial")
        partial.write_bytes(content)
        partial.chmod(stat.S_IMODE(path.stat().st_mode))
        partial.replace(path)


@dataclass
class Reader:
    """Reads files as long as they are within the limit; ``problems`` gathers what is wrong."""

    root: Path
    problems: list[Problem]
    left: int
    instead: Mapping[Path, str]

    @classmethod
    def at(cls, root: Path, instead: Mapping[Path, str] | None = None) -> "Reader":
        """Return a reader for a document in the folder ``root``, with the limit that is set.

        ``instead`` gives texts that are taken in the place of what the files hold.
        """
        return cls(root, [], limit(), instead or {})

    def name(self, path: Path) -> str:
        """Return a path as people name it: from the document's folder where it lies below."""
        return path.relative_to(self.root).as_posix() if self.root in path.parents else str(path)

    def read(self, path: Path, key: str = "") -> Source | None:
        """Return a file, or ``None`` with the reason among the problems."""
        name = self.name(path)
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                return self._no(name, "is not a file")
            if found.st_size > self.left:
                return self._no(
                    name,
                    f"has {found.st_size / 1e6:.0f} MB, and {self.left / 1e6:.0f} MB are left of "
                    "what a document may have; it was not read; if it is meant, set "
                    "MARTECH_DOCUMENT_LIMIT to the megabytes to allow",
                )
            self.left -= found.st_size
            content = original = path.read_bytes()
        except OSError as error:
            return self._no(name, f"cannot be read: {(error.strerror or str(error)).lower()}")
        if key:
            try:
                content = unlocked(content, key)
            except CredentialError as error:
                return self._no(name, f"cannot be decrypted: {error}")
        source = self._decoded(name, path, content, key)
        if source is None:
            return None
        return replace(source, content=original, text=self.instead.get(path, source.text))

    def _decoded(self, name: str, path: Path, content: bytes, key: str) -> Source | None:
        if any(content.startswith(mark) for mark, _ in _OTHER_CODES):
            return self._no(name, "is written in UTF-16: save it as UTF-8")
        mark = content.startswith(codecs.BOM_UTF8)
        if mark:
            content = content[len(codecs.BOM_UTF8) :]
            self._warn(
                Place(name),
                "begins with a byte-order mark, which some tools take for text: save it as UTF-8 "
                "without one",
            )
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            before = content[: error.start].decode()
            place = at_offset(name, f"{before}?", len(before))
            self.problems.append(Problem(place, "is not UTF-8 from here on: save it as UTF-8"))
            return None
        for found in () if text.isascii() else _REORDERS.finditer(text):
            place = at_offset(name, text, found.start())
            self.problems.append(Problem(place, hidden(found.group())))
        if "\r" in text:
            self._warn(
                at_offset(name, text, text.index("\r")),
                "lines end as on Windows; they are read and kept so, but whole files differ where "
                "two systems edit one: say `*.yaml text eol=lf` in .gitattributes",
            )
        return Source(name, path, text, mark, key)

    def _no(self, name: str, text: str) -> Source | None:
        self.problems.append(Problem(Place(name), text))
        return None

    def _warn(self, place: Place, text: str) -> None:
        self.problems.append(Problem(place, text, "warning"))

    def matching(self, pattern: str) -> Iterator[Path]:
        """Yield the files that an ``include`` names: a path, a shell pattern, or ``env:NAME``.

        Raises `ValueError` with what is wrong with it.
        """
        if pattern.startswith("env:"):
            name = pattern.removeprefix("env:")
            pattern = os.environ.get(name, "")
            if not pattern:
                raise ValueError(f"the environment variable {name} is not set: set it to the path")
        whole = str(self.root / Path(pattern).expanduser())
        paths = sorted(glob.glob(whole, recursive=True))
        if not paths:
            raise ValueError(f"{pattern!r} names no file")
        yield from map(Path, paths)


def new_key() -> str:
    """Return a new key for encrypted files."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def locked(content: bytes, key: str) -> bytes:
    """Return content encrypted (Fernet: AES-128-CBC and HMAC-SHA256), as text in lines.

    Raises `CredentialError` where the key cannot be used.
    """
    token = _fernet(key).encrypt(content).decode()
    return "\n".join(re.findall(".{1,76}", token)).encode() + b"\n"


def unlocked(content: bytes, key: str) -> bytes:
    """Return what an encrypted file holds; raises `CredentialError`, also for another's key."""
    from cryptography.fernet import InvalidToken

    try:
        return bytes(_fernet(key).decrypt(b"".join(content.split())))
    except InvalidToken:
        raise CredentialError(
            f"use the key {key}",
            "the file is locked with another key, damaged, or not encrypted",
            "",
            "name the right key, or encrypt it with `martech document encrypt`",
        ) from None


def _fernet(key: str) -> "Fernet":
    from cryptography.fernet import Fernet

    secret = resolve(key)
    try:
        return Fernet(secret.strip())
    except ValueError:
        raise CredentialError(
            f"use the key {key}",
            "it is no key for files (32 bytes in base64)",
            "",
            "make one with `martech document key`",
        ) from None
