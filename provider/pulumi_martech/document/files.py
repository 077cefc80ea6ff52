"""The files of a document: found, bounded in size, decoded, decrypted."""

import codecs
import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_martech.document.parse import at_offset, hidden
from pulumi_martech.document.problems import Place, Problem
from pulumi_martech.model.errors import CredentialError
from pulumi_martech.project import project
from pulumi_martech.transport.credentials import resolve

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

LIMIT = 32
"""Megabytes that all files of a document may have together (``MARTECH_DOCUMENT_LIMIT``)."""

_DECEIVES = re.compile("[\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ENDS = str.maketrans("\x85\u2028\u2029", "   ")
_OTHER_CODES = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


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
        path = real(self.path)  # a link stays one
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
        other = next((code for mark, code in _OTHER_CODES if content.startswith(mark)), "")
        if other:
            return self._no(name, f"is written in {other}: save it as UTF-8")
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
        if "\0" in text:
            place = at_offset(name, text, text.index("\0"))
            self.problems.append(Problem(place, "is no text from here on: save it as UTF-8"))
            return None
        for found in () if text.isascii() else _DECEIVES.finditer(text):
            place = at_offset(name, text, found.start())
            self.problems.append(Problem(place, hidden(found.group())))
        text = text.translate(_ENDS) if not text.isascii() else text  # the lines that editors count
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

    def matching(self, pattern: str) -> Sequence[Path]:
        """Return the files that an ``include`` names: a path, a shell pattern, or ``env:NAME``.

        Only what a variable names may lie outside of the repository: a document that others review
        must not take in what they do not see.

        Raises `ValueError` with what is wrong with it.
        """
        variable = pattern.removeprefix("env:") if pattern.startswith("env:") else None
        if variable is not None:
            pattern = os.environ.get(variable, "")
            if not pattern:
                raise ValueError(
                    f"the environment variable {variable} is not set: set it to the path"
                    if variable
                    else "names no variable: write env:NAME"
                )
        found = named(self.root, os.path.expanduser(pattern))
        if not found:
            by = f" (from {variable})" if variable else ""
            raise ValueError(f"{pattern!r}{by} names no file")
        within = real(repository(self.root))
        for path in found if variable is None else ():
            if within not in (real(path), *real(path).parents):
                raise ValueError(
                    f"{self.name(path)} lies outside of the repository: name it by a variable, "
                    "env:NAME, so that whoever runs this says where it is"
                )
        return found


def real(path: Path) -> Path:
    """Return a path without links; one that goes round in circles stays as it is."""
    return Path(os.path.realpath(path))


def repository(folder: Path) -> Path:
    """Return the repository that a folder is in, else its project, else the folder itself."""
    whole = (at for at in (folder, *folder.parents) if (at / ".git").exists())
    return next(whole, None) or project(folder)


def named(root: Path, pattern: str) -> Sequence[Path]:
    """Return the files that a path or shell pattern names, sorted.

    ``**`` stands for folders below, without links and hidden ones: so it always comes to an end.
    """
    if os.path.lexists(root / pattern):
        return [root / pattern]
    return sorted({path for path in _matching(root, Path(pattern).parts) if not path.is_dir()})


def _matching(at: Path, parts: Sequence[str]) -> Iterator[Path]:
    if not parts:
        yield at
        return
    part, rest = parts[0], parts[1:]
    if not any(sign in part for sign in "*?["):
        if os.path.lexists(at / part):
            yield from _matching(at / part, rest)
        return
    try:
        inside = [entry for entry in os.scandir(at) if part[0] == "." or entry.name[0] != "."]
    except OSError:
        return
    if part == "**":
        yield from _matching(at, rest)
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                yield from _matching(at / entry.name, parts)
            elif not rest:
                yield at / entry.name
        return
    for entry in inside:
        if fnmatch.fnmatchcase(entry.name, part):
            yield from _matching(at / entry.name, rest)


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
