"""How a run is to be done, who watches it and how it ended."""

from dataclasses import dataclass, field
from typing import Protocol

from .steps import Step


@dataclass(frozen=True)
class Options:
    """How a run is to be done.

    Attributes:
        preview: nothing is written.
        refresh: read everything first.
        refresh_only: read everything, and nothing else.
        parallel: how many calls to providers may be under way.
        targets: urns that the run is limited to; all if empty.
        target_dependents: what depends on a target is a target.
        continue_on_error: go on with what does not depend on a failure.
    """

    preview: bool = False
    refresh: bool = False
    refresh_only: bool = False
    parallel: int = 16
    targets: frozenset[str] = frozenset()
    target_dependents: bool = False
    continue_on_error: bool = False


class Observer(Protocol):
    """Sees each step."""

    def step(self, step: Step) -> None:
        """Take a step before anything is done."""

    def found(self, step: Step) -> None:
        """Take a step after it is done."""


@dataclass
class Outcome:
    """How a run ended; `changes` counts steps by operation."""

    failed: bool = False
    changes: dict[str, int] = field(default_factory=dict)
