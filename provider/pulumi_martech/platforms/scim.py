"""SCIM 2.0 (RFC 7643, RFC 7644): users, and groups as their roles.

Every vendor deviates, so what comes in is read with tolerance and what goes out keeps to the
standard. Membership is changed on the group alone: ``user.groups`` is read-only and often missing.
Facts: fact sheet ``scim.md``, and ``docs/platforms/scim.md`` for what a running server does.
"""

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, field_validator

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import (
    AlreadyExists,
    Malformed,
    MartechError,
    NotThere,
    Refused,
    UnknownRole,
)
from pulumi_martech.model.leaving import Belonging, Hanging
from pulumi_martech.model.manifest import Ability, Identity, Limits, Manifest, Removal
from pulumi_martech.model.membership import (
    Attribute,
    Membership,
    NativeRole,
    Status,
    Wish,
    difference,
)
from pulumi_martech.model.values import UNKNOWN, Unknown
from pulumi_martech.platforms.base import Caller, RoleArguments, UserArguments
from pulumi_martech.platforms.facts import no, yes
from pulumi_martech.platforms.fields import Email, Text, one_line
from pulumi_martech.platforms.scim_records import (
    Record,
    described,
    email_of,
    equals,
    manager_of,
    member_id,
    members_of,
    names_by_member,
    put,
    text_of,
    truth_of,
    value_of,
    with_primary,
)
from pulumi_martech.platforms.scim_wire import PAGE, Scim, segment
from pulumi_martech.transport import ApiClient

LAST_MEMBER = "groups without another member"
MANAGED = "people whose manager it is"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"

PATHS = {
    "display_name": "displayName",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "title": "title",
    "user_type": "userType",
    "external_id": "externalId",
    "active": "active",
}
"""Arguments and the SCIM attributes they are; ``email`` is one of a list and not among them."""


class User(UserArguments):
    """A user of a SCIM service; its roles are the groups it is a direct member of."""

    descriptive: ClassVar[frozenset[str]] = frozenset(
        {"display_name", "given_name", "family_name", "title", "external_id"}
    )

    login: str = Field(
        description="SCIM `userName`, unique in the service without regard to case; often the "
        "e-mail address. Can be changed in place.",
        min_length=1,
    )
    display_name: Text | None = Field(default=None, description="Name to show (`displayName`).")
    given_name: Text | None = Field(default=None, description="First name (`name.givenName`).")
    family_name: Text | None = Field(default=None, description="Last name (`name.familyName`).")
    email: Email | None = Field(
        default=None,
        description="Primary e-mail address (`emails`); further addresses are left alone.",
    )
    title: Text | None = Field(default=None, description="Job title (`title`).")
    user_type: Text | None = Field(
        default=None,
        description="Kind of user (`userType`), free text such as `Employee` or `Contractor`; some "
        "vendors take it as role or licence.",
    )
    external_id: Text | None = Field(
        default=None, description="Identifier in your own records (`externalId`), case-sensitive."
    )
    active: bool = Field(
        default=True, description="Whether the user may log in (`active`); false switches it off."
    )

    @field_validator("login")
    @classmethod
    def _one_line_login(cls, value: str) -> str:
        return one_line(value)


class Role(RoleArguments):
    """A SCIM group: members have it as their role. What it allows is decided in the product."""

    name: str = Field(
        description="Name of the group (`displayName`); changing it renames the group.",
        min_length=1,
    )


_RUN, _SOURCE = "scim.md [R]", "scim.md [S]"

