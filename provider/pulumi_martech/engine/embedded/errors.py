"""Errors of the engine itself, each with the exit code of the real command line."""

import grpc  # type: ignore[import-untyped]


class EngineError(Exception):
    """Something went wrong that a person can act on; `code` is the exit code."""

    code = 1


class UsageError(EngineError):
    """The command line is wrong."""

    code = 2


class StackNotFound(EngineError):
    """There is no stack of that name."""

    code = 6


class ChangesExpectedNone(EngineError):
    """`--expect-no-changes` was given and there were changes."""

    code = 7


class Bail(Exception):
    """The run ends; what was wrong has been reported."""


class StepFailed(Exception):
    """A step was tried and failed; `uncertain` if the system may have changed all the same."""

    def __init__(self, message: str, uncertain: bool = False):
        super().__init__(message)
        self.uncertain = uncertain


class MonitorClosed(grpc.RpcError):  # type: ignore[misc]
    """Tells the SDK that the run is over; the program ends with an error of its own."""

    def code(self) -> grpc.StatusCode:
        """Return what the SDK takes for "the engine has gone"."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """Return the text of the SDK's error."""
        return "the run has ended"
