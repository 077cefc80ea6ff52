"""Days and instants of the access document, always UTC."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

AHEAD = timedelta(minutes=5)
"""How far another machine's clock may be ahead of this one's: what is dated later is mistaken."""

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[Zz]|[+-]\d\d:?[0-5]\d)?", re.ASCII
)
_ZONE = re.compile(r"\d{4}-\d\d-\d\d.*?\[?([A-Za-z]+/[A-Za-z_]+|[A-Z]{2,5})\]?")
"""A day with the name of a time zone, which is another instant in summer than in winter."""

_YEARS = range(1900, 3000)
"""What is outside was meant to say something else: 9999, that there is no end."""

_WANTED = "must be a day such as 2027-06-30"


def _day(given: Any) -> date:
    if isinstance(given, str):
        return _in_time(_date(given))
    if isinstance(given, date) and not isinstance(given, datetime):
        return _in_time(given)
    raise ValueError(_WANTED)


def _moment(given: Any) -> date | datetime:
    if isinstance(given, str) and _INSTANT.fullmatch(given):
        text = given.replace(" ", "T", 1).replace(" ", "").upper()
        try:
            given = datetime.fromisoformat(text)
        except ValueError as error:
            said = "its time zone is more than a day" if "timedelta" in str(error) else error
            raise ValueError(f"is no instant: {said}") from None
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise ValueError(
                "is an instant without a time zone; write it in UTC, such as 2027-06-30T18:00:00Z"
            )
        _in_time(given)
        return given.astimezone(UTC)
    if isinstance(given, str) and not _DATE.fullmatch(given):
        if zone := _ZONE.fullmatch(given):
            raise ValueError(
                f"names the time zone {zone[1]}; write the instant in UTC, with a Z, such as "
                "2027-06-30T18:00:00Z"
            )
        raise ValueError(f"{_WANTED}, or an instant such as 2027-06-30T18:00:00Z")
    return _day(given)


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(_WANTED)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"is a day that does not exist: {error}") from None


def _in_time(day: date) -> date:
    if day.year not in _YEARS:
        raise ValueError(f"is in the year {day.year}: where there is no such day, leave it out")
    return day


_A_DAY = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"}
_AN_INSTANT = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[Zz]|[+-]\d\d:?\d\d)$",
}

Day = Annotated[date, BeforeValidator(_day), WithJsonSchema(_A_DAY)]
"""A day, UTC: ``2027-06-30``."""

Moment = Annotated[
    date | datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"anyOf": [_A_DAY, _AN_INSTANT]}),
]
"""An end: a day (the last one of access, UTC) or an instant with its time zone, kept in UTC."""


def over(until: date | datetime | None, day: date) -> bool:
    """Tell whether an end lies before ``day``: runs are judged by whole days.

    A day is the last one of access. An instant ends with the day it falls on, midnight with the
    day before; only a platform that ends access by itself does it at the hour.
    """
    return until is not None and last_day(until) < day


def last_day(until: date | datetime) -> date:
    """Return the last day, UTC, that has any access: of an instant at midnight the day before."""
    if not isinstance(until, datetime):
        return until
    last = until.astimezone(UTC)
    first = last.date() == date.min
    return last.date() if first else (last - timedelta(microseconds=1)).date()
