"""Requests of SCIM 2.0: pages, whole records, and changes by PATCH or else by PUT."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pulumi_martech.model.errors import (
    AlreadyExists,
    Malformed,
    MartechError,
    NotThere,
    Refused,
)
from pulumi_martech.platforms.scim_records import (
    Record,
    bare_member,
    number_of,
    put,
    text_of,
    truth_of,
    value_of,
)
from pulumi_martech.transport import ApiClient, Reply, start_index_pages

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PAGE = 100
"""Records asked for at once; servers may give fewer."""
REREADS = 3
"""How often a record that changed under our hands is read again before that is an error."""

_ACCEPT = {"Accept": "application/scim+json, application/json"}
_SEND = {**_ACCEPT, "Content-Type": "application/scim+json"}

Rewrite = Callable[[dict[str, Any]], None]
"""Changes a whole record in place."""


def error(reply: Reply, tried: str) -> MartechError | None:
    """Map a SCIM error answer to ours; ``None`` where the HTTP status says it all.

    A 404 that is no SCIM answer means a wrong address and must never read as "is gone". A 409 is
    a duplicate unless it complains of something else (scim.md [D]: a required attribute).
    """
    if reply.status == 404 and reply.text.strip() and not _is_object(reply):
        return Malformed(
            tried,
            f"the server answered 404 with something that is no SCIM answer ({reply.words()})",
            "this is not read as if the object were gone",
            "check the account's url",
        )
    kind, words = reply.code(), reply.words()
    if reply.status in (400, 409) and kind == "uniqueness":
        return AlreadyExists(tried, words, "nothing was done", "", reply.status, kind)
    if reply.status == 409 and any(sign in words.lower() for sign in ("required", "must_have")):
        return Refused(
            tried, words, "nothing was done", "supply what it asks for", reply.status, kind
        )
    return None


class Scim:
    """One SCIM service; shared between threads.

    Args:
        client: HTTP client with the service's base URL.
        account: key of the account, for errors.
    """

    def __init__(self, client: ApiClient, account: str) -> None:
        self._client, self._account = client, account
        self._rewriting = threading.Lock()
        self._patches: bool | None = None
        self._spelling: Callable[[str], str] | None = None

    def words(self, what: str) -> str:
        """Return ``what`` was tried, with the account."""
        return f"{what} in account {self._account}"

    def pages(self, path: str, tried: str, **query: str) -> Iterator[Record]:
        """Yield all records of a listing, once each."""

        def fetch(start: int, count: int) -> Mapping[str, Any]:
            params = {**query, "startIndex": start, "count": count}
            body = _object(self._client.get(path, tried=tried, params=params, headers=_ACCEPT))
            return {
                "totalResults": number_of(value_of(body, "totalResults")),
                "Resources": value_of(body, "Resources"),
            }

        for record in start_index_pages(fetch, tried=tried, count=PAGE):
            if isinstance(record, Mapping):
                yield record

    def first_page(self, path: str, tried: str, **query: str) -> tuple[int, list[Record]]:
        """Return how many records a listing has in all, and the first of them."""
        params = {**query, "startIndex": 1, "count": PAGE}
        reply = self._client.get(path, tried=tried, params=params, headers=_ACCEPT)
        body = _object(reply)
        total, listed = number_of(value_of(body, "totalResults")), value_of(body, "Resources")
        if isinstance(total, bool) or not isinstance(total, int):
            raise reply.unusable("a listing without totalResults")
        return total, [r for r in listed or () if isinstance(r, Mapping)]

    def probe(self, tried: str) -> None:
        """List one user, to see that the credentials are accepted."""
        params = {"startIndex": 1, "count": 1}
        _object(self._client.get("/Users", tried=tried, params=params, headers=_ACCEPT))

    def record(self, path: str, tried: str) -> Record:
        """Return one record."""
        return _object(self._client.get(path, tried=tried, headers=_ACCEPT))

    def create(self, path: str, body: Record, tried: str) -> tuple[str, Record | None]:
        """Create a record; return its id, and the record if it may have been there before.

        201 says that it was made; 200 does so with some servers, and with others that it was there
        (scim.md [S]: Braze).
        """
        reply = self._client.post(path, tried=tried, json=body, headers=_SEND)
        record = _object(reply)
        id_ = text_of(record, "id")
        if not id_:
            raise reply.unusable("a record without an id")
        return id_, record if reply.status == 200 else None

    def delete(self, path: str, tried: str) -> None:
        """Delete a record; one that is gone is success."""
        try:
            self._client.delete(path, tried=tried, headers=_ACCEPT, safe=True)
        except NotThere:
            return

    def alter(self, path: str, operations: list[Record], rewrite: Rewrite, tried: str) -> None:
        """Send operations by PATCH, or where there is none the whole record by PUT.

        All operations in use say what shall be, so that sending them twice does no harm.
        """
        if self._can_patch():
            try:
                self._patch(path, operations, tried)
                return
            except Refused as refused:
                if refused.status not in (405, 501):
                    raise
                self._patches = False
        self.rewrite(path, rewrite, tried)

    def rewrite(self, path: str, rewrite: Rewrite, tried: str) -> None:
        """Read a record, change it and send it back whole, unless somebody else was faster."""
        with self._rewriting:
            for attempt in range(1, REREADS + 1):
                record = dict(self.record(path, tried))
                meta = value_of(record, "meta")
                version = text_of(meta, "version") if isinstance(meta, Mapping) else ""
                rewrite(record)
                for readonly in ("meta", "groups"):
                    put(record, readonly, "")
                if members := value_of(record, "members"):
                    put(record, "members", [bare_member(entry) for entry in members])
                headers = {**_SEND, **({"If-Match": version} if version else {})}
                try:
                    self._client.put(path, tried=tried, json=record, headers=headers, safe=True)
                    return
                except Refused as refused:
                    if refused.status != 412 or attempt == REREADS:
                        raise

    def _patch(self, path: str, operations: list[Record], tried: str) -> None:
        """Send operations, in the spelling that this server is known to take.

        Lower case is the standard; a few servers take capitals alone (scim.md [S]: Miro), so the
        first refusal is answered with these.
        """
        refusal: Refused | None = None
        for spell in [self._spelling] if self._spelling else [str.lower, str.capitalize]:
            spelled = [{**operation, "op": spell(operation["op"])} for operation in operations]
            body = {"schemas": [PATCH], "Operations": spelled}
            try:
                self._client.patch(path, tried=tried, json=body, headers=_SEND, safe=True)
            except Refused as refused:
                refusal = refusal or refused
                if refused.status != 400 or refused.code not in ("invalidSyntax", "invalidValue"):
                    break
            else:
                self._spelling = spell
                return
        assert refusal is not None  # noqa: S101 (the loop ran)
        raise refusal

    def _can_patch(self) -> bool:
        """Ask the server once whether it has PATCH; one that does not say is taken to have it."""
        if self._patches is None:
            self._patches = self._says_patch()
        return self._patches

    def _says_patch(self) -> bool:
        for path in ("/ServiceProviderConfig", "/ServiceProviderConfigs"):
            try:
                said = self.record(path, self.words("read what the server can do"))
            except (Refused, Malformed):
                continue
            patch = value_of(said, "patch")
            supported = value_of(patch, "supported") if isinstance(patch, Mapping) else None
            return truth_of(supported)
        return True


def segment(id_: str) -> str:
    """Return a native id as one segment of a path."""
    return quote(id_, safe="@:")


def _object(reply: Reply) -> Record:
    body = reply.json()
    if not isinstance(body, Mapping):
        raise reply.unusable("JSON that is no object")
    return body


def _is_object(reply: Reply) -> bool:
    try:
        return isinstance(reply.json(), Mapping)
    except MartechError:
        return False
