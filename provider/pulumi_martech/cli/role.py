"""`martech role`: what a role lets somebody do, on a platform or in an account."""

from pathlib import Path
from typing import Annotated, Literal

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
from pulumi_martech.cli.who import Document

role_app = group("What roles let people do: explain, list, find smaller and fewer ones.")


@role_app.command(
    "explain",
    epilog=examples(
        "martech role explain marketer --on hubspot",
        "martech role explain marketer --on crm     (an account of the document or the stack)",
        "martech role explain editor --on wordpress --json",
    ),
)
def role_explain(
    role: Annotated[
        str,
        typer.Argument(metavar="ROLE", help="A portable role, our own, or a native one by name."),
    ],
    on: Annotated[
        str,
        typer.Option(
            "--on", metavar="WHERE", help="An account of the document or stack, or a platform."
        ),
    ],
    native: Annotated[
        bool, typer.Option("--native", help="ROLE is a native one, whatever its name.")
    ] = False,
    as_of: AsOf = "",
    document: Document = None,
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Say what somebody with this role can do there.

    What the mapping adds and loses, how each thing is known, and how much it weighs.
    """
    from pulumi_martech.operations.check import find_document
    from pulumi_martech.operations.role import role as run
    from pulumi_martech.operations.work import Wanted

    wanted = Wanted(cwd, stack, as_of=as_of)
    path = find_document(cwd, document)
    return run(screen(color, as_json), role, on, wanted, native, as_json, path)


@role_app.command("list", epilog=examples("martech role list", "martech role list --json"))
def role_list(as_json: Json = False, color: Colour = "auto") -> int:
    """List the portable roles: what each may do, and how much that weighs."""
    from pulumi_martech.operations.role import roles as run

    return run(screen(color, as_json), as_json)


@role_app.command(
    "suggest",
    epilog=examples(
        "martech role suggest --without personal --on wordpress",
        "martech role suggest --without personal --on crm --like marketing-manager",
    ),
)
def role_suggest(
    on: Annotated[
        str,
        typer.Option("--on", metavar="WHERE", help="An account of the document, or a platform."),
    ],
    without: Annotated[
        Literal["financial", "personal", "sensitive"],
        typer.Option("--without", help="The lowest class of data that is not to be touched."),
    ] = "personal",
    like: Annotated[
        str, typer.Option("--like", metavar="ROLE", help="The role to come near to.")
    ] = "marketer",
    as_of: AsOf = "",
    document: Document = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Name the nearest native role that touches no data of a class.

    And what is lost by it. Where a platform has single rights: a role to be made of them.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations.check import find_document
    from pulumi_martech.operations.simpler_roles import suggest_role

    path = find_document(cwd, document)
    day = expiry.chosen(as_of)
    return suggest_role(screen(color, as_json), path, like, without, on, day)


@role_app.command(
    "simplify", epilog=examples("martech role simplify", "martech role simplify --least 0.7 --json")
)
def role_simplify(
    least: Annotated[
        float, typer.Option("--least", min=0.0, max=1.0, help="How much alike, 0 to 1.")
    ] = 0.8,
    as_of: AsOf = "",
    document: Document = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Propose merges of roles that are nearly the same.

    A merge that gives somebody something heavier than both roles have is not proposed.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations.check import the_document
    from pulumi_martech.operations.simpler_roles import simplify

    path = the_document(cwd, document)
    day = expiry.chosen(as_of)
    return simplify(screen(color, as_json), path, least, day)


@role_app.command(
    "creep",
    epilog=examples(
        "martech role creep",
        "git show v7:access.yaml > then.yaml && martech role creep --since then.yaml",
    ),
)
def role_creep(
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="FILE", help="An earlier document, instead."),
    ] = None,
    as_of: AsOf = "",
    document: Document = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show what people gained since their access was certified last.

    And what sets them apart from peers with the same job. `martech certify` certifies.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations.check import the_document
    from pulumi_martech.operations.simpler_roles import show_creep

    path = the_document(cwd, document)
    day = expiry.chosen(as_of)
    return show_creep(screen(color, as_json), path, cwd / since if since else None, day)
