"""Credentials on requests, and what happens when they are not accepted."""

import json
import threading
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from pulumi_martech.model.account import Basic, Bearer, OAuth2Client, SignedJwt
from pulumi_martech.model.errors import (
    CredentialError,
    Denied,
    InvalidDeclaration,
    Malformed,
    QuotaExhausted,
    Unreachable,
)
from pulumi_martech.transport import Redactor, authentication
from tests.transport.support import VirtualClock

OAUTH = OAuth2Client(
    token_url="https://login.example/token",
    client_id="martech",
    client_secret="env:CLIENT_SECRET",
    token_scope="users.write",
)


class TokenServer:
    """Gives out numbered access tokens."""

    def __init__(self, lifetime: int = 3600, body_only: bool = False) -> None:
        self.lifetime, self.body_only = lifetime, body_only
        self.given = 0
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        form = parse_qs(request.content.decode())
        if self.body_only and "client_secret" not in form:
            return httpx.Response(401, json={"error": "invalid_client"})
        self.given += 1
        token = f"access-token-{self.given}"
        return httpx.Response(200, json={"access_token": token, "expires_in": self.lifetime})


def oauth(
    server: Callable[[httpx.Request], httpx.Response], redactor: Redactor, clock: VirtualClock
) -> httpx.Auth:
    transport = httpx.MockTransport(server)
    return authentication(OAUTH, redactor=redactor, clock=clock, transport=transport)


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t0ken-t0ken\n")
    monkeypatch.setenv("CLIENT_SECRET", "s3cret-s3cret")


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"auth": request.headers.get("authorization")})


def test_bearer_and_its_other_words(client_of: Callable[..., Any], redactor: Redactor) -> None:
    auth = authentication(Bearer(token="env:TOKEN"), redactor=redactor)
    assert client_of(echo, auth).get("/", tried="x").json() == {"auth": "Bearer t0ken-t0ken"}
    auth = authentication(Bearer(token="env:TOKEN", scheme="Klaviyo-API-Key"), redactor=redactor)
    said = client_of(echo, auth).get("/", tried="x").json()
    assert said == {"auth": "Klaviyo-API-Key t0ken-t0ken"}


def test_basic(client_of: Callable[..., Any], redactor: Redactor) -> None:
    auth = authentication(Basic(username="aña", password="env:TOKEN"), redactor=redactor)
    scheme, pair = client_of(echo, auth).get("/", tried="x").json()["auth"].split()
    assert (scheme, b64decode(pair).decode()) == ("Basic", "aña:t0ken-t0ken")


