"""`martech preview`: show what an `up` would do, and save it for review."""

from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_martech.model.plan import Plan
from pulumi_martech.operations import show
from pulumi_martech.operations.closing import by_hand, close
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.work import Work

if TYPE_CHECKING:
    from pulumi_martech.operations.checklist import Task

CHANGES = 2
"""Exit code for changes or drift, where it was asked for."""


def preview(
    work: Work,
    screen: Screen,
    save: Path | None = None,
    diff: bool = False,
    exit_code: bool = False,
) -> int:
    """Show the plan of now and perhaps save it reduced; nothing is written anywhere else.

    Returns the exit code: 0, 2 with ``exit_code`` if there is something to do, 1 for an error.
    """
    heading(work, screen, "Previewing")
    label = "comparing with the state" if work.offline else "reading and comparing"
    with screen.phase(label):
        plan = work.driver.preview(refresh=not work.offline, targets=work.targets)
    show.plan(screen, plan, diff)
    plan = judged(work, screen, plan, looks_only=True)
    waiting = _waiting(work, screen, plan)
    reviewed = work.reviewable(plan) if plan.ok else None
    if save is not None and reviewed is not None:
        save.write_text(reviewed.text(), encoding="utf-8")
        screen.line()
        screen.line(f"Saved for review: {save} (plan {reviewed.hash[:12]})")
        screen.line(f"Apply exactly this plan with: martech up --plan {save}")
    return close(
        work,
        screen,
        "preview",
        _code(plan, exit_code),
        plan=plan,
        hash=reviewed.hash if reviewed else None,
        offline=work.offline,
        checklist=waiting,
    )


def _waiting(work: Work, screen: Screen, plan: Plan) -> "list[Task]":
    """Say how many steps wait for somebody's hand, on accounts without an API."""
    tasks = [task for task in by_hand(work, plan)[1] if task.asked]
    late = sum(task.overdue(work.as_of) for task in tasks)
    if tasks:
        text = f"{len(tasks)} steps wait for somebody's hand{f', {late} OVERDUE' if late else ''}"
        screen.line()
        screen.line(f"{text}: see `martech checklist`.")
    return tasks


def judged(
    work: Work, screen: Screen, plan: Plan, ask_platforms: bool = True, looks_only: bool = False
) -> Plan:
    """Judge a plan that has been shown (see `operations.checks`).

    Prints what it comes to for each login, what hangs on the people who go, and what stops it.
    """
    if not plan.ok or not plan.changes:
        return plan
    from pulumi_martech.operations.checks import checked  # the HTTP stack, slow to import

    with screen.phase("checking", str):
        found = checked(work, plan, ask_platforms, looks_only)
    show.effects(screen, found.effects)
    show.leaving(screen, found.leaving)
    told = found.messages[len(plan.messages) :]
    if told:
        screen.line()
    for message in told:
        (screen.error if message.severity == "error" else screen.warn)(message.text)
    return found


def heading(work: Work, screen: Screen, verb: str) -> None:
    """Print what is worked on, loudly where nothing is read."""
    about = f"{verb} stack {work.stack} (engine: {work.driver.engine}, as of {work.as_of})"
    screen.line(about)
    if work.offline:
        screen.warn(
            "OFFLINE: nothing is read from any platform; this compares with the state as last "
            "read, and what changed there since then is not seen"
        )
    screen.line()


def _code(plan: Plan, exit_code: bool) -> int:
    if not plan.ok:
        return 1
    return CHANGES if exit_code and plan.changes else 0
