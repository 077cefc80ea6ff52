"""One fresh account of a platform in the sandbox, and the table of platforms.

A platform that is listed in `TABLE` runs the whole suite. Its class says only what differs:
which paths it has, how people get in by hand, what roles are called, how it says *too many calls*.
What it can do is asked of its manifest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import INVITATION, Wish
from pulumi_martech.platforms.registry import PLATFORMS, connect
from pulumi_martech.reconcile import ending, shape, users
from pulumi_martech.reconcile.session import Session
from pulumi_martech.sandbox import Entry, Sandbox
from tests.reconcile.world import FastClock

WRITING = "POST|PUT|PATCH|DELETE"


class World:
    """One tenant, and what runs on this machine do to it; people go by first names.

    Args:
        sandbox: where the tenant is opened.
        folder: the ``.martech`` folder of the runs.
        monkeypatch: puts the credentials into the environment.
        switches: of the tenant's dialect.
    """

    platform: ClassVar[str]
    roles_: ClassVar[tuple[str, str]]
    """Two roles that administer nothing."""
    administrator: ClassVar[str]
    """The role of an administrator."""
    keeper: ClassVar[str]
    """Login of the one administrator who is there at first."""
    attribute: ClassVar[str | None] = None
    """An attribute that shows a person's name, and can be changed."""
    changed_at: ClassVar[str | None] = None
    """That attribute as the side door names it; the same where ``None``."""
    users_path: ClassVar[str]
    """Path that lists users, and where they are made."""
    one_user: ClassVar[str]
    """Pattern of the paths of single users."""
    api: ClassVar[str]
    """Pattern of the paths of everything that is about users and roles."""
    throttles: ClassVar[tuple[Mapping[str, Any], ...]]
    """Faults that say *too many calls for now*; ``least`` are the seconds to wait."""
    duplicates: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)
    """Switches of the dialect for each way in which somebody who is there is refused."""

    def __init__(
        self,
        sandbox: Sandbox,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        **switches: Any,
    ) -> None:
        self._sandbox, self._monkeypatch = sandbox, monkeypatch
        self.folder, self.clock = folder, FastClock()
        key = f"{self.platform}-{len(sandbox.tenants)}"
        self.tenant: Any = sandbox.tenant(key, self.platform, **switches)
        for name, value in self.tenant.environment().items():
            monkeypatch.setenv(name, value)
        self.prepare()
        self.mark = self.tenant.mark()

    def prepare(self) -> None:
        """Make what the cases need."""

    def another(self, **switches: Any) -> "World":
        """Return another account of the platform."""
        return type(self)(self._sandbox, self.folder, self._monkeypatch, **switches)

    @property
    def manifest(self) -> Manifest:
        return PLATFORMS[self.platform].manifest

    @property
    def page(self) -> int:
        """The real size of a page."""
        return self.manifest.limits.page_size

    @property
    def verbs(self) -> list[str]:
        return [removal.verb for removal in self.manifest.removals]

    def several(self) -> list[str]:
        """Return as many roles as one person can have here, of two."""
        return list(self.roles_[: 1 if self.manifest.role_shape == "scalar" else 2])

    @property
    def editor(self) -> str:
        return self.roles_[0]

    @property
    def other(self) -> str:
        return self.roles_[1]

    def config(self, **changes: Any) -> AccountConfig:
        given = {"administrators": (self.administrator,), "successor": self.keeper}
        return self.tenant.account().model_copy(update=given | changes)

    def session(self, folder: Path | None = None, **changes: Any) -> Session:
        """Return what a process that has just started has."""
        made = partial(connect, clock=self.clock)
        return Session(self.config(**changes), folder or self.folder, made, self.clock)

    # -- what is declared, and what a run does about it

    def login(self, name: str) -> str:
        return f"{name}@example.com"

    def entry(self, name: str, /, *roles: str, **more: Any) -> dict[str, Any]:
        """Return what is declared for one person, in the shape of an entry."""
        named = {self.attribute: name.title()} if self.attribute else {}
        said = shape.with_defaults(self.platform, {**named, **more})
        return shape.entry(self.platform, {"roles": dict.fromkeys(roles, True), **said})

    def wish(self, session: Session, name: str, /, *roles: str, **more: Any) -> Wish:
        return shape.wish(session, self.login(name), self.entry(name, *roles, **more))

    def make(
        self,
        name: str,
        /,
        *roles: str,
        session: Session | None = None,
        adopt: bool = False,
        **more: Any,
    ) -> users.Outcome:
        session = session or self.session()
        return users.create(session, name, self.wish(session, name, *roles, **more), adopt)

    def change(
        self,
        name: str,
        /,
        *roles: str,
        session: Session | None = None,
        id_: str = "",
        reinvite: bool = False,
        **more: Any,
    ) -> users.Outcome:
        session = session or self.session()
        wish = self.wish(session, name, *roles, **more)
        id_ = id_ or self.id(name)
        return users.update(session, name, id_, self.login(name), wish, reinvite)

    def end(
        self, name: str, verb: Any = "remove", session: Session | None = None, id_: str = ""
    ) -> None:
        session = session or self.session()
        ending.end(session, name, id_ or self.id(name), self.login(name), verb, self.keeper)

    @contextmanager
    def spent(self) -> Iterator[None]:
        """Let the account take no calls for longer than anybody waits."""
        self.tenant.fault("status", status=429, retry_after=3600, times=None)
        yield
        self.tenant.clear_faults()

    def read(self, name: str, id_: str = "", session: Session | None = None) -> Any:
        return users.read(session or self.session(), id_ or self.id(name), self.login(name))

    def shown(self, name: str, *roles: str, session: Session | None = None) -> dict[str, Any]:
        """Return what a run would show of somebody who is declared."""
        member = self.read(name, session=session)
        assert member is not None
        return shape.live_entry(member, self.entry(name, *roles), shape.said_once(self.platform))

    # -- by hand

    def add(self, name: str, *roles: str, spelled: str = "", named: str = "") -> None:
        """Add somebody who is fully there; ``spelled`` is how the platform has the login."""
        raise NotImplementedError

    def crowd(self, names: Iterable[str]) -> None:
        """Add many people without roles, quickly."""
        raise NotImplementedError

    def promote(self, name: str) -> None:
        """Add an administrator."""
        self.add(name, self.administrator)

    def give(self, name: str, *roles: str) -> None:
        """Make these the roles of somebody."""
        self.tenant.change_user(self.login(name), roles=list(roles))

    def rename(self, name: str, value: str) -> None:
        """Change the attribute that shows a person's name."""
        self.tenant.change_user(self.login(name), **{str(self.changed_at or self.attribute): value})

    def lose(self, name: str) -> None:
        """Remove somebody by hand."""
        self.tenant.remove_user(self.login(name))

    def retire(self, role: str) -> None:
        """Take a role out of the account."""
        self.tenant.remove_role(role)

    def settle(self, name: str) -> None:
        """Let a person do what makes a new user a full one: accept, log in for the first time."""

    later: ClassVar[str] = ""
    """A role that an invitation cannot carry, where there is one."""

    def invite_by_hand(self, name: str) -> None:
        """Send an invitation by hand, although there may be one."""
        raise NotImplementedError

    switch_off: Callable[[str], None] | None = None
    """Switches somebody off by hand, where the platform knows that."""

    # -- what is there, and what was asked

    def id(self, name: str) -> str:
        return str(self.tenant.users()[self.login(name)]["id"])

    def there(self) -> set[str]:
        """Return the logins of all who are there or invited, in lower case."""
        return {login.lower() for login in self.tenant.users()}

    def has(self, name: str) -> bool:
        return self.login(name) in self.there()

    def roles(self, name: str) -> set[str]:
        login = self.login(name)
        return {role for role in self.tenant.roles() if login in self.tenant.members(role)}

    def named(self, name: str) -> str:
        field = str(self.changed_at or self.attribute)
        return str(self.tenant.users()[self.login(name)].get(field, ""))

    def active(self, name: str) -> bool:
        return bool(self.tenant.users()[self.login(name)].get("active", True))

    def asked(self, after: int | None = None) -> list[Entry]:
        """Return the requests that asked for a change."""
        return list(self.tenant.writes(self.mark if after is None else after))

    def creates(self, after: int | None = None) -> list[Entry]:
        """Return the requests that asked for a new user."""
        found = self.asked(after)
        return [one for one in found if (one.method, one.path) == ("POST", self.users_path)]

    def after_page(self, act: Callable[[], object]) -> None:
        """Do something by hand right after the first page of the next listing was answered."""
        tenant, answers = self.tenant, self.tenant.answer

        def answer(call: Any, handlers: Any) -> Any:
            found = answers(call, handlers)
            if (call.method, call.path) == ("GET", self.users_path):
                tenant.answer = answers
                act()
            return found

        tenant.answer = answer


