"""The one place where a plan is judged before anything is written: guards, then the platforms."""

from pulumi_martech.model.expiry import day
from pulumi_martech.model.plan import Message, Plan
from pulumi_martech.operations.preflight import preflight, recorded
from pulumi_martech.operations.work import Work
from pulumi_martech.policy.plans import judge


def checked(work: Work, plan: Plan, ask_platforms: bool = True, looks_only: bool = False) -> Plan:
    """Judge a plan by the guards and ask the platforms it writes to, before anything is written.

    Returns the plan, not ``ok`` and with an error for each thing that stops it. A plan without
    changes is not judged. An override (``--override REASON``, MARTECH_OVERRIDE) lifts the guards;
    offline, or with ``ask_platforms`` false, no platform is asked; with ``looks_only`` credentials
    for reading are enough.
    """
    if not plan.ok or not plan.changes:
        return plan
    state = recorded(work.driver.export())
    today = day(work.as_of, "the day of the run")
    exceeded = [] if work.override else judge(plan, state, today)
    problems = [violation.text for violation in exceeded]
    asks = ask_platforms and not work.offline
    findings = preflight(plan, state, looks_only) if asks else []
    problems += [
        f"{finding.account}, {finding.check}: {finding.what}"
        + (f"; {finding.todo}" if finding.todo else "")
        for finding in findings
    ]
    if not problems:
        return plan
    said = [Message(severity="error", text=text) for text in problems]
    return plan.model_copy(update={"ok": False, "messages": (*plan.messages, *said)})
