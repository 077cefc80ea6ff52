"""HubSpot's dialect: driven by its official client, and by hand where that is silent."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hubspot import HubSpot
from hubspot.crm import objects
from hubspot.settings import users as sdk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers, QueryParams

from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.hubspot import HubSpotTenant
from pulumi_martech.sandbox.hubspot_portal import SCOPES
from pulumi_martech.sandbox.tenant import Call
from tests.platforms import hubspot_spec

ANA = "ana@example.com"
USERS = "/settings/v3/users/"


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Hold every exchange of these tests against HubSpot's own description, if it is at hand.

    Returns what is known to be described nowhere: a path, or a path with a query.
    """
    answer, wrong, known = HubSpotTenant.answer, [], []

    def checked(portal: HubSpotTenant, call: Call, handlers: Any) -> Any:
        given = answer(portal, call, handlers)
        # Ours are on purpose what no client of the described kind sends.
        if hubspot_spec.AT_HAND and call.path not in known and not portal.dialect.nulls:
            try:
                hubspot_spec.check(
                    call.method,
                    call.path,
                    str(call.query),
                    json.loads(call.body) if call.body else None,
                    given.status,
                    given.body,
                    strict=not portal.dialect.extra_fields,
                )
            except AssertionError as error:
                wrong.append(str(error))
        return given

    monkeypatch.setattr(HubSpotTenant, "answer", checked)
    yield known
    assert wrong == []


@pytest.fixture
def portal(sandbox: Sandbox) -> HubSpotTenant:
    made = sandbox.tenant("hub", "hubspot")
    for name in ("Marketing", "Sales"):
        made.add_permission_set(name)
    for name in ("Paris", "Lyon"):
        made.add_team(name)
    return made


@pytest.fixture
def hub(portal: HubSpotTenant) -> Any:
    return client(portal).settings.users


@pytest.fixture
def raw(portal: HubSpotTenant) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {portal.credentials.token}"}
    with httpx.Client(base_url=portal.base_url, headers=headers, timeout=10) as made:
        yield made


def client(portal: HubSpotTenant, token: str = "") -> Any:
    return HubSpot(access_token=token or portal.credentials.token, host=portal.base_url)


def by_name(portal: HubSpotTenant) -> dict[str, str]:
    found = {**portal.stored_roles.page(), **portal.stored_teams.page()}
    return {doc["name"]: id_ for id_, doc in found.items()}


def as_sent(model: Any) -> Any:
    return sdk.ApiClient().sanitize_for_serialization(model)


# -- the official client


def test_the_official_client_leads_a_user_through_its_life(portal: HubSpotTenant, hub: Any) -> None:
    ids = by_name(portal)
    made = hub.users_api.create(
        sdk.UserProvisionRequest(
            email=ANA,
            send_welcome_email=True,
            role_id=ids["Marketing"],
            primary_team_id=ids["Paris"],
            secondary_team_ids=[ids["Lyon"]],
        )
    )
    assert (made.email, made.super_admin, made.send_welcome_email) == (ANA, False, True)
    assert (made.role_id, made.role_ids) == (ids["Marketing"], [ids["Marketing"]])
    found = hub.users_api.get_by_id(ANA, id_property="EMAIL")
    assert found.id == made.id
    assert found.send_welcome_email is False, "filled in the answer to the creation alone"
    changed = hub.users_api.replace(made.id, sdk.PublicUserUpdate(role_id=ids["Sales"]))
    assert (changed.role_ids, changed.primary_team_id) == ([ids["Sales"]], ids["Paris"])
    (paris, lyon) = hub.teams_api.get_all().results
    assert (paris.user_ids, lyon.secondary_user_ids) == ([made.id], [made.id])
    assert [role.name for role in hub.roles_api.get_all().results] == ["Marketing", "Sales"]
    hub.users_api.archive(made.id)
    hub.users_api.archive(made.id)
    with pytest.raises(sdk.ApiException) as caught:
        hub.users_api.get_by_id(made.id)
    assert caught.value.status == 404


