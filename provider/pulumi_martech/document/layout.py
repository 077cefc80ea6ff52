"""Where the values of a YAML text stand, so that one of them can be changed and nothing else."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yaml import events

from pulumi_martech.document.parse import parser
from pulumi_martech.document.problems import Way

_BETWEEN = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*")
"""Lines with nothing but comments."""

_APART = re.compile(r"(?:\s|(?<=\s)#[^\n]*)*,")
"""What may stand between a value in brackets and the comma behind it."""


@dataclass
class Node:
    """Where a value stands: offsets of its first character and behind its last one.

    ``flow`` is a map or list in brackets, ``column`` that of the children of others: of their keys
    or of their dashes. ``children`` are all of a map or list on the way to a change, in order.
    """

    kind: type
    start: int
    end: int
    flow: bool = False
    column: int = 0
    children: "dict[str | int, Child]" = field(default_factory=dict)

    @property
    def blank(self) -> bool:
        """Whether there is nothing where a value could be."""
        return self.start == self.end


@dataclass
class Child:
    """A value with where its key, its dash, or its item in brackets begins, and where its key ends.

    ``first`` says that something else stands before it on its line: the dash of what it is in.
    """

    begins: int
    key_ends: int
    node: Node
    first: bool = False


@dataclass
class Layout:
    """The outermost map of a text, if there is one, and where what is put behind it belongs."""

    root: Node | None
    bottom: int


def layout(text: str, ways: Iterable[Way]) -> Layout:
    """Return how a text is laid out, with everything on the ways given."""
    wanted: dict[Any, Any] = {}
    for way in ways:
        here = wanted
        for part in way:
            here = here.setdefault(part, {})
    found = Layout(None, len(text))
    get = parser(text)
    while type(event := get()) is not events.StreamEndEvent:
        if type(event) is events.MappingStartEvent:
            found.root = _node(text, get, event, wanted)
        elif type(event) is events.DocumentEndEvent and event.explicit:
            mark: Any = event.start_mark
            found.bottom = mark.index
    return found


def _node(text: str, get: Callable[[], Any], event: Any, wanted: Mapping[Any, Any] | None) -> Node:
    kind = type(event)
    node = Node(kind, event.start_mark.index, event.end_mark.index)
    if kind is events.ScalarEvent:
        written = text[node.start : node.end]
        if event.style in ("|", ">") and "+" not in written.partition("\n")[0]:
            node.end = node.start + len(written.rstrip())  # empty lines behind it are not of it
        return node
    node.flow, node.end = bool(event.flow_style), node.start
    index = 0
    while type(event := get()) not in (events.MappingEndEvent, events.SequenceEndEvent):
        begins, key_ends, part = event.start_mark.index, event.start_mark.index, index
        if kind is events.MappingStartEvent:
            key_ends, part = event.end_mark.index, event.value
            event = get()
        elif not node.flow and wanted is not None:
            begins = _dash(text, node.end) if index else node.start
        if index == 0:
            node.column = begins - text.rfind("\n", 0, begins) - 1
        child = _node(text, get, event, wanted.get(part) if wanted else None)
        node.end, index = max(child.end, key_ends), index + 1
        if wanted is not None:
            first = bool(text[text.rfind("\n", 0, begins) + 1 : begins].strip())
            node.children[part] = Child(begins, key_ends, child, first)
    if node.flow:
        node.end = event.end_mark.index
    return node


def _dash(text: str, behind: int) -> int:
    """Return where the dash of the next item of a list stands."""
    between = _BETWEEN.match(text, behind if text[behind - 1] == "\n" else line_end(text, behind))
    return text.index("-", between.end() if between else behind)


def line_end(text: str, offset: int) -> int:
    """Return where the line of an offset ends, behind its line end if it has one."""
    if text[offset - 1 : offset] == "\n":
        return offset
    return text.find("\n", offset) + 1 or len(text)


def line_start(text: str, offset: int) -> int:
    """Return where the line of an offset begins."""
    return text.rfind("\n", 0, offset) + 1


def behind_comma(text: str, offset: int) -> int:
    """Return the place behind the comma after a value in brackets, the offset if it has none."""
    found = _APART.match(text, offset)
    return found.end() if found else offset
