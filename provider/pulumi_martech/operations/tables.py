"""Findings, coverage and audit as rows of plain text, and as tables for a terminal."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from pulumi_martech.model.manifest import Ability
from pulumi_martech.operations.coverage import NOT_STATED, Coverage
from pulumi_martech.operations.doctor import Finding
from pulumi_martech.operations.screen import columns
from pulumi_martech.operations.shown import harmless
from pulumi_martech.reconcile.chain import Entry, Verdict

Row = tuple[str, ...]

FINDINGS = ("account", "check", "", "found", "what to do")
COVERAGE = ("ability",)
ENTRIES = ("account", "n", "at", "actor", "person", "what", "end", "changes")
VERDICTS = ("account", "", "entries", "open", "anchored", "found")

_STYLES = {
    "ok": "green",
    "done": "green",
    "yes": "green",
    "warn": "yellow",
    "partly": "yellow",
    "by": "yellow",  # by hand
    "unknown": "yellow",
    "intent": "yellow",
    "fail": "bold red",
    "failed": "red",
    "no": "red",
    "broken": "bold red",
}


def finding_rows(findings: Sequence[Finding]) -> list[Row]:
    """Return a row a finding; the account is named in its first row only."""
    rows: list[Row] = []
    last = ""
    for finding in findings:
        account = "" if finding.account == last else finding.account
        last = finding.account
        rows.append((account, finding.check, finding.result, finding.what, finding.todo))
    return rows


def finding_table(findings: Sequence[Finding]) -> Table:
    """Return findings as a table."""
    return _table(finding_rows(findings), FINDINGS, coloured=(2,))


def coverage_rows(found: Sequence[Coverage]) -> list[Row]:
    """Return a row an ability, then how strong the evidence is and how much cannot be seen."""
    rows: list[Row] = [
        (ability.value, *(_support(entry, ability) for entry in found)) for ability in Ability
    ]
    rows.append(("evidence", *(_evidence(entry) for entry in found)))
    rows.append(("blind spots", *("\n".join(entry.blind_spots) for entry in found)))
    return rows


def coverage_table(found: Sequence[Coverage]) -> Table:
    """Return coverage as a table with a column a platform."""
    head = (*COVERAGE, *(entry.title for entry in found))
    return _table(coverage_rows(found), head, coloured=range(1, len(head)))


def entry_rows(entries: Sequence[Entry]) -> list[Row]:
    """Return a row an audit entry."""
    return [
        (
            entry.account,
            str(entry.n),
            entry.at,
            entry.actor,
            entry.person,
            " ".join(part for part in (entry.verb, entry.target) if part) or entry.said,
            entry.phase + (f" ({entry.of})" if entry.of else ""),
            ", ".join(part for part in (*entry.changes, entry.said, entry.reason) if part),
        )
        for entry in entries
    ]


def entry_table(entries: Sequence[Entry]) -> Table:
    """Return audit entries as a table."""
    return _table(entry_rows(entries), ENTRIES, coloured=(6,))


def verdict_rows(verdicts: Sequence[Verdict]) -> list[Row]:
    """Return a row an account, with everything that was found."""
    return [
        (
            verdict.account,
            "ok" if verdict.ok else "broken",
            str(verdict.entries),
            str(len(verdict.open_intents)),
            "yes" if verdict.anchored else "no",
            "\n".join([*verdict.problems, *map(_open, verdict.open_intents), *verdict.remarks]),
        )
        for verdict in verdicts
    ]


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """Return what `verify` found as a table."""
    return _table(verdict_rows(verdicts), VERDICTS, coloured=(1, 4))


def _open(intent: Entry) -> str:
    who = intent.person or intent.target or "somebody"
    return f"entry {intent.n} has no recorded end: {intent.verb} {who} at {intent.at}"


def _support(entry: Coverage, ability: Ability) -> str:
    support = entry.abilities[ability.value]
    return "not stated" if support == NOT_STATED else f"{support.there} ({support.grade})"


def _evidence(entry: Coverage) -> str:
    return ", ".join(f"{count} by {grade}" for grade, count in entry.evidence.items())


def _table(rows: Sequence[Row], head: Sequence[str], coloured: Sequence[int]) -> Table:
    def cell(position: int, text: str) -> Text:
        style = _STYLES.get(text.split(" ")[0], "") if position in coloured else ""
        return Text("\n".join(harmless(line) for line in text.split("\n")), style=style)

    return columns([[cell(i, text) for i, text in enumerate(row)] for row in rows], head)
