"""All policies that come with the package, and how a project's own ones are found."""

import re
import runpy
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from pydantic import ValidationError

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.policy.account_rules import ACCOUNT_RULES
from pulumi_martech.policy.certification_rules import CERTIFICATION_RULES
from pulumi_martech.policy.change import PROCESS
from pulumi_martech.policy.duties import DUTIES
from pulumi_martech.policy.facts_rules import FACTS_RULES
from pulumi_martech.policy.grant_rules import GRANT_RULES
from pulumi_martech.policy.judging import in_short, where
from pulumi_martech.policy.lifecycle_rules import LIFECYCLE_RULES
from pulumi_martech.policy.partner_rules import PARTNER_RULES
from pulumi_martech.policy.people_rules import PEOPLE_RULES
from pulumi_martech.policy.rule import SEVERITIES, Parameters, Rule
from pulumi_martech.policy.waivers import WAIVERS

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


RESERVED = (WAIVERS, PROCESS)
"""What stands for findings that are of no policy."""

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def rules_of(project: Path) -> tuple[Rule, ...]:
    """Return the built-in policies and a project's own: the list ``RULES`` of policies/rules.py.

    Raises:
        InvalidDeclaration: that file cannot be run, has no such list, or its rules cannot be used;
            all that is wrong with them is said, with file and line where there is one.
    """
    file, shipped = project / OWN, BUILTIN
    if not file.is_file():
        return shipped
    try:
        with redirect_stdout(sys.stderr):  # standard output is for what was asked for
            own = runpy.run_path(str(file)).get("RULES")
    except (Exception, SystemExit) as error:
        raise _unusable(f"{where(error)}: {in_short(error)}", "mend the file") from None
    if not isinstance(own, list | tuple) or not all(isinstance(rule, Rule) for rule in own):
        raise _unusable("it has no list RULES of rules", "end it with RULES = [Rule(...)]")
    problems = [problem for rule in own for problem in _problems(rule)]
    ids = [rule.id for rule in (*shipped, *own)]
    problems += [
        f"{rule_id} is there twice: give yours another id"
        for rule_id in sorted({each for each in ids if ids.count(each) > 1}, key=str)
    ]
    if problems:
        raise _unusable("; ".join(problems), "mend them")
    return (*shipped, *own)


def _unusable(said: str, todo: str) -> InvalidDeclaration:
    return InvalidDeclaration(f"read the policies in {OWN}", said, "nothing was judged", todo)


def _problems(rule: Rule) -> Iterator[str]:
    """Yield what is wrong with a rule that somebody wrote."""
    name = rule.id if isinstance(rule.id, str) else repr(rule.id)
    if not isinstance(rule.id, str) or not _KEY.fullmatch(rule.id) or rule.id in RESERVED:
        yield f"{name!r} is no id: use lower-case letters, digits, '.', '_' and '-', as keys have"
    for field in ("title", "why", "fix"):
        if not isinstance(getattr(rule, field), str) or not getattr(rule, field):
            yield f"{name} has no {field}"
    for field, allowed in (("severity", SEVERITIES), ("also", (None, *SEVERITIES))):
        if getattr(rule, field) not in allowed:
            yield f"{field} {getattr(rule, field)!r} of {name} is neither advisory nor mandatory"
    if not callable(rule.find):
        yield f"find of {name} is no function"
    try:
        if not issubclass(rule.parameters, Parameters):
            yield f"parameters of {name} is no class of Parameters"
        else:
            rule.parameters()
    except (TypeError, ValidationError):
        yield f"parameters of {name} is no class of Parameters with a default for each"
