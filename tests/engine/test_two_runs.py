"""Two runs at once, as the lock of one was broken: neither takes anything of the other one away.

What happens when it is broken at the n-th call, for every n there is, is in `rivals`.
"""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from pulumi_martech.engine.embedded.database import Table
from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.settings import StackSettings
from pulumi_martech.engine.embedded.stack_commands import remove_stack
from tests.engine.blobs import Memory
from tests.engine.office import WORLD
from tests.engine.rivals import EDIT, Watched, by_key, in_bucket, sweep_broken
from tests.engine.sweeps import ACTS, Stage, staged
from tests.passphrase import PASSPHRASE, SETTINGS


@pytest.fixture(params=["folder", "database", "sqlite", "bucket"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr(threading, "excepthook", lambda args: None)  # killed with the process
    tmp_path.joinpath("Pulumi.dev.yaml").write_text(SETTINGS)

    def table(name: str) -> Table:
        return Table(f"sqlite:///{name}.db", tmp_path)

    return {
        "folder": lambda: staged(tmp_path),
        "database": lambda: staged(tmp_path, Memory(), by_key),
        "sqlite": lambda: staged(tmp_path, Watched(table), by_key),
        "bucket": lambda: staged(tmp_path, Memory(), in_bucket),
    }[request.param]()


@pytest.mark.parametrize("ends", [True, False])
def test_a_lock_that_is_broken_at_any_call(
    stage: Stage, ends: bool, request: pytest.FixtureRequest
) -> None:
    """The other run ends, or is killed in the midst."""
    real = "sqlite" in request.node.name
    assert sweep_broken(stage, ACTS["update"], ends, step=9 if real else 2) > 20
    if not real:
        for act in (ACTS["destroy"], ACTS["refresh"]):
            assert sweep_broken(stage, act, ends, step=3) > 10
        assert sweep_broken(stage, EDIT, ends) > 3
    WORLD.reset()


def test_a_stack_is_removed_with_nothing_in_it_and_under_its_lock(stage: Stage) -> None:
    place = stage.place()
    stack, other = place.stack, place.stack
    settings = StackSettings(stack.project, "dev")
    with pytest.raises(EngineError, match="still has resources; removal rejected"):
        remove_stack(stack.project, stack, settings)
    before = place.logins()
    with stack.locked("stack rm"):
        other.unlock()
        with other.locked("up"), suppress(EngineError):
            stack.remove()
    assert place.logins() == before and settings.path.exists()
    WORLD.reset()
