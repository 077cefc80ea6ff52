"""The steps of a run: what is done to one resource, and what is said about it.

A step knows its states before and after; `apply` does the work and changes `new` (and the marks of
`old`) in place, as the snapshot and the events show them.
"""

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .diffing import Change, Diff
from .errors import StepFailed
from .providers import Provider
from .requests import Reading, Registration
from .snapshot import Snapshot
from .state import PACKAGE, STACK_TYPE, ResourceState, is_default_provider, now, qualified_type
from .values import UNKNOWN_TEXT, Properties, Secret, equal, keep_ciphertexts

if TYPE_CHECKING:
    from .deployment import Deployment

DELETES = ("delete", "delete-replaced", "discard", "discard-replaced")


@dataclass(eq=False)
class Step:
    """One step; the subclasses say what is done."""

    old: ResourceState | None = None
    new: ResourceState | None = None
    request: Registration | Reading | None = None
    keys: list[str] = field(default_factory=list)
    diffs: list[str] = field(default_factory=list)
    detailed: dict[str, Change] | None = None
    op: str = ""
    logical: bool = True
    number: int = 0

    @property
    def before(self) -> ResourceState:
        """The resource as it was, for steps that have it."""
        if self.old is None:
            raise ValueError(f"the step {self.op} has no old state")
        return self.old

    @property
    def after(self) -> ResourceState:
        """The resource as it is to be, for steps that have it."""
        if self.new is None:
            raise ValueError(f"the step {self.op} has no new state")
        return self.new

    @property
    def resource(self) -> ResourceState:
        """The resource the step is about."""
        return self.after if self.new is not None else self.before

    @property
    def urn(self) -> str:
        """Its urn."""
        return self.resource.urn

    @property
    def type(self) -> str:
        """Its type."""
        return self.resource.type

    @property
    def provider(self) -> str:
        """The reference to its provider."""
        return self.resource.provider

    @property
    def internal(self) -> bool:
        """Whether the step is of no interest to a person."""
        return self.op == "remove-pending-replace" or is_default_provider(self.urn)

    @property
    def result_op(self) -> str:
        """What the step turned out to be."""
        return self.op

    def begin(self, snapshot: Snapshot) -> None:
        """Record that the step begins."""
        self.number = snapshot.begin(None, None)

    def apply(self, run: "Deployment") -> None:
        """Do it.

        Raises:
            StepFailed: it could not be done.
        """

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record that the step is over."""

    def settle(self, result: str) -> None:
        """Answer the program."""
        if self.request is not None:
            self.request.state = self.new
            self.request.result = result


class SameStep(Step):
    """Nothing changes but options and references."""

    def __init__(
        self,
        request: Registration | None,
        old: ResourceState,
        new: ResourceState,
        *,
        skipped: bool = False,
        untargeted: bool = False,
    ):
        """Take the states; `skipped`: a create that the targets leave out."""
        super().__init__(old=old, new=new, request=request, op="same")
        self.skipped = skipped
        self.untargeted = untargeted

    def apply(self, run: "Deployment") -> None:
        """Keep id and outputs."""
        old, new = self.before, self.after
        new.id, new.outputs = old.id, old.outputs
        keep_ciphertexts(new.inputs, old.inputs)
        if new.is_provider and not self.skipped and not self.untargeted:
            run.registry.put(new.urn, new.id, old.inputs, renew=False)
        if isinstance(self.request, Registration):
            self.request.unknown = self.skipped

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record the new options; a skipped create is not there."""
        if done and not self.skipped:
            snapshot.same(self.number, self.before, self.after)


class CreateStep(Step):
    """A new resource, or the new half of a replacement."""

    def __init__(
        self,
        request: Registration | None,
        old: ResourceState | None,
        new: ResourceState,
        diff: Diff | None = None,
        *,
        replacing: bool = False,
        pending_delete: bool = False,
    ):
        """Take the states; `pending_delete`: the old half is deleted later in the run."""
        super().__init__(
            old=old,
            new=new,
            request=request,
            op="create-replacement" if replacing else "create",
            keys=diff.replace_keys if diff else [],
            diffs=diff.changed_keys if diff else [],
            detailed=diff.detailed if diff else None,
            logical=not replacing,
        )
        self._pending_delete = pending_delete

    def begin(self, snapshot: Snapshot) -> None:
        """Record that it is being created."""
        self.number = snapshot.begin("creating", self.new)

    def apply(self, run: "Deployment") -> None:
        """Create it."""
        new = self.after
        run.hooks.before("Create", None, new)
        if new.is_provider:
            new.id = UNKNOWN_TEXT if run.options.preview else str(uuid.uuid4())
            new.outputs = provider_config(new.inputs)
            run.registry.put(new.urn, new.id, new.inputs, renew=True)
        elif new.custom and run.options.preview:
            provider = run.provider_of(new)
            new.outputs = dict(new.inputs) if provider.known else {}
        elif new.custom:
            provider = run.provider_of(new)
            new.id, new.outputs = run.hooks.retrying(
                "create", None, new, lambda: provider.create(new.inputs)
            )
        new.created = new.modified = now()
        if self._pending_delete and self.old is not None:
            self.old.delete = True
        if new.custom:
            run.hooks.after("Create", None, new)

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record what became of it."""
        if not done:
            snapshot.failure(self.number)
            return
        old = self.old
        gone = old if old is not None and old.pending_replacement else None
        marked = old if old is not None and not old.pending_replacement else None
        snapshot.success(self.number, self.new, remove=gone, delete=marked)


class UpdateStep(Step):
    """A change in place."""

    def __init__(self, request: Registration, old: ResourceState, new: ResourceState, diff: Diff):
        super().__init__(
            old=old,
            new=new,
            request=request,
            op="update",
            diffs=diff.changed_keys,
            detailed=diff.detailed,
        )

    def begin(self, snapshot: Snapshot) -> None:
        """Record that it is being updated."""
        self.number = snapshot.begin("updating", self.new)

    def apply(self, run: "Deployment") -> None:
        """Update it."""
        old, new = self.before, self.after
        new.id, new.created, new.modified = old.id, old.created, old.modified
        run.hooks.before("Update", old, new)
        if new.is_provider:
            new.outputs = provider_config(new.inputs)
            run.registry.put(new.urn, new.id, new.inputs, renew=True)
        elif new.custom and run.options.preview:
            provider = run.provider_of(new)
            new.outputs = dict(new.inputs) if provider.known else {}
        elif new.custom:
            provider = run.provider_of(new)
            new.outputs = run.hooks.retrying(
                "update", old, new, lambda: provider.update(old.id, old.outputs, new.inputs)
            )
        if new.custom:
            new.modified = now()
        if old.custom:
            run.hooks.after("Update", old, new)

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record what became of it."""
        if done:
            snapshot.success(self.number, self.new, remove=self.old)
        else:
            snapshot.failure(self.number)


