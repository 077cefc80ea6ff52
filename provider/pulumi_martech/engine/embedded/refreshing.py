"""Refreshes: what is really there is taken into the state.

Where the program takes part, each resource is read when it is registered: with the provider as the
program configures it now, not as the state remembers it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .errors import Bail
from .generator import Generator
from .readings import ProgramRefreshStep, RefreshStep
from .requests import Opened, Registration
from .state import ResourceState
from .steps import SameStep, Step

if TYPE_CHECKING:
    from .deployment import Deployment


class Refresh:
    """Reads all that is in the state, or what the program registers and then the rest."""

    def __init__(self, run: "Deployment", generator: Generator):
        self._run = run
        self._generator = generator

    def all(self) -> None:
        """Read what is in the state before anything else is done.

        Raises:
            Bail: something could not be read.
        """
        run = self._run
        if not run.base:
            return
        run.check_targets(run.options.targets)
        run.check_targets(run.options.excludes)
        steps: dict[int, RefreshStep] = {}
        for resource in self._read(run.base):
            run.ensure_provider(resource.provider)
            steps[id(resource)] = RefreshStep(resource)
        run.executor.group(run, list(steps.values()))
        self._rebuild(steps)
        if run.snapshot is not None:
            run.snapshot.rebuilt(run.base)
        if run.executor.failed:
            run.error(("preview" if run.options.preview else "update") + " failed")
        if run.executor.failed or run.cancelled:
            raise Bail("refresh")

    def _read(self, base: list[ResourceState]) -> Iterator[ResourceState]:
        """Yield the resources that are read."""
        options = self._run.options
        targets, excludes = options.targets.copy(), options.excludes.copy()
        for resource in base:
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
        run.base = base
        run.index()

    # ------------------------------------------------------------------ with the program

    def register(self, request: Registration) -> ResourceState:
        """Read a resource that is in the state, and go on with what was found.

        Raises:
            MonitorClosed: the run has ended.
        """
        run, generator = self._run, self._generator
        opened = run.generated(request, lambda: generator.open(request))
        old, new = opened.old, opened.new
        if old is not None:
            targeted = run.generated(request, lambda: self._targeted(old))
            if targeted:
                step = ProgramRefreshStep(old, new)
                run.executor.chain(run, [step])
                if not step.done:  # reported; nothing can be decided for what depends on it
                    run.bail()
                run.generated(request, lambda: self._replace(old, step.new))
                opened = opened._replace(old=step.new)
        return run.handle(request, lambda: self._steps(opened))

    def _targeted(self, old: ResourceState) -> bool:
        targeting = self._generator.targeting
        included = targeting.names(old)
        targeting.take(old, included)
        if included:
            self._generator.done["refreshes"].add(old.urn)
        return included

    def _replace(self, old: ResourceState, new: ResourceState | None) -> None:
        """Let what was found be the old state for all that comes."""
        run = self._run
        if new is None:
            run.olds.pop(old.urn, None)
            return
        self._generator.done["refreshes"].add(new.urn)
        run.olds[old.urn] = new
        run.base[run.graph.replace(old, new)] = new

    def _steps(self, opened: Opened) -> list[Step]:
        """Return the steps that follow; a refresh alone makes and changes nothing but providers."""
        request, old, new, _ = opened
        generator = self._generator
        custom = new.custom and not new.is_provider
        skipped = any(urn in generator.skipped_creates for urn in new.all_references())
        if not self._run.options.refresh_only or not (custom or skipped):
            return generator.go_on(opened)
        if old is None:
            generator.done["sames"].add(new.urn)
            generator.skipped_creates.add(new.urn)
            return [SameStep(request, new.copy(), new, skipped=True)]
        request.state, request.result = old, "success"
        return []

    def finish(self) -> None:
        """Read what the program has not registered."""
        run, generator = self._run, self._generator
        rest = [resource for resource in run.base if not generator.operated_on(resource.urn)]
        steps = []
        for resource in self._read(rest):
            generator.done["refreshes"].add(resource.urn)
            run.ensure_provider(resource.provider)
            steps.append(RefreshStep(resource))
        run.executor.group(run, steps)
        if run.snapshot is not None:
            run.snapshot.pruned()
