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
    Yes,
    examples,
    group,
    screen,
)

ends_app = group("")
document_app = group("Change the access document: people in, a spreadsheet out and back.")

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
    run ends anything. Nobody is asked. Of a program without a document, what its resources say.
    """
    from pulumi_martech.operations.ends import ends as run

    return run(screen(color, as_json), cwd, file, as_of, stack, within, exit_code)


Document = Annotated[
    Path | None,
    typer.Option("--document", metavar="FILE", help="The access document; else access.yaml."),
]
KeyOption = Annotated[
    str,
    typer.Option(
        "--key", metavar="REF", help="The key: env:NAME, file:PATH, keyring:SERVICE/USER."
    ),
]


@document_app.command(
    "import",
    epilog=examples(
        "martech document import people.csv",
        "martech document import hr.csv --column 'E-Mail=email' --drop Birthday --leavers",
        "martech document import --account crm",
    ),
)
def import_(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="A CSV file, with names of columns.")
    ] = None,
    account: Annotated[
        str, typer.Option("--account", metavar="KEY", help="In its place: who is in this account.")
    ] = "",
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="COLUMN=FIELD", help="What a column is; repeatable."),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option("--drop", metavar="COLUMN", help="Leave a column out; repeatable."),
    ] = None,
    leavers: Annotated[
        bool, typer.Option("--leavers", help="Make leavers of own employees that are not in it.")
    ] = False,
    document: Document = None,
    yes: Yes = False,
    cwd: Folder = HERE,
    color: Colour = "auto",
) -> int:
    """Bring people in from a CSV file, or from an account such as a SCIM service.

    People are known by key, address, login or alias. A column that is neither a field nor mapped
    nor dropped is refused, so that nothing comes in that nobody asked for.

    Fields: key, name, email, team, manager, job, status, kind, starts, until, login:ACCOUNT.
    """
    from pulumi_martech.operations import document as work

    on = screen(color)
    if (file is None) is (account == ""):
        raise typer.BadParameter("name a FILE, or say --account KEY")
    opened = work.opened(cwd, document)
    if file is None:
        return work.import_account(on, opened, account, leavers, yes)
    return work.import_csv(on, opened, cwd / file, column or (), drop or (), leavers, yes)


@document_app.command("export", epilog=examples("martech document export access.xlsx"))
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The spreadsheet (XLSX) to write.")],
    document: Document = None,
    cwd: Folder = HERE,
    color: Colour = "auto",
) -> int:
    """Write the document as a spreadsheet, for owners who do not see YAML."""
    from pulumi_martech.operations import document as work

    return work.export_sheet(screen(color), work.opened(cwd, document), cwd / file)


@document_app.command("update", epilog=examples("martech document update access.xlsx"))
def update(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A spreadsheet that `export` wrote.")
    ],
    document: Document = None,
    yes: Yes = False,
    cwd: Folder = HERE,
    color: Colour = "auto",
) -> int:
    """Take what was changed in a spreadsheet into the document.

    Shows the change and asks. Rows that were changed on both sides are refused.
    """
    from pulumi_martech.operations import document as work

    return work.update_from_sheet(screen(color), work.opened(cwd, document), cwd / file, yes)


@document_app.command("schema", epilog=examples("martech document schema > access.schema.json"))
def schema() -> int:
    """Print the JSON Schema of access documents, for editors."""
    from pulumi_martech.operations import document as work

    return work.show_schema(screen())


@document_app.command("key", epilog=examples("martech document key > ~/.people-key"))
def key() -> int:
    """Print a new key for encrypted files."""
    from pulumi_martech.operations import document as work

    return work.show_key(screen())


@document_app.command(
    "encrypt",
    epilog=examples("martech document encrypt people.yaml people.enc --key env:PEOPLE_KEY"),
)
def encrypt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of a document.")],
    to: Annotated[Path, typer.Argument(metavar="TO", help="Where to write it, encrypted.")],
    key: KeyOption,
    cwd: Folder = HERE,
) -> int:
    """Encrypt a file that a document includes (Fernet)."""
    from pulumi_martech.operations import document as work

    return work.lock(screen(), cwd / file, cwd / to, key)


@document_app.command(
    "decrypt", epilog=examples("martech document decrypt people.enc --key env:PEOPLE_KEY")
)
def decrypt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An encrypted file.")],
    key: KeyOption,
    cwd: Folder = HERE,
) -> int:
    """Print what an encrypted file holds."""
    from pulumi_martech.operations import document as work

    return work.unlock(screen(), cwd / file, key)
