"""`martech doctor`: find the accounts that a stack works on, and examine them."""

from collections.abc import Collection

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.operations.doctor import Finding, doctor
from pulumi_martech.operations.preflight import accounts, recorded
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.work import Work
from pulumi_martech.resources.accounts import NO_ADDRESS


def examine(work: Work, screen: Screen, keys: Collection[str] = ()) -> list[Finding]:
    """Examine the accounts that the program declares, and those of the state.

    Raises:
        InvalidDeclaration: one of ``keys`` is no account of this stack.
    """
    with screen.phase("running the program"):
        plan = work.driver.preview(refresh=False)
    broken = [
        Finding(
            account="-",
            check="program",
            result="fail",
            what=f"the program does not run through: {message.text}",
            todo="mend it: until then nothing can be previewed",
        )
        for message in plan.errors
    ]
    found = {
        key: config
        for key, config in accounts(plan, recorded(work.driver.export())).items()
        if config.url != NO_ADDRESS  # declared wrongly: the problem above is all there is to say
    }
    chosen = _chosen(found, keys)
    if not chosen:
        screen.warn("neither the program nor the state has an account")
    with screen.phase("examining the accounts"):
        return broken + doctor(chosen)


def _chosen(found: dict[str, AccountConfig], keys: Collection[str]) -> list[AccountConfig]:
    for key in keys:
        if key not in found:
            raise InvalidDeclaration(
                f"examine account {key}",
                f"this stack has none of that key (it has: {', '.join(sorted(found)) or 'none'})",
                "nothing was asked",
            )
    return [found[key] for key in sorted(keys or found)]
