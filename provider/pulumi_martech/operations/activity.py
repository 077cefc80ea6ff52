"""`martech activity`: when people last logged in, and what a platform's own log has of them.

It is told and kept nowhere, and nothing is compared with it. Looking at people wants a reason,
which goes into the audit with who was looked at.
"""

from collections.abc import Sequence

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import InvalidDeclaration, Unsupported
from pulumi_martech.model.identity import near
from pulumi_martech.model.manifest import Ability
from pulumi_martech.model.membership import Kind, Membership, Status
from pulumi_martech.model.plan import Plan
from pulumi_martech.model.values import Frozen, Unknown
from pulumi_martech.operations import machine
from pulumi_martech.operations.preflight import accounts, recorded
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.work import Work
from pulumi_martech.platforms.base import Connector, Event, ShowsActivity
from pulumi_martech.platforms.registry import connect
from pulumi_martech.policy.plans import Recorded
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.entries import pseudonym
from pulumi_martech.reconcile.home import home

UNKNOWN = "unknown"
"""What stands for a log-in that the credentials or the plan may not show."""


class Asked(Frozen):
    """Who is asked about: our id, or the login itself; and the native id where a state has it."""

    person: str
    login: str
    id: str = ""


class Seen(Frozen):
    """What a log has of one person.

    ``last_login`` is an ISO instant, ``unknown``, or empty where the log has none; ``note`` says
    why there is nothing to know; ``events`` is ``None`` where it was not asked or may not be seen.
    """

    person: str
    last_login: str = ""
    note: str = ""
    events: tuple[Event, ...] | None = None


def activity(work: Work, screen: Screen, account: str, people: Sequence[str], reason: str) -> int:
    """Show the last log-ins of people in an account, and of those who are named what they did.

    Returns exit code 0.

    Raises:
        InvalidDeclaration: no reason, no such account or person in the state.
        Unsupported: the platform shows no log-ins.
    """
    tried = f"look at what people did in account {account}"
    if not reason.strip():
        todo = "say why with --reason: it goes into the audit"
        raise InvalidDeclaration(
            tried, "looking at people wants a reason", "nothing was asked", todo
        )
    state = recorded(work.driver.export())
    config = _account(accounts(Plan(), state), account, tried)
    asked = _people(state, account, people, tried)
    with screen.phase(f"asking {account} about {len(asked)} people"):
        seen = look(config, asked, bool(people), reason)
    _print(screen, seen, bool(people))
    if screen.machine:
        said = machine.document("activity", stack=work.stack, account=account, people=seen)
        screen.write(said)
    return 0


def look(config: AccountConfig, asked: Sequence[Asked], in_detail: bool, reason: str) -> list[Seen]:
    """Ask an account's logs about people, ``in_detail`` for what they did too.

    Raises the connector's errors, and `Unsupported` where the platform shows no log-ins.
    """
    connector = connect(config)
    with connector.client:
        if not isinstance(connector, ShowsActivity):
            support = connector.manifest.abilities[Ability.LAST_LOGIN]
            raise Unsupported(
                f"look at what people did in account {config.key}",
                f"{connector.manifest.title} shows no log-ins ({support.how})",
                "nothing was asked",
                support.alternative,
            )
        audit = Audit(home(), config.key, redact=connector.client.redactor.redact)
        found = []
        for one in asked:
            known = "@" not in one.person
            person = one.person if known else pseudonym("login", one.login)
            with audit.call(person, "look at activity", one.id, reason=reason, hide=[one.login]):
                found.append(_seen(connector, one, in_detail))
        return found


def _seen(connector: Connector, one: Asked, in_detail: bool) -> Seen:
    assert isinstance(connector, ShowsActivity)  # noqa: S101 - the caller looked
    member = _member(connector, one)
    if member is None:
        return Seen(person=one.person, note="is not there")
    if member.status is Status.PENDING or member.kind is Kind.SERVICE:
        return Seen(person=one.person, note="has not accepted the invitation, or is no person")
    last = connector.last_login(member)
    events = connector.activity(member) if in_detail else None
    return Seen(
        person=one.person,
        last_login=UNKNOWN if isinstance(last, Unknown) else last or "",
        events=None if isinstance(events, Unknown) else events,
    )


def _member(connector: Connector, one: Asked) -> Membership | None:
    member = connector.fetch(one.id, ()) if one.id else None
    login = connector.manifest.normal_login(one.login)
    return member if member is not None and member.login == login else connector.find(login)


def _account(known: dict[str, AccountConfig], key: str, tried: str) -> AccountConfig:
    if key not in known:
        there = ", ".join(sorted(known)) or "none"
        said = f"the state has no such account (it has: {there})"
        raise InvalidDeclaration(tried, said, "nothing was asked", near(key, known))
    return known[key]


def _people(
    state: Sequence[Recorded], account: str, wanted: Sequence[str], tried: str
) -> list[Asked]:
    """Return who is meant: ids of ours, logins for people without one, all if nobody is named."""
    known = {
        str(resource.inputs["person"]): Asked(
            person=str(resource.inputs["person"]),
            login=str(resource.inputs.get("login") or ""),
            id=resource.id,
        )
        for resource in state
        if resource.kind.endswith(":MartechUser") and resource.inputs.get("account") == account
    }
    strange = [name for name in wanted if name not in known and "@" not in name]
    if strange:
        raise InvalidDeclaration(
            tried,
            f"the state has nobody called {', '.join(strange)} there",
            "nothing was asked",
            " ".join(filter(None, (near(name, known) for name in strange)))
            or "name people by the ids of the program, or others by their login",
        )
    return [known.get(n, Asked(person=n, login=n)) for n in wanted or sorted(known)]


def _print(screen: Screen, seen: Sequence[Seen], in_detail: bool) -> None:
    if not seen:
        screen.line("The state has nobody in this account.")
        return
    rows = [(one.person, one.last_login or one.note or "none in the log") for one in seen]
    screen.table(columns(rows, ("who", "last log-in")))
    if not in_detail:
        return
    events = [(one.person, event.at, event.what) for one in seen for event in one.events or ()]
    screen.line()
    if events:
        screen.table(columns(events, ("who", "at", "what")))
    for one in seen:
        if one.events is None and not one.note:
            screen.line(f"What {one.person} did may not be seen with these credentials.")
        elif not one.events and not one.note:
            screen.line(f"The security log has nothing that {one.person} did.")
