"""Refreshes: what is really there is taken into the state.

Where the program takes part, each resource is read when it is registered: with the provider as the
program configures it now, not as the state remembers it.
"""

from collections.abc import Iterator

from .errors import Bail
from .executor import Executor
from .generator import Generator
from .readings import ProgramRefreshStep, RefreshStep
from .requests import Opened, Registration
from .run import Run
from .state import ResourceState
from .steps import SameStep, Step
from .turns import Turns


class Refresh:
    """Reads all that is in the state, or what the program registers and then the rest."""

    def __init__(self, run: Run, executor: Executor, turns: Turns, generator: Generator):
        self._run = run
        self._executor = executor
        self._turns = turns
        self._generator = generator
        self._decisions = generator.decisions

    def all(self) -> None:
        """Read what is in the state before anything else is done.

        Raises:
            Bail: something could not be read.
        """
        run = self._run
        if not run.base:
            return
        self._generator.targeting.check_known(run.options.targets)
        self._generator.targeting.check_known(run.options.excludes)
        steps: dict[int, RefreshStep] = {}
        for resource in self._read():
            run.ensure_provider(resource.provider)
            steps[id(resource)] = RefreshStep(resource)
        self._executor.group(list(steps.values()))
        self._rebuild(steps)
        if run.snapshot is not None:
            run.snapshot.rebuilt(run.base)
        if self._executor.failed:
            run.error(("preview" if run.options.preview else "update") + " failed")
        if self._executor.failed or run.cancelled:
            raise Bail("refresh")

    def _read(self) -> Iterator[ResourceState]:
        """Yield the resources that are read."""
        options = self._run.options
        targets, excludes = options.targets.copy(), options.excludes.copy()
        for resource in self._run.base:
            limit = excludes or targets
            dependents = options.exclude_dependents if excludes else options.target_dependents
            named = resource.urn in limit
            if not named and dependents and any(urn in limit for urn in resource.references()):
                named = True
                limit.add(resource.urn)
            if named is not bool(excludes):
                yield resource

    def _rebuild(self, steps: dict[int, RefreshStep]) -> None:
        """Take what was found for the base; references to what is gone are dropped."""
        run = self._run
        base = []
        present: set[str] = set()
        parents: dict[str, str] = {}
        for resource in run.base:
            step = steps.get(id(resource))
            found = step.new if step is not None else resource
            if found is None:
                continue
            found.dependencies = [urn for urn in found.dependencies if urn in present]
            kept = {
                key: [urn for urn in urns if urn in present]
                for key, urns in found.property_dependencies.items()
            }
            found.property_dependencies = {key: urns for key, urns in kept.items() if urns}
            found.replace_with = [urn for urn in found.replace_with if urn in present]
            if found.deleted_with not in present:
                found.deleted_with = ""
            present.add(found.urn)
            base.append(found)
        for found in base:
            if found.parent not in present:
                found.parent = parents.get(found.parent, "")
            parents[found.urn] = found.parent
        run.rebase(base)

    # ------------------------------------------------------------------ with the program

    def register(self, request: Registration) -> ResourceState:
        """Read a resource that is in the state, and go on with what was found.

        Raises:
            MonitorClosed: the run has ended.
        """
        run, turns, generator = self._run, self._turns, self._generator
        opened = turns.generated(request, lambda: generator.open(request))
        old, new = opened.old, opened.new
        if old is not None:
            targeted = turns.generated(request, lambda: self._targeted(old))
            if targeted:
                step = ProgramRefreshStep(old, new)
                self._executor.chain([step])
                if not step.done:  # reported; nothing can be decided for what depends on it
                    run.bail()
                turns.generated(request, lambda: self._replace(old, step.new))
                opened = opened._replace(old=step.new)
        return turns.handle(request, lambda: self._steps(opened))

    def _targeted(self, old: ResourceState) -> bool:
        included = self._generator.targeting.names(old)
        if included:
            self._decisions.done["refreshes"].add(old.urn)
        return included

    def _replace(self, old: ResourceState, new: ResourceState | None) -> None:
        """Let what was found be the old state for all that comes."""
        run = self._run
        if new is None:
            run.olds.pop(old.urn, None)
            return
        self._decisions.done["refreshes"].add(new.urn)
        run.olds[old.urn] = new
        run.base[run.graph.replace(old, new)] = new

    def _steps(self, opened: Opened) -> list[Step]:
        """Return the steps that follow; a refresh alone makes and changes nothing but providers."""
        request, old, new, _ = opened
        decisions = self._decisions
        custom = new.custom and not new.is_provider
        skipped = any(urn in decisions.skipped_creates for urn in new.all_references())
        if not self._run.options.refresh_only or not (custom or skipped):
            return self._generator.go_on(opened)
        if old is None:
            decisions.done["sames"].add(new.urn)
            decisions.skipped_creates.add(new.urn)
            return [SameStep(request, new.copy(), new, skipped=True)]
        request.state, request.result = old, "success"
        return []

    def finish(self) -> None:
        """Read what the program has not registered; dependents neither come nor stay along."""
        run, decisions = self._run, self._decisions
        rest = [resource for resource in run.base if not decisions.operated_on(resource.urn)]
        steps = []
        for resource in filter(self._generator.targeting.named, rest):
            decisions.done["refreshes"].add(resource.urn)
            run.ensure_provider(resource.provider)
            steps.append(RefreshStep(resource))
        self._executor.group(steps)
        if run.snapshot is not None:
            run.snapshot.pruned()
