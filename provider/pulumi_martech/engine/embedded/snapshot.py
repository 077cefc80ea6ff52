"""Records what a run does to the state, entry by entry, and gives the deployment at the end."""

import threading
from typing import Any, Protocol

from .checkpoint import Deployment
from .crypter import Crypter
from .errors import EngineError
from .fibers import Shared
from .replay import Entry, Replayer
from .state import ResourceState
from .values import SECRET, SIGNATURE, Secret, plaintext

_ASKED = ("creating", "updating", "deleting")  # what a platform is asked to do


class Sink(Protocol):
    """Where entries go before the run goes on."""

    def append(self, entry: Entry, held: bool = False) -> None:
        """Keep one entry; if it is `held`, when the next one is kept or settled.

        Raises:
            EngineError: it cannot be kept.
        """

    def settle(self) -> None:
        """Return when what was kept so far outlives a power cut.

        Raises:
            EngineError: it may not.
        """


def encrypting(crypter: Crypter) -> Any:
    """Return the function that writes secrets for the state."""

    def secret(value: Secret) -> dict[str, str]:
        if value.ciphertext is None:
            value.ciphertext = crypter.encrypt(plaintext(value.value))
        return {SIGNATURE: SECRET, "ciphertext": value.ciphertext}

    return secret


class Snapshot:
    """The state during a run.

    The base is a list of resources that are known by identity; what a step made is known by the
    number of the operation that made it. What cannot be kept is here all the same, for the
    checkpoint; but nothing begins any more.
    """

    def __init__(
        self,
        deployment: Deployment,
        resources: list[ResourceState],
        crypter: Crypter,
        sink: Sink,
    ):
        self._replayer = Replayer(deployment)
        self._crypter = crypter
        self._salt = crypter.salt  # that the deployment says
        self._secret = encrypting(crypter)
        self._sink = sink
        self._settle = Shared(sink.settle)
        self._lock = threading.Lock()
        self._counter = 0
        self._places: dict[int, int] = {}
        self._made: dict[int, int] = {}
        self._kept: list[ResourceState] = []  # keeps identities from being used again
        self._rebase(resources)

    def _rebase(self, resources: list[ResourceState]) -> None:
        self._places = {id(resource): at for at, resource in enumerate(resources)}
        self._kept.extend(resources)
        self._made = {}

    def begin(self, kind: str | None, resource: ResourceState | None) -> int:
        """Say that an operation begins; returns its number.

        Args:
            kind: `creating`, `updating`, `deleting`, `reading`, `importing`, or `None` if nothing
                is pending when the run is killed now.
            resource: what is operated on.

        Raises:
            EngineError: it cannot be kept, so the operation must not begin.
        """
        with self._lock:
            self._counter += 1
            number = self._counter
        if kind and resource:
            operation = {"resource": resource.to_json(self._secret), "type": kind}
            asked = kind in _ASKED and resource.custom and not resource.is_provider
            try:
                entry = {"op": number, "kind": "begin", "operation": operation}
                self._add(entry, needed=True, held=asked)
                # What is made would be unknown, and whose lock is gone asks for nothing more.
                if asked:
                    self._settle()
            except EngineError:
                self._add({"op": number, "kind": "failure"})
                raise
        return number

    def same(self, number: int, old: ResourceState, new: ResourceState) -> None:
        """Say that a resource is as it was, apart from its options."""
        entry = self._removing(number, old)
        state = new.to_json(self._secret)
        at = entry.get("removeOld")
        self._take(new, number)
        if at is not None and self._replayer.base["resources"][at] == state:
            self._add({"op": number, "kind": "same", "removeOld": at})
        else:
            self._add({**entry, "state": state})

    def success(
        self,
        number: int,
        new: ResourceState | None,
        *,
        remove: ResourceState | None = None,
        delete: ResourceState | None = None,
        pending: ResourceState | None = None,
    ) -> None:
        """Say that an operation is done.

        Args:
            number: of the operation.
            new: what is there now.
            remove: what is no longer there.
            delete: what is to be deleted later in the run.
            pending: what was deleted and will be made again.
        """
        entry: Entry = {"op": number, "kind": "success"}
        if new is not None:
            entry["state"] = new.to_json(self._secret)
        for name, resource in (
            ("remove", remove),
            ("delete", delete),
            ("pendingReplacement", pending),
        ):
            if resource is not None:
                entry.update(self._place(name, resource))
        if new is not None:
            self._take(new, number)
        self._add(entry)

    def failure(self, number: int) -> None:
        """Say that an operation failed and is over."""
        self._add({"op": number, "kind": "failure"})

    def refreshed(self, number: int, old: ResourceState, new: ResourceState | None) -> None:
        """Say what a refresh found; `None` if it is gone."""
        entry: Entry = {"op": number, "kind": "refresh", **self._place("remove", old)}
        if new is not None:
            entry["state"] = new.to_json(self._secret)
        self._add(entry)

    def reread(self, number: int, old: ResourceState, new: ResourceState | None) -> None:
        """Say what was found of a resource that the program registers; `None` if it is gone."""
        entry: Entry = {"op": number, "kind": "success", "reread": True}
        entry.update(self._place("remove", old))
        if new is not None:
            entry["state"] = new.to_json(self._secret)
            self._take(new, number)
        self._add(entry)

    def pruned(self) -> None:
        """Say that what the program did not register was read, too."""
        self._add({"kind": "pruned"})

    def outputs(self, resource: ResourceState) -> None:
        """Say that a resource of this run got other outputs."""
        with self._lock:
            self._counter += 1
        entry: Entry = {"op": self._counter, "kind": "outputs", **self._place("remove", resource)}
        self._add({**entry, "state": resource.to_json(self._secret)})

    def rebuilt(self, resources: list[ResourceState]) -> None:
        """Say that the refresh is over; `resources` are the base from now on."""
        self._add({"kind": "rebuilt"})
        self._rebase(resources)

    def deployment(self) -> Deployment:
        """Return the deployment as it is now."""
        with self._lock:
            return self._replayer.deployment()

    def _removing(self, number: int, old: ResourceState) -> Entry:
        return {"op": number, "kind": "success", **self._place("remove", old)}

    def _place(self, name: str, resource: ResourceState) -> dict[str, int]:
        at = self._places.get(id(resource))
        if at is not None:
            return {f"{name}Old": at}
        made = self._made.get(id(resource))  # not there if a hook failed before it was made
        return {} if made is None else {f"{name}New": made}

    def _take(self, resource: ResourceState, number: int) -> None:
        with self._lock:
            self._made[id(resource)] = number
            self._kept.append(resource)

    def _add(self, entry: Entry, needed: bool = False, held: bool = False) -> None:
        with self._lock:
            entries = [entry]
            if self._crypter.salt != self._salt:  # made for the first secret, which is in `entry`
                self._salt = self._crypter.salt
                entries.insert(0, {"kind": "salt", "salt": self._salt})
            for item in entries:
                self._replayer.add(item)
                try:
                    self._sink.append(item, held)
                except EngineError:
                    if needed:
                        raise
