"""One project a test, on a sandbox of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_martech.sandbox import Sandbox

from .office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A project without any declaration yet."""
    with Sandbox() as sandbox:
        yield Office(tmp_path, sandbox)
