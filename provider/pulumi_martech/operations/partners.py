"""`martech partner assets`: who of a partner may use what, by which rule, and what protects it."""

import dataclasses
from collections import Counter
from datetime import date
from pathlib import Path

from pulumi_martech.document.load import load
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.operations import machine
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.policy.partners import Ruling, rulings

HEADINGS = ("partner", "person", "role", "asset", "may use it", "by rule", "protection", "lacks")


def assets(path: Path, day: date, purpose: str, partner: str, screen: Screen) -> int:
    """Print what people of partners may use; returns exit code 0.

    Raises:
        DocumentInvalid: the document cannot be meant as it is written.
        InvalidDeclaration: there is no such partner, and no rule with such a purpose.
    """
    access = load(path).access
    purposes = {rule.purpose for rule in access.rules.values() if rule.purpose}
    for what, name, there in (
        ("partner", partner, sorted(access.partners)),
        ("purpose in any rule", purpose, sorted(purposes)),
    ):
        if name and name not in there:
            hint = near(name, there) or f"there are {', '.join(there) or 'none'}"
            tried = f"tell what partners may use ({name})"
            raise InvalidDeclaration(tried, f"there is no such {what}", "", hint)
    found = [
        ruling
        for ruling in rulings(access, day, purpose)
        if not partner or ruling.organisation == partner
    ]
    protected: Counter[str] = Counter(ruling.protection for ruling in found if ruling.allowed)
    if screen.machine:
        screen.write(
            machine.document(
                "partner assets",
                document=path.name,
                as_of=day.isoformat(),
                purpose=purpose,
                protected=protected["enforced"] + protected["attested"],
                unprotected=protected["evaluated"],
                rulings=[dataclasses.asdict(ruling) for ruling in found],
            )
        )
        return 0
    if found:
        screen.table(columns([_row(ruling) for ruling in found], HEADINGS))
    else:
        screen.line("No grant to a partner reaches an asset that is declared.")
    screen.line()
    screen.line(summary(found, protected, path.name, day))
    return 0


def summary(found: list[Ruling], protected: "Counter[str]", name: str, day: date) -> str:
    """Return the counts in a sentence; what is only evaluated never counts as protected."""
    allowed = sum(1 for ruling in found if ruling.allowed)
    return (
        f"{name} as of {day}: {allowed} of {len(found)} uses are allowed; "
        f"{protected['enforced']} of them enforced by a platform, "
        f"{protected['attested']} attested, {protected['evaluated']} only evaluated, "
        "which protects nothing."
    )


def _row(ruling: Ruling) -> tuple[str, ...]:
    return (
        ruling.organisation,
        ruling.person,
        ruling.role,
        ruling.asset,
        "yes" if ruling.allowed else "no",
        ruling.rule,
        ruling.protection if ruling.allowed else "",
        "; ".join(ruling.lacking),
    )
