"""The command line's reference: `python -m pulumi_martech.cli.reference > docs/cli.md`."""

import contextlib
import io
import os
from collections.abc import Iterator

from typer.main import get_command

from pulumi_martech.cli import app, main

_HEAD = """\
<!-- Made from the command line's own help by: python -m pulumi_martech.cli.reference -->
# The command line

Exit codes: 0 done, or nothing to do; 2 changes or drift, where `--exit-code` asks for it; 1
anything else, wrong usage too. `--json` is described in [json.md](json.md).

The engine of a stack is chosen when the stack is made (`martech stack init NAME --engine ...`) and
remembered in `.martech/stacks.json`, which is of this checkout. A fresh checkout, on CI for
example, takes a stack that others made with `martech stack select NAME --engine pulumi`.

| variable | meaning |
|---|---|
| `MARTECH_STACK` | the stack, where `--stack` does not say |
| `MARTECH_AS_OF` | the day (UTC) to judge grants by, where `--as-of` does not say |
| `MARTECH_TODAY` | what day it is, in the place of the clock: for tests and trials |
| `MARTECH_OVERRIDE` | the reason to go over the limits of the guards |
| `MARTECH_HOME` | the folder for audit, journal and the record of stacks, instead of `.martech` |
| `MARTECH_ACTOR` | who acts, for the audit |
| `MARTECH_AUDIT_ANCHOR` | the file of audit heads kept elsewhere |
| `NO_COLOR`, `CI`, `FORCE_COLOR` | output without colour, or with it |
"""


def reference() -> str:
    """Return the help of every verb as Markdown."""
    os.environ.update(COLUMNS="90", TERMINAL_WIDTH="90")
    parts = [_HEAD]
    for verb in verbs():
        parts.append(f"\n## martech {' '.join(verb)}\n\n```\n{_help(verb)}```\n")
    return "".join(parts)


def verbs() -> Iterator[list[str]]:
    """Yield the words of every verb, those of groups too, in the order of the help."""
    for name, command in getattr(get_command(app), "commands", {}).items():
        for inner in getattr(command, "commands", {"": None}):
            yield [name, inner] if inner else [name]


def _help(verb: list[str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main([*verb, "--help"])
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    print(reference(), end="")
