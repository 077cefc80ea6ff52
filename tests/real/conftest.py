"""Real products for the tests of this folder, started once a run on free ports.

A product that cannot be had skips its tests with the reason; ``MARTECH_REQUIRE_PRODUCTS=1`` (set
on CI) makes that a failure. ``MARTECH_RECORD=1`` records the stories anew as they pass.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from tests.real import scim, wordpress
from tests.real.keeper import Unavailable
from tests.real.scim import ScimServer
from tests.real.wordpress import WordPress


def missing(reason: Unavailable) -> NoReturn:
    """Skip the test, or fail it where products are required."""
    if os.environ.get("MARTECH_REQUIRE_PRODUCTS"):
        pytest.fail(str(reason), pytrace=False)
    pytest.skip(str(reason))


@contextlib.contextmanager
def _or_skip(product: contextlib.AbstractContextManager[Any]) -> Iterator[Any]:
    with contextlib.ExitStack() as ending:
        try:
            started = ending.enter_context(product)
        except Unavailable as reason:
            missing(reason)
        yield started


@pytest.fixture(scope="session")
def _scim_server() -> Iterator[ScimServer]:
    with _or_skip(scim.running()) as started:
        yield started


@pytest.fixture(scope="session")
def _wordpress_site() -> Iterator[WordPress]:
    with _or_skip(wordpress.running()) as started:
        yield started


@pytest.fixture
def scim_server(_scim_server: ScimServer) -> ScimServer:
    """A real, empty SCIM service."""
    _scim_server.reset()
    return _scim_server


@pytest.fixture
def wordpress_site(_wordpress_site: WordPress) -> WordPress:
    """A real WordPress with nobody but its administrator."""
    _wordpress_site.reset()
    return _wordpress_site
