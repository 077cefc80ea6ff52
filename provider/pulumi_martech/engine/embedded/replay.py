"""Applies the entries of a journal to the deployment that it continues."""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

from .checkpoint import Deployment, Resources, State, decoded, encoded
from .state import STACK_TYPE, make_urn, provider_id, provider_urn, qualified_type

Entry = dict[str, Any]


class Replayer:
    """Applies entries to a deployment; resources are lines."""

    def __init__(self, base: Deployment):
        self.base = {**base, "resources": Resources.of(base.get("resources") or [])}
        self._clear()

    def _clear(self) -> None:
        self._new: list[bytes | None] = []
        self._index: dict[int, int] = {}  # operation to its place in `_new`
        self._gone: set[int] = set()
        self._replaced: dict[int, bytes] = {}
        self._open: dict[int, Entry] = {}
        self._refreshed = False
        self._reread = False

    def add(self, entry: Entry) -> None:
        """Apply one entry."""
        kind, number = entry["kind"], entry.get("op", 0)
        if kind == "begin":
            self._open[number] = entry
        elif kind == "same":  # unchanged: the old state, but now in the order of this run
            self._open.pop(number, None)
            self._append(number, self._base(entry["removeOld"]))
            self._gone.add(entry["removeOld"])
        elif kind == "success":
            self._open.pop(number, None)
            self._reread = self._reread or "reread" in entry
            if "state" in entry:
                self._append(number, encoded(entry["state"]))
            self._marks(entry)
        elif kind == "refresh":
            self._open.pop(number, None)
            self._refreshed = True
            old = entry["removeOld"]
            if "state" in entry:
                self._replaced[old] = encoded(entry["state"])
            else:
                self._gone.add(old)
        elif kind == "failure":
            self._open.pop(number, None)
        elif kind == "outputs":
            if "removeOld" in entry:
                self._replaced[entry["removeOld"]] = encoded(entry["state"])
            elif self._new[self._index[entry["removeNew"]]] is not None:  # or it was deleted since
                self._new[self._index[entry["removeNew"]]] = encoded(entry["state"])
        elif kind == "salt":
            self.base = {**self.base, "secrets_providers": secrets_providers(entry["salt"])}
        elif kind == "pruned":
            self._refreshed = True
        elif kind == "rebuilt":
            self._refreshed = True  # also where the targets left nothing to read
            self.base = self.deployment()
            self._clear()

    def _append(self, number: int, line: bytes) -> None:
        self._index[number] = len(self._new)
        self._new.append(line)

    def _base(self, at: int) -> bytes:
        resources: Resources = self.base["resources"]
        return self._replaced.get(at) or resources.lines[at]

    def _marks(self, entry: Entry) -> None:
        if "removeOld" in entry:
            self._gone.add(entry["removeOld"])
        if "removeNew" in entry:
            self._new[self._index[entry["removeNew"]]] = None
        for name, mark in (("delete", "delete"), ("pendingReplacement", "pendingReplacement")):
            if f"{name}Old" in entry:
                at = entry[f"{name}Old"]
                self._replaced[at] = _marked(self._base(at), mark)
            if f"{name}New" in entry:
                at = self._index[entry[f"{name}New"]]
                self._new[at] = _marked(self._new[at] or b"{}", mark)

    def deployment(self) -> Deployment:
        """Return the deployment with everything applied."""
        lines = [line for line in self._new if line is not None]
        registered = len(lines)
        kept = (at for at in range(len(self.base["resources"])) if at not in self._gone)
        lines += map(self._base, kept)
        operations = [e["operation"] for e in self._open.values() if "operation" in e]
        # A create that was interrupted stays until somebody looked; the others are seen by a diff.
        operations += [
            operation
            for operation in self.base.get("pending_operations") or []
            if operation["type"] == "creating"
        ]
        if self._refreshed or self._reread:
            full = len(lines) if not self._refreshed else registered if self._reread else 0
            lines = [encoded(state) for state in repaired(map(decoded, lines), full)]
        result = {k: v for k, v in self.base.items() if k != "pending_operations"}
        result["resources"] = renamed(Resources(lines))
        if operations:
            result["pending_operations"] = operations
        return result


