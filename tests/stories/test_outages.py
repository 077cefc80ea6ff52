"""When a platform cannot be asked: nothing is read as empty, and what was not read is said."""

from pathlib import Path

import pytest

from .estate import Estate

TEAM = """
crm = crm_account()
site = site_account()
crm_people(crm, "ana", "ben")
site_people(site, "ana", "ben")
"""


def begun(estate: Estate) -> Estate:
    """Apply two people in both accounts."""
    estate.program(TEAM)
    estate.applied()
    estate.mark()
    return estate


@pytest.fixture
def team(embedded: Estate) -> Estate:
    return begun(embedded)


def test_an_offline_preview_works_and_says_so_loudly(estate: Estate) -> None:
    team = begun(estate)
    before = team.resources()
    team.sandbox.stop()
    team.program(TEAM.replace('crm_people(crm, "ana", "ben")', 'crm_people(crm, "ana", "cem")'))
    run = team.martech("preview", "--offline")
    assert run.ok, run.text
    assert "OFFLINE: nothing is read from any platform" in run.text
    assert "crm/cem create" in run.text
    assert "crm/ben delete" in run.text
    bare = team.must(team.preview(MARTECH_OFFLINE="1"))
    for key in ("crm", "site"):
        assert f"account {key} was not read, its state is shown as last read" in bare.text
    assert "this run is offline" in bare.text
    assert team.resources() == before


def test_a_preview_of_accounts_that_are_down_shows_nobody_gone(team: Estate) -> None:
    team.sandbox.stop()
    run = team.must(team.preview("--refresh", "--expect-no-changes"))
    for key in ("crm", "site"):
        assert f"account {key} was not read, its state is shown as last read" in run.text


@pytest.mark.parametrize("status", [401, 503])
def test_a_refresh_with_one_account_down_keeps_it_and_reads_the_others(
    estate: Estate, status: int
) -> None:
    team = begun(estate)
    before = {name: r for name, r in team.resources().items() if "site" in name}
    team.crm.change_user("ana@example.com", displayName="Ana Souza")
    team.crm.remove_user("ben@example.com")
    team.site.remove_user("ben", "admin")
    team.site.fault("status", status=status, times=None)
    run = team.must(team.refresh())
    assert "account site was not read, its state is shown as last read" in run.text
    assert "account crm was not read" not in run.text
    after = team.resources()
    kept = {name: after[name]["outputs"] for name in before}
    assert kept == {name: record["outputs"] for name, record in before.items()}
    assert after["scim:MartechUser crm/ana"]["inputs"]["display_name"] == "Ana Souza"
    assert "scim:MartechUser crm/ben" not in after
    assert team.writes() == []
    team.site.clear_faults()
    team.must(team.refresh())
    assert "wordpress:MartechUser site/ben" not in team.resources()


def test_martech_refresh_and_up_go_on_without_the_account_that_is_down(team: Estate) -> None:
    team.site.fault("cut", times=None)
    run = team.martech("refresh")
    assert "not read" in run.text
    assert "2 resources were kept as last read" in run.text
    team.program(TEAM.replace('crm_people(crm, "ana", "ben")', 'crm_people(crm, "ana", "cem")'))
    run = team.martech("up", "--yes")
    assert run.code == 1, "what was not read is not in order"
    assert "not everything was read: site" in run.text
    assert team.logins("crm") == {"ana@example.com", "cem@example.com"}
    assert team.writes("site") == []
    assert "wordpress:MartechUser site/ben" in team.resources()


def test_a_listing_that_comes_back_short_empties_nothing(embedded: Estate) -> None:
    names = [f"u{n}" for n in range(12)]
    embedded.program(f"crm_people(crm_account(), *{names!r})")
    embedded.applied()
    embedded.must(embedded.refresh())
    embedded.mark()
    embedded.crm.fault("short", method="GET", path="*/Users", keep=1, times=None)
    run = embedded.must(embedded.refresh())
    assert "12 were known" in run.text or "where 12" in run.text
    assert len([name for name in embedded.resources() if "MartechUser" in name]) == 12
    assert embedded.writes() == []


def test_second_up_writes_nothing(estate: Estate) -> None:
    team = begun(estate)
    for _ in range(2):
        team.applied()
    assert team.martech("up", "--yes").ok
    assert team.writes() == []


def test_a_reviewed_plan_leaves_alone_what_came_later(estate: Estate, tmp_path: Path) -> None:
    """With a roster: the stray shows in the plan of now, so that is not the reviewed one."""
    team = begun(estate)
    roster = """
    crm = crm_account()
    site = site_account()
    scim.Roster(account=crm, on_destroy="remove", members={{
        "ana@example.com": {{"roles": [], "display_name": "Ana"}}, {more}
    }})
    site_people(site, "ana", "ben")
    """
    both = roster.format(more='"ben@example.com": {"roles": [], "display_name": "Ben"},')
    team.program(both)
    team.applied()
    assert team.logins("crm") >= {"ana@example.com", "ben@example.com"}
    team.mark()
    plan = str(tmp_path / "plan.json")
    team.program(roster.format(more=""))
    assert team.martech("preview", "--save", plan).ok
    team.crm.add_user("stray@example.com")
    run = team.martech("up", "--yes", "--plan", plan)
    assert run.code == 1
    assert "is not the plan of now" in run.text
    assert team.writes() == []
    assert "stray@example.com" in team.logins("crm")
    team.crm.remove_user("stray@example.com")
    # A program that changed after the review is refused as well, before any write.
    team.program(roster.format(more="").replace('"ana", "ben")', '"ana", "ben", "mallory")'))
    run = team.martech("up", "--yes", "--plan", plan)
    assert run.code == 1
    assert "site/mallory" in run.text
    assert team.writes() == []
    team.program(roster.format(more=""))
    run = team.martech("up", "--yes", "--plan", plan)
    assert run.ok, run.text
    assert team.logins("crm") == {"ana@example.com"}
    assert {write.method for write in team.writes()} == {"DELETE"}
