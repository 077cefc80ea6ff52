"""One account as a process sees it: connector, listing, audit, journal, breaker.

A process keeps one session an account. Everything that reads or writes the account goes through
it, so that concurrent reads share one listing, writes keep that listing true, and no guard can be
walked round.
"""

import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pulumi_martech.model.account import AccountConfig, Basic
from pulumi_martech.model.content import Declared, EffectiveAccess
from pulumi_martech.model.errors import Different, GuardRefused, MartechError
from pulumi_martech.model.expiry import as_of
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import Change, Membership, NativeRole, Status, Wish
from pulumi_martech.model.values import Unknown
from pulumi_martech.platforms.attested import AttestedConnector
from pulumi_martech.platforms.base import Connector
from pulumi_martech.platforms.registry import connect
from pulumi_martech.policy.guards import OVERRIDE, named
from pulumi_martech.policy.privilege import increase
from pulumi_martech.policy.roles import effective_access
from pulumi_martech.reconcile.audit import Audit, Call
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.journal import Journal
from pulumi_martech.reconcile.listing import Known, Listing
from pulumi_martech.reconcile.owned import owned
from pulumi_martech.reconcile.report import RunReport
from pulumi_martech.transport import SYSTEM_CLOCK, Clock

FAILURE_KEPT = 20.0
"""Seconds for which a failed listing is remembered, so that 1,000 reads do not try 1,000 times."""


def override() -> str:
    """Return the reason given for passing the guards in this run, or an empty string."""
    return os.environ.get("MARTECH_OVERRIDE", "").strip()


