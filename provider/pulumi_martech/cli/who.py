"""The verbs that answer: who and matrix."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pulumi_martech.cli.options import HERE, AsOf, Colour, Folder, Json, examples, group, screen

who_app = group("")

Document = Annotated[
    Path | None,
    typer.Option("--document", "-d", metavar="FILE", help="The access document; else access.yaml."),
]
Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]


@who_app.command(
    epilog=examples(
        "martech who --can contacts:export",
        "martech who --can '*:publish' --external",
        "martech who --vendor northlight --as-of 2026-03-01",
        "martech who --asset main-site --csv",
    )
)
def who(
    can: Annotated[
        str,
        typer.Option(
            "--can", metavar="CAPABILITY", help="Who can do this: contacts:export, or '*:publish'."
        ),
    ] = "",
    asset: Annotated[str, typer.Option("--asset", metavar="KEY", help="Who reaches it.")] = "",
    vendor: Annotated[
        str, typer.Option("--vendor", metavar="KEY", help="People of this vendor or partner.")
    ] = "",
    person: Annotated[str, typer.Option("--person", metavar="KEY", help="This one.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="KEY", help="There only.")] = "",
    external: Annotated[
        bool, typer.Option("--external", help="Vendors' and partners' people and other externals.")
    ] = False,
    as_of: AsOf = "",
    document: Document = None,
    cwd: Folder = HERE,
    as_csv: Csv = False,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Answer who can do what.

    By the access document; for a day that is over, by the audit and by attestations: what had been
    written, or seen, until then.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations.check import find_document, the_document
    from pulumi_martech.operations.who import who as answer
    from pulumi_martech.operations.who_then import who_then
    from pulumi_martech.policy.answers import Question

    on = screen(color, as_json)
    question = Question(can, asset, vendor, person, account, external)
    day = expiry.chosen(as_of)
    if day < expiry.today():
        return who_then(find_document(cwd, document), question, day, on, cwd, as_csv)
    return answer(the_document(cwd, document), question, day, on, as_csv)


@who_app.command(
    epilog=examples("martech matrix", "martech matrix --by teams", "martech matrix --csv")
)
def matrix(
    by: Annotated[
        Literal["people", "teams", "capabilities"], typer.Option("--by", help="What goes down.")
    ] = "people",
    as_of: AsOf = "",
    document: Document = None,
    cwd: Folder = HERE,
    as_csv: Csv = False,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show who has which roles in which account.

    By teams: how many of each reach personal data. By capabilities: how many people can.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations.check import the_document
    from pulumi_martech.operations.who import show_matrix

    path = the_document(cwd, document)
    day = expiry.chosen(as_of)
    return show_matrix(path, by, day, screen(color, as_json), as_csv)
