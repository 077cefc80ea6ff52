"""How policies are judged: with the parameters, severities and waivers of a document."""

import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.model.rules import PolicySetting, Waiver
from pulumi_martech.model.wording import in_words
from pulumi_martech.policy.rule import Finding, Parameters, Rule, Way
from pulumi_martech.policy.view import View
from pulumi_martech.policy.waivers import with_waivers

ENDLESS = 1_000_000
"""Findings of one policy after which it is taken for one that does not end."""

_PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Setting:
    """What a document sets otherwise than a policy is shipped: severity, or a parameter by name."""

    policy: str
    name: str
    shipped: Any
    here: Any

    def __str__(self) -> str:
        if self.name == "severity":
            return f"{self.policy} is {self.here} instead of {self.shipped}"
        return (
            f"{self.policy} has {self.name} {_shown(self.here)} instead of {_shown(self.shipped)}"
        )


@dataclass(frozen=True)
class Judgement:
    """What all policies found, and what is set otherwise than they are shipped.

    ``wrong`` are problems of the settings and waivers themselves, with the way to each.
    """

    findings: tuple[Finding, ...]
    wrong: tuple[tuple[Way, str], ...] = ()
    settings: tuple[Setting, ...] = ()

    @property
    def mandatory(self) -> tuple[Finding, ...]:
        """Findings that forbid to go on: mandatory ones that nobody answers for."""
        return tuple(f for f in self.findings if f.severity == "mandatory" and not f.waived)


