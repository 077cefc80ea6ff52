"""What can go wrong between a client and a platform, and when it does."""

import fnmatch
import json
import random
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from pydantic import Field

from pulumi_martech.model.values import Frozen

FaultKind = Literal[
    "status", "latency", "cut", "dropped", "short", "endless", "html", "truncated", "large", "omit"
]


class Fault(Frozen):
    """One thing that goes wrong for matching requests to a tenant.

    * ``status``: answers ``status`` (429, 500, 503 ...), with ``retry_after`` seconds in the form
      ``retry_after_form`` where given; ``when`` "after": although the request was carried out.
    * ``latency``: the answer comes ``seconds`` late; ``when`` "before": so is what was asked for,
      "after": that is done at once.
    * ``cut``: the connection is closed ``when`` "before" the request is carried out, "after" it
      was and before an answer, or "during" the answer.
    * ``dropped``: the platform answers as if it had done it, and did nothing.
    * ``short``: a listing shows its first ``keep`` records only, and says that is all.
    * ``endless``: a listing always has a next page; past its end it begins again.
    * ``html``: the answer is an HTML page with ``status`` (200 if that is what is asked).
    * ``truncated``: the JSON of the answer stops half-way; ``large``: it has ``size`` bytes.
    * ``omit``: the first record of the answer lacks ``fields``.

    A fault strikes requests whose method is in ``method`` (``"POST|PATCH"``, ``"*"``) and whose
    path below the tenant matches the pattern ``path`` (``"*/Users*"``): not the first ``skip`` of
    them, then ``times`` of them (``None``: all), each with ``probability`` drawn from ``seed``.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=1, ge=1)
    probability: float = Field(default=1.0, gt=0, le=1)
    seed: int = 0
    status: int = 503
    retry_after: int | None = None
    retry_after_form: Literal["seconds", "date"] = "seconds"
    seconds: float = 0
    when: Literal["before", "during", "after"] = "before"
    keep: int = 0
    size: int = 10 * 2**20
    fields: tuple[str, ...] = ("email", "emails")

    def matches(self, method: str, path: str) -> bool:
        """Tell whether the fault is meant for such a request."""
        methods = self.method.split("|")
        return ("*" in methods or method in methods) and fnmatch.fnmatchcase(path, self.path)

    def headers(self) -> dict[str, str]:
        """Return the headers of a ``status`` answer."""
        if self.retry_after is None:
            return {}
        if self.retry_after_form == "seconds":
            return {"Retry-After": str(self.retry_after)}
        when = datetime.now(UTC) + timedelta(seconds=self.retry_after)
        return {"Retry-After": format_datetime(when, usegmt=True)}


class _Armed:
    """A fault with what it has still to do."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.skip, self.left = fault.skip, fault.times
        # Chance with a seed is repeatable on purpose.
        self.chance = random.Random(fault.seed)  # noqa: S311

    def strikes(self, method: str, path: str) -> bool:
        if self.left == 0 or not self.fault.matches(method, path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.chance.random() >= self.fault.probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The faults armed for one tenant; they do not outlive the sandbox's process."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def arm(self, fault: Fault) -> None:
        """Let ``fault`` strike from now on, after those that were armed before it."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._armed.clear()

    def striking(self, method: str, path: str) -> dict[FaultKind, Fault]:
        """Return the faults that strike this request, one of a kind at most, the oldest first."""
        struck: dict[FaultKind, Fault] = {}
        with self._lock:
            for armed in self._armed:
                if armed.fault.kind not in struck and armed.strikes(method, path):
                    struck[armed.fault.kind] = armed.fault
        return struck


HTML = b"""<!DOCTYPE html>
<html><head><title>Service temporarily unavailable</title></head>
<body><h1>Please stand by</h1><p>We are working on it.</p></body></html>
"""


def spoil(content: bytes, struck: dict[FaultKind, Fault]) -> bytes:
    """Return the JSON ``content`` of an answer as the faults of its content leave it."""
    if "omit" in struck:
        content = _omit(content, struck["omit"].fields)
    if "truncated" in struck:
        content = content[: len(content) * 2 // 3]
    if "large" in struck:
        content += b" " * max(0, struck["large"].size - len(content))
    return content


def _omit(content: bytes, fields: tuple[str, ...]) -> bytes:
    """Take ``fields`` from the first record of a JSON answer."""
    try:
        value: Any = json.loads(content)
    except ValueError:
        return content
    records = value if isinstance(value, list) else value.get("Resources", [value])
    for record in records[:1]:
        for name in fields:
            record.pop(name, None)
    return json.dumps(value).encode()
