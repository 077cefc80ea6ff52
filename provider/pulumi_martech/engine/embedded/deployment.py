"""One run: refresh, registrations, deletes; carries out steps and tells what happens.

The core has no transport and knows no program: the monitor hands registrations to it from any
thread, one call for each, which returns when the resource is done.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]

from .deletes import Deletes
from .errors import Bail, PlanViolation, StepFailed, explained
from .events import Events, metadata
from .executor import Executor
from .generator import Generator
from .hooks import Hooks
from .options import Observer, Options, Outcome
from .plan import Plan
from .policies import Policies
from .project import Project
from .providers import Failure, Provider, Registry
from .references import StackReferences, reader
from .refreshing import Refresh
from .requests import Reading, Registration
from .settings import ConfigValue
from .snapshot import Snapshot
from .state import (
    BUILTIN,
    DEFAULT_PROVIDER_NAME,
    PACKAGE,
    PROVIDER_TYPE,
    STACK_REFERENCE,
    STACK_TYPE,
    Graph,
    ResourceState,
    make_urn,
    provider_id,
    provider_urn,
    qualified_type,
)
from .steps import SameStep, Step
from .targets import UrnTargets
from .values import Properties, Secret, equal, shown

T = TypeVar("T")
Program = Callable[["Deployment"], None]


class MonitorClosed(grpc.RpcError):  # type: ignore[misc]
    """Tells the SDK that the run is over; the program ends with an error of its own."""

    def code(self) -> grpc.StatusCode:
        """Return what the SDK takes for "the engine has gone"."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """Return the text of the SDK's error."""
        return "the run has ended"


