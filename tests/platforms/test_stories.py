"""The stories that real products go through, on the sandbox."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.platforms.stories import ALL, STORIES

LIKE_SCIM2_SERVER = {"patch_status": 204, "user_groups": False, "member_details": False}
ELSE = {
    ("scim", "removed_user_stays_in_its_group"),  # the sandbox takes it out, as most services do
    ("wordpress", "names_too_long"),  # the sandbox refuses where WordPress says yes to nothing
}
"""What the sandbox is known to do otherwise."""


@pytest.mark.parametrize(("platform", "story"), [one for one in ALL if one not in ELSE])
def test_story_on_the_sandbox(
    platform: str, story: str, tenant: Callable[..., Any], connected: Callable[[Any], Any]
) -> None:
    account = tenant(platform, **(LIKE_SCIM2_SERVER if platform == "scim" else {}))
    if platform == "wordpress":
        account.add_role("campaign_editor")
    STORIES[platform][story](connected(account))
