"""`martech attest`: take over what somebody saw on the screens of an account without an API."""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.attestation import Attestation, instant, written
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.membership import Wish, difference
from pulumi_martech.model.moment import AHEAD
from pulumi_martech.model.plan import Plan
from pulumi_martech.operations import machine
from pulumi_martech.operations.checklist import Task, outstanding
from pulumi_martech.operations.exports import Written, templates
from pulumi_martech.operations.preflight import accounts, recorded
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.shown import harmless
from pulumi_martech.operations.work import Work
from pulumi_martech.platforms import attested
from pulumi_martech.platforms.attested import AttestedConnector
from pulumi_martech.platforms.registry import connect
from pulumi_martech.policy.plans import Recorded
from pulumi_martech.reconcile.attested import role_difference
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.listing import SHRINKAGE

_PERSON = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MOST = 20
"""Problems that are printed; a table that was not filled in has many of one kind."""


def attest(
    work: Work,
    screen: Screen,
    account: str,
    files: Sequence[Path],
    by: str,
    at: str,
    layout: str = "",
) -> int:
    """Store an attestation beside the program; return 0, or 1 with every problem told.

    Args:
        work: the stack.
        screen: where to say so.
        account: key of an account without an API.
        files: what was written off the screens.
        by: our id of whoever looked: not the operator, who carries the steps out.
        at: a day, an instant, or ``now``.
        layout: which layout the switches of roles had; found by their names if empty.
    """
    state, plan = _declared(work, screen, account)
    config = _account(plan, state, account)
    connector = _connector(config)
    now = datetime.now(UTC)
    known = {str(inputs.get("name")) for inputs in _roles(plan, state, account)}
    said = Written(connector.manifest, connector.layouts, layout, known)
    problems = said.problems
    if layout and layout not in connector.layouts:
        problems.append(f"there is no layout {layout!r}: {' or '.join(connector.layouts)}")
    else:
        with screen.phase("reading the files"):
            for file in files:
                said.read(file)
            said.finish()
    problems += _who(config, by)
    before = attested.come(attested.load(account, config.platform))
    moment = now if at == "now" else instant(at, "--on")
    problems += _when(connector, moment, now, before)
    if said.people is not None and not work.override:
        problems += _shrunk(len(before[-1].people) if before else 0, len(said.people))
    if problems:
        for problem in problems[:_MOST]:
            screen.error(problem)
        screen.error(f"nothing was attested of account {account}: {len(problems)} problems")
        return _close(screen, account, 1, problems=problems)
    assert said.people is not None  # noqa: S101 - its lack is a problem
    seen = Attestation(
        account=account,
        platform=config.platform,
        at=written(moment),
        by=by,
        stored=written(now),
        layout=said.layout if said.roles else "",
        sources=tuple(said.sources),
        people={login: tuple(sorted(roles)) for login, roles in sorted(said.people.items())},
        roles=said.roles,
        reason=work.override,
    )
    plan = plan or _plan(work, screen)
    waiting = _waiting(plan, work, account)
    file = _store(work, seen)
    left = _waiting(plan, work, account)
    still, fresh = {task.key for task in left}, _connector(config)
    settled = [(task, _lacks(fresh, task)) for task in waiting if task.key not in still]
    for task, lacks in settled:
        _note(work, seen, task, lacks)
    strangers = _undeclared(plan, recorded(work.driver.export()), seen)
    unasked = _unasked(before[-1], seen, {task.about for task in waiting}) if before else []
    _tell(work, screen, seen, file, settled, left)
    for line in (*unasked, *strangers):
        screen.warn(line)
    if len(at) == 10 and any(task.asked.startswith(at) for task in left):
        screen.warn(
            f"steps were asked on {at} too, and a day alone is its beginning: say the time "
            f"(--on {at}T15:30) to tell that this is newer"
        )
    told = {"attestation": seen.sealed(), "checklist": left}
    return _close(screen, account, 0, **told, undeclared=strangers, unasked=unasked)


