"""Requests are decided one at a time; what is left alone is recorded after what it refers to."""

import threading
from types import SimpleNamespace
from typing import Any, cast

from pulumi_martech.engine.embedded.fibers import UnderWay
from pulumi_martech.engine.embedded.requests import Registration
from pulumi_martech.engine.embedded.state import ResourceState
from pulumi_martech.engine.embedded.steps import SameStep, Step
from pulumi_martech.engine.embedded.turns import Turns


class _Executor:
    """Lets what comes second go first if it can, and remembers the order of all."""

    def __init__(self) -> None:
        self.under_way = UnderWay()
        self.order: list[str] = []
        self.second_done = threading.Event()

    def without_skipped(self, steps: list[Step]) -> list[Step]:
        return steps

    def begin(self, steps: list[Step]) -> None:
        self.under_way.begin(step.urn for step in steps)

    def go_on(self, steps: list[Step]) -> None:
        if steps[0].urn == "a":
            self.second_done.wait(0.3)
        for step in steps:
            self.order.append(step.urn)
            step.settle("success")
        self.under_way.end(step.urn for step in steps)


def _kept(request: Registration | None, urn: str, *needs: str) -> Step:
    state = ResourceState(urn, "t", True, dependencies=needs)
    return SameStep(request, state, state.copy(), untargeted=True)


def test_what_is_left_alone_comes_after_what_another_request_took_along() -> None:
    """`c` needs `a`, which was taken along with `b`: the state must have `a` first."""
    executor = _Executor()
    turns = Turns(cast(Any, SimpleNamespace(closed=False)), cast(Any, executor))
    asks = [Registration("t", name, True, {}) for name in ("b", "c")]
    begun = threading.Event()

    def decide() -> list[Step]:
        begun.set()
        return [_kept(None, "a"), _kept(asks[0], "b", "a")]

    first = threading.Thread(target=turns.handle, args=(asks[0], decide))
    first.start()
    begun.wait(10)
    turns.handle(asks[1], lambda: [_kept(asks[1], "c", "a")])
    executor.second_done.set()
    first.join(10)
    assert executor.order == ["a", "b", "c"]
