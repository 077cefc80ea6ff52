"""Where verbs say what they do: a terminal, a log, or one machine document on standard output."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from pulumi_martech.engine.events import Events
from pulumi_martech.model.errors import MartechError
from pulumi_martech.operations.shown import harmless

Colour = Literal["auto", "always", "never"]

PATIENCE = 2.0
"""Seconds after which a phase that still runs shows its progress."""

_DOTS = 5.0
"""Seconds between lines of progress where there is no terminal."""

_LOOK = 0.2
"""Seconds between looks at how far something is."""


_LOG_WIDTH = 160
"""Columns that a table may take where there is no terminal to fit."""


class NotConfirmed(MartechError):
    """Somebody has to say yes and did not."""


class Screen:
    """One run's output.

    People read standard output (or, with ``machine``, nothing but errors on standard error);
    progress always goes to standard error.
    """

    def __init__(self, colour: Colour = "auto", machine: bool = False) -> None:
        self.machine = machine
        self.out = _console(sys.stdout, colour)
        self.err = _console(sys.stderr, colour)
        self.phases: dict[str, float] = {}
        self._blank = False
        self._label = ""
        self._since = 0.0
        self._told = 0.0
        self._status: Status | None = None
        self._interrupted = False

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return not self.machine and sys.stdin.isatty() and sys.stdout.isatty()

    # -- saying

    def line(self, text: Text | str = "", indent: int = 0, mark: Text | str = "") -> None:
        """Print a line, wrapped under its own beginning on a terminal and never in a log."""
        blank = not (str(text) or str(mark))
        if self.machine or (blank and self._blank):
            return
        self._blank = blank
        _line(self.out, text, indent, mark)

    def table(self, table: Table) -> None:
        """Print a table; where its words do not fit side by side, row by row."""
        if not self.machine:
            self._blank = False
            self.out.print(_fitted(table, self.out.width))

    def warn(self, text: str) -> None:
        """Print a warning to standard error."""
        _line(self.err, harmless(text), 0, Text("warning:", style="yellow"))

    def error(self, text: str) -> None:
        """Print an error to standard error."""
        _line(self.err, harmless(text), 0, Text("error:", style="bold red"))

    def write(self, text: str) -> None:
        """Write text to standard output as it is: documents, exports."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def confirm(self, question: str, word: str = "yes") -> None:
        """Ask a person and go on only if the answer is ``word``.

        Raises:
            NotConfirmed: the answer was something else.
        """
        self.line()
        try:
            said = self.out.input(Text.assemble(question, f" Type {word!r} to go on: "))
        except EOFError:
            said = ""
        if said.strip().lower() != word.lower():
            raise NotConfirmed("ask for approval", "it was not given", "nothing was written")

    # -- progress

    @contextlib.contextmanager
    def phase(self, label: str, done: Callable[[], str] | None = None) -> Iterator[None]:
        """Show progress under this label for as long as the block runs.

        ``done`` says how far it is, where no engine's events tell that: it is asked again and
        again, from a thread.
        """
        self._label, self._since = label, time.monotonic()
        self._told = self._since
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done, ended), daemon=True)
        if done is not None:
            watch.start()
        try:
            yield
        finally:
            ended.set()
            if done is not None:
                watch.join()
            self.phases[label] = round(time.monotonic() - self._since, 3)
            self._label = ""
            if self._status is not None:
                self._status.stop()
                self._status = None

    def _watch(self, done: Callable[[], str], ended: threading.Event) -> None:
        while not ended.wait(_LOOK):
            self._show(done())

    def progress(self, events: Events) -> None:
        """Show how far the phase is; called again and again by the engine's driver."""
        if events.interrupted and not self._interrupted:
            self._interrupted = True
            self.warn(
                "interrupted: calls under way are finished and recorded, nothing new begins; "
                "once more ends it at once"
            )
        self._show(f"{events.ended} of {max(events.begun, events.ended)}" if events.begun else "")

    def _show(self, done: str) -> None:
        now = time.monotonic()
        if not self._label or now - self._since < PATIENCE:
            return
        seconds = int(now - self._since)
        text = f"{self._label} ({done + ', ' if done else ''}{seconds} s)"
        if self.err.file.isatty():
            if self._status is None:
                self._status = self.err.status(text)
                self._status.start()
            self._status.update(text)
        elif now - self._told >= _DOTS:
            self._told = now
            _line(self.err, f"{text} ...", 0, "")


