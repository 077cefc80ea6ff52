"""Who changed what in an account: one file and one hash chain an account.

Each call that writes leaves two lines: the intent, safe on disk before the request goes out, and
the result. A process killed in between leaves an open intent, which `verify` names. Every line
carries its number and the hash of the line before it, so an edited, missing, moved or added line is
found. The file ``<account>.head`` beside it names the last intent, so lines missing at the end are
found too.

Somebody who may write the folder can compute the whole chain anew. Against that helps only a head
that is kept elsewhere: `heads` gives what a CI job should keep as an artefact, and
``MARTECH_AUDIT_ANCHOR`` names the kept file, which `verify` compares.

The lines hold ids of ours, native ids and names of roles and attributes; no e-mail address, no
login, no display name, no value of an attribute other than yes and no, no secret.
"""

import contextlib
import getpass
import hashlib
import json
import logging
import os
import re
import secrets
import socket
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pulumi_martech.model.errors import Malformed, MartechError, NotApplied, Refused, Uncertain
from pulumi_martech.model.membership import Change
from pulumi_martech.model.values import Frozen
from pulumi_martech.reconcile import lines
from pulumi_martech.reconcile.home import NotWritable, account_file

Phase = Literal["intent", "done", "failed", "unknown", "note"]
"""``unknown``: it was sent and no answer told how it ended. ``note``: about the file itself."""

START = "0" * 64
"""What the first line names as the hash before it."""

_SAID = 300
_LONGEST = 4_000
_EMAIL = re.compile(r"[^\s<>\"'(),;:=]+@[\w.-]+\.?\w", re.UNICODE)
_CI_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CIRCLE_USERNAME", "BUILD_REQUESTEDFORID")
_CI_RUNS = ("GITHUB_RUN_ID", "CI_PIPELINE_ID", "CIRCLE_WORKFLOW_ID", "BUILD_BUILDID")
_PROCESS = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"

log = logging.getLogger(__name__)


class Entry(Frozen):
    """One line of the file. ``n`` is the number of the line; ``of`` of the intent it answers."""

    n: int
    at: str
    run: str
    account: str
    actor: str
    person: str = ""
    verb: str = ""
    target: str = ""
    phase: Phase
    of: int | None = None
    changes: tuple[str, ...] = ()
    reason: str = ""
    said: str = ""
    prev: str
    hash: str = ""

    def sealed(self) -> "Entry":
        """Return the entry with the hash of everything else in it."""
        plain = self.model_dump(mode="json", exclude={"hash"})
        digest = hashlib.sha256(json.dumps(plain, separators=(",", ":")).encode()).hexdigest()
        return self.model_copy(update={"hash": digest})

    def line(self) -> bytes:
        """Return the one spelling of the entry on the file, without a line end."""
        return json.dumps(self.model_dump(mode="json"), separators=(",", ":")).encode()


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
        def entry(n: int, prev: str, phase: Phase, **fields: object) -> Entry:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return Entry.model_validate(
                {
                    "n": n,
                    "at": now,
                    "run": self._run,
                    "account": self.account,
                    "actor": self._actor,
                    "phase": phase,
                    "prev": prev,
                    **fields,
                }
            ).sealed()

        with lines.writing(self.path) as file:
            data, n, prev = b"", 0, START
            whole, torn = lines.last(file)
            known = _read_head(self.path)
            before = None if whole is None else parse(whole)
            if before:
                n, prev = before.n, before.hash
            elif whole is not None:
                n, prev = lines.read_open(file).count(b"\n"), hashlib.sha256(whole).hexdigest()
            notes = []
            if torn:
                data, n = b"\n", n + 1
                notes.append(_torn_note(torn))
            if known and known[0] > n:
                notes.append(f"{_MISSING} {n + 1} to {known[0]}")
            for said_of_file in notes:
                note = entry(n + 1, prev, "note", said=said_of_file)
                data, n, prev = data + note.line() + b"\n", note.n, note.hash
            new = entry(
                n + 1,
                prev,
                phase,
                person=person,
                verb=verb,
                target=target,
                of=of,
                changes=changes,
                reason=reason,
                said=said,
            )
            data += new.line() + b"\n"
            move = (lambda: _write_head(self.path, new.n, new.hash)) if sync else None
            lines.append(file, data, sync=sync, also=move)
        return new


