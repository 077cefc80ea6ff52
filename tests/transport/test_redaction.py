"""No secret ever shows, in whatever spelling it comes back."""

import html
import json
import logging
import os
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import quote, quote_plus

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulumi_martech.model.account import Basic, Bearer
from pulumi_martech.model.errors import MartechError
from pulumi_martech.transport import ApiClient, Redactor, Reply, authentication
from tests.transport.support import VirtualClock

SECRETS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="*"), min_size=7
).filter(lambda text: len(set(text)) > 3)
PHRASES = st.lists(SECRETS, min_size=1, max_size=3).map(" ".join)
"""Application passwords of WordPress are groups of letters with spaces between."""


def spellings(secret: str, user: str = "ana") -> dict[str, str]:
    """The ways in which a secret comes back from a server or a library."""
    pair = f"{user}:{secret}".encode()
    return {
        "plain": secret,
        "percent": quote(secret, safe=""),
        "percent, slashes kept": quote(secret),
        "form": quote_plus(secret),
        "percent, lower case": re.sub("%..", lambda m: m[0].lower(), quote(secret, safe="")),
        "json": json.dumps(secret)[1:-1],
        "json as PHP writes it": "".join(
            c if c.isalnum() else f"\\u{ord(c):04X}" if c in "<>&'\"" else json.dumps(c)[1:-1]
            for c in secret.replace("/", "\\/")
        ).replace("\\\\/", "\\/"),
        "html": html.escape(secret),
        "html in numbers": "".join(f"&#{ord(c)};" if not c.isalnum() else c for c in secret),
        "percent, twice": quote(quote(secret, safe=""), safe=""),
        "repr": repr(secret)[1:-1],
        "base64": b64encode(secret.encode()).decode(),
        "base64 without padding": b64encode(secret.encode()).decode().rstrip("="),
        "base64 for urls": urlsafe_b64encode(secret.encode()).decode(),
        "basic": b64encode(pair).decode(),
        "basic for urls": urlsafe_b64encode(pair).decode(),
        "without spaces": secret.replace(" ", ""),
    }