MANIFEST = Manifest(
    platform="scim",
    title="SCIM 2.0",
    identity=Identity(attribute="userName", shape="any", case_sensitive=False, renamable=True),
    creation="direct",
    role_shape="add and remove",
    role_content="declared",
    abilities={
        Ability.LIST_USERS: yes("GET /Users by startIndex and count", _RUN),
        Ability.CREATE_USER: yes("POST /Users", _RUN),
        Ability.INVITE_USER: no(
            "the standard has no invitation; some vendors mail one when a user is made",
            _SOURCE,
            "create the user; the product's single sign-on lets it in",
        ),
        Ability.CHANGE_USER: yes("PATCH /Users/{id}, or PUT where there is no PATCH", _RUN),
        Ability.CHANGE_LOGIN: yes("PATCH userName", _RUN),
        Ability.DEACTIVATE_USER: yes("PATCH active: false", _RUN),
        Ability.REMOVE_USER: yes("DELETE /Users/{id}; several vendors only deactivate", _RUN),
        Ability.LIST_ROLES: yes("GET /Groups", _RUN),
        Ability.CREATE_ROLE: yes(
            "POST, PATCH and DELETE /Groups: a name and members, the product gives it content", _RUN
        ),
        Ability.READ_ROLE_CONTENT: no(
            "a group is a name and members",
            _SOURCE,
            "look up in the product what the group allows and declare it",
        ),
        Ability.SERVICE_PRINCIPALS: no(
            "no such resource in the core schema",
            _SOURCE,
            "list service accounts in the product's own administration",
        ),
        Ability.PARTNER_LINK: no(
            "userType is free text and the only hint",
            _SOURCE,
            "declare the vendor's people; guests may be missing from the listing",
        ),
        Ability.NATIVE_EXPIRY: no(
            "no end date in the core schema",
            _SOURCE,
            "give the grant an end date here and run on a schedule",
        ),
        Ability.MFA: no("not in the core schema", _SOURCE, "ask the identity provider"),
        Ability.LAST_LOGIN: no("not in the core schema", _SOURCE, "ask the identity provider"),
    },
    removals=(
        Removal(
            verb="deactivate",
            login="yes",
            sessions="unknown",
            api_keys="unknown",
            oauth_tokens="unknown",
            note="active: false is meant to end log-in, and some vendors take the user out of the "
            "organisation; what happens to open sessions is the product's own affair",
        ),
        Removal(
            verb="remove",
            login="yes",
            sessions="unknown",
            api_keys="unknown",
            oauth_tokens="unknown",
            note="several vendors only deactivate; entries in groups may stay behind",
        ),
        Removal(
            verb="downgrade",
            login="no",
            sessions="no",
            api_keys="no",
            oauth_tokens="no",
            note="the user leaves all groups and can still log in",
        ),
    ),
    softest_ending_verb="deactivate",
    limits=Limits(
        page_size=PAGE, retry_after="not in the standard; most vendors send 429 with Retry-After"
    ),
    objects=("groups",),
    hangs_on_person=(
        Hanging(what=LAST_MEMBER, becomes="stay, with nobody in them", shown=True),
        Hanging(what=MANAGED, becomes="go on naming somebody who is gone", shown=True),
        Hanging(
            what="whatever the product lets a person own",
            becomes="the product's affair: SCIM shows none of it",
        ),
        Hanging(
            what="tokens and API keys that the product issued to the person",
            becomes="end or go on, as the product has it",
        ),
    ),
    exit_layers=(
        "the SCIM user",
        "the person at the identity provider",
        "tokens and API keys that the product issued",
        "guest access, which many products keep outside SCIM",
    ),
    blind_spots=(
        "guests: many products list only full members, so absence here does not mean no access",
        "what a group allows",
        "members of a group by way of another group",
        "second factors, last log-in, open sessions, tokens",
    ),
)


