"""What a process knows of an account: one listing, believed or not, kept true by writes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pulumi_martech.model.errors import DirectoryShrank, MartechError, NotThere, Uncertain
from pulumi_martech.platforms.registry import connect
from pulumi_martech.reconcile import ending, users
from pulumi_martech.reconcile.session import FAILURE_KEPT, Sessions


def test_twenty_readers_share_one_listing(world):
    names = [f"p{n}" for n in range(250)]
    if world.scim:
        world.tenant.add_users({"userName": world.login(name)} for name in names)
    else:
        world.tenant.add_users(
            {"username": name, "email": f"{name}@example.com", "roles": []} for name in names
        )
    ids = {login: str(user["id"]) for login, user in world.tenant.users().items()}
    session, mark = world.session(), world.tenant.mark()
    barrier = threading.Barrier(20)

    def reader(number):
        barrier.wait()
        return [
            users.read(session, ids[login], login) for login in map(world.login, names[number::20])
        ]

    with ThreadPoolExecutor(20) as pool:
        found = [member for part in pool.map(reader, range(20)) for member in part]
    assert len(found) == 250 and None not in found
    pages = 3  # of 100
    asked = [entry for entry in world.tenant.log(mark) if entry.path == world.users_path]
    others = [entry for entry in world.tenant.log(mark) if entry.path != world.users_path]
    assert len(asked) == pages and len(others) == len(session.manifest.objects)
    counted = session.report.now().calls
    assert counted == {"GET": pages + len(session.manifest.objects)}


def test_writes_keep_the_listing_true(world):
    world.add("ben", [world.editor])
    session = world.session()
    users.create(session, "ana", world.wish(session, "ana", [world.editor]), False)
    wish = world.wish(session, "ben", [world.admin])
    users.update(session, "ben", world.id("ben"), world.login("ben"), wish)
    known = {member.login: member for member in session.listing().members()}
    assert known.keys() == world.there()
    assert known[world.login("ben")].roles == {world.admin}
    ending.end(session, "ben", world.id("ben"), world.login("ben"), "remove", world.keeper)
    assert {member.login for member in session.listing().members()} == world.there()
    mark = world.tenant.mark()
    users.read(session, known[world.login("ana")].id, world.login("ana"))
    assert world.tenant.log(mark) == [], "no second listing, no single question"
    session.forget_listing()
    assert {m.login: m for m in session.listing().members()}[world.login("ana")] == known[
        world.login("ana")
    ]


def test_a_short_listing_is_not_believed(world):
    world.crowd(12)
    world.session().listing()
    world.tenant.fault("short", path=world.users_path, keep=5, times=None)
    with pytest.raises(DirectoryShrank) as caught:
        world.session().listing()
    assert "5 members came back where 13 were known" in str(caught.value)
    assert "MARTECH_OVERRIDE" in str(caught.value)
    with pytest.raises(DirectoryShrank):
        world.session().listing()  # and the next run does not either
    world.tenant.clear_faults()
    assert len(world.session().listing().members()) == 13


def test_if_they_really_left_somebody_says_so(world, monkeypatch):
    world.crowd(12)
    world.session().listing()
    for number in range(11):
        world.tenant.remove_user(world.login(f"p{number}"))
    with pytest.raises(DirectoryShrank):
        world.session().listing()
    monkeypatch.setenv("MARTECH_OVERRIDE", "the team was let go")
    world.session().listing()
    monkeypatch.delenv("MARTECH_OVERRIDE")
    assert len(world.session().listing().members()) == 2


def test_our_own_removals_are_no_shrinking(world):
    world.crowd(12)
    session = world.session(breaker=99)
    session.listing()
    for number in range(12):
        name = f"p{number}"
        if number == 6:
            session.forget_listing()  # another thread wants a fresh one
        ending.end(session, name, world.id(name), world.login(name), "remove", world.keeper)
    assert len(world.session().listing().members()) == 1


def test_a_service_that_hides_whom_we_switched_off_has_not_shrunk(opened):
    world = opened("scim", deactivated="hidden")
    world.crowd(12)
    session = world.session(breaker=99)
    for number in range(12):
        name = f"p{number}"
        ending.end(session, name, world.id(name), world.login(name), "deactivate")
    assert len(world.session().listing().members()) == 1


def test_removals_whose_result_nobody_could_read_are_no_shrinking(world):
    world.crowd(8)
    session = world.session(breaker=99)
    ids = [world.id(f"p{number}") for number in range(8)]
    session.listing()
    session.own_logins()
    world.tenant.fault("cut", method="DELETE", when="after", times=None)
    for number, id_ in enumerate(ids):
        world.tenant.fault("status", method="GET", status=500, skip=1, times=None)
        with pytest.raises(Uncertain):
            name = f"p{number}"
            ending.end(session, name, id_, world.login(name), "remove", world.keeper)
        world.tenant.clear_faults()
        world.tenant.fault("cut", method="DELETE", when="after", times=None)
    assert world.there() == {world.keeper}
    assert len(world.session().listing().members()) == 1


def test_removing_whom_we_switched_off_counts_once(scim):
    scim.crowd(12)
    session = scim.session(breaker=99)
    for number in range(6):
        name = f"p{number}"
        ending.end(session, name, scim.id(name), scim.login(name), "deactivate")
        ending.end(session, name, scim.id(name), scim.login(name), "remove")
    scim.tenant.fault("short", path=scim.users_path, keep=3)
    with pytest.raises(DirectoryShrank, match="3 members came back where 7 were known"):
        scim.session().listing()


def test_a_failed_listing_is_remembered_for_a_while(world):
    world.tenant.fault("status", status=401, times=None)
    session = world.session()
    with pytest.raises(MartechError):
        session.listing()
    asked = world.tenant.mark()
    for _ in range(1000):
        with pytest.raises(MartechError):
            session.listing()
    assert world.tenant.mark() == asked
    world.tenant.clear_faults()
    world.clock.sleep(FAILURE_KEPT + 1)
    assert session.listing().members()


def test_an_account_that_is_down_is_never_read_as_empty(world):
    ana = world.add("ana")
    id_ = world.id("ana")
    for fault in (
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 404},
        {"kind": "cut", "when": "before"},
        {"kind": "html"},
        {"kind": "truncated"},
    ):
        world.tenant.fault(**fault, times=None)
        with pytest.raises(MartechError) as caught:
            users.read(world.session(), id_, ana)
        assert not isinstance(caught.value, NotThere) or "404" in str(caught.value)
        world.tenant.clear_faults()
    assert world.tenant.users()


def test_where_nothing_can_be_kept_reading_still_works(world):
    (world.folder / "seen").write_text("in the way")
    assert world.session().listing().members()


def test_one_session_an_account_until_its_address_changes(world, monkeypatch):
    monkeypatch.setenv("MARTECH_HOME", str(world.folder))
    sessions = Sessions(connect)
    config = world.config()
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: sessions.get(config), range(32)))
    (first,) = found
    other = sessions.get(config.model_copy(update={"breaker": 1}))
    assert other is not first and list(sessions) == [other]


def test_another_address_is_another_account_to_shrinking(world, opened):
    world.crowd(12)
    world.session().listing()
    moved = opened(world.tenant.platform)
    session = world.session(url=moved.tenant.base_url, credentials=moved.config().credentials)
    assert len(session.listing().members()) == 1
