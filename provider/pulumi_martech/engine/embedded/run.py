"""What the parts of a run share: how it is done, what the state has, and whom steps ask.

Knows neither steps nor the program, so that everything that takes part in a run can know it.
"""

from .errors import StepFailed
from .events import Events
from .hooks import Hooks
from .options import Options
from .plan import Plan
from .policies import Policies
from .project import Project
from .providers import Failure, Provider, Registry
from .references import StackReferences, reader
from .snapshot import Snapshot
from .state import Graph, ResourceState, make_urn, provider_id, provider_urn
from .values import shown


class Run:
    """A run, as its steps and all that decide on them see it.

    Attributes:
        olds: the resources of the state by urn, without old halves of replacements.
        graph: how the resources of the state depend on each other.
        news: the resources of this run as they are now, by urn; what was only read is not there.
        registry: the providers that are configured.
        provider_states: the provider resources of the program, by urn.
        hooks: the hooks of the program.
        cancelled: whether somebody asked for the end of the run.
        closed: whether nothing new begins, for this reason or that.
        bailed: whether the run was ended by something that is not the failure of a step.
        failed_after_step: whether something failed that came after a step that was done.
    """

    def __init__(
        self,
        project: Project,
        stack: str,
        options: Options,
        base: list[ResourceState],
        events: Events,
        snapshot: Snapshot | None,
        plan: Plan | None,
        new_plan: Plan | None,
        policies: Policies,
    ):
        """Begin a run.

        Args:
            project: the project.
            stack: the name of the stack.
            options: how the run is to be done.
            base: the resources of the state.
            events: where events go.
            snapshot: records changes of the state; `None` in previews.
            plan: holds the run to a preview.
            new_plan: takes what this preview finds.
            policies: look at resources and at the finished stack.
        """
        self.project = project
        self.stack = stack
        self.options = options
        self.events = events
        self.snapshot = snapshot
        self.plan = plan
        self.new_plan = new_plan
        self.policies = policies
        self.registry = Registry(project.name, StackReferences(project.name, reader(project)))
        self.provider_states: dict[str, ResourceState] = {}
        self.hooks = Hooks(options, events, self.fail_after_step)
        self.news: dict[str, ResourceState] = {}
        self.cancelled = False
        self.bailed = False
        self.failed_after_step = False
        self.closed = False
        self.rebase(base)

    def rebase(self, base: list[ResourceState]) -> None:
        """Take the resources of the state."""
        self.base = base
        self.olds = {r.urn: r for r in base if not r.delete}
        self.graph = Graph(base)

    # ------------------------------------------------------------------ what is said

    def urn(self, parent: str, kind: str, name: str) -> str:
        """Return the urn of a resource of this stack."""
        return make_urn(self.stack, self.project.name, parent, kind, name)

    def error(self, message: str, urn: str = "") -> None:
        """Report an error."""
        self.events.diagnostic("error", message, urn)

    def report_failures(self, state: ResourceState, failures: list[Failure], severity: str) -> bool:
        """Report what `check` found; return whether there was anything."""
        for failure in failures:
            text = f"{state.type} resource '{state.name}'"
            if failure.property:
                value = shown(state.inputs.get(failure.property))
                text += f": property {failure.property} value {value}"
            self.events.diagnostic(severity, f"{text} has a problem: {failure.reason}", state.urn)
        return bool(failures)

    # ------------------------------------------------------------------ providers

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

    # ------------------------------------------------------------------ its end

    def close(self) -> None:
        """Begin nothing new; what is under way is finished."""
        self.closed = True

    def bail(self) -> None:
        """End the run: nothing new begins, nothing is deleted."""
        self.bailed = True
        self.close()

    def cancel(self) -> None:
        """End the run because somebody asked for it; safe to call in a signal handler."""
        self.cancelled = True
        self.bail()

    def fail_after_step(self) -> None:
        """Fail the run though the step itself was done."""
        self.failed_after_step = True
        if not self.options.continue_on_error:
            self.close()
