"""Reading all records of a listing, page after page, and noticing when a listing cannot be true.

A record that is missed would read as "this person is gone", so a listing that shifts while it is
read is read again, and one that never comes out right is an error, never a shorter listing.
"""

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pulumi_martech.model.errors import Malformed

if TYPE_CHECKING:
    from pulumi_martech.transport.client import ApiClient

Record = Any
"""One element of a listing, usually a ``dict``."""

MAX_PAGES = 10_000
READINGS = 3
"""How often a listing that shifts is read before that is an error."""


class Page(NamedTuple):
    """One page; ``total`` records and ``pages`` of the whole listing where the server says so.

    ``shifted``: it does not go on where the one before it ended.
    """

    records: list[Record]
    total: int | None = None
    pages: int | None = None
    shifted: bool = False


def identity(record: Record) -> Hashable:
    """Return what tells records apart: their ``id``, or all of their content."""
    if isinstance(record, Mapping) and isinstance(record.get("id"), str | int):
        return str(record["id"])
    return _fingerprint(record)


def cursor_pages(
    fetch: Callable[[str | None], tuple[list[Record], str | None]],
    *,
    tried: str,
    max_pages: int = MAX_PAGES,
) -> Iterator[Record]:
    """Yield the records of pages that each name the next.

    Args:
        fetch: takes a cursor (``None`` for the first page), returns records and the next cursor
            (``None`` or empty after the last page).
        tried: words for errors.
        max_pages: more pages than this are an error.

    Raises:
        Malformed: the paging never ends: a cursor repeats, or there are too many pages.
    """
    guard = _Guard(tried, max_pages)
    cursor: str | None = None
    while True:
        records, following = fetch(cursor)
        guard.page([])
        yield from records
        if not following:
            return
        guard.once(following, "the same cursor came twice")
        cursor = following


def link_pages(
    client: "ApiClient",
    first_path: str,
    params: Mapping[str, Any] | None = None,
    *,
    tried: str,
    records: Callable[[Any], Any] = lambda body: body,
    max_pages: int = MAX_PAGES,
) -> Iterator[Record]:
    """Yield the records of pages whose ``Link`` header names the next (``rel="next"``).

    Args:
        client: reads the pages; a link to another origin is refused.
        first_path: path of the first page.
        params: query of the first page; the others have theirs in the link.
        tried: words for errors.
        records: takes the list of records out of a page's JSON; the whole body by default.
        max_pages: more pages than this are an error.
    """

    def fetch(address: str | None) -> tuple[list[Record], str | None]:
        reply = client.get(address or first_path, tried=tried, params=None if address else params)
        found = records(reply.json())
        if not isinstance(found, list):
            raise reply.unusable("JSON that is no list of records")
        return found, reply.link("next")

    return cursor_pages(fetch, tried=tried, max_pages=max_pages)


def number_pages(
    fetch: Callable[[int], Page],
    *,
    tried: str,
    identity: Callable[[Record], Hashable] = identity,
    max_pages: int = MAX_PAGES,
) -> Iterator[Record]:
    """Yield the records of pages 1, 2, 3 ...

    Args:
        fetch: takes a page number (from 1), returns a `Page`. With ``pages`` known the last is
            the last; else an empty page ends the listing. With ``total`` known the listing is
            checked and read again like that of `start_index_pages`.
        tried: words for errors.
        identity: what tells records apart.
        max_pages: more pages than this are an error.
    """

    def reading() -> Iterator[Page]:
        number = 1
        while True:
            page = fetch(number)
            yield page
            if not page.records or (page.pages is not None and number >= page.pages):
                return
            number += 1

    return _whole(reading, tried, identity, max_pages)


