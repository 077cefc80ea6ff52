"""`martech role`: what a role lets somebody do, on a platform or in an account."""

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

role_app = group("Explain roles in capabilities, and list the portable ones.")


@role_app.command(
    "explain",
    epilog=examples(
        "martech role explain marketer --on hubspot",
        "martech role explain marketer --on crm     (an account of the stack)",
        "martech role explain editor --on wordpress --json",
    ),
)
def role_explain(
    role: Annotated[
        str, typer.Argument(metavar="ROLE", help="A portable role, or a native one by its name.")
    ],
    on: Annotated[
        str, typer.Option("--on", metavar="WHERE", help="An account of the stack, or a platform.")
    ],
    native: Annotated[
        bool, typer.Option("--native", help="ROLE is a native one, whatever its name.")
    ] = False,
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Say what somebody with this role can do there.

    What the mapping adds and loses, how each thing is known, and how much it weighs.
    """
    from pulumi_martech.operations.role import role as run
    from pulumi_martech.operations.work import Wanted

    wanted = Wanted(cwd, stack, as_of=as_of)
    return run(screen(color, as_json), role, on, wanted, native, as_json)


@role_app.command("list", epilog=examples("martech role list", "martech role list --json"))
def role_list(as_json: Json = False, color: Colour = "auto") -> int:
    """List the portable roles: what each may do, and how much that weighs."""
    from pulumi_martech.operations.role import roles as run

    return run(screen(color, as_json), as_json)
