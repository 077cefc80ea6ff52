"""Tenants are apart, what happened is logged, what is stored survives, and it stops cleanly."""

import contextlib
import os
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.scim import ScimTenant
from pulumi_martech.sandbox.wordpress import WordPressTenant


def bearer(tenant: ScimTenant) -> dict[str, str]:
    return {"Authorization": f"Bearer {tenant.credentials.token}"}


def test_a_tenant_refuses_the_credentials_of_another(sandbox: Sandbox, crm: ScimTenant) -> None:
    other = sandbox.tenant("other", "scim")
    answer = httpx.get(f"{crm.base_url}/Users", headers=bearer(other))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="SCIM"')

    one, two = sandbox.tenant("one", "wordpress"), sandbox.tenant("two", "wordpress")
    secret = (two.credentials.username, two.credentials.password)
    answer = httpx.get(f"{one.base_url}/wp/v2/users?context=edit", auth=secret)
    assert (answer.status_code, answer.json()["code"]) == (401, "rest_forbidden_context")


def test_tenants_have_their_own_data(sandbox: Sandbox, crm: ScimTenant) -> None:
    other = sandbox.tenant("other", "scim")
    crm.add_user("ana@example.com")
    assert other.users() == {}
    crm_id = crm.users()["ana@example.com"]["id"]
    answer = httpx.get(f"{other.base_url}/Users/{crm_id}", headers=bearer(other))
    assert answer.status_code == 404


def test_an_unknown_tenant_platform_or_switch_is_refused(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.url}/nobody/scim/v2/Users").status_code == 404
    with pytest.raises(ValueError, match="no platform 'hubspotty'"):
        sandbox.tenant("x", "hubspotty")
    with pytest.raises(ValueError, match="page_cpa"):
        sandbox.tenant("x", "scim", page_cpa=3)
    sandbox.tenant("crm", "scim")
    with pytest.raises(ValueError, match="crm is one of scim, not of wordpress"):
        sandbox.tenant("crm", "wordpress")


def test_the_environment_leads_to_the_account(crm: ScimTenant, site: WordPressTenant) -> None:
    assert crm.environment() == {"CRM_URL": crm.base_url, "CRM_TOKEN": crm.credentials.token}
    assert set(site.environment()) == {"SITE_URL", "SITE_USERNAME", "SITE_PASSWORD"}
    assert f"export CRM_TOKEN='{crm.credentials.token}'" in crm.exports()
    account = site.account()
    assert account.credentials.model_dump() == {
        "kind": "basic",
        "username": "admin",
        "password": "env:SITE_PASSWORD",
    }
    assert crm.account().url == crm.base_url


def test_the_log_tells_what_was_asked_and_done(crm: ScimTenant, scim: httpx.Client) -> None:
    made = scim.post("/Users", json={"userName": "ana@example.com", "password": "Passw0rd"}).json()
    scim.post("/Users", json={"userName": "ana@example.com"})
    mark = crm.mark()
    scim.get("/Users?count=5")
    scim.get(f"/Users/{made['id']}")
    scim.get("/Users/nobody")
    scim.delete(f"/Users/{made['id']}")
    first, second, third = crm.writes()
    assert (first.method, first.path, first.status) == ("POST", "/scim/v2/Users", 201)
    assert first.body == {"userName": "ana@example.com", "password": "***"}
    assert [w.committed for w in (first, second, third)] == [True, False, True]
    assert first.number < second.number < third.number
    assert [w.status for w in crm.writes(after=mark)] == [204]
    assert crm.calls(after=mark) == {
        "GET /scim/v2/Users": 1,
        "GET /scim/v2/Users/{id}": 2,
        "DELETE /scim/v2/Users/{id}": 1,
    }
    assert crm.log()[2].query == "count=5"


