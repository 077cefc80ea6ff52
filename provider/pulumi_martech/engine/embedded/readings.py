"""The steps of a run that take what is there into the state: reads, refreshes and imports."""

from .diffing import Diff
from .errors import StepFailed
from .providers import Provider
from .requests import Reading
from .run import Run
from .snapshot import Snapshot
from .state import PACKAGE, STACK_TYPE, ResourceState, now, qualified_type
from .steps import Step
from .values import UNKNOWN_TEXT, equal


class ReadStep(Step):
    """Reads a resource that the stack does not own."""

    def __init__(
        self, request: Reading, old: ResourceState | None, new: ResourceState, *,
        replacing: bool = False,
    ):  # fmt: skip
        """Take the states; `replacing`: the old one was owned and is given up."""
        op = "read-replacement" if replacing else "read"
        super().__init__(old=old, new=new, request=request, op=op, logical=not replacing)
        self._replacing = replacing

    def begin(self, snapshot: Snapshot) -> None:
        """Record that it is being read."""
        self.number = snapshot.begin("reading", self.new)

    def apply(self, run: Run) -> None:
        """Read it."""
        old, new = self.old, self.after
        if new.id == UNKNOWN_TEXT:
            new.outputs = {}
        else:
            found = run.provider_of(new).read(new.id, new.inputs, new.inputs)
            new.outputs = found.outputs
            new.id = found.id or new.id
        if old is not None:
            if self._replacing:
                old.delete = True
            new.created, new.modified = old.created, old.modified
            if not equal(old.inputs, new.inputs) or not equal(old.outputs, new.outputs):
                new.modified = now()

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record what was read."""
        if not done:
            snapshot.failure(self.number)
        elif self._replacing:
            snapshot.success(self.number, self.new, delete=self.old)
        else:
            snapshot.success(self.number, self.new, remove=self.old)


class RefreshStep(Step):
    """Takes what is really there into the state."""

    def __init__(self, old: ResourceState):
        super().__init__(old=old, new=old, op="refresh", logical=False)
        self.wanted = old
        self._found: Diff | None = None

    @property
    def resource(self) -> ResourceState:
        """The resource as it was."""
        return self.before

    @property
    def result_op(self) -> str:
        """`delete`, `update` or `same`."""
        if self.new is None:
            return "delete"
        if self.new is self.old:
            return "same"
        if self.before.external:
            return "same" if equal(self.before.outputs, self.new.outputs) else "update"
        return "update" if self._found is not None and self._found.changed else "same"

    def apply(self, run: Run) -> None:
        """Read it and compare."""
        old = self.before
        if not old.custom or old.is_provider or old.pending_replacement:
            return
        wanted = self.wanted
        provider = run.provider_of(wanted)
        found = provider.read(old.id, old.inputs, old.outputs)
        if not found.id:
            self.new = None
            return
        new = wanted.copy()
        new.id, new.outputs = found.id, found.outputs
        new.inputs = old.inputs if found.inputs is None else found.inputs
        new.init_errors = []
        if not equal(new.inputs, old.inputs) or not equal(new.outputs, old.outputs):
            new.modified = now()
        self.new = new
        if not old.external:
            self._found = self._difference(provider, old, new, run.options.preview).inverted()
            self.diffs, self.detailed = self._found.changed_keys, self._found.detailed

    @staticmethod
    def _difference(
        provider: Provider, old: ResourceState, new: ResourceState, preview: bool
    ) -> Diff:
        # What an `up` with an unchanged program would find next; seen from the other side.
        return provider.diff(
            new,
            new.inputs,
            new.outputs,
            old.inputs,
            unknowns=preview,
            ignored=old.ignore_changes,
        )

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record what was found."""
        if done:
            snapshot.refreshed(self.number, self.before, self.new)


class ProgramRefreshStep(RefreshStep):
    """Takes what is there into the state, with the options and the provider of the program.

    A component or a provider is as it was; the step is of no interest to a person.
    """

    def __init__(self, old: ResourceState, wanted: ResourceState):
        super().__init__(old)
        self.new = self.wanted = wanted
        self.done = False

    @property
    def resource(self) -> ResourceState:
        """The resource as the program names it."""
        return self.wanted

    @property
    def internal(self) -> bool:
        """Whether nothing is read."""
        return not self.wanted.custom or self.wanted.is_provider

    def apply(self, run: Run) -> None:
        """Read it and compare; what is about to be replaced stays as it is."""
        self.new = self.old
        super().apply(run)
        if self.new is self.old:
            self.new = self.before.copy()

    @property
    def result_op(self) -> str:
        """As of any refresh; the real engine takes what was not read for an update."""
        return "update" if self.internal else super().result_op

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record what was found; it comes in the order of the program."""
        if done:
            snapshot.reread(self.number, self.before, self.new)

    def settle(self, result: str) -> None:
        """Remember that it was done; the program is answered later."""
        self.done = result == "success"


class ImportStep(Step):
    """Takes an object that is there into the state as given."""

    def __init__(self, new: ResourceState):
        super().__init__(new=new, op="import")

    def begin(self, snapshot: Snapshot) -> None:
        """Record that it is being imported."""
        self.number = snapshot.begin("importing", self.new)

    def apply(self, run: Run) -> None:
        """Check the inputs; what is wrong is a warning."""
        new = self.after
        if new.urn in run.olds:
            raise StepFailed(f"resource '{new.urn}' already exists")
        if qualified_type(new.parent) != STACK_TYPE and new.parent not in run.news:
            raise StepFailed(f"unknown parent '{new.parent}' for resource '{new.urn}'")
        new.id, new.import_id = new.import_id, ""
        self.old = new.copy()
        new.created = new.modified = now()
        if not new.custom:
            return
        provider = run.provider_of(new)
        _, failures = provider.check(new.inputs, new.inputs, run.options.preview)
        if failures:
            run.events.diagnostic(
                "warning",
                "One or more imported inputs failed to validate. This is almost certainly a bug in "
                f"the `{PACKAGE}` provider. The import will still proceed, but you will need to "
                "edit the generated code after copying it into your program.",
                new.urn,
            )
        run.report_failures(new, failures, "warning")

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record it."""
        if done:
            snapshot.success(self.number, self.new)
        else:
            snapshot.failure(self.number)
