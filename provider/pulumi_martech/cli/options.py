"""The options that verbs share, and how a verb opens what it works on.

Nothing but the parser is imported until a verb runs, so that help and completion are quick.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from pulumi_martech.engine.stacks import Engine
    from pulumi_martech.operations.screen import Screen
    from pulumi_martech.operations.work import Work

EngineName = Literal["pulumi", "embedded"]

HERE = Path(".")


def _enter(folder: Path) -> Path:
    """Go to the folder of ``--cwd``: whatever is looked for beside a project is found there."""
    os.chdir(folder)
    return HERE


Folder = Annotated[
    Path,
    typer.Option(
        "--cwd",
        "-C",
        metavar="DIR",
        help="Work as if started in this folder.",
        is_eager=True,
        callback=_enter,
    ),
]
Stack = Annotated[
    str,
    typer.Option(
        "--stack", "-s", metavar="NAME", help="The stack; else MARTECH_STACK, or the selected one."
    ),
]
Target = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "-t",
        metavar="NAME",
        help="Only this resource: logical name or URN; repeatable.",
    ),
]
PolicyPack = Annotated[
    list[Path] | None,
    typer.Option(
        "--policy-pack",
        metavar="FOLDER",
        help="Have this policy pack look at the resources; repeatable.",
    ),
]
Override = Annotated[
    str,
    typer.Option(
        "--override", metavar="REASON", help="Go over the limits of the guards, for this reason."
    ),
]
AsOf = Annotated[
    str,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="Judge grants by this day (UTC), or `today`; else MARTECH_AS_OF, else today.",
    ),
]
Diff = Annotated[bool, typer.Option("--diff", help="Show everything: URNs and all properties.")]
Json = Annotated[bool, typer.Option("--json", help="Print one machine document and nothing else.")]
Colour = Annotated[
    Literal["auto", "always", "never"], typer.Option("--color", help="When to use colour.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="End with 2 if there are changes or drift.")
]
EngineOption = Annotated[
    EngineName | None,
    typer.Option("--engine", help="What runs it; default: pulumi where it is on PATH."),
]


def examples(*lines: str) -> str:
    """Return the end of a verb's help: examples, a line each."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def group(help_text: str, name: str | None = None) -> typer.Typer:
    """Return a group of commands in the one way all are set up."""
    return typer.Typer(
        name=name,
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def screen(colour: Literal["auto", "always", "never"] = "auto", machine: bool = False) -> "Screen":
    """Return where a verb says what it does."""
    from pulumi_martech.operations.screen import Screen

    return Screen(colour, machine)


def engine_named(name: EngineName | None) -> "Engine | None":
    """Return the engine of this name."""
    from pulumi_martech.engine.stacks import Engine

    return Engine(name) if name else None


@contextlib.contextmanager
def opened(
    folder: Path,
    stack: str,
    target: list[str] | None,
    override: str,
    as_of: str,
    offline: bool,
    screen: "Screen",
    ignore_ends: bool = False,
    policy_packs: list[Path] | None = None,
) -> "Iterator[tuple[Work, Screen]]":
    """Open the stack that the options name."""
    from pulumi_martech.operations.work import Wanted, open_work

    targets, packs = tuple(target or ()), tuple(policy_packs or ())
    wanted = Wanted(folder, stack, targets, override, as_of, offline, ignore_ends, packs)
    with open_work(wanted, screen.progress) as work:
        yield work, screen
