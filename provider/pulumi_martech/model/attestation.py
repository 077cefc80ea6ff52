"""What people do and say about an account without an API: steps asked, screens attested.

A wish is *asked* of the account's operator, who carries it out on the screens. An *attestation* is
what somebody saw there at an instant. Only one that is newer than a wish, and not by whom it was
asked of, says what became of it.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pulumi_martech.model.content import Cell
from pulumi_martech.model.errors import InvalidDeclaration, MartechError
from pulumi_martech.model.values import Frozen

DAYS_TO_ACT = 14
"""Days for a step, as for somebody who moves; what ends access is due on the day it is asked."""


class NotYet(MartechError):
    """A step was asked of a person, and nobody has attested yet that it was done."""


class Asked(Frozen):
    """A step asked of a person: when (ISO instant), of whom (our id), its last day."""

    at: str
    of: str
    due: str

    @classmethod
    def now(cls, moment: datetime, of: str, *, ends_access: bool = False) -> "Asked":
        """Return a step that is asked at ``moment``."""
        due = moment.astimezone(UTC).date() + timedelta(days=0 if ends_access else DAYS_TO_ACT)
        return cls(at=written(moment), of=of, due=due.isoformat())

    def overdue(self, day: date) -> bool:
        """Tell whether its last day is over."""
        return day > date.fromisoformat(self.due)


class Source(Frozen):
    """A file that was attested: its name without a folder, and its SHA-256."""

    name: str
    sha256: str


class Attestation(Frozen):
    """What one person saw in one account at one instant.

    ``people`` maps each login to its roles. ``roles`` maps each custom role to the state of every
    switch of ``layout`` (on, off, no switch); ``None`` says that nobody looked. ``reason`` says why
    a check was passed over. ``hash`` is over everything else.
    """

    format: Literal["martech-attestation/1"] = "martech-attestation/1"
    account: str
    platform: str
    at: str
    by: str
    stored: str
    layout: str = ""
    sources: tuple[Source, ...]
    people: Mapping[str, tuple[str, ...]]
    roles: Mapping[str, Mapping[str, Cell]] | None = None
    reason: str = ""
    hash: str = ""

    @property
    def day(self) -> date:
        """The UTC day on which the screens showed this."""
        return instant(self.at).date()

    def sealed(self) -> "Attestation":
        """Return it with the hash of everything else in it."""
        plain = self.model_dump(mode="json", exclude={"hash"})
        text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return self.model_copy(update={"hash": hashlib.sha256(text.encode()).hexdigest()})

    def proves(self, asked: Asked) -> bool:
        """Tell whether it can say what became of a step: it is newer, and by somebody else."""
        return instant(self.at) > instant(asked.at) and self.by != asked.of

    def last_day(self, days: int) -> date:
        """Return the last day on which it counts, ``days`` after it was made."""
        return self.day + timedelta(days=days)


def instant(text: str, what: str = "the time") -> datetime:
    """Return the UTC instant of a text; a day alone is its beginning.

    Raises:
        InvalidDeclaration: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidDeclaration(
            f"read {what}",
            f"{text!r} is no day and no instant",
            "nothing was done",
            "write it like 2026-11-20 or 2026-11-20T15:30",
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def written(moment: datetime) -> str:
    """Return an instant as it is kept: UTC, whole seconds, ``Z``."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='seconds')}Z"
