"""The published schema: in step with the model, and as strict as the reader where it can be."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from pulumi_martech.document import schema
from pulumi_martech.document.load import read

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
