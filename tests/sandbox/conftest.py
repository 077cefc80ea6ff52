"""What the tests of the sandbox share."""

from collections.abc import Iterator

import httpx
import pytest

from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.scim import ScimTenant
from pulumi_martech.sandbox.wordpress import WordPressTenant


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def crm(sandbox: Sandbox) -> ScimTenant:
    return sandbox.tenant("crm", "scim")


@pytest.fixture
def site(sandbox: Sandbox) -> WordPressTenant:
    return sandbox.tenant("site", "wordpress")


@pytest.fixture
def scim(crm: ScimTenant) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {crm.credentials.token}"}
    with httpx.Client(base_url=crm.base_url, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
def press(site: WordPressTenant) -> Iterator[httpx.Client]:
    auth = (site.credentials.username, site.credentials.password)
    url = f"{site.base_url}/wp/v2"
    with httpx.Client(base_url=url, auth=auth, timeout=10) as client:
        yield client
