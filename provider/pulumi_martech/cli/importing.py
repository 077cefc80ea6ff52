"""The verb that takes an account in use over."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import (
    HERE,
    Colour,
    Folder,
    Json,
    Stack,
    examples,
    group,
    opened,
    screen,
)

import_app = group("")


@import_app.command(
    "import",
    epilog=examples(
        "martech import crm --raw",
        "martech import crm --raw --except 'svc-*' --deactivated",
        "martech import crm --raw --vendor northlight=northlight.example --until 2027-03-31 "
        "--owner ines --reason 'spring campaign'",
        "martech import --apply crm.import.json",
    ),
)
def import_(
    account: Annotated[
        str, typer.Argument(metavar="[ACCOUNT]", help="The key of an account of the program.")
    ] = "",
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Write a module of typed resources and a Pulumi import file."),
    ] = False,
    apply: Annotated[
        list[Path] | None,
        typer.Option(
            "--apply", metavar="FILE", help="Take an import file into the state; repeatable."
        ),
    ] = None,
    excepted: Annotated[
        list[str] | None,
        typer.Option(
            "--except",
            metavar="PATTERN",
            help="Leave out logins and roles of this shell pattern; repeatable.",
        ),
    ] = None,
    vendor: Annotated[
        list[str] | None,
        typer.Option(
            "--vendor",
            metavar="NAME=DOMAIN,...",
            help="Make a VendorGrant of whoever is there from these mail domains; a login stands "
            "for itself; repeatable.",
        ),
    ] = None,
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="The last day of the vendors' contract.")
    ] = "",
    owner: Annotated[
        str, typer.Option("--owner", metavar="WHO", help="Who inside answers for the vendors.")
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", metavar="WHY", help="Why the vendors have access.")
    ] = "",
    deactivated: Annotated[
        bool, typer.Option("--deactivated", help="Declare people who are switched off as well.")
    ] = False,
    attributes: Annotated[
        bool,
        typer.Option(
            "--attributes",
            help="Declare names, titles and the like as well; else they are left alone.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where both files go; else the module to the program, the import file to the "
            "project.",
        ),
    ] = None,
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Take over an account that is in use, with nothing to do afterwards.

    `--raw` reads the account and writes two files: a module that declares who and what is there,
    and a Pulumi import file. `--apply` takes the second into the state once the program calls the
    first. No platform is written to.
    """
    from pulumi_martech.operations.import_apply import apply as take_in
    from pulumi_martech.operations.import_census import Choice
    from pulumi_martech.operations.importing import check_usage, vendors
    from pulumi_martech.operations.importing import raw as write

    check_usage(account, raw, bool(apply))
    with opened(cwd, stack, None, "", "", False, screen(color, as_json)) as (work, on):
        if apply:
            return take_in(work, on, [cwd / file for file in apply])
        choice = Choice(
            vendors=vendors(vendor or (), until, owner, reason, work.as_of),
            excepted=tuple(excepted or ()),
            deactivated=deactivated,
            descriptive=attributes,
        )
        return write(work, on, account, choice, cwd / out if out is not None else None)
