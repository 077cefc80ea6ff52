"""What is sent again, and what is never sent twice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    MartechError,
    NotThere,
    QuotaExhausted,
    Refused,
    Uncertain,
    Unreachable,
)
from pulumi_martech.transport import ApiClient, Redactor, Reply
from tests.transport.support import VirtualClock

CREATE = "create user ana in account crm"


@dataclass(frozen=True)
class Move:
    """One way a server can treat a request, and whether it carried the request out."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"
    failure: type[httpx.RequestError] | None = None
    done: bool = False


HARMLESS = [
    Move(400),
    Move(401),
    Move(403),
    Move(404),
    Move(409),
    Move(422, body=b"<html>"),
    Move(429),
    Move(429, (("Retry-After", "2"),)),
    Move(429, (("Retry-After", "90000"),)),
    Move(501),
    Move(503, (("Retry-After", "1"),)),
    Move(308, (("Location", "/elsewhere"),)),
    Move(failure=httpx.ConnectError),
    Move(failure=httpx.ConnectTimeout),
    Move(failure=httpx.PoolTimeout),
]
"""Moves after which a client may know that nothing was carried out."""

DOUBTFUL = [
    Move(status, failure=failure, done=done)
    for done in (False, True)
    for status, failure in [
        (500, None),
        (502, None),
        (503, None),
        (504, None),
        (520, None),
        (303, None),
        (0, httpx.ReadTimeout),
        (0, httpx.ReadError),
        (0, httpx.WriteError),
        (0, httpx.WriteTimeout),
        (0, httpx.RemoteProtocolError),
    ]
]
"""Moves after which nobody but the server knows."""

DONE = [Move(201, done=True), Move(200, done=True, body=b"x" * 2_000), Move(204, done=True)]


class Server:
    """Plays moves, the last one again and again, and counts what it carried out."""

    def __init__(self, moves: list[Move]) -> None:
        self.moves, self.sent, self.done = moves, 0, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        move = self.moves[min(self.sent, len(self.moves) - 1)]
        self.sent += 1
        self.done += move.done
        if move.failure:
            raise move.failure("", request=request)
        headers = list(move.headers) + ([("Location", "/x")] if move.status == 303 else [])
        return httpx.Response(move.status, headers=headers, content=move.body)


def call(server: Server, **more: Any) -> tuple[Reply | MartechError, VirtualClock, ApiClient]:
    clock = VirtualClock()
    with ApiClient(
        "https://crm.example",
        None,
        account="crm",
        redactor=Redactor(),
        max_bytes=1_000,
        clock=clock,
        transport=httpx.MockTransport(server),
    ) as client:
        try:
            return client.request(tried=CREATE, path="/users", **more), clock, client
        except MartechError as error:
            return error, clock, client


@given(st.lists(st.sampled_from(HARMLESS + DOUBTFUL + DONE), min_size=1, max_size=8))
def test_no_unsafe_request_is_sent_again_after_it_may_have_been_carried_out(
    moves: list[Move],
) -> None:
    server = Server(moves)
    outcome, clock, client = call(server, method="POST", json={"login": "ana"})

    doubtful = [i for i in range(server.sent) if moves[min(i, len(moves) - 1)] in DOUBTFUL + DONE]
    assert doubtful in ([], [server.sent - 1]), "sent on after a doubtful move"
    assert server.done <= 1
    assert doubtful or not isinstance(outcome, Uncertain), "in doubt without a reason"
    if isinstance(outcome, Reply):
        assert server.done == 1
    elif not isinstance(outcome, Uncertain):
        assert server.done == 0, f"{outcome!r} says that nothing was done"
    assert server.sent <= 5
    assert clock.passed <= 120
    assert client.counts.calls == {"POST": server.sent}
    assert client.counts.retries == server.sent - 1
    assert client.counts.waited == pytest.approx(clock.passed)


