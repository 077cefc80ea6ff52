"""`martech policy list`: every policy, with what can be set of it."""

import json
from pathlib import Path
from typing import Any

from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.policy.builtin import BUILTIN, rules_of
from pulumi_martech.policy.rule import Rule
from pulumi_martech.project import project


def show(folder: Path, screen: Screen) -> int:
    """Print the policies of a project; returns exit code 0."""
    rules = rules_of(project(folder))
    if screen.machine:
        listed = [entry(rule) for rule in rules]
        screen.write(json.dumps(listed, indent=2, ensure_ascii=False) + "\n")
        return 0
    rows = [
        (
            rule.id,
            rule.severity,
            "" if rule in BUILTIN else "own",
            rule.title,
            rule.why,
            "\n".join(_parameter(name, said) for name, said in entry(rule)["parameters"].items()),
        )
        for rule in rules
    ]
    screen.table(columns(rows, ("policy", "severity", "", "asks", "why", "parameters")))
    return 0


def entry(rule: Rule) -> dict[str, Any]:
    """Return a policy as plain values; ``parameters`` maps a name to description and default."""
    defaults = rule.parameters().model_dump(mode="json")
    return {
        "policy": rule.id,
        "severity": rule.severity,
        "title": rule.title,
        "why": rule.why,
        "fix": rule.fix,
        "on_resources": rule.on_resources,
        "own": rule not in BUILTIN,
        "parameters": {
            name: {"description": field.description or "", "default": defaults[name]}
            for name, field in rule.parameters.model_fields.items()
        },
    }


def _parameter(name: str, said: dict[str, Any]) -> str:
    default = said["default"]
    if isinstance(default, list) and len(default) > 4:
        return f"{name} = {len(default)} words"
    return f"{name} = {json.dumps(default)}"
