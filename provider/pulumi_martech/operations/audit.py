"""`martech audit`: check the records of all accounts, show them, and name their heads."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pulumi_martech.model.errors import InvalidDeclaration, MartechError
from pulumi_martech.reconcile import chain
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.chain import Entry, Verdict
from pulumi_martech.reconcile.home import account_file, home, is_account_key


def verify(
    accounts: Sequence[str] = (), anchor: Path | None = None, folder: Path | None = None
) -> list[Verdict]:
    """Check the audit of the accounts, or of all that have one, had one, or are anchored.

    Args:
        accounts: keys; all if there are none.
        anchor: heads kept elsewhere; ``MARTECH_AUDIT_ANCHOR`` if not given.
        folder: the ``.martech`` folder; found if not given.

    Raises:
        NotReadable: a file is there and cannot be read.
        InvalidDeclaration: an account is not known here.
    """
    place = folder or home()
    return [
        chain.verify(account_file(place, "audit", account), anchor)
        for account in _chosen(place, accounts, _anchored(anchor))
    ]


def show(
    accounts: Sequence[str] = (),
    person: str = "",
    last: int | None = None,
    folder: Path | None = None,
) -> list[Entry]:
    """Return entries of the accounts in the order of time, perhaps of one person or the last ones.

    Raises:
        NotReadable: a file is there and cannot be read.
        InvalidDeclaration: an account is not known here.
    """
    place = folder or home()
    found = [
        entry
        for account in _chosen(place, accounts)
        for entry in chain.entries(account_file(place, "audit", account))
        if not person or entry.person == person
    ]
    found.sort(key=lambda entry: (entry.at, entry.account, entry.n))
    return found if last is None else found[max(0, len(found) - last) :]


def head(folder: Path | None = None) -> dict[str, str]:
    """Return account → hash of its last entry: what a CI job keeps as an artefact.

    Raises:
        NotWritable: the last lines could not be made safe on disk first.
    """
    return chain.heads(folder or home())


def settle(
    account: str,
    number: int,
    phase: Literal["done", "failed"],
    said: str,
    folder: Path | None = None,
) -> None:
    """Record how an open intent ended, after somebody has looked.

    Raises:
        InvalidDeclaration: there is no open intent of this number.
        NotWritable: the line could not be written.
    """
    place = folder or home()
    _chosen(place, [account])
    try:
        Audit(place, account).settle(number, phase, said)
    except ValueError:
        raise InvalidDeclaration(
            f"settle entry {number} of account {account}",
            "it is no open intent",
            "nothing was recorded",
            "see `martech audit verify` for those that are",
        ) from None


def _chosen(folder: Path, accounts: Sequence[str], more: Sequence[str] = ()) -> list[str]:
    there = {path.stem for path in (folder / "audit").glob("*.jsonl")}
    there |= {path.stem for path in (folder / "audit").glob("*.head")} | set(more)
    for account in accounts:
        if account not in there:
            raise InvalidDeclaration(
                f"read the audit of account {account}",
                "there is none",
                todo=f"there are: {', '.join(sorted(there)) or 'none yet'}",
            )
    return sorted(set(accounts) or there)


def _anchored(anchor: Path | None) -> list[str]:
    """Return the accounts whose heads are kept elsewhere; a bad file is named by each verdict."""
    named = os.environ.get("MARTECH_AUDIT_ANCHOR", "").strip()
    file = anchor or (Path(named) if named else None)
    if file is None:
        return []
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MartechError(
            f"read the kept heads in {file}",
            type(error).__name__,
            "nothing was compared",
            "name a file that `martech audit head` has written",
        ) from None
    return [key for key in kept if is_account_key(key)] if isinstance(kept, dict) else []