def template(work: Work, screen: Screen, account: str, layout: str, folder: Path) -> int:
    """Write the tables to be filled in for an account into a folder; return the exit code."""
    state, plan = _declared(work, screen, account)
    connector = _connector(_account(plan, state, account))
    roles = {
        str(inputs.get("name")): str(inputs.get("layout"))
        for inputs in _roles(plan, state, account)
        if inputs.get("layout")
    }
    layout = layout or next(iter(roles.values()), "")
    if layout and layout not in connector.layouts:
        raise InvalidDeclaration(
            f"make a template for {account}",
            f"there is no layout {layout!r}",
            "nothing was written",
            f"say --layout {' or '.join(connector.layouts)}",
        )
    tables = templates(connector.layouts, layout, roles)
    targets = {folder / f"{account}-{name}.csv": text for name, text in tables.items()}
    for file in targets:
        if file.exists():
            raise InvalidDeclaration(
                f"write {file}", "it is there already", "nothing was written", "move it away"
            )
    for file, text in targets.items():
        file.write_text(text, encoding="utf-8")
        screen.line(f"Wrote {file}: fill it in from the screens.")
    return _close(screen, account, 0, files=[str(file) for file in targets])


def checklists(work: Work, screen: Screen, keys: Sequence[str] = ()) -> list[Task]:
    """Return what waits for a person's hand, of all accounts or some.

    Raises:
        InvalidDeclaration: one of ``keys`` is no account without an API.
    """
    plan, export = _plan(work, screen), work.driver.export()
    for key in keys:
        _account(plan, recorded(export), key)
    return [task for task in outstanding(plan, export) if not keys or task.account in keys]


# -- parts


def _declared(work: Work, screen: Screen, account: str) -> tuple[list[Recorded], Plan | None]:
    """Return what the state says, and the program's plan where the state lacks the account."""
    state = recorded(work.driver.export())
    if any(one.kind == "account" and one.inputs.get("martech:account") == account for one in state):
        return state, None
    return state, _plan(work, screen)


def _plan(work: Work, screen: Screen) -> Plan:
    with screen.phase("running the program"):
        return work.driver.preview(refresh=False)


def _account(plan: Plan | None, state: Sequence[Recorded], account: str) -> AccountConfig:
    by_hand = {
        key: config
        for key, config in accounts(plan or Plan(), state).items()
        if isinstance(config.credentials, ByHand)
    }
    if account not in by_hand:
        raise InvalidDeclaration(
            f"attest account {account}",
            "this stack has no account of that key that is worked on by hand (it has: "
            f"{', '.join(sorted(by_hand)) or 'none'})",
            "nothing was stored",
        )
    return by_hand[account]


def _connector(config: AccountConfig) -> AttestedConnector:
    connector = connect(config)
    assert isinstance(connector, AttestedConnector)  # noqa: S101 - nobody else works by hand
    return connector


def _roles(plan: Plan | None, state: Sequence[Recorded], account: str) -> list[dict[str, object]]:
    said = [(one.kind, one.inputs) for one in state]
    said += [(step.kind, step.new) for step in (plan.steps if plan else ()) if step.new is not None]
    return [
        dict(inputs)
        for kind, inputs in said
        if kind.partition(":")[2] in ("Role", "RoleReference") and inputs.get("account") == account
    ]


def _who(config: AccountConfig, by: str) -> list[str]:
    if not _PERSON.fullmatch(by):
        return [
            f"--by {by!r} is not our id of a person: lower-case letters, digits, '.', '_' and '-', "
            "as in MartechUser"
        ]
    if by == config.operator:
        return [
            f"{by} carries out the steps of {config.key} and does not attest them: somebody else "
            "has to look"
        ]
    return []


def _when(
    connector: AttestedConnector, at: datetime, now: datetime, before: Sequence[Attestation]
) -> list[str]:
    if at > now + AHEAD:
        return [f"--on {written(at)} has not come yet"]
    assert connector.manifest.attested is not None  # noqa: S101 - what these connectors are for
    days = connector.manifest.attested.days
    if now - at > timedelta(days=days):
        return [f"--on {written(at)} is more than {days} days ago and would count as unknown"]
    if before and at <= instant(before[-1].at):
        return [
            f"--on {written(at)} is not newer than what {before[-1].by} attested "
            f"({before[-1].at}), which would still be what counts"
        ]
    return []


def _shrunk(known: int, now: int) -> list[str]:
    if not now:
        return [
            "nobody is listed, and somebody administers every account; if this one is closed, say "
            '--override "REASON"'
        ]
    if known - now <= SHRINKAGE.allowed(known):
        return []
    return [
        f"{now} people are listed where {known} were attested before: this is not read as if the "
        'others had left; if they have, say --override "REASON"'
    ]


