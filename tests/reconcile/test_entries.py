"""Maps of people: only what was reviewed goes, everything is tried, and the end is proved."""

import pytest

from pulumi_martech.model.errors import DirectoryShrank, MartechError, NotApplied
from pulumi_martech.reconcile import entries, shape
from pulumi_martech.reconcile.session import Session

GROUP = "vendor/northlight"


def everybody(member):
    return True


def vendor(world):
    """Return what tells a vendor's members: on both platforms by the mail domain."""
    return lambda member: entries.owned_by_vendor(member, {"northlight.example"}, {"nora"})


def people(world, *names, roles=None, **more):
    roles = [world.editor] if roles is None else roles
    return {world.login(name): world.entry(name, roles, **more) for name in names}


def live(world, declared=None, session=None, belongs=everybody, verb="remove"):
    found = entries.live_map(session or world.session(), declared or {}, belongs, verb)
    return {login: entry for login, entry in found.items() if login != world.keeper}


def apply(world, olds, news, session=None, verb="remove", **more):
    session = session or world.session()
    entries.apply(session, GROUP, olds, news, verb, world.keeper, **more)


def test_entries_come_change_and_go(world):
    apply(world, {}, people(world, "ana", "ben"))
    declared = people(world, "ana", "ben")
    assert live(world, declared) == declared
    news = people(world, "ana", roles=[world.admin]) | people(world, "cleo")
    apply(world, live(world, declared), news)
    assert live(world, news) == news and world.login("ben") not in world.there()
    mark = world.tenant.mark()
    apply(world, live(world, news), news)
    assert world.writes(mark) == []


def test_only_what_was_reviewed_is_taken_away(world):
    olds = people(world, "ana", "ben")
    apply(world, {}, olds)
    session = world.session()
    session.listing()
    world.add("stray", [world.admin])  # since the review
    apply(world, olds, people(world, "ana"), session)
    assert {world.login("ana"), world.login("stray")} <= world.there()
    assert world.login("ben") not in world.there() and world.roles("stray") == {world.admin}
    assert live(world, people(world, "ana"))[world.login("stray")]["roles"] == {world.admin: True}


def test_everything_is_tried_and_every_failure_is_named(world):
    world.add("ben", [world.admin], shown="Another Ben")
    news = people(world, "ana", "ben", "cleo") | people(world, "dora", roles=["No such role"])
    with pytest.raises(MartechError) as caught:
        apply(world, {}, news)
    sentence = str(caught.value)
    assert "2 of 4 entries failed" in sentence and "adopt=True" in sentence
    assert world.login("ben") in sentence and world.login("dora") in sentence
    assert "\n" not in sentence and "all other entries were done" in sentence
    assert {world.login("ana"), world.login("cleo")} <= world.there()
    assert world.shown("ben") == "Another Ben" and world.login("dora") not in world.there()


def test_those_that_fail_for_one_reason_are_named_together(world):
    olds = people(world, *(f"p{n}" for n in range(30)))
    for name in olds:
        world.add(name.partition("@")[0], [world.editor])
    session = world.session(breaker=2)
    with pytest.raises(MartechError) as caught:
        apply(world, olds, {}, session)
    assert "28 of 30 entries failed" in str(caught.value)
    assert all(login in str(caught.value) for login in sorted(olds)[3:])
    assert str(caught.value).count("breaker is set to 2") == 1
    assert len(world.there() & olds.keys()) == 28


def test_a_vendor_half_brought_in_is_taken_back(scim):
    news = people(scim, "ana", "ben") | people(scim, "cleo", roles=["No such role"])
    session = scim.session(breaker=1)  # what was just made is no removal
    with pytest.raises(MartechError, match="those made here were taken back"):
        apply(scim, {}, news, session, undo=True)
    assert scim.there() == {scim.keeper} and session.journal.open() == []


