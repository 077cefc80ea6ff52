"""Things by key in memory, whose calls fail or end the process at the n-th one."""

import threading
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.objects import Objects
from tests.engine.disk import Killed

T = TypeVar("T")


class Memory:
    """Stands in for an object store: each call is done as a whole, or not at all.

    `before` is done before each call; `held` says that somebody has things to himself.
    `trouble` is called with the number of each call; `kill` ends the process before the call,
    `killed after` after it, `fail` and `fail after` say that it failed, done or not.
    """

    url = "memory://"

    def __init__(self) -> None:
        self.things: dict[str, bytes] = {}
        self.trouble: Callable[[int], str] = lambda number: ""
        self.before: Callable[[], None] = lambda: None
        self.held = False
        self.number = 0
        self.dead = False
        self.behind = 0  # how many of the latest keys a list does not have yet
        self._lock = threading.Lock()

    def other(self) -> "Memory":
        """Return the same things as another process has them."""
        other = Memory()
        other.things = self.things
        return other

    def copy(self) -> "Memory":
        """Return the same things, of which nobody knows, without trouble."""
        other = Memory()
        other.things = dict(self.things)
        return other

    def get(self, key: str) -> bytes | None:
        return self._call(lambda: self.things.get(key))

    def put(self, key: str, data: bytes) -> None:
        self._call(lambda: self.things.__setitem__(key, data))

    def add(self, key: str, data: bytes) -> bool:
        return self._call(lambda: self.things.setdefault(key, data) is data)

    def delete(self, keys: list[str]) -> None:
        for key in keys:  # one after the other: some may be gone
            self._call(lambda key=key: self.things.pop(key, None))

    def keys(self, prefix: str) -> list[str]:
        def listed() -> list[str]:
            known = list(self.things)[: len(self.things) - self.behind]
            return sorted(key for key in known if key.startswith(prefix))

        return self._call(listed)

    def alone(self, key: str, work: Callable[[], T]) -> T:
        self.held = True
        try:
            return work()
        finally:
            self.held = False

    def _call(self, work):
        self.before()
        with self._lock:
            if self.dead:
                raise Killed
            self.number += 1
            trouble = self.trouble(self.number)
            self.dead = trouble.startswith("kill")
            done = work() if not trouble or trouble.endswith("after") else None
            if self.dead:
                raise Killed
            if trouble:
                raise EngineError("the state in memory:// cannot be reached")
            return done


class Bucket(Objects):
    """Objects that lie in memory, on a server that holds to conditions."""

    def __init__(self, memory: Memory):
        super().__init__("s3://memory")
        self.memory = memory

    def _get(self, key: str) -> tuple[bytes, str] | None:
        data = self.memory.get(key)
        return None if data is None else (data, _version(data))

    def _put(self, key: str, data: bytes, condition: dict[str, str]) -> str | None:
        def put() -> str | None:
            if not self._holds(key, condition):
                return None
            self.memory.things[key] = data
            return _version(data)

        return self.memory._call(put)

    def _remove(self, key: str, condition: dict[str, str]) -> bool:
        def remove() -> bool:
            return self._holds(key, condition) and bool(self.memory.things.pop(key, True))

        return self.memory._call(remove)

    def _holds(self, key: str, condition: dict[str, str]) -> bool:
        data = self.memory.things.get(key)
        if "IfMatch" in condition:
            return data is not None and _version(data) == condition["IfMatch"]
        return not condition or data is None

    def keys(self, prefix: str) -> list[str]:
        return self.memory.keys(prefix)


def _version(data: bytes) -> str:
    return sha256(data).hexdigest()
