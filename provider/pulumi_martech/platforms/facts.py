"""Short words for what a manifest states about a platform, each with its source."""

from typing import Literal

from pulumi_martech.model.manifest import Grade, Support

GRADES: dict[str, Grade] = {
    "R": "run",
    "S": "source",
    "D": "docs",
    "T": "third party",
    "M": "memory",
    "SPEC": "spec",
    "CODE": "third party",
    "DOC": "docs",
    "DOCX": "docs",
    "MEM": "memory",
}
"""Tags of the fact sheets."""


def yes(how: str, source: str) -> Support:
    """State an ability; ``source`` is a sheet and its tag, such as ``scim.md [R]``."""
    return _support("yes", how, source)


def partly(how: str, source: str, alternative: str) -> Support:
    """State an ability that is there in part, and what to do about the rest."""
    return _support("partly", how, source, alternative)


def by_hand(how: str, source: str) -> Support:
    """State an ability that a person has, on the screens of a platform without an API."""
    todo = "`martech up` makes a checklist of it, and an attestation proves it"
    return _support("by hand", how, source, todo)


def no(how: str, source: str, alternative: str) -> Support:
    """State that an ability is not there, and what to do instead."""
    return _support("no", how, source, alternative)


def _support(
    there: Literal["yes", "partly", "no", "by hand"], how: str, source: str, alternative: str = ""
) -> Support:
    grade = GRADES[source.rpartition("[")[2].rstrip("]")]
    return Support(there=there, how=how, grade=grade, source=source, alternative=alternative)
