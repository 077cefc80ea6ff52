"""`martech facts`: what platforms report of people, saved for checks that ask nobody.

Keys of people and nothing else that names anybody: no log-in, no address. Whom the document does
not have is counted. Looking at people wants a reason, which goes into the audit.
"""

import contextlib
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import ValidationError

from pulumi_martech.document.evidence import read_facts
from pulumi_martech.document.load import load
from pulumi_martech.model.access import Access
from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.attestation import written
from pulumi_martech.model.errors import InvalidDeclaration, MartechError
from pulumi_martech.model.facts import FRESH, AccountFacts, Facts, PersonFacts
from pulumi_martech.model.identity import near
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.membership import Membership, Status
from pulumi_martech.model.values import Frozen
from pulumi_martech.operations import machine
from pulumi_martech.operations.preflight import to_read
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.platforms.base import Connector, ShowsActivity
from pulumi_martech.platforms.registry import PLATFORMS, connect
from pulumi_martech.reconcile import chain
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.home import account_file, home

_STATUS = {Status.ACTIVE: "active", Status.PENDING: "pending", Status.DEACTIVATED: "deactivated"}


def facts(screen: Screen, path: Path, keys: Sequence[str], reason: str, save: Path | None) -> int:
    """Read what accounts report of the document's people; show it, and save it.

    Returns 0, or 1 if an account could not be read: its people are unknown then.

    Raises:
        DocumentInvalid: the document cannot be meant as it is written.
        InvalidDeclaration: no reason, or no such account with credentials.
    """
    tried, left = "read what platforms report of people", "nothing was asked"
    if not reason.strip():
        todo = "say why with --reason: it goes into the audit"
        raise InvalidDeclaration(tried, "looking at people wants a reason", left, todo)
    access = load(path).access
    there = {
        key: account
        for key, account in access.accounts.items()
        if account.credentials is not None and account.platform in PLATFORMS
    }
    for key in keys:
        if key not in there:
            said = f"the document has no account {key!r} with credentials"
            raise InvalidDeclaration(tried, said, left, near(key, there))
    if not there:
        said = f"no account of {path.name} has url and credentials"
        raise InvalidDeclaration(tried, said, left, "write them down, as `env:NAME` and the like")
    found = {}
    for key in sorted(keys or there):
        with screen.phase(f"reading {key}"):
            found[key] = _read(access, there[key], reason)
    whole = Facts(accounts=found)
    if save is not None:
        _save(save, whole)
    _print(screen, whole, save)
    code = int(any(one.note for one in found.values()))
    if screen.machine:
        screen.write(machine.document("facts", exit_code=code, facts=whole))
    return code


class Taken(Frozen):
    """What a check took of one account's facts: how old they are, and whether they count."""

    account: str
    read_at: str
    days: int
    counted: bool
    note: str = ""

    def __str__(self) -> str:
        when = "today" if self.days == 0 else f"{self.days} days ago"
        said = f"{self.account} was read at {self.read_at}, {when}"
        return said if self.counted else f"{said}: {self.note}, so it is unknown"


def take(
    path: Path, access: Access, today: date, days: int = FRESH
) -> tuple[dict[tuple[str, str], PersonFacts], tuple[Taken, ...]]:
    """Return the facts of a file that count on a day, and what was taken of each account.

    What is older than so many days, of the future, or could not be read, is unknown; so are
    accounts and people that the document does not have.

    Raises:
        DocumentInvalid: it is no file of facts.
    """
    counted: dict[tuple[str, str], PersonFacts] = {}
    taken = []
    for account, reported in sorted(read_facts(path).accounts.items()):
        age = reported.age(today)
        note = reported.note
        if account not in access.accounts:
            note = "the document has no such account"
        elif age > days or age < 0:
            note = f"older than {days} days" if age > days else "that is in the future"
        taken.append(
            Taken(account=account, read_at=reported.read_at, days=age, counted=not note, note=note)
        )
        if not note:
            for person, fact in reported.people.items():
                if person in access.principals:
                    counted[account, person] = fact
    return counted, tuple(taken)


