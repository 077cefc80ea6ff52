"""What a SCIM service stores and how it shows it, and the administrator's side door to it.

Switches and their sources: sheet scim.md ([S] and [D] for what vendors do).
"""

import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field
from scim2_models import (
    Context,
    EnterpriseUser,
    Group,
    InvalidValueException,
    Required,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    UniquenessException,
    User,
)

from pulumi_martech.sandbox.store import Doc, Edges, Objects, Row
from pulumi_martech.sandbox.tenant import Credentials, Dialect, Tenant, now

_ALWAYS = {"schemas", "id"}
_USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
TOLERANT = ScimPolicy(unknown=ScimPolicy.Unknown.keep)
"""How stored resources are read back: whatever was accepted once is kept."""


class Kind(NamedTuple):
    """A resource type: its endpoint, its name, its model, and what names a resource."""

    endpoint: str
    name: str
    model: Any
    natural: str


def _provider() -> ScimProvider:
    """Return what the service serves, from published schemas: an e-mail is any string there."""
    published = ScimProvider(models=[User, EnterpriseUser, Group]).schemas
    schemas = [schema.model_copy(deep=True) for schema in published]
    for attribute in (one for schema in schemas for one in schema.attributes or ()):
        if attribute.name == "manager":  # a bare value will do [R]
            for part in attribute.sub_attributes or ():
                part.required = Required.false
    user = ResourceType.from_resource(User[EnterpriseUser])
    user.description = "User Account"
    return ScimProvider.from_discovery(schemas, [user, ResourceType.from_resource(Group)])


PROVIDER = _provider()
USERS = Kind("Users", "User", PROVIDER.model_for("User"), "userName")
GROUPS = Kind("Groups", "Group", PROVIDER.model_for("Group"), "displayName")


class ScimDialect(Dialect):
    """How this service deviates from the RFCs; the defaults do not."""

    patch: bool = Field(True, description="False: no PATCH at all (Braze [S]).")
    patch_status: Literal[200, 204] = Field(200, description="204: PATCH has no body.")
    no_op_patch: bool = Field(False, description="PATCH is accepted and ignored (Contentful [D]).")
    empty_resources: bool = Field(True, description="False: no Resources when there are none.")
    user_groups: bool = Field(True, description="False: users do not show their groups.")
    member_details: bool = Field(True, description="False: members are bare values.")
    remove_members_by_value: bool = Field(
        False, description="True: Entra's old form of removing members is accepted [R]."
    )
    unmatched_filter_creates: bool = Field(
        False, description="True: adding to what a path's filter does not match creates it."
    )
    booleans: Literal["json", "string"] = Field(
        "json", description='string: "True" and "False" (old Entra [D]).'
    )
    delete: Literal["hard", "soft"] = Field(
        "hard", description="soft: DELETE deactivates, the name stays taken (Salesforce, Slack)."
    )
    deactivated: Literal["listed", "hidden"] = Field(
        "listed", description="hidden: deactivated users are gone from listings (Figma, Canva)."
    )
    create_existing: Literal["409", "200"] = Field(
        "409", description="200: creating what exists answers what exists (Braze [S])."
    )
    no_match: Literal["empty", "404"] = Field(
        "empty", description="404: a filter that matches nothing is an error (Braze)."
    )
    numeric_status: bool = Field(False, description="True: status of errors is a number (Braze).")
    lower_case: bool = Field(False, description="True: userName is stored in lower case.")
    filters: Literal["all", "eq"] = Field(
        "all", description="eq: only userName, externalId, displayName and id with eq."
    )
    unknown_attributes: Literal["forbid", "ignore", "keep"] = Field(
        "forbid", description="ignore: dropped without a word; keep: stored and echoed."
    )
    unknown_members: Literal["accept", "drop", "refuse"] = Field(
        "accept", description="What becomes of members that do not exist; scim2-server accepts."
    )
    unique_groups: bool = Field(False, description="True: 409 for a second group of a name.")
    operations: Literal["any", "capitalised"] = Field(
        "any", description="capitalised: only Add, Replace and Remove (Miro [S])."
    )
    default_active: bool = Field(False, description="True: users are created active.")
    etag: bool = Field(True, description="False: no versions, If-Match is ignored.")
    me: str = Field("", description="userName that /Me stands for; empty: 501.")


