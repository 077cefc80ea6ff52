"""The members and roles of an account as one listing showed them, kept true by our own writes."""

import contextlib
import json
import os
import threading
from collections.abc import Collection
from pathlib import Path

from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import DirectoryShrank
from pulumi_martech.model.limits import Limit
from pulumi_martech.model.membership import Membership, NativeRole
from pulumi_martech.model.values import UNKNOWN, Unknown

SHRINKAGE = Limit(count=1_000_000, percent=30, floor=3)
"""How many members a listing may lose without removals of ours before it is not believed."""


class Listing:
    """The members of an account by login and by id, and its roles; safe for threads.

    ``unreadable`` and ``blind_spots`` say what the directory could not show.
    """

    def __init__(self, directory: Directory) -> None:
        self.unreadable, self.blind_spots = directory.unreadable, directory.blind_spots
        self._lock = threading.Lock()
        self._by_id = {member.id: member for member in directory.memberships}
        self._by_login = {member.login: member for member in directory.memberships}
        self._roles: dict[str, NativeRole] | Unknown = (
            UNKNOWN
            if isinstance(directory.roles, Unknown)
            else {role.id: role for role in directory.roles}
        )

    # -- members

    def by_id(self, id_: str) -> Membership | None:
        """Return the member with this native id."""
        return self._by_id.get(id_)

    def by_login(self, login: str) -> Membership | None:
        """Return the member with this login in normal case."""
        return self._by_login.get(login)

    def members(self) -> list[Membership]:
        """Return all members."""
        with self._lock:
            return list(self._by_id.values())

    def put(self, member: Membership) -> None:
        """Take over what a read after a write showed."""
        with self._lock:
            namesake = self._by_login.get(member.login)
            for before in (self._by_id.get(member.id), namesake):
                if before is not None:
                    self._drop(before)
            self._by_id[member.id] = member
            self._by_login[member.login] = member

    def drop(self, id_: str) -> None:
        """Forget a member that was removed, or of which it is not known how it is by now."""
        with self._lock:
            member = self._by_id.get(id_)
            if member is not None:
                self._drop(member)

    def _drop(self, member: Membership) -> None:
        self._by_id.pop(member.id, None)
        if self._by_login.get(member.login) is member:
            del self._by_login[member.login]

    # -- roles

    def roles(self) -> list[NativeRole] | Unknown:
        """Return the roles, `UNKNOWN` where the platform cannot list them."""
        with self._lock:
            return UNKNOWN if isinstance(self._roles, Unknown) else list(self._roles.values())

    def roles_named(self, names: Collection[str]) -> list[NativeRole]:
        """Return the roles of these names; where roles cannot be listed the name is the id."""
        listed = self.roles()
        if isinstance(listed, Unknown):
            return [NativeRole(id=name, name=name) for name in names]
        return [role for role in listed if role.name in names]

    def role_names(self) -> set[str]:
        """Return the names of the roles that are listed or held by somebody."""
        listed = self.roles()
        names = set() if isinstance(listed, Unknown) else {role.name for role in listed}
        for member in self.members():
            if not isinstance(member.roles, Unknown):
                names |= member.roles
        return names

    def put_role(self, role: NativeRole) -> None:
        """Take over a role that came, or that got another name: who held it holds it still."""
        with self._lock:
            if isinstance(self._roles, Unknown):
                return
            before = self._roles.get(role.id)
            self._roles[role.id] = role
            if before is not None and before.name != role.name:
                self._exchange(before.name, {role.name})

    def drop_role(self, id_: str) -> None:
        """Forget a role that was removed; nobody holds it any more."""
        with self._lock:
            if not isinstance(self._roles, Unknown) and (role := self._roles.pop(id_, None)):
                self._exchange(role.name, set())

    def _exchange(self, name: str, instead: set[str]) -> None:
        for member in list(self._by_id.values()):
            if not isinstance(member.roles, Unknown) and name in member.roles:
                roles = (member.roles - {name}) | instead
                new = member.model_copy(update={"roles": frozenset(roles)})
                self._by_id[member.id] = self._by_login[member.login] = new


class Known:
    """How many members an account is known to have, kept in a file from run to run.

    A listing that lost many of them without removals of ours (an outage, a lost right) is never
    read as if everybody had left.
    """

    def __init__(self, file: Path, url: str) -> None:
        self._file, self._url = file, url
        self._lock = threading.Lock()
        self._members: int | None = None
        self._going: set[str] = set()

    def believe(self, account: str, now: int, overridden: bool) -> None:
        """Remember that a listing has ``now`` members.

        Raises `DirectoryShrank` if that is not believed and nobody overrides it.
        """
        before = self._last()
        if before - now > SHRINKAGE.allowed(before) and not overridden:
            raise DirectoryShrank(
                f"list account {account}",
                f"{now} members came back where {before} were known",
                "this is not read as if the others had left, so nothing was taken over",
                "check the credential's rights and the platform's status; if they really left, "
                'run again with --override "REASON" (MARTECH_OVERRIDE under bare pulumi)',
            )
        with self._lock:
            self._members, self._going = now, set()
            self._write()

    def came(self) -> None:
        """Count a member that we made."""
        self._count(1)

    def going(self, id_: str) -> None:
        """Count a member out that is about to be removed, or that we switched off.

        Before it is done, because a process that is killed on the way never hears of it; switched
        off, because some platforms list only the others.
        """
        with self._lock:
            if id_ in self._going:
                return
            self._going.add(id_)
        self._count(-1)

    def stays(self, id_: str) -> None:
        """Count a member in that a reading showed after all."""
        with self._lock:
            if id_ not in self._going:
                return
            self._going.remove(id_)
        self._count(1)

    def went(self, id_: str) -> None:
        """Count a member out that is gone."""
        self.going(id_)
        with self._lock:
            self._going.discard(id_)

    def _count(self, more: int) -> None:
        with self._lock:
            if self._members is not None:
                self._members += more
                self._write()

    def _last(self) -> int:
        try:
            last = json.loads(self._file.read_text(encoding="utf-8"))
            return int(last["members"]) if last["url"] == self._url else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _write(self) -> None:
        # Where nothing can be kept the listing is still good; writes are refused by the audit.
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial = self._file.with_suffix(f".{os.getpid()}")
            text = json.dumps({"url": self._url, "members": max(0, self._members or 0)})
            partial.write_text(text, encoding="utf-8")
            partial.replace(self._file)
