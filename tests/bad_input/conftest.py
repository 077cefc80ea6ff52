"""One project a test, on a sandbox of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pulumi_martech.sandbox import Sandbox

from .office import Office, make_project


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project to copy."""
    folder = tmp_path_factory.mktemp("fresh") / "project"
    make_project(folder)
    return folder


@pytest.fixture
def office(tmp_path: Path, fresh: Path) -> Iterator[Office]:
    """A project without any declaration yet."""
    with Sandbox() as sandbox:
        yield Office(tmp_path, sandbox, fresh)
