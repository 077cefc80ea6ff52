"""SendGrid: each trap of the fact sheet, on the sandbox or on answers by hand."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from pulumi_martech.model.account import AccountConfig, Bearer
from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    Malformed,
    MartechError,
    QuotaExhausted,
    Refused,
    Uncertain,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.model.membership import Kind, Membership, Origin, Status, Wish, difference
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.platforms import base, sendgrid, sendgrid_scopes
from pulumi_martech.platforms.registry import connect
from pulumi_martech.sandbox.sendgrid import SendGridTenant
from pulumi_martech.sandbox.sendgrid_scopes import SCOPES
from tests.platforms.support import literally, serve
from tests.sandbox import sendgrid_spec
from tests.transport.support import VirtualClock, serving

Make = Callable[..., Any]
ANA, BEN = "ana@example.com", "ben@example.com"
NAMES = {"first_name": "Ben", "last_name": "Berg"}


@pytest.fixture(autouse=True)
def seen() -> Iterator[list[str]]:
    with sendgrid_spec.exchanges_checked() as asked:
        yield asked


def wish(login: str, *roles: str, **attributes: Any) -> Wish:
    return Wish(login=login, roles={role: role for role in roles}, attributes=attributes)


def sso(login: str, *roles: str, **attributes: Any) -> Wish:
    return wish(login, *roles, sso=True, **NAMES | attributes)


def sendgrid_at(url: str, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Any:
    """Return a connector for a server at ``url``."""
    monkeypatch.setenv("MAIL_TOKEN", "SG.key")
    credentials = Bearer(token="env:MAIL_TOKEN")
    config = AccountConfig(key="mail", platform="sendgrid", url=url, credentials=credentials)
    return connect(config, **more)


def problem(message: str, field: str | None = None) -> Any:
    return {"errors": [{"message": message, "field": field}]}


def after_answer(tenant: SendGridTenant, path: str, act: Callable[[], object]) -> None:
    """Do something by hand right after the next answer to a GET of ``path``."""
    answers = tenant.answer

    def answer(call: Any, handlers: Any) -> Any:
        found = answers(call, handlers)
        if (call.method, call.path) == ("GET", path):
            tenant.answer = answers  # type: ignore[method-assign]
            act()
        return found

    tenant.answer = answer  # type: ignore[method-assign]


# -- reading


def test_a_directory_costs_its_pages_and_one_listing_of_each_kind(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    mail.add_teammates(
        {"email": f"user{number}@example.com", "scopes": ["mail.send"]} for number in range(1000)
    )
    directory = connected(mail).directory()
    people = [one for one in directory.memberships if one.kind is Kind.PERSON]
    assert len(people) == 1001
    assert mail.calls() == {
        "GET /v3/teammates": 4,  # 500 + 500 + 1 + none: no total is told
        "GET /v3/teammates/pending": 1,
        "GET /v3/api_keys": 1,
        "GET /v3/subusers": 1,
        "GET /v3/scopes": 1,
    }
    assert len(sendgrid.MANIFEST.objects) == 4


def test_scopes_are_not_in_the_listing_and_that_is_not_taken_for_none(
    tenant: Make, connected: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana", scopes=["mail.send"])
    connector = connected(mail)
    assert connector.directory().by_login(ANA).roles is UNKNOWN
    assert connector.fetch("ana", ()).roles == {"mail.send"}
    record = {"username": "ana", "email": ANA, "user_type": "teammate", "scopes": []}
    bodies = [
        {"result": []},
        {"result": [record]},
        {"result": []},
        {"result": []},
        [],
        {"scopes": []},
    ]
    with serving(*map(serve, bodies)) as wire:
        (member,) = sendgrid_at(wire.url, monkeypatch).directory().memberships
    assert member.roles is UNKNOWN


def test_administrators_have_the_role_admin_alone_however_many_scopes_are_shown(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    mail.add_subuser("emea")
    mail.add_teammate(ANA, username="ana", is_admin=True)
    connector = connected(mail)
    assert connector.directory().by_login(ANA).roles == {"admin"}
    assert connector.fetch("ana", ()).roles == {"admin"}
    assert connector.find("owner@example.com").roles == {"owner"}
    assert "GET /v3/teammates/{username}/subuser_access" not in mail.calls()


def test_teammates_keys_and_invitations_are_told_apart(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate("Ana@Example.com", username="Ana.B", scopes=["mail.send"])
    token = mail.invite("Ben@Example.com", ["stats.read"])
    key = mail.add_key("shop", ["mail.send"])
    directory = connected(mail).directory()
    ana, ben = directory.by_login(ANA), directory.by_login(BEN)
    assert (ana.id, ana.email, ana.status, ana.kind) == ("Ana.B", ANA, Status.ACTIVE, Kind.PERSON)
    assert (ben.id, ben.status, ben.origin) == (
        f"invitation/{token}",
        Status.PENDING,
        Origin.INVITE,
    )
    assert ben.roles == {"stats.read"}, "an invitation shows what it carries"
    assert ben.expires_at is not None
    service = directory.by_login(f"key:{key.lower()}")
    assert (service.id, service.kind, service.email) == (f"key/{key}", Kind.SERVICE, None)
    assert service.roles is UNKNOWN


def test_people_who_come_between_two_pages_hide_nobody(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid", page_cap=500)
    mail.add_teammates({"email": f"user{number}@example.com"} for number in range(1200))
    after_answer(mail, "/v3/teammates", lambda: mail.add_teammate("new@example.com"))
    logins = [one.login for one in connected(mail).directory().memberships]
    assert len(logins) == len(set(logins)) == 1203
    assert "new@example.com" in logins


def test_a_smaller_page_than_asked_for_is_not_the_last(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid", page_cap=7)
    mail.add_teammates({"email": f"user{number}@example.com"} for number in range(30))
    assert len(connected(mail).directory().memberships) == 32


def test_whoever_accepts_between_the_two_listings_is_seen(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.invite(ANA, ["mail.send"])
    connector = connected(mail)
    after_answer(mail, "/v3/teammates/pending", lambda: mail.accept(ANA, username="ana"))
    found = connector.directory().by_login(ANA)
    assert (found.id, found.status) == ("ana", Status.ACTIVE)
    mail.invite(BEN, ["mail.send"])
    after_answer(mail, "/v3/teammates/pending", lambda: mail.accept(BEN, username="ben"))
    assert connector.find(BEN).id == "ben"


def test_an_address_with_several_entries_is_shown_once_and_told(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid", duplicate="second")
    mail.add_teammate(ANA, username="ana")
    mail.invite("ANA@example.com")
    mail.invite(BEN, ["mail.send"])
    mail.invite(BEN, ["stats.read"])
    directory = connected(mail).directory()
    assert directory.by_login(ANA).status is Status.ACTIVE
    assert len([one for one in directory.memberships if one.login == BEN]) == 1
    assert sum("more than one entry" in spot for spot in directory.blind_spots) == 2


def test_what_scopes_there_are_lets_a_typo_be_found(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_subuser("emea")
    names = {role.name for role in connected(mail).directory().roles}
    assert {
        "mail.send",
        "admin",
        "owner",
        "emea:mail.send",
        "emea:admin",
        "emea:restricted",
    } <= names
    assert not names & {"2fa_required", "emea:2fa_required", "emea:stats.read"}
    assert "emea:sender_verification_legacy" not in names
    assert "sender_verification_legacy" in names, "only four scopes are left out"


def test_rights_on_very_many_subusers_are_not_listed_one_by_one(
    tenant: Make, connected: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = tenant("sendgrid")
    for name in ("emea", "apac"):
        mail.add_subuser(name)
    monkeypatch.setattr(sendgrid, "MOST_ROLES", 300)
    connector = connected(mail)
    assert connector.directory().roles is UNKNOWN
    with pytest.raises(UnknownRole, match=r"no subuser 'emae'; .* did you mean 'emea'"):
        connector.invite(sso(BEN, "emae:mail.send"))
    assert mail.writes() == []


def test_a_teammate_restricted_by_hand_is_seen_as_such(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_subuser("emea")
    mail.add_subuser("apac")
    mail.add_teammate(ANA, username="ana", scopes=["billing.read"])
    mail.give_subusers(ANA, {"emea": ["mail.send", "messages.read"], "apac": None})
    ana = connected(mail).find(ANA)
    assert ana.roles == {"emea:mail.send", "emea:messages.read", "apac:admin"}
    mail.give_subusers(ANA, {"emea": []})
    assert connected(mail).find(ANA).roles == {"emea:restricted"}, "no scope is still access"


def test_access_to_many_subusers_is_read_page_by_page(
    tenant: Make, connected: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = tenant("sendgrid")
    names = [f"sub{number}" for number in range(230)]
    for name in names:
        mail.add_subuser(name)
    mail.add_teammate(ANA, username="ana")
    mail.give_subusers(ANA, {name: ["mail.send"] for name in names})
    connector = connected(mail)
    assert connector.fetch("ana", ()).roles == {f"{name}:mail.send" for name in names}
    assert mail.calls()["GET /v3/teammates/{username}/subuser_access"] == 3
    mail.fault("endless", path="*/subuser_access", times=None)
    with pytest.raises(Malformed, match="paging never ends"):
        connector.fetch("ana", ())


def test_details_cost_one_call_where_there_are_no_subusers(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    for number in range(5):
        mail.add_teammate(f"u{number}@example.com", username=f"u{number}")
    connector, mark = connected(mail), None
    connector.directory()
    mark = mail.mark()
    for number in range(5):
        connector.fetch(f"u{number}", ())
    assert mail.calls(mark) == {"GET /v3/teammates/{username}": 5}


def test_nobody_is_read_as_gone_by_mistake(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    assert connector.fetch("nobody", ()) is None
    assert connector.fetch("invitation/0123", ()) is None
    assert connector.fetch("key/0123", ()) is None
    assert connector.find("nobody@example.com") is None
    assert connector.find("key:0123") is None


@pytest.mark.parametrize(
    "act",
    [
        serve("<html><title>Not found</title></html>", 404),
        serve(problem("resource not found"), 404),
        serve({"message": "not here"}, 404),
        serve("", 404),
    ],
    ids=["html", "other-words", "other-json", "empty"],
)
def test_a_404_that_is_not_about_the_teammate_is_never_read_as_gone(
    act: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = Membership(id="ana", login=ANA, roles=frozenset())
    with serving(act) as wire:
        connector = sendgrid_at(wire.url, monkeypatch)
        for call in (
            lambda: connector.fetch("ana", ()),
            lambda: connector.remove(ana, None),
            lambda: connector.find(ANA),
            connector.directory,
        ):
            with pytest.raises((Malformed, Refused)):
                call()


@pytest.mark.parametrize(
    "pending",
    [{"results": []}, [], {"result": {}}, {}],
    ids=["as-in-the-example", "list", "no-list", "empty"],
)
def test_a_listing_under_another_name_is_an_error_and_not_an_empty_one(
    pending: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(serve(pending)) as wire, pytest.raises(Malformed, match="called result"):
        sendgrid_at(wire.url, monkeypatch).directory()


def test_records_that_lack_what_they_should_have_or_have_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pending = [
        {"email": BEN, "pending_id": "x", "scopes": []},  # as the specification's example has it
        {"email": "cleo@example.com", "token": "t", "expiration_date": 10**30},
        "no record",
    ]
    teammates = [
        {"email": ANA},
        {"username": "dan", "email": ""},
        {"username": "eve@example.com", "email": "Eve@example.com", "is_unified": True, "x": [1]},
        {"username": "flo", "email": "flo@example.com", "is_admin": True, "is_sso": True},
    ]
    keys = [{"name": "no id"}, {"api_key_id": "k"}]
    bodies = [
        {"result": pending}, {"result": teammates}, {"result": teammates[-1:]}, {"result": keys},
        [], {"scopes": ["mail.send"]},
    ]  # fmt: skip
    with serving(*map(serve, bodies)) as wire:
        directory = sendgrid_at(wire.url, monkeypatch).directory()
    assert len(directory.unreadable) == 3
    cleo, eve = directory.by_login("cleo@example.com"), directory.by_login("eve@example.com")
    assert (cleo.roles, cleo.expires_at) == (UNKNOWN, None)
    assert eve.attributes["sso"] is True, "the username is the address"
    assert directory.by_login("flo@example.com").attributes == {"sso": True}
    assert directory.by_login("key:k") is not None
    assert len(directory.memberships) == 4


def test_a_teammate_without_a_list_of_scopes_is_not_one_without_scopes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = {"username": "ana", "email": ANA, "is_admin": False}
    with serving(serve(record), serve([])) as wire, pytest.raises(Malformed, match="scopes"):
        sendgrid_at(wire.url, monkeypatch).fetch("ana", ())


def test_a_read_that_fails_raises(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    for kind in ("html", "truncated", "large"):
        mail.fault(kind, status=200, path="*/teammates*")
        with pytest.raises(Malformed):
            connector.directory()
        mail.clear_faults()
    mail.fault("status", status=403, path="*/teammates/pending")
    with pytest.raises(Denied):
        connector.directory()
    mail.fault("endless", path="*/teammates", times=None)
    with pytest.raises(Malformed, match="paging never ends"):
        connector.directory()


# -- what the key may


def test_what_the_key_lacks_is_named(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    assert connector.whoami() == base.Caller(
        login=None, note="SendGrid does not tell whose an API key is"
    )
    mail.narrow_key("teammates.update", "sso.teammates.create")
    caller = connector.whoami()
    assert caller.missing == ("teammates.update",)
    assert "single sign-on need sso.teammates.create" in caller.note


def test_a_key_that_sees_less_says_what_it_does_not_see(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.narrow_key("api_keys.read", "subusers.read")
    mail.add_teammate(ANA, username="ana", scopes=["mail.send"])
    connector = connected(mail)
    directory = connector.directory()
    assert [one for one in directory.memberships if one.kind is Kind.SERVICE] == []
    said = [spot for spot in directory.blind_spots if "access forbidden" in spot]
    assert [spot.partition(":")[0] for spot in said] == ["API keys", "access to subusers"]
    assert connector.fetch("ana", ()).roles == {"mail.send"}
    with pytest.raises(Denied, match="lacks a scope"):
        connector.find("key:abc")


def test_a_key_of_another_account_is_refused_in_words(
    tenant: Make, connected: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = tenant("sendgrid")
    monkeypatch.setenv(f"{mail.key.upper()}_TOKEN", "SG.of-another-account")
    with pytest.raises(Denied, match=r"the API key was not accepted .* region") as caught:
        connected(mail).directory()
    assert "another-account" not in str(caught.value)


def test_the_eu_region_is_another_url(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answering(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"scopes": []})

    transport = httpx.MockTransport(answering)
    url = "https://api.eu.sendgrid.com"
    sendgrid_at(url, monkeypatch, transport=transport).whoami()
    assert asked == ["https://api.eu.sendgrid.com/v3/scopes"]


# -- invitations


def test_an_invitation_becomes_a_teammate_with_another_id(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    wanted = wish(ANA, "mail.send", "stats.read")
    id_ = connector.invite(wanted)
    assert id_ == "invitation/" + mail.pending()[ANA]["token"]
    pending = connector.fetch(id_, ())
    assert (pending, pending.status) == (connector.find("ANA@example.com"), Status.PENDING)
    mail.accept(ANA, username="ana.b")
    assert connector.fetch(id_, ()) is None
    accepted = connector.find(ANA)
    assert (accepted.id, accepted.status, accepted.expires_at) == ("ana.b", Status.ACTIVE, None)
    assert difference(accepted, wanted) == []


def test_what_an_invitation_cannot_carry_is_a_difference_after_acceptance(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    wanted = wish(ANA, "mail.send", "user.profile.update", "user.password.update")
    connector.invite(wanted)
    assert mail.pending()[ANA]["scopes"] == ["mail.send"]
    mail.accept(ANA, username="ana")
    ana = connector.find(ANA)
    assert [change.name for change in difference(ana, wanted)] == [
        "roles.user.password.update",
        "roles.user.profile.update",
    ]
    connector.change(ana, wanted)
    assert difference(connector.fetch("ana", ()), wanted) == []


def test_what_acceptance_adds_is_never_hidden(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid", acceptance_scopes=["user.profile.read", "sender_verification_legacy"])
    connector = connected(mail)
    wanted = wish(ANA, "mail.send")
    connector.invite(wanted)
    mail.accept(ANA, username="ana")
    changes = difference(connector.find(ANA), wanted)
    assert [change.named() for change in changes] == [
        "- role sender_verification_legacy",
        "- role user.profile.read",
    ]


def test_a_pending_invitation_cannot_be_edited(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    pending = connector.fetch(connector.invite(wish(ANA, "mail.send")), ())
    mark = mail.mark()
    with pytest.raises(Unsupported, match=r"cannot be edited; .* reinvite"):
        connector.change(pending, wish(ANA, "stats.read"))
    assert mail.writes(mark) == []


def test_cancelling_takes_every_invitation_of_the_address(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid", duplicate="second")
    connector = connected(mail)
    pending = connector.fetch(connector.invite(wish(ANA, "mail.send")), ())
    mail.invite("ANA@example.com")  # by hand, or by a run at the same time
    mail.invite(BEN)
    assert isinstance(connector, base.CancelsInvitations)
    connector.cancel(pending)
    connector.cancel(pending)
    connector.remove(pending, None)
    assert set(mail.pending()) == {BEN}


def test_sending_again_is_one_mail_and_another_week(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    id_ = connector.invite(wish(ANA, "mail.send"))
    before = connector.fetch(id_, ())
    mail.advance(days=5)
    connector.resend(before)
    after = connector.fetch(id_, ())
    assert after.id == before.id
    assert after.expires_at > before.expires_at
    mail.fault("cut", method="POST", when="after")
    mark = mail.mark()
    with pytest.raises(Uncertain):
        connector.resend(after)
    assert len(mail.writes(mark)) == 1, "never repeated by itself: it is a mail"


def test_an_expired_invitation_is_still_shown_with_its_day(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    id_ = connector.invite(wish(ANA, "mail.send"))
    mail.advance(days=8)
    expired = connector.fetch(id_, ())
    assert expired.status is Status.PENDING
    assert datetime.fromisoformat(expired.expires_at).timestamp() < mail.now()


def test_who_accepts_with_another_address_is_another_login(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    connector.invite(wish(ANA, "mail.send"))
    mail.accept(ANA, username="ana", address="ana@home.example")
    assert connector.find(ANA) is None
    assert connector.find("ana@home.example").roles == {"mail.send"}
    assert any("another" in spot for spot in sendgrid.MANIFEST.blind_spots)


def test_an_invitation_is_never_sent_twice_by_itself(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    for when in ("before", "after"):
        mail.fault("cut", method="POST", when=when)
        with pytest.raises(Uncertain):
            connector.invite(wish(f"{when}@example.com", "mail.send"))
    assert len(mail.writes()) == 2
    assert set(mail.pending()) == {"after@example.com"}
    mail.fault("html", method="POST", status=200)
    with pytest.raises(Uncertain, match="may have been carried out"):
        connector.invite(wish(ANA, "mail.send"))
    assert not sendgrid.MANIFEST.identity.unique


@pytest.mark.parametrize("login", [ANA, BEN, "ANA@example.com", "owner@example.com"])
def test_who_is_there_already_is_not_invited(tenant: Make, connected: Make, login: str) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA)
    mail.invite(BEN)
    with pytest.raises(AlreadyExists, match="already exists"):
        connected(mail).invite(wish(login, "mail.send"))
    with pytest.raises(AlreadyExists, match="already exists"):
        connected(mail).invite(sso(login, "mail.send"))


def test_a_scope_that_does_not_exist_is_refused_before_anything_is_done(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana", scopes=["mail.send"])
    connector = connected(mail)
    ana = connector.find(ANA)
    for act in (
        lambda: connector.invite(wish(BEN, "mail.sned")),
        lambda: connector.invite(sso(BEN, "mail.sned")),
        lambda: connector.change(ana, wish(ANA, "mail.sned")),
    ):
        with pytest.raises(UnknownRole, match=r"given scopes are invalid .* can give no others"):
            act()
    assert mail.pending() == {}
    assert connector.find(ANA) == ana


def test_more_teammates_than_the_plan_allows(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid", teammates=1)
    connector = connected(mail)
    connector.invite(wish(ANA, "mail.send"))
    with pytest.raises(Denied, match="your plan does not allow more") as caught:
        connector.invite(wish(BEN, "mail.send"))
    assert "invite ben@example.com in account" in str(caught.value)


def test_more_than_128_scopes(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    wanted = wish(ANA, *sorted(SCOPES - sendgrid_scopes.HARMLESS))
    connector.invite(wanted)
    mail.accept(ANA, username="ana")
    ana = connector.find(ANA)
    connector.change(ana, wanted)
    assert len(wanted.roles) == 276
    assert difference(connector.fetch("ana", ()), wanted) == []


# -- teammates


def test_scopes_are_replaced_as_a_whole_and_only_when_they_differ(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana b", scopes=["mail.send", "stats.read"])
    connector = connected(mail)
    ana, mark = connector.find(ANA), mail.mark()
    connector.change(ana, wish(ANA, "stats.read", "mail.send"))
    assert mail.writes(mark) == []
    connector.change(ana, wish(ANA, "stats.read", "alerts.read"))
    connector.change(connector.find(ANA), wish(ANA, "admin"))
    connector.change(connector.find(ANA), wish(ANA))
    assert [(write.path, write.body) for write in mail.writes(mark)] == [
        ("/v3/teammates/ana b", {"scopes": ["alerts.read", "stats.read"], "is_admin": False}),
        ("/v3/teammates/ana b", {"scopes": [], "is_admin": True}),
        ("/v3/teammates/ana b", {"scopes": [], "is_admin": False}),
    ]
    assert connector.find(ANA).roles == frozenset()


def test_scopes_that_sendgrid_gives_itself_are_left_out_both_ways(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana", scopes=["mail.send"])
    connector = connected(mail)
    ana = connector.find(ANA)
    assert ana.roles == {"mail.send"}, "SendGrid shows 2fa_required too"
    user = sendgrid.User(login=ANA, roles=("mail.send", *sendgrid_scopes.HARMLESS))
    assert user.roles == ("mail.send",)
    connector.change(ana, wish(ANA, "stats.read", *sendgrid_scopes.HARMLESS))
    assert mail.writes()[-1].body == {"scopes": ["stats.read"], "is_admin": False}


def test_a_yes_that_stored_less_shows_when_read_back(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid", not_kept=["whitelabel.read"])
    mail.add_teammate(ANA, username="ana")
    connector = connected(mail)
    connector.change(connector.find(ANA), wish(ANA, "mail.send", "whitelabel.read"))
    assert connector.find(ANA).roles == {"mail.send"}
    mail.fault("dropped", method="PATCH")
    connector.change(connector.find(ANA), wish(ANA, "stats.read"))
    assert connector.find(ANA).roles == {"mail.send"}


def test_an_address_is_for_ever(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana")
    connector = connected(mail)
    with pytest.raises(Unsupported, match="into another address"):
        connector.change(connector.find(ANA), wish("ana.b@example.com"))
    assert not sendgrid.MANIFEST.identity.renamable


def test_the_owner_is_left_alone(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana")
    connector = connected(mail)
    owner, ana = connector.find("owner@example.com"), connector.find(ANA)
    connector.change(owner, wish("owner@example.com", "owner"))
    for act in (
        lambda: connector.change(owner, wish("owner@example.com", "admin")),
        lambda: connector.change(ana, wish(ANA, "owner")),
        lambda: connector.invite(wish(BEN, "owner")),
        lambda: connector.remove(owner, None),
    ):
        with pytest.raises(Unsupported, match="neither gives nor takes the ownership"):
            act()
    assert mail.writes() == []


def test_names_and_subusers_are_for_teammates_of_single_sign_on(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    mail.add_subuser("emea")
    mail.add_teammate(ANA, username="ana", first_name="Ana")
    connector = connected(mail)
    ana = connector.find(ANA)
    assert ana.attributes == {"sso": False}, "a name that cannot be declared is not told"
    for wanted in (wish(ANA, first_name="Anna"), wish(ANA, "emea:mail.send")):
        with pytest.raises(Unsupported, match="single sign-on only"):
            connector.change(ana, wanted)
    assert mail.writes() == []


def test_removing_what_is_gone_is_success(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana")
    mail.add_teammate(BEN, is_sso=True)
    connector = connected(mail)
    for login in (ANA, BEN):
        live = connector.find(login)
        mail.fault("cut", method="DELETE", when="after")
        connector.remove(live, None)
        connector.remove(live, None)
        assert connector.find(login) is None


def test_who_was_also_invited_does_not_come_back(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana")
    mail.invite("ANA@example.com", ["mail.send"])
    mail.invite(BEN)
    connector = connected(mail)
    connector.remove(connector.find(ANA), None)
    assert set(mail.teammates()) == {"owner@example.com"}
    assert set(mail.pending()) == {BEN}


# -- single sign-on


def test_a_teammate_of_single_sign_on_is_there_at_once(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    wanted = sso(BEN, "mail.send", "user.profile.update")
    id_ = connector.invite(wanted)
    ben = connector.fetch(id_, ())
    assert (ben.id, ben.status) == (BEN, Status.ACTIVE)
    assert difference(ben, wanted) == []
    assert mail.pending() == {}
    assert mail.writes()[0].body == {
        "email": BEN,
        **NAMES,
        "is_admin": False,
        "scopes": ["mail.send", "user.profile.update"],
        "has_restricted_subuser_access": False,
    }
    assert all("persona" not in write.body for write in mail.writes())


def test_rights_of_single_sign_on_change_from_kind_to_kind(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    for name in ("emea", "apac"):
        mail.add_subuser(name)
    connector = connected(mail)
    connector.invite(sso(BEN, "mail.send"))
    for wanted in (
        sso(BEN, "admin"),
        sso(BEN, "emea:mail.send", "emea:marketing.read", "apac:admin"),
        sso(BEN, "emea:restricted"),
        sso(BEN, "emea:mail.send", last_name="Böhm"),
        sso(BEN, "stats.read", last_name="Böhm"),
        sso(BEN, last_name="Böhm"),
    ):
        live = connector.find(BEN)
        assert difference(live, wanted)
        connector.change(live, wanted)
        assert difference(connector.fetch(BEN, ()), wanted) == [], wanted.roles
    assert connector.find(BEN).roles == frozenset()
    assert mail.teammates()[BEN]["access"] == {}


def test_without_a_name_said_the_one_that_is_there_stays(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(BEN, is_sso=True, first_name="Ben", last_name="Berg")
    connector = connected(mail)
    connector.change(connector.find(BEN), wish(BEN, "mail.send", sso=True))
    assert mail.teammates()[BEN]["last_name"] == "Berg"
    mail.change_teammate(BEN, last_name="")
    with pytest.raises(MartechError, match="declare `first_name` and `last_name`"):
        connector.change(connector.find(BEN), wish(BEN, "stats.read", sso=True))


def test_what_comes_with_a_subuser_is_left_out_and_nothing_else(
    tenant: Make, connected: Make
) -> None:
    mail = tenant("sendgrid")
    mail.add_subuser("emea")
    connector = connected(mail)
    wanted = sso(BEN, "emea:mail.send")
    connector.invite(wanted)
    assert difference(connector.find(BEN), wanted) == []
    mail.dialect = mail.dialect.model_copy(
        update={"subuser_baseline": (*mail.dialect.subuser_baseline, "messages.read")}
    )
    changes = difference(connector.find(BEN), wanted)
    assert [change.named() for change in changes] == ["- role emea:messages.read"]


def test_single_sign_on_cannot_be_switched(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate(ANA, username="ana")
    mail.add_teammate(BEN, is_sso=True, first_name="Ben", last_name="Berg")
    connector = connected(mail)
    for login, wanted in ((ANA, sso(ANA)), (BEN, wish(BEN, sso=False))):
        with pytest.raises(Unsupported, match="does not switch a teammate to single sign-on"):
            connector.change(connector.find(login), wanted)
    assert mail.writes() == []


@pytest.mark.parametrize("says", [True, False])
def test_single_sign_on_is_known_from_the_username_where_it_is_not_said(
    tenant: Make, connected: Make, says: bool
) -> None:
    mail = tenant("sendgrid", listing_says_sso=says)
    mail.add_teammate(BEN, is_sso=True, first_name="Ben", last_name="Berg")
    mail.add_teammate(ANA, username="ana")
    directory = connected(mail).directory()
    assert directory.by_login(BEN).attributes["sso"] is True
    assert directory.by_login(ANA).attributes["sso"] is False


def test_a_subuser_made_since_is_found(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    connector.directory()
    mail.add_subuser("emea")
    connector.invite(sso(BEN, "emea:admin"))
    assert connector.find(BEN).roles == {"emea:admin"}


# -- API keys


def test_a_key_is_read_narrowed_and_revoked(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    id_ = mail.add_key("shop", ["mail.send", "stats.read", "2fa_required"])
    connector = connected(mail)
    key = connector.find(f"key:{id_}")
    assert (key.kind, key.roles) == (Kind.SERVICE, {"mail.send", "stats.read"})
    assert connector.fetch(key.id, ()) == key
    connector.change(key, wish(key.login, "mail.send"))
    assert connector.find(key.login).roles == {"mail.send"}
    assert mail.keys()[id_]["name"] == "shop", "the name stays"
    mail.fault("cut", method="DELETE", when="after")
    connector.remove(key, None)
    connector.remove(key, None)
    assert mail.keys().get(id_) is None
    assert connector.find(key.login) is None


def test_a_key_with_full_access_shows_every_scope(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    key = connected(mail).find(f"key:{mail.add_key('everything')}")
    assert key.roles == SCOPES - sendgrid_scopes.HARMLESS


def test_keys_are_not_made_and_never_left_without_scopes(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    connector = connected(mail)
    key = connector.find(f"key:{mail.add_key('shop', ['mail.send'])}")
    with pytest.raises(Unsupported, match="make the key in SendGrid and declare its id"):
        connector.invite(wish("key:new", "mail.send"))
    with pytest.raises(Unsupported, match="revoke the key"):
        connector.change(key, wish(key.login))
    assert mail.writes() == []


@pytest.mark.parametrize("wrapped", [True, False])
def test_one_key_is_read_in_either_shape(wrapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {"api_key_id": "Ab-c", "name": "shop", "scopes": ["mail.send"]}
    body = {"result": [record]} if wrapped else record
    with serving(serve(body)) as wire:
        key = sendgrid_at(wire.url, monkeypatch).fetch("key/Ab-c", ())
    assert (key.id, key.login, key.roles) == ("key/Ab-c", "key:ab-c", {"mail.send"})


def test_a_404_for_a_key_that_is_listed_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"result": [{"api_key_id": "k", "name": "shop"}]}
    acts = [serve(problem("not found"), 404), serve(listed)]
    with serving(*acts) as wire, pytest.raises(Refused, match="not found"):
        sendgrid_at(wire.url, monkeypatch).fetch("key/k", ())


# -- limits and errors


def test_calls_wait_until_the_limit_is_lifted(tenant: Make) -> None:
    mail = tenant("sendgrid", per_minute=10)
    clock = VirtualClock()
    mail.tell_time = clock.now
    connector: Any = connect(mail.account(), clock=clock)
    with connector.client:
        for number in range(40):
            connector.invite(wish(f"user{number}@example.com", "mail.send"))
    assert len(mail.pending()) == 40
    assert len([entry for entry in mail.log() if entry.status == 429]) == 0, "known beforehand"
    assert 120 < clock.passed < 240, "four minutes' worth of calls"


def test_a_refusal_for_too_many_calls_names_when(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    reset = f"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: {int(clock.now()) + 30}\r\n"
    acts = [serve(problem("too many requests"), 429, reset), serve({"token": "t"}, 201)]
    with serving(*acts) as wire:
        connector = sendgrid_at(wire.url, monkeypatch, clock=clock)
        assert connector.invite(wish(ANA)) == "invitation/t", "nothing was done, so it is repeated"
    assert clock.passed == pytest.approx(30)
    for_long = f"X-RateLimit-Reset: {int(clock.now()) + 3600}\r\n"
    with serving(serve(problem("too many requests"), 429, for_long)) as wire:
        connector = sendgrid_at(wire.url, monkeypatch, clock=clock)
        with pytest.raises(QuotaExhausted, match=literally("try again in 3600 s")):
            connector.invite(wish(ANA))


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, problem("one or more of given scopes are invalid", "scopes"), UnknownRole, "scopes"),
        (400, problem("Teammate already invited", "email"), AlreadyExists, "already invited"),
        (400, [{"message": "email exists", "field": "email"}], AlreadyExists, "email exists"),
        (400, problem("email is invalid", "email"), Refused, r"email is invalid \(email\)"),
        (401, problem("authorization required"), Denied, "not accepted"),
        (403, problem("access forbidden"), Denied, "lacks a scope"),
        (403, [{"message": "access forbidden", "field": None}], Denied, "lacks a scope"),
        (500, problem("internal server error"), Uncertain, "may have been carried out"),
        (400, "<html><title>Blocked</title></html>", Refused, "HTML page, title 'Blocked'"),
        (400, {"errors": []}, Refused, "400"),
        (400, {"errors": ["no record"]}, Refused, "400"),
        (201, {"email": ANA}, Uncertain, "an invitation without a token"),
    ],
)
def test_error_answers_mean_what_they_say(
    status: int, body: Any, kind: type[MartechError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(serve(body, status)) as wire, pytest.raises(MartechError, match=words) as caught:
        sendgrid_at(wire.url, monkeypatch).invite(wish(ANA, "mail.send"))
    assert type(caught.value) is kind
    assert "invite ana@example.com in account mail" in str(caught.value)
    assert "SG.key" not in str(caught.value)


# -- arguments


def test_arguments_are_normalised() -> None:
    roles = (
        "emea:mail.send",
        "emea:stats.read",
        "emea:restricted",
        "apac:stats.read",
        "2fa_exempt",
    )
    user = sendgrid.User(login=" Ana@Example.COM", roles=roles, sso=True, **NAMES)
    assert (user.login, user.roles) == (ANA, ("apac:restricted", "emea:mail.send"))
    assert user.attributes() == {"sso": True, **NAMES}
    assert sendgrid.User(login=ANA, roles=("mail.send",)).attributes() == {}
    assert sendgrid.User(login="key:Ab_c-1", roles=("mail.send",)).login == "key:ab_c-1"
    assert sendgrid.User(login=ANA, roles=("owner",)).roles == ("owner",)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"login": "ana"}, "not an e-mail address"),
        ({"login": "key:"}, "no API key"),
        ({"login": "key:a/b"}, "no API key"),
        ({"roles": ("admin", "mail.send")}, "stands alone"),
        ({"roles": ("owner", "admin")}, "stands alone"),
        ({"roles": ("restricted",)}, "on which subuser"),
        ({"roles": ("emea:mail.send",)}, "say sso=True"),
        ({"roles": ("emea:mail.send", "mail.send"), "sso": True, **NAMES}, "never both"),
        ({"roles": ("emea:mail.send", "admin"), "sso": True, **NAMES}, "stands alone"),
        ({"roles": ("emea:admin", "emea:mail.send"), "sso": True, **NAMES}, "all scopes there"),
        ({"roles": ("emea:sender_verification_legacy",), "sso": True, **NAMES}, "drops all access"),
        ({"sso": True}, "first_name"),
        ({"sso": True, "first_name": "Ben"}, "last_name"),
        ({"first_name": "Ana"}, "only with sso=True"),
        ({"login": "key:abc", "roles": ("admin",)}, "no administrator"),
        ({"login": "key:abc", "sso": True, **NAMES}, "scopes and nothing else"),
    ],
)
def test_wrong_arguments_are_refused_without_a_call(arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sendgrid.User(**{"login": ANA} | arguments)


def test_named_permission_sets_are_spread_into_roles() -> None:
    marketer = sendgrid.PermissionSet("marketer", ("marketing.read", "templates.read"))
    user = sendgrid.User(login=ANA, roles=(*marketer, "mail.send"))
    assert user.roles == ("mail.send", "marketing.read", "templates.read")
    assert marketer.on("emea") == ("emea:marketing.read", "emea:templates.read")
    assert len(marketer) == 2
    with pytest.raises(TypeError, match="a tuple of names"):
        sendgrid.PermissionSet("marketer", "marketing.read")  # type: ignore[arg-type]


def test_a_permission_set_changes_nothing_on_the_wire(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    marketer = sendgrid.PermissionSet("marketer", ("marketing.read", "templates.read"))
    connected(mail).invite(wish(ANA, *marketer))
    assert json.dumps(mail.writes()[0].body).count("marketer") == 0
    assert mail.pending()[ANA]["scopes"] == sorted(marketer)
