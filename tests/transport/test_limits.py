"""What servers say about their limits, in every dialect, on virtual time."""

import threading
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.errors import Denied, QuotaExhausted
from pulumi_martech.transport import Reply
from pulumi_martech.transport.limits import Budget, retry_after, spent
from tests.transport.support import VirtualClock

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "38"}, 38),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": formatdate(NOW + 90, usegmt=True)}, 90),
        ({"Retry-After": formatdate(NOW - 90, usegmt=True)}, 0),
        ({"X-RateLimit-Reset": str(int(NOW) + 45)}, 45),
        ({"X-RateLimit-Reset": "45"}, 45),
        ({"X-Ratelimit-Reset": str((int(NOW) + 7) * 1000)}, 7),
        ({"X-Ratelimit-Reset": str((int(NOW) - 7) * 1000)}, 0),
        ({"X-Rate-Limit-Reset": str(int(NOW) + 5)}, 5),
        ({"x-sib-ratelimit-reset": "600"}, 600),
        ({"X-Contentful-RateLimit-Reset": "3"}, 3),
        ({"X-Ratelimit-Auth-Token-Reset": str((int(NOW) + 9) * 1000)}, 9),
        ({"X-RateLimit-Reset": "2027-01-15T08:00:30Z"}, 30),
        ({"RateLimit-Reset": "12"}, 12),
        ({"RateLimit": "limit=100, remaining=0, reset=12"}, 12),
        ({"RateLimit": '"default";r=0;t=30'}, 30),
        ({"X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}, 10),
        ({"Retry-After": "5", "X-RateLimit-Reset": "60"}, 5),
        ({"Retry-After": "soon", "RateLimit-Reset": "4"}, 4),
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(httpx.Headers(headers), NOW) == seconds


def test_a_clock_that_is_off_does_no_harm() -> None:
    """The server's own Date is what its points in time are measured from."""
    date = formatdate(NOW, usegmt=True)
    for said in ({"X-RateLimit-Reset": str(int(NOW) + 45)}, {"Retry-After": formatdate(NOW + 45)}):
        assert retry_after(httpx.Headers({"Date": date, **said}), NOW - 86_400) == 45


@given(
    st.text(st.characters(codec="latin-1"), max_size=40),
    st.sampled_from(["Retry-After", "RateLimit", "X-RateLimit-Reset", "RateLimit-Remaining"]),
)
def test_any_nonsense_in_a_header_is_survived(value: str, name: str) -> None:
    headers = httpx.Headers([(name.encode(), value.encode("latin-1"))])
    wait = retry_after(headers, NOW)
    assert wait is None or wait >= 0
    assert spent(headers, NOW) >= 0


def test_the_last_call_of_a_window_holds_the_next_one_back(client_of: Callable[..., Any]) -> None:
    left = iter([2, 1, 0, 9])

    def answering(_: httpx.Request) -> httpx.Response:
        headers = {"RateLimit-Remaining": str(next(left)), "RateLimit-Reset": "20"}
        return httpx.Response(200, json=[], headers=headers)

    client = client_of(answering)
    for waited in (0, 0, 0, 20):
        client.get("/users", tried="list users")
        assert client.counts.waited == waited
    assert client.counts.retries == 0


def test_a_remaining_of_a_day_is_left_to_the_server(client_of: Callable[..., Any]) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "80000"}
    client = client_of(lambda _: httpx.Response(200, json=[], headers=headers))
    client.get("/users", tried="list users")
    client.get("/users", tried="list users")
    assert client.counts.waited == 0


def test_a_throttled_call_waits_as_long_as_it_is_told(client_of: Callable[..., Any]) -> None:
    answers = iter([httpx.Response(429, headers={"Retry-After": "38"}), httpx.Response(200)])
    client = client_of(lambda _: next(answers))
    client.post("/users", tried="create user ana")
    assert (client.counts.waited, client.counts.retries) == (38, 1)


def test_a_throttle_without_a_hint_backs_off(client_of: Callable[..., Any]) -> None:
    """Ghost and Strapi answer 429 with no Retry-After (real-servers, HubSpot, Bynder)."""
    answers = iter([httpx.Response(429, text="Too Many Requests")] * 3 + [httpx.Response(200)])
    client = client_of(lambda _: next(answers))
    client.get("/users", tried="list users")
    for slept, least in zip(client._clock.slept, (0.5, 1, 2), strict=True):
        assert least <= slept <= least + 0.5


def test_a_403_can_mean_quota(client_of: Callable[..., Any]) -> None:
    """Google answers `rateLimitExceeded` with 403 (_google-shared.md)."""
    body = {"error": {"errors": [{"reason": "rateLimitExceeded"}], "message": "Quota exceeded"}}

    def quota(reply: Reply) -> bool:
        return reply.status == 403 and "rateLimitExceeded" in reply.text

    answers = iter([httpx.Response(403, json=body), httpx.Response(200)])
    client = client_of(lambda _: next(answers), quota=quota)
    client.post("/users", tried="create user ana")
    assert client.counts.retries == 1

    client = client_of(
        lambda _: httpx.Response(403, json={"error": {"message": "No"}}), quota=quota
    )
    with pytest.raises(Denied, match=r"answered 403 \(No\)"):
        client.post("/users", tried="create user ana")
    assert client.counts.retries == 0


def test_an_exhausted_day_is_told_at_once_and_nothing_more_is_sent(
    client_of: Callable[..., Any],
) -> None:
    client = client_of(lambda _: httpx.Response(429, headers={"Retry-After": "40000"}))
    for _ in range(3):
        with pytest.raises(QuotaExhausted, match=r"in 40000 s|for another 40000 s") as caught:
            client.post("/users", tried="create user ana in account crm")
        assert caught.value.retry_after == 40_000
    assert client.counts.calls == {"POST": 1}
    assert client.counts.waited == 0
    client._clock.sleep(40_000)
    with pytest.raises(QuotaExhausted):
        client.post("/users", tried="create user ana in account crm")
    assert client.counts.calls == {"POST": 2}


def test_one_threads_throttle_holds_all_threads_back(client_of: Callable[..., Any]) -> None:
    lock = threading.Lock()
    calls: list[float] = []
    throttled = threading.Event()

    def answering(request: httpx.Request) -> httpx.Response:
        with lock:
            calls.append(client._clock.passed)
            if not throttled.is_set():
                throttled.set()
                return httpx.Response(429, headers={"Retry-After": "10"})
        return httpx.Response(200, json=[])

    client = client_of(answering)
    first = threading.Thread(target=lambda: client.get("/users", tried="list users"))
    first.start()
    throttled.wait(5)
    first.join()
    client.get("/users", tried="list users")
    assert calls[0] == 0
    assert all(moment >= 10 for moment in calls[1:])


@given(
    per_second=st.floats(0.01, 50, allow_nan=False),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_a_budget_never_lets_more_through_than_its_rate(
    per_second: float, pauses: list[float]
) -> None:
    clock = VirtualClock()
    budget = Budget(per_second, clock)
    burst = max(1, int(per_second))
    went: list[float] = []
    for pause in pauses:
        clock.sleep(pause)
        while wait := budget.turn():
            assert wait > 0
            clock.sleep(wait)
        went.append(clock.passed)
    for i, start in enumerate(went):
        for n, end in enumerate(went[i:], start=1):
            assert n <= burst + (end - start + 0.002) * per_second * 1.001 + 1e-6


def test_a_budget_lets_a_burst_of_one_second_through_and_then_its_rate() -> None:
    clock = VirtualClock()
    budget = Budget(4, clock)
    for _ in range(12):
        while wait := budget.turn():
            clock.sleep(wait)
    assert clock.passed == pytest.approx(2, abs=0.02)


def test_no_rate_of_ours_means_no_waiting() -> None:
    budget = Budget(None, VirtualClock())
    assert not any(budget.turn() for _ in range(1_000))
