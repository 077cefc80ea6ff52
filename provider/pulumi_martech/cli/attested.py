"""The verbs for accounts without an API: the checklist, and the word of whoever looked."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import (
    HERE,
    AsOf,
    Colour,
    Folder,
    Json,
    Override,
    Stack,
    examples,
    group,
    opened,
    screen,
)

attested_app = group("")

_LAYOUT = "Which layout the switches of roles have, e.g. 'guide'."


@attested_app.command(
    epilog=examples(
        "martech attest gtg --template",
        "martech attest gtg --file gtg-people.csv --by ana --on 2026-11-20T15:30",
        "martech attest gtg --file people.csv --file roles.csv --layout guide --by ana --on now",
    )
)
def attest(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Key of the account.")],
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="FILE", help="CSV or JSON, as in the template; repeatable."),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="PERSON", help="Our id of whoever looked.")
    ] = "",
    on: Annotated[
        str, typer.Option("--on", metavar="WHEN", help="A day or an instant (UTC), or 'now'.")
    ] = "",
    layout: Annotated[str, typer.Option("--layout", metavar="NAME", help=_LAYOUT)] = "",
    template: Annotated[
        bool, typer.Option("--template", help="Write the tables to fill in, here.")
    ] = False,
    override: Override = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Say what an account without an API holds, as somebody saw it on its screens.

    Whoever carries the steps out does not attest them. What is stored lies in `attestations/`,
    beside the program, and is committed with it.
    """
    from pulumi_martech.operations.attest import attest as run
    from pulumi_martech.operations.attest import template as write

    if not template and not (file and by and on):
        raise typer.BadParameter("say --file, --by and --on, or --template")
    with opened(cwd, stack, None, override, "", False, screen(color, as_json)) as (work, to):
        if template:
            return write(work, to, account, layout, cwd)
        return run(work, to, account, file or (), by, on, layout)


@attested_app.command(epilog=examples("martech checklist", "martech checklist gtg > steps.md"))
def checklist(
    accounts: Annotated[
        list[str] | None, typer.Argument(metavar="[ACCOUNT]...", help="Account keys; else all.")
    ] = None,
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """List what waits for somebody's hand on accounts without an API.

    Who, where to click, what to set, by when. Nothing is read from any platform.
    """
    from pulumi_martech.operations.attest import checklists
    from pulumi_martech.operations.checklist import tell
    from pulumi_martech.operations.machine import document

    with opened(cwd, stack, None, "", as_of, False, screen(color, as_json)) as (work, on):
        tasks = checklists(work, on, tuple(accounts or ()))
        if not tasks:
            on.line("Nothing waits for anybody.")
        tell(work, on, tasks)
        if as_json:
            on.write(document("checklist", stack=work.stack, exit_code=0, checklist=tasks))
        return 0