class Connector:
    """Translates to and from SCIM 2.0.

    Args:
        config: the account; ``url`` is the base, usually ending in ``/scim/v2``.
        client: its HTTP client.
    """

    manifest: ClassVar[Manifest] = MANIFEST

    def __init__(self, config: AccountConfig, client: ApiClient) -> None:
        self.client, self._config = client, config
        self._scim = Scim(client, config.key)
        self._words = self._scim.words

    # -- looking

    def whoami(self) -> Caller:
        """Return the login behind the credentials where the server knows ``/Me``.

        Most do not; then one user is listed to see that the credentials are accepted.
        """
        try:
            me = self._scim.record("/Me", self._words("ask who the credentials belong to"))
        except (Refused, Malformed):
            self._scim.probe(self._words("list one user"))
            return Caller(login=None, note="this server cannot tell whose credentials these are")
        return Caller(login=self.manifest.normal_login(text_of(me, "userName")) or None)

    def directory(self) -> Directory:
        """List all users and all groups.

        A server without groups is an account whose roles are unknown, and says so.
        """
        users = list(self._scim.pages("/Users", self._words("list the users")))
        groups = self._groups()
        unreadable = [f"a user {described(user)}" for user in users if not _named(user, "userName")]
        readable = [user for user in users if _named(user, "userName")]
        blind = list(MANIFEST.blind_spots)
        if groups is None:
            blind.append("this server has no groups: what its users may do is unknown")
            found = [_membership(user, UNKNOWN) for user in readable]
            roles: tuple[NativeRole, ...] | Unknown = UNKNOWN
        else:
            held = names_by_member(groups)
            found = [
                _membership(user, frozenset(held.get(text_of(user, "id"), ()))) for user in readable
            ]
            named = [group for group in groups if _named(group, "displayName")]
            unreadable += [f"a group {described(group)}" for group in groups if group not in named]
            roles = tuple(
                NativeRole(id=text_of(group, "id"), name=text_of(group, "displayName"))
                for group in named
            )
            blind += _strangers(named, {member.id for member in found})
        return Directory(
            account=self._config.key,
            memberships=tuple(found),
            roles=roles,
            blind_spots=tuple(blind),
            unreadable=tuple(unreadable),
        )

    def find(self, login: str) -> Membership | None:
        """Look a user up by ``userName``; one that was switched off is found too."""
        wanted = self.manifest.normal_login(login)
        tried = self._words(f"look up user {login}")
        try:
            # A server that ignores filters sends everybody, so each answer is compared.
            for user in self._scim.pages("/Users", tried, filter=equals("userName", login)):
                if _named(user, "userName") and _login(user) == wanted:
                    groups = self._groups()
                    held = names_by_member(groups or []).get(text_of(user, "id"), ())
                    return _membership(user, UNKNOWN if groups is None else frozenset(held))
        except NotThere:  # what some servers answer when nobody matches
            return None
        return None

    def fetch(self, id_: str, roles: Collection[NativeRole]) -> Membership | None:
        """Read one user, and each group of ``roles`` for whether the user is in it."""
        tried = self._words(f"read user {id_}")
        try:
            user = self._scim.record(f"/Users/{segment(id_)}", tried)
        except NotThere:
            return None
        if not _named(user, "userName"):
            raise Malformed(tried, "the user has no userName or no id", "it was not taken over")
        held = set()
        for role in roles:
            try:
                path = f"/Groups/{segment(role.id)}"
                group = self._scim.record(path, self._words(f"read group {role.name}"))
            except NotThere:
                continue
            if id_ in members_of(group):
                held.add(role.name)
        return _membership(user, frozenset(held))

    def belongings(self, leaving: Sequence[Membership]) -> dict[str, tuple[Belonging, ...]]:
        """Return the groups that would be empty and who is led by each: one search a person."""
        groups = self._groups()
        members = {text_of(group, "id"): set(members_of(group)) for group in groups or ()}
        names = {text_of(group, "id"): text_of(group, "displayName") for group in groups or ()}
        found: dict[str, tuple[Belonging, ...]] = {}
        for live in leaving:
            alone = sorted(names[id_] for id_, held in members.items() if held == {live.id})
            last = Belonging(what=LAST_MEMBER, count=len(alone), detail=", ".join(alone[:3]))
            if groups is None:
                last = Belonging(what=LAST_MEMBER, count=UNKNOWN, detail="there are no groups")
            found[live.id] = (last, self._led_by(live))
        return found

    def _led_by(self, live: Membership) -> Belonging:
        """Count whose manager somebody is; a server that passes filters over tells nothing."""
        tried = self._words(f"look whose manager {live.login} is")
        wanted = equals(f"{ENTERPRISE}:manager.value", live.id)
        try:
            total, first = self._scim.first_page("/Users", tried, filter=wanted)
        except (NotThere, Refused) as error:
            if error.status == 401:
                raise
            words = "the server does not look for managers"
            return Belonging(what=MANAGED, count=UNKNOWN, detail=words)
        if any(manager_of(user, ENTERPRISE) != live.id for user in first):
            words = "the server passes the filter over"
            return Belonging(what=MANAGED, count=UNKNOWN, detail=words)
        return Belonging(what=MANAGED, count=total)

    # -- users

    def invite(self, wish: Wish) -> str:
        """Create the user, then add it to its groups, as far as that goes.

        An error means that no user was made; a group that did not take it is left to `change`.
        """
        body: dict[str, Any] = {"schemas": [USER], "userName": wish.login}
        for name, value in wish.attributes.items():
            if name == "email":
                put(body, "emails", with_primary(body, str(value)))
            else:
                put(body, PATHS[name], value)
        tried = self._words(f"create user {wish.login}")
        id_, there = self._scim.create("/Users", body, tried)
        if there is not None and _otherwise(there, wish):
            words = "the server answered with a user who was there before"
            raise AlreadyExists(tried, words, "nothing was done", "", 200)
        for role, group in wish.roles.items():
            with contextlib.suppress(MartechError):
                self._put_in(id_, group, f"add the new user {wish.login} to group {role}")
        return id_

    def change(self, live: Membership, wish: Wish) -> None:
        """Send what differs: attributes and login in one request, one more for each group."""
        changed: dict[str, Attribute] = {
            change.name: wish.attributes[change.name]
            for change in difference(live, wish)
            if change.name in wish.attributes
        }
        if self.manifest.normal_login(wish.login) != live.login:
            changed["login"] = wish.login
        if changed:
            self._change_user(live.id, changed, f"change user {wish.login}")
        if isinstance(live.roles, Unknown):
            return
        for role in sorted(wish.roles.keys() - live.roles):
            self._put_in(live.id, wish.roles[role], f"add user {wish.login} to group {role}")
        for role in sorted(live.roles - wish.roles.keys()):
            for group in self._groups_called(role):
                self._take_out(live.id, group.id, f"take user {wish.login} out of group {role}")

    def deactivate(self, live: Membership) -> None:
        """Set ``active`` to false."""
        self._change_user(live.id, {"active": False}, f"deactivate user {live.login}")

    def remove(self, live: Membership, successor: str | None) -> None:
        """Delete the user; SCIM knows no successor."""
        self._scim.delete(f"/Users/{segment(live.id)}", self._words(f"remove user {live.login}"))

    # -- groups

    def find_role(self, name: str) -> NativeRole | None:
        """Look a group up by its exact name.

        Raises `UnknownRole` if several have it, which the standard allows and servers do.
        """
        found = self._groups_called(name)
        if len(found) > 1:
            raise UnknownRole(
                self._words(f"look up group {name}"),
                f"{len(found)} groups have this name ({', '.join(role.id for role in found)})",
                "none of them was taken",
                "rename all but one",
            )
        return found[0] if found else None

    def create_role(self, role: RoleArguments) -> str:
        """Create a group without members."""
        body = {"schemas": [GROUP], "displayName": role.name}
        return self._scim.create("/Groups", body, self._words(f"create group {role.name}"))[0]

    def change_role(self, id_: str, role: RoleArguments) -> None:
        """Rename the group; its members stay."""
        self._scim.alter(
            f"/Groups/{segment(id_)}",
            [{"op": "replace", "path": "displayName", "value": role.name}],
            lambda record: put(record, "displayName", role.name),
            self._words(f"rename group {id_} to {role.name}"),
        )

    def remove_role(self, id_: str) -> None:
        """Delete the group."""
        self._scim.delete(f"/Groups/{segment(id_)}", self._words(f"remove group {id_}"))

    # -- single changes

    def _change_user(self, id_: str, changed: Mapping[str, Attribute], what: str) -> None:
        path, tried = f"/Users/{segment(id_)}", self._words(what)
        values: dict[str, Any] = {}
        # `active` first: a server may refuse to touch a user that is switched off.
        for name in sorted(changed, key=lambda name: (name != "active", name)):
            if name == "email":
                values["emails"] = with_primary(self._scim.record(path, tried), str(changed[name]))
            else:
                values["userName" if name == "login" else PATHS[name]] = changed[name]

        def rewrite(record: dict[str, Any]) -> None:
            for attribute, value in values.items():
                put(record, attribute, value)

        operations: list[Record] = [
            {"op": "remove", "path": attribute}
            if value in ("", [])
            else {"op": "replace", "path": attribute, "value": value}
            for attribute, value in values.items()
        ]
        self._scim.alter(path, operations, rewrite, tried)

    def _put_in(self, member: str, group: str, what: str) -> None:
        def rewrite(record: dict[str, Any]) -> None:
            if member not in members_of(record):
                entries = value_of(record, "members") or []
                put(record, "members", [*entries, {"value": member}])

        operation = {"op": "add", "path": "members", "value": [{"value": member}]}
        path = f"/Groups/{segment(group)}"
        self._scim.alter(path, [operation], rewrite, self._words(what))

    def _take_out(self, member: str, group: str, what: str) -> None:
        def rewrite(record: dict[str, Any]) -> None:
            entries = value_of(record, "members") or []
            put(record, "members", [entry for entry in entries if member_id(entry) != member])

        path, tried = f"/Groups/{segment(group)}", self._words(what)
        # Never `remove members` with a list of values: a server that ignores the list empties the
        # group. One that does not understand the filter gets the whole group back instead.
        operation = {"op": "remove", "path": f"members[{equals('value', member)}]"}
        try:
            self._scim.alter(path, [operation], rewrite, tried)
        except NotThere:
            return  # the group is gone, and with it the membership
        except Refused as refused:
            if refused.code == "noTarget":
                return  # the user was not in the group
            if refused.code not in ("invalidPath", "invalidFilter"):
                raise
            self._scim.rewrite(path, rewrite, tried)

    def _groups(self) -> list[Record] | None:
        """Return all groups, ``None`` if the server has no such thing."""
        try:
            return list(self._scim.pages("/Groups", self._words("list the groups")))
        except NotThere:
            return None

    def _groups_called(self, name: str) -> list[NativeRole]:
        """Return the groups of exactly this name: servers compare it without regard to case."""
        tried = self._words(f"look up group {name}")
        try:
            groups = list(self._scim.pages("/Groups", tried, filter=equals("displayName", name)))
        except NotThere:
            return []
        except Refused as refused:
            if refused.code != "invalidFilter" and refused.status != 501:
                raise
            groups = self._groups() or []
        return [
            NativeRole(id=text_of(group, "id"), name=name)
            for group in groups
            if text_of(group, "displayName") == name and text_of(group, "id")
        ]


