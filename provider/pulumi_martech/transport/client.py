"""The HTTP client all connectors share: one for each account."""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
import tenacity

from pulumi_martech.model.errors import (
    AlreadyExists,
    Malformed,
    MartechError,
    NotThere,
    QuotaExhausted,
    Refused,
    Uncertain,
)
from pulumi_martech.transport import answers
from pulumi_martech.transport.addresses import Addresses
from pulumi_martech.transport.answers import Again
from pulumi_martech.transport.clock import SYSTEM_CLOCK, Clock
from pulumi_martech.transport.limits import Budget, retry_after, spent
from pulumi_martech.transport.redaction import Redactor
from pulumi_martech.transport.reply import Reply
from pulumi_martech.transport.tally import Counts, Tally

log = logging.getLogger("pulumi_martech.transport")
LOGS = (log.name, "httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy")
"""Our logger and those of the libraries below, which write addresses and headers."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})
REDIRECTS = 3
CONNECT_SECONDS = 10.0
CONNECTIONS = 10


@dataclass
class Call:
    """One request of a connector, over all its attempts."""

    method: str
    tried: str
    reads: bool
    safe: bool
    json: Any
    form: Mapping[str, str] | None
    headers: Mapping[str, str]
    ends: float | None = None
    """Monotonic time of the deadline, set when the call gets its first turn."""
    uncertain: Uncertain | None = None
    """What an attempt that was followed by another left open."""


class ApiClient:
    """Calls one account's API; safe to share between threads.

    Args:
        base_url: root of the API; https, or http on loopback. Its path is kept.
        auth: puts the credentials on each request (`authentication`); ``None`` for none.
        account: key of the account, for logs and errors.
        redactor: knows the secrets that must not show.
        per_second: calls a second, ``None`` for no limit of ours.
        timeout: seconds to wait for one answer to begin, and between its parts.
        deadline: seconds for one request with its repeats and waiting, from when our own rate lets
            it go; waiting for that is not counted, as it only means that there is much to do.
        max_bytes: size of an answer above which it is not read on.
        attempts: how often one request is sent at most.
        read_auth: used instead of ``auth`` for reading, so that reading needs no write right.
        error: a platform's reading of its own error answers, asked first for every answer that is
            no success; ``None`` leaves it to the general rules. Of an answer that means *too many
            calls* only a `QuotaExhausted` counts: it says that waiting for it makes no sense (a
            daily limit), and the request is not repeated.
        quota: tells that an answer other than 429 means *too many calls*.
        failure: tells that a 2xx answer reports a failure in its body.
        clock: where time comes from.
        transport: how the server is reached (tests).

    What is repeated: reading and requests called ``safe``, on every failure that may pass; others
    only when nothing can have been done: no connection, 429 or quota, 503 with ``Retry-After``.

    Raises:
        InvalidDeclaration: ``base_url`` would send credentials in the clear or contains some.
    """

    def __init__(
        self,
        base_url: str,
        auth: httpx.Auth | None,
        *,
        account: str,
        redactor: Redactor,
        per_second: float | None = None,
        timeout: float = 30.0,
        deadline: float = 120.0,
        max_bytes: int = 5_000_000,
        attempts: int = 5,
        read_auth: httpx.Auth | None = None,
        error: Callable[[Reply, str], MartechError | None] | None = None,
        quota: Callable[[Reply], bool] | None = None,
        failure: Callable[[Reply], bool] | None = None,
        clock: Clock = SYSTEM_CLOCK,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.account, self.redactor = account, redactor
        self._addresses = Addresses(base_url, account)
        self._auth, self._read_auth = auth, read_auth or auth
        self._error, self._quota, self._failure = error, quota, failure
        self._timeout, self._deadline = timeout, deadline
        self._max_bytes, self._attempts = max_bytes, attempts
        self._clock, self._budget = clock, Budget(per_second, clock)
        self._tally = Tally()
        self._http = httpx.Client(
            transport=transport,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            headers={"Accept": "application/json", "User-Agent": "pulumi-martech"},
            # A session cookie would outrank the credentials on the next call (WordPress).
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            verify=httpx.create_ssl_context() if transport is None else True,
            # A proxy from the environment is for the way out, not for loopback.
            trust_env=not self._addresses.loopback,
        )
        # One object a client, so that closing one leaves the filters of the others in place.
        self._log_filter = partial(redactor.filter)
        for name in LOGS:
            logging.getLogger(name).addFilter(self._log_filter)

    def request(
        self,
        method: str,
        path: str,
        *,
        tried: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        read: bool | None = None,
    ) -> Reply:
        """Send a request and return its answer, if that is a success.

        Args:
            method: HTTP method.
            path: below ``base_url``, or an absolute address of the same origin (a paging link).
            tried: words for errors: "create user ana in account crm".
            params: query, added to the one in ``path``.
            json: body, sent as JSON.
            form: body, sent as a form, instead of ``json``.
            headers: added to the usual ones.
            safe: sending it twice does no more than once (a PUT of a whole value); ``None`` means
                only reading is.
            read: writes nothing (a search by POST); ``None`` means GET, HEAD and OPTIONS.

        Raises:
            Denied: 401, 403.
            NotThere: 404, 410.
            AlreadyExists: 409 for a write.
            QuotaExhausted: too many calls, still so after the repeats or for longer than the
                deadline.
            Refused: any other answer that is no success; for a write a 5xx is `Uncertain`.
            Uncertain: a write was sent and its answer did not come, came without meaning, or came
                unusable: it may have been carried out.
            Unreachable: no connection, or no answer to a reading request.
            Malformed: the answer is too large or cannot be decoded.
            CredentialError: the credential cannot be read.
        """
        reads = method.upper() in READING if read is None else read
        call = Call(method.upper(), tried, reads, reads or bool(safe), json, form, headers or {})
        error: MartechError
        try:
            url = self._addresses.of(path, params, tried)
            return self._retrying(call)(self._attempt, call, url)
        except Again as again:
            error = again.error
        except MartechError as refused:
            error = refused
        if call.uncertain and not isinstance(error, Uncertain | NotThere | AlreadyExists):
            # The last attempt did nothing, but one before it may have.
            open_ = call.uncertain
            said = f"{open_.said}; then: {error.said}"
            error = Uncertain(tried, said, open_.not_done, open_.todo)
        # Outside the handlers, so that the error does not carry what it was made from.
        raise self._clean(error)

    def get(self, path: str, *, tried: str, **more: Any) -> Reply:
        """Send a GET request; see `request`."""
        return self.request("GET", path, tried=tried, **more)

    def post(self, path: str, *, tried: str, **more: Any) -> Reply:
        """Send a POST request; see `request`."""
        return self.request("POST", path, tried=tried, **more)

    def put(self, path: str, *, tried: str, **more: Any) -> Reply:
        """Send a PUT request; see `request`."""
        return self.request("PUT", path, tried=tried, **more)

    def patch(self, path: str, *, tried: str, **more: Any) -> Reply:
        """Send a PATCH request; see `request`."""
        return self.request("PATCH", path, tried=tried, **more)

    def delete(self, path: str, *, tried: str, **more: Any) -> Reply:
        """Send a DELETE request; see `request`."""
        return self.request("DELETE", path, tried=tried, **more)

    @property
    def counts(self) -> Counts:
        """What was done so far."""
        return self._tally.counts()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        for name in LOGS:
            logging.getLogger(name).removeFilter(self._log_filter)

    def __enter__(self) -> "ApiClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _retrying(self, call: Call) -> tenacity.Retrying:
        backoff = tenacity.wait_exponential(multiplier=0.5, max=30) + tenacity.wait_random(0, 0.5)

        def again(state: tenacity.RetryCallState) -> Again:
            error = state.outcome.exception() if state.outcome else None
            assert isinstance(error, Again)  # noqa: S101  (only these are retried)
            return error

        def wait(state: tenacity.RetryCallState) -> float:
            return again(state).wait or backoff(state)

        def stop(state: tenacity.RetryCallState) -> bool:
            attempts = min(self._attempts, again(state).attempts or self._attempts)
            return state.attempt_number >= attempts or state.upcoming_sleep > self._left(call)

        def before_sleep(state: tenacity.RetryCallState) -> None:
            self._tally.retry()
            error = again(state).error
            if isinstance(error, Uncertain):
                call.uncertain = error
            log.info("%s: again in %.1f s: %s", self.account, state.upcoming_sleep, error)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Again),
            wait=wait,
            stop=stop,
            sleep=self._sleep,
            before_sleep=before_sleep,
            reraise=True,
        )

    def _attempt(self, call: Call, url: httpx.URL) -> Reply:
        self._take_turn(call)
        for _ in range(REDIRECTS):
            reply = self._authenticated(call, url)
            target = answers.redirect(reply)
            if not (call.reads and target and self._addresses.is_own(target)):
                return self._judged(reply, call)
            url = target
        return self._judged(reply, call)

    def _take_turn(self, call: Call) -> None:
        """Wait until the server's pause and our own rate let the call go."""
        while True:
            closed = self._budget.closed_for()
            if closed > self._left(call):
                raise QuotaExhausted(
                    call.tried,
                    f"account {self.account} takes no calls for another {closed:.0f} s",
                    "nothing was sent",
                    "try again then",
                    retry_after=closed,
                )
            pause = closed or self._budget.turn()
            if not pause:
                break
            self._sleep(pause)
        if call.ends is None:
            call.ends = self._clock.monotonic() + self._deadline

    def _authenticated(self, call: Call, url: httpx.URL) -> Reply:
        """Send the request as often as its authentication wants (once, or twice after a 401)."""
        patience = max(0.001, min(self._timeout, self._left(call)))
        request = self._http.build_request(
            call.method,
            url,
            json=call.json,
            data=call.form,
            headers=call.headers,
            timeout=httpx.Timeout(patience, connect=min(patience, CONNECT_SECONDS)),
        )
        auth = (self._read_auth if call.reads else self._auth) or httpx.Auth()
        with closing(auth.sync_auth_flow(request)) as flow:
            outgoing = next(flow)
            while True:
                reply = self._exchange(outgoing, call)
                try:
                    outgoing = flow.send(httpx.Response(reply.status, request=outgoing))
                except StopIteration:
                    return reply

    def _exchange(self, request: httpx.Request, call: Call) -> Reply:
        """Send one request and read its answer to the end, or as far as it may go."""
        self._tally.call(call.method)
        began = self._clock.monotonic()
        content = bytearray()
        try:
            response = self._http.send(request, auth=httpx.Auth(), stream=True)
            with closing(response):
                reply = self._reply(request, response, call, b"")
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > self._max_bytes:
                        if not reply.ok:
                            break
                        raise reply.unusable(f"more than {self._max_bytes:,} bytes")
                    if self._left(call) <= 0:
                        raise answers.too_slow(call.tried, call.reads, self._deadline)
        except httpx.DecodingError:
            raise reply.unusable("a body that cannot be decompressed") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.debug("%s: %s %s failed: %s", self.account, request.method, request.url, error)
            raise answers.no_answer(error, call.tried, call.reads, call.safe, request.url) from None
        seconds = self._clock.monotonic() - began
        log.debug(
            "%s: %s %s -> %d in %.3f s",
            self.account,
            request.method,
            request.url,
            response.status_code,
            seconds,
        )
        return self._reply(request, response, call, bytes(content))

    def _reply(
        self, request: httpx.Request, response: httpx.Response, call: Call, content: bytes
    ) -> Reply:
        return Reply(
            request,
            response.status_code,
            response.headers,
            content,
            tried=call.tried,
            redactor=self.redactor,
            writes=not call.reads,
        )

    def _judged(self, reply: Reply, call: Call) -> Reply:
        """Return the answer if it is a success, raise what it means else."""
        if reply.ok and not (self._failure and self._failure(reply)):
            hold = spent(reply.headers, self._clock.now())
            if hold <= self._deadline:
                # A header that is read wrongly must not lock the account: if it asks for more
                # patience than a call has, let the server refuse the next one itself.
                self._budget.close_for(hold)
            return reply
        if reply.status == httpx.codes.TOO_MANY_REQUESTS or (self._quota and self._quota(reply)):
            mapped = self._platform_error(reply, call.tried)
            if isinstance(mapped, QuotaExhausted):
                raise mapped
            wait = retry_after(reply.headers, self._clock.now())
            self._budget.close_for(wait or 0.0)
            raise Again(answers.throttled(reply, call.tried, wait), wait)
        mapped = self._platform_error(reply, call.tried)
        if mapped is not None:
            raise mapped
        wait = retry_after(reply.headers, self._clock.now()) if reply.status == 503 else None
        raise answers.refused(reply, call.tried, call.reads, call.safe, wait)

    def _platform_error(self, reply: Reply, tried: str) -> MartechError | None:
        if self._error is None:
            return None
        try:
            return self._error(reply, tried)
        except (Malformed, Uncertain):
            # The platform's own rules wanted JSON and there is none: the general rules know HTML.
            return None

    def _left(self, call: Call) -> float:
        return self._deadline if call.ends is None else call.ends - self._clock.monotonic()

    def _sleep(self, seconds: float) -> None:
        self._tally.wait(seconds)
        self._clock.sleep(seconds)

    def _clean(self, error: MartechError) -> MartechError:
        """Return ``error`` without secrets, whoever wrote it."""
        for name in ("tried", "said", "not_done", "todo"):
            setattr(error, name, self.redactor.redact(getattr(error, name)))
        if isinstance(error, Refused):
            error.code = self.redactor.redact(error.code)
        error.args = (error.sentence(),)
        error.__cause__ = error.__context__ = None
        return error
