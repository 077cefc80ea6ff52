"""One answer of a server, and what can be told about it to a person."""

import html
import json
import re
from contextlib import suppress
from typing import Any

import httpx

from pulumi_martech.model.errors import Malformed, Uncertain
from pulumi_martech.transport.redaction import Redactor

SHOWN = 200
"""Characters of a server's own words in a message."""

_CODES = ("code", "error_code", "errorCode", "errorType", "scimType", "status", "error")
_WORDS = ("message", "detail", "error_description", "error_message", "title", "description")

_MALFORMED = "check the account's url, and try again later"


class Reply:
    """An answer with its whole body.

    Attributes:
        status: HTTP status.
        headers: HTTP headers.
        method: method of the request.
        url: address that answered, without secrets.
        text: the body as text, without secrets (for messages; data come from `json`).

    ``repr`` shows none of the content.
    """

    def __init__(
        self,
        request: httpx.Request,
        status: int,
        headers: httpx.Headers,
        content: bytes,
        *,
        tried: str,
        redactor: Redactor,
        writes: bool,
    ) -> None:
        self.status, self.headers, self.method = status, headers, request.method
        self.url = redactor.redact(str(request.url))
        self._request, self._content = request, content
        self._tried, self._redactor, self._writes = tried, redactor, writes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text, without secrets."""
        return self._redactor.redact(self._decoded())

    def json(self) -> Any:
        """Return the body parsed as JSON, whatever its content type claims.

        Raises:
            Malformed: it is empty, HTML, cut off or otherwise no JSON.
            Uncertain: the same for a write that was answered 2xx: it may have been carried out.
        """
        with suppress(ValueError, RecursionError):
            return json.loads(self._content)
        # Outside a handler, so that the error does not carry the body with it.
        raise self.unusable(self._flaw())

    def unusable(self, said: str) -> Malformed | Uncertain:
        """Return the error that tells that this answer cannot be used, because of ``said``."""
        tried = self._redactor.redact(self._tried)
        said = f"{self.method} {self.url.partition('?')[0]} answered {self.status} with {said}"
        if self._writes and self.ok:
            return Uncertain(
                tried, said, "it may have been carried out", "read before repeating it"
            )
        return Malformed(tried, said, "nothing was read from it", _MALFORMED)

    def link(self, relation: str) -> str | None:
        """Return the absolute address of a ``Link`` header's entry, ``None`` if there is none."""
        value = self.headers.get("link", "")
        for target, parameters in re.findall(
            r"<([^>]*)>((?:\s*;\s*[^,;=]+=(?:\"[^\"]*\"|[^,;]*))*)", value
        ):
            relations = re.search(r";\s*rel\s*=\s*\"?([^\";,]+)", parameters, re.IGNORECASE)
            if relations and relation in relations[1].lower().split():
                return str(self._request.url.join(target))
        return None

    def location(self) -> httpx.URL | None:
        """Return the absolute address in ``Location``, ``None`` if there is no usable one."""
        try:
            return self._request.url.join(self.headers["location"])
        except (KeyError, httpx.InvalidURL):
            return None

    def code(self) -> str:
        """Return the platform's own error code, empty if the body has none."""
        body = self._object()
        return next((str(body[key]) for key in _CODES if isinstance(body.get(key), str | int)), "")

    def words(self) -> str:
        """Return what the server says, in at most `SHOWN` characters and without secrets."""
        body = self._object()
        inner = body.get("error")
        for place in (body, inner if isinstance(inner, dict) else {}):
            for key in _WORDS:
                if isinstance(place.get(key), str) and place[key].strip():
                    return self._short(place[key])
        return self._page() or self._short(self._decoded())

    def __repr__(self) -> str:
        return f"Reply({self.method} {self.url} -> {self.status}, {len(self._content)} bytes)"

    def _decoded(self) -> str:
        return self._content.decode("utf-8", "replace")

    def _object(self) -> dict[str, Any]:
        try:
            body = json.loads(self._content)
        except (ValueError, RecursionError):
            return {}
        if isinstance(body, list) and len(body) == 1:
            body = body[0]
        errors = body.get("errors") if isinstance(body, dict) else None
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            body = {**errors[0], **{k: v for k, v in body.items() if k != "errors"}}
        return body if isinstance(body, dict) else {}

    def _flaw(self) -> str:
        if not self._content.strip():
            return "an empty body where JSON was expected"
        if page := self._page():
            return f"{page} where JSON was expected"
        size = len(self._content)
        if self._content.lstrip()[:1] in (b"{", b"["):
            return f"{size} bytes that are no whole JSON"  # not shown: somebody's record, cut off
        return f"{size} bytes that are no whole JSON ({self._short(self._decoded())!r})"

    def _page(self) -> str:
        start = self._decoded()[:20_000]
        if not re.match(r"\s*(<!doctype html|<html|<head|<body)", start, re.IGNORECASE):
            return ""
        title = re.search(r"<title[^>]*>(.*?)</title>", start, re.IGNORECASE | re.DOTALL)
        named = f", title {self._short(html.unescape(title[1]))!r}" if title else ""
        return f"an HTML page{named}"

    def _short(self, text: str) -> str:
        clean = self._redactor.redact(text[:100_000])
        clean = " ".join("".join(c if c.isprintable() else " " for c in clean).split())
        return clean if len(clean) <= SHOWN else clean[: SHOWN - 3] + "..."
