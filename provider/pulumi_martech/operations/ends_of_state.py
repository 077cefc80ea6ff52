"""`martech ends` for a program without a document: ends that its resources name, by the state."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from pulumi_martech.model import expiry
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.operations import machine
from pulumi_martech.operations.heartbeat import overdue
from pulumi_martech.operations.preflight import recorded
from pulumi_martech.operations.preview import CHANGES
from pulumi_martech.operations.screen import Screen, columns
from pulumi_martech.operations.work import Work
from pulumi_martech.policy.holdings import HOLDERS
from pulumi_martech.policy.lifecycle import WARNINGS
from pulumi_martech.policy.plans import Recorded


@dataclass(frozen=True)
class Bound:
    """A resource of the state that names its last day; ``days_left`` is below 0 once it is over."""

    resource: str
    account: str
    last_day: date
    days_left: int

    @property
    def told(self) -> bool:
        """Whether it is one of the days to tell somebody."""
        return self.days_left in WARNINGS


def bound(state: Iterable[Recorded], day: date) -> list[Bound]:
    """Return what names its last day, the soonest first; what cannot be read as one is left out."""
    found = []
    for resource in state:
        until = resource.inputs.get("until")
        if resource.kind.partition(":")[2] not in HOLDERS or not isinstance(until, str):
            continue
        try:
            last = expiry.last(until)
        except InvalidDeclaration:
            continue
        name, account = resource.urn.rsplit("::", 1)[-1], str(resource.inputs.get("account"))
        found.append(Bound(name, account, last, (last - day).days))
    return sorted(found, key=lambda one: (one.last_day, one.resource))


def ends_of_state(work: Work, screen: Screen, day: date, within: int, exit_code: bool) -> int:
    """Print what of the state ends within so many days, what is over and still there.

    Returns the exit code: 0, or 2 with ``exit_code`` if there is anything to tell.
    """
    everything = bound(recorded(work.driver.export()), day)
    soon = [one for one in everything if 0 <= one.days_left <= within]
    over = [one for one in everything if one.days_left < 0]
    late = overdue(work.root, work.stack, work.driver.history())
    code = CHANGES if exit_code and (soon or over or late) else 0
    if soon:
        rows = [(one.last_day, one.days_left, one.resource, one.account) for one in soon]
        screen.line(f"Ends after {day}:")
        screen.table(columns(rows, ("last day", "days", "what", "account")))
    if over:
        rows_over = [(_since(one), one.resource, one.account) for one in over]
        screen.line()
        screen.line("Ended on paper, and still in the state as last read:")
        screen.table(columns(rows_over, ("since", "what", "account")))
    if late:
        screen.warn(late)
    if not (soon or over):
        screen.line(
            f"No resource of stack {work.stack} names an end soon after {day} or before it. What a "
            "program leaves out by active(...) is not in the state."
        )
    if screen.machine:
        listed = [
            {**asdict(one), "last_day": one.last_day.isoformat(), "told": one.told} for one in soon
        ]
        live = [
            {"resource": one.resource, "account": one.account, "since": _since(one).isoformat()}
            for one in over
        ]
        said = {"stack": work.stack, "as_of": day.isoformat(), "overdue": late}
        screen.write(machine.document("ends", exit_code=code, ends=listed, still_live=live, **said))
    return code


def _since(one: Bound) -> date:
    return one.last_day + timedelta(days=1)
