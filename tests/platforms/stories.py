"""What a connector does to a real product, told once: live, and again from recordings.

A story has nothing but the connector, begins with an empty account (only the administrator, where
the product has one), and uses invented people at reserved domains.
"""

from collections.abc import Callable, Mapping
from typing import Any
from unittest.mock import patch

import pytest

from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    InvalidDeclaration,
    NotThere,
    Refused,
    Uncertain,
    UnknownRole,
)
from pulumi_martech.model.membership import Membership, NativeRole, Status, Wish, difference
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.platforms import scim, scim_wire, wordpress

Story = Callable[[Any], None]

STRANGE_NAMES = {
    "ampersand": "Tom & Ana",
    "less-than": "a < b",
    "quotes": 'Seán "Jack" O\'Neil',
    "backslash": "back\\slash",
    "emoji": "Zoë 😀",
    "right-to-left": "מרים כהן",
}


def _there(found: Membership | None) -> Membership:
    assert found is not None
    return found


def _scim_groups(connector: scim.Connector, *names: str) -> dict[str, str]:
    return {name: connector.create_role(scim.Role(name=name)) for name in names}


def scim_life_of_a_user(connector: scim.Connector) -> None:
    groups = _scim_groups(connector, "Editors", "Writers")
    declared = scim.User(
        login="Ana@example.com",
        display_name="Ana",
        given_name="Ana",
        email="Ana@Example.com",
        user_type="Contractor",
    )
    wish = Wish(
        login="ana@example.com",
        roles={"Editors": groups["Editors"]},
        attributes=declared.attributes(),
    )
    id_ = connector.invite(wish)
    made = _there(connector.find("ANA@example.com"))
    assert (made.id, made.login, made.status) == (id_, "ana@example.com", Status.ACTIVE)
    assert difference(made, wish) == []

    other = Wish(
        login="ana.b@example.com",
        roles={"Writers": groups["Writers"]},
        attributes={"email": "ana.b@example.com", "given_name": "", "title": "Dr"},
    )
    connector.change(made, other)
    looked_at = [NativeRole(id=id_, name=name) for name, id_ in groups.items()]
    changed = _there(connector.fetch(id_, looked_at))
    assert changed.login == "ana.b@example.com"
    assert difference(changed, other) == []
    assert "given_name" not in changed.attributes
    assert changed.attributes["display_name"] == "Ana", "what is not declared is left alone"

    connector.deactivate(changed)
    off = _there(connector.find("ana.b@example.com"))
    assert off.status is Status.DEACTIVATED
    assert off.roles == {"Writers"}
    connector.change(off, other.model_copy(update={"attributes": {"active": True}}))
    assert _there(connector.fetch(id_, ())).status is Status.ACTIVE

    connector.remove(off, None)
    connector.remove(off, None)
    assert connector.fetch(id_, ()) is None
    assert connector.find("ana.b@example.com") is None


def scim_removed_user_stays_in_its_group(connector: scim.Connector) -> None:
    wish = Wish(login="ana@example.com", roles=_scim_groups(connector, "Editors"))
    id_ = connector.invite(wish)
    connector.remove(_there(connector.fetch(id_, ())), None)
    directory = connector.directory()
    assert directory.memberships == ()
    assert any("1 members that are no listed users" in spot for spot in directory.blind_spots)


def scim_groups_are_roles(connector: scim.Connector) -> None:
    groups = _scim_groups(connector, "Editors", "editors", 'Q3 "Launch" \\ team')
    for name, id_ in groups.items():
        assert connector.find_role(name) == NativeRole(id=id_, name=name)
    assert connector.find_role("EDITORS") is None

    wish = Wish(login="ben@example.com", roles=groups)
    id_ = connector.invite(wish)
    connector.change_role(groups["Editors"], scim.Role(name="Authors"))
    assert _there(connector.find("ben@example.com")).roles == {
        "Authors",
        "editors",
        'Q3 "Launch" \\ team',
    }
    connector.remove_role(groups["Editors"])
    connector.remove_role(groups["Editors"])
    left = _there(connector.find("ben@example.com"))
    assert (left.id, left.roles) == (id_, {"editors", 'Q3 "Launch" \\ team'})
    connector.change(left, Wish(login="ben@example.com", roles={}))
    assert _there(connector.find("ben@example.com")).roles == frozenset()

    _scim_groups(connector, "Twins", "Twins")
    with pytest.raises(UnknownRole, match="2 groups have this name"):
        connector.find_role("Twins")


