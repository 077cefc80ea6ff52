"""Days and instants of the access document, always UTC."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?[Zz]|[+-]\d\d:?\d\d)?")


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
        return given.astimezone(UTC)
    return _day(given)


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
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

    A day is the last one of access. An instant ends with the day it falls on; only a platform
    that ends access by itself does it at the hour.
    """
    return until is not None and last_day(until) < day


def last_day(until: date | datetime) -> date:
    """Return the last day of access, UTC."""
    return until.astimezone(UTC).date() if isinstance(until, datetime) else until