def test_the_official_client_walks_all_pages(portal: HubSpotTenant, hub: Any) -> None:
    logins = {f"u{number:02}@example.com" for number in range(24)}
    portal.add_users({"email": login} for login in logins)
    found, after = [], None
    while True:
        page = hub.users_api.get_page(limit=10, **({"after": after} if after else {}))
        found += [user.email for user in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert sorted(found) == sorted([*logins, "owner@example.com"])


def test_every_answer_survives_the_official_models(
    portal: HubSpotTenant, hub: Any, raw: httpx.Client
) -> None:
    ids = by_name(portal)
    id_ = portal.add_user(
        ANA, role="Sales", primary_team="Paris", teams=["Lyon"], seats=["Core Seat"]
    )
    parsed = {
        USERS: hub.users_api.get_page(),
        f"{USERS}{id_}": hub.users_api.get_by_id(id_),
        f"{USERS}roles": hub.roles_api.get_all(),
        f"{USERS}teams": hub.teams_api.get_all(),
    }
    for path, model in parsed.items():
        answered = raw.get(path).json()
        assert as_sent(model) == _known_to(model, answered), path
    # And what a connector sends is what the models of requests hold.
    for model, body in (
        (sdk.UserProvisionRequest, {"email": ANA, "sendWelcomeEmail": False, "roleId": "1"}),
        (sdk.PublicUserUpdate, {"roleId": ids["Sales"], "secondaryTeamIds": []}),
    ):
        fields = {ours: body[name] for ours, name in model.attribute_map.items() if name in body}
        assert as_sent(model(**fields)) == body


def _known_to(model: Any, answered: Any) -> Any:
    """Return an answer without the fields that this version of the client does not have yet."""
    if isinstance(model, list):
        return [_known_to(one, value) for one, value in zip(model, answered, strict=True)]
    if not hasattr(model, "attribute_map"):
        return answered
    return {
        name: _known_to(getattr(model, ours), answered[name])
        for ours, name in model.attribute_map.items()
        if name in answered
    }


def test_errors_are_what_the_official_client_reads(portal: HubSpotTenant) -> None:
    token = portal.add_token(set(SCOPES) - {"settings.users.read", "crm.objects.users.read"})
    with pytest.raises(sdk.ApiException) as caught:
        client(portal, token).settings.users.users_api.get_page()
    said = json.loads(caught.value.body)
    parsed = sdk.Error(
        **{o: said[n] for o, n in sdk.Error.attribute_map.items() if n in said and o != "errors"}
    )
    assert (caught.value.status, parsed.category) == (403, "MISSING_SCOPES")
    assert uuid.UUID(parsed.correlation_id)
    (detail,) = said["errors"]
    assert detail["context"]["requiredGranularScopes"] == [
        "settings.users.read",
        "crm.objects.users.read",
    ]


def test_deactivated_users_are_found_by_search_alone(portal: HubSpotTenant) -> None:
    id_ = portal.add_user(ANA)
    portal.add_user("ben@example.com")
    portal.deactivate(ANA)
    api = client(portal)
    assert ANA in [user.email for user in api.settings.users.users_api.get_page().results]
    request = objects.PublicObjectSearchRequest(
        filter_groups=[
            objects.FilterGroup(
                filters=[
                    objects.Filter(property_name="hs_deactivated", operator="EQ", value="true")
                ]
            )
        ],
        properties=["hs_internal_user_id", "hs_deactivated"],
        sorts=[],
        limit=200,
        after="0",
    )
    page = api.crm.objects.search_api.do_search("users", request)
    (found,) = page.results
    assert (page.total, found.properties["hs_internal_user_id"]) == (1, id_)
    assert found.id != id_
    portal.reactivate(ANA)
    assert api.crm.objects.search_api.do_search("users", request).total == 0


# -- what the client is silent about


def test_all_paths_of_the_first_generation_lead_to_the_list(raw: httpx.Client) -> None:
    answers = [raw.get(path).json() for path in ("/settings/v3/users", USERS, "/settings/users/v3")]
    assert answers[0] == answers[1] == answers[2]
    made = raw.post("/settings/users/v3", json={"email": ANA, "sendWelcomeEmail": False})
    assert made.status_code == 201
    assert made.headers["location"].endswith(f"/settings/v3/users/{made.json()['id']}")


def test_generations_differ_in_seats(
    sandbox: Sandbox, raw: httpx.Client, described: list[str]
) -> None:
    for number, generation in enumerate(("2026-03", "2026-09-beta", "2026-09")):
        base = f"/settings/users/{generation}"
        body = {"email": f"u{number}@example.com", "sendWelcomeEmail": False}
        seats = {} if generation == "2026-03" else {"seatNames": ["Sales Professional"]}
        made = raw.post(base, json=body | seats).json()
        shown = raw.get(f"{base}/{made['id']}").json()
        assert shown.get("seatNames") == seats.get("seatNames")
        listed = {one["id"]: one for one in raw.get(base).json()["results"]}
        assert "seatNames" in listed[made["id"]]
    left = {s["name"]: s["remainingSeats"] for s in raw.get(f"{base}/seats").json()["results"]}
    assert left == {"Core Seat": 1000, "Sales Professional": 8}
    described.append("/settings/users/2026-03/seats")
    assert raw.get("/settings/users/2026-03/seats").status_code == 404
    described.append("/settings/users/2026-03")
    sandbox.tenant("hub", "hubspot", generations=["v3"])
    assert raw.get("/settings/users/2026-03").status_code == 404


def test_a_put_merges_and_clears_no_single_value(portal: HubSpotTenant, raw: httpx.Client) -> None:
    id_ = portal.add_user(ANA, first_name="Ana", role="Sales", primary_team="Paris", teams=["Lyon"])
    before = raw.get(f"{USERS}{id_}").json()
    for body in ({}, {"roleId": ""}, {"primaryTeamId": "", "firstName": ""}):
        assert raw.put(f"{USERS}{id_}", json=body).json() == before
    after = raw.put(f"{USERS}{id_}", json={"secondaryTeamIds": []}).json()
    assert after == before | {"secondaryTeamIds": []}


def test_fields_that_an_update_does_not_have_change_nothing(
    portal: HubSpotTenant, raw: httpx.Client, described: list[str]
) -> None:
    id_ = portal.add_user(ANA)
    path = f"{USERS}{id_}"
    described.append(path)
    for body in ({"email": "x@example.com"}, {"superAdmin": True}, {"active": False}):
        assert raw.put(path, json=body).status_code == 200
    assert raw.get(path).json()["email"] == ANA
    assert portal.users()[ANA]["superAdmin"] is False


def test_who_comes_back_has_the_id_of_before(portal: HubSpotTenant, raw: httpx.Client) -> None:
    first = portal.add_user(ANA)
    raw.delete(f"{USERS}{first}")
    portal.add_user("ben@example.com")
    assert portal.record_of(first) is not None, "the CRM keeps its record"
    again = raw.post(USERS, json={"email": ANA, "sendWelcomeEmail": False}).json()
    assert again["id"] == first


def test_archiving_the_crms_record_leaves_the_access(
    portal: HubSpotTenant, raw: httpx.Client
) -> None:
    id_ = portal.add_user(ANA)
    record = portal.record_of(id_)
    assert record is not None
    assert raw.delete(f"/crm/v3/objects/users/{record['id']}").status_code == 204
    assert raw.get(f"{USERS}{id_}").status_code == 200


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"roleId": "1"}, "Role 1 does not exist"),
        ({"primaryTeamId": "1"}, "Team 1 does not exist"),
        ({"seatNames": ["Nope"]}, "Seat Nope does not exist"),
        ({"seatNames": ["Full"]}, "NO_SEAT_AVAILABLE_FOR_ROLE_COMBINATION"),
        ({"firstName": "Ana"}, "USER_NOT_ON_ANY_HUBS"),
    ],
)
def test_what_cannot_be_is_a_validation_error_that_changes_nothing(
    portal: HubSpotTenant, raw: httpx.Client, body: Any, said: str
) -> None:
    portal.set_seats("Full", 0)
    made = raw.post(USERS, json={"email": ANA, "sendWelcomeEmail": False}).json()
    before = portal.users()
    answer = raw.put(f"{USERS}{made['id']}", json=body | {"secondaryTeamIds": []})
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"
    assert said in answer.json()["errors"][0]["message"]
    assert portal.users() == before


