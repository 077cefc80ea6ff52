"""Runs commands of the embedded engine for a commanding process, each in a process of its own.

Loading the SDK takes longer than a small operation. On Linux a host (`python -m` this module) loads
it once and forks for each command; elsewhere, where forking is not safe, every command is a process
started anew. What a command sees is the same either way: modules, environment, folder and output of
its own.

A command is out of the terminal's reach: whoever runs it hears of Ctrl-C and passes that on, once.
If nobody is there any more, the command is asked to end.
"""

import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from pulumi_martech.engine.interrupts import ENDING, hear_endings

from .arguments import OPERATIONS

_FORKS = sys.platform == "linux"
_INTERRUPTED = 8  # exit code of a command that was interrupted before it began

Request = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """What a command printed, and its exit code: negative for the signal that ended it."""

    code: int
    out: str
    err: str


class Host:
    """Runs commands, one at a time; a host process is there from the first one to `close`."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[str] | None = None
        self._started: subprocess.Popen[bytes] | None = None

    def run(self, words: list[str], folder: Path, environment: Mapping[str, str]) -> Ended:
        """Run a command line of the engine to its end.

        Args:
            words: the arguments.
            folder: where it runs.
            environment: all variables that it sees.
        """
        if not folder.is_dir():
            return Ended(1, "", f"error: the folder {folder} is gone; nothing was done\n")
        with tempfile.TemporaryDirectory(prefix="martech-") as outputs:
            request = {
                "words": ["--non-interactive", *words],
                "loads": words[0] in OPERATIONS,
                "folder": str(folder),
                "environment": dict(environment),
                "out": f"{outputs}/out",
                "err": f"{outputs}/err",
            }
            code = self._forked(request) if _FORKS else self._anew(request)
            return Ended(code, _text(f"{outputs}/out"), _text(f"{outputs}/err"))

    def interrupt(self) -> bool:
        """Ask the command that runs, else the next one, to end; tell whether anybody heard it."""
        process = self._process or self._started
        if process is None:
            return False
        process.send_signal(signal.SIGINT)
        return True

    def close(self) -> None:
        """End the host process."""
        if self._process is not None:
            _end(self._process)
            self._process = None

    def _forked(self, request: Request) -> int:
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this module
                [sys.executable, "-P", "-m", __name__],
                env=request["environment"],  # what the interpreter reads of it holds for all
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                process_group=0,
            )
            weakref.finalize(self, _end, self._process)
        to, answers = self._process.stdin, self._process.stdout
        if to is None or answers is None:
            raise ValueError("the host process has no pipes")
        try:
            to.write(json.dumps(request) + "\n")
            to.flush()
            return int(answers.readline())
        except (OSError, ValueError):  # killed: the command has nobody to say how it ended
            self.close()
            return -signal.SIGKILL

    def _anew(self, request: Request) -> int:
        with open(request["out"], "wb") as out, open(request["err"], "wb") as err:
            self._started = subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
                [sys.executable, "-P", "-m", __package__, *request["words"]],
                cwd=request["folder"],
                env=request["environment"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                process_group=0 if os.name == "posix" else None,
            )
            try:
                return self._started.wait()
            finally:
                self._started = None


def _end(process: "subprocess.Popen[str]") -> None:
    with suppress(OSError):
        process.communicate()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


# ------------------------------------------------------------------ the host process


def serve() -> int:
    """Fork for each request on standard input; answer with the exit code, a line each."""
    interrupts: list[int] = []
    running: list[int] = []
    modules = [f"{__package__}.operations"]

    def note(number: int, _frame: FrameType | None) -> None:
        interrupts.append(number)
        for child in running:
            _tell(child, number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, *ENDING)}
    for line in sys.stdin:
        request = json.loads(line)
        if request["loads"]:
            _load(modules)
        lessons, teach = os.pipe()
        noted = len(interrupts)
        child = os.fork()
        if child == 0:
            os.close(lessons)
            for number, handler in before.items():
                signal.signal(number, handler)
            hear_endings()
            code = _command(request, bool(interrupts))
            os.write(teach, json.dumps(_lesson()).encode())
            return code
        os.close(teach)
        running.append(child)
        if len(interrupts) > noted:  # it may have been made by then
            _tell(child, interrupts[-1])
        modules = _learned(_taught(lessons, child)) or modules
        _, status = os.waitpid(child, 0)
        running.clear()
        interrupts.clear()  # they were for this command
        with suppress(BrokenPipeError):  # nobody is there any more
            os.write(1, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    return 0


def _tell(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _taught(lessons: int, child: int) -> bytes:
    """Return what a command teaches at its end; it is asked to end when nobody waits for it."""
    waiting = select.poll()
    waiting.register(lessons, select.POLLIN)
    waiting.register(0, 0)  # whoever asks for commands is gone when it hangs up
    with open(lessons, "rb") as file:
        while lessons not in (found := dict(waiting.poll())):
            if 0 in found:
                _tell(child, signal.SIGTERM)
                waiting.unregister(0)
        return file.read()


def _command(request: Request, interrupted: bool) -> int:
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, request["out"], os.O_WRONLY | os.O_CREAT),
        (2, request["err"], os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    if interrupted:
        print("error: interrupted before it began, nothing was done", file=sys.stderr)
        return _INTERRUPTED
    from .cli import main

    return main(request["words"])


def _lesson() -> Any:
    """Return what the next command is spared: our modules it would load, keys it would derive."""
    from .crypter import DERIVED

    modules = [name for name in sys.modules if name.startswith("pulumi_martech.")]
    keys = [[*source, key] for source, key in DERIVED.items()]
    return {"modules": modules, "keys": keys}


def _learned(text: bytes) -> list[str]:
    """Take over the keys of a lesson; return its modules, which the next command may need."""
    if not text:  # the command was killed
        return []
    from .crypter import DERIVED

    lesson = json.loads(text)
    DERIVED.update({(phrase, salt): key for phrase, salt, key in lesson["keys"]})
    modules: list[str] = lesson["modules"]
    return modules


def _load(modules: list[str]) -> None:
    missing = [name for name in modules if name not in sys.modules and name != __name__]
    for name in missing:
        importlib.import_module(name)
    if missing:
        gc.collect()
        gc.freeze()  # what is loaded stays, and stays shared


if __name__ == "__main__":
    sys.exit(serve())
