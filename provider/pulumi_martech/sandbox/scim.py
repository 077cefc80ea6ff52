"""SCIM 2.0 as RFC 7643 and 7644 say and as scim2-server does it; switches for what others do.

Facts: sheet scim.md ([R] for scim2-server 0.8.3, [S] and [D] for the deviations). Parsing,
validation, filters and the application of PATCH are scim2-models' work.
"""

import json
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field, ValidationError
from scim2_models import (
    Context,
    EnterpriseUser,
    Error,
    ForbiddenException,
    Group,
    InvalidFilterException,
    InvalidValueException,
    NotFoundException,
    NotImplementedException,
    PatchOp,
    PreconditionFailedException,
    ResourceType,
    ResponseParameters,
    SCIMException,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    UnauthorizedException,
    UniquenessException,
    User,
)
from scim2_models.path import CompareOperator, Comparison, LogicalExpr
from scim2_models.path.expressions import LogicalOperator

from pulumi_martech.sandbox.store import Doc, Edges, Objects, Row
from pulumi_martech.sandbox.tenant import (
    Answer,
    Call,
    Credentials,
    Dialect,
    Handler,
    Routes,
    Tenant,
    now,
)

_SEARCH = (
    "attributes",
    "excludedAttributes",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
)
_ALWAYS = {"schemas", "id"}
_USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
_GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"


class _Kind(NamedTuple):
    """A resource type: its endpoint, its name, its model, and what names a resource."""

    endpoint: str
    name: str
    model: Any
    natural: str


def _provider() -> ScimProvider:
    """Return what the service serves, from published schemas: an e-mail is any string there."""
    schemas = ScimProvider(models=[User, EnterpriseUser, Group]).schemas
    user = ResourceType.from_resource(User[EnterpriseUser])
    user.description = "User Account"
    return ScimProvider.from_discovery(schemas, [user, ResourceType.from_resource(Group)])


_PROVIDER = _provider()
_USERS = _Kind("Users", "User", _PROVIDER.model_for("User"), "userName")
_GROUPS = _Kind("Groups", "Group", _PROVIDER.model_for("Group"), "displayName")


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


