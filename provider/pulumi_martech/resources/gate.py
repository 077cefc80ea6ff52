"""Handlers of `Gate`: one write-free resource for the whole stack that every writer waits for.

Its ``check`` compares what the last run declared with what this one declares. A failed check ends
the run before any writer, whatever flags bare ``pulumi`` was given; only ``--target`` and
``destroy`` get round it, and there the breaker of each process holds.
"""

from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from pulumi_martech.policy.guards import AccountHoldings, Estate, Holding, Limits, violations
from pulumi_martech.reconcile.session import override
from pulumi_martech.resources.provider import Props, keep_provider, say


def estate_inputs(estate: Estate) -> dict[str, Any]:
    """Return an estate as inputs: maps throughout, so that one login is one line of diff."""
    return {
        name: {
            "address": account.address,
            "renamed_from": account.renamed_from,
            "administrators": {role: True for role in sorted(account.administrators)},
            "protected": {login: True for login in sorted(account.protected)},
            "logins": {
                login: {"roles": {role: True for role in sorted(has.roles)}, "domain": has.domain}
                for login, has in sorted(account.logins.items())
            },
        }
        for name, account in sorted(estate.items())
    }


def estate(inputs: Mapping[str, Any]) -> Estate:
    """Return the estate that `estate_inputs` wrote down."""
    return {
        name: AccountHoldings(
            address=account.get("address", ""),
            renamed_from=account.get("renamed_from", ""),
            administrators=frozenset(account.get("administrators") or ()),
            protected=frozenset(account.get("protected") or ()),
            logins={
                login: Holding(
                    roles=frozenset(has.get("roles") or ()), domain=has.get("domain", "")
                )
                for login, has in (account.get("logins") or {}).items()
            },
        )
        for name, account in inputs.items()
    }


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
            limits = Limits.model_validate(news.get("limits") or {})
            found = violations(
                estate(olds.get("accounts") or {}), estate(news.get("accounts") or {}), limits
            )
            reason = override()
            if reason:
                for violation in found:
                    say(f"over a guard, for the reason {reason!r}: {violation.what}")
            else:
                failures = [CheckFailure("", violation.text) for violation in found]
        return CheckResult(dict(news), failures)

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