def _store(work: Work, seen: Attestation) -> Path:
    audit = Audit(home(work.root), seen.account)
    what = [f"source {source.name} {source.sha256}" for source in seen.sources]
    with audit.call(seen.by, "attest", seen.at, what, reason=work.override) as call:
        file = attested.store(seen)
        roles = "unknown" if seen.roles is None else str(len(seen.roles))
        call.said = f"{len(seen.people)} people, roles {roles}, {seen.sealed().hash}"
    return file


def _waiting(plan: Plan, work: Work, account: str) -> list[Task]:
    return [task for task in outstanding(plan, work.driver.export()) if task.account == account]


def _lacks(connector: AttestedConnector, task: Task) -> list[str]:
    """Return in what an account, as attested by now, is not what a step was to make it."""
    if task.wish is None:
        return []  # it is not waited for any more, so it is gone
    if isinstance(task.wish, Wish):
        live = connector.find(task.about)
        if live is None:
            return ["it is not there"]
        return [change.named() for change in difference(live, task.wish)]
    role = connector.find_role(task.about)
    return ["it is not there"] if role is None else role_difference(role, task.wish)


def _note(work: Work, seen: Attestation, task: Task, lacks: Sequence[str]) -> None:
    """Record what became of a step."""
    audit = Audit(home(work.root), seen.account)
    who = task.resource.partition("/")[2]
    with audit.call(who, f"attested: {task.verb}", "", lacks, hide=[task.about]) as call:
        call.said = f"{'NOT done' if lacks else 'done'}, by {seen.by} of {seen.at}"


def _tell(
    work: Work,
    screen: Screen,
    seen: Attestation,
    file: Path,
    settled: Sequence[tuple[Task, Sequence[str]]],
    left: Sequence[Task],
) -> None:
    roles = "custom roles unknown" if seen.roles is None else f"{len(seen.roles)} custom roles"
    shown = file.relative_to(work.root) if file.is_relative_to(work.root) else file
    screen.line(f"Attested by {seen.by} of {seen.at}: {len(seen.people)} people, {roles}.")
    screen.line(f"Stored in {shown}: commit it with the program.")
    for task, lacks in settled:
        found = f"NOT done: {', '.join(lacks)}" if lacks else "done"
        screen.line(f"{task.resource}, {task.verb} {harmless(task.about)}: {found}", 2)
    if left:
        screen.line(f"{len(left)} steps still wait for {left[0].operator}.")
    screen.line("`martech preview` shows what is not as declared.")


def _undeclared(plan: Plan, state: Sequence[Recorded], seen: Attestation) -> list[str]:
    """Return who is there and in no program, in sentences."""
    said = [(one.kind, one.inputs) for one in state]
    said += [(step.kind, step.new) for step in plan.steps if step.new is not None]
    known: set[str] = set()
    for _, inputs in said:
        if inputs.get("account") == seen.account:
            known |= {
                str(inputs.get("login")),
                *inputs.get("people", {}),
                *inputs.get("members", {}),
            }
    return [
        f"{harmless(login)} ({', '.join(roles) or 'no role'}) is in {seen.account}, and nothing "
        "declares it"
        for login, roles in sorted(seen.people.items())
        if login not in known
    ]


def _unasked(before: Attestation, seen: Attestation, asked: Collection[str]) -> list[str]:
    """Return what differs from the attestation before though nobody was asked for it."""
    found = []
    for login in sorted({*before.people, *seen.people} - set(asked)):
        was, is_ = before.people.get(login), seen.people.get(login)
        if was is not None and is_ is not None and set(was) == set(is_):
            continue
        then, now = (
            "was not there" if roles is None else f"had {', '.join(roles) or 'no role'}"
            for roles in (was, is_)
        )
        now = now.replace("was", "is", 1) if is_ is None else now.replace("had", "has", 1)
        found.append(
            f"{harmless(login)} {then} when {before.by} looked ({before.at}), and {now}, which "
            "nobody was asked for: somebody clicked, or one of you is mistaken"
        )
    return found


def _close(screen: Screen, account: str, code: int, **said: object) -> int:
    if screen.machine:
        screen.write(machine.document("attest", exit_code=code, account=account, **said))
    return code
