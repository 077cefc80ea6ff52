"""An administrator changes things by hand: seen by the API, not counted as API calls."""

import time
from typing import Any

import httpx
import pytest

from pulumi_martech.sandbox import Sandbox, SideDoor
from pulumi_martech.sandbox.scim import ScimTenant
from pulumi_martech.sandbox.wordpress import WordPressTenant


def test_a_scim_administrators_day(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.add_role("Ads")
    ana = crm.add_user("ana@example.com", roles=["Ads"], displayName="Ana", externalId="E1")
    bob = crm.add_user("bob@example.com", active=False)
    assert scim.get(f"/Users/{ana}").json()["groups"][0]["display"] == "Ads"
    assert scim.get(f"/Users/{bob}").json()["active"] is False

    crm.change_user("ANA@example.com", displayName="Ana R", externalId=None, roles=[])
    seen = scim.get(f"/Users/{ana}").json()
    assert seen["displayName"] == "Ana R"
    assert "externalId" not in seen
    assert "groups" not in seen

    crm.set_members("ads", ["bob@example.com", "ana@example.com"])
    crm.rename_role("Ads", "Adverts")
    assert crm.members("Adverts") == ["ana@example.com", "bob@example.com"]
    crm.change_user("bob@example.com", userName="robert@example.com")
    crm.remove_user("ana@example.com")
    assert crm.members("Adverts") == ["robert@example.com"]
    crm.remove_role("adverts")
    assert crm.roles() == []
    assert scim.get("/Groups").json()["totalResults"] == 0
    assert crm.writes() == []


def test_a_wordpress_administrators_day(site: WordPressTenant, press: httpx.Client) -> None:
    site.add_role("campaign_editor", ["read", "edit_posts"])
    id_ = site.add_user("ana", roles=["campaign_editor", "author"], first_name="Ana")
    seen = press.get(f"/users/{id_}", params={"context": "edit"}).json()
    assert (seen["roles"], seen["name"]) == (["campaign_editor", "author"], "Ana")
    assert seen["capabilities"]["edit_posts"] is True

    site.change_user("ana", roles=["editor"], email="ana.ruiz@example.com")
    assert site.members("editor") == ["ana"]
    site.add_post("ana", "Spring")
    site.remove_user("ana", heir="admin")
    assert [post["title"] for post in site.posts("admin")] == ["Spring", "Hello world!"]
    site.remove_post(site.posts()[0]["id"])
    site.remove_role("campaign_editor")
    assert "campaign_editor" not in site.roles()
    assert list(site.users()) == ["admin"]
    assert site.writes() == []


def test_what_is_not_there_is_named(crm: ScimTenant, site: WordPressTenant) -> None:
    with pytest.raises(ValueError, match="tenant crm has no user 'nobody'"):
        crm.change_user("nobody", active=False)
    with pytest.raises(ValueError, match="tenant crm has no group 'Ads'"):
        crm.add_user("ana@example.com", roles=["Ads"])
    assert crm.users() == {}, "the user that was to be in the group must not stay behind"
    with pytest.raises(ValueError, match="tenant site has no user 'nobody'"):
        site.remove_user("nobody")


def door_of(sandbox: Sandbox, tenant: str) -> SideDoor:
    return SideDoor(sandbox.url, sandbox.side_token, tenant)


def test_the_side_door_over_http(sandbox: Sandbox, crm: ScimTenant, scim: httpx.Client) -> None:
    door = door_of(sandbox, "crm")
    door("add_role", name="Ads")
    id_ = door("add_user", login="ana@example.com", roles=["Ads"], title="Ms")
    assert scim.get(f"/Users/{id_}").json()["title"] == "Ms"
    assert door("members", role="Ads") == ["ana@example.com"]
    assert door("users")["ana@example.com"]["id"] == id_

    door("fault", kind="status", status=503)
    assert scim.post("/Groups", json={"displayName": "x"}).status_code == 503
    assert scim.post("/Groups", json={"displayName": "x"}).status_code == 201
    assert [(w["status"], w["committed"]) for w in door("writes")] == [(503, False), (201, True)]
    assert door("calls")["POST /scim/v2/Groups"] == 2
    assert door("environment") == crm.environment()


def test_the_side_door_names_what_it_refuses(sandbox: Sandbox, crm: ScimTenant) -> None:
    door = door_of(sandbox, "crm")
    with pytest.raises(ValueError, match="no verb 'secret'"):
        door("secret", name="token")
    with pytest.raises(ValueError, match="no user 'nobody'"):
        door("remove_user", login="nobody")
    with pytest.raises(ValueError, match="unexpected keyword"):
        door("add_role", nmae="Ads")
    with pytest.raises(ValueError, match="kind"):
        door("fault", kind="explode")
    with pytest.raises(ValueError, match="no tenant 'nobody'"):
        door_of(sandbox, "nobody")("users")


def test_the_side_door_needs_its_own_token(sandbox: Sandbox, crm: ScimTenant) -> None:
    for token in ("nobody", crm.credentials.token):
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(f"{sandbox.url}/_side/crm/users", headers=headers)
        assert answer.status_code == 401
    api = httpx.get(
        f"{crm.base_url}/Users", headers={"Authorization": f"Bearer {sandbox.side_token}"}
    )
    assert api.status_code == 401


def test_tenants_are_made_and_listed_over_http(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {sandbox.side_token}"}
    with httpx.Client(base_url=sandbox.url, headers=headers) as client:
        body: dict[str, Any] = {"platform": "scim", "page_cap": 2}
        made = client.put("/_side/shop", json=body).json()
        assert set(made) == {"SHOP_URL", "SHOP_TOKEN"}
        listed = client.get("/_side").json()
        assert listed["shop"] == {
            "platform": "scim",
            "url": sandbox.tenants["shop"].base_url,
            "environment": made,
        }
        api = {"Authorization": f"Bearer {made['SHOP_TOKEN']}"}
        httpx.get(f"{made['SHOP_URL']}/Users", headers=api)
        (entry,) = client.get("/_side/log", params={"tenant": "shop"}).json()
        assert (entry["tenant"], entry["method"], entry["status"]) == ("shop", "GET", 200)
        refused = client.put("/_side/shop", json={"platform": "wordpress"})
        assert (refused.status_code, "shop is one of scim" in refused.text) == (400, True)


def test_ten_thousand_users_are_quick(sandbox: Sandbox) -> None:
    """Generous bounds: this catches a slow way of seeding, not a busy machine."""
    crm, site = sandbox.tenant("crm", "scim"), sandbox.tenant("site", "wordpress")
    began = time.monotonic()
    crm.add_users({"userName": f"u{n}@example.com", "active": True} for n in range(10_000))
    site.add_users({"username": f"u{n}"} for n in range(10_000))
    assert time.monotonic() - began < 20
    secret = site.credentials
    with httpx.Client(auth=(secret.username, secret.password)) as client:
        began = time.monotonic()
        for page in range(1, 11):
            url = f"{site.base_url}/wp/v2/users?context=edit&per_page=100&page={page}"
            assert len(client.get(url).json()) == 100
        assert time.monotonic() - began < 5
