"""Runs that end before their time: killed, interrupted. The next one goes on from there."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.shop import Shop, user

pytestmark = pytest.mark.timeout(600)


def start(shop: Shop, *words: str) -> "subprocess.Popen[str]":
    """Start a command in a process group of its own, as a shell does."""
    return subprocess.Popen(
        [sys.executable, "-m", "pulumi_martech.cli", *words],
        cwd=shop.root,
        env=shop.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for_sleep(shop: Shop, running: "subprocess.Popen[str]", others: int) -> None:
    """Wait until one creation sleeps and so many others have ended."""
    trace = shop.folder / "trace.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and running.poll() is None:
        text = trace.read_text() if trace.exists() else ""
        lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        made = [line for line in lines if line["event"] == "end" and line["method"] == "create"]
        if len(made) >= others and any(line["event"] == "sleep" for line in lines):
            time.sleep(0.5)  # the engine hears of it and writes it down
            return
        time.sleep(0.05)
    raise AssertionError("no call was ever under way")


def session_of(leader: int) -> list[int]:
    """Return the processes of a session; the engine's plugins have groups of their own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader:
            found.append(int(entry.parent.name))
    return found


def sleepy(when: str) -> dict[str, object]:
    return {"method": "create", "id": "user/acme/bob", "seconds": 60, "times": 1, "when": when}


def test_a_killed_run_is_gone_on_from_without_a_second_creation(shop: Shop) -> None:
    shop.program(user("ann", "admin") + user("bob", "reader") + user("cat", "reader"))
    shop.by_hand(faults=[sleepy("after")])
    running = start(shop, "up", "--yes")
    wait_for_sleep(shop, running, others=2)
    for process in session_of(running.pid):
        os.kill(process, signal.SIGKILL)
    running.communicate()

    done = shop.martech("up", "--yes")
    assert "was cleared away" in done.out, "the lock of the dead run does not stop the next one"
    assert shop.made() == {"user/acme/ann": 1, "user/acme/bob": 1, "user/acme/cat": 1}
    assert "Nothing to do" in shop.martech("up", "--yes").out


def test_an_interrupted_run_finishes_what_is_under_way_and_tells(shop: Shop) -> None:
    shop.program(user("ann", "admin") + user("bob", "reader"))
    shop.by_hand(faults=[{**sleepy("before"), "seconds": 3}])
    running = start(shop, "up", "--yes")
    wait_for_sleep(shop, running, others=1)
    os.killpg(running.pid, signal.SIGINT)
    said = running.communicate(timeout=120)[0]
    assert running.returncode == 1
    assert "Traceback" not in said and "KeyboardInterrupt" not in said
    assert "Resources:" in said, "the summary says what was done"
    shop.martech("up", "--yes")
    assert shop.made() == {"user/acme/ann": 1, "user/acme/bob": 1}


def test_the_lock_of_another_machine_is_broken_by_a_deliberate_command(embedded: Shop) -> None:
    lock = embedded.root / ".martech" / "state" / "toyland" / "dev" / "lock.json"
    since = datetime.now(UTC) - timedelta(hours=2, minutes=5)
    holder = {"pid": 7, "username": "eve", "hostname": "elsewhere", "operation": "up"}
    lock.write_text(json.dumps({**holder, "timestamp": since.isoformat(timespec="seconds")}))

    refused = embedded.martech("refresh", code=1).all
    assert "(process 7 on elsewhere)" in refused and "martech stack unlock" in refused
    assert lock.exists(), "nobody here knows whether it still works"
    asked = embedded.martech("stack", "unlock", code=1).all
    assert "dev is locked by eve@elsewhere (pid 7, up) 2 hours ago" in asked
    assert "there is no terminal to ask" in asked and lock.exists()
    embedded.martech("stack", "unlock", "dev", "--yes")
    assert "is not locked" in embedded.martech("stack", "unlock").out
    embedded.martech("refresh")
