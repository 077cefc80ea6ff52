"""What scim2-server does that no recording shows."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pulumi_martech.model.account import AccountConfig, Bearer
from pulumi_martech.model.errors import Denied
from pulumi_martech.model.membership import Wish
from pulumi_martech.platforms import scim
from pulumi_martech.platforms.registry import connect
from tests.real.scim import ScimServer

pytestmark = pytest.mark.xdist_group("scim2-server")


def connector_for(server: ScimServer, token: str) -> Any:
    pytest.MonkeyPatch().setenv("REAL_SCIM_TOKEN", token)
    return connect(
        AccountConfig(
            key="directory",
            platform="scim",
            url=server.api,
            credentials=Bearer(token="env:REAL_SCIM_TOKEN"),
        )
    )


def test_the_pages_of_a_real_listing(scim_server: ScimServer) -> None:
    connector = connector_for(scim_server, scim_server.token)
    with scim_server.administrator() as administrator:
        for number in range(205):
            body = {"schemas": [scim.USER], "userName": f"user{number}@example.com"}
            administrator.post("/Users", json=body).raise_for_status()
    assert len(connector.directory().memberships) == 205
    assert connector.client.counts.calls == {"GET": 3 + 1}


def test_several_at_once_join_one_group(scim_server: ScimServer) -> None:
    connector = connector_for(scim_server, scim_server.token)
    group = connector.create_role(scim.Role(name="Editors"))
    logins = [f"user{number}@example.com" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                connector.invite, (Wish(login=login, roles={"Editors": group}) for login in logins)
            )
        )
    members = connector.directory().memberships
    assert {member.login for member in members if member.roles == {"Editors"}} == set(logins)


def test_a_wrong_token_is_refused(scim_server: ScimServer) -> None:
    stranger = connector_for(scim_server, "wrong-token")
    for look in (stranger.whoami, stranger.directory, lambda: stranger.find("ana")):
        with pytest.raises(Denied, match="check the account's credential"):
            look()
