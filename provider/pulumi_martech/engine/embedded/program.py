"""Runs the program of a stack in this process."""

import asyncio
import contextlib
import gc
import io
import logging
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pulumi
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config

from .deployment import Deployment
from .errors import Bail, EngineError
from .events import Events
from .fibers import Fibers, on_own_stack
from .monitor import Engine, Monitor
from .project import Project
from .run import Run
from .settings import ConfigValue
from .waiting import OpenOutputs


class Program:
    """The program: `__main__.py` in the folder that Pulumi.yaml names."""

    def __init__(self, project: Project, stack: str, config: dict[str, ConfigValue]):
        self._project = project
        self._stack = stack
        self._config = config

    def __call__(self, deployment: Deployment) -> None:
        """Run it; returns when it has ended well.

        Raises:
            Bail: it has not, or the run was ended.
        """
        run = deployment.run
        if not self._project.program.is_file():
            run.error(f"no program was found at {self._project.program}")
            raise Bail("program")
        set_all_config(
            {key: item.value for key, item in self._config.items()},
            [key for key, item in self._config.items() if item.secret],
        )
        settings = Settings(
            project=self._project.name,
            stack=self._stack,
            monitor=Monitor(deployment),
            engine=Engine(run),
            parallel=run.options.parallel,
            dry_run=run.options.preview,
            organization="organization",
            root_directory=str(self._project.root),
        )
        outputs = OpenOutputs(settings)
        configure(settings)
        # The program keeps all outputs alive until its end: collecting in vain is half its time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 1_000)
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        if self._failed(run, outputs):
            raise Bail("program")
        if not run.closed and not deployment.signalled:
            run.error("the program ended before all of its resources were registered")
            raise Bail("program")

    def _failed(self, run: Run, outputs: OpenOutputs) -> bool:
        """Run it; return whether it failed, and say why."""
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        fibers = Fibers(loop, run.options.parallel + 4)  # more wait than are worked on
        loop.set_default_executor(fibers)
        sys.argv = [str(self._project.program)]
        try:
            program = run_in_stack(lambda: self._main(outputs))
            on_own_stack(lambda: loop.run_until_complete(program))
        except BaseException as error:  # sys.exit in a program is one of these
            if run.closed:
                return False  # what the program says of it is only that the engine has gone
            self._explain(error, run)
            return True
        finally:
            run.hooks.callbacks.close()  # nobody answers when the loop does not run
            fibers.finish()
            loop.close()
        return False

    def _main(self, outputs: OpenOutputs) -> None:
        try:
            runpy.run_path(str(self._project.program), run_name="__main__")
        finally:
            outputs.come_next()

    def _explain(self, error: BaseException, run: Run) -> None:
        """Say what went wrong and where in the program, without the frames of the SDK."""
        code: object = 1
        if isinstance(error, pulumi.RunError):
            run.error(str(error))
        elif isinstance(error, SystemExit):
            code = error.code or 0
            if not code:  # the real engine takes such a program for finished, and deletes the rest
                run.error("the program ended itself with sys.exit(0); nothing more was done")
                return
            if not isinstance(code, int):  # Python says it and ends with 1
                run.events.diagnostic("info#err", str(code))
                code = 1
        else:
            run.error(self._traced(error))
            return
        run.error(f"an unhandled error occurred: program exited with non-zero exit code: {code}")

    def _traced(self, error: BaseException) -> str:
        lines = traceback.format_exception_only(error)
        if isinstance(error, SyntaxError):
            lines = [line for line in lines if not line.startswith(" ")]  # `_place` has the place
        what = "".join(lines).strip()
        if "update the Pulumi CLI" in what:  # what the SDK says of anything it finds missing
            what += "\nThe embedded engine does not cover this; use a stack on the real `pulumi`"
        return f"Program failed with an unhandled exception:\n{self._place(error)}{what}"

    def _place(self, error: BaseException) -> str:
        folder = self._project.working_directory
        place = ""
        places = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno))
        for name, line in places:
            path = Path(name)
            if path.is_absolute() and path.is_relative_to(folder):
                inside = path.relative_to(self._project.root)
                place = f'  File "{inside}", line {line}\n'
        return place


class _Lines(io.TextIOBase):
    """Makes a message of each line that is written."""

    def __init__(self, events: Events, severity: str):
        super().__init__()
        self._events = events
        self._severity = severity
        self._rest = ""
        self._lock = threading.Lock()

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def write(self, text: str) -> int:
        """Take text."""
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                self._events.diagnostic(self._severity, line)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back but an unfinished line."""

    def finish(self) -> None:
        """Pass on an unfinished line."""
        if self._rest:
            self.write("\n")


@contextlib.contextmanager
def output_as_messages(project: Project, events: Events) -> Iterator[None]:
    """Let program and handlers run in their folder, and pass on what they print as messages."""
    folder = str(project.working_directory)
    if not os.path.isdir(folder):
        raise EngineError(
            f"{folder}, the folder of the program that Pulumi.yaml names, is not there"
        )
    try:
        before = os.getcwd()
    except FileNotFoundError:  # gone, and another one named
        before = folder
    written, complained = _Lines(events, "info"), _Lines(events, "info#err")
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        with contextlib.redirect_stdout(written), contextlib.redirect_stderr(complained):
            yield
    finally:
        written.finish()
        complained.finish()
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)
        with contextlib.suppress(FileNotFoundError):
            os.chdir(before)
