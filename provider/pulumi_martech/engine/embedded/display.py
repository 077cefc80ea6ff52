"""What a run shows: lines for a person, or the document of `preview --json`."""

import json
import threading
from dataclasses import dataclass
from typing import Any, TextIO

from .diffing import Change
from .events import Event
from .state import STACK_TYPE, ResourceState
from .steps import Step
from .values import SECRET_MARK

_SIGNS = {
    "create": "+",
    "update": "~",
    "delete": "-",
    "replace": "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    "read": ">",
    "refresh": "~",
    "import": "=",
    "discard": "<",
    "same": " ",
}
_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "replace": "replaced",
    "read": "read",
    "import": "imported",
    "same": "unchanged",
    "discard": "discarded",
}


class Lines:
    """Writes the events of a run, as JSON, for a machine."""

    def __init__(self, out: TextIO):
        self._out = out

    def __call__(self, event: Event) -> None:
        """Write one event."""
        print(json.dumps(event, ensure_ascii=False), file=self._out, flush=True)


@dataclass(frozen=True)
class Shown:
    """What the lines for a person show beside changes, messages and a summary.

    Attributes:
        diff: the paths that change.
        outputs: the outputs of the stack.
        sames: resources that do not change.
        config: the configuration.
    """

    diff: bool = False
    outputs: bool = True
    sames: bool = False
    config: bool = False


class Text:
    """Writes one line for each change, the messages and a summary."""

    def __init__(self, out: TextIO, shown: Shown):
        self._out = out
        self._shown = shown

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if "preludeEvent" in event and self._shown.config:
            self._line("Configuration:")
            for key, value in sorted(event["preludeEvent"]["config"].items()):
                self._line(f"    {key}: {value}")
        elif "diagnosticEvent" in event:
            self._message(event["diagnosticEvent"])
        elif "resOutputsEvent" in event:
            self._step(event["resOutputsEvent"]["metadata"])
        elif "resOpFailedEvent" in event:
            data = event["resOpFailedEvent"]["metadata"]
            self._line(f" !  {data['type']} {_name(data)} {data['op']} failed")
        elif "policyEvent" in event:
            self._violation(event["policyEvent"])
        elif "policyRemediationEvent" in event:
            data = event["policyRemediationEvent"]
            self._line(f" *  {_policy(data)} changed {data['resourceUrn']}")
        elif "summaryEvent" in event:
            self._summary(event["summaryEvent"])

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def _message(self, data: dict[str, Any]) -> None:
        text = (data.get("prefix", "") + data["message"]).rstrip()
        if data.get("urn"):
            first, *rest = text.splitlines()
            text = "\n".join([first, *rest, f"  on {data['urn']}"])
        self._line(text)

    def _violation(self, data: dict[str, Any]) -> None:
        self._line(f" !  {data['enforcementLevel']}: {_policy(data)} on {data['resourceUrn']}")
        for line in data["message"].strip().splitlines():
            self._line(f"      {line}")

    def _step(self, data: dict[str, Any]) -> None:
        if data["type"] == STACK_TYPE and self._shown.outputs and data.get("new"):
            for name, value in sorted(data["new"]["outputs"].items()):
                self._line(f"    {name}: {_shown(value)}")
        quiet = data["op"] == "refresh" or (data["op"] == "same" and not self._shown.sames)
        if quiet or _is_default(data):
            return
        self._line(f" {_SIGNS.get(data['op'], '?'):<2} {data['type']} {_name(data)}{_why(data)}")
        if self._shown.diff:
            for path, change in sorted((data.get("detailedDiff") or {}).items()):
                sign = _SIGNS.get(change["diffKind"].split("-")[0].replace("add", "create"), "~")
                self._line(f"      {sign} {path}")

    def _summary(self, data: dict[str, Any]) -> None:
        changes = data["resourceChanges"]
        self._line("Resources:")
        for op, count in sorted(changes.items(), key=lambda item: (item[0] == "same", item[0])):
            what = f"to {op}" if data["isPreview"] and op != "same" else _DONE.get(op, op)
            self._line(f"    {_SIGNS.get(op, ' '):<2} {count} {what}")
        self._line(f"Duration: {data['durationSeconds']}s")


def _policy(data: dict[str, Any]) -> str:
    return f"{data['policyName']} of {data['policyPackName']} v{data['policyPackVersion']}"


def _name(data: dict[str, Any]) -> str:
    return str(data["urn"].split("::", 3)[3])


def _is_default(data: dict[str, Any]) -> bool:
    return str(data["type"]).startswith("pulumi:providers:") and _name(data) == "default"


def _why(data: dict[str, Any]) -> str:
    names = [f"~{name}" for name in data["diffs"]]
    return f" [diff: {','.join(names)}]" if names else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict) and SECRET_MARK in value.values():
        return SECRET_MARK
    return json.dumps(value, ensure_ascii=False)


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
            return True
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
        if "diagnosticEvent" in event:
            data = event["diagnosticEvent"]
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
