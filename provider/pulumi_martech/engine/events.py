"""Engine events in, `Plan` out: the one reading of what an engine says, whichever engine it is.

The shape of the events is that of the JSON lines an engine writes to its event log (``apitype``
of the Pulumi engine). They are taken as they are written and not through the classes of
``pulumi.automation.events``, which leave out the result of a run and refuse operations they do
not know.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pulumi_martech.engine.messages import error_text, notes
from pulumi_martech.model.plan import (
    NOT_KNOWN,
    PROVIDER_TYPE,
    SECRET,
    STACK_TYPE,
    Message,
    Op,
    Outcome,
    Plan,
    PropertyDiff,
    Step,
    Value,
    at,
    differences,
    leaves,
    visible,
)

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_UNKNOWN = frozenset(
    {
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
    }
)

_STORED = ("provider", "parent", "protect", "retainOnDelete")
_REPLACING = ("replace", "create-replacement", "delete-replaced")
_READING = ("read", "read-replacement", "discard", "discard-replaced", "read-discard")
_SEVERITIES: dict[str, Literal["error", "warning", "info"]] = {
    "error": "error",
    "fatal": "error",
    "warning": "warning",
}
_CUT_OFF = re.compile(r"error reading from server: (EOF|.*connection reset by peer)")
"""What the real engine (3.259) says of a call whose provider process has ended meanwhile."""
_HEARD = re.compile(r"received; (cancelling|terminating)")
_NEVER_SEEN = re.compile(r"expected resource operations for \S+ but none were seen")
"""What the real engine (3.259) says of each planned step that a canceled run did not come to."""
_GENERIC = ("update failed", "preview failed", "destroy failed", "refresh failed")


def plain(value: Value) -> Value:
    """Return a value of an event with secrets and unknown values marked."""
    if isinstance(value, str):
        return NOT_KNOWN if value in _UNKNOWN else value
    if isinstance(value, Mapping):
        if _SIGNATURE in value:
            return SECRET
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


@dataclass
class _Record:
    """One operation on one resource as the events tell it."""

    op: str
    meta: dict[str, Any]
    ended: bool = False
    failed: bool = False

    def state(self, which: str, part: str) -> dict[str, Value] | None:
        """Return ``inputs`` or ``outputs`` of the old or new state."""
        state = self.meta.get(which)
        return None if state is None else visible(plain(state.get(part) or {}))


@dataclass
class Events:
    """Takes in events one by one; counts as they come, and makes the plan at the end."""

    planning: bool
    """Whether the run only looks: then steps are planned, else done, failed or not done."""
    records: dict[tuple[str, str], _Record] = field(default_factory=dict)
    diagnostics: list[dict[str, Any]] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    result: str = ""
    begun: int = 0
    ended: int = 0
    interrupted: bool = False
    """Whether somebody has asked the run to end."""
    listening: bool = False
    """Whether the engine takes requests to end as such: it has begun, and not come to its end."""
    heard: int = 0
    """How many requests to end the real engine says (3.259) that it has heard itself."""

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take in one event."""
        for kind in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
            if kind in event:
                self._resource(kind, event[kind]["metadata"])
        if "diagnosticEvent" in event:
            said = event["diagnosticEvent"]
            if said["severity"] == "info#err":
                self.output.append(said["message"])
            elif said["severity"] != "debug" and not said.get("ephemeral"):
                self.diagnostics.append(said)
        if "errorEvent" in event:
            self.diagnostics.append({"severity": "error", "message": event["errorEvent"]["error"]})
        if _HEARD.search(event.get("stdoutEvent", {}).get("message", "")):
            self.heard += 1
        if "policyEvent" in event:
            self.diagnostics.append(_policy(event["policyEvent"]))
        if "summaryEvent" in event:
            self.result = event["summaryEvent"].get("result") or "succeeded"
        self.listening = not self.result

    def _resource(self, kind: str, meta: dict[str, Any]) -> None:
        urn, op = meta["urn"], meta["op"]
        if kind == "resourcePreEvent":
            self.begun += 1
            component = not (meta.get("new") or meta.get("old") or {}).get("custom")
            self.records[urn, op] = _Record(op, meta, ended=component)
            return
        record = self.records.get((urn, op)) or self.records.get((urn, "refresh"))
        if record is None:
            record = self.records[urn, op] = _Record(op, meta)
        self.ended += 1
        record.meta = {**record.meta, **{key: meta[key] for key in meta if meta[key] is not None}}
        if record.op == "refresh":
            record.meta["new"] = meta.get("new")
        record.ended, record.failed = True, record.failed or kind == "resOpFailedEvent"

    def plan(self, seconds: float, failed: bool) -> Plan:
        """Make the plan of what came in; ``failed`` is true if the command failed."""
        by_urn: dict[str, dict[str, _Record]] = {}
        drift = []
        for (urn, op), record in self.records.items():
            if op == "refresh":
                found = self._found(urn, record)
                if found:
                    drift.append(found)
            elif not urn.endswith("::default") or f"::{PROVIDER_TYPE}" not in urn:
                by_urn.setdefault(urn, {})[op] = record
        steps, unchanged, moved, read = [], [], 0, 0
        for urn, records in by_urn.items():
            if set(records) == {"same"}:
                unchanged.append(urn)
                moved += _stored_differently(records["same"].meta)
            elif set(records) <= {"same", *_READING}:
                read += 1
            else:
                step = self._step(urn, records)
                if step:
                    steps.append(step)
        return Plan(
            steps=tuple(steps),
            drift=tuple(drift),
            outputs=() if failed else tuple(self._outputs(by_urn)),
            unchanged=tuple(unchanged),
            stored_differently=moved,
            read=read,
            messages=tuple(self._messages(failed)),
            ok=not failed and self.result in ("", "succeeded"),
            seconds=seconds,
        )

    def _step(self, urn: str, records: dict[str, _Record]) -> Step | None:
        replacing = [records[op] for op in _REPLACING if op in records]
        if "replace" in records or "create-replacement" in records:
            op = Op.REPLACE
            before = records.get("replace") or records.get("delete-replaced") or replacing[0]
            after = records.get("create-replacement") or records.get("replace") or replacing[0]
            taken = replacing
        else:
            taken = [r for name, r in records.items() if name != "same"]
            name = "delete" if replacing else taken[-1].op
            if name not in set(Op):
                return None
            op, before, after = Op(name), taken[0], taken[-1]
        old = before.state("old", "inputs") if op is not Op.CREATE else None
        new = after.state("new", "inputs") if op is not Op.DELETE else None
        reasons = {key for record in taken for key in record.meta.get("keys") or ()}
        detailed: dict[str, Any] = {}
        for record in taken:
            detailed.update(record.meta.get("detailedDiff") or {})
        return Step(
            urn=urn,
            op=op,
            diffs=tuple(_diffs(old, new, detailed, reasons)),
            replace_reasons=tuple(sorted(reasons)),
            provider=_provider(after.meta) or _provider(before.meta),
            old=old,
            new=new,
            outcome=self._outcome(urn, taken, op, records),
        )

    def _outcome(
        self, urn: str, taken: list[_Record], op: Op, records: Mapping[str, _Record]
    ) -> Outcome:
        if self.planning:
            return Outcome.PLANNED
        if any(record.failed for record in taken):
            said = (item["message"] for item in self.diagnostics if item.get("urn") == urn)
            return Outcome.UNKNOWN if any(map(_CUT_OFF.search, said)) else Outcome.FAILED
        if not all(record.ended for record in taken):
            return Outcome.UNKNOWN
        halfway = op is Op.REPLACE and "create-replacement" not in records
        return Outcome.NOT_DONE if halfway else Outcome.DONE

    def _found(self, urn: str, record: _Record) -> Step | None:
        """Return what a refresh found of one resource, ``None`` if it is as it was."""
        if not record.ended or f"::{PROVIDER_TYPE}" in urn or f"::{STACK_TYPE}::" in urn:
            return None
        old, new = record.state("old", "inputs"), record.state("new", "inputs")
        if new is None:
            op = Op.DELETE
        elif old != new:
            op = Op.UPDATE
        else:
            return None
        outcome = Outcome.PLANNED if self.planning else Outcome.DONE
        diffs = tuple(_diffs(old, new, {}, ()))
        provider = _provider(record.meta)
        return Step(
            urn=urn, op=op, diffs=diffs, provider=provider, old=old, new=new, outcome=outcome
        )

    def _outputs(self, by_urn: Mapping[str, Mapping[str, _Record]]) -> list[PropertyDiff]:
        """Return how the outputs of the stack differ; none are known of a stack that goes."""
        for urn, records in by_urn.items():
            if f"::{STACK_TYPE}::" in urn and "delete" not in records:
                record = list(records.values())[-1]
                if record.meta.get("new") is not None:
                    old = record.state("old", "outputs") or {}
                    return list(differences(old, record.state("new", "outputs")))
        return []

    def _messages(self, failed: bool) -> list[Message]:
        said: dict[tuple[str, str], Message] = {}
        for item in self.diagnostics:
            severity = _SEVERITIES.get(item["severity"], "info")
            text = error_text(item["message"])
            if (self.heard or self.result == "canceled") and _NEVER_SEEN.fullmatch(text):
                continue
            if text:
                said.setdefault(
                    (item.get("urn") or "", text),
                    Message(severity=severity, text=text, urn=item.get("urn") or ""),
                )
        about = {message.text for message in said.values() if message.urn}
        messages = [said[key] for key in said if said[key].urn or said[key].text not in about]
        if sum(message.severity == "error" for message in messages) > 1:
            messages = [message for message in messages if message.text not in _GENERIC]
        if not failed:
            messages += [Message(severity="info", text=line) for line in notes(self.output)]
        return messages


