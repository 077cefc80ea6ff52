"""YAML to plain values, with the place of each entry; nothing is guessed from how a value looks.

Every plain scalar stays text: what it means is for the model to say, so that ``no`` can be a
country and ``007`` a name. The parser of libyaml is used event by event: its own loaders take
four times as long on fifty thousand grants. Anchors, aliases and tags are refused: an alias
makes one edit change several entries, and lets a small file grow without end.
"""

import gc
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import yaml
from yaml import events

from pulumi_martech.document.problems import Place, Problem, Way, quoted
from pulumi_martech.model.identity import near

DEEPEST = 16
"""Levels of nesting; the deepest that means anything has seven."""

MOST = 1_000
"""Mistakes in the YAML of one file after which it is read no further."""

_EMPTY = frozenset({"", "~", "null", "Null", "NULL"})
NOTHING = "says nothing: write a value, [] or {} for none, or take the line away"
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_LINE = re.compile(r"\r\n?|\n")
_TAB = re.compile(r"^ *(\t+)", re.MULTILINE)
_QUOTE = "a quote is not closed"
_TEXT = "put the text in quotes"
_SAID = (
    (
        "mapping values are not allowed",
        f"there is a ':' where none can be: {_TEXT}, or check the indentation",
    ),
    (
        "could not find expected ':'",
        "the line above is no `key: value`: check quotes and indentation",
    ),
    ("did not find expected key", "the indentation, or a bracket, does not fit the lines above it"),
    ("did not find expected '-'", "the indentation does not fit the list above it"),
    ("did not find expected ',' or", "a list or map in brackets is not closed"),
    ("did not find expected node content", "there is no value where one must be: check commas"),
    ("did not find expected <document start>", "does not belong to what is above it: check both"),
    ("sequence entries are not allowed", f"there is a '-' where none can be: {_TEXT}"),
    ("mapping keys are not allowed", f"there is a '?' where none can be: {_TEXT}"),
    ("found unexpected ':'", f"there is a ':' where none can be: {_TEXT}"),
    ("found unexpected end of stream", _QUOTE),
    ("found unexpected document indicator", _QUOTE),
    ("cannot start any token", "a value cannot begin like this: put it in quotes"),
    ("unknown escape character", "there is no such escape: write \\\\ for a backslash"),
    ("escape", "there is no such character: check what follows the backslash"),
    ("expected hexdecimal number", "there is no such character: check what follows the backslash"),
    ("control characters are not allowed", "a control character: take it out"),
    ("tag", "tags (!...) are not used"),
    ("an anchor", "anchors (&...) are not used"),
    ("an alias", f"aliases (*...) are not used: {_TEXT} if it is one"),
    ("directive", "lines that begin with % are not used"),
    ("block scalar", f"what follows | or > is a line of text that is indented: or {_TEXT}"),
    ("too deep", f"is nested more than {DEEPEST} levels deep"),
)

Lines = dict[str | int, int]
"""Entry of a section to its place, as line * 1000 + column."""


class _Enough(Exception):
    """There are more mistakes than anybody would read."""