class Scim(World):
    platform = "scim"
    roles_, administrator = ("Editors", "Writers"), "Administrators"
    keeper = "keeper@example.com"
    attribute, changed_at = "display_name", "displayName"
    users_path, one_user = "/scim/v2/Users", "/scim/v2/Users/*"
    api = "/scim/v2/*"
    throttles = (
        {"status": 429, "retry_after": 7, "least": 7},
        {"status": 429, "retry_after": 7, "retry_after_form": "date", "least": 5},
        {"status": 429, "least": 0.1},
        {"status": 503, "retry_after": 3, "least": 3},
    )
    duplicates = ({}, {"create_existing": "200"})

    def prepare(self) -> None:
        for role in (*self.roles_, self.administrator):
            self.tenant.add_role(role)
        self.add("keeper", self.administrator)

    def add(self, name: str, *roles: str, spelled: str = "", named: str = "") -> None:
        login = spelled or self.login(name)
        self.tenant.add_user(login, roles=roles, displayName=named or name.title())

    def crowd(self, names: Iterable[str]) -> None:
        self.tenant.add_users({"userName": self.login(name)} for name in names)

    def switch_off(self, name: str) -> None:
        self.tenant.change_user(self.login(name), active=False)


class WordPress(World):
    platform = "wordpress"
    roles_, administrator = ("editor", "author"), "administrator"
    keeper = "admin"
    attribute = "name"
    users_path, one_user = "/wp-json/wp/v2/users", "/wp-json/wp/v2/users/*"
    api = "/wp-json/wp/v2/users*"
    throttles = ({"status": 429, "retry_after": 7, "least": 7}, {"status": 429, "least": 0.1})

    def login(self, name: str) -> str:
        return name

    def entry(self, name: str, /, *roles: str, **more: Any) -> dict[str, Any]:
        return super().entry(name, *roles, email=f"{name}@example.com", **more)

    def add(self, name: str, *roles: str, spelled: str = "", named: str = "") -> None:
        self.tenant.add_user(
            spelled or name,
            email=f"{name}@example.com",
            roles=list(roles),
            name=named or name.title(),
        )

    def crowd(self, names: Iterable[str]) -> None:
        self.tenant.add_users({"username": name, "roles": []} for name in names)


