"""Ends of access: one filter, applied once, before anything is registered."""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.moment import last_day

Grant = TypeVar("Grant")


def as_of() -> date:
    """Return the day of this run: ``MARTECH_AS_OF`` (a date or an instant), else today, UTC."""
    given = os.environ.get("MARTECH_AS_OF", "").strip()
    return day(given, "MARTECH_AS_OF") if given else today()


def chosen(text: str) -> date:
    """Return the day that ``--as-of`` names (``today`` is one), else that of this run."""
    if text == "today":
        return today()
    return day(text, "--as-of") if text else as_of()


def is_chosen(text: str) -> bool:
    """Tell whether ``--as-of`` or ``MARTECH_AS_OF`` names a day."""
    return bool(text or os.environ.get("MARTECH_AS_OF", "").strip())


def today() -> date:
    """Return the day it is, UTC, whatever a run is told to judge by.

    ``MARTECH_TODAY`` stands in for the clock in tests and trials.
    """
    given = os.environ.get("MARTECH_TODAY", "").strip()
    return day(given, "MARTECH_TODAY") if given else datetime.now(UTC).date()


def day(text: str, what: str) -> date:
    """Return the UTC day of a date or an instant; raises `InvalidDeclaration`."""
    found = _moment(text, what)
    return found.date() if isinstance(found, datetime) else found


def last(until: object, what: str = "until") -> date:
    """Return the last day of access of an end, as `moment.last_day` counts it.

    Raises:
        InvalidDeclaration: it is neither a date or an instant with its time zone, nor text of one.
    """
    if type(until) is date or (isinstance(until, datetime) and until.tzinfo):
        return last_day(until)
    return last_day(_moment(until if isinstance(until, str) else f"a {type(until).__name__}", what))


def _moment(text: str, what: str) -> date | datetime:
    """Return a date, or an instant in UTC."""
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidDeclaration(
            f"read {what}", f"{text!r} is no date", "nothing was done", "write it like 2027-06-30"
        ) from None


def ends_count() -> bool:
    """Tell whether this run looks at ends at all; ``MARTECH_IGNORE_ENDS`` says that it does not.

    A preview may leave them out, so that a pull request shows what it changes and not what the
    calendar does. No run that writes may: its gate refuses.
    """
    return os.environ.get("MARTECH_IGNORE_ENDS", "") in ("", "0")


def ended(until: str | None, as_of_day: date | None = None) -> bool:
    """Tell whether the last day of access is over; what has no end, or no readable one, is not."""
    try:
        return bool(until) and (as_of_day or as_of()) > last(until)
    except InvalidDeclaration:
        return False


def over_by_now(until: str | None, as_of_day: date | None = None) -> bool:
    """Tell whether the last day of access is over by the day of the run and by today alike.

    What it exempts from guards is exempt from them: a day in the future must not lift them.
    """
    return ended(until, min(as_of_day or as_of(), today()))


def over(instant: str | None) -> bool:
    """Tell whether an ISO instant has passed on the day of this run; of the day itself, by now.

    No instant, or no readable one, has not.
    """
    try:
        moment = datetime.fromisoformat(instant or "")
    except ValueError:
        return False
    now, today = datetime.now(UTC), as_of()
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment < now if today == now.date() else moment.astimezone(UTC).date() < today


def active(grants: Iterable[Grant], as_of_day: date | None = None) -> list[Grant]:
    """Return the grants that have not ended, in their order; all where ends do not count.

    Args:
        grants: mappings or objects with ``until``, the last day of access (a date, an instant with
            its time zone, or text like ``2027-06-30``); a grant without one does not end.
        as_of_day: the day to look at; by default `as_of`.
    """
    today = as_of_day or as_of()
    if not ends_count():
        return list(grants)

    def end(grant: Any) -> date | None:
        until = grant.get("until") if isinstance(grant, Mapping) else getattr(grant, "until", None)
        return None if until is None else last(until)

    return [grant for grant in grants if (over := end(grant)) is None or today <= over]
