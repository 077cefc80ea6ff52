"""Putting credentials on requests: bearer, basic, OAuth 2 client credentials, signed JWT.

Secrets are read from their references when the first request needs them, never before, and told
to the redactor at once. A request that is answered 401 is sent once more if reading the reference
again, or fetching a new access token, brings another secret: nothing was carried out before.

OAuth 2 goes through `ApiClient` itself, so that fetching a token has the same deadlines, retries
and errors as any call; JWTs are made by joserfc.
"""

import threading
from base64 import b64encode
from collections.abc import Callable, Generator
from typing import Any

import httpx

from pulumi_martech.model.account import (
    Basic,
    Bearer,
    ByHand,
    Credentials,
    OAuth2Client,
    SignedJwt,
)
from pulumi_martech.model.errors import CredentialError, Denied, MartechError
from pulumi_martech.model.identity import shown_url
from pulumi_martech.transport.client import ApiClient
from pulumi_martech.transport.clock import SYSTEM_CLOCK, Clock
from pulumi_martech.transport.credentials import resolve
from pulumi_martech.transport.redaction import Redactor
from pulumi_martech.transport.reply import Reply

LEEWAY = 30.0
"""Seconds before its end at which a token is renewed."""

Flow = Generator[httpx.Request, httpx.Response, None]


def authentication(
    credentials: Credentials,
    *,
    redactor: Redactor,
    clock: Clock = SYSTEM_CLOCK,
    transport: httpx.BaseTransport | None = None,
    timeout: float = 30.0,
) -> httpx.Auth:
    """Return what puts ``credentials`` on the requests of an `ApiClient`.

    Args:
        credentials: references, not secrets.
        redactor: learns every secret before it is used.
        clock: where time comes from.
        transport: how a token endpoint is reached (tests).
        timeout: seconds to wait for one answer of a token endpoint.

    The returned object raises `CredentialError` (and for OAuth 2 also `Denied`, `Unreachable`,
    `Malformed`, `QuotaExhausted`) when used, always before the request itself is sent. It may be
    shared between threads.
    """
    if isinstance(credentials, Bearer):
        scheme = credentials.scheme
        return _Header(_Secret(credentials.token, redactor), lambda token: f"{scheme} {token}")
    if isinstance(credentials, Basic):
        return _Header(
            _Secret(credentials.password, redactor), _basic(credentials.username, redactor)
        )
    if isinstance(credentials, OAuth2Client):
        return _ClientCredentials(credentials, redactor, clock, transport, timeout)
    if isinstance(credentials, ByHand):
        return _Nobody()
    return _Jwt(credentials, _Secret(credentials.key, redactor), clock)


class _Nobody(httpx.Auth):
    """In the place of credentials where a person works on screens: nothing is ever sent."""

    def auth_flow(self, request: httpx.Request) -> Flow:
        raise CredentialError(
            f"call {request.url.host}",
            "this account is worked on by hand and has no credentials",
            "nothing was sent",
        )
        yield request  # an auth flow is a generator


class _Secret:
    """A secret that is read when first needed."""

    def __init__(self, reference: str, redactor: Redactor) -> None:
        self.reference, self._redactor = reference, redactor
        self._lock = threading.Lock()
        self._value: str | None = None

    def read(self, instead_of: str | None = None) -> str:
        """Return the secret; read its reference (again, if ``instead_of`` is what it was)."""
        with self._lock:
            if self._value is None or self._value == instead_of:
                self._value = resolve(self.reference)
                self._redactor.add(self._value)
            return self._value


class _Header(httpx.Auth):
    """A secret in the ``Authorization`` header."""

    def __init__(self, secret: _Secret, header: Callable[[str], str]) -> None:
        self._secret, self._header = secret, header

    def auth_flow(self, request: httpx.Request) -> Flow:
        secret = self._secret.read()
        response = yield self._signed(request, secret)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            changed = self._secret.read(instead_of=secret)
            if changed != secret:
                yield self._signed(request, changed)

    def _signed(self, request: httpx.Request, secret: str) -> httpx.Request:
        _put(request, self._header(secret), self._secret.reference)
        return request


