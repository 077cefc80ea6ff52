from collections.abc import Iterator
from unittest.mock import patch

import pytest

from pulumi_martech.sandbox import Sandbox
from tests.certificates import read_once


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as served, patch("httpx.create_ssl_context", read_once):
        yield served