def test_a_reference_is_read_when_it_is_used_and_not_before(
    client_of: Callable[..., Any], redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN")
    client = client_of(echo, authentication(Bearer(token="env:TOKEN"), redactor=redactor))
    with pytest.raises(CredentialError, match="TOKEN is not set"):
        client.get("/", tried="x")
    assert client.counts.total == 0
    monkeypatch.setenv("TOKEN", "later")
    assert client.get("/", tried="x").json() == {"auth": "Bearer later"}


def test_a_rotated_token_is_read_again_and_a_wrong_one_is_not_tried_twice(
    client_of: Callable[..., Any], redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strict(request: httpx.Request) -> httpx.Response:
        good = request.headers["authorization"] == "Bearer rotated"
        return httpx.Response(200 if good else 401, json={})

    client = client_of(strict, authentication(Bearer(token="env:TOKEN"), redactor=redactor))
    with pytest.raises(Denied, match="the credential was not accepted; check the account's"):
        client.post("/", tried="create user ana")
    assert client.counts.total == 1
    monkeypatch.setenv("TOKEN", "rotated")
    assert client.post("/", tried="create user ana").ok
    assert client.counts.total == 3


@pytest.mark.parametrize("token", ["two\nlines", "caf\u00e9", "bell\x07"])
def test_a_token_that_no_header_can_carry(
    token: str,
    client_of: Callable[..., Any],
    redactor: Redactor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKEN", token)
    client = client_of(echo, authentication(Bearer(token="env:TOKEN"), redactor=redactor))
    with pytest.raises(
        CredentialError, match="no HTTP header can carry; nothing was sent"
    ) as caught:
        client.get("/", tried="x")
    assert token not in str(caught.value)


def test_an_access_token_is_fetched_once_kept_and_renewed_before_it_ends(
    client_of: Callable[..., Any], redactor: Redactor, clock: VirtualClock
) -> None:
    server = TokenServer(lifetime=3600)
    client = client_of(echo, oauth(server, redactor, clock))
    for _ in range(3):
        assert client.get("/", tried="x").json() == {"auth": "Bearer access-token-1"}
    first = server.asked[0]
    assert first.headers["authorization"].startswith("Basic ")
    assert parse_qs(first.content.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["users.write"],
    }
    clock.sleep(3575)
    assert client.get("/", tried="x").json() == {"auth": "Bearer access-token-2"}
    assert client.counts.calls == {"GET": 4}


def test_a_token_of_few_seconds_is_still_used(
    client_of: Callable[..., Any], redactor: Redactor, clock: VirtualClock
) -> None:
    server = TokenServer(lifetime=10)
    client = client_of(echo, oauth(server, redactor, clock))
    client.get("/", tried="x")
    client.get("/", tried="x")
    assert server.given == 1


def test_a_token_that_is_revoked_is_renewed_once(
    client_of: Callable[..., Any], redactor: Redactor, clock: VirtualClock
) -> None:
    accepted = {"Bearer access-token-2"}

    def answering(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200 if request.headers["authorization"] in accepted else 401, json={})

    server = TokenServer()
    client = client_of(answering, oauth(server, redactor, clock))
    assert client.post("/", tried="create user ana").ok
    assert server.given == 2
    accepted.clear()
    with pytest.raises(Denied, match="create user ana"):
        client.post("/", tried="create user ana")
    assert server.given == 3


def test_many_threads_fetch_one_token(
    client_of: Callable[..., Any], redactor: Redactor, clock: VirtualClock
) -> None:
    server = TokenServer()
    client = client_of(echo, oauth(server, redactor, clock))
    threads = [threading.Thread(target=lambda: client.get("/", tried="x")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.given, client.counts.total) == (1, 8)


def test_a_token_endpoint_that_takes_the_secret_only_in_the_body(
    client_of: Callable[..., Any], redactor: Redactor, clock: VirtualClock
) -> None:
    server = TokenServer(body_only=True)
    client = client_of(echo, oauth(server, redactor, clock))
    assert client.get("/", tried="x").ok
    assert parse_qs(server.asked[1].content.decode())["client_secret"] == ["s3cret-s3cret"]


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (
            httpx.Response(
                400, json={"error": "invalid_scope", "error_description": "no s3cret-s3cret"}
            ),
            Denied,
            r"get an access token for client martech: .* answered 400 \(no \*\*\*\)",
        ),
        (httpx.Response(200, json={"token": "x"}), Malformed, "JSON without an access_token"),
        (httpx.Response(200, text="<html><title>Login"), Malformed, "an HTML page"),
        (httpx.Response(429, headers={"Retry-After": "4000"}), QuotaExhausted, "too many calls"),
    ],
)
def test_a_token_that_is_not_given(
    answer: httpx.Response,
    kind: type[Exception],
    said: str,
    client_of: Callable[..., Any],
    redactor: Redactor,
    clock: VirtualClock,
) -> None:
    content, headers = answer.content, answer.headers
    auth = oauth(
        lambda _: httpx.Response(answer.status_code, content=content, headers=headers),
        redactor,
        clock,
    )
    client = client_of(echo, auth)
    with pytest.raises(kind, match=said):
        client.post("/", tried="create user ana")
    assert client.counts.total == 0


def test_an_unreachable_token_endpoint_means_that_nothing_was_done(
    client_of: Callable[..., Any], redactor: Redactor, clock: VirtualClock
) -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("", request=request)

    client = client_of(echo, oauth(cut, redactor, clock))
    with pytest.raises(Unreachable, match="get an access token"):
        client.post("/", tried="create user ana")


def test_a_token_endpoint_is_not_asked_in_the_clear(
    client_of: Callable[..., Any], redactor: Redactor
) -> None:
    credentials = OAUTH.model_copy(update={"token_url": "http://login.example/token"})
    client = client_of(echo, authentication(credentials, redactor=redactor))
    with pytest.raises(InvalidDeclaration, match=r"http://login\.example is not encrypted"):
        client.get("/", tried="x")


def pem(key: Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()  # type: ignore[no-any-return]


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_a_signed_jwt_is_accepted_by_who_knows_the_key(
    algorithm: Any,
    client_of: Callable[..., Any],
    redactor: Redactor,
    clock: VirtualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret, key = {
        "HS256": lambda: ("0123456789abcdef" * 2, OctKey),
        "RS256": lambda: (pem(rsa.generate_private_key(65537, 2048)), RSAKey),
        "ES256": lambda: (pem(ec.generate_private_key(ec.SECP256R1())), ECKey),
    }[algorithm]()
    monkeypatch.setenv("KEY", secret)
    credentials = SignedJwt(
        key="env:KEY",
        key_id="k1",
        algorithm=algorithm,
        issuer="martech",
        audience="/admin/",
        lifetime=300,
        header_scheme="Ghost",
    )
    auth = authentication(credentials, redactor=redactor, clock=clock)
    scheme, token = client_of(echo, auth).get("/", tried="x").json()["auth"].split()
    decoded = jwt.decode(token, key.import_key(secret), algorithms=[algorithm])
    assert scheme == "Ghost"
    assert decoded.header["kid"] == "k1"
    now = int(clock.now())
    assert decoded.claims == {"iss": "martech", "aud": "/admin/", "iat": now, "exp": now + 300}
    assert redactor.redact(f"x {token} y") == "x *** y"


def test_a_key_of_the_wrong_kind_is_named_and_not_shown(
    client_of: Callable[..., Any], redactor: Redactor
) -> None:
    auth = authentication(SignedJwt(key="env:TOKEN", algorithm="RS256"), redactor=redactor)
    with pytest.raises(CredentialError, match="env:TOKEN: it is no key for RS256") as caught:
        client_of(echo, auth).get("/", tried="x")
    assert "t0ken" not in str(caught.value)


def test_credentials_never_go_to_another_origin(
    client_of: Callable[..., Any], redactor: Redactor
) -> None:
    asked: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": "https://evil.example/users"})

    client = client_of(answering, authentication(Bearer(token="env:TOKEN"), redactor=redactor))
    for method in ("GET", "POST"):
        with pytest.raises(
            Exception, match=r"which leads to https://evil\.example/users; it was not"
        ):
            client.request(method, "/users", tried="x")
    for link in ("https://evil.example/users", "http://crm.example/api/users", "//evil.example/x"):
        with pytest.raises(Malformed, match="no credential went there"):
            client.get(link, tried="x")
    assert asked == ["https://crm.example/api/users"] * 2


def test_a_redirect_within_the_origin_is_followed_for_reading_only(
    client_of: Callable[..., Any], redactor: Redactor
) -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/users":
            return httpx.Response(308, headers={"Location": "/api/users/"})
        return echo(request)

    client = client_of(answering, authentication(Bearer(token="env:TOKEN"), redactor=redactor))
    assert client.get("/users", tried="x").json() == {"auth": "Bearer t0ken-t0ken"}
    with pytest.raises(Exception, match=r"which leads to https://crm\.example/api/users/"):
        client.post("/users", tried="x", json={})
    assert client.counts.calls == {"GET": 2, "POST": 1}


def test_a_redirect_without_end_is_an_error(client_of: Callable[..., Any]) -> None:
    client = client_of(lambda r: httpx.Response(302, headers={"Location": str(r.url)}))
    with pytest.raises(Exception, match="answered 302"):
        client.get("/users", tried="x")
    assert client.counts.total <= 5


def test_the_body_is_sent_again_with_the_renewed_token(
    client_of: Callable[..., Any], redactor: Redactor, clock: VirtualClock
) -> None:
    bodies: list[Any] = []

    def answering(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(401 if len(bodies) == 1 else 200, json={})

    client = client_of(answering, oauth(TokenServer(), redactor, clock))
    client.post("/", tried="create user ana", json={"login": "ana"})
    assert bodies == [{"login": "ana"}] * 2
