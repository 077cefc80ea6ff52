"""`import --file`: takes what is there into the state, as the file says it.

The file is Pulumi's: `{"nameTable": {NAME: URN}, "resources": [{"type", "name", "logicalName",
"id", "parent", "provider", "component", "inputs", "outputs"}]}`. `name` is what a resource is
called within the file, and its logical name too, unless `logicalName` says another. Resources of
dynamic providers need `inputs` and `outputs`, both with `__provider`: there is nothing to read them
by.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .deployment import Deployment
from .errors import Bail, EngineError
from .state import (
    DEFAULT_PROVIDER_NAME,
    DYNAMIC_TYPE,
    PACKAGE,
    PROVIDER_TYPE,
    STACK_TYPE,
    ResourceState,
)
from .steps import CreateStep, ImportStep, SameStep
from .values import from_json


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
            resources = data["resources"]
            names = data.get("nameTable") or {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(f"the import file {path} cannot be read: {error}") from None
        problems = [text for item in resources for text in _problems(item)]
        if problems:
            raise EngineError(f"the import file {path} cannot be used: {'; '.join(problems)}")
        return cls(names, resources, protect)

    def __call__(self, run: Deployment) -> None:
        """Import the resources."""
        run.deletes = False
        for old in run.base:
            if not old.delete:
                self._step(run, SameStep(None, old, old.copy()))
        stack = run.urn("", STACK_TYPE, f"{run.project.name}-{run.stack}")
        fresh = stack not in run.olds
        if fresh:
            self._step(run, CreateStep(None, None, ResourceState(stack, STACK_TYPE, False)))
        providers = self._providers(run, stack)
        done: set[str] = set()
        for item in self.resources:
            if item["type"].startswith(PROVIDER_TYPE):
                continue
            parent = self._urn(run, item.get("parent"), providers) or stack
            urn = run.urn(parent, item["type"], _logical(item))
            if urn in done:
                run.error(f"duplicate import '{item['name']}' of type '{item['type']}'")
                raise Bail("import")
            done.add(urn)
            known = run.olds.get(urn)
            if known is not None and known.id == item.get("id", ""):
                continue
            if known is not None:
                run.error(f"resource '{urn}' already exists", urn)
                raise Bail("import")
            self._step(run, ImportStep(self._state(run, item, urn, parent, providers)))
        if fresh and not run.closed:
            run.set_outputs(stack, {})

    @staticmethod
    def _step(run: Deployment, step: Any) -> None:
        run.carry_out([step])
        if run.closed:
            raise Bail("import")

    def _providers(self, run: Deployment, stack: str) -> dict[str, str]:
        """Make the provider resources that are missing; return urn to reference, and names."""
        kind = PROVIDER_TYPE + PACKAGE
        wanted: dict[str, ResourceState] = {}
        plain = [r for r in self.resources if not r["type"].startswith(PROVIDER_TYPE)]
        if any(not item.get("provider") and not item.get("component") for item in plain):
            urn = run.urn("", kind, DEFAULT_PROVIDER_NAME)
            wanted[urn] = ResourceState(urn, kind, True, inputs=run.default_config)
        for item in self.resources:
            if item["type"].startswith(PROVIDER_TYPE):
                urn = run.urn(stack, kind, _logical(item))
                inputs = from_json(item.get("inputs") or {}, str)
                above = self._urn(run, item.get("parent"), {})
                wanted[urn] = ResourceState(urn, kind, True, inputs=inputs, parent=above)
        for urn, state in wanted.items():
            if urn not in run.olds:
                self._step(run, CreateStep(None, None, state))
        known = {**run.olds, **wanted}
        return {
            urn: f"{urn}::{(run.olds.get(urn) or state).id}"
            for urn, state in known.items()
            if state.is_provider
        }

    def _urn(self, run: Deployment, name: str | None, providers: dict[str, str]) -> str:
        """Return the urn that a name of the file stands for."""
        if not name:
            return ""
        if name in self.names:
            return self.names[name]
        item = self._named.get(name)
        if item is not None:
            above = self._urn(run, item.get("parent"), providers)
            stack = run.urn("", STACK_TYPE, f"{run.project.name}-{run.stack}")
            return run.urn(above or stack, item["type"], _logical(item))
        known = [*run.olds, *providers]
        found = [urn for urn in known if urn == name or urn.endswith(f"::{name}")]
        if not found:
            run.error(f"the name '{name}' is not in the nameTable and nothing is called so")
            raise Bail("import")
        return found[0]

    @cached_property
    def _named(self) -> dict[str, dict[str, Any]]:
        """The resources of the file by what they are called in it."""
        return {item["name"]: item for item in reversed(self.resources)}

    def _state(
        self,
        run: Deployment,
        item: dict[str, Any],
        urn: str,
        parent: str,
        providers: dict[str, str],
    ) -> ResourceState:
        custom = not item.get("component")
        reference = ""
        if custom:
            kind = PROVIDER_TYPE + PACKAGE
            named = self._urn(run, item.get("provider"), providers)
            provider = named or run.urn("", kind, DEFAULT_PROVIDER_NAME)
            if provider not in providers:
                run.error(f"the provider '{provider}' of '{item['name']}' is not there", urn)
                raise Bail("import")
            reference = providers[provider]
        return ResourceState(
            urn,
            item["type"],
            custom,
            inputs=from_json(item.get("inputs") or {}, str),
            outputs=from_json(item.get("outputs") or {}, str),
            parent=parent,
            provider=reference,
            protect=self.protect,
            import_id=item.get("id", ""),
        )


def _logical(item: dict[str, Any]) -> str:
    return str(item.get("logicalName") or item["name"])


def _problems(item: dict[str, Any]) -> list[str]:
    name = item.get("name")
    if not item.get("type") or not name:
        return ["a resource has no type or no name"]
    kind = item["type"]
    if kind.startswith(PROVIDER_TYPE):
        right = kind == PROVIDER_TYPE + PACKAGE
        return [] if right else [f"'{name}' is of a provider that this engine does not cover"]
    if item.get("component"):
        return []
    if not kind.startswith(DYNAMIC_TYPE):
        return [f"'{name}' is of the type {kind}, which this engine does not cover"]
    if not item.get("id"):
        return [f"'{name}' has no id"]
    found = []
    for part in ("inputs", "outputs"):
        if "__provider" not in (item.get(part) or {}):
            found.append(f"'{name}' has no {part} with __provider")
    return found
