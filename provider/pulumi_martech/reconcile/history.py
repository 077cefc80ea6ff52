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
    ``unsure`` says that a write of theirs has no known end, ``made`` that we brought them in, so
    that nothing was there before, ``off`` that they were switched off.
    """

    account: str
    person: str
    native_id: str
    since: datetime
    roles: set[str] = field(default_factory=set)
    unsure: bool = False
    made: bool = False
    off: bool = False


def held_on(entries: Iterable[Entry], day: date) -> list[Past]:
    """Return who held what at the end of a day (UTC), by person.

    Steps that were only asked of a person are no writes: what became of those is attested.

    Args:
        entries: of one account or several, each account's in order.
        day: the day.
    """
    known: dict[tuple[str, str], dict[str, Past]] = {}
    intents: dict[tuple[str, int], Entry] = {}
    for entry in entries:
        at = _instant(entry.at)
        if at is None or at.date() > day:
            continue
        if entry.phase == "intent":
            intents[entry.account, entry.n] = entry
        intent = intents.get((entry.account, entry.of or 0))
        if intent is not None and entry.phase in ("done", "unknown"):
            theirs = known.setdefault((entry.account, intent.person), {})
            _tell(theirs, intent, entry.target or intent.target, at, entry.phase == "unknown")
    holding = (past for theirs in known.values() for past in theirs.values() if not past.off)
    return sorted(holding, key=lambda past: (past.person, past.account, past.native_id))


def _tell(theirs: dict[str, Past], intent: Entry, target: str, at: datetime, unsure: bool) -> None:
    """Take over one write about somebody; ``theirs`` is what they hold, by native id."""
    verb = intent.verb
    if verb not in (*_MAKES, *_ENDS, _SWITCHES_OFF, _TAKES_ROLES):
        return
    if target not in theirs and theirs and (verb != "create user" or "" in theirs):
        # An invitation that was accepted has another id, a create without an answer has none.
        before = min(theirs, key=lambda id_: (id_ != "", theirs[id_].since))
        theirs[target] = theirs.pop(before)
        theirs[target].native_id = target
    if verb in _MAKES:
        past = theirs.setdefault(target, Past(intent.account, intent.person, target, at))
        past.since, past.unsure, past.off = at, unsure, False
        past.made |= verb == "create user"
        for change in intent.changes:
            role = change[len(_ROLE[0]) :]
            if change.startswith(_ROLE[0]):
                past.roles.add(role)
            elif change.startswith(_ROLE[1]):
                past.roles.discard(role)
    elif target not in theirs:
        return
    elif unsure:
        theirs[target].unsure = True
    elif verb in _ENDS:
        del theirs[target]
    elif verb == _SWITCHES_OFF:
        theirs[target].off = True
    else:
        theirs[target].roles.clear()


def begins(entries: Iterable[Entry]) -> dict[str, date]:
    """Return the day of the first entry of each account: nothing is known of before."""
    found: dict[str, date] = {}
    for entry in entries:
        at = _instant(entry.at)
        if at is not None:
            found[entry.account] = min(at.date(), found.get(entry.account, at.date()))
    return found


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