def scim_duplicates_and_strangers(connector: scim.Connector) -> None:
    connector.invite(Wish(login="cleo@example.com", roles={}))
    with pytest.raises(AlreadyExists):
        connector.invite(Wish(login="CLEO@example.com", roles={}))
    assert connector.find("nobody@example.com") is None
    assert connector.fetch("no-such-id", ()) is None
    gone = NativeRole(id="no-such-group", name="Gone")
    cleo = _there(connector.find("cleo@example.com"))
    assert _there(connector.fetch(cleo.id, [gone])).roles == frozenset()


def scim_strange_logins(connector: scim.Connector) -> None:
    logins = ['q"uote\\d', "with space", "мария@example.com", "😀@example.com", "x" * 300]
    for login in logins:
        id_ = connector.invite(Wish(login=login, roles={}, attributes={"display_name": login}))
        found = _there(connector.find(login))
        assert (found.id, found.login) == (id_, login)
        assert found.attributes["display_name"] == login


def scim_pages(connector: scim.Connector) -> None:
    logins = {f"user{number}@example.com" for number in range(5)}
    for login in sorted(logins):
        connector.invite(Wish(login=login, roles={}))
    before = connector.client.counts.calls.get("GET", 0)
    with patch.object(scim_wire, "PAGE", 2):
        directory = connector.directory()
    assert {member.login for member in directory.memberships} == logins
    read = connector.client.counts.calls.get("GET", 0) - before
    assert read == 3 + 1, "pages of users, one of groups"


def scim_nobody_can_be_named(connector: scim.Connector) -> None:
    caller = connector.whoami()
    assert caller.login is None
    assert "cannot tell" in caller.note


def scim_what_hangs_on_a_user(connector: scim.Connector) -> None:
    groups = _scim_groups(connector, "Alone", "Together")
    ana = connector.invite(Wish(login="ana@example.com", roles=groups))
    connector.invite(Wish(login="ben@example.com", roles={"Together": groups["Together"]}))
    for name in ("cleo", "dan"):
        body = {
            "schemas": [scim.USER, scim.ENTERPRISE],
            "userName": f"{name}@example.com",
            scim.ENTERPRISE: {"manager": {"value": ana}},
        }
        connector.client.post("/Users", tried="make somebody who is led", json=body)
    people = [_there(connector.find(f"{name}@example.com")) for name in ("ana", "ben")]
    found = connector.belongings(people)
    assert [str(one) for one in found[ana]] == [
        "groups without another member: 1 (Alone)",
        "people whose manager it is: 2",
    ]
    assert [one.count for one in found[people[1].id]] == [0, 0]
    connector.remove(people[0], None)
    cleo = _there(connector.find("cleo@example.com"))
    left = connector.client.get(f"/Users/{cleo.id}", tried="look at who was led").json()
    assert left[scim.ENTERPRISE]["manager"]["value"] == ana, "it names somebody who is gone"


def wordpress_life_of_a_user(connector: wordpress.Connector) -> None:
    declared = wordpress.User(
        login="Ana.B",
        email="Ana@Example.com",
        name="Ana",
        first_name="Ana",
        roles=("editor", "campaign_editor"),
    )
    wish = Wish(
        login="ana.b",
        roles={role: role for role in declared.roles},
        attributes=declared.attributes(),
    )
    id_ = connector.invite(wish)
    made = _there(connector.find("ANA.B"))
    assert (made.id, made.login, made.email) == (id_, "ana.b", "ana@example.com")
    assert difference(made, wish) == []

    other = Wish(
        login="ana.b",
        roles={"author": "author"},
        attributes={"email": "ana.b@example.com", "first_name": "", "last_name": "Berg"},
    )
    connector.change(made, other)
    changed = _there(connector.fetch(id_, ()))
    assert difference(changed, other) == []
    assert changed.attributes["name"] == "Ana", "what is not declared is left alone"
    connector.change(changed, Wish(login="ana.b", roles={}))
    assert _there(connector.fetch(id_, ())).roles == frozenset()

    admin = _there(connector.find("admin"))
    for successor in (None, "", id_):
        with pytest.raises(InvalidDeclaration, match="name a `successor`"):
            connector.remove(changed, successor)
    with pytest.raises(Refused, match="reassignment"):
        connector.remove(changed, "99999")
    assert connector.fetch(id_, ()) is not None
    connector.remove(changed, admin.id)
    connector.remove(changed, admin.id)
    assert connector.fetch(id_, ()) is None
    assert connector.find("ana.b") is None


