"""Resources of a deployment (version 3) and their JSON form."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import Any

from .values import PROVIDER_KEY, Properties, Secret, Value, from_json, number, to_json

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_TYPE = "pulumi:providers:"
PACKAGE = "pulumi-python"
BUILTIN = "pulumi"  # the package of what the engine provides itself
STACK_REFERENCE = "pulumi:pulumi:StackReference"
DYNAMIC_TYPE = f"{PACKAGE}:dynamic"
DEFAULT_PROVIDER_NAME = "default"

# What many resources have nothing of is one object for all of them: they are read, never added to.
Names = Sequence[str]
NamesBy = Mapping[str, Names]
Frames = Sequence[Mapping[str, str]]
NO_NAMES: Names = []  # a list, as it is compared with what was read from JSON
NOTHING: Mapping[str, Any] = MappingProxyType({})


def nothing() -> Mapping[str, Any]:
    """Return `NOTHING`."""
    return NOTHING


# JSON name, attribute, of what is copied as it is; in the order of the format.
_PLAIN = (
    ("protect", "protect"),
    ("taint", "taint"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("initErrors", "init_errors"),
    ("provider", "provider"),
    ("propertyDependencies", "property_dependencies"),
    ("pendingReplacement", "pending_replacement"),
    ("additionalSecretOutputs", "additional_secret_outputs"),
    ("aliases", "aliases"),
    ("importID", "import_id"),
    ("retainOnDelete", "retain_on_delete"),
    ("deletedWith", "deleted_with"),
    ("replaceWith", "replace_with"),
    ("created", "created"),
    ("modified", "modified"),
    ("sourcePosition", "source_position"),
    ("stackTrace", "stack_trace"),
    ("ignoreChanges", "ignore_changes"),
    ("hideDiff", "hide_diff"),
    ("replaceOnChanges", "replace_on_changes"),
    ("resourceHooks", "resource_hooks"),
)
_KNOWN = {name for name, _ in _PLAIN} | {
    "customTimeouts", "replacementTrigger",
    "urn", "custom", "delete", "id", "type", "inputs", "outputs", "parent",
}  # fmt: skip


@dataclass(eq=False, slots=True)
class ResourceState:
    """One resource of a deployment; compared by identity, since a urn may occur twice."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    delete: bool = False
    protect: bool = False
    taint: bool = False
    external: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    import_id: str = ""
    dependencies: Names = ()
    property_dependencies: NamesBy = field(default_factory=nothing)
    replace_with: Names = ()
    replacement_trigger: Value = None
    init_errors: Names = ()
    additional_secret_outputs: Names = ()
    aliases: Names = ()
    ignore_changes: Names = ()
    replace_on_changes: Names = ()
    hide_diff: Names = ()
    resource_hooks: NamesBy = field(default_factory=nothing)
    custom_timeouts: Mapping[str, Any] = field(default_factory=nothing)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: Frames = ()
    rest: Mapping[str, Any] = field(default_factory=nothing)

    @property
    def name(self) -> str:
        """The name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def is_provider(self) -> bool:
        """Whether this is a provider resource."""
        return self.type.startswith(PROVIDER_TYPE)

    def copy(self) -> "ResourceState":
        """Return a copy that can be changed."""
        return replace(self)

    def references(self) -> Iterator[str]:
        """Yield the urns this resource refers to, its provider left out."""
        if self.parent:
            yield self.parent
        yield from self.needs()

    def needs(self) -> Iterator[str]:
        """Yield the urns this resource refers to, its provider and its parent left out."""
        yield from self.dependencies
        for urns in self.property_dependencies.values():
            yield from urns
        if self.deleted_with:
            yield self.deleted_with
        yield from self.replace_with

    def all_references(self) -> Iterator[str]:
        """Yield the urns this resource refers to, its provider included."""
        if self.provider:
            yield provider_urn(self.provider)
        yield from self.references()

    def to_json(self, secret: Callable[[Secret], Any]) -> dict[str, Any]:
        """Return the JSON form; empty values are left out."""
        data: dict[str, Any] = {"urn": self.urn, "custom": self.custom}
        if self.delete:
            data["delete"] = True
        if self.id:
            data["id"] = self.id
        data["type"] = self.type
        if self.inputs:
            data["inputs"] = to_json(self.inputs, secret)
        if self.outputs:
            data["outputs"] = to_json(self.outputs, secret)
        if self.parent:
            data["parent"] = self.parent
        for name, attribute in _PLAIN:
            value = getattr(self, attribute)
            if value:
                data[name] = value
        if self.replacement_trigger is not None:
            data["replacementTrigger"] = to_json(self.replacement_trigger, secret)
        if self.custom_timeouts:
            data["customTimeouts"] = {k: number(v) for k, v in self.custom_timeouts.items()}
        data.update(self.rest)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any], decrypt: Callable[[str], str]) -> "ResourceState":
        """Read a resource of a state file."""
        state = cls(
            data["urn"],
            intern(data["type"]),
            data["custom"],
            data.get("id", ""),
            from_json(data.get("inputs") or {}, decrypt),
            from_json(data.get("outputs") or {}, decrypt),
            intern(data.get("parent", "")),
            delete=data.get("delete", False),
        )
        for name, attribute in _PLAIN:
            value = data.get(name)
            if value:
                setattr(state, attribute, value)
        # Few texts, of many resources.
        state.provider = intern(state.provider)
        state.stack_trace = same_frames(state.stack_trace)
        state.dependencies = [intern(urn) for urn in state.dependencies]
        state.property_dependencies = {
            intern(key): urns or NO_NAMES for key, urns in state.property_dependencies.items()
        }
        share_texts(state.outputs, state.inputs)
        share_provider(state.inputs)
        share_provider(state.outputs)
        state.replacement_trigger = from_json(data.get("replacementTrigger"), decrypt)
        timeouts = data.get("customTimeouts") or {}
        if timeouts:
            state.custom_timeouts = {name: float(value) for name, value in timeouts.items()}
        rest = {key: value for key, value in data.items() if key not in _KNOWN}
        state.rest = rest or NOTHING
        return state


def share_provider(properties: Properties) -> None:
    """Have the serialised provider of a resource as one text with those of others."""
    text = properties.get(PROVIDER_KEY)
    if isinstance(text, str):
        properties[PROVIDER_KEY] = intern(text)


def share_texts(properties: Properties, others: Properties) -> None:
    """Have the texts that are in both as one."""
    for name, value in properties.items():
        given = others.get(name)
        if isinstance(value, str) and value == given:
            properties[name] = given


def same_frames(frames: Frames) -> Frames:
    """Return the one object for the same frames of many resources."""
    if any(frame.keys() != {"sourcePosition"} for frame in frames):
        return frames
    return _frames(tuple(frame["sourcePosition"] for frame in frames))


@lru_cache(1024)
def _frames(positions: tuple[str, ...]) -> Frames:
    return [{"sourcePosition": position} for position in positions]


# ------------------------------------------------------------------ urns


def is_urn(text: str) -> bool:
    """Whether a text has the form of a urn."""
    return text.startswith("urn:pulumi:") and text.count("::") >= 3


def make_urn(stack: str, project: str, parent: str, kind: str, name: str) -> str:
    """Return the urn of a resource; `parent` is a urn or empty."""
    above = qualified_type(parent) if parent else ""
    if above and above != STACK_TYPE:
        kind = f"{above}${kind}"
    return f"urn:pulumi:{stack}::{project}::{kind}::{name}"


def qualified_type(urn: str) -> str:
    """Return the chain of types of a urn."""
    return urn.split("::", 3)[2]


def urn_type(urn: str) -> str:
    """Return the type of the resource itself."""
    return qualified_type(urn).rsplit("$", 1)[-1]


def urn_name(urn: str) -> str:
    """Return the name of a urn."""
    return urn.split("::", 3)[3]


def provider_urn(reference: str) -> str:
    """Return the urn of `URN::ID`."""
    return reference.rsplit("::", 1)[0]


def provider_id(reference: str) -> str:
    """Return the id of `URN::ID`."""
    return reference.rsplit("::", 1)[1]


def is_default_provider(urn: str) -> bool:
    """Tell whether the urn is of a provider that the engine made itself."""
    return urn_type(urn).startswith(PROVIDER_TYPE) and (
        urn_name(urn) == DEFAULT_PROVIDER_NAME or urn_name(urn).startswith("default_")
    )


def now() -> str:
    """Return the time as it is written in state."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# ------------------------------------------------------------------ graph


