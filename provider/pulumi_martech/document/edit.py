"""Changes to a document that leave every byte outside of them as it is.

All changes of a file are worked out on its text as it stands, from one reading, and put in
together. Afterwards the new text is read again: it must say what was meant and nothing else, so
that a mistake here can never reach a file.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yaml import events

from pulumi_martech.document.parse import parse, parser
from pulumi_martech.document.problems import Way
from pulumi_martech.document.written import WIDTH, block, inline, scalar
from pulumi_martech.model.errors import MartechError


class NotEditable(MartechError):
    """A change cannot be made without changing something else; nothing was written."""


@dataclass(frozen=True)
class Change:
    """One thing that is put in, put in the place of another, or taken away (``None``).

    ``way`` leads to it within its file. What is not there yet is put in behind what is there; an
    index past the end of a list appends.
    """

    way: Way
    value: Any = None


def changed(text: str, changes: Sequence[Change]) -> str:
    """Return a text with all changes made, and each byte outside of them as it was.

    Raises:
        NotEditable: the text is no document, or it is written in a way that a change does not
            fit into.
    """
    before = parse("the file", text)
    if before.problems:
        raise NotEditable("change a document", str(before.problems[0]), "nothing was written")
    meant = _meant(before.data, changes)
    pieces = _Pieces(text, _tree(text, changes))
    for change in _emptied(before.data, changes):
        pieces.add(change)
    done = pieces.text()
    after = parse("the file", done)
    if after.problems or _said(after.data) != _said(meant):
        raise NotEditable(
            "change a document",
            "what stands around it is written in a way that this does not fit into "
            f"({', '.join('.'.join(map(str, change.way)) for change in changes[:3])})",
            "nothing was written",
            "make the change by hand",
        )
    return done


def differences(way: Way, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return the smallest changes that make one entry another; lists grow and shrink by items."""
    found: list[Change] = []
    for key in [*new, *(key for key in old if key not in new)]:
        was, value, here = old.get(key), new.get(key), (*way, key)
        if was == value:
            continue
        if isinstance(was, Mapping) and isinstance(value, Mapping) and value:
            found += differences(here, was, value)
        elif isinstance(was, list) and isinstance(value, list) and value:
            kept = [item for item in was if item in value]
            if kept and value[: len(kept)] == kept:
                found += [Change((*here, at)) for at, item in enumerate(was) if item not in value]
                more = enumerate(value[len(kept) :], len(was))
                found += [Change((*here, at), item) for at, item in more]
            else:
                found.append(Change(here, value))
        else:
            found.append(Change(here, value))
    return found


# -- what is meant, on values alone


def _meant(data: Mapping[str, Any], changes: Iterable[Change]) -> Any:
    """Return what the document says after the changes."""
    whole: Any = copy.deepcopy(data)
    gone: list[tuple[Any, str | int]] = []
    for change in changes:
        here = whole
        for part, below in zip(change.way, change.way[1:], strict=False):
            if isinstance(here, dict) and here.get(part) is None:
                here[part] = [] if isinstance(below, int) else {}
            here = here[part]
        last = change.way[-1]
        if change.value is None:
            gone.append((here, last))
        elif isinstance(here, list) and isinstance(last, int) and last >= len(here):
            here.append(_texts(change.value))
        else:
            here[last] = _texts(change.value)
    indexes_last_first = sorted(
        gone, key=lambda one: one[1] if isinstance(one[1], int) else -1, reverse=True
    )
    for here, last in indexes_last_first:
        del here[last]
    return whole


def _emptied(data: Mapping[str, Any], changes: Sequence[Change]) -> Sequence[Change]:
    """Take away the whole of what would be left with nothing in it, but for sections."""
    removals: dict[Way, set[str | int]] = {}
    puts = {change.way[:-1] for change in changes if change.value is not None}
    for change in changes:
        if change.value is None:
            removals.setdefault(change.way[:-1], set()).add(change.way[-1])
    left = list(changes)
    for above, gone in removals.items():
        here: Any = data
        for part in above:
            here = here[part]
        if len(above) > 1 and len(gone) == len(here) and above not in puts:
            left = [c for c in left if c.value is not None or c.way[:-1] != above]
            left.append(Change(above, {} if isinstance(here, dict) else []))
    return left


def _texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(item) for item in value]
    return str(value)


