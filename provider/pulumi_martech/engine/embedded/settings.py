"""The settings of a stack (`Pulumi.STACK.yaml`): its configuration and the salt of its secrets."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from . import config_paths
from .crypter import Crypter
from .errors import EngineError, UsageError
from .files import write_text
from .project import Project, read_yaml
from .values import SECRET_MARK


@dataclass(frozen=True)
class ConfigValue:
    """A value of the configuration, decrypted; objects are JSON text.

    Attributes:
        value: the text.
        shown: the text with a mark in place of each secret.
        secrets: the texts in it that were encrypted.
        is_object: whether it is JSON.
    """

    value: str
    shown: str
    secrets: tuple[str, ...] = ()
    is_object: bool = False

    @property
    def secret(self) -> bool:
        """Whether anything in it was encrypted."""
        return bool(self.secrets)


def _opened(value: Any, decrypt: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return decrypt(value["secure"])
        return {str(key): _opened(item, decrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [_opened(item, decrypt) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    """Return a plain value of the file as the real engine reads it."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        zone = "UTC" if not moment.utcoffset() else moment.strftime("%z")
        return f"{moment.strftime('%Y-%m-%d %H:%M:%S %z')} {zone}"
    if isinstance(value, date):
        return f"{value.isoformat()} 00:00:00 +0000 UTC"
    return value


