"""One run: refresh, registrations, deletes; carries out steps and tells what happens.

The core has no transport and knows no program: the monitor hands registrations to it from any
thread, one call for each, which returns when the resource is done.
"""

import time
from collections.abc import Callable
from typing import Any

from .deletes import Deletes
from .errors import Bail, PlanViolation, StepFailed
from .events import metadata
from .executor import Executor, Observer
from .fibers import Slots, aside
from .generator import Generator
from .options import Outcome
from .refreshing import Refresh
from .requests import Reading, Registration
from .run import Run
from .settings import ConfigValue
from .state import (
    BUILTIN,
    DEFAULT_PROVIDER_NAME,
    PACKAGE,
    PROVIDER_TYPE,
    STACK_REFERENCE,
    STACK_TYPE,
    ResourceState,
    qualified_type,
)
from .steps import SameStep
from .turns import Turns
from .values import Properties, Secret, equal

Program = Callable[["Deployment"], None]


class Deployment:
    """A run, from the state as it was to the outputs of the stack."""

    def __init__(
        self,
        run: Run,
        pending: list[dict[str, Any]],
        config: dict[str, ConfigValue],
        observers: list[Observer],
    ):
        """Begin a run.

        Args:
            run: what its parts share.
            pending: operations that were interrupted.
            config: the configuration by full key, secrets marked.
            observers: see the steps.
        """
        self.run = run
        self.executor = Executor(run, observers)
        self.signalled = False  # the program ended well
        self.deletes = True  # what is not registered goes
        self._pending = pending
        self._config = config
        self._providing = Slots(1)
        self._defaults: dict[str, str] = {}  # references to default providers by package
        self._stack_outputs: tuple[str, Properties] | None = None
        self._turns = Turns(run, self.executor)
        self._generator = Generator(run)
        self._refreshing = Refresh(run, self.executor, self._turns, self._generator)

    # ------------------------------------------------------------------ the run

    def execute(self, program: Program | None) -> Outcome:
        """Do the run.

        Args:
            program: registers resources; `None` for a destroy or a refresh alone.
        """
        run = self.run
        started = time.monotonic()
        shown = {key: item.shown for key, item in self._config.items()}
        run.events.send("preludeEvent", {"config": shown})
        failed = not self._execute(program)
        summary = {
            "maybeCorrupt": self.executor.maybe_corrupt,
            "durationSeconds": round(time.monotonic() - started + 0.5),
            "resourceChanges": self.executor.changes,
            "policyPacks": run.policies.versions,
            "isPreview": run.options.preview,
            "result": "failed" if failed else "succeeded",
        }
        run.events.send("summaryEvent", summary)
        run.events.send("cancelEvent", {})
        return Outcome(failed, self.executor.changes)

    def _execute(self, program: Program | None) -> bool:
        run = self.run
        try:
            by_program = run.options.refresh_program
            if (run.options.refresh or run.options.refresh_only) and not by_program:
                self._refreshing.all()
                if run.options.refresh_only:
                    return True
            elif self._pending and not run.options.preview:
                self._warn_of_pending()
            self._generator.targeting.check_known(run.options.replaces)
            if program is not None:
                program(self)
            else:
                self._finish()
        except Bail:
            run.bailed = True
        return self._finalised()

    def _finalised(self) -> bool:
        """Write the outputs of the stack and say how it went."""
        run = self.run
        wrong = self._wrong
        if self._stack_outputs is not None:
            try:
                self._set_outputs(*self._stack_outputs, errored=wrong)
            except (StepFailed, PlanViolation) as error:
                run.error(str(error), self._stack_outputs[0])
                run.bailed = wrong = True
        if not wrong and run.plan is not None:
            for urn in run.plan.missing({r.urn for r in run.base}):
                run.error(f"expected resource operations for {urn} but none were seen", urn)
                wrong = run.bailed = True
        if not run.bailed and not self.executor.failed:
            self._inspect_stack()
            wrong = wrong or self._wrong
        kind = "preview" if run.options.preview else "update"
        if run.cancelled:
            run.error(f"{kind} canceled")
        elif wrong and not run.bailed:
            run.error(f"{kind} failed")
        return not wrong

    @property
    def _wrong(self) -> bool:
        found = self._generator.decisions.saw_error or self.run.policies.violated
        found = found or self.run.failed_after_step
        return self.run.bailed or self.executor.failed or found

    def _inspect_stack(self) -> None:
        run = self.run
        if not run.policies:
            return
        root = run.urn("", STACK_TYPE, f"{run.project.name}-{run.stack}")
        try:
            run.policies.inspect_stack(list(run.news.values()), run.provider_resource, root)
        except StepFailed as error:
            run.error(str(error))
            run.bailed = True

    def _warn_of_pending(self) -> None:
        listed = "".join(
            f"  * {p['resource']['urn']}, interrupted while {p['type']}\n" for p in self._pending
        )
        self.run.events.diagnostic(
            "warning",
            f"Attempting to deploy or update resources with {len(self._pending)} pending "
            f"operations from previous deployment.\n{listed}"
            "These resources are in an unknown state because a run was interrupted while it waited "
            "for them. Look at the system whether the operations took place. Then `refresh` takes "
            "what is there into the state; `refresh --clear-pending-creates` drops the creates.",
        )

    # ------------------------------------------------------------------ registrations

    def register(self, request: Registration) -> ResourceState:
        """Handle one registration; returns when the resource is done.

        Raises:
            MonitorClosed: the run has ended.
        """
        if request.custom and not request.type.startswith(PROVIDER_TYPE) and not request.provider:
            request.provider = self._default_provider(PACKAGE)
        return self._registered(request)

    def _registered(self, request: Registration) -> ResourceState:
        if self.run.options.refresh_program:
            return self._refreshing.register(request)
        return self._turns.handle(request, lambda: self._generator.register(request))

    def read(self, request: Reading) -> ResourceState:
        """Handle one resource that is only read."""
        if not request.provider:
            builtin = request.type == STACK_REFERENCE
            request.provider = self._default_provider(BUILTIN if builtin else PACKAGE)
        return self._turns.handle(request, lambda: self._generator.read(request))

    @property
    def default_config(self) -> Properties:
        """The inputs of the default provider: the whole configuration."""
        return {
            key: Secret(item.value) if item.secret else item.value
            for key, item in self._config.items()
        }

    def _default_provider(self, package: str) -> str:
        with self._providing:
            if package not in self._defaults:
                inputs = self.default_config if package == PACKAGE else {}
                request = Registration(PROVIDER_TYPE + package, DEFAULT_PROVIDER_NAME, True, inputs)
                state = self._registered(request)
                self._defaults[package] = f"{state.urn}::{state.id}"
            return self._defaults[package]

    def set_outputs(self, urn: str, outputs: Properties) -> None:
        """Take the outputs of a component or of the stack.

        Raises:
            MonitorClosed: the run has ended.
        """
        run = self.run
        if run.closed:
            raise self._turns.ended(run.hooks.called)
        if qualified_type(urn) == STACK_TYPE:
            self._stack_outputs = (urn, outputs)  # kept until it is known how the run went
            return
        try:
            self._set_outputs(urn, outputs, errored=False)
        except (StepFailed, PlanViolation) as error:
            run.error(str(error), urn)
            run.bail()
            raise self._turns.ended(run.hooks.called) from None

    def _set_outputs(self, urn: str, outputs: Properties, errored: bool) -> None:
        run = self.run
        step = self.executor.components.pop(urn, None)
        if step is None or step.new is None:
            raise StepFailed(f"cannot complete a resource '{urn}' whose registration isn't pending")
        if isinstance(step, SameStep) and step.skipped:
            return
        old = run.olds.get(urn)
        before = old.outputs if old is not None else {}
        if errored:
            outputs = {**before, **outputs}
        if run.plan is not None:
            run.plan.check_outputs(urn, before, outputs)
        if equal(before, outputs):
            outputs = {**outputs, **{k: v for k, v in before.items() if k in outputs}}
        changed = not equal(step.new.outputs, outputs)
        step.new.outputs = outputs
        if step.op in ("create", "update") and not step.new.custom:
            run.hooks.after(step.op.capitalize(), step.old, step.new)
        if run.new_plan is not None:
            run.new_plan.set_outputs(urn, before, outputs)
        run.events.send(
            "resOutputsEvent", {"metadata": metadata(step), "planning": run.options.preview}
        )
        if changed and run.snapshot is not None:
            run.snapshot.outputs(step.new)

    # ------------------------------------------------------------------ the end

    def signal(self) -> None:
        """Hear that the program has ended well, and do what comes then.

        The program goes on until this returns, as its hooks may still be called.
        """
        self.signalled = True
        try:
            aside(self._finish)
        except Bail:
            self.run.bailed = True

    def _finish(self) -> None:
        """Delete what is to go, when the program has ended well."""
        run = self.run
        if not self.deletes or run.closed:
            return
        try:
            self._generator.targeting.check_known(run.options.targets)
        finally:  # the other targets are looked after all the same
            if run.options.refresh_only:
                self._refreshing.finish()
            elif run.base:
                decisions, dependents = self._generator.decisions, self._generator.dependents
                Deletes(run, self.executor, decisions, dependents).carry_out()
