import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulumi_martech.sandbox import Sandbox

from .estate import Estate

ENGINES = [
    "embedded",
    pytest.param(
        "pulumi",
        marks=[
            pytest.mark.real_engine,
            pytest.mark.skipif(shutil.which("pulumi") is None, reason="pulumi is not on PATH"),
        ],
    ),
]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine a story runs on."""
    return str(request.param)


@pytest.fixture
def make_estate(tmp_path: Path) -> Iterator[Callable[[str], Estate]]:
    """Make estates on an engine by name; each has a sandbox of its own."""
    opened: list[Sandbox] = []

    def make(engine: str) -> Estate:
        folder = tmp_path / f"{engine}-{len(opened)}"
        folder.mkdir()
        sandbox = Sandbox()
        sandbox.start()
        opened.append(sandbox)
        return Estate(folder, engine, sandbox)

    yield make
    for sandbox in opened:
        sandbox.stop()


@pytest.fixture
def estate(engine: str, make_estate: Callable[[str], Estate]) -> Estate:
    """An estate on each engine."""
    return make_estate(engine)


@pytest.fixture
def embedded(make_estate: Callable[[str], Estate]) -> Estate:
    """An estate on the embedded engine alone: for what no engine has a part in."""
    return make_estate("embedded")


@pytest.fixture
def pulumi() -> None:
    """Skip where the real engine is not on PATH."""
    if shutil.which("pulumi") is None:
        pytest.skip("pulumi is not on PATH")
