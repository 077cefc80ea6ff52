"""Pulumi's import file for a census, and how it is taken into the state of a stack.

It holds inputs and outputs, so that no engine needs to read anything to import it, and no secret:
an import stores both in plain text. The account, the gate and the gate's process are part of it,
for a stack that does not have them yet.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from pulumi.dynamic.dynamic import serialize_provider

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.plan import GATE_TYPE, PROVIDER_TYPE
from pulumi_martech.operations.import_items import PROVIDERS, Item
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.resources.gate import GateProvider, estate_inputs
from pulumi_martech.resources.pickler import restore_pickler
from pulumi_martech.resources.program import Program
from pulumi_martech.resources.provider import PROVIDER_KEY

PROCESS = f"{PROVIDER_TYPE}pulumi-python"
DYNAMIC = "pulumi-python:dynamic/martech"
GATE_PROCESS, STACK = "gate process", "stack"
"""What the gate's own provider resource and the stack are called within a file."""

Entry = dict[str, Any]
"""One resource of an import file."""


def written(
    config: AccountConfig, items: Sequence[Item], gate: Mapping[str, Any], stack: str
) -> str:
    """Return the import file for an account.

    Args:
        config: the account.
        items: what is to be imported.
        gate: the inputs of the stack's gate as recorded, or its limits alone.
        stack: the URN of the stack.
    """
    held = estate_inputs(as_program(config, items).estate())
    grown = {**gate, "accounts": merged(gate.get("accounts") or {}, held)}
    account = f"account {config.key}"
    entries: list[Entry] = [
        _process(account, config.key, config.inputs()),
        _process(GATE_PROCESS, "gate", {}),
        _entry(GATE_TYPE, "gate", "gate", "gate", GATE_PROCESS, grown, grown),
    ]
    for item in items:
        token = f"{DYNAMIC}/{config.platform}:{item.kind}"
        # Within the file a name stands for one resource, whatever its type.
        name = f"{config.key}/{item.key}"
        called = f"{item.kind} {name}"
        entries.append(_entry(token, called, name, item.id, account, item.inputs, item.outputs))
    said = {"nameTable": {STACK: stack}, "resources": entries}
    return json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def provider_text(token: str) -> str:
    """Return what the state says the handlers of a type are; empty for a type not of ours."""
    platform, _, kind = token.removeprefix(f"{DYNAMIC}/").partition(":")
    if token == GATE_TYPE:
        handlers: type[Any] = GateProvider
    elif token.startswith(f"{DYNAMIC}/") and platform in PLATFORMS and kind in PROVIDERS:
        handlers = PROVIDERS[kind]
    else:
        return ""
    restore_pickler()
    return str(serialize_provider(handlers()))


def _process(called: str, name: str, inputs: Mapping[str, str]) -> Entry:
    return {
        "type": PROCESS,
        "name": called,
        "logicalName": name,
        "parent": STACK,
        "inputs": dict(inputs),
    }


def _entry(
    token: str,
    called: str,
    name: str,
    id_: str,
    provider: str,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
) -> Entry:
    own = {PROVIDER_KEY: provider_text(token)}
    return {
        "type": token,
        "name": called,
        "logicalName": name,
        "id": id_,
        "provider": provider,
        "inputs": {**own, **inputs},
        "outputs": {**own, **outputs},
    }


def as_program(config: AccountConfig, items: Iterable[Item]) -> Program:
    """Return what the items are to a program that declares them and nothing else."""
    program = Program()
    program.configs[config.key] = config
    for item in items:
        if item.kind == "Role":
            name = str(item.inputs["name"])
            program.roles[config.key, name] = cast(Any, item)
            program.role_keys[config.key, name] = item.key
        elif item.kind != "RoleReference":
            program.user(item.kind, config.key, f"{item.kind} {item.key}", item.inputs)
        if item.kind == "VendorGrant":
            program.vendor_domains(config.key, item.key, list(item.inputs["domains"]))
    return program


def merged(accounts: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return a gate's map of accounts with the logins and roles of another one added to it."""
    found = dict(accounts)
    for key, account in more.items():
        old = found.get(key)
        if old is None:
            found[key] = account
            continue
        grown = dict(old)
        for part in ("logins", "roles"):
            if both := {**(old.get(part) or {}), **(account.get(part) or {})}:
                grown[part] = dict(sorted(both.items()))
        found[key] = grown
    return dict(sorted(found.items()))
