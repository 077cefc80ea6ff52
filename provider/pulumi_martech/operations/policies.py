"""`martech policy list`: every policy, with what can be set of it and what is."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_martech.document.load import load
from pulumi_martech.model.rules import PolicySetting
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.policy.builtin import BUILTIN, OWN, rules_of
from pulumi_martech.policy.rule import Rule
from pulumi_martech.project import project


def show(folder: Path, document: Path | None, screen: Screen) -> int:
    """Print the policies of a project as its document sets them; returns exit code 0.

    Raises:
        InvalidDeclaration: own policies cannot be read, or the document has errors.
    """
    rules = rules_of(project(folder))
    settings = load(document).access.policies if document is not None else {}
    entries = [entry(rule, settings.get(rule.id) or PolicySetting()) for rule in rules]
    if screen.machine:
        screen.write(json.dumps(entries, indent=2, ensure_ascii=False) + "\n")
        return 0
    rows = [
        (
            said["policy"],
            _severity(said),
            said["source"],
            said["title"],
            said["why"],
            [_parameter(name, each) for name, each in said["parameters"].items()],
        )
        for said in entries
    ]
    screen.table(columns(rows, ("policy", "severity", "from", "asks", "why", "parameters")))
    return 0


def entry(rule: Rule, setting: PolicySetting) -> dict[str, Any]:
    """Return a policy as plain values.

    ``severity`` is what it is shipped with, ``also`` that of findings with their own, ``set`` what
    the document says instead. ``parameters`` maps a name to ``description``, ``default`` and, where
    the document sets it, ``set``.
    """
    defaults = rule.parameters().model_dump(mode="json")
    return {
        "policy": rule.id,
        "severity": rule.severity,
        "also": rule.also,
        "set": setting.severity,
        "title": rule.title,
        "why": rule.why,
        "fix": rule.fix,
        "on_resources": rule.on_resources,
        "own": rule not in BUILTIN,
        "source": "built in" if rule in BUILTIN else OWN.as_posix(),
        "parameters": {
            name: {
                "description": field.description or "",
                "default": defaults[name],
                **({"set": setting.parameters[name]} if name in setting.parameters else {}),
            }
            for name, field in rule.parameters.model_fields.items()
        },
    }


def _severity(said: Mapping[str, Any]) -> str:
    shipped = said["severity"] + (f", some {said['also']}" if said["also"] else "")
    return f"{said['set']} ({shipped})" if said["set"] else str(shipped)


def _parameter(name: str, said: Mapping[str, Any]) -> str:
    if "set" in said:
        return f"{name} = {_value(said['set'])} ({_value(said['default'])})"
    return f"{name} = {_value(said['default'])}"


def _value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 4:
        return f"{len(value)} words"
    return json.dumps(value) if not isinstance(value, str) else value
