"""The file of an audit: lines that name the hash of the line before, and the check of that chain.

Every line carries its number, which is the number of the line, and the hash of the line before it,
so an edited, missing, moved or added line is found. The file ``<account>.head`` beside it names the
last intent, so lines missing at the end are found too.

Somebody who may write the folder can compute the whole chain anew. Against that helps only a head
that is kept elsewhere: `heads` gives what a CI job should keep as an artefact, and
``MARTECH_AUDIT_ANCHOR`` names the kept file, which `verify` compares.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from pulumi_martech.model.values import Frozen
from pulumi_martech.reconcile import lines

Phase = Literal["intent", "done", "failed", "unknown", "note"]
"""``unknown``: it was sent and no answer told how it ended. ``note``: about the file itself."""

START = "0" * 64
"""What the first line names as the hash before it."""


class Entry(Frozen):
    """One line of the file. ``n`` is the number of the line; ``of`` of the intent it answers.

    ``n``, ``prev`` and ``hash`` are given by `add`.
    """

    n: int = 0
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
    prev: str = ""
    hash: str = ""

    def sealed(self) -> "Entry":
        """Return the entry with the hash of everything else in it."""
        plain = self.model_dump(mode="json", exclude={"hash"})
        digest = hashlib.sha256(json.dumps(plain, separators=(",", ":")).encode()).hexdigest()
        return self.model_copy(update={"hash": digest})

    def line(self) -> bytes:
        """Return the one spelling of the entry on the file, without a line end."""
        return json.dumps(self.model_dump(mode="json"), separators=(",", ":")).encode()


def add(path: Path, entry: Entry, *, sync: bool) -> Entry:
    """Append ``entry`` to the chain; return it as it stands there.

    What a crash cut short is kept and noted; so is that lines known to the head are gone.

    Args:
        path: ``<home>/audit/<account>.jsonl``.
        entry: what to say.
        sync: return only when it survives a power cut, and name it in the head.

    Raises:
        NotWritable: nothing was appended.
    """
    with lines.writing(path) as file:
        data, n, prev = b"", 0, START
        whole, torn = lines.last(file)
        before = None if whole is None else parse(whole)
        if before:
            n, prev = before.n, before.hash
        elif whole is not None:
            n, prev = lines.read_open(file).count(b"\n"), hashlib.sha256(whole).hexdigest()
        notes = []
        if torn:
            data, n = b"\n", n + 1
            notes.append(_torn_note(torn))
        known = _read_head(path)
        if known and known[0] > n:
            notes.append(f"{_MISSING} {n + 1} to {known[0]}")
        about = Entry(
            at=entry.at, run=entry.run, account=entry.account, actor=entry.actor, phase="note"
        )
        for new in (*(about.model_copy(update={"said": note}) for note in notes), entry):
            placed = new.model_copy(update={"n": n + 1, "prev": prev}).sealed()
            data, n, prev = data + placed.line() + b"\n", placed.n, placed.hash
        move = (lambda: _write_head(path, n, prev)) if sync else None
        lines.append(file, data, sync=sync, also=move)
    return placed


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
