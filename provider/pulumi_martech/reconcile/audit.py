"""Who changed what in an account: one file and one hash chain an account.

Each call that writes leaves two lines: the intent, safe on disk before the request goes out, and
the result. A process killed in between leaves an open intent, which `chain.verify` names.

The lines hold ids of ours, native ids and names of roles and attributes; no e-mail address, no
login, no display name, no value of an attribute other than yes and no, no secret.
"""

import contextlib
import getpass
import logging
import os
import re
import secrets
import socket
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pulumi_martech.model.errors import Malformed, MartechError, NotApplied, Refused, Uncertain
from pulumi_martech.model.membership import Change
from pulumi_martech.reconcile.chain import Entry, Phase, add, entries, open_intents
from pulumi_martech.reconcile.home import NotWritable, account_file

_SAID = 300
_LONGEST = 4_000
_EMAIL = re.compile(r"[^\s<>\"'(),;:=]+@[\w.-]+\.?\w", re.UNICODE)
_CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CIRCLE_USERNAME", "BUILD_REQUESTEDFORID")
_CI_RUNS = ("GITHUB_RUN_ID", "CI_PIPELINE_ID", "CIRCLE_WORKFLOW_ID", "BUILD_BUILDID")
_PROCESS = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"

log = logging.getLogger(__name__)


class Call:
    """A call in progress: set ``target`` once the native id is known, ``said`` for a remark."""

    def __init__(self, n: int, target: str) -> None:
        self.n, self.target, self.said = n, target, ""


class Audit:
    """The audit of one account; several processes and threads may write it at once.

    Args:
        home: the folder of `pulumi_martech.reconcile.home.home`.
        account: the account's key.
        redact: takes secrets out of a sentence (the transport's redactor).
        actor: who works; found from ``MARTECH_ACTOR``, the CI's variables or the machine.
        run: what tells this run from others; found from ``MARTECH_RUN`` or the CI's variables.
    """

    def __init__(
        self,
        home: Path,
        account: str,
        *,
        redact: Callable[[str], str] = str,
        actor: str = "",
        run: str = "",
    ) -> None:
        self.account = account
        self.path = account_file(home, "audit", account)
        self._redact = redact
        self._actor = actor or who_acts()
        self._run = run or which_run()

    @contextlib.contextmanager
    def call(
        self,
        person: str,
        verb: str,
        target: str = "",
        changes: Collection[Change | str] = (),
        *,
        reason: str = "",
        hide: Collection[str] = (),
    ) -> Iterator[Call]:
        """Write the intent, let the caller make the request, write how it ended.

        Args:
            person: our id of the person, empty for a role or a stray.
            verb: what is done, e.g. ``"create user"``.
            target: native id or name of a role; empty if it is not known yet.
            changes: what changes. Of a `Change` only names, roles and yes or no are kept.
            reason: why a guard was passed.
            hide: words that must not appear in a failure's sentence (login, display name).

        Raises:
            NotWritable: the intent could not be written. The body has not run.
        """
        call = Call(0, target)
        hidden = _hider(hide, person, self._redact)
        first = self._append(
            "intent",
            sync=True,
            person=person,
            verb=verb,
            target=hidden(target),
            changes=tuple(hidden(_harmless(change)) for change in changes),
            reason=hidden(reason),
        )
        call.n = first.n

        def result(phase: Phase, said: str) -> None:
            try:
                self._append(
                    phase,
                    person=person,
                    verb=verb,
                    target=hidden(call.target),
                    of=first.n,
                    said=hidden(said)[:_SAID],
                )
            except NotWritable as error:
                # The call was made: failing now would lose what it made. The intent stays open,
                # and the next intent cannot be written, so nothing more is sent.
                log.warning("the result of entry %d was not recorded: %s", first.n, error)

        try:
            yield call
        except MartechError as error:
            result("unknown" if _may_have_happened(error) else "failed", str(error))
            raise
        except BaseException as error:
            result("unknown", f"interrupted ({type(error).__name__})")
            raise
        result("done", call.said)

    def settle(self, of: int, phase: Literal["done", "failed"], said: str) -> None:
        """Close an open intent after finding out how it ended, e.g. by reading the account.

        Raises:
            ValueError: there is no open intent of this number.
            NotWritable: the line could not be written.
        """
        intent = next((entry for entry in open_intents(entries(self.path)) if entry.n == of), None)
        if intent is None:
            raise ValueError(f"no open intent {of} in {self.path}")
        self._append(
            phase,
            person=intent.person,
            verb=intent.verb,
            target=intent.target,
            of=of,
            said=_hider((), "", self._redact)(said)[:_SAID],
        )

    def _append(
        self,
        phase: Phase,
        *,
        sync: bool = False,
        person: str = "",
        verb: str = "",
        target: str = "",
        of: int | None = None,
        changes: tuple[str, ...] = (),
        reason: str = "",
        said: str = "",
    ) -> Entry:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        entry = Entry(
            at=now,
            run=self._run,
            account=self.account,
            actor=self._actor,
            person=person,
            verb=verb,
            target=target,
            phase=phase,
            of=of,
            changes=changes,
            reason=reason,
            said=said,
        )
        return add(self.path, entry, sync=sync)


def who_acts() -> str:
    """Return who works: ``MARTECH_ACTOR``, who started the CI job, or ``user@host``."""
    for name in ("MARTECH_ACTOR", *_CI_ACTORS):
        if value := os.environ.get(name, "").strip():
            return value
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def which_run() -> str:
    """Return what tells this run from others; a process outside any run has a name of its own."""
    if folder := os.environ.get("MARTECH_RUN", "").strip():
        return Path(folder).name
    return next((value for name in _CI_RUNS if (value := os.environ.get(name, ""))), _PROCESS)


# -- what may stand in a line


def _may_have_happened(error: MartechError) -> bool:
    """Tell whether the platform may have carried out a request that ended like this."""
    if isinstance(error, Refused):
        return error.status >= 500 and type(error) is Refused
    return isinstance(error, Uncertain | Malformed | NotApplied)


def _harmless(change: Change | str) -> str:
    if isinstance(change, str):
        return change
    plain = all(value is None or isinstance(value, bool) for value in (change.live, change.wanted))
    return str(change) if plain else change.name


def _hider(
    words: Collection[str], person: str, redact: Callable[[str], str]
) -> Callable[[str], str]:
    """Return what takes secrets, e-mail addresses and ``words`` out of a text."""
    instead = f"<{person or 'somebody'}>"
    patterns = [
        re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        for word in sorted(words, key=len, reverse=True)
        if word.strip()
    ]

    def hide(text: str) -> str:
        text = _EMAIL.sub("<e-mail>", redact(text)[:_LONGEST])
        for pattern in patterns:
            text = pattern.sub(instead, text)
        return text

    return hide