def _named(record: Record, name: str) -> bool:
    """Tell whether a record has what identifies it."""
    return bool(text_of(record, "id") and text_of(record, name).strip())


def _login(user: Record) -> str:
    return MANIFEST.normal_login(text_of(user, "userName"))


def _membership(user: Record, roles: frozenset[str] | Unknown) -> Membership:
    active = truth_of(value_of(user, "active"))
    attributes: dict[str, Attribute] = {"active": active}
    for name, path in PATHS.items():
        value: Any = user
        for part in path.split("."):
            value = value_of(value, part) if isinstance(value, Mapping) else None
        if isinstance(value, str) and name != "active":
            attributes[name] = value
    email = email_of(user)
    if email:
        attributes["email"] = email
    return Membership(
        id=text_of(user, "id"),
        login=_login(user),
        email=email,
        status=Status.ACTIVE if active else Status.DEACTIVATED,
        roles=roles,
        attributes=attributes,
    )


def _otherwise(user: Record, wish: Wish) -> bool:
    """Tell whether a user has something else than is wished, and does not merely lack it."""
    if value_of(user, "groups"):
        return True
    changes = difference(_membership(user, UNKNOWN), wish)
    return any(change.live not in (None, "") for change in changes)


def _strangers(groups: Iterable[Record], known: Collection[str]) -> list[str]:
    """Return a sentence for each group with members that are no listed users."""
    found = []
    for group in groups:
        strange = sum(member not in known for member in members_of(group))
        if strange:
            name = text_of(group, "displayName")
            found.append(
                f"group {name} has {strange} members that are no listed users "
                "(other groups, guests, or users that were removed)"
            )
    return found