class Parsed:
    """The values of one file, and where the entries of its sections stand.

    Attributes:
        data: section to its value, text, lists and maps throughout.
        problems: what is wrong with it as YAML.
        broken: whether it could not be read to its end.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.broken = False
        self._lines: dict[str, Lines] = {}

    def place(self, section: str, entry: str | int) -> Place:
        """Return where an entry of a section begins."""
        packed = self._lines.get(section, {}).get(entry, 1001)
        return Place(self.name, packed // 1000, packed % 1000)

    def note(self, mark: Any, text: str) -> None:
        """Note a problem at a mark of the parser; `_Enough` is raised where there is no end."""
        if len(self.problems) == MOST:
            text = "has too many mistakes to go on from here: mend those before it"
        self.problems.append(Problem(Place(self.name, mark.line + 1, mark.column + 1), text))
        if len(self.problems) > MOST:
            raise _Enough


def parser(text: str) -> Callable[[], Any]:
    """Return what yields the next event; the parser in Python where there is no libyaml."""
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    parser: Any = loader(text)
    return parser.get_event  # type: ignore[no-any-return]


def hidden(text: str) -> str:
    """Say so if a text holds control characters or such that reorder the text around them."""
    found = None if text.isprintable() else _HIDDEN.search(text)
    if found is None:
        return ""
    code = ord(found.group())
    what = "reorders the text around it" if code in range(0x202A, 0x2070) else "cannot be seen"
    if code in (0x85, 0x2028, 0x2029):
        what = "ends a line for some and not for others"
    return f"contains the character U+{code:04X}, which {what}: take it out"


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector away from what grows and never dies: it would look at it all anew."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def parse(name: str, text: str) -> Parsed:
    """Return the values of a file; whatever is wrong is noted in it, and nothing is raised."""
    found = Parsed(name)
    try:
        _build(found, parser(text))
    except _Enough:
        found.broken = True
    except yaml.YAMLError as error:
        found.broken = True
        tabs = [(tab.start(1), "indented with a tab: use spaces") for tab in _TAB.finditer(text)]
        signs = [(sign.start(), hidden(sign.group())) for sign in _HIDDEN.finditer(text)]
        for at, words in (tabs or signs)[:MOST]:
            found.problems.append(Problem(at_offset(name, text, at), words))
        if not (tabs or signs):
            found.problems.append(Problem(_where(name, error), _words(error)))
    if found.broken:
        found.data = {}  # half of an entry would be judged as if it were all of it
    return found


def at_offset(name: str, text: str, offset: int) -> Place:
    """Return the place of a character of a text."""
    ends = [found.end() for found in _LINE.finditer(text, 0, offset)]
    return Place(name, len(ends) + 1, offset - (ends[-1] if ends else 0) + 1)


def _where(name: str, error: yaml.YAMLError) -> Place:
    mark = getattr(error, "problem_mark", None)
    if mark is None or "not closed" in _words(
        error
    ):  # where it was opened, not where the file ends
        mark = getattr(error, "context_mark", None) or mark
    return Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)


def _words(error: yaml.YAMLError) -> str:
    said = " ".join(
        str(part) for part in (getattr(error, "context", ""), getattr(error, "problem", error))
    )
    return next((words for part, words in _SAID if part in said), "is no YAML from here on")


def _build(found: Parsed, get: Callable[[], Any]) -> None:
    """Build the values from events: one loop, because this is where large documents spend time."""
    scalar, mapping, sequence = (
        events.ScalarEvent,
        events.MappingStartEvent,
        events.SequenceStartEvent,
    )
    ends = (events.MappingEndEvent, events.SequenceEndEvent)
    intern, empty = sys.intern, _EMPTY
    stack: list[tuple[Any, str | None]] = []
    here: Any = None  # the map or list being filled
    key: str | None = None  # of the value that comes next, in a map
    lines: Lines = {}
    documents = 0
    while True:
        event = get()
        kind = type(event)
        if kind is scalar:
            if event.anchor is not None or event.tag is not None:
                _refuse(found, event)
            value = event.value
            if type(here) is dict:
                if key is None:
                    key = intern(value)
                    if len(stack) <= 2:
                        if len(stack) == 2:
                            mark = event.start_mark
                            lines.setdefault(key, (mark.line + 1) * 1000 + mark.column + 1)
                        else:
                            lines = found._lines.setdefault(key, {})
                    if key in here:
                        found.note(
                            event.start_mark, f"{quoted(key)} is said twice here: take one away"
                        )
                    continue
                if value in empty and event.implicit[0]:
                    value = None
                    if len(stack) > 2:
                        found.note(event.start_mark, NOTHING)
                elif event.style == '"' and (said := hidden(value)):
                    found.note(event.start_mark, said)
                here[key] = value
                key = None
            elif here is not None:
                if len(stack) == 2:
                    mark = event.start_mark
                    lines[len(here)] = (mark.line + 1) * 1000 + mark.column + 1
                if value in empty and event.implicit[0]:
                    found.note(event.start_mark, NOTHING)
                elif event.style == '"' and (said := hidden(value)):
                    found.note(event.start_mark, said)
                here.append(value)
            elif value or not event.implicit[0]:
                found.note(event.start_mark, "is no map: write sections such as `people:`")
        elif kind is mapping or kind is sequence:
            if event.anchor is not None or event.tag is not None:
                _refuse(found, event)
            new: Any = {} if kind is mapping else []
            if type(here) is dict:
                if key is None:
                    found.note(event.start_mark, "a key is text, not a list or a map")
                    found.broken = True
                    return
                here[key] = new
            elif here is not None:
                if len(stack) == 2:
                    mark = event.start_mark
                    lines[len(here)] = (mark.line + 1) * 1000 + mark.column + 1
                here.append(new)
            elif kind is mapping:
                found.data = new
            else:
                found.note(event.start_mark, "is a list: write sections such as `people:`")
            stack.append((here, key))
            if len(stack) > DEEPEST:
                found.note(event.start_mark, f"is nested more than {DEEPEST} levels deep")
                found.broken = True
                return
            here, key = new, None
        elif kind in ends:
            here, key = stack.pop()
            key = None
        elif kind is events.AliasEvent:
            found.note(event.start_mark, f"*{event.anchor}: aliases are not used; write it out")
            if type(here) is dict:
                if key is None:
                    found.broken = True
                    return
                here[key], key = None, None
        elif kind is events.DocumentStartEvent:
            documents += 1
            if documents > 1:
                found.note(event.start_mark, "a second document begins here: use one file for each")
                found.broken = True
                return
        elif kind is events.StreamEndEvent:
            return


def _refuse(found: Parsed, event: Any) -> None:
    if event.anchor is not None:
        found.note(event.start_mark, f"&{event.anchor}: anchors are not used; write it out")
    if event.tag is not None and event.tag != "!":
        found.note(event.start_mark, f"{quoted(event.tag)}: tags (!...) are not used")


def _skip(get: Callable[[], Any]) -> None:
    depth = 1
    while depth:
        if depth > DEEPEST:  # libyaml takes ever longer with each level
            raise yaml.YAMLError("too deep")
        kind = type(get())
        depth += kind in (events.MappingStartEvent, events.SequenceStartEvent)
        depth -= kind in (events.MappingEndEvent, events.SequenceEndEvent)


def locate(name: str, text: str, wanted: Sequence[Way]) -> dict[Way, tuple[Place, Place]]:
    """Return where values stand: of each the place of its key and that of its value.

    The file is parsed once more for it, so that reading a file in order needs no memory for places
    that nobody asks for. What is not there has the place of the nearest thing above it.
    """
    tree: dict[Any, Any] = {}
    for way in wanted:
        node = tree
        for part in way:
            node = node.setdefault(part, {})
    found: dict[Way, tuple[Place, Place]] = {}
    get = parser(text)
    try:
        while type(event := get()) is not events.StreamEndEvent:
            if type(event) is events.MappingStartEvent:
                _locate(get, event, tree, (), found, name)
    except yaml.YAMLError:
        pass  # what could be read before has its places
    for way in wanted:
        above = way
        while above not in found and above:
            above = above[:-1]
        found.setdefault(way, found.get(above, (Place(name), Place(name))))
    return found


def _locate(
    get: Callable[[], Any],
    start: Any,
    tree: Mapping[Any, Any],
    way: Way,
    found: dict[Way, tuple[Place, Place]],
    name: str,
) -> None:
    """Go through one map or list and note the places of what `tree` names."""
    is_map = type(start) is events.MappingStartEvent
    index = 0
    while type(event := get()) not in (events.MappingEndEvent, events.SequenceEndEvent):
        if is_map:
            part: str | int = event.value if type(event) is events.ScalarEvent else ""
            at, event = event.start_mark, get()
        else:
            part, at, index = index, event.start_mark, index + 1
        below = tree.get(part)
        if below is not None and (*way, part) not in found:
            places = tuple(
                Place(name, mark.line + 1, mark.column + 1) for mark in (at, event.start_mark)
            )
            found[*way, part] = (places[0], places[1])
        if type(event) in (events.MappingStartEvent, events.SequenceStartEvent):
            if below:
                _locate(get, event, below, (*way, part), found, name)
            else:
                _skip(get)


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Return the words for a key that means nothing here."""
    return f"{quoted(key)} is no key here; {near(key, known) or 'use ' + ', '.join(sorted(known))}"
