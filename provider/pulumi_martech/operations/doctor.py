"""`martech doctor`: find out before a run what would stop it, without writing anything.

For each account: the declaration, the credentials, the address, the clock, whom the credentials
belong to and what they may do, whether users can be read, how many calls are left, and what lies in
the local records. Every check ends in a finding, whatever happens in it.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Literal

import httpx

from pulumi_martech.model.account import (
    AccountConfig,
    ByHand,
    Credentials,
    SignedJwt,
)
from pulumi_martech.model.errors import (
    CredentialError,
    MartechError,
    QuotaExhausted,
    Refused,
    Unreachable,
)
from pulumi_martech.model.expiry import as_of
from pulumi_martech.model.identity import check_url, shown_url
from pulumi_martech.model.values import Frozen
from pulumi_martech.operations.signs import budget, clock_offset, open_to_others, reference_of
from pulumi_martech.platforms.attested import AttestedConnector
from pulumi_martech.platforms.base import Caller, Connector
from pulumi_martech.platforms.registry import Platform, connect, platform
from pulumi_martech.reconcile.chain import verify
from pulumi_martech.reconcile.home import account_file, home
from pulumi_martech.reconcile.journal import Journal
from pulumi_martech.transport import ApiClient, Redactor, Reply, authentication, resolve

Result = Literal["ok", "warn", "fail", "unknown"]
"""``unknown``: nobody can tell, or it was not tried because of an earlier finding."""

SKEW = (5.0, 60.0)
"""Seconds by which clocks may differ before that is a warning, and before a signed JWT fails."""

PATIENCE = 15.0
"""Seconds for one request; a doctor is asked to be quick."""

SCARCE = 0.1
"""Part of the platform's limit below which what is left is a warning."""

EXPIRES_SOON = timedelta(days=14)
"""How long before its end an attestation is a warning."""

_WAIT = "wait for the limit to start anew, or find out who else uses these credentials"

_LATER = ("identity", "rights", "users", "calls")
"""Checks that need an account that answers and takes the credentials."""


class Finding(Frozen):
    """What one check found, and what to do about it (empty where nothing is to be done).

    Checks are ``account``, ``credentials`` and ``read credentials``, ``address``, ``clock``,
    ``identity`` and ``read identity``, ``rights``, ``users``, ``calls``, ``records``; of an account
    without an API ``account``, ``attestation``, ``steps``, ``records``.
    """

    account: str
    check: str
    result: Result
    what: str
    todo: str = ""


Progress = Callable[[Finding], None]


def doctor(
    accounts: Sequence[AccountConfig],
    progress: Progress | None = None,
    workers: int = 8,
    folder: Path | None = None,
) -> list[Finding]:
    """Check accounts at the same time; return findings in the order of accounts and checks.

    Args:
        accounts: what to check.
        progress: told each finding as it is made, from several threads.
        workers: how many accounts are checked at the same time at most.
        folder: the ``.martech`` folder with the local records; found if not given.
    """
    if not accounts:
        return []

    def examine(config: AccountConfig) -> list[Finding]:
        found = []
        for finding in _Examination(config, folder).findings():
            found.append(finding)
            if progress:
                progress(finding)
        return found

    with ThreadPoolExecutor(max_workers=min(workers, len(accounts))) as pool:
        return [finding for found in pool.map(examine, accounts) for finding in found]


def worst(findings: Iterable[Finding]) -> Result:
    """Return the result that matters most: ``fail``, ``warn``, ``unknown``, then ``ok``."""
    results = {finding.result for finding in findings}
    order: tuple[Result, ...] = ("fail", "warn", "unknown")
    return next((result for result in order if result in results), "ok")