@given(PHRASES, st.text("abcdefgh/:", max_size=6), st.text(max_size=20), st.text(max_size=20))
@example("<p&'\"/+%20=\\u0041>", "u", "", "")
def test_every_spelling_is_hidden(secret: str, user: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    for name, written in spellings(secret, user).items():
        shown = redactor.redact(f"{before} {written} {after}")
        assert written not in shown, name
        assert secret not in shown, name


@given(PHRASES, st.text(max_size=60))
def test_other_text_is_left_alone(secret: str, text: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    if not any(written in text for written in spellings(secret).values()):
        core = secret.strip()[:2]
        if core not in text and quote(core) not in text:
            assert redactor.redact(text) == text or "eyJ" in text or "%" in text


def test_a_key_of_several_lines_is_hidden_line_by_line() -> None:
    redactor = Redactor()
    redactor.add("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEH\n-----END")
    shown = redactor.redact("key MIGHAgEAMBMGByqGSM49 and AgEGCCqGSM49AwEH")
    assert shown == "key *** and ***"


def test_a_token_that_was_never_told_is_known_by_its_shape() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhbmEifQ.c2lnbmF0dXJl"
    assert Redactor().redact(f"Ghost {token}!") == "Ghost ***!"


def test_an_empty_secret_hides_nothing() -> None:
    redactor = Redactor()
    for nothing in ("", " ", "\n"):
        redactor.add(nothing)
    assert redactor.redact("who is there") == "who is there"


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    redactor = Redactor()
    redactor.add("sesame-open")
    redactor.add("sesame-open-wide-7731")
    assert redactor.redact("x sesame-open-wide-7731 y") == "x *** y"


class Listening(logging.Handler):
    """Formats everything that is logged anywhere."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def listening() -> Iterator[list[str]]:
    root, handler = logging.getLogger(), Listening()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@given(
    secret=SECRETS,
    status=st.sampled_from([200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503]),
    spelling=st.sampled_from(sorted(spellings("x"))),
    shape=st.sampled_from(["json", "html", "text", "broken", "error list", "cut"]),
    basic=st.booleans(),
    mapped=st.booleans(),
)
def test_no_error_log_or_reply_shows_a_secret_that_a_server_echoes(
    secret: str, status: int, spelling: str, shape: str, basic: bool, mapped: bool
) -> None:
    written = spellings(secret)[spelling]
    sent = secret if spelling.startswith(("html", "json", "repr")) else written

    def answering(request: httpx.Request) -> httpx.Response:
        body = {
            "json": json.dumps({"message": f"no {written} here", "code": written}),
            "html": f"<html><title>{written}</title>{written}</html>",
            "text": f"{written} " * 40,
            "broken": '{"message": "' + written,
            "error list": json.dumps({"errors": [{"message": written, "code": written}]}),
            "cut": "x" * (190 - len(written) // 2) + written,
        }[shape]
        if shape == "broken" and status == 400:
            raise httpx.LocalProtocolError(f"Illegal header value b'{written}'", request=request)
        headers = {"Location": f"https://elsewhere.example/{quote(sent)}"}
        return httpx.Response(status, content=body.encode(), headers=headers)

    def error(reply: Reply, tried: str) -> MartechError | None:
        return MartechError(tried, f"said {written}", written, written) if mapped else None

    redactor = Redactor()
    credentials = (
        Basic(username="ana", password="env:T_SECRET") if basic else Bearer(token="env:T_SECRET")
    )
    shown: list[str] = []
    with (
        patch.dict(os.environ, {"T_SECRET": secret}),
        listening() as lines,
        ApiClient(
            "https://crm.example",
            authentication(credentials, redactor=redactor),
            account="crm",
            redactor=redactor,
            error=error,
            clock=VirtualClock(),
            transport=httpx.MockTransport(answering),
        ) as client,
    ):
        for method in ("GET", "POST"):
            caught: BaseException | None = None
            try:
                # The first request only makes the secret known, as every real one does.
                reply = client.request(
                    method,
                    f"/users/{quote(sent, safe='')}",
                    tried=f"try {secret}",
                    params={"q": sent},
                )
                shown += [repr(reply), reply.text, reply.url, reply.words()]
                reply.json()
            except MartechError as raised:
                caught = raised
            while caught is not None:
                shown += [str(caught), repr(caught), str(vars(caught)), str(caught.args)]
                caught = caught.__cause__ or caught.__context__
    for text in [*shown, *lines]:
        assert secret not in text
        assert written not in text, text
        assert quote(sent, safe="") not in text


def test_half_a_secret_at_the_end_of_a_shortened_message_does_not_show() -> None:
    redactor = Redactor()
    redactor.add("correct-horse-battery-staple")
    content = ("x" * 185 + " correct-horse-battery-staple").encode()
    request = httpx.Request("GET", "https://crm.example")
    reply = Reply(request, 400, httpx.Headers(), content, tried="", redactor=redactor, writes=False)
    assert "corr" not in reply.words()


def test_the_libraries_below_log_without_secrets_as_long_as_any_client_is_open() -> None:
    redactor = Redactor()
    redactor.add("hunter2-hunter2")

    def client() -> ApiClient:
        transport = httpx.MockTransport(lambda _: httpx.Response(200))
        return ApiClient(
            "https://crm.example", None, account="crm", redactor=redactor, transport=transport
        )

    with listening() as lines, client() as lasting:
        client().close()
        lasting.get("/users", tried="list users", params={"key": "hunter2-hunter2"})
    text = "\n".join(lines)
    assert "hunter2" not in text
    assert "HTTP Request: GET https://crm.example/users?key=***" in text


def test_logged_exceptions_are_redacted_too() -> None:
    redactor = Redactor()
    redactor.add("hunter2-hunter2")
    try:
        raise ValueError("no hunter2-hunter2")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "got %s", ("hunter2-hunter2",), info)
    assert redactor.filter(record)
    assert record.exc_info is None, "a handler of its own could format it again"
    assert "hunter2" not in logging.Formatter().format(record)
    assert "ValueError: no ***" in logging.Formatter().format(record)


@pytest.mark.parametrize("size", [1_000, 100_000])
def test_redacting_takes_time_in_proportion(size: int) -> None:
    """A body of megabytes full of near misses must not hang the run."""
    redactor = Redactor()
    redactor.add("aaaaaaaaaaaaaaaaaaaaaaab")
    text = "a" * size
    assert redactor.redact(text) == text
