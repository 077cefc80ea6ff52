"""The embedded engine does what was recorded of the real one, scenario by scenario."""

from pathlib import Path

import pytest

from tests.conformance.replay import ENGINES, replay, scenarios

FOLDER = Path(__file__).parents[1] / "engine_vectors"


def test_all_recordings_are_there() -> None:
    assert len(scenarios(FOLDER, [])) >= 87


@pytest.mark.parametrize("folder", scenarios(FOLDER, []), ids=lambda folder: folder.name)
def test_scenario(folder: Path) -> None:
    differences = replay(folder, ENGINES["embedded"])
    assert not differences, "\n".join(differences)
