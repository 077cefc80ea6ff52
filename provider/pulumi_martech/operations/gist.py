"""What a resource that comes or goes is about, in a line or a line a person."""

from collections.abc import Mapping

from pulumi_martech.model.identity import shown_url
from pulumi_martech.model.plan import Inputs, Step, Value


def gist(step: Step) -> list[str] | None:
    """Return what matters of a resource that is created or deleted; ``None`` if that is unknown.

    The whole of it is shown by ``--diff``.
    """
    inputs = step.new if step.new is not None else step.old
    if inputs is None:
        return None
    return _of(step.kind.rpartition(":")[2] or step.kind, inputs)


def _of(kind: str, inputs: Inputs) -> list[str] | None:
    if kind == "account":
        platform = inputs.get("martech:platform")
        return [f"{platform} at {shown_url(str(inputs.get('martech:url')))}"] if platform else []
    if kind == "Gate":
        accounts = _entries(inputs.get("accounts"))
        logins = sum(len(_entries(account.get("logins"))) for account in accounts.values())
        return [f"guards {logins} logins in {len(accounts)} accounts"]
    if kind in ("Role", "RoleReference"):
        return [str(inputs.get("name"))]
    if kind == "MartechUser":
        return [_person(str(inputs.get("login")), inputs), *_deleted(inputs)]
    if kind == "VendorGrant":
        head = f"until {inputs.get('until')}, for {inputs.get('owner')}: {inputs.get('reason')}"
        return [head, *_people(inputs.get("people")), *_deleted(inputs)]
    if kind == "Roster":
        return [*_people(inputs.get("members")), *_deleted(inputs)]
    return None


def _deleted(inputs: Inputs) -> list[str]:
    reason = inputs.get("delete_content")
    return [f"what a removed user owns is deleted with it: {reason}"] if reason else []


def _people(entries: Value) -> list[str]:
    return [_person(login, entry) for login, entry in sorted(_entries(entries).items())]


def _person(login: str, entry: Inputs) -> str:
    roles = entry.get("roles")
    names = ", ".join(sorted(roles)) if isinstance(roles, Mapping) and roles else "no roles"
    until = f", until {entry['until']}" if entry.get("until") else ""
    return f"{login}: {names}{until}"


def _entries(value: Value) -> dict[str, Inputs]:
    if not isinstance(value, Mapping):
        return {}
    return {name: entry for name, entry in value.items() if isinstance(entry, Mapping)}
