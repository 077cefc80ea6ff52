"""Decides what to do with each resource that the program registers, and with those it does not.

Calls `check` and `diff` of the providers, one resource at a time; the executor carries the steps
out.
"""

from .aliases import Aliases
from .decisions import Decisions
from .dependents import Dependents, replacing_on
from .diffing import Diff, with_ignored
from .errors import Bail, StepFailed
from .providers import DiffUnavailable, Provider
from .readings import ReadStep
from .requests import Opened, Reading, Registration
from .run import Run
from .state import ResourceState
from .steps import (
    CreateStep,
    DeleteStep,
    ReplaceStep,
    SameStep,
    Step,
    UpdateStep,
    provider_config,
)
from .targeting import Targeting
from .values import Properties, contains_unknowns, equal, plain


class Generator:
    """The steps of one run; remembers what was decided for each urn."""

    def __init__(self, run: Run):
        self._run = run
        self.decisions = Decisions()
        self.targeting = Targeting(run, self.decisions)
        self.aliases = Aliases(run, self.decisions)
        self.dependents = Dependents(run, self.decisions)

    # ------------------------------------------------------------------ registrations

    def register(self, request: Registration) -> list[Step]:
        """Return the steps for a resource.

        Raises:
            Bail: the run ends; the reason is reported.
            StepFailed, PlanViolation: the run ends for this reason.
        """
        return self.go_on(self.open(request))

    def open(self, request: Registration) -> Opened:
        """Return what there is in the state for a resource, and what is to be there.

        Raises:
            Bail, StepFailed: the run ends.
        """
        run = self._run
        if request.parent and request.parent not in self.decisions.seen:
            raise StepFailed(f"could not find parent resource {request.parent}")
        urn = run.urn(request.parent, request.type, request.name)
        self._claim(urn)
        old, valid, alias = self.aliases.old_resource(
            urn, request.name, request.type, request.parent, request.aliases
        )
        return Opened(request, old, self._wanted(request, urn, old, alias), valid)

    def go_on(self, opened: Opened) -> list[Step]:
        """Return the steps for a resource that was opened.

        Raises:
            Bail, StepFailed, PlanViolation: the run ends.
        """
        run = self._run
        request, old, new, valid = opened
        urn = new.urn
        if run.options.destroy_program:
            steps = self._condemned(request, old, new)
            if steps:
                return self._validated(steps)
        provider = run.provider_of(new) if new.custom and not new.is_provider else None
        inputs, targeted, valid = self._checked(request, old, new, provider, valid)
        if run.plan is not None and valid:
            run.plan.check_goal(urn, request, old, inputs)
        if run.policies and not run.policies.inspect(
            request, new, run.provider_resource, run.options.preview
        ):
            valid = False
        if not valid:
            raise Bail(f"resource {urn} is invalid")
        if urn in self.decisions.deletes and old is not None:
            return self._validated(self._again(request, old, new))
        if old is not None and old.external:
            self.decisions.done["creates"].add(urn)
            steps = [
                CreateStep(request, old, new, replacing=True, pending_delete=True),
                ReplaceStep(old, new),
            ]
            return self._validated(steps)
        self.targeting.take(new, targeted)
        if old is not None and not targeted:
            return self._validated(self.targeting.left_alone(request, old, urn))
        if old is not None:
            return self._validated(self._compared(request, old, new, provider))
        if not targeted:
            self.decisions.done["sames"].add(urn)
            self.decisions.skipped_creates.add(urn)
            return self._validated([SameStep(request, new.copy(), new, skipped=True)])
        self.decisions.done["creates"].add(urn)
        return self._validated([CreateStep(request, None, new)])

    def _condemned(
        self, request: Registration, old: ResourceState | None, new: ResourceState
    ) -> list[Step]:
        """Return the steps for what will be deleted when the program has ended.

        Nothing is created or changed for it but providers and components.
        """
        custom = new.custom and not new.is_provider
        needs_skipped = any(urn in self.decisions.skipped_creates for urn in new.all_references())
        if needs_skipped or (custom and old is None):
            self.decisions.skipped_creates.add(new.urn)
            if old is not None:
                new.outputs = old.outputs
            return [SameStep(request, new.copy(), new, skipped=True)]
        self.decisions.to_delete.append(new)
        if not custom or old is None:
            return []
        self.decisions.done["sames"].add(new.urn)
        new.inputs = old.inputs
        return [SameStep(request, old, new)]

    def _claim(self, urn: str) -> None:
        if urn in self.decisions.seen:
            self._run.error(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
            raise Bail("duplicate")
        self.decisions.seen.add(urn)

    def _wanted(
        self, request: Registration, urn: str, old: ResourceState | None, alias: str
    ) -> ResourceState:
        new = ResourceState(
            urn,
            request.type,
            request.custom,
            inputs=request.properties,
            parent=request.parent,
            provider=request.provider,
            protect=bool(request.protect),
            dependencies=request.dependencies,
            property_dependencies=request.property_dependencies,
            additional_secret_outputs=request.additional_secret_outputs,
            aliases=[alias] if alias else (),
            custom_timeouts=request.custom_timeouts,
            retain_on_delete=bool(request.retain_on_delete),
            deleted_with=request.deleted_with,
            replace_with=request.replace_with,
            replacement_trigger=request.replacement_trigger,
            ignore_changes=request.ignore_changes,
            replace_on_changes=request.replace_on_changes,
            hide_diff=request.hide_diff,
            resource_hooks=request.hooks,
            source_position=request.source_position,
            stack_trace=request.stack_trace,
        )
        if old is not None:
            new.created, new.modified = old.created, old.modified
        if new.is_provider:
            for known in (urn, *new.aliases):
                self._run.provider_states[known] = new
        return new

    def _checked(
        self,
        request: Registration,
        old: ResourceState | None,
        new: ResourceState,
        provider: Provider | None,
        valid: bool,
    ) -> tuple[Properties, bool, bool]:
        """Call `check`; return the inputs, whether it is targeted, and whether it is valid."""
        run = self._run
        targeted = self.targeting.includes(new)
        inputs = request.properties
        fresh = old is None or old.external or new.urn in self.decisions.deletes
        fresh = fresh or self._replaces(new.urn, old)
        if old is not None:
            inputs, failed = with_ignored(inputs, old.inputs, request.ignore_changes)
            if failed:
                listed = ", ".join(failed)
                run.events.diagnostic(
                    "info",
                    f'cannot ignore changes in added or removed elements of the path: "{listed}"',
                    new.urn,
                )
        if provider is not None and not targeted:
            inputs = old.inputs if old is not None else {}
        elif provider is not None:
            olds = {} if fresh or old is None else old.inputs
            news = request.properties if fresh else inputs
            inputs, failures = provider.check(olds, news, run.options.preview)
            valid = not run.report_failures(new, failures, "error") and valid
        new.inputs = inputs
        if valid and run.new_plan is not None:
            run.new_plan.expect(
                new.urn, request, {} if fresh or old is None else old.inputs, inputs
            )
        return inputs, targeted, valid

    def _compared(
        self,
        request: Registration,
        old: ResourceState,
        new: ResourceState,
        provider: Provider | None,
    ) -> list[Step]:
        """Return the steps for a resource that is in the state."""
        triggered = self._triggered(old, new)
        try:
            diff = Diff(True) if triggered else self._diff(request, old, new, provider)
        except DiffUnavailable as error:
            self._run.events.diagnostic("warning", str(error), new.urn)
            diff = Diff(True)
        diff = replacing_on(diff, request.replace_on_changes)
        if triggered or (diff.changed and diff.replaces) or old.pending_replacement:
            return self._replacement(request, old, new, provider, diff)
        if diff.changed or old.init_errors:
            self.decisions.done["updates"].add(new.urn)
            return [UpdateStep(request, old, new, diff)]
        self.decisions.done["sames"].add(new.urn)
        return [SameStep(request, old, new)]

    def _diff(
        self,
        request: Registration,
        old: ResourceState,
        new: ResourceState,
        provider: Provider | None,
    ) -> Diff:
        if self._replaces(new.urn, old):
            return Diff(True, replace_keys=["id"])
        if any(urn in self.decisions.done["replaces"] for urn in new.replace_with):
            return Diff(True, replace_keys=["replaceWith"])
        if bool(old.provider) != bool(new.provider):
            return Diff(True, replace_keys=["provider"])
        if new.is_provider:
            return Diff(not equal(old.outputs, provider_config(new.inputs)))
        if provider is None:
            return Diff(not equal(old.inputs, new.inputs))
        return provider.diff(
            old,
            old.inputs,
            old.outputs,
            new.inputs,
            unknowns=self._run.options.preview,
            ignored=request.ignore_changes,
        )

    def _replaces(self, urn: str, old: ResourceState | None) -> bool:
        """Whether a resource is replaced because somebody said so on the command line."""
        replaces = self._run.options.replaces
        return (bool(replaces) and urn in replaces) or (old is not None and old.taint)

    def _triggered(self, old: ResourceState, new: ResourceState) -> bool:
        """Whether the trigger of a resource asks for its replacement.

        Raises:
            Bail: it is not known, outside of previews.
        """
        before, after = plain(old.replacement_trigger), plain(new.replacement_trigger)
        if not self._run.options.preview and contains_unknowns(after):
            message = f"replacement trigger contains unknowns for {new.urn}"
            self._run.error(message, new.urn)
            self.decisions.saw_error = True
            raise Bail("trigger")
        if contains_unknowns(before) or contains_unknowns(after):
            return True
        return before is not None and after is not None and not equal(before, after)

    def _replacement(
        self,
        request: Registration,
        old: ResourceState,
        new: ResourceState,
        provider: Provider | None,
        diff: Diff,
    ) -> list[Step]:
        run, urn = self._run, new.urn
        if new.protect and old.protect and not run.options.ignore_protect:
            run.error(
                f'unable to replace resource "{urn}"\nas it is currently marked for protection. '
                "To unprotect the resource, remove the `protect` flag from the resource in your "
                "program and run `up`",
                urn,
            )
            self.decisions.saw_error = True
            if not run.options.preview:
                raise Bail("protected")
        self.decisions.done["replaces"].add(urn)
        if provider is not None and not self._replaces(urn, old):
            # What `check` carried over from the old inputs does not hold for a new object.
            inputs, failures = provider.check({}, request.properties, run.options.preview)
            if run.report_failures(new, failures, "error"):
                raise Bail(f"resource {urn} has check errors")
            new.inputs = inputs
        delete_first = diff.delete_first
        if request.delete_before_replace is not None:
            delete_first = request.delete_before_replace
        if not delete_first:
            return [
                CreateStep(request, old, new, diff, replacing=True, pending_delete=True),
                ReplaceStep(old, new, diff),
            ]
        steps: list[Step] = self.dependents.deletes(old, urn)
        if old.provider:
            run.ensure_provider(old.provider)
        if not old.pending_replacement:
            steps.append(DeleteStep(old, self.decisions.deletes, replacing=True, pending=True))
        return [
            *steps,
            ReplaceStep(old, new, diff),
            CreateStep(request, old, new, diff, replacing=True),
        ]

    def _again(self, request: Registration, old: ResourceState, new: ResourceState) -> list[Step]:
        """Make a resource that was deleted early, because of what it depends on."""
        self.decisions.deletes.discard(new.urn)
        self.decisions.done["replaces"].add(new.urn)
        keys = Diff(True, replace_keys=self.dependents.keys.get(new.urn, []))
        return [ReplaceStep(old, new), CreateStep(request, old, new, keys, replacing=True)]

    # ------------------------------------------------------------------ plan and targets

    def _validated(self, steps: list[Step]) -> list[Step]:
        """Hold the steps against the plan and the targets."""
        for step in steps:
            self._planned(step)
        self.targeting.check(steps)
        return steps

    def _planned(self, step: Step) -> None:
        run = self._run
        if run.plan is not None:
            run.plan.allow(step.urn, step.op)
        if run.new_plan is not None:
            run.new_plan.add(self.decisions.new_of.get(step.urn, step.urn), step.op)

    # ------------------------------------------------------------------ reads

    def read(self, request: Reading) -> list[Step]:
        """Return the steps for a resource that is only read."""
        run = self._run
        urn = run.urn(request.parent, request.type, request.name)
        self._claim(urn)
        old, _, alias = self.aliases.old_resource(
            urn, request.name, request.type, request.parent, []
        )
        new = ResourceState(
            urn,
            request.type,
            True,
            request.id,
            request.properties,
            parent=request.parent,
            provider=request.provider,
            external=True,
            dependencies=request.dependencies,
            additional_secret_outputs=request.additional_secret_outputs,
            aliases=[alias] if alias else (),
            source_position=request.source_position,
            stack_trace=request.stack_trace,
        )
        if not new.id:
            raise StepFailed(f"Expected an ID for {urn}")
        if run.options.destroy_program:
            self.decisions.to_delete.append(new)
        if old is not None and not old.external and old.id != new.id:
            self.decisions.done["replaces"].add(urn)
            return [ReadStep(request, old, new, replacing=True), ReplaceStep(old, new)]
        self.decisions.done["reads"].add(urn)
        return [ReadStep(request, old, new)]
