"""The stories again from what real products answered, wherever the products are not installed."""

import re
from pathlib import Path

import pytest

from pulumi_martech.model.account import AccountConfig, Basic, Bearer
from pulumi_martech.platforms.registry import connect
from tests.platforms.cassettes import FOLDER, origin_of, path_of, replaying
from tests.platforms.stories import ALL, STORIES


def account(platform: str) -> AccountConfig:
    return {
        "scim": AccountConfig(
            key="directory",
            platform="scim",
            url=f"{origin_of('scim')}/v2",
            credentials=Bearer(token="env:RECORDED"),
        ),
        "wordpress": AccountConfig(
            key="site",
            platform="wordpress",
            url=f"{origin_of('wordpress')}/wp-json",
            credentials=Basic(username="admin", password="env:RECORDED"),
        ),
    }[platform]


@pytest.mark.parametrize(("platform", "story"), ALL)
def test_story_as_recorded(platform: str, story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECORDED", "no secret at all")
    with replaying(platform, story) as cassette:
        connector = connect(account(platform))
        STORIES[platform][story](connector)
        connector.client.close()
    assert cassette.all_played, "every recorded answer was asked for again"


def test_no_recording_is_left_over() -> None:
    recorded = {path for path in FOLDER.rglob("*.yaml")}
    assert recorded == {path_of(platform, story) for platform, story in ALL}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda path: path.stem)
def test_recordings_hold_no_secret_and_no_real_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"[Aa]uthorization:\s*\n\s*- (?!'?\*\*\*)", text) == []
    assert re.findall(r'"password"\s*:\s*"(?!\*\*\*)', text) == []
    assert "127.0.0.1" not in text
    assert "Bearer " not in text.replace("HTTP Bearer Token", "").replace("Bearer realm", "")
    addresses = set(re.findall(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)*\.[a-z]+)", text))
    assert {host.lower() for host in addresses} <= {"example.com", "example.org"}
