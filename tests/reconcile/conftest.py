from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pulumi_martech.sandbox import Sandbox
from tests.certificates import read_once
from tests.reconcile.world import World, open_world


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as served, patch("httpx.create_ssl_context", read_once):
        yield served


@pytest.fixture
def opened(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., World]]:
    """Opens fresh accounts."""
    monkeypatch.delenv("MARTECH_OVERRIDE", raising=False)
    monkeypatch.delenv("MARTECH_RUN", raising=False)
    worlds: list[World] = []

    def make(platform: str, **switches: Any) -> World:
        world = open_world(sandbox, platform, tmp_path, **switches)
        for name, value in world.tenant.environment().items():
            monkeypatch.setenv(name, value)
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.tenant.clear_faults()


@pytest.fixture(params=["scim", "wordpress"])
def world(request: pytest.FixtureRequest, opened: Callable[..., World]) -> World:
    """A fresh account on each platform."""
    return opened(request.param)


@pytest.fixture
def scim(opened: Callable[..., World]) -> World:
    return opened("scim")


@pytest.fixture
def wordpress(opened: Callable[..., World]) -> World:
    return opened("wordpress")
