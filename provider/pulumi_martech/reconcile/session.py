"""One account as a process sees it: connector, listing, audit, journal, breaker.

A process keeps one session an account. Everything that reads or writes the account goes through
it, so that concurrent reads share one listing, writes keep that listing true, and no guard can be
walked round.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import DirectoryShrank, GuardRefused, MartechError
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import Membership, Status
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.base import Connector
from pulumi_martech.platforms.registry import connect
from pulumi_martech.policy.guards import OVERRIDE, Limit
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.journal import Journal
from pulumi_martech.reconcile.report import RunReport

SHRINKAGE = Limit(count=1_000_000, percent=30, floor=3)
"""How many members a listing may lose without removals of ours before it is not believed."""

FAILURE_KEPT = 20.0
"""Seconds for which a failed listing is remembered, so that 1,000 reads do not try 1,000 times."""


def override() -> str:
    """Return the reason given for passing the guards in this run, or an empty string."""
    return os.environ.get("MARTECH_OVERRIDE", "").strip()


class Listing:
    """The members of an account by login and by id; kept true by the writes of this process."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._by_id = {member.id: member for member in directory.memberships}
        self._by_login = {member.login: member for member in directory.memberships}
        self._lock = threading.Lock()

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
            before = self._by_id.get(member.id)
            if before is not None and before.login != member.login:
                self._by_login.pop(before.login, None)
            self._by_id[member.id] = member
            self._by_login[member.login] = member

    def drop(self, id_: str) -> None:
        """Forget a member that was removed."""
        with self._lock:
            member = self._by_id.pop(id_, None)
            if member is not None:
                self._by_login.pop(member.login, None)

    def role_names(self) -> set[str]:
        """Return the names of the roles that are listed or held by somebody."""
        names = (
            set()
            if isinstance(self.directory.roles, Unknown)
            else {role.name for role in self.directory.roles}
        )
        for member in self.members():
            if not isinstance(member.roles, Unknown):
                names |= member.roles
        return names


