"""A HubSpot portal as it is stored, and the administrator's side door to it.

Facts: sheet hubspot.md, and docs/platforms/hubspot.md for the tags of the rest. A user of the
portal and the person are two things: the person keeps its settings id when access is taken away and
given again [T]. What the Settings API shows of a user and the CRM's record of it are two things as
well: the record has an id of its own, comes when the person first logs in, and alone knows who is
deactivated.
"""

import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from pulumi_martech.sandbox.store import Doc, Objects, Row
from pulumi_martech.sandbox.tenant import Credentials, Dialect, Tenant, new_secret

READ_USERS = ("settings.users.read", "crm.objects.users.read")
WRITE_USERS = ("settings.users.write", "crm.objects.users.write")
SEARCH_USERS = ("crm.objects.users.read",)
WRITE_RECORDS = ("crm.objects.users.write",)
TEAMS = ("settings.users.teams.read",)
BILLING = ("settings.billing.write",)
LOGS = ("account-info.security.read",)
OWNERS = ("crm.objects.owners.read",)
OWNED = {
    "contacts": ("crm.objects.contacts.read",),
    "companies": ("crm.objects.companies.read",),
    "deals": ("crm.objects.deals.read",),
    "tickets": ("tickets",),
}
"""Kinds of CRM objects that have an owner, and the scope that shows them."""
_ASKED = (READ_USERS, WRITE_USERS, SEARCH_USERS, TEAMS, BILLING, LOGS, OWNERS, *OWNED.values())
SCOPES = tuple(sorted({"oauth"}.union(*_ASKED)))
"""Every scope that an operation here asks for."""

GENERATIONS = ("v3", "2026-03", "2026-09-beta", "2026-09")

_PLANS = {
    "free": (100, 250_000),
    "starter": (100, 250_000),
    "professional": (190, 650_000),
    "enterprise": (190, 1_000_000),
}
"""Calls in ten seconds and in a day, by plan [D]."""


class HubSpotDialect(Dialect):
    """What differs between portals, tokens and generations of the API."""

    portal: int = Field(62515, description="The portal's id.")
    plan: Literal["free", "starter", "professional", "enterprise"] = "enterprise"
    generations: tuple[str, ...] = Field(GENERATIONS, description="Generations that are served.")
    scopes: tuple[str, ...] = Field(SCOPES, description="What the administrator's token may do.")
    limited: bool = Field(
        False, description="True: refuses calls over the plan's ten seconds, and searches too fast."
    )
    searches_per_second: int = 5
    logs: bool = Field(True, description="False: the plan has no log-in and security log.")
    users_at_most: int | None = Field(None, description="Users that the plan has seats for.")
    duplicate: Literal["409", "400", "201"] = Field(
        "409", description="What creating a user who is there is answered; nobody documents it."
    )
    email_lookup: Literal["any case", "exact"] = "any case"
    list_lags: int = Field(
        0, ge=0, description="Listings in which a removed user is still shown [T]."
    )
    nulls: bool = Field(False, description="True: what a user does not have is null, not absent.")
    extra_fields: bool = Field(False, description="True: answers have fields nobody knows yet.")
    scope_words: Literal["missingScopes", "requiredGranularScopes"] = "requiredGranularScopes"


