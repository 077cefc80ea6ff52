"""What mandatory policies will find when grants that are written already begin."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from pulumi_martech.model.moment import over
from pulumi_martech.policy.judging import Judgement, judge, ordered
from pulumi_martech.policy.rule import Finding, Rule
from pulumi_martech.policy.view import View, view_of

DAYS = 31
"""Days on which something begins that are looked at, the nearest first."""


def with_ahead(judgement: Judgement, view: View, rules: Sequence[Rule]) -> Judgement:
    """Return a judgement with what those who get something later will be found to have then.

    Whoever reviews a change judges what it gives, not only what it gives today: else a grant that
    starts tomorrow would pass every check before it is in force.
    """
    coming = beginning(view)
    settings = view.access.policies
    strict = [
        rule
        for rule in rules
        if "mandatory" in (rule.severity, rule.also)
        or (rule.id in settings and settings[rule.id].severity == "mandatory")
    ]
    known = {(finding.rule, finding.about) for finding in judgement.findings}
    more: list[Finding] = []
    for day in sorted(coming)[:DAYS]:
        who = coming[day]
        then = replace(
            view_of(view.access, day, view.last_use, only=who),
            certified=view.certified,
            facts=view.facts,
        )
        for finding in judge(then, strict).mandatory:
            key = (finding.rule, finding.about)
            if key not in known and not who.isdisjoint(finding.about):
                known.add(key)
                more.append(replace(finding, text=f"from {day} {finding.text}"))
    return replace(judgement, findings=ordered([*judgement.findings, *more])) if more else judgement


def beginning(view: View) -> dict[date, set[str]]:
    """Return the days after that of a view on which somebody gets something, and who."""
    found: dict[date, set[str]] = {}
    access = view.access
    who = {p.key for p in access.principals.values() if p.starts and p.starts > view.day}
    for grant in access.grants:
        if grant.starts is not None and grant.starts > view.day:
            who.update(principal.key for principal in access.holders(grant))
    if not who:
        return found
    for held in access.everything(who):
        starts = [day for day in (held.grant.starts, held.principal.starts) if day is not None]
        day = max(starts, default=None)
        if day is None or day <= view.day:
            continue
        if held.ended_by != "leaver" and not over(held.until, day):
            found.setdefault(day, set()).add(held.principal.key)
    return found
