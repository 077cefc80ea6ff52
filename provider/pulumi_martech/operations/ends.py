"""`martech ends`: what ends soon, what ended on paper and is still live, whether runs go on.

Nobody is asked: it is the document against the state as last read. What a day makes of a document
is only told, so that a pull request does not turn red by the calendar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pulumi_martech.document.compile import entitlements
from pulumi_martech.document.load import Document, load
from pulumi_martech.engine.stacks import NoStack
from pulumi_martech.model import expiry
from pulumi_martech.operations import machine
from pulumi_martech.operations.check import find_document, has_program, the_document
from pulumi_martech.operations.ends_of_state import ends_of_state
from pulumi_martech.operations.heartbeat import overdue
from pulumi_martech.operations.preflight import recorded
from pulumi_martech.operations.preview import CHANGES
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.work import NoProject, Wanted, open_work
from pulumi_martech.policy.guards import Holding
from pulumi_martech.policy.holdings import HOLDERS, holdings
from pulumi_martech.policy.lifecycle import (
    Ending,
    EndingWaiver,
    StillLive,
    ending,
    ending_waivers,
    still_live,
)


@dataclass
class Ends:
    """What a day makes of a document.

    ``unknown`` says why nothing is known of what is live, where that is so.
    """

    document: Document
    ends: list[Ending]
    waivers: list[EndingWaiver] = field(default_factory=list)
    live: list[StillLive] = field(default_factory=list)
    overdue: str = ""
    unknown: str = ""


def ends(
    screen: Screen,
    folder: Path,
    file: Path | None,
    as_of: str,
    stack: str,
    within: int,
    exit_code: bool,
) -> int:
    """Print what ends within so many days and what has ended and is still live.

    Of a program without a document, what its resources say. Returns the exit code: 0, or 2 with
    ``exit_code`` if there is anything to tell.

    Raises:
        DocumentInvalid: the document cannot be meant as it is written.
    """
    day = expiry.chosen(as_of)
    if find_document(folder, file) is None and has_program(folder):
        with open_work(Wanted(folder, stack), lambda _: None) as work:
            return ends_of_state(work, screen, day, within, exit_code)
    path = the_document(folder, file)
    with screen.phase(f"reading {path.name}"):
        document = load(path)
        access = document.access
        found = Ends(document, ending(access, day, within), ending_waivers(access, day, within))
    _compare(found, folder, stack, day)
    told = found.ends or found.waivers or found.live or found.overdue
    code = CHANGES if exit_code and told else 0
    _print(screen, found, day)
    if screen.machine:
        said = {"document": path.name, "as_of": day.isoformat(), **_plain(found)}
        screen.write(machine.document("ends", exit_code=code, **said))
    return code


def _compare(found: Ends, folder: Path, stack: str, day: date) -> None:
    """Add what the state says: who is still there, and whether runs go on."""
    try:
        with open_work(Wanted(folder, stack), lambda _: None) as work:
            export = work.driver.export()
            found.overdue = overdue(work.root, work.stack, work.driver.history())
    except (NoProject, NoStack):
        if stack:
            raise
        found.unknown = "no stack is selected here; name one with --stack"
        return
    live: dict[str, dict[str, Holding]] = {}
    for resource in recorded(export):
        kind, account = resource.kind.partition(":")[2], resource.inputs.get("account")
        if kind in HOLDERS and isinstance(account, str):
            live.setdefault(account, {}).update(holdings(kind, resource.inputs))
    access = found.document.access
    found.live = still_live(
        entitlements(access, access.ended(day)), entitlements(access, access.held(day)), live
    )


def _plain(found: Ends) -> dict[str, Any]:
    return {
        "ends": [
            {
                "grant": end.grant.key,
                "place": str(found.document.place("grants", end.index)),
                "who": list(end.who),
                "last_day": end.last_day.isoformat(),
                "ended_by": end.ended_by,
                "days_left": end.left,
                "told": end.told,
            }
            for end in found.ends
        ],
        "waivers": [
            {
                "waiver": one.waiver.key,
                "policy": one.waiver.policy,
                "owner": one.waiver.owner,
                "last_day": one.last_day.isoformat(),
                "days_left": one.left,
                "told": one.told,
            }
            for one in found.waivers
        ],
        "still_live": [
            {**asdict(live), "roles": list(live.roles), "since": str(live.since or "")}
            for live in found.live
        ],
        "overdue": found.overdue,
        "live_unknown": found.unknown,
    }


def _print(screen: Screen, found: Ends, day: date) -> None:
    if found.ends:
        screen.line(f"Ends after {day}:")
        screen.table(
            columns(
                [
                    (end.last_day, end.left, _some(end.who), end.grant.account, end.grant.role,
                     _WHOSE[end.ended_by], found.document.place("grants", end.index))
                    for end in found.ends
                ],
                ("last day", "days", "who", "account", "role", "ended by", "where"),
            )
        )  # fmt: skip
    if found.waivers:
        screen.line()
        screen.line("Waivers that end, and what they are for is a finding again:")
        screen.table(
            columns(
                [
                    (one.last_day, one.left, one.waiver.key, one.waiver.policy, one.waiver.owner)
                    for one in found.waivers
                ],
                ("last day", "days", "waiver", "policy", "owner"),
            )
        )
    if found.live:
        screen.line()
        screen.line("Ended on paper, and still live in the state as last read:")
        screen.table(
            columns(
                [
                    (live.since or "left", live.person, live.account,
                     ", ".join(live.roles) or "the log-in", _WHOSE[live.ended_by])
                    for live in found.live
                ],
                ("since", "who", "account", "still there", "ended by"),
            )
        )  # fmt: skip
    screen.line()
    if found.overdue:
        screen.warn(found.overdue)
    if found.unknown:
        screen.line(f"What is live was not compared: {found.unknown}.")
    if not (found.ends or found.waivers or found.live):
        screen.line(f"Nothing ends soon after {day}, and nothing that ended is known to be live.")


_WHOSE: Mapping[str, str] = {
    "grant": "the grant",
    "leaver": "having left",
    "person": "their last day",
    "contract": "the contract",
    "agreement": "the agreement",
}


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
