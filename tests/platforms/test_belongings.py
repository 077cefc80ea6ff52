"""What hangs on a person, as each platform shows it, and what is unknown and why."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hubspot import HubSpot

from pulumi_martech.model.errors import Denied, Malformed
from pulumi_martech.model.membership import Membership
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.platforms import base, scim, wordpress_content
from pulumi_martech.platforms.registry import PLATFORMS, connect
from pulumi_martech.sandbox.hubspot_portal import SCOPES
from tests.platforms.hubspot_spec import Checked
from tests.platforms.support import scim_at, serve, wordpress_at
from tests.transport.support import serving

Make = Callable[..., Any]
ANA = Membership(id="7", login="ana@example.com")


def told(found: Any, member: Membership) -> list[str]:
    return [str(one) for one in found[member.id]]


WITH_API = sorted(name for name, one in PLATFORMS.items() if not one.manifest.attested)


def test_without_an_api_nothing_is_counted() -> None:
    for name in PLATFORMS.keys() - WITH_API:
        assert not any(kind.shown for kind in PLATFORMS[name].manifest.hangs_on_person)


@pytest.mark.parametrize("platform", WITH_API)
def test_a_connector_shows_the_kinds_that_its_manifest_says(
    platform: str, tenant: Make, connected: Make
) -> None:
    manifest = PLATFORMS[platform].manifest
    shown = [kind.what for kind in manifest.hangs_on_person if kind.shown]
    passed_on = any(kind.passed_on for kind in manifest.hangs_on_person)
    assert len({kind.what for kind in manifest.hangs_on_person}) == len(manifest.hangs_on_person)
    account = tenant(platform)
    connector = connected(account)
    assert isinstance(connector, base.ShowsBelongings) == bool(shown)
    assert isinstance(connector, base.RemovesContent) == passed_on == manifest.needs_successor
    if not shown:
        return
    add = account.add_teammate if platform == "sendgrid" else account.add_user
    add("ana@example.com")
    member = connector.find("ana@example.com")
    mark = account.mark()
    found = connector.belongings([member])
    assert [one.what for one in found[member.id]] == shown
    assert all(one.count == 0 for one in found[member.id])
    assert connector.belongings([]) == {}
    assert account.writes(mark) == []


# -- WordPress


def test_media_and_what_is_not_listed_by_pages_are_counted_too(
    tenant: Make, connected: Make
) -> None:
    site = tenant("wordpress")
    connector = connected(site)
    site.add_user("ana", roles=["author"])
    for kind, status in (("attachment", ""), ("attachment", "trash"), ("wp_template", "")):
        site.add_post("ana", "Logo", kind=kind, status=status)
    site.add_post("admin", "Front", kind="wp_template")
    ana = connector.find("ana")
    assert told(connector.belongings([ana]), ana)[2:4] == [
        "media: 2 (1 trash)",
        "other content: 1 (templates: 1)",
    ]


def test_more_than_a_page_is_counted_by_what_the_site_says(tenant: Make, connected: Make) -> None:
    site = tenant("wordpress")
    site.add_user("ana", roles=["author"])
    for number in range(130):
        site.add_post("ana", f"Post {number}")
    connector = connected(site)
    ana = connector.find("ana")
    mark = site.mark()
    assert told(connector.belongings([ana]), ana)[0] == "posts: 130"
    assert sum(site.calls(mark).values()) == 6


def test_credentials_that_may_see_less_leave_it_unknown(
    tenant: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tenant("wordpress")
    site.add_role("people", ["read", "list_users", "edit_users"])
    site.add_user("lea", roles=["people"])
    config = site.account()
    lea = config.credentials.model_copy(update={"username": "lea"})
    monkeypatch.setenv(lea.password.removeprefix("env:"), site.add_password("lea", "tool"))
    connector: Any = connect(config.model_copy(update={"credentials": lea}))
    admin = connector.find("admin")
    found = {one.what: one for one in connector.belongings([admin])[admin.id]}
    unknown = [what for what, one in found.items() if one.count is UNKNOWN]
    assert unknown == ["posts", "pages", "media", "other content"]
    assert "Status is forbidden" in found["posts"].detail
    assert found["application passwords"].count == 1


def test_kinds_of_plugins_are_counted_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    author = {"author": True}
    kinds: dict[str, Any] = {
        f"kind{n}": {"rest_base": f"kind{n}", "rest_namespace": "shop/v1", "supports": author}
        for n in range(4)
    }
    kinds |= {
        "no_author": {"rest_base": "no-author", "supports": {"title": True}},
        "odd": "nothing",
    }
    total = "X-WP-Total: {}\r\n"
    own = serve([{"author": 7, "status": "publish"}], headers=total.format(3))
    others = serve([{"author": 7}, {"author": 8}], headers=total.format(2))
    none = serve([], headers=total.format(0))
    refused = serve({"code": "no", "message": "No such status.", "data": {"status": 400}}, 400)
    answers = (serve(kinds), none, none, none, own, others, refused, serve([]))
    with serving(*answers) as wire, patch.object(wordpress_content, "MOST_KINDS", 3):
        found = wordpress_at(wire.url, monkeypatch).belongings([ANA])["7"]
    assert found[3].count is UNKNOWN
    assert found[3].detail == (
        "kind0: 3; kind1: unknown (the site does not list them by author); "
        "kind2: unknown (No such status.); 1 more kinds were not counted"
    )
    assert "/shop/v1/kind0?author=7&status=any%2Ctrash" in wire.requests[4].target


def test_an_answer_that_is_no_list_is_an_error_and_not_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(serve({}), serve({"posts": []})) as wire:
        connector = wordpress_at(wire.url, monkeypatch)
        with pytest.raises(Malformed):
            connector.belongings([ANA])


# -- SCIM


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (serve({"scimType": "invalidFilter", "status": "400"}, 400), "does not look for managers"),
        (serve({"totalResults": 1, "Resources": [{"id": "8"}]}), "passes the filter over"),
    ],
)
def test_a_server_that_knows_no_managers_leaves_them_unknown(
    answer: Any, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(serve({"totalResults": 0}), answer) as wire:
        found = scim_at(wire.url, monkeypatch).belongings([ANA])["7"]
    assert [one.count for one in found] == [0, UNKNOWN]
    assert detail in found[1].detail


def test_managers_are_read_in_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    led = [
        {"id": "8", scim.ENTERPRISE: {"manager": {"value": "7"}}},
        {"id": "9", scim.ENTERPRISE.upper(): {"Manager": "7"}},
    ]
    with serving(serve({}, 404), serve({"totalResults": "2", "Resources": led})) as wire:
        found = scim_at(wire.url, monkeypatch).belongings([ANA])["7"]
    assert found[0].count is UNKNOWN, "a server without groups"
    assert found[1].count == 2


# -- HubSpot


def test_what_a_person_owns_in_the_crm_is_counted(
    tenant: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tenant("hubspot")
    for name in ("ana", "ben"):
        hub.add_user(f"{name}@example.com")
    for kind, count in (("contacts", 3), ("deals", 1), ("tickets", 2)):
        hub.add_owned("ana@example.com", kind, count)
    hub.add_owned("ben@example.com", "contacts", 4)
    connector: Any = connect(hub.account(), transport=Checked(hub.url))
    ana, ben = (connector.find(f"{name}@example.com") for name in ("ana", "ben"))
    mark = hub.mark()
    found = connector.belongings([ana, ben])
    assert told(found, ana) == ["contacts: 3", "companies: 0", "deals: 1", "tickets: 2"]
    assert told(found, ben)[0] == "contacts: 4"
    assert sum(hub.calls(mark).values()) == 10

    official = HubSpot(access_token=hub.credentials.token, host=hub.url)
    (owner,) = official.crm.owners.owners_api.get_page(email="ana@example.com").results
    assert (owner.email, owner.user_id) == ("ana@example.com", int(ana.id))
    wanted = {"propertyName": "hubspot_owner_id", "operator": "EQ", "value": owner.id}
    search = {"filterGroups": [{"filters": [wanted]}], "limit": 1, "properties": [], "sorts": []}
    owned = official.crm.contacts.search_api.do_search({**search, "after": "0"})
    assert (owned.total, len(owned.results)) == (3, 1)

    def with_scopes(*missing: str) -> Any:
        (name,) = (name for name in hub.environment() if name.endswith("TOKEN"))
        monkeypatch.setenv(name, hub.add_token(set(SCOPES) - set(missing)))
        return connect(hub.account())

    narrow = with_scopes("crm.objects.deals.read")
    assert told(narrow.belongings([ana]), ana)[2] == (
        "deals: unknown (the token lacks crm.objects.deals.read)"
    )
    blind = with_scopes("crm.objects.owners.read")
    assert {one.count for one in blind.belongings([ana])[ana.id]} == {UNKNOWN}


# -- SendGrid


def test_subusers_with_the_address_of_who_goes_are_named(tenant: Make, connected: Make) -> None:
    mail = tenant("sendgrid")
    mail.add_teammate("ana@example.com")
    mail.add_subuser("emea", email="Ana@example.com")
    mail.add_subuser("apac", email="ops@example.com")
    connector = connected(mail)
    ana = connector.find("ana@example.com")
    assert told(connector.belongings([ana]), ana) == [
        "subusers with the person's address: 1 (emea)"
    ]
    mail.fault("status", status=403, path="*subusers*", times=None)
    assert connector.belongings([ana])[ana.id][0].count is UNKNOWN
    mail.clear_faults()
    mail.fault("status", status=401, path="*subusers*", times=None)
    with pytest.raises(Denied):
        connector.belongings([ana])