class _Examination:
    """The checks of one account, in order; a later one may not be tried after an earlier one."""

    def __init__(self, config: AccountConfig, folder: Path | None) -> None:
        self._config, self._folder = config, folder
        self._redactor = Redactor()
        self._heard: list[httpx.Headers] = []
        self._spent = ""

    def findings(self) -> Iterator[Finding]:
        try:
            yield from self._checks()
        except Exception as error:
            # Only the kind: the text of an unforeseen error may hold anything.
            yield self._say(
                "doctor",
                "fail",
                f"the examination stopped at an unforeseen {type(error).__name__}",
                "report it, with the findings before it",
            )

    def _checks(self) -> Iterator[Finding]:
        declared = list(self._declaration())
        yield from declared
        if isinstance(self._config.credentials, ByHand):
            yield from self._attested()
            yield from self._records()
            return
        known = list(self._credentials())
        yield from known
        if any(finding.result == "fail" for finding in declared):
            yield from self._not_tried("the account cannot be used as declared", "address", *_LATER)
        else:
            reached = list(self._address())
            yield from reached
            if reached[0].result == "fail":
                yield from self._not_tried("the address does not answer", *_LATER)
            elif any(finding.result == "fail" for finding in known):
                yield from self._not_tried("a credential is missing", *_LATER)
            else:
                yield from self._platform()
        yield from self._records()

    # -- offline

    def _declaration(self) -> Iterator[Finding]:
        try:
            title = platform(self._config.platform).manifest.title
        except MartechError as error:
            yield self._say("account", "fail", error.said, error.todo)
            return
        problems = check_url(self._config.url)
        for problem in problems:
            yield self._say("account", "fail", f"its url {problem}", "correct the account's url")
        if not problems:
            yield self._say("account", "ok", f"{title} at {shown_url(self._config.url)}")

    def _credentials(self) -> Iterator[Finding]:
        given: list[tuple[str, Credentials]] = [("credentials", self._config.credentials)]
        if self._config.read_credentials is not None:
            given.append(("read credentials", self._config.read_credentials))
        for check, credentials in given:
            reference = reference_of(credentials)
            try:
                self._redactor.add(resolve(reference))
            except CredentialError as error:
                yield self._say(check, "fail", f"{reference}: {error.said}", error.todo)
                continue
            others = open_to_others(reference)
            if others:
                yield self._say(
                    check, "warn", f"{reference}: {others}", "take the right away: chmod 600"
                )
            else:
                yield self._say(check, "ok", f"{reference} is there and readable")

    def _attested(self) -> Iterator[Finding]:
        """Say how old what people attested is; an account without an API is asked nothing else."""
        todo = f"have somebody look, other than {self._config.operator}, and run `martech attest`"
        connector = connect(self._config)
        assert isinstance(connector, AttestedConnector)  # noqa: S101 - nobody else works by hand
        today = as_of()
        try:
            seen, words = connector.evidence(), f"attested {connector.standing(today)}"
        except MartechError as error:
            yield self._say("attestation", "fail", str(error), error.todo)
            return
        if seen is None or connector.expired(today + EXPIRES_SOON):
            yield self._say("attestation", "warn", words, todo)
            return
        roles = "no word on custom roles" if seen.roles is None else f"{len(seen.roles)} roles"
        yield self._say("attestation", "ok", f"{words}; {len(seen.people)} people, {roles}")

    # -- online

    def _address(self) -> Iterator[Finding]:
        heard: list[httpx.Headers] = []

        def hear(reply: Reply, tried: str) -> None:
            heard.append(reply.headers)

        sent = time.time()
        try:
            with self._client(None, error=hear) as client:
                heard.append(client.get("", tried="reach the address").headers)
            said = "it answers"
        except Refused as refused:
            said = f"it answers ({refused.status} without credentials)" if refused.status else ""
        except QuotaExhausted:
            said = "it answers (and wants fewer calls)"
        except Unreachable as error:
            yield self._say("address", "fail", error.said, error.todo)
            yield self._say("clock", "unknown", "not tried: the address does not answer")
            return
        except MartechError:
            said = "it answers"  # a page, or something too large: the platform's checks will tell
        back = time.time()
        secure = self._config.url.lower().startswith("https:")
        how = "over TLS with a trusted certificate" if secure else "unencrypted, on this machine"
        yield self._say("address", "ok", f"{said} {how}, in {back - sent:.2f} s")
        yield self._clock(heard, sent, back)

    def _clock(self, heard: list[httpx.Headers], sent: float, back: float) -> Finding:
        off = clock_offset(heard, sent, back)
        if off is None:
            return self._say("clock", "unknown", "the server does not say what time it is")
        amount = f"this machine's clock is {abs(off):.0f} s {'behind' if off > 0 else 'ahead'}"
        if abs(off) <= SKEW[0]:
            return self._say("clock", "ok", "this machine and the server agree")
        signed = isinstance(self._config.credentials, SignedJwt)
        result: Result = "fail" if signed and abs(off) > SKEW[1] else "warn"
        todo = "set the clock by NTP: end dates and signed tokens depend on it"
        return self._say("clock", result, amount, todo)

    def _platform(self) -> Iterator[Finding]:
        writing = self._whoami("credentials", self._config.credentials)
        yield from writing[1]
        caller = writing[0]
        if caller is None:
            yield from self._not_tried("the credentials do not work", "rights")
        reading = self._config.read_credentials
        if reading is not None:
            other = self._whoami("read credentials", reading)
            yield from other[1]
            if other[0] is None:
                yield from self._not_tried("the read credentials do not work", "users")
            else:
                yield self._users(reading, other[0].login)
        elif caller is None:
            yield from self._not_tried("the credentials do not work", "users")
        else:
            yield self._users(self._config.credentials, caller.login)
        yield self._calls()

    def _whoami(self, which: str, credentials: Credentials) -> tuple[Caller | None, list[Finding]]:
        check = "identity" if which == "credentials" else "read identity"
        try:
            with self._connector(credentials) as connector:
                caller = connector.whoami()
        except QuotaExhausted as error:
            self._spent = error.said
            return None, [self._say(check, "unknown", error.said, error.todo)]
        except MartechError as error:
            todo = error.todo or "check the account's credential and url"
            return None, [self._say(check, "fail", error.said, todo)]
        found = [self._identity(check, caller)]
        if which == "credentials":
            found.append(self._rights(caller))
        return caller, found

    def _identity(self, check: str, caller: Caller) -> Finding:
        manifest = platform(self._config.platform).manifest
        declared = manifest.normal_login(self._config.own_login)
        if caller.login is None:
            note = caller.note or "this platform cannot tell whose credentials these are"
            if declared:
                return self._say(check, "ok", f"accepted; {note}, the account says {declared}")
            return self._say(
                check,
                "unknown",
                f"accepted; {note}",
                "name the login as own_login on the Account, so that it is never locked out",
            )
        if check == "identity" and declared and declared != caller.login:
            return self._say(
                check,
                "fail",
                f"these are the credentials of {caller.login}, the account says {declared}",
                "use the right credentials, or correct own_login on the Account",
            )
        return self._say(check, "ok", f"accepted as {caller.login}")

    def _rights(self, caller: Caller) -> Finding:
        if caller.missing:
            return self._say(
                "rights",
                "fail",
                f"the credentials lack {', '.join(caller.missing)}",
                "give their owner these rights, or use other credentials",
            )
        if caller.note or caller.login is None:
            return self._say("rights", "unknown", "this server does not list what a login may do")
        return self._say("rights", "ok", "nothing is missing that the platform lists")

    def _users(self, credentials: Credentials, login: str | None) -> Finding:
        try:
            with self._connector(credentials) as connector:
                # A look-up is the least that needs the right to read other users' records.
                found = connector.find(login or "martech-doctor")
        except QuotaExhausted as error:
            return self._say("users", "unknown", error.said, error.todo)
        except MartechError as error:
            todo = error.todo or "check the rights of the credentials"
            return self._say("users", "fail", error.said, todo)
        if login and found is None:
            return self._say(
                "users",
                "warn",
                f"users can be looked up, but {login} itself is not among them",
                "check whether these credentials see all users",
            )
        return self._say("users", "ok", "users can be looked up")

    def _calls(self) -> Finding:
        if self._spent:
            return self._say("calls", "warn", self._spent, _WAIT)
        manifest = platform(self._config.platform).manifest
        left, limit = budget(self._heard)
        if left is None:
            ours = self._config.per_second or manifest.limits.per_second
            pace = f"; at most {ours:g} calls a second are sent" if ours else ""
            return self._say("calls", "unknown", f"the server does not say how many are left{pace}")
        of = f" of {limit:.0f}" if limit else ""
        if left <= 0 or (limit and left < SCARCE * limit):
            return self._say("calls", "warn", f"{left:.0f}{of} calls are left", _WAIT)
        return self._say("calls", "ok", f"{left:.0f}{of} calls are left")

    # -- local records

    def _records(self) -> Iterator[Finding]:
        """Say what an earlier run left open; a folder that is not there yet has nothing to tell."""
        try:
            folder = self._folder or home()
            verdict = verify(account_file(folder, "audit", self._config.key))
            leftovers = Journal(folder, self._config.key).open()
        except MartechError as error:
            yield self._say("records", "fail", str(error), error.todo)
            return
        if not verdict.ok:
            yield self._say(
                "records",
                "fail",
                f"the audit was tampered with or damaged: {verdict.problems[0]}",
                "run `martech audit verify` and compare with a copy",
            )
        if verdict.open_intents:
            first = verdict.open_intents[0]
            yield self._say(
                "records",
                "warn",
                f"{len(verdict.open_intents)} calls have no recorded end, first: {first.verb} "
                f"{first.person or first.target} ({first.at})",
                "run `martech refresh` and see whether they were carried out",
            )
        if leftovers:
            names = ", ".join(f"{left.kind} {left.person or left.key}" for left in leftovers[:5])
            yield self._say(
                "records",
                "warn",
                f"made by an interrupted run and perhaps in no state: {names}",
                "run `martech up` again: what is declared is taken over",
            )
        if verdict.ok and not verdict.open_intents and not leftovers:
            yield self._say("records", "ok", f"{verdict.entries} audit lines, nothing left open")

    # -- parts

    def _client(
        self,
        auth: httpx.Auth | None,
        *,
        chosen: Platform | None = None,
        error: Callable[[Reply, str], MartechError | None] | None = None,
    ) -> ApiClient:
        def hear(reply: Reply) -> bool:
            self._heard.append(reply.headers)
            return False

        return ApiClient(
            self._config.url,
            auth,
            account=self._config.key,
            redactor=self._redactor,
            timeout=min(self._config.timeout, PATIENCE),
            deadline=2 * PATIENCE,
            attempts=1,
            error=error,
            quota=chosen.quota if chosen else None,
            failure=hear,
        )

    @contextlib.contextmanager
    def _connector(self, credentials: Credentials) -> Iterator[Connector]:
        chosen = platform(self._config.platform)
        auth = authentication(credentials, redactor=self._redactor, timeout=PATIENCE)
        with self._client(auth, chosen=chosen, error=chosen.error) as client:
            yield chosen.connector(self._config, client)

    def _not_tried(self, why: str, *checks: str) -> Iterator[Finding]:
        for check in checks:
            yield self._say(check, "unknown", f"not tried: {why}")

    def _say(self, check: str, result: Result, what: str, todo: str = "") -> Finding:
        return Finding(
            account=self._config.key,
            check=check,
            result=result,
            what=self._redactor.redact(what),
            todo=self._redactor.redact(todo),
        )
