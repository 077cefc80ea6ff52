"""Connectors on sandboxes of their own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pulumi_martech.platforms.registry import connect
from pulumi_martech.sandbox import Sandbox, Tenant


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def tenant(
    sandbox: Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Return what makes a fresh tenant of a platform with switches of its dialect."""

    def make(platform: str, **switches: Any) -> Tenant:
        key = f"t{len(sandbox.tenants)}"
        made = sandbox.tenant(key, platform, **switches)
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        return made

    return make


@pytest.fixture
def connected() -> Iterator[Callable[[Tenant], Any]]:
    """Return what makes the connector of a tenant."""
    made = []

    def make(tenant: Tenant) -> Any:
        made.append(connect(tenant.account()))
        return made[-1]

    yield make
    for connector in made:
        connector.client.close()
