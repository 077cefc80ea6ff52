"""The checklist of an attested account: what its operator has still to carry out, and by when.

Made anew each time from the state (what was asked and nobody has attested yet) and from a plan
(what is to go), so that it does not depend on the machine that asked.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.attestation import Asked
from pulumi_martech.model.expiry import day
from pulumi_martech.model.membership import Membership, Wish
from pulumi_martech.model.plan import Op, Outcome, Plan, Step
from pulumi_martech.model.values import Frozen
from pulumi_martech.operations.preflight import accounts, recorded
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.shown import harmless
from pulumi_martech.operations.work import Work
from pulumi_martech.platforms.attested import AttestedConnector, Instruction, Instructs
from pulumi_martech.platforms.base import RoleArguments
from pulumi_martech.platforms.registry import PLATFORMS, connect
from pulumi_martech.reconcile.home import home

_MAPS = {"VendorGrant": "people", "Roster": "members"}
_ORDER = ("remove", "downgrade", "role", "user")
"""What comes first on the list: ends of access, then roles, which people may be waiting for."""


class Task(Frozen):
    """One step of a checklist; ``verb`` is what was asked, ``resource`` the logical name.

    ``about`` is the login or the role; ``asked`` an ISO instant, empty for what is asked in the
    run that a plan is of; ``wish`` what is to be there afterwards, ``None`` for nothing; ``place``
    the product and its address.
    """

    account: str
    place: str
    resource: str
    about: str
    verb: str
    operator: str
    where: str
    do: tuple[str, ...]
    due: str
    asked: str = ""
    wish: Wish | RoleArguments | None = Field(default=None, exclude=True)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others, whatever the words."""
        return self.resource, self.about

    def overdue(self, today: str) -> bool:
        """Tell whether its last day is over on an ISO day."""
        return self.due < today


def outstanding(plan: Plan, export: str) -> list[Task]:
    """Return what is still to be carried out by hand, sorted by account and urgency.

    Args:
        plan: what a run would do or has done; what it takes away is to go.
        export: the state as text, with the steps that were asked.
    """
    state = recorded(export)
    configs = {
        key: config
        for key, config in accounts(plan, state).items()
        if config.platform in PLATFORMS and PLATFORMS[config.platform].manifest.attested
    }
    found: list[Task] = []
    leaving = {
        step.urn
        for step in plan.steps
        if step.op in (Op.DELETE, Op.REPLACE) and step.outcome is not Outcome.DONE
    }
    resources = json.loads(export).get("deployment", {}).get("resources") or []
    # Of one that was replaced the old one is there too, until its delete succeeds.
    replaced = {resource["urn"] for resource in resources if resource.get("delete")}
    going = [
        resource
        for resource in resources
        if resource.get("delete") or resource["urn"] in leaving - replaced
    ]
    outputs_of = {resource["urn"]: resource.get("outputs") or {} for resource in going}
    for config in configs.values():
        account = _Account(config)
        for resource in resources:
            urn, inputs = resource["urn"], resource.get("inputs") or {}
            if inputs.get("account") == config.key and resource not in going:
                outputs = resource.get("outputs") or {}
                found += account.asked(_kind(resource["type"]), _name(urn), inputs, outputs)
        for step in plan.steps:
            settled = step.outcome in (Outcome.DONE, Outcome.ASKED)
            if step.account == config.key and step.old is not None and not settled:
                found += account.leaving(step, outputs_of.get(step.urn, {}))
    return sorted(found, key=lambda task: (task.account, _urgency(task), task.due, task.resource))


def _urgency(task: Task) -> int:
    return next(i for i, word in enumerate(_ORDER) if word in task.verb)


