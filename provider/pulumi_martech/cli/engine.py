"""The verbs that run an engine: preview, up, refresh, destroy."""

from pathlib import Path
from typing import Annotated

import typer

from pulumi_martech.cli.options import (
    HERE,
    AsOf,
    Colour,
    Diff,
    ExitCode,
    Folder,
    Json,
    Override,
    PolicyPack,
    Stack,
    Target,
    Yes,
    examples,
    group,
    opened,
    screen,
)

engine_app = group("")


@engine_app.command(
    epilog=examples(
        "martech preview",
        "martech preview --save plan.json",
        "martech preview --offline --exit-code",
        "martech preview --policy-pack policies",
    )
)
def preview(
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save the plan for review.")
    ] = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Read no platform: compare with the state as last read."),
    ] = False,
    ignore_ends: Annotated[
        bool,
        typer.Option("--ignore-ends", help="Leave out what the calendar ends (in pull requests)."),
    ] = False,
    diff: Diff = False,
    exit_code: ExitCode = False,
    target: Target = None,
    policy_pack: PolicyPack = None,
    override: Override = "",
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show what `martech up` would do, and what hangs on people who go. Nothing is written."""
    from pulumi_martech.operations.preview import preview as run

    on = screen(color, as_json)
    place = opened(cwd, stack, target, override, as_of, offline, on, ignore_ends, policy_pack)
    with place as (work, _):
        return run(work, on, save, diff, exit_code)


@engine_app.command(
    epilog=examples(
        "martech up",
        "martech up --plan plan.json --yes",
        "martech up --override 'contract with the agency ended'",
    )
)
def up(
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Apply exactly this reviewed plan."),
    ] = None,
    yes: Yes = False,
    diff: Diff = False,
    target: Target = None,
    policy_pack: PolicyPack = None,
    override: Override = "",
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Make the accounts as declared.

    Reads them, previews, shows, asks, and applies exactly what was shown.

    One resource that fails never stops the others; the summary says what was done and what was
    not.
    """
    from pulumi_martech.operations.up import up as run

    on = screen(color, as_json)
    place = opened(cwd, stack, target, override, as_of, False, on, False, policy_pack)
    with place as (work, _):
        return run(work, on, yes, plan, diff, as_of)


@engine_app.command(
    epilog=examples("martech refresh", "martech refresh --preview-only --exit-code")
)
def refresh(
    preview_only: Annotated[
        bool, typer.Option("--preview-only", help="Show drift and leave the state as it is.")
    ] = False,
    diff: Diff = False,
    exit_code: ExitCode = False,
    target: Target = None,
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Show drift and take it into the state. No platform is written to."""
    from pulumi_martech.operations.refresh import refresh as run

    with opened(cwd, stack, target, "", as_of, False, screen(color, as_json)) as (work, on):
        return run(work, on, preview_only, diff, exit_code)


@engine_app.command(epilog=examples("martech destroy", "martech destroy --stack trial --yes"))
def destroy(
    yes: Yes = False,
    diff: Diff = False,
    target: Target = None,
    override: Override = "",
    as_of: AsOf = "",
    stack: Stack = "",
    cwd: Folder = HERE,
    as_json: Json = False,
    color: Colour = "auto",
) -> int:
    """Take away everything the stack has given."""
    from pulumi_martech.operations.destroy import destroy as run

    with opened(cwd, stack, target, override, as_of, False, screen(color, as_json)) as (work, on):
        return run(work, on, yes, diff)
