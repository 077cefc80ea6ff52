"""Deployments as `stack export` gives them and `stack import` takes them."""

import json
from typing import Any

from .crypter import Crypter
from .errors import EngineError
from .project import Project
from .replay import Deployment, secrets_providers
from .settings import StackSettings
from .snapshot import encrypting
from .stacks import StackFolder
from .state import ResourceState, provider_urn
from .values import SIGNATURE, forget_ciphertexts


def with_salt(deployment: Deployment, crypter: Crypter) -> Deployment:
    """Return a deployment that says how its secrets are encrypted.

    A stack whose settings have no salt (a checkout without `Pulumi.STACK.yaml`) goes on with that
    of its state.
    """
    if crypter.salt is None:
        crypter.salt = _salt(deployment)
    if crypter.salt is None:
        return deployment
    return {**deployment, "secrets_providers": secrets_providers(crypter.salt)}


def _salt(deployment: Deployment) -> str | None:
    provider = deployment.get("secrets_providers") or {}
    salt: str | None = (provider.get("state") or {}).get("salt")
    return salt


def opened_deployment(deployment: dict[str, Any], crypter: Crypter) -> dict[str, Any]:
    """Show the secrets of a deployment in plain text."""

    def opened(value: Any) -> Any:
        if isinstance(value, list):
            return [opened(item) for item in value]
        if not isinstance(value, dict):
            return value
        if SIGNATURE in value and "ciphertext" in value:
            text = crypter.decrypt(value["ciphertext"])
            return {SIGNATURE: value[SIGNATURE], "plaintext": text}
        return {key: opened(item) for key, item in value.items()}

    shown = dict(deployment)
    for key in ("resources", "pending_operations"):
        if key in shown:
            shown[key] = opened(shown[key])
    return shown


_FEATURES = {  # of deployments of version 4, by what a resource has then
    "resourceHooks": "hooks",
    "taint": "taint",
    "replaceWith": "replaceWith",
}


def typed_deployment(deployment: dict[str, Any]) -> dict[str, Any]:
    """Return a deployment with its version: 3, or 4 with the features that older ones lack."""
    operations = [item["resource"] for item in deployment.get("pending_operations") or []]
    resources = [*(deployment.get("resources") or []), *operations]
    features = sorted(
        feature for name, feature in _FEATURES.items() if any(r.get(name) for r in resources)
    )
    if not features:
        return {"version": 3, "deployment": deployment}
    return {"version": 4, "features": features, "deployment": deployment}


def imported_deployment(
    text: str, project: Project, folder: StackFolder, settings: StackSettings, force: bool
) -> dict[str, Any]:
    """Read what `stack export` gave; secrets are encrypted for this stack."""
    try:
        typed = json.loads(text)
        version, deployment = typed["version"], typed["deployment"]
        resources = deployment.get("resources") or []
        operations = deployment.get("pending_operations") or []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"this is no deployment: {error}") from None
    if version not in (3, 4):
        raise EngineError(f"a deployment of version {version} cannot be imported, only of 3 and 4")
    others = sorted(set(typed.get("features") or []) - set(_FEATURES.values()))
    if others:
        raise EngineError(
            f"the deployment has {', '.join(others)}, which the embedded engine does not cover; "
            "use a stack on the real `pulumi`"
        )
    salt = _salt(deployment)
    theirs = settings.crypter if salt in (None, settings.crypter.salt) else Crypter(salt)
    same = theirs is settings.crypter
    secret = encrypting(settings.crypter)

    def read(data: dict[str, Any]) -> ResourceState:
        state = ResourceState.from_json(data, theirs.decrypt)
        if not same:
            forget_ciphertexts([state.inputs, state.outputs])
        return state

    states = [read(data) for data in resources]
    _check_integrity(states, project, folder, force)
    result = {key: value for key, value in deployment.items() if key != "pending_operations"}
    result["resources"] = [state.to_json(secret) for state in states]
    if operations:
        result["pending_operations"] = [
            {**item, "resource": read(item["resource"]).to_json(secret)} for item in operations
        ]
    result.pop("secrets_providers", None)
    return with_salt(result, settings.crypter)


def _check_integrity(
    states: list[ResourceState], project: Project, folder: StackFolder, force: bool
) -> None:
    wanted = f"urn:pulumi:{folder.name}::{project.name}::"
    seen: set[str] = set()
    providers: set[str] = set()
    problems = []
    for state in states:
        if not state.urn.startswith(wanted):
            problems.append(f"{state.urn} belongs to another stack or project")
        if state.provider and state.provider not in providers:
            problems.append(f"{state.urn} comes before its provider {provider_urn(state.provider)}")
        for urn in state.references():
            if urn not in seen:
                problems.append(f"{state.urn} comes before {urn}, which it refers to")
        seen.add(state.urn)
        if state.is_provider:
            providers.add(f"{state.urn}::{state.id}")
    if problems and not force:
        listed = "\n  ".join(problems[:20])
        raise EngineError(
            f"the deployment cannot be imported, nothing was changed:\n  {listed}\n"
            "pass --force to import it all the same"
        )
