"""The connectors against real products, and the recording of what these answer."""

import contextlib
import os

import pytest

from pulumi_martech.model.account import AccountConfig, Basic, Bearer
from pulumi_martech.platforms.registry import connect
from tests.platforms.cassettes import recording
from tests.platforms.stories import STORIES, Story
from tests.real.scim import ScimServer
from tests.real.wordpress import WordPress


def tell(platform: str, name: str, story: Story, account: AccountConfig, origin: str) -> None:
    recorded = (
        recording(platform, name, origin)
        if os.environ.get("MARTECH_RECORD")
        else contextlib.nullcontext()
    )
    with recorded:
        connector = connect(account)
        story(connector)
        connector.client.close()


@pytest.mark.xdist_group("scim2-server")
@pytest.mark.parametrize("name", STORIES["scim"])
def test_story_on_scim2_server(
    name: str, scim_server: ScimServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIM_TOKEN", scim_server.token)
    account = AccountConfig(
        key="directory",
        platform="scim",
        url=scim_server.api,
        credentials=Bearer(token="env:SCIM_TOKEN"),
    )
    tell("scim", name, STORIES["scim"][name], account, scim_server.origin)


@pytest.mark.xdist_group("wordpress")
@pytest.mark.parametrize("name", STORIES["wordpress"])
def test_story_on_wordpress(
    name: str, wordpress_site: WordPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORDPRESS_PASSWORD", wordpress_site.password)
    account = AccountConfig(
        key="site",
        platform="wordpress",
        url=wordpress_site.api,
        credentials=Basic(username="admin", password="env:WORDPRESS_PASSWORD"),
    )
    tell("wordpress", name, STORIES["wordpress"][name], account, wordpress_site.origin)
