"""Every platform is held to the same contract: see `cases` for what, `worlds` for where."""

from pathlib import Path

import pytest

from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.sandbox import Sandbox
from tests.contract.cases import CASES
from tests.contract.worlds import ATTESTED, TABLE
from tests.platforms import hubspot_spec
from tests.sandbox import sendgrid_spec

HELD = [
    pytest.param(platform, name, id=f"{platform}-{name}")
    for platform, kind in TABLE.items()
    for name, case in CASES.items()
    if case.meant_for(kind)
]


def test_every_platform_is_held_or_has_nothing_to_hold() -> None:
    assert TABLE.keys() | ATTESTED == PLATFORMS.keys()
    assert not TABLE.keys() & ATTESTED


@pytest.mark.parametrize(("platform", "name"), HELD)
def test_contract(
    platform: str,
    name: str,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Whatever is said to a platform and by it is as its vendor describes it, too.
    with hubspot_spec.exchanges_checked(), sendgrid_spec.exchanges_checked():
        CASES[name].run(TABLE[platform](sandbox, tmp_path, monkeypatch))
