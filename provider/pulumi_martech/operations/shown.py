"""Values as people see them: no control characters, no secrets, one line each."""

import json
import unicodedata

from pulumi_martech.model.plan import NOT_KNOWN, SECRET, PropertyDiff, Step, Value

_LONGEST = 400
"""Characters of a value shown before it is cut."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def harmless(text: str) -> str:
    """Return text in which characters that could steer a terminal are written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if unicodedata.category(char) not in _HIDDEN else f"\\u{ord(char):04x}"
        for char in text
    )


def value(what: Value) -> str:
    """Return a JSON value on one line; marks of secrets and unknown values are not quoted."""
    if what in (SECRET, NOT_KNOWN):
        return str(what)
    text = json.dumps(what, ensure_ascii=False, sort_keys=True)
    for mark in (SECRET, NOT_KNOWN):
        text = text.replace(f'"{mark}"', mark)
    if isinstance(what, float) and what.is_integer():
        text = str(int(what))
    text = harmless(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def difference(diff: PropertyDiff) -> str:
    """Return a property difference without its mark: ``roles.Editors: true``."""
    path = harmless(diff.path)
    if diff.kind == "add":
        return f"{path}: {value(diff.new)}"
    if diff.kind == "delete":
        return f"{path}: {value(diff.old)}"
    return f"{path}: {value(diff.old)} => {value(diff.new)}"


def order(step: Step) -> tuple[bool, str, bool, str]:
    """Sort steps by account, the account itself first."""
    return (step.kind != "stack", step.account, step.kind != "account", step.name)
