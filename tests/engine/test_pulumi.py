"""How the real `pulumi` is started, asked to end, and cleaned up after; a stand-in takes its place.

The stand-in says what the real one (3.259) says of requests to end, notes each signal that reaches
it, and has a child in a process group of its own, as a plugin is.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from pulumi_martech.engine.driver import Driver
from pulumi_martech.engine.stacks import Engine

pytestmark = pytest.mark.timeout(120)

STAND_IN = f"""#!{sys.executable}
import json, os, pathlib, signal, subprocess, sys, time

if "version" in sys.argv:
    print("v3.259.0")
    sys.exit()
here = pathlib.Path(os.environ["HERE"])
log = open(sys.argv[sys.argv.index("--event-log") + 1], "a") if "preview" in sys.argv else None
heard = []
signal.signal(signal.SIGINT, signal.SIG_DFL)

def hear(number, frame):
    heard.append(number)
    with open(here / "heard", "a") as file:
        file.write(f"{{number}}\\n")
    word = "cancelling" if len(heard) == 1 else "terminating"
    say(stdoutEvent={{"message": f"^C received; {{word}}"}})

def say(**event):
    log.write(json.dumps(event) + "\\n")
    log.flush()

def wait(name):
    while not (here / name).exists():
        time.sleep(0.02)

plugin = [os.environ["PULUMI_PYTHON_CMD"], "-c", "import time; time.sleep(600)"]
subprocess.Popen(plugin, process_group=0)
(here / "started").touch()
if log:
    wait("begin")
    signal.signal(signal.SIGINT, hear)
    signal.signal(signal.SIGTERM, hear)
    say(preludeEvent={{}})
(here / "listening").touch()
wait("end")
print("error: canceled" if heard else "all is well")
sys.exit(bool(heard))
"""

RUN = """
from pathlib import Path
from pulumi_martech.engine.driver import Driver
from pulumi_martech.engine.interrupts import hear_endings
from pulumi_martech.engine.stacks import Engine

hear_endings()
driver = Driver(Engine.PULUMI, Path.cwd(), "dev", progress=lambda events: print(events.interrupted))
plan = driver.preview(refresh=False)
print([message.text for message in plan.errors])
"""


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@dataclass
class Stage:
    """A folder with the stand-in; ``env`` has it on PATH."""

    folder: Path
    env: dict[str, str]

    def run(self) -> "subprocess.Popen[str]":
        """Start a preview in a process and a session of its own."""
        command = [sys.executable, "-u", "-c", RUN]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def say(self, name: str) -> None:
        (self.folder / name).touch()

    def said(self, name: str) -> bool:
        return (self.folder / name).exists()

    def heard(self) -> list[int]:
        """Return the signals that reached the stand-in."""
        file = self.folder / "heard"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def processes(self, word: str = "") -> list[psutil.Process]:
        """Return what runs of all that was started here, with ``word`` in its command line."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = process.environ().get("HERE") == str(self.folder)
                if ours and word in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    stage = Stage(tmp_path, {**os.environ, "HERE": str(tmp_path), "PATH": path})
    yield stage
    for process in stage.processes():
        process.kill()


def alone(stage: Stage, pid: int, number: int) -> None:
    os.kill(pid, number)


def group(stage: Stage, pid: int, number: int) -> None:
    os.killpg(pid, number)


def everyone(stage: Stage, pid: int, number: int) -> None:
    for process in stage.processes():
        process.send_signal(number)


