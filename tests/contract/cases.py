"""What holds on every platform: one function a case, each on a fresh account.

A case is told through reconcile, as a run does it, and asserts on what reached the platform, on
what a state would hold, and on what was said.
"""

import base64
import io
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from pulumi_martech.model.errors import (
    Different,
    DirectoryShrank,
    GuardRefused,
    MartechError,
    NotApplied,
    NotThere,
    QuotaExhausted,
    Uncertain,
    UnknownRole,
)
from pulumi_martech.model.membership import INVITATION, Kind, Status
from pulumi_martech.operations.import_census import Choice, Declared, take
from pulumi_martech.operations.import_file import written
from pulumi_martech.platforms.registry import PLATFORMS
from pulumi_martech.reconcile import ending, shape, users
from pulumi_martech.sandbox.tenant import Answer
from tests.contract.worlds import WRITING, World


@dataclass(frozen=True)
class Case:
    """One case, and whether it means anything on a platform."""

    run: Callable[[Any], None]
    meant_for: Callable[[type[World]], bool]


CASES: dict[str, Case] = {}


def case(
    meant_for: Callable[[type[World]], bool] = lambda kind: True,
) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Put a case into the suite."""

    def noted(run: Callable[[Any], None]) -> Callable[[Any], None]:
        CASES[run.__name__] = Case(run, meant_for)
        return run

    return noted


def invites(kind: type[World]) -> bool:
    """Tell whether people come by invitations that they accept."""
    return PLATFORMS[kind.platform].manifest.creation.startswith("invitation")


def switches_off(kind: type[World]) -> bool:
    return kind.switch_off is not None


def has_attribute(kind: type[World]) -> bool:
    return kind.attribute is not None


# -- there is nobody


@case()
def a_user_is_made_once_and_read_back(world: World) -> None:
    session = world.session()
    outcome = world.make("ana", world.editor, session=session)
    assert outcome.how == "made"
    assert outcome.member.login == world.login("ana")
    assert outcome.member.roles == {world.editor}
    assert world.roles("ana") == {world.editor}
    assert [one.committed for one in world.creates()] == [True]
    assert outcome.member.id == world.id("ana")
    assert session.listing().by_login(world.login("ana")) == outcome.member


@case()
def what_was_made_is_what_is_read_and_there_is_nothing_to_do(world: World) -> None:
    roles = world.several()
    made = world.make("ana", *roles)
    world.settle("ana")
    mark = world.tenant.mark()
    for session in (world.session(), world.session()):
        assert world.shown("ana", *reversed(roles), session=session) == world.entry("ana", *roles)
        assert world.change("ana", *reversed(roles), session=session).how == "equal"
        assert world.make("ana", *roles, session=session).how == "equal"
    assert world.asked(mark) == []
    if not invites(type(world)):
        assert made.member.id == world.id("ana")


@case()
def who_is_gone_is_proven_gone_and_not_made_by_a_change(world: World) -> None:
    world.add("ana", world.editor)
    id_ = world.id("ana")
    world.lose("ana")
    assert world.read("ana", id_) is None
    with pytest.raises(NotThere, match="make it anew"):
        world.change("ana", world.editor, id_=id_)
    world.end("ana", id_=id_)
    assert world.asked() == []


# -- somebody is there


@case()
def who_is_there_and_equal_is_taken_as_is(world: World) -> None:
    world.add("ana", world.editor)
    session = world.session()
    assert world.make("ana", world.editor, session=session).how == "equal"
    assert world.asked() == []
    assert session.report.now().adopted == ("user ana",)


@case()
def who_is_there_and_differs_is_left_alone_without_the_word(world: World) -> None:
    world.add("ana", world.other)
    with pytest.raises(Different, match="adopt=True") as caught:
        world.make("ana", world.editor)
    assert f"+ role {world.editor}" in str(caught.value)
    assert f"- role {world.other}" in str(caught.value)
    assert world.asked() == []
    assert world.roles("ana") == {world.other}


@case()
def who_is_there_and_differs_is_adopted_on_the_word(world: World) -> None:
    world.add("ana", world.other)
    outcome = world.make("ana", world.editor, adopt=True)
    assert (outcome.how, outcome.member.roles) == ("adopted", {world.editor})
    assert world.roles("ana") == {world.editor}
    assert world.creates() == []


@case()
def who_is_there_under_another_case_is_nobody_else(world: World) -> None:
    world.add("ana", world.editor, spelled=world.login("ana").title())
    assert world.make("ana", world.editor).how == "equal"
    session = world.session()
    declared = shape.wish(session, world.login("ana").upper(), world.entry("ana", world.editor))
    assert users.create(session, "ana", declared, False).how in ("equal", "resumed")
    assert world.asked() == []
    assert len(world.there()) == 2


@case()
def a_duplicate_in_the_dialect_of_the_platform_is_no_success(world: World) -> None:
    for switches in type(world).duplicates:
        account = world.another(**switches)
        session = account.session()
        session.listing()
        account.add("ana", account.other)  # since the listing
        with pytest.raises(Different, match="it is there already"):
            account.make("ana", account.editor, session=session)
        assert account.roles("ana") == {account.other}
        assert session.journal.open() == []
        account.give("ana", account.editor)
        fresh = account.session()
        assert account.make("ana", account.editor, session=fresh).how == "equal"
        assert not any(one.committed for one in account.asked())


@case()
def an_id_that_is_somebody_elses_by_now_is_refused(world: World) -> None:
    world.add("eve", world.other)
    id_ = world.id("eve")
    with pytest.raises(Different, match="now belongs to"):
        world.change("ana", world.editor, id_=id_)
    with pytest.raises(Different, match="nothing was removed"):
        world.end("ana", id_=id_)
    assert world.asked() == []
    assert world.roles("eve") == {world.other}


# -- change


@case()
def roles_are_changed_into_those_that_are_declared(world: World) -> None:
    world.add("ana", world.editor)
    session = world.session()
    outcome = world.change("ana", world.other, session=session)
    assert (outcome.how, outcome.member.roles) == ("changed", {world.other})
    assert world.roles("ana") == {world.other}
    mark = world.tenant.mark()
    assert world.change("ana", world.other, session=session).how == "equal"
    assert world.asked(mark) == []


@case(has_attribute)
def what_is_not_declared_is_left_alone(world: World) -> None:
    world.add("ana", world.editor, named="Somebody")
    world.change("ana", world.other, **{str(world.attribute): None})
    assert (world.roles("ana"), world.named("ana")) == ({world.other}, "Somebody")
    world.change("ana", world.other)
    assert world.named("ana") == "Ana"


@case()
def what_was_given_by_hand_shows_and_is_taken_back(world: World) -> None:
    world.add("ana", world.editor)
    roles = [*world.several()[:-1], world.other]
    world.give("ana", *roles)
    assert set(world.shown("ana", world.editor)["roles"]) == set(roles)
    assert world.change("ana", world.editor).how == "changed"
    assert world.roles("ana") == {world.editor}


@case(switches_off)
def who_was_switched_off_by_hand_shows(world: World) -> None:
    world.add("ana", world.editor)
    world.switch_off("ana")  # type: ignore[misc]
    member = world.read("ana")
    assert member is not None
    assert member.status is Status.DEACTIVATED
    assert world.shown("ana", world.editor)["active"] is False
    assert world.session().listing().by_login(world.login("ana")) == member


# -- the end


@case()
def every_way_to_go_is_gone_and_can_be_gone_again(world: World) -> None:
    for verb in world.verbs:
        name = verb
        world.add(name, world.editor)
        session, id_ = world.session(), world.id(name)
        world.end(name, verb, session, id_)
        if verb == "remove":
            assert not world.has(name)
            assert session.listing().by_id(id_) is None
        else:
            assert world.has(name)
            assert world.active(name) == (verb != "deactivate")
            assert world.roles(name) == (set() if verb == "downgrade" else {world.editor})
        mark = world.tenant.mark()
        for again in (session, world.session()):
            world.end(name, verb, again, id_)
        assert world.asked(mark) == []


@case()
def who_is_retained_keeps_everything(world: World) -> None:
    world.add("ana", world.editor)
    world.end("ana", "retain")
    assert world.asked() == []
    assert world.roles("ana") == {world.editor}


@case()
def the_last_administrator_stays(world: World) -> None:
    world.promote("ana")
    world.end("ana")  # there is another one
    assert not world.has("ana")
    world.add("heir", world.editor)
    keeper = world.session().listing().by_login(world.keeper)
    assert keeper is not None
    heir, mark = world.login("heir"), world.tenant.mark()
    for verb in world.verbs:
        with pytest.raises(GuardRefused, match=r"last administrator|do the writing"):
            ending.end(world.session(), "keeper", keeper.id, keeper.login, verb, heir)
    session = world.session()
    wish = world.wish(session, "keeper", world.editor).model_copy(update={"login": keeper.login})
    with pytest.raises(GuardRefused, match=r"last administrator|do the writing"):
        users.update(session, "keeper", keeper.id, keeper.login, wish)
    assert world.asked(mark) == []


# -- listings


def _everybody(session: Any) -> list[str]:
    return [member.login for member in session.listing().members() if member.kind is Kind.PERSON]


@case()
def people_who_come_while_pages_are_read_hide_nobody(world: World) -> None:
    names = [f"p{number:04}" for number in range(2 * world.page + 5)]
    world.crowd(names)
    world.after_page(lambda: world.add("newcomer"))
    found = _everybody(world.session())
    assert len(found) == len(set(found))
    assert {world.login(name) for name in names} | {world.keeper} <= set(found)


@case()
def people_who_go_while_pages_are_read_hide_nobody(world: World) -> None:
    names = [f"p{number:04}" for number in range(2 * world.page + 5)]
    world.crowd(names)
    world.after_page(lambda: world.lose(names[3]))
    found = _everybody(world.session())
    assert len(found) == len(set(found))
    assert {world.login(name) for name in names} - set(found) <= {world.login(names[3])}


@case()
def a_listing_that_came_back_short_takes_nobody_away(world: World) -> None:
    names = [f"p{number:02}" for number in range(12)]
    world.crowd(names)
    world.session().listing()
    world.tenant.fault("short", path=world.users_path, keep=4, times=None)
    with pytest.raises(DirectoryShrank, match="nothing was taken over"):
        world.session().listing()
    world.tenant.clear_faults()
    world.tenant.fault("short", path=world.users_path, keep=11, times=None)
    session = world.session()
    missing = [n for n in names if session.listing().by_login(world.login(n)) is None]
    assert missing
    world.tenant.clear_faults()
    for name in missing:
        assert world.read(name, session=session) is not None


@case()
def an_account_that_fails_is_never_empty(world: World) -> None:
    world.add("ana", world.editor)
    id_ = world.id("ana")
    for fault in (
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 500},
        {"kind": "cut", "when": "before"},
        {"kind": "html", "status": 200},
        {"kind": "html", "status": 404},
        {"kind": "truncated"},
    ):
        world.tenant.fault(**fault, path=world.api, times=None)
        session = world.session()
        with pytest.raises(MartechError):
            session.listing()
        with pytest.raises(MartechError):
            world.read("ana", id_, session)
        world.tenant.clear_faults()


@case()
def a_look_that_fails_is_no_proof_that_somebody_is_gone(world: World) -> None:
    world.add("ana", world.editor)
    id_ = world.id("ana")
    world.crowd(f"p{number}" for number in range(9))
    for fault in (
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 403},
        {"kind": "html", "status": 404},
    ):
        # The listing lacks her, and the look at her alone fails.
        world.tenant.fault("short", path=world.users_path, keep=1, times=None)
        session = world.session()
        assert session.listing().by_login(world.login("ana")) is None
        world.tenant.clear_faults()
        world.folder.joinpath("seen", f"{world.tenant.key}.json").unlink()
        world.tenant.fault(**fault, path=world.one_user, times=None)
        with pytest.raises(MartechError):
            world.read("ana", id_, session)
        with pytest.raises(MartechError):
            world.end("ana", session=session, id_=id_)
        world.tenant.clear_faults()
    assert world.has("ana")


# -- too many calls


@case()
def too_many_calls_for_now_are_waited_for(world: World) -> None:
    for number, throttle in enumerate(type(world).throttles):
        details = {name: value for name, value in throttle.items() if name != "least"}
        session, name = world.session(), f"p{number}"
        wish = world.wish(session, name, world.editor)
        world.tenant.fault("status", method="POST", path=world.users_path, times=2, **details)
        mark, began = world.tenant.mark(), world.clock.ahead
        outcome = users.create(session, name, wish, False)
        assert outcome.how == "made"
        assert [one.committed for one in world.creates(mark)] == [False, False, True], throttle
        assert world.clock.ahead - began >= throttle["least"], throttle
        assert session.report.now().waited > 0


@case()
def too_many_calls_for_long_are_told_and_nothing_is_done(world: World) -> None:
    session = world.session()
    wish = world.wish(session, "ana", world.editor)
    began = world.clock.ahead
    mark = world.tenant.mark()
    with world.spent(), pytest.raises(QuotaExhausted, match="nothing was") as caught:
        users.create(session, "ana", wish, False)
    assert "try again" in str(caught.value)
    assert len(world.creates(mark)) == 1
    assert world.clock.ahead - began < 300, "no person waits for that"
    assert not world.has("ana")
    assert session.journal.open() == [], "nothing was made"
    assert world.make("ana", world.editor).how == "made"


# -- answers that do not come, or are not true


@case()
def a_create_whose_answer_is_lost_makes_one_user(world: World) -> None:
    session = world.session()
    world.tenant.fault("cut", method="POST", path=world.users_path, when="after")
    outcome = world.make("ana", world.editor, session=session)
    assert (outcome.how, outcome.member.roles) == ("made", {world.editor})
    assert len(world.creates()) == 1, "sent again only after a look"
    assert [one.committed for one in world.creates()] == [True]
    assert session.report.now().resolved


@case()
def a_create_that_did_not_arrive_makes_one_user_in_the_end(world: World) -> None:
    world.tenant.fault("cut", method="POST", path=world.users_path, when="before")
    if world.manifest.identity.unique:
        assert world.make("ana", world.editor).how == "made"
    else:
        with pytest.raises(Uncertain):
            world.make("ana", world.editor)
        assert len(world.creates()) == 1, "never sent twice by itself"
        assert world.make("ana", world.editor).how == "made"
    assert [one.committed for one in world.creates()] == [False, True]


@case()
def a_create_that_nobody_can_look_at_is_taken_over_by_the_next_run(world: World) -> None:
    session = world.session()
    wish = world.wish(session, "ana", world.editor)
    world.tenant.fault("cut", method="POST", path=world.users_path, when="after")
    world.tenant.fault("status", method="GET", status=503, times=None)
    with pytest.raises(Uncertain, match="run again"):
        users.create(session, "ana", wish, False)
    world.tenant.clear_faults()
    assert session.report.now().leftovers == (f"user {world.login('ana')}",)
    world.settle("ana")
    world.give("ana")  # and by now it is not even what it was meant to be
    session = world.session()
    assert world.make("ana", world.editor, session=session).how == "resumed"
    assert world.roles("ana") == {world.editor}
    assert len(world.creates()) == 1
    world.read("ana", session=session)
    assert session.journal.open() == [], "a state holds it now"


@case()
def two_runs_at_once_make_one_user(world: World) -> None:
    for switches in type(world).duplicates:
        account = world.another(**switches)
        sessions = [account.session(), account.session()]
        for session in sessions:
            session.listing()
        # The first is still on its way when the second wants to begin.
        account.tenant.fault("latency", method="POST", path=account.users_path, seconds=0.1)
        with ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(account.make, "ana", account.editor, session=session)
                for session in sessions
            ]
            found = [run.result() for run in runs]
        assert sorted(outcome.how for outcome in found) == ["made", "resumed"]
        assert len({outcome.member.id for outcome in found}) == 1
        assert len(account.creates()) == 1
        assert account.roles("ana") == {account.editor}


@case()
def a_change_whose_answer_is_lost_is_looked_up(world: World) -> None:
    world.add("ana", world.editor)
    world.tenant.fault("cut", method=WRITING, path=world.api, when="after")
    assert world.change("ana", world.other).how == "changed"
    assert world.roles("ana") == {world.other}


@case()
def a_removal_whose_answer_is_lost_is_looked_up(world: World) -> None:
    world.add("ana", world.editor)
    world.tenant.fault("cut", method=WRITING, path=world.api, when="after")
    world.end("ana")
    assert not world.has("ana")


@case()
def a_yes_that_did_nothing_is_an_error(world: World) -> None:
    world.add("ben", world.editor)
    dropped = {"method": WRITING, "path": world.api, "times": None}
    world.tenant.fault("dropped", **dropped)
    with pytest.raises(NotApplied, match="said yes"):
        world.make("ana", world.editor)
    assert len(world.creates()) == 1
    with pytest.raises(NotApplied, match="said yes"):
        world.change("ben", world.other)
    for verb in world.verbs:
        with pytest.raises(NotApplied, match="still there"):
            world.end("ben", verb)
    assert world.roles("ben") == {world.editor}
    world.tenant.clear_faults()
    assert world.make("ana", world.editor).how == "made"
    assert world.change("ben", world.other).how == "changed"
    world.end("ben")
    assert not world.has("ben")


# -- roles


@case()
def a_role_that_is_not_there_is_refused_before_anybody_is_made(world: World) -> None:
    session = world.session()
    with pytest.raises(UnknownRole):
        world.make("ana", world.editor + "x", session=session)
    assert not world.has("ana")
    assert session.journal.open() == []
    assert not any(one.committed for one in world.asked())


@case()
def a_role_that_goes_while_it_is_in_use_leaves_nobody_half_made(world: World) -> None:
    world.add("ben", world.editor)
    session = world.session()
    session.listing()
    world.retire(world.editor)
    with pytest.raises(MartechError):
        world.make("ana", world.editor, session=session)
    assert not world.has("ana"), "what was begun is taken back"
    with pytest.raises(UnknownRole, match=r"near|role|correct|scope"):
        world.make("ana", world.editor, session=world.session())
    ben = world.read("ben")
    assert ben is not None, "who held it is still somebody"
    assert world.change("ben", world.other).how == "changed"
    assert world.roles("ben") == {world.other}


# -- an account that is in use


@case()
def an_account_in_use_is_imported_and_there_is_nothing_to_do(world: World) -> None:
    world.add("ana", *world.several())
    world.add("ben")
    world.promote("cleo")
    if invites(type(world)):
        world.make("dora", world.editor)
    nothing = Declared(keys={}, vendors={}, persons={})
    session = world.session()
    census = take(session, nothing, Choice(descriptive=True))
    by_login = {item.inputs["login"]: item for item in census.people}
    assert by_login.keys() == world.there(), census.left_out
    mark = world.tenant.mark()
    for login, item in by_login.items():
        fresh, entry = world.session(), shape.entry(world.platform, item.inputs)
        member = users.read(fresh, item.id, login)
        assert member is not None
        assert member.id == item.id == item.outputs["native_id"]
        assert shape.live_entry(member, entry) == entry
        wish = shape.wish(fresh, login, entry)
        assert users.update(fresh, item.key, item.id, login, wish).how == "equal"
    assert world.asked(mark) == []
    file = written(session.config, census.items, {}, "urn:stack")
    credentials = world.tenant.credentials
    for secret in (credentials.token, credentials.password):
        assert not secret or secret not in file


# -- secrets


@case()
def a_secret_is_nowhere_to_be_seen(world: World) -> None:
    secret = world.tenant.credentials
    canaries = [word for word in (secret.token, secret.password) if word]
    if secret.password:
        pair = f"{secret.username}:{secret.password}"
        canaries.append(base64.b64encode(pair.encode()).decode())
    genuine = world.tenant.failure

    def talkative(status: int) -> Answer:
        answer = genuine(status)
        answer.body = _with(answer.body, " ".join(canaries))
        return answer

    world.tenant.failure = talkative
    said = io.StringIO()
    handler, root = logging.StreamHandler(said), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        session = world.session()
        session.listing()
        for status in (400, 401, 403, 404, 409, 500):
            world.tenant.fault("status", status=status, path=world.api, times=None)
            for act in (
                lambda: world.session().listing(),
                lambda: world.make("ana", world.editor, session=session),
            ):
                with pytest.raises(MartechError) as caught:
                    act()
                said.write(f"{caught.value!r} {caught.value} {vars(caught.value)}\n")
            world.tenant.clear_faults()
        outcome = world.make("ana", world.editor)
        said.write(f"{outcome!r} {world.shown('ana', world.editor)}\n")
        said.write(f"{session.report.now()!r} {session.config!r} {session.connector.client!r}\n")
        session.close()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    kept = b"".join(file.read_bytes() for file in world.folder.rglob("*") if file.is_file())
    seen = said.getvalue() + kept.decode()
    assert "***" in seen, "the platform did repeat it"
    for canary in canaries:
        assert canary not in seen


def _with(body: Any, words: str) -> Any:
    """Return an error's body with words at the end of each of its texts."""
    if isinstance(body, Mapping):
        return {name: _with(value, words) for name, value in body.items()}
    if isinstance(body, list):
        return [_with(one, words) for one in body]
    return f"{body} {words}" if isinstance(body, str) and " " in body else body