class StackSettings:
    """`Pulumi.STACK.yaml`: the salt of the passphrase and the configuration.

    Comments and order of the file are kept.
    """

    def __init__(self, project: Project, stack: str, path: Path | None = None):
        self.project = project
        self.path = path or project.settings / f"Pulumi.{stack}.yaml"
        self._yaml = YAML()
        self._yaml.width = 10_000
        self._data = self._load()
        self._check()
        self.crypter = Crypter(self._data.get("encryptionsalt"), self._keep_salt)

    def _load(self) -> Any:
        if not self.path.is_file() or not self.path.stat().st_size:
            return {}
        read_yaml(self.path)  # says what is wrong with it
        return self._yaml.load(self.path.read_text(encoding="utf-8")) or {}

    def _check(self) -> None:
        """Refuse what this engine does not read.

        Raises:
            EngineError: the file asks for it.
        """
        provider = self._data.get("secretsprovider") or "passphrase"
        if provider not in ("passphrase", "default") or self._data.get("encryptedkey"):
            raise EngineError(
                f"{self.path.name} names the secrets provider {provider!r}, which the embedded "
                "engine does not cover; it has `passphrase`; use a stack on the real `pulumi`"
            )
        if self._data.get("environment"):
            raise EngineError(
                f"{self.path.name} imports environments of Pulumi Cloud (`environment`), which the "
                "embedded engine does not cover; use a stack on the real `pulumi`"
            )

    def _keep_salt(self, salt: str) -> str:
        """Write a new salt into the file as it is by now, unless another process has."""
        now = self._load()
        salt = self._data["encryptionsalt"] = now.setdefault("encryptionsalt", salt)
        self._write(now)
        return salt

    def full_key(self, key: str) -> str:
        """Return `namespace:key`; without a namespace it is that of the project.

        Raises:
            UsageError: it is no key.
        """
        full = key if ":" in key else f"{self.project.name}:{key}"
        if full.count(":") > 1 or full.startswith(":"):
            raise UsageError(
                f"could not parse {key} as a configuration key (configuration keys should be of "
                "the form `<namespace>:<name>`)"
            )
        return full

    def config(self) -> dict[str, ConfigValue]:
        """Return the configuration by full key."""
        result = {}
        for key, value in (self._data.get("config") or {}).items():
            result[self.full_key(str(key))] = self._decoded(value)
        return result

    def _decoded(self, value: Any) -> ConfigValue:
        if (
            isinstance(value, dict)
            and set(value) == {"secure"}
            and isinstance(value["secure"], str)
        ):
            text = self.crypter.decrypt(value["secure"])
            return ConfigValue(text, SECRET_MARK, (text,))
        if isinstance(value, (dict, list)):
            found: list[str] = []

            def decrypt(text: str) -> str:
                found.append(self.crypter.decrypt(text))
                return found[-1]

            opened = compact(_opened(value, decrypt))
            shown = compact(_opened(value, lambda _: SECRET_MARK)) if found else opened
            return ConfigValue(opened, shown, tuple(found), True)
        return ConfigValue(config_text(value), config_text(value))

    def set(self, key: str, value: str, secret: bool, path: bool = False) -> None:
        """Set a value; `save` writes it.

        Args:
            key: the key, or with `path` a path that begins with one.
            value: the text.
            secret: whether it is encrypted.
            path: set a value inside a structure.
        """
        key, inside = config_paths.split(key) if path else (key, ())
        full = self.full_key(key)
        config = self._data.setdefault("config", {})
        known = self._stored(full)
        self._forget(full)
        new: Any = {"secure": self.crypter.encrypt(value)} if secret else value
        if inside and not secret:
            new = config_paths.typed(value)
        config[full] = config_paths.put(known, inside, new)

    def set_structure(self, key: str, value: Any) -> None:
        """Set an object or a list; `save` writes it."""
        full = self.full_key(key)
        self._forget(full)
        self._data.setdefault("config", {})[full] = value

    def copy(self, source: "StackSettings", key: str | None, path: bool = False) -> None:
        """Take the configuration of another stack, or one key of it; secrets are encrypted anew.

        Raises:
            EngineError: the other stack does not have the key.
        """
        if key is None:
            whole: tuple[str | int, ...] = ()
            taken = [(whole, full, source._stored(full)) for full in source.config()]
        else:
            name, inside = config_paths.split(key) if path else (key, ())
            full = self.full_key(name)
            found = config_paths.find(source._stored(full), inside)
            if found is None:
                raise EngineError(f"configuration key '{key}' not found")
            taken = [(inside, full, found)]
        for inside, full, value in taken:
            sealed = self._sealed(value, source.crypter.decrypt)
            known = self._stored(full)
            self._forget(full)
            config = self._data.setdefault("config", {})
            config[full] = config_paths.put(known, inside, sealed)

    def _sealed(self, value: Any, decrypt: Callable[[str], str]) -> Any:
        if isinstance(value, dict):
            if set(value) == {"secure"} and isinstance(value["secure"], str):
                return {"secure": self.crypter.encrypt(decrypt(value["secure"]))}
            return {key: self._sealed(item, decrypt) for key, item in value.items()}
        if isinstance(value, list):
            return [self._sealed(item, decrypt) for item in value]
        return value

    def remove(self, key: str, path: bool = False) -> None:
        """Remove a value, or one inside a structure; `save` writes it."""
        key, inside = config_paths.split(key) if path else (key, ())
        full = self.full_key(key)
        if inside:
            config_paths.take(self._stored(full), inside)
        else:
            self._forget(full)

    def get(self, key: str, path: bool = False) -> ConfigValue | None:
        """Return a value, or one inside a structure."""
        key, inside = config_paths.split(key) if path else (key, ())
        found = self._stored(self.full_key(key))
        found = config_paths.find(found, inside) if inside else found
        return None if found is None else self._decoded(found)

    def _stored(self, full: str) -> Any:
        """Return what the file has for a key."""
        for key, value in (self._data.get("config") or {}).items():
            if self.full_key(str(key)) == full:
                return value
        return None

    def _forget(self, full: str) -> None:
        config = self._data.get("config") or {}
        for key in [k for k in config if self.full_key(str(k)) == full]:
            del config[key]

    def save(self) -> None:
        """Write the file."""
        if not self._data.get("config"):
            self._data.pop("config", None)
        self._write(self._data)

    def _write(self, data: Any) -> None:
        text = StringIO()
        if data:
            self._yaml.dump(data, text)
        write_text(self.path, text.getvalue())


def compact(value: Any) -> str:
    """Write JSON as the real engine hands structures to programs: sorted, safe inside of HTML."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for character in "&<>\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def config_text(value: Any) -> str:
    """Write a plain value of the configuration, which is always text."""
    value = _scalar(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
