"""SCIM: each deviation of the fact sheet, on a sandbox that has it."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import ValidationError

from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    Malformed,
    NotThere,
    Refused,
    Uncertain,
    Unreachable,
)
from pulumi_martech.model.membership import NativeRole, Status, Wish, difference
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.platforms import scim
from tests.platforms.support import literally, scim_at, serve
from tests.transport.support import serving

Make = Callable[..., Any]

EVERYTHING = {
    "display_name": "Ana B",
    "given_name": "Ana",
    "family_name": "B",
    "email": "ana.b@example.com",
    "title": "Editor",
    "user_type": "Contractor",
    "external_id": "E-1",
    "active": True,
}


def operations(tenant: Any) -> list[Any]:
    return [
        operation
        for write in tenant.writes()
        if write.method == "PATCH"
        for operation in write.body["Operations"]
    ]


# -- reading


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"booleans": "string"},
        {"lower_case": True},
        {"empty_resources": False},
        {"user_groups": False, "member_details": False},
        {"page_cap": 2},
        {"numeric_status": True},
        {"filters": "eq"},
    ],
    ids=lambda switches: "-".join(switches) or "standard",
)
def test_a_directory_is_the_same_in_every_dialect(
    switches: dict[str, Any], tenant: Make, connected: Make
) -> None:
    crm = tenant("scim", **switches)
    connector = connected(crm)
    assert connector.directory().memberships == ()
    for login in ("Ana@example.com", "ben@example.com", "cleo@example.com", "dan@example.com"):
        crm.add_user(login, emails=[{"value": login.upper(), "primary": True}])
    crm.change_user("ben@example.com", active=False)
    crm.add_role("Editors", ["Ana@example.com", "ben@example.com"])
    crm.add_role("Nobody")

    directory = connector.directory()

    assert {member.login for member in directory.memberships} == {
        "ana@example.com",
        "ben@example.com",
        "cleo@example.com",
        "dan@example.com",
    }
    ana, ben = (directory.by_login(f"{name}@example.com") for name in ("ana", "ben"))
    assert ana
    assert ben
    assert (ana.email, ana.roles, ana.status) == ("ana@example.com", {"Editors"}, Status.ACTIVE)
    assert (ben.roles, ben.status) == ({"Editors"}, Status.DEACTIVATED)
    assert directory.roles is not UNKNOWN
    assert {role.name for role in directory.roles} == {"Editors", "Nobody"}
    assert connector.find("ANA@example.com") == ana
    assert connector.find("ben@example.com") == ben, "one that is switched off is found"


def test_a_directory_costs_the_pages_and_one_listing_of_groups(
    tenant: Make, connected: Make
) -> None:
    crm = tenant("scim")
    crm.add_users({"userName": f"user{number}@example.com"} for number in range(250))
    crm.add_role("Editors", ["user1@example.com"])
    assert len(connected(crm).directory().memberships) == 250
    assert crm.calls() == {"GET /scim/v2/Users": 3, "GET /scim/v2/Groups": 1}


def test_nobody_found_may_be_answered_404(tenant: Make, connected: Make) -> None:
    crm = tenant("scim", no_match="404")
    connector = connected(crm)
    assert connector.find("nobody@example.com") is None
    assert connector.find_role("Nothing") is None


def test_the_caller_is_named_where_the_server_knows(tenant: Make, connected: Make) -> None:
    crm = tenant("scim", me="Admin@example.com")
    crm.add_user("Admin@example.com")
    assert connected(crm).whoami().login == "admin@example.com"


def test_whoami_refuses_a_wrong_token(
    tenant: Make, connected: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = tenant("scim")
    monkeypatch.setenv(f"{crm.key.upper()}_TOKEN", "wrong")
    with pytest.raises(Denied):
        connected(crm).whoami()


def records(*resources: Any) -> dict[str, Any]:
    return {"totalResults": len(resources), "Resources": list(resources)}


def test_records_without_a_name_are_skipped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    users = records({"id": "1"}, {"userName": "x@example.com"}, {"id": "3", "userName": "y"})
    groups = records({"id": "9"}, {"id": "8", "displayName": "G", "members": [{"value": "3"}]})
    with serving(serve(users), serve(groups)) as wire:
        directory = scim_at(wire.url, monkeypatch).directory()
    assert [(m.id, m.login, m.roles) for m in directory.memberships] == [("3", "y", {"G"})]
    assert directory.unreadable == (
        "a user with id 1 and no name",
        "a user without an id",
        "a group with id 9 and no name",
    )


def test_attribute_names_and_lists_in_unusual_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    user = {
        "ID": 17,
        "username": "Ana@Example.com",
        "Active": "False",
        "emails": {"value": "Ana@Example.com"},
        "NAME": {"givenname": "Ana"},
    }
    group = {
        "id": "g",
        "displayname": "Editors",
        "members": [{"$ref": "https://scim.example/v2/Users/17"}],
    }
    users = {"totalresults": "1", "resources": [user]}
    with serving(serve(users), serve(records(group))) as wire:
        (ana,) = scim_at(wire.url, monkeypatch).directory().memberships
    assert (ana.id, ana.login, ana.status) == ("17", "ana@example.com", Status.DEACTIVATED)
    assert (ana.email, ana.attributes["given_name"]) == ("ana@example.com", "Ana")
    assert ana.roles == {"Editors"}


def test_a_server_without_groups_has_unknown_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    users = records({"id": "1", "userName": "ana"})
    missing = serve({"status": 404, "detail": "no such resource type"}, 404)
    with serving(serve(users), missing) as wire:
        directory = scim_at(wire.url, monkeypatch).directory()
    assert directory.roles is UNKNOWN
    assert directory.memberships[0].roles is UNKNOWN
    assert any("no groups" in spot for spot in directory.blind_spots)


def test_a_refused_listing_of_groups_is_an_error_and_not_no_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users = records({"id": "1", "userName": "ana"})
    with serving(serve(users), serve({"detail": "no"}, 403)) as wire, pytest.raises(Denied):
        scim_at(wire.url, monkeypatch).directory()


def test_a_server_that_ignores_filters_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    users = records({"id": "1", "userName": "ana"}, {"id": "2", "userName": "ben"})
    with serving(serve(users), serve(records())) as wire:
        found = scim_at(wire.url, monkeypatch).find("ben")
    assert found is not None
    assert found.id == "2"
    with serving(serve(users)) as wire:
        assert scim_at(wire.url, monkeypatch).find("cleo") is None


def test_a_404_page_at_a_wrong_address_is_never_read_as_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = serve("<html><title>Not found</title></html>", 404)
    ana = scim.Membership(id="1", login="ana")
    for call in (
        lambda connector: connector.fetch("1", ()),
        lambda connector: connector.find("ana"),
        lambda connector: connector.directory(),
        lambda connector: connector.remove(ana, None),
        lambda connector: connector.remove_role("1"),
    ):
        with serving(page) as wire, pytest.raises(Malformed, match="not read as if"):
            call(scim_at(wire.url, monkeypatch))


def test_a_read_that_fails_raises_instead_of_saying_gone(tenant: Make, connected: Make) -> None:
    crm = tenant("scim")
    id_ = crm.add_user("ana@example.com")
    connector = connected(crm)
    crm.fault("html", status=200, times=None)
    for look in (lambda: connector.fetch(id_, ()), lambda: connector.find("ana@example.com")):
        with pytest.raises(Malformed, match="HTML"):
            look()
    crm.clear_faults()
    crm.fault("truncated")
    with pytest.raises(Malformed, match="no whole JSON"):
        connector.directory()
    crm.fault("large")
    with pytest.raises(Malformed, match="5,000,000 bytes"):
        connector.directory()
    crm.fault("endless", times=None)
    with pytest.raises(Malformed, match="paging never ends"):
        connector.directory()


def test_a_record_without_an_address_is_a_user_without_an_address(
    tenant: Make, connected: Make
) -> None:
    crm = tenant("scim")
    crm.add_user("ana@example.com", emails=[{"value": "ana@example.com"}])
    crm.fault("omit")
    (ana,) = connected(crm).directory().memberships
    assert (ana.login, ana.email) == ("ana@example.com", None)
    assert "email" not in ana.attributes


def test_a_listing_that_shifts_between_pages_loses_nobody(tenant: Make, connected: Make) -> None:
    crm = tenant("scim", page_cap=2)
    for number in range(6):
        crm.add_user(f"user{number}@example.com")
    connector = connected(crm)
    seen = crm.answer

    def removing(call: Any, handlers: Any) -> Any:
        found = seen(call, handlers)
        if call.query.get("startIndex") == "1" and call.path.endswith("/Users"):
            crm.answer = seen
            crm.remove_user("user0@example.com")
        return found

    crm.answer = removing
    logins = {member.login for member in connector.directory().memberships}
    assert {f"user{number}@example.com" for number in range(1, 6)} <= logins


# -- writing


@pytest.mark.parametrize("switches", [{}, {"patch_status": 204}, {"patch": False}], ids=str)
def test_every_attribute_can_be_set_changed_and_cleared(
    switches: dict[str, Any], tenant: Make, connected: Make
) -> None:
    crm = tenant("scim", **switches)
    connector = connected(crm)
    first = Wish(login="ana@example.com", roles={}, attributes=EVERYTHING)
    id_ = connector.invite(first)
    live = connector.fetch(id_, ())
    assert difference(live, first) == []

    changed = {k: f"other-{v}" if isinstance(v, str) else False for k, v in EVERYTHING.items()}
    second = Wish(login="ana2@example.com", roles={}, attributes=changed)
    connector.change(live, second)
    live = connector.fetch(id_, ())
    assert live.login == "ana2@example.com"
    assert difference(live, second) == []

    nothing = {k: "" for k, v in EVERYTHING.items() if isinstance(v, str)}
    third = Wish(login="ana2@example.com", roles={}, attributes=nothing)
    connector.change(live, third)
    live = connector.fetch(id_, ())
    assert difference(live, third) == []
    assert live.attributes == {"active": False}


def test_only_what_differs_is_sent(tenant: Make, connected: Make) -> None:
    crm = tenant("scim")
    editors = crm.add_role("Editors")
    connector = connected(crm)
    wish = Wish(login="ana@example.com", roles={"Editors": editors}, attributes=EVERYTHING)
    connector.invite(wish)
    live, mark = connector.find("ana@example.com"), crm.mark()
    connector.change(live, wish)
    assert crm.writes(mark) == []
    connector.change(live, wish.model_copy(update={"attributes": {**EVERYTHING, "title": "Chief"}}))
    (write,) = crm.writes(mark)
    assert write.body["Operations"] == [{"op": "replace", "path": "title", "value": "Chief"}]


def test_other_addresses_are_left_alone(tenant: Make, connected: Make) -> None:
    crm = tenant("scim")
    home = {"value": "home@example.com", "type": "home"}
    work = {"value": "work@example.com", "type": "work", "primary": True}
    crm.add_user("ana@example.com", emails=[home, work])
    connector = connected(crm)
    ana = connector.find("ana@example.com")
    assert ana.email == "work@example.com"
    connector.change(ana, Wish(login=ana.login, roles={}, attributes={"email": "new@example.com"}))
    emails = crm.users()["ana@example.com"]["emails"]
    assert sorted(email["value"] for email in emails) == ["home@example.com", "new@example.com"]
    assert [email["value"] for email in emails if email.get("primary")] == ["new@example.com"]


@pytest.mark.parametrize("switches", [{}, {"operations": "capitalised"}, {"patch": False}], ids=str)
def test_membership_is_changed_on_the_group_alone(
    switches: dict[str, Any], tenant: Make, connected: Make
) -> None:
    crm = tenant("scim", **switches)
    crm.add_user("ben@example.com")
    groups = {name: crm.add_role(name, ["ben@example.com"]) for name in ("A", "B", "C")}
    connector = connected(crm)
    connector.invite(Wish(login="ana@example.com", roles={"A": groups["A"], "B": groups["B"]}))
    ana = connector.find("ana@example.com")
    assert ana.roles == {"A", "B"}
    connector.change(ana, Wish(login=ana.login, roles={"B": groups["B"], "C": groups["C"]}))
    assert {name: crm.members(name) for name in groups} == {
        "A": ["ben@example.com"],
        "B": ["ana@example.com", "ben@example.com"],
        "C": ["ana@example.com", "ben@example.com"],
    }
    connector.change_role(groups["B"], scim.Role(name="B2"))
    assert crm.members("B2") == ["ana@example.com", "ben@example.com"]
    assert not any("groups" in json.dumps(write.body) for write in crm.writes())


def test_a_group_is_never_emptied_by_a_removal_with_a_list_of_values(
    tenant: Make, connected: Make
) -> None:
    """A server that ignores the list would take everybody out (fact sheet: Entra's old form)."""
    crm = tenant("scim", remove_members_by_value=True)
    crm.add_user("ana@example.com")
    crm.add_user("ben@example.com")
    crm.add_role("Editors", ["ana@example.com", "ben@example.com"])
    connector = connected(crm)
    connector.change(connector.find("ana@example.com"), Wish(login="ana@example.com", roles={}))
    (removal,) = operations(crm)
    assert removal["op"] == "remove"
    assert removal["path"].startswith('members[value eq "')
    assert "value" not in removal
    assert crm.members("Editors") == ["ben@example.com"]


def test_a_server_that_knows_no_member_filter_gets_the_group_without_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = {
        "id": "g",
        "displayName": "Editors",
        "members": [
            {"value": "1"},
            {"value": "2", "display": "Ben", "type": "User"},
            {"value": "3", "type": "Group"},
        ],
        "meta": {"version": 'W/"4"'},
    }
    refusal = serve({"scimType": "invalidPath", "detail": "unknown path", "status": "400"}, 400)
    acts = [
        serve(records(group)),
        serve({"patch": {"supported": True}}),
        refusal,
        serve(group),
        serve(group),
    ]
    with serving(*acts) as wire:
        connector = scim_at(wire.url, monkeypatch)
        ana = scim.Membership(id="1", login="ana", roles=frozenset({"Editors"}))
        connector.change(ana, Wish(login="ana", roles={}))
    put = wire.requests[-1]
    assert put.method == "PUT"
    assert json.loads(put.body)["members"] == [{"value": "2"}, {"value": "3", "type": "Group"}]
    assert {k.lower(): v for k, v in put.headers.items()}["if-match"] == 'W/"4"'


@pytest.mark.parametrize("status", [405, 501])
def test_a_server_that_turns_out_to_have_no_patch_gets_whole_records(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"id": "1", "userName": "ana", "nickName": "An", "groups": [{"value": "g"}]}
    missing, refusal = serve({"detail": "none"}, 404), serve({"detail": "no PATCH"}, status)
    acts = [missing, missing, refusal, serve(user), serve(user), serve(user), serve(user)]
    with serving(*acts) as wire:
        connector = scim_at(wire.url, monkeypatch)
        for title in ("Editor", "Chief"):
            wish = Wish(login="ana", roles={}, attributes={"title": title})
            connector.change(scim.Membership(id="1", login="ana"), wish)
    methods = [request.method for request in wire.requests]
    assert methods == ["GET", "GET", "PATCH", "GET", "PUT", "GET", "PUT"], "it is remembered"
    sent = json.loads(wire.requests[-1].body)
    assert sent == {"id": "1", "userName": "ana", "nickName": "An", "title": "Chief"}


def test_rewriting_a_group_loses_no_member_to_others_who_write(
    tenant: Make, connected: Make
) -> None:
    crm = tenant("scim", patch=False)
    group = crm.add_role("Editors")
    logins = [f"user{number}@example.com" for number in range(8)]
    for login in logins:
        crm.add_user(login)
    crm.add_user("by-hand@example.com")
    connector = connected(crm)
    members = [connector.find(login) for login in logins]
    seen = crm.answer

    def interfering(call: Any, handlers: Any) -> Any:
        found = seen(call, handlers)
        if call.method == "GET" and call.path.endswith(group):
            crm.answer = seen
            crm.set_members("Editors", ["by-hand@example.com"])
            crm.rename_role("Editors", "Editors")  # which makes a new version
        return found

    crm.answer = interfering
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda live: connector.change(
                    live, Wish(login=live.login, roles={"Editors": group})
                ),
                members,
            )
        )
    assert crm.members("Editors") == ["by-hand@example.com", *logins]
    assert [write.status for write in crm.writes()].count(412) == 1


