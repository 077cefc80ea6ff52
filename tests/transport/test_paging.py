"""All records, once each, or an error: never a shorter listing."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.errors import Malformed
from pulumi_martech.transport import (
    Page,
    cursor_pages,
    link_pages,
    number_pages,
    offset_pages,
    start_index_pages,
)

TRIED = "list users of account crm"


def people(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [{"id": str(n)} for n in range(first, first + count)]


def ids(records: Any) -> list[str]:
    return [record["id"] for record in records]


class Scim:
    """A SCIM listing that can change between two pages."""

    def __init__(self, count: int, cap: int = 100) -> None:
        self.users, self.cap = people(count), cap
        self.before_page: dict[int, Callable[[], None]] = {}
        self.pages = 0

    def __call__(self, start: int, count: int) -> Mapping[str, Any]:
        self.pages += 1
        self.before_page.pop(self.pages, lambda: None)()
        page = self.users[start - 1 : start - 1 + min(count, self.cap)]
        body: dict[str, Any] = {"totalResults": len(self.users), "startIndex": start}
        return body | ({"Resources": page, "itemsPerPage": len(page)} if page else {})


@given(st.integers(0, 60), st.integers(1, 25), st.integers(1, 25))
def test_every_paging_yields_everything_once(size: int, asked: int, cap: int) -> None:
    everyone = people(size)
    expected = ids(everyone)
    step = min(asked, cap)

    scim = Scim(size, cap)
    assert ids(start_index_pages(scim, tried=TRIED, count=asked)) == expected
    assert scim.pages == max(1, -(-size // step))

    def offset(start: int, limit: int) -> Page:
        return Page(everyone[start : start + min(limit, cap)])

    assert ids(offset_pages(offset, tried=TRIED, limit=asked)) == expected

    def number(page: int) -> Page:
        return Page(everyone[(page - 1) * step : page * step], pages=-(-size // step))

    assert ids(number_pages(number, tried=TRIED)) == expected
    assert ids(number_pages(lambda n: Page(number(n).records), tried=TRIED)) == expected

    def cursor(at: str | None) -> tuple[list[Any], str | None]:
        start = int(at or 0)
        end = start + step
        return everyone[start:end], str(end) if end < size else None

    assert ids(cursor_pages(cursor, tried=TRIED)) == expected


@given(
    size=st.integers(1, 40),
    cap=st.integers(1, 10),
    changes=st.dictionaries(
        st.integers(2, 12),
        st.tuples(st.sampled_from(["add", "drop"]), st.integers(0, 39)),
        max_size=4,
    ),
)
def test_nobody_who_stays_is_missed_however_the_listing_shifts(
    size: int, cap: int, changes: dict[int, tuple[str, int]]
) -> None:
    scim = Scim(size, cap)
    stay = set(ids(scim.users))

    def change(kind: str, at: int) -> None:
        at = at % max(1, len(scim.users))
        if kind == "add":
            scim.users.insert(at, {"id": f"new-{at}-{scim.pages}"})
        elif scim.users:
            stay.discard(scim.users.pop(at)["id"])

    for page, (kind, at) in changes.items():
        scim.before_page[page] = lambda kind=kind, at=at: change(kind, at)  # type: ignore[misc]
    try:
        found = ids(start_index_pages(scim, tried=TRIED))
    except Malformed:
        return
    assert len(found) == len(set(found))
    # A listing in which one comes for each one that goes looks the same from outside; such pairs
    # are excluded here and caught by the reading after them.
    kinds = {kind for kind, _ in changes.values()}
    if kinds != {"add", "drop"}:
        assert stay <= set(found)


def test_a_removal_during_the_listing_hides_nobody() -> None:
    """Dropping 2 after page 1 moves 6 to page 1: counting alone would not notice."""
    scim = Scim(10, cap=5)
    scim.before_page[2] = lambda: scim.users.remove({"id": "2"})
    found = ids(start_index_pages(scim, tried=TRIED))
    assert sorted(found, key=int) == ["1", "3", "4", "5", "6", "7", "8", "9", "10"]
    assert scim.pages == 4


@given(st.integers(2, 40), st.integers(1, 10), st.integers(2, 5), st.integers(0, 39))
def test_a_removal_is_noticed_where_no_total_is_told(
    size: int, cap: int, at: int, whom: int
) -> None:
    everyone, asked = people(size), 0

    def fetch(start: int, limit: int) -> Page:
        nonlocal asked
        asked += 1
        if asked == at:
            everyone.pop(whom % size)
        return Page(everyone[start : start + min(limit, cap)])

    found = ids(offset_pages(fetch, tried=TRIED))
    assert len(found) == len(set(found))
    if cap > 1:  # with one record a page nothing is left to notice it by
        assert set(ids(everyone)) <= set(found)


def test_records_that_stay_missing_are_an_error() -> None:
    def fetch(start: int, count: int) -> Mapping[str, Any]:
        return {"totalResults": 12, "Resources": people(10) if start == 1 else []}

    with pytest.raises(Malformed, match="says it has 12 records and gave 10 in 3 readings"):
        list(start_index_pages(fetch, tried=TRIED))


def test_a_record_that_comes_on_two_pages_is_one() -> None:
    pages = {1: people(3), 4: [{"id": "3"}, {"id": "4"}], 6: []}

    def fetch(start: int, count: int) -> Mapping[str, Any]:
        return {"totalResults": 4, "Resources": pages[start]}

    assert ids(start_index_pages(fetch, tried=TRIED)) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "body", [[], {}, {"totalResults": "3"}, {"totalResults": 1, "Resources": {"id": 1}}, None]
)
def test_what_is_no_list_response(body: Any) -> None:
    with pytest.raises(Malformed, match="no SCIM ListResponse"):
        list(start_index_pages(lambda *_: body, tried=TRIED))


def test_a_server_that_ignores_the_offset_is_noticed() -> None:
    with pytest.raises(Malformed, match="paging never ends: the same page came twice"):
        list(offset_pages(lambda *_: Page(people(2)), tried=TRIED))
    with pytest.raises(Malformed, match="the same page came twice"):
        list(number_pages(lambda _: Page(people(2), pages=9), tried=TRIED))
    with pytest.raises(Malformed, match="the same page came twice"):
        list(start_index_pages(lambda *_: {"totalResults": 9, "Resources": people(2)}, tried=TRIED))


def test_a_cursor_that_repeats_is_noticed() -> None:
    following = {None: "a", "a": "b", "b": "a"}
    with pytest.raises(Malformed, match="the same cursor came twice"):
        list(cursor_pages(lambda at: ([], following[at]), tried=TRIED))


def test_a_listing_without_end_is_noticed() -> None:
    with pytest.raises(Malformed, match="more than 50 pages; the listing is not taken"):
        list(cursor_pages(lambda at: ([], f"{at}x"), tried=TRIED, max_pages=50))
    with pytest.raises(Malformed, match="more than 50 pages"):
        list(number_pages(lambda n: Page(people(1, n)), tried=TRIED, max_pages=50))


def test_empty_pages_in_the_middle_do_not_end_a_listing_by_cursor() -> None:
    pages = {None: (people(1), "a"), "a": ([], "b"), "b": (people(1, 2), "")}
    assert ids(cursor_pages(lambda at: pages[at], tried=TRIED)) == ["1", "2"]


def test_a_listing_by_number_that_shifts_is_read_again() -> None:
    """WordPress tells X-WP-Total and X-WP-TotalPages (wordpress.md)."""
    users = people(6)
    asked: list[int] = []

    def fetch(number: int) -> Page:
        asked.append(number)
        if len(asked) == 2:
            del users[0]
        return Page(users[number * 2 - 2 : number * 2], total=len(users), pages=-(-len(users) // 2))

    assert ids(number_pages(fetch, tried=TRIED)) == ["2", "3", "4", "5", "6"]
    assert asked == [1, 2, 3, 1, 2, 3]


def test_an_empty_listing() -> None:
    assert list(number_pages(lambda _: Page([], total=0, pages=0), tried=TRIED)) == []
    assert list(start_index_pages(Scim(0), tried=TRIED)) == []


def test_links_are_followed_within_the_origin(client_of: Callable[..., Any]) -> None:
    links = {
        "1": '<https://crm.example/api/users?page=2>; rel="next", <https://x.example>; rel="last"',
        "2": "</api/users?page=3>; title=\"a, b; c\"; rel='prev next'".replace("'", '"'),
        "3": '<https://crm.example/api/users?page=1>; rel="prev"',
    }

    def answering(request: httpx.Request) -> httpx.Response:
        page = request.url.params.get("page", "1")
        assert request.url.params.get("limit") == ("2" if page == "1" else None)
        body = {"users": people(2, int(page) * 2 - 1)}
        return httpx.Response(200, json=body, headers={"Link": links[page]})

    found = link_pages(
        client_of(answering),
        "/users",
        {"limit": 2},
        tried=TRIED,
        records=lambda body: body["users"],
    )
    assert ids(found) == ["1", "2", "3", "4", "5", "6"]


def test_a_link_to_elsewhere_and_a_link_to_itself(client_of: Callable[..., Any]) -> None:
    def linking(target: str) -> Any:
        headers = {"Link": f'<{target}>; rel="next"'}
        return client_of(lambda _: httpx.Response(200, json=people(1), headers=headers))

    with pytest.raises(Malformed, match=r"leads from https://crm\.example to http://crm\.example"):
        list(link_pages(linking("http://crm.example/api/users?page=2"), "/users", tried=TRIED))
    with pytest.raises(Malformed, match="the same cursor came twice"):
        list(link_pages(linking("/api/users?page=2"), "/users", tried=TRIED))


def test_a_page_that_is_no_list(client_of: Callable[..., Any]) -> None:
    client = client_of(lambda _: httpx.Response(200, json={"error": "x"}))
    with pytest.raises(Malformed, match="JSON that is no list of records"):
        list(link_pages(client, "/users", tried=TRIED))


def test_records_without_an_id_are_told_apart_by_their_content() -> None:
    records = [{"email": "a@x.example"}, {"email": "b@x.example"}]
    page = Page(records, total=2)
    assert list(offset_pages(lambda *_: page, tried=TRIED)) == records
