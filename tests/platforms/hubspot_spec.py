"""Hold exchanges against HubSpot's published API descriptions, where these are at hand.

They are reference material that is not part of this project: ``$MARTECH_SHARED``, or a folder
``shared`` beside the repository. Without it nothing is checked.
"""

import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import httpx
from jsonschema import Draft4Validator

from pulumi_martech.sandbox.hubspot import HubSpotTenant
from pulumi_martech.sandbox.tenant import Answer, Call, Handler

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("MARTECH_SHARED") or _ROOT.parent / "shared") / "specs" / "hubspot"
AT_HAND = FOLDER.is_dir()

_ALIASES = {
    # The description of v3 has another path for the collection than the official client sends.
    "/settings/v3/users/": "/settings/users/v3",
    "/settings/v3/users": "/settings/users/v3",
}
_SAME = {
    "/settings/users/2026-09": "/settings/users/2026-09-beta",
    **{
        f"/crm/v3/objects/{kind}/search": "/crm/v3/objects/users/search"
        for kind in ("contacts", "companies", "deals", "tickets")
    },
}
"""Generations and kinds of objects without a description here, and what stands for them."""


@functools.cache
def _operations() -> list[tuple[re.Pattern[str], str, str, Any, Any]]:
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        document = json.loads(file.read_text())
        for path, methods in document["paths"].items():
            pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$")
            for method, operation in methods.items():
                found.append((pattern, path, method.upper(), operation, document))
    # What is written out comes before what a parameter could stand for.
    return sorted(found, key=lambda one: one[1].count("{"))


def check(
    method: str,
    path: str,
    query: str,
    sent: Any,
    status: int,
    answered: Any,
    *,
    strict: bool = True,
) -> None:
    """Assert that an exchange is as described; ``strict``: without fields nobody described."""
    path = _ALIASES.get(path, path)
    for other, described in _SAME.items():
        if re.fullmatch(re.escape(other) + "(/.*)?", path):
            path = path.replace(other, described, 1)
    found = [one for one in _operations() if one[2] == method and one[0].match(path)]
    assert found, f"{method} {path} is in no description of HubSpot's API"
    *_, operation, document = found[0]
    where = f"{method} {path} -> {status}"
    parameters = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    assert parse_qs(query).keys() <= parameters, f"{where}: query {query}"
    body = operation.get("requestBody")
    if body is None:
        assert sent is None, f"{where}: a body that is not described"
    elif status < 400:
        _matches(sent, _schema(body), document, f"{where}: request", strict)
    described = operation["responses"].get(str(status))
    if described is None:
        assert status >= 400, f"{where}: a status that is not described"
        described = document["components"]["responses"]["Error"]
        strict = False  # 429s carry policyName and errorType, which only their texts tell of
    if not described.get("content"):
        assert answered is None, f"{where}: a body where none is described"
        return
    _matches(answered, _schema(described), document, f"{where}: answer", strict)


def _schema(described: Any) -> Any:
    return next(iter(described["content"].values()))["schema"]


def _matches(value: Any, schema: Any, document: Any, where: str, strict: bool) -> None:
    whole = {**schema, "components": document["components"]}
    problems = [error.message for error in Draft4Validator(whole).iter_errors(value)]
    assert not problems, f"{where}: {'; '.join(problems)}"
    if strict:
        assert not (strange := list(_strange(value, schema, document))), f"{where}: {strange}"


def _strange(value: Any, schema: Any, document: Any) -> Any:
    """Yield the names of fields that the description does not have."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, Mapping) and "properties" in schema:
        for name, inner in value.items():
            if name not in schema["properties"]:
                yield name
            else:
                yield from _strange(inner, schema["properties"][name], document)
    if isinstance(value, list) and "items" in schema:
        for one in value:
            yield from _strange(one, schema["items"], document)


@contextmanager
def exchanges_checked() -> Iterator[None]:
    """Check every exchange with portals of the sandbox meanwhile; fails in the end if one is wrong.

    Requests that were refused are not looked at: tests send wrong ones on purpose.
    """
    genuine = HubSpotTenant.answer
    wrong: list[str] = []

    def checked(portal: HubSpotTenant, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        answer = genuine(portal, call, handlers)
        sent = json.loads(call.body) if call.body else None
        try:
            check(call.method, call.path, str(call.query), sent, answer.status, answer.body)
        except AssertionError as error:
            wrong.append(str(error))
        return answer

    with patch.object(HubSpotTenant, "answer", checked) if AT_HAND else nullcontext():
        yield
    assert not wrong, "\n".join(dict.fromkeys(wrong))


class Checked(httpx.BaseTransport):
    """Sends requests on and checks each exchange; ``exchanges`` counts them."""

    def __init__(self, root: str, *, strict: bool = True) -> None:
        self._inner = httpx.HTTPTransport()
        self._root, self._strict = urlsplit(root).path, strict
        self.exchanges = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = request.read()
        response = self._inner.handle_request(request)
        content = response.read()
        response.close()
        self.exchanges += 1
        if AT_HAND:
            check(
                request.method,
                request.url.path.removeprefix(self._root),
                request.url.query.decode(),
                json.loads(sent) if sent else None,
                response.status_code,
                json.loads(content) if content else None,
                strict=self._strict,
            )
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    def close(self) -> None:
        self._inner.close()
