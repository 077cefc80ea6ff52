"""The published schema: in step with the model, and as strict as the reader where it can be."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pulumi_martech.document import schema
from pulumi_martech.document.load import read
from pulumi_martech.policy.builtin import BUILTIN

from .office import Office

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs" / "access.schema.json"
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("examples/*/**/*.yaml"), *ROOT.glob("stacks/*.yaml")]
    if not path.name.startswith("Pulumi.")
)


def loaded(path: Path) -> Any:
    """Return a document as an editor sees it: YAML 1.2, with days as text."""
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor(
        "tag:yaml.org,2002:timestamp", lambda self, node: self.construct_scalar(node)
    )
    return yaml.load(path)


def test_the_published_schema_is_that_of_the_model() -> None:
    said = "run python -m pulumi_martech.document.schema > docs/access.schema.json"
    assert PUBLISHED.read_text(encoding="utf-8") == schema.text(), said
    Draft202012Validator.check_schema(json.loads(PUBLISHED.read_text()))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_document_here_is_in_order_for_editors_too(path: Path) -> None:
    assert [
        e.message for e in Draft202012Validator(schema.schema()).iter_errors(loaded(path))
    ] == []


def test_the_first_line_of_the_example_names_the_schema() -> None:
    path = ROOT / "examples/access_document/access.yaml"
    line = path.read_text().splitlines()[0]
    named = line.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == PUBLISHED
    assert read(path).problems == []


def test_what_is_printed_knows_the_policies_and_what_can_be_set_of_each() -> None:
    printed = json.loads(schema.text(BUILTIN))
    Draft202012Validator.check_schema(printed)
    validator = Draft202012Validator(printed)
    for path in DOCUMENTS:
        assert [e.message for e in validator.iter_errors(loaded(path))] == []

    def wrong(policies: Any, **waiver: str) -> int:
        whole = {"policies": policies, "waivers": {"w": waiver} if waiver else {}}
        return len(list(validator.iter_errors(whole)))

    assert wrong({"administrators": {"severity": "mandatory", "parameters": {"most": 3}}}) == 0
    assert wrong({"administrators": {"parameters": {"msot": 3}}}) == 1
    assert wrong({"administrators": {"parameters": {"most": "many"}}}) == 1
    assert wrong({"administratrs": {}}) == 1
    said = {"owner": "ana", "why": "x", "until": "2027-01-01"}
    assert wrong({}, policy="reasons", **said) == 0 and wrong({}, policy="reason", **said) == 1


def _every_field(definitions: Any) -> Iterator[tuple[str, Any]]:
    for name, definition in definitions.items():
        yield name, definition
        for key, field in definition.get("properties", {}).items():
            yield f"{name}.{key}", field


def test_an_editor_can_say_of_every_key_what_it_is() -> None:
    whole = schema.schema()
    fields = [*_every_field(whole["$defs"]), *_every_field({"": whole})]
    assert [name for name, field in fields if not field.get("description")] == []


def _ways(data: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the ways to everything in a document, entries of free text left out."""
    items = data.items() if isinstance(data, dict) else ()
    for key, value in enumerate(data) if isinstance(data, list) else items:
        if key not in ("parameters", "attributes", "content"):
            yield (*way, key)
            yield from _ways(value, (*way, key))


@pytest.mark.parametrize(
    "path",
    [p for p in DOCUMENTS if "include: [" not in p.read_text() and p.name == "access.yaml"],
    ids=lambda path: path.parent.name,
)
def test_an_editor_refuses_what_the_reader_refuses_by_its_shape(path: Path, office: Office) -> None:
    """Any value becomes one of another shape, every map gets a key that it has not."""
    whole, chance = loaded(path), random.Random(5)
    validator = Draft202012Validator(schema.schema())
    ways = list(_ways(whole))
    for way in chance.sample(ways, min(len(ways), 60)):
        for value in ("x y", {"qqq": "x"}, [["x"]], None):
            changed = copy.deepcopy(whole)
            holder = changed
            for part in way[:-1]:
                holder = holder[part]
            if type(holder[way[-1]]) is type(value) is str:
                continue
            holder[way[-1]] = value
            office.write(json.dumps(changed))
            by_reader = [p for p in read(office.file).problems if p.severity == "error"]
            by_schema = list(validator.iter_errors(changed))
            if by_schema:
                assert by_reader, (way, value, by_schema[0].message)
            else:
                words = ("there is no", "is in", "names", "is declared", "lacks", "is granted")
                others = [p for p in by_reader if not any(w in p.text for w in words)]
                assert not others, (way, value, others)


def test_mistakes_are_seen_while_they_are_typed() -> None:
    whole = loaded(ROOT / "examples/access_document/access.yaml")
    validator = Draft202012Validator(schema.schema())

    def wrong(section: str, entry: Any, **more: Any) -> int:
        changed = copy.deepcopy(whole)
        changed[section][entry].update(more)
        return len(list(validator.iter_errors(changed)))

    assert wrong("grants", 0, ticket=4711) == 0, "a ticket may be a number"
    assert wrong("grants", 0, untl="2027-01-01") == 1
    assert wrong("accounts", "crm", breaker="many") == 1
    assert wrong("accounts", "crm", key="crm") == 1, "the key is where the entry stands"
    assert wrong("accounts", "crm", credentials={"kind": "bearer", "token": "hush-hush"}) == 1
    assert wrong("roles", "site-author", add=["email:snd"]) == 1
    content = {"content": ["contacts:export"], "by": "ana", "on": "2026-11-01"}
    assert wrong("accounts", "crm", role_content={"Editors": content}) == 0