# -- invitations


@case(invites)
def an_invitation_is_sent_once(world: World) -> None:
    id_ = world.make("ana", world.editor).member.id
    assert id_.startswith(INVITATION)
    for _ in range(2):
        member = world.read("ana", id_)
        assert world.make("ana", world.editor).how == "equal"
        assert (member.id, member.status) == (id_, Status.PENDING)
        assert world.change("ana", world.other, id_=id_).member.id == id_, "it is left as it is"
    assert len(world.asked()) == 1
    assert world.shown("ana", world.other) == world.entry("ana", world.other), "as declared"


@case(invites)
def who_accepts_is_found_under_the_new_id(world: World) -> None:
    id_ = world.make("ana", world.editor).member.id
    world.settle("ana")
    member = world.read("ana", id_)
    assert member is not None
    assert member.id == world.id("ana") != id_
    assert member.status is Status.ACTIVE
    assert world.change("ana", world.other, id_=id_).member.id == world.id("ana")
    assert world.roles("ana") == {world.other}
    world.end("ana", id_=id_)
    assert not world.has("ana")


@case(invites)
def removing_a_pending_one_cancels_the_invitation(world: World) -> None:
    for name, twice in (("ana", False), ("cleo", True)):
        id_ = world.make(name, world.editor).member.id
        world.make("ben", world.editor)
        if twice:  # by hand, or by a run on another machine
            world.invite_by_hand(name)
        mark = world.tenant.mark()
        world.end(name, id_=id_)
        assert world.there() == {world.keeper, world.login("ben")}
        world.end(name, id_=id_)
        assert [one.method for one in world.asked(mark)] == ["DELETE"] * (1 + twice)


@case(invites)
def what_an_invitation_cannot_carry_is_given_after_acceptance(world: World) -> None:
    roles = [world.editor, type(world).later]
    id_ = world.make("ana", *roles).member.id
    assert world.roles("ana") == {world.editor}
    assert world.shown("ana", *roles) == world.entry("ana", *roles), "no drift while it is pending"
    assert world.change("ana", *roles, id_=id_).how == "equal"
    world.settle("ana")
    assert world.shown("ana", *roles) != world.entry("ana", *roles)
    assert world.change("ana", *roles, id_=id_).how == "changed"
    assert world.roles("ana") == set(roles)


@case(invites)
def an_invitation_is_replaced_only_on_the_word(world: World) -> None:
    id_ = world.make("ana", world.editor).member.id
    outcome = world.change("ana", world.other, id_=id_, reinvite=True)
    assert outcome.member.id != id_
    assert (outcome.member.status, outcome.member.roles) == (Status.PENDING, {world.other})
    assert world.there() == {world.keeper, world.login("ana")}
