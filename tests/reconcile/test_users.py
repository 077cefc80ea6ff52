"""One membership, whatever happens on the way: what the contract of all platforms leaves open."""

import pytest

from pulumi_martech.model.errors import (
    Denied,
    Different,
    GuardRefused,
    InvalidDeclaration,
    MartechError,
    NotApplied,
    Uncertain,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.reconcile import chain, ending, shape, users
from pulumi_martech.reconcile.home import account_file


def make(world, person="ana", /, roles=None, adopt=False, session=None, **more):
    session = session or world.session()
    roles = [world.editor] if roles is None else roles
    return users.create(session, person, world.wish(session, person, roles, **more), adopt)


def change(world, person, /, session=None, roles=None, **more):
    session = session or world.session()
    wish = world.wish(session, person, [world.editor] if roles is None else roles, **more)
    return users.update(session, person, world.id(person), world.login(person), wish)


def remove(world, name, session=None, verb="remove", successor=None, deletes=""):
    session = session or world.session()
    successor = world.keeper if successor is None else successor
    id_, login = world.id(name), world.login(name)
    return ending.end(session, name, id_, login, verb, successor, deletes=deletes)


# -- create


def test_there_and_different_shows_the_difference_and_how_to_adopt(world):
    world.add("ana", [world.editor, world.admin], shown="Anna")
    with pytest.raises(Different) as caught:
        make(world)
    sentence = str(caught.value)
    assert "'Anna' -> 'Ana'" in sentence and f"- role {world.admin}" in sentence
    assert "nothing was written" in sentence and "adopt=True" in sentence
    assert world.writes() == []
    assert make(world, adopt=True).how == "adopted"
    assert world.roles("ana") == {world.editor} and world.shown("ana") == "Ana"
    assert world.creates() == []


def test_the_difference_told_is_the_one_that_is_there_now(world):
    world.add("ana", [world.editor], shown="Anna")
    session = world.session()
    session.listing()
    world.by_hand("ana", **({"displayName": "Ana"} if world.scim else {"name": "Ana"}))
    assert make(world, session=session).how == "equal"
    world.by_hand("ana", roles=[])
    assert make(world, session=session).how == "equal", "the reading just made is believed"
    assert make(world, session=world.session(), adopt=True).how == "adopted"


def test_a_deactivated_user_is_taken_over_and_switched_on(scim):
    scim.add("ana")
    scim.by_hand("ana", active=False)
    assert make(scim).how == "adopted"
    assert scim.active("ana") and scim.roles("ana") == {scim.editor}
    assert scim.creates() == []


def test_a_stranger_made_since_the_listing_is_not_ours(world):
    session = world.session()
    session.listing()
    world.add("ana", [world.admin], shown="Somebody")
    with pytest.raises(Different):
        make(world, session=session)
    assert world.roles("ana") == {world.admin} and world.shown("ana") == "Somebody"
    assert session.journal.open() == []
    with pytest.raises(Different):  # nor is it when the next run comes
        make(world)
    assert make(world, adopt=True).how == "adopted"


def test_a_stranger_is_not_removed_when_our_create_is_refused(world):
    session = world.session()
    session.listing()
    wish = world.wish(session, "ana", [world.editor])
    world.add("ana", [world.editor], shown="Somebody")
    world.tenant.fault("status", method="POST", path=world.users_path, status=403)
    with pytest.raises(Denied):
        users.create(session, "ana", wish, False)
    assert world.shown("ana") == "Somebody" and session.journal.open() == []
    assert all(not entry.committed for entry in world.tenant.writes())


def test_roles_that_are_not_there_are_all_named_before_anything_is_written(scim):
    session = scim.session()
    with pytest.raises(UnknownRole) as caught:
        make(scim, roles=["Editor", "Nobody"], session=session)
    assert "'Editor'" in str(caught.value) and "'Nobody'" in str(caught.value)
    assert "Editors" in str(caught.value) and scim.writes() == []


def test_two_groups_of_one_name_are_refused_and_not_guessed(scim):
    scim.tenant.add_role(scim.editor)
    with pytest.raises(UnknownRole, match="several roles called 'Editors'"):
        make(scim)


def test_wordpress_refuses_an_unknown_role_and_nothing_is_left(wordpress):
    session = wordpress.session()
    with pytest.raises(UnknownRole):
        make(wordpress, roles=["editr"], session=session)
    assert wordpress.login("ana") not in wordpress.there() and session.journal.open() == []


# -- answers that do not come


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_create_without_an_answer_is_resolved_by_reading(world, when):
    world.tenant.fault("cut", method="POST", path=world.users_path, when=when)
    session = world.session()
    assert make(world, session=session).how == "made"
    committed = [entry for entry in world.creates() if entry.committed]
    assert len(committed) == 1 and world.roles("ana") == {world.editor}
    assert len(world.creates()) == (2 if when == "before" else 1)
    assert bool(session.report.now().resolved) == (when != "before")


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_after_the_commit_makes_no_second_user(world, status):
    world.tenant.fault("status", method="POST", path=world.users_path, status=status, when="after")
    assert make(world).how == "made"
    assert [entry.committed for entry in world.creates()] == [True]


def test_after_that_a_stranger_of_the_same_login_is_a_stranger_again(world):
    make(world)
    remove(world, "ana")
    world.add("ana", [world.admin])
    with pytest.raises(Different):
        make(world)


# -- half-way


def test_a_user_whose_group_refuses_it_is_taken_back(scim):
    session = scim.session()
    scim.tenant.fault("status", method="PATCH", path="*/Groups/*", status=403, times=None)
    with pytest.raises(Denied):
        make(scim, session=session)
    assert scim.login("ana") not in scim.there() and session.journal.open() == []
    assert session.report.now().leftovers == ()
    assert session.listing().by_login(scim.login("ana")) is None


def test_what_cannot_be_taken_back_is_in_the_journal_and_the_next_run_takes_it_over(scim):
    session = scim.session()
    scim.tenant.fault("status", method="PATCH", path="*/Groups/*", status=403, times=None)
    scim.tenant.fault("status", method="DELETE", status=403, times=None)
    with pytest.raises(Denied):
        make(scim, session=session)
    (left,) = session.journal.open()
    assert left.native_id == scim.id("ana") and left.person == "ana"
    assert session.report.now().leftovers == ("user ana@example.com",)
    scim.tenant.clear_faults()
    assert make(scim).how == "resumed"
    assert scim.roles("ana") == {scim.editor} and len(scim.creates()) == 1


def test_a_wordpress_user_that_is_not_what_was_asked_is_taken_back(wordpress):
    wordpress.tenant.fault(
        "dropped", method="POST", path=wordpress.on_user, times=None
    )  # changes do nothing
    session = wordpress.session()
    wish = wordpress.wish(session, "ana", ["editor"], locale="xx_YY")
    with pytest.raises(MartechError):
        users.create(session, "ana", wish, False)
    assert "ana" not in wordpress.there() and session.journal.open() == []


def test_taking_back_asks_no_guard_because_nobody_had_the_access(scim):
    session = scim.session(breaker=0, protected=("ana@example.com",))
    scim.tenant.fault("status", method="PATCH", path="*/Groups/*", status=403, times=None)
    with pytest.raises(Denied):
        make(scim, session=session)
    assert scim.login("ana") not in scim.there()
    scim.tenant.clear_faults()
    assert make(scim, "ben", session=session).how == "made"


# -- read


def test_a_member_missing_from_the_listing_is_asked_for_singly(world):
    world.crowd(10)
    ana = world.add("ana", [world.editor])
    id_ = world.id("ana")
    world.tenant.fault("short", path=world.users_path, keep=9)
    session = world.session()
    assert session.listing().by_login(ana) is None
    member = users.read(session, id_, ana)
    assert member is not None and member.roles == {world.editor}
    assert session.listing().by_login(ana) == member, "asked for once, not each time"


def test_a_failed_single_question_is_no_proof(world):
    ana = world.add("ana")
    id_ = world.id("ana")
    world.tenant.remove_user(ana)
    session = world.session()
    session.listing()
    world.tenant.fault("status", path=world.on_user, status=500, times=None)
    with pytest.raises(MartechError):
        users.read(session, id_, ana)


def test_a_user_made_anew_by_hand_is_read_under_its_new_id(world):
    ana = world.add("ana")
    old = world.id("ana")
    world.tenant.remove_user(ana)
    world.add("ana")
    member = users.read(world.session(), old, ana)
    assert member is not None and member.id == world.id("ana") != old


def test_a_login_changed_by_hand_is_read_by_its_id(scim):
    scim.add("ana")
    id_ = scim.id("ana")
    scim.by_hand("ana", userName="anna@example.com")
    member = users.read(scim.session(), id_, "ana@example.com")
    assert member is not None and member.login == "anna@example.com"
    scim.crowd(9)
    scim.tenant.fault("short", path=scim.users_path, keep=1)
    member = users.read(scim.session(), id_, "ana@example.com")
    assert member is not None and member.login == "anna@example.com", "in a short listing too"


def test_an_id_of_somebody_else_is_nobody_of_ours_on_wordpress(wordpress):
    wordpress.add("eve")
    assert users.read(wordpress.session(), wordpress.id("eve"), "ana") is None


# -- update


def test_only_what_differs_is_changed(world):
    world.add("ana", [world.editor])
    mark = world.tenant.mark()
    outcome = change(world, "ana", roles=[world.editor, world.admin], **world.named("Anna"))
    assert outcome.how == "changed" and world.shown("ana") == "Anna"
    assert world.roles("ana") == {world.editor, world.admin}
    assert len(world.writes(mark)) == (2 if world.scim else 1)
    mark = world.tenant.mark()
    assert (
        change(world, "ana", roles=[world.editor, world.admin], **world.named("Anna")).how
        == "equal"
    )
    assert world.writes(mark) == []


def test_a_dropped_change_is_an_error_that_names_what_is_lacking(world):
    world.add("ana", [world.editor])
    world.tenant.fault("dropped", method=world.changing, path=world.on_user)
    with pytest.raises(NotApplied) as caught:
        change(world, "ana", **world.named("Anna"))
    assert "'Ana' -> 'Anna'" in str(caught.value)
    assert change(world, "ana", **world.named("Anna")).how == "changed"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_change_without_an_answer_is_resolved_by_reading(world, when):
    world.add("ana")
    world.tenant.fault("cut", method=world.changing, when=when, times=12)
    assert change(world, "ana", **world.named("Anna")).how == "changed"
    assert world.shown("ana") == "Anna" and world.roles("ana") == {world.editor}


def test_a_change_that_is_never_answered_is_uncertain_and_says_so(world):
    world.add("ana", [world.editor])
    world.tenant.fault("cut", method=world.changing, when="before", times=None)
    with pytest.raises(Uncertain):
        change(world, "ana", **world.named("Anna"))
    assert world.shown("ana") == "Ana"


def test_a_change_refused_half_way_leaves_no_wrong_listing(scim):
    scim.add("ana")
    session = scim.session()
    scim.tenant.fault("status", method="PATCH", path="*/Groups/*", status=403, times=None)
    with pytest.raises(Denied):
        change(scim, "ana", session=session, display_name="Anna")
    scim.tenant.clear_faults()
    member = users.read(session, scim.id("ana"), "ana@example.com")
    assert member is not None and member.attributes["display_name"] == "Anna"


def test_a_changed_login_keeps_the_id_on_scim(scim):
    scim.add("ana", [scim.editor])
    id_ = scim.id("ana")
    session = scim.session()
    wish = shape.wish(session, "Anna@Example.com", scim.entry("ana", [scim.editor]))
    outcome = users.update(session, "ana", id_, "ana@example.com", wish)
    assert outcome.member.id == id_ and outcome.member.login == "anna@example.com"
    assert scim.id("anna") == id_ and scim.roles("anna") == {scim.editor}
    assert session.listing().by_login("ana@example.com") is None
    assert session.listing().by_login("anna@example.com") == outcome.member


def test_a_dropped_change_of_the_login_is_an_error(scim):
    scim.add("ana", [scim.editor])
    session = scim.session()
    scim.tenant.fault("dropped", method="PATCH", path=scim.on_user, times=None)
    wish = shape.wish(session, "anna@example.com", scim.entry("ana", [scim.editor]))
    with pytest.raises(NotApplied, match=r"login: 'ana@example.com' -> 'anna@example.com'"):
        users.update(session, "ana", scim.id("ana"), "ana@example.com", wish)


def test_a_login_cannot_be_changed_on_wordpress(wordpress):
    wordpress.add("ana", ["editor"])
    session = wordpress.session()
    wish = wordpress.wish(session, "anna", ["editor"])
    with pytest.raises(InvalidDeclaration, match="cannot rename"):
        users.update(session, "ana", wordpress.id("ana"), "ana", wish)
    assert wordpress.writes() == []


# -- end


def test_deactivated_keeps_the_user_and_ends_the_log_in(scim):
    scim.add("ana", [scim.editor])
    remove(scim, "ana", verb="deactivate")
    assert not scim.active("ana")
    mark = scim.tenant.mark()
    remove(scim, "ana", verb="deactivate")
    assert scim.writes(mark) == []


def test_wordpress_cannot_switch_off_and_says_what_to_do(wordpress):
    wordpress.add("ana", ["editor"])
    with pytest.raises(Unsupported, match="on_destroy='remove'"):
        remove(wordpress, "ana", verb="deactivate")


def test_downgraded_means_no_role_at_all_also_those_given_since_the_listing(world):
    world.add("ana", [world.editor])
    session = world.session()
    session.listing()
    world.by_hand("ana", roles=[world.editor, world.admin])
    remove(world, "ana", session=session, verb="downgrade")
    assert world.roles("ana") == set() and world.login("ana") in world.there()


def test_a_role_given_since_the_listing_that_is_not_taken_is_an_error(scim):
    scim.add("ana", [scim.editor])
    session = scim.session()
    session.listing()
    scim.by_hand("ana", roles=[scim.editor, scim.admin])
    group = next(r.id for r in session.listing().roles() if r.name == scim.admin)
    scim.tenant.fault("dropped", method="PATCH", path=f"*/{group}", times=None)
    with pytest.raises(NotApplied, match="still there"):
        remove(scim, "ana", session=session, verb="downgrade")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_removal_without_an_answer_is_resolved_by_reading(world, when):
    world.add("ana")
    world.tenant.fault("cut", method="DELETE", when=when, times=7)
    remove(world, "ana")
    assert world.login("ana") not in world.there()


def test_an_ending_that_was_dropped_is_an_error(world):
    world.add("ana", [world.editor])
    world.tenant.fault("dropped", method="DELETE|PATCH|POST", times=None)
    for verb in ("remove", "downgrade", *(["deactivate"] if world.scim else [])):
        with pytest.raises(NotApplied, match="still there"):
            remove(world, "ana", verb=verb)
    assert world.roles("ana") == {world.editor} and world.active("ana")


def test_a_service_whose_removal_only_switches_off_is_understood(opened):
    world = opened("scim", delete="soft")
    world.add("ana", [world.editor])
    remove(world, "ana")
    assert not world.active("ana")


def test_who_was_made_anew_under_another_id_is_not_silently_left(world):
    ana = world.add("ana")
    old = world.id("ana")
    world.tenant.remove_user(ana)
    world.add("ana", [world.admin])
    with pytest.raises(Different, match="made anew under another id"):
        ending.end(world.session(), "ana", old, ana, "remove", world.keeper)
    assert world.writes() == []


def test_wordpress_content_goes_to_the_successor(wordpress):
    wordpress.add("ana", ["editor"])
    wordpress.add("ben", ["editor"])
    post = wordpress.tenant.add_post("ana", "Spring news")
    remove(wordpress, "ana", successor="Ben")
    (kept,) = wordpress.tenant.posts("ben")
    assert kept["id"] == post and kept["status"] == "publish"


def test_it_is_said_what_somebody_takes_over(wordpress):
    for name in ("ana", "ben", "cem"):
        wordpress.add(name, ["author"])
    for status in ("publish", "draft"):
        wordpress.tenant.add_post("ana", "x", status=status)
    wordpress.tenant.add_post("ana", "Logo", kind="attachment")
    said = remove(wordpress, "ana", successor="cem")
    assert said == "posts: 2 (1 draft), media: 1 given to cem"
    assert {post["author"] for post in wordpress.tenant.posts("cem")} == {int(wordpress.id("cem"))}
    assert remove(wordpress, "ben", successor="cem") == "", "it owned nothing"
    wordpress.add("dan", ["author"])
    wordpress.tenant.fault("html", status=200, path="*/types", times=None)
    said = remove(wordpress, "dan", successor="cem")
    assert said == "what it owned (nobody could tell how much) given to cem"
    assert "dan" not in wordpress.there()


def test_content_is_deleted_for_a_reason_alone(wordpress):
    for name in ("ana", "ben"):
        wordpress.add(name, ["author"])
        wordpress.tenant.add_post(name, "Spam")
    assert remove(wordpress, "ana", successor="", deletes="spam account") == "posts: 1 deleted"
    assert [post["status"] for post in wordpress.tenant.posts() if post["title"] == "Spam"] == [
        "publish",
        "trash",
    ]
    (path,) = (wordpress.folder / "audit").glob(f"{wordpress.config().key}.jsonl")
    assert "- what it owns: spam account" in path.read_text()
    # A successor who is named goes before the word, and other verbs leave everything.
    remove(wordpress, "ben", successor="admin", deletes="spam account")
    assert [post["title"] for post in wordpress.tenant.posts("admin")] == ["Spam", "Hello world!"]
    wordpress.add("cem", ["author"])
    assert remove(wordpress, "cem", verb="downgrade", successor="", deletes="spam account") == ""
    assert "cem" in wordpress.there()


@pytest.mark.parametrize(
    ("successor", "why"),
    [("", "takes over what the user owns"), ("nobody", "not in the account"), ("ana", "itself")],
)
def test_wordpress_removes_nobody_without_a_successor(wordpress, successor, why):
    wordpress.add("ana", ["editor"])
    session = wordpress.session(breaker=1)
    for _ in range(2):  # and what was not sent does not count
        with pytest.raises(InvalidDeclaration, match=why):
            remove(wordpress, "ana", session=session, successor=successor)
    assert wordpress.writes() == []


# -- guards


def test_the_last_administrator_stays(scim):
    session = scim.session()
    scim.add("ana", [scim.admin])
    remove(scim, "ana")  # there is another one
    for refused in (
        lambda: remove(scim, "keeper", session=session),
        lambda: remove(scim, "keeper", session=session, verb="deactivate"),
        lambda: change(scim, "keeper", session=session, roles=[scim.editor]),
        lambda: change(scim, "keeper", session=session, roles=[scim.admin], active=False),
    ):
        with pytest.raises(GuardRefused, match="last administrator"):
            refused()
    assert scim.roles("keeper") == {scim.admin} and scim.active("keeper")


def test_only_administrators_proven_active_count(scim):
    scim.add("ana", [scim.admin])
    scim.by_hand("ana", active=False)
    with pytest.raises(GuardRefused, match="last administrator"):
        remove(scim, "keeper")
    scim.by_hand("keeper", roles=[])
    remove(scim, "ana")  # who is switched off administers nothing, so nobody is the last
    assert scim.there() == {"keeper@example.com"}


def test_two_administrators_do_not_leave_at_the_same_time(scim):
    scim.add("ana", [scim.admin])
    session = scim.session()
    keeper, ana = (session.listing().by_login(scim.login(n)) for n in ("keeper", "ana"))
    assert keeper is not None and ana is not None
    session.before_removal(keeper, "remove keeper")  # and while that is on its way
    with pytest.raises(GuardRefused, match="last administrator"):
        session.before_removal(ana, "remove ana")


def test_the_own_login_is_not_removed_or_demoted(wordpress):
    wordpress.add("ana", ["administrator"])
    wordpress.add("heir", ["editor"])
    with pytest.raises(GuardRefused, match="credentials that do the writing"):
        remove(wordpress, "admin", successor="heir")
    with pytest.raises(GuardRefused, match="credentials that do the writing"):
        change(wordpress, "admin", roles=["editor"])


def test_the_own_login_is_the_one_that_writes(opened, monkeypatch):
    world = opened("scim", me="robot@example.com")
    world.add("robot", [world.editor])
    with pytest.raises(GuardRefused, match="credentials that do the writing"):
        remove(world, "robot")
    monkeypatch.delenv("READING", raising=False)  # whoever asks with it fails
    reading = world.config().credentials.model_copy(update={"token": "env:READING"})
    session = world.session(read_credentials=reading)
    assert session.own_logins() == {"robot@example.com"}


def test_protected_logins_keep_access_and_administration(world):
    world.add("ana", [world.editor])
    world.add("ben", [world.admin])
    session = world.session(protected=(world.login("ana").upper(), world.login("ben")))
    for refused in (
        lambda: remove(world, "ana", session=session),
        lambda: change(world, "ana", session=session, roles=[]),
        lambda: remove(world, "ben", session=session, verb="downgrade"),
        lambda: change(world, "ben", session=session, roles=[world.editor]),
    ):
        with pytest.raises(GuardRefused, match="is protected"):
            refused()
    assert world.writes() == []
    assert change(world, "ana", session=session, roles=[world.editor], **world.named("A")).how


def test_after_the_breaker_nothing_more_is_written(world):
    world.crowd(5, [world.editor])
    session = world.session(breaker=3)
    for number in range(3):
        remove(world, f"p{number}", session=session)
    mark = world.tenant.mark()
    with pytest.raises(GuardRefused) as caught:
        remove(world, "p3", session=session)
    assert "breaker is set to 3" in str(caught.value) and "MARTECH_OVERRIDE" in str(caught.value)
    with pytest.raises(GuardRefused):
        make(world, session=session)
    with pytest.raises(GuardRefused):
        change(world, "p4", session=session, **world.named("Other"))
    assert world.writes(mark) == [] and len(session.report.now().refused) == 3
    assert {world.login("p3"), world.login("p4")} <= world.there()


def test_taking_every_role_or_switching_off_counts_as_removal(world):
    world.crowd(2, [world.editor])
    session = world.session(breaker=1)
    change(world, "p0", session=session, roles=[])
    with pytest.raises(GuardRefused):
        change(world, "p1", session=session, roles=[])
    if world.scim:
        session = world.session(breaker=0)
        with pytest.raises(GuardRefused):
            change(world, "p1", session=session, active=False)


def test_an_override_passes_the_guards_and_is_in_the_audit(world, monkeypatch):
    monkeypatch.setenv("MARTECH_OVERRIDE", "merger, ticket 4711")
    world.add("ana", [world.editor])
    session = world.session(breaker=0, protected=(world.login("ana"),))
    remove(world, "ana", session=session)
    assert world.login("ana") not in world.there()
    rows = list(chain.entries(account_file(world.folder, "audit", session.config.key)))
    assert [row.reason for row in rows if row.phase == "intent"] == ["merger, ticket 4711"]


def test_the_audit_tells_no_login_name_or_address(world):
    world.add("ana", shown="Somebody Special")
    make(world, adopt=True, **world.named("Ana Maria"))
    world.tenant.fault("status", method=world.changing, path=world.on_user, status=403)
    with pytest.raises(Denied):
        change(world, "ana", **world.named("Anita"))
    remove(world, "ana")
    path = account_file(world.folder, "audit", world.config().key)
    text = path.read_text(encoding="utf-8").replace('"person":"ana"', "")
    for word in ("Somebody", "Ana Maria", "Anita", "@example.com", '"ana"', " ana "):
        assert word not in text
    assert chain.verify(path).open_intents == ()