class Deployment:
    """The state of a run."""

    def __init__(
        self,
        project: Project,
        stack: str,
        options: Options,
        base: list[ResourceState],
        pending: list[dict[str, Any]],
        config: dict[str, ConfigValue],
        events: Events,
        snapshot: Snapshot | None,
        observers: list[Observer],
        plan: Plan | None = None,
        new_plan: Plan | None = None,
        policies: Policies | None = None,
    ):
        """Begin a run.

        Args:
            project: the project.
            stack: the name of the stack.
            options: how the run is to be done.
            base: the resources of the state.
            pending: operations that were interrupted.
            config: the configuration by full key, secrets marked.
            events: where events go.
            snapshot: records changes of the state; `None` in previews.
            observers: see the steps.
            plan: holds the run to a preview.
            new_plan: takes what this preview finds.
            policies: look at resources and at the finished stack.
        """
        self.project = project
        self.stack = stack
        self.options = options
        self.base = base
        self.events = events
        self.plan = plan
        self.new_plan = new_plan
        self.policies = policies or Policies([], events)
        self.registry = Registry(project.name, StackReferences(project.name, reader(project)))
        self.provider_states: dict[str, ResourceState] = {}
        self.executor = Executor(options, events, snapshot, observers)
        self.hooks = Hooks(self)
        self.signalled = False  # the program ended well
        self.deletes = True  # what is not registered goes
        self.cancelled = False
        self._pending = pending
        self._config = config
        self.snapshot = snapshot
        self._generating = threading.Lock()
        self._providing = threading.Lock()
        self._bailed = False
        self._defaults: dict[str, str] = {}  # references to default providers by package
        self._stack_outputs: tuple[str, Properties] | None = None
        self.index()
        self._generator = Generator(self)
        self._refreshing = Refresh(self, self._generator)

    def index(self) -> None:
        """Look the base up anew."""
        self.olds = {r.urn: r for r in self.base if not r.delete}
        self.graph = Graph(self.base)

    # ------------------------------------------------------------------ services

    def urn(self, parent: str, kind: str, name: str) -> str:
        """Return the urn of a resource of this stack."""
        return make_urn(self.stack, self.project.name, parent, kind, name)

    def error(self, message: str, urn: str = "") -> None:
        """Report an error."""
        self.events.diagnostic("error", message, urn)

    @property
    def closed(self) -> bool:
        """Whether the run has ended, for this reason or that."""
        return self.executor.closed

    @property
    def bailed(self) -> bool:
        """Whether the run was ended by something that is not the failure of a step."""
        return self._bailed

    def report_failures(self, state: ResourceState, failures: list[Failure], severity: str) -> bool:
        """Report what `check` found; return whether there was anything."""
        for failure in failures:
            text = f"{state.type} resource '{state.name}'"
            if failure.property:
                value = shown(state.inputs.get(failure.property))
                text += f": property {failure.property} value {value}"
            self.events.diagnostic(severity, f"{text} has a problem: {failure.reason}", state.urn)
        return bool(failures)

    def provider_of(self, state: ResourceState) -> Provider:
        """Return the provider that serves a resource.

        Raises:
            StepFailed: it is not there.
        """
        provider = self.registry.get(state.provider)
        if provider is None:
            self.ensure_provider(state.provider)
            provider = self.registry.get(state.provider)
        if provider is None:
            raise StepFailed(f"unknown provider '{state.provider}' for resource {state.urn}")
        return provider

    def provider_resource(self, reference: str) -> ResourceState | None:
        """Return the provider resource of a reference, as the program or the state has it."""
        if not reference:
            return None
        urn = provider_urn(reference)
        old = self.olds.get(urn)
        if old is not None and old.id != provider_id(reference):
            old = None
        return self.provider_states.get(urn, old)

    def ensure_provider(self, reference: str) -> None:
        """Have the provider of a resource in the state, with the configuration of the state."""
        if not reference or self.registry.get(reference) is not None:
            return
        for state in self.base:
            if state.urn == provider_urn(reference) and state.id == provider_id(reference):
                self.registry.put(state.urn, state.id, state.inputs, renew=False)

    # ------------------------------------------------------------------ the run

    def execute(self, program: Program | None) -> Outcome:
        """Do the run.

        Args:
            program: registers resources; `None` for a destroy or a refresh alone.
        """
        started = time.monotonic()
        shown = {key: item.shown for key, item in self._config.items()}
        self.events.send("preludeEvent", {"config": shown})
        failed = not self._execute(program)
        summary = {
            "maybeCorrupt": self.executor.maybe_corrupt,
            "durationSeconds": round(time.monotonic() - started + 0.5),
            "resourceChanges": self.executor.changes,
            "policyPacks": self.policies.versions,
            "isPreview": self.options.preview,
            "result": "failed" if failed else "succeeded",
        }
        self.events.send("summaryEvent", summary)
        self.events.send("cancelEvent", {})
        return Outcome(failed, self.executor.changes)

    def _execute(self, program: Program | None) -> bool:
        try:
            by_program = self.options.refresh_program
            if (self.options.refresh or self.options.refresh_only) and not by_program:
                self._refreshing.all()
                if self.options.refresh_only:
                    return True
            elif self._pending and not self.options.preview:
                self._warn_of_pending()
            self.check_targets(self.options.replaces)
            if program is not None:
                program(self)
            else:
                self._finish()
        except Bail:
            self._bailed = True
        return self._finalised()

    def _finalised(self) -> bool:
        """Write the outputs of the stack and say how it went."""
        wrong = self._wrong
        if self._stack_outputs is not None:
            try:
                self._set_outputs(*self._stack_outputs, errored=wrong)
            except (StepFailed, PlanViolation) as error:
                self.error(str(error), self._stack_outputs[0])
                self._bailed = wrong = True
        if not wrong and self.plan is not None:
            for urn in self.plan.missing({r.urn for r in self.base}):
                self.error(f"expected resource operations for {urn} but none were seen", urn)
                wrong = self._bailed = True
        if not self._bailed and not self.executor.failed:
            self._inspect_stack()
            wrong = wrong or self._wrong
        kind = "preview" if self.options.preview else "update"
        if self.cancelled:
            self.error(f"{kind} canceled")
        elif wrong and not self._bailed:
            self.error(f"{kind} failed")
        return not wrong

    @property
    def _wrong(self) -> bool:
        found = self._generator.saw_error or self.policies.violated
        found = found or self.executor.failed_after_step
        return self._bailed or self.executor.failed or found

    def _inspect_stack(self) -> None:
        if not self.policies:
            return
        root = self.urn("", STACK_TYPE, f"{self.project.name}-{self.stack}")
        try:
            self.policies.inspect_stack(
                list(self.executor.news.values()), self.provider_resource, root
            )
        except StepFailed as error:
            self.error(str(error))
            self._bailed = True

    def _warn_of_pending(self) -> None:
        listed = "".join(
            f"  * {p['resource']['urn']}, interrupted while {p['type']}\n" for p in self._pending
        )
        self.events.diagnostic(
            "warning",
            f"Attempting to deploy or update resources with {len(self._pending)} pending "
            f"operations from previous deployment.\n{listed}"
            "These resources are in an unknown state because a run was interrupted while it waited "
            "for them. Look at the system whether the operations took place. Then `refresh` takes "
            "what is there into the state; `refresh --clear-pending-creates` drops the creates.",
        )

    def check_targets(self, targets: UrnTargets) -> None:
        """Report what is named on the command line and is nowhere.

        Raises:
            Bail: there is such a urn.
        """
        known = self._generator.seen | {r.urn for r in self.base}
        unknown = [urn for urn in targets.literals if urn not in known]
        for urn in unknown:
            hint = "" if "$" in urn else " Did you forget to escape $ in your shell?"
            self.error(f"Target '{urn}' could not be found in the stack.{hint}")
        if unknown:
            raise Bail("target")

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
        if self.options.refresh_program:
            return self._refreshing.register(request)
        return self.handle(request, lambda: self._generator.register(request))

    def read(self, request: Reading) -> ResourceState:
        """Handle one resource that is only read."""
        if not request.provider:
            builtin = request.type == STACK_REFERENCE
            request.provider = self._default_provider(BUILTIN if builtin else PACKAGE)
        return self.handle(request, lambda: self._generator.read(request))

    def handle(
        self, request: Registration | Reading, generate: Callable[[], list[Step]]
    ) -> ResourceState:
        """Carry out what is generated for a request; return the resource as it is then.

        Raises:
            MonitorClosed: the run has ended.
        """
        steps = self.generated(request, lambda: self.executor.without_skipped(generate()))
        self.executor.chain(self, steps)
        if request.state is None:
            raise MonitorClosed
        return request.state

    def generated(self, request: Registration | Reading, generate: Callable[[], T]) -> T:
        """Return what is generated for a request, one at a time.

        Raises:
            MonitorClosed: the run has ended.
        """
        with self._generating:
            if self.closed:
                raise MonitorClosed
            try:
                return generate()
            except Bail:
                self.bail()
                raise MonitorClosed from None
            except Exception as error:
                urn = self.urn(request.parent, request.type, request.name)
                self.error(explained(error), urn)
                self.bail()
                raise MonitorClosed from None

    def cancel(self) -> None:
        """End the run because somebody asked for it; safe to call in a signal handler."""
        self.cancelled = True
        self.bail()

    @property
    def default_config(self) -> Properties:
        """The inputs of the default provider: the whole configuration."""
        return {
            key: Secret(item.value) if item.secret else item.value
            for key, item in self._config.items()
        }

    def carry_out(self, steps: list[Step]) -> None:
        """Carry out steps in order; a failure ends the chain."""
        self.executor.chain(self, steps)

    def bail(self) -> None:
        """End the run: nothing new begins, nothing is deleted."""
        self._bailed = True
        self.executor.close()

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
        if self.closed:
            raise MonitorClosed
        if qualified_type(urn) == STACK_TYPE:
            self._stack_outputs = (urn, outputs)  # kept until it is known how the run went
            return
        try:
            self._set_outputs(urn, outputs, errored=False)
        except (StepFailed, PlanViolation) as error:
            self.error(str(error), urn)
            self.bail()
            raise MonitorClosed from None

    def _set_outputs(self, urn: str, outputs: Properties, errored: bool) -> None:
        step = self.executor.components.pop(urn, None)
        if step is None or step.new is None:
            raise StepFailed(f"cannot complete a resource '{urn}' whose registration isn't pending")
        if isinstance(step, SameStep) and step.skipped:
            return
        old = self.olds.get(urn)
        before = old.outputs if old is not None else {}
        if errored:
            outputs = {**before, **outputs}
        if self.plan is not None:
            self.plan.check_outputs(urn, before, outputs)
        if equal(before, outputs):
            outputs = {**outputs, **{k: v for k, v in before.items() if k in outputs}}
        changed = not equal(step.new.outputs, outputs)
        step.new.outputs = outputs
        if step.op in ("create", "update") and not step.new.custom:
            self.hooks.after(step.op.capitalize(), step.old, step.new)
        if self.new_plan is not None:
            self.new_plan.set_outputs(urn, before, outputs)
        self.events.send(
            "resOutputsEvent", {"metadata": metadata(step), "planning": self.options.preview}
        )
        if changed and self.snapshot is not None:
            self.snapshot.outputs(step.new)

    # ------------------------------------------------------------------ the end

    def signal(self) -> None:
        """Hear that the program has ended well, and do what comes then.

        The program goes on until this returns, as its hooks may still be called.
        """
        self.signalled = True
        try:
            self._finish()
        except Bail:
            self._bailed = True

    def _finish(self) -> None:
        """Delete what is to go, when the program has ended well."""
        if not self.deletes or self.closed:
            return
        try:
            self.check_targets(self.options.targets)
        finally:  # the other targets are looked after all the same
            if self.options.refresh_only:
                self._refreshing.finish()
            elif self.base:
                Deletes(self, self._generator).carry_out()
