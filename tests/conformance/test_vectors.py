"""The embedded engine does what was recorded of the real one, scenario by scenario."""

from pathlib import Path

import pytest

from tests.conformance.replay import ENGINES, replay, scenarios

FOLDER = Path(__file__).parents[1] / "engine_vectors"

OUTSIDE = (("28-policy", "policy packs hold protobuf at 5.29 and are run by the real engine only"),)


def test_what_is_outside_is_there_and_named_once() -> None:
    names = [folder.name for folder in scenarios(FOLDER, [])]
    assert {name for name, _ in OUTSIDE} <= set(names)
    assert len(names) - len(OUTSIDE) >= 46


@pytest.mark.parametrize(
    "folder",
    [f for f in scenarios(FOLDER, []) if f.name not in dict(OUTSIDE)],
    ids=lambda folder: folder.name,
)
def test_scenario(folder: Path) -> None:
    differences = replay(folder, ENGINES["embedded"])
    assert not differences, "\n".join(differences)