class HubSpot(World):
    platform = "hubspot"
    roles_, administrator = ("Marketing", "Sales"), "Super Admin"
    keeper = "owner@example.com"
    attribute, changed_at = "first_name", "firstName"
    users_path, one_user = "/settings/v3/users/", "/settings/v3/users/*"
    api = "/settings/*"
    throttles = ({"status": 429, "least": 10},)
    duplicates = ({"duplicate": "409"}, {"duplicate": "400"}, {"duplicate": "201"})

    def prepare(self) -> None:
        self.tenant.clock = self.clock.monotonic
        for role in self.roles_:
            self.tenant.add_permission_set(role)

    def add(self, name: str, *roles: str, spelled: str = "", named: str = "") -> None:
        self.tenant.add_user(
            spelled or self.login(name),
            first_name=named or name.title(),
            role=next(iter(roles), ""),
        )

    def crowd(self, names: Iterable[str]) -> None:
        self.tenant.add_users({"email": self.login(name)} for name in names)

    def promote(self, name: str) -> None:
        self.add(name)
        self.tenant.make_super_admin(self.login(name))

    def give(self, name: str, *roles: str) -> None:
        self.tenant.change_user(self.login(name), role=next(iter(roles), ""))

    def rename(self, name: str, value: str) -> None:
        self.tenant.change_user(self.login(name), first_name=value)

    def retire(self, role: str) -> None:
        self.tenant.remove_permission_set(role)

    def settle(self, name: str) -> None:
        self.tenant.activate(self.login(name))

    def switch_off(self, name: str) -> None:
        self.tenant.deactivate(self.login(name))

    @contextmanager
    def spent(self) -> Iterator[None]:
        self.tenant.use_up_the_day()
        yield
        self.tenant.use_up_the_day(left=1000)

    def roles(self, name: str) -> set[str]:
        user = self.tenant.users()[self.login(name)]
        return {*user["roles"], *([self.administrator] if user["superAdmin"] else ())}


