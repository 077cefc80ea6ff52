"""The end of every run: what it cost, what could not be read, and the machine document."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.text import Text

from pulumi_martech.model.plan import Plan
from pulumi_martech.operations import machine, show
from pulumi_martech.operations.heartbeat import beat
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.shown import harmless
from pulumi_martech.operations.work import Work
from pulumi_martech.reconcile.report import AccountRun, load

if TYPE_CHECKING:
    from pulumi_martech.operations.checklist import Task

_NOTES = (
    ("unread", "not read", "bold red"),
    ("refused", "refused by the breaker", "bold red"),
    ("leftovers", "left on the platform (see `martech leftovers`)", "yellow"),
    ("evidence", "attested", ""),
    ("adopted", "taken over", ""),
    ("resolved", "found out by reading", ""),
)


def close(work: Work, screen: Screen, verb: str, code: int, **said: Any) -> int:
    """Print the end of a run; return its exit code: 1 if an account was not read as it should."""
    accounts = load(work.report)
    missed = [] if work.offline else _unread(accounts)
    if missed:
        code = 1
        screen.error(
            f"not everything was read: {', '.join(missed)} did not answer as it should, so what "
            "was changed there is not known; its state is kept as last read; try again later"
        )
    beat(work, verb, code)
    _accounts(screen, accounts)
    show.duration(screen)
    if screen.machine:
        document = machine.document(
            verb,
            stack=work.stack,
            engine=work.driver.engine.value,
            as_of=work.as_of,
            exit_code=code,
            phases=screen.phases,
            accounts=accounts,
            **said,
        )
        screen.write(document)
    return code


def by_hand(work: Work, plan: Plan) -> "tuple[Plan, list[Task]]":
    """Return what a run did, as far as done, and what is left for somebody's hand after it."""
    if not any(run.evidence for run in load(work.report).values()):
        return plan, []
    from pulumi_martech.operations.checklist import outstanding, with_asked  # slow to import

    export = work.driver.export()
    return with_asked(plan, export), outstanding(plan, export)


def tell_by_hand(work: Work, screen: Screen, tasks: "list[Task]") -> None:
    """Print the checklists and write them down, if there is anything on them."""
    if tasks:
        from pulumi_martech.operations.checklist import tell  # slow to import

        tell(work, screen, tasks)


def unread(work: Work) -> list[str]:
    """Return the accounts that could not be read in this run; none where nothing was to be read."""
    if work.offline:
        return []
    return _unread(load(work.report))


def _unread(accounts: Mapping[str, AccountRun]) -> list[str]:
    return [name for name, run in accounts.items() if run.unread or run.from_state]


def _accounts(screen: Screen, accounts: Mapping[str, AccountRun]) -> None:
    """Print a line an account, and below it what a person should know."""
    if not accounts:
        return
    screen.line()
    screen.line("Accounts:")
    width = max(len(name) for name in accounts)
    for name, run in accounts.items():
        screen.line(_cost(run), 4, f"{name:<{width}} ")
        for field, words, style in _NOTES:
            for text in getattr(run, field):
                screen.line(Text(f"{words}: {harmless(text)}", style=style), 6)
        if run.from_state:
            text = f"{run.from_state} resources were kept as last read"
            screen.line(Text(text, style="bold red"), 6)


def _cost(run: AccountRun) -> str:
    """Return the calls of an account in words: ``41 calls (30 GET, 11 POST), waited 2.1 s``."""
    total = sum(run.calls.values())
    each = ", ".join(f"{number} {method}" for method, number in sorted(run.calls.items()) if number)
    text = f"{total} calls" + (f" ({each})" if each else "")
    if run.retries:
        text += f", {run.retries} of them repeats"
    if run.waited >= 0.05:
        text += f", waited {run.waited:.1f} s"
    return text
