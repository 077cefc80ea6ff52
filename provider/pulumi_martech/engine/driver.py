"""Runs a Pulumi program on one of two engines and returns what it did as a `Plan`.

Both engines are driven in the same way: a command (of the real CLI, or the embedded engine's own)
with the arguments of the Pulumi CLI, and the event log read while it is written. The higher-level
``Stack`` of ``pulumi.automation`` is not used: around each operation it runs five more processes,
moves the selected stack of the real CLI, cannot say ``--refresh=false`` and drops the result from
the events.
"""

import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi_martech.engine import locks
from pulumi_martech.engine.embedded.host import Host
from pulumi_martech.engine.events import Events
from pulumi_martech.engine.interrupts import ONE, Requests
from pulumi_martech.engine.messages import error_text
from pulumi_martech.engine.pulumi import Answer, Pulumi
from pulumi_martech.engine.stacks import Engine
from pulumi_martech.model.errors import MartechError
from pulumi_martech.model.plan import Message, Plan

PARALLEL = 32
"""Operations at once: a provider process serves four, so this is enough for eight accounts."""

_POLL = 0.1
"""Seconds between looks at the event log."""

Progress = Callable[[Events], None]
"""Called again and again while an operation runs, with what came in so far."""


class EngineMissing(MartechError):
    """The engine of a stack is not on this machine."""


class EngineFailed(MartechError):
    """A command of the engine failed before or without running the program."""


@dataclass(frozen=True)
class Lock:
    """Who holds a stack, where and since when, and what tells this lock from any later one."""

    holder: str
    id: str


Command = Callable[[list[str], Path, Mapping[str, str]], Answer]
"""Runs an engine's command line in a folder, with these variables set, to its end."""