@pytest.mark.parametrize(
    ("send", "numbers"),
    [
        (alone, [signal.SIGINT]),
        (group, [signal.SIGINT]),
        (group, [signal.SIGTERM, signal.SIGHUP]),
        (everyone, [signal.SIGTERM]),
        (everyone, [signal.SIGHUP, signal.SIGHUP]),
    ],
)
def test_one_request_is_one_interrupt_however_it_is_asked(
    stage: Stage, send: Callable[[Stage, int, int], None], numbers: list[int]
) -> None:
    stage.say("begin")
    run = stage.run()
    until(lambda: stage.said("listening"))
    until(lambda: stage.processes("time.sleep(600)"))
    plugin = stage.processes("time.sleep(600)")
    for number in numbers:
        send(stage, run.pid, number)
    until(stage.heard)
    assert run.stdout is not None
    until(lambda: "True" in (run.stdout.readline() if run.stdout else ""))
    for _ in range(12):  # looks of the driver: over half a second
        run.stdout.readline()
    assert plugin[0].is_running(), "what is under way is finished"
    stage.say("end")
    assert "['interrupted']" in run.communicate(timeout=60)[0]
    assert len(stage.heard()) == 1
    until(lambda: not stage.processes())


def test_what_comes_early_waits_the_second_is_passed_on_and_the_third_kills(stage: Stage) -> None:
    run = stage.run()
    until(lambda: stage.said("started"))
    run.send_signal(signal.SIGINT)
    assert run.stdout is not None
    until(lambda: "True" in (run.stdout.readline() if run.stdout else ""))
    assert stage.processes("preview"), "it would end without a word, and leave its lock"
    stage.say("begin")
    until(stage.heard)
    for number in (2, 3):
        for _ in range(6):  # two within a moment are one
            run.stdout.readline()
        run.send_signal(signal.SIGTERM)
        until(lambda number=number: len(stage.heard()) == number or run.poll() is not None)
    assert "['interrupted']" in run.communicate(timeout=60)[0]
    assert stage.heard() == [signal.SIGINT] * 2
    until(lambda: not stage.processes())


def test_asked_twice_one_that_does_not_listen_yet_is_ended(stage: Stage) -> None:
    run = stage.run()
    until(lambda: stage.said("started"))
    run.send_signal(signal.SIGINT)
    assert run.stdout is not None
    until(lambda: "True" in (run.stdout.readline() if run.stdout else ""))
    for _ in range(6):  # two within a moment are one
        run.stdout.readline()
    run.send_signal(signal.SIGINT)
    assert "['interrupted']" in run.communicate(timeout=60)[0]
    until(lambda: not stage.processes())


@pytest.mark.parametrize("who", ["martech", "keeper", "pulumi"])
def test_nothing_is_left_behind_whoever_is_killed(stage: Stage, who: str) -> None:
    stage.say("begin")
    run = stage.run()
    until(lambda: stage.said("listening"))
    martech = psutil.Process(run.pid)
    (keeper,) = martech.children()
    (pulumi,) = keeper.children()
    {"martech": martech, "keeper": keeper, "pulumi": pulumi}[who].kill()
    if who == "martech":  # then the engine ends in order
        until(stage.heard)
        stage.say("end")
    else:
        assert "['the engine ended without saying why']" in run.communicate(timeout=60)[0]
    until(lambda: not stage.processes())
    assert len(stage.heard()) == (who == "martech")


def test_other_commands_end_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HERE", "PATH"):
        monkeypatch.setenv(name, stage.env[name])

    def press(number: int, frame: object) -> None:
        if stage.said("listening"):
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, 0.05)

    known = signal.signal(signal.SIGALRM, press)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            Driver(Engine.PULUMI, stage.folder, "dev").history()
    finally:
        signal.signal(signal.SIGALRM, known)
    until(lambda: not [p for p in stage.processes() if p.pid != os.getpid()])


def test_nothing_of_another_session_is_killed() -> None:
    keep = f"{sys.executable} -P -m pulumi_martech.engine.keeper"
    script = f"sleep 60 & {keep} sh -c 'sleep 60 & echo $!'; kill $! && echo alive"
    shell = subprocess.Popen(
        ["sh", "-c", script],
        stdin=subprocess.PIPE,  # open: whoever asks is there
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert shell.stdout is not None
    left, alive = (shell.stdout.readline().strip() for _ in range(2))
    shell.communicate(timeout=60)
    assert alive == "alive"
    until(lambda: not psutil.pid_exists(int(left)))
