"""Native roles: made, renamed, removed while nobody holds them, referred to."""

import pytest

from pulumi_martech.model.errors import (
    Denied,
    Different,
    NotApplied,
    NotThere,
    Uncertain,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.platforms.base import RoleArguments
from pulumi_martech.platforms.scim import Role
from pulumi_martech.reconcile import roles, users

GROUPS = "/scim/v2/Groups"


def group_id(scim, name):
    (found,) = [r for r in scim.session().listing().roles() if r.name == name]
    return found.id


def committed(scim, method="POST"):
    return [e for e in scim.tenant.writes() if e.method == method and e.committed]


def test_a_role_is_made_once_and_known_to_users_without_listing_again(scim):
    session = scim.session()
    session.listing()
    mark = scim.tenant.mark()
    live, how = roles.create(session, "authors", Role(name="Authors"))
    assert how == "made" and "Authors" in scim.tenant.roles()
    users.create(session, "ana", scim.wish(session, "ana", ["Authors"]), False)
    assert scim.roles("ana") == {"Authors"}
    plain = [
        e for e in scim.tenant.log(mark) if e.path == scim.users_path and "filter" not in e.query
    ]
    assert [entry.method for entry in plain] == ["POST"]
    assert roles.read(session, live.id, "Authors") == live
    assert session.journal.open() == [] or session.journal.open()[0].kind == "user"


def test_there_already_is_taken_over(scim):
    scim.tenant.add_role("Authors")
    session = scim.session()
    assert roles.create(session, "authors", Role(name="Authors"))[1] == "equal"
    assert scim.writes() == [] and session.journal.open() == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_without_an_answer_makes_one_group(scim, when):
    scim.tenant.fault("cut", method="POST", path=GROUPS, when=when)
    assert roles.create(scim.session(), "authors", Role(name="Authors"))[1] == "made"
    assert scim.tenant.roles().count("Authors") == 1 and len(committed(scim)) == 1


def test_what_nobody_could_look_after_is_in_the_journal_and_resumed(scim):
    session = scim.session()
    session.listing()
    scim.tenant.fault("cut", method="POST", path=GROUPS, when="after")
    scim.tenant.fault("status", method="GET", status=503, times=None, skip=1)
    with pytest.raises(Uncertain, match="run again"):
        roles.create(session, "authors", Role(name="Authors"))
    assert session.report.now().leftovers == ("role Authors",)
    scim.tenant.clear_faults()
    session = scim.session()
    live, how = roles.create(session, "authors", Role(name="Authors"))
    assert how == "resumed" and len(committed(scim)) == 1
    roles.read(session, live.id, "Authors")
    assert session.journal.open() == []


def test_a_refused_create_leaves_nothing_in_the_journal(scim):
    session = scim.session()
    scim.tenant.fault("status", method="POST", path=GROUPS, status=403)
    with pytest.raises(Denied):
        roles.create(session, "authors", Role(name="Authors"))
    assert session.journal.open() == [] and session.report.now().leftovers == ()


def test_a_dropped_create_is_an_error(scim):
    scim.tenant.fault("dropped", method="POST", path=GROUPS)
    with pytest.raises(NotApplied, match="said yes"):
        roles.create(scim.session(), "authors", Role(name="Authors"))
    assert len([e for e in scim.tenant.writes() if e.method == "POST"]) == 1


def test_a_new_name_renames_and_keeps_the_members(scim):
    scim.add("ana", [scim.editor])
    session = scim.session()
    id_ = group_id(scim, "Editors")
    session.listing()
    live = roles.update(session, "editors", id_, "Editors", Role(name="Writers"))
    assert live.id == id_ and scim.tenant.members("Writers") == ["ana@example.com"]
    member = session.listing().by_login("ana@example.com")
    assert member is not None and member.roles == {"Writers"}, "the listing knows"
    mark = scim.tenant.mark()
    assert roles.update(session, "editors", id_, "Writers", Role(name="Writers")) == live
    assert scim.writes(mark) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_rename_without_an_answer_is_resolved_by_reading(scim, when):
    id_ = group_id(scim, "Editors")
    scim.tenant.fault("cut", method="PATCH", when=when, times=5 if when == "after" else 3)
    live = roles.update(scim.session(), "editors", id_, "Editors", Role(name="Writers"))
    assert live.id == id_ and "Editors" not in scim.tenant.roles()


def test_a_dropped_rename_is_an_error(scim):
    scim.tenant.fault("dropped", method="PATCH")
    with pytest.raises(NotApplied):
        roles.update(
            scim.session(), "editors", group_id(scim, "Editors"), "Editors", Role(name="Writers")
        )


def test_a_name_that_another_role_has_is_refused(scim):
    id_ = group_id(scim, "Editors")
    with pytest.raises(Different, match="another role is called Administrators"):
        roles.update(scim.session(), "editors", id_, "Editors", Role(name="Administrators"))
    assert scim.writes() == []


def test_a_role_that_vanished_is_not_renamed(scim):
    with pytest.raises(NotThere, match="make it anew"):
        roles.update(scim.session(), "x", "nowhere", "Gone", Role(name="Writers"))


def test_read_goes_by_the_id_first(scim):
    id_ = group_id(scim, "Editors")
    scim.tenant.rename_role("Editors", "Writers")
    scim.tenant.add_role("Editors")
    live = roles.read(scim.session(), id_, "Editors")
    assert live is not None and (live.id, live.name) == (id_, "Writers")


def test_a_role_missing_from_the_listing_is_asked_for_by_name(scim):
    for number in range(4):
        scim.tenant.add_role(f"R{number}")
    scim.tenant.fault("short", path=GROUPS, keep=1)
    session = scim.session()
    assert len(session.listing().roles()) == 1
    assert roles.read(session, "?", "R3") is not None
    assert roles.read(session, "?", "R9") is None


def test_a_role_is_removed_and_removing_it_again_is_success(scim):
    id_ = group_id(scim, "Editors")
    session = scim.session()
    roles.remove(session, "editors", id_, "Editors")
    assert "Editors" not in scim.tenant.roles()
    mark = scim.tenant.mark()
    for again in (session, scim.session()):
        roles.remove(again, "editors", id_, "Editors")
    assert scim.writes(mark) == []


def test_a_role_that_somebody_undeclared_holds_is_not_removed(scim, monkeypatch):
    id_ = group_id(scim, "Editors")
    session = scim.session()
    session.listing()
    scim.add("stray", [scim.editor])  # since the listing
    with pytest.raises(Different, match=r"1 members .* still hold it \(stray@example.com\)"):
        roles.remove(session, "editors", id_, "Editors")
    assert scim.writes() == []
    monkeypatch.setenv("MARTECH_OVERRIDE", "the team is dissolved")
    roles.remove(session, "editors", id_, "Editors")
    assert "Editors" not in scim.tenant.roles()


def test_a_role_made_anew_under_the_name_is_another_one(scim):
    id_ = group_id(scim, "Editors")
    scim.tenant.remove_role("Editors")
    scim.tenant.add_role("Editors")
    roles.remove(scim.session(), "editors", id_, "Editors")
    assert "Editors" in scim.tenant.roles() and scim.writes() == []


def test_a_removal_that_was_dropped_or_not_answered(scim):
    id_ = group_id(scim, "Editors")
    scim.tenant.fault("dropped", method="DELETE")
    with pytest.raises(NotApplied, match="still there"):
        roles.remove(scim.session(), "editors", id_, "Editors")
    scim.tenant.fault("cut", method="DELETE", when="after", times=None)
    roles.remove(scim.session(), "editors", id_, "Editors")
    assert "Editors" not in scim.tenant.roles()


def test_wordpress_has_no_roles_to_make_and_says_what_to_do(wordpress):
    session = wordpress.session()
    for attempt in (
        lambda: roles.create(session, "x", RoleArguments(name="x")),
        lambda: roles.update(session, "x", "x", "x", RoleArguments(name="y")),
        lambda: roles.remove(session, "x", "x", "x"),
    ):
        with pytest.raises(Unsupported, match="declare a RoleReference"):
            attempt()
    assert wordpress.writes() == []


def test_a_reference_is_present_or_refused_with_near_matches(scim):
    session = scim.session()
    assert roles.reference(session, "Editors")[1] == "present"
    scim.tenant.add_role("Authors")
    assert roles.reference(session, "Authors")[1] == "present", "asked for singly"
    with pytest.raises(UnknownRole, match="Editors"):
        roles.reference(session, "Editor")


def test_where_roles_cannot_be_listed_a_reference_may_be_unproven(wordpress):
    wordpress.tenant.add_role("shop_manager")
    session = wordpress.session()
    assert roles.reference(session, "editor")[1] == "present"
    assert roles.reference(session, "shop_manager")[1] == "unproven"
    wordpress.add("ana", ["shop_manager"])
    assert roles.reference(wordpress.session(), "shop_manager")[1] == "present"


def test_after_the_breaker_roles_are_not_written_either(scim):
    session = scim.session(breaker=0)
    scim.add("ana")
    live = session.listing().by_login("ana@example.com")
    with pytest.raises(Exception, match="breaker"):
        session.before_removal(live, "remove ana")
    for attempt in (
        lambda: roles.create(session, "x", Role(name="x")),
        lambda: roles.update(session, "x", "x", "x", Role(name="y")),
        lambda: roles.remove(session, "x", "x", "x"),
    ):
        with pytest.raises(Exception, match="nothing more is written"):
            attempt()