def _no_progress(_: Events) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Driver:
    """One stack of one project on its engine.

    ``root`` is the folder of Pulumi.yaml; ``environment`` is added to that of this process for
    the engine, the program and the providers; ``policy_packs`` are folders of packs that look at
    previews and at what is applied; ``host`` runs the embedded engine, ``pulumi`` the real one.
    """

    engine: Engine
    root: Path
    stack: str
    environment: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = _no_progress
    policy_packs: Sequence[Path] = ()
    host: Host = field(default_factory=Host, compare=False, repr=False)
    pulumi: Pulumi = field(default_factory=Pulumi, compare=False, repr=False)

    # -- operations

    def preview(
        self, *, refresh: bool, save: Path | None = None, targets: Sequence[str] = ()
    ) -> Plan:
        """Return what an `up` would do; nothing is written, the state neither.

        ``refresh`` reads the platforms first; ``save`` is where the engine's own plan goes, which
        `up` takes.
        """
        args = ["preview", *_refresh(refresh), *_targets(targets), *self._packs()]
        if save is not None:
            args += ["--save-plan", str(save)]
        return self._operate(args, planning=True)

    def up(self, plan: Path, targets: Sequence[str] = ()) -> Plan:
        """Carry out the engine's saved plan, without reading the platforms again."""
        args = ["up", "--yes", "--skip-preview", "--continue-on-error", "--plan", str(plan)]
        return self._operate([*args, *_refresh(False), *_targets(targets), *self._packs()])

    def _packs(self) -> list[str]:
        return [part for pack in self.policy_packs for part in ("--policy-pack", str(pack))]

    def refresh(
        self, *, preview_only: bool = False, targets: Sequence[str] = (), message: str = ""
    ) -> Plan:
        """Read the platforms and take what is found into the state; the program is not run.

        What an interrupted run may have left half-made is dropped from the state: the journal
        and the next create find it again. ``message`` goes into the history.
        """
        args = ["refresh", *_targets(targets), *(["--message", message] if message else [])]
        if preview_only:
            args.append("--preview-only")
        else:
            args += ["--yes", "--skip-preview", "--clear-pending-creates"]
        return self._operate(args, planning=preview_only)

    def destroy(self, *, preview_only: bool = False, targets: Sequence[str] = ()) -> Plan:
        """Delete every resource of the state (or show it); the program is not run."""
        args = ["destroy", *_refresh(False), *_targets(targets)]
        if preview_only:
            args.append("--preview-only")
        else:
            args += ["--yes", "--skip-preview", "--continue-on-error"]
        return self._operate(args, planning=preview_only)

    def import_resources(self, file: Path) -> Plan:
        """Take what an import file says into the state; no platform is read or written to."""
        args = ["import", "--file", str(file.absolute()), "--yes", "--skip-preview"]
        return self._operate([*args, "--generate-code=false", "--protect=false"])

    # -- the stack itself

    def create(self) -> None:
        """Make the stack; it must not be there."""
        self._ask(["stack", "init", self.stack, "--no-select"], f"make stack {self.stack}")

    def exists(self) -> bool:
        """Tell whether the engine's backend has the stack."""
        answer = self.command(["stack", "ls", "--json"])
        if answer.failed:
            raise EngineFailed("list the stacks", _first_error(answer))
        return self.stack in {entry["name"].split("/")[-1] for entry in json.loads(answer.out)}

    def lock(self) -> Lock | None:
        """Return the lock of the stack; an empty one: nobody's, ``None``: the engine hides it."""
        if self.engine is Engine.PULUMI:
            return None
        listed = json.loads(self._ask(["stack", "ls", "--json"], "list the stacks").out)
        found = [row for row in listed if row["name"] == self.stack]
        if not found:
            raise EngineFailed(f"unlock stack {self.stack}", "there is no such stack")
        return Lock(found[0].get("lockedBy", ""), found[0].get("lock", ""))

    def unlock(self, lock: Lock | None) -> None:
        """Break the lock of the stack; one that was looked at, and no other."""
        which = ["--lock", lock.id] if lock is not None else []
        self._ask(["cancel", "--yes", "--stack", self.stack, *which], f"unlock stack {self.stack}")

    def remove(self, *, force: bool) -> None:
        """Forget the stack and its state; ``force`` even if it holds resources."""
        args = ["stack", "rm", "--yes", "--preserve-config", *(["--force"] if force else [])]
        self._ask([*args, self.stack], f"remove stack {self.stack}")

    def history(self) -> list[dict[str, Any]]:
        """Return the last runs on the stack, the latest first: kind, result, message, times."""
        args = ["stack", "history", "--json", "--page-size", "100", "--stack", self.stack]
        runs: list[dict[str, Any]] = json.loads(self._ask(args, "read the history").out or "[]")
        return runs

    def export(self, *, show_secrets: bool = False) -> str:
        """Return the deployment (JSON text, version 3) of the stack."""
        args = ["stack", "export", *(["--show-secrets"] if show_secrets else [])]
        return self._ask([*args, "--stack", self.stack], f"export stack {self.stack}").out

    def import_(self, file: Path) -> None:
        """Put a deployment in the place of the state."""
        args = ["stack", "import", "--file", str(file.absolute()), "--stack", self.stack]
        self._ask(args, f"import into stack {self.stack}")

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the outputs of the stack; secrets read ``[secret]`` unless asked for."""
        args = ["stack", "output", "--json", *(["--show-secrets"] if show_secrets else [])]
        answer = self._ask([*args, "--stack", self.stack], f"read the outputs of {self.stack}")
        outputs: dict[str, Any] = json.loads(answer.out)
        return outputs

    # -- how

    def _ask(self, args: list[str], tried: str) -> Answer:
        answer = self.command(args)
        if answer.failed:
            raise EngineFailed(tried, _first_error(answer), "nothing was changed")
        return answer

    def _operate(self, args: list[str], planning: bool = False) -> Plan:
        """Run an operation with its events read; a lock of a run that died is taken away once."""
        plan, answer = self._once(args, planning)
        dead = locks.dead(answer.err, socket.gethostname()) if answer.failed else None
        if dead is None:
            return plan
        cleared = self._cleared()
        plan, _ = self._once(args, planning)
        if not cleared:
            return plan
        note = f"a run that ended without unlocking the stack (process {dead}) was cleared away"
        said = Message(severity="warning", text=note)
        return plan.model_copy(update={"messages": (said, *plan.messages)})

    def _cleared(self) -> bool:
        """Take the lock of a run that died away, unless somebody else has, and works by now."""
        lock = self.lock()
        if lock is not None and not lock.holder.endswith(locks.ENDED):
            return False
        try:
            self.unlock(lock)
        except EngineFailed:
            return False
        return True

    def _once(self, args: list[str], planning: bool) -> tuple[Plan, Answer]:
        events = Events(planning=planning)
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="martech-") as folder:
            log = Path(folder) / "events.jsonl"
            log.touch(mode=0o600)
            full = [*args, "--stack", self.stack, "--color", "never", "--event-log", str(log)]
            if self.engine is Engine.PULUMI:
                full += ["--parallel", str(PARALLEL), "--suppress-progress"]
            with log.open(encoding="utf-8") as lines:
                answer = self._watched(full, lambda: _drain(lines, events))
                _drain(lines, events)
        plan = events.plan(round(time.monotonic() - started, 3), answer.failed)
        if answer.failed and not plan.errors:
            ended = events.heard or (events.interrupted and not answer.err)
            text = "interrupted" if ended else _first_error(answer)
            said = Message(severity="error", text=text)
            plan = plan.model_copy(update={"messages": (*plan.messages, said)})
        self.progress(events)
        return plan, answer

    def _watched(self, args: list[str], look: Callable[[], Events]) -> Answer:
        """Run a command beside this thread, which reads events and takes requests to end.

        The engine is told of the first and finishes what is under way; it must be waited for, as it
        still writes its state. It is told of the second, and ends at once.
        """
        answers: list[Answer] = []
        errors: list[BaseException] = []
        ended = threading.Event()
        command, environment = self._command(), self._environment()

        def work() -> None:
            try:
                answers.append(command(args, self.root, environment))
            except BaseException as error:
                errors.append(error)
            finally:
                ended.set()

        with Requests() as asked:
            threading.Thread(target=work, name="engine").start()
            told = 0
            while not ended.is_set():  # not `join`: one that is interrupted ends (CPython gh-90882)
                ended.wait(_POLL)
                events = look()
                if told < asked.count:
                    told = self._tell(asked, told, events)
                events.interrupted = asked.count > 0
                self.progress(events)
        if errors:
            raise errors[0]
        if asked.count and not answers[0].failed:
            return Answer(answers[0].out, "error: interrupted", failed=True)
        return answers[0]

    def _tell(self, asked: Requests, told: int, events: Events) -> int:
        """Pass a request to end on to the engine; return how many it has been told, or heard of."""
        if self.engine is Engine.EMBEDDED:
            return told + self.host.interrupt()
        told = max(told, events.heard)
        wait_for_it = asked.widely and time.monotonic() < asked.latest + ONE
        too_early_or_late = asked.count == 1 and not events.listening  # it would just be killed
        if told >= asked.count or wait_for_it or too_early_or_late:
            return told
        return told + self.pulumi.interrupt(told)

    def command(self, args: list[str]) -> Answer:
        """Run any command of the engine in the folder of the project."""
        return self._command()(args, self.root, self._environment())

    def _command(self) -> Command:
        if self.engine is Engine.EMBEDDED:
            return self._embedded
        if shutil.which("pulumi") is None:
            raise EngineMissing(
                f"run stack {self.stack}",
                "its engine is `pulumi`, which is not on PATH",
                "nothing was done",
                "install the Pulumi CLI, or move the stack to the embedded engine: `martech stack "
                "export` where pulumi is, `martech stack init NAME --engine embedded` and `martech "
                "stack import` here",
            )
        from pulumi.automation import InvalidVersionError, PulumiCommand

        try:
            PulumiCommand()
        except InvalidVersionError as error:
            tried, todo = f"run stack {self.stack}", "install another version of the Pulumi CLI"
            raise EngineMissing(tried, str(error), "nothing was done", todo) from None
        return self.pulumi.run

    def _embedded(self, args: list[str], folder: Path, environment: Mapping[str, str]) -> Answer:
        done = self.host.run(args, folder, {**os.environ, **environment})
        return Answer(done.out.rstrip(), done.err.rstrip(), failed=done.code != 0)

    def _environment(self) -> dict[str, str]:
        own = str(Path(sys.executable).parent)
        return {
            "PATH": os.pathsep.join([own, os.environ.get("PATH", os.defpath)]),
            "PULUMI_PYTHON_CMD": sys.executable,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",
            **self.environment,
        }


def _drain(lines: Any, events: Events) -> Events:
    """Feed the whole lines written since the last look; a line half-written is left for later."""
    while True:
        position = lines.tell()
        line = lines.readline()
        if not line.endswith("\n"):
            try:
                events.feed(json.loads(line))
            except ValueError:
                lines.seek(position)
            return events
        events.feed(json.loads(line))


def _first_error(answer: Answer) -> str:
    """Return the first error that a command printed, as a sentence."""
    text = answer.err or answer.out
    at = text.find("error: ")
    said = error_text(text[at:] if at >= 0 else answer.err)
    return locks.explained(said) or said or "the engine ended without saying why"


def _refresh(wanted: bool) -> list[str]:
    return [f"--refresh={str(wanted).lower()}"]


def _targets(targets: Sequence[str]) -> list[str]:
    return [part for target in targets for part in ("--target", target)]
