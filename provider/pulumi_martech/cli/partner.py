"""The verbs about partner organisations."""

from typing import Annotated

import typer

from pulumi_martech.cli.options import HERE, AsOf, Colour, Folder, Json, examples, group, screen
from pulumi_martech.cli.who import Document

partner_app = group("What partner organisations may use.")


@partner_app.callback()
def _group() -> None:
    """What partner organisations may use."""


@partner_app.command(
    epilog=examples(
        "martech partner assets",
        "martech partner assets --partner shop --purpose quotes",
        "martech partner assets --as-of 2027-01-01 --json",
    )
)
def assets(
    partner: Annotated[
        str, typer.Option("--partner", metavar="KEY", help="This organisation only.")
    ] = "",
    purpose: Annotated[
        str, typer.Option("--purpose", metavar="WORD", help="What the assets are asked for.")
    ] = "",
    as_of: AsOf = "",
    document: Document = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show who of which partner may use which asset.

    By which rule, what is lacking where not, and whether a platform enforces it, somebody attested
    it, or it is only evaluated.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations.check import the_document
    from pulumi_martech.operations.partners import assets as show

    path = the_document(cwd, document)
    day = expiry.chosen(as_of)
    return show(path, day, purpose, partner, screen(color, as_json))
