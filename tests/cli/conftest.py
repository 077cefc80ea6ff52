"""A small project on the toy provider, worked on as a shell user does."""

import shutil
from pathlib import Path

import pytest

from tests.cli.shop import Shop

WITHOUT_PULUMI = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="there is no `pulumi` on PATH"
)


@pytest.fixture(params=["embedded", pytest.param("pulumi", marks=WITHOUT_PULUMI)])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the real CLI for all tests of a worker: the first run in a new one is slow."""
    return tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture
def shop(tmp_path: Path, engine: str, pulumi_home: Path) -> Shop:
    """A project with a stack ``dev`` on the engine."""
    made = Shop(tmp_path)
    made.env["PULUMI_HOME"] = str(pulumi_home)
    made.martech("stack", "init", "dev", "--engine", engine)
    return made


@pytest.fixture
def embedded(tmp_path: Path) -> Shop:
    """A project with a stack ``dev`` on the embedded engine, for what is the same on both."""
    made = Shop(tmp_path)
    made.martech("stack", "init", "dev", "--engine", "embedded")
    return made


@pytest.fixture
def bare(tmp_path: Path) -> Shop:
    """A project without a stack."""
    return Shop(tmp_path)
