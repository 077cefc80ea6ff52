"""The state on disk while a run is going on: a checkpoint, and a journal of what came after it.

Every entry is one line, flushed to the operating system before the run goes on, so that a killed
process loses nothing; it is forced to the disk in groups, and before the run says it is done. The
checkpoint is rewritten once, at the end or by the next command that finds a journal.
"""

import contextlib
import hashlib
import json
import os
import threading
from pathlib import Path
from typing import Any

from .errors import EngineError
from .state import STACK_TYPE, make_urn, provider_id, provider_urn, qualified_type

# Only a power cut needs what is forced to the disk; writes wait while that goes on.
_SYNC_INTERVAL = 0.25  # seconds

Entry = dict[str, Any]
Deployment = dict[str, Any]


def write_atomically(path: Path, text: str) -> None:
    """Replace a file as a whole; after a crash it is the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise EngineError(f"{path} cannot be written: {error.strerror}") from None
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def digest(data: bytes) -> str:
    """Return what ties a journal to the checkpoint it continues."""
    return hashlib.sha256(data).hexdigest()


class Journal:
    """The file that a run appends to."""

    def __init__(self, path: Path, base: str):
        """Begin a journal on the checkpoint with the digest `base`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as the run
        self._lock = threading.Lock()
        self._dirty = threading.Event()
        self._closed = threading.Event()
        self.append({"kind": "base", "digest": base})
        self._syncer = threading.Thread(target=self._sync, daemon=True)
        self._syncer.start()

    def append(self, entry: Entry) -> None:
        """Write one entry; it survives the end of this process when the call returns."""
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()
        self._dirty.set()

    def _sync(self) -> None:
        while not self._closed.wait(_SYNC_INTERVAL):
            if self._dirty.is_set():
                self._dirty.clear()
                os.fsync(self._file.fileno())

    def close(self) -> None:
        """Force what was written to the disk and end."""
        self._closed.set()
        self._syncer.join()
        with self._lock:
            os.fsync(self._file.fileno())
            self._file.close()

    def remove(self) -> None:
        """Forget the journal, after the checkpoint has everything."""
        self._path.unlink(missing_ok=True)


def read_journal(path: Path, base: str) -> list[Entry]:
    """Return the entries that continue the checkpoint with the digest `base`.

    The last line may be torn; a journal of another checkpoint has been folded already.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return []
    entries: list[Entry] = []
    for line in lines:
        try:
            entry = json.loads(line) if line.endswith("\n") else None
        except ValueError:
            entry = None
        if entry is None:
            break
        entries.append(entry)
    if not entries or entries[0].get("digest") != base:
        return []
    return entries[1:]


class Replayer:
    """Applies entries to a deployment."""

    def __init__(self, base: Deployment):
        self.base = base
        self._clear()

    def _clear(self) -> None:
        self._new: list[dict[str, Any] | None] = []
        self._index: dict[int, int] = {}  # operation to its place in `_new`
        self._gone: set[int] = set()
        self._replaced: dict[int, dict[str, Any]] = {}
        self._open: dict[int, Entry] = {}
        self._refreshed = False

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
            if "state" in entry:
                self._append(number, entry["state"])
            self._marks(entry)
        elif kind == "refresh":
            self._open.pop(number, None)
            self._refreshed = True
            old = entry["removeOld"]
            if "state" in entry:
                self._replaced[old] = entry["state"]
            else:
                self._gone.add(old)
        elif kind == "failure":
            self._open.pop(number, None)
        elif kind == "outputs":
            if "removeOld" in entry:
                self._replaced[entry["removeOld"]] = entry["state"]
            else:
                self._new[self._index[entry["removeNew"]]] = entry["state"]
        elif kind == "salt":
            self.base = {**self.base, "secrets_providers": secrets_providers(entry["salt"])}
        elif kind == "rebuilt":
            self.base = self.deployment()
            self._clear()

    def _append(self, number: int, state: dict[str, Any]) -> None:
        self._index[number] = len(self._new)
        self._new.append(state)

    def _base(self, at: int) -> dict[str, Any]:
        return self._replaced.get(at) or self.base["resources"][at]

    def _marks(self, entry: Entry) -> None:
        if "removeOld" in entry:
            self._gone.add(entry["removeOld"])
        if "removeNew" in entry:
            self._new[self._index[entry["removeNew"]]] = None
        for name, mark in (("delete", "delete"), ("pendingReplacement", "pendingReplacement")):
            if f"{name}Old" in entry:
                at = entry[f"{name}Old"]
                self._replaced[at] = {**self._base(at), mark: True}
            if f"{name}New" in entry:
                at = self._index[entry[f"{name}New"]]
                self._new[at] = {**(self._new[at] or {}), mark: True}

    def deployment(self) -> Deployment:
        """Return the deployment with everything applied."""
        resources = [state for state in self._new if state is not None]
        for at in range(len(self.base.get("resources") or [])):
            if at not in self._gone:
                resources.append(self._base(at))
        operations = [e["operation"] for e in self._open.values() if "operation" in e]
        # A create that was interrupted stays until somebody looked; the others are seen by a diff.
        operations += [
            operation
            for operation in self.base.get("pending_operations") or []
            if operation["type"] == "creating"
        ]
        if self._refreshed:
            resources = repaired(resources)
        result = {k: v for k, v in self.base.items() if k != "pending_operations"}
        result["resources"] = renamed(resources)
        if operations:
            result["pending_operations"] = operations
        return result


def secrets_providers(salt: str) -> dict[str, Any]:
    """Return what a deployment says of the encryption of its secrets."""
    return {"type": "passphrase", "state": {"salt": salt}}


def repaired(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Drop references to resources that a refresh found gone."""
    present: set[str] = set()
    parents: dict[str, str] = {}
    result = []
    for given in resources:
        state = dict(given)
        for name in ("dependencies", "replaceWith"):
            if state.get(name):
                state[name] = [urn for urn in state[name] if urn in present]
        if state.get("propertyDependencies"):
            kept = {
                key: [urn for urn in urns or [] if urn in present]
                for key, urns in state["propertyDependencies"].items()
            }
            state["propertyDependencies"] = {key: urns for key, urns in kept.items() if urns}
        if state.get("deletedWith") and state["deletedWith"] not in present:
            del state["deletedWith"]
        if state.get("parent") and state["parent"] not in present:
            state["parent"] = parents.get(state["parent"], "")
        parents[state["urn"]] = state.get("parent", "")
        present.add(state["urn"])
        empty = ("dependencies", "propertyDependencies", "replaceWith", "parent")
        result.append({k: v for k, v in state.items() if v or k not in empty})
    return result


def renamed(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rewrite references to resources that have a new urn, and drop the aliases."""
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
    result = []
    for given in resources:
        state = {k: v for k, v in given.items() if k != "aliases"}
        for key in ("urn", "parent", "deletedWith"):
            if state.get(key):
                state[key] = names.get(state[key], state[key])
        if state.get("provider"):
            urn = provider_urn(state["provider"])
            state["provider"] = f"{names.get(urn, urn)}::{provider_id(state['provider'])}"
        if state.get("dependencies"):
            state["dependencies"] = [names.get(u, u) for u in state["dependencies"]]
        if state.get("propertyDependencies"):
            state["propertyDependencies"] = {
                key: [names.get(u, u) for u in urns or []]
                for key, urns in state["propertyDependencies"].items()
            }
        result.append(state)
    return result
