"""The one place where a plan is judged before anything is written: guards, then the platforms."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.expiry import day
from pulumi_martech.model.leaving import Leaving
from pulumi_martech.model.plan import Message, Plan, kind_of
from pulumi_martech.operations.doctor import Finding
from pulumi_martech.operations.hanging import look
from pulumi_martech.operations.preflight import accounts, preflight, recorded, to_read
from pulumi_martech.operations.work import Work
from pulumi_martech.policy.effects import effects
from pulumi_martech.policy.guards import taken_on_trust
from pulumi_martech.policy.holdings import HOLDERS, holdings
from pulumi_martech.policy.leaving import leaving
from pulumi_martech.policy.plans import Recorded, estates, judge
from pulumi_martech.reconcile.owned import OWNED, instead
from pulumi_martech.reconcile.report import declared


def checked(work: Work, plan: Plan, ask_platforms: bool = True, looks_only: bool = False) -> Plan:
    """Judge a plan by the guards and ask the platforms it writes to, before anything is written.

    Returns the plan with its effects and what hangs on the people who go, not ``ok`` and with an
    error for each thing that stops it. A plan without changes is not judged. An override
    (``--override REASON``, MARTECH_OVERRIDE) lifts the guards; with ``ask_platforms`` false the
    platforms are asked what hangs on people and nothing else, and offline nothing at all; with
    ``looks_only`` credentials for reading are enough.
    """
    if not plan.ok or not plan.changes:
        return plan
    state = recorded(work.driver.export())
    today = day(work.as_of, "the day of the run")
    plan = plan.model_copy(update={"effects": tuple(effects(plan, state, today))})
    exceeded = [] if work.override else judge(plan, state, today, looks_only)
    problems = [violation.text for violation in exceeded]
    problems += list(_declared_elsewhere(work, plan, state))
    asks = ask_platforms and not work.offline
    asked = preflight(plan, state, looks_only) if asks else []
    findings = [finding for finding in asked if finding.result == "fail"]
    problems += [_sentence(finding) for finding in findings]
    warnings = [
        Message(severity="warning", text=_sentence(finding))
        for finding in asked
        if finding.result != "fail"
    ]
    going, wrong = _going(work, plan, state, findings, looks_only)
    said = [Message(severity="error", text=text) for text in problems + wrong]
    trusted = taken_on_trust(*estates(plan, state))
    owned = list(elsewhere(plan, accounts(plan, state)))
    owned += [Message(severity="warning", text=text) for text in trusted]
    return plan.model_copy(
        update={
            "ok": not said,
            "messages": (*plan.messages, *owned, *warnings, *said),
            "leaving": tuple(going),
        }
    )


def _sentence(finding: Finding) -> str:
    said = f"{finding.account}, {finding.check}: {finding.what}"
    return f"{said}; {finding.todo}" if finding.todo else said


def _declared_elsewhere(work: Work, plan: Plan, state: Sequence[Recorded]) -> Iterator[str]:
    """Yield whose access the targets would end though the program declares it by something else.

    What is no target is not looked at by the engine, so that the process which takes the access
    away cannot see it.
    """
    if not work.targets:
        return
    by = declared(work.report)
    targets = {
        f"{kind_of(urn.split('::')[2].split('$')[-1]).partition(':')[2]} {urn.split('::', 3)[-1]}"
        for urn in work.targets
    }
    for one in leaving(plan, [r for r in state if r.urn in work.targets], {}):
        other = by.get(one.account, {}).get(one.login)
        if other and other not in targets:
            yield (
                f"{one.login} would lose access to {one.account}, but the program declares it by "
                f"{other}, which is no target; nothing was written; add --target "
                f"{other.partition(' ')[2]}, or leave --target away"
            )


def elsewhere(plan: Plan, configs: Mapping[str, AccountConfig]) -> Iterator[Message]:
    """Yield what is to be done at identity providers: nothing is written to their accounts."""
    for step in plan.steps:
        kind, config = step.kind.partition(":")[2], configs.get(step.account)
        if kind not in HOLDERS or config is None or config.membership != "idp":
            continue
        before = holdings(kind, step.old or {})
        after = holdings(kind, step.new or {})
        for login in sorted(before.keys() | after.keys()):
            old = before[login].roles if login in before else frozenset[str]()
            new = after[login].roles if login in after else frozenset[str]()
            if login in after and new == old and login in before:
                continue
            verb = "change user" if login in after else "remove user"
            who = step.person if kind == "MartechUser" else login
            todo = instead(config.groups, who, verb, new - old, old - new)
            text = f"{step.name}: {OWNED}, so nothing is written to {step.account}; {todo}"
            yield Message(severity="warning", text=text, urn=step.urn)


def _going(
    work: Work,
    plan: Plan,
    state: Sequence[Recorded],
    findings: Collection[Finding],
    looks_only: bool,
) -> tuple[list[Leaving], list[str]]:
    """Return who goes with what hangs on them, and what is wrong with their successors."""
    configs = accounts(plan, state)
    successors = {key: config.successor for key, config in configs.items()}
    going = leaving(plan, state, successors)
    if not going:
        return [], []
    if looks_only:
        configs = {key: to_read(config) for key, config in configs.items()}
    broken = {finding.account: "the account cannot be used as it is" for finding in findings}
    if work.offline:
        broken = dict.fromkeys(configs, "this run is offline")
    return look(going, configs, broken)
