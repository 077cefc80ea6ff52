"""The sweeps go red for every bug of `mutants`."""

import threading
from pathlib import Path

import pytest

from tests.engine.mutants import MUTANTS, notices


@pytest.mark.parametrize("name", MUTANTS)
def test_the_sweeps_notice(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # killed with the process
    assert notices(MUTANTS[name][1], name, tmp_path), f"nobody noticed: {name}"
