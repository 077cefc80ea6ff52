"""A document in a folder, and what is said about it."""

import textwrap
from pathlib import Path

from pulumi_martech.document.load import Document, read


class Office:
    """A folder with an ``access.yaml`` and perhaps more files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def file(self) -> Path:
        return self.folder / "access.yaml"

    def write(self, text: str | bytes, name: str = "access.yaml") -> Path:
        """Write a file as given; text is dedented."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = textwrap.dedent(text).encode() if isinstance(text, str) else text
        path.write_bytes(content)
        return path

    def read(self, text: str | bytes | None = None) -> Document:
        """Read the document, written first if given."""
        if text is not None:
            self.write(text)
        return read(self.file)

    def said(self, text: str | bytes | None = None) -> list[str]:
        """Return what is wrong, a line each."""
        return [str(problem) for problem in self.read(text).problems]
