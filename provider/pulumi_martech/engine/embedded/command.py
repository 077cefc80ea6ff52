"""The embedded engine as the command that `pulumi.automation` runs."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.automation import CommandResult, PulumiCommand
from semver import VersionInfo

from .versions import VERSION

_MODULE = "pulumi_martech.engine.embedded"


class EmbeddedCommand(PulumiCommand):
    """Starts `python -m pulumi_martech.engine.embedded` in place of `pulumi`.

    `LocalWorkspace(work_dir=..., pulumi_command=EmbeddedCommand())` then works as with the real
    command line, for local programs.
    """

    def __init__(self) -> None:
        """Take this interpreter; nothing is started yet."""
        self.command = sys.executable
        self.version = VersionInfo.parse(VERSION.removeprefix("v"))

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Run a command to its end.

        Raises:
            pulumi.automation.CommandError: its exit code is not 0.
        """
        words = ["-P", "-m", _MODULE, "--non-interactive", *args]
        return super().run(words, cwd, additional_env, on_output, on_error)
