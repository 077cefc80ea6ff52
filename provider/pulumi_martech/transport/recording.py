"""Keeping secrets out of recorded HTTP (vcrpy), at the time of recording.

Use: ``vcr.VCR(before_record_request=scrub_request, before_record_response=scrub_response,
decode_compressed_response=True)``. What is hidden is found by the names of headers, query
parameters and body fields, so it needs no list of secrets and replays match without any.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pulumi_martech.transport.redaction import HIDDEN, JWT

_SECRET_NAME = re.compile(
    r"pass(word|phrase)?$|passwd|secret|token$|^token|api[-_]?key|authorization|cookie|nonce|"
    r"credential|signature|private[-_]?key|assertion|session[-_]?id",
    re.IGNORECASE,
)
_HARMLESS_NAME = re.compile(
    r"token[-_]?(type|url|scope|endpoint)|(page|next|sync|continuation)[-_]?token", re.IGNORECASE
)
"""Names that only look like secrets; without its page tokens a recording could not be replayed."""


def scrub_request(request: Any) -> Any:
    """Return a vcrpy request without secrets in its address, headers and body."""
    _scrub_headers(request.headers)
    parts = urlsplit(request.uri)
    netloc = parts.netloc.rpartition("@")[2]
    request.uri = urlunsplit(parts._replace(netloc=netloc, query=_scrub_form(parts.query)))
    if request.body:
        request.body = _scrub_body(request.body)
    return request


def scrub_response(response: dict[str, Any]) -> dict[str, Any]:
    """Return a vcrpy response without secrets in its headers and body."""
    scrubbed = {**response, "headers": dict(response["headers"])}
    _scrub_headers(scrubbed["headers"])
    body = response["body"].get("string")
    if body:
        clean = _scrub_body(body)
        scrubbed["body"] = {**response["body"], "string": clean}
        for name in [n for n in scrubbed["headers"] if n.lower() == "content-length"]:
            scrubbed["headers"][name] = [str(len(clean))]
    return scrubbed


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) and not _HARMLESS_NAME.search(name)


def _scrub_headers(headers: Any) -> None:
    for name in list(headers):
        if _is_secret(name):
            headers[name] = [HIDDEN] if isinstance(headers[name], list) else HIDDEN


def _scrub_body(body: bytes | str) -> bytes:
    text = body.decode("utf-8", "surrogateescape") if isinstance(body, bytes) else body
    try:
        known = json.loads(text)
    except ValueError:
        form = re.fullmatch(r"[\w.%+\[\]-]+=[^\s<>{}]*", text)
        clean = _scrub_form(text) if form else text
    else:
        scrubbed = _scrub_value(known)
        # Else left as the product wrote it: its spelling is part of what was recorded.
        clean = text if scrubbed == known else json.dumps(scrubbed)
    return JWT.sub(HIDDEN, clean).encode("utf-8", "surrogateescape")


def _scrub_value(value: Any, secret: bool = False) -> Any:
    if isinstance(value, Mapping):
        # ``{"path": "password", "value": "..."}`` names the secret in a neighbour (SCIM PATCH).
        named = any(
            isinstance(value.get(key), str) and _is_secret(value[key])
            for key in ("path", "name", "key", "field")
        )
        return {
            key: _scrub_value(inner, secret or _is_secret(key) or (named and key == "value"))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_scrub_value(inner, secret) for inner in value]
    return HIDDEN if secret and isinstance(value, str) and value else value


def _scrub_form(text: str) -> str:
    pairs = parse_qsl(text, keep_blank_values=True)
    if not any(_is_secret(name) for name, _ in pairs):
        return text
    return urlencode([(name, HIDDEN if _is_secret(name) else value) for name, value in pairs])
