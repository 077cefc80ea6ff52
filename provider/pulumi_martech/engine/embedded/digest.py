"""The document of `preview --json`, and of `--preview-only --json` of the other operations."""

import json
import threading
from typing import Any

from .diffing import Change
from .events import Event
from .state import STACK_TYPE, ResourceState
from .steps import Step
from .values import SECRET_MARK


class Digest:
    """Builds the document of `preview --json`."""

    def __init__(self, refresh_only: bool) -> None:
        """Say whether steps are shown as what a refresh found."""
        self._refresh_only = refresh_only
        self._steps: list[dict[str, Any]] = []
        self._refreshed: set[str] = set()
        self._rest: dict[str, Any] = {}
        self._messages: list[dict[str, Any]] = []
        self._duration = 0
        self._lock = threading.Lock()

    def step(self, step: Step) -> None:
        """Take a step before anything is done."""
        if not self._shows(step):
            return
        with self._lock:
            if step.op == "refresh":
                self._refreshed.add(step.urn)
            self._steps.append(self._described(step, step.op))

    def found(self, step: Step) -> None:
        """Take what a refresh found."""
        if not self._refresh_only or step.urn not in self._refreshed:
            return
        op = step.result_op
        if op == "delete" or (op == "update" and step.detailed is not None):
            with self._lock:
                for at, other in enumerate(self._steps):
                    if other["urn"] == step.urn:
                        self._steps[at] = self._described(step, op)

    @staticmethod
    def _shows(step: Step) -> bool:
        if step.type == STACK_TYPE:
            return not step.internal
        if step.internal or (not step.logical and step.op.endswith(("-replaced", "-replacement"))):
            return False
        if step.op == "same" and step.old is not None and step.new is not None:
            return step.old.protect != step.new.protect
        return True

    @staticmethod
    def _described(step: Step, op: str) -> dict[str, Any]:
        data: dict[str, Any] = {"op": op, "urn": step.urn}
        if step.provider:
            data["provider"] = step.provider
        if step.old is not None:
            data["oldState"] = _plain(step.old)
        if step.new is not None:
            data["newState"] = _plain(step.new)
        if step.diffs:
            data["diffReasons"] = list(step.diffs)
        if step.keys:
            data["replaceReasons"] = list(step.keys)
        data["detailedDiff"] = _detailed(step.detailed)
        return data

    def __call__(self, event: Event) -> None:
        """Take messages and the summary."""
        data = event.get("diagnosticEvent")
        if data is not None and not data.get("ephemeral"):
            message = {"message": data.get("prefix", "") + data["message"]}
            if data.get("urn"):
                message = {"urn": data["urn"], **message}
            self._messages.append({**message, "severity": data["severity"]})
        elif "preludeEvent" in event and event["preludeEvent"]["config"]:
            self._rest["config"] = event["preludeEvent"]["config"]
        elif "summaryEvent" in event:
            summary = event["summaryEvent"]
            self._duration = summary["durationSeconds"] * 1_000_000_000
            if summary["resourceChanges"]:
                self._rest["changeSummary"] = summary["resourceChanges"]
            if summary["maybeCorrupt"]:
                self._rest["maybeCorrupt"] = True

    def text(self) -> str:
        """Return the document."""
        document = {key: self._rest[key] for key in ("config",) if key in self._rest}
        if self._steps:
            document["steps"] = self._steps
        if self._messages:
            document["diagnostics"] = self._messages
        document["duration"] = self._duration
        document.update({k: v for k, v in self._rest.items() if k != "config"})
        return json.dumps(document, ensure_ascii=False, indent=4)


def _plain(state: ResourceState) -> dict[str, Any]:
    return state.to_json(lambda _: SECRET_MARK)


def _detailed(detailed: dict[str, Change] | None) -> dict[str, Any] | None:
    if detailed is None:
        return None
    return {
        path: {"kind": change.kind, "inputDiff": change.input_diff}
        for path, change in detailed.items()
    }
