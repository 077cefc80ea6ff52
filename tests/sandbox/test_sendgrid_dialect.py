"""What SendGrid does: driven by its official client, held to its own specification."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_http_client import exceptions
from sendgrid import SendGridAPIClient
from starlette.datastructures import Headers, QueryParams

from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.sendgrid import SendGridTenant
from pulumi_martech.sandbox.sendgrid_scopes import BASELINE, GIVEN, SCOPES
from pulumi_martech.sandbox.side_door import SideDoor
from pulumi_martech.sandbox.tenant import Answer, Call
from tests.sandbox import sendgrid_spec

ANA = {"email": "ana@example.com", "scopes": ["mail.send", "stats.read"], "is_admin": False}
GENUINE = SendGridTenant.answer  # not held to the specification: the requests are not either
BEN = {"email": "ben@example.com", "first_name": "Ben", "last_name": "Berg"}


@pytest.fixture(autouse=True)
def seen() -> Iterator[list[str]]:
    with sendgrid_spec.exchanges_checked() as asked:
        yield asked


@pytest.fixture
def mail(sandbox: Sandbox) -> SendGridTenant:
    return sandbox.tenant("mail", "sendgrid")


@pytest.fixture
def sdk(mail: SendGridTenant) -> Any:
    return client_of(mail)


def client_of(mail: SendGridTenant, key: str = "") -> Any:
    """Return the official client; it parses every answer that it is asked for as a dict."""
    return SendGridAPIClient(key or mail.credentials.token, host=mail.base_url).client


def refusal(error: Any) -> dict[str, Any]:
    """Return the first error of an exception of the official client."""
    said = error.value.to_dict
    (first,) = said["errors"] if isinstance(said, dict) else said
    return first


# -- the life of a teammate, by the official client


def test_a_teammate_from_invitation_to_removal(mail: SendGridTenant, sdk: Any) -> None:
    made = sdk.teammates.post(request_body=ANA)
    assert made.status_code == 201
    token = made.to_dict["token"]
    assert made.to_dict == ANA | {"token": token}
    (pending,) = sdk.teammates.pending.get().to_dict["result"]
    assert pending == ANA | {"token": token, "expiration_date": mail.now() + 7 * 24 * 3600}
    with pytest.raises(exceptions.NotFoundError) as missing:
        sdk.teammates._("ana@example.com").get()
    assert refusal(missing) == {"message": "username not found", "field": "username"}

    mail.accept("ana@example.com", username="ana.b")
    assert sdk.teammates.pending.get().to_dict == {"result": []}
    ana = sdk.teammates._("ana.b").get().to_dict
    assert (ana["email"], ana["user_type"], ana["is_admin"]) == (ANA["email"], "teammate", False)
    assert ana["scopes"] == sorted([*ANA["scopes"], *GIVEN]), "SendGrid adds its own"
    changed = sdk.teammates._("ana.b").patch(
        request_body={"scopes": ["alerts.read"], "is_admin": False}
    )
    assert changed.to_dict["scopes"] == sorted(["alerts.read", *GIVEN]), "replaced as a whole"
    admin = sdk.teammates._("ana.b").patch(request_body={"scopes": [], "is_admin": True}).to_dict
    assert (admin["user_type"], len(admin["scopes"])) == ("admin", 278)
    assert sdk.teammates._("ana.b").delete().status_code == 204
    with pytest.raises(exceptions.NotFoundError):
        sdk.teammates._("ana.b").delete()
    assert set(mail.teammates()) == {"owner@example.com"}


def test_the_listing_has_no_scopes_and_pages_by_offset(mail: SendGridTenant, sdk: Any) -> None:
    mail.add_teammates({"email": f"u{n:04}@example.com", "scopes": ["mail.send"]} for n in range(9))
    pages = [
        sdk.teammates.get(query_params={"limit": 4, "offset": offset}).to_dict["result"]
        for offset in (0, 4, 8, 12)
    ]
    assert [len(page) for page in pages] == [4, 4, 2, 0]
    assert all("scopes" not in one for page in pages for one in page)
    assert pages[0][0]["user_type"] == "owner"
    with pytest.raises(exceptions.BadRequestsError):
        sdk.teammates.get(query_params={"limit": 501})


def test_invitations_last_a_week_unless_they_are_sent_again(sandbox: Sandbox) -> None:
    mail = sandbox.tenant("mail", "sendgrid", expired="hidden")
    sdk = client_of(mail)
    token = sdk.teammates.post(request_body=ANA).to_dict["token"]
    mail.advance(days=6)
    again = sdk.teammates.pending._(token).resend.post()
    assert (again.status_code, again.to_dict["token"]) == (200, token)
    mail.advance(days=6, hours=23)
    assert len(sdk.teammates.pending.get().to_dict["result"]) == 1
    mail.advance(hours=1)
    assert sdk.teammates.pending.get().to_dict["result"] == []
    with pytest.raises(ValueError, match="has expired"):
        mail.accept("ana@example.com")
    sandbox.tenant("mail", "sendgrid", expired="listed")
    assert len(sdk.teammates.pending.get().to_dict["result"]) == 1
    sdk.teammates.pending._(token).resend.post()
    assert mail.accept("ana@example.com", username="ana") == "ana"


def test_an_invitation_can_be_cancelled_declined_or_accepted_with_another_address(
    mail: SendGridTenant, sdk: Any
) -> None:
    token = sdk.teammates.post(request_body=ANA).to_dict["token"]
    assert sdk.teammates.pending._(token).delete().status_code == 204
    for gone in (sdk.teammates.pending._(token).delete, sdk.teammates.pending._(token).resend.post):
        with pytest.raises(exceptions.NotFoundError) as missing:
            gone()
        assert refusal(missing) == {"message": "invalid pending key", "field": "pending_key"}
    mail.invite("ben@example.com")
    mail.decline("ben@example.com")
    mail.invite("cleo@example.com", ["mail.send"])
    mail.accept("cleo@example.com", username="cleo", address="c@other.example")
    assert set(mail.teammates()) == {"owner@example.com", "c@other.example"}
    assert mail.pending() == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ANA | {"scopes": ["mail.sned"]}, "scopes"),
        (ANA | {"scopes": ["user.profile.update"]}, "scopes"),
        (ANA | {"scopes": ["user.password.update"]}, "scopes"),
        (ANA | {"scopes": ["2fa_required"]}, "scopes"),
        (ANA | {"is_admin": True}, "scopes"),
        ({"email": "ana@example.com", "is_admin": False}, "scopes"),
        ({"email": "ana@example.com", "scopes": []}, "is_admin"),
        (ANA | {"email": "nobody"}, "email"),
        (ANA | {"email": "OWNER@example.com"}, "email"),
    ],
)
def test_invitations_that_are_refused(
    mail: SendGridTenant, sdk: Any, body: dict[str, Any], field: str
) -> None:
    with pytest.raises(exceptions.BadRequestsError) as error:
        sdk.teammates.post(request_body=body)
    assert refusal(error)["field"] == field
    assert mail.pending() == {}


def test_what_an_invitation_cannot_carry_can_be_given_later(mail: SendGridTenant, sdk: Any) -> None:
    mail.add_teammate("ana@example.com", username="ana")
    body = {"scopes": ["user.profile.update", "user.password.update"], "is_admin": False}
    assert sdk.teammates._("ana").patch(request_body=body).status_code == 200
    with pytest.raises(exceptions.BadRequestsError) as error:
        sdk.teammates._("ana").patch(request_body={"scopes": ["mail.sned"], "is_admin": False})
    words = {"message": "one or more of given scopes are invalid", "field": "scopes"}
    assert refusal(error) == words
    assert mail.teammates()["ana@example.com"]["scopes"] == body["scopes"]


def test_a_yes_can_be_an_echo_of_what_was_not_stored(sandbox: Sandbox) -> None:
    mail = sandbox.tenant("mail", "sendgrid", not_kept=["whitelabel.read"])
    mail.add_teammate("ana@example.com", username="ana")
    body = {"scopes": ["mail.send", "whitelabel.read"], "is_admin": False}
    sdk = client_of(mail)
    assert "whitelabel.read" in sdk.teammates._("ana").patch(request_body=body).to_dict["scopes"]
    assert "whitelabel.read" not in sdk.teammates._("ana").get().to_dict["scopes"]


def test_the_owner_stays(mail: SendGridTenant, sdk: Any) -> None:
    with pytest.raises(exceptions.ForbiddenError):
        sdk.teammates.owner.delete()
    with pytest.raises(exceptions.ForbiddenError):
        sdk.teammates.owner.patch(request_body={"scopes": [], "is_admin": False})
    assert mail.teammates()["owner@example.com"]["is_admin"]


def test_a_plan_has_so_many_teammates_and_counts_invitations(sandbox: Sandbox) -> None:
    mail = sandbox.tenant("mail", "sendgrid", teammates=1)
    sdk = client_of(mail)
    sdk.teammates.post(request_body=ANA)
    with pytest.raises(exceptions.ForbiddenError):
        sdk.teammates.post(request_body=ANA | {"email": "ben@example.com"})
    mail.decline("ana@example.com")
    assert sdk.teammates.post(request_body=ANA).status_code == 201


# -- single sign-on and subusers


def test_single_sign_on_makes_a_teammate_at_once(mail: SendGridTenant, sdk: Any) -> None:
    made = sdk.sso.teammates.post(request_body=BEN | {"is_admin": False, "scopes": ["mail.send"]})
    assert made.status_code == 201
    assert made.to_dict["scopes"] == [], "what was given is not answered"
    ben = sdk.teammates._("ben@example.com").get().to_dict
    assert (ben["username"], ben["is_sso"]) == ("ben@example.com", True)
    assert ben["scopes"] == sorted(["mail.send", *GIVEN])
    named = {"first_name": "Ben", "last_name": "Böhm", "persona": "accountant"}
    patched = sdk.sso.teammates._("ben@example.com").patch(request_body=named).to_dict
    assert patched["last_name"] == "Böhm"
    assert "billing.read" in patched["scopes"]
    assert "persona" not in patched
    assert sdk.teammates._("ben@example.com").delete().status_code == 204


def test_access_to_subusers_replaces_scopes_and_grows_a_baseline(
    mail: SendGridTenant, sdk: Any
) -> None:
    emea, apac = mail.add_subuser("emea"), mail.add_subuser("apac", disabled=True)
    access = [
        {"id": emea, "permission_type": "restricted", "scopes": ["mail.send"]},
        {"id": apac, "permission_type": "admin"},
    ]
    body = BEN | {"has_restricted_subuser_access": True, "subuser_access": access}
    assert sdk.sso.teammates.post(request_body=body).to_dict["has_restricted_subuser_access"]
    read = sdk.teammates._("ben@example.com").subuser_access
    first = read.get(query_params={"limit": 1}).to_dict
    assert first["_metadata"]["next_params"]["after_subuser_id"] == emea
    (one,) = first["subuser_access"]
    assert set(one["scopes"]) == {"mail.send", *BASELINE, *GIVEN}
    last = read.get(query_params={"limit": 1, "after_subuser_id": emea}).to_dict
    assert last["_metadata"]["next_params"]["after_subuser_id"] is None
    assert (last["subuser_access"][0]["username"], last["subuser_access"][0]["disabled"]) == (
        "apac",
        True,
    )
    assert read.get(query_params={"username": "apac"}).to_dict["subuser_access"][0]["id"] == apac
    shown = sdk.teammates._("ben@example.com").get().to_dict["scopes"]
    assert "stats.read" in shown, "scopes are listed although none counts on the account"


def test_an_administrator_is_shown_with_all_subusers(mail: SendGridTenant, sdk: Any) -> None:
    mail.add_subuser("emea")
    mail.add_teammate("ana@example.com", username="ana", is_admin=True)
    shown = sdk.teammates.ana.subuser_access.get().to_dict
    assert shown["has_restricted_subuser_access"] is False
    (entry,) = shown["subuser_access"]
    assert (entry["permission_type"], len(entry["scopes"])) == ("admin", 278)


def test_one_scope_makes_sendgrid_drop_all_access_to_subusers(
    mail: SendGridTenant, sdk: Any
) -> None:
    scopes = ["mail.send", "sender_verification_legacy"]
    entry = {"id": mail.add_subuser("emea"), "permission_type": "restricted", "scopes": scopes}
    body = BEN | {"has_restricted_subuser_access": True, "subuser_access": [entry]}
    assert sdk.sso.teammates.post(request_body=body).status_code == 201
    assert mail.teammates()["ben@example.com"]["access"] == {}


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ben@example.com", "first_name": "Ben"},
        BEN | {"last_name": ""},
        BEN | {"is_admin": True, "scopes": ["mail.send"]},
        BEN | {"scopes": ["mail.sned"]},
        BEN | {"persona": "intern"},
        BEN | {"subuser_access": [{"id": 1001, "permission_type": "admin"}]},
        BEN | {"has_restricted_subuser_access": True, "subuser_access": [{"id": 1001}]},
        BEN | {"has_restricted_subuser_access": True, "scopes": ["mail.send"]},
        BEN
        | {
            "has_restricted_subuser_access": True,
            "subuser_access": [{"id": 99, "permission_type": "admin"}],
        },
    ],
)
def test_teammates_of_single_sign_on_that_are_refused(
    mail: SendGridTenant, sdk: Any, body: dict[str, Any]
) -> None:
    mail.add_subuser("emea")
    with pytest.raises(exceptions.BadRequestsError) as error:
        sdk.sso.teammates.post(request_body=body)
    assert refusal(error)["message"]
    assert set(mail.teammates()) == {"owner@example.com"}


def test_only_teammates_of_single_sign_on_are_changed_there(mail: SendGridTenant, sdk: Any) -> None:
    mail.add_teammate("ana@example.com", username="ana@example.com")
    with pytest.raises(exceptions.NotFoundError):
        sdk.sso.teammates._("ana@example.com").patch(request_body=BEN | {"is_admin": True})


def test_subusers_come_go_and_are_switched_off(mail: SendGridTenant, sdk: Any) -> None:
    body = {"username": "emea", "email": "e@example.com", "password": "x", "ips": ["192.0.2.1"]}
    made = sdk.subusers.post(request_body=body).to_dict
    assert sdk.subusers._("emea").patch(request_body={"disabled": True}).status_code == 204
    website = sdk.subusers._("emea").website_access
    assert website.patch(request_body={"disabled": True}).status_code == 204
    (there,) = sdk.subusers.get(query_params={"username": "emea"}).to_dict
    assert (there["id"], there["disabled"]) == (made["user_id"], True)
    with pytest.raises(exceptions.BadRequestsError):
        sdk.subusers.post(request_body=body)
    assert sdk.subusers._("emea").delete().status_code == 204
    assert sdk.subusers.get(query_params={"limit": 10, "offset": 0}).to_dict == []


# -- keys, scopes, limits


def test_api_keys(mail: SendGridTenant, sdk: Any) -> None:
    made = sdk.api_keys.post(request_body={"name": "shop", "scopes": ["mail.send"]}).to_dict
    shop = client_of(mail, made["api_key"])
    assert shop.scopes.get().to_dict == {"scopes": ["mail.send"]}
    with pytest.raises(exceptions.ForbiddenError):
        shop.teammates.get()
    one = sdk.api_keys._(made["api_key_id"])
    (shown,) = one.get().to_dict["result"]
    assert shown == {"api_key_id": made["api_key_id"], "name": "shop", "scopes": ["mail.send"]}
    assert "api_key" not in shown
    one.patch(request_body={"name": "shop 2"})
    one.put(request_body={"name": "shop 3", "scopes": ["stats.read"]})
    assert mail.keys()[made["api_key_id"]]["scopes"] == ["stats.read"]
    names = [key["name"] for key in sdk.api_keys.get().to_dict["result"]]
    assert names == ["administration", "shop 3"]
    assert one.delete().status_code == 204
    with pytest.raises(exceptions.UnauthorizedError) as error:
        shop.scopes.get()
    assert refusal(error) == {"message": "authorization required", "field": None}
    with pytest.raises(exceptions.NotFoundError):
        one.get()


def test_a_key_without_named_scopes_has_all_and_no_more_than_a_hundred_keys_are_there(
    mail: SendGridTenant, sdk: Any
) -> None:
    assert len(sdk.api_keys.post(request_body={"name": "all"}).to_dict["scopes"]) == 278
    for number in range(98):
        mail.add_key(f"key {number}", ["mail.send"])
    with pytest.raises(exceptions.ForbiddenError):
        sdk.api_keys.post(request_body={"name": "one more"})
    assert len(sdk.api_keys.get().to_dict["result"]) == 100


def test_a_key_gives_no_scope_that_it_has_not(mail: SendGridTenant, sdk: Any) -> None:
    assert set(sdk.scopes.get().to_dict["scopes"]) == SCOPES
    mail.narrow_key("mail.send", "api_keys.read")
    with pytest.raises(exceptions.BadRequestsError):
        sdk.teammates.post(request_body=ANA)
    with pytest.raises(exceptions.ForbiddenError) as error:
        sdk.api_keys.get()
    assert refusal(error) == {"message": "access forbidden", "field": None}


def test_a_reading_key_only_reads(mail: SendGridTenant) -> None:
    sdk = client_of(mail, mail.read_credentials.token)
    assert sdk.teammates.get().status_code == 200
    with pytest.raises(exceptions.ForbiddenError):
        sdk.teammates.post(request_body=ANA)
    with pytest.raises(exceptions.ForbiddenError) as error:
        sdk.sso.teammates.post(request_body=BEN)
    assert refusal(error)["message"] == "access forbidden", "there it is a bare list"


def test_a_call_for_a_subuser_never_reaches_the_parents(mail: SendGridTenant) -> None:
    mail.add_subuser("emea")
    subuser = SendGridAPIClient(
        mail.credentials.token, host=mail.base_url, impersonate_subuser="emea"
    ).client
    with pytest.raises(exceptions.ForbiddenError):
        subuser.teammates.get()
    with pytest.raises(exceptions.ForbiddenError):
        subuser.teammates.owner.delete()


def test_too_many_calls_are_told_when_to_come_again(sandbox: Sandbox) -> None:
    mail = sandbox.tenant("mail", "sendgrid", per_minute=3)
    times = iter([60.0] * 4 + [119.0, 120.0])
    mail.tell_time = lambda: next(times)
    headers = {"Authorization": f"Bearer {mail.credentials.token}"}
    with httpx.Client(base_url=mail.base_url, headers=headers) as client:
        answers = [client.get("/v3/scopes") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429, 200]
    left = [answer.headers["x-ratelimit-remaining"] for answer in answers]
    assert left == ["2", "1", "0", "0", "0", "2"]
    refused = answers[3]
    assert refused.json() == {"errors": [{"field": None, "message": "too many requests"}]}
    assert "retry-after" not in refused.headers
    assert int(refused.headers["x-ratelimit-reset"]) > 1_700_000_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v3/nothing", 404), ("PUT", "/v3/teammates", 405), ("GET", "/", 404)],
)
def test_other_paths_and_methods(mail: SendGridTenant, method: str, path: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {mail.credentials.token}"}
    answer = httpx.request(method, f"{mail.base_url}{path}", headers=headers)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["message"]


def test_what_is_no_json_is_refused(mail: SendGridTenant) -> None:
    headers = {"Authorization": f"Bearer {mail.credentials.token}"}
    for content in (b"", b"{", b"[]", b"\xff"):
        answer = httpx.post(f"{mail.base_url}/v3/teammates", headers=headers, content=content)
        assert (answer.status_code, answer.json()["errors"][0]["message"]) == (400, "invalid JSON")


def test_the_side_door_works_from_another_process(sandbox: Sandbox, mail: SendGridTenant) -> None:
    door = SideDoor(sandbox.url, sandbox.side_token, "mail")
    door("invite", email="ana@example.com", scopes=["mail.send"])
    before = door("advance", days=1)
    assert door("accept", email="ANA@example.com", username="ana.b") == "ana.b"
    assert before == pytest.approx(mail.now(), abs=5)
    door("add_subuser", username="emea")
    door("give_subusers", email="ana@example.com", access={"emea": ["mail.send"]})
    door("add_key", name="shop", scopes=["mail.send"])
    assert door("users")["ana@example.com"]["access"]["1001"]["scopes"] == ["mail.send"]
    with pytest.raises(ValueError, match="no invitation of 'ben"):
        door("decline", email="ben@example.com")
    with pytest.raises(ValueError, match="no teammate 'ben"):
        door("remove_user", login="ben@example.com")
    assert mail.log() == [], "what is done by hand is no call"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**10) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
)
NAMES = st.sampled_from(
    ["email", "scopes", "is_admin", "first_name", "last_name", "persona", "subuser_access", "name",
     "has_restricted_subuser_access", "disabled", "username", "password", "ips"]
)  # fmt: skip
LIKELY = st.sampled_from(
    ["x@example.com", ["mail.send"], True, "Ben", "marketer", [{"id": 1001}],
     [{"id": 1001, "permission_type": "restricted", "scopes": ["mail.send"]}]]
)  # fmt: skip
PATHS = st.sampled_from(
    ["teammates", "teammates/pending", "teammates/pending/x", "teammates/pending/x/resend",
     "teammates/ana", "teammates/owner", "teammates/ana/subuser_access", "sso/teammates",
     "sso/teammates/ben@example.com", "subusers", "subusers/emea", "subusers/emea/website_access",
     "api_keys", "api_keys/x", "scopes", "x"]
)  # fmt: skip


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    PATHS,
    st.dictionaries(
        st.sampled_from(["limit", "offset", "after_subuser_id"]),
        st.text(max_size=4) | st.integers(-5, 10**20).map(str),
        max_size=2,
    ),
    st.dictionaries(NAMES, VALUES | LIKELY, max_size=7) | VALUES,
)
def test_anything_sent_is_answered_in_sendgrids_way(
    mail: SendGridTenant, method: str, path: str, query: dict[str, str], body: Any
) -> None:
    if not mail.users().get("ana@example.com"):
        mail.add_teammate("ana@example.com", username="ana")
        mail.add_teammate("ben@example.com", is_sso=True, first_name="Ben", last_name="Berg")
        mail.add_subuser("emea")
    _, handlers, parts = mail.routes.find(f"/v3/{path}")
    headers = Headers({"authorization": f"Bearer {mail.credentials.token}"})
    sent = json.dumps(body).encode()
    call = Call(method, "", f"/v3/{path}", QueryParams(query), headers, sent, dict(parts))
    with mail.store.transaction() as transaction:
        answer = GENUINE(mail, call, handlers)
        transaction.undo()
    assert answer.status in (200, 201, 204, 400, 403, 404, 405), answer.body
    if answer.status >= 400:
        said = answer.body if isinstance(answer.body, list) else answer.body["errors"]
        assert said[0]["message"]


# -- the specification itself


def test_the_vendors_examples_contradict_its_schemas_as_is_known() -> None:
    """Whoever follows the examples finds nobody: the reason why the schemas are followed."""
    listed = _example("GET", "/v3/teammates")
    pending = _example("GET", "/v3/teammates/pending")
    assert "results" in listed
    assert "result" not in listed
    assert "pending_id" in pending["result"][0]
    assert "token" not in pending["result"][0]


def test_the_check_of_exchanges_finds_what_is_wrong(mail: SendGridTenant) -> None:
    def call(method: str, path: str, body: bytes = b"") -> Call:
        return Call(method, "", path, QueryParams(""), Headers({}), body)

    listed = call("GET", "/v3/teammates/pending")
    for method, answer, words in (
        (listed, Answer(200, {"results": []}), "'result' is a required property"),
        (listed, Answer(200, {"result": [{"email": "x"}]}), "'token' is a required property"),
        (listed, Answer(418, {}), "no such status"),
        (call("GET", "/v3/nothing"), Answer(200, {}), "no such operation"),
        (call("DELETE", "/v3/teammates/x"), Answer(204, {}), "a body where there is none"),
        (
            call("PATCH", "/v3/teammates/x", b'{"scopes": [], "roles": []}'),
            Answer(200, None),
            "'is_admin' is a required property",
        ),
    ):
        assert any(words in found for found in sendgrid_spec.problems(method, answer)), words


def _example(method: str, path: str) -> Any:
    response = sendgrid_spec.operations()[method, path]["responses"]["200"]
    return response["content"]["application/json"]["examples"]["response"]["value"]
