"""SCIM 2.0 as RFC 7643 and 7644 say and as scim2-server does it; switches for what others do.

Facts: observed answers of scim2-server 0.8.3 [R], sheet scim.md. Parsing, validation, filters and
the application of PATCH are scim2-models' work.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Union

from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    ForbiddenException,
    InvalidFilterException,
    InvalidValueException,
    NotFoundException,
    NotImplementedException,
    PatchOp,
    PreconditionFailedException,
    ResponseParameters,
    SCIMException,
    ScimPolicy,
    SearchRequest,
    UnauthorizedException,
)
from scim2_models.path import CompareOperator, Comparison, LogicalExpr
from scim2_models.path.expressions import LogicalOperator

from pulumi_martech.sandbox.scim_directory import (
    GROUPS,
    TOLERANT,
    USERS,
    Kind,
    ScimDirectory,
    complete,
    folded,
)
from pulumi_martech.sandbox.scim_discovery import discovered
from pulumi_martech.sandbox.store import Doc
from pulumi_martech.sandbox.tenant import Answer, Call, Handler, Routes

_SEARCH = (
    "attributes",
    "excludedAttributes",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
)


class ScimTenant(ScimDirectory):
    """The API of a SCIM service."""

    routes: ClassVar[Routes] = Routes()

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

    def _list(self, call: Call, kinds: Sequence[Kind]) -> Answer:
        asked = {name: call.query[name] for name in _SEARCH if name in call.query}
        return self._listed(call, kinds, asked)

    def _search(self, call: Call, kinds: Sequence[Kind]) -> Answer:
        """Answer ``POST .search``, which lists without a change: nothing is stored."""
        sent = self._read(call, SearchRequest, Context.SEARCH_REQUEST)
        return self._listed(call, kinds, sent.model_dump(exclude_unset=True))

    def _listed(self, call: Call, kinds: Sequence[Kind], asked: Doc) -> Answer:
        """Return the page of the resources of these kinds that is asked for."""
        models: Any = Union[tuple(kind.model for kind in kinds)]  # noqa: UP007 (made at run time)
        request = SearchRequest[models].model_validate(asked, scim_ctx=Context.SEARCH_REQUEST)
        start = max(request.start_index or 1, 1)
        cap = self.dialect.page_cap
        count = cap if request.count is None else min(request.count, cap)
        hidden = self.dialect.deactivated == "hidden" and USERS in kinds
        narrowed = request.filter is not None or request.sort_by is not None or hidden
        found: list[tuple[Kind, str, Doc]] = []
        if narrowed or len(kinds) > 1:
            found = [
                (kind, id_, doc)
                for kind in kinds
                for id_, doc in self._matching(call, kind, request, hidden).items()
            ]
            total = len(found)
        else:
            total = self.stored[kinds[0].endpoint].count()
        if request.filter is not None and total == 0 and self.dialect.no_match == "404":
            raise NotFoundException(detail=f"{kinds[0].name} not found")
        if call.keep is not None:
            total = min(total, call.keep)
            count = max(0, min(count, total - start + 1))
        offset = (start - 1) % max(total, 1) if call.endless else start - 1
        if narrowed or len(kinds) > 1:
            found = found[offset : offset + count]
        else:
            page = self.stored[kinds[0].endpoint].page(offset, count)
            found = [(kinds[0], id_, doc) for id_, doc in page.items()]
        resources = []
        for kind in kinds:
            docs = {id_: doc for of, id_, doc in found if of is kind}
            resources += self._render(call.root, kind, docs, request)
        body: Doc = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": start + total if call.endless else total,
            "startIndex": start,
            "itemsPerPage": len(resources),
        }
        if resources or self.dialect.empty_resources:
            body["Resources"] = resources
        return self._answer(200, body)

    def _matching(self, call: Call, kind: Kind, request: Any, hidden: bool) -> dict[str, Doc]:
        """Return what a filter matches, in the order asked for."""
        candidates = self._candidates(kind, request.filter.ast) if request.filter else None
        if candidates is None:
            candidates = self.stored[kind.endpoint].page()
        if hidden:
            candidates = {i: doc for i, doc in candidates.items() if doc.get("active", True)}
        rendered = self._render(call.root, kind, candidates, None)
        models = {
            resource["id"]: kind.model.model_validate(resource, scim_policy=TOLERANT)
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

    def _candidates(self, kind: Kind, node: Any) -> dict[str, Doc] | None:
        """Return the objects that an ``eq`` on a natural key leaves, ``None`` if there is none."""
        if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
            return next(
                (c for term in node.terms if (c := self._candidates(kind, term)) is not None), None
            )
        if not isinstance(node, Comparison) or node.op != CompareOperator.eq:
            if self.dialect.filters == "eq":
                raise InvalidFilterException(detail="Only the operator eq is supported")
            return None
        objects = self.stored[kind.endpoint]
        name, value = str(node.attr_path).rpartition(":")[2].lower(), str(node.value)
        if name == kind.natural.lower():
            return objects.named(folded(value))
        if name == "externalid":
            return objects.aliased(value)
        if name == "id":
            return objects.many([value])
        if self.dialect.filters == "eq":
            raise InvalidFilterException(detail=f"Filtering by {name} is not supported")
        return None

    def _get(self, call: Call, kind: Kind) -> Answer:
        shape = self._shape(call, kind)
        return self._one(call, kind, call.parts["id"], shape)

    @staticmethod
    def _shape(call: Call, kind: Kind) -> Any:
        asked = {n: call.query[n] for n in ("attributes", "excludedAttributes") if n in call.query}
        return ResponseParameters[kind.model].model_validate(asked)  # type: ignore[name-defined]

    def _one(self, call: Call, kind: Kind, id_: str, shape: Any, status: int = 200) -> Answer:
        """Return one resource as an answer, with ETag, and Location if it is new."""
        doc = self._stored(kind, id_)
        (resource,) = self._render(call.root, kind, {id_: doc}, shape)
        location = f"{call.root}{self.api_path}/{kind.endpoint}/{id_}" if status == 201 else ""
        etag = doc["meta"]["version"] if self.dialect.etag else ""
        return self._answer(status, resource, Location=location, ETag=etag)

    def _stored(self, kind: Kind, id_: str) -> Doc:
        doc = self.stored[kind.endpoint].get(id_)
        if doc is None:
            raise NotFoundException(detail=f"{kind.name} {id_!r} not found")
        return doc

    def _create(self, call: Call, kind: Kind) -> Answer:
        resource = self._read(call, kind.model, Context.RESOURCE_CREATION_REQUEST)
        sent = resource.model_dump(scim_ctx=Context.RESOURCE_CREATION_RESPONSE)
        if self.dialect.default_active and kind is USERS:
            sent.setdefault("active", True)
        taken = self._taken(kind, sent)
        if taken and self.dialect.create_existing == "200":
            return self._one(call, kind, taken, None)
        id_ = uuid.uuid4().hex
        self._save(kind, id_, sent, taken)
        return self._one(call, kind, id_, None, 201)

    def _replace(self, call: Call, kind: Kind) -> Answer:
        id_ = call.parts["id"]
        current, doc = self._current(call, kind, id_)
        wanted = self._read(call, kind.model, Context.RESOURCE_REPLACEMENT_REQUEST)
        self._check_version(call, doc)
        if wanted.replace(current):
            sent = wanted.model_dump(scim_ctx=Context.RESOURCE_REPLACEMENT_RESPONSE)
            self._save(kind, id_, sent, self._taken(kind, sent, id_))
        return self._one(call, kind, id_, self._shape(call, kind))

    def _patch(self, call: Call, kind: Kind) -> Answer:
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

    def _delete(self, call: Call, kind: Kind) -> Answer:
        id_ = call.parts["id"]
        doc = self._stored(kind, id_)
        self._check_version(call, doc)
        if self.dialect.delete == "soft" and kind is USERS:
            self._save(kind, id_, doc | {"active": False}, None)
        else:
            self._drop(kind, id_)
        return self._answer(204, None)

    def _me(self, call: Call) -> Answer:
        if not self.dialect.me:
            raise NotImplementedException(detail="/Me is not supported")
        owner = self.stored_users.named(folded(self.dialect.me))
        if not owner:
            raise NotFoundException(detail="The token's owner has no User")
        id_ = next(iter(owner))
        answer = self._one(call, USERS, id_, None)
        answer.headers["Location"] = f"{call.root}{self.api_path}/Users/{id_}"
        return answer

    def _current(self, call: Call, kind: Kind, id_: str) -> tuple[Any, Doc]:
        """Return a stored resource as a model, members included, and as it is stored."""
        doc = self._stored(kind, id_)
        resource = complete(id_, doc)
        if kind is GROUPS and (children := self.edges.children(id_)):
            resource["members"] = [
                {"value": child} | ({"display": note} if note else {})
                for child, note in children.items()
            ]
        return kind.model.model_validate(resource, scim_policy=TOLERANT), doc

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

    def _discover(self, call: Call, what: str) -> Answer:
        if "filter" in call.query:
            raise ForbiddenException(detail="Discovery endpoints do not support filtering")
        location = f"{call.root}{self.api_path}/{what}"
        return self._answer(200, discovered(what, location, self.dialect, call.parts.get("id")))


_DISCOVERY = tuple(
    f"{ScimTenant.api_path}/{name}"
    for name in ("ServiceProviderConfig", "ResourceTypes", "Schemas")
)


ScimTenant.routes.add(
    f"{ScimTenant.api_path}/.search",
    POST=partial(ScimTenant._search, kinds=(USERS, GROUPS)),
)
for _kind in (USERS, GROUPS):
    ScimTenant.routes.add(
        f"{ScimTenant.api_path}/{_kind.endpoint}/.search",
        POST=partial(ScimTenant._search, kinds=(_kind,)),
    )
    ScimTenant.routes.add(
        f"{ScimTenant.api_path}/{_kind.endpoint}",
        GET=partial(ScimTenant._list, kinds=(_kind,)),
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
