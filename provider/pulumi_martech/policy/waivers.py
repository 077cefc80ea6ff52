"""Findings that somebody answers for: by whom, until when, and where that does not count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pulumi_martech.model.moment import last_day, over
from pulumi_martech.model.rules import Waiver
from pulumi_martech.policy.holders import answers
from pulumi_martech.policy.rule import Finding
from pulumi_martech.policy.view import View

LONGEST = 365
"""Days that a waiver may last from the day of the check."""

WAIVERS = "waivers"
"""The rule that findings on waivers themselves are of: no waiver answers for those."""

FIX = "mend what it is for, or have somebody waive it who may, for a year at most"
"""What to do about them."""


@dataclass
class _Use:
    """What a waiver is for: how many findings, and the first of them that it may not answer for."""

    covered: int = 0
    refused: str = ""


def with_waivers(view: View, found: Sequence[Finding]) -> list[Finding]:
    """Return findings with who answers for them, and what is wrong with the waivers themselves.

    A waiver does not count when it has ended, lasts longer than a year, is by somebody who is none
    of our own or has left, by the owner of the vendor that a finding is about, or by whom it is
    about.
    """
    index: dict[tuple[str, str], list[Waiver]] = {}
    for waiver in view.access.waivers.values():
        first = waiver.about[0] if waiver.about else ""
        index.setdefault((waiver.policy, first), []).append(waiver)
    valid = {key: not _wrong(waiver, view) for key, waiver in view.access.waivers.items()}
    uses = {key: _Use() for key in view.access.waivers}
    policies = {waiver.policy for waiver in view.access.waivers.values()}
    answered = []
    for finding in found:
        waived = ""
        if finding.rule in policies:
            about = set(finding.about)
            for first in ("", *dict.fromkeys(finding.about)):
                for waiver in index.get((finding.rule, first), ()):
                    if not about.issuperset(waiver.about):
                        continue
                    use = uses[waiver.key]
                    use.covered += 1
                    refused = _refused(waiver, finding, view)
                    use.refused = use.refused or refused
                    if valid[waiver.key] and not refused and not waived:
                        waived = f"{waiver.owner} until {last_day(waiver.until)}: {waiver.why}"
        answered.append(replace(finding, waived=waived) if waived else finding)
    return [*answered, *_themselves(view, uses)]


def _wrong(waiver: Waiver, view: View) -> str:
    """Return why a waiver counts for nothing, as the rest of a sentence on it."""
    last = last_day(waiver.until)
    if over(waiver.until, view.day):
        return f"ended on {last}"
    if (last - view.day).days > LONGEST:
        return f"lasts until {last}, longer than a year: not taken"
    if not waiver.owner.strip() or not waiver.why.strip():
        return f"has no {'reason (`why`)' if waiver.owner.strip() else 'owner'}: not taken"
    if not answers(view.access, waiver.owner, view.day):
        return f"is by {waiver.owner}, who is none of our own or has left: not taken"
    return ""


def _refused(waiver: Waiver, finding: Finding, view: View) -> str:
    """Return why a waiver does not answer for one finding, as the rest of a sentence on it."""
    vendors = view.access.vendors
    if any(key in vendors and vendors[key].owner == waiver.owner for key in finding.about):
        return f"is by {waiver.owner}, who owns the vendor it is about: not taken"
    if waiver.owner in finding.about:
        return f"is by {waiver.owner}, whom it is about: not taken"
    return ""


def _themselves(view: View, uses: dict[str, _Use]) -> Iterator[Finding]:
    for key, waiver in view.access.waivers.items():
        use, said = uses[key], _wrong(waiver, view)
        if over(waiver.until, view.day):
            if not use.covered:
                continue
            said = (
                f"of {waiver.policy} by {waiver.owner} {said}, and what it was for is still there"
            )
        said = said or use.refused
        if not said and not waiver.about and use.covered:
            said = (
                f"answers for whatever {waiver.policy} finds, {use.covered} now: say what it is "
                "`about`"
            )
        if said:
            yield Finding(
                about=(key, waiver.owner),
                text=f"waiver {key} {said}",
                way=("waivers", key),
                severity="advisory",
                rule=WAIVERS,
            )
