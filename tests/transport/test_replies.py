"""What an answer is worth, and how it is told."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from pulumi_martech.model.errors import InvalidDeclaration, Malformed, Uncertain
from pulumi_martech.transport import ApiClient, Redactor, Reply

HTML = b"<!DOCTYPE html>\n<html><head><title>Log in &amp; wait</title></head><body>...</body>"


def reply(content: bytes, status: int = 200, *, writes: bool = False, **headers: str) -> Reply:
    return Reply(
        httpx.Request("POST" if writes else "GET", "https://crm.example/api/users?page=1"),
        status,
        httpx.Headers(headers),
        content,
        tried="list users",
        redactor=Redactor(),
        writes=writes,
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty body where JSON was expected"),
        (b" \n", "an empty body where JSON was expected"),
        (HTML, "an HTML page, title 'Log in & wait' where JSON was expected"),
        (b'{"a": [1, 2', "11 bytes that are no whole JSON"),
        (b"\xff\xfe\x00", "3 bytes that are no whole JSON"),
        (b"[" * 200_000, "200000 bytes that are no whole JSON"),
        (b"Bad \x1b[31mred\x07 \xe2\x80\xae text", r"\('Bad \[31mred text'\)"),
    ],
)
def test_a_body_that_is_no_json(content: bytes, said: str) -> None:
    with pytest.raises(Malformed, match=f"list users: GET .* answered 200 with .*{said}"):
        reply(content).json()
    with pytest.raises(Uncertain, match="may have been carried out; read before repeating it"):
        reply(content, writes=True).json()
    with pytest.raises(Malformed):
        reply(content, 500, writes=True).json()


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "application/scim+json"])
def test_json_is_json_whatever_it_is_called(kind: str) -> None:
    assert reply(b'\xef\xbb\xbf{"a": 1}', **{"Content-Type": kind}).json() == {"a": 1}


@pytest.mark.parametrize(
    ("body", "words", "code"),
    [
        (b'{"code": "rest_forbidden", "message": "Sorry", "data": {}}', "Sorry", "rest_forbidden"),
        (
            b'{"detail": "exists", "scimType": "uniqueness", "status": "409"}',
            "exists",
            "uniqueness",
        ),
        (b'{"error": {"code": 403, "message": "quota"}}', "quota", ""),
        (b'{"errors": [{"message": "no such role", "code": "E7"}]}', "no such role", "E7"),
        (b'[{"errorCode": "DUPLICATE", "message": "dup"}]', "dup", "DUPLICATE"),
        (b"plain words", "plain words", ""),
        (HTML, "an HTML page, title 'Log in & wait'", ""),
        (b"x" * 500, "x" * 197 + "...", ""),
        (b"", "", ""),
        (b"3", "3", ""),
    ],
)
def test_the_platforms_own_words(body: bytes, words: str, code: str) -> None:
    assert (reply(body, 400).words(), reply(body, 400).code()) == (words, code)


def test_links() -> None:
    header = '<https://a.example/?x=1,2;3>; rel="last", </b>; REL=next; title="a; b, c"'
    assert reply(b"", Link=header).link("next") == "https://crm.example/b"
    assert reply(b"", Link=header).link("last") == "https://a.example/?x=1,2;3"
    assert reply(b"", Link=header).link("prev") is None
    assert reply(b"").link("next") is None


def test_a_reply_shows_its_size_and_not_its_content() -> None:
    shown = repr(reply(b"who is who"))
    assert shown == "Reply(GET https://crm.example/api/users?page=1 -> 200, 10 bytes)"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://crm.example", "http://crm.example is not encrypted"),
        ("http://localhost.evil.example", "is not encrypted"),
        ("http://127.0.0.1.evil.example", "is not encrypted"),
        ("https://ana:hunter2@crm.example", "contains a user name or password"),
        ("ftp://crm.example", "is no http or https address"),
        ("crm.example", "is no http or https address"),
        ("https://", "is no http or https address"),
        ("https://crm.example:port", "is no address"),
    ],
)
def test_addresses_that_no_credential_goes_to(url: str, said: str) -> None:
    with pytest.raises(InvalidDeclaration, match=f"use account crm: .*{said}") as caught:
        ApiClient(url, None, account="crm", redactor=Redactor())
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "[::1]", "a.localhost"])
def test_loopback_needs_no_encryption(host: str) -> None:
    ApiClient(f"http://{host}:1", None, account="crm", redactor=Redactor()).close()


@pytest.mark.parametrize(
    ("path", "params", "address"),
    [
        ("/users", None, "https://crm.example/api/users"),
        ("users/", {"page": 2}, "https://crm.example/api/users/?page=2"),
        ("users?a=1", {"b": ["x y", "&"]}, "https://crm.example/api/users?a=1&b=x+y&b=%26"),
        ("", None, "https://crm.example/api"),
        ("users/a%2Fb", None, "https://crm.example/api/users/a%2Fb"),
        ("https://crm.example:443/api/users?page=2", None, "https://crm.example/api/users?page=2"),
    ],
)
def test_paths_are_joined_to_the_base(
    path: str, params: Any, address: str, client_of: Callable[..., Any]
) -> None:
    asked: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    client_of(answering).get(path, tried="x", params=params)
    assert asked == [address]


@pytest.mark.parametrize("path", ["/users/..", "users/../../admin", "./x", "/users/a\x00b"])
def test_an_identifier_cannot_leave_the_base_path(path: str, client_of: Callable[..., Any]) -> None:
    client = client_of(lambda _: httpx.Response(200))
    with pytest.raises(InvalidDeclaration, match="nothing was sent"):
        client.delete(path, tried="remove user")
    assert client.counts.total == 0
