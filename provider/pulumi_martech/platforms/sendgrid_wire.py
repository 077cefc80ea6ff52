"""SendGrid's listings, paging and error answers.

Facts: fact sheet ``sendgrid.md``, and ``docs/platforms/sendgrid.md``.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    Malformed,
    MartechError,
    NotThere,
    Refused,
    UnknownRole,
)
from pulumi_martech.transport import ApiClient, Page, Reply, cursor_pages, offset_pages

PAGE = 500
"""Most teammates a page (sendgrid.md [SPEC]); the same is asked for of subusers."""
ACCESS_PAGE = 100
"""Subusers a page of a teammate's access, the platform's own default (sendgrid.md [SPEC])."""

Record = Mapping[str, Any]

TEAMMATE, INVITE = "username", "pending_key"
"""Fields that a 404 names when it is about a teammate, or about an invitation."""

_TAKEN = ("already", "exist", "taken", "duplicate")


def error(reply: Reply, tried: str) -> MartechError | None:
    """Map an error answer to ours; ``None`` where the HTTP status says it all.

    ``{"errors": [{"message", "field"}]}``, on the single sign-on endpoints also the bare list.
    Which words refuse a teammate who is there already is not published (docs [MEM]).
    """
    body = reply.json()
    listed = body.get("errors") if isinstance(body, Mapping) else body
    entries = listed if isinstance(listed, list) else []
    problems = [one for one in entries if isinstance(one, Mapping)]
    if not problems:
        return None
    status, field = reply.status, str(problems[0].get("field") or "")
    words = "; ".join(_sentence(problem) for problem in problems)
    if status == 401:
        return Denied(
            tried,
            f"the API key was not accepted ({words})",
            "nothing was done",
            "check the key, and that the account's url is the one of its region",
            status,
            field,
        )
    if status == 403:
        return Denied(
            tried,
            f"the API key lacks a scope for this, or the plan does not have it ({words})",
            "nothing was done",
            "give the key the scope, or use another one",
            status,
            field,
        )
    if status == 404:
        return NotThere(tried, words, "nothing was done", "", status, field)
    if status != 400:
        return None
    if field == "scopes" or "scopes are invalid" in words:
        return UnknownRole(
            tried,
            words,
            "nothing was done",
            "compare the scopes with those that the API key has itself: it can give no others",
        )
    if any(word in words.lower() for word in _TAKEN):
        return AlreadyExists(tried, words, "nothing was done", "", status, field)
    return Refused(tried, words, "nothing was done", "correct it", status, field)


def _sentence(problem: Record) -> str:
    words, field = str(problem.get("message") or "no reason given"), problem.get("field")
    return (f"{words} ({field})" if field and field != "null" else words)[:200]


def segment(text: str) -> str:
    """Return a username, token or id as one segment of a path."""
    return quote(text, safe="@")


def text_of(record: Record, name: str) -> str:
    """Return a text of a record, empty where it has none."""
    value = record.get(name)
    return value if isinstance(value, str) else ""


def instant(seconds: Any) -> str | None:
    """Return a time given in seconds since 1970 in ISO form; ``None`` where it is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return None