def test_no_secret_reaches_the_log(sandbox: Sandbox, site: WordPressTenant) -> None:
    secret = site.credentials
    with httpx.Client(base_url=site.base_url, auth=(secret.username, secret.password)) as client:
        body = {"username": "ana", "email": "a@x.com", "password": "hunter-2-hunter"}
        client.post("/wp/v2/users", json=body)
        client.post("/wp/v2/users", data=body)
        client.post("/wp/v2/users", content='{"password": "hunter-2-hunter"')
    text = " ".join(entry.model_dump_json() for entry in site.log())
    assert "hunter-2-hunter" not in text
    assert secret.password not in text


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "sandbox.db"
    with Sandbox(file) as first:
        crm, site = first.tenant("crm", "scim", page_cap=2), first.tenant("site", "wordpress")
        ana = crm.add_user("ana@example.com")
        crm.add_group("Ads", ["ana@example.com"])
        site.add_role("campaign_editor")
        site.add_user("bob", roles=["campaign_editor"])
        httpx.delete(f"{crm.base_url}/Users/nobody", headers=bearer(crm))
        secrets = crm.credentials, site.credentials, first.side_token
        numbers = [entry.number for entry in crm.log()]

    with Sandbox(file) as second:
        assert set(second.tenants) == {"crm", "site"}
        crm, site = second.tenant("crm", "scim"), second.tenant("site", "wordpress")
        assert (crm.credentials, site.credentials, second.side_token) == secrets
        assert crm.dialect.page_cap == 2
        assert crm.users()["ana@example.com"]["id"] == ana
        assert crm.members("Ads") == ["ana@example.com"]
        assert site.members("campaign_editor") == ["bob"]
        assert [entry.number for entry in crm.log()] == numbers
        assert site.add_user("cyd") == 3, "numbers go on where they were"


@pytest.mark.parametrize("certificate", ["self-signed", "expired", "other-host"])
def test_a_certificate_nobody_should_trust(certificate: str) -> None:
    with Sandbox(certificate=certificate) as sandbox:  # type: ignore[arg-type]
        crm = sandbox.tenant("crm", "scim")
        assert crm.base_url.startswith("https://")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{crm.base_url}/Users", headers=bearer(crm))
        careless = ssl._create_unverified_context()
        answer = httpx.get(f"{crm.base_url}/Users", headers=bearer(crm), verify=careless)
        assert answer.status_code == 200


@contextlib.contextmanager
def process(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """Run the sandbox as a process; yield it and the variables it printed."""
    command = [sys.executable, "-m", "pulumi_martech.sandbox", *arguments]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert running.stdout is not None
        variables: dict[str, str] = {}
        while "MARTECH_SANDBOX_TOKEN" not in variables:
            line = running.stdout.readline()
            assert line, running.stderr and running.stderr.read()
            if match := re.match(r"export (\w+)='(.*)'", line):
                variables[match[1]] = match[2]
        yield running, variables
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_prints_how_to_reach_it_and_ends_cleanly(number: signal.Signals) -> None:
    with process("--tenant", "crm:scim", "--tenant", "site:wordpress") as (running, variables):
        headers = {"Authorization": f"Bearer {variables['CRM_TOKEN']}"}
        assert httpx.get(variables["CRM_URL"] + "/Users", headers=headers).status_code == 200
        login = (variables["SITE_USERNAME"], variables["SITE_PASSWORD"])
        assert httpx.get(variables["SITE_URL"] + "/wp/v2/users/me", auth=login).is_success
        running.send_signal(number)
        _, errors = running.communicate(timeout=20)
        assert (running.returncode, errors) == (0, "")


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    arguments = ("--db", str(tmp_path / "sandbox.db"), "--tenant", "crm:scim")
    with process(*arguments) as (running, variables):
        headers = {"Authorization": f"Bearer {variables['CRM_TOKEN']}"}
        url = variables["CRM_URL"] + "/Users"
        body = {"userName": "ana@example.com"}
        assert httpx.post(url, json=body, headers=headers).status_code == 201
        running.kill()
        running.wait()
    with Sandbox(tmp_path / "sandbox.db") as sandbox:
        crm = sandbox.tenant("crm", "scim")
        assert list(crm.users()) == ["ana@example.com"]
        assert [w.status for w in crm.writes()] == [201]


def test_a_sandbox_that_cannot_start_says_why() -> None:
    command = [sys.executable, "-m", "pulumi_martech.sandbox", "--tenant", "crm:hubspotty"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == (
        "The sandbox could not start: no platform 'hubspotty'; "
        "there are hubspot, scim, sendgrid, wordpress\n"
    )
    with Sandbox() as sandbox:
        port = sandbox.url.rpartition(":")[2]
        command = [sys.executable, "-m", "pulumi_martech.sandbox", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