class Session:
    """What one process knows of one account and may do to it.

    Args:
        config: the account.
        folder: where audit, journal and what is known from earlier runs lie.
        make: makes a connector from an account.
        clock: where time comes from.
        declared: what `RoleReference` resources of this run say that native roles allow.
    """

    def __init__(
        self,
        config: AccountConfig,
        folder: Path,
        make: Callable[[AccountConfig], Connector] = connect,
        clock: Clock = SYSTEM_CLOCK,
        declared: Mapping[str, Declared] | None = None,
    ) -> None:
        self.config = config
        self._declared = declared if declared is not None else {}
        self.connector = connector = make(config)
        self.manifest: Manifest = connector.manifest
        self.audit = Audit(folder, config.key, redact=connector.client.redactor.redact)
        self.journal = Journal(folder, config.key)
        self.report = RunReport(config.key)
        self.report.watch(lambda: connector.client.counts)
        self._make, self._clock = make, clock
        self._known = Known(folder / "seen" / f"{config.key}.json", config.url)
        self._lock = threading.RLock()
        self._listing: Listing | None = None
        self._failure: tuple[float, MartechError] | None = None
        self._removals = self._increases = 0
        self._tripped = False
        self._leaving: set[str] = set()
        self._own: frozenset[str] | None = None
        self._excuses: set[str] = set()
        self._told = False

    # -- reading

    def listing(self) -> Listing:
        """Return the account's listing, read once a process; concurrent callers share one reading.

        Raises the connector's errors, and `DirectoryShrank` for a listing that is not believed.
        """
        with self._lock:
            if self._listing is None:
                if self._failure and self._clock.monotonic() - self._failure[0] < FAILURE_KEPT:
                    raise self._failure[1].with_traceback(None)
                try:
                    directory = self.connector.directory()
                    members = len(directory.memberships)
                    self._known.believe(self.config.key, members, self._believed())
                except MartechError as error:
                    self._failure = (self._clock.monotonic(), error)
                    raise
                self._listing, self._failure = Listing(directory), None
                if isinstance(self.connector, AttestedConnector):
                    self.report.evidence(self.connector.standing(as_of()))
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

    def _believed(self) -> bool:
        """Tell whether somebody said, now or when attesting, that a short listing is right."""
        connector = self.connector
        if isinstance(connector, AttestedConnector):
            seen = connector.evidence()
            return bool(override() or (seen is not None and seen.reason))
        return bool(override())

    def expired(self) -> str:
        """Return that what was attested counts as unknown by now, once; empty if it does not."""
        with self._lock:
            connector = self.connector
            if self._told or not isinstance(connector, AttestedConnector):
                return ""
            self._told = True
            if connector.evidence() is None or not connector.expired(as_of()):
                return ""
            return f"account {self.config.key} was attested {connector.standing(as_of())}"

    def forget_listing(self) -> None:
        """Make the next reader list the account again."""
        with self._lock:
            self._listing = self._failure = None

    # -- guards of single writes

    @contextmanager
    def call(
        self,
        person: str,
        verb: str,
        target: str,
        changes: Collection[Change | str] = (),
        hide: Collection[str] = (),
    ) -> Iterator[Call]:
        """Record intent and result of one call that writes, with the reason of an override.

        Raises:
            Unsupported: the account's members belong to its identity provider.
        """
        if self.config.membership == "idp":
            raise owned(self.config, person, verb, [str(change) for change in changes])
        recording = self.audit.call(person, verb, target, changes, reason=override(), hide=hide)
        try:
            with recording as call:
                yield call
        finally:
            self.report.save()  # a refused call was a call too

    def administrators(self) -> frozenset[str]:
        """Return the native roles that administer this account."""
        return frozenset(self.manifest.administrator_roles) | frozenset(self.config.administrators)

    def own_logins(self) -> frozenset[str]:
        """Return the logins behind the writing credentials, as far as anybody can tell."""
        with self._lock:
            if self._own is None:
                said = {self.config.own_login, self._whoami()}
                if isinstance(self.config.credentials, Basic):
                    said.add(self.config.credentials.username)
                self._own = frozenset(self.manifest.normal_login(login) for login in said if login)
            return self._own

    def _whoami(self) -> str:
        if self.config.own_login:
            return ""
        if self.config.read_credentials is None:
            return self.connector.whoami().login or ""
        # Asking is reading, and would be done with the credentials that only read.
        writer = self._make(self.config.model_copy(update={"read_credentials": None}))
        try:
            return writer.whoami().login or ""
        finally:
            writer.client.close()

    def before_write(self, tried: str) -> None:
        """Refuse any further write once the breaker has opened."""
        if self._tripped and not override():
            self.report.breaker_refused(tried)
            raise GuardRefused(
                tried,
                f"this process has already ended (or tried to end) {self._removals} accesses and "
                f"increased the privileges of {self._increases} logins in {self.config.key}, its "
                f"breaker is set to {self.config.breaker}",
                "nothing more is written",
                "look at the plan; raise `breaker` on the Account, or run again with "
                '--override "REASON" (MARTECH_OVERRIDE under bare pulumi)',
            )

    def before_removal(self, live: Membership, tried: str, planned: bool = False) -> None:
        """Refuse a removal over the breaker, of a protected login, or of the last administrator.

        A ``planned`` one, at the end of a contract, does not count in the breaker.
        """
        with self._lock:
            self.before_demotion(live, frozenset(), tried, ends=True)
            if self._removals >= self.config.breaker and not planned:
                self._tripped = True
            self.before_write(tried)
            self._removals += not planned
            self._known.going(live.id)

    def before_demotion(
        self, live: Membership, roles: frozenset[str], tried: str, ends: bool = False
    ) -> None:
        """Refuse what takes administration from oneself, from a protected login or from the last.

        Args:
            live: the member as it is.
            roles: the roles it is to have.
            tried: words for the error.
            ends: whether the member loses all access.
        """
        administrating = self.administrators()
        held = frozenset() if isinstance(live.roles, Unknown) else live.roles
        loses = bool(held & administrating) and not roles & administrating
        if not (loses or ends):
            return
        with self._lock:
            if not override():
                self._refuse_demotion(live, loses, tried)
            self._leaving.add(live.id)

    def before_change(self, live: Membership, wish: Wish, tried: str, joins: bool = False) -> None:
        """Ask the guards; who is switched off or loses every role is removed in all but name.

        ``joins`` says that it comes to what we manage only now.
        """
        off = live.status is Status.ACTIVE and wish.attributes.get("active") is False
        stripped = not isinstance(live.roles, Unknown) and live.roles and not wish.roles
        if off or stripped:
            self.before_removal(live, tried)
        else:
            self.before_demotion(live, frozenset(wish.roles), tried)
            self._before_increase(live, wish, tried, joins)

    def before_joining(self, wish: Wish, tried: str) -> None:
        """Ask the guards about somebody who is not there yet."""
        self._before_increase(None, wish, tried, joins=True)

    def refuse_held(self, role: str, tried: str) -> None:
        """Refuse to remove a role that members still hold; those switched off have none to lose."""
        holders = [
            member.login
            for member in self.listing().members()
            if member.status is not Status.DEACTIVATED
            and not isinstance(member.roles, Unknown)
            and role in member.roles
        ]
        if holders and not override():
            raise Different(
                tried,
                f"{len(holders)} members that this run leaves alone still hold it "
                f"({named(holders)})",
                OVERRIDE,
            )

    def now(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return self._clock.now()

    def _before_increase(
        self, live: Membership | None, wish: Wish, tried: str, joins: bool
    ) -> None:
        """Refuse the privilege increase of a login over the breaker.

        Of somebody who joins roles whose content is open do not count here, as a first run is
        nothing but that; gate and plan know a first run from others and do count them.
        Who is to be switched off has no use of any role.
        """
        held: frozenset[str] = frozenset()
        if live is not None and live.status is not Status.DEACTIVATED:
            held = frozenset() if isinstance(live.roles, Unknown) else live.roles
        off = wish.attributes.get("active") is False
        wanted = frozenset() if off else frozenset(wish.roles)
        if wanted <= held:
            return
        after = self._can(wanted).proven() if joins else self._can(wanted)
        administers = frozenset() if held & self.administrators() else wanted
        gain = increase(
            self._can(held), after, administers & self.administrators(), self.config.highest_data
        )
        if gain is None:
            return
        with self._lock:
            if self._increases >= self.config.breaker:
                self._tripped = True
            self.before_write(f"{tried} ({gain})")
            self._increases += 1

    def _can(self, roles: Collection[str]) -> EffectiveAccess:
        declared = {**self.config.role_content, **self._declared}
        return effective_access(self.config.platform, roles, declared, as_of())

    def _refuse_demotion(self, live: Membership, loses: bool, tried: str) -> None:
        if live.login in {self.manifest.normal_login(login) for login in self.config.protected}:
            raise GuardRefused(tried, f"{live.login} is protected in this account", OVERRIDE)
        if live.login in self.own_logins():
            raise GuardRefused(
                tried, f"{live.login} is the login of the credentials that do the writing", OVERRIDE
            )
        # Who is switched off administers nothing, so taking it away leaves nobody out.
        if loses and live.status is not Status.DEACTIVATED and not self._other_administrators(live):
            raise GuardRefused(
                tried,
                f"{live.login} is the last administrator that is known to be active "
                f"({', '.join(sorted(self.administrators()))})",
                OVERRIDE,
            )

    def _other_administrators(self, live: Membership) -> bool:
        """Tell whether somebody else administers who is not about to go at the same time."""
        administrating = self.administrators()
        return any(
            member.id != live.id
            and member.id not in self._leaving
            and member.status is Status.ACTIVE
            and not isinstance(member.roles, Unknown)
            and bool(member.roles & administrating)
            for member in self.listing().members()
        )

    # -- after writes

    def made(self, member: Membership) -> None:
        """Keep the listing true after a creation."""
        self._known.came()
        self.wrote(member)

    def wrote(self, member: Membership) -> None:
        """Keep the listing true after a write."""
        with self._lock:
            self._leaving.discard(member.id)
            before = self._listing.by_id(member.id) if self._listing else None
            if member.status is not Status.DEACTIVATED:
                self._known.stays(member.id)
            elif before is not None and before.status is not Status.DEACTIVATED:
                self._known.going(member.id)
            if self._listing is not None:
                self._listing.put(member)

    def removed(self, id_: str) -> None:
        """Keep the listing true after a removal of ours, or after finding that somebody is gone."""
        with self._lock:
            self._leaving.discard(id_)
            if self._listing is None:
                self._known.went(id_)
            elif self._listing.by_id(id_):
                self._known.went(id_)
                self._listing.drop(id_)

    def unsure(self, id_: str) -> None:
        """Take a member out of the listing whose change failed half-way: it is read singly then."""
        with self._lock:
            if self._listing is not None:
                self._listing.drop(id_)

    def role_came(self, role: NativeRole) -> None:
        """Keep the listing true after a role was made or renamed."""
        with self._lock:
            if self._listing is not None:
                self._listing.put_role(role)

    def role_went(self, id_: str) -> None:
        """Keep the listing true after a role was removed."""
        with self._lock:
            if self._listing is not None:
                self._listing.drop_role(id_)

    def close(self) -> None:
        """Write the run report."""
        self.report.close()


class Sessions:
    """The sessions of this process, one an account key, replaced whole when its address changes.

    It also knows which login of an account is declared by what in this run, so that a login that
    moves from one declaration to another keeps its access when the first one goes; and which logins
    are renamed, so that a circle is refused.
    """

    def __init__(self, make: Callable[[AccountConfig], Connector] = connect) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._declared: dict[tuple[str, str], frozenset[str]] = {}
        self._renames: dict[tuple[str, str], tuple[str, str]] = {}
        self._roles: dict[str, dict[str, Declared]] = {}

    def get(self, config: AccountConfig) -> Session:
        """Return the session for ``config``; another configuration of the key gets a fresh one."""
        with self._lock:
            known = self._sessions.get(config.key)
            if known is None or known.config != config:
                if known is not None:
                    known.close()
                declared = self._roles.setdefault(config.key, {})
                known = Session(config, home(), self._make, declared=declared)
                self._sessions[config.key] = known
            return known

    def declare(self, account: str, by: str, logins: Collection[str]) -> None:
        """Note which logins of an account a declaration names, in place of what it named before."""
        with self._lock:
            self._declared[account, by] = frozenset(logins)

    def rename(self, account: str, by: str, logins: tuple[str, str] | None) -> list[str]:
        """Note that a declaration renames its login, or (``None``) that it does not.

        Returns the logins that change hands in a circle with it, empty if there is none.
        """
        with self._lock:
            self._renames.pop((account, by), None)
            if logins is None:
                return []
            self._renames[account, by] = logins
            steps = dict(pair for (at, _), pair in self._renames.items() if at == account)
        circle = [logins[0]]
        while (following := steps.get(circle[-1])) is not None:
            if following in circle:
                return circle if following == circle[0] else []
            circle.append(following)
        return []

    def role_declared(self, account: str, role: str, said: Declared | None) -> None:
        """Note what a native role of an account is declared to allow in this run."""
        with self._lock:
            roles = self._roles.setdefault(account, {})
            roles.pop(role, None)
            if said is not None:
                roles[role] = said

    def declared_by_another(self, account: str, by: str, login: str) -> str:
        """Return which other declaration of this run names the login; empty if none does."""
        with self._lock:
            for (at, other), logins in self._declared.items():
                if at == account and other != by and login in logins:
                    return other
        return ""

    def __iter__(self) -> Iterator[Session]:
        with self._lock:
            return iter(list(self._sessions.values()))


SESSIONS = Sessions()
"""The one sanctioned registry of a process (docs/architecture.md)."""
