"""The access document: YAML in, values out, with the place of everything; compiles to resources.

A program that declares what a document says has two lines::

    from pulumi_martech import document
    document.declare("access.yaml")
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi_martech.document.register import Declared
    from pulumi_martech.resources.accounts import AccountResource


def declare(
    path: str | Path = "access.yaml",
    *,
    accounts: "Mapping[str, AccountResource] | None" = None,
    enforce: bool = False,
) -> "Declared":
    """Declare everything that a document says, as of the day of this run.

    Who has left, and what has not begun or has ended by then, is not declared. What is wrong with
    the document is noted with file, line and column, and refuses the run like every other problem
    of the program.

    Args:
        path: the document; from the program's folder, else from that of ``Pulumi.yaml``.
        accounts: accounts that the program declares itself, by their keys in the document.
        enforce: whether what mandatory policies find, and nobody answers for, refuses the run too:
            then the gate holds what `martech check` finds.

    Returns:
        The document's values, and its accounts as resources for a program to go on with.
    """
    from pulumi_martech.document.register import register

    return register(path, accounts or {}, enforce)