def _marked(line: bytes, mark: str) -> bytes:
    return encoded({**decoded(line), mark: True})


def secrets_providers(salt: str) -> dict[str, Any]:
    """Return what a deployment says of the encryption of its secrets."""
    return {"type": "passphrase", "state": {"salt": salt}}


def repaired(resources: Iterable[State], full: int = 0) -> Iterator[State]:
    """Yield resources without references to those that a refresh found gone.

    Args:
        resources: of the deployment.
        full: how many of them, from the first, keep what is empty if nothing had to be dropped.
    """
    present: set[str] = set()
    parents: dict[str, str] = {}
    for at, given in enumerate(resources):
        state = without_gone(given, present)
        if state.get("parent") and state["parent"] not in present:
            state["parent"] = parents.get(state["parent"], "")
        parents[state["urn"]] = state.get("parent", "")
        present.add(state["urn"])
        yield given if at < full and state == given else without_empty(state)


def without_gone(state: State, present: Container[str]) -> State:
    """Return a resource that refers to nothing but what is present, its parent left as it is."""
    state = dict(state)
    for name in ("dependencies", "replaceWith"):
        if state.get(name):
            state[name] = [urn for urn in state[name] if urn in present]
    if state.get("propertyDependencies"):
        state["propertyDependencies"] = {
            key: [urn for urn in urns or [] if urn in present]
            for key, urns in state["propertyDependencies"].items()
        }
    if state.get("deletedWith") and state["deletedWith"] not in present:
        del state["deletedWith"]
    return state


def without_empty(state: State) -> State:
    """Return a resource without the references that it has none of."""
    depending = state.get("propertyDependencies") or {}
    state = {
        **state,
        "propertyDependencies": {key: urns for key, urns in depending.items() if urns},
    }
    empty = ("dependencies", "propertyDependencies", "replaceWith", "parent")
    return {k: v for k, v in state.items() if v or k not in empty}


def renamed(resources: Resources) -> Resources:
    """Rewrite references to resources that have a new urn, and drop the aliases."""
    if not any(b'"aliases"' in line for line in resources.lines):  # as nearly always
        return resources
    names: dict[str, str] = {}
    for state in resources:
        for alias in state.get("aliases") or []:
            names[alias] = state["urn"]
        parent = names.get(state.get("parent", ""))
        if parent and qualified_type(parent) != STACK_TYPE:
            _, _, stack_project = state["urn"].partition("urn:pulumi:")
            stack, project, _, name = stack_project.split("::", 3)
            names[state["urn"]] = make_urn(stack, project, parent, state["type"], name)
    if not names:
        return resources
    return Resources.of(
        with_urns({k: v for k, v in state.items() if k != "aliases"}, lambda u: names.get(u, u))
        for state in resources
    )


def with_urns(state: State, renamed: Callable[[str], str]) -> State:
    """Return a resource with other urns, its own and all that it refers to."""
    state = dict(state)
    for key in ("urn", "parent", "deletedWith", "viewOf"):
        if state.get(key):
            state[key] = renamed(state[key])
    if state.get("provider"):
        urn = renamed(provider_urn(state["provider"]))
        state["provider"] = f"{urn}::{provider_id(state['provider'])}"
    for key in ("dependencies", "replaceWith", "aliases"):
        if state.get(key):
            state[key] = [renamed(urn) for urn in state[key]]
    before = state.get("propertyDependencies") or {}
    now = {key: [renamed(urn) for urn in urns or []] for key, urns in before.items()}
    if any(now[key] != (urns or []) for key, urns in before.items()):
        state["propertyDependencies"] = {key: urns for key, urns in now.items() if urns}
    return state