def test_limits_are_told_in_headers_and_not_for_searches(
    sandbox: Sandbox, portal: HubSpotTenant, raw: httpx.Client
) -> None:
    sandbox.tenant("hub", "hubspot", plan="starter", limited=True, searches_per_second=1)
    portal.clock = lambda: 5.0
    headers = raw.get(USERS).headers
    assert headers["x-hubspot-ratelimit-max"] == "100"
    assert headers["x-hubspot-ratelimit-remaining"] == "99"
    assert headers["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    assert headers["x-hubspot-ratelimit-daily"] == "250000"
    body = {"filterGroups": [], "properties": [], "sorts": [], "limit": 1, "after": "0"}
    search = raw.post("/crm/v3/objects/users/search", json=body)
    assert not any("ratelimit" in name for name in search.headers)
    fast = raw.post("/crm/v3/objects/users/search", json=body)
    assert (fast.status_code, fast.json()["policyName"]) == (429, "SECONDLY")
    for _ in range(98):
        assert raw.get(USERS).status_code == 200
    over = raw.get(USERS)
    assert (over.status_code, over.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    portal.clock = lambda: 15.0
    assert raw.get(USERS).status_code == 200
    portal.use_up_the_day(left=1)
    assert raw.get(USERS).headers["x-hubspot-ratelimit-daily-remaining"] == "0"
    day = raw.get(USERS)
    assert (day.status_code, day.json()["policyName"]) == (429, "DAILY")


def test_logs_keep_ninety_days(portal: HubSpotTenant, raw: httpx.Client) -> None:
    id_ = portal.add_user(ANA)
    portal.log_in(ANA, "2020-01-01T08:00:00.000Z")
    portal.log_in(ANA)
    portal.make_super_admin(ANA)
    found = raw.get("/account-info/v3/activity/login", params={"userId": id_}).json()
    assert [entry["loginSucceeded"] for entry in found["results"]] == [True]
    events = raw.get("/account-info/v3/activity/security", params={"limit": 1}).json()
    assert events["results"][0]["type"] == "ADD_ADMIN_USER"
    assert events["paging"]["next"]["after"]
    usage = raw.get("/account-info/v3/api-usage/daily/private-apps").json()["results"][0]
    assert usage["currentUsage"] == 2
    assert raw.get("/account-info/v3/details").json()["portalId"] == 62515


def test_changes_by_hand_go_through_the_side_door(sandbox: Sandbox) -> None:
    hub = sandbox.tenant("other", "hubspot")
    assert all(callable(getattr(hub, verb)) for verb in hub.side_door)
    hub.add_permission_set("Editors")
    hub.add_user(ANA, role="Editors")
    hub.change_user(ANA, role="", first_name="Ana")
    hub.deactivate(ANA)
    assert hub.users()[ANA]["roles"] == []
    with pytest.raises(ValueError, match="no permission set 'Nope'"):
        hub.change_user(ANA, role="Nope")
    hub.remove_user(ANA)
    assert list(hub.users()) == ["owner@example.com"]


# -- whatever is sent


SCALARS = st.none() | st.booleans() | st.integers(-3, 10**10) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner)
)
NAMES = st.sampled_from(
    ["email", "sendWelcomeEmail", "firstName", "roleId", "primaryTeamId", "secondaryTeamIds",
     "seatNames", "filterGroups", "filters", "limit", "after", "properties", "idProperty"]
)  # fmt: skip
FILTERS = st.fixed_dictionaries(
    {
        "propertyName": st.sampled_from(["hs_deactivated", "hs_internal_user_id", "x"]) | SCALARS,
        "operator": st.sampled_from(["EQ", "IN", "GT"]) | SCALARS,
        "value": VALUES,
        "values": VALUES,
    }
)
BODIES = (
    st.dictionaries(NAMES, VALUES, max_size=5)
    | st.fixed_dictionaries(
        {"filterGroups": st.lists(st.fixed_dictionaries({"filters": st.lists(FILTERS)}) | VALUES)}
    )
    | VALUES
)