class Graph:
    """What depends on what in a list of resources that is sorted by dependency."""

    def __init__(self, resources: list[ResourceState]):
        self.resources = resources
        self.index = {id(r): i for i, r in enumerate(resources)}
        self._by_urn: dict[str, list[ResourceState]] = {}
        for resource in resources:
            self._by_urn.setdefault(resource.urn, []).append(resource)
        self._below: dict[str, list[ResourceState]] | None = None

    def __contains__(self, resource: ResourceState) -> bool:
        return id(resource) in self.index

    def replace(self, old: ResourceState, new: ResourceState) -> int:
        """Put a resource in the place of another one; return where that is."""
        at = self.index.pop(id(old))
        self.index[id(new)] = at
        self.resources[at] = new
        halves = self._by_urn[old.urn]
        halves[[half is old for half in halves].index(True)] = new
        if new.urn != old.urn:
            self._by_urn.setdefault(new.urn, []).append(new)
        return at

    def dependencies(self, resource: ResourceState) -> list[ResourceState]:
        """Return what a resource refers to directly; with a component, what is below it."""
        at = self.index.get(id(resource), len(self.resources))
        needed = set(resource.needs())
        found = {}
        for urn in resource.all_references():
            for other in self._by_urn.get(urn, ()):
                # A urn may occur twice: what is meant is listed before.
                if other is resource or self.index[id(other)] >= at:
                    continue
                found[id(other)] = other
                if other.custom or urn not in needed:
                    continue
                for child in self._children(urn):
                    if self.index[id(child)] < at:
                        found[id(child)] = child
        return list(found.values())

    def _children(self, urn: str) -> list[ResourceState]:
        """Return what is below a component, at any depth."""
        if self._below is None:
            self._below = {}
            parents = {resource.urn: resource.parent for resource in self.resources}
            for resource in self.resources:
                parent = resource.parent
                while parent:
                    self._below.setdefault(parent, []).append(resource)
                    parent = parents.get(parent, "")
        return self._below.get(urn, [])

    def transitive_dependencies(self, resource: ResourceState) -> list[ResourceState]:
        """Return what a resource refers to, directly or not.

        Where a urn has an old half that is to be deleted and a new one, an old half refers to old
        halves and everything else to new ones.
        """
        found: dict[int, ResourceState] = {}
        todo = [resource.urn]
        halves: list[ResourceState] = [resource]
        while todo:
            urn, asking = todo.pop(), halves.pop()
            meant = self._meant(urn, asking)
            if meant is None or id(meant) in found:
                continue
            found[id(meant)] = meant
            for reference in meant.all_references():
                todo.append(reference)
                halves.append(meant)
        found.pop(id(resource), None)
        return list(found.values())

    def _meant(self, urn: str, asking: ResourceState) -> ResourceState | None:
        candidates = self._by_urn.get(urn, [])
        old = [c for c in candidates if c.delete]
        new = [c for c in candidates if not c.delete]
        ranked = (old, new) if asking.delete else (new, old)
        for group in ranked:
            if group:
                return group[-1]
        return None

    def depending_on(
        self, resource: ResourceState, ignore: set[str], children: bool
    ) -> list[ResourceState]:
        """Return what depends on a resource, directly or not, in order.

        Args:
            resource: what the others depend on.
            ignore: urns that are passed over.
            children: whether a child depends on its parent.
        """
        urns = {resource.urn}
        found = []
        for other in self.resources[self.index.get(id(resource), -1) + 1 :]:
            if other.urn in ignore or other.urn == resource.urn:
                continue
            references = set(other.dependencies)
            for names in other.property_dependencies.values():
                references.update(names)
            if other.provider:
                references.add(provider_urn(other.provider))
            if other.deleted_with:
                references.add(other.deleted_with)
            references.update(other.replace_with)
            if children and other.parent:
                references.add(other.parent)
            if references & urns:
                urns.add(other.urn)
                found.append(other)
        return found
