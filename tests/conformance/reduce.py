"""Steps, calls and messages of a run, reduced to what is guaranteed."""

import json
import re
import subprocess

from tests.conformance.normalise import UNKNOWN_MARK, Graph, Normaliser

DEPENDENTS_LAST = {
    "create",
    "create-replacement",
    "update",
    "import",
    "import-replacement",
    "read",
    "same",
}
DELETES = {"delete", "delete-replaced", "read-discard", "discard", "discard-replaced"}


# ------------------------------------------------------------------ steps and calls


def short(urn: str) -> str:
    """Return `Type::name` of a urn."""
    kind, name = urn.split("::", 3)[2:]
    kind = kind.split("$")[-1]
    return f"{kind.split(':')[-1].split('/')[-1] or kind}::{name}"


def step_state(state: dict | None) -> dict | None:
    """Reduce the state shown with a step."""
    if not state:
        return None
    kept = {}
    for key in (
        "id",
        "provider",
        "protect",
        "external",
        "delete",
        "retainOnDelete",
        "taint",
        "initErrors",
    ):
        if state.get(key):
            kept[key] = state[key]
    for key in ("inputs", "outputs"):
        kept[key] = {k: v for k, v in (state.get(key) or {}).items() if k != "__provider"}
    return kept


def read_steps(events: list[dict]) -> list[dict]:
    """Turn engine events into steps, in the order in which they began."""
    steps: list[dict] = []
    open_steps: dict[tuple, dict] = {}
    for number, event in enumerate(events):
        for kind in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
            if kind not in event:
                continue
            meta = event[kind]["metadata"]
            # A refresh begins as "refresh" and ends as what it found.
            key = (meta["urn"], meta["op"])
            if kind == "resourcePreEvent":
                step = {
                    "step": f"{meta['op']} {short(meta['urn'])}",
                    "op": meta["op"],
                    "urn": meta["urn"],
                }
                step["_begin"], step["_end"] = number, None
                fill(step, meta)
                if not (meta.get("new") or meta["old"]).get("custom"):
                    step["_end"] = number  # a component is there as soon as it is registered
                steps.append(step)
                open_steps[key] = step
                continue
            step = open_steps.get(key) or open_steps.get((meta["urn"], "refresh"))
            if step is None:
                step = {
                    "step": f"{meta['op']} {short(meta['urn'])}",
                    "op": meta["op"],
                    "urn": meta["urn"],
                }
                step["_begin"] = number
                steps.append(step)
            if kind == "resOpFailedEvent":
                step["failed"] = True
            elif meta["op"] != step["op"]:
                step["found"] = meta["op"]
            fill(step, meta)
            step["_end"] = step["_end"] if step.get("_end") is not None else number
    return steps


def fill(step: dict, meta: dict) -> None:
    """Copy what an event says about its step; later events overrule earlier ones."""
    for name, key in (
        ("replaceReasons", "keys"),
        ("diffReasons", "diffs"),
        ("detailedDiff", "detailedDiff"),
    ):
        if meta.get(key):
            step[name] = sorted(meta[key]) if isinstance(meta[key], list) else meta[key]
    same = step["op"] == "same"
    for name in ("old", "new"):
        state = step_state(meta.get(name))
        if same and name == "old":
            continue
        if state is not None:
            step[name] = state


def normal_steps(
    steps: list[dict], graph: Graph, ordered: bool, normaliser: Normaliser
) -> tuple[list, list]:
    """Return the steps in a canonical order and the pairs whose order is guaranteed."""
    pairs = []
    for a in steps:
        for b in steps:
            if a is b or a["_end"] is None or not ordered:
                continue
            if must_precede(a, b, graph):
                if a["_end"] > b["_begin"]:
                    raise AssertionError(f"{a['step']} did not end before {b['step']} began")
                pairs.append((a["step"], b["step"]))
    result = []
    labels = [s["step"] for s in steps]
    # Deletes last, the rest by urn, as far as the pairs allow: one of the possible orders.
    remaining = sorted(steps, key=lambda s: (s["op"] in DELETES, s["urn"], s["_begin"]))
    if len(set(labels)) != len(labels):
        pairs = [p for p in pairs if labels.count(p[0]) == 1 and labels.count(p[1]) == 1]
    while remaining:
        blocked = {b for a, b in pairs if any(s["step"] == a for s in remaining)}
        step = next((s for s in remaining if s["step"] not in blocked), remaining[0])
        remaining.remove(step)
        result.append(normaliser.value({k: v for k, v in step.items() if not k.startswith("_")}))
    return result, reduced(pairs)