class SendGrid:
    """The calls that read; each raises the errors of `ApiClient.request`.

    Args:
        client: the account's HTTP client.
        account: its key, for words.
    """

    def __init__(self, client: ApiClient, account: str) -> None:
        self._client, self._account = client, account

    def words(self, what: str) -> str:
        """Return what is tried, for errors."""
        return f"{what} in account {self._account}"

    def teammates(self, tried: str) -> Iterator[Record]:
        """Yield all teammates, without scopes: only `teammate` shows them."""
        yield from self._pages("/v3/teammates", "result", "username", tried)

    def subusers(self, tried: str) -> dict[str, int]:
        """Return the ids of all subusers by name."""
        return {
            text_of(record, "username"): int(record["id"])
            for record in self.subuser_records(tried)
            if text_of(record, "username") and isinstance(record.get("id"), int | float)
        }

    def subuser_records(self, tried: str) -> Iterator[Record]:
        """Yield all subusers."""
        yield from self._pages("/v3/subusers", "", "username", tried)

    def pending(self, tried: str) -> list[Record]:
        """Return all pending invitations."""
        return self._list("/v3/teammates/pending", tried)

    def keys(self, tried: str) -> list[Record]:
        """Return all API keys, without scopes; there are never more than 100."""
        return self._list("/v3/api_keys", tried)

    def scopes(self, tried: str) -> frozenset[str]:
        """Return the scopes of the API key that asks: it can give no others."""
        reply = self._client.get("/v3/scopes", tried=tried)
        return frozenset(str(scope) for scope in _listed(reply, reply.json(), "scopes"))

    def teammate(self, username: str, tried: str) -> Record | None:
        """Return one teammate with scopes, ``None`` if there is none."""
        try:
            reply = self._client.get(f"/v3/teammates/{segment(username)}", tried=tried)
        except NotThere as gone:
            if gone.code != TEAMMATE:
                raise strange(gone) from None
            return None
        return _object(reply)

    def key(self, id_: str, tried: str) -> Record | None:
        """Return one API key with scopes, ``None`` if there is none."""
        try:
            reply = self._client.get(f"/v3/api_keys/{segment(id_)}", tried=tried)
        except NotThere:
            # A 404 here says no more than *not found*: only the listing tells whose it is.
            if any(text_of(key, "api_key_id") == id_ for key in self.keys(tried)):
                raise
            return None
        record = _object(reply)
        inner = record.get("result")
        if isinstance(inner, list):  # as the specification has it
            record = next((one for one in inner if isinstance(one, Mapping)), {})
        return record

    def access(self, username: str, tried: str) -> list[Record]:
        """Return a teammate's entries for subusers; empty unless it is restricted to them."""
        restricted = False

        def fetch(after: str | None) -> tuple[list[Any], str | None]:
            nonlocal restricted
            params: dict[str, Any] = {"limit": ACCESS_PAGE}
            if after:
                params["after_subuser_id"] = after
            path = f"/v3/teammates/{segment(username)}/subuser_access"
            reply = self._client.get(path, tried=tried, params=params)
            body = _object(reply)
            entries = _listed(reply, body, "subuser_access")
            restricted |= body.get("has_restricted_subuser_access", bool(entries)) is True
            following = body.get("_metadata")
            for name in ("next_params", "after_subuser_id"):
                following = following.get(name) if isinstance(following, Mapping) else None
            return entries, str(following) if following else None

        entries = list(cursor_pages(fetch, tried=tried))
        return [entry for entry in entries if isinstance(entry, Mapping)] if restricted else []

    def _list(self, path: str, tried: str) -> list[Record]:
        reply = self._client.get(path, tried=tried)
        records = _listed(reply, reply.json(), "result")
        return [record for record in records if isinstance(record, Mapping)]

    def _pages(self, path: str, key: str, name: str, tried: str) -> Iterator[Record]:
        """Yield the records of a listing by offset; no total is given, so an empty page ends it."""

        def fetch(offset: int, limit: int) -> Page:
            params = {"limit": limit, "offset": offset}
            reply = self._client.get(path, tried=tried, params=params)
            return Page(_listed(reply, reply.json(), key))

        def identity(record: Any) -> Any:
            named = text_of(record, name) if isinstance(record, Mapping) else ""
            return named or repr(record)

        for record in offset_pages(fetch, tried=tried, limit=PAGE, identity=identity):
            if isinstance(record, Mapping):
                yield record


def strange(gone: NotThere) -> Malformed:
    """Return the error for a 404 that is not about the teammate or the invitation."""
    return Malformed(
        gone.tried,
        f"the server answered 404, but not as SendGrid does for a teammate ({gone.said})",
        "this is not read as if it were gone",
        "check the account's url: https://api.sendgrid.com, or https://api.eu.sendgrid.com",
    )


def _object(reply: Reply) -> Record:
    body = reply.json()
    if not isinstance(body, Mapping):
        raise reply.unusable("JSON that is no object")
    return body


def _listed(reply: Reply, body: Any, key: str) -> list[Any]:
    found = body
    if key:
        found = body.get(key) if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        raise reply.unusable(f"JSON without a list called {key}" if key else "JSON that is no list")
    return found
