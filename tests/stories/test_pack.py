"""The pack in policies/: the same rules, run beside an engine on a stack's resources."""

from pathlib import Path

import pytest

from tests.policy_environment import policy_python

from .estate import Estate

PACK = Path(__file__).parents[2] / "policies"

PROGRAM = """
crm = crm_account(administrators=["Admins"])
admins = scim.Role("admins", account=crm, name="Admins")
scim.MartechUser("ana", account=crm, login="ana@gmail.com", roles=[admins])
scim.VendorGrant(
    "northlight", account=crm, domains=["northlight.example"], until="2026-07-31", owner="ana",
    reason="spring", people={"eve@northlight.example": {"roles": [admins]}},
)
"""


@pytest.mark.timeout(600)
def test_the_pack_finds_on_resources_what_check_finds(estate: Estate) -> None:
    policy_python()
    estate.program(PROGRAM)
    run = estate.preview("--policy-pack", str(PACK))
    assert run.code != 0
    for words in (
        "ana has access to crm with a personal mailbox at gmail.com; use the address",
        "eve@northlight.example is external and administers crm",
        "content unproven: nobody can say what Admins allows in crm",
    ):
        assert words in run.text, run.text
    run = estate.martech("up", "--yes", "--policy-pack", str(PACK))
    assert run.code == 1 and "policy personal-mail: " in run.text, run.text
    assert not estate.writes("crm")

    without = PROGRAM.replace("ana@gmail.com", "ana@example.com").partition("scim.Vendor")[0]
    estate.program(without)
    run = estate.preview("--policy-pack", str(PACK))
    assert run.code == 0, "advice alone refuses nothing"
    assert "content unproven" in run.text
    run = estate.martech("up", "--yes", "--policy-pack", str(PACK))
    assert run.code == 0 and "content unproven" in run.text, run.text
    assert estate.logins("crm")
