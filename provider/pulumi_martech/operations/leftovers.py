"""`martech leftovers`: what an interrupted run made and no state is known to hold."""

from pathlib import Path

from pulumi_martech.operations import machine
from pulumi_martech.operations.preview import CHANGES
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.work import find_project
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.journal import Journal


def leftovers(folder: Path, screen: Screen, exit_code: bool = False) -> int:
    """List the open notes of the journals of all accounts.

    Returns the exit code: 0, or 2 with ``exit_code`` if there are any.
    """
    root, _ = find_project(folder)
    local = home(root)
    found = [
        (path.stem, left)
        for path in sorted((local / "journal").glob("*.jsonl"))
        for left in Journal(local, path.stem).open()
    ]
    code = CHANGES if exit_code and found else 0
    if screen.machine:
        listed = [{"account": account, **left.model_dump(mode="json")} for account, left in found]
        screen.write(machine.document("leftovers", exit_code=code, leftovers=listed))
        return code
    if not found:
        screen.line("Nothing is left over: all that was made is recorded.")
        return code
    rows = [
        (account, left.kind, left.key, left.native_id or "unknown", left.person or "-", left.at)
        for account, left in found
    ]
    screen.table(
        columns(rows, ("account", "kind", "login or name", "native id", "person", "since"))
    )
    screen.line()
    screen.line(
        "`martech up` takes over what is still declared; what is not declared any more has to be "
        "removed on the platform."
    )
    return code
