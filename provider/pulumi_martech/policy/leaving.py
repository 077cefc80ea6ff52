"""Who goes with a plan: the people that lose their membership, or are switched off."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi_martech.model.leaving import Leaving
from pulumi_martech.model.plan import Inputs, Op, Plan, Step
from pulumi_martech.policy.holdings import HOLDERS, holdings
from pulumi_martech.policy.plans import Recorded

_PEOPLE = {"VendorGrant": "people", "Roster": "members"}


def leaving(plan: Plan, state: Iterable[Recorded], successors: Mapping[str, str]) -> list[Leaving]:
    """List who goes, sorted by account and person; nothing is known yet of what hangs on them.

    A login that another declaration of the account names afterwards has moved there and stays.

    Args:
        plan: what is to be done.
        state: everything recorded.
        successors: account to the login that takes over where the resource names nobody.
    """
    known = {resource.urn: resource for resource in state}
    after = _named_afterwards(plan, known.values())
    found = []
    for step in plan.steps:
        recorded = known.get(step.urn)
        for one in _of(step, recorded.id if recorded else ""):
            others = after.get((one.account, one.login), set()) - {step.urn}
            if not others:
                heir = "" if one.deletes else successors.get(one.account, "")
                found.append(one.model_copy(update={"successor": one.successor or heir}))
    return sorted(found, key=lambda one: (one.account, one.person))


def _of(step: Step, id_: str) -> Iterator[Leaving]:
    """Yield who goes with one step."""
    kind = step.kind.partition(":")[2]
    if kind not in HOLDERS or step.old is None or (kind == "Roster" and step.op is Op.DELETE):
        return
    new: Inputs = {} if step.op is Op.DELETE or step.new is None else step.new
    moved = step.op is Op.REPLACE and step.old.get("account") != new.get("account")
    before, after = entries(kind, step.old), {} if moved else entries(kind, new)
    # Maps take people away as they are declared now, a resource that goes as it was.
    said = new if kind in _PEOPLE and new and not moved else step.old
    for login, entry in before.items():
        stays = after.get(login)
        if stays is None:
            verb = said.get("on_destroy")
        elif entry.get("active") is not False and stays.get("active") is False:
            verb = "deactivate"
        else:
            continue
        if verb in ("remove", "deactivate", "downgrade"):
            yield Leaving(
                account=str(step.old.get("account")),
                person=step.person if kind == "MartechUser" else login,
                login=login,
                id=id_ if kind == "MartechUser" else "",
                verb=verb,
                successor=str(said.get("successor") or ""),
                deletes=str(said.get("delete_content") or ""),
            )


def entries(kind: str, inputs: Inputs) -> dict[str, Mapping[str, Any]]:
    """Return the logins that inputs name, with what is declared of each."""
    people = inputs.get(_PEOPLE[kind]) if kind in _PEOPLE else {inputs.get("login"): inputs}
    if not isinstance(people, Mapping):
        return {}
    return {
        login: entry
        for login, entry in people.items()
        if isinstance(login, str) and isinstance(entry, Mapping)
    }


def _named_afterwards(plan: Plan, state: Iterable[Recorded]) -> dict[tuple[str, str], set[str]]:
    """Return, by account and login, the resources that name the login once the plan is done."""
    last = {resource.urn: (resource.kind, resource.inputs) for resource in state}
    for step in plan.steps:
        if step.op is Op.DELETE or step.new is None:
            last.pop(step.urn, None)
        else:
            last[step.urn] = (step.kind, step.new)
    named: dict[tuple[str, str], set[str]] = {}
    for urn, (kind, inputs) in last.items():
        for login in holdings(kind.partition(":")[2], inputs):
            named.setdefault((str(inputs.get("account")), login), set()).add(urn)
    return named
