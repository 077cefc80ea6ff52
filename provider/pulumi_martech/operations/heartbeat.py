"""Signs of life: which runs of a stack ended well, and when.

Only a run ends access. Where runs stop, nothing ends, and nobody would notice: so each leaves a
note in the ``.martech`` folder, and `martech ends` finds its absence. On a fresh checkout, such as
of a pipeline, the history of the stack is what there is to go by.
"""

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pulumi_martech.model.moment import AHEAD
from pulumi_martech.operations.work import Work
from pulumi_martech.reconcile.home import home

LATEST = timedelta(days=2)
"""How old the last `up` may be: a nightly run that failed once is no reason to wake anybody."""

UP = "martech up"
"""What the history says of the reading that begins an `up`: it may find nothing else to do."""

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
    if code != 1 and work.whole:
        note["done"] = now
    partial = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):  # a run that did its work does not fail for a note
        partial.write_text(json.dumps(said, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        partial.replace(path)


def overdue(
    root: Path, stack: str, runs: Sequence[Mapping[str, Any]] = (), now: datetime | None = None
) -> str:
    """Say so if no `up` of a stack ended well for too long; else nothing.

    A run of a day that has not come is passed over, and told: it would silence this until then.

    Args:
        root: the project.
        stack: the stack.
        runs: its history, as the engine tells it.
        now: the instant to judge by.
    """
    now = now or datetime.now(UTC)
    note = _load(home(root) / _FILE).get(stack, {}).get("up", {})
    known = [note.get("done", "")]
    known += [run.get("endTime", "") for run in runs if _ends_things(run)]
    moments = [moment for moment in map(_instant, known) if moment]
    ahead = [moment for moment in moments if moment > now + AHEAD]
    last = max((moment for moment in moments if moment not in ahead), default=None)
    passed = ""
    if ahead:
        some = "a run dated" if len(ahead) == 1 else f"{len(ahead)} runs dated up to"
        passed = f"; passed over: {some} {max(ahead).date()}, which has not come"
    if last is None:
        here = f"no `martech up` of stack {stack} is known here"
        return f"{here}: nothing ends before one has run{passed}"
    if now - last <= LATEST:
        return ""
    days = (now - last).days
    return (
        f"the last run on stack {stack} that is known here was on {last.date()}, {days} days ago: "
        f"what has ended since then is still live; run `martech up` on a schedule{passed}"
    )


def _ends_things(run: Mapping[str, Any]) -> bool:
    """Tell whether a run of the history was an `up`, or the beginning of one of ours."""
    if run.get("result") != "succeeded":
        return False
    return run.get("kind") == "update" or run.get("message") == UP


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
