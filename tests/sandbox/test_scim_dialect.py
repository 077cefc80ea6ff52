"""What a SCIM service does by the RFC, and what it does under each switch."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from scim2_client import BaseSyncSCIMClient
from scim2_tester import Status, check_server

from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.scim import ScimTenant

Opened = Callable[..., tuple[ScimTenant, httpx.Client]]


@pytest.fixture
def opened(sandbox: Sandbox) -> Iterator[Opened]:
    """Open a tenant with switches and a client for it."""
    clients = []

    def open_(**switches: Any) -> tuple[ScimTenant, httpx.Client]:
        tenant = sandbox.tenant("crm", "scim", **switches)
        headers = {"Authorization": f"Bearer {tenant.credentials.token}"}
        clients.append(httpx.Client(base_url=tenant.base_url, headers=headers, timeout=10))
        return tenant, clients[-1]

    yield open_
    for client in clients:
        client.close()


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": list(operations),
    }


DEACTIVATE = patch({"op": "replace", "path": "active", "value": False})


class _Client(BaseSyncSCIMClient):
    """scim2-client over plain httpx."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__()
        self.client = client

    def _stays_under_base_url(self, endpoint: str) -> bool:
        url = str(self.client.build_request("GET", endpoint).url)
        return url.startswith(str(self.client.base_url))

    def _parse_json(self, response: httpx.Response) -> Any:
        return response.json()

    def request(self, method: str, url: str, **details: Any) -> httpx.Response:
        return self.client.request(method, url, **details)


def test_scim2_tester_finds_nothing(scim: httpx.Client) -> None:
    client = _Client(scim)
    client.discover()
    results = check_server(client)
    failed = [f"{r.title}: {r.reason}" for r in results if r.status is not Status.SUCCESS]
    assert failed == []
    assert len(results) > 120


def test_pages_are_capped_whatever_is_asked(opened: Opened) -> None:
    crm, client = opened(page_cap=3)
    crm.add_users({"userName": f"u{n}@example.com"} for n in range(7))
    page = client.get("/Users", params={"count": 1000}).json()
    assert (page["totalResults"], page["itemsPerPage"], page["startIndex"]) == (7, 3, 1)
    names = []
    for start in (1, 4, 7, 10):
        page = client.get("/Users", params={"startIndex": start, "count": 1000}).json()
        names += [user["userName"] for user in page["Resources"]]
    assert names == [f"u{n}@example.com" for n in range(7)]


def test_groups_and_users_show_each_other(crm: ScimTenant, scim: httpx.Client) -> None:
    ana = crm.add_user("ana@example.com", displayName="Ana")
    made = scim.post("/Groups", json={"displayName": "Ads", "members": [{"value": ana}]}).json()
    assert made["members"] == [
        {
            "value": ana,
            "$ref": f"{crm.base_url}/Users/{ana}",
            "display": "Ana",
            "type": "User",
        }
    ]
    (group,) = scim.get(f"/Users/{ana}").json()["groups"]
    assert group == {
        "value": made["id"],
        "$ref": f"{crm.base_url}/Groups/{made['id']}",
        "display": "Ads",
        "type": "direct",
    }


def test_user_groups_are_read_only(crm: ScimTenant, scim: httpx.Client) -> None:
    ana = crm.add_user("ana@example.com")
    group = crm.add_group("Ads")
    answer = scim.patch(
        f"/Users/{ana}", json=patch({"op": "add", "path": "groups", "value": [{"value": group}]})
    )
    assert (answer.status_code, answer.json()["scimType"]) == (400, "mutability")
    body = {"userName": "ana@example.com", "groups": [{"value": group}]}
    assert "groups" not in scim.put(f"/Users/{ana}", json=body).json()
    assert crm.members("Ads") == []


def test_a_deleted_user_leaves_its_groups(crm: ScimTenant, scim: httpx.Client) -> None:
    ana = crm.add_user("ana@example.com")
    crm.add_user("bob@example.com")
    group = crm.add_group("Ads", ["ana@example.com", "bob@example.com"])
    assert scim.delete(f"/Users/{ana}").status_code == 204
    assert crm.members("Ads") == ["bob@example.com"]
    assert len(scim.get(f"/Groups/{group}").json()["members"]) == 1


def test_the_same_role_may_hold_other_groups(crm: ScimTenant, scim: httpx.Client) -> None:
    inner = crm.add_group("Inner")
    outer = scim.post("/Groups", json={"displayName": "Outer", "members": [{"value": inner}]})
    assert outer.json()["members"][0]["type"] == "Group"


def test_if_match_guards_a_change(crm: ScimTenant, scim: httpx.Client) -> None:
    ana = crm.add_user("ana@example.com")
    etag = scim.get(f"/Users/{ana}").headers["etag"]
    assert scim.patch(f"/Users/{ana}", json=DEACTIVATE, headers={"If-Match": etag}).is_success
    stale = scim.patch(f"/Users/{ana}", json=DEACTIVATE, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["status"]) == (412, "412")


