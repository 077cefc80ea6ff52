"""Handlers of `Gate`: one write-free resource for the whole stack that every writer waits for.

Its ``check`` compares what the last run declared with what this one declares. A failed check ends
the run before any writer, whatever flags bare ``pulumi`` was given; only ``--target`` and
``destroy`` get round it, and there the breaker of each process holds.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from pulumi_martech.model.limits import Limits
from pulumi_martech.policy.guards import Estate, Violation, taken_on_trust, violations
from pulumi_martech.policy.holdings import account_inputs, account_of
from pulumi_martech.reconcile.session import override
from pulumi_martech.resources.pickler import restore_pickler
from pulumi_martech.resources.provider import Props, keep_provider, say


def estate_inputs(estate: Estate) -> dict[str, Any]:
    """Return an estate as inputs."""
    return {name: account_inputs(account) for name, account in sorted(estate.items())}


def estate(inputs: Mapping[str, Any]) -> Estate:
    """Return the estate that `estate_inputs` wrote down."""
    return {name: account_of(account) for name, account in inputs.items()}


class GateProvider(ResourceProvider):
    """Handlers of `Gate`; none of them does any I/O."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Nothing to keep: the gate has no account."""

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Refuse declarations that cannot be, and changes over the limits, all at once."""
        # No property is named: the engine would print its whole value, and that lists everybody.
        failures = [CheckFailure("", problem) for problem in news.get("problems") or ()]
        if not failures:
            found = _exceeded(olds, news)
            if not os.environ.get("MARTECH_RUN"):  # `martech` says it of the whole plan
                for text in taken_on_trust(*_estates(olds, news)):
                    say(text)
            if override():
                for violation in found:  # the reason is in the audit, where secrets are masked
                    say(f"over a guard, because an override says so: {violation.what}")
            else:
                failures = [CheckFailure("", violation.text) for violation in found]
        return CheckResult(_as_recorded(olds, news), failures)

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """Let the engine compare."""
        return DiffResult(changes=None, replaces=[])

    def create(self, props: Props) -> CreateResult:
        """Record the map."""
        return CreateResult("gate", dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Return the map as recorded."""
        inputs: Props = {name: props[name] for name in ("accounts", "limits") if name in props}
        return ReadResult(id_, dict(props), inputs=keep_provider(inputs, props))

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """Record the map."""
        return UpdateResult(dict(news))

    def delete(self, id_: str, props: Props) -> None:
        """Nothing to take away."""


def _estates(olds: Props, news: Props) -> tuple[Estate, Estate]:
    return estate(olds.get("accounts") or {}), estate(news.get("accounts") or {})


def _exceeded(olds: Props, news: Props) -> list[Violation]:
    """List the guards that a run exceeds, by the limits recorded before it and by those it brings.

    So nobody raises a limit and goes over it in one step, and a tightened one holds at once.
    """
    before, after = _estates(olds, news)

    def over(said: Mapping[str, Any] | None) -> list[Violation]:
        limits = Limits.model_validate(said or {})
        return violations(before, after, limits, looks=bool(news.get("looks")))

    found = over(olds.get("limits") or news.get("limits"))
    known = {(violation.guard, violation.account) for violation in found}
    tightened = over(news.get("limits"))
    return found + [v for v in tightened if (v.guard, v.account) not in known]


_LATER = ("roles", "rights")
"""What older maps say nothing of."""


def _as_recorded(olds: Props, news: Props) -> Props:
    """Return the new inputs to be recorded, without what older maps lack if it alone is new.

    Such a map gets it with its next change, so that a release is no change by itself. What only
    ``check`` is told is left out.
    """
    news = {name: value for name, value in news.items() if name != "looks"}
    known = olds.get("accounts") or {}
    lacking = {field for field in _LATER if not any(field in one for one in known.values())}
    bare = {
        name: {field: value for field, value in account.items() if field not in lacking}
        for name, account in (news.get("accounts") or {}).items()
    }
    return {**news, "accounts": bare} if known and bare == known else news


class Gate(Resource, module="martech", name="Gate"):
    """The stack's one guard; made by the package itself after the program's body has ended."""

    def __init__(
        self,
        accounts: Estate,
        limits: Limits,
        problems: Sequence[str],
        after: Sequence[pulumi.ProviderResource],
    ) -> None:
        restore_pickler()
        own = pulumi.ProviderResource("pulumi-python", "gate", {})
        props: dict[str, Any] = {
            "accounts": estate_inputs(accounts),
            "limits": limits.model_dump(),
            "problems": list(problems) or None,
            "looks": pulumi.runtime.is_dry_run() or None,  # for `check`, and never recorded
        }
        opts = pulumi.ResourceOptions(provider=own, depends_on=list(after))
        super().__init__(GateProvider(), "gate", props, opts)
