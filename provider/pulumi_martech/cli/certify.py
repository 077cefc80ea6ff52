"""`martech certify`: the record of reviews."""

from typing import Annotated

import typer

from pulumi_martech.cli.options import HERE, Colour, Folder, Json, Yes, examples, group, screen
from pulumi_martech.cli.who import Document

certify_app = group("")


@certify_app.command(
    epilog=examples(
        "martech certify crm --by ines",
        "martech certify crm --by ines --team brand",
        "martech certify crm --by omar --person ines --yes",
    )
)
def certify(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Key of the account.")],
    by: Annotated[
        str, typer.Option("--by", metavar="PERSON", help="Who looked at it and finds it right.")
    ],
    person: Annotated[
        list[str] | None,
        typer.Option("--person", metavar="KEY", help="The access of this one only; repeatable."),
    ] = None,
    team: Annotated[
        str, typer.Option("--team", metavar="KEY", help="That of a team, with those below it.")
    ] = "",
    document: Document = None,
    yes: Yes = False,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Say for the record that people's access to an account is right.

    Shows who holds what there today, asks, and adds a line to certifications.jsonl beside the
    document; commit it. Nobody certifies their own access or what they approved. When it is due
    again the policy `certified` tells; `martech role creep` shows what was gained since.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations.certify import Asked
    from pulumi_martech.operations.certify import certify as run
    from pulumi_martech.operations.check import the_document

    path = the_document(cwd, document)
    asked = Asked(account, by, tuple(person or ()), team)
    return run(screen(color, as_json), path, asked, expiry.today(), yes)
