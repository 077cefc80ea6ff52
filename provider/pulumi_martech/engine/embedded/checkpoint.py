"""A deployment as it is kept: a text with one line a resource, quick and easy to compare by line.

In a run its resources stay lines: as dictionaries they take three times the memory.
"""

import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from .errors import EngineError

Deployment = dict[str, Any]
State = dict[str, Any]

_HEAD, _END = b'"resources":[\n', b"\n]}}\n"  # before the lines of the resources, and behind
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_PART = 1 << 16  # bytes that are written at once


def encoded(value: Any) -> bytes:
    """Return JSON on one line; what no text can hold (half a character) is escaped."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


class Resources:
    """Resources of a deployment by their lines; whoever looks at one gets it as a new dictionary.

    Looking raises an `EngineError` if its line is none.
    """

    __hash__ = None  # type: ignore[assignment]  # lines come and go

    def __init__(self, lines: list[bytes], where: str = "the state"):
        """Take the lines, and what they are of, for a person."""
        self.lines = lines
        self._where = where

    @classmethod
    def of(cls, resources: "Iterable[State] | Resources") -> "Resources":
        """Return resources by their lines."""
        if isinstance(resources, Resources):
            return resources
        return cls([encoded(state) for state in resources])

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, at: int) -> State:
        return decoded(self.lines[at], self._where)

    def __iter__(self) -> Iterator[State]:
        return (decoded(line, self._where) for line in self.lines)

    def __eq__(self, other: object) -> bool:
        """Tell whether they are the same, in whatever order members of an object are written."""
        if not isinstance(other, Resources) or len(self) != len(other):
            return False
        pairs = zip(self.lines, other.lines, strict=True)
        return all(a == b or decoded(a) == decoded(b) for a, b in pairs)


def decoded(line: bytes, where: str = "the state") -> State:
    """Return the resource of a line.

    Raises:
        EngineError: it is none.
    """
    try:
        state: State = json.loads(line.decode())  # spared of guessing the encoding of bytes
    except ValueError as error:
        raise EngineError(f"a resource of {where} cannot be read: {error}") from None
    return state


def parsed(text: bytes, where: str = "the state") -> Deployment:
    """Return the deployment of a text, its resources by their lines; `where` is for a person.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    head, _, rest = text.partition(_HEAD)
    lines = rest[: -len(_END)].split(b",\n") if rest != _END else []
    if rest.endswith(_END) and all(map(_is_line, lines)):
        deployment: Deployment = json.loads(head + _HEAD + _END)["deployment"]
        return {**deployment, "resources": Resources(lines, where)}
    deployment = json.loads(text)["deployment"]  # somebody edited it
    return {**deployment, "resources": Resources.of(deployment.get("resources") or [])}


def _is_line(line: bytes) -> bool:
    return line.startswith(b"{") and line.endswith(b"}") and b"\n" not in line


def text_of(deployment: Deployment) -> Iterator[bytes]:
    """Yield the text of a deployment in parts: all of it at once is as much as a run may hold."""
    rest = encoded({key: value for key, value in deployment.items() if key != "resources"})[1:-1]
    # No two have the same digest, whatever the clock says.
    start = b'{"version":3,"id":"%s","deployment":{' % os.urandom(8).hex().encode()
    text = bytearray(start + b"%s%s%s" % (rest, b"," if rest else b"", _HEAD))
    for at, line in enumerate(Resources.of(deployment.get("resources") or []).lines):
        text += (b",\n" if at else b"") + line
        if len(text) > _PART:
            yield bytes(text)
            text.clear()
    yield bytes(text + _END)