@given(
    st.lists(st.sampled_from(HARMLESS + DOUBTFUL + DONE), min_size=1, max_size=8),
    st.sampled_from(["PUT", "DELETE", "PATCH"]),
)
def test_a_repeatable_write_never_says_that_nothing_was_done_when_it_was(
    moves: list[Move], method: str
) -> None:
    server = Server(moves)
    outcome, clock, _ = call(server, method=method, json={}, safe=True)
    if isinstance(outcome, Reply):
        assert server.done
    elif not isinstance(outcome, Uncertain | NotThere | AlreadyExists):
        assert server.done == 0, f"{outcome!r} says that nothing was done"
    assert server.sent <= 5
    assert clock.passed <= 120


@given(st.lists(st.sampled_from(HARMLESS + DOUBTFUL + DONE), min_size=1, max_size=8))
def test_reading_is_never_uncertain(moves: list[Move]) -> None:
    for more in ({"method": "GET"}, {"method": "POST", "read": True}):
        outcome, _, _ = call(Server(moves), **more)
        assert not isinstance(outcome, Uncertain | AlreadyExists)


@pytest.mark.parametrize("move", DOUBTFUL)
def test_a_create_after_a_doubtful_move_is_uncertain_at_once(move: Move) -> None:
    server = Server([move, Move(201, done=True)])
    outcome, clock, _ = call(server, method="POST")
    assert isinstance(outcome, Uncertain)
    assert "it may have been carried out; read before repeating it" in str(outcome)
    assert server.sent == 1
    assert clock.passed == 0


@pytest.mark.parametrize(
    "move",
    [
        Move(429),
        Move(503, (("Retry-After", "1"),)),
        Move(failure=httpx.ConnectError),
        Move(failure=httpx.ConnectTimeout),
        Move(failure=httpx.PoolTimeout),
    ],
)
def test_a_create_that_was_surely_not_done_is_sent_again(move: Move) -> None:
    server = Server([move, move, Move(201, done=True)])
    outcome, _, _ = call(server, method="POST")
    assert isinstance(outcome, Reply)
    assert (server.sent, server.done) == (3, 1)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_reading_goes_on_after_server_errors(status: int) -> None:
    server = Server([Move(status)] * 4 + [Move(200)])
    outcome, clock, _ = call(server, method="GET")
    assert isinstance(outcome, Reply)
    first, *_, last = clock.slept
    assert 0.5 <= first <= 1.0
    assert 4.0 <= last <= 4.5


def test_reading_ends_with_the_servers_words_when_errors_go_on() -> None:
    outcome, _, _ = call(
        Server([Move(502, body=b"<html><title>Bad gateway</title>")]), method="GET"
    )
    assert isinstance(outcome, Refused)
    assert outcome.status == 502
    assert "an HTML page, title 'Bad gateway'" in str(outcome)


def test_a_repeat_that_is_refused_does_not_hide_what_came_before() -> None:
    moves = [Move(failure=httpx.ReadTimeout, done=True), Move(403)]
    outcome, _, _ = call(Server(moves), method="PUT", safe=True)
    assert isinstance(outcome, Uncertain)
    assert "did not answer in time; then: the server answered 403" in str(outcome)


def test_a_repeated_delete_that_finds_nothing_is_not_there() -> None:
    moves = [Move(failure=httpx.ReadTimeout, done=True), Move(404)]
    outcome, _, _ = call(Server(moves), method="DELETE", safe=True)
    assert isinstance(outcome, NotThere)


def test_not_implemented_is_told_at_once() -> None:
    outcome, clock, _ = call(Server([Move(501)]), method="DELETE", safe=True)
    assert type(outcome) is Refused
    assert clock.passed == 0


