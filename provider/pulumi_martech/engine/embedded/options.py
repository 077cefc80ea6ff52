"""How a run is to be done, and how it ended."""

from dataclasses import dataclass, field

from .targets import UrnTargets


@dataclass(frozen=True)
class Options:
    """How a run is to be done.

    Attributes:
        preview: nothing is written.
        refresh: read everything first.
        refresh_only: read everything, and nothing else.
        refresh_program: what the program registers is read when it does, with the options and
            the providers that it has then; needs `refresh`.
        parallel: how many calls to providers may be under way.
        targets: urns that the run is limited to.
        target_dependents: what depends on a target is a target.
        excludes: urns that the run leaves alone.
        exclude_dependents: what depends on something excluded is excluded.
        destroy_program: what the program registers is deleted, the rest as well.
        replaces: urns of resources that are replaced whether or not they differ.
        continue_on_error: go on with what does not depend on a failure.
        ignore_protect: protected resources may be replaced and deleted.
    """

    preview: bool = False
    refresh: bool = False
    refresh_only: bool = False
    refresh_program: bool = False
    parallel: int = 16
    targets: UrnTargets = field(default_factory=UrnTargets)
    target_dependents: bool = False
    excludes: UrnTargets = field(default_factory=UrnTargets)
    exclude_dependents: bool = False
    destroy_program: bool = False
    replaces: UrnTargets = field(default_factory=UrnTargets)
    continue_on_error: bool = False
    ignore_protect: bool = False


@dataclass
class Outcome:
    """How a run ended; `changes` counts steps by operation."""

    failed: bool = False
    changes: dict[str, int] = field(default_factory=dict)
