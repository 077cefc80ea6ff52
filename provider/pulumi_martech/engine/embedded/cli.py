"""Carries out what the command line asks for."""

import getpass
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable

from .arguments import OPERATIONS, in_order, parse
from .backends import backend
from .config_commands import ConfigCommands
from .context import Context
from .errors import EngineError, Interrupted, UsageError, explained
from .output import dumped
from .stack_commands import StackCommands
from .state_commands import StateCommands
from .versions import VERSION


def main(words: list[str]) -> int:
    """Run a command; return the exit code."""
    try:
        return _run(parse(words), words)
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        print("\nerror: interrupted", file=sys.stderr)
        return Interrupted.code
    except Exception as error:
        if "MARTECH_ENGINE_TRACEBACK" in os.environ:
            raise
        print(
            f"error: the embedded engine failed: {explained(error)}; what was done is in the "
            "state, set MARTECH_ENGINE_TRACEBACK=1 to see where it failed",
            file=sys.stderr,
        )
        return 255


def _run(arguments: Namespace, words: list[str]) -> int:
    context = Context(arguments)
    kind = OPERATIONS.get(arguments.command)
    if kind is not None:
        return _operate(context, kind, words)
    commands: dict[str, Callable[[], int]] = {
        "stack": StackCommands(context).run,
        "config": ConfigCommands(context).run,
        "state": StateCommands(context, _confirmed).run,
        "cancel": lambda: _cancel(context),
        "version": _version,
        "whoami": lambda: _whoami(context),
        "plugin": lambda: _plugin(context),
    }
    return commands[arguments.command]()


def _operate(context: Context, kind: str, words: list[str]) -> int:
    arguments = context.arguments
    preview = kind == "preview" or arguments.preview_only
    if not preview and not arguments.skip_preview:
        code = _ask(context, kind, words)
        if code is not None:
            return code
    from .operations import operate  # brings in the SDK, which other commands do without

    return operate(context, kind, preview)


def _ask(context: Context, kind: str, words: list[str]) -> int | None:
    """Show a preview first, in a process of its own, and ask; `None` to go on."""
    arguments = context.arguments
    interactive = sys.stdin.isatty() and not arguments.non_interactive
    if not interactive and not arguments.yes:
        raise UsageError(
            "--yes or --skip-preview must be passed in to proceed when running in "
            "non-interactive mode"
        )
    if kind != "import":
        code = subprocess.run(  # noqa: S603 - this very program
            [sys.executable, "-P", "-m", __package__, *_as_preview(kind, words)], check=False
        ).returncode
        if code:
            return code
    if interactive and not arguments.yes and not _confirmed(f"Do you want to perform this {kind}?"):
        print("confirmation declined, nothing was changed", file=sys.stderr)
        return 1
    return None


def _as_preview(kind: str, words: list[str]) -> list[str]:
    """Return the command line of the preview that comes before an operation."""
    dropped = {"--yes", "--expect-no-changes", "--continue-on-error", "--clear-pending-creates"}
    dropped.add("--plan")
    command, *flags = in_order(words)
    kept = [flag for flag in flags if flag.partition("=")[0] not in dropped]
    return ["preview", *kept] if kind == "up" else [command, *kept, "--preview-only"]


def _confirmed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False


def _cancel(context: Context) -> int:
    _, folder = context.stack(context.arguments.name)
    if not context.arguments.yes:
        if not sys.stdin.isatty():
            raise UsageError("--yes must be passed in to proceed in non-interactive mode")
        context.arguments.lock = context.arguments.lock or folder.lock
        holder = folder.holder()
        if holder:
            print(f"Stack '{folder.name}' is locked by {holder}.")
        if not _confirmed(f"Break the lock of stack '{folder.name}'?"):
            return 1
    folder.unlock(context.arguments.lock)
    print(f"The currently running update for '{folder.name}' has been canceled!")
    return 0


def _version() -> int:
    print(VERSION)
    return 0


def _whoami(context: Context) -> int:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    if context.arguments.json:
        print(dumped({"user": user, "url": backend(context.project()).url}))
    elif context.arguments.verbose:
        print(f"User: {user}\nOrganizations: \nBackend URL: {backend(context.project()).url}")
    else:
        print(user)
    return 0


def _plugin(context: Context) -> int:
    if context.arguments.action == "ls" and context.arguments.json:
        print("[]")
    return 0
