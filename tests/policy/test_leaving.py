"""Who goes with a plan, as a pure function over its steps and the state."""

from pulumi_martech.model.plan import Op, Plan, Step
from pulumi_martech.policy.leaving import leaving
from pulumi_martech.policy.plans import Recorded


def urn(kind, name):
    return f"urn:pulumi:dev::p::pulumi-python:dynamic/martech/{kind}::{name}"


def step(op, kind, name, old=None, new=None):
    return Step(urn=urn(kind, name), op=op, old=old, new=new)


def user(name, account="crm", **more):
    return {
        "account": account,
        "person": name,
        "login": f"{name}@example.com",
        "roles": {},
        "on_destroy": "remove",
        **more,
    }


def people(*names, **more):
    entries = {f"{name}@vendor.example": {"roles": {}} for name in names}
    return {"account": "crm", "people": entries, "on_destroy": "remove", **more}


def going(*steps, state=(), successors=None):
    plan = Plan(steps=steps)
    found = leaving(plan, state, successors or {})
    return [(one.name, one.verb, one.successor, one.deletes) for one in found]


def test_whoever_is_deleted_or_replaced_goes():
    moved = step(Op.REPLACE, "scim:MartechUser", "hr/cem", user("cem"), user("cem", "hr"))
    renamed = step(
        Op.REPLACE, "wordpress:MartechUser", "crm/dan", user("dan"), user("dan", login="d")
    )
    assert going(
        step(Op.DELETE, "scim:MartechUser", "crm/ana", user("ana")),
        step(Op.DELETE, "scim:MartechUser", "crm/ben", user("ben", on_destroy="retain")),
        step(Op.CREATE, "scim:MartechUser", "crm/eve", None, user("eve")),
        step(Op.UPDATE, "scim:MartechUser", "crm/flo", user("flo"), user("flo", roles={"r": True})),
        step(Op.DELETE, "scim:Role", "crm/editors", {"account": "crm", "name": "Editors"}),
        moved,
        renamed,
    ) == [
        ("crm/ana", "remove", "", ""),
        ("crm/cem", "remove", "", ""),
        ("crm/dan", "remove", "", ""),
    ]


def test_whoever_is_switched_off_goes():
    off = step(
        Op.UPDATE,
        "scim:MartechUser",
        "crm/ana",
        user("ana", active=True),
        user("ana", active=False),
    )
    assert going(off) == [("crm/ana", "deactivate", "", "")]
    again = step(
        Op.UPDATE,
        "scim:MartechUser",
        "crm/ana",
        user("ana", active=False),
        user("ana", active=False),
    )
    assert going(again) == []


def test_people_of_a_vendor_and_a_roster_go_as_is_declared_now():
    shrinks = step(
        Op.UPDATE, "scim:VendorGrant", "crm/north", people("a", "b"),
        people("b", on_destroy="deactivate", successor="olive"),
    )  # fmt: skip
    ends = step(Op.DELETE, "scim:VendorGrant", "crm/south", people("c", successor="olive"))
    members = {"account": "site", "on_destroy": "remove", "members": {"x": {}, "y": {}}}
    roster = step(Op.UPDATE, "wordpress:Roster", "site/roster", members, members | {"members": {}})
    assert going(shrinks, ends, roster) == [
        ("crm/a@vendor.example", "deactivate", "olive", ""),
        ("crm/c@vendor.example", "remove", "olive", ""),
        ("site/x", "remove", "", ""),
        ("site/y", "remove", "", ""),
    ]
    # A roster that leaves the program leaves its members alone.
    assert going(step(Op.DELETE, "wordpress:Roster", "site/roster", members)) == []


def test_whoever_is_declared_otherwise_afterwards_stays():
    gone = step(Op.DELETE, "scim:MartechUser", "crm/ana", user("ana"))
    other = user("anna", login="ana@example.com")
    assert going(gone, step(Op.CREATE, "scim:MartechUser", "crm/anna", None, other)) == []
    there = Recorded(urn=urn("scim:MartechUser", "crm/anna"), kind="scim:MartechUser", inputs=other)
    assert going(gone, state=[there]) == []
    elsewhere = there.model_copy(update={"inputs": other | {"account": "hr"}})
    assert len(going(gone, state=[elsewhere])) == 1


def test_the_accounts_successor_counts_where_the_resource_names_none():
    deletes = {"delete_content": "spam"}
    steps = (
        step(Op.DELETE, "wordpress:MartechUser", "crm/ana", user("ana")),
        step(Op.DELETE, "wordpress:MartechUser", "crm/ben", user("ben", successor="flo")),
        step(Op.DELETE, "wordpress:MartechUser", "crm/cem", user("cem", **deletes)),
    )
    assert going(*steps, successors={"crm": "admin"}) == [
        ("crm/ana", "remove", "admin", ""),
        ("crm/ben", "remove", "flo", ""),
        ("crm/cem", "remove", "", "spam"),
    ]


def test_the_native_id_is_taken_from_the_state():
    gone = step(Op.DELETE, "scim:MartechUser", "crm/ana", user("ana"))
    known = Recorded(urn=gone.urn, kind="scim:MartechUser", inputs=user("ana"), id="42")
    (one,) = leaving(Plan(steps=(gone,)), [known], {})
    assert (one.id, one.login) == ("42", "ana@example.com")
