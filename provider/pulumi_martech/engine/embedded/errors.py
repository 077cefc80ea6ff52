"""Errors of the engine itself, each with the exit code of the real command line."""

import traceback


class EngineError(Exception):
    """Something went wrong that a person can act on; `code` is the exit code."""

    code = 1


class UsageError(EngineError):
    """The command line is wrong."""

    code = 2


class Overtaken(EngineError):
    """Somebody else has changed what was to be changed, since it was read."""


class StackNotFound(EngineError):
    """There is no stack of that name."""

    code = 6


class Interrupted(EngineError):
    """Somebody asked for the end before anything began."""

    code = 8


class ChangesExpectedNone(EngineError):
    """`--expect-no-changes` was given and there were changes."""

    code = 7


class Bail(Exception):
    """The run ends; what was wrong has been reported."""


def explained(error: Exception) -> str:
    """Return the text of an error: ours as it is, any other with the name of its class."""
    if isinstance(error, (EngineError, StepFailed, PlanViolation)):
        return str(error)
    return "".join(traceback.format_exception_only(error)).strip()


class PlanViolation(Exception):
    """The run wants what the plan does not have."""


class StepFailed(Exception):
    """A step was tried and failed; `uncertain` if the system may have changed all the same."""

    def __init__(self, message: str, uncertain: bool = False):
        super().__init__(message)
        self.uncertain = uncertain
