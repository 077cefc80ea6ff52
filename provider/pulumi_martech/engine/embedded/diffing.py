"""How two sets of properties differ, and paths into properties.

A path is a tuple of names and indices; its text is `name.key[0]["a key"]` as in Pulumi.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .values import Properties, Secret, Value, equal, unwrap

Path = tuple[str | int, ...]


@dataclass
class Change:
    """One entry of a detailed diff: `add`, `update` or `delete`, with `-replace` if it replaces."""

    kind: str
    input_diff: bool = True

    def inverted(self) -> "Change":
        """Return the change that undoes this one."""
        swapped = {"add": "delete", "delete": "add"}
        base, _, ending = self.kind.partition("-")
        kind = swapped.get(base, base) + (f"-{ending}" if ending else "")
        return Change(kind, self.input_diff)


@dataclass
class Diff:
    """The answer to "how does this differ?".

    Attributes:
        changed: whether there is any difference.
        replace_keys: names that want a replacement.
        changed_keys: top-level names that differ, sorted.
        detailed: path text to change, or `None` where nothing is known.
        delete_first: a replacement deletes before it creates.
    """

    changed: bool
    replace_keys: list[str] = field(default_factory=list)
    changed_keys: list[str] = field(default_factory=list)
    detailed: dict[str, Change] | None = None
    delete_first: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the resource has to be replaced."""
        detailed = self.detailed or {}
        return bool(self.replace_keys) or any(
            c.kind.endswith("-replace") for c in detailed.values()
        )

    def inverted(self) -> "Diff":
        """Return the diff seen from the other side."""
        detailed = self.detailed
        if detailed is not None:
            detailed = {path: change.inverted() for path, change in detailed.items()}
        return Diff(self.changed, self.replace_keys, self.changed_keys, detailed, self.delete_first)


def compare(old: Properties, new: Properties) -> tuple[list[str], dict[str, Change]]:
    """Compare inputs; return the names that differ and the detailed diff."""
    found: dict[str, Change] = {}
    names = []
    for name in sorted(old.keys() | new.keys()):
        before = len(found)
        _compare((name,), old.get(name), new.get(name), found)
        if len(found) > before:
            names.append(name)
    return names, found