def test_a_patch_that_changes_nothing_keeps_the_version(
    crm: ScimTenant, scim: httpx.Client
) -> None:
    ana = crm.add_user("ana@example.com", active=False)
    before = scim.get(f"/Users/{ana}").headers["etag"]
    assert scim.patch(f"/Users/{ana}", json=DEACTIVATE).headers["etag"] == before
    assert [w.committed for w in crm.writes()] == [False]


def test_a_patch_is_applied_whole_or_not_at_all(crm: ScimTenant, scim: httpx.Client) -> None:
    ana = crm.add_user("ana@example.com", displayName="Ana")
    answer = scim.patch(
        f"/Users/{ana}",
        json=patch(
            {"op": "replace", "path": "displayName", "value": "Other"},
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "x@example.com"},
        ),
    )
    assert (answer.status_code, answer.json()["scimType"]) == (400, "noTarget")
    assert crm.users()["ana@example.com"]["displayName"] == "Ana"


def test_patch_answers_a_body_or_none(opened: Opened) -> None:
    crm, client = opened()
    ana = crm.add_user("ana@example.com")
    answer = client.patch(f"/Users/{ana}", json=DEACTIVATE)
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    opened(patch_status=204)
    answer = client.patch(f"/Users/{ana}", json=DEACTIVATE)
    assert (answer.status_code, answer.content) == (204, b"")


def test_no_patch_at_all(opened: Opened) -> None:
    crm, client = opened(patch=False)
    ana = crm.add_user("ana@example.com")
    assert client.patch(f"/Users/{ana}", json=DEACTIVATE).status_code == 501
    assert client.get("/ServiceProviderConfig").json()["patch"] == {"supported": False}


def test_a_patch_that_is_accepted_and_ignored(opened: Opened) -> None:
    crm, client = opened(no_op_patch=True)
    ana = crm.add_user("ana@example.com")
    assert client.patch(f"/Users/{ana}", json=DEACTIVATE).status_code == 200
    assert crm.users()["ana@example.com"]["active"] is True


def test_resources_may_be_absent_when_there_are_none(opened: Opened) -> None:
    _, client = opened()
    assert client.get("/Users").json()["Resources"] == []
    opened(empty_resources=False)
    assert "Resources" not in client.get("/Users").json()


def test_users_may_hide_their_groups(opened: Opened) -> None:
    crm, client = opened(user_groups=False)
    ana = crm.add_user("ana@example.com")
    crm.add_group("Ads", ["ana@example.com"])
    assert "groups" not in client.get(f"/Users/{ana}").json()


