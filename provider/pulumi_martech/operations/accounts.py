"""`martech doctor`: find the accounts that a stack works on, and examine them."""

from collections.abc import Collection

from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.operations.checklist import Task, outstanding
from pulumi_martech.operations.doctor import Finding, doctor
from pulumi_martech.operations.preflight import accounts, recorded
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.work import Work
from pulumi_martech.resources.accounts import NO_ADDRESS


def examine(work: Work, screen: Screen, keys: Collection[str] = ()) -> list[Finding]:
    """Examine the accounts that the program declares, and those of the state.

    Raises:
        InvalidDeclaration: one of ``keys`` is no account of this stack.
    """
    with screen.phase("running the program"):
        plan = work.driver.preview(refresh=False)
    broken = [
        Finding(
            account="-",
            check="program",
            result="fail",
            what=f"the program does not run through: {message.text}",
            todo="mend it: until then nothing can be previewed",
        )
        for message in plan.errors
    ]
    export = work.driver.export()
    found = {
        key: config
        for key, config in accounts(plan, recorded(export)).items()
        if config.url != NO_ADDRESS  # declared wrongly: the problem above is all there is to say
    }
    chosen = _chosen(found, keys)
    if not chosen:
        screen.warn("neither the program nor the state has an account")
    with screen.phase("examining the accounts"):
        findings = doctor(chosen)
    tasks = outstanding(plan, export) if not broken else []
    return broken + [f for c in chosen for f in with_steps(c, findings, tasks, work.as_of)]


def with_steps(
    config: AccountConfig, findings: list[Finding], tasks: list[Task], as_of: str
) -> list[Finding]:
    """Return an account's findings, with one on the steps that wait for a person's hand."""
    own = [finding for finding in findings if finding.account == config.key]
    if not isinstance(config.credentials, ByHand):
        return own
    waiting = [task for task in tasks if task.account == config.key]
    late = sum(task.overdue(as_of) for task in waiting)
    what = f"{len(waiting)} wait for {config.operator}" + (f", {late} OVERDUE" if late else "")
    steps = Finding(
        account=config.key,
        check="steps",
        result="warn" if late else "ok",
        what=what if waiting else "none waits for anybody",
        todo="see `martech checklist`" if waiting else "",
    )
    return [*own, steps]


def _chosen(found: dict[str, AccountConfig], keys: Collection[str]) -> list[AccountConfig]:
    for key in keys:
        if key not in found:
            raise InvalidDeclaration(
                f"examine account {key}",
                f"this stack has none of that key (it has: {', '.join(sorted(found)) or 'none'})",
                "nothing was asked",
            )
    return [found[key] for key in sorted(keys or found)]
