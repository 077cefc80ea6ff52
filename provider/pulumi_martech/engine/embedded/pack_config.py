"""What policy packs are configured with: levels and settings of each policy.

Three layers, later ones over earlier ones: the defaults of a policy's schema, what the pack begins
with, and the file of `--policy-pack-config`.
"""

import json
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2

from .errors import EngineError

LEVELS: dict[int, str] = {
    analyzer_pb2.ADVISORY: "advisory",
    analyzer_pb2.MANDATORY: "mandatory",
    analyzer_pb2.REMEDIATE: "remediate",
    analyzer_pb2.DISABLED: "disabled",
}
NUMBERS: dict[str, Any] = {name: number for number, name in LEVELS.items()}


class Settings:
    """Level and properties of one policy; an empty level leaves the one before."""

    def __init__(self, level: str, properties: dict[str, Any]):
        self.level = level
        self.properties = properties

    @classmethod
    def default(cls, policy: Any) -> "Settings":
        """Return what a policy has when nobody says anything."""
        schema = MessageToDict(policy.configSchema.properties)
        properties = {
            name: item["default"]
            for name, item in schema.items()
            if isinstance(item, dict) and "default" in item
        }
        return cls(LEVELS[policy.enforcementLevel], properties)


def apply(config: dict[str, Settings], layer: dict[str, Settings]) -> None:
    """Put one layer of settings over those below; `all` is for the level of all policies."""
    everything = layer.get("all")
    if everything is not None and everything.level:
        for settings in config.values():
            settings.level = everything.level
    for name, given in layer.items():
        known = config.setdefault(name, Settings("", {}))
        known.level = given.level or known.level
        known.properties = {**known.properties, **given.properties}


def parsed(data: dict[str, Any]) -> dict[str, Settings]:
    """Read what a file says of each policy: a level, or settings with the key `enforcementLevel`.

    Raises:
        EngineError: a level is none.
    """
    found = {}
    for name, value in data.items():
        properties = dict(value) if isinstance(value, dict) else {"enforcementLevel": value}
        level = properties.pop("enforcementLevel", "")
        if level and level not in NUMBERS:
            raise EngineError(
                f"the configuration of policy {name!r} has {level!r} where one of "
                f"{', '.join(NUMBERS)} is expected"
            )
        found[name] = Settings(level, properties)
    return found


def problems(policy: Any, properties: dict[str, Any]) -> list[str]:
    """List where settings are not what the policy's schema asks for."""
    schema = {
        "type": "object",
        "properties": MessageToDict(policy.configSchema.properties),
        "required": list(policy.configSchema.required),
    }
    # Here, as loading it takes longer than reading most states, and few runs have packs.
    import jsonschema  # type: ignore[import-untyped]

    return [_problem(e) for e in jsonschema.Draft7Validator(schema).iter_errors(properties)]


def _problem(error: Any) -> str:
    """Say what is wrong with a setting, in the words of the real engine where it is common."""
    path = ".".join(map(str, error.absolute_path))
    text = str(error.message)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return ", ".join(f"{name} is required" for name in missing)
    if error.validator == "type":
        text = f"Invalid type. Expected: {error.validator_value}, given: {_kind(error.instance)}"
    elif error.validator == "enum":
        choices = ", ".join(json.dumps(value) for value in error.validator_value)
        text = f"{path} must be one of the following: {choices}"
    return f"{path}: {text}" if path else text


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if float(value).is_integer() else "number"
    kinds: dict[type, str] = {str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def read_config(path: Path) -> dict[str, Any]:
    """Read a file of `--policy-pack-config`.

    Raises:
        EngineError: it is not readable or no object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError) as error:
        raise EngineError(
            f"the configuration {path} of a policy pack cannot be read: {error}"
        ) from None
    if not isinstance(data, dict):
        raise EngineError(f"the configuration {path} of a policy pack must be an object")
    return data
