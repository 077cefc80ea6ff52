"""Changes to a whole document, over its files: shown as a diff, checked, and only then written."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_martech.document.edit import Change, NotEditable, changed, differences
from pulumi_martech.document.files import Source
from pulumi_martech.document.load import Document, read
from pulumi_martech.document.problems import DocumentInvalid, errors


@dataclass
class Update:
    """What is to become of a document: changes by file, worked out against it as it was read."""

    document: Document
    _changes: dict[str, list[Change]] = field(default_factory=dict)
    _added: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def changes(self) -> int:
        """How many changes there are."""
        return sum(len(changes) for changes in self._changes.values())

    def put(self, section: str, key: str, entry: Mapping[str, Any]) -> None:
        """Put an entry in, or make the one that is there this one."""
        if key not in getattr(self.document.access, section):
            source, _ = self.document.home(section)
            self._note(source, [Change((section, key), entry)])
            return
        source, local = self.document.source(section, key)
        old = self.document.written(section, key)
        self._note(source, differences((section, local), old, entry))

    def set(self, section: str, entry: str | int, **said: Any) -> None:
        """Set keys of an entry that is there; ``None`` takes one away."""
        source, local = self.document.source(section, entry)
        old = self.document.written(section, entry)
        new = {**old, **{name: value for name, value in said.items() if value is not None}}
        for name, value in said.items():
            if value is None:
                new.pop(name, None)
        self._note(source, differences((section, local), old, new))

    def append(self, section: str, entry: Mapping[str, Any]) -> None:
        """Put an entry behind those of a list."""
        source, count = self.document.home(section)
        number = self._added.get((source.name, section), 0)
        self._added[source.name, section] = number + 1
        self._note(source, [Change((section, count + number), entry)])

    def remove(self, section: str, entry: str | int) -> None:
        """Take an entry away."""
        source, local = self.document.source(section, entry)
        self._note(source, [Change((section, local))])

    def _note(self, source: Source, changes: Sequence[Change]) -> None:
        if changes:
            self._changes.setdefault(source.name, []).extend(changes)

    def texts(self) -> dict[str, str]:
        """Return the files that change with the text they are to have; raises `NotEditable`."""
        by_name = {source.name: source for source in self.document.sources}
        return {
            name: changed(by_name[name].text, changes) for name, changes in self._changes.items()
        }

    def diff(self) -> list[str]:
        """Return the changes as lines of a unified diff."""
        by_name = {source.name: source for source in self.document.sources}
        return [
            line
            for name, text in self.texts().items()
            for line in difflib.unified_diff(
                by_name[name].text.splitlines(),
                text.splitlines(),
                f"a/{name}",
                f"b/{name}",
                lineterm="",
                n=1,
            )
        ]

    def checked(self) -> Document:
        """Return the document as it would be.

        Raises:
            DocumentInvalid: it could not be meant like that.
            NotEditable: a change does not fit into how the document is written.
        """
        by_name = {source.name: source for source in self.document.sources}
        instead: dict[Path, str] = {by_name[n].path: text for n, text in self.texts().items()}
        after = read(self.document.path, instead)
        if not after.ok:
            raise DocumentInvalid(
                f"{self.document.path.name} as it would be", errors(after.problems)
            )
        return after

    def write(self) -> None:
        """Write the files, each in one step, after `checked`.

        Raises:
            NotEditable: somebody changed one of them since it was read.
        """
        self.checked()
        by_name = {source.name: source for source in self.document.sources}
        texts = self.texts()
        for name in texts:
            if by_name[name].stale:
                raise NotEditable(
                    "change the document",
                    f"{name} was changed since it was read",
                    "nothing was written",
                    "run it again",
                )
        for name, text in texts.items():
            by_name[name].write(text)
