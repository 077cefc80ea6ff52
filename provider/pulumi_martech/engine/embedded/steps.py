"""The steps of a run that change something, and what all steps have in common.

A step knows its states before and after; `apply` does the work and changes `new` (and the marks of
`old`) in place, as the snapshot and the events show them.
"""

import uuid
from dataclasses import dataclass, field

from .diffing import Change, Diff
from .errors import StepFailed
from .requests import Reading, Registration
from .run import Run
from .snapshot import Snapshot
from .state import ResourceState, is_default_provider, now, share_texts
from .values import UNKNOWN_TEXT, Properties, keep_ciphertexts


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
    def asks(self) -> bool:
        """Whether a platform may be asked to change something."""
        custom = self.resource.custom and not self.resource.is_provider
        return custom and self.op.startswith(("create", "update", "delete"))

    @property
    def result_op(self) -> str:
        """What the step turned out to be."""
        return self.op

    def begin(self, snapshot: Snapshot) -> None:
        """Record that the step begins."""
        self.number = snapshot.begin(None, None)

    def apply(self, run: Run) -> None:
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

    def apply(self, run: Run) -> None:
        """Keep id and outputs."""
        old, new = self.before, self.after
        new.id, new.outputs = old.id, old.outputs
        keep_ciphertexts(new.inputs, old.inputs)
        share_texts(new.inputs, old.inputs)
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

    def apply(self, run: Run) -> None:
        """Create it."""
        new = self.after
        run.hooks.before("Create", None, new)
        if new.is_provider:
            new.id = UNKNOWN_TEXT if run.options.preview else str(uuid.uuid4())
            new.outputs = provider_config(new.inputs)
            run.registry.put(new.urn, new.id, new.inputs, renew=True)
        elif new.custom and run.options.preview:
            provider = run.provider_of(new)
            new.outputs = new.inputs if provider.known else {}  # one, as secret ones are marked
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

    def apply(self, run: Run) -> None:
        """Update it."""
        old, new = self.before, self.after
        new.id, new.created, new.modified = old.id, old.created, old.modified
        run.hooks.before("Update", old, new)
        if new.is_provider:
            new.outputs = provider_config(new.inputs)
            run.registry.put(new.urn, new.id, new.inputs, renew=True)
        elif new.custom and run.options.preview:
            provider = run.provider_of(new)
            new.outputs = new.inputs if provider.known else {}  # one, as secret ones are marked
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

    def apply(self, run: Run) -> None:
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


def provider_config(inputs: Properties) -> Properties:
    """Return the configuration in the inputs of a provider resource."""
    return {key: value for key, value in inputs.items() if key != "__internal"}
