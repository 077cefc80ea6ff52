"""Holds what is said to and by the sandbox's SendGrid to the vendor's own specification.

How the documents are read where they cannot be taken at their word:

* ``nullable`` is OpenAPI 3.0 in documents that call themselves 3.1: it is taken as it is meant;
* no schema of an answer requires anything, so that ``{}`` would do: here an answer has all that
  its schema names, but for what the descriptions call optional;
* the ``field`` of an error may be null everywhere, as in the documents on scopes and keys, and so
  may ``after_subuser_id``, as its description says;
* few operations name all their error statuses: 400, 401, 403, 404, 405 and 429 are held to the
  shape that all errors have;
* ``GET /v3/subusers`` takes a filter that its schema of the answer knows nothing of.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from jsonschema import Draft202012Validator

from pulumi_martech.sandbox.sendgrid import SendGridTenant
from pulumi_martech.sandbox.tenant import Answer, Call, Handler

FOLDER = Path(__file__).parents[1] / "data" / "sendgrid"
DOCUMENTS = ("teammates", "sso", "scopes", "subusers", "api-keys")
ERRORS = {400, 401, 403, 404, 405, 429}
OPTIONAL = {"region", "help", "id", "error_id", "persona"}
NULLABLE = {"field", "after_subuser_id"}

Schema = dict[str, Any]


@cache
def document(name: str) -> dict[str, Any]:
    """Return one of the vendor's documents as it is."""
    loaded: dict[str, Any] = json.loads((FOLDER / f"{name}-v3.json").read_text(encoding="utf-8"))
    return loaded


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Return all operations by method and path, with references resolved."""
    found = {}
    for name in DOCUMENTS:
        root = document(name)
        for path, item in root["paths"].items():
            for method, operation in item.items():
                if isinstance(operation, dict) and "responses" in operation:
                    found[method.upper(), path] = _resolved(root, operation)
    return found


def _resolved(root: Any, node: Any) -> Any:
    """Return a part of a document with what it refers to in place of the references."""
    if isinstance(node, list):
        return [_resolved(root, item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _resolved(root, value) for key, value in node.items() if key != "$ref"} | (
        _resolved(root, _target(root, node["$ref"])) if isinstance(node.get("$ref"), str) else {}
    )
    if node.pop("nullable", False) is True and "type" in node:
        node["type"] = [node["type"], "null"]
    return node


def _target(root: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        root = root[step.replace("~1", "/").replace("~0", "~")]
    return root


def _demanding(schema: Any) -> Any:
    """Return the schema of an answer with everything required that it names."""
    if isinstance(schema, list):
        return [_demanding(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _demanding(value) for key, value in schema.items()}
    properties = made.get("properties")
    if isinstance(properties, dict):
        made["required"] = sorted(properties.keys() - OPTIONAL)
        for name in NULLABLE & properties.keys():
            kind = properties[name].get("type")
            kinds = kind if isinstance(kind, list) else [kind]
            properties[name] = {"type": [*dict.fromkeys([*kinds, "null"])]}
    return made


def pattern(path: str) -> re.Pattern[str]:
    """Return what matches the paths of an operation."""
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", path))


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation of a request, the one without parameters first."""
    for known, operation in sorted(operations().items(), key=lambda item: item[0][1].count("{")):
        if known[0] == method and pattern(known[1]).fullmatch(path):
            return operation
    return None


def problems(call: Call, answer: Answer) -> Iterator[str]:
    """Yield what of an exchange is not as the specification has it."""
    said = f"{call.method} {call.path} -> {answer.status}"
    operation = operation_of(call.method, call.path)
    if operation is None:
        if answer.status not in (401, 404, 405, 429):
            yield f"{said}: no such operation"
        return
    if answer.status < 400:
        yield from (f"{said}: sent {words}" for words in _wrong_request(call, operation))
    response = operation["responses"].get(str(answer.status))
    if response is None:
        if answer.status not in ERRORS:
            yield f"{said}: no such status"
            return
        response = {"content": {"application/json": {"schema": error_schema()}}}
    content = response.get("content", {}).get("application/json")
    if content is None:
        if answer.body is not None:
            yield f"{said}: a body where there is none"
        return
    for error in _validator(json.dumps(content["schema"])).iter_errors(answer.body):
        yield f"{said}: answered {error.json_path} {error.message}"[:300]


@cache
def _validator(schema: str) -> Any:
    return Draft202012Validator(_demanding(json.loads(schema)))


@cache
def error_schema() -> Schema:
    """Return the shape of errors, as the document on scopes has it."""
    root = document("scopes")
    schema: Schema = _resolved(root, root["components"]["schemas"]["ErrorResponse"])
    return schema


def _wrong_request(call: Call, operation: Mapping[str, Any]) -> Iterator[str]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        if call.body:
            yield "a body where there is none"
    else:
        for error in Draft202012Validator(content["schema"]).iter_errors(json.loads(call.body)):
            yield f"{error.json_path} {error.message}"[:200]
        known = content["schema"].get("properties", {})
        if unknown := json.loads(call.body).keys() - known.keys():
            yield f"{', '.join(sorted(unknown))}, which the schema does not know"
    parameters = {p["name"]: p for p in _parameters(call) if p["in"] == "query"}
    for name, value in call.query.items():
        if name not in parameters:
            yield f"a query {name}, which is not known"
            continue
        schema = parameters[name]["schema"]
        given: Any = int(value) if schema.get("type") == "integer" else value
        for error in Draft202012Validator(schema).iter_errors(given):
            yield f"{name}: {error.message}"


def _parameters(call: Call) -> list[Any]:
    for name in DOCUMENTS:
        root = document(name)
        for path, item in root["paths"].items():
            if pattern(path).fullmatch(call.path) and call.method.lower() in item:
                both = [
                    *item.get("parameters", []),
                    *item[call.method.lower()].get("parameters", []),
                ]
                found: list[Any] = _resolved(root, both)
                return found
    return []


@contextmanager
def exchanges_checked() -> Iterator[list[str]]:
    """Check every exchange meanwhile; yields what was asked, and fails in the end if any is wrong.

    Requests that were refused are not looked at: tests send wrong ones on purpose.
    """
    wrong: list[str] = []
    seen: list[str] = []
    genuine = SendGridTenant.answer

    def checked(tenant: SendGridTenant, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        answer = genuine(tenant, call, handlers)
        seen.append(f"{call.method} {call.path}")
        wrong.extend(problems(call, answer))
        return answer

    with patch.object(SendGridTenant, "answer", checked):
        yield seen
    assert not wrong, "\n".join(dict.fromkeys(wrong))
