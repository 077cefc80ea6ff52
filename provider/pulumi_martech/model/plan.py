"""What one run would change, or has changed: steps, their property differences, messages.

A plan is made from the events of an engine and is the same value whichever engine made it. It
never holds a secret: a secret value reads `SECRET`, a value that is not known yet `NOT_KNOWN`.
"""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from pulumi_martech.model.effect import AccessEffect
from pulumi_martech.model.leaving import Leaving
from pulumi_martech.model.values import Frozen

SECRET = "[secret]"  # noqa: S105 - the mark that stands for a secret, not one
NOT_KNOWN = "[unknown]"

PROVIDER_TYPE = "pulumi:providers:"
STACK_TYPE = "pulumi:pulumi:Stack"
GATE_TYPE = "pulumi-python:dynamic/martech:Gate"
_DYNAMIC = "pulumi-python:dynamic/"

Value = Any
"""A JSON value: ``None``, bool, number, string, list or mapping."""

Inputs = Mapping[str, Value]


def kind_of(token: str) -> str:
    """Return a type token as shown to people: ``scim:MartechUser``, ``account``, ``stack``."""
    if token == STACK_TYPE:
        return "stack"
    if token.startswith(PROVIDER_TYPE):
        return "account"
    return token.removeprefix(_DYNAMIC).removeprefix("martech/")


class Op(StrEnum):
    """What a step does to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    IMPORT = "import"

    @property
    def mark(self) -> str:
        """The mark before a line about such a step."""
        return _MARKS[self]

    @property
    def done(self) -> str:
        """The word for a finished step: ``created``."""
        return "imported" if self is Op.IMPORT else f"{self.value}d"


_MARKS = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "+-", Op.DELETE: "-", Op.IMPORT: "="}


class Outcome(StrEnum):
    """What became of a step: ``NOT_DONE`` was planned and never begun.

    ``ASKED`` is of platforms without an API: a person was asked, and has still to do it.
    ``UNKNOWN`` was begun, and the engine or the provider ended before the platform had answered.
    """

    PLANNED = "planned"
    DONE = "done"
    ASKED = "asked"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_DONE = "not done"


class PropertyDiff(Frozen):
    """One property that differs.

    ``path`` is as in ``members.ana.roles[0]``; ``old`` is ``None`` for an ``add`` and ``new`` for
    a ``delete``; ``replaces`` is true where the change needs a replacement.
    """

    path: str
    kind: Literal["add", "update", "delete"]
    old: Value = None
    new: Value = None
    replaces: bool = False


class Step(Frozen):
    """One change of one resource.

    ``old`` and ``new`` are its inputs before and after, without keys that begin with ``__``
    (``None``: it is not there); ``provider`` is the logical name of its provider resource, which
    is the account key; ``replace_reasons`` are the properties that force a replacement.
    """

    urn: str
    op: Op
    diffs: tuple[PropertyDiff, ...] = ()
    replace_reasons: tuple[str, ...] = ()
    provider: str = ""
    old: Inputs | None = None
    new: Inputs | None = None
    outcome: Outcome = Outcome.PLANNED

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.split("::", 3)[-1]

    @property
    def type(self) -> str:
        """The type token, without those of parents."""
        return self.urn.split("::", 3)[2].split("$")[-1]

    @property
    def kind(self) -> str:
        """The type as shown to people, see `kind_of`."""
        return kind_of(self.type)

    @property
    def account(self) -> str:
        """The account key, or nothing for what belongs to no account."""
        if self.kind == "account":
            return self.name
        said = (self.new if self.new is not None else self.old or {}).get("account")
        if isinstance(said, str) and said != NOT_KNOWN:
            return said
        return self.name.partition("/")[0] if "/" in self.name else self.provider

    @property
    def person(self) -> str:
        """What follows the account in the logical name: the person's id for a membership."""
        return self.name.partition("/")[2]


class Message(Frozen):
    """Something the engine, the program or a platform said, as one sentence."""

    severity: Literal["error", "warning", "info"]
    text: str
    urn: str = ""

    @property
    def about(self) -> str:
        """The logical name of the resource it is about, or nothing: the gate speaks for all."""
        if not self.urn or STACK_TYPE in self.urn or GATE_TYPE in self.urn:
            return ""
        return self.urn.split("::", 3)[-1]