def test_a_refused_value_is_told_as_the_server_told_it_first(tenant: Make, connected: Make) -> None:
    crm = tenant("scim")
    id_ = crm.add_user("ana@example.com")
    crm.add_user("ben@example.com")
    connector = connected(crm)
    with pytest.raises(AlreadyExists):
        connector.change(connector.fetch(id_, ()), Wish(login="ben@example.com", roles={}))


@pytest.mark.parametrize("numeric_status", [False, True])
def test_a_duplicate_is_told_apart(numeric_status: bool, tenant: Make, connected: Make) -> None:
    crm = tenant("scim", numeric_status=numeric_status)
    crm.add_user("Ana@example.com")
    with pytest.raises(AlreadyExists):
        connected(crm).invite(Wish(login="ana@example.com", roles={}))


def test_a_conflict_about_something_else_is_no_duplicate(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "REQUIRED_FIELD_MISSING:user_must_have_one_entitlement_which_must_be_a_profileid"
    with (
        serving(serve({"status": "409", "detail": words}, 409)) as wire,
        pytest.raises(Refused, match="REQUIRED_FIELD_MISSING") as caught,
    ):
        scim_at(wire.url, monkeypatch).invite(Wish(login="ana", roles={}))
    assert not isinstance(caught.value, AlreadyExists)


def test_a_create_answered_200_is_a_create(tenant: Make, connected: Make) -> None:
    crm = tenant("scim", create_existing="200")
    id_ = crm.add_user("ana@example.com")
    connector = connected(crm)
    assert connector.invite(Wish(login="ana@example.com", roles={})) == id_
    crm.change_user("ana@example.com", displayName="Somebody")
    named = Wish(login="ana@example.com", roles={}, attributes={"display_name": "Ana"})
    with pytest.raises(AlreadyExists, match="a user who was there before"):
        connector.invite(named)
    crm.change_user("ana@example.com", displayName=None)
    assert connector.invite(named) == id_, "what is only lacking can be given"
    crm.add_role("Editors", ["ana@example.com"])
    with pytest.raises(AlreadyExists):
        connector.invite(Wish(login="ana@example.com", roles={}))


def test_a_create_answered_without_an_id_is_uncertain(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serving(serve({"userName": "ana"}, 201)) as wire,
        pytest.raises(Uncertain, match="without an id"),
    ):
        scim_at(wire.url, monkeypatch).invite(Wish(login="ana", roles={}))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_that_is_cut_off_is_uncertain_and_never_repeated(
    when: str, tenant: Make, connected: Make
) -> None:
    crm = tenant("scim")
    connector = connected(crm)
    crm.fault("cut", method="POST", when=when)
    with pytest.raises(Uncertain):
        connector.invite(Wish(login="ana@example.com", roles={}))
    assert len(crm.writes()) == 1
    assert (connector.find("ana@example.com") is not None) == (when == "after")


def test_changes_and_removals_that_are_cut_off_are_repeated(tenant: Make, connected: Make) -> None:
    crm = tenant("scim")
    crm.add_user("ana@example.com")
    connector = connected(crm)
    ana = connector.find("ana@example.com")
    crm.fault("cut", method="PATCH", when="after")
    connector.deactivate(ana)
    assert connector.fetch(ana.id, ()).status is Status.DEACTIVATED
    crm.fault("cut", method="DELETE", when="after")
    connector.remove(ana, None)
    assert crm.users() == {}


def test_a_group_that_failed_at_the_start_is_left_to_a_change(
    tenant: Make, connected: Make
) -> None:
    crm = tenant("scim")
    groups = {name: crm.add_role(name) for name in ("A", "B")}
    connector = connected(crm)
    crm.fault("status", method="PATCH", status=500, times=1, path=f"*/Groups/{groups['A']}")
    crm.fault("status", method="PATCH", status=403, times=1, path=f"*/Groups/{groups['A']}")
    wish = Wish(login="ana@example.com", roles=groups)
    id_ = connector.invite(wish)
    ana = connector.find("ana@example.com")
    assert (ana.id, ana.roles) == (id_, {"B"})
    connector.change(ana, wish)
    assert connector.find("ana@example.com").roles == {"A", "B"}
    with pytest.raises(NotThere, match=literally("add user ana@example.com to group Gone")):
        connector.change(ana, Wish(login="ana@example.com", roles={"Gone": "no-such-group"}))


def test_a_dropped_write_shows_when_read_back(tenant: Make, connected: Make) -> None:
    crm = tenant("scim", no_op_patch=True)
    crm.add_user("ana@example.com")
    connector = connected(crm)
    ana = connector.find("ana@example.com")
    wish = Wish(login=ana.login, roles={}, attributes={"title": "Editor"})
    connector.change(ana, wish)
    assert difference(connector.fetch(ana.id, ()), wish) != []


def test_being_in_a_group_by_way_of_another_is_said_and_not_counted(
    tenant: Make, connected: Make
) -> None:
    crm = tenant("scim")
    crm.add_user("ana@example.com")
    inner = crm.add_role("Inner", ["ana@example.com"])
    connector = connected(crm)
    outer = connector.create_role(scim.Role(name="Outer"))
    connector._put_in(inner, outer, "nest a group")
    directory = connector.directory()
    assert directory.memberships[0].roles == {"Inner"}
    assert any("group Outer has 1 members" in spot for spot in directory.blind_spots)


def test_what_a_soft_delete_leaves_is_seen(tenant: Make, connected: Make) -> None:
    crm = tenant("scim", delete="soft")
    id_ = crm.add_user("ana@example.com")
    connector = connected(crm)
    connector.remove(connector.fetch(id_, ()), None)
    assert connector.fetch(id_, ()).status is Status.DEACTIVATED


def test_ids_are_one_segment_of_a_path(tenant: Make, connected: Make) -> None:
    crm = tenant("scim")
    crm.add_user("ana@example.com")
    connector = connected(crm)
    assert connector.fetch("Users/../x?y#z", ()) is None
    assert connector.fetch("a/b", [NativeRole(id="c/d", name="C")]) is None


def test_a_stopped_server_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(serve({})) as wire:
        url = wire.url
    with pytest.raises(Unreachable, match="list the users in account crm"):
        scim_at(url, monkeypatch).directory()


# -- arguments


def test_arguments_are_normalised() -> None:
    user = scim.User(login=" Ana ", email=" Ana@Example.COM ", display_name=" Zoë 😀 ")
    assert (user.login, user.email, user.display_name) == ("Ana", "ana@example.com", "Zoë 😀")
    assert user.attributes() == {
        "email": "ana@example.com",
        "display_name": "Zoë 😀",
        "active": True,
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"login": "ana", "email": "ana@"}, "not an e-mail address"),
        ({"login": "ana", "email": "ana"}, "not an e-mail address"),
        ({"login": ""}, "at least 1 character"),
        ({"login": "a\nb"}, "line break"),
        ({"login": "ana", "title": "a\x00b"}, "control character"),
        ({"login": "ana", "rôle": "x"}, "Extra inputs"),
    ],
)
def test_wrong_arguments_are_refused_without_a_call(arguments: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        scim.User(**arguments)
