"""The verbs that look and do not run an engine's operation: doctor, coverage, audit ..."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import (
    HERE,
    Colour,
    ExitCode,
    Folder,
    Json,
    Stack,
    examples,
    group,
    opened,
    screen,
)

inspect_app = group("")
audit_app = group("Check and show the record of all changes.")

Accounts = Annotated[
    list[str] | None, typer.Argument(metavar="[ACCOUNT]...", help="Account keys; else all.")
]


@inspect_app.command(epilog=examples("martech doctor", "martech doctor crm --json"))
def doctor(
    accounts: Accounts = None,
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Find out what would stop a run.

    Credentials, rights, clock, reachability and rate budget of each account; nothing is written.
    """
    from pulumi_martech.operations.accounts import examine
    from pulumi_martech.operations.doctor import worst
    from pulumi_martech.operations.machine import document
    from pulumi_martech.operations.tables import finding_table

    with opened(cwd, stack, None, "", "", False, screen(color, as_json)) as (work, on):
        findings = examine(work, on, tuple(accounts or ()))
        code = int(worst(findings) == "fail")
        on.table(finding_table(findings))
        if as_json:
            on.write(document("doctor", stack=work.stack, exit_code=code, findings=findings))
        return code


@inspect_app.command(epilog=examples("martech coverage", "martech coverage --json"))
def coverage(as_json: Json = False, color: Colour = "auto") -> int:
    """Say what can be done on each platform.

    And how that is known, and what cannot be seen.
    With --json: a list, one entry a platform.
    """
    from pulumi_martech.operations.coverage import coverage as covered
    from pulumi_martech.operations.tables import coverage_table

    on, found = screen(color, as_json), covered()
    on.table(coverage_table(found))
    if as_json:
        listed = [entry.model_dump(mode="json") for entry in found]
        on.write(json.dumps(listed, indent=2, ensure_ascii=False) + "\n")
    return 0


@inspect_app.command(
    epilog=examples(
        "martech activity hub --reason 'yearly review of unused access'",
        "martech activity hub ana --reason 'the laptop was stolen'",
    )
)
def activity(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Key of the account.")],
    people: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PERSON]...", help="Ids of the program, or logins; else all."),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the audit.")
    ] = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show when people last logged in, and of those who are named what they did.

    By the platform's own logs, where it shows them; kept nowhere.
    """
    from pulumi_martech.operations.activity import activity as run

    with opened(cwd, stack, None, "", "", False, screen(color, as_json)) as (work, on):
        return run(work, on, account, people or [], reason)


@inspect_app.command(epilog=examples("martech leftovers --exit-code"))
def leftovers(
    exit_code: ExitCode = False, cwd: Folder = HERE, as_json: Json = False, color: Colour = "auto"
) -> int:
    """List what an interrupted run left behind.

    It is on a platform and no state holds it yet.
    """
    from pulumi_martech.operations.leftovers import leftovers as run

    return run(cwd, screen(color, as_json), exit_code)


@audit_app.command(epilog=examples("martech audit verify --anchor heads.json"))
def verify(
    accounts: Accounts = None,
    anchor: Annotated[
        Path | None,
        typer.Option(
            "--anchor", metavar="FILE", help="Heads kept elsewhere; else MARTECH_AUDIT_ANCHOR."
        ),
    ] = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Check that no line of the audit was changed, removed or added; ends with 1 if one was."""
    from pulumi_martech.operations import audit
    from pulumi_martech.operations.machine import document
    from pulumi_martech.operations.tables import verdict_table
    from pulumi_martech.reconcile.home import home

    on = screen(color, as_json)
    verdicts = audit.verify(accounts or (), anchor, home(cwd))
    code = int(not all(verdict.ok for verdict in verdicts))
    if verdicts:
        on.table(verdict_table(verdicts))
    else:
        on.line("There is no audit yet: nothing was written to any platform from here.")
    if as_json:
        on.write(document("audit verify", exit_code=code, verdicts=verdicts))
    return code


@audit_app.command(epilog=examples("martech audit show --last 20", "martech audit show -p ana"))
def show(
    accounts: Accounts = None,
    person: Annotated[
        str, typer.Option("--person", "-p", metavar="ID", help="Only calls about this person.")
    ] = "",
    last: Annotated[
        int | None, typer.Option("--last", "-n", min=1, help="Only the last so many entries.")
    ] = None,
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show what was done, when, by whom and for what reason."""
    from pulumi_martech.operations import audit
    from pulumi_martech.operations.machine import document
    from pulumi_martech.operations.tables import entry_table
    from pulumi_martech.reconcile.home import home

    on = screen(color, as_json)
    entries = audit.show(accounts or (), person, last, home(cwd))
    if entries:
        on.table(entry_table(entries))
    else:
        on.line("There are no entries.")
    if as_json:
        on.write(document("audit show", exit_code=0, entries=entries))
    return 0


@audit_app.command(epilog=examples("martech audit head > heads.json   (keep it elsewhere)"))
def head(cwd: Folder = HERE) -> int:
    """Print the newest hash of each account as JSON, to be kept where nobody here can change it."""
    from pulumi_martech.operations import audit
    from pulumi_martech.reconcile.home import home

    screen().write(json.dumps(audit.head(home(cwd)), indent=2) + "\n")
    return 0
