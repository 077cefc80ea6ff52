"""Carries out steps: at most so many at once, each recorded before and after, each told of."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from .errors import EngineError, StepFailed, explained
from .events import metadata
from .fibers import Slots, UnderWay, aside
from .readings import ImportStep, RefreshStep
from .run import Run
from .state import ResourceState
from .steps import DeleteStep, Step
from .values import Secret, equal


class Observer(Protocol):
    """Sees each step."""

    def step(self, step: Step) -> None:
        """Take a step before anything is done."""

    def found(self, step: Step) -> None:
        """Take a step after it is done."""


class Executor:
    """The steps of one run.

    Attributes:
        failed: whether a step failed.
        first_failure: why the first of them did.
        maybe_corrupt: whether a failed step may have changed the system.
        changes: how many steps of each operation were done.
        errored: the steps that failed, apart from refreshes.
        components: the last step of each component, by urn.
        under_way: the steps that are begun, by urn.
    """

    def __init__(self, run: Run, observers: list[Observer]):
        self._run = run
        self._options = run.options
        self._events = run.events
        self._snapshot = run.snapshot
        self._observers = observers
        self._lock = threading.Lock()
        self._slots = Slots(run.options.parallel)
        self._skipped: set[str] = set()
        self.under_way = UnderWay()
        self.failed = False
        self.first_failure = ""
        self.maybe_corrupt = False
        self.changes: dict[str, int] = {}
        self.errored: list[Step] = []
        self.components: dict[str, Step] = {}

    def without_skipped(self, steps: list[Step]) -> list[Step]:
        """Leave out, and answer, what depends on a failure."""
        kept = []
        with self._lock:
            self._skipped.update(step.urn for step in self.errored)
            for step in steps:
                if self._skipped and not self._skipped.isdisjoint(step.resource.references()):
                    self._skipped.add(step.urn)
                    step.settle("skip")
                else:
                    kept.append(step)
        return kept

    def chain(self, steps: Sequence[Step]) -> None:
        """Carry out steps in order; a failure ends the chain."""
        self.begin(steps)
        self.go_on(steps)

    def begin(self, steps: Sequence[Step]) -> None:
        """Count steps among those under way, before they are gone on with."""
        self.under_way.begin(step.urn for step in steps)

    def go_on(self, steps: Sequence[Step]) -> None:
        """Carry out steps that were begun."""
        try:
            for at, step in enumerate(steps):
                if self._run.closed:
                    return
                if not self._carry_out(step):
                    self._give_up(steps[at + 1 :])
                    return
        finally:
            self.under_way.end(step.urn for step in steps)

    def _give_up(self, steps: Sequence[Step]) -> None:
        """Answer a program that goes on about steps which a failed one before them prevents."""
        if self._options.continue_on_error:
            with self._lock:
                self._skipped.update(step.urn for step in steps)
            for step in steps:
                step.settle("fail")

    def group(self, steps: Sequence[Step]) -> None:
        """Carry out steps that do not depend on each other."""
        if len(steps) == 1:
            self.chain(steps)
        elif steps:
            with ThreadPoolExecutor(self._options.parallel) as pool:
                list(pool.map(lambda step: self.chain([step]), steps))

    def _carry_out(self, step: Step) -> bool:
        with self._slots:
            try:
                self._announce(step)
            except Exception as error:
                return self._failed(step, error)
            # Recorded in the thread that did it, also while the program keeps its own to itself.
            asked = step.asks and self._snapshot is not None
            if not (aside(lambda: self._apply(step)) if asked else self._apply(step)):
                return False
        if step.new is not None and not step.new.custom:
            with self._lock:
                self.components[step.urn] = step
        step.settle("success")
        return True

    def _apply(self, step: Step) -> bool:
        """Do a step and record what became of it; return whether it is done."""
        try:
            step.apply(self._run)
        except Exception as error:
            return self._failed(step, error)
        self._record_success(step)
        return True

    def _failed(self, step: Step, error: Exception) -> bool:
        self._record_failure(step, error)
        if isinstance(error, EngineError):  # it cannot be recorded: no other can, either
            self._run.close()
        return False

    def _announce(self, step: Step) -> None:
        for observer in self._observers:
            observer.step(step)
        self._tell("resourcePreEvent", step, step.op)
        if self._snapshot is not None:
            step.begin(self._snapshot)

    def _tell(self, kind: str, step: Step, op: str) -> None:
        self._events.send(kind, {"metadata": metadata(step, op), "planning": self._options.preview})

    def _record_success(self, step: Step) -> None:
        if step.new is not None and step.op != "replace":
            _mark_outputs(step.new)
            if not step.op.startswith("read"):
                self._run.news[step.new.urn] = step.new
        if self._snapshot is not None:
            step.end(self._snapshot, True)
        op, counted = step.op, step.logical
        if self._options.refresh_only and op == "refresh":
            op, counted = step.result_op, True
        if op == "read":
            counted = step.old is not None and not equal(step.old.outputs, step.after.outputs)
        if counted and not step.internal:
            with self._lock:
                self.changes[op] = self.changes.get(op, 0) + 1
        for observer in self._observers:
            observer.found(step)
        # What a component puts out is known when it says so itself.
        if self._options.preview or step.resource.custom or step.op in ("refresh", "delete"):
            self._tell("resOutputsEvent", step, op)

    def _record_failure(self, step: Step, error: Exception) -> None:
        self.failed = True
        self.first_failure = self.first_failure or explained(error)
        urn = "" if step.internal else step.urn
        text = explained(error)
        if self._options.preview:
            self._events.diagnostic("error", f"Preview failed: {text}", urn)
        else:
            uncertain = isinstance(error, StepFailed) and error.uncertain
            self.maybe_corrupt = self.maybe_corrupt or uncertain
            self._events.diagnostic("error", text, urn)
            status = 2 if uncertain else 0
            payload = {"metadata": metadata(step), "status": status, "steps": 0}
            self._events.send("resOpFailedEvent", payload)
        if self._snapshot is not None:
            step.end(self._snapshot, False)
        if isinstance(step, (RefreshStep, ImportStep)):
            return  # the others are looked after all the same
        with self._lock:
            self.errored.append(step)
        protected = isinstance(step, DeleteStep) and step.before.protect
        if self._options.continue_on_error:
            step.settle("fail")
        elif not protected:
            self._run.close()


def _mark_outputs(state: ResourceState) -> None:
    """Mark the outputs that are to be secret."""
    for name in state.additional_secret_outputs:
        if name in state.outputs and not isinstance(state.outputs[name], Secret):
            state.outputs[name] = Secret(state.outputs[name])
    for name, value in state.outputs.items():
        if not isinstance(value, Secret) and isinstance(state.inputs.get(name), Secret):
            state.outputs[name] = Secret(value)