class HubSpotPortal(Tenant):
    """A portal; its first user, ``owner@example.com``, is a super admin."""

    platform: ClassVar[str] = "hubspot"
    dialect_model = HubSpotDialect
    side_door: ClassVar[tuple[str, ...]] = (
        "add_user", "add_users", "change_user", "remove_user", "users", "make_super_admin",
        "deactivate", "reactivate", "activate", "log_in", "add_permission_set",
        "rename_permission_set", "remove_permission_set", "add_team", "remove_team", "set_seats",
        "add_token", "use_up_the_day", "add_owned",
    )  # fmt: skip
    dialect: HubSpotDialect

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """What limits are counted by; tests put a virtual one in its place."""

    def prepare(self) -> None:
        """Make the portal: its owner, seats, and no permission set."""
        self.people = Objects(self.store, self.key, "person")
        self.stored_users = Objects(self.store, self.key, "user")
        self.records = Objects(self.store, self.key, "crm user")
        self.stored_roles = Objects(self.store, self.key, "permission set")
        self.stored_teams = Objects(self.store, self.key, "team")
        self.stored_seats = Objects(self.store, self.key, "seat")
        self.stored_objects = Objects(self.store, self.key, "object")
        self.tokens = Objects(self.store, self.key, "token")
        self.logins = Objects(self.store, self.key, "log-in")
        self.events = Objects(self.store, self.key, "event")
        self.recent: list[float] = []
        self.searches: list[float] = []
        self.ghosts: dict[str, tuple[Doc, int]] = {}
        with self.store.transaction():
            if self.stored_users.count() or self.people.count():
                return
            for name, seats in (("Core Seat", 1000), ("Sales Professional", 10)):
                self.set_seats(name, seats)
            self.add_user("owner@example.com", first_name="Olive", last_name="Owner")
            self.make_super_admin("owner@example.com")

    @property
    def credentials(self) -> Credentials:
        """The administrator's token, with the scopes of the dialect."""
        return Credentials(token=f"pat-na1-{self.secret('token')}")

    def limits(self) -> tuple[int, int]:
        """Return the calls of ten seconds and of a day."""
        return _PLANS[self.dialect.plan]

    # -- the side door ---------------------------------------------------

    def add_user(
        self,
        email: str,
        *,
        first_name: str = "",
        last_name: str = "",
        role: str = "",
        primary_team: str = "",
        teams: Iterable[str] = (),
        seats: Iterable[str] = (),
    ) -> str:
        """Add a user by hand, who has logged in; roles and teams by name. Returns its id."""
        with self.store.transaction():
            user = self.new_user(
                email,
                {
                    "firstName": first_name,
                    "lastName": last_name,
                    "roleIds": [self._role(role)] if role else [],
                    "primaryTeamId": self._team(primary_team) if primary_team else "",
                    "secondaryTeamIds": [self._team(team) for team in teams],
                    "seatNames": list(seats),
                },
            )
            self._appear(user)
            self.note("ADD_USER", user["id"])
        return str(user["id"])

    def add_users(self, users: Iterable[Doc]) -> list[str]:
        """Add many users by hand; each is the arguments of `add_user`. Returns their ids."""
        with self.store.transaction():
            return [self.add_user(**given) for given in users]

    def change_user(self, email: str, **changes: Any) -> None:
        """Change a user by hand; ``role``, ``primary_team``, ``teams`` by name, "" for none."""
        with self.store.transaction():
            user = self.named(email)
            if "role" in changes:
                user["roleIds"] = [self._role(changes["role"])] if changes["role"] else []
            if "primary_team" in changes:
                name = changes["primary_team"]
                user["primaryTeamId"] = self._team(name) if name else ""
            if "teams" in changes:
                user["secondaryTeamIds"] = [self._team(name) for name in changes["teams"]]
            if "seats" in changes:
                user["seatNames"] = list(changes["seats"])
            for ours, theirs in (("first_name", "firstName"), ("last_name", "lastName")):
                if ours in changes:
                    user[theirs] = changes[ours]
            self.put_user(user)

    def remove_user(self, email: str) -> None:
        """Remove a user by hand."""
        with self.store.transaction():
            self.drop(self.named(email))

    def users(self) -> dict[str, Doc]:
        """Return all users by e-mail as they are stored, with names in place of ids."""
        roles, teams = self.stored_roles.page(), self.stored_teams.page()
        return {
            user["email"]: user
            | {
                "roles": [roles[id_]["name"] for id_ in user["roleIds"] if id_ in roles],
                "teams": [teams[id_]["name"] for id_ in user["secondaryTeamIds"] if id_ in teams],
                "primaryTeam": teams.get(user["primaryTeamId"], {}).get("name", ""),
            }
            for user in self.stored_users.page().values()
        }

    def make_super_admin(self, email: str, *, yes: bool = True) -> None:
        """Make a user a super admin by hand, or no longer one."""
        with self.store.transaction():
            user = self.named(email) | {"superAdmin": yes}
            self.put_user(user)
            self.note("ADD_ADMIN_USER" if yes else "REMOVE_ADMIN_USER", user["id"])

    def deactivate(self, email: str) -> None:
        """Deactivate a user by hand: the Settings list goes on showing it."""
        self._switch(email, on=False)

    def reactivate(self, email: str) -> None:
        """Reactivate a user by hand."""
        self._switch(email, on=True)

    def _switch(self, email: str, *, on: bool) -> None:
        with self.store.transaction():
            user = self.named(email)
            record = self._appear(user) | {"deactivated": not on}
            self.records.put(Row(record["id"], record, user["id"]))
            self.note("REACTIVATE_USER" if on else "DEACTIVATE_USER", user["id"])

    def activate(self, email: str) -> None:
        """Let a user who was made through the API log in for the first time."""
        with self.store.transaction():
            self._appear(self.named(email))

    def log_in(self, email: str, at: str = "", *, succeeded: bool = True) -> None:
        """Let a user log in, now or at an ISO instant."""
        with self.store.transaction():
            user = self.named(email)
            if succeeded:
                self._appear(user)
            entry: Doc = {
                "id": str(uuid.uuid4()),
                "loginAt": at or _now(),
                "loginSucceeded": succeeded,
                "email": email,
                "userId": int(user["id"]),
                "ipAddress": "192.0.2.7",
                "countryCode": "fr",
            }
            self.logins.add(Row(entry["id"], entry, user["id"], sort=self._newest_first(entry)))

    def add_permission_set(self, name: str, *, paid: bool = False) -> str:
        """Make a permission set by hand; ``paid`` ones need the billing scope. Returns its id."""
        with self.store.transaction():
            id_ = str(self.store.next_number(self.key, "permission set", first=4101))
            doc = {"id": id_, "name": name, "requiresBillingWrite": paid}
            self.stored_roles.add(Row(id_, doc, name))
        return id_

    def rename_permission_set(self, name: str, new_name: str) -> None:
        """Rename a permission set by hand."""
        with self.store.transaction():
            id_ = self._role(name)
            doc = (self.stored_roles.get(id_) or {}) | {"name": new_name}
            self.stored_roles.put(Row(id_, doc, new_name))

    def remove_permission_set(self, name: str) -> None:
        """Remove a permission set by hand; its id stays on who had it."""
        with self.store.transaction():
            self.stored_roles.remove(self._role(name))

    def add_team(self, name: str) -> str:
        """Make a team by hand; returns its id."""
        with self.store.transaction():
            id_ = str(self.store.next_number(self.key, "team", first=9001))
            self.stored_teams.add(Row(id_, {"id": id_, "name": name}, name))
        return id_

    def remove_team(self, name: str) -> None:
        """Remove a team by hand; nobody is in it any more."""
        with self.store.transaction():
            id_ = self._team(name)
            self.stored_teams.remove(id_)
            for user in self.stored_users.page().values():
                if user["primaryTeamId"] == id_ or id_ in user["secondaryTeamIds"]:
                    left = [team for team in user["secondaryTeamIds"] if team != id_]
                    primary = "" if user["primaryTeamId"] == id_ else user["primaryTeamId"]
                    self.put_user(user | {"secondaryTeamIds": left, "primaryTeamId": primary})

    def set_seats(self, name: str, total: int) -> None:
        """Buy seats of a kind by hand: so many in all."""
        with self.store.transaction():
            if self.stored_seats.get(name) is None:
                self.stored_seats.add(Row(name, {"name": name, "total": total}, name))
            else:
                self.stored_seats.put(Row(name, {"name": name, "total": total}, name))

    def add_owned(self, email: str, kind: str, count: int = 1) -> None:
        """Give a user CRM objects by hand: ``contacts``, ``companies``, ``deals``, ``tickets``."""
        with self.store.transaction():
            owner = self.owner_of(self.named(email))["id"]
            for _ in range(count):
                id_ = str(self.store.next_number(self.key, "object", first=301))
                doc = {"id": id_, "kind": kind, "owner": owner, "at": _now()}
                self.stored_objects.add(Row(id_, doc, f"{kind}/{owner}"))

    def add_token(self, scopes: Iterable[str]) -> str:
        """Make a token by hand that may do less, and return it."""
        token = f"pat-na1-{new_secret()}"
        with self.store.transaction():
            self.tokens.add(Row(token, {"scopes": list(scopes)}))
        return token

    def use_up_the_day(self, left: int = 0) -> None:
        """Leave so many calls of today."""
        with self.store.transaction():
            self.store.write(
                "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
                " value = excluded.value",
                self.key,
                _day(),
                self.limits()[1] - left,
            )

    # -- what the API does -----------------------------------------------

    def calls_today(self) -> int:
        """Return how many calls were made today."""
        rows = self.store.query(
            "SELECT value FROM counters WHERE tenant = ? AND name = ?", self.key, _day()
        )
        return int(rows[0][0]) if rows else 0

    def count_call(self) -> None:
        """Count one call of today."""
        self.store.next_number(self.key, _day())

    def named(self, email: str) -> Doc:
        """Return the user with an e-mail address, in whatever case."""
        found = self.stored_users.named(email.lower())
        if not found:
            raise ValueError(f"tenant {self.key} has no user {email!r}")
        return next(iter(found.values()))

    def new_user(self, email: str, said: Doc) -> Doc:
        """Store a user; a person who was here before has the id of that time [T]."""
        known = self.people.named(email.lower())
        if known:
            id_ = next(iter(known))
        else:
            # As with real ids: the order of ids is not the order in which people came.
            number = self.store.next_number(self.key, "person")
            id_ = str(70_000_000 + number * 7_919 % 1_000_003)
            self.people.add(Row(id_, {"email": email}, email.lower()))
        user: Doc = {
            "id": id_,
            "email": email,
            "firstName": "",
            "lastName": "",
            "superAdmin": False,
            "roleIds": [],
            "primaryTeamId": "",
            "secondaryTeamIds": [],
            "seatNames": [],
        } | said
        self.stored_users.add(self._row(user))
        record = self.record_of(id_)
        if record is not None:
            self.records.put(Row(record["id"], record | {"deactivated": False}, id_))
        return user

    def put_user(self, user: Doc) -> None:
        """Store a user that was changed."""
        self.stored_users.put(self._row(user))

    def drop(self, user: Doc) -> None:
        """Take a user's access away; the CRM keeps its record."""
        self.stored_users.remove(user["id"])
        record = self.record_of(user["id"])
        if record is not None:
            self.records.put(Row(record["id"], record | {"deactivated": True}, user["id"]))
        if self.dialect.list_lags:
            self.ghosts[user["id"]] = (user, self.dialect.list_lags)
        self.note("REMOVE_USER", user["id"])

    def record_of(self, id_: str) -> Doc | None:
        """Return the CRM's record of a user; it comes with the first log-in [T]."""
        return next(iter(self.records.named(id_).values()), None)

    def properties(self, record: Doc) -> dict[str, str | None]:
        """Return what the CRM's record of a user says."""
        email = (self.people.get(record["user"]) or {}).get("email")
        return {
            "hs_object_id": record["id"],
            "hs_internal_user_id": record["user"],
            "hs_email": email,
            "hs_deactivated": "true" if record["deactivated"] else "false",
            "hs_createdate": record["at"],
            "hs_lastmodifieddate": record["at"],
        }

    def owner_of(self, user: Doc) -> Doc:
        """Return a user as an owner of objects, with a third id of its own."""
        return {
            "id": str(int(user["id"]) % 1_000_003 + 20_000_000),
            "email": user["email"],
            "type": "PERSON",
            "firstName": user["firstName"],
            "lastName": user["lastName"],
            "userId": int(user["id"]),
            "userIdIncludingInactive": int(user["id"]),
            "createdAt": "2026-01-01T09:00:00.000Z",
            "updatedAt": "2026-01-01T09:00:00.000Z",
            "archived": False,
        }

    def seats_left(self, name: str) -> int:
        """Return how many seats of a kind nobody has."""
        seat = self.stored_seats.get(name) or {"total": 0}
        taken = sum(name in user["seatNames"] for user in self.stored_users.page().values())
        return int(seat["total"]) - taken

    def note(self, kind: str, about: str) -> None:
        """Write an entry of the security log."""
        owner = next(iter(self.people.page(0, 1)), about)
        entry: Doc = {
            "id": str(uuid.uuid4()),
            "type": kind,
            "createdAt": _now(),
            "userId": int(owner),
            "actingUser": "owner@example.com",
            "objectId": about,
        }
        self.events.add(Row(entry["id"], entry, str(owner), sort=self._newest_first(entry)))

    def _appear(self, user: Doc) -> Doc:
        """Return the CRM's record of a user who has logged in, made with the first time."""
        record = self.record_of(user["id"])
        if record is None:
            number = self.store.next_number(self.key, "record", first=501)
            record = {"id": str(number), "user": user["id"], "deactivated": False, "at": _now()}
            self.records.add(Row(record["id"], record, user["id"]))
        return record

    @staticmethod
    def _row(user: Doc) -> Row:
        return Row(user["id"], user, user["email"].lower(), user["email"], user["id"].zfill(12))

    def _newest_first(self, entry: Doc) -> str:
        at = datetime.fromisoformat(entry.get("loginAt") or entry["createdAt"])
        # Of those of one millisecond the last written is the newest.
        number = self.store.next_number(self.key, "log entry")
        return f"{10**14 - round(at.timestamp() * 1000):015d}:{10**9 - number:010d}"

    def _role(self, name: str) -> str:
        return _only(self.stored_roles.named(name), f"permission set {name!r}", self.key)

    def _team(self, name: str) -> str:
        return _only(self.stored_teams.named(name), f"team {name!r}", self.key)


def _only(found: dict[str, Doc], what: str, tenant: str) -> str:
    if not found:
        raise ValueError(f"tenant {tenant} has no {what}")
    return next(iter(found))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day() -> str:
    return f"calls {datetime.now(UTC).date().isoformat()}"
