"""Who holds what, read from the inputs of resources."""

from pulumi_martech.policy.holdings import holdings


def test_a_user_holds_its_roles_at_the_domain_of_its_address():
    inputs = {"login": "ana", "email": "Ana@Example.com", "roles": {"editor": True}}
    (held,) = holdings("MartechUser", inputs).values()
    assert (held.roles, held.domain) == (frozenset({"editor"}), "example.com")


def test_switching_somebody_off_counts_as_losing_every_role():
    on = holdings("MartechUser", {"login": "a@x.example", "roles": {"r": True}, "active": True})
    off = holdings("MartechUser", {"login": "a@x.example", "roles": {"r": True}, "active": False})
    assert on["a@x.example"].roles == {"r"}
    assert off["a@x.example"].roles == frozenset()


def test_people_of_vendors_and_rosters_are_read_alike_and_other_kinds_hold_nothing():
    people = {"e@v.example": {"roles": {"r": True}}, "n@v.example": {"roles": {}}}
    assert holdings("VendorGrant", {"people": people}) == holdings("Roster", {"members": people})
    assert holdings("Role", {"name": "r"}) == {}
    assert holdings("MartechUser", {"login": None}) == {}
