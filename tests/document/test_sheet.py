"""A spreadsheet out and back: what was changed in it, checked, as a change of the document."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook, load_workbook

from pulumi_martech.document import sheet
from pulumi_martech.document.load import load
from pulumi_martech.document.problems import DocumentInvalid

from .office import Office

DOCUMENT = """\
# who may do what
people:
  ana: {name: Ana Lima, email: ana@fernwood.example}  # leads
  bo:
    name: Bo Lindqvist
    aliases: [bo@old.example, b@old.example]
    logins: {crm: bo}
  chi: {name: "- Chi"}
teams: {brand: {lead: ana}}
accounts: {crm: {platform: scim}}
grants:
  - {who: ana, role: marketer, account: crm, why: campaigns}  # since May
  - {who: bo, role: viewer, account: crm, until: 2027-06-30}
"""


@pytest.fixture
def book(office: Office) -> Path:
    office.write(DOCUMENT)
    path = office.folder / "access.xlsx"
    sheet.write(load(office.file), path)
    return path


def changed(book: Path, change: Callable[[Workbook], None]) -> None:
    """Change the spreadsheet as its reader would."""
    opened = load_workbook(book)
    change(opened)
    opened.save(book)


def told(office: Office, book: Path) -> list[str]:
    """Return what is wrong with a spreadsheet."""
    with pytest.raises(DocumentInvalid) as caught:
        sheet.take_back(load(office.file), book)
    return [str(problem) for problem in caught.value.problems]


def test_what_was_not_changed_changes_nothing(office: Office, book: Path) -> None:
    assert sheet.take_back(load(office.file), book).changes == 0
    changed(book, lambda opened: None)  # opened and saved
    assert sheet.take_back(load(office.file), book).changes == 0


def test_changed_new_and_removed_rows_are_one_line_each(office: Office, book: Path) -> None:
    def change(opened: Workbook) -> None:
        people, grants = opened["people"], opened["grants"]
        people["B2"] = "Ana Souza"
        people["J2"] = datetime(2027, 1, 31)
        people["K2"] = 46600  # a day whose look was lost
        people["L3"] = "bo@old.example"
        people.append(["dee", "Dee Okafor", "dee@fernwood.example", "brand"])
        grants.delete_rows(2)
        grants.append([None, "dee", None, "marketer", "crm", None, None, "2027-03-31", "campaigns"])
        opened["teams"]["C2"] = None

    changed(book, change)
    update = sheet.take_back(load(office.file), book)
    assert [line for line in update.diff() if line[:1] in "+-"][2:] == [
        "-  ana: {name: Ana Lima, email: ana@fernwood.example}  # leads",
        "+  ana: {name: Ana Souza, email: ana@fernwood.example, starts: 2027-01-31, "
        "until: 2027-08-01}  # leads",
        "-    aliases: [bo@old.example, b@old.example]",
        "+    aliases: [bo@old.example]",
        "-teams: {brand: {lead: ana}}",
        "+  dee: {name: Dee Okafor, email: dee@fernwood.example, team: brand}",
        "+teams: {brand: {}}",
        "-  - {who: ana, role: marketer, account: crm, why: campaigns}  # since May",
        "+  - {who: dee, role: marketer, account: crm, until: 2027-03-31, why: campaigns}",
    ]
    update.write()
    access = load(office.file).access
    assert access.people["dee"].name == "Dee Okafor" and access.people["bo"].logins == {"crm": "bo"}


def test_no_cell_is_a_formula_and_none_comes_in(office: Office, book: Path) -> None:
    opened = load_workbook(book)
    (chi,) = [row for row in opened["people"].iter_rows() if row[0].value == "chi"]
    assert (chi[1].value, chi[1].data_type, chi[1].quotePrefix) == ("- Chi", "s", True)
    cells = [cell for one in opened for row in one.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]

    def formulas(opened: Workbook) -> None:
        opened["people"]["B2"] = "=HYPERLINK(1)"
        opened["grants"]["J2"] = "=1+1"

    changed(book, formulas)
    assert told(office, book) == [
        "access.xlsx grants:2:10: is a formula: write what it comes to",
        "access.xlsx people:2:2: is a formula: write what it comes to",
    ]


def test_what_means_nothing_is_refused(office: Office, book: Path) -> None:
    def change(opened: Workbook) -> None:
        opened["people"]["C1"] = "e-mail"
        opened["people"].append([None, "Nobody"])
        opened["people"].append(["ana", "Ana Lima"])
        opened["people"]["D1"] = "name"
        opened["people"]["Z2"] = "a remark"
        opened["people"]["B3"] = "#REF!"
        opened.create_sheet("vendor")
        del opened["teams"]

    changed(book, change)
    assert told(office, book) == [
        "access.xlsx:1:1: lacks the sheet 'teams': put it back; rows that are taken out are taken "
        "away",
        "access.xlsx:1:1: sheet 'vendor' means nothing here; did you mean 'vendors'?",
        "access.xlsx people:1:1: lacks the column 'email': put it back; empty cells take values "
        "away",
        "access.xlsx people:1:1: lacks the column 'team': put it back; empty cells take values "
        "away",
        "access.xlsx people:1:3: column 'e-mail' means nothing; did you mean 'email'?",
        "access.xlsx people:1:4: column 'name' is there twice",
        "access.xlsx people:2:26: stands in a column without a name: take it out",
        "access.xlsx people:3:2: is an error: write what it comes to",
        "access.xlsx people:5:1: has no key",
        "access.xlsx people:6:1: ana is there twice",
    ]


def test_a_row_that_was_changed_on_both_sides_is_refused(office: Office, book: Path) -> None:
    changed(book, lambda opened: opened["people"].__setitem__("B2", "Ana Souza"))
    text = office.file.read_text()
    office.write(text.replace("Ana Lima", "Ana Prado").replace("  chi:", "  new: {}\n  chi:"))
    assert told(office, book) == [
        "access.xlsx people:2:1: ana was changed in the document since: make the spreadsheet anew"
    ]
    office.write(text.replace("  chi:", "  new: {}\n  chi:"))
    update = sheet.take_back(load(office.file), book)
    assert update.changes == 1, "who came since is not taken for somebody taken out"


def test_what_is_no_spreadsheet_of_ours(office: Office, book: Path) -> None:
    other = office.folder / "other.xlsx"
    Workbook().save(other)
    assert "was not made by `martech document export`" in told(office, other)[0]
    other.write_bytes(b"nothing of the kind")
    assert "cannot be read as a spreadsheet" in told(office, other)[0]
    with ZipFile(other, "w", compression=8) as packed:
        packed.writestr("xl/workbook.xml", b" " * 40_000_000)
    assert "unpacks to 40 MB, more than 32" in told(office, other)[0]
    with ZipFile(other, "w") as packed:
        packed.writestr("xl/workbook.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]>')
    assert "holds a document type" in told(office, other)[0]
