"""What a change of access comes to: capabilities gained and lost, and risk before and after."""

from pulumi_martech.model.risk import Band
from pulumi_martech.model.values import Frozen


class Risk(Frozen):
    """The role score of what a login holds, its band, and whether all of it is proven."""

    score: int
    band: Band
    proven: bool

    def __str__(self) -> str:
        return f"{self.band} {self.score}" if self.proven else f"up to {self.band} {self.score}"


class AccessEffect(Frozen):
    """How one login's access to an account changes.

    ``gains`` and ``loses`` are capabilities, the weightiest first, of roles whose content is
    proven; ``gains_unproven`` and ``loses_unproven`` name the other roles, ``gains_unmapped``
    rights that count as administering. ``before`` and ``after`` are ``None`` without any role.
    """

    account: str
    login: str
    gains: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    gains_unproven: tuple[str, ...] = ()
    loses_unproven: tuple[str, ...] = ()
    gains_unmapped: tuple[str, ...] = ()
    before: Risk | None
    after: Risk | None
