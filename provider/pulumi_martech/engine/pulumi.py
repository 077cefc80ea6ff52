"""Runs commands of the real `pulumi`, each out of reach of signals that are meant for `martech`.

`PulumiCommand` of ``pulumi.automation`` says whether there is a CLI of a version that will do. Its
`run` starts it among the processes of the terminal, and with pipes that end it when nobody reads
them; so it is started here, with the same arguments and variables.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pulumi_martech.engine import keeper

_DEAF_PYTHON = Path(__file__).with_name("deaf-python")


@dataclass(frozen=True)
class Answer:
    """What a command printed and whether it failed."""

    out: str
    err: str
    failed: bool


class Pulumi:
    """Runs commands of the CLI on PATH, one at a time."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._keeper: subprocess.Popen[bytes] | None = None

    def run(self, args: list[str], folder: Path, environment: Mapping[str, str]) -> Answer:
        """Run a command line to its end; interrupted, end it and whatever it has started.

        Args:
            args: the arguments.
            folder: where it runs.
            environment: variables beside those of this process, ``PULUMI_PYTHON_CMD`` among them.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            self._keeper = subprocess.Popen(  # noqa: S603 - this interpreter and a module of ours
                [sys.executable, "-P", "-m", keeper.__name__, "pulumi", "--non-interactive", *args],
                cwd=folder,
                env=_environment(environment),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            try:
                code = self._keeper.wait()
            except BaseException:
                self.interrupt(1)
                self._keeper.wait()
                raise
            finally:
                self._end(self._keeper)
            out.seek(0)
            err.seek(0)
            return Answer(_text(out.read()), _text(err.read()), failed=code != 0)

    def interrupt(self, told: int) -> bool:
        """Ask the command that runs to end; tell whether there is one.

        Args:
            told: how often it was asked before.
        """
        kept = self._keeper
        if kept is None or kept.stdin is None:
            return False
        with suppress(OSError, ValueError):  # it has ended
            os.write(kept.stdin.fileno(), bytes([min(told, len(keeper.SIGNALS) - 1)]))
        return True

    def _end(self, kept: "subprocess.Popen[bytes]") -> None:
        self._keeper = None
        code = kept.poll()
        if code is None or code < 0:  # it has not ended, or could not sweep its session itself
            keeper.sweep(kept.pid)
            kept.wait()
        if kept.stdin is not None:
            kept.stdin.close()


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return all variables; the Python of programs and providers is that of ``more``, made deaf."""
    return {
        **os.environ,
        **more,
        "MARTECH_PYTHON": more["PULUMI_PYTHON_CMD"],
        "PULUMI_PYTHON_CMD": str(_DEAF_PYTHON),
        "PULUMI_AUTOMATION_API": "true",
    }


def _text(said: bytes) -> str:
    return said.decode(errors="replace").rstrip()
