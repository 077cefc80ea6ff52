"""Recorded HTTP holds no secret, and replays without one."""

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import vcr
from vcr.request import Request

from pulumi_martech.model.account import Basic, OAuth2Client
from pulumi_martech.transport import ApiClient, Redactor, authentication
from pulumi_martech.transport.recording import scrub_request, scrub_response
from tests.transport.support import answer, serving

SECRET = "hunter2-Hunter2"

RECORDER = vcr.VCR(
    before_record_request=scrub_request,
    before_record_response=scrub_response,
    decode_compressed_response=True,
    match_on=["method", "path", "query", "body"],
)


def response(body: bytes, **headers: str) -> dict[str, Any]:
    return {"headers": {k: [v] for k, v in headers.items()}, "body": {"string": body}}


def test_a_recording_holds_no_secret_and_replays_without_the_server(tmp_path: Path) -> None:
    body = json.dumps({"id": 7, "password": SECRET, "items": [{"api_key": SECRET}], "n": "ana"})
    tape = tmp_path / "create.yaml"

    def create(url: str) -> Any:
        redactor = Redactor()
        auth = authentication(Basic(username="ana", password="env:T"), redactor=redactor)
        with ApiClient(url, auth, account="crm", redactor=redactor) as client:
            json_ = {"login": "ana", "password": SECRET}
            return client.post("/users", tried="x", json=json_, params={"token": SECRET}).json()

    with patch.dict(os.environ, {"T": SECRET}), serving(answer(body.encode())) as wire:
        url = wire.url
        with RECORDER.use_cassette(str(tape), record_mode="once"):
            create(url)
        assert SECRET.encode() in wire.requests[0].body, "what is sent is left alone"
    text = tape.read_text()
    for written in (SECRET, "aHVudGVyMi", "YW5hOmh1bnRlcjI"):
        assert written not in text
    with (
        patch.dict(os.environ, {"T": "no secret at all"}),
        RECORDER.use_cassette(str(tape), record_mode="none") as played,
    ):
        assert create(url)["n"] == "ana"
        assert played.all_played


def test_a_recorded_token_exchange_holds_no_token(tmp_path: Path) -> None:
    redactor = Redactor()
    tokens = answer(json.dumps({"access_token": SECRET, "token_type": "Bearer"}).encode())
    with serving(tokens) as wire, patch.dict(os.environ, {"T": "client-" + SECRET}):
        credentials = OAuth2Client(
            token_url=f"{wire.url}/token", client_id="m", client_secret="env:T"
        )
        auth = authentication(credentials, redactor=redactor)
        with (
            RECORDER.use_cassette(str(tmp_path / "t.yaml"), record_mode="once"),
            ApiClient(wire.url, auth, account="crm", redactor=redactor) as client,
        ):
            client.get("/users", tried="x")
    text = (tmp_path / "t.yaml").read_text()
    assert SECRET not in text
    assert "token_type" in text
    assert "client_credentials" in text


@pytest.mark.parametrize(
    "body",
    [
        '{"Operations": [{"op": "replace", "path": "password", "value": "S"}]}',
        '{"credentials": {"provider": {"type": "S"}, "password": {"value": "S"}}}',
        '{"tokens": ["S", "S"]}',
        '{"client_secret": "S"}',
        "grant_type=client_credentials&client_secret=S&x=1",
        '{"jwt": "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhbmEifQ.S"}',
    ],
)
def test_secrets_in_bodies(body: str) -> None:
    written = body.replace("S", SECRET)
    request = scrub_request(Request("POST", "https://ana:S@crm.example/x?key=1", written, {}))
    assert SECRET not in request.body.decode()
    assert request.uri == "https://crm.example/x?key=1"
    assert SECRET not in scrub_response(response(written.encode()))["body"]["string"].decode()


@pytest.mark.parametrize(
    "body",
    [
        b'{"nextPageToken":  "abc", "page_token": "d", "token_type": "Bearer", "token_count": 3}',
        b'{"password": "", "password_set": true, "needsPassword": false}',
        b"<html>password=x</html>",
        b"\xff\xfe no text",
        b"",
    ],
)
def test_what_is_no_secret_is_kept_to_the_byte(body: bytes) -> None:
    assert scrub_response(response(body))["body"]["string"] == body


def test_headers_that_carry_secrets() -> None:
    headers = {
        "Authorization": "S",
        "X-WP-Nonce": "S",
        "Set-Cookie": "S",
        "X-Api-Key": "S",
        "X-Auth-Token": "S",
        "X-WP-Total": "7",
        "Content-Length": "99",
    }
    scrubbed = scrub_response(response(b'{"secret": "x"}', **headers))
    assert scrubbed["headers"] == {
        **{name: ["***"] for name in headers},
        "X-WP-Total": ["7"],
        "Content-Length": [str(len(b'{"secret": "***"}'))],
    }
    bearer = Request("GET", "https://crm.example/x", None, {"Authorization": "Bearer S", "A": "b"})
    assert dict(scrub_request(bearer).headers) == {"Authorization": "***", "A": "b"}