class ScimTenant(Tenant):
    """A SCIM service. Its roles are groups."""

    platform: ClassVar[str] = "scim"
    dialect_model = ScimDialect
    api_path: ClassVar[str] = "/scim/v2"
    routes: ClassVar[Routes] = Routes()
    side_door: ClassVar[tuple[str, ...]] = (
        "add_user", "add_users", "change_user", "remove_user", "users", "add_group", "add_role",
        "rename_role", "remove_role", "roles", "members", "set_members",
    )  # fmt: skip
    dialect: ScimDialect

    def prepare(self) -> None:
        """Nothing is there at first; the token belongs to nobody in the directory."""
        self._edges = Edges(self.store, self.key)
        self._objects = {
            kind.endpoint: Objects(self.store, self.key, kind.endpoint)
            for kind in (_USERS, _GROUPS)
        }
        self._users, self._groups = self._objects["Users"], self._objects["Groups"]

    @property
    def credentials(self) -> Credentials:
        """The token that may read and write."""
        return Credentials(token=self.secret("token"))

    @property
    def read_credentials(self) -> Credentials:
        """A token that may only read: writing with it answers 403."""
        return Credentials(token=self.secret("read token"))

    # -- the API ----------------------------------------------------------

    def answer(self, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        """Answer a request in SCIM's way, errors included."""
        policy = ScimPolicy(
            unknown=ScimPolicy.Unknown(self.dialect.unknown_attributes),
            remove_value_as_filter=ScimPolicy.RemoveValue(
                "apply" if self.dialect.remove_members_by_value else "forbid"
            ),
            unmatched_path_filter=ScimPolicy.UnmatchedPathFilter(
                "create" if self.dialect.unmatched_filter_creates else "forbid"
            ),
        )
        try:
            with policy:
                if not call.path.startswith(_DISCOVERY):
                    self._admit(call)
                if not handlers:
                    name = call.path.removeprefix(self.api_path).strip("/").split("/")[0]
                    raise NotFoundException(detail=f"No resource type found at {name!r}")
                if call.method not in handlers:
                    answer = self._error(405, "The endpoint does not support this method")
                    answer.headers["Allow"] = ", ".join(sorted(handlers))
                    return answer
                return handlers[call.method](self, call)
        except ValidationError as error:
            said = Error.from_validation_errors(error)[0]
            return self._error(said.status or 400, said.detail or "", said.scim_type or "")
        except SCIMException as error:
            answer = self._error(error.status, str(error), error.scim_type)
            if error.status == 401:
                answer.headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'
            return answer

    def failure(self, status: int) -> Answer:
        """Return a SCIM error for a failure of the service itself."""
        return self._error(status, "The service is not able to answer now")

    def _error(self, status: int, detail: str, scim_type: str = "") -> Answer:
        body: Doc = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": status if self.dialect.numeric_status else str(status),
        }
        if scim_type:
            body["scimType"] = scim_type
        return self._answer(status, body | {"detail": detail})

    @staticmethod
    def _answer(status: int, body: Doc | None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        return Answer(status, body, sent, "application/scim+json")

    def _admit(self, call: Call) -> None:
        if call.bearer() not in (self.credentials.token, self.read_credentials.token):
            raise UnauthorizedException
        if call.method != "GET" and call.bearer() == self.read_credentials.token:
            raise ForbiddenException(
                detail="The token may not write: it lacks the right users:write"
            )

    def _read(self, call: Call, model: Any, context: Context) -> Any:
        """Return the body of a request as a model."""
        sent = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent and sent != "application/json" and not sent.endswith("+json"):
            refusal = SCIMException(detail="The request body must be application/scim+json")
            refusal.status = 415
            raise refusal
        return model.model_validate_json(call.body, scim_ctx=context)

    # -- listing ----------------------------------------------------------

    def _list(self, call: Call, kind: _Kind) -> Answer:
        asked = {name: call.query[name] for name in _SEARCH if name in call.query}
        request = SearchRequest[kind.model].model_validate(  # type: ignore[name-defined]
            asked, scim_ctx=Context.SEARCH_REQUEST
        )
        start = max(request.start_index or 1, 1)
        cap = self.dialect.page_cap
        count = cap if request.count is None else min(request.count, cap)
        objects = self._objects[kind.endpoint]
        hidden = self.dialect.deactivated == "hidden" and kind is _USERS
        found: dict[str, Doc] | None = None
        if request.filter is not None or request.sort_by is not None or hidden:
            found = self._matching(call, kind, request, hidden)
        total = objects.count() if found is None else len(found)
        if request.filter is not None and total == 0 and self.dialect.no_match == "404":
            raise NotFoundException(detail=f"{kind.name} not found")
        if call.keep is not None:
            total = min(total, call.keep)
            count = max(0, min(count, total - start + 1))
        offset = (start - 1) % max(total, 1) if call.endless else start - 1
        if found is None:
            page = objects.page(offset, count)
        else:
            page = dict(list(found.items())[offset : offset + count])
        resources = self._render(call.root, kind, page, request)
        body: Doc = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": start + total if call.endless else total,
            "startIndex": start,
            "itemsPerPage": len(resources),
        }
        if resources or self.dialect.empty_resources:
            body["Resources"] = resources
        return self._answer(200, body)

    def _matching(self, call: Call, kind: _Kind, request: Any, hidden: bool) -> dict[str, Doc]:
        """Return what a filter matches, in the order asked for."""
        candidates = self._candidates(kind, request.filter.ast) if request.filter else None
        if candidates is None:
            candidates = self._objects[kind.endpoint].page()
        if hidden:
            candidates = {i: doc for i, doc in candidates.items() if doc.get("active", True)}
        rendered = self._render(call.root, kind, candidates, None)
        models = {
            resource["id"]: kind.model.model_validate(resource, scim_policy=_TOLERANT)
            for resource in rendered
        }
        ids = [i for i in candidates if request.filter is None or request.filter.match(models[i])]
        if request.sort_by is not None:
            # What has no value comes last in either order, as with scim2-server.
            values = {i: request.sort_value(models[i]) for i in ids}
            down = request.sort_order == SearchRequest.SortOrder.descending
            with_value = sorted((i for i in ids if values[i] is not None), key=values.__getitem__)
            without = [i for i in ids if values[i] is None]
            ids = (with_value[::-1] if down else with_value) + without
        return {i: candidates[i] for i in ids}

    def _candidates(self, kind: _Kind, node: Any) -> dict[str, Doc] | None:
        """Return the objects that an ``eq`` on a natural key leaves, ``None`` if there is none."""
        if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
            return next(
                (c for term in node.terms if (c := self._candidates(kind, term)) is not None), None
            )
        if not isinstance(node, Comparison) or node.op != CompareOperator.eq:
            if self.dialect.filters == "eq":
                raise InvalidFilterException(detail="Only the operator eq is supported")
            return None
        objects = self._objects[kind.endpoint]
        name, value = str(node.attr_path).rpartition(":")[2].lower(), str(node.value)
        if name == kind.natural.lower():
            return objects.named(_folded(value))
        if name == "externalid":
            return objects.aliased(value)
        if name == "id":
            return objects.many([value])
        if self.dialect.filters == "eq":
            raise InvalidFilterException(detail=f"Filtering by {name} is not supported")
        return None

    # -- one resource -----------------------------------------------------

    def _get(self, call: Call, kind: _Kind) -> Answer:
        shape = self._shape(call, kind)
        return self._one(call, kind, call.parts["id"], shape)

    @staticmethod
    def _shape(call: Call, kind: _Kind) -> Any:
        asked = {n: call.query[n] for n in ("attributes", "excludedAttributes") if n in call.query}
        return ResponseParameters[kind.model].model_validate(asked)  # type: ignore[name-defined]

    def _one(self, call: Call, kind: _Kind, id_: str, shape: Any, status: int = 200) -> Answer:
        """Return one resource as an answer, with ETag, and Location if it is new."""
        doc = self._stored(kind, id_)
        (resource,) = self._render(call.root, kind, {id_: doc}, shape)
        location = f"{call.root}{self.api_path}/{kind.endpoint}/{id_}" if status == 201 else ""
        etag = doc["meta"]["version"] if self.dialect.etag else ""
        return self._answer(status, resource, Location=location, ETag=etag)

    def _stored(self, kind: _Kind, id_: str) -> Doc:
        doc = self._objects[kind.endpoint].get(id_)
        if doc is None:
            raise NotFoundException(detail=f"{kind.name} {id_!r} not found")
        return doc

    def _create(self, call: Call, kind: _Kind) -> Answer:
        resource = self._read(call, kind.model, Context.RESOURCE_CREATION_REQUEST)
        sent = resource.model_dump(scim_ctx=Context.RESOURCE_CREATION_RESPONSE)
        if self.dialect.default_active and kind is _USERS:
            sent.setdefault("active", True)
        taken = self._taken(kind, sent)
        if taken and self.dialect.create_existing == "200":
            return self._one(call, kind, taken, None)
        id_ = uuid.uuid4().hex
        self._save(kind, id_, sent, taken)
        return self._one(call, kind, id_, None, 201)

    def _replace(self, call: Call, kind: _Kind) -> Answer:
        id_ = call.parts["id"]
        current, doc = self._current(call, kind, id_)
        wanted = self._read(call, kind.model, Context.RESOURCE_REPLACEMENT_REQUEST)
        self._check_version(call, doc)
        if wanted.replace(current):
            sent = wanted.model_dump(scim_ctx=Context.RESOURCE_REPLACEMENT_RESPONSE)
            self._save(kind, id_, sent, self._taken(kind, sent, id_))
        return self._one(call, kind, id_, self._shape(call, kind))

    def _patch(self, call: Call, kind: _Kind) -> Answer:
        if not self.dialect.patch:
            raise NotImplementedException(detail="PATCH is not supported")
        id_ = call.parts["id"]
        operations = self._read(call, PatchOp[kind.model], Context.RESOURCE_PATCH_REQUEST)  # type: ignore[name-defined]
        if self.dialect.operations == "capitalised":
            self._check_spelling(call)
        current, doc = self._current(call, kind, id_)
        self._check_version(call, doc)
        if not self.dialect.no_op_patch and operations.patch(current):
            sent = current.model_dump(scim_ctx=Context.RESOURCE_PATCH_RESPONSE)
            self._save(kind, id_, sent, self._taken(kind, sent, id_))
        answer = self._one(call, kind, id_, self._shape(call, kind))
        if self.dialect.patch_status == 204 and not set(_SEARCH) & set(call.query):
            answer.status, answer.body = 204, None
        return answer

    def _delete(self, call: Call, kind: _Kind) -> Answer:
        id_ = call.parts["id"]
        doc = self._stored(kind, id_)
        self._check_version(call, doc)
        if self.dialect.delete == "soft" and kind is _USERS:
            self._save(kind, id_, doc | {"active": False}, None)
        else:
            self._drop(kind, id_)
        return self._answer(204, None)

    def _drop(self, kind: _Kind, id_: str) -> None:
        self._objects[kind.endpoint].remove(id_)
        self._edges.remove(id_)

    def _me(self, call: Call) -> Answer:
        if not self.dialect.me:
            raise NotImplementedException(detail="/Me is not supported")
        owner = self._users.named(_folded(self.dialect.me))
        if not owner:
            raise NotFoundException(detail="The token's owner has no User")
        id_ = next(iter(owner))
        answer = self._one(call, _USERS, id_, None)
        answer.headers["Location"] = f"{call.root}{self.api_path}/Users/{id_}"
        return answer

    def _current(self, call: Call, kind: _Kind, id_: str) -> tuple[Any, Doc]:
        """Return a stored resource as a model, members included, and as it is stored."""
        doc = self._stored(kind, id_)
        resource = _complete(id_, doc)
        if kind is _GROUPS and (children := self._edges.children(id_)):
            resource["members"] = [{"value": child} for child in children]
        return kind.model.model_validate(resource, scim_policy=_TOLERANT), doc

    def _check_version(self, call: Call, doc: Doc) -> None:
        wanted = call.headers.get("if-match")
        if wanted is None or wanted.strip() == "*" or not self.dialect.etag:
            return
        tags = [tag.strip().removeprefix("W/") for tag in wanted.split(",")]
        if doc["meta"]["version"].removeprefix("W/") not in tags:
            raise PreconditionFailedException

    @staticmethod
    def _check_spelling(call: Call) -> None:
        for operation in json.loads(call.body).get("Operations", []):
            if operation.get("op") not in ("Add", "Replace", "Remove"):
                raise InvalidValueException(detail=f"op {operation.get('op')!r} is not supported")

    # -- storing and showing ----------------------------------------------

    def _taken(self, kind: _Kind, sent: Doc, own: str = "") -> str | None:
        """Return the id of another resource with the same natural key, where that matters."""
        if kind is _GROUPS and not self.dialect.unique_groups:
            return None
        named = self._objects[kind.endpoint].named(_folded(sent.get(kind.natural, "")))
        return next((id_ for id_ in named if id_ != own), None)

    def _save(self, kind: _Kind, id_: str, sent: Doc, taken: str | None) -> None:
        """Store a resource, new or not; raises if its natural key is ``taken``."""
        if taken:
            raise UniquenessException
        objects = self._objects[kind.endpoint]
        known = objects.get(id_)
        doc = {k: v for k, v in sent.items() if k not in ("id", "meta", "groups", "members")}
        if kind is _USERS and self.dialect.lower_case:
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
        store(Row(id_, doc, _folded(doc.get(kind.natural, "")), doc.get("externalId", "")))
        if kind is _GROUPS:
            self._edges.put(id_, self._existing([m["value"] for m in sent.get("members", [])]))

    def _existing(self, members: Sequence[str]) -> Sequence[str]:
        """Return the members that are kept."""
        if self.dialect.unknown_members == "accept":
            return members
        there = self._users.many(members) | self._groups.many(members)
        if self.dialect.unknown_members == "refuse" and len(there) < len(set(members)):
            missing = next(m for m in members if m not in there)
            raise InvalidValueException(detail=f"Member {missing!r} does not exist")
        return [member for member in members if member in there]

    def _render(self, root: str, kind: _Kind, docs: Mapping[str, Doc], shape: Any) -> list[Doc]:
        """Return stored resources as a client sees them; ``shape`` holds what it asked for."""
        asked = _names(shape.attributes) if shape is not None else None
        excluded = (_names(shape.excluded_attributes) if shape is not None else None) or set()
        base = f"{root}{self.api_path}"
        shown = [_complete(id_, doc) for id_, doc in docs.items()]
        for resource in shown:
            resource["meta"]["location"] = f"{base}/{kind.endpoint}/{resource['id']}"
            if not self.dialect.etag:
                resource["meta"].pop("version")
            if self.dialect.booleans == "string" and "active" in resource:
                resource["active"] = str(resource["active"])
        if kind is _USERS and self.dialect.user_groups:
            self._show_groups(base, shown)
        if kind is _GROUPS and "members" not in excluded and asked in (None, asked or {"members"}):
            self._show_members(base, shown)
        return [self._cut_to_shape(kind, resource, shape, asked, excluded) for resource in shown]

    @staticmethod
    def _cut_to_shape(
        kind: _Kind, resource: Doc, shape: Any, asked: set[str] | None, excluded: set[str]
    ) -> Doc:
        if asked is None and not excluded:
            return resource
        if any("." in name or ":" in name for name in (asked or excluded)):
            model = kind.model.model_validate(resource, scim_policy=_TOLERANT)
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
        parents = self._edges.parents([user["id"] for user in users])
        groups = self._groups.many(list({p for found in parents.values() for p in found}))
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
            children = self._edges.children(group["id"])
            members: list[Doc] = [{"value": child} for child in children]
            if self.dialect.member_details:
                users, nested = self._users.many(children), self._groups.many(children)
                for member in members:
                    if doc := users.get(member["value"]):
                        display, endpoint, kind = doc.get("displayName"), "Users", "User"
                        display = display or doc["userName"]
                    elif doc := nested.get(member["value"]):
                        display, endpoint, kind = doc["displayName"], "Groups", "Group"
                    else:
                        continue
                    member["$ref"] = f"{base}/{endpoint}/{member['value']}"
                    member |= {"display": display, "type": kind}
            if members:
                group["members"] = members

    # -- discovery --------------------------------------------------------

    def _discover(self, call: Call, what: str) -> Answer:
        if "filter" in call.query:
            raise ForbiddenException(detail="Discovery endpoints do not support filtering")
        base = f"{call.root}{self.api_path}/{what}"
        if what == "ServiceProviderConfig":
            return self._answer(200, self._config(base))
        known = _PROVIDER.resource_types if what == "ResourceTypes" else _PROVIDER.schemas
        shown = []
        for item in known:
            body = item.model_dump()
            meta = {"resourceType": what.removesuffix("s"), "location": f"{base}/{item.id}"}
            shown.append(body | {"meta": meta})
        if "id" in call.parts:
            for body in shown:
                if body["id"] == call.parts["id"]:
                    return self._answer(200, body)
            title = "Schema" if what == "Schemas" else "Resource type"
            raise NotFoundException(detail=f"{title} {call.parts['id']!r} not found")
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": len(shown),
            "startIndex": 1,
            "itemsPerPage": len(shown),
            "Resources": shown,
        }
        return self._answer(200, body)

    def _config(self, location: str) -> Doc:
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "meta": {"resourceType": "ServiceProviderConfig", "location": location},
            "patch": {"supported": self.dialect.patch},
            "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": True, "maxResults": self.dialect.page_cap},
            "changePassword": {"supported": False},
            "sort": {"supported": True},
            "etag": {"supported": self.dialect.etag},
            "authenticationSchemes": [
                {
                    "type": "oauthbearertoken",
                    "name": "bearer_token",
                    "description": "HTTP Bearer Token",
                    "specUri": "https://datatracker.ietf.org/doc/html/rfc6750",
                }
            ],
        }

    # -- the side door ----------------------------------------------------

    def add_user(self, login: str, *, roles: Iterable[str] = (), **attributes: Any) -> str:
        """Add a user by hand; ``attributes`` as SCIM names them. Returns its id."""
        with self.store.transaction():
            (id_,) = self.add_users([{"userName": login} | attributes])
            for role in roles:
                group = self._group(role)
                self._edges.put(group, [*self._edges.children(group), id_])
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
                name, alias = _folded(doc["userName"]), doc.get("externalId", "")
                rows.append(Row(uuid.uuid4().hex, doc, name, alias))
            self._users.add(*rows)
        return [row.id for row in rows]

    def change_user(
        self, login: str, *, roles: Iterable[str] | None = None, **attributes: Any
    ) -> None:
        """Change a user by hand; ``None`` takes an attribute away, ``roles`` is the whole set."""
        with self.store.transaction():
            id_ = self._user(login)
            doc = (self._users.get(id_) or {}) | attributes
            self._save(_USERS, id_, {k: v for k, v in doc.items() if v is not None}, None)
            if roles is not None:
                wanted = {self._group(role) for role in roles}
                for group in set(self._edges.parents([id_]).get(id_, [])) | wanted:
                    others = [m for m in self._edges.children(group) if m != id_]
                    self._edges.put(group, others + [id_] * (group in wanted))

    def remove_user(self, login: str) -> None:
        """Remove a user by hand, from groups too."""
        with self.store.transaction():
            self._drop(_USERS, self._user(login))

    def users(self) -> dict[str, Doc]:
        """Return all users as the API would show them, by userName."""
        shown = self._render(self.url, _USERS, self._users.page(), None)
        return {user["userName"]: user for user in shown}

    def add_role(self, name: str, members: Iterable[str] = ()) -> str:
        """Add a group by hand, with the users of these logins; returns its id."""
        with self.store.transaction():
            id_ = uuid.uuid4().hex
            ids = [{"value": self._user(login)} for login in members]
            sent = {"schemas": [_GROUP_SCHEMA], "displayName": name, "members": ids}
            self._save(_GROUPS, id_, sent, None)
        return id_

    add_group = add_role

    def rename_role(self, name: str, new_name: str) -> None:
        """Rename a group by hand."""
        with self.store.transaction():
            id_ = self._group(name)
            members = [{"value": member} for member in self._edges.children(id_)]
            doc = self._groups.get(id_) or {}
            self._save(_GROUPS, id_, doc | {"displayName": new_name, "members": members}, None)

    def remove_role(self, name: str) -> None:
        """Remove a group by hand."""
        with self.store.transaction():
            self._drop(_GROUPS, self._group(name))

    def roles(self) -> list[str]:
        """Return the names of all groups."""
        return [doc["displayName"] for doc in self._groups.page().values()]

    def members(self, role: str) -> list[str]:
        """Return the logins of a group's users."""
        users = self._users.many(self._edges.children(self._group(role)))
        return sorted(doc["userName"] for doc in users.values())

    def set_members(self, role: str, logins: Iterable[str]) -> None:
        """Make these the members of a group, by hand."""
        with self.store.transaction():
            self._edges.put(self._group(role), [self._user(login) for login in logins])

    def _user(self, login: str) -> str:
        return self._only(_USERS, login)

    def _group(self, name: str) -> str:
        return self._only(_GROUPS, name)

    def _only(self, kind: _Kind, name: str) -> str:
        found = self._objects[kind.endpoint].named(_folded(name))
        if not found:
            raise ValueError(f"tenant {self.key} has no {kind.name.lower()} {name!r}")
        return next(iter(found))


