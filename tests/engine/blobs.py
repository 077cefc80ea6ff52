"""Things by key in memory, whose calls fail or end the process at the n-th one."""

import threading
from collections.abc import Callable

from pulumi_martech.engine.embedded.errors import EngineError
from tests.engine.disk import Killed


class Memory:
    """Stands in for an object store: each call is done as a whole, or not at all.

    `trouble` is called with the number of each call; `kill` ends the process before the call,
    `killed after` after it, `fail` and `fail after` say that it failed, done or not.
    """

    url = "memory://"

    def __init__(self) -> None:
        self.things: dict[str, bytes] = {}
        self.trouble: Callable[[int], str] = lambda number: ""
        self.number = 0
        self.dead = False
        self.behind = 0  # how many of the latest keys a list does not have yet
        self._lock = threading.Lock()

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
        listed = list(self.things)[: len(self.things) - self.behind]
        return self._call(lambda: sorted(key for key in listed if key.startswith(prefix)))

    def alone(self, key: str, work: Callable[[], None]) -> None:
        work()

    def _call(self, work):
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
