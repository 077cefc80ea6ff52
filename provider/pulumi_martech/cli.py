"""The command line: parsing and printing only.

Nothing but the parser is imported until a verb runs, so that help and completion are quick.
"""

import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pulumi_martech.model.errors import MartechError

if TYPE_CHECKING:
    from pulumi_martech.engine.stacks import Engine
    from pulumi_martech.operations.screen import Screen
    from pulumi_martech.operations.work import Work

HELP = """Access to martech platforms as code: declare who may do what, see the diff, apply it,
catch drift.

A first look, on a sandbox of its own:  martech demo

The daily round:

    martech preview            what would change

    martech up                 change it, after showing and asking

    martech refresh            what was changed by hand
"""

app = typer.Typer(
    name="martech",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
stack_app = typer.Typer(
    help="Make, list, select, remove and move stacks.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(stack_app, name="stack")

EngineName = Literal["pulumi", "embedded"]

Folder = Annotated[
    Path, typer.Option("--cwd", "-C", metavar="DIR", help="Work as if started in this folder.")
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
        help="Judge grants by this day (UTC); else MARTECH_AS_OF, or today.",
    ),
]
Diff = Annotated[bool, typer.Option("--diff", help="Show URNs and unchanged properties too.")]
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

HERE = Path(".")


@app.command(
    epilog="Examples:  martech preview  |  martech preview --save plan.json  |  "
    "martech preview --offline --exit-code"
)
def preview(
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save the plan for review.")
    ] = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Read no platform: compare with the state as last read."),
    ] = False,
    diff: Diff = False,
    exit_code: ExitCode = False,
    target: Target = None,
    override: Override = "",
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show what `martech up` would do. Nothing is written."""
    from pulumi_martech.operations.preview import preview as run

    with _work(cwd, stack, target, override, as_of, offline, _screen(color, as_json)) as (work, on):
        return run(work, on, save, diff, exit_code)


@app.command(
    epilog="Examples:  martech up  |  martech up --plan plan.json --yes  |  "
    "martech up --override 'contract with the agency ended'"
)
def up(
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Apply exactly this reviewed plan."),
    ] = None,
    yes: Yes = False,
    diff: Diff = False,
    target: Target = None,
    override: Override = "",
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Make the accounts equal to what is declared: read, preview, ask, apply what was shown.

    One resource that fails never stops the others; the summary says what was done and what was
    not.
    """
    from pulumi_martech.operations.up import up as run

    with _work(cwd, stack, target, override, as_of, False, _screen(color, as_json)) as (work, on):
        return run(work, on, yes, plan, diff, as_of)


@app.command(epilog="Examples:  martech refresh  |  martech refresh --preview-only --exit-code")
def refresh(
    preview_only: Annotated[
        bool, typer.Option("--preview-only", help="Show drift and leave the state as it is.")
    ] = False,
    diff: Diff = False,
    exit_code: ExitCode = False,
    target: Target = None,
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Read the accounts, show drift, take it into the state. No platform is written to."""
    from pulumi_martech.operations.refresh import refresh as run

    with _work(cwd, stack, target, "", as_of, False, _screen(color, as_json)) as (work, on):
        return run(work, on, preview_only, diff, exit_code)


@app.command(epilog="Examples:  martech destroy  |  martech destroy --stack trial --yes")
def destroy(
    yes: Yes = False,
    diff: Diff = False,
    target: Target = None,
    override: Override = "",
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Take away everything the stack has given."""
    from pulumi_martech.operations.destroy import destroy as run

    with _work(cwd, stack, target, override, as_of, False, _screen(color, as_json)) as (work, on):
        return run(work, on, yes, diff)


# ------------------------------------------------------------------ stacks

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the stack.")]


@stack_app.command(
    "init", epilog="Examples:  martech stack init dev  |  martech stack init prod --engine pulumi"
)
def stack_init(name: Name, engine: EngineOption = None, cwd: Folder = HERE) -> int:
    """Make a stack. It keeps the engine it is made with."""
    from pulumi_martech.operations import stack

    return stack.init(cwd, _screen(), name, _engine(engine))


@stack_app.command("ls", epilog="Example:  martech stack ls --json")
def stack_ls(cwd: Folder = HERE, as_json: Json = False) -> int:
    """List the stacks this checkout knows, with their engines."""
    from pulumi_martech.operations import stack

    return stack.ls(cwd, _screen(), as_json)


@stack_app.command(
    "select",
    epilog="Examples:  martech stack select dev  |  martech stack select prod --engine pulumi "
    "(takes a stack that others made)",
)
def stack_select(name: Name, engine: EngineOption = None, cwd: Folder = HERE) -> int:
    """Select the stack to work on."""
    from pulumi_martech.operations import stack

    return stack.select(cwd, _screen(), name, _engine(engine))


@stack_app.command("rm", epilog="Example:  martech stack rm trial")
def stack_rm(
    name: Name,
    yes: Yes = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even if it holds resources: they stay where they are.")
    ] = False,
    cwd: Folder = HERE,
) -> int:
    """Remove a stack and its state."""
    from pulumi_martech.operations import stack

    return stack.rm(cwd, _screen(), name, yes, force)


ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="In plain text.")]


