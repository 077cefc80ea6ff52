"""What engines say about locks, passphrases and log-in, in words that help."""

import re
from datetime import datetime

from pulumi_martech.engine.processes import Identity, ended

ENDED = "; that process has ended"
"""What the embedded engine says of a holder that it knows to have ended."""

_LOCKED = re.compile(r"the stack is currently locked by (\d+) lock")
_HOLDER = re.compile(
    r"created by \S+@(?P<host>\S+) \(pid (?P<pid>\d+)(?P<operation>,[^)]*)?\)"
    rf"(?:[^;\n]* at (?P<since>[^\s;]+))?(?P<ended>{ENDED})?"
)

_HINTS = (
    (
        re.compile(r"no stack named '([^']*)' found"),
        r"there is no stack \1; make it with `martech stack init \1`",
    ),
    (
        re.compile(r"stack '([^']*)' already exists"),
        r"there is a stack \1 already; take it with `martech stack select \1`",
    ),
    (
        re.compile(r"passphrase must be set"),
        "secrets of this stack need a passphrase: set PULUMI_CONFIG_PASSPHRASE or "
        "PULUMI_CONFIG_PASSPHRASE_FILE",
    ),
    (
        re.compile(r"incorrect passphrase"),
        "the passphrase is not the one of this stack: look at PULUMI_CONFIG_PASSPHRASE",
    ),
    (
        re.compile(r"PULUMI_ACCESS_TOKEN must be set"),
        "the Pulumi CLI has no backend: run `pulumi login`, or set PULUMI_BACKEND_URL",
    ),
    (
        _LOCKED,
        "another run works on this stack: wait for it, or, if it is gone, break its lock with "
        "`martech stack unlock`",
    ),
)


def explained(said: str) -> str:
    """Return a known complaint of an engine as a sentence with what to do, else nothing."""
    for pattern, text in _HINTS:
        match = pattern.search(said)
        if match:
            holder = _HOLDER.search(said) if pattern is _LOCKED else None
            who = f" (process {holder['pid']} on {holder['host']})" if holder else ""
            return match.expand(text).replace("this stack:", f"this stack{who}:", 1)
    return ""


def dead(said: str, host: str) -> int | None:
    """Return the process that left a lock, if it ran on ``host`` and is not there any more.

    The real engine writes down host and number alone: a container of another's host name that
    works on the same backend is not told from it.
    """
    if not _LOCKED.search(said):
        return None
    holders = list(_HOLDER.finditer(said))
    if not holders or any(holder["host"] != host for holder in holders):
        return None
    if not all(_ended(holder) for holder in holders):
        return None
    return int(holders[0]["pid"])


def _ended(holder: re.Match[str]) -> bool:
    if holder["operation"] is not None:  # the embedded engine knows more of it, and has looked
        return holder["ended"] is not None
    since = datetime.fromisoformat(holder["since"]) if holder["since"] else None
    return ended(Identity(int(holder["pid"])), since)
