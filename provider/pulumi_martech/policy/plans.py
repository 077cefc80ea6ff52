"""The guards on a whole plan: who holds what before and after it, strays included."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pulumi_martech.model.limits import Limits
from pulumi_martech.model.plan import Inputs, Op, Plan
from pulumi_martech.model.values import Frozen
from pulumi_martech.policy.guards import (
    Estate,
    Holding,
    Violation,
    violations,
)
from pulumi_martech.policy.holdings import HOLDERS, account_of, holdings, rights_given

GATE = "martech:Gate"


class Recorded(Frozen):
    """A resource as the state has it: its kind (``scim:MartechUser``), inputs and native id."""

    urn: str
    kind: str
    inputs: Mapping[str, Any]
    id: str = ""


def judge(plan: Plan, state: Iterable[Recorded], day: date, looks: bool = False) -> list[Violation]:
    """List the guards that a plan exceeds.

    ``day`` is the day of the run, ``state`` everything recorded; what the steps say about the
    time before them is newer, because a refresh came between, ``looks`` says that nothing will be
    written (see `guards.removed`). Limits, administrators and protected
    logins are those of the stack's gate, as recorded before the plan: a plan cannot raise its own
    limits unseen.
    """
    before, after = _sides(plan, state)
    gate = _gate(before) or _gate(after) or {}
    limits = Limits.model_validate(gate.get("limits") or {})
    olds, news = _estate(before.values()), _estate(after.values())
    return violations(olds, news, limits, day=day, looks=looks)


def estates(plan: Plan, state: Iterable[Recorded]) -> tuple[Estate, Estate]:
    """Return who holds what before and after a plan, given everything recorded.

    What the plan creates was not there before, even if it is recorded: somebody took it away.
    """
    before, after = _sides(plan, state)
    for step in plan.steps:
        if step.op is Op.CREATE:
            before.pop(step.urn, None)
    return _estate(before.values()), _estate(after.values())


def left_by(plan: Plan, state: Iterable[Recorded]) -> list[Recorded]:
    """Return the resources as a plan would leave them, given everything recorded."""
    _, after = _sides(plan, state)
    return [Recorded(urn=urn, kind=kind, inputs=inputs) for urn, (kind, inputs) in after.items()]


Sides = dict[str, tuple[str, Inputs]]
"""URN to kind and inputs."""


def _sides(plan: Plan, state: Iterable[Recorded]) -> tuple[Sides, Sides]:
    before: Sides = {resource.urn: (resource.kind, resource.inputs) for resource in state}
    after = dict(before)
    for step in plan.steps:
        if step.old is not None:
            before[step.urn] = (step.kind, step.old)
        if step.new is not None and step.op is not Op.DELETE:
            after[step.urn] = (step.kind, step.new)
        else:
            after.pop(step.urn, None)
    return before, after


def _gate(resources: Mapping[str, tuple[str, Inputs]]) -> Inputs | None:
    return next((inputs for kind, inputs in resources.values() if kind == GATE), None)


def _estate(resources: Iterable[tuple[str, Inputs]]) -> Estate:
    """Return who holds what by the inputs of all holders, with what the gate says of accounts."""
    listed = list(resources)
    logins: dict[str, dict[str, Holding]] = {}
    roles: dict[str, dict[str, str]] = {}
    rights: dict[str, dict[str, frozenset[str]]] = {}
    said: Mapping[str, Any] = {}
    for kind, inputs in listed:
        if kind == GATE:
            said = inputs.get("accounts") or {}
        platform, _, name = kind.partition(":")
        account = inputs.get("account")
        if name in HOLDERS and isinstance(account, str):
            logins.setdefault(account, {}).update(holdings(name, inputs))
        if name == "Role" and isinstance(account, str):
            roles.setdefault(account, {})[str(inputs.get("name"))] = str(inputs.get("role"))
            given = rights_given(platform, inputs)
            if given is not None:
                rights.setdefault(account, {})[str(inputs.get("name"))] = given
    found = {}
    for account in logins.keys() | said.keys():
        declared = account_of(said.get(account) or {})
        live = {
            "logins": logins.get(account, {}),
            "roles": roles.get(account, {}),
            "rights": rights.get(account, {}),
            "reviewed": {login: has.roles for login, has in declared.logins.items()},
        }
        found[account] = declared.model_copy(update=live)
    return found
