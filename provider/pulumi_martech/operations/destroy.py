"""`martech destroy`: take away everything the stack has given."""

from pulumi_martech.operations import show
from pulumi_martech.operations.closing import by_hand, close, tell_by_hand
from pulumi_martech.operations.preview import heading, judged
from pulumi_martech.operations.screen import Screen, require_approval
from pulumi_martech.operations.up import settle
from pulumi_martech.operations.work import Work


def destroy(work: Work, screen: Screen, yes: bool = False, diff: bool = False) -> int:
    """Read, show what would go, ask for the name of the stack, delete; return the exit code."""
    require_approval(screen, yes, f"destroy stack {work.stack}")
    heading(work, screen, "Destroying")
    with screen.phase("reading the accounts"):
        found = work.read()
    if not found.ok:
        show.messages(screen, found.messages)
        screen.error(f"stack {work.stack} was not destroyed; nothing was deleted")
        return close(work, screen, "destroy", 1, plan=found)
    with screen.phase("previewing"):
        plan = work.driver.destroy(preview_only=True, targets=work.targets)
    plan = plan.model_copy(update={"messages": (*found.messages, *plan.messages)})
    show.plan(screen, plan, diff)
    plan = judged(work, screen, plan, ask_platforms=False)
    if not plan.ok:
        screen.error(f"stack {work.stack} was not destroyed; nothing was deleted")
        return close(work, screen, "destroy", 1, plan=plan)
    if not plan.changes:
        screen.line()
        screen.line("Nothing to do: the stack holds no resources.")
        return close(work, screen, "destroy", 0, plan=plan)
    if not yes:
        screen.confirm("This takes away all access that the stack has given.", work.stack)
    screen.line()
    with screen.phase("deleting"):
        done = work.driver.destroy(targets=work.targets)
    whole, tasks = by_hand(work, settle(plan, done))
    show.outcomes(screen, whole)
    tell_by_hand(work, screen, tasks)
    return close(work, screen, "destroy", 0 if whole.finished else 1, plan=whole, checklist=tasks)
