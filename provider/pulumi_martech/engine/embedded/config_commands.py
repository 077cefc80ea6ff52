"""`config ...`: shows and changes the configuration of a stack."""

import json
import sys
from typing import Any

from . import config_paths
from .context import Context
from .deployments import salt_of
from .errors import EngineError, UsageError
from .files import write_text
from .output import dumped
from .project_config import value_of, with_project_config
from .settings import ConfigValue, StackSettings


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
            value, secret = self._value(), arguments.secret
            settings.set(arguments.key, value, secret, arguments.path, arguments.type)
        elif action == "set-all":
            if arguments.json:
                self._set_described(settings, arguments.json)
            for secret, items in ((True, arguments.secret), (False, arguments.plaintext)):
                for item in items:
                    key, separator, value = item.partition("=")
                    if not separator:
                        raise UsageError(f"{item!r} is not KEY=VALUE")
                    settings.set(key, value, secret, arguments.path)
        elif action in ("rm", "rm-all"):
            for key in arguments.keys:
                settings.remove(key, arguments.path)
        elif action == "cp":
            settings = self._copied(settings)
        elif action == "refresh":
            return self._refresh(settings)
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
        return text if arguments.raw else text.removesuffix("\n")

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

    def _refresh(self, settings: StackSettings) -> int:
        """Take the configuration of the last run back into the file; what was there is kept."""
        _, folder = self._context.stack()
        runs = folder.history()
        if not runs or "stored" not in runs[0]:
            raise EngineError("getting latest configuration: no previous deployment")
        settings.take_stored(runs[0]["stored"], salt_of(folder.read()))
        if not settings.path.exists() or self._context.arguments.force:
            settings.save()
            return 0
        backup = settings.path
        while backup.exists():
            backup = backup.with_name(f"{backup.name}.bak")
        write_text(backup, settings.path.read_text(encoding="utf-8"))
        print(f"backed up existing configuration file to {backup}")
        settings.save()
        print(f"refreshed configuration for stack '{folder.name}'")
        return 0

    def _config_get(self, settings: StackSettings) -> int:
        arguments = self._context.arguments
        found = settings.get(arguments.key, arguments.path)
        if found is None:
            found = self._of_project(settings, arguments.key, arguments.path)
        if found is None:
            stack = self._context.name(settings.project)
            raise EngineError(f"configuration key '{arguments.key}' not found for stack '{stack}'")
        print(dumped(_described(found)) if arguments.json else found.value)
        return 0

    def _of_project(self, settings: StackSettings, key: str, path: bool) -> ConfigValue | None:
        """Return a value that Pulumi.yaml has for all stacks, or one inside a structure."""
        name, inside = config_paths.split(key) if path else (key, ())
        found = self._all(settings).get(settings.full_key(name))
        if found is None or not inside:
            return found
        value = config_paths.find(json.loads(found.value), inside) if found.is_object else None
        return None if value is None else value_of(value)

    def _all(self, settings: StackSettings) -> dict[str, ConfigValue]:
        """Return the configuration of the stack with what the project adds, by namespace."""
        stack = self._context.name(settings.project)
        config = with_project_config(settings.project, stack, settings.config(), check=False)
        return dict(sorted(config.items(), key=lambda item: item[0].split(":", 1)))

    def _config_list(self, settings: StackSettings) -> int:
        arguments = self._context.arguments
        config = self._all(settings)
        if arguments.json:
            hidden = {"secret": True}
            shown = {
                key: hidden if item.secret and not arguments.show_secrets else _described(item)
                for key, item in config.items()
            }
            print(dumped(shown))
            return 0
        for key, item in config.items():
            print(f"{key}\t{item.value if arguments.show_secrets else item.shown}")
        return 0


def _described(found: ConfigValue) -> dict[str, Any]:
    """Return a value as `config --json` prints it."""
    structure = {"objectValue": json.loads(found.value)} if found.is_object else {}
    return {"value": found.value, **structure, "secret": found.secret}
