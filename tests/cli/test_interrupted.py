"""Ctrl-C on a terminal, and a `martech` that is killed: the engine ends in order."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

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


def test_ctrl_c_finishes_what_is_under_way_and_again_ends_at_once(embedded: Shop) -> None:
    embedded.program(PROGRAM)
    slow(embedded, "ann", 3)
    code, said = interrupted(embedded, lambda: under_way(embedded, "ann"), 1)
    assert code == 1 and "Traceback" not in said
    assert "interrupted: calls under way are finished and recorded, nothing new begins" in said
    assert "update canceled" in said and "`martech up` again" in said
    assert set(embedded.objects()) == {"user/acme/ann"}
    slow(embedded, "bob", 60)
    code, said = interrupted(embedded, lambda: under_way(embedded, "bob"), 2)
    assert code == 1 and "Traceback" not in said
    assert "ended at once; what was under way is listed as pending in the state" in said
    assert "acme/bob create begun, end not known" in said and "0 changes were done" in said
    assert "1 unknown: begun, and the engine ended before the platform had answered" in said
    assert "the next run asks the platform" in said and "1 it is not known" in said

    left = json.loads(embedded.martech("stack", "export").out)["deployment"]
    assert [p["resource"]["urn"].split("::")[-1] for p in left["pending_operations"]] == [
        "acme/bob"
    ]
    assert any(r["urn"].endswith("::acme/ann") for r in left["resources"])
    embedded.by_hand(faults=[])
    assert "was cleared away" in embedded.martech("up", "--yes").all
    assert set(embedded.made().values()) == {1}


def test_an_engine_whose_martech_is_killed_ends_in_order(embedded: Shop) -> None:
    """Nobody sees what it does any more, so it begins nothing new."""
    embedded.program(PROGRAM)
    slow(embedded, "ann", 4)
    run = subprocess.Popen(
        [sys.executable, "-m", "pulumi_martech.cli", "up", "--yes"],
        cwd=embedded.root,
        env=embedded.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait(lambda: under_way(embedded, "ann"))
    lock = embedded.root / ".martech" / "state" / "toyland" / "dev" / "lock.json"
    assert lock.exists()
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait(lambda: not lock.exists())
    assert set(embedded.objects()) == {"user/acme/ann"}
    left = json.loads(embedded.martech("stack", "export").out)["deployment"]
    assert "pending_operations" not in left
    assert any(r["urn"].endswith("::acme/ann") for r in left["resources"])
