"""Engine events, as JSON lines in a file or over gRPC to `pulumi.automation`."""

import json
import queue
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
from pulumi.runtime.proto import events_pb2, events_pb2_grpc

from .diffing import Change
from .state import ResourceState
from .values import SECRET, SECRET_MARK, SIGNATURE, Secret, to_json

Event = dict[str, Any]
Listener = Callable[[Event], None]


class Shown(Protocol):
    """What an event says about a step."""

    op: str
    old: ResourceState | None
    new: ResourceState | None
    keys: list[str]
    diffs: list[str]
    detailed: dict[str, Change] | None
    logical: bool

    @property
    def urn(self) -> str:
        """The urn of the resource."""

    @property
    def type(self) -> str:
        """The type of the resource."""

    @property
    def provider(self) -> str:
        """The reference to its provider."""


def blinded(_: Secret) -> dict[str, str]:
    """Return what stands for a secret in an event."""
    return {SIGNATURE: SECRET, "ciphertext": SECRET_MARK}


def metadata(step: Shown, op: str | None = None) -> dict[str, Any]:
    """Describe a step; `op` is what a refresh turned out to be."""
    detailed = None
    if step.detailed is not None:
        detailed = {
            path: {"diffKind": change.kind, "inputDiff": change.input_diff}
            for path, change in step.detailed.items()
        }
    return {
        "op": op or step.op,
        "urn": step.urn,
        "type": step.type,
        "old": _state(step.old),
        "new": _state(step.new),
        "keys": list(step.keys),
        "diffs": list(step.diffs),
        "detailedDiff": detailed,
        "logical": step.logical,
        "provider": step.provider,
    }


def _state(state: ResourceState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    data: dict[str, Any] = {
        "type": state.type,
        "urn": state.urn,
        "custom": state.custom,
        "delete": state.delete,
        "id": state.id,
        "parent": state.parent,
        "provider": state.provider,
        "inputs": to_json(state.inputs, blinded),
        "outputs": to_json(state.outputs, blinded),
        "initErrors": state.init_errors or None,
    }
    for name, flag in (
        ("protect", state.protect),
        ("taint", state.taint),
        ("external", state.external),
        ("retainOnDelete", state.retain_on_delete),
    ):
        if flag:
            data[name] = True
    if state.hide_diff:
        data["hideDiffs"] = list(state.hide_diff)
    return data


class Events:
    """Numbers the events of a run and passes them on in order, without the secrets it knows."""

    def __init__(self, listeners: list[Listener], secrets: Iterable[str] = ()):
        """Take who listens, and texts that are never to be seen."""
        self._listeners = listeners
        self._lock = threading.Lock()
        self._sequence = 0
        # Very short texts and truth values occur everywhere; longer ones go first.
        hidden = {s for s in secrets if len(s) >= 3 and s.lower() not in ("true", "false")}
        escaped = {json.dumps(s, ensure_ascii=False)[1:-1] for s in hidden}
        texts = sorted(hidden | escaped, key=len, reverse=True)
        self._hidden = re.compile("|".join(map(re.escape, texts))) if texts else None

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._hidden.sub(SECRET_MARK, value) if self._hidden else value
        if isinstance(value, list):
            return [self._without_secrets(item) for item in value]
        if isinstance(value, dict):
            return {key: self._without_secrets(item) for key, item in value.items()}
        return value

    def send(self, kind: str, payload: dict[str, Any]) -> None:
        """Send one event: `{sequence, timestamp, KIND: payload}`."""
        if self._hidden is not None:
            payload = self._without_secrets(payload)
        with self._lock:
            event = {"sequence": self._sequence, "timestamp": int(time.time()), kind: payload}
            self._sequence += 1
            for listener in self._listeners:
                listener(event)

    def diagnostic(
        self, severity: str, message: str, urn: str = "", *, ephemeral: bool = False
    ) -> None:
        """Send a message: `info`, `info#err`, `warning` or `error`.

        Args:
            severity: of the message.
            message: its text.
            urn: the resource it is about.
            ephemeral: it is of interest while the run goes on, and not later.
        """
        prefix = f"{severity}: " if severity in ("warning", "error") else ""
        payload = {
            "message": message + "\n",
            "color": "raw",
            "severity": severity,
            "streamID": 0,
            **({"prefix": prefix} if prefix else {}),
            **({"urn": urn} if urn else {}),
            **({"ephemeral": True} if ephemeral else {}),
        }
        self.send("diagnosticEvent", payload)


class EventLog:
    """Where the events of a run go: a file of JSON lines, or `tcp://HOST:PORT`."""

    def __init__(self, target: str):
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        work = self._stream if target.startswith("tcp://") else self._write
        self._thread = threading.Thread(target=work, args=(target,), daemon=True)
        self._thread.start()

    def __call__(self, event: Event) -> None:
        """Take one event."""
        self._queue.put(json.dumps(event, ensure_ascii=False))

    def close(self) -> None:
        """Wait until everything has arrived."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    def _lines(self) -> Iterator[str]:
        while (line := self._queue.get()) is not None:
            yield line

    def _write(self, target: str) -> None:
        with open(Path(target), "a", encoding="utf-8") as file:
            for line in self._lines():
                file.write(line + "\n")
                if self._queue.empty():
                    file.flush()

    def _stream(self, target: str) -> None:
        with grpc.insecure_channel(target.removeprefix("tcp://")) as channel:
            stub = events_pb2_grpc.EventsStub(channel)
            stub.StreamEvents(events_pb2.EventRequest(event=line) for line in self._lines())
