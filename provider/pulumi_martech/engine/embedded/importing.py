"""`import --file`: takes what is there into the state, as the file says it.

The file is Pulumi's: `{"nameTable": {NAME: URN}, "resources": [{"type", "name", "logicalName",
"id", "parent", "provider", "component", "inputs", "outputs"}]}`. Resources of dynamic providers
need `inputs` and `outputs`, both with `__provider`: there is nothing to read them by.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .deployment import Deployment
from .errors import Bail, EngineError
from .readings import ImportStep
from .run import Run
from .state import (
    DEFAULT_PROVIDER_NAME,
    DYNAMIC_TYPE,
    PACKAGE,
    PROVIDER_TYPE,
    STACK_TYPE,
    ResourceState,
    urn_type,
)
from .steps import CreateStep, SameStep, Step
from .values import Properties, from_json

_KIND = PROVIDER_TYPE + PACKAGE


@dataclass(frozen=True)
class ImportFile:
    """What an import file says; called with the run, it imports it."""

    names: dict[str, str]
    resources: list[dict[str, Any]]
    protect: bool

    @classmethod
    def read(cls, path: Path, protect: bool) -> "ImportFile":
        """Read and check the file.

        Raises:
            EngineError: it cannot be used; all problems are named.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            resources = [_named(item) for item in data["resources"]]
            names = data.get("nameTable") or {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(f"the import file {path} cannot be read: {error}") from None
        problems = [text for item in resources for text in _problems(item)]
        problems += [
            f"'{name}' is there {times} times; set name (or logicalName) to be unique"
            for name, times in Counter(item["name"] for item in resources).items()
            if times > 1
        ]
        if problems:
            raise EngineError(f"the import file {path} cannot be used: {'; '.join(problems)}")
        return cls(names, resources, protect)

    def __call__(self, deployment: Deployment) -> None:
        """Import the resources.

        Raises:
            EngineError: a name in the file stands for nothing.
        """
        run = deployment.run
        urns = self._urns(run)
        deployment.deletes = False
        self._carry_out(deployment, [SameStep(None, r, r.copy()) for r in run.base if not r.delete])
        stack = run.urn("", STACK_TYPE, f"{run.project.name}-{run.stack}")
        fresh = bool(self.resources) and stack not in run.olds
        if fresh:
            self._carry_out(
                deployment, [CreateStep(None, None, ResourceState(stack, STACK_TYPE, False))]
            )
        providers = self._providers(deployment, urns)
        self._resources(deployment, self._states(run, urns, stack, providers))
        if fresh:
            deployment.set_outputs(stack, {})

    # ------------------------------------------------------------------ names

    def _urns(self, run: Run) -> dict[str, str]:
        """Return the urn that each name of the file stands for."""
        urns = dict(self.names)
        waiting = list(self.resources)
        while waiting:
            names = {item["name"] for item in waiting}
            rest = [i for i in waiting if i.get("parent") and i["parent"] not in urns]
            lost = [i for i in rest if i["parent"] not in names]
            if lost or len(rest) == len(waiting):
                texts = (
                    f"the parent '{i.get('parent')}' for resource '{i['name']}' of type "
                    f"'{i['type']}' has no entry in 'nameTable'"
                    for i in lost or waiting
                )
                raise EngineError("; ".join(texts))
            places = dict(urns)
            for item in waiting:
                above = item.get("parent") or ""
                if not above or above in places:
                    parent = places.get(above, "")
                    urns[item["name"]] = run.urn(parent, item["type"], item["logicalName"])
            waiting = rest
        return urns

    def _provider_urn(self, run: Run, item: dict[str, Any], urns: dict[str, str]) -> str:
        name = item.get("provider")
        if not name:
            return run.urn("", _KIND, DEFAULT_PROVIDER_NAME)
        urn = urns.get(name)
        whose = f"the provider '{name}' for resource '{item['name']}' of type '{item['type']}'"
        if urn is None:
            raise EngineError(f"{whose} has no entry in 'nameTable' or 'resources'")
        if not urn_type(urn).startswith(PROVIDER_TYPE):
            raise EngineError(f"{whose} is not a provider")
        return urn

    # ------------------------------------------------------------------ steps

    @staticmethod
    def _carry_out(deployment: Deployment, steps: list[Step]) -> None:
        deployment.executor.chain(steps)
        if deployment.run.closed:
            raise Bail("import")

    def _providers(self, deployment: Deployment, urns: dict[str, str]) -> dict[str, str]:
        """Make the provider resources that are missing; return references by urn."""
        run = deployment.run
        wanted: dict[str, tuple[Properties, str]] = {}
        for item in self.resources:
            if item["type"].startswith(PROVIDER_TYPE):
                inputs = from_json(item.get("inputs") or {}, str)
                parent = urns.get(item.get("parent") or "", "")
                wanted[urns[item["name"]]] = (inputs, parent)
        default = run.urn("", _KIND, DEFAULT_PROVIDER_NAME)
        for item in self.resources:
            if not item.get("component") and not item["type"].startswith(PROVIDER_TYPE):
                urn = self._provider_urn(run, item, urns)
                wanted.setdefault(urn, (deployment.default_config if urn == default else {}, ""))
        made = {
            urn: ResourceState(urn, _KIND, True, inputs=inputs, parent=parent)
            for urn, (inputs, parent) in sorted(wanted.items())
            if urn not in run.olds
        }
        self._carry_out(deployment, [CreateStep(None, None, state) for state in made.values()])
        return {urn: f"{urn}::{(run.olds.get(urn) or made[urn]).id}" for urn in wanted}

    def _states(
        self, run: Run, urns: dict[str, str], stack: str, providers: dict[str, str]
    ) -> list[ResourceState]:
        """Return the resources that are not in the state yet."""
        states: dict[str, ResourceState] = {}
        for item in self.resources:
            if item["type"].startswith(PROVIDER_TYPE):
                continue
            parent = urns.get(item.get("parent") or "", stack)
            urn = run.urn(parent, item["type"], item["logicalName"])
            if urn in states:
                run.error(
                    f"update failed: duplicate import '{item['name']}' of type '{item['type']}'"
                )
                raise Bail("import")
            known = run.olds.get(urn)
            if known is not None and (known.import_id or known.id) == item.get("id", ""):
                continue
            custom = not item.get("component")
            provider = providers[self._provider_urn(run, item, urns)] if custom else ""
            states[urn] = ResourceState(
                urn,
                item["type"],
                custom,
                inputs=from_json(item.get("inputs") or {}, str),
                outputs=from_json(item.get("outputs") or {}, str),
                parent=parent,
                provider=provider,
                protect=self.protect,
                import_id=item.get("id", ""),
            )
        return list(states.values())

    @staticmethod
    def _resources(deployment: Deployment, states: list[ResourceState]) -> None:
        """Import resources, parents first; those of one level at once."""
        run, executor = deployment.run, deployment.executor
        waiting = {state.urn: state for state in states}
        while waiting and not run.closed:
            level = [state for state in waiting.values() if state.parent not in waiting]
            for state in level:
                del waiting[state.urn]
            executor.group([ImportStep(state) for state in level])
            if executor.failed:
                kind = "preview" if run.options.preview else "update"
                reason = executor.first_failure
                run.error(f"{kind} failed: step application failed: {reason}")
                raise Bail("import")


def _named(item: dict[str, Any]) -> dict[str, Any]:
    """Fill in the one of the two names of a resource that the file leaves out."""
    name = item.get("name") or item.get("logicalName")
    return {**item, "name": name, "logicalName": item.get("logicalName") or name}


def _problems(item: dict[str, Any]) -> list[str]:
    name, kind = item["name"], item.get("type")
    if not kind or not name:
        return ["a resource has no type or no name"]
    if kind.startswith(PROVIDER_TYPE):
        right = kind == _KIND
        return [] if right else [f"'{name}' is of a provider that this engine does not cover"]
    if any(item.get(key) for key in ("version", "pluginDownloadUrl", "parameterization")):
        return [f"'{name}' asks for another provider plugin, which this engine does not cover"]
    if item.get("remote"):
        return [f"'{name}' is a remote component, which this engine does not cover"]
    if item.get("component"):
        return [f"'{name}' has an ID, but is marked as a component"] if item.get("id") else []
    if not kind.startswith(DYNAMIC_TYPE):
        return [f"'{name}' is of the type {kind}, which this engine does not cover"]
    if not item.get("id"):
        return [f"'{name}' has no id"]
    return [
        f"'{name}' has no {part} with __provider"
        for part in ("inputs", "outputs")
        if "__provider" not in (item.get(part) or {})
    ]