def test_on_wordpress_it_is_taken_back_in_favour_of_the_credentials_owner(wordpress):
    news = people(wordpress, "ana") | people(wordpress, "cleo", roles=["no_such_role"])
    session = wordpress.session(successor="")
    with pytest.raises(MartechError, match="those made here were taken back"):
        apply(wordpress, {}, news, session, undo=True)
    assert wordpress.there() == {"admin"} and session.journal.open() == []


def test_what_cannot_be_taken_back_is_named_and_the_next_run_goes_on(world):
    news = people(world, "ana") | people(world, "cleo", roles=["No such role"])
    session = world.session()
    world.tenant.fault("status", method="DELETE", status=403, times=None)
    with pytest.raises(MartechError, match=f"{world.login('ana')} was made and could not be"):
        apply(world, {}, news, session, undo=True)
    assert [left.key for left in session.journal.open()] == [world.login("ana")]
    world.tenant.clear_faults()
    world.by_hand("ana", roles=[])
    apply(world, {}, people(world, "ana"))
    assert world.roles("ana") == {world.editor} and len(world.creates()) <= 2
    session = world.session()
    live(world, people(world, "ana"), session)
    assert session.journal.open() == []


def test_a_declared_member_that_a_listing_lacks_is_asked_for_singly(world):
    declared = people(world, *(f"p{n}" for n in range(9)))
    world.crowd(9, [world.editor])
    world.tenant.fault("short", path=world.users_path, keep=8)
    session = world.session()
    assert len(session.listing().members()) == 8
    assert live(world, declared, session) == declared


def test_a_reviewed_member_that_a_listing_lacks_is_still_taken_away(world):
    world.crowd(9, [world.editor])
    world.tenant.fault("short", path=world.users_path, keep=8)
    session = world.session()
    session.listing()
    olds = people(world, *(f"p{n}" for n in range(9)))
    apply(world, olds, {}, session)
    assert world.there() == {world.keeper}


def test_a_reviewed_member_that_a_listing_lacks_is_changed_and_not_called_a_stranger(world):
    world.crowd(9, [world.editor])
    world.tenant.fault("short", path=world.users_path, keep=8)
    session = world.session()
    session.listing()
    olds = people(world, *(f"p{n}" for n in range(9)))
    apply(world, olds, people(world, *(f"p{n}" for n in range(9)), roles=[]), session)
    assert all(not world.roles(f"p{n}") for n in range(9))


# -- a vendor's presence


def test_strays_are_found_by_domain_subdomain_and_alias(world):
    if world.scim:
        for login in ("a@northlight.example", "b@mail.northlight.example", "nora"):
            world.tenant.add_user(login, emails=[{"value": "x@example.com", "primary": True}])
        world.tenant.add_user("c@example.org", emails=[{"value": "C@NORTHLIGHT.example"}])
        world.tenant.add_user("d@notnorthlight.example")
    else:
        for login, email in (
            ("a", "a@northlight.example"), ("b", "b@mail.northlight.example"),
            ("nora", "x@example.com"), ("c", "C@NORTHLIGHT.example"),
            ("d", "d@notnorthlight.example"),
        ):  # fmt: skip
            world.tenant.add_user(login, email=email)
    found = live(world, belongs=vendor(world))
    assert {login.partition("@")[0] for login in found} == {"a", "b", "nora", "c"}


def test_the_end_takes_all_away_and_proves_it(world):
    apply(world, {}, people(world, "ana", "ben"))
    mark = world.tenant.mark()
    olds = people(world, "ana", "ben")
    belongs = lambda member: member.login in olds  # noqa: E731
    entries.end_all(world.session(), GROUP, olds, "remove", world.keeper, belongs)
    assert world.there() == {world.keeper}
    log = world.tenant.log(mark)
    last_write = max(entry.number for entry in log if entry.is_write)
    listed = [e for e in log if e.path == world.users_path and "filter" not in e.query]
    assert listed[-1].number > last_write and listed[-1].method == "GET"