def require_approval(screen: Screen, yes: bool, what: str) -> None:
    """Refuse at once what would have to ask a person who is not there.

    Raises:
        NotConfirmed: there is nobody to ask and ``yes`` was not said.
    """
    if not yes and not screen.interactive:
        raise NotConfirmed(
            what,
            "there is no terminal to ask for approval",
            "nothing was done",
            "say --yes, or apply a reviewed plan with `martech up --plan FILE --yes`",
        )


def _console(stream: TextIO, colour: Colour) -> Console:
    unwanted = os.environ.get("NO_COLOR") or (
        os.environ.get("CI") and not os.environ.get("FORCE_COLOR")
    )
    plain = colour == "never" or (colour == "auto" and bool(unwanted))
    log = not stream.isatty() and "COLUMNS" not in os.environ
    return Console(
        file=stream,
        width=_LOG_WIDTH if log else None,
        force_terminal=True if colour == "always" else None,
        no_color=plain,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def _line(console: Console, text: Text | str, indent: int, mark: Text | str) -> None:
    body = text if isinstance(text, Text) else Text(text)
    head = mark if isinstance(mark, Text) else Text(mark)
    gap = indent + head.cell_len + bool(head.plain)
    if not console.is_terminal or not gap or gap + body.cell_len <= console.width:
        line = Text.assemble(" " * indent, head, " " if head.plain else "", body)
        console.print(line, soft_wrap=not console.is_terminal)
        return
    grid = Table.grid(padding=(0, 0))  # slow, so only for what has to be wrapped
    grid.add_column(width=gap, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text.assemble(" " * indent, head), body)
    console.print(grid)


_GAP = 2
"""Columns between two of a table."""

_LONGEST_WORD = 40
"""Columns that a word may take before it is broken rather than the table."""


def _fitted(table: Table, width: int) -> Table:
    """Return a table whose columns are as wide as they can be without breaking words.

    The widest give way first; where even the longest words do not fit, a list of the rows.
    """
    texts = [[str(column.header), *map(str, column.cells)] for column in table.columns]
    whole = [max(_widths(cells)) for cells in texts]
    room = width - _GAP * (len(whole) - 1)
    if sum(whole) <= room:
        return table
    least = [
        min(_LONGEST_WORD, max(_widths([w for cell in cells for w in cell.split()] or [""])))
        for cells in texts
    ]
    if sum(least) > room:
        return _listed(table, texts)
    level = max(whole)
    while sum(widths := [max(a, min(b, level)) for a, b in zip(least, whole, strict=True)]) > room:
        level -= 1
    for column, columns_wide in zip(table.columns, widths, strict=True):
        column.width = columns_wide
    return table


def _widths(cells: Sequence[str]) -> list[int]:
    return [cell_len(line) for cell in cells for line in cell.splitlines() or [""]]


def _listed(table: Table, texts: Sequence[Sequence[str]]) -> Table:
    """Return a table's rows one below the other, each cell under its heading's name."""
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(overflow="fold")
    for row, cells in enumerate(zip(*(column.cells for column in table.columns), strict=True)):
        if row:
            grid.add_row()
        for heading, cell in zip(texts, cells, strict=True):
            if str(cell):
                grid.add_row(heading[0], cell)
    return grid


def columns(rows: Sequence[Sequence[Any]], headings: Sequence[str]) -> Table:
    """Return a plain table for `Screen.table`, which fits it to the terminal.

    A cell is a value, or a list of values with a line each.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(_cell(cell)) for cell in row))
    return table


def _cell(value: Any) -> str:
    lines = value if isinstance(value, list | tuple) else (value,)
    return "\n".join(harmless(str(line)) for line in lines)
