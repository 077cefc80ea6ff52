"""What WordPress does beyond the recorded conversation: pages, content, rights, switches."""

import httpx
import pytest

from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.wordpress import WordPressTenant

CYD = {"username": "cyd", "email": "cyd@example.com", "password": "x"}


def as_user(site: WordPressTenant, login: str) -> httpx.Client:
    auth = (login, site.add_password(login, "test"))
    return httpx.Client(base_url=f"{site.base_url}/wp/v2", auth=auth, timeout=10)


def test_link_headers_lead_through_all_users(site: WordPressTenant, press: httpx.Client) -> None:
    site.add_users({"username": f"u{n:02}"} for n in range(24))
    names, url = [], "/users?context=edit&per_page=10"
    while url:
        answer = press.get(url)
        assert answer.headers["x-wp-total"] == "25"
        names += [user["username"] for user in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert names == ["admin", *(f"u{n:02}" for n in range(24))]


def test_search_by_address_is_a_substring(site: WordPressTenant, press: httpx.Client) -> None:
    site.add_user("ana", email="ana@example.com")
    site.add_user("joana", email="joana@example.com")
    found = press.get("/users", params={"context": "edit", "search": "ana@example.com"}).json()
    assert [user["username"] for user in found] == ["ana", "joana"]


def test_login_by_address_and_by_a_spaced_password(site: WordPressTenant) -> None:
    password = site.credentials.password
    spaced = " ".join(password[i : i + 4] for i in range(0, len(password), 4))
    url = f"{site.base_url}/wp/v2/users/me?_fields=id"
    for name in ("admin", "ADMIN", "admin@example.com"):
        assert httpx.get(url, auth=(name, spaced)).json() == {"id": 1}


def test_removing_a_user_takes_its_application_passwords(
    site: WordPressTenant, press: httpx.Client
) -> None:
    id_ = site.add_user("ana", roles=["administrator"])
    with as_user(site, "ana") as ana:
        assert ana.get("/users", params={"context": "edit"}).status_code == 200
        press.delete(f"/users/{id_}", params={"force": "true", "reassign": "1"})
        assert ana.get("/users", params={"context": "edit"}).status_code == 401


def test_no_role_is_no_deactivation(site: WordPressTenant, press: httpx.Client) -> None:
    id_ = site.add_user("ana", roles=["editor"])
    press.post(f"/users/{id_}", json={"roles": []})
    with as_user(site, "ana") as ana:
        assert ana.get("/users/me").status_code == 200


def test_an_application_password_can_be_revoked(site: WordPressTenant, press: httpx.Client) -> None:
    site.add_user("ana")
    with as_user(site, "ana") as ana:
        id_ = ana.get("/users/me").json()["id"]
        path = f"/users/{id_}/application-passwords"
        (one,) = press.get(path).json()
        assert one["last_ip"] == "127.0.0.1"
        assert press.delete(f"{path}/{one['uuid']}").json()["deleted"] is True
        assert ana.get("/users/me").status_code == 401
        gone = press.delete(f"{path}/{one['uuid']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "rest_application_password_not_found")


@pytest.mark.parametrize(
    ("role", "may_list", "may_create"),
    [("subscriber", False, False), ("editor", False, False), ("lister", True, False)],
)
def test_rights_come_from_roles(
    site: WordPressTenant, role: str, may_list: bool, may_create: bool
) -> None:
    site.add_role("lister", ["read", "list_users"])
    site.add_user("ana", roles=[role])
    with as_user(site, "ana") as ana:
        listed = ana.get("/users", params={"context": "edit"})
        assert listed.status_code == (200 if may_list else 403)
        created = ana.post("/users", json=CYD)
        assert created.status_code == (201 if may_create else 403)
        assert created.json()["code"] == "rest_cannot_create_user"


def test_the_last_administrator_may_lock_himself_out(
    site: WordPressTenant, press: httpx.Client
) -> None:
    refused = press.post("/users/me", json={"roles": ["editor"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "rest_user_invalid_role")
    assert press.post("/users/me", json={"roles": []}).status_code == 200
    assert press.get("/users", params={"context": "edit"}).status_code == 403


def test_a_role_that_is_gone_still_stands_on_users(
    site: WordPressTenant, press: httpx.Client
) -> None:
    site.add_role("campaign_editor", ["edit_posts"])
    id_ = site.add_user("ana", roles=["campaign_editor"])
    site.remove_role("campaign_editor")
    seen = press.get(f"/users/{id_}", params={"context": "edit"}).json()
    assert seen["roles"] == ["campaign_editor"]
    assert "edit_posts" not in seen["capabilities"]
    refused = press.post(f"/users/{id_}", json={"roles": ["campaign_editor"]})
    assert refused.json()["code"] == "rest_user_invalid_role"


def test_deleting_without_an_heir_bins_the_content(
    site: WordPressTenant, press: httpx.Client
) -> None:
    id_ = site.add_user("ana")
    site.add_post("ana", "Spring")
    owned = press.get("/posts", params={"author": id_})
    assert owned.headers["x-wp-total"] == "1"
    press.delete(f"/users/{id_}", params={"force": "true", "reassign": "false"})
    assert [(p["title"], p["status"]) for p in site.posts()] == [
        ("Spring", "trash"),
        ("Hello world!", "publish"),
    ]


def test_content_is_listed_by_status_and_author_where_it_has_one(
    site: WordPressTenant, press: httpx.Client
) -> None:
    id_ = site.add_user("ana", roles=["author"])
    for status in ("publish", "draft", "private", "trash"):
        site.add_post("ana", status, status=status)
    site.add_post("admin", "Shared", kind="wp_block")

    def total(path: str, **params: str) -> str:
        return press.get(path, params={"author": str(id_), **params}).headers["x-wp-total"]

    assert [total("/posts", status=s) for s in ("publish", "any", "any,trash", "trash")] == list(
        "1341"
    )
    assert (total("/media"), total("/blocks")) == ("0", "1")
    assert "x-wp-total" not in press.get("/templates", params={"author": str(id_)}).headers
    for path, words in (
        ("/posts", "publish, future, draft, pending, private, trash, auto-draft, inherit, "
         "request-pending, request-confirmed, request-failed, request-completed, and any"),
        ("/media", "inherit, private, and trash"),
    ):  # fmt: skip
        refused = press.get(path, params={"status": "nonsense"}).json()
        assert refused["data"]["params"]["status"] == f"status[0] is not one of {words}."
    author = httpx.Client(
        base_url=str(press.base_url), auth=("ana", site.add_password("ana", "tool"))
    )
    site.add_post("admin", "Plan", status="draft")
    seen = author.get("/posts", params={"author": "1", "status": "any"})
    assert (seen.headers["x-wp-total"], len(seen.json())) == ("2", 1), "counted, and not shown"
    assert press.get("/types", params={"context": "edit"}).json()["page"]["supports"]["author"]


def test_what_is_deleted_with_its_author(site: WordPressTenant, press: httpx.Client) -> None:
    id_ = site.add_user("ana", roles=["author"])
    made = {
        (kind, status): site.add_post("ana", "x", kind=kind, status=status)
        for kind, status in (
            ("post", "draft"), ("post", "trash"), ("page", "publish"), ("attachment", "inherit"),
            ("wp_block", "publish"), ("wp_template", "publish"),
        )
    }  # fmt: skip
    press.delete(f"/users/{id_}", params={"force": "true", "reassign": "false"})
    left = {post["id"]: post["status"] for post in site.posts()}
    assert {key: left.get(made[key]) for key in made} == {
        ("post", "draft"): "trash",
        ("post", "trash"): None,
        ("page", "publish"): "trash",
        ("attachment", "inherit"): None,
        ("wp_block", "publish"): "publish",
        ("wp_template", "publish"): None,
    }


def test_ids_are_not_used_again(site: WordPressTenant, press: httpx.Client) -> None:
    first = site.add_user("ana")
    press.delete(f"/users/{first}", params={"force": "true", "reassign": "1"})
    assert press.post("/users", json=CYD).json()["id"] == first + 1


def test_a_multisite_says_it_otherwise(sandbox: Sandbox, press: httpx.Client) -> None:
    site = sandbox.tenant("site", "wordpress", multisite=True)
    id_ = site.add_user("cyd", email="cyd@example.com")
    duplicate = press.post("/users", json=CYD)
    assert (duplicate.status_code, duplicate.json()["code"]) == (400, "rest_invalid_param")
    assert [e["code"] for e in duplicate.json()["additional_errors"]] == ["user_name", "user_email"]
    refused = press.delete(f"/users/{id_}", params={"force": "true", "reassign": "1"})
    assert (refused.status_code, refused.json()["code"]) == (501, "rest_cannot_delete")


def test_forms_are_read_like_json(site: WordPressTenant, press: httpx.Client) -> None:
    assert press.post("/users", data=CYD | {"roles": "editor"}).json()["roles"] == ["editor"]


def test_what_is_no_api_is_no_json(site: WordPressTenant) -> None:
    answer = httpx.get(f"{site.url}/wp-login.php")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html")
