"""Ends in programs: one filter, the same days as in a document."""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.expiry import active, as_of, chosen, ended, over_by_now, today


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("2027-06-30", 30),
        (date(2027, 6, 30), 30),
        ("2027-06-30T00:00:00Z", 29),
        ("2027-06-30T18:00:00Z", 30),
        ("2027-06-30T01:00:00+02:00", 29),
        (datetime(2027, 6, 30, tzinfo=UTC), 29),
        (datetime(2027, 6, 30, 0, 0, 1, tzinfo=UTC), 30),
    ],
)
def test_a_grant_is_active_until_its_last_day(until: object, last: int) -> None:
    for grant in ({"until": until}, SimpleNamespace(until=until)):
        assert active([grant], date(2027, 6, last)) == [grant]
        assert active([grant], date(2027, 6, last + 1) if last < 30 else date(2027, 7, 1)) == []
    if isinstance(until, str):
        assert not ended(until, date(2027, 6, last))
        assert ended(until, date(2027, 7, 1))


def test_what_has_no_end_stays_and_what_is_no_end_is_said() -> None:
    assert active([{"who": "ana"}, {"until": None}], date.max) == [{"who": "ana"}, {"until": None}]
    for wrong, words in (
        ("soon", "'soon' is no date"),
        ("2027-02-29", "is no date"),
        (datetime(2027, 6, 30), "'a datetime' is no date"),
        (20270630, "'a int' is no date"),
    ):
        with pytest.raises(InvalidDeclaration, match=words):
            active([{"until": wrong}], date(2027, 6, 1))


def test_the_day_of_a_run_and_the_day_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARTECH_TODAY", "2027-06-30")
    monkeypatch.delenv("MARTECH_AS_OF", raising=False)
    assert as_of() == today() == chosen("today") == date(2027, 6, 30)
    monkeypatch.setenv("MARTECH_AS_OF", "2027-07-10T23:30:00-05:00")
    assert as_of() == chosen("") == date(2027, 7, 11)
    assert today() == chosen("today") == date(2027, 6, 30)
    assert not over_by_now("2027-06-30"), "a day that has not come lifts nothing"
    assert over_by_now("2027-06-29")
    monkeypatch.setenv("MARTECH_IGNORE_ENDS", "1")
    assert active([{"until": "2020-01-01"}]) == [{"until": "2020-01-01"}]
