"""Ranges of versions that a program or Pulumi.yaml asks for: as the real engine takes them."""

import pytest

from pulumi_martech.engine.embedded.errors import EngineError
from pulumi_martech.engine.embedded.versions import check_version


@pytest.mark.parametrize(
    "wanted",
    [
        "", ">=3.0.0", ">= 3.0.0 <4.0.0", "3.259.0", "=3.259.0", "==3.259.0+build", "3.259.x",
        "3.x", ">3.258.x", "<=3.x", "!3.259.1", ">=3.0.0 !3.258.0", "<3.0.0 || >3.200.0",
        "3.x.x || 3.259.x", ">3.259.0-alpha.1", ">=3.259.0-2", "!=3.259.0-rc.1",
    ],
)  # fmt: skip
def test_versions_that_are_good_enough(wanted: str) -> None:
    check_version(wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        ">=4.0.0", "<3.0.0 || >3.300.0", "!3.259.0", "3.259.0-alpha", "<3.259.0", "3.258.x",
        "3.x.x", ">3.259.x", "<3.x", "!=3.x", "~3.x", "=3.0.0 >3.0.0",
    ],
)  # fmt: skip
def test_versions_that_are_not(wanted: str) -> None:
    with pytest.raises(EngineError) as refused:
        check_version(wanted)
    said = f'Pulumi CLI version 3.259.0 does not satisfy the version range "{wanted}"'
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("a range", 'Could not get version from string: "range"'),
        (" ", "Last element in range is '||'"),
        ("|| 3.x", "First element in range is '||'"),
        ("3.x ||", "Last element in range is '||'"),
        (
            "^3.1.2",
            'Could not parse Range "^3.1.2": Could not parse comparator "^" in "^3.1.2"',
        ),
        (
            ">=3",
            'Could not parse Range ">=3": Could not parse version "3" in ">=3": '
            "No Major.Minor.Patch elements found",
        ),
        (
            ">3.01.0",
            'Could not parse Range ">3.01.0": Could not parse version "3.01.0" in ">3.01.0": '
            'Minor number must not contain leading zeroes "01"',
        ),
    ],
)
def test_texts_that_are_no_range(wanted: str, why: str) -> None:
    with pytest.raises(EngineError) as refused:
        check_version(wanted)
    assert str(refused.value).startswith(f'parsing CLI version range "{wanted}": {why}')