def offset_pages(
    fetch: Callable[[int, int], Page],
    *,
    tried: str,
    limit: int = 100,
    identity: Callable[[Record], Hashable] = identity,
    max_pages: int = MAX_PAGES,
) -> Iterator[Record]:
    """Yield the records of pages that begin at an offset, counted from 0.

    Args:
        fetch: takes offset and limit, returns a `Page`. A page may be shorter than ``limit``: the
            next begins after what came. With ``total`` known the listing ends there and is
            checked. Else a page that brings nothing new ends it, and each page begins with the
            last record of the one before: if it is another one the listing has shifted, and is
            read again.
        tried: words for errors.
        limit: records to ask for.
        identity: what tells records apart.
        max_pages: more pages than this are an error.
    """

    def reading() -> Iterator[Page]:
        offset = 0
        last: list[Hashable] = []
        while True:
            page = fetch(offset - len(last), limit)
            shifted = [identity(record) for record in page.records[: len(last)]] != last
            yield page._replace(shifted=shifted)
            fresh = page.records[len(last) :]
            offset += len(fresh)
            if shifted or not fresh or (page.total is not None and offset >= page.total):
                return
            # Where pages have one record each there is no room for one that was there before.
            overlaps = page.total is None and len(page.records) > 1
            last = [identity(fresh[-1])] if overlaps else []

    return _whole(reading, tried, identity, max_pages)


def start_index_pages(
    fetch: Callable[[int, int], Mapping[str, Any]],
    *,
    tried: str,
    count: int = 100,
    identity: Callable[[Record], Hashable] = identity,
    max_pages: int = MAX_PAGES,
) -> Iterator[Record]:
    """Yield the resources of a SCIM listing (RFC 7644 §3.4.2.4, 1-based ``startIndex``).

    Args:
        fetch: takes ``startIndex`` and ``count``, returns the ListResponse as parsed from JSON.
            ``Resources`` may be absent, pages may be shorter than asked for.
        tried: words for errors.
        count: resources to ask for in one page.
        identity: what tells resources apart.
        max_pages: more pages than this are an error.

    Resources are yielded once each, after the whole listing was read: a listing whose
    ``totalResults`` shrinks, or is larger than the number of resources that came, has shifted and
    is read again, up to `READINGS` times.

    Raises:
        Malformed: not a ListResponse, paging never ends, or resources stay missing.
    """

    def page(start: int) -> Page:
        body = fetch(start, count)
        resources = body.get("Resources") or [] if isinstance(body, Mapping) else None
        total = body.get("totalResults") if isinstance(body, Mapping) else None
        if not isinstance(resources, list) or not isinstance(total, int):
            raise Malformed(tried, "the answer is no SCIM ListResponse", "nothing was read from it")
        return Page(resources, total=total)

    return offset_pages(
        lambda offset, _limit: page(offset + 1),
        tried=tried,
        limit=count,
        identity=identity,
        max_pages=max_pages,
    )


def _whole(
    reading: Callable[[], Iterator[Page]],
    tried: str,
    identity: Callable[[Record], Hashable],
    max_pages: int,
) -> Iterator[Record]:
    """Yield each record once, from as many readings as it takes to have them all."""
    seen: dict[Hashable, Record] = {}
    total: int | None = None
    for _ in range(READINGS):
        guard = _Guard(tried, max_pages)
        fresh: dict[Hashable, Record] = {}
        shifted, total = False, None
        for page in reading():
            guard.page(page.records)
            shifted |= page.shifted
            shifted |= total is not None and page.total is not None and page.total < total
            total = page.total if page.total is not None else total
            fresh.update((identity(record), record) for record in page.records)
        if not shifted and (total is None or len(fresh) >= total):
            yield from fresh.values()
            return
        seen.update(fresh)
    if total is not None and len(seen) < total:
        raise Malformed(
            tried,
            f"the listing says it has {total} records and gave {len(seen)} in {READINGS} readings",
            "it is not taken for the whole",
            "try again when nothing changes there",
        )
    yield from seen.values()


class _Guard:
    """Notices paging that never ends."""

    def __init__(self, tried: str, max_pages: int) -> None:
        self._tried, self._max_pages = tried, max_pages
        self._seen: set[Hashable] = set()
        self._pages = 0

    def page(self, records: list[Record]) -> None:
        """Count a page and refuse one that came before."""
        self._pages += 1
        if self._pages > self._max_pages:
            raise self._endless(f"more than {self._max_pages} pages")
        if records:
            self.once(_fingerprint(records), "the same page came twice")

    def once(self, thing: Hashable, said: str) -> None:
        """Refuse a thing that came before."""
        if thing in self._seen:
            raise self._endless(said)
        self._seen.add(thing)

    def _endless(self, said: str) -> Malformed:
        return Malformed(
            self._tried, f"paging never ends: {said}", "the listing is not taken for the whole"
        )


def _fingerprint(value: Any) -> int:
    return hash(json.dumps(value, sort_keys=True, default=str))