@stack_app.command("export", epilog="Example:  martech stack export --file dev.json")
def stack_export(
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Where to; else standard output.")
    ] = None,
    show_secrets: ShowSecrets = False,
    stack: Stack = "",
    cwd: Folder = HERE,
) -> int:
    """Write the state as a deployment that both engines import."""
    from pulumi_martech.operations.stack import export

    with _work(cwd, stack, None, "", "", False, _screen()) as (work, on):
        return export(work, on, file, show_secrets)


@stack_app.command("import", epilog="Example:  martech stack import --file dev.json")
def stack_import(
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="An exported deployment.")],
    stack: Stack = "",
    cwd: Folder = HERE,
) -> int:
    """Put an exported deployment in the place of the stack's state."""
    from pulumi_martech.operations.stack import import_

    with _work(cwd, stack, None, "", "", False, _screen()) as (work, on):
        return import_(work, on, file)


@stack_app.command("output", epilog="Examples:  martech stack output  |  martech stack output url")
def stack_output(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One output; else all.")] = "",
    show_secrets: ShowSecrets = False,
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
) -> int:
    """Print what the program exports."""
    from pulumi_martech.operations.stack import output

    with _work(cwd, stack, None, "", "", False, _screen()) as (work, on):
        return output(work, on, name, as_json, show_secrets)


# ------------------------------------------------------------------ how


def _screen(colour: Literal["auto", "always", "never"] = "auto", machine: bool = False) -> "Screen":
    from pulumi_martech.operations.screen import Screen

    return Screen(colour, machine)


def _engine(name: EngineName | None) -> "Engine | None":
    from pulumi_martech.engine.stacks import Engine

    return Engine(name) if name else None


@contextlib.contextmanager
def _work(
    folder: Path,
    stack: str,
    target: list[str] | None,
    override: str,
    as_of: str,
    offline: bool,
    screen: "Screen",
) -> "Iterator[tuple[Work, Screen]]":
    """Open the stack that the options name."""
    from pulumi_martech.operations.work import Wanted, open_work

    wanted = Wanted(folder, stack, tuple(target or ()), override, as_of, offline)
    with open_work(wanted, screen.progress) as work:
        yield work, screen


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code.

    0: done, or nothing to do; 2: changes or drift, where that was asked for; 1: anything else,
    wrong usage too. An error is one sentence on standard error.
    """
    said = list(sys.argv[1:] if args is None else args)
    try:
        code = app(said, prog_name="martech", standalone_mode=False)
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if show is None:
            return _complain(str(error), said)
        show()
        return 1
    except (typer.Abort, KeyboardInterrupt):
        return _complain("interrupted", said)
    except MartechError as error:
        return _complain(str(error), said)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        return _complain(f"use the file{where}: {error.strerror or error}", said)
    except Exception as error:
        if os.environ.get("MARTECH_TRACEBACK"):
            raise
        return _complain(_fault(error), said)
    return code if code in (0, 2) else int(bool(code))


def _complain(text: str, args: list[str]) -> int:
    """Print an error, as a machine document where one was asked for."""
    if "--json" in args:
        from pulumi_martech.operations import machine

        verb = " ".join(arg for arg in args[:2] if not arg.startswith("-"))
        sys.stdout.write(machine.document(verb, exit_code=1, error=text))
    else:
        _screen().error(text)
    return 1


def _fault(error: Exception) -> str:
    """Keep the traceback of a fault of our own in a file; return the sentence that names it."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="martech-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return (
        f"martech has met a fault of its own ({type(error).__name__}); what was done before is "
        f"kept; please report it with {file.name}, after looking through it"
    )


if __name__ == "__main__":
    sys.exit(main())
