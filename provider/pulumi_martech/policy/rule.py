"""What a policy is, and what it finds.

A policy is a `Rule`: a pure function from a `View` to findings, with the reason for it and what to
do. Users add their own as a list ``RULES`` in ``policies/rules.py`` beside Pulumi.yaml; nothing in
the package has to be touched (docs/policies.md).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pulumi_martech.model.values import Frozen
from pulumi_martech.policy.guards import named
from pulumi_martech.policy.view import View

Severity = Literal["advisory", "mandatory"]
"""A mandatory finding fails a check and refuses a run; an advisory one is shown."""

SEVERITIES: tuple[Severity, ...] = get_args(Severity)

Way = tuple[str | int, ...]
"""The way to a place in the document: ``("grants", 17)``, ``("people", "ana")``."""


class Parameters(Frozen):
    """What can be set of a policy; each has its own, with a default and a description a field.

    A field that holds keys of the document says of which section, so that a misspelt one is told:
    ``Field(default=(), json_schema_extra={"keys_of": "people"})``.
    """


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


def one_of_each(keys: Iterable[str]) -> str:
    """Return keys in words, each once and sorted, at most eight of them."""
    return named(set(keys))
