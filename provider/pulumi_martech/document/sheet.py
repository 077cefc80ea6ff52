"""The document as a spreadsheet, for owners who never see YAML: out, and checked, back in.

One sheet a section, one row an entry, one column a key that is text, a day or a list of names;
what is nested stays in the document as it is. A hidden sheet keeps what every row said when the
spreadsheet was made: so a row that was taken out can be told from one that came since, and a row
that was changed on both sides is refused instead of decided.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from pulumi_martech.document.files import limit
from pulumi_martech.document.load import Document
from pulumi_martech.document.problems import DocumentInvalid, Place, Problem
from pulumi_martech.document.update import Update
from pulumi_martech.model.identity import near

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "people": (
        "name", "email", "team", "manager", "job", "status", "kind", "owner", "starts", "until",
        "aliases",
    ),
    "teams": ("name", "lead", "parent"),
    "grants": (
        "who", "team", "role", "account", "assets", "starts", "until", "why", "ticket", "asked_by",
        "approved_by",
    ),
    "assets": ("account", "kind", "id", "name", "owner", "team", "critical"),
    "vendors": ("name", "domains", "aliases", "contract", "until", "owner", "why"),
    "partners": ("name", "kind", "tier", "parent", "regions", "product_lines", "owner"),
}  # fmt: skip
"""Sections and their columns; before them stands the key (of grants: what tells them apart)."""

LISTS = frozenset({"aliases", "assets", "domains", "regions", "product_lines"})
"""Columns that hold several names, with a comma between them."""

DAYS = frozenset({"starts", "until"})
"""Columns that hold days."""

_KEPT = "martech"
"""The hidden sheet: section, key, and the fingerprint of what a row said."""

_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_WIDE = 28


@dataclass(frozen=True)
class _Row:
    section: str
    key: str
    place: Place
    said: Mapping[str, Any]


def entries(document: Document, section: str) -> Iterator[tuple[str, str | int, dict[str, Any]]]:
    """Yield the entries of a section: key, where it is, and what its columns say."""
    if section == "grants":
        for index, grant in enumerate(document.access.grants):
            yield grant.key, index, _columns(document.written("grants", index), section)
        return
    for key in getattr(document.access, section):
        yield key, key, _columns(document.written(section, key), section)


def _columns(entry: Mapping[str, Any], section: str) -> dict[str, Any]:
    said = {name: entry[name] for name in COLUMNS[section] if entry.get(name)}
    return {n: value.strip() if isinstance(value, str) else value for n, value in said.items()}


def _fingerprint(said: Mapping[str, Any]) -> str:
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write(document: Document, path: Path) -> None:
    """Write a document as a spreadsheet; no cell of it is ever a formula."""
    book = Workbook()
    book.remove(book.active) if book.active else None
    kept: Worksheet = book.create_sheet(_KEPT)
    kept.sheet_state = "hidden"
    for section in COLUMNS:
        sheet: Worksheet = book.create_sheet(section)
        head = ("key", *COLUMNS[section])
        for at, name in enumerate(head, 1):
            sheet.cell(1, at, name).font = Font(bold=True)
            sheet.column_dimensions[get_column_letter(at)].width = _WIDE
        sheet.freeze_panes = "B2"
        for line, (key, _, said) in enumerate(entries(document, section), 2):
            _text(sheet.cell(line, 1), key)
            for at, name in enumerate(COLUMNS[section], 2):
                value = said.get(name)
                if value is not None:
                    shown = ", ".join(value) if isinstance(value, list) else str(value)
                    _text(sheet.cell(line, at), shown)
            kept.append([section, None, _fingerprint(said)])
            _text(kept.cell(kept.max_row, 2), key)
    book.active = 1
    book.save(path)


def _text(cell: Any, text: str) -> None:
    """Fill a cell with text that stays text, also where it is opened and saved again."""
    cell.value = text
    cell.data_type = "s"
    cell.number_format = "@"
    if text.startswith(_SIGNS):
        cell.quotePrefix = True


def take_back(document: Document, path: Path) -> Update:
    """Work out what a spreadsheet changes in a document.

    Raises:
        DocumentInvalid: what is wrong with it, all at once: formulas, columns and sheets that
            mean nothing, rows without a key, rows that were changed on both sides.
    """
    rows, kept, problems = _read(path)
    update = Update(document)
    before = {
        (section, key): (where, said)
        for section in COLUMNS
        for key, where, said in entries(document, section)
    }
    seen: set[tuple[str, str]] = set()
    for row in rows:
        here = (row.section, row.key)
        where, old = before.get(here, (None, {}))
        if row.key and here in seen:
            problems.append(Problem(row.place, f"{row.key} is there twice"))
            continue
        seen.add(here)
        was = kept.get(here)
        if where is None:
            if was is not None:
                text = f"{row.key} has gone from the document since: take the row out"
                problems.append(Problem(row.place, text))
            elif row.section == "grants":
                update.append("grants", row.said)
            elif row.key:
                update.put(row.section, row.key, row.said)
            else:
                problems.append(Problem(row.place, "has no key"))
        elif row.said != old:
            if was != _fingerprint(old):
                text = f"{row.key} was changed in the document since: make the spreadsheet anew"
                problems.append(Problem(row.place, text))
            columns = COLUMNS[row.section]
            names = {n: row.said.get(n) for n in columns if row.said.get(n) != old.get(n)}
            update.set(row.section, where, **names)
    for here in kept.keys() - seen:
        if here in before:
            update.remove(here[0], before[here][0])
    if problems:
        raise DocumentInvalid(path.name, problems)
    return update


def _read(
    path: Path,
) -> tuple[list[_Row], dict[tuple[str, str], str], list[Problem]]:
    problems: list[Problem] = []
    kept: dict[tuple[str, str], str] = {}
    rows: list[_Row] = []
    book = _opened(path)
    if _KEPT not in book.sheetnames:
        text = f"was not made by `martech document export`: it lacks the sheet {_KEPT!r}"
        raise DocumentInvalid(path.name, [Problem(Place(path.name), text)])
    for line in book[_KEPT].iter_rows(values_only=True):
        section, key, fingerprint, *_ = (*line, None, None, None)
        kept[str(section), str(key)] = str(fingerprint)
    for name in COLUMNS:
        if name not in book.sheetnames:
            text = f"lacks the sheet {name!r}: put it back; rows that are taken out are taken away"
            problems.append(Problem(Place(path.name), text))
    for name in book.sheetnames:
        if name == _KEPT:
            continue
        if name not in COLUMNS:
            text = f"sheet {name!r} means nothing here; {near(name, COLUMNS) or 'take it out'}"
            problems.append(Problem(Place(path.name), text))
            continue
        rows += _rows(path, book[name], name, problems)
    book.close()
    return rows, kept, problems


def _opened(path: Path) -> Workbook:
    """Open a spreadsheet that unpacks to no more than a document may have."""

    def refused(text: str) -> DocumentInvalid:
        return DocumentInvalid(path.name, [Problem(Place(path.name), text)])

    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
            if size > limit():
                raise refused(
                    f"unpacks to {size / 1e6:.0f} MB, more than {limit() / 1e6:.0f} (see "
                    "MARTECH_DOCUMENT_LIMIT)"
                )
            for part in packed.namelist():
                with packed.open(part) as file:
                    if b"<!DOCTYPE" in file.read(2000):
                        raise refused("holds a document type, which no spreadsheet needs")
        return load_workbook(path, read_only=True, keep_links=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise refused(f"cannot be read as a spreadsheet (XLSX): {error}") from None


def _rows(path: Path, sheet: Worksheet, section: str, problems: list[Problem]) -> Iterator[_Row]:
    head: list[str] = []
    for line, cells in enumerate(sheet.iter_rows(), 1):
        if line == 1:
            head = [str(cell.value or "").strip() for cell in cells]
            for at, name in enumerate(head, 1):
                if name not in ("key", *COLUMNS[section], ""):
                    hint = near(name, COLUMNS[section]) or "take it out"
                    place = Place(f"{path.name} {section}", 1, at)
                    problems.append(Problem(place, f"column {name!r} means nothing; {hint}"))
                elif name and name in head[: at - 1]:
                    place = Place(f"{path.name} {section}", 1, at)
                    problems.append(Problem(place, f"column {name!r} is there twice"))
            for name in ("key", *COLUMNS[section]):
                if name not in head:
                    place = Place(f"{path.name} {section}")
                    text = f"lacks the column {name!r}: put it back; empty cells take values away"
                    problems.append(Problem(place, text))
            continue
        said: dict[str, Any] = {}
        place = Place(f"{path.name} {section}", line)
        for at, cell in enumerate(cells, 1):
            if cell.value is None:
                continue
            where = Place(f"{path.name} {section}", line, at)
            if at > len(head) or not head[at - 1]:
                problems.append(Problem(where, "stands in a column without a name: take it out"))
                continue
            if cell.data_type in ("f", "e"):
                kind = "a formula" if cell.data_type == "f" else "an error"
                problems.append(Problem(where, f"is {kind}: write what it comes to"))
                continue
            value = _value(cell.value, head[at - 1])
            if value:
                said[head[at - 1]] = value
        key = str(said.pop("key", ""))
        if said or key:
            yield _Row(section, key, place, {n: said[n] for n in COLUMNS[section] if n in said})


def _from_number(number: float) -> Any:
    """Return the day that a spreadsheet keeps as a number, where its look was lost."""
    return from_excel(number) if 20_000 < number < 100_000 else number


def _value(value: Any, column: str) -> Any:
    """Return a cell as it is written in a document: spreadsheets make days and numbers of text."""
    if column in DAYS and isinstance(value, int | float) and not isinstance(value, bool):
        value = _from_number(value)
    if isinstance(value, datetime):
        midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        text = value.date().isoformat() if midnight else f"{value.isoformat()}Z"
    elif isinstance(value, date):
        text = value.isoformat()
    elif isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float) and value.is_integer():
        text = str(int(value))
    else:
        text = str(value).strip()
    if column in LISTS:
        return [name.strip() for name in text.split(",") if name.strip()]
    return text
