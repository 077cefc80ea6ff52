"""Answers by hand, for what no sandbox should have to say."""

import json
import re
from typing import Any

import pytest

from pulumi_martech.model.account import AccountConfig, Basic, Bearer
from pulumi_martech.platforms.registry import connect
from tests.transport.support import answer


def serve(body: Any, status: int = 200, headers: str = "") -> Any:
    """Answer with JSON, or with text as it is."""
    content = body if isinstance(body, str) else json.dumps(body)
    return answer(content.encode(), status=f"{status} So", headers=headers)


def scim_at(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a SCIM connector for a server at ``url``."""
    monkeypatch.setenv("SCIM_TOKEN", "scim-token")
    credentials = Bearer(token="env:SCIM_TOKEN")
    return connect(AccountConfig(key="crm", platform="scim", url=url, credentials=credentials))


def wordpress_at(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a WordPress connector for a server at ``url``."""
    monkeypatch.setenv("WORDPRESS_PASSWORD", "word-press-password")
    credentials = Basic(username="admin", password="env:WORDPRESS_PASSWORD")
    return connect(
        AccountConfig(key="site", platform="wordpress", url=url, credentials=credentials)
    )


def literally(text: str) -> str:
    """Return a pattern for `pytest.raises`."""
    return re.escape(text)
