"""`martech who` and `martech matrix`: who can do what, today or on a day to come."""

import csv
import dataclasses
import sys
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path

from pulumi_martech.document.load import load
from pulumi_martech.model.access import Access
from pulumi_martech.model.capability import capabilities_like
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.operations import machine
from pulumi_martech.operations.check import counted
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.shown import harmless
from pulumi_martech.policy.answers import Answer, Matrix, Question, answers, matrix
from pulumi_martech.policy.view import View, view_of
from pulumi_martech.reconcile.attested import with_role_content

HEADINGS = ("who", "name", "company", "account", "role", "native roles", "assets", "until", "risk",
            "second factor", "known", "can")  # fmt: skip

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell must not begin with: a spreadsheet would run it."""


def who(path: Path, question: Question, day: date, screen: Screen, as_csv: bool = False) -> int:
    """Answer from a document as of a day; returns exit code 0."""
    view = seen(path, day)
    known(question, view.access)
    found = list(answers(view, question))
    if screen.machine:
        listed = [dataclasses.asdict(answer) for answer in found]
        said = machine.document("who", document=path.name, as_of=day.isoformat(), answers=listed)
        screen.write(said)
        return 0
    rows = [_row(answer) for answer in found]
    show(screen, rows, HEADINGS, as_csv)
    if not as_csv:
        people = len({answer.who for answer in found})
        number = (
            f"{counted(people, 'holder')}, {counted(len(found), 'grant')}" if found else "Nobody"
        )
        screen.line()
        screen.line(f"{number}, from {path.name} as of {day}.")
    return 0


def seen(path: Path, day: date) -> View:
    """Return what a document lets everybody do on a day; raises `DocumentInvalid`."""
    return view_of(with_role_content(load(path).access), day)


def show_matrix(path: Path, by: str, day: date, screen: Screen, as_csv: bool = False) -> int:
    """Print the matrix of a document; returns exit code 0."""
    heading, rows = table = matrix(seen(path, day), by)
    if screen.machine:
        screen.write(_machine_matrix(table, path, by, day))
        return 0
    show(screen, rows, heading, as_csv, whole=True)
    if not as_csv:
        screen.line()
        held = "" if rows else "Nobody holds anything, "
        screen.line(f"{held}{'f' if held else 'F'}rom {path.name} as of {day}.")
    return 0


def _machine_matrix(table: Matrix, path: Path, by: str, day: date) -> str:
    heading, rows = table
    listed = [dict(zip(heading, row, strict=True)) for row in rows]
    return machine.document(
        "matrix", document=path.name, by=by, as_of=day.isoformat(), headings=heading, rows=listed
    )


def known(
    question: Question,
    access: Access,
    accounts: Collection[str] = (),
    companies: Collection[str] = (),
    people: Collection[str] = (),
) -> None:
    """Refuse what is asked about and is not there, with what is near.

    The collections are what is known besides the document.

    Raises:
        InvalidDeclaration: it is neither there nor in the document.
    """
    if question.can:
        capabilities_like(question.can)
    asked: list[tuple[str, str, Collection[str]]] = [
        ("account", question.account, {*access.accounts, *accounts}),
        ("asset", question.asset, access.assets.keys()),
        ("vendor or partner", question.vendor, {*access.vendors, *access.partners, *companies}),
        ("person", question.who, {*access.principals, *people}),
    ]
    for what, name, there in asked:
        if name and name not in there:
            hint = near(name, sorted(there))
            raise InvalidDeclaration(
                f"answer about {name}",
                f"the document has no such {what}" + (f"; {hint}" if hint else ""),
                "nothing was answered",
            )


def _row(answer: Answer) -> tuple[str, ...]:
    return tuple(str(value) for value in dataclasses.astuple(answer))


def show(
    screen: Screen,
    rows: Sequence[Sequence[str]],
    headings: Sequence[str],
    as_csv: bool,
    whole: bool = False,
) -> None:
    """Print rows; for people without columns that are empty unless ``whole``, as CSV all of it."""
    if not as_csv:
        used = [i for i in range(len(headings)) if whole or any(row[i] for row in rows)]
        if rows:
            listed = [[row[i] for i in used] for row in rows]
            screen.table(columns(listed, [headings[i] for i in used]))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([[_cell(value) for value in row] for row in rows])


def _cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    value = harmless(value)
    return f"'{value}" if value.startswith(FORMULA) else value
