"""The end of every run: what it cost, what could not be read, and the machine document."""

from typing import Any

from pulumi_martech.operations import machine, show
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.work import Work


def close(work: Work, screen: Screen, verb: str, code: int, **said: Any) -> int:
    """Print the end of a run; return its exit code."""
    show.duration(screen)
    if screen.machine:
        screen.write(
            machine.document(
                verb,
                stack=work.stack,
                engine=work.driver.engine.value,
                as_of=work.as_of,
                exit_code=code,
                phases=screen.phases,
                **said,
            )
        )
    return code
