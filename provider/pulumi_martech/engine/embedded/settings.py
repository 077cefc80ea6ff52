"""The settings of a stack (`Pulumi.STACK.yaml`): its configuration and the salt of its secrets."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Any

from . import config_paths
from .crypter import Crypter
from .diffing import Path as Way
from .errors import EngineError
from .files import write_text
from .project import Project
from .values import SECRET_MARK
from .yaml_files import dump, edited, load, resolved


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
        if _is_secret(value):
            return decrypt(value["secure"])
        return {key: _opened(item, decrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [_opened(item, decrypt) for item in value]
    return value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"} and isinstance(value["secure"], str)


class StackSettings:
    """`Pulumi.STACK.yaml`: the salt of the passphrase and the configuration.

    Comments and order of the file are kept.
    """

    def __init__(self, project: Project, stack: str, path: Path | None = None):
        self.project = project
        self.path = path or project.settings / f"Pulumi.{stack}.yaml"
        self._data = self._load()
        read = resolved(self._data)
        self._check(read)
        self.crypter = Crypter(read.get("encryptionsalt"), self._keep_salt)

    def _load(self) -> Any:
        if not self.path.is_file():
            return {}
        data = load(self.path)
        if resolved(data) is None:
            return {}
        if not isinstance(data, dict):
            raise EngineError(f"{self.path} must be a mapping of names to values")
        return data

    def _check(self, read: dict[str, Any]) -> None:
        """Refuse what this engine does not read.

        Raises:
            EngineError: the file asks for it.
        """
        config = read.get("config") or {}
        if not isinstance(config, dict):
            raise EngineError(f"{self.path} cannot be read: `config` must be a mapping of keys")
        for key in self._data.get("config") or {}:
            if not isinstance(resolved(key), str):
                raise EngineError(
                    f"{self.path} cannot be read: could not parse {key} as a configuration key; "
                    "put it in quotes"
                )
            if _has_no_number(config[str(key)]):
                raise EngineError(
                    f"{self.path} cannot be read: the value of {key} has a number that is none "
                    "(`.nan` or `.inf`); put it in quotes"
                )
        provider = read.get("secretsprovider") or "passphrase"
        if provider not in ("passphrase", "default") or read.get("encryptedkey"):
            raise EngineError(
                f"{self.path.name} names the secrets provider {provider!r}, which the embedded "
                "engine does not cover; it has `passphrase`; use a stack on the real `pulumi`"
            )
        if read.get("environment"):
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
            EngineError: it is no key.
        """
        full = key if ":" in key else f"{self.project.name}:{key}"
        parts = full.split(":")
        if len(parts) == 3 and parts[1] == "config":  # as keys were once
            full = f"{parts[0]}:{parts[2]}"
        elif len(parts) != 2:
            raise EngineError(
                f"could not parse {key} as a configuration key (configuration keys should be of "
                "the form `<namespace>:<name>`)"
            )
        return full

    def config(self) -> dict[str, ConfigValue]:
        """Return the configuration by full key."""
        result = {}
        for key, value in (self._data.get("config") or {}).items():
            result[self.full_key(str(key))] = self._decoded(resolved(value))
        return result

    def _decoded(self, value: Any) -> ConfigValue:
        if _is_secret(value):
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

    def set(
        self, key: str, value: str, secret: bool, path: bool = False, kind: str | None = None
    ) -> None:
        """Set a value; `save` writes it.

        Args:
            key: the key, or with `path` a path that begins with one.
            value: the text.
            secret: whether it is encrypted.
            path: set a value inside a structure.
            kind: `string`, `int`, `bool` or `float`; `None` to go by what a text in a structure
                looks like.

        Raises:
            EngineError: it is no key, not of the kind, or the path leads through something else.
        """
        full, inside = self._place(key, path)
        new: Any = {"secure": self.crypter.encrypt(value)} if secret else value
        if kind is not None:
            new = config_paths.of_kind(value, kind)
            new = new if inside else config_text(new)  # what is at the top is always text
        elif inside and not secret:
            new = config_paths.typed(value)
        self._keep(full, config_paths.put(self._stored(full), inside, new, full))

    def set_structure(self, key: str, value: Any) -> None:
        """Set an object or a list; `save` writes it."""
        self._keep(self.full_key(key), value)

    def copy(self, source: "StackSettings", key: str | None, path: bool = False) -> None:
        """Take the configuration of another stack, or one key of it; secrets are encrypted anew.

        Raises:
            EngineError: the other stack does not have the key.
        """
        if key is None:
            taken: list[tuple[str, Way, Any]] = [
                (full, (), source._stored(full)) for full in source.config()
            ]
        else:
            full, inside = self._place(key, path)
            found = config_paths.find(source._stored(full), inside)
            if found is None:
                raise EngineError(f"configuration key '{key}' not found")
            taken = [(full, inside, found)]
        for full, inside, value in taken:
            sealed = self._sealed(value, source.crypter.decrypt)
            self._keep(full, config_paths.put(self._stored(full), inside, sealed, full))

    def _sealed(self, value: Any, decrypt: Callable[[str], str]) -> Any:
        if isinstance(value, dict):
            if _is_secret(value):
                return {"secure": self.crypter.encrypt(decrypt(value["secure"]))}
            return {key: self._sealed(item, decrypt) for key, item in value.items()}
        if isinstance(value, list):
            return [self._sealed(item, decrypt) for item in value]
        return value

    def remove(self, key: str, path: bool = False) -> None:
        """Remove a value, or one inside a structure; `save` writes it."""
        full, inside = self._place(key, path)
        known = self._stored(full)
        if not inside:
            self._forget(full)
        elif config_paths.take(known, inside):
            self._keep(full, known)

    def get(self, key: str, path: bool = False) -> ConfigValue | None:
        """Return a value, or one inside a structure."""
        full, inside = self._place(key, path)
        found = config_paths.find(self._stored(full), inside)
        if found is None and (inside or not self._spelled(full)):
            return None
        return self._decoded(found)

    def stored(self) -> dict[str, Any]:
        """Return the configuration by full key as the file has it: secrets are encrypted."""
        config = self._data.get("config") or {}
        found = {self.full_key(str(key)): resolved(value) for key, value in config.items()}
        return {
            key: value if isinstance(value, (dict, list)) else config_text(value)
            for key, value in found.items()
        }

    def take_stored(self, stored: dict[str, Any], salt: str | None) -> None:
        """Take what `stored` gave once for the whole configuration; `save` writes it.

        Args:
            stored: the configuration.
            salt: that its secrets are encrypted with, if it is known.
        """
        for full in self.stored():
            if full not in stored:
                self._forget(full)
        for full, value in stored.items():
            self._keep(full, value)
        if salt is not None:
            self._data["encryptionsalt"] = salt

    def _place(self, key: str, path: bool) -> tuple[str, Way]:
        """Return the full key and where in its value."""
        name, inside = config_paths.split(key) if path else (key, ())
        return self.full_key(name), inside

    def _stored(self, full: str) -> Any:
        """Return what the file has for a key."""
        for key in self._spelled(full):
            return resolved(self._data["config"][key])
        return None

    def _spelled(self, full: str) -> list[str]:
        """Return how the file spells a key: it may leave out the namespace of the project."""
        config = self._data.get("config") or {}
        return [key for key in config if self.full_key(str(key)) == full]

    def _keep(self, full: str, value: Any) -> None:
        if not isinstance(self._data.get("config"), dict):
            self._data["config"] = {}
        config = self._data["config"]
        key, *others = [*self._spelled(full), full]
        config[key] = edited(config.get(key), value)
        for other in others:
            if other != key:
                config.pop(other, None)

    def _forget(self, full: str) -> None:
        for key in self._spelled(full):
            del self._data["config"][key]

    def save(self) -> None:
        """Write the file."""
        if not self._data.get("config"):
            self._data.pop("config", None)
        self._write(self._data)

    def _write(self, data: Any) -> None:
        write_text(self.path, dump(data) if data else "")


def compact(value: Any) -> str:
    """Write JSON as the real engine hands structures to programs: sorted, safe inside of HTML."""
    if isinstance(value, dict):
        items = (f"{compact(key)}:{compact(item)}" for key, item in sorted(value.items()))
        return f"{{{','.join(items)}}}"
    if isinstance(value, list):
        return f"[{','.join(compact(item) for item in value)}]"
    if not isinstance(value, str):
        if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            value = float(value)
        return "null" if value is None else config_text(value)
    text = json.dumps(value, ensure_ascii=False)
    for character in "&<>\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def config_text(value: Any) -> str:
    """Write a plain value of the configuration, which is always text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _number(value)
    return "" if value is None else str(value)


def _number(value: float) -> str:
    """Write a number as Go's JSON does: without an exponent where it is not far out."""
    text = repr(value + 0.0)
    if 1e-6 <= abs(value) < 1e21 or not value:
        text = format(Decimal(text), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits, _, exponent = text.partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent):+d}"


def _has_no_number(value: Any) -> bool:
    """Tell whether there is a number in it that JSON cannot say."""
    if isinstance(value, dict):
        return any(_has_no_number(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_no_number(item) for item in value)
    return isinstance(value, float) and not isfinite(value)
