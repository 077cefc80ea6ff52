"""Nothing is lost: killed runs, two runs at once, torn files, wrong passphrases."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pulumi.runtime.proto import callback_pb2

from pulumi_martech.engine.embedded.callbacks import CallbackFailed, Callbacks
from pulumi_martech.engine.embedded.journal import Journal, digest, first_line, read_entries
from pulumi_martech.engine.embedded.replay import Replayer
from pulumi_martech.engine.embedded.stores import FolderStore
from tests.engine.embedded_kit import FAST, Toyland


@pytest.fixture
def land(tmp_path: Path) -> Toyland:
    return Toyland(tmp_path)


# What ends a line for some readers, and half a character, end no entry.
KEPT = [{"kind": "begin", "op": 1, "text": "\u2028\x85\n\ud800"}, {"kind": "failure", "op": 1}]

KILLER = """
import os, signal, sys
from pulumi_martech.engine.embedded import journal
left = int(os.environ["KILL_AT"])
append = journal.Journal.append
def counted(self, entry, held=False):
    global left
    left -= 1
    append(self, entry, held)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
journal.Journal.append = counted
from pulumi_martech.engine.embedded.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("at", [7, 14])  # every one there is: see test_never_lost.py
def test_kill_9_at_a_counted_write_loses_nothing(land: Toyland, at: int) -> None:
    """What was made is in the state or pending, and the next run makes nothing twice."""
    land.run("up", *FAST, USERS="2")
    killed = subprocess.run(
        [sys.executable, "-P", "-c", KILLER, "up", *FAST],
        cwd=land.project,
        env={**land.env, "USERS": "8", "KILL_AT": str(at)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL

    state = land.export()
    known = {r.get("id") for r in state["resources"]}
    pending = {p["resource"]["urn"].rsplit("::", 1)[1] for p in state.get("pending_operations", [])}
    for made in land.objects():
        assert made in known or made.rsplit("/", 1)[1] in pending, f"{made} is forgotten"

    refused = land.run("up", *FAST, code=1)
    assert "locked by 1 lock(s)" in refused and "that process has ended" in refused
    land.run("cancel", "--yes")
    land.run("up", *FAST, USERS="8")
    assert land.ids() == set(land.objects())
    assert len(land.objects()) == 8
    assert set(land.made().values()) == {1}, "something was made twice"
    land.run("refresh", *FAST, "--clear-pending-creates")
    land.run("preview", "--expect-no-changes", USERS="8")
    assert "pending_operations" not in land.export()


def test_a_second_run_refuses_and_says_who_holds_the_lock(land: Toyland) -> None:
    land.faults({"method": "create", "id": "user/acme/u0", "seconds": 3, "times": 1})
    first = land.start("up", *FAST)
    lock = land.folder() / "lock.json"
    deadline = time.monotonic() + 30
    while not lock.exists() or not land.trace.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    refused = land.run("up", *FAST, code=1)
    assert f"@{socket.gethostname()} (pid {first.pid}, up)" in refused
    assert "second" in refused and "ago" in refused
    land.run("preview")  # looks without the lock
    assert first.wait(timeout=60) == 0
    assert not lock.exists()
    land.run("up", *FAST, "--expect-no-changes")


def test_an_interrupted_run_keeps_what_is_done_and_gives_up_the_lock(land: Toyland) -> None:
    land.faults({"method": "create", "id": "user/acme/u0", "seconds": 2, "times": 1})
    run = land.start("up", *FAST)
    deadline = time.monotonic() + 30
    while '"sleep"' not in (land.trace.read_text() if land.trace.exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 8, out
    assert "canceled" in out
    assert land.ids() == set(land.objects())
    assert "pending_operations" not in land.export()
    land.run("up", *FAST)
    assert set(land.made().values()) == {1}


def test_the_state_of_a_killed_run_can_be_read_while_its_lock_is_there(land: Toyland) -> None:
    land.faults({"method": "create", "id": "user/zeta/u1", "seconds": 60, "times": 1})
    journal = land.folder() / "journal.jsonl"
    run = land.start("up", *FAST)
    deadline = time.monotonic() + 60
    done = 1 + 2 + 3  # the stack, the accounts, the other users
    while not journal.exists() or journal.read_text().count('"kind":"success"') < done:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    run.kill()
    run.communicate()
    pending = land.export()["pending_operations"]
    assert [p["type"] for p in pending] == ["creating"]
    assert pending[0]["resource"]["urn"].endswith("::u1")


def test_a_torn_last_line_is_dropped_and_a_journal_of_another_checkpoint_too(
    tmp_path: Path,
) -> None:
    store = FolderStore(tmp_path)
    base = digest(b"checkpoint")
    journal = Journal(store.tape(first_line(base)))
    for entry in KEPT:
        journal.append(entry)
    journal.close()
    (whole,) = store.journals()
    assert read_entries(whole, base) == KEPT
    for cut in range(len(whole)):
        entries = read_entries(whole[:cut], base)
        assert entries == KEPT[: len(entries)]
        assert len(entries) >= whole[:cut].count(b"\n") - 1
    assert read_entries(whole, digest(b"another")) == []


def test_entries_may_come_from_many_threads(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    journal = Journal(store.tape(first_line("x")))

    def work(n: int) -> None:
        for i in range(100):
            journal.append({"kind": "begin", "op": n * 100 + i, "text": "ä" * 500})
            if i % 10 == 0:
                journal.settle()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    found = read_entries(*store.journals(), "x")
    assert sorted(e["op"] for e in found) == list(range(800))


def test_replaying_keeps_dependencies_before_dependents() -> None:
    """A resource that stays as it was moves with the others that are new."""
    base = {"resources": [{"urn": "a"}, {"urn": "b", "dependencies": ["a"]}]}
    replayer = Replayer(base)
    replayer.add({"kind": "same", "op": 1, "removeOld": 0})
    replayer.add(
        {"kind": "success", "op": 2, "removeOld": 1, "state": {"urn": "b", "dependencies": ["a"]}}
    )
    replayer.add({"kind": "success", "op": 3, "state": {"urn": "c", "dependencies": ["b"]}})
    assert [r["urn"] for r in replayer.deployment()["resources"]] == ["a", "b", "c"]


def test_a_refresh_that_read_nothing_leaves_the_state_as_one_that_did() -> None:
    """Targets may name nothing that is there; references are gone over all the same."""
    state = {"urn": "b", "dependencies": ["a"], "propertyDependencies": {"by": ["a"], "note": []}}
    replayer = Replayer({"resources": [{"urn": "a"}, state]})
    replayer.add({"kind": "rebuilt"})
    assert replayer.deployment()["resources"][1]["propertyDependencies"] == {"by": ["a"]}


def test_a_hook_of_a_program_that_has_ended_fails_in_one_sentence() -> None:
    """Its server may be gone before the engine hears of the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    callback = callback_pb2.Callback(token="hook", target=f"127.0.0.1:{port}")
    with pytest.raises(CallbackFailed, match=r"^the program had ended before it answered$"):
        Callbacks().call(callback, callback)


def test_a_wrong_passphrase_is_one_sentence_and_changes_nothing(land: Toyland) -> None:
    land.run("config", "set", "toyland:password", "hunter2", "--secret")
    land.run("up", *FAST)
    before = (land.folder() / "checkpoint.json").read_bytes()
    said = land.run("up", *FAST, code=1, PULUMI_CONFIG_PASSPHRASE="wrong")
    assert said.strip().splitlines() == [
        "error: incorrect passphrase; set PULUMI_CONFIG_PASSPHRASE to the one of this stack"
    ]
    assert (land.folder() / "checkpoint.json").read_bytes() == before
    assert not (land.folder() / "lock.json").exists()


def test_secrets_lie_encrypted_and_are_not_said(land: Toyland) -> None:
    """No secret of the configuration or of an output in any file or message of the engine."""
    land.program.write_text(
        "import pulumi, toy\n"
        "password = pulumi.Config().require_secret('password')\n"
        "ann = toy.User('ann', login='ann', password=password)\n"
        "pulumi.export('password', password)\n"
        "pulumi.export('token', ann.token)\n"
    )
    land.run("config", "set", "password", "correct horse", "--secret")
    land.faults({"method": "create", "id": "user/ann", "message": "no: correct horse", "times": 1})
    log = land.root / "events.jsonl"
    said = land.run("up", *FAST, "--event-log", str(log), code=1)
    assert "no: [secret]" in said
    said += land.run("up", *FAST, "--event-log", str(log))
    said += log.read_text() + land.run("preview", "--json") + land.run("stack", "output", "--json")
    for path in [*land.folder().iterdir(), land.project / "Pulumi.dev.yaml"]:
        said += path.read_text()
    assert "correct horse" not in said
    assert "token of ann" not in said
    opened = json.loads(land.run("stack", "output", "--json", "--show-secrets"))
    assert opened == {"password": "correct horse", "token": "token of ann#1"}
