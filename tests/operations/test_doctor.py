"""The doctor: every story of an account that would not work, told before a run."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest

from pulumi_martech.model.account import AccountConfig, Basic, Bearer, OAuth2Client, SignedJwt
from pulumi_martech.model.errors import Refused, Uncertain
from pulumi_martech.operations import doctor as module
from pulumi_martech.operations.doctor import Finding, doctor, worst
from pulumi_martech.operations.signs import budget
from pulumi_martech.operations.tables import finding_rows, finding_table
from pulumi_martech.platforms import registry
from pulumi_martech.reconcile.audit import Audit
from pulumi_martech.reconcile.home import home
from pulumi_martech.reconcile.journal import Journal
from pulumi_martech.sandbox import Sandbox, Tenant
from tests.operations.servers import Answer, serving

TOKEN = "a-token-nobody-may-see"


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOKEN", TOKEN)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def crm(sandbox, monkeypatch) -> Tenant:
    tenant = sandbox.tenant("crm", "scim")
    for name, value in tenant.environment().items():
        monkeypatch.setenv(name, value)
    return tenant


def account(url: str, **more: object) -> AccountConfig:
    given = {"key": "crm", "platform": "scim", "credentials": Bearer(token="env:TOKEN"), **more}
    return AccountConfig.model_validate({"url": url, **given})


def by_check(*accounts: AccountConfig) -> dict[str, Finding]:
    found = doctor(accounts)
    text = json.dumps([finding.model_dump() for finding in found])
    assert TOKEN not in text and "Traceback" not in text
    for finding in found:
        assert finding.what and "\n" not in finding.what
        assert finding.todo or finding.result != "fail", "what fails names what to do"
    return {finding.check: finding for finding in found}


def test_a_healthy_account_is_found_healthy_and_nothing_is_written(crm):
    told: list[Finding] = []
    config = crm.account().model_copy(update={"own_login": "Robot@example.com"})
    found = doctor([config], progress=told.append)
    assert found == told
    assert {finding.check for finding in found if finding.result == "ok"} == {
        "account", "credentials", "address", "clock", "identity", "users", "records",
    }  # fmt: skip
    assert {finding.check for finding in found if finding.result == "unknown"} == {
        "rights", "calls",
    }  # fmt: skip
    assert crm.writes() == []
    assert crm.credentials.token not in str(found)
    assert len(crm.log()) <= 5


def test_who_the_credentials_belong_to_and_what_they_lack_is_said(sandbox, monkeypatch):
    tenant = sandbox.tenant("blog", "wordpress")
    for name, value in tenant.environment().items():
        monkeypatch.setenv(name, value)
    site = tenant.account().model_copy(update={"url": f"{tenant.url}/wp-json"})
    found = by_check(site)
    assert found["identity"].result == "ok"
    assert tenant.credentials.username in found["identity"].what
    assert found["rights"].result == "ok" and found["users"].result == "ok"
    identity = by_check(site.model_copy(update={"own_login": "somebody"}))["identity"]
    assert identity.result == "fail" and "own_login" in identity.todo


def test_rights_that_are_missing_are_named():
    def editor(path: str, headers: object) -> Answer:
        body = {"username": "ed", "id": 2, "capabilities": {"edit_posts": True, "list_users": True}}
        listing = [] if "users/me" not in path else body
        return 200, {"X-WP-Total": "0", "X-WP-TotalPages": "0"}, json.dumps(listing).encode()

    with serving(editor) as url:
        credentials = Basic(username="ed", password="env:TOKEN")
        found = by_check(account(url, platform="wordpress", credentials=credentials))
    assert found["rights"].result == "fail"
    assert "create_users" in found["rights"].what and "list_users" not in found["rights"].what


# -- credentials


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NOT_SET", "NOT_SET is not set"),
        ("env:EMPTY", "empty"),
        ("file:missing/token", "cannot be read"),
        ("file:.", "not a regular file"),
    ],
)
def test_a_credential_that_is_not_there_is_named_and_not_sent(crm, monkeypatch, reference, said):
    monkeypatch.setenv("EMPTY", "")
    found = by_check(account(crm.base_url, credentials=Bearer(token=reference)))
    assert found["credentials"].result == "fail" and said in found["credentials"].what
    assert reference in found["credentials"].what
    assert found["address"].result == "ok"
    assert found["identity"].what == "not tried: a credential is missing"
    assert len(crm.log()) == 1


def test_a_file_that_others_can_read_is_a_warning(crm, tmp_path):
    file = tmp_path / "token"
    file.write_text(crm.credentials.token)
    file.chmod(0o644)
    config = account(crm.base_url, credentials=Bearer(token=f"file:{file}"))
    assert by_check(config)["credentials"].result == "warn"
    file.chmod(0o600)
    assert by_check(config)["credentials"].result == "ok"


def test_a_token_that_is_not_accepted_fails(crm):
    found = by_check(account(crm.base_url))
    assert found["identity"].result == "fail" and "401" in found["identity"].what
    assert "credential" in found["identity"].todo
    assert found["rights"].what == found["users"].what == "not tried: the credentials do not work"


def test_read_credentials_are_checked_for_themselves(crm):
    config = crm.account().model_copy(update={"read_credentials": Bearer(token="env:TOKEN")})
    found = by_check(config)
    assert found["read credentials"].result == "ok"
    assert found["read identity"].result == "fail" and found["identity"].result == "unknown"
    assert found["users"].what == "not tried: the read credentials do not work"


@pytest.mark.parametrize(
    "credentials",
    [
        OAuth2Client(token_url="http://127.0.0.1:9/t", client_id="c", client_secret="env:TOKEN"),
        SignedJwt(key="env:TOKEN", algorithm="RS256"),
    ],
    ids=["token endpoint that does not answer", "a key that is none"],
)
def test_credentials_of_other_kinds_are_examined_too(crm, credentials):
    found = by_check(account(crm.base_url, credentials=credentials))
    assert found["credentials"].result == "ok" and found["identity"].result == "fail"


# -- the way to the server


def test_a_server_that_is_not_there_fails_at_its_address():
    started = time.monotonic()
    found = by_check(account("http://127.0.0.1:9/scim"))
    assert time.monotonic() - started < 5
    assert found["address"].result == "fail" and "refused the connection" in found["address"].what
    assert all(found[c].result == "unknown" for c in ("clock", "identity", "users", "calls"))


@pytest.mark.parametrize("certificate", ["self-signed", "expired", "other-host"])
def test_a_certificate_that_is_not_trusted_is_named(certificate):
    with Sandbox(certificate=certificate) as sandbox:
        found = by_check(account(sandbox.tenant("crm", "scim").base_url))
    assert found["address"].result == "fail" and "certificate" in found["address"].what


def test_a_server_that_says_nothing_is_given_up(monkeypatch, crm):
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    crm.fault("latency", seconds=1.0, times=None)
    started = time.monotonic()
    found = by_check(crm.account())
    assert found["address"].result == "fail" and "in time" in found["address"].what
    assert time.monotonic() - started < 5


def test_a_wrong_path_is_told_from_a_wrong_token(crm):
    url = crm.base_url.replace("/scim/v2", "/scim/v3")
    found = by_check(crm.account().model_copy(update={"url": url}))
    assert found["address"].result == "ok" and found["identity"].result == "fail"
    assert "401" not in found["identity"].what


def test_a_page_in_place_of_an_answer_is_a_finding(crm):
    crm.fault("html", times=None)
    found = by_check(crm.account())
    assert found["identity"].result == "fail" and "HTML" in found["identity"].what


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"platform": "faxmachine"}, "no such platform"),
        ({"url": "http://crm.example.com"}, "in the clear"),
        ({"url": "https://u:p@crm.example.com"}, "user name or password"),
        ({"url": "nonsense"}, "not a URL"),
    ],
)
def test_a_declaration_that_cannot_be_is_not_tried(update, said):
    found = by_check(account("http://127.0.0.1:9").model_copy(update=update))
    assert found["account"].result == "fail" and said in found["account"].what
    assert found["credentials"].result == "ok"
    assert found["address"].result == found["identity"].result == "unknown"


# -- clock and calls


def users(headers: dict[str, str]):
    body = {"schemas": [], "totalResults": 0, "Resources": []}
    return lambda path, sent: (200, headers, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("off", "result", "said"),
    [
        (0, "ok", "agree"),
        (30, "warn", "behind"),
        (-30, "warn", "ahead"),
        (3600, "warn", "3600 s behind"),
        (None, "unknown", "does not say"),
    ],
)
def test_the_clock_is_compared_with_the_server_s(off, result, said):
    headers = {} if off is None else {"Date": formatdate(time.time() + off, usegmt=True)}
    with serving(users(headers)) as url:
        clock = by_check(account(url))["clock"]
    assert clock.result == result and (said in clock.what or "3599" in clock.what)


def test_a_clock_that_is_far_off_fails_where_tokens_are_signed():
    with serving(users({"Date": formatdate(time.time() + 600, usegmt=True)})) as url:
        found = by_check(account(url, credentials=SignedJwt(key="env:TOKEN")))
    assert found["clock"].result == "fail"


@pytest.mark.parametrize(
    ("headers", "left", "result"),
    [
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "80"}, "80 of 100", "ok"),
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "3"}, "3 of 100", "warn"),
        ({"RateLimit": '"default";r=7;t=5'}, "7", "ok"),
        ({"X-Ratelimit-Route-Remaining": "9", "X-Ratelimit-Global-Remaining": "2"}, "2", "ok"),
        ({}, "does not say", "unknown"),
    ],
)
def test_calls_that_are_left_are_read_from_any_family_of_headers(headers, left, result):
    with serving(users(headers)) as url:
        calls = by_check(account(url))["calls"]
    assert calls.result == result and left in calls.what


def test_the_tightest_of_several_limits_counts_with_its_own_limit():
    heard = [
        httpx.Headers({"X-RateLimit-Remaining": "1"}),
        httpx.Headers(
            [
                ("X-RateLimit-Second-Remaining", "9"),
                ("X-RateLimit-Second-Limit", "10"),
                ("X-RateLimit-Day-Remaining", "5"),
                ("X-RateLimit-Day-Limit", "1000"),
            ]
        ),
        httpx.Headers({"Server": "x"}),
    ]
    assert budget(heard) == (5, 1000)
    assert budget([]) == (None, None)


def test_a_budget_that_is_used_up_is_a_warning(crm):
    crm.fault("status", status=429, retry_after=600, times=None, path="*/Users*")
    crm.fault("status", status=429, retry_after=600, times=None, path="*/Me*")
    found = by_check(crm.account())
    assert found["calls"].result == "warn" and "too many calls" in found["calls"].what
    assert found["identity"].result == "unknown"


# -- what a run left behind


def test_open_ends_of_an_earlier_run_are_said(crm, tmp_path):
    audit = Audit(home(), "crm")
    with pytest.raises(Uncertain), audit.call("ana", "create user"):
        raise Uncertain("create user ana", "the connection was cut")
    Journal(home(), "crm").begin("user", "ana@example.com", "ana")
    found = [f for f in doctor([crm.account()]) if f.check == "records"]
    assert [f.result for f in found] == ["warn", "warn"]
    assert "create user ana" in found[0].what and "user ana" in found[1].what
    assert "ana@example.com" not in str(found)
    audit.path.write_bytes(audit.path.read_bytes().replace(b'"ana"', b'"eve"'))
    assert doctor([crm.account()], folder=tmp_path)[-1].result == "ok"  # other records
    damaged = next(f for f in doctor([crm.account()]) if f.check == "records")
    assert damaged.result == "fail" and "audit verify" in damaged.todo


# -- all together


def test_accounts_are_examined_at_the_same_time_and_told_in_order():
    meeting = threading.Barrier(3, timeout=10)

    def answer(path: str, headers: object) -> Answer:
        if path == "/":
            meeting.wait()  # nobody is answered before all three have asked
        return 401, {}, b"{}"

    with serving(answer) as url:
        keys = ["c", "a", "b"]
        found = doctor([account(f"{url}/", key=key) for key in keys])
    assert list(dict.fromkeys(f.account for f in found)) == keys
    assert all(f.result == "ok" for f in found if f.check == "address")
    assert worst(found) == "fail" and worst([]) == "ok"
    assert doctor([]) == []


def test_an_unforeseen_error_is_a_finding_and_shows_no_text(crm, monkeypatch):
    def broken(config: object, client: object) -> object:
        raise ZeroDivisionError(f"token {TOKEN}")

    whole = registry.PLATFORMS["scim"]
    mended = {**registry.PLATFORMS, "scim": replace(whole, connector=broken)}
    monkeypatch.setattr(registry, "PLATFORMS", mended)
    found = by_check(crm.account())
    assert found["doctor"].result == "fail" and "ZeroDivisionError" in found["doctor"].what


def test_what_a_server_says_back_never_shows_the_secret():
    def echo(path: str, headers: dict[str, str]) -> Answer:
        sent = headers.get("Authorization", "")
        return 403, {}, json.dumps({"detail": f"no right for {sent}"}).encode()

    with serving(echo) as url:
        found = by_check(account(url))
    assert found["identity"].result == "fail" and "no right for" in found["identity"].what


def test_the_table_names_an_account_once_and_steers_no_terminal(capsys):
    from rich.console import Console

    findings = [
        Finding(account="crm", check="account", result="ok", what="fine"),
        Finding(account="crm", check="address", result="fail", what="\x1b[31mred", todo="look"),
    ]
    assert [row[0] for row in finding_rows(findings)] == ["crm", ""]
    Console(width=100).print(finding_table(findings))
    said = capsys.readouterr().out
    assert "\\u001b[31mred" in said and "\x1b[31mred" not in said


def test_a_refusal_without_a_hint_still_names_what_to_do(crm, monkeypatch):
    def terse(reply: object, tried: str) -> Refused:
        return Refused(tried, "no")

    whole = registry.PLATFORMS["scim"]
    terse_one = replace(whole, error=terse)
    monkeypatch.setattr(registry, "PLATFORMS", {"scim": terse_one})
    assert by_check(account(crm.base_url))["identity"].todo