class _ClientCredentials(httpx.Auth):
    """OAuth 2 client credentials (RFC 6749 §4.4), fetched and renewed by one thread at a time."""

    def __init__(
        self,
        credentials: OAuth2Client,
        redactor: Redactor,
        clock: Clock,
        transport: httpx.BaseTransport | None,
        timeout: float,
    ) -> None:
        self._credentials, self._redactor, self._clock = credentials, redactor, clock
        self._transport, self._timeout = transport, timeout
        self._lock = threading.Lock()
        self._token, self._ends = "", 0.0

    def auth_flow(self, request: httpx.Request) -> Flow:
        token = self._current()
        response = yield self._signed(request, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            yield self._signed(request, self._current(rejected=token))

    def _signed(self, request: httpx.Request, token: str) -> httpx.Request:
        _put(
            request,
            f"Bearer {token}",
            f"the access token of {shown_url(self._credentials.token_url)}",
        )
        return request

    def _current(self, rejected: str | None = None) -> str:
        """Return a token that has not ended and is not the rejected one."""
        with self._lock:
            if self._token in ("", rejected) or self._clock.monotonic() >= self._ends:
                self._token, lifetime = self._fetch()
                self._ends = self._clock.monotonic() + max(lifetime - LEEWAY, lifetime / 2)
            return self._token

    def _fetch(self) -> tuple[str, float]:
        known = self._credentials
        tried = f"get an access token for client {known.client_id}"
        secret = resolve(known.client_secret)
        self._redactor.add(secret)
        form = {"grant_type": "client_credentials"}
        if known.token_scope:
            form["scope"] = known.token_scope
        in_header = httpx.BasicAuth(known.client_id, secret)
        in_body = {**form, "client_id": known.client_id, "client_secret": secret}
        try:
            reply = self._ask(in_header, form, tried)
        except Denied:
            # RFC 6749 §2.3.1 asks every server to take the header; some take only the body.
            reply = self._ask(None, in_body, tried)
        return self._parsed(reply)

    def _ask(self, auth: httpx.Auth | None, form: dict[str, str], tried: str) -> Reply:
        with ApiClient(
            self._credentials.token_url,
            auth,
            account=f"of client {self._credentials.client_id}",
            redactor=self._redactor,
            timeout=self._timeout,
            max_bytes=100_000,
            error=_refused_token,
            clock=self._clock,
            transport=_Shared(self._transport) if self._transport else None,
        ) as client:
            return client.post("", tried=tried, form=form, read=True)

    def _parsed(self, reply: Reply) -> tuple[str, float]:
        body = reply.json()
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise reply.unusable("JSON without an access_token")
        self._redactor.add(token)
        try:
            return token, float(body.get("expires_in", 3600))
        except (TypeError, ValueError):
            return token, 3600.0


class _Jwt(httpx.Auth):
    """A JWT signed anew for each request; the redactor knows JWTs by their shape."""

    def __init__(self, credentials: SignedJwt, secret: _Secret, clock: Clock) -> None:
        self._credentials, self._secret, self._clock = credentials, secret, clock

    def auth_flow(self, request: httpx.Request) -> Flow:
        known = self._credentials
        header = {"alg": known.algorithm} | ({"kid": known.key_id} if known.key_id else {})
        now = int(self._clock.now())
        claims: dict[str, Any] = {"iat": now, "exp": now + known.lifetime}
        claims |= {"iss": known.issuer} if known.issuer else {}
        claims |= {"aud": known.audience} if known.audience else {}
        secret = self._secret.read()
        # slow to import, and few accounts are signed in to this way
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import ECKey, OctKey, RSAKey

        kinds: dict[str, type[OctKey | RSAKey | ECKey]]
        kinds = {"HS256": OctKey, "RS256": RSAKey, "ES256": ECKey}
        try:
            key = kinds[known.algorithm].import_key(secret)
            token = jwt.encode(header, claims, key, algorithms=[known.algorithm])
        except (JoseError, ValueError, TypeError):
            raise CredentialError(
                f"sign a request with credential {known.key}",
                f"it is no key for {known.algorithm}",
                "nothing was sent",
                "give a key in PEM, or for HS256 the shared secret",
            ) from None
        _put(request, f"{known.header_scheme} {token}", known.key)
        yield request


class _Shared(httpx.BaseTransport):
    """A transport that outlives the client that uses it."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._inner.handle_request(request)


def _basic(username: str, redactor: Redactor) -> Callable[[str], str]:
    def header(password: str) -> str:
        pair = b64encode(f"{username}:{password}".encode()).decode()
        redactor.add(pair)
        return f"Basic {pair}"

    return header


def _put(request: httpx.Request, header: str, source: str) -> None:
    if not header.isascii() or not header.isprintable():
        raise CredentialError(
            f"use credential {source}",
            "it holds characters that no HTTP header can carry",
            "nothing was sent",
            "look for line ends or letters that came in by copying",
        )
    request.headers["Authorization"] = header


def _refused_token(reply: Reply, tried: str) -> MartechError | None:
    if reply.status not in (400, 401, 403):
        return None
    said = f"the token endpoint {shown_url(reply.url)} answered {reply.status} ({reply.words()})"
    todo = "check client id, client secret and token_scope"
    return Denied(tried, said, "nothing was sent to the account", todo, reply.status, reply.code())
