"""The verbs about the access document."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import (
    HERE,
    AsOf,
    Colour,
    Folder,
    Json,
    Stack,
    examples,
    group,
    screen,
)

ends_app = group("")

File = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="The access document; else access.yaml.")
]


@ends_app.command(
    epilog=examples(
        "martech ends",
        "martech ends --as-of 2027-04-01",
        "martech ends --within 7 --exit-code    (in a nightly job)",
    )
)
def ends(
    file: File = None,
    within: Annotated[
        int, typer.Option("--within", min=0, metavar="DAYS", help="Tell ends up to so many days.")
    ] = 30,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="End with 2 if there is anything to tell.")
    ] = False,
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show what access ends soon, and what should be gone.

    What ended on paper and is still live in the state as last read, and whether runs go on: only a
    run ends anything. Nobody is asked.
    """
    from pulumi_martech.operations.ends import ends as run

    return run(screen(color, as_json), cwd, file, as_of, stack, within, exit_code)
