"""The contract goes red for every bug of `mutants`, on every platform where it means anything."""

from pathlib import Path

import pytest

from pulumi_martech.sandbox import Sandbox
from tests.contract.cases import CASES
from tests.contract.mutants import MUTANTS, killer
from tests.contract.worlds import TABLE

SEEDED = [
    pytest.param(name, platform, id=f"{name}-{platform}")
    for name, seeded in MUTANTS.items()
    for platform in seeded.platforms
]


def test_every_bug_is_looked_for_by_cases_that_are_meant_for_the_platform() -> None:
    assert len(MUTANTS) >= 20
    for name, seeded in MUTANTS.items():
        assert seeded.cases, name
        for platform in seeded.platforms:
            assert all(CASES[case].meant_for(TABLE[platform]) for case in seeded.cases), name


@pytest.mark.parametrize(("name", "platform"), SEEDED)
def test_the_contract_notices(name: str, platform: str, sandbox: Sandbox, tmp_path: Path) -> None:
    assert killer(name, platform, sandbox, tmp_path), f"nobody noticed: {name} on {platform}"
