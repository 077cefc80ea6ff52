"""Tell the journals what the state holds, so that only what is really left over stays in them."""

from pulumi_martech.engine.driver import Driver
from pulumi_martech.operations.preflight import recorded
from pulumi_martech.policy.holdings import holdings
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.journal import Journal


def note_recorded(driver: Driver) -> None:
    """Settle the notes of what was made and is in the state of the stack.

    The state is exported only if there are notes. A handler cannot do this: whether the engine
    recorded what it made is known after the run alone.
    """
    local = home(driver.root)
    journals = [Journal(local, path.stem) for path in sorted((local / "journal").glob("*.jsonl"))]
    waiting = {journal.path.stem: journal for journal in journals if journal.open()}
    if not waiting:
        return
    users: dict[str, set[str]] = {}
    roles: dict[str, set[str]] = {}
    for resource in recorded(driver.export()):
        account = str(resource.inputs.get("account", ""))
        kind = resource.kind.partition(":")[2]
        users.setdefault(account, set()).update(holdings(kind, resource.inputs))
        if kind == "Role":
            roles.setdefault(account, set()).add(str(resource.inputs.get("name", "")))
    for account, journal in waiting.items():
        journal.recorded_all("user", keys=users.get(account, set()))
        journal.recorded_all("role", keys=roles.get(account, set()))