def judge(
    view: View,
    rules: Sequence[Rule],
    only_resources: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Judgement:
    """Run rules over a view, with the settings and waivers of its document.

    Findings are sorted: mandatory before advisory, open before waived, then by rule and place. What
    a rule prints goes to standard error.

    Args:
        view: what to judge.
        rules: the policies.
        only_resources: leave out those for which the resources of a stack say too little.
        tell: is told the id of each policy before it is run.

    Raises:
        InvalidDeclaration: a policy cannot be run; all such are named, with file and line.
    """
    settings = view.access.policies
    wrong = list(_unknown(rules, settings, view.access.waivers))
    changed: list[Setting] = []
    found: list[Finding] = []
    broken: list[str] = []
    for rule in rules:
        setting = settings.get(rule.id) or PolicySetting()
        if only_resources and not rule.on_resources:
            continue
        try:
            parameters = rule.parameters.model_validate(dict(setting.parameters))
        except ValidationError as error:
            wrong += _unfitting(rule, setting, error)
            continue
        wrong += _misnamed(rule, parameters, view)
        changed += _set_otherwise(rule, setting, parameters)
        if setting.severity == "off":
            continue
        tell(rule.id)
        try:
            with redirect_stdout(sys.stderr):
                listed = _findings(rule, view, parameters)
        except (Exception, SystemExit) as error:
            broken.append(f"{rule.id} at {where(error, rule.find)}: {in_short(error)}")
            continue
        for finding in listed:
            severity = setting.severity or finding.severity or rule.severity
            found.append(Finding(finding.about, finding.text, finding.way, severity, rule=rule.id))
    if broken:
        raise InvalidDeclaration(
            "judge by policies", "; ".join(broken), "nothing was judged", "mend them"
        )
    answered = with_waivers(view, found)
    return Judgement(ordered(answered), tuple(wrong), tuple(changed))


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings as they are told: mandatory and open ones first, then by rule and place."""
    return tuple(sorted(findings, key=_order))


def _order(finding: Finding) -> tuple[bool, bool, str, str, str]:
    return (
        finding.severity != "mandatory",
        bool(finding.waived),
        finding.rule,
        "/".join(finding.about),
        finding.text,
    )


# -- running one


def _findings(rule: Rule, view: View, parameters: Parameters) -> list[Finding]:
    """Return what a rule finds.

    Raises:
        TypeError: what it yields is no finding, or it does not end.
    """
    listed: list[Finding] = []
    for finding in rule.find(view, parameters):
        _fits(finding)
        listed.append(finding)
        if len(listed) > ENDLESS:
            raise TypeError(f"it finds more than {ENDLESS:,} things and does not end")
    return listed


def _fits(finding: object) -> None:
    if not isinstance(finding, Finding):
        raise TypeError(f"it yields {type(finding).__name__}, not Finding(about, text)")
    about, way = finding.about, finding.way
    if not isinstance(about, tuple) or not all(isinstance(key, str) for key in about):
        raise TypeError("`about` of a finding is a tuple of keys: Finding(('ana',), ...)")
    if not isinstance(finding.text, str) or not finding.text:
        raise TypeError("`text` of a finding is a sentence")
    if finding.severity not in (None, "advisory", "mandatory"):
        raise TypeError(f"`severity` {finding.severity!r} is neither 'advisory' nor 'mandatory'")
    if not isinstance(way, tuple) or not all(isinstance(part, str | int) for part in way):
        raise TypeError("`way` of a finding is a tuple of keys and indexes: ('grants', 3)")


def where(error: BaseException, find: Callable[..., Any] | None = None) -> str:
    """Return where something went wrong, as file and line of who wrote a policy.

    ``find`` stands for the place where it is none of the error's own.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if not frame.filename.startswith((_PACKAGE, "<")) and "site-packages" not in frame.filename:
            return f"{_short(frame.filename)}:{frame.lineno}"
    code = getattr(find, "__code__", None)
    if code is not None:
        return f"{_short(code.co_filename)}:{code.co_firstlineno}"
    return f"{_short(frames[-1].filename)}:{frames[-1].lineno}"


def in_short(error: BaseException) -> str:
    """Return what went wrong, in one line."""
    if isinstance(error, SystemExit):
        return "it ends the process, which no policy may"
    said = " ".join(str(error).split())
    return said if isinstance(error, TypeError) and said else f"{type(error).__name__}: {said}"


def _short(file: str) -> str:
    return "/".join(Path(file).parts[-2:])


# -- settings


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


def _unfitting(
    rule: Rule, setting: PolicySetting, error: ValidationError
) -> Iterator[tuple[Way, str]]:
    known = rule.parameters.model_fields
    for name, words in in_words(error):
        first, _, rest = name.partition(".")
        way: Way = ("policies", rule.id, "parameters", *([first] if first else []))
        if first and first not in known:
            hint = near(first, known) or f"it has {', '.join(sorted(known)) or 'none'}"
            yield way, f"{first!r} is no parameter of {rule.id}; {hint}"
        else:
            item = rest.partition(".")[0]
            listed = isinstance(setting.parameters.get(first), list | tuple)
            yield (*way, int(item)) if listed and item.isdigit() else way, f"{name} {words}".strip()


def _misnamed(rule: Rule, parameters: Parameters, view: View) -> Iterator[tuple[Way, str]]:
    """Yield keys among the parameters that the document does not have."""
    for name, field in rule.parameters.model_fields.items():
        extra = field.json_schema_extra
        section = extra.get("keys_of") if isinstance(extra, dict) else None
        if not isinstance(section, str):
            continue
        access = view.access
        known = access.principals if section == "people" else getattr(access, section)
        for at, key in enumerate(getattr(parameters, name) or ()):
            if key not in known:
                hint = near(key, known) or "add it, or take the name away"
                way: Way = ("policies", rule.id, "parameters", name, at)
                yield way, f"there is no {key!r} under {section}; {hint}"


def _set_otherwise(rule: Rule, setting: PolicySetting, parameters: Parameters) -> Iterator[Setting]:
    if setting.severity is not None and setting.severity != rule.severity:
        yield Setting(rule.id, "severity", rule.severity, setting.severity)
    shipped, here = (each.model_dump(mode="json") for each in (rule.parameters(), parameters))
    for name in shipped:
        if here[name] != shipped[name]:
            yield Setting(rule.id, name, shipped[name], here[name])


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) if 0 < len(value) <= 4 else f"{len(value)} words"
    return "nothing" if value is None else str(value)
