"""What goes at the end of a run: resources that the program did not register, and old halves."""

from collections.abc import Callable

from .decisions import Decisions
from .dependents import Dependents
from .errors import Bail, PlanViolation
from .executor import Executor
from .run import Run
from .state import Graph, ResourceState
from .steps import DeleteStep, RemovePendingStep, SameStep, Step


class Deletes:
    """Finds the deletes of a run, once everything is registered."""

    def __init__(self, run: Run, executor: Executor, decisions: Decisions, dependents: Dependents):
        self._run = run
        self._executor = executor
        self._decisions = decisions
        self._dependents = dependents

    def carry_out(self) -> None:
        """Delete what is to go; what could not be deleted keeps what it needs.

        Raises:
            Bail: the plan does not have it.
        """
        run = self._run
        try:
            sames, deletes = self.find()
        except Bail:
            return  # reported; how the run went is said at the end
        except PlanViolation as violation:
            run.error(str(violation))
            raise Bail("plan") from None
        for step in sames:
            self._executor.chain([step])
        seen: set[int] = set()
        kept: set[int] = set()
        condemned = self._decisions.to_delete
        graph = Graph([*condemned, *run.base]) if condemned else run.graph
        for group in scheduled(deletes, graph):
            for failed in self._executor.errored:
                if id(failed) not in seen:
                    seen.add(id(failed))
                    kept.update(id(state) for state in self._needed(failed, Graph(condemned)))
            self._executor.group([step for step in group if id(step.old) not in kept])
            if run.closed:
                return

    def _needed(self, failed: Step, condemned: Graph) -> list[ResourceState]:
        """Return what a resource needs whose step failed."""
        found = []
        for state in (failed.resource, failed.old):
            for graph in (self._run.graph, condemned):
                if state is not None and state in graph:
                    found += graph.transitive_dependencies(state)
                    break
        return found

    def find(self) -> tuple[list[Step], list[Step]]:
        """Return `same` steps for what the targets leave alone, and the deletes of the rest.

        Raises:
            Bail: something would go that is not targeted.
            PlanViolation: the plan does not have it.
        """
        run = self._run
        acted_on = self._acted_on()
        sames: list[Step] = []
        deletes: list[Step] = []
        for resource in run.base:
            if not acted_on(resource.urn):
                if not self._decisions.operated_on(resource.urn):
                    new = resource.copy()
                    sames.append(SameStep(None, resource, new, untargeted=True))
                continue
            if resource.delete:
                if id(resource) in self._dependents.deleted:
                    continue
                self._decisions.deletes.add(resource.urn)
                deletes.append(DeleteStep(resource, self._decisions.deletes, replacing=True))
            elif not self._decisions.operated_on(resource.urn):
                self._decisions.deletes.add(resource.urn)
                if resource.pending_replacement:
                    deletes.append(RemovePendingStep(resource))
                else:
                    deletes.append(DeleteStep(resource, self._decisions.deletes))
            if resource.urn in self._decisions.deletes and resource.provider:
                run.ensure_provider(resource.provider)
        for resource in self._decisions.to_delete:
            if acted_on(resource.urn):
                self._decisions.deletes.add(resource.urn)
                deletes.append(DeleteStep(resource, self._decisions.deletes))
        for step in [*sames, *deletes]:
            self._planned(step)
        self._only_targets(deletes)
        return sames, deletes

    def _planned(self, step: Step) -> None:
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
            self._decisions.saw_error = True
        if outside and not run.options.preview:
            raise Bail("delete untargeted resource")

    def _acted_on(self) -> Callable[[str], bool]:
        """Return the question whether a resource of the state may go."""
        options = self._run.options
        if options.targets:
            allowed = self._allowed()
            return lambda urn: urn in allowed
        if options.excludes:
            kept = self._kept()
            return lambda urn: urn not in kept
        return lambda urn: True

    def _allowed(self) -> set[str]:
        """Return the targets, and what cannot stay without them."""
        run, dependents = self._run, self._dependents
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
                allowed.update(r.urn for r, _ in dependents.replacements(resource))
                allowed.update(r.urn for r in dependents.replaced_with(resource.urn))
        return allowed

    def _kept(self) -> set[str]:
        """Return what is excluded, and what it needs."""
        run = self._run
        kept: set[str] = set()
        todo = [resource for resource in run.base if resource.urn in run.options.excludes]
        while todo:
            resource = todo.pop()
            if resource.urn in kept:
                continue
            kept.add(resource.urn)
            todo += run.graph.dependencies(resource)
            if run.options.exclude_dependents:
                todo += run.graph.depending_on(resource, kept, children=True)
        return {urn for urn in kept if urn in run.olds}


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
