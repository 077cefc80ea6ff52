"""What is wrong with a document: every problem with its place, all of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pulumi_martech.model.errors import InvalidDeclaration

Severity = Literal["error", "warning"]
"""A warning changes nothing about what the document means."""

Way = tuple[str | int, ...]
"""The way to a value: keys and indexes from the top, ``("people", "ana", "email")``."""


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands: the file as people name it, line and column from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, in words that go on from its place."""

    place: Place
    text: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Finding(NamedTuple):
    """A problem by the way to it, before anybody looked where that is.

    ``key`` says that the key is meant rather than the value.
    """

    way: Way
    text: str
    key: bool = False
    severity: Severity = "error"


class DocumentInvalid(InvalidDeclaration):
    """The document cannot be meant as it is written; ``problems`` are all of them, by place.

    ``brief`` is the sentence without them, for where each has a line of its own.
    """

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        found = f"{count} {'problem' if count == 1 else 'problems'}"
        self.brief = f"read {file}: {found}; nothing was done"
        told = "; ".join(map(str, self.problems[:3]))
        more = f"; and {count - 3} more" if count > 3 else ""
        super().__init__(f"read {file}", f"{found}: {told}{more}", "nothing was done")


def quoted(text: str) -> str:
    """Return text as a sentence shows it: in quotes, and not more of it than tells what it is."""
    return repr(text if len(text) <= 60 else f"{text[:40]}...")


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that forbid to go on, by place."""
    return sorted(problem for problem in problems if problem.severity == "error")
