"""The verbs about policies: check and policy list."""

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
    examples,
    group,
    opened,
    screen,
)
from pulumi_martech.cli.who import Document

check_app = group("")
policy_app = group("Policies: what is asked of access.")


@check_app.command(
    epilog=examples(
        "martech check",
        "martech check access.yaml --strict",
        "martech check --as-of today       (in a nightly job)",
        "martech check --base origin/main  (in a pull request)",
        "martech check --facts facts.json  (in a nightly job)",
        "martech check --json",
    )
)
def check(
    document: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="The access document; else access.yaml here."),
    ] = None,
    program: Annotated[
        bool, typer.Option("--program", help="Judge the program's resources, not a document.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 2 for advisory findings too.")
    ] = False,
    base: Annotated[
        str,
        typer.Option(
            "--base", metavar="FILE|REV", help="The document before the change: a file, or of git."
        ),
    ] = "",
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="PERSON", help="Who made the change; else who committed it."),
    ] = None,
    facts: Annotated[
        Path | None,
        typer.Option("--facts", metavar="FILE", help="What platforms report (`martech facts`)."),
    ] = None,
    facts_days: Annotated[
        int, typer.Option("--facts-days", min=0, help="Days that facts count.")
    ] = 7,
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Find what is wrong with declared access.

    Reads the access document (without one, the program's resources) and judges it by all policies:
    offline, without credentials. Ends with 2 if a mandatory policy finds something nobody answers
    for, with 1 if the document has errors.

    Document and program are judged by the day of their last commit, so that a commit ends the same
    whenever it is checked; one that was changed since, by today. --as-of names another day.

    With --base a change of policies, waivers and the like is judged by the rules before it. With
    --facts what platforms reported counts too: as of today, and what is missing is unknown.
    """
    from pulumi_martech.model import expiry
    from pulumi_martech.operations import check as checking
    from pulumi_martech.operations.base import Base

    if by and not base:
        raise typer.BadParameter("--by is about a change: say --base too")
    on = screen(color, as_json)
    path = None if program and not document else checking.find_document(cwd, document)
    day = expiry.chosen(as_of) if expiry.is_chosen(as_of) else None
    if path is None and (base or facts):
        raise typer.BadParameter("--base and --facts want an access document: there is none here")
    if path is None and not checking.has_program(cwd):
        raise checking.nothing_to_check(cwd)
    if path is not None:
        compared = Base(base, cwd, tuple(by or ())) if base else None
        at_work: list[str] = []
        with on.phase("reading and judging", lambda: at_work[-1] if at_work else ""):
            checked = checking.check_document(
                path, day, compared, cwd / facts if facts else None, facts_days, at_work.append
            )
    else:
        with opened(cwd, stack, None, "", as_of, True, on) as (work, _):
            checked = checking.check_program(work, on, day)
    return checking.show(on, checked, strict)


@policy_app.command("list", epilog=examples("martech policy list", "martech policy list --json"))
def list_(
    document: Document = None, cwd: Folder = HERE, as_json: Json = False, color: Colour = "auto"
) -> int:
    """List all policies with their parameters.

    Those of the package, and the project's own in policies/rules.py; what the access document sets
    otherwise is shown before what they are shipped with. With --json: a list, one entry a policy.
    """
    from pulumi_martech.operations.check import find_document
    from pulumi_martech.operations.policies import show

    return show(cwd, find_document(cwd, document), screen(color, as_json))
