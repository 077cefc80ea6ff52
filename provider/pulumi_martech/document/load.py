"""The access document: read, checked entry by entry and as a whole, with all problems at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from pulumi_martech.document import consistency
from pulumi_martech.document.files import Reader, Source, real
from pulumi_martech.document.parse import (
    NOTHING,
    Parsed,
    locate,
    parse,
    uncollected,
    unknown_key,
)
from pulumi_martech.document.problems import DocumentInvalid, Finding, Place, Problem, Way, errors
from pulumi_martech.document.shapes import SECTIONS, Section, explain
from pulumi_martech.model.access import Access
from pulumi_martech.model.errors import InvalidDeclaration


class Origin(NamedTuple):
    """Where an entry of the whole document was written: the file, and its key or index there."""

    file: int
    entry: str | int


@dataclass
class Document:
    """An access document as read.

    Attributes:
        path: its first file.
        access: what it says; only as good as `problems` allow.
        problems: everything that is wrong with it.
        sources: its files.
    """

    path: Path
    access: Access = field(default_factory=Access)
    problems: list[Problem] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    _parsed: list[Parsed] = field(default_factory=list)
    _origins: dict[str, dict[str | int, Origin]] = field(default_factory=dict)
    _raw: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it can be meant as it is written."""
        return not errors(self.problems)

    def place(self, section: str, entry: str | int) -> Place:
        """Return where an entry begins: ``place("people", "ana")``, ``place("grants", 17)``."""
        origin = self._origins.get(section, {}).get(entry)
        if origin is None:
            return Place(self.path.name)
        return self._parsed[origin.file].place(section, origin.entry)

    def source(self, section: str, entry: str | int) -> tuple[Source, str | int]:
        """Return the file that an entry is written in, and its key or index there."""
        origin = self._origins[section][entry]
        return self.sources[origin.file], origin.entry

    def written(self, section: str, entry: str | int) -> Mapping[str, Any]:
        """Return an entry as it is written: text, lists and maps."""
        source, local = self.source(section, entry)
        found = self._raw.get(source.name)
        if found is None:
            found = self._raw[source.name] = parse(source.name, source.text).data
        entry_written: Mapping[str, Any] = found[section][local] or {}
        return entry_written

    def home(self, section: str) -> tuple[Source, int]:
        """Return the file that new entries of a section go to, and how many it has of them.

        It is the last one that has any, else the first of all.
        """
        files = [origin.file for origin in self._origins.get(section, {}).values()]
        last = files[-1] if files else 0
        return self.sources[last], files.count(last)

    def locate(self, findings: list[Finding]) -> list[Problem]:
        """Return findings with their places, exact to the value; files are gone through anew."""
        by_file: dict[int, list[tuple[Finding, Way]]] = {}
        found = []
        for finding in findings:
            section, *rest = finding.way
            origin = self._origins.get(str(section), {}).get(rest[0]) if rest else None
            if origin is None:
                place = Place(self._parsed[0].name if self._parsed else self.path.name)
                found.append(Problem(place, finding.text, finding.severity))
                continue
            way = (section, origin.entry, *rest[1:])
            by_file.setdefault(origin.file, []).append((finding, way))
        for file, told in by_file.items():
            source = self.sources[file]
            places = locate(source.name, source.text, [way for _, way in told])
            for finding, way in told:
                found.append(Problem(places[way][not finding.key], finding.text, finding.severity))
        return found


def read(path: Path, instead: Mapping[Path, str] | None = None) -> Document:
    """Read a document; what is wrong with it is in its ``problems``, and nothing is raised.

    ``instead`` gives the text that files are to have, to see what would come of it.
    """
    with uncollected():
        document = Document(path)
        reader = Reader.at(path.absolute().parent, instead)
        whole = _files(document, reader)
        document.problems += reader.problems
        for parsed in document._parsed:
            document.problems += parsed.problems
        broken = not whole or any(parsed.broken for parsed in document._parsed)
        raw, findings = _merged(document)
        values, faulty = _checked(raw, findings)
        # Where an entry could not be read, what names it names nothing that is there.
        broken = broken or bool(errors(document.problems))
        document.access = Access.model_construct(**values)
        findings += consistency.check(document.access, faulty, broken)
        grants = tuple(grant for grant in document.access.grants if grant is not None)
        document.access = document.access.model_copy(update={"grants": grants})
        if findings:
            document.problems += document.locate(findings)
        document.problems = sorted(_once_each(set(document.problems)))
    return document


def _once_each(problems: set[Problem]) -> Iterator[Problem]:
    """Leave out what follows from a value that is not there at all."""
    nothing = {problem.place for problem in problems if problem.text == NOTHING}
    return (p for p in problems if p.place not in nothing or p.text == NOTHING)


def load(path: Path) -> Document:
    """Return a document that is in order.

    Raises:
        DocumentInvalid: it is not; the error holds all problems with their places.
    """
    document = read(path)
    if not document.ok:
        raise DocumentInvalid(path.name, errors(document.problems))
    return document


