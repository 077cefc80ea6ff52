"""All policies that come with the package, and how a project's own ones are found."""

import runpy
from collections.abc import Sequence
from pathlib import Path

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.policy.account_rules import ACCOUNT_RULES
from pulumi_martech.policy.certification_rules import CERTIFICATION_RULES
from pulumi_martech.policy.duties import DUTIES
from pulumi_martech.policy.facts_rules import FACTS_RULES
from pulumi_martech.policy.grant_rules import GRANT_RULES
from pulumi_martech.policy.lifecycle_rules import LIFECYCLE_RULES
from pulumi_martech.policy.partner_rules import PARTNER_RULES
from pulumi_martech.policy.people_rules import PEOPLE_RULES
from pulumi_martech.policy.rule import Rule

BUILTIN: tuple[Rule, ...] = (
    *PEOPLE_RULES,
    *GRANT_RULES,
    *LIFECYCLE_RULES,
    *CERTIFICATION_RULES,
    *FACTS_RULES,
    *ACCOUNT_RULES,
    *PARTNER_RULES,
    *DUTIES,
)

OWN = Path("policies") / "rules.py"
"""Where a project keeps its own policies, from the folder of Pulumi.yaml."""


def rules_of(project: Path) -> tuple[Rule, ...]:
    """Return the built-in policies and a project's own: the list ``RULES`` of policies/rules.py.

    Raises:
        InvalidDeclaration: that file cannot be run, has no such list, or takes a name that is
            there already.
    """
    file = project / OWN
    if not file.is_file():
        return BUILTIN
    tried = f"read the policies in {OWN}"
    try:
        own = runpy.run_path(str(file)).get("RULES")
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise InvalidDeclaration(tried, said, "nothing was judged", "mend the file") from None
    if not isinstance(own, Sequence) or not all(isinstance(rule, Rule) for rule in own):
        todo = "end it with RULES = [Rule(...)]"
        raise InvalidDeclaration(tried, "it has no list RULES of rules", "nothing was judged", todo)
    ids = [rule.id for rule in (*BUILTIN, *own)]
    twice = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if twice:
        said = f"{', '.join(twice)} is there twice"
        raise InvalidDeclaration(tried, said, "nothing was judged", "give it another id")
    return (*BUILTIN, *own)