def test_the_end_leaves_a_stray_alone_and_names_it(world):
    olds = people(world, "ana")
    apply(world, {}, olds)
    session = world.session()
    session.listing()
    world.add("stray", [])
    with pytest.raises(NotApplied, match=rf"1 members .* not reviewed \({world.login('stray')}\)"):
        entries.end_all(
            session, GROUP, olds, "remove", world.keeper, lambda m: m.login != world.keeper
        )
    assert world.there() == {world.keeper, world.login("stray")}


def test_the_end_asks_singly_whom_a_listing_still_shows(sandbox, tmp_path, monkeypatch):
    """HubSpot's listing goes on showing for a while who is gone."""
    portal = sandbox.tenant("lagging", "hubspot", list_lags=9)
    for name, value in portal.environment().items():
        monkeypatch.setenv(name, value)
    logins = ("kim@northlight.example", "lou@northlight.example")
    for login in logins:
        portal.add_user(login)
        portal.records.remove(portal.record_of(portal.named(login)["id"])["id"])  # never logged in
    session = Session(portal.account(), tmp_path)
    belongs = lambda m: entries.owned_by_vendor(m, {"northlight.example"}, ())  # noqa: E731
    olds = {login: {"roles": {}, "active": True} for login in logins}
    entries.end_all(session, GROUP, olds, "remove", "", belongs)
    listed = [member.login for member in session.connector.directory().memberships]
    assert set(portal.users()) == {"owner@example.com"} and set(logins) < set(listed)


def test_the_end_that_only_downgrades_is_over_when_no_role_is_left(world):
    olds = people(world, "ana")
    apply(world, {}, olds)
    belongs = lambda member: member.login in olds  # noqa: E731
    session = world.session()
    entries.end_all(session, GROUP, olds, "downgrade", "", belongs)
    assert world.roles("ana") == set()
    assert live(world, {}, belongs=belongs, verb="downgrade") == {}
    assert live(world, {}, belongs=belongs, verb="remove") != {}, "who can log in is there"


def test_switched_off_members_are_no_strays(scim):
    olds = people(scim, "ana")
    apply(scim, {}, olds)
    apply(scim, olds, {}, verb="deactivate")
    assert live(scim) == {} and not scim.active("ana")
    apply(scim, {}, olds)  # and come back without being asked to adopt
    assert live(scim, olds) == olds


def test_retain_ends_and_proves_nothing(world):
    olds = people(world, "ana")
    apply(world, {}, olds)
    mark = world.tenant.mark()
    entries.end_all(world.session(), GROUP, olds, "retain", "", everybody)
    assert world.tenant.log(mark) == []


def test_an_account_that_is_down_is_never_an_empty_map(world):
    world.add("ana", [world.editor])
    world.tenant.fault("status", status=503, times=None)
    with pytest.raises(MartechError):
        live(world, people(world, "ana"))
    world.tenant.clear_faults()
    world.crowd(9)
    live(world)
    world.tenant.fault("short", path=world.users_path, keep=0)
    with pytest.raises(DirectoryShrank):
        live(world, people(world, "ana"))


def test_ignored_members_are_patterns_on_the_login(world):
    ana = world.add("ana")
    world.add("bot-1")
    member = world.session().listing().by_login(ana)
    assert member is not None
    assert entries.ignored(member, {"AN*": "service"}) and not entries.ignored(member, {"bot-*"})


def test_no_login_is_in_the_audit_of_a_map(world):
    apply(world, {}, people(world, "zoe"))
    apply(world, people(world, "zoe"), {})
    (path,) = (world.folder / "audit").glob(f"{world.config().key}.jsonl")
    text = path.read_text(encoding="utf-8")
    assert "zoe" not in text.lower() and entries.pseudonym(GROUP, world.login("zoe")) in text


def test_an_empty_text_is_equal_to_an_absent_one(scim):
    scim.add("ana")
    member = scim.session().listing().by_login("ana@example.com")
    assert member is not None
    declared = scim.entry("ana", title="", user_type="Guest")
    found = shape.live_entry(member, declared)
    assert found["title"] == "" and "user_type" not in found