@pytest.fixture(scope="module")
def unserved() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.stop()


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    st.sampled_from(
        [USERS, f"{USERS}ID", f"{USERS}999", f"{USERS}roles", "/settings/users/2026-03", "/nope",
         "/settings/users/2026-09/seats", "/crm/v3/objects/users/search", "/crm/v3/objects/users/1",
         "/account-info/v3/activity/login"]
    ),
    st.dictionaries(NAMES, st.text(max_size=6) | st.integers(-5, 10**20).map(str), max_size=3),
    BODIES,
)  # fmt: skip
def test_hubspot_answers_anything(
    described: list[str],
    unserved: Sandbox,
    method: str,
    path: str,
    query: dict[str, str],
    body: Any,
) -> None:
    hub = unserved.tenant("hub", "hubspot")
    if len(hub.users()) == 1:
        hub.add_permission_set("Editors")
        hub.add_user(ANA, role="Editors")
    path = path.replace("ID", hub.users()[ANA]["id"])
    described.append(path)
    handlers, parts = hub.routes.find(path)[1:]
    call = Call(
        method=method,
        root=hub.url,
        path=path,
        query=QueryParams(urlencode(query, errors="replace")),
        headers=Headers({"authorization": f"Bearer {hub.credentials.token}"}),
        body=json.dumps(body).encode(),
        parts=dict(parts),
    )
    with hub.store.transaction() as transaction:
        answer = hub.answer(call, handlers)
        said = json.loads(answer.content() or b"null")
        look = replace(call, method="GET", path=USERS, query=QueryParams(), body=b"", parts={})
        assert hub.answer(look, hub.routes.find(USERS)[1]).status == 200
        transaction.undo()
    assert answer.status in (200, 201, 204, 400, 404, 405, 409), said
    if answer.status >= 400:
        assert said["status"] == "error"
        assert said["category"]