def _compare(path: Path, old: Value, new: Value, found: dict[str, Change]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            _compare((*path, key), old.get(key), new.get(key), found)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(old):
                found[path_text((*path, index))] = Change("add")
            elif index >= len(new):
                found[path_text((*path, index))] = Change("delete")
            else:
                _compare((*path, index), old[index], new[index], found)
    elif not equal(old, new):
        kind = "add" if old is None else "delete" if new is None else "update"
        found[path_text(path)] = Change(kind)


# ------------------------------------------------------------------ paths


def path_text(path: Path) -> str:
    """Write a path."""
    text = ""
    for at, part in enumerate(path):
        if isinstance(part, int):
            text += f"[{part}]"
        elif all(c.isascii() and (c.isalnum() or c == "_") for c in part):
            text += f".{part}" if at else part
        else:
            text += '["' + part.replace('"', '\\"') + '"]'
    return text


def parse_path(text: str) -> Path:
    """Read a path.

    Raises:
        ValueError: the text is no path.
    """
    parts: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == ".":
            at += 1
        elif text[at] == "[":
            part, at = _bracket(text, at + 1)
            parts.append(part)
        else:
            end = at
            while end < len(text) and text[end] not in ".[":
                end += 1
            parts.append(text[at:end])
            at = end
    return tuple(parts)


def _bracket(text: str, at: int) -> tuple[str | int, int]:
    if at < len(text) and text[at] == '"':
        name, at = "", at + 1
        while at < len(text) and text[at] != '"':
            at += text[at] == "\\"
            name += text[at : at + 1]
            at += 1
        if text[at : at + 2] != '"]':
            raise ValueError(f"the path {text!r} has no end of a name")
        return name, at + 2
    end = text.find("]", at)
    if end < 0:
        raise ValueError(f"the path {text!r} lacks a bracket")
    inside = text[at:end]
    return (inside if inside == "*" else int(inside)), end + 1


def covers(outer: Path, inner: Path) -> bool:
    """Tell whether `inner` is `outer` or lies in it; `*` stands for any name or index."""
    return len(inner) >= len(outer) and all(
        a == "*" or a == b for a, b in zip(outer, inner, strict=False)
    )


def with_ignored(
    new: Properties, old: Properties, paths: Sequence[str]
) -> tuple[Properties, list[str]]:
    """Return inputs with the ignored paths set back to their old values, and paths that failed."""
    result = _copied(new)
    failed = []
    for text in paths:
        try:
            path = parse_path(text)
        except ValueError:
            continue
        if not path or not _reset(path, _Sides(old, result)):
            failed.append(text)
    return result, failed


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    if isinstance(value, Secret):
        return Secret(_copied(value.value), value.ciphertext)
    return value


@dataclass(frozen=True)
class _Sides:
    """The old value and the new one at a path, without the secrets they lie in."""

    old: Value
    new: Value
    old_secret: bool = False
    new_secret: bool = False

    def at(self, old: Value, new: Value) -> "_Sides":
        """Return the two values one step deeper."""
        old_secret = self.old_secret or isinstance(old, Secret)
        new_secret = self.new_secret or isinstance(new, Secret)
        if isinstance(new, Secret):
            new.ciphertext = None  # its content may change
        return _Sides(unwrap(old), unwrap(new), old_secret, new_secret)

    def kept(self, value: Value) -> Value:
        """Return an old value as it goes into the new one."""
        return Secret(value) if self.old_secret and not self.new_secret else value

    def neither(self, kind: type) -> bool:
        """Tell whether none of them is an object, or a list."""
        return not isinstance(self.old, kind) and not isinstance(self.new, kind)


def _reset(path: Path, sides: _Sides) -> bool:
    """Set one path of the new value back; `False` where the two have no such place in common.

    The rules, with their odd ones, are the real engine's.
    """
    part, rest = path[0], path[1:]
    if isinstance(part, int):
        return part >= 0 and _reset_item(part, rest, sides)
    if part != "*":
        return _reset_member(part, rest, sides)
    return _reset_each(rest, sides) if rest else _reset_all(sides)


def _reset_all(sides: _Sides) -> bool:
    old, new = sides.old, sides.new
    if isinstance(new, dict):
        if isinstance(old, dict):
            new.clear()
            new.update({name: sides.kept(value) for name, value in old.items()})
        return True
    if isinstance(new, list):
        if not isinstance(old, list):
            return True
        common = min(len(old), len(new))
        new[:common] = [sides.kept(value) for value in old[:common]]
        return len(old) == len(new)
    return False


def _reset_each(rest: Path, sides: _Sides) -> bool:
    old, new = sides.old, sides.new
    if isinstance(old, dict) and isinstance(new, dict):
        return all(
            name in new and _reset(rest, sides.at(old[name], new[name])) for name in sorted(old)
        )
    if isinstance(old, list) and isinstance(new, list):
        pairs = zip(old, new, strict=False)
        return all(_reset(rest, sides.at(*pair)) for pair in pairs) and len(old) == len(new)
    return False


def _reset_item(index: int, rest: Path, sides: _Sides) -> bool:
    old, new = sides.old, sides.new
    if not isinstance(old, list) or not isinstance(new, list):
        return sides.neither(list)
    if index >= len(old) and index >= len(new) and not rest:
        return True
    if index >= len(old) or index >= len(new):
        return False
    if rest:
        return _reset(rest, sides.at(old[index], new[index]))
    new[index] = sides.kept(old[index])
    return True


def _reset_member(name: str, rest: Path, sides: _Sides) -> bool:
    old, new = sides.old, sides.new
    if not rest:
        if isinstance(old, dict) and name in old:
            if not isinstance(new, dict):
                return False
            new[name] = sides.kept(old[name])
        elif isinstance(new, dict):
            new.pop(name, None)
        return True
    if not isinstance(old, dict) or not isinstance(new, dict):
        return sides.neither(dict)
    if name in old and name not in new:
        return False
    if name not in new:
        return True
    return _reset(rest, sides.at(old.get(name), new[name]))
