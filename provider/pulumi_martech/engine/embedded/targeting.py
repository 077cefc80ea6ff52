"""What a run that is limited does with each resource: act on it, or leave it as it is."""

from .decisions import Decisions
from .errors import Bail, StepFailed
from .requests import Registration
from .run import Run
from .state import PROVIDER_TYPE, STACK_TYPE, ResourceState, provider_id, provider_urn
from .steps import SameStep, Step
from .targets import UrnTargets


class Targeting:
    """The targets and excludes of a run, which grow by dependents while it goes on."""

    def __init__(self, run: Run, decisions: Decisions):
        self._run = run
        self._decisions = decisions
        self._targets = run.options.targets.copy()
        self._excludes = run.options.excludes.copy()

    def check_known(self, named: UrnTargets) -> None:
        """Report what is named on the command line and is nowhere.

        Raises:
            Bail: there is such a urn.
        """
        run = self._run
        known = self._decisions.seen | {r.urn for r in run.base}
        unknown = [urn for urn in named.literals if urn not in known]
        for urn in unknown:
            hint = "" if "$" in urn else " Did you forget to escape $ in your shell?"
            run.error(f"Target '{urn}' could not be found in the stack.{hint}")
        if unknown:
            raise Bail("target")

    def includes(self, resource: ResourceState) -> bool:
        """Tell whether the run acts on a resource; it always does on providers and the stack."""
        if resource.type.startswith(PROVIDER_TYPE) or resource.type == STACK_TYPE:
            return True
        return self.names(resource)

    def names(self, resource: ResourceState) -> bool:
        """Tell whether a resource is one of the targets and none of the excludes."""
        options = self._run.options
        if options.targets:
            return self._is_target(resource)
        return not options.excludes or not self._is_excluded(resource)

    def named(self, resource: ResourceState) -> bool:
        """Tell whether a resource itself is to be acted on, whatever it depends on."""
        options = self._run.options
        if options.excludes:
            return resource.urn not in options.excludes
        return resource.urn in options.targets

    def take(self, resource: ResourceState, included: bool) -> None:
        """Remember a registered resource, for its dependents."""
        options = self._run.options
        if options.excludes and not included and self._is_excluded(resource):
            self._excludes.add(resource.urn)
        elif included and self._is_target(resource):
            self._targets.add(resource.urn)

    def _is_target(self, resource: ResourceState) -> bool:
        options = self._run.options
        if options.targets and resource.urn in options.targets:
            return True
        return options.target_dependents and any(
            urn in self._targets for urn in resource.all_references()
        )

    def _is_excluded(self, resource: ResourceState) -> bool:
        options = self._run.options
        if resource.urn in options.excludes:
            return True
        return options.exclude_dependents and any(
            urn in self._excludes for urn in resource.all_references()
        )

    def left_alone(self, request: Registration, old: ResourceState, urn: str) -> list[Step]:
        """Return `same` steps for a resource that is not acted on, and for what it needs.

        Args:
            request: what the program wants.
            old: the resource in the state, which stays.
            urn: what the program calls it.

        Raises:
            StepFailed: it has another provider now, or what it needs is not there.
        """
        self._check_provider(old, urn)
        return self._kept(request, old, urn)

    def _check_provider(self, old: ResourceState, urn: str) -> None:
        run = self._run
        if not old.provider or run.registry.get(old.provider) is not None:
            return
        known = run.olds.get(provider_urn(old.provider))
        if known is None or known.id != provider_id(old.provider):
            raise StepFailed(f"could not find provider {old.provider} in old state")
        raise StepFailed(
            f"provider {old.provider} for resource {urn} has not been registered yet, this is due "
            "to a change of providers mixed with --target. Change your program back to the "
            "original providers"
        )

    def _kept(self, request: Registration | None, old: ResourceState, urn: str) -> list[Step]:
        """Return `same` steps for a resource and for what it needs in the state."""
        if old.delete:
            return []
        decisions = self._decisions
        decisions.seen.add(old.urn)
        decisions.done["sames"].update((urn, old.urn))
        steps: list[Step] = []
        if old.provider:
            needed = self._run.olds.get(provider_urn(old.provider))
            missing = not decisions.decided(provider_urn(old.provider))
            if missing and needed is not None and needed.id == provider_id(old.provider):
                steps += [] if decisions.operated_on(needed.urn) else self._kept(None, needed, urn)
        for reference in dict.fromkeys(old.references()):
            if decisions.decided(reference):
                continue
            needed = self._run.olds.get(reference)
            if needed is None:
                raise StepFailed(
                    f"{reference}, which untargeted resource {urn} needs, is not there"
                )
            steps += self._kept(None, needed, urn)
        steps.append(SameStep(request, old, old.copy(), untargeted=True))
        return steps

    def check(self, steps: list[Step]) -> None:
        """Refuse steps that need a resource which the targets or excludes leave out.

        With excludes the real engine makes it, and then cannot read its own state any more.

        Raises:
            Bail: outside of previews; the reason is reported.
        """
        run, skipped = self._run, self._decisions.skipped_creates
        options = run.options
        if not options.targets and not options.replaces and not options.excludes:
            return
        why = "is left out by --exclude"
        if options.targets or options.replaces:
            why = "was was not specified in --target list"
        for step in steps:
            if step.new is None or (isinstance(step, SameStep) and step.skipped):
                continue
            for urn in step.new.all_references():
                if urn not in skipped:
                    continue
                run.error(f"Resource '{step.urn}' depends on '{urn}' which {why}.", step.urn)
                self._decisions.saw_error = True
                if not run.options.preview:
                    raise Bail("untargeted create")
                skipped.discard(urn)
