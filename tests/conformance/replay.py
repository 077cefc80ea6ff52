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
import concurrent.futures
import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.normalise import Graph, Normaliser, deployment
from tests.conformance.reduce import (
    diagnostics,
    digest,
    normal_steps,
    plain_errors,
    policy_events,
    read_calls,
    read_steps,
)
from tests.conformance.sandbox import ENGINES, Engine, Sandbox

# Commands which run the engine, with the flags that only make them non-interactive.
ENGINE_COMMANDS = {
    "preview": ["--non-interactive"],
    "up": ["--yes", "--skip-preview", "--non-interactive"],
    "refresh": ["--yes", "--skip-preview", "--non-interactive"],
    "destroy": ["--yes", "--skip-preview", "--non-interactive"],
    "import": ["--yes", "--skip-preview", "--non-interactive", "--generate-code=false"],
}


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
            for i, pair in enumerate(zip(expected, actual, strict=True))
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
