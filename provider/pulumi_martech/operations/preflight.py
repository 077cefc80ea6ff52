"""What is asked of the platforms before anything is written: credentials, rights, roles.

Everything is asked, of all accounts that the plan writes to, at the same time; all that is wrong is
told at once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import MartechError, UnknownRole
from pulumi_martech.model.identity import near
from pulumi_martech.model.manifest import Ability
from pulumi_martech.model.plan import Op, Plan, kind_of
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.model.values import UNKNOWN, Unknown
from pulumi_martech.operations.doctor import Finding, doctor
from pulumi_martech.platforms.base import Connector, OwnsRoles, ShowsSeats
from pulumi_martech.platforms.registry import PLATFORMS, connect
from pulumi_martech.policy.holdings import HOLDERS, holdings
from pulumi_martech.policy.leaving import entries
from pulumi_martech.policy.plans import Recorded

_WORKERS = 8

_ADMINISTER = "administrators= of the account"


def recorded(export: str) -> list[Recorded]:
    """Return the resources of an exported state, with their kinds as plans name them."""
    deployment = json.loads(export).get("deployment") or {}
    found = []
    for resource in deployment.get("resources") or ():
        kind = kind_of(str(resource.get("type", "")))
        inputs = {
            name: value
            for name, value in (resource.get("inputs") or {}).items()
            if not name.startswith("__")
        }
        id_ = str(resource.get("id") or "")
        found.append(Recorded(urn=resource["urn"], kind=kind, inputs=inputs, id=id_))
    return found


def preflight(plan: Plan, state: Iterable[Recorded], looks_only: bool = False) -> list[Finding]:
    """Return what would stop the plan on the platforms, and warnings, in the order of accounts.

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

    declared = _logins(plan, known)

    def roles(config: AccountConfig) -> list[Finding]:
        if PLATFORMS[config.platform].manifest.attested:
            return []  # the program itself is checked: there is nobody to ask
        ours = made.get(config.key, set())
        asked = wanted.get(config.key, {})
        all_listed = PLATFORMS[config.platform].manifest.can(Ability.LIST_ROLES)
        if all_listed:
            asked = {name: {"a RoleReference"} for name in trusted.get(config.key, ())} | asked
        else:
            ours = ours | trusted.get(config.key, set())
        administer = {name: {_ADMINISTER} for name in config.administrators} | asked
        missing = {name: administer[name] for name in administer.keys() - ours}
        # A role that nobody holds may be there all the same where roles cannot be listed.
        perhaps = set() if all_listed else missing.keys() - asked.keys()
        return [
            *_unknown_roles(config, {n: w for n, w in missing.items() if n not in perhaps}, ours),
            *(
                finding.model_copy(update={"result": "warn"})
                for finding in _unknown_roles(config, {n: missing[n] for n in perhaps}, ours)
            ),
            *_nobody(config, declared.get(config.key, set())),
        ]

    seats = _seats_to_give(plan)
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        for found in pool.map(roles, healthy):
            failed += found
        selling = [config for config in healthy if seats.get(config.key)]
        for found in pool.map(lambda config: _seats(config, seats[config.key]), selling):
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


def _logins(plan: Plan, state: Iterable[Recorded]) -> dict[str, set[str]]:
    """Return the logins that are declared, by account, before the plan and after it."""
    inputs = [(r.kind, r.inputs) for r in state]
    inputs += [(s.kind, s.new) for s in plan.steps if s.new is not None]
    found: dict[str, set[str]] = {}
    for kind, given in inputs:
        found.setdefault(str(given.get("account")), set()).update(
            holdings(kind.partition(":")[2], given)
        )
    return found


