"""Runs that are killed or disturbed: the next ones go on, nothing is made twice or forgotten."""

from collections import Counter
from collections.abc import Callable

import pytest

from .estate import Estate

PEOPLE = ("ana", "ben", "cem", "dora", "eli", "finn")
PROGRAM = f"""
crm = crm_account()
site = site_account()
for name in ("Editors", "Analysts", "Readers"):
    scim.Role(name.lower(), account=crm, name=name)
crm_people(crm, *{PEOPLE!r}, roles=["Editors", "Readers"])
site_people(site, *{PEOPLE[:3]!r})
scim.VendorGrant("northlight", account=crm, domains=["northlight.example"], until="2027-01-01",
    owner="ana", reason="spring", people={{
        f"{{name}}@northlight.example": {{"roles": ["Analysts"]}} for name in ("eve", "mo")
    }})
"""
"""3 groups, 6 users in two of them each, 3 users of the site, 2 of a vendor: 28 writes."""


def is_as_declared(estate: Estate) -> None:
    """Assert that the platforms hold exactly what the program says, and each thing once."""
    own = {f"{name}@example.com" for name in PEOPLE}
    vendor = {"eve@northlight.example", "mo@northlight.example"}
    assert estate.crm.users().keys() == own | vendor
    assert estate.logins("crm") == own | vendor
    assert sorted(estate.crm.roles()) == ["Analysts", "Editors", "Readers"]
    assert set(estate.crm.members("Editors")) == set(estate.crm.members("Readers")) == own
    assert set(estate.crm.members("Analysts")) == vendor
    assert estate.logins("site") == {"admin", *PEOPLE[:3]}
    assert all(estate.site.users()[name]["roles"] == ["editor"] for name in PEOPLE[:3])
    assert len([n for n in estate.resources() if not n.startswith("account")]) == 1 + 3 + 6 + 3 + 1


def nothing_was_made_twice(estate: Estate) -> None:
    made = Counter(
        str(w.body.get("userName") or w.body.get("username") or w.body.get("displayName"))
        for w in estate.writes()
        if w.committed and w.method == "POST" and w.route.endswith(("Users", "users", "Groups"))
    )
    assert set(made.values()) == {1}, made


def killed(estate: Estate, after_writes: int) -> None:
    """Kill an ``up`` after so many writes, then go on as a user does."""
    estate.program(PROGRAM)
    # Late answers, so that the next write cannot come before the kill.
    for tenant in (estate.crm, estate.site):
        tenant.fault("latency", method="POST|PATCH|PUT|DELETE", seconds=0.08, times=None)
    assert estate.up_killed(after_writes), "it ended before"
    for tenant in (estate.crm, estate.site):
        tenant.clear_faults()
    estate.must(estate.bare("cancel", "--yes", "dev"))
    estate.applied()
    is_as_declared(estate)
    nothing_was_made_twice(estate)
    estate.mark()
    estate.must(estate.refresh("--clear-pending-creates"))
    estate.applied()
    assert estate.writes() == []
    assert estate.leftovers() == []
    assert estate.defects() == ""


@pytest.mark.parametrize("after_writes", range(1, 21))
def test_kill_9_at_twenty_counted_places(embedded: Estate, after_writes: int) -> None:
    killed(embedded, after_writes)


@pytest.mark.real_engine
@pytest.mark.parametrize("after_writes", [3, 14])
def test_kill_9_of_the_real_engine(
    make_estate: Callable[[str], Estate], pulumi: None, after_writes: int
) -> None:
    killed(make_estate("pulumi"), after_writes)


def test_martech_up_clears_away_after_a_kill(estate: Estate) -> None:
    """`martech up` takes the dead run's lock and its half-made resources away by itself."""
    estate.program(PROGRAM)
    estate.crm.fault("latency", method="POST|PATCH", seconds=0.08, times=None)
    assert estate.up_killed(6)
    estate.crm.clear_faults()
    run = estate.martech("up", "--yes")
    assert run.ok, run.text
    is_as_declared(estate)
    nothing_was_made_twice(estate)
    assert estate.leftovers() == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_up_under_faults_ends_as_declared_and_explains_each_failure(
    estate: Estate, seed: int
) -> None:
    """One request in five goes wrong in one way or another; a few runs are enough."""
    if estate.engine == "pulumi" and seed > 1:
        pytest.skip("one seed is enough for the slower engine")
    estate.program(PROGRAM)
    for number, tenant in enumerate((estate.crm, estate.site)):
        for kind, details in (
            ("status", {"status": 503, "probability": 0.06}),
            ("status", {"status": 500, "probability": 0.03, "when": "after"}),
            ("status", {"status": 429, "probability": 0.04, "retry_after": 0}),
            ("cut", {"probability": 0.04}),
            ("cut", {"probability": 0.04, "when": "after"}),
        ):
            tenant.fault(kind, times=None, seed=seed * 10 + number, **details)
    for _ in range(6):
        run = estate.up("--continue-on-error")
        if run.ok:
            break
        for text in run.text.split("error: ")[1:]:
            told = text.split(" on urn:")[0]
            assert "update failed" in told or "crm" in told or "site" in told, told
        assert not run.has_traceback
    assert run.ok, run.text
    for tenant in (estate.crm, estate.site):
        tenant.clear_faults()
    is_as_declared(estate)
    assert estate.defects() == ""
    estate.mark()
    estate.applied()
    assert estate.writes() == []
