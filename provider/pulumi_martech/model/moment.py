"""Days and instants of the access document, always UTC."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[Zz]|[+-]\d\d:?\d\d)?")
_ZONE = re.compile(r"\d{4}-\d\d-\d\d.*?\[?([A-Za-z]+/[A-Za-z_]+|[A-Z]{2,5})\]?")
"""A day with the name of a time zone, which is another instant in summer than in winter."""


def _day(given: Any) -> Any:
    if isinstance(given, str):
        return _date(given)
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    raise ValueError("must be a day such as 2027-06-30")


def _moment(given: Any) -> Any:
    if isinstance(given, str) and _INSTANT.fullmatch(given):
        text = given.replace(" ", "T", 1).replace(" ", "").upper()
        try:
            given = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"is no instant: {error}") from None
    if isinstance(given, datetime):
        if given.tzinfo is None:
            raise ValueError(
                "is an instant without a time zone; write it in UTC, such as 2027-06-30T18:00:00Z"
            )
        try:
            return given.astimezone(UTC)
        except OverflowError:
            raise ValueError("is an instant beyond the calendar") from None
    return _day(given)


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        if zone := _ZONE.fullmatch(text):
            raise ValueError(
                f"names the time zone {zone[1]}, which has summer and winter; write the instant in "
                "UTC, such as 2027-06-30T18:00:00Z"
            )
        raise ValueError(
            "must be a day such as 2027-06-30 (or, for an end, an instant such as "
            "2027-06-30T18:00:00Z)"
        )
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"is a day that does not exist: {error}") from None


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, UTC: ``2027-06-30``."""

Moment = Annotated[
    date | datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
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
