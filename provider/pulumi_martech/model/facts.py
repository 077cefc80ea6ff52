"""What platforms report of our people, read once and kept in a file, so that checks need nobody.

Of a person there is what was reported and nothing else: what is missing is unknown, which is never
*no* and never *never*.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from pulumi_martech.model.attestation import instant, written
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.moment import Day
from pulumi_martech.model.people import MfaFact
from pulumi_martech.model.values import Frozen

FRESH = 7
"""Days that facts count; what is older is unknown."""


def _instant(given: object) -> str:
    if isinstance(given, str):
        try:
            return written(instant(given))
        except (InvalidDeclaration, OverflowError):
            pass
    raise ValueError("must be an instant such as 2026-11-28T04:00:00Z")


Instant = Annotated[
    str, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An instant, kept in UTC to the second."""


class PersonFacts(Frozen):
    """What an account reports of one person.

    ``last_use`` is the day of the last log-in, ``log_in`` how people pass, ``mfa`` what is known of
    a second factor, ``pending_since`` the day of an invitation that nobody accepted.
    """

    status: Literal["active", "pending", "deactivated", "unknown"] = "unknown"
    last_use: Day | None = None
    log_in: Literal["sso", "password"] | None = None
    mfa: tuple[MfaFact, ...] = ()
    pending_since: Day | None = None


class AccountFacts(Frozen):
    """What one account reported at one instant: our people by key, and how many others there are.

    ``note`` says why there is nothing, where it could not be read.
    """

    read_at: Instant
    people: Mapping[str, PersonFacts] = Field(default_factory=dict)
    others: int = Field(default=0, ge=0)
    note: str = ""

    def age(self, today: date) -> int:
        """Return how many days old it is; less than nothing if it is of the future."""
        return (today - datetime.fromisoformat(self.read_at).astimezone(UTC).date()).days


class Facts(Frozen):
    """A file of facts: accounts by key."""

    format: Literal["martech-facts/1"] = "martech-facts/1"
    accounts: Mapping[str, AccountFacts]
