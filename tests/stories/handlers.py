"""Handlers called as an engine calls them, for what no platform of today can show."""

from collections.abc import Collection
from types import SimpleNamespace

from pulumi_martech.model.account import AccountConfig, Bearer
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.membership import Membership, NativeRole, Status, Wish
from pulumi_martech.platforms.base import Caller
from pulumi_martech.platforms.scim import MANIFEST
from pulumi_martech.resources.users import UserProvider
from pulumi_martech.transport import Redactor


def configured(kind: type[UserProvider]) -> UserProvider:
    """Return the handlers of a kind, configured for an account that nobody can reach."""
    provider = kind()
    provider._config = AccountConfig(
        key="crm",
        platform="scim",
        url="http://127.0.0.1:9/scim/v2",
        credentials=Bearer(token="env:NOWHERE"),
    )
    return provider


class InvitingService:
    """A service where users come by invitations, with ids of their own; roles wait for them."""

    manifest = MANIFEST

    def __init__(self) -> None:
        counts = SimpleNamespace(calls={}, retries=0, waited=0.0)
        self.client = SimpleNamespace(counts=counts, redactor=Redactor())
        self.sent: list[str] = []
        self.members: dict[str, Membership] = {}

    def accept(self, login: str, id_: str) -> None:
        old = next(member for member in self.members.values() if member.login == login)
        del self.members[old.id]
        self.members[id_] = old.model_copy(update={"id": id_, "status": Status.ACTIVE})

    def whoami(self) -> Caller:
        return Caller(login=None)

    def directory(self) -> Directory:
        roles = (NativeRole(id="g1", name="Editors"),)
        return Directory(account="crm", memberships=tuple(self.members.values()), roles=roles)

    def find(self, login: str) -> Membership | None:
        return next((m for m in self.members.values() if m.login == login), None)

    def fetch(self, id_: str, roles: Collection[NativeRole]) -> Membership | None:
        return self.members.get(id_)

    def invite(self, wish: Wish) -> str:
        self.sent.append(f"invite {wish.login}")
        member = Membership(
            id="invite-1", login=wish.login, status=Status.PENDING, roles=frozenset(),
            attributes={"active": True},
        )  # fmt: skip
        self.members[member.id] = member
        return member.id

    def change(self, live: Membership, wish: Wish) -> None:
        self.sent.append(f"change {wish.login}")
        self.members[live.id] = live.model_copy(update={"roles": frozenset(wish.roles)})

    def remove(self, live: Membership, successor: str | None) -> None:
        self.sent.append(f"remove {live.id}")
        del self.members[live.id]
