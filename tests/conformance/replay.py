"""Replay recorded engine behaviour and compare.

    python tests/conformance/replay.py FOLDER [NAME ...]                on the embedded engine
    python tests/conformance/replay.py --engine pulumi FOLDER [NAME]    on the `pulumi` on PATH

FOLDER holds `toy.py` and the scenarios, folders with a `scenario.json`; NAMEs are beginnings of
their names. Each phase of a scenario is run in a temporary directory, what it did is reduced to
what does not depend on time, machine or scheduling, and that is compared with
`expected/PHASE.json`. README.md in `tests/engine_vectors` describes the format. One line is
printed for each scenario, its differences under it, and at the end `N passed, N failed`.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import dill

PROJECT = "toyland"
STACK = "dev"

# Commands which run the engine, with the flags that only make them non-interactive.
ENGINE_COMMANDS = {
    "preview": ["--non-interactive"],
    "up": ["--yes", "--skip-preview", "--non-interactive"],
    "refresh": ["--yes", "--skip-preview", "--non-interactive"],
    "destroy": ["--yes", "--skip-preview", "--non-interactive"],
    "import": ["--yes", "--skip-preview", "--non-interactive", "--generate-code=false"],
}

SECRET_MARK = "[secret]"
UNKNOWN_MARK = "[unknown]"
UNKNOWN_IN_EVENTS = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # how the CLI spells an unknown string
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PROVIDER_TYPE = "pulumi:providers:"
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


# ------------------------------------------------------------------ engines


@dataclass(frozen=True)
class Engine:
    """A command line to replay on.

    Attributes:
        name: `embedded` or `pulumi`.
        command: what is started.
        backend: the environment variable that names the folder of the state.
        stack: the folder of the stack's files in it; what lies there changes with the state.
    """

    name: str
    command: tuple[str, ...]
    backend: str
    stack: str


ENGINES = {
    "embedded": Engine(
        "embedded",
        (sys.executable, "-P", "-m", "pulumi_martech.engine.embedded"),
        "MARTECH_BACKEND_URL",
        f"{PROJECT}/{STACK}",
    ),
    "pulumi": Engine("pulumi", ("pulumi",), "PULUMI_BACKEND_URL", f".pulumi/stacks/{PROJECT}"),
}


# ------------------------------------------------------------------ running the CLI


class Sandbox:
    """A temporary directory in which the phases of one scenario are run."""

    def __init__(self, scenario: Path, engine: Engine):
        self.engine = engine
        self.home = scenario.parent  # where toy.py is
        self.root = Path(tempfile.mkdtemp(prefix="vector-"))
        self.work = self.root / "work"
        self.world = self.root / "world.json"
        self.trace = self.root / "trace.jsonl"
        for name in ("home", "state"):
            (self.root / name).mkdir()
        self._copy(scenario)
        self.world.write_text(json.dumps({"objects": {}, "made": {}, "faults": []}))
        self.env = {
            **os.environ,
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],
            "PYTHONPATH": str(self.home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PULUMI_HOME": str(self.root / "home"),
            engine.backend: f"file://{self.root / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "toy",
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_COMMANDS": "true",
            "TOY_WORLD": str(self.world),
            "TOY_TRACE": str(self.trace),
        }
        self.pulumi("stack", "init", STACK)

    def _copy(self, scenario: Path) -> None:
        """Copy the files of the scenario, putting real serialised providers into JSON files."""
        shutil.copytree(
            scenario,
            self.work,
            ignore=shutil.ignore_patterns("expected", "scenario.json", "__pycache__"),
        )
        for path in self.work.glob("*.json"):
            text = path.read_text(encoding="utf-8")
            path.write_text(
                re.sub(r"<provider:(\w+)>", lambda m: serialised(self.home, m[1]), text),
                encoding="utf-8",
            )
        self.write_project({})

    def write_project(self, options: dict) -> None:
        """Write Pulumi.yaml with these options of the project."""
        lines = [f"name: {PROJECT}", "runtime: python"]
        if options:
            lines.append(f"options: {json.dumps(options)}")
        (self.work / "Pulumi.yaml").write_text("\n".join(lines) + "\n")

    def pulumi(self, *args: str, **more: str) -> subprocess.CompletedProcess:
        """Run the CLI to its end."""
        return subprocess.run(
            [*self.engine.command, *args],
            cwd=self.work,
            env={**self.env, **more},
            capture_output=True,
            text=True,
        )

    def pulumi_killed(self, args: list[str], when: dict) -> subprocess.CompletedProcess:
        """Start the CLI and kill it and its children once a handler sleeps as `when` says."""
        process = subprocess.Popen(
            [*self.engine.command, *args],
            cwd=self.work,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wanted = {"event": "sleep", **when}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if any(wanted.items() <= line.items() for line in self.read_trace(keep=True)):
                time.sleep(0.5)  # let the other calls and the state writes settle
                break
            time.sleep(0.05)
        for pid in [process.pid, *descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.5)
        return subprocess.CompletedProcess(args, "killed", "", "")

    def read_trace(self, keep: bool = False) -> list[dict]:
        """Return the trace so far and forget it unless `keep` is set."""
        if not self.trace.exists():
            return []
        lines = [json.loads(line) for line in self.trace.read_text(encoding="utf-8").splitlines()]
        if not keep:
            self.trace.unlink()
        return lines

    def change_world(self, change: dict) -> None:
        """Change what the provider finds: `set` properties, `unset` them, `remove` objects, `faults`."""
        world = json.loads(self.world.read_text(encoding="utf-8"))
        for object_id, inputs in change.get("add", {}).items():
            kind, name = object_id.split("/")[0].capitalize(), object_id.split("/")[-1]
            world["made"][object_id] = 1
            world["objects"][object_id] = {"kind": kind, "inputs": inputs, "handle": f"{name}#1"}
        for object_id, inputs in change.get("set", {}).items():
            world["objects"][object_id]["inputs"].update(inputs)
        for object_id, names in change.get("unset", {}).items():
            for name in names:
                del world["objects"][object_id]["inputs"][name]
        for object_id in change.get("remove", []):
            del world["objects"][object_id]
        world["faults"] = change.get("faults", [])
        self.world.write_text(json.dumps(world, indent=1, sort_keys=True), encoding="utf-8")

    def configure(self, config: dict) -> None:
        """Set stack configuration; {"secret": value} is stored encrypted, null removes the key."""
        args = []
        for key, value in config.items():
            if value is None:
                self.pulumi("config", "rm", key)
            elif isinstance(value, dict):
                args += ["--secret", f"{key}={value['secret']}"]
            else:
                args += ["--plaintext", f"{key}={value}"]
        if args:
            self.pulumi("config", "set-all", *args)

    def checkpoint(self) -> bytes:
        """Return the state files as they lie in the backend."""
        folder = self.root / "state" / self.engine.stack
        names = ("checkpoint.json", "journal.jsonl", f"{STACK}.json")
        return b"".join(p.read_bytes() for p in sorted(folder.glob("*")) if p.name in names)

    def close(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def descendants(pid: int) -> list[int]:
    """Return the children of a process and their children; plugins are in process groups of their own."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
    found, todo = [], [pid]
    while todo:
        parent = todo.pop()
        children = [child for child, of in parents.items() if of == parent]
        found += children
        todo += children
    return found