def _nobody(config: AccountConfig, declared: set[str]) -> list[Finding]:
    """Warn of protected logins that nobody has: a misspelt one protects nobody."""
    normal = PLATFORMS[config.platform].manifest.normal_login
    asked = {normal(login) for login in config.protected} - declared
    if not asked:
        return []
    try:
        connector = connect(config)
        with connector.client:
            missing = [login for login in sorted(asked) if connector.find(login) is None]
    except MartechError as error:
        return [Finding(account=config.key, check="protected", result="warn", what=str(error))]
    return [
        Finding(
            account=config.key,
            check="protected",
            result="warn",
            what=f"nobody there has the log-in {login!r} that the account protects",
            todo=f"{near(login, declared)} correct protected=, or leave it out".strip(),
        )
        for login in missing
    ]


def _seats_to_give(plan: Plan) -> dict[str, dict[str, int]]:
    """Return how many more seats of a kind the plan needs than it frees, by account."""
    wanted: dict[str, Counter[str]] = {}
    for step in plan.steps:
        kind = step.kind.partition(":")[2]
        if kind not in HOLDERS:
            continue
        for inputs, sign in ((step.old, -1), (step.new if step.op is not Op.DELETE else None, 1)):
            for entry in entries(kind, inputs or {}).values():
                held = entry.get("seats")
                for name in held if isinstance(held, Mapping) else ():
                    wanted.setdefault(step.account, Counter())[name] += sign
    return {
        account: {name: number for name, number in counts.items() if number > 0}
        for account, counts in wanted.items()
    }


def _seats(config: AccountConfig, wanted: Mapping[str, int]) -> list[Finding]:
    """Return a finding for each kind of seat that the platform has too few of, or does not have."""
    try:
        connector = connect(config)
        with connector.client:
            left = connector.seats() if isinstance(connector, ShowsSeats) else UNKNOWN
    except MartechError as error:
        return [Finding(account=config.key, check="seats", result="fail", what=str(error))]
    if isinstance(left, Unknown):
        return []
    found = []
    for name, number in sorted(wanted.items()):
        what = f"{number} more {name!r} are wanted, {left.get(name, 0)} are left"
        todo = "free or buy seats, or declare others"
        if name not in left:
            what, todo = f"there is no seat {name!r}", f"{near(name, left)} correct the name"
        if left.get(name, 0) < number:
            finding = Finding(
                account=config.key, check="seats", result="fail", what=what, todo=todo.strip()
            )
            found.append(finding)
    return found


def _unknown_roles(
    config: AccountConfig, wanted: Mapping[str, set[str]], ours: set[str]
) -> list[Finding]:
    """Ask the platform for roles; return a finding for each that is not there, or several times."""
    if not wanted:
        return []
    try:
        connector = connect(config)
        with connector.client:
            missing, twice, known = _missing(connector, set(wanted))
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
            todo=f"{near(name, known | ours)} correct the name, or {instead}".strip()
            + (f"; the portable role is portable({name!r})" if name in PORTABLE_ROLES else ""),
        )
        for name in sorted(missing)
    ] + [
        Finding(
            account=config.key,
            check="roles",
            result="fail",
            what=f"several roles are called {name!r}, wanted for {_some(wanted[name])}",
            todo="rename all but one: nobody can tell which is meant",
        )
        for name in sorted(twice)
    ]


def _some(names: set[str]) -> str:
    """Return a few names in words."""
    shown = sorted(names)
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return ", ".join(shown[:3]) + more


def _missing(connector: Connector, names: set[str]) -> tuple[set[str], set[str], set[str]]:
    """Return which of ``names`` are not there, which several roles have, and the roles there are.

    The last are only looked up where something is missing.
    """
    missing, twice = names - set(connector.manifest.builtin_roles), set[str]()
    if isinstance(connector, OwnsRoles):
        missing = set()
        for name in names:
            try:
                if connector.find_role(name) is None:
                    missing.add(name)
            except UnknownRole:
                twice.add(name)
    if not missing:
        return set(), twice, set()
    directory = connector.directory()
    known = set(directory.role_names()) | set(connector.manifest.builtin_roles)
    if not isinstance(directory.roles, Unknown):
        counts = Counter(role.name for role in directory.roles)
        known |= counts.keys()
        twice |= {name for name in missing if counts[name] > 1}
    return missing - known, twice, known
