"""Changes to a document that leave every byte outside of them as it is.

All changes of a file are worked out on its text as it stands, from one reading, and put in
together. Afterwards the new text is read again: it must say what was meant and nothing else, so
that a mistake here can never reach a file.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yaml import events

from pulumi_martech.document.layout import (
    Child,
    Node,
    behind_comma,
    layout,
    line_end,
    line_start,
)
from pulumi_martech.document.parse import parse
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
    done = _Pieces(text, _emptied(before.data, changes)).text()
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


# -- where it is put


class _Pieces:
    """Replacements in a text, gathered before any is made."""

    def __init__(self, text: str, changes: Sequence[Change]) -> None:
        self._text = text
        self._layout = layout(text, [change.way for change in changes])
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._spans: list[tuple[int, int, str]] = []
        self._added: dict[int, list[tuple[int, str]]] = {}
        self._sections: dict[str, Any] = {}
        self._puts: dict[tuple[int, str | int], tuple[Node, int, Any]] = {}
        self._gone: dict[int, tuple[Node, set[str | int]]] = {}
        for change in changes:
            self._take(change)

    def _take(self, change: Change) -> None:
        """Find what is there already of the way to a change; what is not is put in with it."""
        holder = self._layout.root
        for at, part in enumerate(change.way):
            child = holder.children.get(part) if holder else None
            last = at + 1 == len(change.way)
            if child is not None and not last and child.node.kind is not events.ScalarEvent:
                holder = child.node
                continue
            value = _under(change.way[at + 1 :], change.value)
            if holder is None or (child is None and at == 0 and not holder.flow):
                self._sections[str(part)] = _both(self._sections.get(str(part)), value)
            elif change.value is None:
                self._gone.setdefault(id(holder), (holder, set()))[1].add(part)
            else:
                _, _, said = self._puts.get((id(holder), part), (holder, at, None))
                self._puts[id(holder), part] = (holder, at, _both(said, value))
            return

    def text(self) -> str:
        """Return the text with everything put in its place."""
        in_brackets: dict[int, tuple[Node, list[str]]] = {}
        for (_, part), (holder, depth, value) in self._puts.items():
            child = holder.children.get(part)
            if child is None and holder.flow:
                named = (
                    inline(value) if isinstance(part, int) else f"{scalar(part)}: {inline(value)}"
                )
                in_brackets.setdefault(id(holder), (holder, []))[1].append(named)
            elif child is None:
                self._insert(holder, part, value)
            elif depth == 0 and child.node.kind is events.ScalarEvent:
                # A section that is there with nothing in it, or `~`.
                self._spans.append((child.node.start, child.node.end, ""))
                self._put(self._line_end(child.node.end), 2, self._entries(value))
            else:
                self._replace(part, child, value)
        for holder, parts in self._gone.values():
            (self._remove_flow if holder.flow else self._remove)(holder, parts)
        for key, (holder, named_ones) in in_brackets.items():
            _, gone = self._gone.get(key, (holder, set()))
            kept = [child.node.end for part, child in holder.children.items() if part not in gone]
            comma = ", " if kept else ""
            self._put(kept[-1] if kept else holder.start + 1, 0, comma + ", ".join(named_ones))
        for name, entries in self._sections.items():
            head = f"{name}:{self._newline}{self._entries(entries)}"
            self._put(self._line_end(self._layout.bottom), -1, head)
        return self._done()

    def _done(self) -> str:
        spans = list(self._spans)
        for at, new in self._added.items():
            # What belongs to the entry above comes before the next entry.
            deepest_first = sorted(new, key=lambda one: -one[0])
            spans.append((at, at, "".join(written for _, written in deepest_first)))
        whole: list[str] = []
        behind_last = 0
        for start, end, written in sorted(spans):
            whole += [self._text[behind_last:start], written]
            behind_last = max(end, behind_last)
        return "".join([*whole, self._text[behind_last:]])

    def _put(self, at: int, column: int, written: str) -> None:
        self._added.setdefault(at, []).append((column, written))

    def _replace(self, part: str | int, child: Child, value: Any) -> None:
        node, new = child.node, inline(value)
        old = self._text[node.start : node.end]
        if node.kind is events.ScalarEvent or node.flow or isinstance(part, int):
            ends = self._newline if old.endswith("\n") else ""  # a text over several lines
            space = " " if node.blank and self._text[node.start - 1 : node.start] != " " else ""
            self._spans.append((node.start, node.end, f"{space}{new}{ends}"))
        else:
            start = self._text.index(":", child.key_ends) + 1
            self._spans.append((start, node.end, f" {new}"))

    def _insert(self, holder: Node, part: str | int, value: Any) -> None:
        like = list(holder.children.values())[-1].node
        apart = like.kind is events.MappingStartEvent and not like.flow
        at = self._line_end(holder.end)
        self._put(at, holder.column, self._entry(part, value, holder.column, apart))

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
        end = line_end(self._text, offset)
        if end == len(self._text) and end not in self._added and self._text[-1:] not in ("", "\n"):
            self._put(end, len(self._text), self._newline)
        return end

    def _remove(self, holder: Node, parts: set[str | int]) -> None:
        """Take entries away with their lines, and the first one behind a dash without the dash."""
        order = list(holder.children.items())
        for at, (part, child) in enumerate(order):
            if part not in parts:
                continue
            if not child.first:
                start = line_start(self._text, child.begins)
                self._spans.append((start, line_end(self._text, child.node.end), ""))
                continue
            kept = next((c for p, c in order[at:] if p not in parts), None)
            if kept is None:
                return  # nothing would be left behind the dash: what is meant is found missing
            between = self._text[line_end(self._text, child.node.end) : kept.begins]
            if "#" in between:
                self._spans.append((child.begins, child.node.end, ""))
            else:
                self._spans.append((child.begins, kept.begins, ""))

    def _remove_flow(self, holder: Node, parts: set[str | int]) -> None:
        """Take entries out of brackets: with their lines, where they have lines of their own.

        Elsewhere each goes with the comma behind it, the last ones with the one before.
        """
        order = list(holder.children.items())
        behind = [behind_comma(self._text, child.node.end) for _, child in order]
        kept = [at for at, (part, _) in enumerate(order) if part not in parts]
        last = kept[-1] if kept else -1
        tail = self._text[order[last][1].node.end if kept else order[0][1].begins : behind[-1]]
        one_line = "\n" not in tail
        for at, (part, child) in enumerate(order):
            if part not in parts or (at > last and one_line):
                continue
            start, end = line_start(self._text, child.begins), line_end(self._text, behind[at])
            beside = f"{self._text[start : child.begins]}{self._text[behind[at] : end]}"
            if not beside.partition("#")[0].strip() and "]" not in beside and "}" not in beside:
                self._spans.append((start, end, ""))
            else:
                spaces = len(self._text[behind[at] :]) - len(self._text[behind[at] :].lstrip(" "))
                self._spans.append((child.begins, behind[at] + spaces, ""))
        if last + 1 < len(order) and one_line:
            start = order[last][1].node.end if kept else order[0][1].begins
            self._spans.append((start, order[-1][1].node.end if kept else behind[-1], ""))


def _both(one: Any, other: Any) -> Any:
    """Return what two changes below the same place put there together."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {**one, **{key: _both(one.get(key), value) for key, value in other.items()}}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other]
    return other


def _under(way: Way, value: Any) -> Any:
    """Return a value with the maps and lists around it that lead to it."""
    for part in reversed(way):
        value = [value] if isinstance(part, int) else {part: value}
    return value