_TOLERANT = ScimPolicy(unknown=ScimPolicy.Unknown.keep)
_DISCOVERY = tuple(
    f"{ScimTenant.api_path}/{name}"
    for name in ("ServiceProviderConfig", "ResourceTypes", "Schemas")
)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def _names(paths: Iterable[Any] | None) -> set[str] | None:
    return {str(path).lower() for path in paths} if paths else None


def _complete(id_: str, doc: Doc) -> Doc:
    return doc | {"id": id_, "meta": dict(doc["meta"])}


for _kind in (_USERS, _GROUPS):
    ScimTenant.routes.add(
        f"{ScimTenant.api_path}/{_kind.endpoint}",
        GET=partial(ScimTenant._list, kind=_kind),
        POST=partial(ScimTenant._create, kind=_kind),
    )
    ScimTenant.routes.add(
        f"{ScimTenant.api_path}/{_kind.endpoint}/{{id}}",
        GET=partial(ScimTenant._get, kind=_kind),
        PUT=partial(ScimTenant._replace, kind=_kind),
        PATCH=partial(ScimTenant._patch, kind=_kind),
        DELETE=partial(ScimTenant._delete, kind=_kind),
    )
for _path in _DISCOVERY:
    _what = _path.rpartition("/")[2]
    ScimTenant.routes.add(_path, GET=partial(ScimTenant._discover, what=_what))
    ScimTenant.routes.add(_path + "/{id}", GET=partial(ScimTenant._discover, what=_what))
ScimTenant.routes.add(f"{ScimTenant.api_path}/Me", GET=ScimTenant._me)
