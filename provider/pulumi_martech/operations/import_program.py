"""A census as a module of a program: typed resources in the way that a person would write them."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.operations.import_census import Census, LeftOut
from pulumi_martech.operations.import_items import Item
from pulumi_martech.operations.import_names import identifier, variables
from pulumi_martech.operations.shown import harmless
from pulumi_martech.operations.source import WIDTH, Call, Name, Value, statement
from pulumi_martech.platforms.registry import PLATFORMS, Platform

_LONG, _LONGER = 4, 16
"""Roles from which on a list has a name of its own: that of several people, that of one."""

_INDENT = 4


def module_name(account: str) -> str:
    """Return the name of an account's module; ``site`` alone would hide one of Python's own."""
    return f"{identifier(account)}_access"


def account_variable(config: AccountConfig) -> str:
    """Return what the account is called in the program."""
    return variables([identifier(config.key)], _used(config))[identifier(config.key)]


def source(config: AccountConfig, census: Census) -> str:
    """Return the module: a function ``declare(ACCOUNT)`` that makes all resources."""
    return _Module(config, census).text()


def summed_up(left: Iterable[LeftOut]) -> list[tuple[str, list[str]]]:
    """Return each reason with what it holds for, in the order of reasons."""
    found: dict[str, list[str]] = {}
    for one in left:
        found.setdefault(one.why, []).append(one.what)
    return sorted(found.items())


def _used(config: AccountConfig) -> set[str]:
    return {config.platform, "active", "declare", "grant", "grants"}


class _Module:
    """The text of one module."""

    def __init__(self, config: AccountConfig, census: Census) -> None:
        self._config, self._census = config, census
        self._platform: Platform = PLATFORMS[config.platform]
        used = _used(config)
        self._account = account_variable(config)
        names = variables((item.key for item in census.roles), {*used, self._account})
        self._variables = {str(item.inputs["name"]): names[item.key] for item in census.roles}
        self._shared = _shared(census, self._variables)
        self._held: set[str] = set()

    def text(self) -> str:
        people = [self._member(item) for item in self._census.people]
        services = [self._member(item) for item in self._census.services]
        grants = [self._grant(item) for item in self._census.grants]
        sections = [
            [self._role(item) for item in self._census.roles],
            [statement(call, indent=_INDENT) for call in people],
            [statement(call, indent=_INDENT) for call in services],
            self._granting(grants),
        ]
        body = "\n\n".join("\n".join(lines) for lines in sections if lines)
        return "\n".join([*self._head(), body, ""] if body else self._head())

    def _head(self) -> list[str]:
        key, platform = self._config.key, self._config.platform
        names = ["active", platform] if self._census.grants else [platform]
        title = self._platform.manifest.title
        return [
            f'"""Who has access to {key} ({title}), as `martech import {key} --raw` found it."""',
            "",
            f"from pulumi_martech import {', '.join(names)}",
            "",
            *self._comments(),
            *self._constants(),
            "",
            f"def declare({self._account}: {platform}.Account) -> None:",
            f'    """Declare the roles and members of {key}."""',
        ]

    def _comments(self) -> list[str]:
        """Return what is not declared here, and why, in a comment without anybody's login."""
        reasons = summed_up(self._census.left_out)
        if not reasons:
            return []
        lines = ["# Not declared here:"]
        for why, what in reasons:
            lines += textwrap.wrap(
                " ".join(harmless(f"{len(what)} {why}").split()), WIDTH,
                initial_indent="# - ", subsequent_indent="#   ", break_on_hyphens=False,
            )  # fmt: skip
        return [*lines, ""]

    def _constants(self) -> list[str]:
        lines = []
        for roles, name in self._shared.items():
            lines.append(statement(tuple(roles), f"{name} = "))
        return [*lines, ""] if lines else []

    # -- resources

    def _role(self, item: Item) -> str:
        name = str(item.inputs["name"])
        fields = self._platform.role.model_fields if self._platform.role is not None else {}
        said = [part for part in fields if part != "name" and part in item.inputs]
        content = {part: _listed(item.inputs[part]) for part in said}
        call = Call(
            f"{self._config.platform}.{item.kind}",
            [item.key],
            {"account": Name(self._account), "name": name, **content},
        )
        before = f"{self._variables[name]} = " if name in self._held else ""
        return statement(call, before, _INDENT)

    def _member(self, item: Item) -> Call:
        said: dict[str, Value] = {"account": Name(self._account), "login": item.inputs["login"]}
        required, others = self._attributes(item.inputs)
        roles = {"roles": self._roles(item.inputs["roles"])} if item.inputs["roles"] else {}
        return Call(
            f"{self._config.platform}.MartechUser",
            [item.key],
            {**said, **required, **roles, **others},
        )

    def _grant(self, item: Item) -> dict[str, Value]:
        said: dict[str, Value] = {"vendor": item.inputs["vendor"]}
        for name in ("domains", "aliases"):
            if item.inputs.get(name):
                said[name] = list(item.inputs[name])
        people: dict[str, Value] = {}
        for login, entry in item.inputs["people"].items():
            required, others = self._attributes(entry)
            people[login] = {"roles": self._roles(entry["roles"]), **required, **others}
        terms = {name: item.inputs[name] for name in ("until", "owner", "reason")}
        return {**said, **terms, "people": people}

    def _granting(self, grants: list[dict[str, Value]]) -> list[str]:
        if not grants:
            return []
        call = Name(f"{self._config.platform}.VendorGrant(**grant, account={self._account})")
        return [
            statement(grants, "grants = ", _INDENT),
            "    for grant in active(grants):  # a grant ends with its contract",
            statement(call, indent=2 * _INDENT),
        ]

    def _attributes(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, Value]]:
        """Return the attributes that must be said, and those that are not the default."""
        required: dict[str, Value] = {}
        others: dict[str, Value] = {}
        for name, field in self._platform.user.model_fields.items():
            if name in ("login", "roles") or name not in inputs:
                continue
            value = _listed(inputs[name])
            if field.is_required():
                required[name] = value
            elif value != field.default:
                others[name] = value
        return required, others

    def _roles(self, held: Mapping[str, Any]) -> Value:
        """Return roles as a list, or the name of it where several people have the same."""
        roles = tuple(sorted(held))
        if roles in self._shared:
            return Name(self._shared[roles])
        self._held |= self._variables.keys() & held.keys()
        return [Name(self._variables[n]) if n in self._variables else n for n in roles]


def _listed(value: Any) -> Value:
    """Return a value as it is written: a set, kept as a map, as a list."""
    return list(value) if isinstance(value, Mapping) else value


def _shared(census: Census, known: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Return a name for each list of roles that is too long to be repeated, the most held first."""
    often = Counter(
        tuple(sorted(held))
        for held in _held(census)
        if len(held) >= _LONG and not held & known.keys()
    )
    named = [roles for roles, n in often.items() if n > 1 or len(roles) >= _LONGER]
    lists = sorted(named, key=lambda roles: (-often[roles], roles))
    return {roles: f"ROLES_{number}" for number, roles in enumerate(lists, 1)}


def _held(census: Census) -> Iterator[frozenset[str]]:
    for item in (*census.people, *census.services):
        yield frozenset(item.inputs["roles"])
    for item in census.grants:
        for entry in item.inputs["people"].values():
            yield frozenset(entry["roles"])
