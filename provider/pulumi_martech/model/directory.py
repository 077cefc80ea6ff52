"""Everything observable of one account at one time, and what is not observable."""

from collections.abc import Iterator

from pydantic import Field

from pulumi_martech.model.membership import Membership, NativeRole
from pulumi_martech.model.values import UNKNOWN, Frozen, Unknown


class Directory(Frozen):
    """The members and roles of an account as one listing showed them.

    ``roles`` is `UNKNOWN` where the platform cannot list roles; ``blind_spots`` says in words what
    this listing could not show; ``unreadable`` describes records that were skipped because they
    lack what identifies them.
    """

    account: str
    memberships: tuple[Membership, ...]
    roles: tuple[NativeRole, ...] | Unknown = UNKNOWN
    blind_spots: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = Field(default=())

    def by_login(self, login: str) -> Membership | None:
        """Return the member with this login (in normal case), or ``None``."""
        return next((m for m in self.memberships if m.login == login), None)

    def by_id(self, id_: str) -> Membership | None:
        """Return the member with this native id, or ``None``."""
        return next((m for m in self.memberships if m.id == id_), None)

    def role_names(self) -> Iterator[str]:
        """Yield the names of all roles seen: listed ones, and those that somebody holds."""
        seen: set[str] = set()
        if not isinstance(self.roles, Unknown):
            seen.update(role.name for role in self.roles)
        for member in self.memberships:
            if not isinstance(member.roles, Unknown):
                seen.update(member.roles)
        yield from sorted(seen)
