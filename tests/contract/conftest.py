from collections.abc import Iterator
from functools import cache
from unittest.mock import patch

import httpx
import pytest

from pulumi_martech.sandbox import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    # A process makes one session, a case many: reading all certificates anew for each takes longer
    # than the case, and none is used on loopback.
    with Sandbox() as served, patch("httpx.create_ssl_context", cache(httpx.create_ssl_context)):
        yield served
