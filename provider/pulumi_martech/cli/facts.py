"""`martech facts`: what platforms report of people, saved for checks."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import HERE, Colour, Folder, Json, examples, group, screen
from pulumi_martech.cli.who import Document

facts_app = group("")


@facts_app.command(
    epilog=examples(
        "martech facts --reason 'nightly review of access' --save facts.json",
        "martech check --facts facts.json",
        "martech facts hub --reason 'yearly review' --json",
    )
)
def facts(
    accounts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ACCOUNT]...", help="Accounts of the document; else all."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the audit.")
    ] = "",
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Where to write them, as JSON.")
    ] = None,
    document: Document = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Read what platforms report of the document's people, and save it for checks.

    Status, last log-in, how they pass, second factor, since when an invitation is pending: where a
    platform shows it; what is missing is unknown. The file names people by their keys and nobody
    else. Ends with 1 if an account could not be read.
    """
    from pulumi_martech.operations.check import the_document
    from pulumi_martech.operations.facts import facts as run

    path = the_document(cwd, document)
    target = cwd / save if save else None
    return run(screen(color, as_json), path, accounts or (), reason, target)
