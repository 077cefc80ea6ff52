"""Registers the resources of a large program so many at a time, and lets go of what is done."""

import asyncio
import gc
from collections import deque
from collections.abc import Callable
from typing import Any

import pulumi

AT_ONCE = 128
"""Resources declared in turns that are registered at once, of all accounts together."""

_LEAST = 32
"""Of one account at least so many: of each, its platform is asked side by side."""

_COLLECTED = 250
"""After so many of an account, what is done is collected: outputs, tasks and closures of a resource
hang together in circles, and outlive the generations that are looked at often."""

Register = Callable[[], pulumi.CustomResource]


class Turns:
    """What registers the resources that wait for their turn, by account."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Register]] = {}

    def add(self, account: str, register: Register) -> None:
        """Have a resource of an account registered when it is its turn."""
        self._waiting.setdefault(account, deque()).append(register)

    def begin(self, gate: Callable[[], pulumi.Resource]) -> None:
        """Begin when the body of the program has ended, if the gate lets everybody pass."""
        if self._waiting:
            # The SDK waits for all outputs.
            _ended: pulumi.Output[Any] = pulumi.Output.from_input(self._take(gate))

    async def _take(self, gate: Callable[[], pulumi.Resource]) -> None:
        """Register by account, side by side."""
        (refused,) = await asyncio.gather(gate().urn.future(), return_exceptions=True)
        if isinstance(refused, BaseException):
            return  # the gate itself tells why
        at_once = max(_LEAST, AT_ONCE // len(self._waiting))
        await asyncio.gather(*(take_turns(own, at_once) for own in self._waiting.values()))


async def take_turns(waiting: deque[Register], at_once: int) -> None:
    """Register the next one whenever one is done, well or not: one that fails stops no other."""
    room = asyncio.Semaphore(at_once)

    def done(one: asyncio.Future[Any]) -> None:
        one.exception()  # the request of the resource tells it
        room.release()

    while waiting:
        await room.acquire()
        if len(waiting) % _COLLECTED == 0:
            gc.collect()
        asyncio.ensure_future(waiting.popleft()().id.future()).add_done_callback(done)
    for _ in range(at_once):
        await room.acquire()
