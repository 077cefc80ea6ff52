"""`martech refresh`: read the platforms, show drift, take it into the state."""

from pulumi_martech.operations import show
from pulumi_martech.operations.closing import close, unread
from pulumi_martech.operations.preview import CHANGES, heading
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.work import Work


def refresh(
    work: Work,
    screen: Screen,
    preview_only: bool = False,
    diff: bool = False,
    exit_code: bool = False,
) -> int:
    """Show how the platforms differ from the state; without ``preview_only`` record it there.

    Nothing is written to any platform. Returns the exit code: 0, 2 with ``exit_code`` if there is
    drift, 1 for an error or if an account could not be read.
    """
    heading(work, screen, "Reading the accounts of")
    with screen.phase("reading the accounts"):
        found = work.driver.refresh(preview_only=preview_only, targets=work.targets)
    show.steps(screen, found.drift, diff)
    show.messages(screen, found.messages)
    screen.line()
    if found.drift:
        verdict = "seen and left as it is" if preview_only else "taken into the state"
        screen.line(f"Drift in {len(found.drift)} resources, {verdict}.")
        screen.line("`martech preview` shows what puts it right, `martech up` does it.")
    if found.ok and not found.drift and not unread(work):
        screen.line("No drift: what was read is what was last recorded.")
    code = 1 if not found.ok else CHANGES if exit_code and found.drift else 0
    return close(work, screen, "refresh", code, plan=found, preview_only=preview_only)
