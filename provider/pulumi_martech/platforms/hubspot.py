"""HubSpot: users of a portal, each with one permission set, teams and seats.

Permission sets have a name and nothing else here: they are made, and their content is seen, in the
app alone. So are super admins, and who is switched off. Facts: fact sheet ``hubspot.md``, and
``docs/platforms/hubspot.md`` for what others saw on live portals [T].
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, field_validator

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    InvalidDeclaration,
    Malformed,
    NotThere,
    Refused,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.model.identity import near
from pulumi_martech.model.leaving import Belonging
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import (
    Attribute,
    Membership,
    NativeRole,
    Status,
    Wish,
    difference,
)
from pulumi_martech.model.values import UNKNOWN, Unknown
from pulumi_martech.platforms.base import Caller, Event, UserArguments
from pulumi_martech.platforms.fields import Email, Text
from pulumi_martech.platforms.hubspot_facts import (
    MANIFEST,
    SETTINGS,
    SUPER_ADMIN,
    SUPER_ADMIN_ROLE,
)
from pulumi_martech.platforms.hubspot_wire import MISSING, OWNED, Record, Wire
from pulumi_martech.transport import ApiClient


class User(UserArguments):
    """A user of a HubSpot portal, with its one permission set, its teams and its seats.

    HubSpot keeps one identity for an e-mail address over all portals: names are shown in every
    portal the person belongs to, and taking access away here leaves the identity.
    """

    once: ClassVar[frozenset[str]] = frozenset({"welcome_mail"})
    descriptive: ClassVar[frozenset[str]] = frozenset({"first_name", "last_name"})

    login: Email = Field(
        description="E-mail address; it can never be changed here, another one is another user."
    )
    roles: tuple[str, ...] = Field(
        default=(),
        description="The permission set by name, exactly one or none; `Super Admin` stands for "
        "super admins, whom only the app makes and unmakes.",
    )
    first_name: Text | None = Field(
        default=None,
        description="First name; can be changed once the person has logged in.",
        min_length=1,
    )
    last_name: Text | None = Field(
        default=None,
        description="Last name; can be changed once the person has logged in.",
        min_length=1,
    )
    primary_team: Text | None = Field(
        default=None,
        description="Main team by name; can be changed, and not be taken away.",
        min_length=1,
    )
    teams: frozenset[str] | None = Field(
        default=None, description="Additional teams by name, besides the main one."
    )
    seats: frozenset[str] | None = Field(
        default=None,
        description="Seats by name, as the portal has bought them. Needs settings.billing.write.",
    )
    active: bool = Field(
        default=True,
        description="Whether the user can log in. The API cannot switch it: say false of a user "
        "who was deactivated in the app and is to stay so.",
    )
    welcome_mail: bool | None = Field(
        default=None,
        description="Whether HubSpot sends a welcome mail when it makes the user. Only said then, "
        "and never shown again: changing it changes nothing.",
    )

    @field_validator("roles")
    @classmethod
    def _one_permission_set(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        sets = sorted(set(roles) - {SUPER_ADMIN})
        if len(sets) > 1:
            raise ValueError(
                f"a HubSpot user has one permission set and not {len(sets)}: declare one of "
                f"{', '.join(sets)}, or have a set made in HubSpot that allows what they allow"
            )
        return roles


class Connector:
    """Translates to and from HubSpot.

    Names of permission sets and teams are looked up with each listing of the account, and again
    when an id or a name turns up that is not known yet.

    Args:
        config: the account; ``url`` is ``https://api.hubapi.com``, ``tenant`` the portal's id.
        client: its HTTP client.
    """

    manifest: ClassVar[Manifest] = MANIFEST

    def __init__(self, config: AccountConfig, client: ApiClient) -> None:
        self.client, self._config = client, config
        self._wire = Wire(client, config)
        self._sets: dict[str, str] = {}
        self._teams: dict[str, str] | None = None

    # -- looking

    def whoami(self) -> Caller:
        """Return which portal the token is of, and the scopes it lacks for looking.

        HubSpot does not tell whose token it is, and scopes for writing show only in writing.
        """
        tried = self._wire.tried("ask what the token may do")
        details = self._wire.details()
        portal = f"portal {details['portalId']} ({details.get('accountType', 'STANDARD')})"
        missing: list[str] = []
        for look in (
            self._wire.generation,
            lambda: self._wire.named("teams", tried),
            lambda: self._wire.deactivated(tried, "0"),
        ):
            try:
                look()
            except Denied as error:
                if error.code != MISSING:
                    raise
                missing.append(error.said.removeprefix("the token lacks "))
        return Caller(
            login=None,
            missing=tuple(dict.fromkeys(missing)),
            note=f"this is {portal}, and HubSpot does not tell whose token this is",
        )

    def directory(self) -> Directory:
        """List users, permission sets and teams, and who is deactivated."""
        records = list(self._wire.users(self._wire.tried("list the users")))
        blind = list(MANIFEST.blind_spots)
        if not self._learn_sets():
            blind.append("this portal's plan has no permission sets: what users may do is unknown")
        try:
            if not self._learn_teams():
                blind.append("this portal's plan has no teams")
        except Denied as error:
            if error.code != MISSING:
                raise
            blind.append(f"teams, because {error.said}")
        off = self._wire.deactivated(self._wire.tried("list the deactivated users"))
        unreadable = [
            f"a user with id {one.get('id')} and no e-mail address"
            for one in records
            if not _readable(one)
        ]
        return Directory(
            account=self._config.key,
            memberships=tuple(self._membership(one, off) for one in records if _readable(one)),
            roles=(
                SUPER_ADMIN_ROLE,
                *(NativeRole(id=id_, name=name) for id_, name in self._sets.items()),
            ),
            blind_spots=tuple(blind),
            unreadable=tuple(unreadable),
        )

    def find(self, login: str) -> Membership | None:
        """Look a user up by e-mail address.

        Nobody documents whether case matters in that, so that one who is not found is looked for
        in the listing; the listing goes on showing users who are gone, so that it is not believed
        without a look at the user itself.
        """
        wanted = self.manifest.normal_login(login)
        tried = self._wire.tried(f"look up user {login}")
        try:
            params = {"idProperty": "EMAIL"}
            reply = self.client.get(self._wire.user_path(wanted), tried=tried, params=params)
        except NotThere:
            for record in self._wire.users(tried):
                if _readable(record) and _login(record) == wanted:
                    found = self.fetch(str(record["id"]), ())
                    return found if found is not None and found.login == wanted else None
            return None
        record = reply.json()
        if not isinstance(record, Mapping) or not _readable(record) or _login(record) != wanted:
            raise reply.unusable("another user than the one asked for")
        return self._detailed(record, tried)

    def fetch(self, id_: str, roles: Collection[NativeRole]) -> Membership | None:
        """Read one user, and whether it is deactivated."""
        tried = self._wire.tried(f"read user {id_}")
        try:
            reply = self.client.get(self._wire.user_path(id_), tried=tried)
        except NotThere:
            return None
        record = reply.json()
        if not isinstance(record, Mapping) or not _readable(record) or str(record["id"]) != id_:
            raise Malformed(
                tried, "the user has no e-mail address or another id", "it was not taken over"
            )
        return self._detailed(record, tried)

    def last_login(self, live: Membership) -> str | Unknown | None:
        """Return the last successful log-in of the last 90 days."""
        tried = self._wire.tried(f"read the log-ins of {live.login}")
        entries = self._wire.log("login", live.id, tried)
        if entries is None:
            return UNKNOWN
        times = [str(one.get("loginAt")) for one in entries if one.get("loginSucceeded") is True]
        return max(times, default=None)

    def activity(self, live: Membership) -> tuple[Event, ...] | Unknown:
        """Return what the security log has of what the person did."""
        tried = self._wire.tried(f"read the security log of {live.login}")
        entries = self._wire.log("security", live.id, tried)
        if entries is None:
            return UNKNOWN
        events = [Event(at=str(one.get("createdAt")), what=str(one.get("type"))) for one in entries]
        return tuple(sorted(events, key=lambda event: event.at, reverse=True))

    def seats(self) -> dict[str, int] | Unknown:
        """Return the seats that are left, where the token may see what the portal has bought."""
        return self._wire.seats(self._wire.tried("list the seats that are left"))

    def belongings(self, leaving: Sequence[Membership]) -> dict[str, tuple[Belonging, ...]]:
        """Count what each person owns in the CRM: five calls, four of them searches."""
        return {live.id: tuple(self._owned(live)) for live in leaving}

    def _owned(self, live: Membership) -> Iterator[Belonging]:
        tried = self._wire.tried(f"look what {live.login} owns")
        try:
            owner = self._wire.owner(live.login, tried)
        except Refused as error:
            if error.status == 401:
                raise
            yield from (Belonging(what=k, count=UNKNOWN, detail=error.said) for k in OWNED)
            return
        for kind in OWNED:
            try:
                count = self._wire.owned(kind, owner, tried) if owner else 0
            except Refused as error:
                if error.status == 401:
                    raise
                yield Belonging(what=kind, count=UNKNOWN, detail=error.said)
            else:
                yield Belonging(what=kind, count=count)

    # -- users

    def invite(self, wish: Wish) -> str:
        """Create the user with everything that is declared, in one request.

        What a portal answers for a user who is there is not documented: an answer that has another
        permission set or another team is about one who was there before.
        """
        tried = self._wire.tried(f"create user {wish.login}")
        if SUPER_ADMIN in wish.roles:
            raise _super_admin(tried, "make one")
        if wish.attributes.get("active") is False:
            raise _switch(tried, "make a user who is deactivated")
        body = {
            "email": wish.login,
            "sendWelcomeEmail": bool(wish.once.get("welcome_mail", False)),
            **self._fields(wish.attributes, tried),
        }
        if role := _permission_set(frozenset(), wish, tried):
            body["roleId"] = role
        path = self._wire.generation().collection
        reply = self.client.post(path, tried=tried, json=body)
        record = reply.json()
        if not isinstance(record, Mapping) or not record.get("id"):
            raise reply.unusable("a user without an id")
        if _otherwise(record, body):
            words = "HubSpot answered with a user who was there before"
            raise AlreadyExists(tried, words, "nothing was done", "", reply.status)
        return str(record["id"])

    def change(self, live: Membership, wish: Wish) -> None:
        """Send what differs in one request; everything that cannot be is refused before it."""
        tried = self._wire.tried(f"change user {wish.login}")
        if self.manifest.normal_login(wish.login) != live.login:
            raise InvalidDeclaration(
                tried,
                f"HubSpot cannot give {live.login} another e-mail address",
                "nothing was changed",
                "make a new user and remove the old one",
            )
        changed = {
            change.name: wish.attributes[change.name]
            for change in difference(live, wish)
            if change.name in wish.attributes
        }
        if "active" in changed:
            raise _switch(tried, "switch users on" if changed["active"] else "switch users off")
        body = self._fields(changed, tried)
        if not isinstance(live.roles, Unknown) and (
            role := _permission_set(live.roles, wish, tried)
        ):
            body["roleId"] = role
        if body:
            self.client.put(self._wire.user_path(live.id), tried=tried, json=body, safe=True)

    def remove(self, live: Membership, successor: str | None) -> None:
        """Take the user's access to the portal away; HubSpot's API takes no successor."""
        tried = self._wire.tried(f"remove user {live.login}")
        try:
            self.client.delete(self._wire.user_path(live.id), tried=tried, safe=True)
        except NotThere:
            return

    # -- translation

    def _learn_sets(self) -> bool:
        """Look the names of permission sets up; false where the plan has none."""
        records = self._wire.named("roles", self._wire.tried("list the permission sets"))
        self._sets = _names(records or ())
        return records is not None

    def _learn_teams(self) -> bool:
        """Look the names of teams up; false where the plan has none."""
        self._teams = None
        records = self._wire.named("teams", self._wire.tried("list the teams"))
        self._teams = _names(records or ())
        return records is not None

    def _detailed(self, record: Record, tried: str) -> Membership:
        """Return a user that was read singly, with all names that it takes."""
        if any(id_ not in self._sets for id_ in _role_ids(record)):
            self._learn_sets()
        teams = [*_strings(record, "primaryTeamId"), *_strings(record, "secondaryTeamIds")]
        if any(id_ not in (self._teams or {}) for id_ in teams):
            try:
                self._learn_teams()
            except Denied as error:
                if error.code != MISSING:
                    raise
        return self._membership(record, self._wire.deactivated(tried, str(record["id"])))

    def _membership(self, record: Record, deactivated: Collection[str]) -> Membership:
        active = str(record["id"]) not in deactivated
        roles = {self._sets.get(id_, f"permission set {id_}") for id_ in _role_ids(record)}
        if record.get("superAdmin") is True:
            roles.add(SUPER_ADMIN)
        attributes: dict[str, Attribute] = {"active": active}
        for name, field in (("first_name", "firstName"), ("last_name", "lastName")):
            if isinstance(record.get(field), str) and record[field]:
                attributes[name] = record[field]
        if self._teams is not None:
            teams, primary = self._teams, _strings(record, "primaryTeamId")
            if primary:
                attributes["primary_team"] = teams.get(primary[0], f"team {primary[0]}")
            others = _strings(record, "secondaryTeamIds")
            attributes["teams"] = frozenset(teams.get(id_, f"team {id_}") for id_ in others)
        if isinstance(record.get("seatNames"), list):
            attributes["seats"] = frozenset(_strings(record, "seatNames"))
        return Membership(
            id=str(record["id"]),
            login=_login(record),
            email=_login(record),
            status=Status.ACTIVE if active else Status.DEACTIVATED,
            roles=frozenset(roles),
            attributes=attributes,
        )

    def _fields(self, attributes: Mapping[str, Attribute], tried: str) -> dict[str, Any]:
        """Return attributes as they are sent, with the ids of teams."""
        body: dict[str, Any] = {}
        for name, field in (("first_name", "firstName"), ("last_name", "lastName")):
            if name in attributes:
                body[field] = attributes[name]
        if "primary_team" in attributes:
            (body["primaryTeamId"],) = self._team_ids([str(attributes["primary_team"])], tried)
        if "teams" in attributes:
            body["secondaryTeamIds"] = self._team_ids(_set(attributes["teams"]), tried)
        if "seats" in attributes:
            generation = self._wire.generation()
            if not generation.seats:
                raise Unsupported(
                    tried,
                    f"this portal serves version {generation.name} of the API, which sets no seats",
                    "nothing was sent",
                    f"leave `seats` out and give seats {SETTINGS}",
                )
            body["seatNames"] = sorted(_set(attributes["seats"]))
        return body

    def _team_ids(self, names: Iterable[str], tried: str) -> list[str]:
        names = sorted(names)
        if self._teams is None or set(names) - set(self._teams.values()):
            self._learn_teams()
        known = self._teams or {}
        found = []
        for name in names:
            ids = [id_ for id_, called in known.items() if called == name]
            if len(ids) != 1:
                raise InvalidDeclaration(
                    tried,
                    f"the portal has {len(ids)} teams called {name!r}",
                    "nothing was sent",
                    "rename all but one in HubSpot"
                    if ids
                    else near(name, known.values()) or "correct the name, or make the team there",
                )
            found += ids
        return found


def _permission_set(held: Collection[str], wish: Wish, tried: str) -> str | None:
    """Return the id of the permission set to give, ``None`` if it is held already.

    Raises `Unsupported` for what the API cannot do: make or unmake a super admin, take a
    permission set away without another, give two.
    """
    if (SUPER_ADMIN in wish.roles) != (SUPER_ADMIN in held):
        raise _super_admin(tried, "make one" if SUPER_ADMIN in wish.roles else "unmake one")
    wanted = sorted(wish.roles.keys() - {SUPER_ADMIN})
    live = set(held) - {SUPER_ADMIN}
    if len(wanted) > 1:
        raise Unsupported(
            tried,
            f"a HubSpot user has one permission set and not {len(wanted)} ({', '.join(wanted)})",
            "nothing was sent",
            "declare one",
        )
    if set(wanted) == live:
        return None
    if not wanted:
        raise Unsupported(
            tried,
            "HubSpot's API takes no permission set away without giving another "
            f"({', '.join(sorted(live))} is held)",
            "nothing was sent",
            f"declare the permission set that is to replace it, take it away {SETTINGS}, or "
            "remove the user",
        )
    id_ = wish.roles[wanted[0]]
    if not id_.isdigit():
        raise UnknownRole(
            tried,
            f"the portal does not list a permission set called {wanted[0]!r}",
            "nothing was sent",
            "correct the name; below Enterprise there are no permission sets",
        )
    return id_


def _super_admin(tried: str, what: str) -> Unsupported:
    return Unsupported(
        tried,
        f"super admins are made in the app alone, the API cannot {what}",
        "nothing was sent",
        f"have a super admin do it {SETTINGS} and then declare it here, or declare a permission "
        "set that allows what is needed",
    )


def _switch(tried: str, what: str) -> Unsupported:
    return Unsupported(
        tried,
        f"HubSpot's API cannot {what}",
        "nothing was sent",
        f"do it {SETTINGS}, or say active=False of a user who is to stay deactivated, or remove "
        "the user",
    )


def _readable(record: Record) -> bool:
    email = record.get("email")
    return bool(record.get("id")) and isinstance(email, str) and "@" in email


def _login(record: Record) -> str:
    return MANIFEST.normal_login(str(record["email"]))


def _role_ids(record: Record) -> list[str]:
    """Return the ids of the permission sets; ``roleId`` says the same and is not asked."""
    if isinstance(record.get("roleIds"), list):
        return _strings(record, "roleIds")
    return _strings(record, "roleId")


def _otherwise(record: Record, sent: Record) -> bool:
    """Tell whether a user has something else than was sent, and does not merely lack it.

    Names are not looked at, as they are the person's own in every portal, nor seats, which come
    with permission sets.
    """
    if record.get("superAdmin") is True or set(_role_ids(record)) - {sent.get("roleId")}:
        return True
    return any(
        name in sent and set(_strings(record, name)) - set(_strings(sent, name))
        for name in ("primaryTeamId", "secondaryTeamIds")
    )


def _strings(record: Record, name: str) -> list[str]:
    value = record.get(name)
    values = value if isinstance(value, list) else [value]
    return [str(one) for one in values if one not in (None, "")]


def _names(records: Iterable[Record]) -> dict[str, str]:
    return {str(one["id"]): str(one.get("name") or one["id"]) for one in records if one.get("id")}


def _set(value: Attribute) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset({str(value)})