def serialised(home: Path, class_name: str) -> str:
    """Return what the SDK stores as `__provider` for a provider class of the toy.py in `home`."""
    sys.path.insert(0, str(home))
    try:
        import toy

        provider = getattr(toy, class_name)()
        pickled = dill.dumps(provider, protocol=pickle.DEFAULT_PROTOCOL, recurse=True)
        return base64.b64encode(pickled).decode()
    finally:
        sys.path.remove(str(home))


# ------------------------------------------------------------------ normalising


class Normaliser:
    """Replaces what differs from run to run; remembers the ids of provider resources."""

    def __init__(self, sandbox: Sandbox):
        self.sandbox = sandbox
        self.provider_ids: dict[str, str] = {}
        self.providers = {
            serialised(sandbox.home, f"{kind}Provider"): f"<provider:{kind}Provider>"
            for kind in ("User", "Group", "Grant", "Invite", "Roster", "Gate")
        }

    def learn(self, value) -> None:
        """Find provider resources in any recorded value and give their ids stable names."""
        for urn, uuid in re.findall(
            rf"({re.escape('urn:pulumi:')}[^\"]*?::{PROVIDER_TYPE}[^\"]*?)::({UUID.pattern})",
            json.dumps(value),
        ):
            self._name(urn, uuid)
        self._learn_states(value)

    def _learn_states(self, value) -> None:
        if isinstance(value, dict):
            if str(value.get("type", "")).startswith(PROVIDER_TYPE) and UUID.fullmatch(
                value.get("id") or ""
            ):
                self._name(value["urn"], value["id"])
            for item in value.values():
                self._learn_states(item)
        elif isinstance(value, list):
            for item in value:
                self._learn_states(item)

    def _name(self, urn: str, uuid: str) -> None:
        if uuid == UNKNOWN_IN_EVENTS or uuid in self.provider_ids:
            return
        name = urn.split("::")[-1]
        number = 1 + sum(label.startswith(f"<id:{name}#") for label in self.provider_ids.values())
        self.provider_ids[uuid] = f"<id:{name}#{number}>"

    def text(self, text: str) -> str:
        """Normalise a string."""
        text = self.providers.get(text, text)
        text = text.replace(str(self.sandbox.work), "<work>").replace(
            str(self.sandbox.root), "<sandbox>"
        )
        text = text.replace(str(self.sandbox.home), "<toy>")
        text = text.replace(UNKNOWN_IN_EVENTS, UNKNOWN_MARK)
        return UUID.sub(lambda m: self.provider_ids.get(m[0], "<uuid>"), text)

    def value(self, value):
        """Normalise any JSON value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            if SIGNATURE_KEY in value:
                if "plaintext" not in value:
                    return SECRET_MARK
                plaintext = self.plaintext(value["plaintext"])
                return {
                    SIGNATURE_KEY: value[SIGNATURE_KEY],
                    "ciphertext": SECRET_MARK,
                    "plaintext": plaintext,
                }
            return {key: self.value(item) for key, item in value.items()}
        return value

    def plaintext(self, text: str) -> str:
        """Normalise the JSON text inside a secret."""
        return json.dumps(self.value(json.loads(text)), sort_keys=True, ensure_ascii=False)

    def state(self, resource: dict) -> dict:
        """Normalise one resource of a deployment."""
        dropped = {"created", "modified", "sourcePosition", "stackTrace"}
        state = self.value({k: v for k, v in resource.items() if k not in dropped})
        if state.get("dependencies"):
            state["dependencies"].sort()  # sets, really
        for urns in (state.get("propertyDependencies") or {}).values():
            (urns or []).sort()
        return state


def deployment(export: dict, normaliser: Normaliser) -> dict:
    """Normalise the result of `stack export`; resources are sorted by urn."""
    inner = export["deployment"]
    result = {"version": export["version"], **{k: v for k, v in inner.items() if k != "manifest"}}
    if "secrets_providers" in result:
        result["secrets_providers"] = {"type": inner["secrets_providers"]["type"]}
    resources = inner.get("resources") or []
    check_order(resources)
    states = [normaliser.state(r) for r in resources]
    result["resources"] = sorted(
        states, key=lambda r: (r["urn"], bool(r.get("delete")), r.get("id", ""))
    )
    if inner.get("pending_operations"):
        pending = [
            {"type": p["type"], "resource": normaliser.state(p["resource"])}
            for p in inner["pending_operations"]
        ]
        result["pending_operations"] = sorted(
            pending, key=lambda p: (p["resource"]["urn"], p["type"])
        )
    if result.get("metadata") == {}:
        del result["metadata"]
    return result


def dependencies(resource: dict) -> set[str]:
    """Return the urns a resource of a deployment refers to."""
    found = set(resource.get("dependencies") or [])
    for urns in (resource.get("propertyDependencies") or {}).values():
        found.update(urns or [])
    for key in ("parent", "deletedWith"):
        if resource.get(key):
            found.add(resource[key])
    if resource.get("provider"):
        found.add(resource["provider"].rsplit("::", 1)[0])
    found.discard(resource["urn"])
    return found


def check_order(resources: list[dict]) -> None:
    """Make sure that each resource of a deployment comes after what it refers to."""
    present = {r["urn"] for r in resources}
    seen: set[str] = set()
    for resource in resources:
        missing = (dependencies(resource) & present) - seen
        if missing:
            raise AssertionError(f"{resource['urn']} comes before {sorted(missing)}")
        seen.add(resource["urn"])


class Graph:
    """What depends on what, directly or not."""

    def __init__(self, *exports: dict | None):
        self.direct: dict[str, set[str]] = {}
        self.urn_of_id: dict[str, set[str]] = {}
        for export in exports:
            for resource in (export or {}).get("deployment", {}).get("resources") or []:
                self.direct.setdefault(resource["urn"], set()).update(dependencies(resource))
                if resource.get("id"):
                    self.urn_of_id.setdefault(resource["id"], set()).add(resource["urn"])

    def depends(self, urn: str, other: str) -> bool:
        """Tell whether `urn` depends on `other`."""
        todo, seen = [urn], set()
        while todo:
            for dependency in self.direct.get(todo.pop(), ()):
                if dependency == other:
                    return True
                if dependency not in seen:
                    seen.add(dependency)
                    todo.append(dependency)
        return False


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
    r"^\s*(File \"|Traceback|\^+|~+|The above exception|During handling|from \$PATH)|using pulumi-\S+ from \$PATH"
)


# Sentences of advice that follow the statement of the problem.
ADVICE = re.compile(r"\. (To unprotect|Either wait)\b.*$|^`pulumi state unprotect .*$")


def essential(message: str, normaliser: Normaliser) -> str:
    """Reduce a message to its lines of meaning: no traceback, no colours, no paths."""
    message = re.sub(r"<\{%[^%]*%\}>", "", message)
    lines, in_traceback = [], False
    for line in message.replace("\r", "").splitlines():
        if line.strip().startswith("Traceback (most recent call last)"):
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
    """Return the `error:` lines which the CLI itself printed, without what the engine's messages say already."""
    lines = essential((result.stderr or "") + "\n" + (result.stdout or ""), normaliser).splitlines()
    known = "\n".join(item["message"] for item in said)
    found = {line for line in lines if line.startswith("error:") and "Traceback" not in line}
    return sorted(line for line in found if line.removeprefix("error: ") not in known)


