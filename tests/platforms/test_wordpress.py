"""WordPress: each trap of the fact sheet, on the sandbox or on answers by hand."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    Malformed,
    MartechError,
    Refused,
    Uncertain,
    UnknownRole,
)
from pulumi_martech.model.membership import Membership, Wish, difference
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.platforms import wordpress
from pulumi_martech.platforms.registry import connect
from tests.platforms.support import serve, wordpress_at
from tests.transport.support import serving

Make = Callable[..., Any]
PASSWORD = "word-press-password"


def wish(login: str, *roles: str, **attributes: str) -> Wish:
    return Wish(
        login=login,
        roles={role: role for role in roles},
        attributes={"email": f"{login}@example.com", **attributes},
    )


def problem(code: str, message: str = "Sorry.", status: int | None = 400, **data: Any) -> Any:
    return {
        "code": code,
        "message": message,
        "data": {"status": status, **data} if status else None,
    }


# -- reading


def test_a_directory_costs_its_pages_and_nothing_more(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_users(
        {"username": f"user{number}", "email": f"user{number}@example.com", "roles": ["author"]}
        for number in range(250)
    )
    directory = connected(site).directory()
    assert len(directory.memberships) == 251
    assert directory.roles is UNKNOWN
    assert site.calls() == {"GET /wp-json/wp/v2/users": 3}


def test_users_are_listed_with_what_only_editing_shows(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_user("Ana", email="Ana@Example.com", roles=["editor", "author"], name="Tom & Ana")
    ana = connected(site).directory().by_login("ana")
    assert ana is not None
    assert (ana.email, ana.roles) == ("ana@example.com", {"editor", "author"})
    assert ana.attributes["name"] == "Tom & Ana"
    assert all("context=edit" in entry.query for entry in site.log())


def test_users_who_come_between_two_pages_shift_nobody(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress", page_cap=100)
    site.add_users(
        {"username": f"user{number:03}", "email": f"user{number}@example.com", "roles": []}
        for number in range(150)
    )
    seen = site.answer

    def adding(call: Any, handlers: Any) -> Any:
        found = seen(call, handlers)
        site.answer = seen
        site.add_user("aaa", email="aaa@example.com")  # first, were the order by name
        return found

    site.answer = adding
    logins = [member.login for member in connected(site).directory().memberships]
    assert len(logins) == len(set(logins)) == 152


def test_someone_who_leaves_between_two_pages_takes_nobody_along(
    tenant: Make, connected: Make
) -> None:
    site = tenant("wordpress")
    site.add_users(
        {"username": f"user{number:03}", "email": f"user{number}@example.com", "roles": []}
        for number in range(150)
    )
    seen = site.answer

    def removing(call: Any, handlers: Any) -> Any:
        found = seen(call, handlers)
        site.answer = seen
        site.remove_user("user000")
        return found

    site.answer = removing
    logins = {member.login for member in connected(site).directory().memberships}
    assert {f"user{number:03}" for number in range(1, 150)} <= logins


def test_more_hits_than_a_page_has_do_not_hide_the_one(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_users(
        {"username": f"ana{number}", "email": f"ana{number}@example.com", "roles": []}
        for number in range(120)
    )
    site.add_user("ana", email="z@example.com")
    found = connected(site).find("ANA")
    assert found is not None
    assert found.email == "z@example.com"


def test_a_caller_without_rights_is_told_which(
    tenant: Make, connected: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tenant("wordpress")
    assert connected(site).whoami().missing == ()
    site.add_user("eve", roles=["editor"])
    password = site.add_password("eve", "tool")
    monkeypatch.setenv("EVE", password)
    credentials = {"kind": "basic", "username": "eve", "password": "env:EVE"}
    account = site.account().model_dump() | {"credentials": credentials}
    connector = connect(AccountConfig.model_validate(account))
    caller = connector.whoami()
    assert (caller.login, caller.missing) == ("eve", wordpress.RIGHTS)
    with pytest.raises(Denied, match="not allowed"):
        connector.directory()
    with pytest.raises(Denied, match="not allowed to create"):
        connector.invite(wish("new"))


def test_wrong_credentials_are_named_although_wordpress_speaks_of_rights(
    tenant: Make, connected: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tenant("wordpress")
    monkeypatch.setenv(f"{site.key.upper()}_PASSWORD", "wrong password")
    connector = connected(site)
    for look in (connector.directory, connector.whoami, lambda: connector.find("admin")):
        with pytest.raises(Denied, match="user name or application password was not accepted"):
            look()


def test_records_that_lack_what_they_should_have(monkeypatch: pytest.MonkeyPatch) -> None:
    users = [
        {"id": 1, "name": "Only public fields", "slug": "x"},
        {"id": 2, "username": "ana", "roles": {"1": "editor"}},
        {"id": 3, "username": "ben", "email": "", "roles": []},
        {"id": 4, "username": "cleo", "email": "c@example.com"},
        "no record",
    ]
    headers = "X-WP-Total: 5\r\nX-WP-TotalPages: 1\r\n"
    with serving(serve(users, headers=headers)) as wire:
        directory = wordpress_at(wire.url, monkeypatch).directory()
    ana, ben, cleo = directory.memberships
    assert (ana.roles, ana.email) == ({"editor"}, UNKNOWN), "PHP wrote a list with gaps"
    assert (ben.roles, ben.email) == (frozenset(), None)
    assert cleo.roles is UNKNOWN
    assert directory.unreadable == ("a user with id 1 and no user name",)


def test_pages_are_read_where_a_proxy_drops_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = [[{"id": 1, "username": "ana", "roles": []}], [{"id": 2, "username": "ben"}], []]
    with serving(*map(serve, pages)) as wire:
        directory = wordpress_at(wire.url, monkeypatch).directory()
    assert [member.login for member in directory.memberships] == ["ana", "ben"]


@pytest.mark.parametrize(
    "act",
    [
        serve("<html><title>Not found</title></html>", 404),
        serve(problem("rest_no_route", "No route was found", 404), 404),
        serve({"message": "not here"}, 404),
        serve("", 404),
    ],
    ids=["html", "no-route", "other-json", "empty"],
)
def test_a_404_that_is_not_about_the_user_is_never_read_as_gone(
    act: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = Membership(id="2", login="ana")
    with serving(act) as wire:
        connector = wordpress_at(wire.url, monkeypatch)
        for call in (
            lambda: connector.fetch("2", ()),
            lambda: connector.remove(ana, "1"),
            lambda: connector.find("ana"),
            connector.directory,
        ):
            with pytest.raises((Malformed, Refused)) as caught:
                call()
            assert "url" in str(caught.value) or "404" in str(caught.value)


def test_a_read_that_fails_raises(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    connector = connected(site)
    for kind, words in (
        ("html", "HTML"),
        ("truncated", "no whole JSON"),
        ("large", "5,000,000 bytes"),
    ):
        site.fault(kind, status=200)
        with pytest.raises(Malformed, match=words):
            connector.directory()
    site.clear_faults()
    site.add_users(
        {"username": f"user{n}", "email": f"user{n}@example.com", "roles": []} for n in range(120)
    )
    site.fault("short", keep=1)
    assert len(connector.directory().memberships) == 1, "believed here, judged by reconcile"
    site.fault("endless", times=None)
    with pytest.raises(Malformed):
        connector.directory()


# -- writing


def test_a_password_is_random_and_neither_kept_nor_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(serve({"id": 7}, 201)) as wire:
        connector = wordpress_at(wire.url, monkeypatch)
        for login in ("ana", "ben"):
            assert connector.invite(wish(login, "editor")) == "7"
    bodies = [json.loads(request.body) for request in wire.requests]
    first, second = (body.pop("password") for body in bodies)
    assert first != second
    assert min(len(first), len(second)) >= 40
    assert "\\" not in first + second, "WordPress refuses that character"
    assert bodies[0] == {"username": "ana", "email": "ana@example.com", "roles": ["editor"]}
    assert first not in repr(vars(connector))


def test_roles_are_replaced_as_a_whole_and_only_when_they_differ(
    tenant: Make, connected: Make
) -> None:
    site = tenant("wordpress")
    site.add_user("ana", roles=["editor", "author"])
    connector = connected(site)
    ana, mark = connector.find("ana"), site.mark()
    connector.change(ana, wish("ana", "author", "editor"))
    assert site.writes(mark) == []
    connector.change(ana, wish("ana", "author", "editor", last_name="Berg"))
    connector.change(ana, wish("ana", "author"))
    assert [write.body for write in site.writes(mark)] == [
        {"last_name": "Berg"},
        {"roles": ["author"]},
    ]
    assert site.members("editor") == []


def test_unknown_roles_of_a_live_user_are_left_alone(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_user("ana", roles=["editor"])
    connector = connected(site)
    ana = connector.find("ana").model_copy(update={"roles": UNKNOWN})
    connector.change(ana, wish("ana", first_name="Ana"))
    assert site.members("editor") == ["ana"]


def test_an_address_that_differs_in_case_is_no_change(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_user("ana", email="ANA@example.com", roles=["editor"])
    declared = wordpress.User(login="ana", email="Ana@Example.com", roles=("editor",))
    live = connected(site).find("ana")
    wanted = Wish(login="ana", roles={"editor": "editor"}, attributes=declared.attributes())
    assert difference(live, wanted) == []


def test_content_goes_to_the_successor(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_user("ana", roles=["author"])
    site.add_post("ana", "Launch")
    site.add_user("ben", roles=["author"])
    connector = connected(site)
    connector.remove(connector.find("ana"), connector.find("ben").id)
    assert [post["title"] for post in site.posts("ben")] == ["Launch"]


def test_nothing_is_ever_deleted_with_its_content(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_user("ana", roles=["author"])
    site.add_post("ana", "Launch")
    connector = connected(site)
    ana = connector.find("ana")
    for successor in (None, "", ana.id):
        with pytest.raises(MartechError, match="name a `successor`"):
            connector.remove(ana, successor)
    assert site.writes() == []
    assert site.posts("ana")


def test_writes_that_are_cut_off(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    connector = connected(site)
    site.fault("cut", method="POST", when="after")
    with pytest.raises(Uncertain):
        connector.invite(wish("ana", "editor"))
    assert len(site.writes()) == 1, "a create is never repeated blindly"
    ana = connector.find("ana")
    site.fault("cut", method="POST", when="after")
    connector.change(ana, wish("ana", "author"))
    site.fault("cut", method="DELETE", when="after")
    connector.remove(ana, "1")
    assert set(site.users()) == {"admin"}


def test_a_dropped_write_shows_when_read_back(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_user("ana", roles=["editor"])
    connector = connected(site)
    site.fault("dropped", method="POST")
    connector.change(connector.find("ana"), wish("ana", "author"))
    assert connector.find("ana").roles == {"editor"}


# -- error answers


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (500, problem("existing_user_login", "Exists!", None), AlreadyExists, "Exists!"),
        (500, problem("existing_user_email", "Used!", None), AlreadyExists, "Used!"),
        (500, problem("user_login_too_long", "Too long.", None), Refused, "Too long"),
        (500, problem("internal_server_error", "<p>Critical</p>", 500), Uncertain, "carried out"),
        (400, problem("rest_user_invalid_role", "The role x is not."), UnknownRole, "role x"),
        (403, problem("rest_user_invalid_role", "Not allowed.", 403), Denied, "Not allowed"),
        (403, problem("rest_cannot_create_user", "Not allowed.", 403), Denied, "Not allowed"),
        (401, problem("rest_forbidden_context", "Not allowed.", 401), Denied, "was not accepted"),
        (400, problem("rest_user_invalid_email", "Invalid."), Refused, "another user has it"),
        (
            400,
            problem("rest_invalid_param", "Invalid parameter(s): locale", params={"locale": "no"}),
            Refused,
            r"locale: no",
        ),
        (400, "<html><title>Blocked</title></html>", Refused, "HTML page, title 'Blocked'"),
        (503, "<html><title>Maintenance</title></html>", Uncertain, "Maintenance"),
    ],
)  # fmt: skip
def test_error_answers_mean_what_they_say(
    status: int, body: Any, kind: type[MartechError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(serve(body, status)) as wire, pytest.raises(MartechError, match=words) as caught:
        wordpress_at(wire.url, monkeypatch).invite(wish("ana", "editor"))
    assert type(caught.value) is kind
    assert "create user ana in account site" in str(caught.value)
    assert PASSWORD not in str(caught.value)


# -- arguments


def test_arguments_are_normalised() -> None:
    user = wordpress.User(login=" Ana.B ", email="Ana@Example.COM", name=" Ana   B ")
    assert (user.login, user.email, user.name) == ("Ana.B", "ana@example.com", "Ana B")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"login": "ana"}, "email"),
        ({"email": "nobody"}, "not an e-mail address"),
        ({"login": "ünal"}, "letters without accents"),
        ({"login": "a  b"}, "single spaces"),
        ({"login": "a/b"}, "no WordPress user name"),
        ({"login": "😀"}, "no WordPress user name"),
        ({"login": "x" * 61}, "at most 60"),
        ({"name": "x" * 251}, "at most 250"),
        ({"name": ""}, "at least 1"),
        ({"name": "<b>Ana</b>"}, "WordPress changes"),
        ({"first_name": "100%41"}, "WordPress changes"),
        ({"last_name": "AT&amp;T"}, "WordPress changes"),
        ({"locale": "German"}, "locale"),
    ],
)
def test_wrong_arguments_are_refused_without_a_call(arguments: Any, words: str) -> None:
    given = {"login": "ana", "email": "ana@example.com"} | arguments
    if arguments == {"login": "ana"}:
        del given["email"]
    with pytest.raises(ValidationError, match=words):
        wordpress.User(**given)
