"""Ctrl-C on a terminal, and a `martech` that is killed: the engine ends in order."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from tests.cli.shop import Shop

pytestmark = pytest.mark.timeout(300)

PROGRAM = """
before = []
for name in ("ann", "bob"):
    options = pulumi.ResourceOptions(provider=acme.provider, depends_on=before)
    before = [toy.User(f"acme/{name}", account="acme", login=name, roles=["reader"], opts=options)]
"""


def slow(shop: Shop, name: str, seconds: int) -> None:
    fault = {"method": "create", "id": f"user/acme/{name}", "seconds": seconds, "times": 1}
    shop.by_hand(faults=[fault])


def under_way(shop: Shop, name: str) -> bool:
    return f"create user/acme/{name}" in shop.calls("create")


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def interrupted(shop: Shop, busy: Callable[[], bool], times: int) -> tuple[int, str]:
    """Run `martech up` on a terminal, press Ctrl-C when it is busy; return code and output."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "pulumi_martech.cli", "up", "--yes"],
        cwd=shop.root,
        env={**shop.env, "TERM": "dumb"},
        preexec_fn=lambda: os.login_tty(theirs),
    )
    os.close(theirs)
    said, pressed, pressing, deadline = b"", 0, 0.0, time.monotonic() + 120
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            said += more
        if pressed < times and time.monotonic() > pressing and busy():
            os.write(ours, b"\x03")
            pressed, pressing = pressed + 1, time.monotonic() + 1
    os.close(ours)
    return child.wait(30), " ".join(said.decode().split())


def started(shop: Shop) -> "subprocess.Popen[str]":
    """Start `martech up` in a session of its own, as a service manager does."""
    return subprocess.Popen(
        [sys.executable, "-m", "pulumi_martech.cli", "up", "--yes"],
        cwd=shop.root,
        env=shop.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes(shop: Shop) -> list[psutil.Process]:
    """Return what runs on this project."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("TOY_WORLD") == str(shop.world):
                found.append(process)
    return found


def locked(shop: Shop) -> bool:
    """Tell whether a run holds the stack, on either engine."""
    own, real = shop.root / ".martech" / "state", shop.folder / "state" / ".pulumi" / "locks"
    return any([*own.rglob("lock.json"), *real.rglob("*.json")])


def state(shop: Shop) -> tuple[set[str], list[str]]:
    """Return the logical names of the state, and of what is pending in it."""
    left = json.loads(shop.martech("stack", "export").out)["deployment"]
    pending = [item["resource"]["urn"] for item in left.get("pending_operations") or ()]
    names = {resource["urn"].split("::")[-1] for resource in left["resources"]}
    return names, [urn.split("::")[-1] for urn in pending]


def test_ctrl_c_finishes_what_is_under_way_and_again_ends_at_once(shop: Shop, engine: str) -> None:
    shop.program(PROGRAM)
    slow(shop, "ann", 3)
    code, said = interrupted(shop, lambda: under_way(shop, "ann"), 1)
    assert code == 1 and "Traceback" not in said
    assert "interrupted: calls under way are finished and recorded, nothing new begins" in said
    assert ("update canceled" if engine == "embedded" else "error: interrupted") in said
    assert "acme/ann created" in said and "acme/bob not done" in said and "none were" not in said
    assert "`martech up` again" in said
    assert set(shop.objects()) == {"user/acme/ann"}
    wait(lambda: not processes(shop))
    slow(shop, "bob", 60)
    code, said = interrupted(shop, lambda: under_way(shop, "bob"), 2)
    assert code == 1 and "Traceback" not in said
    wait(lambda: not processes(shop))
    if engine == "embedded":
        assert "ended at once; what was under way is listed as pending in the state" in said
    assert "acme/bob create begun, end not known" in said and "0 changes were done" in said
    assert "1 unknown: begun, and cut off before the platform had answered" in said
    assert "the next run asks the platform" in said and "1 it is not known" in said

    names, pending = state(shop)
    assert pending == ["acme/bob"] and "acme/ann" in names
    shop.by_hand(faults=[])
    said = shop.martech("up", "--yes").all
    assert ("was cleared away" in said) is (engine == "embedded"), "the real one unlocks the stack"
    assert set(shop.made().values()) == {1}


def test_a_service_manager_that_tells_every_process_is_heard_once(shop: Shop) -> None:
    shop.program(PROGRAM)
    slow(shop, "ann", 4)
    run = started(shop)
    wait(lambda: under_way(shop, "ann"))
    for process in processes(shop):
        process.send_signal(signal.SIGTERM)
    said = " ".join(run.communicate(timeout=120)[0].split())
    assert run.returncode == 1 and "acme/ann created" in said and "acme/bob not done" in said
    assert set(shop.objects()) == {"user/acme/ann"}
    wait(lambda: not processes(shop))
    assert not locked(shop)
    names, pending = state(shop)
    assert not pending and "acme/ann" in names


def test_an_engine_whose_martech_is_killed_ends_in_order(shop: Shop) -> None:
    """Nobody sees what it does any more, so it begins nothing new."""
    shop.program(PROGRAM)
    slow(shop, "ann", 4)
    run = started(shop)
    wait(lambda: under_way(shop, "ann"))
    assert locked(shop)
    run.kill()
    run.communicate()
    wait(lambda: not processes(shop))
    assert not locked(shop) and set(shop.objects()) == {"user/acme/ann"}
    names, pending = state(shop)
    assert not pending and "acme/ann" in names
