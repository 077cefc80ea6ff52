"""`stack graph`: what depends on what and which parent things have, in the DOT format."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Style:
    """How a graph looks.

    Attributes:
        fragment: DOT that comes first.
        short: label resources by their names, not by their urns.
        dependencies: the colour of edges to dependents; `None` for no such edges.
        parents: the colour of edges to parents; `None` for no such edges.
    """

    fragment: str
    short: bool
    dependencies: str | None
    parents: str | None


def dot(resources: list[dict[str, Any]], style: Style) -> str:
    """Return the graph of the resources of a deployment, as the real engine writes it."""
    states = {state["urn"]: state for state in resources}  # of several, the last one
    edges: dict[str, list[tuple[str, str, str]]] = {urn: [] for urn in states}
    for resource in resources:
        state = states[resource["urn"]]
        if style.dependencies is not None:
            for urn, label in _needs(state):
                edges[urn].append((state["urn"], style.dependencies, label))
        if style.parents is not None and state.get("parent"):
            edges[state["urn"]].append((state["parent"], style.parents, ""))
    numbers: dict[str, int] = {}
    lines = ["strict digraph {", *([style.fragment] if style.fragment else [])]
    for urn in sorted(states):
        at = numbers.setdefault(urn, len(numbers))
        lines.append(f'    Resource{at} [label="{urn.split("::", 3)[3] if style.short else urn}"];')
        for other, colour, label in edges[urn]:
            to = numbers.setdefault(other, len(numbers))
            named = (("color", colour), ("label", label))
            looks = ", ".join(f'{name} = "{value}"' for name, value in named if value)
            lines.append(f"    Resource{at} -> Resource{to}{f' [{looks}]' if looks else ''};")
    return "\n".join([*lines, "}", ""])


def _needs(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a resource depends on, with the inputs that are made from it."""
    by = sorted((state.get("propertyDependencies") or {}).items())
    for urn in state.get("dependencies") or []:
        yield urn, ", ".join(name for name, urns in by for found in urns or [] if found == urn)
