"""Vendors, rosters and roles: strays show as one line, ends take everything away and prove it."""

import json

import pytest

from .estate import Estate

AGENCY = """
crm = crm_account()
site = site_account()
for name in ("Editors", "Analysts"):
    scim.Role(name.lower(), account=crm, name=name)
agency = {
    "vendor": "northlight", "domains": ["northlight.example"], "until": "2026-06-30",
    "owner": "ines", "reason": "spring campaign", "aliases": ["mo@freelance.example"],
}
for grant in active([{**agency, "account": crm, "people": {
    "eve@northlight.example": {"roles": ["Editors"]},
    "mo@freelance.example": {"roles": ["Analysts"]},
}}]):
    scim.VendorGrant(**grant)
for grant in active([{**agency, "account": site, "people": {
    "eve-northlight": {"roles": ["author"], "email": "eve@northlight.example"},
}}]):
    wordpress.VendorGrant(**grant)
crm_people(crm, "ana", roles=["Editors"])
"""
ENDED = "2026-07-01"


def begun(estate: Estate) -> Estate:
    """Apply an agency with a grant in both accounts."""
    estate.program(AGENCY)
    estate.applied()
    estate.mark()
    return estate


@pytest.fixture
def agency(embedded: Estate) -> Estate:
    return begun(embedded)


def test_a_stray_of_a_vendor_is_one_line_and_goes_when_reviewed(agency: Estate) -> None:
    agency.crm.add_user("zoe@sub.northlight.example", roles=["Editors"])
    agency.crm.add_user("guest@elsewhere.example", roles=["Editors"])
    assert agency.plan("--refresh") == [
        'update crm/northlight (people["zoe@sub.northlight.example"])'
    ]
    agency.applied()
    assert agency.logins("crm") == {
        "ana@example.com", "eve@northlight.example", "mo@freelance.example",
        "guest@elsewhere.example",
    }  # fmt: skip


def test_the_end_of_a_vendor_takes_everything_away_and_proves_it(estate: Estate) -> None:
    agency = begun(estate)
    agency.crm.add_user("zoe@northlight.example", roles=["Editors"])
    agency.site.add_post("eve-northlight", "Spring")
    agency.applied(MARTECH_AS_OF=ENDED, MARTECH_OVERRIDE="the contract has ended")
    assert agency.logins("crm") == {"ana@example.com"}
    assert agency.logins("site") == {"admin"}
    assert "Spring" in [post["title"] for post in agency.site.posts("admin")]
    assert not [name for name in agency.resources() if "VendorGrant" in name]
    for tenant, listing in ((agency.crm, "/scim/v2/Users"), (agency.site, "/wp-json/wp/v2/users")):
        last_write = tenant.writes()[-1].number
        after = [e for e in tenant.log(last_write) if e.method == "GET" and e.path == listing]
        assert after, "after the last write the account was listed once more"


def test_a_stray_after_the_review_stays_and_the_end_says_so(agency: Estate) -> None:
    said = json.loads(agency.martech("ends", "--as-of", "2026-06-16", "--json").out)
    assert [(e["resource"], e["days_left"], e["told"]) for e in said["ends"]] == [
        ("crm/northlight", 14, True),
        ("site/northlight", 14, True),
    ]
    assert (said["still_live"], said["overdue"]) == ([], "")
    said = agency.martech("ends", "--as-of", ENDED, "--exit-code")
    assert said.code == 2 and "2026-07-01  crm/northlight" in said.out
    agency.must(agency.refresh())
    agency.crm.add_user("late@northlight.example", roles=["Editors"])
    run = agency.up("--refresh=false", MARTECH_AS_OF=ENDED)
    assert run.code != 0
    assert "1 members are still there that were not reviewed (late@northlight.example)" in run.text
    assert "late@northlight.example" in agency.logins("crm")
    assert "eve@northlight.example" not in agency.logins("crm")
    assert "scim:VendorGrant crm/northlight" in agency.resources(), "it is not forgotten"
    agency.applied(MARTECH_AS_OF=ENDED)
    assert agency.logins("crm") == {"ana@example.com"}


def test_a_vendor_that_fails_half_way_is_taken_back(embedded: Estate) -> None:
    embedded.program(AGENCY)
    mo = "mo@freelance.example"
    embedded.crm.add_user(mo, displayName="Somebody else's")
    embedded.crm.add_role("Guests", [mo])
    run = embedded.up("--continue-on-error")
    assert run.code != 0
    assert "1 of 2 entries failed" in run.text
    assert mo in run.text
    assert "those made here were taken back" in run.text
    assert embedded.crm.users().keys() == {"ana@example.com", mo}
    assert embedded.crm.members("Guests") == [mo], "nobody else's access was touched"
    assert "scim:VendorGrant crm/northlight" not in embedded.resources()
    assert "wordpress:VendorGrant site/northlight" in embedded.resources()


def test_a_vendors_people_are_declared_in_its_grant_only(embedded: Estate) -> None:
    embedded.program(
        AGENCY + 'scim.MartechUser("kim", account=crm, login="kim@northlight.example")\n'
    )
    run = embedded.up()
    assert run.code != 0
    assert "kim@northlight.example belongs to vendor northlight" in run.text
    assert embedded.writes() == []


