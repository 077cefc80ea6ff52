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
from .steps import SameStep, Step

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
        steps, first = self.generated(request, lambda: self._decided(generate()))
        self._executor.under_way.wait(first)
        self._executor.go_on(steps)
        if request.state is None:
            raise self.ended(request.by_hook)
        return request.state

    def ended(self, by_hook: bool) -> MonitorClosed:
        """Return the answer to a request that comes to nothing, once nothing is under way.

        Until then the program goes on, as its hooks may still be called; but what a hook waits for
        does not wait for the hook.
        """
        if not by_hook:
            self._executor.under_way.wait()
        return MonitorClosed()

    def _decided(self, steps: list[Step]) -> tuple[list[Step], set[str]]:
        """Begin what is to be carried out; return it with what has to be done before.

        What is left alone refers to what it did before, which the program need not wait for: it is
        recorded after that, or else the state would have it before what it needs.
        """
        steps = self._executor.without_skipped(steps)
        kept = [s.before for s in steps if isinstance(s, SameStep) and s.untargeted]
        needed = {urn for state in kept for urn in state.all_references()}
        needed -= {state.urn for state in kept}
        first = self._executor.under_way.of(needed)
        self._executor.begin(steps)
        return steps, first

    def generated(self, request: Registration | Reading, generate: Callable[[], T]) -> T:
        """Return what is generated for a request, one at a time.

        Raises:
            MonitorClosed: the run has ended.
        """
        run = self._run
        with self._generating:
            try:
                if not run.closed:
                    return generate()
            except Bail:
                run.bail()
            except Exception as error:
                urn = run.urn(request.parent, request.type, request.name)
                run.error(explained(error), urn)
                run.bail()
        raise self.ended(request.by_hook)