def _stored_differently(meta: Mapping[str, Any]) -> bool:
    """Tell whether an unchanged resource is still written anew: another provider or option."""
    old, new = meta.get("old") or {}, meta.get("new") or {}
    return any((old.get(key) or "") != (new.get(key) or "") for key in _STORED)


def _policy(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return a policy violation as a diagnostic."""
    mandatory = event.get("enforcementLevel") == "mandatory"
    return {
        "severity": "error" if mandatory else "warning",
        "message": f"policy {event.get('policyName')}: {event.get('message')}",
        "urn": event.get("resourceUrn") or "",
    }


def _provider(meta: Mapping[str, Any]) -> str:
    """Return the logical name of the provider resource (references are ``URN::ID``)."""
    parts = (meta.get("provider") or "").split("::")
    return "::".join(parts[3:-1]) if len(parts) > 4 else ""


def _diffs(
    old: Mapping[str, Value] | None,
    new: Mapping[str, Value] | None,
    detailed: Mapping[str, Any],
    reasons: set[str] | tuple[()],
) -> list[PropertyDiff]:
    """Return the differences of a step; the engine's own list wins, as it sees into secrets."""
    if old is None:
        return list(leaves(new or {}, "add")) if new else []
    if new is None:
        return list(leaves(old, "delete")) if old else []
    if not detailed:
        found = list(differences(old, new))
    else:
        found = []
        for path in sorted(detailed):
            if path.startswith("__"):
                continue
            kind = detailed[path]["diffKind"].removesuffix("-replace")
            before, after = at(old, path), at(new, path)
            found.append(
                PropertyDiff(
                    path=path,
                    kind=kind,
                    old=None if kind == "add" else before,
                    new=None if kind == "delete" else after,
                    replaces=detailed[path]["diffKind"].endswith("-replace"),
                )
            )
    return [
        diff.model_copy(update={"replaces": True})
        if diff.path.partition(".")[0].partition("[")[0] in reasons
        else diff
        for diff in found
    ]
