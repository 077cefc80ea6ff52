"""Counting what a client did, for the end of a run."""

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Counts:
    """What a client did.

    Attributes:
        calls: requests sent, by method; repeated ones count each time.
        retries: how many of them were repeats.
        waited: seconds spent waiting for rate limits and between repeats, over all threads.
    """

    calls: dict[str, int] = field(default_factory=dict)
    retries: int = 0
    waited: float = 0.0

    @property
    def total(self) -> int:
        """Calls of all methods."""
        return sum(self.calls.values())


class Tally:
    """Counts for several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, int] = {}
        self._retries, self._waited = 0, 0.0

    def call(self, method: str) -> None:
        """Count a request that is sent."""
        with self._lock:
            self._calls[method] = self._calls.get(method, 0) + 1

    def retry(self) -> None:
        """Count a repeat."""
        with self._lock:
            self._retries += 1

    def wait(self, seconds: float) -> None:
        """Count waiting."""
        with self._lock:
            self._waited += seconds

    def counts(self) -> Counts:
        """Return what was counted so far."""
        with self._lock:
            return Counts(dict(self._calls), self._retries, self._waited)
