"""`martech stack`: make, list, select, remove and move stacks."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import (
    HERE,
    EngineOption,
    Folder,
    Json,
    Stack,
    Yes,
    engine_named,
    examples,
    group,
    opened,
    screen,
)

stack_app = group("Make, list, select, remove and move stacks.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the stack.")]


@stack_app.command(
    "init", epilog=examples("martech stack init dev", "martech stack init prod --engine pulumi")
)
def stack_init(name: Name, engine: EngineOption = None, cwd: Folder = HERE) -> int:
    """Make a stack. It keeps the engine it is made with."""
    from pulumi_martech.operations import stack

    return stack.init(cwd, screen(), name, engine_named(engine))


@stack_app.command("ls", epilog=examples("martech stack ls --json"))
def stack_ls(cwd: Folder = HERE, as_json: Json = False) -> int:
    """List the stacks this checkout knows, with their engines."""
    from pulumi_martech.operations import stack

    return stack.ls(cwd, screen(), as_json)


@stack_app.command(
    "select",
    epilog=examples(
        "martech stack select dev",
        "martech stack select prod --engine pulumi (takes a stack that others made)",
    ),
)
def stack_select(name: Name, engine: EngineOption = None, cwd: Folder = HERE) -> int:
    """Select the stack to work on."""
    from pulumi_martech.operations import stack

    return stack.select(cwd, screen(), name, engine_named(engine))


@stack_app.command("rm", epilog=examples("martech stack rm trial"))
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

    return stack.rm(cwd, screen(), name, yes, force)


@stack_app.command(
    "unlock", epilog=examples("martech stack unlock", "martech stack unlock prod --yes")
)
def stack_unlock(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The stack; else the selected one.")
    ] = "",
    yes: Yes = False,
    cwd: Folder = HERE,
) -> int:
    """Break the lock of a run that is gone. Shows whose it is, where and since when, and asks."""
    from pulumi_martech.operations import stack

    return stack.unlock(cwd, screen(), name, yes)


ShowSecrets = Annotated[bool, typer.Option("--show-secrets", help="In plain text.")]


@stack_app.command("export", epilog=examples("martech stack export --file dev.json"))
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

    with opened(cwd, stack, None, "", "", False, screen()) as (work, on):
        return export(work, on, file, show_secrets)


@stack_app.command("import", epilog=examples("martech stack import --file dev.json"))
def stack_import(
    file: Annotated[Path, typer.Option("--file", metavar="FILE", help="An exported deployment.")],
    stack: Stack = "",
    cwd: Folder = HERE,
) -> int:
    """Put an exported deployment in the place of the stack's state."""
    from pulumi_martech.operations.stack import import_

    with opened(cwd, stack, None, "", "", False, screen()) as (work, on):
        return import_(work, on, file)


@stack_app.command("output", epilog=examples("martech stack output", "martech stack output url"))
def stack_output(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One output; else all.")] = "",
    show_secrets: ShowSecrets = False,
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
) -> int:
    """Print what the program exports."""
    from pulumi_martech.operations.stack import output

    with opened(cwd, stack, None, "", "", False, screen()) as (work, on):
        return output(work, on, name, as_json, show_secrets)
