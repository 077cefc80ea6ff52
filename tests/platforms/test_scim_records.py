"""Reading and writing SCIM records: properties that hold for any record."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.platforms.scim_records import (
    addresses_of,
    email_of,
    equals,
    members_of,
    names_by_member,
    put,
    text_of,
    truth_of,
    value_of,
    with_primary,
)

NAMES = st.sampled_from(["userName", "displayName", "title", "externalId", "active"])
TEXT = st.text(min_size=1, max_size=20)
EMAIL = st.from_regex(r"[a-z]{1,5}@example\.(com|org)", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(NAMES, TEXT)
def test_names_are_found_in_any_case(name: str, value: str) -> None:
    for written in (name, name.lower(), name.upper()):
        assert value_of({"other": 1, written: value}, name) == value


@given(NAMES, TEXT, TEXT)
def test_what_is_put_is_read_and_takes_the_place_of_what_was_there(
    name: str, old: str, new: str
) -> None:
    record: dict[str, Any] = {name.upper(): old}
    put(record, name, new)
    assert len(record) == 1
    assert text_of(record, name) == new
    put(record, name, "")
    assert record == {}


@given(TEXT)
def test_inner_attributes_come_and_go_with_their_parent(value: str) -> None:
    record: dict[str, Any] = {}
    put(record, "name.givenName", value)
    assert record == {"name": {"givenName": value}}
    put(record, "name.givenName", "")
    assert record == {}


@given(st.text(max_size=30))
def test_a_filter_names_exactly_one_text(value: str) -> None:
    quoted = equals("userName", value).removeprefix("userName eq ")
    assert json.loads(quoted, strict=False) == value


@given(JSON)
def test_no_record_is_too_strange_to_read(value: Any) -> None:
    record = {"emails": value, "members": value, "active": value, "id": value}
    addresses_of(record)
    email_of(record)
    members_of(record)
    text_of(record, "id")
    truth_of(value)
    names_by_member([record])


@given(st.lists(EMAIL, unique=True, max_size=4), st.data())
def test_a_new_primary_address_leaves_the_others(addresses: list[str], data: Any) -> None:
    entries: list[dict[str, Any]] = [{"value": address} for address in addresses]
    chosen = data.draw(st.integers(0, len(addresses) - 1)) if addresses else None
    if chosen is not None:
        entries[chosen]["primary"] = True
    new = data.draw(EMAIL)
    after = with_primary({"emails": entries}, new)
    assert email_of({"emails": after}) == new
    others = {address for i, address in enumerate(addresses) if i != chosen}
    assert {entry["value"] for entry in after} == others | {new}
    assert len(after) == len({entry["value"] for entry in after})
    without = with_primary({"emails": entries}, "")
    assert {entry["value"] for entry in without} == others


def test_truth_in_words() -> None:
    assert [truth_of(value) for value in (True, "True", "true", None, 1)] == [True] * 5
    assert [truth_of(value) for value in (False, "False", "FALSE ")] == [False] * 3
