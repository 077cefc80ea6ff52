"""What was decided in a run, by urn."""

from .state import ResourceState


class Decisions:
    """Grows while the program registers resources, and with the deletes at the end.

    Attributes:
        seen: the urns that were registered or read.
        done: the urns that there are steps for, by what they do.
        deletes: the urns that go.
        skipped_creates: the urns that would have been made, and are left out.
        to_delete: resources that were registered in this run, to be deleted in it.
        new_of: an old urn that was found by an alias, to the new one.
        saw_error: whether something was reported that fails the run at its end.
    """

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.done: dict[str, set[str]] = {
            kind: set()
            for kind in ("reads", "creates", "sames", "updates", "replaces", "refreshes")
        }
        self.deletes: set[str] = set()
        self.skipped_creates: set[str] = set()
        self.to_delete: list[ResourceState] = []
        self.new_of: dict[str, str] = {}
        self.saw_error = False

    def operated_on(self, urn: str) -> bool:
        """Tell whether a urn was registered or read in this run."""
        urn = self.new_of.get(urn, urn)
        return any(urn in urns for kind, urns in self.done.items() if kind != "creates")

    def decided(self, urn: str) -> bool:
        """Tell whether there is a step for a urn."""
        urn = self.new_of.get(urn, urn)
        return urn in self.deletes or any(urn in urns for urns in self.done.values())