class ScimDirectory(Tenant):
    """The users and groups of a SCIM service; its roles are the groups."""

    platform: ClassVar[str] = "scim"
    dialect_model = ScimDialect
    api_path: ClassVar[str] = "/scim/v2"
    side_door: ClassVar[tuple[str, ...]] = (
        "add_user", "add_users", "change_user", "remove_user", "users", "add_group", "add_role",
        "rename_role", "remove_role", "roles", "members", "set_members",
    )  # fmt: skip
    dialect: ScimDialect

    def prepare(self) -> None:
        """Nothing is there at first; the token belongs to nobody in the directory."""
        self.edges = Edges(self.store, self.key)
        self.stored = {
            kind.endpoint: Objects(self.store, self.key, kind.endpoint) for kind in (USERS, GROUPS)
        }
        self.stored_users, self.stored_groups = self.stored["Users"], self.stored["Groups"]

    @property
    def credentials(self) -> Credentials:
        """The token that may read and write."""
        return Credentials(token=self.secret("token"))

    @property
    def read_credentials(self) -> Credentials:
        """A token that may only read: writing with it answers 403."""
        return Credentials(token=self.secret("read token"))

    def add_user(self, login: str, *, roles: Iterable[str] = (), **attributes: Any) -> str:
        """Add a user by hand; ``attributes`` as SCIM names them. Returns its id."""
        with self.store.transaction():
            (id_,) = self.add_users([{"userName": login} | attributes])
            for role in roles:
                group = self._group(role)
                self.edges.put(group, self.edges.children(group) | {id_: ""})
        return id_

    def add_users(self, users: Iterable[Doc]) -> list[str]:
        """Add many users by hand, quickly; each as SCIM writes it. Returns their ids."""
        with self.store.transaction():
            rows = []
            for user in users:
                version = f'W/"{self.store.next_number(self.key, "version")}"'
                at = now()
                doc: Doc = {"schemas": [_USER_SCHEMA], "active": True} | user
                meta = {"created": at, "lastModified": at, "version": version}
                doc["meta"] = {"resourceType": "User"} | meta
                name, alias = folded(doc["userName"]), doc.get("externalId", "")
                rows.append(Row(uuid.uuid4().hex, doc, name, alias))
            self.stored_users.add(*rows)
        return [row.id for row in rows]

    def change_user(
        self, login: str, *, roles: Iterable[str] | None = None, **attributes: Any
    ) -> None:
        """Change a user by hand; ``None`` takes an attribute away, ``roles`` is the whole set."""
        with self.store.transaction():
            id_ = self._user(login)
            doc = (self.stored_users.get(id_) or {}) | attributes
            self._save(USERS, id_, {k: v for k, v in doc.items() if v is not None}, None)
            if roles is not None:
                wanted = {self._group(role) for role in roles}
                for group in set(self.edges.parents([id_]).get(id_, [])) | wanted:
                    members = self.edges.children(group)
                    members.pop(id_, None)
                    self.edges.put(group, members | ({id_: ""} if group in wanted else {}))

    def remove_user(self, login: str) -> None:
        """Remove a user by hand, from groups too."""
        with self.store.transaction():
            self._drop(USERS, self._user(login))

    def users(self) -> dict[str, Doc]:
        """Return all users as the API would show them, by userName."""
        shown = self._render(self.url, USERS, self.stored_users.page(), None)
        return {user["userName"]: user for user in shown}

    def add_role(self, name: str, members: Iterable[str] = ()) -> str:
        """Add a group by hand, with the users of these logins; returns its id."""
        with self.store.transaction():
            id_ = uuid.uuid4().hex
            ids = [{"value": self._user(login)} for login in members]
            sent = {"schemas": [_GROUP_SCHEMA], "displayName": name, "members": ids}
            self._save(GROUPS, id_, sent, None)
        return id_

    add_group = add_role

    def rename_role(self, name: str, new_name: str) -> None:
        """Rename a group by hand."""
        with self.store.transaction():
            id_ = self._group(name)
            members = [{"value": member} for member in self.edges.children(id_)]
            doc = self.stored_groups.get(id_) or {}
            self._save(GROUPS, id_, doc | {"displayName": new_name, "members": members}, None)

    def remove_role(self, name: str) -> None:
        """Remove a group by hand."""
        with self.store.transaction():
            self._drop(GROUPS, self._group(name))

    def roles(self) -> list[str]:
        """Return the names of all groups."""
        return [doc["displayName"] for doc in self.stored_groups.page().values()]

    def members(self, role: str) -> list[str]:
        """Return the logins of a group's users."""
        users = self.stored_users.many(self.edges.children(self._group(role)))
        return sorted(doc["userName"] for doc in users.values())

    def set_members(self, role: str, logins: Iterable[str]) -> None:
        """Make these the members of a group, by hand."""
        with self.store.transaction():
            self.edges.put(self._group(role), {self._user(login): "" for login in logins})

    def _user(self, login: str) -> str:
        return self._only(USERS, login)

    def _group(self, name: str) -> str:
        return self._only(GROUPS, name)

    def _only(self, kind: Kind, name: str) -> str:
        found = self.stored[kind.endpoint].named(folded(name))
        if not found:
            raise ValueError(f"tenant {self.key} has no {kind.name.lower()} {name!r}")
        return next(iter(found))

    def _taken(self, kind: Kind, sent: Doc, own: str = "") -> str | None:
        """Return the id of another resource with the same natural key, where that matters."""
        if kind is GROUPS and not self.dialect.unique_groups:
            return None
        named = self.stored[kind.endpoint].named(folded(sent.get(kind.natural, "")))
        return next((id_ for id_ in named if id_ != own), None)

    def _save(self, kind: Kind, id_: str, sent: Doc, taken: str | None) -> None:
        """Store a resource, new or not; raises if its natural key is ``taken``."""
        if taken:
            raise UniquenessException
        objects = self.stored[kind.endpoint]
        known = objects.get(id_)
        doc = {k: v for k, v in sent.items() if k not in ("id", "meta", "groups", "members")}
        if kind is USERS and self.dialect.lower_case:
            doc["userName"] = doc["userName"].lower()
        created = known["meta"]["created"] if known else now()
        version = f'W/"{self.store.next_number(self.key, "version")}"'
        doc["meta"] = {
            "resourceType": kind.name,
            "created": created,
            "lastModified": now(),
            "version": version,
        }
        store = objects.put if known else objects.add
        store(Row(id_, doc, folded(doc.get(kind.natural, "")), doc.get("externalId", "")))
        if kind is GROUPS:
            self.edges.put(id_, self._existing(sent.get("members", [])))

    def _existing(self, members: Iterable[Doc]) -> dict[str, str]:
        """Return the members that are kept, with the ``display`` a client gave them."""
        sent = {member["value"]: member.get("display", "") for member in members}
        if self.dialect.unknown_members == "accept":
            return sent
        there = self.stored_users.many(sent) | self.stored_groups.many(sent)
        missing = [id_ for id_ in sent if id_ not in there]
        if missing and self.dialect.unknown_members == "refuse":
            raise InvalidValueException(detail=f"Member {missing[0]!r} does not exist")
        return {id_: note for id_, note in sent.items() if id_ in there}

    def _drop(self, kind: Kind, id_: str) -> None:
        self.stored[kind.endpoint].remove(id_)
        self.edges.remove(id_)

    def _render(self, root: str, kind: Kind, docs: Mapping[str, Doc], shape: Any) -> list[Doc]:
        """Return stored resources as a client sees them; ``shape`` holds what it asked for."""
        asked = _names(shape.attributes) if shape is not None else None
        excluded = (_names(shape.excluded_attributes) if shape is not None else None) or set()
        base = f"{root}{self.api_path}"
        shown = [complete(id_, doc) for id_, doc in docs.items()]
        for resource in shown:
            resource["meta"]["location"] = f"{base}/{kind.endpoint}/{resource['id']}"
            if not self.dialect.etag:
                resource["meta"].pop("version")
            if self.dialect.booleans == "string" and "active" in resource:
                resource["active"] = str(resource["active"])
        if kind is USERS and self.dialect.user_groups:
            self._show_groups(base, shown)
        if kind is GROUPS and "members" not in excluded and asked in (None, asked or {"members"}):
            self._show_members(base, shown)
        return [self._cut_to_shape(kind, resource, shape, asked, excluded) for resource in shown]

    @staticmethod
    def _cut_to_shape(
        kind: Kind, resource: Doc, shape: Any, asked: set[str] | None, excluded: set[str]
    ) -> Doc:
        if asked is None and not excluded:
            return resource
        if any("." in name or ":" in name for name in (asked or excluded)):
            model = kind.model.model_validate(resource, scim_policy=TOLERANT)
            dump: Doc = model.model_dump(
                scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=shape
            )
            return dump
        if asked is not None:
            kept = {k: v for k, v in resource.items() if k in _ALWAYS or k.lower() in asked}
            # An extension none of whose attributes is shown is not named either.
            kept["schemas"] = [
                s for s in resource["schemas"] if s == kept["schemas"][0] or s in kept
            ]
            return kept
        return {k: v for k, v in resource.items() if k in _ALWAYS or k.lower() not in excluded}

    def _show_groups(self, base: str, users: list[Doc]) -> None:
        parents = self.edges.parents([user["id"] for user in users])
        groups = self.stored_groups.many(list({p for found in parents.values() for p in found}))
        for user in users:
            held = [
                {
                    "value": id_,
                    "$ref": f"{base}/Groups/{id_}",
                    "display": groups[id_]["displayName"],
                    "type": "direct",
                }
                for id_ in parents.get(user["id"], ())
                if id_ in groups
            ]
            if held:
                user["groups"] = held

    def _show_members(self, base: str, groups: list[Doc]) -> None:
        for group in groups:
            children = self.edges.children(group["id"])
            users, nested = {}, {}
            if self.dialect.member_details:
                users = self.stored_users.many(children)
                nested = self.stored_groups.many(children)
            members = []
            for id_, note in children.items():
                member: Doc = {"value": id_}
                if id_ in users:
                    display = users[id_].get("displayName") or users[id_]["userName"]
                    member |= {"$ref": f"{base}/Users/{id_}", "display": display, "type": "User"}
                elif id_ in nested:
                    display = nested[id_]["displayName"]
                    member |= {"$ref": f"{base}/Groups/{id_}", "display": display, "type": "Group"}
                if note:
                    member["display"] = note
                members.append(member)
            if members:
                group["members"] = members


def folded(name: str) -> str:
    """Return a name in the form it is compared in."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def complete(id_: str, doc: Doc) -> Doc:
    """Return a stored resource with its id; what is changed in ``meta`` stays in the copy."""
    return doc | {"id": id_, "meta": dict(doc["meta"])}


def _names(paths: Iterable[Any] | None) -> set[str] | None:
    return {str(path).lower() for path in paths} if paths else None