ROSTER = """
crm = crm_account()
for name in ("Editors", "Analysts"):
    scim.Role(name.lower(), account=crm, name=name)
scim.Roster(
    account=crm,
    members={
        "ana@example.com": {"roles": ["Editors"], "display_name": "Ana"},
        "ben@example.com": {"roles": ["Analysts"]},
    },
    ignore={"robot-*": "made by the platform itself"},
)
"""


def test_a_roster_shows_each_stray_as_one_line(estate: Estate) -> None:
    estate.crm.add_user("robot-7@example.com")
    estate.program(ROSTER)
    estate.applied()
    estate.mark()
    estate.crm.add_user("stray@example.com")
    estate.crm.change_user("ben@example.com", roles=["Analysts", "Editors"])
    assert estate.plan("--refresh") == [
        'update crm/roster (members["ben@example.com"].roles.Editors, members["stray@example.com"])'
    ]
    estate.applied()
    assert estate.logins("crm") == {"ana@example.com", "ben@example.com", "robot-7@example.com"}
    assert estate.crm.members("Editors") == ["ana@example.com"]
    estate.mark()
    estate.applied()
    assert estate.writes() == []


def test_a_new_roster_changes_nobody_who_is_there_unless_that_is_said(embedded: Estate) -> None:
    crm, admins = embedded.crm, ["ana@example.com", "ben@example.com", "cem@example.com"]
    for login in admins:
        crm.add_user(login)
    crm.add_role("Admins", admins)
    program = """
crm = crm_account(administrators=["Admins"])
scim.RoleReference("admins", account=crm, name="Admins")
scim.Roster(account=crm, members={
    "ana@example.com": {"roles": ["Admins"]}, "ben@example.com": {"roles": []},
    "cem@example.com": {"roles": []}, "dan@example.com": {"roles": []},
})
"""
    embedded.program(program)
    run = embedded.up()
    assert not run.ok
    assert (
        "2 of 4 entries failed: ben@example.com, cem@example.com: it is there already and differs "
        "(- role Admins), declare what is there, or say adopt=True to have it changed" in run.text
    )
    assert [w.method for w in embedded.writes() if w.committed] == ["POST"], "dan was not there"
    assert crm.members("Admins") == admins
    embedded.program(program.replace("account=crm, members", "account=crm, adopt=True, members"))
    run = embedded.applied()
    for login in admins[1:]:
        assert f"crm/{login} was there already and was changed, as adopt=True says" in run.text
    assert crm.members("Admins") == ["ana@example.com"]
    # Who is added later without the word, and is there, is left alone as well.
    crm.add_user("eve@example.com", displayName="Eve")
    embedded.program(program.replace('"dan@', '"eve@example.com": {"display_name": "E"}, "dan@'))
    assert "eve@example.com: it is there already and differs" in embedded.up("--refresh=false").text
    assert crm.users()["eve@example.com"]["displayName"] == "Eve"


def test_a_roster_that_goes_leaves_its_members(embedded: Estate) -> None:
    embedded.program(ROSTER)
    embedded.applied()
    embedded.mark()
    embedded.program("crm_account()\nlimits(removals=Limit(count=5))")
    embedded.applied(MARTECH_OVERRIDE="the roster is not kept here any more")
    assert {"ana@example.com", "ben@example.com"} <= embedded.logins("crm")


def test_a_renamed_role_keeps_its_members(embedded: Estate) -> None:
    program = """
    crm = crm_account()
    editors = scim.Role("editors", account=crm, name="Editors")
    crm_people(crm, "ana", "ben", roles=[editors])
    """
    embedded.program(program)
    embedded.applied()
    embedded.mark()
    embedded.program(program.replace('name="Editors"', 'name="Campaign Editors"'))
    embedded.applied()
    assert embedded.crm.members("Campaign Editors") == ["ana@example.com", "ben@example.com"]
    assert [(w.method, w.route) for w in embedded.writes()] == [("PATCH", "/scim/v2/Groups/{id}")]
    assert embedded.plan("--refresh") == []


def test_destroy_leaves_no_access_and_no_role(estate: Estate) -> None:
    """Users of this service are switched off, not removed: their role goes all the same."""
    estate.program("""
    crm = crm_account()
    site = site_account()
    editors = scim.Role("editors", account=crm, name="Editors")
    crm_people(crm, "ana", "ben", roles=[editors])
    site_people(site, "ana", "ben")
    """)
    estate.applied()
    estate.must(estate.destroy())
    assert estate.logins("crm") == set()
    assert estate.crm.roles() == []
    assert estate.logins("site") == {"admin"}
    assert estate.resources() == {}
    estate.program('crm_people(crm_account(), "ana")')
    estate.applied()
    assert estate.logins("crm") == {"ana@example.com"}, "who comes back is switched on again"


def test_a_role_that_strangers_hold_is_not_removed(embedded: Estate) -> None:
    program = """
    crm = crm_account()
    crm_people(crm, "ana")
    """
    embedded.program(program + 'scim.Role("editors", account=crm, name="Editors")')
    embedded.applied()
    embedded.crm.add_user("kim@example.com", roles=["Editors"])
    embedded.mark()
    embedded.program(program)
    run = embedded.up()
    assert run.code != 0
    assert "1 members that this run leaves alone still hold it (kim@example.com)" in run.text
    assert embedded.crm.members("Editors") == ["kim@example.com"]
    assert embedded.writes() == []
