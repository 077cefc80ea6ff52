"""Rate limits: what a server says about them, and the budget that one account has.

Families of headers that are understood (the sheets named have the facts):

* ``Retry-After`` in seconds or as a date (scim [S], storyblok, adobe);
* ``X-RateLimit-Remaining/Reset`` and their vendor spellings, such as
  ``x-sib-ratelimit-reset`` (brevo), ``X-Contentful-RateLimit-Reset``,
  ``X-Ratelimit-Route-Remaining`` (launchdarkly), ``X-Rate-Limit-Reset``; a reset is seconds from
  now, or an epoch in seconds (sendgrid) or milliseconds (launchdarkly), which may have passed;
* ``RateLimit-Remaining/Reset`` and ``RateLimit`` of the IETF drafts in both notations
  (``limit=9, remaining=0, reset=5`` and ``"default";r=0;t=5``), seconds from now;
* ``X-HubSpot-RateLimit-Interval-Milliseconds`` (hubspot).
"""

import re
import threading
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx
from pyrate_limiter import Decision, Rate, RateItem, StateBucket, TokenBucket

from pulumi_martech.transport.clock import Clock

_FIELD = re.compile(
    r"(?:x-)?(?:[a-z]+-)?rate-?limit-(?:[a-z-]+-)?(remaining|reset|interval-milliseconds)"
)
_IETF = re.compile(r"\b(remaining|reset|r|t)=(\d+)")
_EPOCH_SECONDS, _EPOCH_MILLISECONDS = 1e9, 1e11
"""A reset above these is a point in time, not a number of seconds to wait."""


def retry_after(headers: httpx.Headers, now: float) -> float | None:
    """Return how many seconds a throttled caller has to wait, ``None`` if the server did not say.

    Args:
        headers: of the answer that refused.
        now: our time of day; the answer's own ``Date`` is used instead where it has one, so that
            a clock that is off on one side does no harm.
    """
    server_now = _server_time(headers, now)
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", said):
        return float(said)
    if (moment := _date(said)) is not None:
        return max(0.0, moment - server_now)
    resets = _fields(headers)["reset"]
    if resets:
        return max(_seconds(reset, server_now) for reset in resets)
    intervals = _fields(headers)["interval-milliseconds"]
    return max(intervals) / 1000 if intervals else None


def spent(headers: httpx.Headers, now: float) -> float:
    """Return how many seconds to hold the next call back, as this answer took the last one left."""
    fields = _fields(headers)
    if not fields["remaining"] or min(fields["remaining"]) > 0:
        return 0.0
    return retry_after(headers, now) or 0.0


def _fields(headers: httpx.Headers) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"remaining": [], "reset": [], "interval-milliseconds": []}
    for name, value in headers.multi_items():
        if name.lower() == "ratelimit":
            for key, number in _IETF.findall(value):
                found["remaining" if key in ("r", "remaining") else "reset"].append(float(number))
        elif match := _FIELD.fullmatch(name.lower()):
            number = _number(value)
            if number is not None:
                found[match[1]].append(number)
    return found


def _number(value: str) -> float | None:
    """Return a number, or a moment as an epoch; a list of policies counts by its first."""
    if number := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:[;,].*)?", value):
        return float(number[1])
    try:
        return datetime.fromisoformat(value.strip()).timestamp()
    except ValueError:
        return _date(value)


def _seconds(reset: float, now: float) -> float:
    if reset > _EPOCH_MILLISECONDS:
        reset /= 1000
    return max(0.0, reset - now) if reset > _EPOCH_SECONDS else reset


def _server_time(headers: httpx.Headers, now: float) -> float:
    moment = _date(headers.get("date", ""))
    return now if moment is None else moment


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


class Budget:
    """The calls one account may make: a token bucket of ours, and pauses the server asked for.

    Safe to share between threads.

    Args:
        per_second: calls a second, ``None`` for no limit of ours. Up to one second's worth (at
            least one call) may go at once.
        clock: where time comes from.
    """

    def __init__(self, per_second: float | None, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._closed_until = 0.0
        self._bucket: StateBucket | None = None
        if per_second:
            rate = Rate(1000, round(1_000_000 / per_second), burst=max(1, int(per_second)))
            self._bucket = StateBucket([rate], TokenBucket())

    def turn(self) -> float:
        """Take a turn of our own rate; return 0, or the seconds to wait before asking again."""
        if self._bucket is None:
            return 0.0
        now = int(self._clock.monotonic() * 1000)
        with self._lock:
            decision = self._bucket.put_decision(RateItem("call", now))
        assert isinstance(decision, Decision)  # noqa: S101  (awaitable only in async stores)
        return 0.0 if decision.allowed else (decision.retry_after_ms or 1) / 1000

    def closed_for(self) -> float:
        """Return for how many seconds the server wants no call of this account."""
        return max(0.0, self._closed_until - self._clock.monotonic())

    def close_for(self, seconds: float) -> None:
        """Hold back all calls of this account."""
        with self._lock:
            until = self._clock.monotonic() + seconds
            self._closed_until = max(self._closed_until, until)
