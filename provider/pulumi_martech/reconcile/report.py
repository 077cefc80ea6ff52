"""What one process did to one account in one run, kept where ``martech`` can sum it up.

``MARTECH_RUN`` names a folder for the run. Each process keeps one small file an account in it,
written whole after every event, because the engine may end a provider process at any time. Without
the variable nothing is written. A report is a courtesy: failing to write it stops nothing.
"""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from pydantic import Field, ValidationError

from pulumi_martech.model.values import Frozen

_DECLARED = "declared"
"""The file that the program itself keeps in the folder of the run."""


class Counts(Protocol):
    """What a client counts while it works: calls by method, repeated calls, seconds waited."""

    @property
    def calls(self) -> dict[str, int]:
        """Requests sent, by method."""

    @property
    def retries(self) -> int:
        """How many of them were repeats."""

    @property
    def waited(self) -> float:
        """Seconds spent waiting."""


class AccountRun(Frozen):
    """What was done to one account in a run.

    ``unread`` says why the account could not be read, ``from_state`` how many reads were answered
    with the last known state instead. The lists hold what was done in words with ids of ours;
    ``asked`` what was asked of a person, ``evidence`` by which attestation the account was read.
    """

    account: str
    calls: dict[str, int] = Field(default_factory=dict)
    retries: int = 0
    waited: float = 0.0
    from_state: int = 0
    unread: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    def __add__(self, other: "AccountRun") -> "AccountRun":
        methods = sorted(self.calls.keys() | other.calls.keys())
        return AccountRun(
            account=self.account,
            calls={m: self.calls.get(m, 0) + other.calls.get(m, 0) for m in methods},
            retries=self.retries + other.retries,
            waited=self.waited + other.waited,
            from_state=self.from_state + other.from_state,
            unread=_union(self.unread, other.unread),
            writes=self.writes + other.writes,
            refused=_union(self.refused, other.refused),
            adopted=_union(self.adopted, other.adopted),
            resolved=self.resolved + other.resolved,
            leftovers=_union(self.leftovers, other.leftovers),
            asked=self.asked + other.asked,
            evidence=_union(self.evidence, other.evidence),
        )


class RunReport:
    """The report of this process on one account; safe for threads.

    Args:
        account: the account's key.
        folder: where to keep it; ``MARTECH_RUN`` if not given, else nowhere.
    """

    def __init__(self, account: str, folder: Path | None = None) -> None:
        named = os.environ.get("MARTECH_RUN", "").strip()
        folder = folder or (Path(named) if named else None)
        self._file = folder / f"{account}-{os.getpid()}.json" if folder else None
        self._lock = threading.Lock()
        # An earlier session of this process with the account has left its part there.
        self._run = (_load(self._file) if self._file else None) or AccountRun(account=account)
        self._watched: list[Callable[[], Counts]] = []

    def watch(self, counts: Callable[[], Counts]) -> None:
        """Include what a client counts, asked for whenever the report is written."""
        with self._lock:
            self._watched.append(counts)

    def count(self, method: str, n: int = 1) -> None:
        """Count calls that no watched client counts."""
        self._add(calls={method: n})

    def from_state(self, n: int = 1) -> None:
        """A read was answered with the last known state because the account was not read."""
        self._add(from_state=n)

    def unread(self, why: str) -> None:
        """The account could not be read."""
        self._add(unread=(why,))

    def wrote(self, what: str) -> None:
        """A write was done and read back."""
        self._add(writes=(what,))

    def breaker_refused(self, what: str) -> None:
        """A write was refused because the breaker is open."""
        self._add(refused=(what,))

    def adopted(self, kind: str, who: str) -> None:
        """Something that was there already was taken over."""
        self._add(adopted=(f"{kind} {who}",))

    def resolved(self, what: str) -> None:
        """A request without an answer was found out about by reading."""
        self._add(resolved=(what,))

    def left_behind(self, kind: str, key: str) -> None:
        """Something of ours is on the platform and in no state (see the journal)."""
        self._add(leftovers=(f"{kind} {key}",))

    def asked(self, what: str) -> None:
        """A step was asked of a person."""
        self._add(asked=(what,))

    def evidence(self, what: str) -> None:
        """The account was read by this attestation."""
        self._add(evidence=(what,))

    def now(self) -> AccountRun:
        """Return the report as it stands."""
        with self._lock:
            return self._now()

    def save(self) -> None:
        """Write the report; needed only after calls that nothing else was noted about."""
        with self._lock:
            self._save()

    def close(self) -> None:
        """Take over what the watched clients counted and write the report."""
        with self._lock:
            self._run, self._watched = self._now(), []
            self._save()

    def _add(self, **fields: object) -> None:
        more = AccountRun.model_validate({"account": self._run.account, **fields})
        with self._lock:
            self._run = self._run + more
            self._save()

    def _now(self) -> AccountRun:
        total = self._run
        for counts in [count() for count in self._watched]:
            total += AccountRun(
                account=total.account,
                calls=dict(counts.calls),
                retries=counts.retries,
                waited=counts.waited,
            )
        return total

    def _save(self) -> None:
        if self._file is None:
            return
        partial = self._file.with_suffix(".partial")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(self._now().model_dump_json(), encoding="utf-8")
            partial.replace(self._file)


def load(folder: Path) -> dict[str, AccountRun]:
    """Return account → what all processes of the run did to it, sorted by account."""
    merged: dict[str, AccountRun] = {}
    for file in sorted(folder.glob("*.json")):
        run = _load(file)
        if run:
            known = merged.get(run.account)
            merged[run.account] = known + run if known else run
    return dict(sorted(merged.items()))


def declare(logins: Mapping[str, Mapping[str, str]]) -> None:
    """Keep which logins the whole program declares, and by what: account to login to resource.

    With ``--target`` no process sees more of them than those of the targets.
    """
    if named := os.environ.get("MARTECH_RUN", "").strip():
        folder = Path(named)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _DECLARED).write_text(json.dumps(logins), encoding="utf-8")


def declared(folder: Path) -> dict[str, dict[str, str]]:
    """Return what `declare` kept last in this run; nothing if no program ran."""
    file = folder / _DECLARED
    found: dict[str, dict[str, str]] = json.loads(file.read_bytes()) if file.exists() else {}
    return found


def _load(file: Path) -> AccountRun | None:
    try:
        return AccountRun.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(first + second))