def wordpress_no_role_is_no_role(connector: wordpress.Connector) -> None:
    wish = Wish(login="ben", roles={}, attributes={"email": "ben@example.com"})
    assert _there(connector.fetch(connector.invite(wish), ())).roles == frozenset()


def wordpress_names_come_back_as_written(connector: wordpress.Connector) -> None:
    for key, name in STRANGE_NAMES.items():
        declared = wordpress.User(
            login=key, email=f"{key}@example.com", name=name, first_name=name, last_name=name
        )
        wish = Wish(login=key, roles={}, attributes=declared.attributes())
        made = _there(connector.fetch(connector.invite(wish), ()))
        assert difference(made, wish) == [], key


def wordpress_user_names_with_an_at_sign(connector: wordpress.Connector) -> None:
    wish = Wish(login="mia@example.org", roles={}, attributes={"email": "other@example.com"})
    id_ = connector.invite(wish)
    assert _there(connector.find("mia@example.org")).id == id_
    assert connector.find("other@example.com") is None, "the address is no login"
    assert connector.find("mia") is None, "part of a user name is another user name"


def wordpress_duplicates(connector: wordpress.Connector) -> None:
    connector.invite(Wish(login="cleo", roles={}, attributes={"email": "cleo@example.com"}))
    for login, email in (("CLEO", "new@example.com"), ("cleo2", "CLEO@example.com")):
        with pytest.raises(AlreadyExists, match="already") as caught:
            connector.invite(Wish(login=login, roles={}, attributes={"email": email}))
        assert caught.value.status == 500
    assert connector.find("cleo2") is None


def wordpress_unknown_role(connector: wordpress.Connector) -> None:
    wish = Wish(login="dan", roles={"nope": "nope"}, attributes={"email": "dan@example.com"})
    with pytest.raises(UnknownRole, match="role nope does not exist"):
        connector.invite(wish)
    assert connector.find("dan") is None
    connector.invite(wish.model_copy(update={"roles": {"editor": "editor"}}))
    dan = _there(connector.find("dan"))
    with pytest.raises(UnknownRole):
        connector.change(dan, Wish(login="dan", roles={"author": "author", "nope": "nope"}))
    assert _there(connector.find("dan")).roles == {"editor"}


def wordpress_refusals(connector: wordpress.Connector) -> None:
    connector.invite(Wish(login="eve", roles={}, attributes={"email": "eve@example.com"}))
    eve, admin = _there(connector.find("eve")), _there(connector.find("admin"))
    with pytest.raises(Refused, match="another user has it"):
        connector.change(eve, Wish(login="eve", roles={}, attributes={"email": admin.email}))
    with pytest.raises(Refused, match="locale is not one of"):
        connector.change(eve, Wish(login="eve", roles={}, attributes={"locale": "de_DE"}))
    with pytest.raises(InvalidDeclaration, match="cannot rename"):
        connector.change(eve, Wish(login="eva", roles={}))
    with pytest.raises(Denied, match="not allowed to give users that role"):
        connector.change(admin, Wish(login="admin", roles={"editor": "editor"}))
    with pytest.raises(Refused, match="longer than 60"):
        connector.invite(Wish(login="x" * 61, roles={}, attributes={"email": "x@example.com"}))
    with pytest.raises(InvalidDeclaration, match="declare `email`"):
        connector.invite(Wish(login="flo", roles={}))
    assert connector.find("admin") == admin
    assert connector.find("eve") == eve
    assert connector.fetch("99999", ()) is None


def wordpress_names_too_long(connector: wordpress.Connector) -> None:
    long = {"name": "x" * 251, "email": "gus@example.com"}
    with pytest.raises(Uncertain, match="it may have been carried out"):
        connector.invite(Wish(login="gus", roles={}, attributes=long))
    assert connector.find("gus") is None, "nobody was made, whatever it answered"
    connector.invite(Wish(login="gus", roles={}, attributes={"email": "gus@example.com"}))
    gus = _there(connector.find("gus"))
    connector.change(gus, Wish(login="gus", roles={}, attributes={"name": "x" * 251}))
    assert connector.find("gus") == gus, "a yes that changed nothing: only reading back shows it"


