"""A run whose lock is broken at the n-th call, for every n there is, while another one works.

The other one ends, or is killed in the midst of what it does: whatever the first one still writes
must take nothing of it away.
"""

import itertools
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pulumi_martech.engine.embedded.blobs import BlobStore
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.objects import Objects
from tests.engine.blobs import Bucket, Memory
from tests.engine.disk import Killed
from tests.engine.office import AFTER, BEFORE, WORLD, Place, wanted
from tests.engine.sweeps import Act, Stage

RIVAL = {
    "hal": {"login": "hal", "role": "reader"},
    **AFTER,
}


class Watched:
    """Things by key, real ones, as one process has them."""

    def __init__(self, make: Callable[[str], Any], name: str = "0"):
        """Take what makes the way to things from a name."""
        self._make, self._name = make, name
        self._blobs = make(name)
        self.before: Callable[[], None] = lambda: None
        self.held = self.dead = False

    def copy(self) -> "Watched":
        copy = Watched(self._make, str(next(_NUMBERS)))
        for key in self._blobs.keys(""):
            copy._blobs.put(key, self._blobs.get(key))
        return copy

    def other(self) -> "Watched":
        return Watched(self._make, self._name)

    def alone(self, key: str, work: Callable[[], Any]) -> Any:
        def held() -> Any:
            self.held = not isinstance(self._blobs, Objects)
            return work()

        try:
            return self._blobs.alone(key, held)
        finally:
            self.held = False

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any) -> Any:
            self.before()
            if self.dead:
                raise Killed
            return getattr(self._blobs, name)(*given)

        return call


_NUMBERS = itertools.count(1)


@dataclass
class ByKey(Place):
    """A place whose store keeps things by key."""

    disk: Any

    def other(self) -> "ByKey":
        """Return it as another process has it."""
        return by_key(self.disk.other(), self.root)


def by_key(things: Any, root: Path) -> ByKey:
    """Return a place in a database."""
    return ByKey(root, BlobStore(things, "shop/dev/"), things)


class InBucket(ByKey):
    """A place in an object store."""

    def other(self) -> "InBucket":
        """Return it as another process has it."""
        return in_bucket(self.disk.other(), self.root)


def in_bucket(memory: Memory, root: Path) -> InBucket:
    """Return a place in a bucket."""
    return InBucket(root, BlobStore(Bucket(memory), "shop/dev/"), memory)


def _edit(place: Any) -> int:
    """Change the state by hand, as `state` and `stack import` do: without a journal."""
    stack = place.stack
    with stack.locked("state protect"):
        stack.write({**stack.read(), "metadata": {"who": "by hand"}})
    return 0


EDIT = Act(_edit, wanted(BEFORE), lambda place, what: place.converges(what))


def sweep_broken(stage: Stage, act: Act, ends: bool, step: int = 1) -> int:
    """Break the lock of a run before every call; return how many calls there are.

    Args:
        stage: how everything is before.
        act: the run.
        ends: whether the other run ends; else it is killed when it has made somebody.
        step: which calls.
    """
    stage = act.before(stage)
    for number in itertools.count(1, step):
        place = stage.place()
        place.parallel = 1  # nobody goes on while another one works
        left = _broken_at(number, place, ends)
        said, code = StringIO(), 1
        with redirect_stderr(said), suppress(EngineError):
            code = act.run(place)
        what = f"broken at {number}, {'and ended' if ends else 'and killed'}"
        if not left:
            return number
        if left["lock"]:
            assert place.stack.lock == left["lock"], f"{what}: the other's lock is gone"
        place.disk.before = lambda: None
        first = place.stack.history()[::-1]
        if code == 0 and ends and act is not EDIT and "not in the history" not in said.getvalue():
            assert {"", "rival"} <= {run["message"] for run in first[1:]}, f"{what}: forgotten"
        numbers = [run["version"] for run in first]
        assert numbers == sorted(set(numbers)), f"{what}: {numbers}"
        if ends:
            if code:
                assert WORLD.people == left["people"], f"{what}: asked for something all the same"
                assert place.logins() >= set(WORLD.people), what
            assert "rival" in [run["message"] for run in first], f"{what}: not remembered"
        place.forgets_nobody(what)
        if "hal" in place.pending():  # who is declared nowhere now is for a person to look after
            del WORLD.people["hal"]
        act.settle(place, what)
    return 0


def _broken_at(number: int, place: Any, ends: bool) -> dict[str, Any]:
    """Have the lock broken before a call; return who is there when the other run is over."""
    calls = itertools.count(1)
    left: dict[str, Any] = {}

    def breaks() -> None:
        # Who has the stack to himself is waited for.
        if not left and next(calls) >= number and not place.disk.held:
            left["begun"] = True
            _rival(place, ends, number)
            left.update(people=dict(WORLD.people), lock=place.stack.lock)

    place.disk.before = breaks
    return left


def _rival(place: Any, ends: bool, number: int) -> None:
    """Break the lock and work."""
    other = place.other()
    mine, WORLD.dead = WORLD.dead, lambda: other.disk.dead

    def gone() -> None:
        other.disk.dead = other.disk.dead or "hal" in WORLD.people

    if not ends:
        other.disk.before = gone
    other.stack.unlock()
    # It is another process, in whatever thread it runs here.
    with suppress(Killed), patch("signal.signal"):
        assert other.run(RIVAL, message="rival") == 0, f"broken at {number}"
    WORLD.dead = mine