class DeleteStep(Step):
    """A resource goes, or the old half of a replacement."""

    def __init__(
        self, old: ResourceState, deletes: set[str], *, replacing: bool = False,
        pending: bool = False,
    ):  # fmt: skip
        """Take the resource.

        Args:
            old: the resource.
            deletes: all urns that go in this run; filled while the run goes on.
            replacing: it is made again.
            pending: it is made again later, until then it stays in the state.
        """
        ops = ("discard", "discard-replaced") if old.external else ("delete", "delete-replaced")
        super().__init__(old=old, op=ops[replacing], logical=not replacing)
        self._deletes = deletes
        self._replacing = replacing
        self._pending = pending

    def begin(self, snapshot: Snapshot) -> None:
        """Record that it is being deleted."""
        self.number = snapshot.begin("deleting", self.old)

    def apply(self, run: "Deployment") -> None:
        """Delete it, unless an option keeps the object."""
        old = self.before
        run.hooks.before("Delete", old, None)
        if not self._replacing and old.protect and not run.options.ignore_protect:
            raise StepFailed(
                f'resource "{old.urn}" cannot be deleted\nbecause it is protected. To unprotect '
                "the resource, remove the `protect` flag from it in the program and run `up`"
            )
        kept = old.external or old.retain_on_delete or old.deleted_with in self._deletes
        if old.custom and not run.options.preview and not kept and not old.is_provider:
            provider = run.provider_of(old)
            run.hooks.retrying("delete", old, None, lambda: provider.delete(old.id, old.outputs))
        if self._pending:
            old.pending_replacement = True
        run.hooks.after("Delete", old, None)

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record what became of it."""
        if not done:
            snapshot.failure(self.number)
        elif self.old is not None and self.old.pending_replacement:
            snapshot.success(self.number, None, pending=self.old)
        else:
            snapshot.success(self.number, None, remove=self.old)


class RemovePendingStep(Step):
    """What was deleted for a replacement is not wanted any more."""

    def __init__(self, old: ResourceState):
        super().__init__(old=old, op="remove-pending-replace", logical=False)

    def end(self, snapshot: Snapshot, done: bool) -> None:
        """Record that it is gone."""
        snapshot.success(self.number, None, remove=self.old)


class ReplaceStep(Step):
    """Stands for a replacement as a whole; does nothing itself."""

    def __init__(self, old: ResourceState, new: ResourceState, diff: Diff | None = None):
        super().__init__(
            old=old,
            new=new,
            op="replace",
            keys=diff.replace_keys if diff else [],
            diffs=diff.changed_keys if diff else [],
            detailed=diff.detailed if diff else None,
        )


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

    def apply(self, run: "Deployment") -> None:
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

    def apply(self, run: "Deployment") -> None:
        """Read it and compare."""
        old = self.before
        if not old.custom or old.is_provider or old.pending_replacement:
            return
        provider = run.provider_of(old)
        found = provider.read(old.id, old.inputs, old.outputs)
        if not found.id:
            self.new = None
            return
        new = old.copy()
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


class ImportStep(Step):
    """Takes an object that is there into the state as given."""

    def __init__(self, new: ResourceState):
        super().__init__(new=new, op="import")

    def begin(self, snapshot: Snapshot) -> None:
        """Record that it is being imported."""
        self.number = snapshot.begin("importing", self.new)

    def apply(self, run: "Deployment") -> None:
        """Check the inputs; what is wrong is a warning."""
        new = self.after
        if new.urn in run.olds:
            raise StepFailed(f"resource '{new.urn}' already exists")
        if qualified_type(new.parent) != STACK_TYPE and new.parent not in run.executor.news:
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


def provider_config(inputs: Properties) -> Properties:
    """Return the configuration in the inputs of a provider resource."""
    return {key: value for key, value in inputs.items() if key != "__internal"}


def mark_outputs(state: ResourceState) -> None:
    """Mark the outputs that are to be secret."""
    for name in state.additional_secret_outputs:
        if name in state.outputs and not isinstance(state.outputs[name], Secret):
            state.outputs[name] = Secret(state.outputs[name])
    for name, value in state.outputs.items():
        if not isinstance(value, Secret) and isinstance(state.inputs.get(name), Secret):
            state.outputs[name] = Secret(value)
