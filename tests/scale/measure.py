"""The figures of the embedded engine: ``bench.py engine``, with ``--json`` for a machine.

People that cost nothing are declared in turns in two accounts. CPU seconds are those of all
processes from start to end, loading included. Memory is the sum of what is resident in all
processes (shared pages count in each), looked at ten times a second. The floor is the SDK alone
with the same program (`floor.py`), in turns with the engine.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
ENGINES = {
    "embedded": (sys.executable, "-P", "-m", "pulumi_martech.engine.embedded"),
    "pulumi": ("pulumi",),
}
PHASES = {
    "up": ("up", "--yes", "--skip-preview"),
    "preview": ("preview",),
    "refresh": ("refresh", "--yes", "--skip-preview"),
}
QUIET = ("--non-interactive",)
PROGRAM = """
from people import declare, wanted
for _ in declare(wanted()):
    pass
"""
AWAITING = """
import pulumi
from people import declare, wanted
async def main():
    for number, person in enumerate(declare(wanted()), 1):
        if number % 200 == 0:
            await person.id.future()
pulumi.run(main)
"""
SIZES = (1_000, 2_000, 10_000)
ROUNDS = 5  # of each but the last size, SDK and engine in turns: medians
BOTH = (300, 1_000)  # on both engines; the real one needs six minutes for 2,000
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Run:
    """What one command took: seconds, and MB (of 2**20 bytes) at most."""

    cpu: float
    wall: float
    memory: float


@dataclass
class Figure:
    """One figure against what is asked; `met` is open where nothing is."""

    what: str
    asked: str
    measured: str
    met: bool | None


def resident(process):
    """Return what is resident in a process and those it started, in bytes."""
    try:
        found = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE
        for task in Path(f"/proc/{process}/task").iterdir():
            found += sum(map(resident, (task / "children").read_text().split()))
    except (OSError, ValueError):  # it has ended meanwhile
        return 0
    return found


def measured(words, folder, environment):
    """Run a command to its end."""
    began, most = time.monotonic(), 0
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=said, stderr=said)
        while True:
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            most = max(most, resident(process.pid))
            time.sleep(0.1)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(words)} failed:\n{said.read().decode()[-3000:]}")
    wall = time.monotonic() - began
    return Run(used.ru_utime + used.ru_stime, wall, max(most, used.ru_maxrss << 10) / 2**20)


@contextmanager
def project(program, people):
    """Yield a function that measures commands in a project of so many people."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "Pulumi.yaml").write_text("name: scale\nruntime: python\n")
        (root / "__main__.py").write_text(program)
        (root / "backend").mkdir()
        environment = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(HERE),
            "PEOPLE": str(people),
            "PULUMI_CONFIG_PASSPHRASE": "scale",
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_BACKEND_URL": f"file://{root / 'backend'}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        environment.pop("MARTECH_BACKEND_URL", None)
        yield lambda *words: measured(words, folder, environment), root


def phases(engine, program, people):
    """Return what each phase took on an engine, and the bytes of state of a resource after `up`."""
    with project(program, people) as (run, root):
        run(*ENGINES[engine], "stack", "init", "dev")
        took, size = {}, 0.0
        for name, words in PHASES.items():
            took[name] = run(*ENGINES[engine], *words, *QUIET)
            if name == "up":
                pattern = "checkpoint.json" if engine == "embedded" else "dev.json"
                size = next(root.rglob(pattern)).stat().st_size / people
        return took, size


def middle(runs):
    """Return the run in the middle, by CPU."""
    ranked = sorted(runs, key=lambda run: run.cpu)
    return ranked[(len(ranked) - 1) // 2]


def floor(people):
    """Return what the SDK alone takes."""
    with project(PROGRAM, people) as (run, root):
        return run(sys.executable, str(HERE / "floor.py"), str(root))


def figures(say):
    """Measure everything; return what was measured and how it stands against what is asked."""
    runs, found, each = [], [], {}

    def note(engine, people, phase, run):
        runs.append({"engine": engine, "resources": people, "phase": phase, **asdict(run)})
        say(f"{people:,} {engine} {phase}: {run.cpu:.1f} s CPU, {run.wall:.1f} s")

    def ask(what, measured_, limit, unit="", least=False):
        met = measured_ >= limit if least else measured_ <= limit
        asked = f"{'at least' if least else 'at most'} {limit:g}{unit}"
        found.append(Figure(what, asked, f"{measured_:.2f}".rstrip("0").rstrip(".") + unit, met))

    for people in SIZES:
        rounds = [
            (floor(people), *phases("embedded", PROGRAM, people))
            for _ in range(ROUNDS if people < SIZES[-1] else 1)
        ]
        note("SDK alone", people, "up", middle(lowest for lowest, _, _ in rounds))
        took = {phase: middle(took[phase] for _, took, _ in rounds) for phase in PHASES}
        size = rounds[0][2]
        for phase, run in took.items():
            note("embedded", people, phase, run)
        each[people] = took["up"].cpu / people
        for phase in ("up", "preview"):
            what = f"{phase} of {people:,}: CPU against the SDK alone"
            ask(what, median(took[phase].cpu / low.cpu for low, took, _ in rounds), 1.6, " times")
        ask(f"state of a resource among {people:,}, after the first up", size, 1024, " bytes")
        if people == SIZES[-1]:
            for phase in ("up", "preview"):
                ask(f"{phase} of {people:,}: memory", took[phase].memory, 650, " MB")
    few, many = SIZES[0], SIZES[-1]
    what = f"CPU of a resource among {many:,} against one among {few:,}, first up"
    ask(what, each[many] / each[few], 1.3, " times")
    took, _ = phases("embedded", AWAITING, many)
    for phase, run in took.items():
        note("embedded, awaiting", many, phase, run)
    for phase in ("up", "preview"):
        what = f"{phase} of {many:,}, awaited every 200: memory"
        ask(what, took[phase].memory, 250, " MB")
    for people in BOTH if shutil.which("pulumi") else ():
        both = {engine: phases(engine, PROGRAM, people)[0] for engine in ENGINES}
        for engine, took in both.items():
            for phase, run in took.items():
                note(engine, people, phase, run)
        for phase in PHASES:
            faster = both["pulumi"][phase].wall / both["embedded"][phase].wall
            what = f"{phase} of {people:,}: times as fast as pulumi"
            found.append(Figure(what, "", f"{faster:.1f} times", None))
    return runs, found


def show(as_json):
    """Print tables, or JSON of the same."""
    runs, found = figures(lambda line: print(line, file=sys.stderr, flush=True))
    if as_json:
        print(json.dumps({"runs": runs, "figures": [asdict(figure) for figure in found]}, indent=2))
        return
    print("| resources | engine | phase | CPU | ms of it a resource | wall | memory |")
    print("|---|---|---|---|---|---|---|")
    for run in runs:
        print(
            f"| {run['resources']:,} | {run['engine']} | {run['phase']} | {run['cpu']:.1f} s "
            f"| {1000 * run['cpu'] / run['resources']:.2f} | {run['wall']:.1f} s "
            f"| {run['memory']:.0f} MB |"
        )
    print("\n| figure | asked | measured | met |\n|---|---|---|---|")
    words = {True: "yes", False: "no", None: ""}
    for figure in found:
        print(f"| {figure.what} | {figure.asked} | {figure.measured} | {words[figure.met]} |")