def test_the_platform_reads_its_own_500_before_it_counts_as_a_server_error() -> None:
    """WordPress answers a duplicate with 500 `existing_user_login` (wordpress.md [S])."""
    body = b'{"code": "existing_user_login", "message": "Sorry, that username already exists!"}'
    server = Server([Move(500, body=body)])

    def error(reply: Reply, tried: str) -> MartechError | None:
        if reply.json()["code"] == "existing_user_login":
            return AlreadyExists(tried, reply.words(), status=reply.status, code=reply.code())
        return None

    with ApiClient(
        "https://blog.example",
        None,
        account="blog",
        redactor=Redactor(),
        error=error,
        transport=httpx.MockTransport(server),
    ) as client:
        with pytest.raises(AlreadyExists, match="that username already exists") as caught:
            client.put("/users", tried=CREATE, safe=True)
        assert (caught.value.status, caught.value.code) == (500, "existing_user_login")
        assert server.sent == 1
        server.moves = [Move(500, body=b"<html><title>There has been a critical error")]
        with pytest.raises(Uncertain, match="an HTML page"):
            client.post("/users", tried=CREATE)


def test_a_success_that_reports_a_failure_in_its_body() -> None:
    """Some platforms answer 200 with an error code inside (traps-b §2.4)."""
    bodies = [b'{"code": 40100}', b'{"code": 40002, "message": "no such role"}']
    server = Server([Move(200, body=body) for body in bodies])
    clock = VirtualClock()
    with ApiClient(
        "https://ads.example",
        None,
        account="ads",
        redactor=Redactor(),
        failure=lambda reply: reply.json()["code"] != 0,
        quota=lambda reply: reply.json()["code"] == 40100,
        clock=clock,
        transport=httpx.MockTransport(server),
    ) as client:
        with pytest.raises(Refused, match=r"answered 200 \(no such role\); nothing was done"):
            client.post("/users", tried=CREATE)
        assert client.counts.retries == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Denied), (403, Denied), (404, NotThere), (410, NotThere), (409, AlreadyExists)],
)
def test_statuses_have_their_errors(status: int, kind: type[Refused]) -> None:
    body = b'{"message": "no", "code": "x1"}'
    outcome, _, _ = call(Server([Move(status, body=body)]), method="POST")
    assert type(outcome) is kind
    assert (outcome.status, outcome.code) == (status, "x1")  # type: ignore[attr-defined]
    assert str(outcome).startswith(f"{CREATE}: the server answered {status} (no); ")


def test_reading_and_writing_have_their_own_credentials(client_of: Callable[..., Any]) -> None:
    seen: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.headers['Authorization'][-4:]}")
        return httpx.Response(200, json={})

    writer, reader = httpx.BasicAuth("w", "1"), httpx.BasicAuth("r", "1")
    client = client_of(answering, writer, read_auth=reader)
    client.get("/users", tried="list users")
    client.post("/users/.search", tried="list users", read=True)
    client.post("/users", tried=CREATE)
    ends = [auth._auth_header[-4:] for auth in (reader, reader, writer)]
    assert seen == [f"{m} {end}" for m, end in zip(("GET", "POST", "POST"), ends, strict=True)]


def test_the_deadline_is_for_all_attempts_together(client_of: Callable[..., Any]) -> None:
    def answering(request: httpx.Request) -> httpx.Response:
        clock.sleep(30)
        raise httpx.ReadTimeout("", request=request)

    client = client_of(answering, deadline=70)
    clock = client._clock
    with pytest.raises(Unreachable, match="did not answer in time"):
        client.get("/users", tried="list users")
    assert client.counts.calls == {"GET": 3}


def test_waiting_for_our_own_rate_is_not_counted_against_the_deadline(
    client_of: Callable[..., Any],
) -> None:
    client = client_of(lambda _: httpx.Response(200, json=[]), per_second=0.01, deadline=30)
    for _ in range(5):
        client.get("/users", tried="list users")
    assert client.counts.waited == pytest.approx(400, abs=1)


def test_quota_is_told_when_repeats_do_not_help(client_of: Callable[..., Any]) -> None:
    client = client_of(lambda _: httpx.Response(429, json={"message": "slow down"}))
    with pytest.raises(QuotaExhausted, match=r"too many calls \(answered 429: slow down\)"):
        client.post("/users", tried=CREATE)
    assert client.counts.calls == {"POST": 5}
