"""Accounts whose members an identity provider owns: what is said in the place of a write."""

from collections.abc import Collection, Mapping

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import Unsupported

OWNED = "its members belong to the identity provider"


def owned(config: AccountConfig, person: str, verb: str, changes: Collection[str]) -> Unsupported:
    """Return the refusal of a write, with what to do at the identity provider instead.

    Args:
        config: the account.
        person: whom the write is about.
        verb: what was to be done: ``create user``, ``change user``, ``remove user`` ...
        changes: what was to change, as the audit has it: ``+ role Editors``.
    """
    gained = {change.removeprefix("+ role ") for change in changes if change.startswith("+ role ")}
    lost = {change.removeprefix("- role ") for change in changes if change.startswith("- role ")}
    return Unsupported(
        f"{verb} {person} in account {config.key}",
        OWNED,
        "nothing was written",
        instead(config.groups, person, verb, gained, lost),
    )


def instead(
    groups: Mapping[str, str],
    person: str,
    verb: str,
    gained: Collection[str],
    lost: Collection[str],
) -> str:
    """Return what to do at the identity provider: which groups to put somebody into or take out.

    ``groups`` is native role to group; the role's own name stands for one that is not named.
    """
    steps = []
    if gained:
        steps.append(f"put {person} into {_named(groups, gained)} there")
    if lost:
        steps.append(f"take {person} out of {_named(groups, lost)} there")
    if steps:
        return " and ".join(steps)
    if verb.split()[0] in ("remove", "deactivate", "downgrade"):
        return f"take {person} out of the groups of this account there"
    return f"change {person} there"


def _named(groups: Mapping[str, str], roles: Collection[str]) -> str:
    names = sorted(groups.get(role) or f"the group for {role}" for role in roles)
    return " and ".join(
        f"group {name}" if not name.startswith("the group") else name for name in names
    )
