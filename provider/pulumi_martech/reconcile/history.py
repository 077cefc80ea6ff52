"""What an account's audit says that people held on a day: every write of ours, told again.

The audit knows what was written, not what was clicked: a role given by hand, or a user that was
there and was taken over as it was, is not in it. Whoever uses this says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pulumi_martech.reconcile.chain import Entry

_ROLE = ("+ role ", "- role ")
_MAKES = ("create user", "change user")
_ENDS = ("remove user", "cancel invitation", "undo create")
_SWITCHES_OFF = "deactivate user"
_TAKES_ROLES = "downgrade user"


@dataclass
class Past:
    """What one native id of an account held by our writes; ``since`` is the last of them.

    ``person`` is our id of the person, or what stands for one (of a vendor: ``vendor#...``).
    ``unsure`` says that a write of theirs has no known end, ``off`` that they were switched off.
    """

    account: str
    person: str
    native_id: str
    since: datetime
    roles: set[str] = field(default_factory=set)
    unsure: bool = False
    off: bool = False


def held_on(entries: Iterable[Entry], day: date) -> list[Past]:
    """Return who held what at the end of a day (UTC), by person.

    Args:
        entries: of one account or several, each account's in order.
        day: the day.
    """
    known: dict[tuple[str, str], Past] = {}
    intents: dict[tuple[str, int], Entry] = {}
    for entry in entries:
        at = _instant(entry.at)
        if at is None or at.date() > day:
            continue
        if entry.phase == "intent":
            intents[entry.account, entry.n] = entry
        intent = intents.get((entry.account, entry.of or 0))
        if intent is None or entry.phase not in ("done", "unknown"):
            continue
        verb = intent.verb.removeprefix("ask: ")
        target = entry.target or intent.target
        key = (entry.account, target)
        if verb in _MAKES and target:
            past = known.setdefault(key, Past(entry.account, intent.person, target, at))
            past.since, past.unsure, past.off = at, entry.phase == "unknown", False
            for change in intent.changes:
                role = change[len(_ROLE[0]) :]
                if change.startswith(_ROLE[0]):
                    past.roles.add(role)
                elif change.startswith(_ROLE[1]):
                    past.roles.discard(role)
        elif key in known and entry.phase == "unknown":
            known[key].unsure = True
        elif key in known and verb in _ENDS:
            del known[key]
        elif key in known and verb == _SWITCHES_OFF:
            known[key].off = True
        elif key in known and verb == _TAKES_ROLES:
            known[key].roles.clear()
    holding = (past for past in known.values() if not past.off)
    return sorted(holding, key=lambda past: (past.person, past.account, past.native_id))


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
