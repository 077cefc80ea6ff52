"""`config ...`: shows and changes the configuration of a stack."""

import json
import sys
from typing import Any

from .context import Context
from .errors import EngineError, UsageError
from .output import dumped
from .project import StackSettings
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
            value = sys.stdin.read().rstrip("\n") if arguments.value is None else arguments.value
            settings.set(arguments.key, value, arguments.secret, arguments.path)
        elif action == "set-all":
            for secret, items in ((True, arguments.secret), (False, arguments.plaintext)):
                for item in items:
                    key, separator, value = item.partition("=")
                    if not separator:
                        raise UsageError(f"{item!r} is not KEY=VALUE")
                    settings.set(key, value, secret, arguments.path)
        elif action in ("rm", "rm-all"):
            for key in arguments.keys:
                settings.remove(key, arguments.path)
        elif action == "get":
            return self._config_get(settings)
        else:
            return self._config_list(settings)
        settings.save()
        return 0

    def _config_get(self, settings: StackSettings) -> int:
        key = settings.full_key(self._context.arguments.key)
        found = settings.get(self._context.arguments.key, self._context.arguments.path)
        if found is None:
            raise EngineError(f"configuration key '{self._context.arguments.key}' not found")
        if self._context.arguments.json:
            print(dumped({"name": key, "value": found.value, "secret": found.secret}))
        else:
            print(found.value)
        return 0

    def _config_list(self, settings: StackSettings) -> int:
        rows: dict[str, dict[str, Any]] = {}
        for key, item in settings.config().items():
            row: dict[str, Any] = {"secret": item.secret}
            if not item.secret or self._context.arguments.show_secrets:
                row["value"] = item.value
                if item.is_object:
                    row["objectValue"] = json.loads(item.value)
            rows[key] = row
        if self._context.arguments.json:
            print(dumped(rows))
            return 0
        for key, row in rows.items():
            print(f"{key}\t{row.get('value', SECRET_MARK)}")
        return 0
