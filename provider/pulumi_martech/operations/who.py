"""`martech who` and `martech matrix`: who can do what, today, on a day to come or one that was."""

import csv
import dataclasses
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pulumi_martech.document.load import load
from pulumi_martech.model.access import Access
from pulumi_martech.model.capability import capability
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.operations import machine
from pulumi_martech.operations.check import counted
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.shown import harmless
from pulumi_martech.policy.answers import Answer, Matrix, Question, answers, matrix
from pulumi_martech.policy.view import RoleHere, View, native_roles, view_of
from pulumi_martech.reconcile import chain
from pulumi_martech.reconcile.attested import with_role_content
from pulumi_martech.reconcile.entries import pseudonym
from pulumi_martech.reconcile.history import Past, held_on
from pulumi_martech.reconcile.home import home

HEADINGS = ("who", "name", "company", "account", "role", "native roles", "assets", "until", "risk",
            "second factor", "known")  # fmt: skip
PAST = ("who", "account", "roles then", "since", "can", "known")

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell must not begin with: a spreadsheet would run it."""


def who(path: Path, question: Question, day: date, screen: Screen, as_csv: bool = False) -> int:
    """Answer from a document as of a day; returns exit code 0."""
    view = seen(path, day)
    _known(question, view.access)
    found = list(answers(view, question))
    if screen.machine:
        listed = [dataclasses.asdict(answer) for answer in found]
        said = machine.document("who", document=path.name, as_of=day.isoformat(), answers=listed)
        screen.write(said)
        return 0
    rows = [_row(answer) for answer in found]
    _print(screen, rows, HEADINGS, as_csv)
    if not as_csv:
        people = len({answer.who for answer in found})
        screen.line()
        screen.line(
            f"{counted(people, 'holder')}, {counted(len(found), 'grant')}, "
            f"from {path.name} as of {day}."
        )
    return 0


def seen(path: Path, day: date) -> View:
    """Return what a document lets everybody do on a day; raises `DocumentInvalid`."""
    return view_of(with_role_content(load(path).access), day)


def who_then(
    path: Path | None,
    question: Question,
    day: date,
    screen: Screen,
    folder: Path,
    as_csv: bool = False,
) -> int:
    """Answer from the audit chains as of a day that was; returns exit code 0.

    The document, where there is one, gives roles their content and vendors' people their names.
    """
    access = with_role_content(load(path).access) if path is not None else Access()
    _known(question, access)
    entries = [entry for file in chain.files(home(folder)) for entry in chain.entries(file)]
    found = [past for past in held_on(entries, day) if _asked(past, question, access, day)]
    rows = [_past_row(past, access, day) for past in found]
    broken = [v.account for v in map(chain.verify, chain.files(home(folder))) if not v.ok]
    note = (
        "from the audit: what was written by us until then. What was clicked by hand, or was there "
        "before, is not in it."
    )
    if screen.machine:
        listed = [dict(zip(_PAST_KEYS, row, strict=True)) for row in rows]
        screen.write(
            machine.document(
                "who", as_of=day.isoformat(), source="audit", broken=broken, answers=listed
            )
        )
        return 0
    _print(screen, rows, PAST, as_csv)
    if not as_csv:
        screen.line()
        screen.line(f"As of the end of {day}, {note}")
    for account in broken:
        screen.warn(f"the audit of {account} is broken: see `martech audit verify`")
    return 0


_PAST_KEYS = ("who", "account", "roles", "since", "can", "known")


def show_matrix(path: Path, by: str, day: date, screen: Screen, as_csv: bool = False) -> int:
    """Print the matrix of a document; returns exit code 0."""
    heading, rows = table = matrix(seen(path, day), by)
    if screen.machine:
        screen.write(_machine_matrix(table, path, by, day))
        return 0
    _print(screen, rows, heading, as_csv)
    return 0


def _machine_matrix(table: Matrix, path: Path, by: str, day: date) -> str:
    heading, rows = table
    listed = [dict(zip(heading, row, strict=True)) for row in rows]
    return machine.document(
        "matrix", document=path.name, by=by, as_of=day.isoformat(), headings=heading, rows=listed
    )


def _known(question: Question, access: Access) -> None:
    """Refuse what is asked about and is not there, with what is near."""
    if question.can:
        capability(question.can)
    known: list[tuple[str, str, Sequence[str]]] = [
        ("account", question.account, list(access.accounts)),
        ("asset", question.asset, list(access.assets)),
        ("vendor or partner", question.vendor, [*access.vendors, *access.partners]),
        ("person", question.who, list(access.principals)),
    ]
    for what, name, there in known:
        if name and there and name not in there:
            hint = near(name, there)
            raise InvalidDeclaration(
                f"answer about {name}",
                f"the document has no such {what}" + (f"; {hint}" if hint else ""),
                "nothing was answered",
            )


def _row(answer: Answer) -> tuple[str, ...]:
    return tuple(str(value) for value in dataclasses.astuple(answer))


def _print(
    screen: Screen, rows: Sequence[Sequence[str]], headings: Sequence[str], as_csv: bool
) -> None:
    if not as_csv:
        screen.table(columns(rows, headings))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([[_cell(value) for value in row] for row in rows])


def _cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    value = harmless(value)
    return f"'{value}" if value.startswith(FORMULA) else value


# -- the past


def _asked(past: Past, question: Question, access: Access, day: date) -> bool:
    who, vendor = _named(past, access)
    if question.account and past.account != question.account:
        return False
    if question.who and question.who not in (who, past.person):
        return False
    if question.external and not vendor:
        return False
    if question.vendor and question.vendor not in (vendor, past.person.partition("#")[0]):
        return False
    role = _content(past, access, day)
    return not question.can or role is None or question.can in role.can or bool(role.unproven)


def _named(past: Past, access: Access) -> tuple[str, str]:
    """Return whose id stands in the audit, and the vendor it belongs to."""
    group, marked, _ = past.person.partition("#")
    account = access.accounts.get(past.account)
    vendor = access.vendors.get(group) if marked else None
    if vendor is None or account is None:
        principal = access.principals.get(past.person)
        return past.person, (principal.vendor if principal else group if marked else "")
    for key, person in vendor.people.items():
        login = person.login(account.key, account.platform)
        if past.person in (pseudonym(group, login), pseudonym(group, login.lower())):
            return key, group
    return past.person, group


def _content(past: Past, access: Access, day: date) -> RoleHere | None:
    account = access.accounts.get(past.account)
    return None if account is None else native_roles(account, past.roles, day)


def _past_row(past: Past, access: Access, day: date) -> tuple[str, ...]:
    role: Any = _content(past, access, day)
    can = "" if role is None else ", ".join(sorted(role.can)) or "nothing known"
    known = "last write has no known end" if past.unsure else "written by us"
    if role is not None and role.unproven:
        can = f"perhaps {can}" if role.can else can
        known += f"; content of {', '.join(role.unproven)} not proven"
    return (
        _named(past, access)[0],
        past.account,
        ", ".join(sorted(past.roles)) or "none",
        past.since.date().isoformat(),
        can,
        known,
    )