class Plan(Frozen):
    """The changes of one run, planned or carried out, in the order in which they were met.

    ``drift`` are the steps a refresh found, as seen from the state: an ``update`` that adds a
    role means that the platform has a role more. ``outputs`` are differences of stack outputs.
    ``unchanged`` are URNs; ``stored_differently`` counts those of them that are recorded anew in
    the state (another provider, protection); ``read`` counts resources that are only looked at.
    ``effects`` say what the steps come to for each login whose roles change, ``leaving`` are the
    people who go with the steps, and what hangs on them. ``ok`` is false when the engine reported a
    failure; ``seconds`` is how long it took.
    """

    steps: tuple[Step, ...] = ()
    drift: tuple[Step, ...] = ()
    outputs: tuple[PropertyDiff, ...] = ()
    unchanged: tuple[str, ...] = ()
    stored_differently: int = 0
    read: int = 0
    messages: tuple[Message, ...] = ()
    effects: tuple[AccessEffect, ...] = ()
    leaving: tuple[Leaving, ...] = ()
    ok: bool = True
    seconds: float = Field(default=0.0, ge=0)

    def count(self, op: Op, outcome: Outcome | None = None) -> int:
        """Return how many steps do ``op`` (and ended so)."""
        return sum(
            step.op is op and (outcome is None or step.outcome is outcome) for step in self.steps
        )

    @property
    def errors(self) -> tuple[Message, ...]:
        """The messages that are errors."""
        return tuple(message for message in self.messages if message.severity == "error")

    @property
    def changes(self) -> bool:
        """Whether anything would change or has changed."""
        return bool(self.steps)

    def of(self, outcome: Outcome) -> tuple[Step, ...]:
        """Return the steps that ended so."""
        return tuple(step for step in self.steps if step.outcome is outcome)

    @property
    def finished(self) -> bool:
        """Whether the run went well and nothing of it is left to do, or not known."""
        left = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.NOT_DONE)
        return self.ok and not any(step.outcome in left for step in self.steps)


def visible(inputs: Inputs | None) -> dict[str, Value] | None:
    """Return inputs without keys that begin with ``__``."""
    if inputs is None:
        return None
    return {key: value for key, value in inputs.items() if not key.startswith("__")}


_PATH = re.compile(r'\.?([^.\[\]"]+)|\.?\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]')
_PLAIN = re.compile(r"[\w$:@/-]+")


def at(value: Value, path: str) -> Value:
    """Return what lies at a path in a JSON value, ``None`` if nothing does."""
    for name, quoted, index in _PATH.findall(path):
        if index:
            value = (
                value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
            )
        else:
            key = name or quoted.replace('\\"', '"')
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def join(path: str, key: str) -> str:
    """Return the path of ``key`` below ``path``; keys that are no plain words are quoted."""
    if not _PLAIN.fullmatch(key):
        escaped = key.replace('"', '\\"')
        return f'{path}["{escaped}"]'
    return f"{path}.{key}" if path else key


def differences(old: Value, new: Value, path: str = "") -> Iterator[PropertyDiff]:
    """Yield what differs between two JSON values, by path, sorted by key.

    Mappings and lists are gone into; a value that comes or goes altogether is one difference.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            below = join(path, key)
            if key not in new:
                yield PropertyDiff(path=below, kind="delete", old=old[key])
            elif key not in old:
                yield PropertyDiff(path=below, kind="add", new=new[key])
            else:
                yield from differences(old[key], new[key], below)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(new):
                yield PropertyDiff(path=below, kind="delete", old=old[index])
            elif index >= len(old):
                yield PropertyDiff(path=below, kind="add", new=new[index])
            else:
                yield from differences(old[index], new[index], below)
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield PropertyDiff(path=path, kind="update", old=old, new=new)


def leaves(value: Value, kind: Literal["add", "delete"], path: str = "") -> Iterator[PropertyDiff]:
    """Yield every leaf of a value that comes or goes, each under its own path."""
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from leaves(value[key], kind, join(path, key))
    elif kind == "add":
        yield PropertyDiff(path=path, kind="add", new=value)
    else:
        yield PropertyDiff(path=path, kind="delete", old=value)