def must_precede(a: dict, b: dict, graph: Graph) -> bool:
    """Tell whether step `a` must have ended before step `b` begins."""
    if a["urn"] == b["urn"]:
        return a["_begin"] < b["_begin"]
    if "same" in (a["op"], b["op"]):
        return False
    if a["op"] in DELETES and b["op"] in DELETES:
        return graph.depends(a["urn"], b["urn"])
    if a["op"] in DEPENDENTS_LAST and b["op"] in DEPENDENTS_LAST:
        return graph.depends(b["urn"], a["urn"])
    if a["op"] in DEPENDENTS_LAST and b["op"] == "delete":
        return True
    if a["op"] == "create-replacement" and b["op"] == "delete-replaced":
        return a["_end"] < b["_begin"] and graph.depends(a["urn"], b["urn"])
    if a["op"] == "delete-replaced" and b["op"] == "create-replacement":
        return a["_end"] < b["_begin"] and graph.depends(a["urn"], b["urn"])
    return False


def reduced(pairs: list[tuple]) -> list[list]:
    """Drop the pairs which follow from others."""
    after: dict[str, set] = {}
    for a, b in pairs:
        after.setdefault(a, set()).add(b)

    def reaches(a, b):
        todo, seen = [x for x in after.get(a, ()) if x != b], set()
        while todo:
            x = todo.pop()
            if x == b:
                return True
            if x not in seen:
                seen.add(x)
                todo.extend(after.get(x, ()))
        return False

    return sorted({(a, b) for a, b in pairs if not reaches(a, b)})


def read_calls(lines: list[dict], graph: Graph, normaliser: Normaliser) -> tuple[list, list]:
    """Turn the trace into calls: grouped by object, inside a group in the order of the run."""
    calls: dict[str, dict] = {}
    for number, line in enumerate(lines):
        if line["event"] == "begin":
            label = f"{line['method']} {line['id'] or line['type']}"
            calls[line["call"]] = {
                "call": label,
                **{k: line[k] for k in ("method", "type", "id", "args")},
            }
            calls[line["call"]].update(_begin=number, _end=None)
        elif line["event"] == "end":
            call = calls[line["call"]]
            call.update({k: line[k] for k in ("result", "error") if k in line}, _end=number)
            if call["method"] == "configure":
                del call["args"]
    listed = list(calls.values())
    for call in listed:
        if call["_end"] is None:
            call["unfinished"] = True
    pairs = []
    changing = [c for c in listed if c["method"] in ("create", "update", "delete")]
    for a in changing:
        for b in changing:
            if (
                a is not b
                and a["_end"] is not None
                and a["_end"] < b["_begin"]
                and call_matters(a, b, graph)
            ):
                pairs.append((a["call"], b["call"]))

    def key(call):
        anonymous = call["id"] is None or UNKNOWN_MARK in call["id"]
        text = (
            json.dumps(call.get("args") or call.get("result"), sort_keys=True) if anonymous else ""
        )
        return (call["id"] is not None, call["id"] or call["type"], text, call["_begin"])

    listed.sort(key=key)
    cleaned = [
        normaliser.value({k: v for k, v in c.items() if not k.startswith("_")}) for c in listed
    ]
    return cleaned, reduced(pairs)


def call_matters(a: dict, b: dict, graph: Graph) -> bool:
    """Tell whether the order of two calls that change something is guaranteed by dependencies."""
    for urn_a in graph.urn_of_id.get(a["id"], ()):
        for urn_b in graph.urn_of_id.get(b["id"], ()):
            if urn_a == urn_b:
                return True
            if a["method"] == "delete" and graph.depends(urn_a, urn_b):
                return True
            if a["method"] != "delete" and b["method"] != "delete" and graph.depends(urn_b, urn_a):
                return True
            if a["method"] != "delete" and b["method"] == "delete" and graph.depends(urn_a, urn_b):
                return True
    return False


