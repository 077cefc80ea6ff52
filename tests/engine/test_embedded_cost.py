"""What a resource costs does not depend on how many there are: calls are counted, not seconds."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_martech.engine.embedded.waiting import Outputs
from tests.passphrase import PASSPHRASE, SETTINGS

SCALE = Path(__file__).parents[1] / "scale"
PROGRAM = """
from people import declare, wanted
for _ in declare(wanted()):
    pass
"""
COMMANDS = {
    "up": ["up", "--yes", "--skip-preview"],
    "preview": ["preview"],
    "refresh": ["refresh", "--yes", "--skip-preview"],
}


def calls(root, people):
    """Return how many calls each command comes to, for so many resources."""
    project = root / str(people)
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: scale\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text(SETTINGS)
    (project / "__main__.py").write_text(PROGRAM)
    env = {
        **os.environ,
        "PYTHONPATH": str(SCALE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PEOPLE": str(people),
    }
    env.pop("MARTECH_BACKEND_URL", None)

    def counted(*words):
        command = [sys.executable, "-P", str(SCALE / "counted.py"), *words]
        done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return int(done.stdout.rpartition("calls: ")[2])

    counted("stack", "init", "dev")
    return {name: counted(*words) for name, words in COMMANDS.items()}


def test_a_resource_among_many_costs_no_more_than_one_among_few(tmp_path):
    none, few, many = (calls(tmp_path, people) for people in (0, 50, 200))
    for name in COMMANDS:
        one_of_few = (few[name] - none[name]) / 50
        one_of_many = (many[name] - none[name]) / 200
        assert one_of_many < 1.1 * one_of_few, f"{name}: {one_of_few:.0f} to {one_of_many:.0f}"


def test_the_outputs_of_a_program_are_waited_for_as_the_sdk_does():
    async def story():
        loop = asyncio.get_running_loop()
        outputs = Outputs()
        await outputs.finished()  # there are none

        first, second, third = (loop.create_future() for _ in range(3))
        outputs.add(first)
        waiting = asyncio.ensure_future(outputs.finished())
        loop.call_soon(outputs.add, second)  # made while we wait
        loop.call_later(0.01, first.set_result, None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.05)
        second.set_result(None)
        await waiting

        outputs.add(first := loop.create_future())
        outputs.add(second := loop.create_future())
        outputs.add(third)
        first.set_exception(ValueError("recovered"))
        outputs.discard(first)  # something that is made of it answers for it
        waiting = asyncio.ensure_future(outputs.finished())
        loop.call_later(0.01, second.set_exception, KeyError("nobody asked"))
        with pytest.raises(KeyError):  # at once, though the third is still open
            await asyncio.wait_for(waiting, 1)
        with pytest.raises(KeyError):
            await outputs.finished()

    asyncio.run(story())