# ------------------------------------------------------------------ phases


def export_state(sandbox: Sandbox) -> dict | None:
    """Return `stack export` with secrets in plain text."""
    result = sandbox.pulumi("stack", "export", "--show-secrets")
    return json.loads(result.stdout) if result.returncode == 0 else None


def run_phase(
    sandbox: Sandbox, phase: dict, before: dict | None, normaliser: Normaliser
) -> tuple[dict, dict | None]:
    """Run one phase; return its record and the state after it."""
    if "program" in phase:
        shutil.copy(sandbox.work / phase["program"], sandbox.work / "__main__.py")
    if "options" in phase:
        sandbox.write_project(phase["options"])
    sandbox.change_world(phase.get("world", {}))
    if phase.get("config"):
        sandbox.configure(phase["config"])
    command = list(phase["command"])
    checkpoint = sandbox.checkpoint()
    log = sandbox.root / "events.jsonl"
    log.unlink(missing_ok=True)
    engine = command[0] in ENGINE_COMMANDS
    args = command
    if engine:
        own = ENGINE_COMMANDS[command[0]]
        if "--preview-only" in command:
            own = [flag for flag in own if flag not in ("--yes", "--skip-preview")]
        args = [*command, *own, "--color=never", "--event-log", str(log)]
    if "kill" in phase:
        result = sandbox.pulumi_killed(args, phase["kill"])
    else:
        result = sandbox.pulumi(*args, **phase.get("env", {}))
    text = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    events = [json.loads(line) for line in text if line.strip()]
    lines = sandbox.read_trace()
    changed = sandbox.checkpoint() != checkpoint
    after = export_state(sandbox) if changed else before
    normaliser.learn(after)
    normaliser.learn(events)

    record: dict = {"phase": phase["name"], "command": command, "exitCode": result.returncode}
    if engine:
        graph = Graph(before, after)
        mutates = command[0] != "preview" and "--preview-only" not in command
        steps, order = normal_steps(read_steps(events), graph, mutates, normaliser)
        record.update(steps=steps, stepOrder=order)
        summaries = [e["summaryEvent"] for e in events if "summaryEvent" in e]
        if summaries:
            record["summary"] = {
                k: summaries[-1].get(k) for k in ("resourceChanges", "result", "maybeCorrupt")
            }
        record["calls"], record["callOrder"] = read_calls(lines, graph, normaliser)
        record["diagnostics"] = diagnostics(events, normaliser)
        policies = policy_events(events, normaliser)
        if policies:
            record["policy"] = policies
    if result.returncode not in (0, "killed"):
        record["errors"] = plain_errors(result, record.get("diagnostics", []), normaliser)
    if command[0] == "preview" and "--json" in command:
        record["digest"] = digest(result.stdout, normaliser)
    state = deployment(after, normaliser) if after else None
    same = not changed or state == (deployment(before, normaliser) if before else None)
    record["state"] = "unchanged" if same else state
    world = json.loads(sandbox.world.read_text(encoding="utf-8"))
    record["world"] = {k: world[k] for k in ("objects", "made")}
    if os.environ.get("VECTOR_DEBUG"):
        (Path(os.environ["VECTOR_DEBUG"]) / f"{phase['name']}.out").write_text(
            f"{args}\n{result.stdout}\n--- stderr\n{result.stderr}\n--- events\n" + "\n".join(text)
        )
    return record, after


