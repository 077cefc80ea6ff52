"""A portal of HubSpot as code: what a user declares, what reaches the portal, what is refused."""

from typing import Any

import pytest

from .estate import Estate

HEAD = """
import os
from pulumi_martech import hubspot

def portal(**more):
    token = Bearer(token="env:HUB_TOKEN")
    return hubspot.Account("hub", url=os.environ["HUB_URL"], credentials=token, **more)

"""

TEAM = (
    HEAD
    + """
hub = portal(tenant="62515")
marketing = hubspot.RoleReference(
    "marketing", account=hub, name="Marketing",
    content=["email:send"], declared_by="olive", declared_on="2026-05-01",
)
hubspot.MartechUser(
    "ana", account=hub, login="Ana@example.com", roles=[{roles}], first_name="Ana",
    primary_team="Paris", teams={teams}, seats=["Core Seat"], welcome_mail={mail},
)
"""
)


@pytest.fixture
def hub(estate: Estate) -> Any:
    """A portal with permission sets and teams, beside the accounts of the estate."""
    made = estate.sandbox.tenant("hub", "hubspot")
    for name in ("Marketing", "Sales"):
        made.add_permission_set(name)
    for name in ("Paris", "Lyon"):
        made.add_team(name)
    estate.environment |= estate.variables("hub")
    estate.mark()
    return made


def team(
    estate: Estate, roles: str = "marketing", teams: str = "['Lyon']", mail: str = "True"
) -> None:
    estate.program(TEAM.format(roles=roles, teams=teams, mail=mail))


def what_people_did_is_told_for_a_reason_that_is_kept(estate: Estate, hub: Any) -> None:
    hub.log_in("ana@example.com", "2026-11-03T08:00:00.000Z")
    refused = estate.martech("activity", "hub", "ana")
    assert "looking at people wants a reason" in refused.text
    nobody = estate.martech("activity", "hub", "anna", "--reason", "review")
    assert "has nobody called anna" in nobody.text and "did you mean 'ana'" in nobody.text
    told = estate.must(estate.martech("activity", "hub", "--reason", "yearly review"))
    assert "ana 2026-11-03T08:00:00.000Z" in told.text
    crm = estate.martech("activity", "hubb", "--reason", "review")
    assert "no such account" in crm.text
    shown = estate.martech("audit", "show", "hub", "--json").json()["entries"]
    looked = [one for one in shown if one["verb"] == "look at activity"]
    assert [one["reason"] for one in looked if one["phase"] == "intent"] == ["yearly review"]


def test_a_user_is_made_once_and_nothing_is_left_to_do(estate: Estate, hub: Any) -> None:
    team(estate)
    estate.applied()
    (made,) = estate.writes("hub")
    assert made.body["sendWelcomeEmail"] is True
    shown = hub.users()["ana@example.com"]
    assert (shown["roles"], shown["primaryTeam"], shown["teams"]) == (
        ["Marketing"],
        "Paris",
        ["Lyon"],
    )
    assert estate.plan() == [], "the welcome mail and the sets of teams and seats are no drift"
    what_people_did_is_told_for_a_reason_that_is_kept(estate, hub)
    team(estate, mail="False")
    estate.applied()
    team(estate, mail="False", roles="'Sales'", teams="['Lyon', 'Paris']")
    assert estate.plan()[1:] == ["update hub/ana (roles.Marketing, roles.Sales, teams.Paris)"]
    estate.applied()
    assert len(estate.writes("hub")) == 2
    assert hub.users()["ana@example.com"]["roles"] == ["Sales"]
    estate.program(HEAD + "portal(tenant='62515')")
    estate.applied()
    assert "ana@example.com" not in hub.users()


def test_what_the_api_cannot_do_is_said_with_what_to_do_instead(estate: Estate, hub: Any) -> None:
    team(estate, roles="'Sales', 'Marketing'")
    assert "one permission set and not 2: declare one of Marketing, Sales" in estate.up().text
    estate.program(HEAD + "hubspot.Role('editors', account=portal(), name='Editors')")
    assert "make the set in the app, then declare a RoleReference" in estate.up().text
    second = hub.add_permission_set("Marketing")
    team(estate)
    assert "several roles called 'Marketing'" in estate.up().text
    hub.stored_roles.remove(second)
    team(estate, roles="'Super Admin'")
    assert "super admins are made in the app alone" in estate.up().text
    assert [entry for entry in estate.writes("hub") if entry.committed] == []
    assert list(hub.users()) == ["owner@example.com"]


def test_who_is_deactivated_by_hand_shows_and_is_not_switched_on(estate: Estate, hub: Any) -> None:
    team(estate)
    estate.applied()
    hub.deactivate("ana@example.com")
    assert estate.plan() == ["update hub/ana (active)"]
    assert "HubSpot's API cannot switch users on" in estate.up().text
    hub.reactivate("ana@example.com")
    assert estate.plan() == []
    hub.make_super_admin("ana@example.com")
    assert estate.plan() == ['update hub/ana (roles["Super Admin"])']
    assert "the API cannot unmake one" in estate.up().text


def test_the_presence_of_a_vendor_is_by_domain_and_alias(estate: Estate, hub: Any) -> None:
    hub.add_user("stray@northlight.example", role="Sales")
    hub.add_user("nora@freelance.example", role="Sales")
    estate.program(
        HEAD
        + """
hubspot.VendorGrant(
    "northlight", account=portal(), domains=["northlight.example"],
    aliases=["nora@freelance.example"], until="2026-12-31", owner="olive", reason="campaigns",
    adopt=True,
    people={"kim@northlight.example": {"roles": ["Marketing"], "welcome_mail": True}},
)
"""
    )
    estate.applied()
    assert "kim@northlight.example" in hub.users()
    lines = estate.plan()
    assert lines and "stray@northlight.example" in lines[0]
    assert "nora@freelance.example" in lines[0]
    estate.applied()
    assert set(hub.users()) == {"owner@example.com", "kim@northlight.example"}
    assert estate.plan() == []


def test_the_token_of_another_portal_changes_nothing(estate: Estate, hub: Any) -> None:
    estate.sandbox.tenant("hub", "hubspot", portal=4711)
    team(estate)
    assert "one of portal 4711, the account says portal 62515" in estate.up().text
    assert estate.writes("hub") == []
