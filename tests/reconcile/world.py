"""An account in the sandbox with sessions on it, the same words for both platforms."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.membership import Wish
from pulumi_martech.platforms.registry import connect
from pulumi_martech.reconcile import shape
from pulumi_martech.reconcile.session import Session
from pulumi_martech.sandbox import Entry, Sandbox, Tenant


class FastClock:
    """Real time, but waiting takes none."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.ahead += seconds


@dataclass
class World:
    """One tenant; logins and attributes are made from first names."""

    tenant: Tenant
    folder: Path
    clock: FastClock

    def __post_init__(self) -> None:
        self.scim = self.tenant.platform == "scim"
        self.users_path = "/scim/v2/Users" if self.scim else "/wp-json/wp/v2/users"
        self.editor, self.admin = (
            ("Editors", "Administrators") if self.scim else ("editor", "administrator")
        )
        self.changing = "PATCH" if self.scim else "POST"
        self.on_user = self.users_path + "/*"
        if self.scim:
            for role in (self.editor, self.admin):
                self.tenant.add_role(role)
            self.keeper = self.add("keeper", [self.admin])
        else:
            self.keeper = "admin"

    def config(self, **changes: Any) -> AccountConfig:
        given = {"administrators": (self.admin,), "successor": self.keeper}
        return self.tenant.account().model_copy(update=given | changes)

    def session(self, **changes: Any) -> Session:
        """Return what a process that has just started has."""
        made = partial(connect, clock=self.clock)
        return Session(self.config(**changes), self.folder, made, self.clock)

    # -- people

    def login(self, name: str) -> str:
        return f"{name}@example.com" if self.scim else name

    def entry(self, name: str, roles: Iterable[str] = (), /, **more: Any) -> dict[str, Any]:
        """Return what is declared for one person, in the shape of an entry."""
        own: dict[str, Any] = (
            {"display_name": name.title(), "active": True}
            if self.scim
            else {"name": name.title(), "email": f"{name}@example.com"}
        )
        return {"roles": {role: True for role in sorted(roles)}, **own, **more}

    def named(self, value: str) -> dict[str, str]:
        """Return the attribute that shows a name."""
        return {"display_name" if self.scim else "name": value}

    def wish(self, session: Session, name: str, roles: Iterable[str] = (), /, **more: Any) -> Wish:
        return shape.wish(session, self.login(name), self.entry(name, roles, **more))

    # -- by hand

    def add(self, name: str, roles: Iterable[str] = (), shown: str = "") -> str:
        """Add somebody by hand, as `entry` declares it; return the login."""
        shown = shown or name.title()
        if self.scim:
            self.tenant.add_user(self.login(name), roles=roles, displayName=shown)
        else:
            self.tenant.add_user(self.login(name), roles=list(roles), name=shown)
        return self.login(name)

    def crowd(self, count: int, roles: Iterable[str] = ()) -> list[str]:
        return [self.add(f"p{number}", roles) for number in range(count)]

    def by_hand(self, name: str, /, **changes: Any) -> None:
        self.tenant.change_user(self.login(name), **changes)

    def id(self, name: str) -> str:
        return str(self.tenant.users()[self.login(name)]["id"])

    # -- what is there, and what was asked

    def there(self) -> set[str]:
        return set(self.tenant.users())

    def roles(self, name: str) -> set[str]:
        return {
            role for role in self.tenant.roles() if self.login(name) in self.tenant.members(role)
        }

    def shown(self, name: str) -> str:
        user = self.tenant.users()[self.login(name)]
        return str(user.get("displayName" if self.scim else "name", ""))

    def active(self, name: str) -> bool:
        return bool(self.tenant.users()[self.login(name)].get("active", True))

    def creates(self, after: int = 0) -> list[Entry]:
        """Return the requests that asked for a new user."""
        return [
            entry
            for entry in self.tenant.writes(after)
            if entry.method == "POST" and entry.path == self.users_path
        ]

    def writes(self, after: int = 0) -> list[str]:
        return [f"{entry.method} {entry.path}" for entry in self.tenant.writes(after)]


def open_world(sandbox: Sandbox, platform: str, folder: Path, **switches: Any) -> World:
    """Return a fresh account; its credentials must still be put into the environment."""
    key = f"account-{len(sandbox.tenants)}"
    return World(sandbox.tenant(key, platform, **switches), folder, FastClock())