def wordpress_pages(connector: wordpress.Connector) -> None:
    logins = {f"user{number}" for number in range(4)}
    for login in sorted(logins, reverse=True):
        connector.invite(Wish(login=login, roles={}, attributes={"email": f"{login}@example.com"}))
    before = connector.client.counts.calls.get("GET", 0)
    with patch.object(wordpress, "PAGE", 2):
        directory = connector.directory()
    assert {member.login for member in directory.memberships} == {*logins, "admin"}
    ids = [int(member.id) for member in directory.memberships]
    assert ids == sorted(ids), "in the order of ids, so that a new user comes last"
    assert connector.client.counts.calls.get("GET", 0) - before == 3
    assert directory.roles is UNKNOWN


def wordpress_what_hangs_on_a_user(connector: wordpress.Connector) -> None:
    def write(kind: str, author: str, status: str) -> str:
        body = {"title": status, "status": status, "author": int(author)}
        params = {"_fields": "id"}
        made = connector.client.post(f"/wp/v2/{kind}", tried="write", json=body, params=params)
        return str(made.json()["id"])

    def look(kind: str, id_: str) -> tuple[str, str]:
        params = {"context": "edit", "_fields": "author,status"}
        seen = connector.client.get(f"/wp/v2/{kind}/{id_}", tried="look", params=params).json()
        return str(seen["author"]), seen["status"]

    for login in ("eve", "flo"):
        attributes = {"email": f"{login}@example.com"}
        connector.invite(Wish(login=login, roles={"author": "author"}, attributes=attributes))
    eve, flo = _there(connector.find("eve")), _there(connector.find("flo"))
    posts = [write("posts", eve.id, s) for s in ("publish", "draft", "pending", "private", "draft")]
    page = write("pages", eve.id, "private")
    write("blocks", eve.id, "publish")
    tried, gone = "put it into the bin", {"_fields": "status"}
    connector.client.delete(f"/wp/v2/posts/{posts[4]}", tried=tried, params=gone)
    path = f"/wp/v2/users/{eve.id}/application-passwords"
    body, shown = {"name": "tool"}, {"_fields": "name"}
    connector.client.post(path, tried="make a password", json=body, params=shown)

    everything = ["posts: 5 (1 draft, 1 pending, 1 private, 1 trash)", "pages: 1 (1 private)"]
    found = connector.belongings([eve, flo])
    assert [str(one) for one in found[eve.id]] == [
        *everything,
        "media: 0",
        "other content: 0",
        "application passwords: 1",
    ]
    assert [one.count for one in found[flo.id]] == [0] * 5, (
        "asked for the author of a block WordPress answers with everybody's"
    )
    connector.remove(eve, flo.id)
    assert [look("posts", post) for post in posts] == [
        (flo.id, status) for status in ("publish", "draft", "pending", "private", "trash")
    ]
    assert look("pages", page) == (flo.id, "private")
    connector.remove_with_content(flo)
    connector.remove_with_content(flo)
    assert [look("posts", post) for post in posts[:4]] == [(flo.id, "trash")] * 4
    with pytest.raises(NotThere):
        look("posts", posts[4])


def wordpress_administrator_is_known(connector: wordpress.Connector) -> None:
    caller = connector.whoami()
    assert (caller.login, caller.missing) == ("admin", ())


def _named(*stories: Callable[..., None]) -> Mapping[str, Story]:
    return {story.__name__.partition("_")[2]: story for story in stories}


STORIES: Mapping[str, Mapping[str, Story]] = {
    "scim": _named(
        scim_life_of_a_user,
        scim_removed_user_stays_in_its_group,
        scim_groups_are_roles,
        scim_duplicates_and_strangers,
        scim_strange_logins,
        scim_pages,
        scim_nobody_can_be_named,
        scim_what_hangs_on_a_user,
    ),
    "wordpress": _named(
        wordpress_life_of_a_user,
        wordpress_no_role_is_no_role,
        wordpress_names_come_back_as_written,
        wordpress_user_names_with_an_at_sign,
        wordpress_duplicates,
        wordpress_unknown_role,
        wordpress_refusals,
        wordpress_names_too_long,
        wordpress_pages,
        wordpress_administrator_is_known,
        wordpress_what_hangs_on_a_user,
    ),
}

ALL = [(platform, name) for platform, stories in STORIES.items() for name in stories]
