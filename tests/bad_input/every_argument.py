"""Give every argument of every public class values of wrong kinds; print what was not a problem.

Run in a process of its own: the SDK's mocks hold for the whole of it.
"""

import asyncio
import inspect
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pulumi
from pulumi.runtime import get_root_resource

import pulumi_martech as martech
from pulumi_martech.resources.program import Program

TOKEN = martech.Bearer(token="env:NAME")
PLATFORMS: dict[str, dict[str, Any]] = {
    "gtg_crm": {"operator": "mia"},
    "hubspot": {"credentials": TOKEN},
    "scim": {"credentials": TOKEN},
    "sendgrid": {"credentials": TOKEN},
    "wordpress": {"credentials": TOKEN},
}
GRANT = {"domains": ["x.example"], "until": "2027-01-01", "owner": "a", "reason": "b", "people": {}}
KINDS: dict[str, dict[str, Any]] = {
    "MartechUser": {"person": "ana", "login": "ana@x.example"},
    "Role": {"key": "r", "name": "R"},
    "RoleReference": {"key": "r", "name": "R"},
    "VendorGrant": {"vendor": "v", **GRANT},
    "Roster": {"members": {}},
}
MORE: dict[str, dict[str, Any]] = {
    "wordpress MartechUser": {"email": "ana@x.example"},
    "gtg_crm Role": {"layout": "guide"},
}


def wrong() -> list[Any]:
    """Return values that hardly any argument takes."""
    person = {"roles": [["x"]], "teams": [None, 1], "seats": 5, "email": 4, "active": [1]}
    people = [{"a@x.example": 3}, {"a@x.example": {"roles": 3}}, {"a": person}]
    return [None, True, -1, 1.5, object(), "x", b"x", ["x", None], [["x"], 1], {1: {}}, *people]


def make(made: Any, given: dict[str, Any], account: Callable[[], Any] | None) -> None:
    """Make it, in an account of its own if it is in one."""
    made(**given, **({"account": account()} if account else {}))


def calls() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Return each call with a name."""
    for module, own in PLATFORMS.items():
        platform = getattr(martech, module)
        usual = {"key": "acc", "url": "https://x.example", **own}
        for kind in ("Account", *KINDS):
            made = getattr(platform, kind)
            right = {**KINDS.get(kind, usual), **MORE.get(f"{module} {kind}", {})}
            names = inspect.signature(made).parameters.keys() - {"opts", "_", "account"}
            for name in sorted(names):
                for value in wrong():
                    account = partial(platform.Account, **usual) if kind != "Account" else None
                    call = partial(make, made, {**right, name: value}, account)
                    yield f"{module}.{kind}({name}={value!r})", call
    for function, right in {
        martech.limits: {},
        martech.Limit: {"count": 1},
        martech.Declared: {"content": ["x"], "by": "ana", "on": "2026-01-01"},
        martech.portable: {"key": "viewer"},
        martech.Bearer: {"token": "env:NAME"},
    }.items():
        for name in inspect.signature(function).parameters:
            for value in wrong():
                given = {**right, name: value}
                yield f"{function.__name__}({name}={value!r})", partial(function, **given)


def trouble(call: Callable[[], Any]) -> list[str]:
    """Return what a call led to besides problems in sentences."""
    root: Any = get_root_resource()
    owner: Any = pulumi.runtime.settings.SETTINGS if root is None else root
    owner._martech_program = declared = Program()
    try:
        call()
        declared.estate()
        found = declared.whole()
    except Exception:
        return [traceback.format_exc(limit=-1)]
    return [text for text in found if "\n" in text or "nput should" in text or len(text) > 500]


class Mocks(pulumi.runtime.Mocks):
    """Takes everything."""

    def new_resource(self, args: Any) -> tuple[str, dict[str, Any]]:
        """Take it."""
        return args.name, args.inputs

    def call(self, args: Any) -> dict[str, Any]:
        """Take it."""
        return {}


async def main() -> None:
    """Print the number of calls, and what was not in order."""
    done = list(calls())
    for name, call in done:
        for text in trouble(call):
            print(name, text, sep="\n")
    print(f"{len(done)} calls")


if __name__ == "__main__":
    logging.disable()
    pulumi.runtime.set_mocks(Mocks())
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)  # nothing was made: what the SDK still waits for does not matter
