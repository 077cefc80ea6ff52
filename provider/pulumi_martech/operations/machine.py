"""The machine document: what `--json` prints, one object for a run.

Its shape is described in ``docs/json.md``; ``format`` is raised when a key changes its meaning or
goes, new keys may come at any time.
"""

import json
from collections.abc import Mapping
from typing import Any

from pulumi_martech.model.plan import Message, Op, Outcome, Plan, PropertyDiff, Step
from pulumi_martech.operations.shown import order

FORMAT = "martech/1"


_LONG = 1_000
"""Entries of a list from which each has one line: indenting them takes longer than all the rest."""


def document(verb: str, **said: Any) -> str:
    """Return the document of a run as JSON text; values of the plan are turned into objects."""
    whole = {"format": FORMAT, "verb": verb, **said}
    lines = [f'  "{key}": {_written(value)}' for key, value in whole.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _written(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) >= _LONG:
        each = (json.dumps(item, ensure_ascii=False, default=_plain) for item in value)
        return "[\n    " + ",\n    ".join(each) + "\n  ]"
    text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
    return text.replace("\n", "\n  ")


def _plain(value: Any) -> Any:
    """Return a value that is none of JSON's own as one of them."""
    if isinstance(value, Plan):
        return _plan(value)
    if isinstance(value, Message):
        return {"severity": value.severity, "about": value.about, "text": value.text}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no value of JSON")


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "ok": plan.ok,
        "steps": [_step(step) for step in sorted(plan.steps, key=order)],
        "drift": [_step(step) for step in sorted(plan.drift, key=order)],
        "outputs": [_difference(diff) for diff in plan.outputs],
        "summary": {
            **{op.value: plan.count(op) for op in Op if plan.count(op)},
            "unchanged": len(plan.unchanged),
            **({"asked": asked} if (asked := len(plan.of(Outcome.ASKED))) else {}),
            "failed": len(plan.of(Outcome.FAILED)),
            "unknown": len(plan.of(Outcome.UNKNOWN)),
            "not_done": len(plan.of(Outcome.NOT_DONE)),
        },
        "messages": list(plan.messages),
        "effects": list(plan.effects),
        "leaving": list(plan.leaving),
        "seconds": plan.seconds,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "urn": step.urn,
        "type": step.type,
        "kind": step.kind,
        "name": step.name,
        "account": step.account,
        "person": step.person,
        "op": step.op.value,
        "outcome": step.outcome.value,
        "replace_reasons": list(step.replace_reasons),
        "diffs": [_difference(diff) for diff in step.diffs],
    }


def _difference(diff: PropertyDiff) -> dict[str, Any]:
    said: dict[str, Any] = {"path": diff.path, "kind": diff.kind}
    if diff.kind != "add":
        said["old"] = diff.old
    if diff.kind != "delete":
        said["new"] = diff.new
    return said
