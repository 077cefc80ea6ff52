"""What is asked of the platforms before anything is written: credentials, rights, roles.

Everything is asked, of all accounts that the plan writes to, at the same time; all that is wrong is
told at once.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.identity import near
from pulumi_martech.model.manifest import Ability
from pulumi_martech.model.plan import PROVIDER_TYPE, Op, Plan
from pulumi_martech.model.values import Unknown
from pulumi_martech.operations.doctor import Finding, doctor
from pulumi_martech.platforms.base import Connector, OwnsRoles
from pulumi_martech.platforms.registry import PLATFORMS, connect
from pulumi_martech.policy.holdings import HOLDERS, holdings
from pulumi_martech.policy.plans import Recorded

_WORKERS = 8
_DYNAMIC = "pulumi-python:dynamic/"


def recorded(export: str) -> list[Recorded]:
    """Return the resources of an exported state, with their kinds as plans name them."""
    deployment = json.loads(export).get("deployment") or {}
    found = []
    for resource in deployment.get("resources") or ():
        token = str(resource.get("type", ""))
        kind = token.removeprefix(_DYNAMIC).removeprefix("martech/")
        if token.startswith(PROVIDER_TYPE):
            kind = "account"
        inputs = {
            name: value
            for name, value in (resource.get("inputs") or {}).items()
            if not name.startswith("__")
        }
        id_ = str(resource.get("id") or "")
        found.append(Recorded(urn=resource["urn"], kind=kind, inputs=inputs, id=id_))
    return found


def preflight(plan: Plan, state: Iterable[Recorded], looks_only: bool = False) -> list[Finding]:
    """Return what would stop the plan on the platforms, in the order of accounts.

    Args:
        plan: what is to be done.
        state: everything recorded.
        looks_only: nothing will be written now, so where an account has credentials for reading
            these are enough: a pull request's preview has no others.

    Only accounts that the plan writes to are asked: some five calls each, and one a role that
    somebody is to get. Nothing is written.
    """
    known = list(state)
    configs = accounts(plan, known)
    written = {
        step.account
        for step in plan.steps
        if step.account in configs and step.kind not in ("account", "stack")
    }
    asked = [to_read(configs[key]) if looks_only else configs[key] for key in sorted(written)]
    apart = {config.key for config in asked if config != configs[config.key]}
    failed = [
        finding
        for finding in doctor(asked)
        if finding.result == "fail" and not (finding.check == "rights" and finding.account in apart)
    ]
    healthy = [config for config in asked if config.key not in {f.account for f in failed}]
    if not healthy:
        return failed
    wanted = _roles_to_give(plan)
    made, trusted = _declared(plan, known, "Role"), _declared(plan, known, "RoleReference")

    def roles(config: AccountConfig) -> list[Finding]:
        if PLATFORMS[config.platform].manifest.attested:
            return []  # the program itself is checked: there is nobody to ask
        ours = made.get(config.key, set())
        asked = wanted.get(config.key, {})
        if PLATFORMS[config.platform].manifest.can(Ability.LIST_ROLES):
            asked = {name: {"a RoleReference"} for name in trusted.get(config.key, ())} | asked
        else:
            ours = ours | trusted.get(config.key, set())
        missing = {name: asked[name] for name in asked.keys() - ours}
        return _unknown_roles(config, missing, ours)

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        for found in pool.map(roles, healthy):
            failed += found
    return failed


def to_read(config: AccountConfig) -> AccountConfig:
    """Return the account with its credentials for reading in the place of all others."""
    if config.read_credentials is None:
        return config
    return config.model_copy(
        update={"credentials": config.read_credentials, "read_credentials": None, "own_login": ""}
    )


def accounts(plan: Plan, state: Iterable[Recorded]) -> dict[str, AccountConfig]:
    """Return the accounts as they will be: the plan's own where it changes them."""
    inputs: list[Mapping[str, Any]] = [r.inputs for r in state if r.kind == "account"]
    inputs += [s.new for s in plan.steps if s.kind == "account" and s.new and s.op is not Op.DELETE]
    found = {}
    for given in inputs:
        config = AccountConfig.from_inputs(given)
        if config is not None:
            found[config.key] = config
    return found


def _roles_to_give(plan: Plan) -> dict[str, dict[str, set[str]]]:
    """Return the roles that somebody is to get, by account, and who: ids or vendors' names."""
    wanted: dict[str, dict[str, set[str]]] = {}
    for step in plan.steps:
        kind = step.kind.partition(":")[2]
        if kind not in HOLDERS or step.new is None:
            continue
        before = holdings(kind, step.old or {})
        for login, has in holdings(kind, step.new).items():
            held = before[login].roles if login in before else frozenset()
            for name in has.roles - held:
                wanted.setdefault(step.account, {}).setdefault(name, set()).add(step.person)
    return wanted


def _declared(plan: Plan, state: Iterable[Recorded], kind: str) -> dict[str, set[str]]:
    """Return the names of the roles that the program declares as this kind, by account."""
    declared: dict[str, set[str]] = {}
    inputs = [r.inputs for r in state if r.kind.partition(":")[2] == kind]
    inputs += [s.new for s in plan.steps if s.kind.partition(":")[2] == kind and s.new is not None]
    for given in inputs:
        declared.setdefault(str(given.get("account")), set()).add(str(given.get("name")))
    return declared


def _unknown_roles(
    config: AccountConfig, wanted: Mapping[str, set[str]], ours: set[str]
) -> list[Finding]:
    """Ask the platform for roles; return a finding with near matches for each that is not there."""
    if not wanted:
        return []
    try:
        connector = connect(config)
        with connector.client:
            missing, known = _missing(connector, set(wanted))
    except MartechError as error:
        return [Finding(account=config.key, check="roles", result="fail", what=str(error))]
    listable = isinstance(connector, OwnsRoles)
    instead = (
        "declare a Role" if listable else "declare a RoleReference if it exists under this name"
    )
    return [
        Finding(
            account=config.key,
            check="roles",
            result="fail",
            what=f"there is no role {name!r}, wanted for {_some(wanted[name])}",
            todo=f"{near(name, known | ours)} correct the name, or {instead}".strip(),
        )
        for name in sorted(missing)
    ]


def _some(names: set[str]) -> str:
    """Return a few names in words."""
    shown = sorted(names)
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return ", ".join(shown[:3]) + more


def _missing(connector: Connector, names: set[str]) -> tuple[set[str], set[str]]:
    """Return which of ``names`` are not there, and the roles that are."""
    if isinstance(connector, OwnsRoles):
        missing = {name for name in names if connector.find_role(name) is None}
    else:
        missing = names - set(connector.manifest.builtin_roles)
    if not missing:
        return set(), set()
    directory = connector.directory()
    known = set(directory.role_names()) | set(connector.manifest.builtin_roles)
    if not isinstance(directory.roles, Unknown):
        known |= {role.name for role in directory.roles}
    return missing - known, known
