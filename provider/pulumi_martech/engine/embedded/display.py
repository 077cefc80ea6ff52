"""What a run shows: lines for a person, or events for a machine."""

import json
from dataclasses import dataclass
from typing import Any, TextIO

from .diffing import Path, covers, parse_path, path_text
from .events import Event
from .state import STACK_TYPE
from .values import SECRET, SECRET_MARK, SIGNATURE, UNKNOWN_TEXT

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
        diff: what changes in each resource.
        outputs: the outputs of the stack.
        sames: resources that do not change.
        halves: the halves of replacements.
        config: the configuration.
    """

    diff: bool = False
    outputs: bool = True
    sames: bool = False
    halves: bool = False
    config: bool = False


class Text:
    """Writes one line for each change, the messages and a summary."""

    def __init__(self, out: TextIO, shown: Shown):
        self._out = out
        self._shown = shown
        self._told: set[tuple[str, str]] = set()  # the stack is told of twice
        self._stack: dict[str, Any] = {}  # its outputs

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
        if data["type"] == STACK_TYPE and data.get("new"):
            self._stack = data["new"]["outputs"]
        half = data["op"].endswith(("-replacement", "-replaced"))
        quiet = data["op"] == "refresh" or (data["op"] == "same" and not self._shown.sames)
        quiet = quiet or (half and not self._shown.halves) or _is_default(data)
        quiet = quiet or _is_unread(data)
        if quiet or (data["urn"], data["op"]) in self._told:
            return
        if data["type"] == STACK_TYPE:
            self._told.add((data["urn"], data["op"]))
        self._line(f" {_SIGNS.get(data['op'], '?'):<2} {data['type']} {_name(data)}{_why(data)}")
        if self._shown.diff:
            for line in _changes(data):
                self._line(f"      {line}")

    def _summary(self, data: dict[str, Any]) -> None:
        changes = data["resourceChanges"]
        if self._stack and self._shown.outputs:
            self._line("Outputs:")
            for name, value in sorted(self._stack.items()):
                self._line(f"    {name}: {_text(value)}")
        self._line("Resources:")
        for op, count in sorted(changes.items(), key=lambda item: (item[0] == "same", item[0])):
            what = f"to {op}" if data["isPreview"] and op != "same" else _DONE.get(op, op)
            self._line(f"    {_SIGNS.get(op, ' '):<2} {count} {what}")
        self._line(f"Duration: {data['durationSeconds']}s")


def _policy(data: dict[str, Any]) -> str:
    return f"{data['policyName']} of {data['policyPackName']} v{data['policyPackVersion']}"


def _name(data: dict[str, Any]) -> str:
    return str(data["urn"].split("::", 3)[3])


def _is_unread(data: dict[str, Any]) -> bool:
    """Tell whether this is the refresh of a component or a provider: nothing of it is read."""
    if data["op"] != "update" or data.get("logical", True) or not data.get("new"):
        return False
    return not data["new"]["custom"] or str(data["type"]).startswith("pulumi:providers:")


def _is_default(data: dict[str, Any]) -> bool:
    return str(data["type"]).startswith("pulumi:providers:") and _name(data) == "default"


def _why(data: dict[str, Any]) -> str:
    names = [f"~{name}" for name in data["diffs"]]
    return f" [diff: {','.join(names)}]" if names else ""


def _changes(data: dict[str, Any]) -> list[str]:
    """Return what changes in a resource, a line for each place."""
    old, new = ((data[half] or {}).get("inputs", {}) for half in ("old", "new"))
    if data["op"] in ("create", "delete"):
        made = new if data["op"] == "create" else old
        return [f"{name}: {_text(made[name])}" for name in sorted(made) if name != "__provider"]
    state = data["new"] or data["old"] or {}
    hidden = [parse_path(text) for text in state.get("hideDiffs", ())]
    lines = []
    for text, kind in sorted((_kinds(data) or _compared(old, new)).items()):
        path = parse_path(text)
        sign = {"add": "+", "delete": "-"}.get(kind.split("-")[0], "~")
        sides = [_text(_find(side, path)) for side in (old, new)]
        shown = {"+": sides[1], "-": sides[0]}.get(sign, " => ".join(sides))
        if any(covers(outer, path) for outer in hidden):
            shown = "[hidden]"
        lines.append(f"{sign} {text}: {shown}")
    return lines


def _kinds(data: dict[str, Any]) -> dict[str, str]:
    return {text: change["diffKind"] for text, change in (data["detailedDiff"] or {}).items()}


def _compared(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    """Compare the inputs where nobody was asked for the difference: in components, for example."""
    names = {name for name in {**old, **new} if old.get(name) != new.get(name)} - {"__provider"}
    kinds = {}
    for name in names:
        kind = "update" if name in old and name in new else "add" if name in new else "delete"
        kinds[path_text((name,))] = kind
    return kinds


def _find(value: Any, path: Path) -> Any:
    """Return what is at a path; the whole secret if it lies in one."""
    for part in path:
        if _is_secret(value):
            break
        if isinstance(value, dict):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def _text(value: Any) -> str:
    def plain(item: Any) -> Any:
        if _is_secret(item):
            return SECRET_MARK
        if isinstance(item, dict):
            return {key: plain(inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [plain(inner) for inner in item]
        return "[unknown]" if item == UNKNOWN_TEXT else item

    shown = plain(value)
    bare = shown in (SECRET_MARK, "[unknown]")
    return str(shown) if bare else json.dumps(shown, ensure_ascii=False)