def _said(data: Mapping[str, Any]) -> Any:
    """Return a document without sections that hold nothing: they are as good as not there."""
    return {name: section for name, section in data.items() if section}


# -- where it stands


@dataclass
class _Node:
    """Where a value stands: offsets of its first character and behind its last one.

    ``flow`` is a map or list in brackets, ``column`` that of the children of others. ``children``
    are all of a map or list on the way to a change, in order.
    """

    kind: type
    start: int
    end: int
    flow: bool = False
    column: int = 0
    children: "dict[str | int, _Child]" = field(default_factory=dict)


@dataclass
class _Child:
    """A value with where its key or item begins, and where its key ends."""

    begins: int
    key_ends: int
    node: _Node


def _tree(text: str, changes: Sequence[Change]) -> _Node | None:
    """Return the outermost map with everything on the way to a change."""
    wanted: dict[Any, Any] = {}
    for change in changes:
        here = wanted
        for part in change.way:
            here = here.setdefault(part, {})
    get = parser(text)
    while type(event := get()) is not events.StreamEndEvent:
        if type(event) is events.MappingStartEvent:
            return _node(get, event, wanted)
    return None


def _node(get: Callable[[], Any], event: Any, wanted: Mapping[Any, Any] | None) -> _Node:
    kind = type(event)
    node = _Node(kind, event.start_mark.index, event.end_mark.index)
    if kind is events.ScalarEvent:
        return node
    node.flow, node.end = bool(event.flow_style), node.start
    index = 0
    while type(event := get()) not in (events.MappingEndEvent, events.SequenceEndEvent):
        if index == 0:
            node.column = event.start_mark.column
        begins, key_ends, part = event.start_mark.index, event.start_mark.index, index
        if kind is events.MappingStartEvent:
            key_ends, part = event.end_mark.index, event.value
            event = get()
        child = _node(get, event, wanted.get(part) if wanted else None)
        node.end, index = child.end, index + 1
        if wanted is not None:
            node.children[part] = _Child(begins, key_ends, child)
    if node.flow:
        node.end = event.end_mark.index
    return node


