"""Takes the requests of a program from any thread: decided one at a time, done side by side."""

from collections.abc import Callable
from typing import TypeVar

import grpc  # type: ignore[import-untyped]

from .errors import Bail, explained
from .executor import Executor
from .fibers import Slots
from .requests import Reading, Registration
from .run import Run
from .state import ResourceState
from .steps import Step

T = TypeVar("T")


class MonitorClosed(grpc.RpcError):  # type: ignore[misc]
    """Tells the SDK that the run is over; the program ends with an error of its own."""

    def code(self) -> grpc.StatusCode:
        """Return what the SDK takes for "the engine has gone"."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """Return the text of the SDK's error."""
        return "the run has ended"


class Turns:
    """The turns of the requests of one run."""

    def __init__(self, run: Run, executor: Executor):
        self._run = run
        self._executor = executor
        self._generating = Slots(1)

    def handle(
        self, request: Registration | Reading, generate: Callable[[], list[Step]]
    ) -> ResourceState:
        """Carry out what is generated for a request; return the resource as it is then.

        Raises:
            MonitorClosed: the run has ended.
        """
        steps = self.generated(request, lambda: self._executor.without_skipped(generate()))
        self._executor.chain(steps)
        if request.state is None:
            raise MonitorClosed
        return request.state

    def generated(self, request: Registration | Reading, generate: Callable[[], T]) -> T:
        """Return what is generated for a request, one at a time.

        Raises:
            MonitorClosed: the run has ended.
        """
        run = self._run
        with self._generating:
            if run.closed:
                raise MonitorClosed
            try:
                return generate()
            except Bail:
                run.bail()
                raise MonitorClosed from None
            except Exception as error:
                urn = run.urn(request.parent, request.type, request.name)
                run.error(explained(error), urn)
                run.bail()
                raise MonitorClosed from None
