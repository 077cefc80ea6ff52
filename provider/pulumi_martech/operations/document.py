"""`martech document`: people in, a spreadsheet out and back, files locked and opened.

What changes a document shows the change first, as a diff, and asks; what would not be in order
afterwards is never written.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from rich.text import Text

from pulumi_martech.document import files, people, schema
from pulumi_martech.document.load import Document, load
from pulumi_martech.document.people import LOGIN, Row
from pulumi_martech.document.problems import Place
from pulumi_martech.document.update import Update
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.model.membership import Kind, Membership, Status
from pulumi_martech.operations.check import the_document
from pulumi_martech.operations.screen import NotConfirmed, Screen
from pulumi_martech.operations.shown import harmless
from pulumi_martech.platforms.registry import connect
from pulumi_martech.policy.builtin import rules_of
from pulumi_martech.policy.guards import named
from pulumi_martech.project import project

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def opened(folder: Path, file: Path | None) -> Document:
    """Return the document to work on; raises `DocumentInvalid` if it is not in order."""
    return load(the_document(folder, file))


def import_csv(
    screen: Screen,
    document: Document,
    path: Path,
    columns: Sequence[str],
    drop: Sequence[str],
    leavers: bool,
    yes: bool,
) -> int:
    """Bring the people of a CSV file in."""
    with screen.phase(f"reading {path.name}"):
        rows = people.from_csv(path, _mapped(columns), drop)
        brought = people.bring_in(document, rows, leavers)
    return _finish(screen, brought, path.name, leavers, yes)


def import_account(
    screen: Screen, document: Document, account: str, leavers: bool, yes: bool
) -> int:
    """Bring the people in that an account shows, such as a SCIM service.

    Raises:
        InvalidDeclaration: the document has no such account, or no credentials for it.
    """
    config = document.access.accounts.get(account)
    tried, left = f"bring in the people of account {account}", "nothing was asked"
    if config is None:
        hint = near(account, document.access.accounts)
        raise InvalidDeclaration(tried, "the document has none of that key", left, hint)
    try:
        connector = connect(config.config())
    except ValidationError:
        said = "the document has no url and credentials for it"
        raise InvalidDeclaration(tried, said, left, "write them down") from None
    with screen.phase(f"reading {account}"), connector.client:
        members = connector.directory().memberships
    rows = [_row(account, member) for member in members if member.kind is Kind.PERSON]
    brought = people.bring_in(document, rows, leavers)
    return _finish(screen, brought, account, leavers, yes)


def _row(account: str, member: Membership) -> Row:
    """Return a member as a row: name, address, log-in, and whether it can still log in."""
    said = {f"{LOGIN}{account}": member.login}
    email = member.email if isinstance(member.email, str) else member.attributes.get("email")
    if not email and "@" in member.login:
        email = member.login
    if isinstance(email, str) and email:
        said["email"] = email
    for attribute in ("display_name", "name"):
        name = member.attributes.get(attribute)
        if isinstance(name, str) and name:
            said["name"] = name
    if member.status is Status.DEACTIVATED:
        said["status"] = "leaver"
    return Row(Place(f"{account}/{member.login}"), said)


def _mapped(columns: Sequence[str]) -> dict[str, str]:
    found = {}
    for said in columns:
        column, equals, field = said.rpartition("=")
        if not equals or not column or not field:
            raise InvalidDeclaration(
                f"read --column {said!r}", "it is no COLUMN=FIELD", "nothing was done"
            )
        found[column] = field
    return found


def _finish(screen: Screen, brought: people.Brought, source: str, leavers: bool, yes: bool) -> int:
    code = _apply(screen, brought.update, yes)
    screen.line()
    screen.line(
        f"From {source}: {len(brought.added)} new, {len(brought.changed)} changed, "
        f"{len(brought.missing)} of our own not in it"
        + (", now leavers." if leavers and brought.missing else ".")
    )
    if brought.others:
        screen.line(f"Left as they are, of vendors and partners: {named(brought.others)}.")
    if brought.missing and not leavers:
        shown = ", ".join(brought.missing[:8]) + (" ..." if len(brought.missing) > 8 else "")
        screen.line(f"Not in it: {shown}. Say --leavers if they have left.")
    return code


def export_sheet(screen: Screen, document: Document, path: Path) -> int:
    """Write the document as a spreadsheet."""
    from pulumi_martech.document import sheet  # slow to import

    with screen.phase(f"writing {path.name}"):
        sheet.write(document, path)
    screen.line(
        f"Written: {path}. What is changed there comes back with `martech document update`."
    )
    return 0


def update_from_sheet(screen: Screen, document: Document, path: Path, yes: bool) -> int:
    """Take what was changed in a spreadsheet into the document."""
    from pulumi_martech.document import sheet

    with screen.phase(f"reading {path.name}"):
        update = sheet.take_back(document, path)
    return _apply(screen, update, yes)


def _apply(screen: Screen, update: Update, yes: bool) -> int:
    """Show what changes, check what would come of it, ask, and write."""
    if not update.changes:
        screen.line("Nothing changes.")
        return 0
    after = update.checked()
    for line in update.diff():
        screen.line(Text(harmless(line), style=_COLOURS.get(line[:1], "")))
    for problem in after.problems:
        screen.warn(str(problem))
    if not (yes or screen.interactive):
        raise NotConfirmed(
            f"change {update.document.path.name}",
            "there is no terminal to ask for approval",
            "nothing was written",
            "look at the difference above and say --yes",
        )
    if not yes:
        screen.confirm(f"Write this into {', '.join(update.texts())}?")
    update.write()
    screen.line(f"Written: {', '.join(update.texts())}.")
    return 0


def lock(screen: Screen, path: Path, to: Path, key: str) -> int:
    """Encrypt a file of a document."""
    to.write_bytes(files.locked(path.read_bytes(), key))
    screen.line(f"Written: {to}. Include it with {{file: {to.name}, key: {key!r}}}, and remove")
    screen.line(f"{path} where others can read it, from the history too.")
    return 0


def unlock(screen: Screen, path: Path, key: str) -> int:
    """Print what an encrypted file of a document holds."""
    screen.write(files.unlocked(path.read_bytes(), key).decode())
    return 0


def show_key(screen: Screen) -> int:
    """Print a new key."""
    screen.write(files.new_key() + "\n")
    return 0


def show_schema(screen: Screen) -> int:
    """Print the JSON Schema of documents, with the policies of this project."""
    screen.write(schema.text(rules_of(project())))
    return 0
