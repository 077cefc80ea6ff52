"""How much one run may change: the limits that guards hold a plan to."""

from pydantic import Field

from pulumi_martech.model.values import Frozen


class Limit(Frozen):
    """How much one run may change: at most ``count``, at most ``percent`` of what was there.

    ``floor`` is always allowed, so that a team of four can lose one member.
    """

    count: int = Field(ge=0)
    """At most so many."""
    percent: float = Field(default=100.0, ge=0, le=100)
    """And at most so much of what was there."""
    floor: int = Field(default=0, ge=0)
    """So many are always allowed."""

    def allowed(self, total: int) -> int:
        """Return how many of ``total`` may change."""
        return max(self.floor, min(self.count, int(total * self.percent / 100)))

    def __str__(self) -> str:
        return f"at most {self.count} and {self.percent:g} %, {self.floor} always"


class Limits(Frozen):
    """What one run may change at most; what is not said keeps its default.

    ``removals`` and ``privilege_increases`` hold for each account, ``stack_removals`` for all
    accounts together, ``new_domains`` counts mail domains that are new to the stack.
    """

    removals: Limit = Limit(count=10, percent=25, floor=2)
    """Logins that may lose access in one account; by default 10 and 25 %, 2 always."""
    stack_removals: Limit = Limit(count=25, percent=25, floor=3)
    """The same over all accounts together; by default 25 and 25 %, 3 always."""
    privilege_increases: Limit = Limit(count=3, percent=10, floor=1)
    """Logins whose privileges may increase in one account; by default 3 and 10 %, 1 always."""
    new_domains: Limit = Limit(count=1, percent=100, floor=1)
    """Mail domains that may appear for the first time; by default 1."""
