"""The JSON Schema of the access document, made from the model, so that editors complete it.

``python -m pulumi_martech.document.schema > docs/access.schema.json``; a test holds it in step. A
document names it in its first line: ``# yaml-language-server: $schema=access.schema.json``.
"""

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from pulumi_martech.document.consistency import ACCOUNT_KEY, KEY
from pulumi_martech.document.shapes import SECTIONS, Section
from pulumi_martech.model.access import Access
from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.content import Cell
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.policy.rule import Rule

Schema = dict[str, Any]

_INCLUDE: Schema = {
    "description": "Further files: paths, shell patterns, env:NAME for a path in a variable, or "
    "a file that is encrypted, with the reference of its key.",
    "type": "array",
    "items": {
        "anyOf": [
            {"type": "string"},
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["file", "key"],
                "properties": {
                    "file": {"type": "string"},
                    "key": {"type": "string", "pattern": "^(env|file|keyring):.+$"},
                },
            },
        ]
    },
}


def schema() -> Schema:
    """Return the schema of an access document, and of the files that it includes."""
    made = Access.model_json_schema()
    definitions: dict[str, Schema] = made["$defs"]
    for name, model in {model.__name__: model for model in _models(Access)}.items():
        if name in definitions:
            _described(definitions[name], model)
    _choices(definitions)
    properties: Schema = {"include": _INCLUDE}
    said = _documented(Access)
    for name in SECTIONS:
        properties[name] = made["properties"][name]
        properties[name].pop("default", None)
        properties[name].pop("title", None)
        properties[name] = _section(SECTIONS[name], properties[name], definitions)
        properties[name]["description"] = said[name]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Access document",
        "description": "Who may do what in which tool, by whose word, until when.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": dict(sorted(definitions.items())),
    }


def _section(section: Section, field: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return a section as it may be written: also with nothing in it yet."""
    if section.kind == "one":
        return {"anyOf": [field, {"type": "null"}]}
    field["type"] = [field["type"], "null"]
    if section.kind == "map":
        shape = ACCOUNT_KEY if section.name == "accounts" else KEY
        field["propertyNames"] = {"pattern": f"^{shape.pattern}$"}
        if not definitions[section.model.__name__].get("required"):
            entry = field["additionalProperties"]
            field["additionalProperties"] = {"anyOf": [entry, {"type": "null"}]}
    return field


def _models(model: type[BaseModel], seen: set[type] | None = None) -> Iterator[type[BaseModel]]:
    """Yield a model and all that its fields are made of."""
    seen = seen if seen is not None else set()
    if model in seen:
        return
    seen.add(model)
    yield model
    for field in model.model_fields.values():
        for kind in _within(field.annotation):
            yield from _models(kind, seen)


def _within(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _within(part)


def _described(definition: Schema, model: type[BaseModel]) -> None:
    """Give a definition what its model says of itself, and what can be written for each key."""
    definition.pop("title", None)
    definition["description"] = _one_line(model.__doc__ or "")
    said = _documented(model)
    for name, field in list(definition.get("properties", {}).items()):
        if model.model_fields[name].exclude:
            del definition["properties"][name]
            continue
        field.pop("title", None)
        if not field.get("default") or isinstance(field["default"], dict):
            field.pop("default", None)
        _never_null(field)
        if name in said:
            field["description"] = said[name]
        _plain_text(field)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _documented(model: type[BaseModel]) -> dict[str, str]:
    """Return what stands below the fields of a model."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    found: dict[str, str] = {}
    field = ""
    for node in getattr(body, "body", ()):
        if field and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[field] = _one_line(str(node.value.value))
        target = getattr(node, "target", None)
        field = target.id if isinstance(target, ast.Name) else ""
    return found


def _never_null(field: Schema) -> None:
    """Take away that nothing may be said: then the line is left out."""
    options = [part for part in field.get("anyOf", ()) if part != {"type": "null"}]
    if len(options) == 1:
        del field["anyOf"]
        field.update(options[0])
    elif options:
        field["anyOf"] = options


def _plain_text(field: Schema) -> None:
    """Let free text be a number too: a ticket, say. It is read as text all the same."""
    for part in (field, *field.get("anyOf", ()), field.get("items") or {}):
        bound = {"enum", "const", "pattern", "format"} & part.keys()
        if part.get("type") == "string" and not bound:
            part["type"] = ["string", "number"]


def _choices(definitions: Mapping[str, Schema]) -> None:
    """Name what can be chosen from, so that editors offer it."""
    capabilities = {
        "anyOf": [
            {"const": name, "description": f"may {capability.may}"}
            for name, capability in CAPABILITIES.items()
        ]
    }
    role = definitions["CustomRole"]["properties"]
    for name in ("add", "remove"):
        role[name]["items"] = capabilities
    _suggest(role["inherits"]["items"], PORTABLE_ROLES)
    _suggest(definitions["Account"]["properties"]["platform"], PLATFORMS)
    for name in ("Grant", "Expected"):
        _suggest(definitions[name]["properties"]["role"], PORTABLE_ROLES)
    cells = [cell.value for cell in Cell]
    definitions["Declared"]["properties"]["content"] = {
        "description": "Capabilities and rights in the platform's words that the role has; or each "
        "with what the screen says.",
        "anyOf": [
            {"type": "array", "items": {"type": "string"}},
            {"type": "object", "additionalProperties": {"enum": cells}},
        ],
    }


def _suggest(field: Schema, names: Mapping[str, Any]) -> None:
    """Offer names without refusing others."""
    kind = {"type": field.pop("type", "string")}
    field["anyOf"] = [{"enum": sorted(names)}, kind]


def _with_policies(made: Schema, rules: Sequence[Rule]) -> None:
    """Let editors complete policies by id, each with its parameters; any other is refused."""
    entries: Schema = {}
    for rule in rules:
        parameters = rule.parameters.model_json_schema(ref_template="#/$defs/{model}")
        made["$defs"] |= parameters.pop("$defs", {})
        parameters |= {"additionalProperties": False, "description": "What can be set of it."}
        setting = made["$defs"]["PolicySetting"]["properties"]
        entries[rule.id] = {
            "description": f"{rule.title}: {rule.why} ({rule.severity})",
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {"severity": setting["severity"], "parameters": parameters},
        }
    said = made["properties"]["policies"]
    made["properties"]["policies"] = {
        "description": said["description"],
        "type": said["type"],
        "additionalProperties": False,
        "properties": entries,
    }
    ids = [rule.id for rule in rules]
    made["$defs"]["Waiver"]["properties"]["policy"] |= {"type": "string", "enum": ids}


def text(rules: Sequence[Rule] = ()) -> str:
    """Return the schema as a file holds it; with the policies of a project if they are given."""
    made = schema()
    if rules:
        _with_policies(made, rules)
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