# ------------------------------------------------------------------ messages


NOISE = re.compile(
    r"^\s*(File \"|Traceback|\^+|~+|The above exception|During handling|from \$PATH)"
    r"|using pulumi-\S+ from \$PATH"
)


# Sentences of advice that follow the statement of the problem.
ADVICE = re.compile(r"\. (To unprotect|Either wait)\b.*$|^`pulumi state unprotect .*$")


def essential(message: str, normaliser: Normaliser) -> str:
    """Reduce a message to its lines of meaning: no traceback, no colours, no paths."""
    message = re.sub(r"<\{%[^%]*%\}>", "", message)
    lines, in_traceback = [], False
    for line in message.replace("\r", "").splitlines():
        if line.strip().removeprefix("error: ").startswith("Traceback (most recent call last)"):
            in_traceback = True
            continue
        if in_traceback and (line.startswith(" ") or not line.strip()):
            continue
        in_traceback = False
        line = ADVICE.sub("", line.strip())
        if line and not NOISE.search(line):
            lines.append(normaliser.text(line))
    return "\n".join(lines)


def messages(items: list[dict], normaliser: Normaliser) -> list[dict]:
    """Normalise diagnostics; what the program wrote to stderr is left out."""
    found = {}
    for item in items:
        if item["severity"] in ("debug", "info#err"):
            continue
        message = essential(item["message"], normaliser)
        if item["severity"] == "warning":  # the list of pending operations, not the advice after it
            first, *rest = message.splitlines() or [""]
            message = "\n".join([first, *(line for line in rest if line.startswith("* "))])
        if message:
            entry = {"severity": item["severity"], "urn": item.get("urn", ""), "message": message}
            found[json.dumps(entry, sort_keys=True)] = entry
    return [found[key] for key in sorted(found)]


def diagnostics(events: list[dict], normaliser: Normaliser) -> list[dict]:
    """Collect the messages of the engine, sorted."""
    items = [event["diagnosticEvent"] for event in events if "diagnosticEvent" in event]
    for event in events:
        if "errorEvent" in event:
            items.append({"severity": "fatal", "message": event["errorEvent"]["error"]})
    return messages(items, normaliser)


def policy_events(events: list[dict], normaliser: Normaliser) -> list[dict]:
    """Collect policy violations and remediations, sorted."""
    found = []
    for event in events:
        for kind in ("policyEvent", "policyRemediationEvent"):
            if kind in event:
                item = {k: v for k, v in event[kind].items() if k != "color"}
                if "message" in item:
                    item["message"] = essential(item["message"], normaliser)
                found.append(normaliser.value({"event": kind, **item}))
    return sorted(found, key=lambda item: json.dumps(item, sort_keys=True))


def digest(stdout: str, normaliser: Normaliser) -> dict | None:
    """Normalise the document which `preview --json` prints."""
    try:
        document = json.loads(stdout)
    except ValueError:
        return None
    document.pop("duration", None)
    for step in document.get("steps") or []:
        for key in ("oldState", "newState"):
            if key in step:
                step[key] = normaliser.state(step[key])
        for key in ("diffReasons", "replaceReasons"):
            if step.get(key):
                step[key].sort()
    document = normaliser.value(document)
    if "steps" in document:
        document["steps"].sort(key=lambda s: (s["urn"], s["op"]))
    if "diagnostics" in document:
        document["diagnostics"] = messages(document["diagnostics"], normaliser)
    return document


def plain_errors(
    result: subprocess.CompletedProcess, said: list[dict], normaliser: Normaliser
) -> list[str]:
    """Return the `error:` lines which the CLI printed and the engine's messages do not say."""
    lines = essential((result.stderr or "") + "\n" + (result.stdout or ""), normaliser).splitlines()
    known = "\n".join(item["message"] for item in said)
    found = {line for line in lines if line.startswith("error:") and "Traceback" not in line}
    return sorted(line for line in found if line.removeprefix("error: ") not in known)
