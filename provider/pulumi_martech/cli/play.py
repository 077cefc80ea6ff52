"""The verbs to play with: the demo, and a sandbox of one's own."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import HERE, Colour, EngineName, Folder, examples, group, screen

play_app = group("")


@play_app.command(epilog=examples("martech demo", "martech demo --engine pulumi"))
def demo(
    engine: Annotated[
        EngineName, typer.Option("--engine", help="What runs the commands it shows.")
    ] = "embedded",
    cwd: Folder = HERE,
    color: Colour = "auto",
) -> int:
    """Show the main job, from end to end, in five acts.

    On a sandbox of its own, in a copy of the project; about a minute.
    """
    from pulumi_martech.operations.demo import demo as play

    play(cwd.absolute(), screen(color).out, engine)
    return 0


@play_app.command(
    epilog=examples(
        "martech sandbox",
        "martech sandbox --tenant crm:scim --tenant shop:wordpress --db play.sqlite",
    )
)
def sandbox(
    tenant: Annotated[
        list[str] | None,
        typer.Option("--tenant", metavar="KEY:PLATFORM", help="An account to serve; repeatable."),
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0: a free one.")] = 0,
    db: Annotated[
        Path | None, typer.Option("--db", metavar="FILE", help="Keep everything in this file.")
    ] = None,
) -> int:
    """Serve the platforms' APIs on this machine, to try things on.

    Prints what to export; stops with Ctrl-C. Without --tenant: crm:scim and site:wordpress.
    """
    from pulumi_martech.model.errors import InvalidDeclaration
    from pulumi_martech.sandbox import serve

    try:
        serve(tenant or ["crm:scim", "site:wordpress"], port, db)
    except (ValueError, OSError) as error:
        raise InvalidDeclaration(
            "start the sandbox", str(error), "nothing is served", "see `martech sandbox --help`"
        ) from None
    return 0
