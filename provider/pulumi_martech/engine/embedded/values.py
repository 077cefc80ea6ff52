"""Property values as the engine holds them, and their forms in state and in messages.

Inside the engine a value is `None`, `bool`, `float`, `str`, `list`, `dict`, `Secret` or `UNKNOWN`.
Numbers are floats everywhere, as in Pulumi; JSON shows whole ones without a fraction.
"""

import json
import math
import struct
from collections.abc import Callable
from decimal import Decimal
from sys import intern
from typing import Any

Value = Any
Properties = dict[str, Value]

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a type signature of the protocol
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"  # of numbers that are not finite, in state files
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET_MARK = "[secret]"  # noqa: S105 - what is shown in place of a secret
PROVIDER_KEY = "__provider"


class _UnknownValue:
    """The value of an output that is not known before the run."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _UnknownValue()


class Secret:
    """A value that is encrypted in state and never shown.

    `ciphertext` is what it reads in the state it came from, so that an unchanged secret is not
    encrypted again.
    """

    __slots__ = ("ciphertext", "value")

    def __init__(self, value: Value, ciphertext: str | None = None):
        self.value = value
        self.ciphertext = ciphertext

    def __repr__(self) -> str:
        return SECRET_MARK


class UnsupportedValue(ValueError):
    """A kind of value that this engine does not carry."""


def refuse_asset(signature: str) -> None:
    """Refuse assets and archives by name.

    Raises:
        UnsupportedValue: `signature` is that of an asset or an archive.
    """
    if signature in (ASSET, ARCHIVE):
        raise UnsupportedValue(
            "assets and archives are not covered by the embedded engine; "
            "use a stack on the real `pulumi`"
        )


# ------------------------------------------------------------------ questions


def contains(value: Value, wanted: Callable[[Value], bool]) -> bool:
    """Tell whether the value or anything in it is wanted."""
    if wanted(value):
        return True
    if isinstance(value, Secret):
        return contains(value.value, wanted)
    if isinstance(value, dict):
        return any(contains(item, wanted) for item in value.values())
    if isinstance(value, list):
        return any(contains(item, wanted) for item in value)
    return False


def contains_unknowns(value: Value) -> bool:
    """Tell whether anything in the value is unknown."""
    return contains(value, lambda v: v is UNKNOWN)


def contains_secrets(value: Value) -> bool:
    """Tell whether anything in the value is secret."""
    return contains(value, lambda v: isinstance(v, Secret))


def equal(a: Value, b: Value) -> bool:
    """Compare deeply; an absent member of an object equals `None`, a secret only a secret."""
    if a is b:
        return True
    if isinstance(a, Secret):
        return isinstance(b, Secret) and equal(a.value, b.value)
    if isinstance(a, dict):
        if not isinstance(b, dict):
            return False
        return all(equal(a.get(key), b.get(key)) for key in a.keys() | b.keys())
    if isinstance(a, list):
        if not isinstance(b, list) or len(a) != len(b):
            return False
        return all(equal(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)


# ------------------------------------------------------------------ secrets


def mark_secrets(outputs: Properties, inputs: Properties) -> None:
    """Mark in place what has the name of a secret input; lists are marked as a whole."""
    for key, given in inputs.items():
        if key not in outputs:
            continue
        made = outputs[key]
        if isinstance(made, dict) and isinstance(given, dict):
            mark_secrets(made, given)
        elif not isinstance(made, Secret) and contains_secrets(given):
            outputs[key] = Secret(made)


def keep_ciphertexts(new: Value, old: Value) -> None:
    """Take the ciphertexts of secrets that are as they were."""
    if isinstance(new, Secret):
        if isinstance(old, Secret) and equal(new, old):
            new.ciphertext = old.ciphertext
    elif isinstance(new, dict) and isinstance(old, dict):
        for key, item in new.items():
            if key in old:
                keep_ciphertexts(item, old[key])
    elif isinstance(new, list) and isinstance(old, list):
        for item, before in zip(new, old, strict=False):
            keep_ciphertexts(item, before)


def forget_ciphertexts(value: Value) -> None:
    """Have the secrets in a value encrypted anew: they come from another stack."""
    if isinstance(value, Secret):
        value.ciphertext = None
        forget_ciphertexts(value.value)
    elif isinstance(value, dict):
        for item in value.values():
            forget_ciphertexts(item)
    elif isinstance(value, list):
        for item in value:
            forget_ciphertexts(item)


# ------------------------------------------------------------------ JSON


def number(value: float) -> float | int:
    """Return a whole number without its fraction, as JSON shows it."""
    if not value.is_integer() or abs(value) >= 1e21:
        return value
    return int(value) if abs(value) < 2**53 else int(Decimal(repr(value)))


def to_json(value: Value, secret: Callable[[Secret], Any]) -> Any:
    """Return the JSON form; `secret` says what stands for a secret."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):  # which JSON cannot say
            return {SIGNATURE: FLOAT, "value": struct.pack(">d", value).hex()}
        return number(value)
    if isinstance(value, dict):
        return {key: to_json(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        return [to_json(item, secret) for item in value]
    if isinstance(value, Secret):
        return secret(value)
    return UNKNOWN_TEXT


def plaintext(value: Value) -> str:
    """Return the JSON text that is encrypted for a secret."""
    return json.dumps(to_json(plain(value), lambda _: None))


def from_json(value: Any, decrypt: Callable[[str], str]) -> Value:
    """Read a value of a state file; `decrypt` turns a ciphertext into its JSON text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return UNKNOWN if value == UNKNOWN_TEXT else value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, list):
        return [from_json(item, decrypt) for item in value]
    signature = value.get(SIGNATURE)
    if signature == SECRET:
        if "plaintext" in value:
            return Secret(from_json(json.loads(value["plaintext"]), decrypt))
        text = value["ciphertext"]
        return Secret(from_json(json.loads(decrypt(text)), decrypt), text)
    if signature == FLOAT:
        return float(struct.unpack(">d", bytes.fromhex(value["value"]))[0])
    if signature is not None:
        refuse_asset(signature)
    return {intern(key): from_json(item, decrypt) for key, item in value.items()}  # few, of many


# ------------------------------------------------------------------ messages

_LONGEST = 2000  # characters of a value in a message


def shown(value: Value) -> str:
    """Show a value in a message the way the real engine does, secrets left out."""
    text = _shown(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _shown(value: Value) -> str:
    if value is UNKNOWN:
        return "output<string>{}"
    if value is None:
        return "{<nil>}"
    if isinstance(value, bool):
        return "{true}" if value else "{false}"
    if isinstance(value, float):
        return "{" + (str(number(value)) if math.isfinite(value) else repr(value)) + "}"
    if isinstance(value, list):
        return "{[" + " ".join(_shown(item) for item in value) + "]}"
    if isinstance(value, dict):
        return "{map[" + " ".join(f"{k}:{_shown(value[k])}" for k in sorted(value)) + "]}"
    return "{" + (SECRET_MARK if isinstance(value, Secret) else str(value)) + "}"


def plain(value: Value) -> Value:
    """Return the value without secret marks at any depth."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def unwrap(value: Value) -> Value:
    """Return the value without its secret mark."""
    return value.value if isinstance(value, Secret) else value
