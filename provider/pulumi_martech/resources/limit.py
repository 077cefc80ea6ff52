"""What one run may change, as a program says it."""

from collections.abc import Sequence

from pydantic import ValidationError

from pulumi_martech.model.identity import normal_domain
from pulumi_martech.model.limits import Limit as LimitValue
from pulumi_martech.model.wording import in_words
from pulumi_martech.resources.arguments import shown, texts
from pulumi_martech.resources.program import program


def Limit(count: int, *, percent: float = 100.0, floor: int = 0) -> LimitValue:
    """Return how much one run may change, for `limits`.

    Args:
        count: at most so many.
        percent: and at most so much of what was there.
        floor: so many are always allowed, so that a team of four can lose one member.
    """
    given = {"count": count, "percent": percent, "floor": floor}
    try:
        return LimitValue.model_validate(given)
    except ValidationError as error:
        for name, words in in_words(error):
            program().problem(f"Limit: {name} {words}")
    return LimitValue(count=0)


def limits(
    *,
    removals: LimitValue | None = None,
    stack_removals: LimitValue | None = None,
    privilege_increases: LimitValue | None = None,
    new_domains: LimitValue | None = None,
    company_domains: Sequence[str] = (),
) -> None:
    """Set the limits of this stack's gate; what is not given keeps its default.

    Args:
        removals: logins that may lose access in one account in one run.
        stack_removals: the same over all accounts together.
        privilege_increases: logins whose privileges may increase in one account in one run.
        new_domains: mail domains that may appear for the first time in one run.
        company_domains: mail domains of our own, that others must not be made to look like.
    """
    given = {
        "removals": removals,
        "stack_removals": stack_removals,
        "privilege_increases": privilege_increases,
        "new_domains": new_domains,
    }
    declared = program()
    declared.must_be_open("limits")
    update = {name: limit for name, limit in given.items() if isinstance(limit, LimitValue)}
    for name, limit in given.items():
        if limit is not None and name not in update:
            declared.problem(f"limits: {name}={shown(limit)} is no limit; write {name}=Limit(10)")
    for name in sorted(update.keys() & declared.limits.model_fields_set):
        was = getattr(declared.limits, name)
        if update[name] != was:
            said = f"{was}, and {update[name]}"
            declared.problem(f"limits: {name} is set twice, to {said}: say it in one place")
    declared.limits = declared.limits.model_copy(update=update)
    own = texts(company_domains, "limits: company_domains")
    declared.company_domains |= {normal_domain(domain) for domain in own}