class Session:
    """What one process knows of one account and may do to it."""

    def __init__(self, config: AccountConfig, connector: Connector, folder: Path) -> None:
        self.config = config
        self.connector = connector
        self.manifest: Manifest = connector.manifest
        self.audit = Audit(folder, config.key)
        self.journal = Journal(folder, config.key)
        self.report = RunReport(config.key)
        self.report.watch(lambda: connector.client.counts)
        self._seen = folder / "seen" / f"{config.key}.json"
        self._lock = threading.RLock()
        self._listing: Listing | None = None
        self._failure: tuple[float, MartechError] | None = None
        self._removals = 0
        self._tripped = False
        self._own: str | None = None
        self._excuses: set[str] = set()

    # -- reading

    def listing(self) -> Listing:
        """Return the account's listing, read once a process; concurrent callers share one reading.

        Raises the connector's errors, and `DirectoryShrank` for a listing that is not believed.
        """
        with self._lock:
            if self._listing is None:
                if self._failure and time.monotonic() - self._failure[0] < FAILURE_KEPT:
                    raise self._failure[1]
                try:
                    directory = self.connector.directory()
                    self._believe(directory)
                except MartechError as error:
                    self._failure = (time.monotonic(), error)
                    raise
                self._listing = Listing(directory)
                self.report.save()
            return self._listing

    def answered_from_state(self, why: str) -> bool:
        """Note that a read was answered with the last known state; true if ``why`` is news."""
        self.report.from_state()
        with self._lock:
            if why in self._excuses:
                return False
            self._excuses.add(why)
        self.report.unread(why)
        return True

    def forget_listing(self) -> None:
        """Make the next reader list the account again."""
        with self._lock:
            self._listing = self._failure = None

    def roles_changed(self) -> None:
        """List again at the next need: a role came, went or got another name."""
        self.forget_listing()

    def _believe(self, directory: Directory) -> None:
        """Refuse a listing that lost many members without removals of ours; remember the others."""
        now = len(directory.memberships)
        try:
            last = json.loads(self._seen.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            last = {}
        before = int(last.get("members", 0)) if last.get("url") == self.config.url else 0
        if before - now > SHRINKAGE.allowed(before) and not override():
            raise DirectoryShrank(
                f"list account {self.config.key}",
                f"{now} members came back where {before} were known",
                "this is not read as if the others had left, so nothing was taken over",
                "check the credential's rights and the platform's status; if they really left, "
                'run again with --override "REASON" (MARTECH_OVERRIDE under bare pulumi)',
            )
        self._remember(now)

    def _remember(self, members: int) -> None:
        self._seen.parent.mkdir(parents=True, exist_ok=True)
        partial = self._seen.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        partial.write_text(
            json.dumps({"url": self.config.url, "members": members}), encoding="utf-8"
        )
        partial.replace(self._seen)

    # -- guards of single writes

    def administrators(self) -> frozenset[str]:
        """Return the native roles that administer this account."""
        return frozenset(self.manifest.administrator_roles) | frozenset(self.config.administrators)

    def own_login(self) -> str:
        """Return the login behind the writing credentials, empty if nobody can tell."""
        with self._lock:
            if self._own is None:
                said = self.config.own_login or self.connector.whoami().login or ""
                self._own = self.manifest.normal_login(said)
            return self._own

    def before_write(self, tried: str) -> None:
        """Refuse any further write once the breaker has opened."""
        if self._tripped and not override():
            self.report.breaker_refused(tried)
            raise GuardRefused(
                tried,
                f"this process has already removed {self._removals} accesses in {self.config.key}, "
                f"its breaker is set to {self.config.breaker}",
                "nothing more is written",
                "look at the plan; raise `breaker` on the Account, or run again with "
                '--override "REASON" (MARTECH_OVERRIDE under bare pulumi)',
            )

    def before_removal(self, live: Membership, tried: str) -> None:
        """Refuse a removal over the breaker, of a protected login, or of the last administrator."""
        with self._lock:
            if self._removals >= self.config.breaker:
                self._tripped = True
            self.before_write(tried)
            self.before_demotion(live, frozenset(), tried, removal=True)
            self._removals += 1

    def before_demotion(
        self, live: Membership, roles: frozenset[str], tried: str, removal: bool = False
    ) -> None:
        """Refuse what takes administration from oneself, from a protected login or from the last.

        Args:
            live: the member as it is.
            roles: the roles it is to have.
            tried: words for the error.
            removal: whether the member goes altogether.
        """
        administrating = self.administrators()
        held = frozenset() if isinstance(live.roles, Unknown) else live.roles
        loses = bool(held & administrating) and not roles & administrating
        if not (loses or removal) or override():
            return
        protected = {self.manifest.normal_login(login) for login in self.config.protected}
        if live.login in protected:
            raise GuardRefused(tried, f"{live.login} is protected in this account", OVERRIDE)
        if live.login == self.own_login():
            raise GuardRefused(
                tried, f"{live.login} is the login of the credentials that do the writing", OVERRIDE
            )
        if loses and not self._other_administrators(live):
            raise GuardRefused(
                tried,
                f"{live.login} is the last administrator that is known to be active "
                f"({', '.join(sorted(administrating))})",
                OVERRIDE,
            )

    def _other_administrators(self, live: Membership) -> bool:
        return any(
            member.id != live.id
            and member.status is Status.ACTIVE
            and not isinstance(member.roles, Unknown)
            and bool(member.roles & self.administrators())
            for member in self.listing().members()
        )

    # -- after writes

    def wrote(self, member: Membership) -> None:
        """Keep the listing true after a write."""
        with self._lock:
            if self._listing is not None:
                self._listing.put(member)
                self._remember(len(self._listing.members()))

    def removed(self, id_: str) -> None:
        """Keep the listing true after a removal."""
        with self._lock:
            if self._listing is not None:
                self._listing.drop(id_)
                self._remember(len(self._listing.members()))

    def close(self) -> None:
        """Write the run report."""
        self.report.close()


class Sessions:
    """The sessions of this process, one an account key, replaced whole when its address changes."""

    def __init__(self, make: Callable[[AccountConfig], Connector] = connect) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}

    def get(self, config: AccountConfig) -> Session:
        """Return the session for ``config``; another configuration of the key gets a fresh one."""
        with self._lock:
            known = self._sessions.get(config.key)
            if known is None or known.config != config:
                if known is not None:
                    known.close()
                known = Session(config, self._make(config), home())
                self._sessions[config.key] = known
            return known

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))


SESSIONS = Sessions()
"""The one sanctioned registry of a process (docs/architecture.md)."""
