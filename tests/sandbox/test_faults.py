"""Faults are what they say, over real sockets."""

import email.utils
import json
import time
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import ValidationError

from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.scim import ScimTenant
from pulumi_martech.sandbox.wordpress import WordPressTenant

ANA = {"userName": "ana@example.com"}


def test_429_says_how_long_in_seconds(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("status", status=429, retry_after=7, method="POST")
    answer = scim.post("/Users", json=ANA)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert crm.users() == {}
    assert scim.post("/Users", json=ANA).status_code == 201


def test_429_says_how_long_as_a_date(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("status", status=429, retry_after=60, retry_after_form="date")
    said = email.utils.parsedate_to_datetime(scim.get("/Users").headers["retry-after"])
    assert 50 < (said - datetime.now(UTC)).total_seconds() <= 60


def test_429_may_say_nothing(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("status", status=429)
    assert "retry-after" not in scim.get("/Users").headers


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_errors_come_before_anything_is_done(
    crm: ScimTenant, scim: httpx.Client, status: int
) -> None:
    crm.fault("status", status=status)
    assert scim.post("/Users", json=ANA).status_code == status
    assert crm.users() == {}
    assert [(w.status, w.committed, w.fault) for w in crm.writes()] == [(status, False, "status")]


def test_a_gateway_error_may_hide_what_was_done(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("status", status=504, when="after")
    assert scim.post("/Users", json=ANA).status_code == 504
    assert list(crm.users()) == ["ana@example.com"]
    assert [(w.status, w.committed) for w in crm.writes()] == [(504, True)]


def test_a_cut_before_the_commit_does_nothing(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("cut", when="before")
    with pytest.raises(httpx.RemoteProtocolError):
        scim.post("/Users", json=ANA)
    assert crm.users() == {}
    assert [(w.status, w.committed) for w in crm.writes()] == [(None, False)]


def test_a_cut_after_the_commit_leaves_the_user_behind(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("cut", when="after")
    with pytest.raises(httpx.RemoteProtocolError):
        scim.post("/Users", json=ANA)
    assert list(crm.users()) == ["ana@example.com"]
    assert [(w.status, w.committed) for w in crm.writes()] == [(None, True)]
    assert scim.post("/Users", json=ANA).status_code == 409


def test_a_cut_during_the_answer_leaves_half_of_it(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("cut", when="during")
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        scim.post("/Users", json=ANA)
    assert list(crm.users()) == ["ana@example.com"]


def test_a_dropped_write_is_answered_as_done(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("dropped", method="POST")
    answer = scim.post("/Users", json=ANA)
    assert answer.status_code == 201
    assert scim.get(f"/Users/{answer.json()['id']}").status_code == 404
    assert [(w.status, w.committed, w.fault) for w in crm.writes()] == [(201, False, "dropped")]


def test_a_dropped_role_change_answers_the_new_roles(
    site: WordPressTenant, press: httpx.Client
) -> None:
    id_ = site.add_user("ana", roles=["editor"])
    site.fault("dropped", method="POST|PUT|PATCH")
    assert press.post(f"/users/{id_}", json={"roles": ["author"]}).json()["roles"] == ["author"]
    assert site.users()["ana"]["roles"] == ["editor"]


def test_latency_before_and_after_the_commit(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("latency", seconds=0.4, when="after")
    with pytest.raises(httpx.ReadTimeout):
        scim.post("/Users", json=ANA, timeout=0.1)
    assert list(crm.users()) == ["ana@example.com"]

    crm.fault("latency", seconds=0.3)
    began = time.monotonic()
    assert scim.get("/Users").status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_scim_listing_comes_back_short(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.add_users({"userName": f"u{n}@example.com"} for n in range(30))
    crm.fault("short", keep=3, times=None, path="*/Users")
    page = scim.get("/Users").json()
    assert (page["totalResults"], len(page["Resources"])) == (3, 3)
    assert scim.get("/Users", params={"startIndex": 4}).json()["Resources"] == []
    crm.clear_faults()
    assert scim.get("/Users").json()["totalResults"] == 30


def test_a_wordpress_listing_comes_back_short_or_empty(
    site: WordPressTenant, press: httpx.Client
) -> None:
    site.add_users({"username": f"u{n}"} for n in range(30))
    site.fault("short", keep=12)
    answer = press.get("/users", params={"per_page": 10, "page": 2})
    assert (len(answer.json()), answer.headers["x-wp-total"]) == (2, "12")
    site.fault("short", keep=0)
    answer = press.get("/users")
    assert (answer.json(), answer.headers["x-wp-total"]) == ([], "0")


def test_paging_that_never_ends(sandbox: Sandbox, press: httpx.Client) -> None:
    crm = sandbox.tenant("crm", "scim", page_cap=2)
    crm.add_users({"userName": f"u{n}@example.com"} for n in range(3))
    crm.fault("endless", times=None)
    auth = {"Authorization": f"Bearer {crm.credentials.token}"}
    for start in (1, 3, 5, 401):
        page = httpx.get(f"{crm.base_url}/Users?startIndex={start}", headers=auth).json()
        assert page["Resources"]
        assert page["totalResults"] >= start + len(page["Resources"])

    site = sandbox.tenants["site"]
    site.fault("endless", times=None)
    for number in (1, 2, 50):
        answer = press.get("/users", params={"page": number})
        assert answer.json()
        assert answer.links["next"]["url"].endswith(f"page={number + 1}")


def test_html_instead_of_json(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("html", status=200)
    answer = scim.get("/Users")
    assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")
    assert "<title>" in answer.text


def test_json_that_stops_half_way(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.add_user("ana@example.com")
    crm.fault("truncated")
    answer = scim.get("/Users")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_an_answer_of_ten_megabytes(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("large")
    assert len(scim.get("/Users").content) == 10 * 2**20


def test_a_record_without_email_and_one_without_id(
    crm: ScimTenant, scim: httpx.Client, site: WordPressTenant, press: httpx.Client
) -> None:
    crm.add_users({"userName": n, "emails": [{"value": n}]} for n in ("a@x.com", "b@x.com"))
    crm.fault("omit", fields=["emails"])
    first, second = scim.get("/Users").json()["Resources"]
    assert "emails" not in first
    assert "emails" in second
    crm.fault("omit", fields=["id"], path="*/Users/*")
    assert "id" not in scim.get(f"/Users/{second['id']}").json()

    site.fault("omit")
    (admin,) = press.get("/users", params={"context": "edit"}).json()
    assert "email" not in admin


def test_faults_choose_their_requests(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("status", status=500, method="GET", path="*/Groups", skip=1, times=2)
    assert scim.get("/Users").status_code == 200
    assert [scim.get("/Groups").status_code for _ in range(4)] == [200, 500, 500, 200]


def test_chance_is_repeatable(sandbox: Sandbox) -> None:
    def answers(key: str, seed: int) -> list[int]:
        crm = sandbox.tenant(key, "scim")
        crm.fault("status", status=503, times=None, probability=0.2, seed=seed)
        headers = {"Authorization": f"Bearer {crm.credentials.token}"}
        with httpx.Client(base_url=crm.base_url, headers=headers) as client:
            return [client.get("/Users?count=0").status_code for _ in range(100)]

    first = answers("one", 4)
    assert answers("two", 4) == first
    assert answers("three", 5) != first
    assert 8 <= first.count(503) <= 35


def test_several_faults_at_once(crm: ScimTenant, scim: httpx.Client) -> None:
    crm.fault("latency", seconds=0.2)
    crm.fault("status", status=503)
    began = time.monotonic()
    assert scim.get("/Users").status_code == 503
    assert time.monotonic() - began >= 0.2
    assert crm.log()[-1].fault == "latency, status"


def test_a_fault_strikes_its_tenant_only(
    crm: ScimTenant, site: WordPressTenant, press: httpx.Client
) -> None:
    crm.fault("cut", times=None)
    assert press.get("/users").status_code == 200


def test_a_misspelt_fault_is_refused(crm: ScimTenant) -> None:
    with pytest.raises(ValidationError, match="kind"):
        crm.fault("explode")
    with pytest.raises(ValidationError, match="secnods"):
        crm.fault("latency", secnods=3)
