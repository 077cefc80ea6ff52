"""The sandbox answers what real products answered, field for field.

The conversations were held with WordPress 6.1.9 and with scim2-server 0.8.3.
"""

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from pulumi_martech.sandbox import Sandbox
from tests.sandbox.exchanges import Caller, load

ROLE = ["read", "edit_posts", "upload_files"]

NOT_SERVED = {"<post>", "<post2>"}
"""Posts are there to be owned: the sandbox's API cannot change one, so `Allow` differs."""


def without_allow(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"headers": {k: v for k, v in answer["headers"].items() if k != "allow"}}


def differences(caller: Caller, name: str) -> list[str]:
    found = []
    for number, exchange in enumerate(load(name)):
        wanted, got = exchange["then"], caller.answer(caller.ask(exchange))
        if any(post in exchange["path"] for post in NOT_SERVED):
            wanted, got = without_allow(wanted), without_allow(got)
        if name == "scim" and wanted["status"] != 201:
            # scim2-server adds a Location to every answer; only that of a creation means anything.
            wanted["headers"].pop("location", None)
            got["headers"].pop("location", None)
        if got != wanted:
            said = f"{exchange['method']} {exchange['path']} as {exchange.get('as', 'admin')}"
            found.append(f"{number}. {said}\n  real:    {wanted}\n  sandbox: {got}")
    return found


def test_wordpress_answers_like_wordpress(sandbox: Sandbox) -> None:
    site = sandbox.tenant("site", "wordpress", title="T")
    site.add_role("campaign_editor", ROLE)
    secret = site.credentials
    caller = Caller(site.url, {}, (secret.username, secret.password))
    assert "\n".join(differences(caller, "wordpress")) == ""


def test_scim_answers_like_scim2_server(sandbox: Sandbox) -> None:
    switches = {"patch_status": 204, "user_groups": False, "member_details": False}
    crm = sandbox.tenant("crm", "scim", **switches)
    caller = Caller(crm.base_url, {"Authorization": f"Bearer {crm.credentials.token}"}, None)
    assert "\n".join(differences(caller, "scim")) == ""


def test_scim2_server_still_says_what_was_recorded() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).parent / "scim2-server", "--port", str(port)]
    options = ["--hostname", "127.0.0.1", "--bearer-token", "a-token"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            caller = Caller(
                f"http://127.0.0.1:{port}/v2", {"Authorization": "Bearer a-token"}, None
            )
            until = time.monotonic() + 60
            while time.monotonic() < until:
                with contextlib.suppress(httpx.ConnectError):
                    caller.client.get("/ServiceProviderConfig")
                    break
                time.sleep(0.05)
            assert "\n".join(differences(caller, "scim")) == ""
        finally:
            server.terminate()


@pytest.mark.parametrize("name", ["wordpress", "scim"])
def test_conversations_are_long_enough_to_mean_something(name: str) -> None:
    exchanges = load(name)
    assert len(exchanges) > 90
    assert len({exchange["then"]["status"] for exchange in exchanges}) >= 8