class _Pieces:
    """Replacements in a text, gathered before any is made."""

    def __init__(self, text: str, root: _Node | None) -> None:
        self._text, self._root = text, root
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._spans: list[tuple[int, int, str]] = []
        self._added: dict[int, list[tuple[int, str]]] = {}
        self._sections: dict[str, list[str]] = {}
        self._in_brackets: dict[int, tuple[_Node, list[str]]] = {}
        self._gone: dict[int, tuple[_Node, set[str | int]]] = {}

    def add(self, change: Change) -> None:
        """Work one change out."""
        holder = self._root
        for at, part in enumerate(change.way):
            child = holder.children.get(part) if holder else None
            last = at + 1 == len(change.way)
            if child is not None and not last and child.node.kind is not events.ScalarEvent:
                holder = child.node
                continue
            value = _under(change.way[at + 1 :], change.value)
            if holder is None or (child is None and at == 0 and not holder.flow):
                self._sections.setdefault(str(part), []).append(self._entries(value))
            elif child is None:
                self._insert(holder, part, value)
            elif change.value is None:
                self._gone.setdefault(id(holder), (holder, set()))[1].add(part)
            elif at == 0 and not last:  # a section that is there with nothing in it
                self._put(self._line_end(child.node.end), 2, self._entries(value))
            else:
                self._replace(child, value)
            return

    def text(self) -> str:
        """Return the text with everything put in its place."""
        for holder, parts in self._gone.values():
            (self._remove_flow if holder.flow else self._remove)(holder, parts)
        for key, (holder, named) in self._in_brackets.items():
            _, gone = self._gone.get(key, (holder, set()))
            behind = [child.node.end for child in holder.children.values()]
            comma = ", " if holder.children.keys() - gone else ""
            self._put(behind[-1] if behind else holder.end - 1, 0, comma + ", ".join(named))
        spans = list(self._spans)
        for at, new in self._added.items():
            # What belongs to the entry above comes before the next entry.
            deepest_first = sorted(new, key=lambda one: -one[0])
            spans.append((at, at, "".join(written for _, written in deepest_first)))
        whole: list[str] = []
        behind_last = 0
        for start, end, written in sorted(spans):
            whole += [self._text[behind_last:start], written]
            behind_last = end
        done = "".join([*whole, self._text[behind_last:]])
        for name, entries in self._sections.items():
            ends = "" if not done or done.endswith("\n") else self._newline
            done += f"{ends}{name}:{self._newline}{''.join(entries)}"
        return done

    def _put(self, at: int, column: int, written: str) -> None:
        self._added.setdefault(at, []).append((column, written))

    def _replace(self, child: _Child, value: Any) -> None:
        node, new = child.node, inline(value)
        old = self._text[node.start : node.end]
        if node.kind is not events.ScalarEvent and not node.flow:
            start = self._text.index(":", child.key_ends) + 1
            self._spans.append((start, node.end, f" {new}"))
        else:
            ends = self._newline if old.endswith("\n") else ""  # a text over several lines
            self._spans.append((node.start, node.end, f"{new}{ends}"))

    def _insert(self, holder: _Node, part: str | int, value: Any) -> None:
        named = inline(value) if isinstance(part, int) else f"{scalar(part)}: {inline(value)}"
        if holder.flow:
            self._in_brackets.setdefault(id(holder), (holder, []))[1].append(named)
            return
        children = list(holder.children.values())
        like = children[-1].node
        apart = like.kind is events.MappingStartEvent and not like.flow
        column = self._dash(children[0].begins) if isinstance(part, int) else holder.column
        at = self._line_end(holder.end)
        self._put(at, column, self._entry(part, value, column, apart))

    def _dash(self, begins: int) -> int:
        """Return the column of the dash before an item of a list."""
        line = self._text.rfind("\n", 0, begins) + 1
        return self._text.rindex("-", line, begins) - line

    def _entries(self, value: Any) -> str:
        """Write what stands below a section that had nothing."""
        items = enumerate(value) if isinstance(value, list) else value.items()
        return "".join(self._entry(part, item, 2, False) for part, item in items)

    def _entry(self, part: str | int, value: Any, column: int, apart: bool) -> str:
        """Write an entry: in one line where it fits and others are written so, else in several."""
        margin = " " * column
        head = "-" if isinstance(part, int) else f"{scalar(part)}:"
        one = f"{margin}{head} {inline(value)}"
        if not (isinstance(value, Mapping) and value) or (not apart and len(one) <= WIDTH):
            return one + self._newline
        lines = block(value, column + 2)
        if isinstance(part, int):
            lines[0] = f"{margin}- {lines[0].lstrip()}"
        else:
            lines.insert(0, f"{margin}{head}")
        return "".join(f"{line}{self._newline}" for line in lines)

    def _line_end(self, offset: int) -> int:
        """Return where the line of an offset ends, behind its line end; one is made if missing."""
        if self._text[offset - 1 : offset] == "\n":
            return offset
        end = self._text.find("\n", offset)
        if end >= 0:
            return end + 1
        if len(self._text) not in self._added:
            self._put(len(self._text), len(self._text), self._newline)
        return len(self._text)

    def _remove(self, holder: _Node, parts: set[str | int]) -> None:
        """Take entries away with their lines; what follows on the line of a dash moves up."""
        order = list(holder.children.items())
        for at, (part, child) in enumerate(order):
            if part not in parts:
                continue
            start = self._text.rfind("\n", 0, child.begins) + 1
            margin = self._text[start : child.begins].strip()
            if margin == ("-" if isinstance(part, int) else ""):
                end = child.node.end
                if self._text[end - 1 : end] != "\n":
                    found = self._text.find("\n", end)
                    end = found + 1 if found >= 0 else len(self._text)
                self._spans.append((start, end, ""))
            elif at + 1 < len(order):
                self._spans.append((child.begins, order[at + 1][1].begins, ""))

    def _remove_flow(self, holder: _Node, parts: set[str | int]) -> None:
        """Take entries out of brackets, each with the comma behind it, the last ones with theirs
        before.
        """
        order = list(holder.children.items())
        kept = [at for at, (part, _) in enumerate(order) if part not in parts]
        last = kept[-1] if kept else -1
        for at, (part, child) in enumerate(order):
            if part in parts and at < last:
                self._spans.append((child.begins, order[at + 1][1].begins, ""))
        if last + 1 < len(order):
            start = order[last][1].node.end if kept else order[0][1].begins
            self._spans.append((start, order[-1][1].node.end, ""))


def _under(way: Way, value: Any) -> Any:
    """Return a value with the maps and lists around it that lead to it."""
    for part in reversed(way):
        value = [value] if isinstance(part, int) else {part: value}
    return value
