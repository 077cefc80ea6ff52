"""On a terminal: colour, a question, lines that fit."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time

import pytest

from tests.cli.shop import Shop, user

pytestmark = pytest.mark.timeout(300)

LONG = "a rather long remark about ann that does not fit into one line of a narrow terminal at all"
COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(shop: Shop, *words: str, answer: str, **env: str) -> tuple[int, str]:
    """Run a command on a terminal of 80 columns and answer its question."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, 80))
    child = subprocess.Popen(
        [sys.executable, "-m", "pulumi_martech.cli", *words],
        cwd=shop.root,
        env={**shop.env, "TERM": "xterm-256color", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
    )
    os.close(theirs)
    said, answered, deadline = b"", False, time.monotonic() + 120
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 0.2)
        if ready:
            try:
                more = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            said += more
        if not answered and b"to go on:" in said:
            os.write(ours, answer.encode() + b"\n")
            answered = True
    os.close(ours)
    return child.wait(30), said.decode().replace("\r\n", "\n")


def test_the_question_is_asked_after_the_plan_and_a_no_writes_nothing(embedded: Shop) -> None:
    embedded.program(user("ann", "admin", more=f', note="{LONG}"'))
    code, said = on_a_terminal(embedded, "up", answer="no")
    assert code == 1
    assert embedded.writes() == []
    assert "ask for approval: it was not given; nothing was written" in " ".join(said.split())
    assert "\x1b[32m" in said, "what is created is green"

    code, said = on_a_terminal(embedded, "up", answer="yes", NO_COLOR="1")
    assert code == 0
    assert embedded.writes() == ["create user/acme/ann"]
    assert said.index("to go on:") > said.index("3 to create")
    assert "\x1b[32m" not in said
    lines = COLOUR.sub("", said).split("\n")
    assert max(len(line.rpartition("\r")[2]) for line in lines) <= 80
    at = next(i for i, line in enumerate(lines) if "a rather long remark" in line)
    assert lines[at].startswith("      + note: ")
    assert lines[at + 1].startswith("        "), "wrapped under its own beginning"


def test_destroying_asks_for_the_name_of_the_stack(embedded: Shop) -> None:
    embedded.program(user("ann", "admin"))
    embedded.martech("up", "--yes")
    code, _ = on_a_terminal(embedded, "destroy", answer="yes")
    assert code == 1
    assert "user/acme/ann" in embedded.objects()
    code, _ = on_a_terminal(embedded, "destroy", answer="dev")
    assert code == 0
    assert embedded.objects() == {}
