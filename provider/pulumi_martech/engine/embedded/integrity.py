"""Whether the resources of a deployment fit together, and how they are put in order again.

Resources are as the deployment has them, so that no secret has to be opened for this.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .errors import EngineError
from .replay import with_urns, without_empty, without_gone
from .state import (
    PROVIDER_TYPE,
    make_urn,
    provider_urn,
    urn_name,
    urn_type,
)

State = dict[str, Any]


class Reference(NamedTuple):
    """What a resource refers to; `key` is the property that does."""

    kind: str
    urn: str
    key: str = ""


_AFTER = {  # what is wrong with a reference to what comes later, and to what is nowhere
    "parent": (
        "child resource {0}'s parent {1} comes after it",
        "child resource {0} refers to missing parent {1}",
    ),
    "dependency": (
        "resource {0}'s dependency {1} comes after it",
        "resource {0}'s dependency {1} refers to missing resource",
    ),
    "property dependency": (
        "resource {0}'s property dependency {1} (from property {2}) comes after it",
        "resource {0}'s property dependency {1} (from property {2}) refers to missing resource",
    ),
    "deleted with": (
        "resource {0} is specified as being deleted with {1}, which comes after it",
        "resource {0} is specified as being deleted with {1}, which is missing",
    ),
    "replace with": (
        "resource {0} is specified as being replaced with {1}, which comes after it",
        "resource {0} is specified as being replaced with {1}, which is missing",
    ),
}


def references(state: State) -> Iterator[Reference]:
    """Yield what a resource refers to, its provider left out."""
    if state.get("parent"):
        yield Reference("parent", state["parent"])
    for urn in state.get("dependencies") or []:
        yield Reference("dependency", urn)
    for key, urns in (state.get("propertyDependencies") or {}).items():
        for urn in urns or []:
            yield Reference("property dependency", urn, key)
    if state.get("deletedWith"):
        yield Reference("deleted with", state["deletedWith"])
    for urn in state.get("replaceWith") or []:
        yield Reference("replace with", urn)


def problem(resources: list[State]) -> str:
    """Return the first thing that is wrong with the resources, in the words of the real engine."""
    urns: dict[str, list[State]] = {}
    providers: set[str] = set()
    for at, state in enumerate(resources):
        urn = state["urn"]
        if not state.get("custom") and state.get("id"):
            return f"resource '{urn}' has 'custom false but non-empty ID"
        if state["type"].startswith(PROVIDER_TYPE):
            providers.add(f"{urn}::{state.get('id', '')}")
        provider = state.get("provider")
        if provider and provider not in providers and not state.get("pendingReplacement"):
            return f"resource {urn} refers to unknown provider {provider}"
        for reference in references(state):
            if reference.urn not in urns:
                later = any(other["urn"] == reference.urn for other in resources[at + 1 :])
                text = _AFTER[reference.kind][not later]
                return text.format(urn, reference.urn, reference.key)
        urns.setdefault(urn, []).append(state)
    for urn, states in urns.items():
        if sum(not state.get("delete") for state in states) > 1:
            return f"duplicate resource {urn} (not marked for deletion)"
    return ""


@dataclass
class Pruned:
    """What was taken from a resource that referred to what is nowhere."""

    old: State
    new: State
    removed: list[Reference] = field(default_factory=list)


def in_order(resources: list[State]) -> list[State]:
    """Return the resources, each behind all that it refers to.

    Raises:
        EngineError: they refer to each other in a circle.
    """
    halves: dict[bool, dict[str, State]] = {
        half: {r["urn"]: r for r in resources if bool(r.get("delete")) is half}
        for half in (True, False)
    }
    result: list[State] = []
    visited: dict[int, bool] = {}  # whether all that it refers to is done, too

    def meant(urn: str, asking: State) -> State | None:
        own = bool(asking.get("delete"))
        return halves[own].get(urn) or halves[not own].get(urn)

    # A stack of our own: a chain of parents may be longer than Python's.
    for first in resources:
        todo = [(first, _needed(first))] if id(first) not in visited else []
        visited.setdefault(id(first), False)
        while todo:
            state, rest = todo[-1]
            found = next((other for urn in rest if (other := meant(urn, state))), None)
            if found is None:
                todo.pop()
                if not visited[id(state)]:
                    visited[id(state)] = True
                    result.append(state)
            elif id(found) not in visited:
                visited[id(found)] = False
                todo.append((found, _needed(found)))
            elif not visited[id(found)]:
                raise EngineError("snapshot has cyclic dependencies")
    return result


def _needed(state: State) -> Iterator[str]:
    for reference in references(state):
        yield reference.urn
    if state.get("provider"):
        yield provider_urn(state["provider"])


def pruned(resources: list[State]) -> tuple[list[State], list[Pruned]]:
    """Return sorted resources without references to what is nowhere, and what was changed.

    A resource whose parent is nowhere gets the urn that it would have without one.
    """
    names: dict[str, str] = {}
    result, changes = [], []
    for state in resources:
        removed = [reference for reference in references(state) if reference.urn not in names]
        urn = state["urn"]
        stack, project = urn.removeprefix("urn:pulumi:").split("::")[:2]
        if state.get("parent"):
            parent = names.get(state["parent"], "")
            urn = make_urn(stack, project, parent, urn_type(urn), urn_name(urn))
        kept = dict(state)
        if removed:
            kept = without_empty(without_gone(state, names))
            if kept.get("parent") not in names:
                kept.pop("parent", None)
        new = with_urns(kept, lambda other: names.get(other, other))
        new["urn"] = urn
        if removed or urn != state["urn"]:
            changes.append(Pruned(state, new, removed))
        names[state["urn"]] = urn
        result.append(new)
    return result, changes


def moved(before: list[State], after: list[State]) -> list[State]:
    """Return what was moved itself: both what comes before it and what comes behind it differ."""

    def sides(states: list[State]) -> dict[str, tuple[str, str]]:
        urns = ["", *(state["urn"] for state in states), ""]
        return {urn: (urns[at], urns[at + 2]) for at, urn in enumerate(urns[1:-1])}

    was, now = sides(before), sides(after)
    return [
        state
        for state in after
        if all(a != b for a, b in zip(was[state["urn"]], now[state["urn"]], strict=True))
    ]
