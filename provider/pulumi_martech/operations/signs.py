"""What the files and answers of an account give away about it, for the doctor."""

import contextlib
import re
import stat
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from pulumi_martech.model.account import Basic, Bearer, ByHand, Credentials, OAuth2Client
from pulumi_martech.project import project


def reference_of(credentials: Credentials) -> str:
    """Return the reference to the secret in ``credentials``; empty where a person works by hand."""
    if isinstance(credentials, Bearer):
        return credentials.token
    if isinstance(credentials, Basic):
        return credentials.password
    if isinstance(credentials, OAuth2Client):
        return credentials.client_secret
    return "" if isinstance(credentials, ByHand) else credentials.key


_LEFT = re.compile(r"(?:x-)?(?:[a-z]+-)?rate-?limit-(?:[a-z-]+-)?(remaining|limit)")
_IETF = re.compile(r"\b(?:remaining|r)=(\d+)")


def budget(heard: Sequence[httpx.Headers]) -> tuple[float | None, float | None]:
    """Return how many calls are left and of how many, by the last answer that says so.

    The tightest counts where an answer names several limits (transport.limits has the families).
    """
    for headers in reversed(heard):
        left: list[float] = []
        limit: list[float] = []
        for name, value in headers.multi_items():
            if name.lower() == "ratelimit":
                left += [float(number) for number in _IETF.findall(value)]
            elif match := _LEFT.fullmatch(name.lower()):
                number = re.match(r"\s*(\d+)", value)
                if number:
                    (left if match[1] == "remaining" else limit).append(float(number[1]))
        if left:
            return min(left), limit[left.index(min(left))] if len(limit) == len(left) else None
    return None, None


def open_to_others(reference: str) -> str:
    """Return in words that a file with a secret can be read by others, else an empty string."""
    kind, _, name = reference.partition(":")
    if kind != "file":
        return ""
    path = project() / Path(name).expanduser()
    with contextlib.suppress(OSError):
        mode = path.stat().st_mode
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            return f"other users of this machine can read it (mode {stat.S_IMODE(mode):03o})"
    return ""


def clock_offset(heard: Sequence[httpx.Headers], sent: float, back: float) -> float | None:
    """Return by how many seconds the server's clock is ahead of ours; 0 within its precision.

    Args:
        heard: headers of answers; ``Date`` has whole seconds.
        sent: our time before asking.
        back: our time after the answer.

    ``None`` means that no answer says what time it is.
    """
    date = next((headers["date"] for headers in heard if "date" in headers), "")
    try:
        server = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    return server - back if server > back else min(0.0, server + 1 - sent)
