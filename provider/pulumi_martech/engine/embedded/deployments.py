"""Deployments as `stack export` gives them and `stack import` takes them."""

import json
from collections.abc import Callable
from typing import Any

from .checkpoint import Deployment
from .crypter import Crypter, WrongPassphrase
from .errors import EngineError
from .project import Project
from .replay import secrets_providers, with_urns
from .settings import StackSettings
from .snapshot import encrypting
from .stacks import StackFolder
from .state import STACK_TYPE, ResourceState, provider_urn
from .values import RESOURCE, SIGNATURE, forget_ciphertexts


def with_salt(deployment: Deployment, crypter: Crypter) -> Deployment:
    """Return a deployment that says how its secrets are encrypted: for this stack, by its salt.

    A stack whose settings have no salt (a checkout without `Pulumi.STACK.yaml`) goes on with that
    of its state. Where they have another one, secrets are encrypted anew.

    Raises:
        WrongPassphrase: the state has secrets, of another passphrase.
    """
    salt = salt_of(deployment)
    if crypter.salt is None:
        crypter.salt = salt
    if crypter.salt == salt:
        return deployment
    if salt is not None:
        decrypt = Crypter(salt).decrypt
        deployment = _rewritten(
            deployment, lambda text: {"ciphertext": crypter.encrypt(decrypt(text))}
        )
    return {**deployment, "secrets_providers": secrets_providers(crypter.salt or "")}


def crypter_of(deployment: Deployment, crypter: Crypter) -> Crypter:
    """Return what opens the secrets of a state, which may have another salt than the settings."""
    salt = salt_of(deployment)
    return crypter if salt in (None, crypter.salt) else Crypter(salt)


def salt_of(deployment: Deployment) -> str | None:
    """Return the salt that the secrets of a deployment are encrypted with, if it has one."""
    provider = deployment.get("secrets_providers") or {}
    salt: str | None = (provider.get("state") or {}).get("salt")
    return salt


def opened_deployment(deployment: dict[str, Any], crypter: Crypter) -> dict[str, Any]:
    """Show the secrets of a deployment in plain text."""
    return _rewritten(deployment, lambda text: {"plaintext": crypter.decrypt(text)})


def _rewritten(
    deployment: Deployment, replacement: Callable[[str], dict[str, str]]
) -> dict[str, Any]:
    """Return a deployment with something in the place of each ciphertext."""

    def rewritten(value: Any) -> Any:
        if isinstance(value, list):
            return [rewritten(item) for item in value]
        if not isinstance(value, dict):
            return value
        if SIGNATURE in value and "ciphertext" in value:
            return {SIGNATURE: value[SIGNATURE], **replacement(value["ciphertext"])}
        return {key: rewritten(item) for key, item in value.items()}

    parts = ("resources", "pending_operations")
    found = {key: [rewritten(item) for item in deployment.get(key) or []] for key in parts}
    return {**deployment, **{key: items for key, items in found.items() if key in deployment}}


def renamed_deployment(deployment: Deployment, project: str, old: str, new: str) -> Deployment:
    """Return the deployment of a stack under another name; secrets stay as they are."""
    before = f"urn:pulumi:{old}::{project}::"

    def renamed(urn: str) -> str:
        if not urn.startswith(before):
            return urn
        kind, _, name = urn.removeprefix(before).partition("::")
        name = f"{project}-{new}" if kind == STACK_TYPE else name
        return f"urn:pulumi:{new}::{project}::{kind}::{name}"

    def inside(value: Any) -> Any:
        if isinstance(value, list):
            return [inside(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.get(SIGNATURE) == RESOURCE and isinstance(value.get("urn"), str):
            return {**value, "urn": renamed(value["urn"])}
        return {key: inside(item) for key, item in value.items()}

    def resource(state: dict[str, Any]) -> dict[str, Any]:
        state = with_urns(state, renamed)
        values = ("inputs", "outputs", "replacementTrigger")
        return {key: inside(item) if key in values else item for key, item in state.items()}

    result = {**deployment, "resources": [resource(r) for r in deployment.get("resources") or []]}
    if deployment.get("pending_operations"):
        result["pending_operations"] = [
            {**item, "resource": resource(item["resource"])}
            for item in deployment["pending_operations"]
        ]
    return result


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
    kind = (deployment.get("secrets_providers") or {}).get("type") or "passphrase"
    theirs = crypter_of(deployment, settings.crypter)
    same = theirs is settings.crypter
    secret = encrypting(settings.crypter)

    def read(data: dict[str, Any]) -> ResourceState:
        state = ResourceState.from_json(data, theirs.decrypt)
        if not same:
            forget_ciphertexts([state.inputs, state.outputs])
        return state

    try:
        states = [read(data) for data in resources]
        begun = [{**item, "resource": read(item["resource"])} for item in operations]
    except EngineError as error:
        if kind == "passphrase" and not isinstance(error, WrongPassphrase):
            raise
        other = "another passphrase" if kind == "passphrase" else f"the secrets provider '{kind}'"
        raise EngineError(
            f"the secrets of the deployment are encrypted with {other}, nothing was changed; "
            "export it there once more, with --show-secrets, and delete the file afterwards"
        ) from None
    _check_integrity(states, project, folder, force)
    result = {key: value for key, value in deployment.items() if key != "pending_operations"}
    result["resources"] = [state.to_json(secret) for state in states]
    if begun:
        result["pending_operations"] = [
            {**item, "resource": item["resource"].to_json(secret)} for item in begun
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
