"""`config ...`: shows and changes the configuration of a stack."""

import json
import sys
from typing import Any

from .context import Context
from .errors import EngineError, UsageError
from .output import dumped
from .settings import ConfigValue, StackSettings
from .values import SECRET_MARK


class ConfigCommands:
    """The commands on the configuration."""

    def __init__(self, context: Context):
        self._context = context

    def run(self) -> int:
        """Run the command."""
        arguments = self._context.arguments
        settings = self._context.settings()
        action = arguments.action
        if action == "set":
            settings.set(arguments.key, self._value(), arguments.secret, arguments.path)
        elif action == "set-all":
            if arguments.json:
                self._set_described(settings, arguments.json)
            for secret, items in ((True, arguments.secret), (False, arguments.plaintext)):
                for item in items:
                    key, separator, value = item.partition("=")
                    if not separator:
                        raise UsageError(f"{item!r} is not KEY=VALUE")
                    settings.set(key, value, secret, arguments.path)
        elif action in ("rm", "rm-all", "remove", "remove-all"):
            for key in arguments.keys:
                settings.remove(key, arguments.path)
        elif action in ("cp", "copy"):
            settings = self._copied(settings)
        elif action == "get":
            return self._config_get(settings)
        else:
            return self._config_list(settings)
        settings.save()
        return 0

    def _value(self) -> str:
        """Return the value of `config set`, which may be piped in."""
        arguments = self._context.arguments
        if arguments.value is not None:
            return str(arguments.value)
        text = sys.stdin.read()
        return text if arguments.raw else text.rstrip("\n")

    def _set_described(self, settings: StackSettings, text: str) -> None:
        """Set what `config --json` printed elsewhere."""
        try:
            described = json.loads(text)
            items = [
                (str(key), item["value"], item["secret"], item.get("objectValue"))
                for key, item in described.items()
            ]
        except (ValueError, AttributeError, KeyError, TypeError):
            raise UsageError(
                "--json must be what `config --json --show-secrets` prints: an object of keys to "
                "objects with `value` and `secret`"
            ) from None
        for key, value, secret, structure in items:
            if structure is None or secret:
                settings.set(key, value, secret)
            else:
                settings.set_structure(key, structure)

    def _copied(self, settings: StackSettings) -> StackSettings:
        """Return the settings of another stack with the configuration, or one key, of this one."""
        arguments = self._context.arguments
        project, folder = self._context.stack(arguments.dest)
        target = StackSettings(project, folder.name)
        if target.path == settings.path:
            raise UsageError("current stack and destination stack are the same")
        target.copy(settings, arguments.key, arguments.path)
        return target

    def _config_get(self, settings: StackSettings) -> int:
        found = settings.get(self._context.arguments.key, self._context.arguments.path)
        if found is None:
            raise EngineError(f"configuration key '{self._context.arguments.key}' not found")
        print(dumped(_described(found)) if self._context.arguments.json else found.value)
        return 0

    def _config_list(self, settings: StackSettings) -> int:
        rows: dict[str, dict[str, Any]] = {}
        for key, item in settings.config().items():
            row = _described(item)
            if item.secret and not self._context.arguments.show_secrets:
                row = {"secret": True}
            rows[key] = row
        if self._context.arguments.json:
            print(dumped(rows))
            return 0
        for key, row in rows.items():
            print(f"{key}\t{row.get('value', SECRET_MARK)}")
        return 0


def _described(found: ConfigValue) -> dict[str, Any]:
    """Return a value as `config --json` prints it."""
    structure = {"objectValue": json.loads(found.value)} if found.is_object else {}
    return {"value": found.value, **structure, "secret": found.secret}
