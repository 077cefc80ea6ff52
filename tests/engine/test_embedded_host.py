"""Commands that one process forks are as apart from each other as processes of their own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from pulumi_martech.engine.embedded import crypter, host
from pulumi_martech.engine.embedded.crypter import Crypter
from pulumi_martech.engine.embedded.host import Ended, Host
from tests.engine.embedded_kit import FAST, Toyland
from tests.passphrase import PASSPHRASE, SALT

PROGRAM = """
import os, pulumi, toy
toy.runs = getattr(toy, "runs", 0) + 1
print("run", toy.runs, "in", os.getcwd(), "as", os.environ.get("WHO"))
"""


@pytest.fixture
def hosted() -> Host:
    return Host()


@pytest.fixture
def land(tmp_path: Path) -> Toyland:
    return Toyland(tmp_path, PROGRAM)


def run(hosted: Host, land: Toyland, *words: str, **env: str) -> Ended:
    return hosted.run(list(words), land.project, {**land.env, **env})


def test_each_command_has_modules_folder_environment_and_output_of_its_own(
    hosted: Host, land: Toyland
) -> None:
    before = os.getcwd()
    for who in ("ann", "bob"):
        done = run(hosted, land, "up", *FAST, WHO=who)
        assert done.code == 0, done.err
        assert f"run 1 in {land.project} as {who}" in done.out
    assert "as None" in run(hosted, land, "preview").out
    failed = run(hosted, land, "preview", "--stack", "nowhere")
    assert failed.code == 6 and "no stack named 'nowhere'" in failed.err and not failed.out
    land.program.write_text("input()")
    assert "EOFError" in run(hosted, land, "preview").out, "nobody is there to be asked"
    assert os.getcwd() == before and "WHO" not in os.environ
    hosted.close()
    assert run(hosted, land, "stack", "ls").code == 0, "it begins anew"
    hosted.close()


def test_a_command_that_is_killed_is_told_and_the_next_one_runs(
    hosted: Host, land: Toyland
) -> None:
    land.program.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert run(hosted, land, "preview").code == -signal.SIGKILL
    land.program.write_text("import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(1)\n")
    assert run(hosted, land, "preview").code == -signal.SIGKILL, "the host itself"
    assert run(hosted, land, "version").code == 0
    hosted.close()


def test_no_process_is_left_when_nobody_asks_any_more(land: Toyland) -> None:
    owner = """
import os
from pathlib import Path
from pulumi_martech.engine.embedded.host import Host
host = Host()
assert host.run(["version"], Path("."), os.environ).code == 0
print(host._process.pid, flush=True)
"""
    done = subprocess.run([sys.executable, "-c", owner], capture_output=True, text=True, check=True)
    deadline = time.monotonic() + 20
    while psutil.pid_exists(int(done.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(not host._FORKS, reason="forks on Linux alone")
def test_an_interrupt_that_comes_before_a_command_begins_ends_it(
    hosted: Host, land: Toyland, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal's Ctrl-C reaches all processes; the one that forks must not swallow it."""
    assert run(hosted, land, "version").code == 0
    assert hosted._process is not None
    hosted._process.send_signal(signal.SIGINT)
    done = run(hosted, land, "up", *FAST)
    assert done.code == 8 and "interrupted before it began" in done.err
    assert "run" not in done.out
    # One that comes while a command runs is for that command, which gets it, too.
    land.program.write_text(PROGRAM + "import time\nopen('mark', 'w')\ntime.sleep(1)\n")
    group, mark = psutil.Process(hosted._process.pid), land.project / "mark"

    def interrupt() -> None:
        while not mark.exists():
            time.sleep(0.05)
        for process in (group, *group.children()):
            process.send_signal(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert run(hosted, land, "up", *FAST).code == 8
    thread.join()
    land.program.write_text(PROGRAM)
    assert run(hosted, land, "preview").code == 0
    hosted.close()


def test_a_key_is_derived_once_for_all_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(crypter, "DERIVED", {})
    sealed = Crypter(SALT).encrypt("hunter2")
    lesson = json.dumps(host._lesson()).encode()
    crypter.DERIVED.clear()
    assert "pulumi_martech.engine.embedded.crypter" in host._learned(lesson)
    monkeypatch.setattr("hashlib.pbkdf2_hmac", None)
    assert Crypter(SALT).decrypt(sealed) == "hunter2"
    assert host._learned(b"") == [], "a command that was killed teaches nothing"


def test_without_forking_it_is_the_same(
    hosted: Host, land: Toyland, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_FORKS", False)
    done = run(hosted, land, "preview", WHO="ann")
    assert done.code == 0 and f"run 1 in {land.project} as ann" in done.out