def _read(access: Access, account: Account, reason: str) -> AccountFacts:
    now = written(datetime.now(UTC))
    try:
        config = to_read(account.config())
        people, others = _reported(access, account, config, reason)
        return AccountFacts(read_at=now, people=people, others=others)
    except (MartechError, ValidationError) as error:
        said = str(error) if isinstance(error, MartechError) else "it lacks url or credentials"
        return AccountFacts(read_at=now, note=said)


def _reported(
    access: Access, account: Account, config: AccountConfig, reason: str
) -> tuple[dict[str, PersonFacts], int]:
    """Return what is reported of our people, and how many others there are."""
    normal = PLATFORMS[account.platform].manifest.normal_login
    ours = {
        normal(login): key
        for key, principal in access.principals.items()
        if (login := principal.login(account.key, account.platform))
    }
    connector = connect(config)
    with connector.client:
        members = connector.directory().memberships
        audit = Audit(home(), account.key, redact=connector.client.redactor.redact)
        invited = dict(_invitations(account.key))
        people: dict[str, PersonFacts] = {}
        others = 0
        for member in members:
            key = ours.get(normal(member.login))
            if key is None:
                others += 1
                continue
            used = _last_use(connector, member, key, audit, reason)
            sso = member.attributes.get("sso")
            pending = member.status is Status.PENDING
            people[key] = PersonFacts.model_validate(
                {
                    "status": _STATUS.get(member.status, "unknown"),
                    "last_use": used,
                    "log_in": None if not isinstance(sso, bool) else "sso" if sso else "password",
                    "pending_since": invited.get(member.id) if pending else None,
                }
            )
    return dict(sorted(people.items())), others


def _last_use(
    connector: Connector, member: Membership, key: str, audit: Audit, reason: str
) -> str | None:
    """Return the day of the last log-in, ``None`` where the platform or its log has none."""
    if not isinstance(connector, ShowsActivity) or member.status is not Status.ACTIVE:
        return None
    with audit.call(key, "look at activity", member.id, reason=reason, hide=[member.login]):
        last = connector.last_login(member)
    if not isinstance(last, str):
        return None
    return datetime.fromisoformat(last).astimezone(UTC).date().isoformat()


def _invitations(account: str) -> Iterator[tuple[str, str]]:
    """Yield native ids and the days on which we made them, by the account's audit."""
    path = account_file(home(), "audit", account)
    made = set()
    for entry in chain.entries(path) if path.exists() else ():
        if entry.phase == "intent" and entry.verb == "create user":
            made.add(entry.n)
        elif entry.phase == "done" and entry.of in made and entry.target:
            yield entry.target, entry.at[:10]


def _save(path: Path, whole: Facts) -> None:
    """Write the file in one step, for nobody else's eyes."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(
        whole.model_dump_json(indent=1, exclude_none=True, exclude_defaults=False) + "\n",
        encoding="utf-8",
    )
    with contextlib.suppress(OSError):
        partial.chmod(stat.S_IRUSR | stat.S_IWUSR)
    partial.replace(path)


def _print(screen: Screen, whole: Facts, save: Path | None) -> None:
    rows = [
        (
            account,
            key,
            one.status + (f" since {one.pending_since}" if one.pending_since else ""),
            str(one.last_use or "unknown"),
            one.log_in or "unknown",
            ", ".join(f"{fact.state} ({fact.known})" for fact in one.mfa) or "unknown",
        )
        for account, reported in whole.accounts.items()
        for key, one in reported.people.items()
    ]
    headings = ("account", "who", "status", "last log-in", "passes by", "second factor")
    if rows:
        screen.table(columns(rows, headings))
        screen.line()
    for account, reported in whole.accounts.items():
        if reported.note:
            screen.error(f"{account} was not read, so its people are unknown: {reported.note}")
        elif reported.others:
            screen.line(f"{account} has {reported.others} more whom the document does not have.")
    if save is not None:
        screen.line(f"Written: {save}. `martech check --facts {save.name}` takes it.")
