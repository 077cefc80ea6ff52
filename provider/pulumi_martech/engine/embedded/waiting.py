"""Waits for the outputs of a program in a time that grows with their number, not with its square.

The SDK waits until any one output is done, then turns to all of them again: with thousands of
resources that takes longer than everything else. It turns to outputs when no request is open; so
what waits here stands among the requests for as long as outputs are open.
"""

import asyncio
from collections.abc import Callable, Generator
from contextvars import copy_context
from typing import Any

from pulumi.runtime import Settings

_Output = asyncio.Future[Any]


class _Watch:
    """Has something done at the end of each of many futures.

    One function and one context serve them all: one for each would take memory.
    """

    def __init__(self, done: Callable[[_Output], None]):
        self._done = done
        self._context = copy_context()

    def __call__(self, future: _Output) -> None:
        future.add_done_callback(self._done, context=self._context)


class Outputs(set[_Output]):
    """The outputs that the SDK looks after: each until it is done, and for good if it failed."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: asyncio.Future[None] | None = None
        self._watch = _Watch(self._done)

    def add(self, output: _Output) -> None:
        """Look after one."""
        super().add(output)
        self._watch(output)

    def _done(self, output: _Output) -> None:
        failed = _failed(output)
        if not failed:
            self.discard(output)  # as the SDK is about to
        if self._waiting is not None and (failed or not self):
            self._waiting.set_result(None)
            self._waiting = None

    async def finished(self) -> None:
        """Return when none is open, of those too that are made meanwhile.

        Raises:
            BaseException: one failed, with this.
        """
        while self:
            for output in self:
                if output.done() and _failed(output):
                    await output
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting


def _failed(output: _Output) -> bool:
    return output.cancelled() or output.exception() is not None


class Requests:
    """The requests that the SDK waits for: each until it is done, and for good if it failed.

    The SDK keeps all of them, with what they hold, until the program has ended.
    """

    def __init__(self) -> None:
        self._open: dict[Any, None] = {}
        self._watch = _Watch(self._done)

    def append(self, request: Any) -> None:
        """Wait for one."""
        self._open[request] = None
        if isinstance(request, asyncio.Future):
            self._watch(request)

    def _done(self, request: _Output) -> None:
        if not _failed(request):
            self._open.pop(request, None)

    def pop(self) -> Any:
        """Return the last one, and wait for it no more."""
        return self._open.popitem()[0]

    def __len__(self) -> int:
        return len(self._open)


class OpenOutputs:
    """Stands for all open outputs among the requests that the SDK waits for."""

    def __init__(self, settings: Settings):
        """Look after the outputs of a program from now on."""
        self._requests = settings.rpc_manager
        self._outputs = settings.outputs = Outputs()
        settings.rpc_manager.rpcs = Requests()

    def come_next(self) -> None:
        """Have the SDK wait for them when it has come to an end with the requests so far."""
        self._requests.rpcs.append(self)

    def __await__(self) -> Generator[Any, None, None]:
        if self._requests.unhandled_exception is None:  # else it is time for the SDK to raise that
            yield from self._outputs.finished().__await__()