def _files(document: Document, reader: Reader) -> bool:
    """Read the first file and those that it includes; tell whether all could be read."""
    first = reader.read(document.path.absolute())
    if first is None:
        return False
    _add(document, first)
    parsed = document._parsed[0]
    included = parsed.data.pop("include", [])
    whole = True

    told: list[tuple[Way, str]] = []
    if not isinstance(included, list):
        _note(document, first, [(("include",), "must be a list of files, such as [people/*.yaml]")])
        return False
    seen = {real(document.path)}
    for index, item in enumerate(included):
        pattern, key = (item, "") if isinstance(item, str) else _locked(item)
        if not pattern:
            told.append((("include", index), "must be a path, or {file: PATH, key: env:NAME}"))
            continue
        try:
            for path in reader.matching(pattern):
                if real(path) not in seen:  # two patterns may both match
                    seen.add(real(path))
                    source = reader.read(path, key)
                    whole = whole and source is not None
                    if source is not None:
                        _add(document, source)
        except ValueError as error:
            told.append((("include", index), str(error)))
    _note(document, first, told)
    for other, source in zip(document._parsed[1:], document.sources[1:], strict=True):
        if "include" in other.data:
            place = locate(source.name, source.text, [("include",)])["include",][0]
            text = f"say `include` in {first.name} only"
            document.problems.append(Problem(place, text))
            del other.data["include"]
    return whole and not told


def _note(
    document: Document, source: Source, told: Sequence[tuple[Way, str]], key: bool = False
) -> None:
    """Note problems of one file, which is gone through once for all of them."""
    if told:
        places = locate(source.name, source.text, [way for way, _ in told])
        document.problems += [Problem(places[way][not key], text) for way, text in told]


def _locked(item: Any) -> tuple[str, str]:
    if isinstance(item, dict) and item.keys() == {"file", "key"}:
        file, key = item["file"], item["key"]
        if isinstance(file, str) and isinstance(key, str):
            return file, key
    return "", ""


def _add(document: Document, source: Source) -> None:
    document.sources.append(source)
    document._parsed.append(parse(source.name, source.text))


def _merged(document: Document) -> tuple[dict[str, Any], list[Finding]]:
    """Put the sections of all files together; remember where each entry was written."""
    raw: dict[str, Any] = {}
    findings: list[Finding] = []
    for number, parsed in enumerate(document._parsed):
        source = document.sources[number]
        strange: list[tuple[Way, str]] = []
        shapeless: list[tuple[Way, str]] = []
        for name, value in parsed.data.items():
            section = SECTIONS.get(name)
            if section is None:
                strange.append(((name,), unknown_key(name, [*SECTIONS, "include"])))
            elif value is None:
                continue
            elif not isinstance(value, list if section.kind == "list" else dict):
                shape = "list of entries" if section.kind == "list" else "map of `key: value`"
                shapeless.append(((name,), f"`{name}` must be a {shape}"))
            else:
                _merge(document, raw, section, value, number)
        _note(document, source, strange, key=True)
        _note(document, source, shapeless)
    return raw, findings


def _merge(
    document: Document, raw: dict[str, Any], section: Section, value: Any, number: int
) -> None:
    origins = document._origins.setdefault(section.name, {})
    if section.kind == "list":
        whole = raw.setdefault(section.name, [])
        origins.update({len(whole) + at: Origin(number, at) for at in range(len(value))})
        whole += value
        return
    entries = raw.setdefault(section.name, {})
    for key, entry in value.items():
        if key in entries:
            here = document._parsed[number].place(section.name, key)
            what = "is said" if section.kind == "one" else "is declared"
            text = f"{key} {what} twice, at {document.place(section.name, key)} and here"
            document.problems.append(Problem(here, text))
            continue
        entries[key] = entry
        origins[key] = Origin(number, key)


def _checked(
    raw: Mapping[str, Any], findings: list[Finding]
) -> tuple[dict[str, Any], dict[str, set[str]]]:
    """Return the values of all sections, and the keys of entries that could not be understood."""
    values: dict[str, Any] = {
        name: field.get_default(call_default_factory=True)
        for name, field in Access.model_fields.items()
    }
    faulty: dict[str, set[str]] = {}
    for name, entries in raw.items():
        section = SECTIONS[name]
        if section.kind == "one":
            found = _entry(section, (name,), entries, findings)
            values[name] = found if found is not None else values[name]
        elif section.kind == "list":
            checked = (_entry(section, (name, at), e, findings) for at, e in enumerate(entries))
            values[name] = tuple(checked)
        else:
            values[name] = {}
            for key, entry in entries.items():
                found = _keyed(section, (name, key), entry, findings)
                if found is None:
                    faulty.setdefault(name, set()).add(key)
                else:
                    values[name][key] = found
    return values, faulty


def _keyed(section: Section, way: Way, entry: Any, findings: list[Finding]) -> Any:
    """Return an entry that is told its key, and the people in it theirs."""
    entry = {} if entry is None else entry
    if isinstance(entry, dict):
        if "key" in entry:
            findings.append(Finding((*way, "key"), unknown_key("key", []), key=True))
        entry["key"] = way[-1]
        people = entry.get("people") if section.people else None
        for key, person in people.items() if isinstance(people, dict) else ():
            if isinstance(person, dict):
                person["key"] = key
    return _entry(section, way, entry, findings)


def _entry(section: Section, way: Way, entry: Any, findings: list[Finding]) -> Any:
    """Return one checked entry, or ``None`` with everything that is wrong about it."""
    try:
        return section.check(entry)
    except InvalidDeclaration as error:  # what should be a reference may be the secret itself
        findings.append(Finding((*way, "credentials"), error.said))
        rest = {k: v for k, v in entry.items() if k not in ("credentials", "read_credentials")}
        _entry(section, way, rest, findings)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            below, text, key = explain(item, entry, section.model)
            findings.append(Finding((*way, *below), text, key=key or not below))
    return None
