"""Ends of access, for any document and any day: nothing outlives its end or goes before it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pulumi_martech.document.compile import compile_access
from pulumi_martech.model.access import Access
from pulumi_martech.model.moment import Moment, last_day, over
from pulumi_martech.policy.lifecycle import ending

BEGIN = date(2028, 2, 20)
"""Before a leap day."""

DAYS = st.integers(0, 24).map(lambda number: BEGIN + timedelta(days=number))
ENDS = st.one_of(
    st.none(),
    DAYS,
    st.builds(
        lambda day, minutes: (
            datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
        ),
        DAYS,
        st.sampled_from([0, 1, 12 * 60, 24 * 60 - 1]),
    ),
)
PEOPLE = ("ana", "ben", "eve", "pia")
NATIVES = {"marketer": "Editors", "viewer": "Readers"}


@st.composite
def documents(draw: st.DrawFn) -> Access:
    """Documents with ends of every kind, in an account with a roster or without."""

    def principal(key: str, **more: object) -> dict[str, object]:
        status = draw(st.sampled_from(["active", "active", "leave", "leaver"]))
        until, starts = draw(ENDS), draw(st.one_of(st.none(), DAYS))
        said = {"key": key, "email": f"{key}@example.com", "status": status, "until": until}
        return {**said, "starts": starts, **more}

    account = {
        "key": "crm",
        "platform": "scim",
        "url": "https://crm.example/scim/v2",
        "credentials": {"kind": "bearer", "token": "env:CRM"},
        "roles": {role: [native] for role, native in NATIVES.items()},
        "roster": draw(st.sampled_from([None, {}])),
    }
    grant = st.fixed_dictionaries(
        {
            "role": st.sampled_from(sorted(NATIVES)),
            "until": ENDS,
            "starts": st.one_of(st.none(), DAYS),
        }
    )
    to = st.sampled_from([*({"who": key} for key in PEOPLE), {"team": "brand"}])
    grants = draw(st.lists(st.tuples(to, grant), max_size=6))
    agreement = {"signed": "2027-01-01", "until": draw(ENDS)}
    partner = {"key": "shop", "kind": "reseller", "agreement": agreement}
    vendor = {"key": "north", "domains": ["example.com"], "owner": "ana", "why": "x"}
    return Access.model_validate(
        {
            "teams": {"brand": {"key": "brand"}},
            "people": {key: principal(key, team="brand") for key in ("ana", "ben")},
            "accounts": {"crm": account},
            "vendors": {
                "north": {
                    **vendor,
                    "until": draw(ENDS.filter(lambda end: end is not None)),
                    "people": {"eve": principal("eve")},
                }
            },
            "partners": {"shop": {**partner, "people": {"pia": principal("pia")}}},
            "grants": [{**to, **said, "account": "crm"} for to, said in grants],
        }
    )


def in_force(access: Access, day: date) -> set[tuple[str, str]]:
    """Return who has which native role on a day, worked out grant by grant from the words."""
    found = set()
    for grant in access.grants:
        for key in PEOPLE:
            who = access.principals[key]
            if grant.who != key and not (grant.team and who.team == grant.team):
                continue
            ends = [grant.until, who.until]
            if who.vendor:
                ends.append(access.vendors[who.vendor].until)
            if who.partner:
                agreement = access.partners[who.partner].agreement
                ends.append(agreement.until if agreement else None)
            first = datetime(day.year, day.month, day.day, tzinfo=UTC)
            alive = all(
                end is None or (end > first if isinstance(end, datetime) else end >= day)
                for end in ends
            )
            begun = all(start is None or start <= day for start in (grant.starts, who.starts))
            if alive and begun and who.status != "leaver":
                found.add((f"{key}@example.com", NATIVES[grant.role]))
    return found


def declared(access: Access, day: date) -> set[tuple[str, str]]:
    """Return what a run of a day declares: login and native role."""
    found = set()
    for one in compile_access(access, day).declarations:
        people = one.arguments.get("people", one.arguments.get("members"))
        if people is None:
            people = {one.arguments["login"]: one.arguments}
        found |= {(login, role) for login, entry in people.items() for role in entry["roles"]}
    return found


@settings(max_examples=150, deadline=None)
@given(documents(), DAYS)
def test_a_run_declares_what_is_in_force_on_its_day_and_nothing_else(
    access: Access, day: date
) -> None:
    assert declared(access, day) == in_force(access, day)


@settings(max_examples=60, deadline=None)
@given(documents(), DAYS, DAYS)
def test_what_is_over_stays_over_and_what_is_told_to_end_ends_the_day_after(
    access: Access, one: date, other: date
) -> None:
    day, later = min(one, other), max(one, other)

    def over_on(at: date) -> set[tuple[str, int]]:
        return {(held.principal.key, held.index) for held in access.ended(at)}

    assert over_on(day) <= over_on(later)
    for end in ending(access, day, within=60):
        assert end.left >= 0
        for who in end.who:
            assert (who, end.index) not in over_on(end.last_day)
            assert (who, end.index) in over_on(end.last_day + timedelta(days=1))


@pytest.mark.parametrize(
    ("written", "last"),
    [
        ("2028-02-29", date(2028, 2, 29)),
        ("2027-06-30T00:00:00Z", date(2027, 6, 29)),
        ("2027-06-30T00:00:00.000001Z", date(2027, 6, 30)),
        ("2027-06-30T23:59:59Z", date(2027, 6, 30)),
        ("2027-06-30T01:30:00+02:00", date(2027, 6, 29)),
        ("2027-06-30T22:00:00-02:00", date(2027, 6, 30)),
        ("2027-06-30T22:00:01-02:00", date(2027, 7, 1)),
        ("1900-01-01T00:00:00Z", date(1899, 12, 31)),
    ],
)
def test_the_last_day_of_access(written: str, last: date) -> None:
    until = TypeAdapter[date | datetime](Moment).validate_python(written)
    assert last_day(until) == last
    assert not over(until, last)
    assert over(until, last + timedelta(days=1))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2027-02-29", "is a day that does not exist"),
        ("2027-06-30T18:00:00", "without a time zone"),
        ("2027-06-30T18:00 Europe/Paris", "names the time zone Europe/Paris"),
        ("2027-06-30T18:00:00+02:00[Europe/Berlin]", "names the time zone Europe/Berlin"),
        ("2027-06-30 18:00 CEST", "names the time zone CEST"),
        ("0001-01-01T00:00:00+05:00", "is in the year 1"),
        ("9999-12-31T23:59:59-05:00", "is in the year 9999"),
        ("2027-W26-3", "must be a day such as"),
        ("30.06.2027", "must be a day such as"),
    ],
)
def test_what_is_no_end(written: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TypeAdapter[date | datetime](Moment).validate_python(written)
