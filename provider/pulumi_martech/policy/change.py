"""Duties in the process itself: a change of the rules is judged by the rules before it.

Two findings come of comparing a document with the one before a change. The change makes room for
itself: what it adds would have been found by the rules as they were. And somebody changes the rules
about themselves. Neither can be waived, for the waiver would be part of the change.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from pulumi_martech.model.access import Access
from pulumi_martech.policy.guards import named
from pulumi_martech.policy.judging import Judgement, judge
from pulumi_martech.policy.rule import Finding, Rule, Severity
from pulumi_martech.policy.view import View

PROCESS = "process"
"""What stands for these findings where others name their policy."""

FIX = "make the change of the rules first, on its own, by somebody it is not about"
"""What to do about them."""

_MERGE = "s3-users-and-merge"


def by_rules_before(before: Access, after: Access) -> Access:
    """Return what a changed document says, under the rules of the one before the change.

    Rules are policies, waivers, and whose mail domains and aliases are known. A company that is
    new with the change has none before it, and keeps its own.
    """

    def known(section: str) -> dict[str, object]:
        found = {}
        for key, company in getattr(after, section).items():
            old = getattr(before, section).get(key)
            names = ("domains", "aliases") if section == "vendors" else ("domains",)
            more = {name: getattr(old, name) for name in names} if old else {}
            found[key] = company.model_copy(update=more)
        return found

    rules = {
        "policies": before.policies,
        "waivers": before.waivers,
        "company": before.company,
        "vendors": known("vendors"),
        "partners": known("partners"),
    }
    return after.model_copy(update=rules)


def process(
    before: View,
    after: View,
    rules_before: Sequence[Rule],
    now: Judgement,
    authors: Collection[str],
    look: Callable[[Access], View],
) -> Iterator[Finding]:
    """Yield what a change does to the rules that it should not do in one step.

    Args:
        before: what everybody could do before the change, as of the same day.
        after: what everybody can do with it.
        rules_before: the policies there were before it.
        now: what the policies of now find in ``after``.
        authors: who made the change, by key.
        look: makes such a view of a document, with all else that is known.
    """
    still: dict[tuple[object, ...], Severity | None] = {
        (f.rule, f.about, f.way): f.severity for f in now.findings if not f.waived
    }
    was = judge(before, rules_before)
    old = {(f.rule, f.about, f.text) for f in was.findings if not f.waived}
    mixed = look(by_rules_before(before.access, after.access))
    for finding in judge(mixed, rules_before).findings:
        key = (finding.rule, finding.about, finding.way)
        if finding.waived or finding.rule == "waivers":
            continue
        if still.get(key) in ("mandatory", finding.severity):
            continue
        own = sorted(set(authors).intersection(finding.about))
        if own:
            said = f"{named(own)} changed the rules about {named(own)}"
        elif (finding.rule, finding.about, finding.text) not in old:
            said = "this change makes room for itself"
        else:
            continue  # the rules change and what they are about does not: an ordinary decision
        text = f"{said}: by the rules before it {finding.text} ({finding.rule})"
        yield replace(finding, text=text, rule=PROCESS)
    yield from _own_access(before, after, authors)
    yield from _rights(before.access, after.access, authors)


def _own_access(before: View, after: View, authors: Collection[str]) -> Iterator[Finding]:
    """Yield who gives themselves more: who asks does not approve, so somebody else merges that."""
    mergers = _mergers(before.access)
    for who in sorted(set(authors) & after.by_principal.keys()):
        had: dict[str, frozenset[str]] = {}
        for held in before.by_principal.get(who, ()):
            had[held.account.key] = had.get(held.account.key, frozenset()) | held.can
        for held in after.by_principal[who]:
            if held.can - had.get(held.account.key, frozenset()):
                role, account = held.grant.role, held.account.key
                yield Finding(
                    (who, account),
                    f"{who} gives {who} {role} in {account}"
                    + (f", and may merge it: {_ELSE}" if who in mergers else f": {_ELSE}"),
                    held.way,
                    "mandatory" if who in mergers else "advisory",
                    PROCESS,
                )


_ELSE = "somebody else is to merge it"


def _rights(before: Access, after: Access, authors: Collection[str]) -> Iterator[Finding]:
    """Yield which rights to decide people gave themselves."""
    for who in sorted(_mergers(after) - _mergers(before)):
        if who in authors:
            text = f"{who} gives {who} the right to merge this document"
            yield Finding((who,), text, ("policies", _MERGE), "mandatory", PROCESS)
    for section in ("accounts", "vendors", "partners"):
        for key, entry in getattr(after, section).items():
            old = getattr(before, section).get(key)
            if old is not None and entry.owner != old.owner and entry.owner in authors:
                text = f"{entry.owner} makes {entry.owner} answer for {key}"
                way = (section, key)
                yield Finding((entry.owner, key), text, way, "advisory", PROCESS)


def _mergers(access: Access) -> set[str]:
    setting = access.policies.get(_MERGE)
    said = setting.parameters.get("mergers") if setting else None
    return {str(who) for who in said} if isinstance(said, list | tuple) else set()
