"""Signs of life: which runs of a stack ended well, and when.

Only a run ends access. Where runs stop, nothing ends, and nobody would notice: so each leaves a
note in the ``.martech`` folder, and `martech ends` finds its absence.
"""

import contextlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pulumi_martech.model import expiry
from pulumi_martech.operations.work import Work
from pulumi_martech.reconcile.home import home

LATEST = timedelta(days=2)
"""How old the last `up` may be: a nightly run that failed once is no reason to wake anybody."""

_FILE = "heartbeat.json"


def beat(work: Work, verb: str, code: int) -> None:
    """Note that a run has ended, with what exit code, and when the last one was done.

    One of some targets, or of a day before today, leaves ends out: it is none to go by.
    """
    path = home(work.root) / _FILE
    said = _load(path)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    note = said.setdefault(work.stack, {}).setdefault(verb, {})
    note |= {"at": now, "as_of": work.as_of, "code": code}
    if code != 1 and not work.targets and work.as_of >= expiry.today().isoformat():
        note["done"] = now
    partial = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # a run that did its work does not fail for a note
        partial.write_text(json.dumps(said, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        partial.replace(path)


def overdue(root: Path, stack: str, recorded: str = "", now: datetime | None = None) -> str:
    """Say so if no `up` of a stack ended well for too long; else nothing.

    Args:
        root: the project.
        stack: the stack.
        recorded: when its state was last written, an ISO instant: on a fresh checkout, such as of
            a pipeline, that is all there is to go by.
        now: the instant to judge by.
    """
    now = now or datetime.now(UTC)
    note = _load(home(root) / _FILE).get(stack, {}).get("up", {})
    last = _instant(note.get("done", "")) or _instant(recorded)
    if last is None:
        return f"no `martech up` of stack {stack} is known here: nothing ends before one has run"
    if now - last <= LATEST:
        return ""
    days = (now - last).days
    return (
        f"the last run on stack {stack} that is known here was on {last.date()}, {days} days ago: "
        "what has ended since then is still live; run `martech up` on a schedule"
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
