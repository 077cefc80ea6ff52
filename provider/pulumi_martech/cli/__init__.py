"""The command line: parsing and printing only."""

import contextlib
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence

import typer

from pulumi_martech.cli.attested import attested_app
from pulumi_martech.cli.certify import certify_app
from pulumi_martech.cli.document import document_app, ends_app
from pulumi_martech.cli.engine import engine_app
from pulumi_martech.cli.facts import facts_app
from pulumi_martech.cli.importing import import_app
from pulumi_martech.cli.inspect import audit_app, inspect_app
from pulumi_martech.cli.options import group, screen
from pulumi_martech.cli.partner import partner_app
from pulumi_martech.cli.play import play_app
from pulumi_martech.cli.policy import check_app, policy_app
from pulumi_martech.cli.role import role_app
from pulumi_martech.cli.stack import stack_app
from pulumi_martech.cli.who import who_app
from pulumi_martech.engine.interrupts import hear_endings
from pulumi_martech.model.errors import MartechError

HELP = """Access to martech platforms as code: declare who may do what, see the diff, apply it,
catch drift.

A first look, on a sandbox of its own:  martech demo

The daily round:

    martech preview            what would change

    martech up                 change it, after showing and asking

    martech refresh            what was changed by hand
"""

MOST_PROBLEMS = 100
"""Problems of a document that are written out; --json has them all."""

app = group(HELP, "martech")
app.add_typer(engine_app)
app.add_typer(import_app)
app.add_typer(stack_app, name="stack")
app.add_typer(attested_app)
app.add_typer(inspect_app)
app.add_typer(role_app, name="role")
app.add_typer(audit_app, name="audit")
app.add_typer(check_app)
app.add_typer(who_app)
app.add_typer(policy_app, name="policy")
app.add_typer(partner_app, name="partner")
app.add_typer(ends_app)
app.add_typer(certify_app)
app.add_typer(facts_app)
app.add_typer(document_app, name="document")
app.add_typer(play_app)


_INTERRUPTED = 130
"""What the parser makes of an interrupt."""


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code.

    0: done, or nothing to do; 2: changes or drift, where that was asked for; 1: anything else,
    wrong usage too. An error is one sentence on standard error.
    """
    hear_endings()
    said = list(sys.argv[1:] if args is None else args)
    try:
        os.getcwd()
    except FileNotFoundError:
        return _complain(
            "the folder that you are in is gone; nothing was done: change to one that is there",
            said,
        )
    try:
        with contextlib.chdir("."):  # and back from where --cwd goes
            code = app(said, prog_name="martech", standalone_mode=False)
    except typer.TyperException as error:
        show = getattr(error, "show", None)
        if show is None or "--json" in said:
            told = getattr(error, "format_message", error.__str__)
            return _complain(" ".join(str(told()).split()), said)
        show()
        return 1
    except (typer.Abort, KeyboardInterrupt):
        return _complain("interrupted", said)
    except MartechError as error:
        problems = [str(problem) for problem in getattr(error, "problems", ())]
        return _complain(getattr(error, "brief", str(error)), said, problems)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        return _complain(f"use the file{where}: {error.strerror or error}", said)
    except Exception as error:
        if os.environ.get("MARTECH_TRACEBACK"):
            raise
        return _complain(_fault(error), said)
    if code == _INTERRUPTED:
        return _complain("interrupted", said)
    return code if code in (0, 2) else int(bool(code))


def _complain(text: str, args: list[str], problems: Sequence[str] = ()) -> int:
    """Print an error, and what it is made of; as a machine document where one was asked for."""
    if "--json" in args:
        from pulumi_martech.operations import machine

        verb = " ".join(arg for arg in args[:2] if not arg.startswith("-"))
        more = {"problems": list(problems)} if problems else {}
        sys.stdout.write(machine.document(verb, exit_code=1, error=text, **more))
    else:
        on = screen()
        for problem in problems[:MOST_PROBLEMS]:
            on.error(problem)
        on.error(text)
    return 1


def _fault(error: Exception) -> str:
    """Keep the traceback of a fault of our own in a file; return the sentence that names it."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="martech-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return (
        f"martech has met a fault of its own ({type(error).__name__}); what was done before is "
        f"kept; please report it with {file.name}, after looking through it"
    )
