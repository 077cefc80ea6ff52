"""What a policy is, and how all of them are judged: with parameters, severities and waivers.

A policy is a `Rule`: a pure function from a `View` to findings, with the reason for it and what to
do. Users add their own as a list ``RULES`` in ``policies/rules.py`` beside Pulumi.yaml; nothing in
the package has to be touched (docs/policies.md).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import ValidationError

from pulumi_martech.model.identity import near
from pulumi_martech.model.moment import last_day, over
from pulumi_martech.model.rules import PolicySetting, Waiver
from pulumi_martech.model.values import Frozen
from pulumi_martech.model.wording import in_words
from pulumi_martech.policy.guards import named
from pulumi_martech.policy.view import View

Severity = Literal["advisory", "mandatory"]
"""A mandatory finding fails a check and refuses a run; an advisory one is shown."""

Way = tuple[str | int, ...]
"""The way to a place in the document: ``("grants", 17)``, ``("people", "ana")``."""

LONGEST_WAIVER = 365
"""Days that a waiver may last from today."""


class Parameters(Frozen):
    """What can be set of a policy; each has its own, with a default and a description a field."""


class Nothing(Parameters):
    """A policy that has nothing to set."""


@dataclass(frozen=True)
class Finding:
    """One thing that a policy finds.

    Attributes:
        about: keys of what it is about: people, accounts, vendors, assets, partners.
        text: what was found, as a sentence without its end.
        way: where in the document that stands.
        severity: that of the rule where ``None``.
        rule: the id of the rule; filled in when it is judged.
        waived: who answers for it, until when and why; empty if nobody does.
    """

    about: tuple[str, ...]
    text: str
    way: Way = ()
    severity: Severity | None = None
    rule: str = ""
    waived: str = ""


@dataclass(frozen=True)
class Rule:
    """A policy.

    Attributes:
        id: its name in the document, in words with hyphens.
        title: what it asks, as a sentence without its end.
        why: the reason for it.
        fix: what to do about a finding.
        severity: unless the document says otherwise, or a finding its own.
        find: yields what it finds in a view, with its parameters.
        parameters: what can be set.
        on_resources: whether the resources of a stack show enough to judge it; a policy pack runs
            these, `martech check` of a document runs all.
        also: the other severity, where some findings have it by themselves.
    """

    id: str
    title: str
    why: str
    fix: str
    severity: Severity
    find: Callable[[View, Any], Iterator[Finding]]
    parameters: type[Parameters] = Nothing
    on_resources: bool = False
    also: Severity | None = None


@dataclass(frozen=True)
class Judgement:
    """What all policies found, and what is wrong with their settings.

    ``wrong`` are problems of the settings and waivers themselves, with the way to each.
    """

    findings: tuple[Finding, ...]
    wrong: tuple[tuple[Way, str], ...] = ()

    @property
    def mandatory(self) -> tuple[Finding, ...]:
        """Findings that forbid to go on: mandatory ones that nobody answers for."""
        return tuple(f for f in self.findings if f.severity == "mandatory" and not f.waived)


def judge(view: View, rules: Sequence[Rule], only_resources: bool = False) -> Judgement:
    """Run rules over a view, with the settings and waivers of its document.

    Findings are sorted: mandatory before advisory, open before waived, then by rule and place.
    """
    settings = view.access.policies
    wrong = list(_unknown(rules, settings, view.access.waivers))
    found: list[Finding] = []
    for rule in rules:
        setting = settings.get(rule.id) or PolicySetting()
        if setting.severity == "off" or (only_resources and not rule.on_resources):
            continue
        try:
            parameters = rule.parameters.model_validate(dict(setting.parameters))
        except ValidationError as error:
            wrong += _unfitting(rule, error)
            continue
        for finding in rule.find(view, parameters):
            severity = setting.severity or finding.severity or rule.severity
            found.append(replace(finding, rule=rule.id, severity=severity))
    waived = [_with_waiver(finding, view) for finding in found]
    waived += _waivers_themselves(view, found)
    return Judgement(ordered(waived), tuple(wrong))


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings as they are shown; see `judge`."""
    return tuple(sorted(findings, key=_order))


def _order(finding: Finding) -> tuple[bool, bool, str, str, str]:
    return (
        finding.severity != "mandatory",
        bool(finding.waived),
        finding.rule,
        "/".join(finding.about),
        finding.text,
    )


def _unknown(
    rules: Sequence[Rule], settings: Mapping[str, PolicySetting], waivers: Mapping[str, Waiver]
) -> Iterator[tuple[Way, str]]:
    ids = {rule.id for rule in rules}
    named: list[tuple[Way, str]] = [(("policies", key), key) for key in settings]
    named += [(("waivers", key, "policy"), waiver.policy) for key, waiver in waivers.items()]
    for way, name in named:
        if name not in ids:
            hint = near(name, ids) or "see `martech policy list`"
            yield way, f"there is no policy {name!r}; {hint}"


def _unfitting(rule: Rule, error: ValidationError) -> Iterator[tuple[Way, str]]:
    known = rule.parameters.model_fields
    for name, words in in_words(error):
        first = name.partition(".")[0]
        way: Way = ("policies", rule.id, "parameters", *([first] if first else []))
        if first not in known:
            hint = near(first, known) or f"it has {', '.join(sorted(known)) or 'none'}"
            yield way, f"{first!r} is no parameter of {rule.id}; {hint}"
        else:
            yield way, f"{name} {words}"


def _with_waiver(finding: Finding, view: View) -> Finding:
    for waiver in view.access.waivers.values():
        if _covers(waiver, finding) and not over(waiver.until, view.day):
            if _own_vendor(waiver, finding, view):
                continue  # who owns a vendor does not waive findings on it
            said = f"{waiver.owner} until {last_day(waiver.until)}: {waiver.why}"
            return replace(finding, waived=said)
    return finding


def _covers(waiver: Waiver, finding: Finding) -> bool:
    return waiver.policy == finding.rule and set(waiver.about) <= set(finding.about)


def _own_vendor(waiver: Waiver, finding: Finding, view: View) -> bool:
    vendors = view.access.vendors
    return any(key in vendors and vendors[key].owner == waiver.owner for key in finding.about)


def _waivers_themselves(view: View, found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield what is wrong with waivers: ended, too long, by the wrong person."""
    for key, waiver in view.access.waivers.items():
        covered = [finding for finding in found if _covers(waiver, finding)]
        text = ""
        if over(waiver.until, view.day):
            if covered:
                text = (
                    f"waiver {key} of {waiver.policy} by {waiver.owner} ended on "
                    f"{last_day(waiver.until)}, and what it was for is still there"
                )
        elif (last_day(waiver.until) - view.day).days > LONGEST_WAIVER:
            text = f"waiver {key} lasts until {last_day(waiver.until)}, longer than a year"
        elif any(_own_vendor(waiver, finding, view) for finding in covered):
            text = f"waiver {key} is by {waiver.owner}, who owns the vendor it is about: not taken"
        if text:
            yield Finding(
                about=(key, waiver.owner),
                text=text,
                way=("waivers", key),
                severity="advisory",
                rule="waivers",
            )


def one_of_each(keys: Iterable[str]) -> str:
    """Return keys in words, each once and sorted, at most eight of them."""
    return named(set(keys))
