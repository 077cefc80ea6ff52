"""The `config` of Pulumi.yaml: keys with types and defaults that the stacks of a project share."""

import json
from typing import Any

from .errors import EngineError
from .project import Project
from .settings import ConfigValue, compact, config_text

_TYPED = {"type", "description", "items", "default", "value", "secret"}


def with_project_config(
    project: Project, stack: str, config: dict[str, ConfigValue], check: bool = True
) -> dict[str, ConfigValue]:
    """Return the configuration of a stack with what the project adds.

    Args:
        project: the project.
        stack: the name of the stack.
        config: its configuration.
        check: hold it to what the project asks for.

    Raises:
        EngineError: keys have no value, or values of another type than the project asks for.
    """
    result = dict(config)
    missing = []
    for key, described in sorted(project.config.items()):
        item = described if _is_typed(described) else {"default": described}
        full = key if ":" in key else f"{project.name}:{key}"
        value = item.get("default", item.get("value"))
        if full in result:
            continue
        if value is not None:
            result[full] = value_of(value)
        elif full.startswith(f"{project.name}:"):
            missing.append(key)
    if not check:
        return result
    if missing:
        plural = "values" if len(missing) > 1 else "value"
        raise EngineError(f"Stack '{stack}' is missing configuration {plural} {_listed(missing)}")
    for key, described in sorted(project.config.items()):
        if _is_typed(described) and described.get("type"):
            full = key if ":" in key else f"{project.name}:{key}"
            _check(stack, key, described, result[full])
    return result


def _is_typed(described: Any) -> bool:
    return isinstance(described, dict) and set(described) <= _TYPED


def value_of(value: Any) -> ConfigValue:
    """Return a value of Pulumi.yaml as programs get it."""
    if isinstance(value, (dict, list)):
        return ConfigValue(compact(value), compact(value), (), True)
    return ConfigValue(config_text(value), config_text(value))


def _check(stack: str, key: str, described: dict[str, Any], found: ConfigValue) -> None:
    place = f"Stack '{stack}' with configuration key '{key}'"
    if described.get("secret") and not found.secret:
        raise EngineError(f"{place} must be encrypted as it's secret")
    value = json.loads(found.value) if found.is_object else found.value
    if not _fits(described, value):
        raise EngineError(f"{place} must be of type '{_type_name(described)}'")


def _fits(described: dict[str, Any], value: Any) -> bool:
    kind = described.get("type")
    if kind == "string":
        return isinstance(value, str)
    if kind == "integer":
        if isinstance(value, str):
            return value.removeprefix("-").isdigit()
        return (
            not isinstance(value, bool) and isinstance(value, (int, float)) and value == int(value)
        )
    if kind == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if kind == "object":
        return isinstance(value, dict)
    items = described.get("items") or {}
    return isinstance(value, list) and all(_fits(items, item) for item in value)


def _type_name(described: dict[str, Any]) -> str:
    items = described.get("items")
    return f"array<{_type_name(items)}>" if items else str(described.get("type"))


def _listed(names: list[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"
