"""A lock that a run left which died is taken away once, by one."""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from pulumi_martech.engine.driver import Answer, Driver
from pulumi_martech.engine.locks import ENDED
from pulumi_martech.engine.stacks import Engine


class Stack:
    """An engine's stack whose lock was left by a dead run; others may be faster to take it away."""

    def __init__(self) -> None:
        self.lock: tuple[str, str] | None = (
            "dead",
            f"me@{socket.gethostname()} (pid 7, up){ENDED}",
        )
        self.faster = ""
        self.broken: list[str] = []

    def __call__(self, args: list[str], folder: Path, environment: Mapping[str, str]) -> Answer:
        if args[0] == "stack":
            rows = [{"name": "dev"}]
            if self.lock:
                rows[0] |= {"lock": self.lock[0], "lockedBy": self.lock[1]}
            if self.faster == "after the look":
                self.taken()
            return Answer(json.dumps(rows), "", failed=False)
        if args[0] == "cancel":
            wanted = args[args.index("--lock") + 1]
            if not self.lock or self.lock[0] != wanted:
                return Answer("", "error: the lock is not the one that was looked at", failed=True)
            self.broken.append(wanted)
            self.lock = None
            return Answer("", "", failed=False)
        if self.lock:
            said = f"error: the stack is currently locked by 1 lock(s). created by {self.lock[1]}"
            if self.faster == "before the look":
                self.taken()
            return Answer("", said, failed=True)
        return Answer("", "", failed=False)

    def taken(self) -> None:
        self.faster = ""
        self.lock = ("living", f"me@{socket.gethostname()} (pid {os.getpid()}, up) 0 seconds ago")


@pytest.mark.parametrize("faster", ["", "before the look", "after the look"])
def test_the_lock_of_another_who_was_faster_is_left_alone(
    faster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack()
    stack.faster = faster
    monkeypatch.setattr(Driver, "_command", lambda self: stack)
    plan = Driver(Engine.EMBEDDED, tmp_path, "dev").refresh()
    said = " ".join(message.text for message in plan.messages)
    if faster:
        assert stack.broken == [] and stack.lock and stack.lock[0] == "living"
        assert f"another run works on this stack (process {os.getpid()} on" in said
    else:
        assert stack.broken == ["dead"]
        assert "(process 7) was cleared away" in said