def run_scenario(folder: Path, engine: Engine) -> dict[str, dict]:
    """Run all phases of a scenario and return the records by phase name."""
    spec = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
    sandbox = Sandbox(folder, engine)
    try:
        normaliser = Normaliser(sandbox)
        state, records = export_state(sandbox), {}
        for phase in spec["phases"]:
            records[phase["name"]], state = run_phase(sandbox, phase, state, normaliser)
        return records
    finally:
        sandbox.close()


# ------------------------------------------------------------------ files


def differences(expected, actual, path: str = "") -> list[str]:
    """List where two JSON values differ."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key in sorted(expected.keys() | actual.keys()):
            if key not in actual:
                found.append(f"{path}.{key}: missing")
            elif key not in expected:
                found.append(f"{path}.{key}: not expected")
            else:
                found += differences(expected[key], actual[key], f"{path}.{key}")
        return found
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [
            d
            for i, pair in enumerate(zip(expected, actual))
            for d in differences(*pair, f"{path}[{i}]")
        ]
    if expected != actual:
        return [f"{path}: expected {json.dumps(expected)[:300]}, got {json.dumps(actual)[:300]}"]
    return []


def replay(folder: Path, engine: Engine) -> list[str]:
    """Run a scenario; return how it differs from its recording."""
    try:
        records = json.loads(json.dumps(run_scenario(folder, engine)))
    except Exception as error:  # one bad scenario must not hide the others
        return [f"{folder.name}: {type(error).__name__}: {error}"]
    target = folder / "expected"
    found = []
    names = {path.stem for path in target.glob("*.json")}
    for name in sorted(names | records.keys()):
        if name not in names or name not in records:
            found.append(f"{folder.name}/{name}: only {'recorded' if name in names else 'run'}")
            continue
        expected = json.loads((target / f"{name}.json").read_text(encoding="utf-8"))
        found += [f"{folder.name}/{name}{d}" for d in differences(expected, records[name])]
    return found


def scenarios(folder: Path, names: list[str]) -> list[Path]:
    """Return the scenarios of a folder, all or those whose names begin so."""
    folders = sorted(path.parent for path in folder.resolve().glob("*/scenario.json"))
    return [f for f in folders if not names or f.name.startswith(tuple(names))]


def main() -> int:
    """Command line entry point."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where toy.py and the scenarios are")
    parser.add_argument("names", nargs="*", help="beginnings of folder names; all by default")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="embedded")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="scenarios at once")
    options = parser.parse_args()
    engine = ENGINES[options.engine]
    if shutil.which(engine.command[0]) is None:
        parser.error(f"there is no `{engine.command[0]}` on PATH")
    folders = scenarios(options.folder, options.names)
    if not folders:
        parser.error(f"there is no scenario in {options.folder}")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = [(f, pool.submit(replay, f, engine)) for f in folders]
        for folder, run in runs:
            found = run.result()
            failed += bool(found)
            print(f"{folder.name}: {'failed' if found else 'passed'}", flush=True)
            for line in found:
                print(f"  {line}", flush=True)
    print(f"{len(folders) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