class SendGrid(World):
    platform = "sendgrid"
    roles_, administrator = ("mail.send", "stats.read"), "admin"
    keeper = "owner@example.com"
    users_path, one_user = "/v3/teammates", "/v3/teammates/*"
    api = "/v3/*"
    later = "user.profile.update"
    throttles = ({"status": 429, "retry_after": 30, "least": 28},)
    duplicates = ({"duplicate": "refused"}, {"duplicate": "second"})

    def prepare(self) -> None:
        self.tenant.tell_time = self.clock.now

    def add(self, name: str, *roles: str, spelled: str = "", named: str = "") -> None:
        admin = self.administrator in roles
        scopes = [] if admin else roles
        login = spelled or self.login(name)
        # A username is anything, with capitals too.
        self.tenant.add_teammate(login, username=f"{name.title()}.T", scopes=scopes, is_admin=admin)

    def crowd(self, names: Iterable[str]) -> None:
        self.tenant.add_teammates({"email": self.login(name)} for name in names)

    def give(self, name: str, *roles: str) -> None:
        self.tenant.set_scopes(self.login(name), roles)

    def retire(self, role: str) -> None:
        self.tenant.narrow_key(role)

    def settle(self, name: str) -> None:
        self.tenant.accept(self.login(name), username=f"{name.title()}.T")

    def invite_by_hand(self, name: str) -> None:
        self.tenant.invite(self.login(name))

    def id(self, name: str) -> str:
        login = self.login(name)
        if login in self.tenant.pending():
            return INVITATION + str(self.tenant.pending()[login]["token"])
        return str(self.tenant.users()[login]["username"])

    def there(self) -> set[str]:
        return {login.lower() for login in (*self.tenant.users(), *self.tenant.pending())}

    def roles(self, name: str) -> set[str]:
        login = self.login(name)
        found = self.tenant.users().get(login) or self.tenant.pending()[login]
        return {self.administrator} if found["is_admin"] else set(found["scopes"])


TABLE: Mapping[str, type[World]] = {
    "hubspot": HubSpot,
    "scim": Scim,
    "sendgrid": SendGrid,
    "wordpress": WordPress,
}
"""Whatever is listed here is held to the contract."""

ATTESTED = frozenset(name for name, one in PLATFORMS.items() if one.manifest.attested)
"""Platforms without an API: nothing is called there, so there is nothing to hold."""