class _Account:
    """The words for one account's steps, in the light of what was attested last."""

    def __init__(self, config: AccountConfig) -> None:
        self._config = config
        self._kinds = PLATFORMS[config.platform]
        connector = connect(config)
        assert isinstance(connector, AttestedConnector)  # noqa: S101 - its manifest says so
        assert isinstance(connector, Instructs)  # noqa: S101 - a test holds it of every platform
        self._connector: AttestedConnector = connector
        self._words: Instructs = connector

    def asked(
        self, kind: str, name: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> list[Task]:
        """Return the tasks of a resource whose steps nobody has attested yet."""
        said = outputs.get("asked")
        if not isinstance(said, Mapping):
            return []
        steps = said if kind in _MAPS else {"": said}
        before = str(outputs.get("native_id"))
        found = []
        for login, given in steps.items():
            step = Asked.model_validate(dict(given))
            seen = self._connector.evidence()
            looked = seen is not None and (kind != "Role" or seen.roles is not None)
            if looked and seen is not None and seen.proves(step):
                continue
            found.append(self._bringing(kind, login, inputs, name, step, before))
        return found

    def leaving(self, step: Step, outputs: Mapping[str, Any]) -> list[Task]:
        """Return the tasks for what a step of a plan takes away and is not attested to be gone."""
        kind, old = step.kind.partition(":")[2], step.old or {}
        new = step.new if step.op is not Op.DELETE and step.new is not None else {}
        verb = str(old.get("on_destroy") or self._connector.manifest.softest_ending_verb)
        now, operator = datetime.now(UTC), self._config.operator
        if kind == "Role" and step.op is Op.DELETE:
            name = str(old.get("name"))
            if self._gone(name, outputs.get("asked"), role=True):
                return []
            words = self._words.remove_role(name)
            due = Asked.now(now, operator).due
            return [self._task(step.name, name, "remove role", words, due)]
        if kind == "MartechUser" and step.op in (Op.DELETE, Op.REPLACE):
            logins = {str(old.get("login"))}
        elif kind == "VendorGrant" or (kind == "Roster" and step.op is not Op.DELETE):
            people = _MAPS[kind]
            logins = set(old.get(people) or {}) - set(new.get(people) or {})
        else:
            return []
        if verb == "retain":
            return []
        asked, due = outputs.get("asked") or {}, Asked.now(now, operator, ends_access=True).due
        return [
            self._task(step.name, login, f"{verb} user", self._ending(login, verb), due)
            for login in sorted(logins)
            if not self._gone(login, asked.get(login) if kind in _MAPS else asked)
        ]

    def _gone(self, what: str, said: Any, role: bool = False) -> bool:
        """Tell whether the newest attestation, since a step was asked for, does not list it."""
        seen = self._connector.evidence()
        if seen is None or (role and seen.roles is None):
            return False
        if isinstance(said, Mapping) and said and not seen.proves(Asked.model_validate(dict(said))):
            return False
        return what not in ((seen.roles or {}) if role else seen.people)

    def _bringing(
        self,
        kind: str,
        login: str,
        inputs: Mapping[str, Any],
        resource: str,
        step: Asked,
        before: str,
    ) -> Task:
        """Return the task of what is asked to come or to change; ``before`` is its native id."""

        def task(about: str, verb: str, words: Instruction, wish: Wish | RoleArguments) -> Task:
            made = self._task(resource, about, verb, words, step.due, step.at)
            return made.model_copy(update={"wish": wish})

        if kind == "Role":
            assert self._kinds.role is not None  # noqa: S101 - there is a resource of it
            given = {n: inputs[n] for n in self._kinds.role.model_fields if n in inputs}
            plain = {n: tuple(v) if isinstance(v, Mapping) else v for n, v in given.items()}
            role = self._kinds.role.model_validate(plain)
            live, seen = self._connector.find_role(before), self._connector.evidence()
            if live is None and seen is not None and seen.roles is not None:
                return task(role.name, "create role", self._words.make_role(role), role)
            words = self._words.change_role(live, before, role)
            return task(role.name, "change role", words, role)
        entry = (inputs.get(_MAPS.get(kind, "")) or {}).get(login, inputs)
        login = login or str(inputs.get("login"))
        wish = Wish(login=login, roles={name: name for name in entry.get("roles") or {}})
        known = self._connector.find(login)
        if known is not None or self._connector.evidence() is None:
            return task(login, "change user", self._words.change_user(known, wish), wish)
        return task(login, "create user", self._words.add_user(wish), wish)

    def _ending(self, login: str, verb: str) -> Instruction:
        if verb != "downgrade":
            return self._words.remove_user(login)
        known: Membership | None = self._connector.find(login)
        return self._words.change_user(known, Wish(login=login, roles={}))

    def _task(
        self, resource: str, about: str, verb: str, words: Instruction, due: str, asked: str = ""
    ) -> Task:
        return Task(
            account=self._config.key,
            place=f"{self._connector.manifest.title}, {self._config.url}",
            resource=resource,
            about=about,
            verb=verb,
            operator=self._config.operator,
            where=words.where,
            do=words.do,
            due=due,
            asked=asked,
        )


# -- telling


def with_asked(plan: Plan, export: str) -> Plan:
    """Return what was carried out, with the steps that were only asked of a person as such."""
    resources = json.loads(export).get("deployment", {}).get("resources") or []
    asked = {r["urn"] for r in resources if (r.get("outputs") or {}).get("asked")}
    steps = tuple(
        step.model_copy(update={"outcome": Outcome.ASKED})
        if step.outcome is Outcome.DONE and step.urn in asked and step.op is not Op.DELETE
        else step
        for step in plan.steps
    )
    return plan.model_copy(update={"steps": steps})


def tell(work: Work, screen: Screen, tasks: Iterable[Task]) -> None:
    """Print the checklists and write each into a file beside the local records."""
    by_account: dict[str, list[Task]] = {}
    for task in tasks:
        by_account.setdefault(task.account, []).append(task)
    for account, listed in by_account.items():
        text = markdown(account, listed, work.as_of)
        file = _file(home(work.root), account)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        screen.line()
        for line in text.rstrip().splitlines():
            screen.line(line)
        shown = file.relative_to(work.root) if file.is_relative_to(work.root) else file
        screen.line()
        screen.line(f"This list is in {shown}")


def _file(folder: Path, account: str) -> Path:
    return folder / "checklists" / f"{account}.md"


def markdown(account: str, tasks: list[Task], as_of: str) -> str:
    """Return one account's checklist."""
    operator = tasks[0].operator
    last, late = max(task.due for task in tasks), sum(task.overdue(as_of) for task in tasks)
    first = min(task.due for task in tasks)
    until = f"by {last}" if first == last else f"by {last}, the first by {first}"
    lines = [
        f"# {account}: {_count(tasks)} asked of {operator}, {until}"
        + (f" ({late} OVERDUE)" if late else ""),
        "",
        f"In {harmless(tasks[0].place)}. What the screen does not show under these names is left "
        "as it is: say so to whoever attests.",
        "",
    ]
    for task in tasks:
        mark = " OVERDUE" if task.overdue(as_of) else ""
        since = f", asked {day(task.asked, 'asked')}" if task.asked else ""
        lines.append(f"- [ ] {task.where} ({task.resource}, by {task.due}{mark}{since})")
        lines += [f"      - {harmless(line)}" for line in task.do]
    tables = f"--file {account}-people.csv"
    if any(task.verb.endswith("role") for task in tasks):
        tables += f" --file {account}-roles.csv"
    lines += [
        "",
        f"When they are done somebody else than {operator} looks at the screens, writes off what "
        f"is there (`martech attest {account} --template`) and attests it:",
        "",
        f"    martech attest {account} {tables} --by WHO --on WHEN",
    ]
    return "\n".join(lines) + "\n"


def _count(tasks: list[Task]) -> str:
    return "1 step" if len(tasks) == 1 else f"{len(tasks)} steps"


def _kind(type_: str) -> str:
    return type_.rpartition(":")[2]


def _name(urn: str) -> str:
    return urn.split("::", 3)[-1]
