"""`martech up`: make the accounts equal to what is declared, exactly as shown."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from pulumi_martech.engine import reviewed
from pulumi_martech.engine.reviewed import ReviewedPlan, Unlike
from pulumi_martech.model import expiry
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.plan import Message, Outcome, Plan
from pulumi_martech.operations import show
from pulumi_martech.operations.closing import by_hand, close, tell_by_hand, unread
from pulumi_martech.operations.heartbeat import UP
from pulumi_martech.operations.preview import heading, judged
from pulumi_martech.operations.recording import note_recorded
from pulumi_martech.operations.screen import Screen, require_approval
from pulumi_martech.operations.work import Work, day
from pulumi_martech.policy.holdings import holdings
from pulumi_martech.policy.lifecycle import left_out, too_early
from pulumi_martech.policy.plans import Recorded, left_by

NOTHING_WRITTEN = "nothing was written to any platform"


def up(
    work: Work,
    screen: Screen,
    yes: bool = False,
    plan_file: Path | None = None,
    diff: bool = False,
    said_as_of: str = "",
) -> int:
    """Read, preview, show, ask, and carry out exactly the plan that was shown.

    The platforms are read once, before the preview: what changes there afterwards is left alone
    until the next run. With ``plan_file`` the preview must be the reviewed plan, of the day it
    was made for. Returns the exit code: 0 if all was done, 1 else.
    """
    require_approval(screen, yes, f"apply stack {work.stack}")
    if not expiry.ends_count():
        raise InvalidDeclaration(
            f"apply stack {work.stack}",
            "MARTECH_IGNORE_ENDS is set, and only a preview may leave ends out",
            NOTHING_WRITTEN,
            "unset it",
        )
    wanted = reviewed.load(plan_file) if plan_file else None
    if wanted is not None:
        work = _of_the_review(work, wanted, said_as_of)
    heading(work, screen, "Applying")
    with screen.phase("reading the accounts"):
        found = work.read(UP if work.whole else "")
    if not found.ok:
        show.messages(screen, found.messages)
        return _stop(work, screen, found)
    with tempfile.TemporaryDirectory(prefix="martech-plan-") as folder:
        engine_plan = Path(folder) / "plan.json"
        with screen.phase("previewing"):
            plan = work.driver.preview(refresh=False, save=engine_plan, targets=work.targets)
        heard = (*found.messages, *plan.messages)
        plan = plan.model_copy(update={"messages": heard, "drift": found.drift})
        if found.drift:
            screen.line(f"{len(found.drift)} resources are not as the last run left them.")
        show.plan(screen, plan, diff)
        if not plan.ok:
            return _stop(work, screen, plan)
        if wanted is not None:
            different = reviewed.unlike(wanted, work.reviewable(plan))
            if different:
                return _refuse(work, screen, plan, different)
        plan = judged(work, screen, plan)
        if not plan.ok:
            return _stop(work, screen, plan)
        late = _another_day(work, screen, plan)
        if late:
            screen.line()
            screen.error(late)
            said = Message(severity="error", text=late)
            return _stop(work, screen, plan.model_copy(update={"messages": (*plan.messages, said)}))
        if not (plan.changes or plan.outputs or plan.stored_differently):
            return _nothing(work, screen, plan)
        if not yes:
            screen.confirm(f"Apply this to stack {work.stack}?")
        screen.line()
        with screen.phase("applying"):
            done = work.driver.up(engine_plan, work.targets)
            note_recorded(work.driver)
    return _tell(work, screen, plan, done)


def _another_day(work: Work, screen: Screen, plan: Plan) -> str:
    """Say what the day of this run does that today would not, if it is another.

    The program is asked again as of today. A day before today must not give more: that would leave
    ends out. A day that has not come must not give less, or more: nothing ends or begins before
    its time, unless an override says why.
    """
    then, today = expiry.day(work.as_of, "the day of the run"), expiry.today()
    if then == today or (then > today and work.override):
        return ""
    from pulumi_martech.operations.preflight import recorded

    with screen.phase("previewing as of today"):
        now = work.on(today.isoformat(), work.targets)
        of_today = now.driver.preview(refresh=False, targets=work.targets)
    if not of_today.ok:
        said = "; ".join(message.text for message in of_today.errors)
        return f"as of today the program does not run through ({said}); {NOTHING_WRITTEN}"
    state = recorded(work.driver.export())
    here, there = _given(left_by(plan, state)), _given(left_by(of_today, state))
    if then < today:
        return left_out(work.as_of, _beyond(here, there))
    return too_early(work.as_of, _beyond(there, here), _beyond(here, there))


Given = dict[tuple[str, str], tuple[str, frozenset[str]]]
"""Account and login to the name of who that is and the native roles."""


def _given(resources: Iterable[Recorded]) -> Given:
    """Return who would have what by these resources."""
    found: Given = {}
    for resource in resources:
        kind, account = resource.kind.partition(":")[2], str(resource.inputs.get("account"))
        name = resource.urn.rsplit("::", 1)[-1]
        for login, has in holdings(kind, resource.inputs).items():
            named = name if kind == "MartechUser" else f"{name}: {login}"
            found[account, login] = (named, has.roles)
    return found


def _beyond(one: Given, other: Given) -> list[str]:
    """Return who has more in one than in the other."""
    nothing = ("", None)
    return [
        name
        for key, (name, roles) in one.items()
        if (there := other.get(key, nothing)[1]) is None or roles - there
    ]


def settle(plan: Plan, done: Plan) -> Plan:
    """Return what was carried out with the planned steps that were never begun among it."""
    met = {step.urn for step in done.steps} | set(done.unchanged)
    left = [
        step.model_copy(update={"outcome": Outcome.NOT_DONE})
        for step in plan.steps
        if step.urn not in met
    ]
    kept = {"drift": plan.drift, "effects": plan.effects, "leaving": plan.leaving}
    return done.model_copy(update={"steps": (*done.steps, *left), **kept})


def _nothing(work: Work, screen: Screen, plan: Plan) -> int:
    _, tasks = by_hand(work, plan)
    screen.line()
    if tasks:
        screen.line("Nothing to do from here; what is not there yet was asked of people.")
        tell_by_hand(work, screen, tasks)
    else:
        some = "what could be read is" if unread(work) else "the accounts are"
        screen.line(f"Nothing to do: {some} as declared.")
    return close(work, screen, "up", 0, plan=plan, refused=[], checklist=tasks)


def _tell(work: Work, screen: Screen, plan: Plan, done: Plan) -> int:
    whole, tasks = by_hand(work, settle(plan, done))
    show.outcomes(screen, whole)
    if not whole.finished:
        screen.line()
        screen.line(
            f"{_sums(whole)}; run `martech up` again once the reasons above are gone: it goes on "
            "from here."
        )
    tell_by_hand(work, screen, tasks)
    return close(
        work, screen, "up", 0 if whole.finished else 1, plan=whole, refused=[], checklist=tasks
    )


def _sums(whole: Plan) -> str:
    """Return how many changes were done, were not, and may have been."""
    done, unknown = len(whole.of(Outcome.DONE)), len(whole.of(Outcome.UNKNOWN))
    left = len(whole.of(Outcome.FAILED)) + len(whole.of(Outcome.NOT_DONE))
    if not unknown:
        return f"{done} changes were done and {left} were not"
    return f"{done} changes were done, {left} were not, and of {unknown} it is not known"


def _of_the_review(work: Work, wanted: ReviewedPlan, said_as_of: str) -> Work:
    """Return the work as of the day of the review and with its targets."""
    tried, left = "apply a reviewed plan", "nothing was done"
    if said_as_of and day(said_as_of) != wanted.as_of:
        said = f"it was made as of {wanted.as_of}, not {day(said_as_of)}"
        raise InvalidDeclaration(tried, said, left, "leave --as-of away, or make a new plan")
    if work.targets and tuple(sorted(work.targets)) != wanted.targets:
        said = "it was made for other targets"
        raise InvalidDeclaration(tried, said, left, "leave --target away, or make a new plan")
    return work.on(wanted.as_of, wanted.targets)


def _refuse(work: Work, screen: Screen, plan: Plan, different: list[Unlike]) -> int:
    text = (
        f"apply the reviewed plan: it is not the plan of now, which differs in {len(different)} "
        f"places; {NOTHING_WRITTEN}; preview again and have the new plan reviewed"
    )
    screen.line()
    show.unlike(screen, different)
    screen.error(text)
    said = Message(severity="error", text=text)
    plan = plan.model_copy(update={"ok": False, "messages": (*plan.messages, said)})
    return close(work, screen, "up", 1, plan=plan, refused=different)


def _stop(work: Work, screen: Screen, plan: Plan) -> int:
    screen.error(f"stack {work.stack} was not applied; {NOTHING_WRITTEN}")
    return close(work, screen, "up", 1, plan=plan, refused=[])
