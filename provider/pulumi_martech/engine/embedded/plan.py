"""Saved plans: the steps and inputs that a preview showed, and what a run may do because of them.

The file is Pulumi's: `{"version": 1, "plan": {"manifest", "resourcePlans": {URN: {"goal", "steps",
"state"}}}}`. A plan says what may change, not what the state was: a change that is no longer
needed is no violation.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import EngineError, PlanViolation
from .files import write_text
from .requests import Registration
from .stacks import manifest
from .state import Names, ResourceState, provider_id, provider_urn
from .values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    Properties,
    Secret,
    Value,
    equal,
    from_json,
    shown,
    to_json,
)

_ALSO = {  # what may be done in place of a planned operation
    "create": {"same"},
    "update": {"same"},
    "replace": {"same", "update"},
    "create-replacement": {"same", "update"},
    "delete-replaced": {"same", "update"},
}


@dataclass
class Changes:
    """How properties are to change: names with their new values."""

    adds: Properties = field(default_factory=dict)
    deletes: list[str] = field(default_factory=list)
    updates: Properties = field(default_factory=dict)

    @classmethod
    def between(cls, old: Properties, new: Properties) -> "Changes":
        """Compare by top-level names."""
        found = cls()
        for name in sorted(old.keys() | new.keys()):
            before, after = old.get(name), new.get(name)
            if equal(before, after):
                continue
            if before is None:
                found.adds[name] = after
            elif after is None:
                found.deletes.append(name)
            else:
                found.updates[name] = after
        return found

    def violations(self, actual: "Changes", new: Properties) -> list[str]:
        """List where actual changes are not these; `new` is what they lead to."""
        found = []
        for name, value in actual.adds.items():
            if not _agrees(self.adds.get(name), value):
                found.append(self._text(name, "+", value))
        for name in actual.deletes:
            if name not in self.deletes and self.updates.get(name) is not UNKNOWN:
                found.append(self._text(name, "-", None))
        for name, value in actual.updates.items():
            if not _agrees(self.updates.get(name, self.adds.get(name)), value):
                found.append(self._text(name, "~", value))
        for name, expected in {**self.adds, **self.updates}.items():
            if name in actual.updates or (name in actual.adds and name in self.adds):
                continue
            if name in actual.adds:
                found.append(self._text(name, "+", actual.adds[name]))
            elif name in new and new[name] is not None:
                if not _agrees(expected, new[name]):
                    found.append(self._text(name, "=", new[name]))
            elif expected is not UNKNOWN:
                found.append(self._text(name, "-", None))
        for name in self.deletes:
            if name not in actual.deletes and new.get(name) is not None:
                mark = "+" if name in actual.adds else "~" if name in actual.updates else "="
                found.append(self._text(name, mark, new[name]))
        return sorted(found)

    def _text(self, name: str, actual: str, value: Value) -> str:
        expected: Value = None
        if name in self.adds:
            sign, expected = "+", self.adds[name]
        elif name in self.updates:
            sign, expected = "~", self.updates[name]
        else:
            sign = "-" if name in self.deletes else "="
        texts = [shown(v) for v in (expected, value) if v is not None]
        return f"{sign}{actual}{name}" + (f"[{'!='.join(texts)}]" if texts else "")

    def to_json(self, secret: Callable[[Secret], Any]) -> dict[str, Any]:
        """Return the JSON form."""
        data = {
            "adds": to_json(self.adds, secret),
            "deletes": self.deletes,
            "updates": to_json(self.updates, secret),
        }
        return {key: value for key, value in data.items() if value}

    @classmethod
    def from_json(cls, data: dict[str, Any], decrypt: Callable[[str], str]) -> "Changes":
        """Read the JSON form."""
        return cls(
            from_json(data.get("adds") or {}, decrypt),
            list(data.get("deletes") or []),
            from_json(data.get("updates") or {}, decrypt),
        )


def _agrees(expected: Value, actual: Value) -> bool:
    """Compare a planned value with the actual one; what was unknown agrees with anything."""
    if expected is UNKNOWN:
        return True
    if isinstance(expected, Secret):
        return isinstance(actual, Secret) and _agrees(expected.value, actual.value)
    if isinstance(expected, dict) and isinstance(actual, dict):
        names = expected.keys() | actual.keys()
        return all(_agrees(expected.get(name), actual.get(name)) for name in names)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(
            _agrees(a, b) for a, b in zip(expected, actual, strict=True)
        )
    return equal(expected, actual)


@dataclass
class Goal:
    """The options a resource had in the preview, and how its properties were to change."""

    type: str
    name: str
    custom: bool
    parent: str
    provider: str
    protect: bool
    dependencies: Names
    inputs: Changes
    outputs: Changes = field(default_factory=Changes)
    delete_before_replace: bool | None = None
    ignore_changes: Names = ()
    additional_secret_outputs: Names = ()

    @classmethod
    def of(cls, request: Registration, changes: Changes) -> "Goal":
        """Take the options of a registration."""
        return cls(
            request.type,
            request.name,
            request.custom,
            request.parent,
            request.provider,
            bool(request.protect),
            request.dependencies,
            changes,
            delete_before_replace=request.delete_before_replace,
            ignore_changes=request.ignore_changes,
            additional_secret_outputs=request.additional_secret_outputs,
        )

    def check(self, request: Registration) -> None:
        """Raise `PlanViolation` if the options are others now."""
        other = Goal.of(request, Changes())
        if self.custom != other.custom:
            expected = "custom" if self.custom else "component"
            raise PlanViolation(f"resource kind changed (expected {expected})")
        if self.provider != other.provider:
            same_urn = provider_urn(self.provider) == provider_urn(other.provider)
            if not same_urn or provider_id(self.provider) != UNKNOWN_TEXT:
                raise PlanViolation(f"provider changed (expected {self.provider})")
        for name, attribute in (
            ("parent", "parent"),
            ("protect", "protect"),
            ("deleteBeforeReplace", "delete_before_replace"),
        ):
            if getattr(self, attribute) != getattr(other, attribute):
                expected = getattr(self, attribute)
                shown = "no value" if expected is None else expected
                if isinstance(expected, bool):
                    shown = str(expected).lower()
                raise PlanViolation(f"{name} changed (expected {shown})")
        for name, attribute in (
            ("ignoreChanges", "ignore_changes"),
            ("additionalSecretOutputs", "additional_secret_outputs"),
            ("dependencies", "dependencies"),
        ):
            before, after = set(getattr(self, attribute)), set(getattr(other, attribute))
            if before != after:
                parts = []
                if after - before:
                    parts.append("added " + ", ".join(sorted(after - before)))
                if before - after:
                    parts.append("deleted " + ", ".join(sorted(before - after)))
                raise PlanViolation(f"{name} changed: {'; '.join(parts)}")


@dataclass
class ResourcePlan:
    """What may be done with one resource, in this order."""

    goal: Goal | None = None
    steps: list[str] = field(default_factory=list)
    outputs: Properties = field(default_factory=dict)


class Plan:
    """A plan: written by a preview, or holding a run to what was previewed."""

    def __init__(self) -> None:
        self.resources: dict[str, ResourcePlan] = {}

    # -- made by a preview

    def mention(self, urn: str) -> None:
        """Have an entry for a resource."""
        self.resources.setdefault(urn, ResourcePlan())

    def expect(self, urn: str, request: Registration, old: Properties, new: Properties) -> None:
        """Note what the program wants of a resource."""
        self.mention(urn)
        self.resources[urn].goal = Goal.of(request, Changes.between(old, new))

    def add(self, urn: str, op: str) -> None:
        """Note a step."""
        self.mention(urn)
        self.resources[urn].steps.append(op)

    def set_outputs(self, urn: str, old: Properties, new: Properties) -> None:
        """Note registered outputs."""
        entry = self.resources.get(urn)
        if entry is not None and entry.goal is not None:
            entry.goal.outputs = Changes.between(old, new)
            entry.outputs = new

    # -- held against a run

    def allow(self, urn: str, op: str) -> None:
        """Take the next planned step of a resource.

        Raises:
            PlanViolation: this step is not planned.
        """
        entry = self.resources.get(urn)
        if entry is None:
            if op != "same":
                raise PlanViolation(
                    f"{op} is not allowed by the plan: no steps were expected for this resource"
                )
            return
        if not entry.steps:
            raise PlanViolation(
                f"{op} is not allowed by the plan: no more steps were expected for this resource"
            )
        planned = entry.steps.pop(0)
        if op != planned and op not in _ALSO.get(planned, ()):
            raise PlanViolation(
                f"{op} is not allowed by the plan: this resource is constrained to {planned}"
            )

    def check_goal(
        self, urn: str, request: Registration, old: ResourceState | None, inputs: Properties
    ) -> None:
        """Hold what the program wants against the plan.

        Raises:
            PlanViolation: they differ.
        """
        entry = self.resources.get(urn)
        before = old.inputs if old is not None else {}
        try:
            if entry is None:
                if old is not None:  # may stay as it is
                    self._hold(Changes(), Changes.between(before, inputs), inputs)
                return
            if entry.goal is None:
                raise PlanViolation("resource unexpectedly not deleted")
            entry.goal.check(request)
            self._hold(entry.goal.inputs, Changes.between(before, inputs), inputs)
        except PlanViolation as violation:
            raise PlanViolation(f"resource {urn} violates plan: {violation}") from None

    def check_outputs(self, urn: str, old: Properties, new: Properties) -> None:
        """Hold registered outputs against the plan.

        Raises:
            PlanViolation: they differ.
        """
        entry = self.resources.get(urn)
        if entry is None or entry.goal is None:
            raise PlanViolation(f"no plan for resource {urn}")
        try:
            self._hold(entry.goal.outputs, Changes.between(old, new), new)
        except PlanViolation as violation:
            raise PlanViolation(f"resource violates plan: {violation}") from None

    @staticmethod
    def _hold(planned: Changes, actual: Changes, new: Properties) -> None:
        found = planned.violations(actual, new)
        if found:
            raise PlanViolation(f"properties changed: {', '.join(found)}")

    def missing(self, present: set[str]) -> list[str]:
        """Return the urns whose planned steps did not take place; `present` are those in state."""
        return [
            urn
            for urn, entry in self.resources.items()
            if entry.steps and not (entry.steps == ["delete"] and urn not in present)
        ]

    # -- file

    def save(self, path: Path, secret: Callable[[Secret], Any]) -> None:
        """Write the plan; `secret` says what stands for a secret."""
        resources = {}
        for urn, entry in sorted(self.resources.items()):
            data: dict[str, Any] = {"steps": entry.steps, "state": to_json(entry.outputs, secret)}
            goal = entry.goal
            if goal is not None:
                data["goal"] = {
                    "type": goal.type,
                    "name": goal.name,
                    "custom": goal.custom,
                    "inputDiff": goal.inputs.to_json(secret),
                    "outputDiff": goal.outputs.to_json(secret),
                    "parent": goal.parent,
                    "protect": goal.protect,
                    "dependencies": sorted(goal.dependencies),
                    "provider": goal.provider,
                    "deleteBeforeReplace": goal.delete_before_replace,
                    "ignoreChanges": goal.ignore_changes,
                    "additionalSecretOutputs": goal.additional_secret_outputs,
                }
            resources[urn] = data
        plan = {"manifest": manifest(), "resourcePlans": resources}
        text = json.dumps({"version": 1, "plan": plan}, ensure_ascii=False, indent=4)
        write_text(path, text + "\n")

    @classmethod
    def load(cls, path: Path, decrypt: Callable[[str], str]) -> "Plan":
        """Read a plan.

        Raises:
            EngineError: the file is no plan.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            resources = data.get("plan", data)["resourcePlans"]
            plan = cls()
            for urn, entry in resources.items():
                plan.resources[urn] = ResourcePlan(
                    _goal(entry.get("goal"), decrypt), list(entry.get("steps") or [])
                )
        except FileNotFoundError:
            raise EngineError(f"there is no plan at {path}") from None
        except (OSError, ValueError, KeyError, AttributeError) as error:
            raise EngineError(f"the plan {path} cannot be read: {error}") from None
        return plan


def _goal(data: dict[str, Any] | None, decrypt: Callable[[str], str]) -> Goal | None:
    if data is None:
        return None
    return Goal(
        data["type"],
        data["name"],
        data["custom"],
        data.get("parent", ""),
        data.get("provider", ""),
        data.get("protect", False),
        data.get("dependencies") or [],
        Changes.from_json(data.get("inputDiff") or {}, decrypt),
        Changes.from_json(data.get("outputDiff") or {}, decrypt),
        data.get("deleteBeforeReplace"),
        data.get("ignoreChanges") or [],
        data.get("additionalSecretOutputs") or [],
    )
