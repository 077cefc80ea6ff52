"""Whatever is sent, the answer is the platform's own: the sandbox itself never breaks."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers, QueryParams

from pulumi_martech.sandbox import Sandbox, Tenant
from pulumi_martech.sandbox.tenant import Call

METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 10**10) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner)
)
QUIET = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

SCIM_NAMES = st.sampled_from(
    ["schemas", "userName", "displayName", "active", "emails", "members", "roles", "groups", "id",
     "name", "meta", "externalId", "Operations", "filter", "count"]
)  # fmt: skip
SCIM_OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove", "?"])},
    optional={
        "path": st.sampled_from(
            ["members", "active", 'emails[type eq "work"]', "x", "", "name.givenName", "]", "id",
             'members[value eq "1"]', "roles[primary eq true].value", "schemas", "meta.version"]
        ),
        "value": VALUES,
    },
)  # fmt: skip
SCIM_BODIES = (
    st.dictionaries(SCIM_NAMES, VALUES, max_size=5)
    | st.fixed_dictionaries({"Operations": st.lists(SCIM_OPERATIONS, max_size=3)})
    | VALUES
)
SCIM_QUERIES = st.dictionaries(
    st.sampled_from(["filter", "count", "startIndex", "attributes", "excludedAttributes", "sortBy",
                     "sortOrder"]),
    st.text(max_size=6)
    | st.integers(-5, 10**20).map(str)
    | st.sampled_from(
        ["userName", "members", "name.givenName", 'userName eq "u"', "active pr", "emails eq 1",
         'id eq "x" and not (active eq true)', "urn:x:y:z", 'meta.created gt "now"', "descending"]
    ),
    max_size=3,
)  # fmt: skip

PRESS_NAMES = st.sampled_from(
    ["id", "username", "email", "password", "roles", "name", "first_name", "url", "locale", "slug",
     "nickname", "force", "reassign", "context", "per_page", "page", "offset", "search", "include",
     "exclude", "orderby", "order", "_fields", "title", "status", "author", "app_id", "user_id"]
)  # fmt: skip
PRESS_BODIES = st.dictionaries(PRESS_NAMES, VALUES, max_size=5) | VALUES
PRESS_QUERIES = st.dictionaries(
    PRESS_NAMES, st.text(max_size=6) | st.integers(-5, 10**20).map(str), max_size=3
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that is not served: what it answers is asked for directly."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.stop()


def ask(tenant: Tenant, method: str, path: str, query: dict[str, str], body: Any) -> None:
    """Ask, look at the answer, and leave no trace, so that every example finds the same account."""
    secret = tenant.credentials
    login = base64.b64encode(f"{secret.username}:{secret.password}".encode()).decode()
    sent = f"Bearer {secret.token}" if secret.token else f"Basic {login}"
    route, handlers, parts = tenant.routes.find(path)
    call = Call(
        method=method,
        root=tenant.url,
        path=path,
        query=QueryParams(urlencode(query, errors="replace")),
        headers=Headers({"authorization": sent, "content-type": "application/json"}),
        body=json.dumps(body).encode(),
        parts=dict(parts),
    )
    with tenant.store.transaction() as transaction:
        answer = tenant.answer(call, handlers)
        said = json.loads(answer.content() or b"null")
        after = "/scim/v2/Users" if secret.token else "/wp-json/wp/v2/users"
        look = replace(call, method="GET", path=after, query=QueryParams(), body=b"", parts={})
        assert tenant.answer(look, tenant.routes.find(after)[1]).status == 200
        transaction.undo()
    if answer.status >= 400:
        assert said["status" if secret.token else "code"], said
        assert route or answer.status == 404
    assert answer.status in (200, 201, 204, 400, 403, 404, 405, 409, 412, 500, 501), said
    if answer.status == 500:
        assert said["code"].startswith(("existing_user_", "user_login_", "internal_server")), said


@QUIET
@given(
    METHODS,
    st.sampled_from(["/Users", "/Groups", "/Users/u", "/Groups/g", "/Users/x", "/.search", "/Me"]),
    SCIM_QUERIES,
    SCIM_BODIES,
)
def test_scim_answers_anything(
    sandbox: Sandbox, method: str, path: str, query: dict[str, str], body: Any
) -> None:
    crm = sandbox.tenant("crm", "scim", unknown_attributes="keep")
    if not crm.users():
        crm.add_user("u")
        crm.add_group("g", ["u"])
    ids = {"/Users/u": crm.users()["u"]["id"], "/Groups/g": crm.users()["u"]["groups"][0]["value"]}
    if path in ids:
        path = f"{path[:-1]}{ids[path]}"
    ask(crm, method, f"/scim/v2{path}", query, body)


@QUIET
@given(
    METHODS,
    st.sampled_from(
        ["/users", "/users/1", "/users/2", "/users/99", "/users/me", "/posts", "/posts/1",
         "/pages", "/media", "/blocks", "/templates", "/types",
         "/users/1/application-passwords", "/users/2/application-passwords"]
    ),
    PRESS_QUERIES,
    PRESS_BODIES,
)  # fmt: skip
def test_wordpress_answers_anything(
    sandbox: Sandbox, method: str, path: str, query: dict[str, str], body: Any
) -> None:
    site = sandbox.tenant("site", "wordpress")
    if len(site.users()) == 1:
        site.add_user("ana", roles=["editor"])
    ask(site, method, f"/wp-json/wp/v2{path}", query, body)