def test_members_by_value_are_removed_only_where_allowed(opened: Opened) -> None:
    crm, client = opened()
    ana = crm.add_user("ana@example.com")
    group = crm.add_group("Ads", ["ana@example.com"])
    body = patch({"op": "remove", "path": "members", "value": [{"value": ana}]})
    answer = client.patch(f"/Groups/{group}", json=body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert crm.members("Ads") == ["ana@example.com"]
    opened(remove_members_by_value=True)
    assert client.patch(f"/Groups/{group}", json=body).status_code == 200
    assert crm.members("Ads") == []


def test_booleans_may_be_words(opened: Opened) -> None:
    crm, client = opened(booleans="string")
    ana = crm.add_user("ana@example.com")
    assert client.get(f"/Users/{ana}").json()["active"] == "True"
    body = patch({"op": "Replace", "path": "active", "value": "False"})
    assert client.patch(f"/Users/{ana}", json=body).json()["active"] == "False"
    listed = client.get("/Users", params={"filter": "active eq false"}).json()
    assert listed["Resources"][0]["active"] == "False"


def test_delete_may_only_deactivate(opened: Opened) -> None:
    crm, client = opened(delete="soft")
    ana = crm.add_user("ana@example.com")
    assert client.delete(f"/Users/{ana}").status_code == 204
    assert client.get(f"/Users/{ana}").json()["active"] is False
    again = client.post("/Users", json={"userName": "Ana@Example.com"})
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")


def test_the_deactivated_may_be_hidden(opened: Opened) -> None:
    crm, client = opened(deactivated="hidden")
    crm.add_users([{"userName": "a@x.com"}, {"userName": "b@x.com", "active": False}])
    page = client.get("/Users").json()
    assert [user["userName"] for user in page["Resources"]] == ["a@x.com"]
    assert page["totalResults"] == 1


def test_creating_what_exists_may_answer_200(opened: Opened) -> None:
    crm, client = opened(create_existing="200")
    ana = crm.add_user("ana@example.com", displayName="Ana")
    answer = client.post("/Users", json={"userName": "ANA@example.com", "displayName": "Other"})
    assert (answer.status_code, answer.json()["id"]) == (200, ana)
    assert answer.json()["displayName"] == "Ana"


def test_a_filter_without_match_may_be_404(opened: Opened) -> None:
    _, client = opened(no_match="404", numeric_status=True)
    answer = client.get("/Users", params={"filter": 'userName eq "nobody"'})
    assert (answer.status_code, answer.json()["status"]) == (404, 404)
    assert client.get("/Users").status_code == 200


def test_names_may_be_lowered(opened: Opened) -> None:
    _, client = opened(lower_case=True)
    made = client.post("/Users", json={"userName": "Ana@Example.com"}).json()
    assert made["userName"] == "ana@example.com"


def test_filters_may_be_eq_only(opened: Opened) -> None:
    crm, client = opened(filters="eq")
    crm.add_user("ana@example.com", externalId="E1")
    for good in ('userName eq "ANA@example.com"', 'externalId eq "E1"'):
        assert client.get("/Users", params={"filter": good}).json()["totalResults"] == 1
    for bad in ('userName sw "ana"', "active eq true", 'userName eq "a" or userName eq "b"'):
        answer = client.get("/Users", params={"filter": bad})
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


def test_unknown_attributes_are_refused_dropped_or_kept(opened: Opened) -> None:
    _, client = opened()

    def create(name: str) -> httpx.Response:
        return client.post("/Users", json={"userName": name, "favouriteColour": "red"})

    assert create("a").status_code == 400
    opened(unknown_attributes="ignore")
    made = create("b")
    assert made.status_code == 201
    assert "favouriteColour" not in made.json()
    opened(unknown_attributes="keep")
    made = create("c")
    assert client.get(f"/Users/{made.json()['id']}").json()["favouriteColour"] == "red"


def test_unknown_members_are_accepted_dropped_or_refused(opened: Opened) -> None:
    _, client = opened()
    body = {"displayName": "Ads", "members": [{"value": "no-such-user"}]}
    assert client.post("/Groups", json=body).json()["members"] == [{"value": "no-such-user"}]
    opened(unknown_members="drop")
    dropped = client.post("/Groups", json=body)
    assert dropped.status_code == 201
    assert "members" not in dropped.json()
    opened(unknown_members="refuse")
    refused = client.post("/Groups", json=body)
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")


def test_two_groups_of_a_name_are_allowed_or_not(opened: Opened) -> None:
    crm, client = opened()
    crm.add_group("Ads")
    assert client.post("/Groups", json={"displayName": "ADS"}).status_code == 201
    opened(unique_groups=True)
    assert client.post("/Groups", json={"displayName": "ads"}).status_code == 409


def test_operations_may_have_to_be_capitalised(opened: Opened) -> None:
    crm, client = opened(operations="capitalised")
    ana = crm.add_user("ana@example.com")
    assert client.patch(f"/Users/{ana}", json=DEACTIVATE).status_code == 400
    body = patch({"op": "Replace", "path": "active", "value": False})
    assert client.patch(f"/Users/{ana}", json=body).status_code == 200


def test_an_unmatched_filter_may_create(opened: Opened) -> None:
    crm, client = opened(unmatched_filter_creates=True)
    ana = crm.add_user("ana@example.com")
    body = patch({"op": "add", "path": 'emails[type eq "work"].value', "value": "a@example.com"})
    made = client.patch(f"/Users/{ana}", json=body).json()
    assert made["emails"] == [{"value": "a@example.com", "type": "work"}]


def test_me_is_who_the_switch_says(opened: Opened) -> None:
    crm, client = opened(me="ana@example.com")
    assert client.get("/Me").status_code == 404
    ana = crm.add_user("ana@example.com")
    answer = client.get("/Me")
    assert answer.json()["id"] == ana
    assert answer.headers["location"] == f"{crm.base_url}/Users/{ana}"


def test_versions_may_be_absent(opened: Opened) -> None:
    crm, client = opened(etag=False)
    ana = crm.add_user("ana@example.com")
    answer = client.get(f"/Users/{ana}", headers={"If-Match": 'W/"old"'})
    assert "etag" not in answer.headers
    assert "version" not in answer.json()["meta"]
    stale = {"If-Match": 'W/"old"'}
    assert client.patch(f"/Users/{ana}", json=DEACTIVATE, headers=stale).status_code == 200


def test_search_by_post_finds_all_kinds(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.add_user("ana@example.com", displayName="Ads")
    crm.add_group("Ads")
    found = scim.post("/.search", json={"filter": 'displayName eq "ads"'}).json()
    kinds = [resource["meta"]["resourceType"] for resource in found["Resources"]]
    assert kinds == ["User", "Group"]
    assert crm.writes() == []


def test_a_token_that_may_only_read(crm: ScimTenant) -> None:
    headers = {"Authorization": f"Bearer {crm.read_credentials.token}"}
    with httpx.Client(base_url=crm.base_url, headers=headers) as reader:
        assert reader.get("/Users").status_code == 200
        refused = reader.post("/Users", json={"userName": "ana@example.com"})
    assert refused.status_code == 403
    assert "users:write" in refused.json()["detail"]
    assert crm.users() == {}
