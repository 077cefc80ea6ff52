"""Decides what to do with each resource that the program registers, and with those it does not.

Calls `check` and `diff` of the providers, one resource at a time, and gives the steps to the
deployment, which carries them out.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .diffing import Diff, covers, parse_path, with_ignored
from .errors import Bail, StepFailed
from .providers import DiffUnavailable, Provider
from .state import (
    STACK_TYPE,
    Graph,
    ResourceState,
    make_urn,
    provider_urn,
    qualified_type,
    urn_name,
    urn_type,
)
from .steps import (
    CreateStep,
    DeleteStep,
    Reading,
    ReadStep,
    Registration,
    RemovePendingStep,
    ReplaceStep,
    SameStep,
    Step,
    UpdateStep,
    provider_config,
)
from .values import UNKNOWN, Properties, equal

if TYPE_CHECKING:
    from .deployment import Deployment


class Generator:
    """The steps of one run; remembers what was decided for each urn."""

    def __init__(self, run: "Deployment"):
        self._run = run
        self.seen: set[str] = set()  # urns of this run
        self.done: dict[str, set[str]] = {
            kind: set() for kind in ("reads", "creates", "sames", "updates", "replaces")
        }
        self.deletes: set[str] = set()
        self.skipped_creates: set[str] = set()
        self.saw_error = False
        self.targets = set(run.options.targets)
        self._pending_deletes: set[int] = set()
        self._early_keys: dict[str, list[str]] = {}
        self._new_of: dict[str, str] = {}  # old urn (an alias) to the new one
        self._old_of: dict[str, str] = {}  # new urn to the old one

    # ------------------------------------------------------------------ registrations

    def register(self, request: Registration) -> list[Step]:
        """Return the steps for a resource.

        Raises:
            Bail: the run ends; the reason is reported.
            StepFailed, PlanViolation: the run ends for this reason.
        """
        run = self._run
        if request.parent and request.parent not in self.seen:
            raise StepFailed(f"could not find parent resource {request.parent}")
        urn = run.urn(request.parent, request.type, request.name)
        self._claim(urn)
        old, valid, alias = self._old_resource(
            urn, request.name, request.type, request.parent, request.aliases
        )
        new = self._wanted(request, urn, old, alias)
        provider = run.provider_of(new) if new.custom and not new.is_provider else None
        inputs, targeted, valid = self._checked(request, old, new, provider, valid)
        if run.plan is not None and valid:
            run.plan.check_goal(urn, request, old, inputs)
        if not valid:
            raise Bail(f"resource {urn} is invalid")
        run.policies_checked(new)
        if urn in self.deletes and old is not None:
            return self._validated(self._again(request, old, new))
        if old is not None and old.external:
            self.done["creates"].add(urn)
            steps = [
                CreateStep(request, old, new, replacing=True, pending_delete=True),
                ReplaceStep(old, new),
            ]
            return self._validated(steps)
        if targeted and self._is_target(new):
            self.targets.add(urn)
        if old is not None and not targeted:
            return self._validated(self._left_alone(request, old))
        if old is not None:
            return self._validated(self._compared(request, old, new, provider))
        if not targeted:
            self.done["sames"].add(urn)
            self.skipped_creates.add(urn)
            return self._validated([SameStep(request, new.copy(), new, skipped=True)])
        self.done["creates"].add(urn)
        return self._validated([CreateStep(request, None, new)])

    def _claim(self, urn: str) -> None:
        if urn in self.seen:
            self._run.error(f"Duplicate resource URN '{urn}'; try giving it a unique name", urn)
            raise Bail("duplicate")
        self.seen.add(urn)

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
            aliases=[alias] if alias else [],
            custom_timeouts=request.custom_timeouts,
            retain_on_delete=bool(request.retain_on_delete),
            deleted_with=request.deleted_with,
            ignore_changes=request.ignore_changes,
            replace_on_changes=request.replace_on_changes,
            hide_diff=request.hide_diff,
            source_position=request.source_position,
            stack_trace=request.stack_trace,
        )
        if old is not None:
            new.created, new.modified = old.created, old.modified
        if new.is_provider:
            self._run.provider_states[urn] = new
        return new

    def _checked(
        self,
        request: Registration,
        old: ResourceState | None,
        new: ResourceState,
        provider: Provider | None,
        valid: bool,
    ) -> tuple[Properties, bool, bool]:
        """Call `check`; return the inputs, whether the resource is targeted, whether it is valid."""
        run = self._run
        known = urn_type(new.urn).startswith("pulumi:providers:") or new.type == STACK_TYPE
        targeted = known or not run.options.targets or self._is_target(new)
        inputs = request.properties
        fresh = old is None or old.external or new.urn in self.deletes
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
        try:
            diff = self._diff(request, old, new, provider)
        except DiffUnavailable as error:
            self._run.events.diagnostic("warning", str(error), new.urn)
            diff = Diff(True)
        diff = _replacing_on(diff, request.replace_on_changes)
        if (diff.changed and diff.replaces) or old.pending_replacement:
            return self._replacement(request, old, new, provider, diff)
        if diff.changed or old.init_errors:
            self.done["updates"].add(new.urn)
            return [UpdateStep(request, old, new, diff)]
        self.done["sames"].add(new.urn)
        return [SameStep(request, old, new)]

    def _diff(
        self,
        request: Registration,
        old: ResourceState,
        new: ResourceState,
        provider: Provider | None,
    ) -> Diff:
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

    def _replacement(
        self,
        request: Registration,
        old: ResourceState,
        new: ResourceState,
        provider: Provider | None,
        diff: Diff,
    ) -> list[Step]:
        run, urn = self._run, new.urn
        if new.protect and old.protect:
            run.error(
                f'unable to replace resource "{urn}"\nas it is currently marked for protection. '
                "To unprotect the resource, remove the `protect` flag from the resource in your "
                "program and run `up`",
                urn,
            )
            self.saw_error = True
            if not run.options.preview:
                raise Bail("protected")
        self.done["replaces"].add(urn)
        if provider is not None:
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
        steps: list[Step] = self._early_deletes(old, urn)
        if old.provider:
            run.ensure_provider(old.provider)
        if not old.pending_replacement:
            steps.append(DeleteStep(old, self.deletes, replacing=True, pending=True))
        return [
            *steps,
            ReplaceStep(old, new, diff),
            CreateStep(request, old, new, diff, replacing=True),
        ]

    def _again(self, request: Registration, old: ResourceState, new: ResourceState) -> list[Step]:
        """Make a resource that was deleted early, because of what it depends on."""
        self.deletes.discard(new.urn)
        self.done["replaces"].add(new.urn)
        keys = Diff(True, replace_keys=self._early_keys.get(new.urn, []))
        return [ReplaceStep(old, new), CreateStep(request, old, new, keys, replacing=True)]

    def _early_deletes(self, root: ResourceState, urn: str) -> list[Step]:
        """Return the deletes of dependents that a delete-first replacement takes along."""
        run = self._run
        steps: list[Step] = []
        dependents = self._dependent_replacements(root) if root in run.graph else []
        for dependent, keys in reversed(dependents):
            if id(dependent) in self._pending_deletes:
                continue
            if run.new_plan is not None:
                run.new_plan.mention(dependent.urn)
            self._early_keys[dependent.urn] = keys
            if dependent.delete:
                steps.append(DeleteStep(dependent, self.deletes))
            else:
                if dependent.protect:
                    run.error(
                        f'unable to replace resource "{dependent.urn}" as part of replacing '
                        f'"{urn}" as it is currently marked for protection. To unprotect the '
                        "resource, remove the `protect` flag from the resource in your program "
                        "and run `up`",
                        urn,
                    )
                    self.saw_error = True
                    raise Bail("protected")
                steps.append(DeleteStep(dependent, self.deletes, replacing=True, pending=True))
            self.deletes.add(dependent.urn)
            self._pending_deletes.add(id(dependent))
        return steps

    def _dependent_replacements(self, root: ResourceState) -> list[tuple[ResourceState, list[str]]]:
        """Return the dependents that would have to be replaced with `root`, and why."""
        replaced = {root.urn}
        # What was registered before cannot depend on the root any more.
        passed = set(self.deletes).union(*self.done.values())
        found = []
        for resource in self._run.graph.depending_on(root, passed, children=False):
            wanted, keys = self._wants_replacement(resource, replaced)
            if wanted:
                replaced.add(resource.urn)
                found.append((resource, keys))
        return found

    def _wants_replacement(
        self, resource: ResourceState, replaced: set[str]
    ) -> tuple[bool, list[str]]:
        run = self._run
        if not resource.custom or resource.external:
            return False, []
        if resource.provider and provider_urn(resource.provider) in replaced:
            run.ensure_provider(resource.provider)
            return True, []
        inputs: Properties = {}
        affected = False
        for name, value in resource.inputs.items():
            moved = any(urn in replaced for urn in resource.property_dependencies.get(name, ()))
            affected = affected or moved
            inputs[name] = UNKNOWN if moved else value
        if not affected or resource.is_provider:
            return False, []
        run.ensure_provider(resource.provider)
        diff = run.provider_of(resource).diff(
            resource,
            resource.inputs,
            resource.outputs,
            inputs,
            unknowns=True,
            ignored=resource.ignore_changes,
        )
        diff = _replacing_on(diff, resource.replace_on_changes)
        return diff.replaces, diff.replace_keys

    # ------------------------------------------------------------------ aliases

    def _old_resource(
        self, urn: str, name: str, kind: str, parent: str, aliases: list[Any]
    ) -> tuple[ResourceState | None, bool, str]:
        """Return the resource of the old state, whether that is clear, and the alias it is under."""
        run, valid = self._run, True
        if urn in self._new_of:
            run.error(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN "
                f"'{self._new_of[urn]}'",
                urn,
            )
            valid = False
        for candidate in [urn, *self._aliases(name, kind, parent, aliases)]:
            old = run.olds.get(candidate)
            if old is None:
                continue
            if candidate == urn:
                return old, valid, ""
            taken = candidate if candidate in self.seen else self._new_of.get(candidate)
            if taken is not None:
                run.error(
                    f"Duplicate resource alias '{candidate}' applied to resource with URN '{urn}' "
                    f"conflicting with resource with URN '{taken}'",
                    urn,
                )
                valid = False
            self._new_of[candidate] = urn
            self._old_of[urn] = candidate
            return old, valid, candidate
        return None, valid, ""

    def _aliases(self, name: str, kind: str, parent: str, aliases: list[Any]) -> Iterable[str]:
        own = [self._alias(name, kind, parent, alias) for alias in aliases]
        yield from own
        if parent in self._old_of:
            before = self._old_of[parent]
            for urn in [make_urn("", "", "", kind, name), *own]:
                child = urn_name(urn)
                if child.startswith(urn_name(parent)):
                    child = urn_name(before) + child[len(urn_name(parent)) :]
                yield self._run.urn(before, urn_type(urn), child)

    def _alias(self, name: str, kind: str, parent: str, alias: Any) -> str:
        if alias.urn:
            return str(alias.urn)
        spec = alias.spec
        above = spec.parentUrn or parent
        if spec.parentUrn in self._old_of:
            above = self._old_of[spec.parentUrn]
        if spec.noParent or (above and qualified_type(above) == STACK_TYPE):
            above = ""
        return make_urn(
            spec.stack or self._run.stack,
            spec.project or self._run.project.name,
            above,
            spec.type or kind,
            spec.name or name,
        )

    # ------------------------------------------------------------------ targets

    def _is_target(self, resource: ResourceState) -> bool:
        options = self._run.options
        if resource.urn in options.targets:
            return True
        return options.target_dependents and any(
            urn in self.targets for urn in resource.all_references()
        )

    def _left_alone(self, request: Registration | None, old: ResourceState) -> list[Step]:
        """Return `same` steps for an untargeted resource and for what it needs in the state."""
        if old.delete:
            return []
        self.seen.add(old.urn)
        self.done["sames"].add(old.urn)
        steps: list[Step] = []
        for urn in dict.fromkeys(old.all_references()):
            if self._decided(urn) or self.operated_on(urn):
                continue
            needed = self._run.olds.get(urn)
            if needed is None:
                raise StepFailed(f"{urn}, which untargeted resource {old.urn} needs, is not there")
            steps += self._left_alone(None, needed)
        new = old.copy()
        steps.append(SameStep(request, old, new, untargeted=True))
        return steps

    def _validated(self, steps: list[Step]) -> list[Step]:
        """Hold the steps against the plan and the targets."""
        run = self._run
        for step in steps:
            self._planned(step)
        if not run.options.targets:
            return steps
        for step in steps:
            if step.new is None or (isinstance(step, SameStep) and step.skipped):
                continue
            for urn in step.new.all_references():
                if urn in self.skipped_creates:
                    run.error(
                        f"Resource '{step.urn}' depends on '{urn}' which was was not specified in "
                        "--target list.",
                        step.urn,
                    )
                    self.saw_error = True
                    if not run.options.preview:
                        raise Bail("untargeted create")
                    self.skipped_creates.discard(urn)
        return steps

    def _planned(self, step: Step) -> None:
        run = self._run
        if run.plan is not None:
            run.plan.allow(step.urn, step.op)
        if run.new_plan is not None:
            run.new_plan.add(self._new_of.get(step.urn, step.urn), step.op)

    # ------------------------------------------------------------------ reads

    def read(self, request: Reading) -> list[Step]:
        """Return the steps for a resource that is only read."""
        run = self._run
        urn = run.urn(request.parent, request.type, request.name)
        self._claim(urn)
        old, _, alias = self._old_resource(urn, request.name, request.type, request.parent, [])
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
            aliases=[alias] if alias else [],
            source_position=request.source_position,
            stack_trace=request.stack_trace,
        )
        if not new.id:
            raise StepFailed(f"Expected an ID for {urn}")
        if old is not None and not old.external and old.id != new.id:
            self.done["replaces"].add(urn)
            return [ReadStep(request, old, new, replacing=True), ReplaceStep(old, new)]
        self.done["reads"].add(urn)
        return [ReadStep(request, old, new)]

    # ------------------------------------------------------------------ deletes

    def operated_on(self, urn: str) -> bool:
        """Tell whether a urn was registered or read in this run."""
        urn = self._new_of.get(urn, urn)
        return any(urn in self.done[k] for k in ("sames", "updates", "replaces", "reads"))

    def _decided(self, urn: str) -> bool:
        return urn in self.deletes or any(urn in urns for urns in self.done.values())

    def unregistered(self) -> tuple[list[Step], list[Step]]:
        """Return `same` steps for what the targets leave alone, and the deletes of the rest.

        Raises:
            Bail: something would go that is not targeted.
            PlanViolation: the plan does not have it.
        """
        run = self._run
        allowed = self._deletable() if run.options.targets else None
        sames: list[Step] = []
        deletes: list[Step] = []
        for resource in run.base:
            if allowed is not None and resource.urn not in allowed:
                if not self.operated_on(resource.urn) and not resource.delete:
                    new = resource.copy()
                    sames.append(SameStep(None, resource, new, untargeted=True))
                continue
            if resource.delete:
                if id(resource) in self._pending_deletes:
                    continue
                self.deletes.add(resource.urn)
                deletes.append(DeleteStep(resource, self.deletes, replacing=True))
            elif not self.operated_on(resource.urn):
                self.deletes.add(resource.urn)
                if resource.pending_replacement:
                    deletes.append(RemovePendingStep(resource))
                else:
                    deletes.append(DeleteStep(resource, self.deletes))
            if resource.urn in self.deletes and resource.provider:
                run.ensure_provider(resource.provider)
        for step in [*sames, *deletes]:
            self._planned_at_end(step)
        self._only_targets(deletes)
        return sames, deletes

    def _planned_at_end(self, step: Step) -> None:
        run = self._run
        if run.plan is not None:
            run.plan.allow(step.urn, step.op)
        if run.new_plan is not None:
            run.new_plan.mention(step.urn)
            run.new_plan.add(step.urn, step.op)

    def _only_targets(self, deletes: list[Step]) -> None:
        run = self._run
        if not run.options.targets or run.options.target_dependents:
            return
        outside = [step.urn for step in deletes if step.urn not in run.options.targets]
        for urn in outside:
            run.error(
                f"Resource '{urn}' will be destroyed but was not specified in --target list.\n"
                "Either include resource in --target list or pass --target-dependents to proceed.",
                urn,
            )
            self.saw_error = True
        if outside and not run.options.preview:
            raise Bail("delete untargeted resource")

    def _deletable(self) -> set[str]:
        """Return the urns that may go: the targets and what cannot stay without them."""
        run = self._run
        urns: set[str] = set()
        for resource in run.base:
            if resource.urn in run.options.targets:
                urns.add(resource.urn)
                graph = run.graph.depending_on(resource, set(), children=True)
                urns.update(r.urn for r in graph)
        allowed = set()
        for resource in run.base:
            if resource.urn in urns:
                allowed.add(resource.urn)
                allowed.update(r.urn for r, _ in self._dependent_replacements(resource))
        return allowed


def scheduled(steps: list[Step], graph: Graph) -> list[list[Step]]:
    """Put deletes into groups: each may run at once, dependents go before dependencies."""
    by_id = {id(step.old): step for step in steps}
    depth: dict[int, int] = {}
    order = [step.old for step in steps if step.old is not None]
    order.sort(key=lambda r: graph.index.get(id(r), 0))
    for resource in order:  # dependencies first, so their depth is known
        below = [depth[id(d)] for d in graph.dependencies(resource) if id(d) in depth]
        depth[id(resource)] = 1 + max(below, default=-1)
    groups: dict[int, list[Step]] = {}
    for resource in order:
        groups.setdefault(depth[id(resource)], []).append(by_id[id(resource)])
    return [groups[level] for level in sorted(groups, reverse=True)]


def _replacing_on(diff: Diff, paths: list[str]) -> Diff:
    """Turn changes of properties named in `replace_on_changes` into replacements."""
    if not diff.changed or not paths:
        return diff
    parsed = [parse_path(text) for text in paths]
    for text, change in (diff.detailed or {}).items():
        if any(covers(path, parse_path(text)) for path in parsed):
            if not change.kind.endswith("-replace"):
                change.kind += "-replace"
    for key in diff.changed_keys:
        if key not in diff.replace_keys and any(covers(path, (key,)) for path in parsed):
            diff.replace_keys.append(key)
    return diff
