"""The file of certifications beside a document: one line a certification, added and never changed.

Its commits sign it off: what was added by whom and who agreed is in the history of the repository.
"""

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from pulumi_martech.document.files import limit
from pulumi_martech.document.problems import DocumentInvalid, Place, Problem
from pulumi_martech.model.certification import Certification
from pulumi_martech.model.wording import in_words

NAME = "certifications.jsonl"
"""The file, beside the document."""


def file_of(document: Path) -> Path:
    """Return the file of a document's certifications; it need not be there."""
    return document.parent / NAME


def certifications(document: Path, day: date | None = None) -> tuple[Certification, ...]:
    """Return the certifications of a document, in their order; none where there is no file.

    Those made after ``day`` are left out.

    Raises:
        DocumentInvalid: lines that are none, all at once.
    """
    path = file_of(document)
    if not path.is_file():
        return ()
    if path.stat().st_size > limit():
        raise DocumentInvalid(NAME, [Problem(Place(NAME), "is larger than a document may be")])
    found, problems = [], []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(Certification.model_validate_json(line))
        except ValidationError as error:
            name, words = next(iter(in_words(error)))
            text = f"is no certification: {name} {words}".replace(":  ", ": ")
            problems.append(Problem(Place(NAME, number), text))
    if problems:
        raise DocumentInvalid(NAME, problems)
    return tuple(one for one in found if day is None or one.on <= day)


def add(document: Path, one: Certification) -> None:
    """Put a certification behind those that are there."""
    path = file_of(document)
    whole = not path.exists() or path.read_bytes()[-1:] in (b"", b"\n")
    line = ("" if whole else "\n") + one.model_dump_json() + "\n"
    with path.open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def only_added(before: Sequence[Certification], now: Sequence[Certification]) -> bool:
    """Tell whether nothing of what was there was changed or taken away."""
    return list(now[: len(before)]) == list(before)
