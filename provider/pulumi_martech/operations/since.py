"""What the calendar alone made of a document since it was committed: told, and counted nowhere.

A check judges a commit by the day it was made on, so that it ends the same whenever it is run.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from pulumi_martech.model.access import Access
from pulumi_martech.model.moment import last_day
from pulumi_martech.policy.guards import named
from pulumi_martech.policy.judging import Judgement, judge
from pulumi_martech.policy.rule import Finding, Rule
from pulumi_martech.policy.view import View


@dataclass(frozen=True)
class Since:
    """What is otherwise on a later day.

    ``ended`` are grants that were in force then, with their last days; ``findings`` those that
    nobody answers for and that were not there then.
    """

    day: date
    ended: tuple[str, ...]
    findings: tuple[Finding, ...]

    def notes(self) -> list[str]:
        """Return it in sentences without their end."""
        said = []
        if self.ended:
            some = "one grant has" if len(self.ended) == 1 else f"{len(self.ended)} grants have"
            said.append(f"{some} ended since ({named(self.ended)}): `martech ends` tells all of it")
        if self.findings:
            rules = named({finding.rule for finding in self.findings})
            some = "finding" if len(self.findings) == 1 else "findings"
            said.append(
                f"as of {self.day} there would be {len(self.findings)} {some} more ({rules}): "
                "`martech check --as-of today` counts them"
            )
        return said


def since(
    access: Access,
    rules: Sequence[Rule],
    then: date,
    day: date,
    before: Judgement,
    look: Callable[[Access, date], View],
) -> Since | None:
    """Return what a later day makes of a document that was judged as of ``then``.

    ``look`` makes a view of a document as of a day.
    """
    if day <= then:
        return None
    ended = {
        f"{held.principal.key}/{held.grant.account}/{held.grant.role} on {last_day(held.until)}"
        for held in access.ended(day)
        if held.until is not None and then <= last_day(held.until) < day
        and held.ended_by != "leaver"
    }  # fmt: skip
    known = {_key(finding) for finding in before.findings if not finding.waived}
    now = judge(look(access, day), rules)
    more = [f for f in now.findings if not f.waived and _key(f) not in known]
    return Since(day, tuple(sorted(ended)), tuple(more))


def _key(finding: Finding) -> tuple[object, ...]:
    """Return what tells a finding from others: texts count days and differ each morning."""
    return finding.rule, finding.about, finding.way, finding.severity
