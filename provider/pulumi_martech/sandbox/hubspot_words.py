"""How HubSpot words errors, pages and the CRM's records."""

import base64
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_martech.sandbox.store import Doc


class Problem(Exception):
    """An error as HubSpot words it."""

    def __init__(self, status: int, category: str, message: str, **more: Any) -> None:
        self.status = status
        self.body: Doc = {
            "status": "error",
            "message": message,
            "correlationId": str(uuid.uuid4()),
            "category": category,
            **more,
        }
        super().__init__(message)


def invalid(message: str, *details: str) -> Problem:
    """Return the error for input that is not as it should be."""
    more = {"errors": [{"message": detail} for detail in details]} if details else {}
    return Problem(400, "VALIDATION_ERROR", message, **more)


def too_many(policy: str) -> Problem:
    """Return the error for too many calls: ``DAILY``, ``TEN_SECONDLY_ROLLING``, ``SECONDLY``."""
    words = {
        "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
        "SECONDLY": "You have reached your secondly limit.",
        "DAILY": "You have reached your daily limit.",
    }[policy]
    more = {"errorType": "RATE_LIMIT", "policyName": policy}
    return Problem(429, "RATE_LIMITS", words, **more)


def cursor(text: str) -> tuple[int, int]:
    """Return the place that a cursor stands for, and how often a listing began again."""
    try:
        place, _, rounds = base64.urlsafe_b64decode(text).decode().partition(":")
        return int(place or 0), int(rounds or 0)
    except ValueError:
        raise invalid("after is not a cursor that was given out") from None


def cursor_text(place: int, rounds: int) -> str:
    """Return the cursor of a place."""
    return base64.urlsafe_b64encode(f"{place}:{rounds}".encode()).decode()


Properties = Mapping[str, str | None]
"""The properties of one record of the CRM."""


def matches(values: Properties, groups: Sequence[Any]) -> bool:
    """Tell whether a record meets all filters of one of the groups."""

    def meets(one: Any) -> bool:
        name, operator = one.get("propertyName"), one.get("operator")
        if name not in values:
            raise invalid(f"There was a problem with the request: property {name} unknown")
        if operator == "EQ":
            return values[name] == str(one.get("value"))
        if operator == "IN":
            return values[name] in [str(value) for value in one.get("values") or ()]
        raise invalid(f"The operator {operator} is not supported here")

    try:
        return not groups or any(all(meets(one) for one in group["filters"]) for group in groups)
    except (KeyError, TypeError, AttributeError):
        raise invalid("Invalid input JSON", "filterGroups are not as they should be") from None


def shown_record(values: Properties, wanted: Iterable[str]) -> Doc:
    """Return a record of the CRM with the properties that were asked for."""
    names = [*wanted, "hs_object_id", "hs_createdate", "hs_lastmodifieddate"]
    return {
        "id": values["hs_object_id"],
        "properties": {name: values[name] for name in names if name in values},
        "createdAt": values["hs_createdate"],
        "updatedAt": values["hs_lastmodifieddate"],
        "archived": False,
    }