@pytest.mark.skipif(not hubspot_spec.AT_HAND, reason="HubSpot's descriptions are not at hand")
def test_the_check_against_the_description_sees_what_is_wrong() -> None:
    user = {"id": "7", "email": ANA, "superAdmin": False, "roleIds": []}
    fine = ("GET", f"{USERS}7", "", None, 200, user)
    hubspot_spec.check(*fine)
    for spoilt in (
        ("GET", f"{USERS}7", "", None, 200, user | {"id": 7}),
        ("GET", f"{USERS}7", "", None, 200, {"id": "7"}),
        ("GET", f"{USERS}7", "", None, 200, user | {"primaryTeamId": None}),
        ("GET", f"{USERS}7", "", None, 200, user | {"pending": True}),
        ("GET", f"{USERS}7", "by=mail", None, 200, user),
        ("GET", f"{USERS}7", "", None, 404, {"message": "gone"}),
        ("GET", "/settings/v9/users", "", None, 200, user),
        ("POST", USERS, "", {"email": ANA}, 201, user),
        ("PUT", f"{USERS}7", "", {"email": ANA}, 200, user),
        ("PUT", f"{USERS}7", "", {}, 201, user),
        ("DELETE", f"{USERS}7", "", None, 204, user),
        ("PUT", "/settings/users/2026-03/7", "", {"seatNames": []}, 200, user),
    ):
        with pytest.raises(AssertionError):
            hubspot_spec.check(*spoilt)