class Verdict(Frozen):
    """What `verify` found.

    ``ok`` says that no line was changed, removed, moved or added as far as can be told;
    ``first_bad`` is the number of the first line that does not fit. ``anchored`` says that a head
    kept elsewhere is part of this chain; without one, ``remarks`` says what that means.
    """

    account: str
    ok: bool
    entries: int
    first_bad: int | None
    open_intents: tuple[Entry, ...]
    head: str
    anchored: bool
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def verify(path: Path, anchor: Path | None = None) -> Verdict:
    """Check the chain of one file, the head beside it and the head kept elsewhere.

    Args:
        path: ``<home>/audit/<account>.jsonl``.
        anchor: JSON of `heads` kept elsewhere; ``MARTECH_AUDIT_ANCHOR`` if not given.
    """
    account = path.stem
    with lines.reading(path) as raw:
        known = _read_head(path)
    *rows, torn = raw.split(b"\n")
    parsed = [parse(row) for row in rows]
    problems: list[str] = []
    remarks: list[str] = []
    bad: list[int] = []
    prev, chain = START, {}
    for i, entry in enumerate(parsed, start=1):
        after = parsed[i] if i < len(parsed) else None
        if after and after.phase == "note" and after.said == _torn_note(rows[i - 1]):
            remarks.append(f"line {i} was cut short by a crash")
            continue
        wrong = _wrong(entry, i, account, prev)
        if wrong:
            bad.append(i)
            problems.append(f"line {i} {wrong}")
        prev = entry.hash if entry else hashlib.sha256(rows[i - 1]).hexdigest()
        chain[prev] = i
    if torn:
        remarks.append(f"line {len(rows) + 1} was cut short by a crash")
    if known and chain.get(known[1]) != known[0]:
        bad.append(min(known[0], len(rows) + 1))
        problems.append(f"line {known[0]} is not the one that {path.stem}.head names")
    elif not known and rows:
        remarks.append("there is no .head file beside it, so lines missing at its end are not seen")
    anchored = _compare(account, chain, anchor, problems, remarks)
    return Verdict(
        account=account,
        ok=not problems,
        entries=len(rows),
        first_bad=min(bad, default=None),
        open_intents=tuple(open_intents(entry for entry in parsed if entry)),
        head=prev if rows else "",
        anchored=anchored,
        problems=tuple(problems),
        remarks=tuple(remarks),
    )


def entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a file in order; lines that are none are left out (see `verify`)."""
    with lines.reading(path) as raw:
        rows = raw.split(b"\n")
    for row in rows:
        entry = parse(row)
        if entry:
            yield entry


def open_intents(of: Iterator[Entry]) -> list[Entry]:
    """Return the intents whose result is not recorded, or is ``unknown`` and not settled since."""
    waiting: dict[int, Entry] = {}
    for entry in of:
        if entry.phase == "intent":
            waiting[entry.n] = entry
        elif entry.of is not None and entry.phase != "unknown":
            waiting.pop(entry.of, None)
    return list(waiting.values())


def files(home: Path) -> list[Path]:
    """Return the audit files under ``home``, one an account, sorted."""
    return sorted((home / "audit").glob("*.jsonl"))


def heads(home: Path) -> dict[str, str]:
    """Return account → hash of its last entry: what to keep elsewhere.

    Raises:
        NotWritable: the last lines could not be made safe on disk.
    """
    found = {}
    for path in files(home):
        with lines.writing(path) as file:
            lines.append(file, b"", sync=True)
            entry = parse(lines.last(file)[0] or b"")
            if entry:
                _write_head(path, entry.n, entry.hash)
                found[path.stem] = entry.hash
    return found


def parse(row: bytes) -> Entry | None:
    """Return the entry of a line, or ``None`` if it is not spelled as one."""
    try:
        entry = Entry.model_validate_json(row)
    except ValidationError:
        return None
    return entry if entry.line() == row else None


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


# -- one line, one head

_MISSING = "lines are missing:"


def _torn_note(torn: bytes) -> str:
    return f"the line before was cut short by a crash: sha256:{hashlib.sha256(torn).hexdigest()}"


def _wrong(entry: Entry | None, number: int, account: str, prev: str) -> str:
    if entry is None:
        return "is not an entry"
    if entry.sealed().hash != entry.hash:
        return "was changed: its hash does not fit it"
    if entry.n != number:
        return f"is entry {entry.n}: lines were removed, added or moved"
    if entry.account != account:
        return f"belongs to account {entry.account}"
    if entry.prev != prev:
        return "does not follow the line before it"
    if entry.phase == "note" and entry.said.startswith(_MISSING):
        return f"was written when earlier ones were gone ({entry.said})"
    return ""


def _compare(
    account: str,
    chain: dict[str, int],
    anchor: Path | None,
    problems: list[str],
    remarks: list[str],
) -> bool:
    """Compare with the heads kept elsewhere; tell whether this account's is part of the chain."""
    named = os.environ.get("MARTECH_AUDIT_ANCHOR", "").strip()
    file = anchor or (Path(named) if named else None)
    if file is None:
        remarks.append(
            "not anchored elsewhere: keep the output of `martech audit head` as a CI artefact and "
            "name it in MARTECH_AUDIT_ANCHOR"
        )
        return False
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        head = kept.get(account)
    except (OSError, ValueError, AttributeError) as error:
        problems.append(f"the kept heads in {file} cannot be read ({type(error).__name__})")
        return False
    if head is None:
        remarks.append(f"the kept heads in {file} do not name account {account}")
        return False
    if head not in chain:
        problems.append(f"the head kept in {file} is not in this chain: it was cut or made anew")
        return False
    return True


def _read_head(path: Path) -> tuple[int, str] | None:
    try:
        number, digest = path.with_suffix(".head").read_text(encoding="ascii").split()
        return int(number), digest
    except (OSError, ValueError):
        return None


def _write_head(path: Path, n: int, digest: str) -> None:
    # In place and of one length: a crash leaves the old or the new one, a full disk the old one.
    file = os.open(path.with_suffix(".head"), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.pwrite(file, f"{n:>12} {digest}\n".encode(), 0)
    finally:
        os.close(file)


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
