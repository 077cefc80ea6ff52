"""What a delete-first replacement takes along: dependents that would have to be replaced too."""

from collections.abc import Sequence

from .decisions import Decisions
from .diffing import Diff, covers, parse_path
from .errors import Bail
from .run import Run
from .state import ResourceState, provider_urn
from .steps import DeleteStep, Step
from .values import UNKNOWN, Properties


class Dependents:
    """Looks at dependents, by the old state, before what they depend on goes.

    Attributes:
        keys: why a dependent was deleted early, by urn.
        deleted: identities of the resources that were.
    """

    def __init__(self, run: Run, decisions: Decisions):
        self._run = run
        self._decisions = decisions
        self.keys: dict[str, list[str]] = {}
        self.deleted: set[int] = set()

    def deletes(self, root: ResourceState, urn: str) -> list[Step]:
        """Return the deletes of dependents that a delete-first replacement takes along."""
        run = self._run
        steps: list[Step] = []
        dependents = self.replacements(root) if root in run.graph else []
        dependents += [(resource, []) for resource in self.replaced_with(urn)]
        for dependent, keys in reversed(dependents):
            if id(dependent) in self.deleted:
                continue
            if run.new_plan is not None:
                run.new_plan.mention(dependent.urn)
            self.keys[dependent.urn] = keys
            if dependent.delete:
                steps.append(DeleteStep(dependent, self._decisions.deletes))
            else:
                if dependent.protect and not run.options.ignore_protect:
                    run.error(
                        f'unable to replace resource "{dependent.urn}" as part of replacing '
                        f'"{urn}" as it is currently marked for protection. To unprotect the '
                        "resource, remove the `protect` flag from the resource in your program "
                        "and run `up`",
                        urn,
                    )
                    self._decisions.saw_error = True
                    raise Bail("protected")
                steps.append(
                    DeleteStep(dependent, self._decisions.deletes, replacing=True, pending=True)
                )
            self._decisions.deletes.add(dependent.urn)
            self.deleted.add(id(dependent))
        return steps

    def replacements(self, root: ResourceState) -> list[tuple[ResourceState, list[str]]]:
        """Return the dependents that would have to be replaced with `root`, and why."""
        replaced = {root.urn}
        # What was registered before cannot depend on the root any more.
        passed = set(self._decisions.deletes).union(*self._decisions.done.values())
        found = []
        for resource in self._run.graph.depending_on(root, passed, children=False):
            wanted, keys = self._wants_replacement(resource, replaced)
            if wanted:
                replaced.add(resource.urn)
                found.append((resource, keys))
        return found

    def replaced_with(self, urn: str) -> list[ResourceState]:
        """Return the resources that are to be replaced whenever `urn` is."""
        found = {
            state.urn: state
            for state in [*self._run.olds.values(), *self._run.news.values()]
            if urn in state.replace_with
        }
        return list(found.values())

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
        diff = replacing_on(diff, resource.replace_on_changes)
        return diff.replaces, diff.replace_keys


def replacing_on(diff: Diff, paths: Sequence[str]) -> Diff:
    """Turn changes of properties named in `replace_on_changes` into replacements."""
    if not diff.changed or not paths:
        return diff
    parsed = [parse_path(text) for text in paths]
    for text, change in (diff.detailed or {}).items():
        hit = any(covers(path, parse_path(text)) for path in parsed)
        if hit and not change.kind.endswith("-replace"):
            change.kind += "-replace"
    for key in diff.changed_keys:
        if key not in diff.replace_keys and any(covers(path, (key,)) for path in parsed):
            diff.replace_keys.append(key)
    return diff
