"""The HubSpot connector against a portal on loopback, and every trap that is known of it."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from pydantic import ValidationError

from pulumi_martech.model.account import AccountConfig, Bearer
from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    InvalidDeclaration,
    Malformed,
    QuotaExhausted,
    Refused,
    Uncertain,
    UnknownRole,
    Unsupported,
)
from pulumi_martech.model.membership import Membership, Status, Wish, difference
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.model.wording import in_words
from pulumi_martech.platforms import base, hubspot, hubspot_wire
from pulumi_martech.platforms.hubspot_facts import SUPER_ADMIN
from pulumi_martech.platforms.registry import connect
from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.hubspot import HubSpotTenant
from pulumi_martech.sandbox.hubspot_portal import SCOPES
from tests.platforms.hubspot_spec import Checked
from tests.platforms.support import serve
from tests.transport.support import VirtualClock, serving

ANA = "ana@example.com"
V3 = "/settings/v3/users"
SEARCH = "POST /crm/v3/objects/users/search"


class World:
    """A portal with two permission sets and two teams, and its connector."""

    def __init__(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, **switches: Any) -> None:
        # Fields nobody described and nulls are what descriptions are silent about.
        checked = not switches.get("nulls")
        strict = not switches.get("extra_fields")
        account = {name: switches.pop(name) for name in ("tenant",) if name in switches}
        self.clock = VirtualClock()
        self.portal: HubSpotTenant = sandbox.tenant(
            f"h{len(sandbox.tenants)}", "hubspot", **switches
        )
        self.portal.clock = self.clock.monotonic
        self.roles = {name: self.portal.add_permission_set(name) for name in ("Marketing", "Sales")}
        for team in ("Paris", "Lyon", "Field"):
            self.portal.add_team(team)
        self.monkeypatch = monkeypatch
        self.config = self.portal.account().model_copy(update=account)
        self.token(self.portal.credentials.token)
        self.transport = Checked(self.portal.url, strict=strict) if checked else None
        self.connector: Any = connect(self.config, clock=self.clock, transport=self.transport)
        self.mark = self.portal.mark()

    def token(self, token: str) -> None:
        for name, value in self.portal.environment().items():
            self.monkeypatch.setenv(name, token if name.endswith("TOKEN") else value)

    def with_scopes(self, *missing: str) -> Any:
        """Return a connector whose token lacks some scopes."""
        self.token(self.portal.add_token(set(SCOPES) - set(missing)))
        return connect(self.config, clock=self.clock, transport=self.transport)

    def wish(self, login: str = ANA, *roles: str, once: Any = None, **attributes: Any) -> Wish:
        return Wish(
            login=login,
            roles={
                role: self.roles.get(role, "superAdmin" if role == SUPER_ADMIN else role)
                for role in roles
            },
            attributes=attributes,
            once=once or {},
        )

    def made(self, wish: Wish) -> Membership:
        return self.there(self.connector.invite(wish))

    def there(self, id_: str) -> Membership:
        found = self.connector.fetch(id_, ())
        assert found is not None
        return found

    def sent(self) -> list[Any]:
        """Return the bodies of the requests that asked for a change."""
        return [entry.body for entry in self.portal.writes(self.mark)]


Make = Callable[..., World]


@pytest.fixture
def world(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[World] = []

    def make(**switches: Any) -> World:
        made.append(World(sandbox, monkeypatch, **switches))
        return made[-1]

    yield make
    for one in made:
        one.connector.client.close()


# -- the life of a user


def test_life_of_a_user(world: Make) -> None:
    hub = world()
    declared = hubspot.User(
        login="Ana@Example.com",
        roles=("Marketing",),
        first_name="Ana",
        last_name="Berg",
        primary_team="Paris",
        teams=frozenset({"Field", "Lyon"}),
        seats=frozenset({"Core Seat"}),
        welcome_mail=True,
    )
    said = declared.attributes()
    wish = hub.wish(
        declared.login,
        "Marketing",
        once={"welcome_mail": True},
        **{name: value for name, value in said.items() if name != "welcome_mail"},
    )
    ana = hub.made(wish)
    assert (ana.login, ana.email, ana.status) == (ANA, ANA, Status.ACTIVE)
    assert ana.roles == {"Marketing"}
    assert difference(ana, wish) == []
    assert hub.connector.find("ANA@example.com") == ana
    assert hub.connector.directory().by_login(ANA) == ana

    hub.portal.activate(ANA)
    other = hub.wish(
        ANA, "Sales", first_name="Anna", primary_team="Lyon", teams=frozenset(), seats=frozenset()
    )
    hub.connector.change(ana, other)
    changed = hub.there(ana.id)
    assert difference(changed, other) == []
    assert changed.attributes["last_name"] == "Berg", "what is not declared is left alone"

    hub.connector.remove(changed, None)
    hub.connector.remove(changed, None)
    assert hub.connector.fetch(ana.id, ()) is None
    assert hub.connector.find(ANA) is None
    assert hub.made(hub.wish(ANA)).id == ana.id, "the person keeps the id over all of it"


def test_a_user_needs_no_permission_set(world: Make) -> None:
    hub = world()
    assert hub.made(hub.wish()).roles == frozenset()
    assert hub.sent() == [{"email": ANA, "sendWelcomeEmail": False}]


def test_the_welcome_mail_is_asked_for_once_and_is_no_drift(world: Make) -> None:
    hub = world()
    assert {"welcome_mail"} == hubspot.User.once
    wish = hub.wish(once={"welcome_mail": True})
    ana = hub.made(wish)
    assert hub.sent()[0]["sendWelcomeEmail"] is True
    assert "welcome_mail" not in ana.attributes
    assert difference(ana, wish) == [], "it reads back false, and nobody compares it"
    hub.connector.change(ana, wish)
    assert len(hub.sent()) == 1, "nothing is sent for it"


def test_only_what_differs_is_sent_as_a_put_merges(world: Make) -> None:
    hub = world()
    hub.portal.add_user(ANA, first_name="Ana", role="Marketing", primary_team="Paris")
    ana = hub.connector.find(ANA)
    hub.connector.change(ana, hub.wish(ANA, "Marketing", first_name="Anna"))
    assert hub.sent() == [{"firstName": "Anna"}]
    after = hub.portal.users()[ANA]
    assert (after["roles"], after["primaryTeam"]) == (["Marketing"], "Paris")
    hub.connector.change(hub.there(ana.id), hub.wish(ANA, "Marketing", first_name="Anna"))
    assert len(hub.sent()) == 1, "what is as declared is not sent"


def test_teams_are_written_from_the_users_side_alone(world: Make) -> None:
    hub = world()
    ana = hub.made(hub.wish(primary_team="Paris", teams=frozenset({"Lyon"})))
    hub.connector.change(ana, hub.wish(primary_team="Lyon", teams=frozenset({"Field", "Paris"})))
    after = hub.portal.users()[ANA]
    assert (after["primaryTeam"], sorted(after["teams"])) == ("Lyon", ["Field", "Paris"])
    assert all("/settings/teams" not in entry.path for entry in hub.portal.log())


def test_a_removal_takes_access_away_and_not_the_crms_record(world: Make) -> None:
    hub = world()
    id_ = hub.portal.add_user(ANA)
    hub.connector.remove(hub.there(id_), None)
    (entry,) = hub.portal.writes(hub.mark)
    assert (entry.method, entry.path) == ("DELETE", f"{V3}/{id_}")
    assert ANA not in hub.portal.users()


def test_three_ids_of_one_person_are_not_mixed_up(world: Make) -> None:
    hub = world()
    id_ = hub.portal.add_user(ANA)
    record = hub.portal.record_of(id_)
    assert record is not None
    assert hub.connector.find(ANA).id == id_ != record["id"]
    # Somebody whose record in the CRM has the number that another user has in the settings.
    hub.portal.records.remove(record["id"])
    other = hub.portal.add_user("ben@example.com")
    clash = hub.portal.record_of(other)
    hub.portal.store.write(
        "UPDATE objects SET id = ?, doc = json_set(doc, '$.id', ?, '$.deactivated', json('true'))"
        " WHERE tenant = ? AND kind = 'crm user' AND id = ?",
        id_,
        id_,
        hub.portal.key,
        clash["id"] if clash else "",
    )
    status = {member.login: member.status for member in hub.connector.directory().memberships}
    assert status[ANA] is Status.ACTIVE
    assert status["ben@example.com"] is Status.DEACTIVATED


# -- permission sets


def test_several_permission_sets_are_refused_when_declared() -> None:
    with pytest.raises(ValidationError) as caught:
        hubspot.User(login=ANA, roles=("Sales", "Marketing"))
    ((where, words),) = in_words(caught.value)
    assert where == "roles"
    assert words.startswith("a HubSpot user has one permission set and not 2: declare one of")
    assert hubspot.User(login=ANA, roles=("Sales", SUPER_ADMIN)).roles == ("Sales", SUPER_ADMIN)


def test_a_permission_set_is_replaced_and_never_just_taken_away(world: Make) -> None:
    hub = world()
    ana = hub.made(hub.wish(ANA, "Marketing"))
    hub.connector.change(ana, hub.wish(ANA, "Sales"))
    assert hub.sent()[1:] == [{"roleId": hub.roles["Sales"]}]
    with pytest.raises(Unsupported, match="takes no permission set away without giving another"):
        hub.connector.change(hub.there(ana.id), hub.wish(ANA))
    with pytest.raises(Unsupported, match="one permission set and not 2"):
        hub.connector.change(hub.there(ana.id), hub.wish(ANA, "Sales", "Marketing"))
    assert len(hub.sent()) == 2
    assert hub.there(ana.id).roles == {"Sales"}


def test_super_admins_are_shown_and_neither_made_nor_unmade(world: Make) -> None:
    hub = world()
    with pytest.raises(Unsupported, match="the API cannot make one"):
        hub.connector.invite(hub.wish(ANA, SUPER_ADMIN))
    ana = hub.made(hub.wish(ANA, "Marketing"))
    with pytest.raises(Unsupported, match=r"Settings > Users & Teams and then declare it here"):
        hub.connector.change(ana, hub.wish(ANA, SUPER_ADMIN))
    hub.portal.make_super_admin(ANA)
    ana = hub.there(ana.id)
    assert ana.roles == {"Marketing", SUPER_ADMIN}
    assert difference(ana, hub.wish(ANA, "Marketing", SUPER_ADMIN)) == []
    with pytest.raises(Unsupported, match="the API cannot unmake one"):
        hub.connector.change(ana, hub.wish(ANA, "Sales"))
    assert len(hub.sent()) == 1
    hub.connector.change(ana, hub.wish(ANA, "Sales", SUPER_ADMIN))
    assert hub.there(ana.id).roles == {"Sales", SUPER_ADMIN}
    assert SUPER_ADMIN in hubspot.MANIFEST.administrator_roles


def test_two_permission_sets_of_one_name_are_both_listed(world: Make) -> None:
    hub = world()
    hub.portal.add_permission_set("Marketing")
    names = [role.name for role in hub.connector.directory().roles]
    assert sorted(names) == ["Marketing", "Marketing", "Sales", SUPER_ADMIN]
    hub.portal.add_permission_set(SUPER_ADMIN)
    roles = hub.connector.directory().roles
    assert len({role.id for role in roles if role.name == SUPER_ADMIN}) == 2


def test_a_permission_set_that_is_gone_or_renamed_is_still_shown(world: Make) -> None:
    hub = world()
    ana = hub.made(hub.wish(ANA, "Marketing"))
    hub.portal.rename_permission_set("Marketing", "Brand")
    assert hub.connector.directory().by_login(ANA).roles == {"Brand"}
    hub.portal.remove_permission_set("Brand")
    gone = {f"permission set {hub.roles['Marketing']}"}
    assert hub.connector.directory().by_login(ANA).roles == gone
    assert hub.there(ana.id).roles == gone


def test_role_ids_count_and_role_id_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(**fields: Any) -> Any:
        user = {"id": "7", "email": ANA, "superAdmin": False, **fields}
        sets = {"results": [{"id": "1", "name": "One"}, {"id": "2", "name": "Two"}]}
        named = [serve(sets)] if fields.get("roleIds", ["1"]) else []
        nobody = serve({"total": 0, "results": []})
        with serving(serve({"results": []}), serve(user), *named, nobody) as wire:
            return at(wire.url, monkeypatch).fetch("7", ()).roles

    assert shown(roleId="1", roleIds=["2"]) == {"Two"}
    assert shown(roleId="1", roleIds=[]) == frozenset()
    assert shown(roleId="1") == {"One"}


def test_sets_with_a_paid_seat_need_the_billing_scope(world: Make) -> None:
    hub = world()
    hub.roles["Closers"] = hub.portal.add_permission_set("Closers", paid=True)
    with hub.with_scopes("settings.billing.write").client as client:
        connector = hubspot.Connector(hub.config, client)
        with pytest.raises(Denied, match=r"token lacks settings\.billing\.write"):
            connector.invite(hub.wish(ANA, "Closers"))
    assert ANA not in hub.portal.users()


# -- who is deactivated


def test_presence_in_the_list_is_not_taken_for_active(world: Make) -> None:
    hub = world()
    id_ = hub.portal.add_user(ANA, role="Marketing")
    hub.portal.deactivate(ANA)
    assert ANA in hub.portal.users(), "the list goes on showing her"
    listed = hub.connector.directory().by_login(ANA)
    assert listed.status is Status.DEACTIVATED
    assert listed == hub.there(id_) == hub.connector.find(ANA)
    (change,) = difference(listed, hub.wish(ANA, "Marketing", active=True))
    assert change.name == "active"
    with pytest.raises(Unsupported, match="HubSpot's API cannot switch users on"):
        hub.connector.change(listed, hub.wish(ANA, "Marketing", active=True))
    hub.connector.change(listed, hub.wish(ANA, "Marketing", active=False))
    hub.portal.reactivate(ANA)
    with pytest.raises(Unsupported, match="HubSpot's API cannot switch users off"):
        hub.connector.change(hub.there(id_), hub.wish(ANA, "Marketing", active=False))
    with pytest.raises(Unsupported, match="cannot make a user who is deactivated"):
        hub.connector.invite(hub.wish("ben@example.com", active=False))
    assert hub.sent() == []


def test_there_is_no_way_to_deactivate(world: Make) -> None:
    assert not isinstance(world().connector, base.DeactivatesUsers)
    assert not isinstance(world().connector, base.OwnsRoles)


def test_many_deactivated_users_come_in_pages(world: Make) -> None:
    hub = world(page_cap=3)
    logins = [f"u{number}@example.com" for number in range(8)]
    hub.portal.add_users({"email": login} for login in logins)
    for login in logins[:7]:
        hub.portal.deactivate(login)
    directory = hub.connector.directory()
    off = {m.login for m in directory.memberships if m.status is Status.DEACTIVATED}
    assert off == set(logins[:7])
    assert hub.portal.calls(hub.mark)[SEARCH] == 3


# -- generations, plans, scopes


@pytest.mark.parametrize("generation", ["v3", "2026-09", "2026-09-beta", "2026-03"])
def test_the_generation_that_is_served_is_found_out(world: Make, generation: str) -> None:
    hub = world(generations=(generation,))
    wish = hub.wish(ANA, "Marketing", first_name="Ana", primary_team="Paris")
    ana = hub.made(wish)
    assert difference(ana, wish) == []
    hub.connector.change(ana, hub.wish(ANA, "Sales"))
    assert hub.connector.directory().by_login(ANA).roles == {"Sales"}
    hub.connector.remove(ana, None)
    assert hub.connector.fetch(ana.id, ()) is None
    paths = {entry.path for entry in hub.portal.log(hub.mark) if "/settings/" in entry.path}
    served = [path for path in paths if generation in path]
    assert served
    assert len(paths - set(served)) <= 3, "each other one was tried once"


def test_a_version_without_seats_refuses_them_before_anything_is_sent(world: Make) -> None:
    hub = world(generations=("2026-03",))
    with pytest.raises(Unsupported, match="version 2026-03 of the API, which sets no seats"):
        hub.connector.invite(hub.wish(ANA, seats=frozenset({"Core Seat"})))
    assert hub.sent() == []


def test_an_address_without_the_api_is_never_an_empty_portal(world: Make) -> None:
    hub = world(generations=())
    for look in (
        hub.connector.directory,
        lambda: hub.connector.find(ANA),
        lambda: hub.connector.fetch("7", ()),
    ):
        with pytest.raises(Refused, match="none of the known versions of the API is there"):
            look()


@pytest.mark.parametrize("plan", ["free", "professional"])
def test_a_plan_without_permission_sets_lacks_an_ability_and_is_no_error(
    world: Make, plan: str
) -> None:
    hub = world(plan=plan)
    hub.portal.add_user(ANA)
    directory = hub.connector.directory()
    assert [role.name for role in directory.roles] == [SUPER_ADMIN]
    assert any("plan has no permission sets" in spot for spot in directory.blind_spots)
    assert any("no teams" in spot for spot in directory.blind_spots) == (plan == "free")
    assert directory.by_login("owner@example.com").roles == {SUPER_ADMIN}
    with pytest.raises(UnknownRole, match="below Enterprise there are no permission sets"):
        hub.connector.invite(Wish(login="x@example.com", roles={"Marketing": "Marketing"}))
    assert hub.sent() == []


@pytest.mark.parametrize("words", ["missingScopes", "requiredGranularScopes"])
def test_a_missing_scope_is_named(world: Make, words: str) -> None:
    hub = world(scope_words=words)
    blind = hub.with_scopes("settings.users.read", "crm.objects.users.read")
    with pytest.raises(
        Denied, match=r"lacks settings\.users\.read or crm\.objects\.users\.read; nothing was done"
    ):
        blind.directory()
    assert blind.whoami().missing == (
        "settings.users.read or crm.objects.users.read",
        "crm.objects.users.read",
    )
    reader = hub.with_scopes("settings.users.write", "crm.objects.users.write")
    with pytest.raises(Denied, match=r"settings\.users\.write or crm\.objects\.users\.write"):
        reader.invite(hub.wish())
    with pytest.raises(Denied, match="add the scope to the private app"):
        reader.remove(reader.find("owner@example.com"), None)
    assert "owner@example.com" in hub.portal.users()


def test_without_the_right_to_see_who_is_deactivated_nobody_counts_as_active(world: Make) -> None:
    hub = world()
    with pytest.raises(Denied, match=r"token lacks crm\.objects\.users\.read"):
        hub.with_scopes("crm.objects.users.read").directory()


def test_teams_that_may_not_be_seen_are_a_blind_spot(world: Make) -> None:
    hub = world()
    hub.portal.add_user(ANA, primary_team="Paris")
    connector = hub.with_scopes("settings.users.teams.read")
    directory = connector.directory()
    assert any("settings.users.teams.read" in spot for spot in directory.blind_spots)
    ana = directory.by_login(ANA)
    assert "primary_team" not in ana.attributes
    assert connector.fetch(ana.id, ()) == ana
    with pytest.raises(Denied, match=r"settings\.users\.teams\.read"):
        connector.change(ana, hub.wish(ANA, primary_team="Lyon"))
    assert connector.whoami().missing == ("settings.users.teams.read",)


def test_whoami_tells_the_portal_and_nobodys_name(world: Make) -> None:
    caller = world(portal=4711).connector.whoami()
    assert (caller.login, caller.missing) == (None, ())
    assert "portal 4711 (STANDARD)" in caller.note


def test_a_wrong_token_is_no_missing_scope(world: Make) -> None:
    hub = world()
    hub.token("pat-na1-nobody")
    for look in (hub.connector.whoami, hub.connector.directory):
        with pytest.raises(Denied, match="the token was not accepted"):
            look()


def test_the_token_of_another_portal_is_refused_before_anything_else(world: Make) -> None:
    hub = world(portal=4711, tenant="62515")
    for act in (
        hub.connector.directory,
        lambda: hub.connector.find(ANA),
        lambda: hub.connector.invite(hub.wish()),
    ):
        with pytest.raises(
            InvalidDeclaration, match="one of portal 4711, the account says portal 62515"
        ):
            act()
    assert hub.portal.calls(hub.mark).keys() == {"GET /account-info/v3/details"}
    right = world(portal=62515, tenant="62515")
    right.connector.directory()
    right.connector.directory()
    assert right.portal.calls(right.mark)["GET /account-info/v3/details"] == 1


# -- too many calls


def test_a_ten_seconds_limit_is_waited_for(world: Make) -> None:
    hub = world(limited=True, plan="starter")
    hub.portal.add_users({"email": f"u{number:03}@example.com"} for number in range(9))
    with patch.object(hubspot_wire, "PAGE", 1):
        for _ in range(25):
            assert len(list(hub.connector._wire.users("list the users"))) == 10
    assert 20 <= hub.clock.passed <= 40
    statuses = {entry.status for entry in hub.portal.log(hub.mark)}
    assert statuses == {200}, "the headers tell when the next call may go"


def test_searches_that_come_too_fast_are_repeated(world: Make) -> None:
    hub = world(limited=True, searches_per_second=1)
    for _ in range(3):
        assert hub.connector.find("owner@example.com").status is Status.ACTIVE
    statuses = [e.status for e in hub.portal.log(hub.mark) if e.path.endswith("/search")]
    assert 429 in statuses
    assert statuses[-1] == 200
    assert hub.clock.passed < 10, "a limit of a second is no reason to wait for ten"


def test_a_ten_seconds_limit_of_somebody_else_is_waited_for(world: Make) -> None:
    hub = world()
    hub.portal.fault("status", status=429, times=2)
    assert hub.made(hub.wish()).login == ANA
    assert len(hub.sent()) == 1
    assert 10 <= hub.clock.passed <= 21


def test_a_day_that_is_used_up_is_told_at_once(world: Make) -> None:
    hub = world()
    ana = hub.made(hub.wish())
    hub.portal.use_up_the_day()
    mark = hub.portal.mark()
    for act in (
        hub.connector.directory,
        lambda: hub.connector.invite(hub.wish("ben@example.com")),
        lambda: hub.connector.remove(ana, None),
    ):
        with pytest.raises(QuotaExhausted, match=r"\(1,000,000\) are used up.*try again tomorrow"):
            act()
    assert len(hub.portal.log(mark)) == 3, "each was sent once"
    assert hub.clock.passed == 0


def test_two_hundred_people_under_the_real_limits(world: Make) -> None:
    hub = world(limited=True, plan="enterprise")
    hub.connector.directory()
    for number in range(200):
        hub.made(hub.wish(f"p{number:03}@example.com"))
    # Three calls each; the limit of searches counts, which every look at one user needs.
    assert hub.clock.passed <= 120
    assert len(hub.sent()) == 200


# -- what an account can do wrong


def test_seats_that_are_used_up_are_told(world: Make) -> None:
    hub = world()
    hub.portal.set_seats("Sales Professional", 1)
    hub.portal.add_user("ben@example.com", seats=["Sales Professional"])
    wish = hub.wish(ANA, seats=frozenset({"Sales Professional"}))
    with pytest.raises(Refused, match=r"the portal has no seat left for this") as caught:
        hub.connector.invite(wish)
    assert caught.value.code == "NO_SEAT_AVAILABLE"
    assert ANA not in hub.portal.users()
    hub.portal.change_user("ben@example.com", seats=[])
    assert difference(hub.made(wish), wish) == []
    full = world(users_at_most=1)
    with pytest.raises(Refused, match="no seat left"):
        full.connector.invite(full.wish())


def test_names_change_once_a_person_has_logged_in(world: Make) -> None:
    hub = world()
    ana = hub.made(hub.wish(ANA, first_name="Ana"))
    with pytest.raises(Refused, match="only once they have logged in for the first time"):
        hub.connector.change(ana, hub.wish(ANA, first_name="Anna"))
    hub.connector.change(ana, hub.wish(ANA, "Sales"))
    hub.portal.log_in(ANA)
    hub.connector.change(hub.there(ana.id), hub.wish(ANA, "Sales", first_name="Anna"))
    assert hub.there(ana.id).attributes["first_name"] == "Anna"


def test_an_address_is_for_ever(world: Make) -> None:
    hub = world()
    ana = hub.made(hub.wish())
    with pytest.raises(InvalidDeclaration, match=r"cannot give ana@example\.com another e-mail"):
        hub.connector.change(ana, hub.wish("anna@example.com"))
    assert len(hub.sent()) == 1


@pytest.mark.parametrize("duplicate", ["409", "400"])
def test_a_user_who_is_there_is_said_to_be_there(world: Make, duplicate: str) -> None:
    hub = world(duplicate=duplicate)
    id_ = hub.portal.add_user("Ana@Example.com")
    with pytest.raises(AlreadyExists, match="already exists"):
        hub.connector.invite(hub.wish())
    assert hub.connector.find(ANA).id == id_


def test_a_portal_that_says_yes_to_who_is_there_is_seen_through(world: Make) -> None:
    hub = world(duplicate="201")
    id_ = hub.portal.add_user(ANA, role="Sales", primary_team="Paris", teams=["Lyon"])
    hub.portal.add_user("ben@example.com")
    for wish in (
        hub.wish(ANA, "Marketing"),
        hub.wish(ANA),
        hub.wish(ANA, "Sales", primary_team="Lyon"),
        hub.wish(ANA, "Sales", teams=frozenset({"Field"})),
        hub.wish("owner@example.com"),
    ):
        with pytest.raises(AlreadyExists, match="a user who was there before"):
            hub.connector.invite(wish)
    same = hub.wish(ANA, "Sales", first_name="Anna", primary_team="Paris")
    assert hub.connector.invite(same) == id_, "the name is the person's in every portal"
    assert hub.there(id_).roles == {"Sales"}


@pytest.mark.parametrize("lookup", ["any case", "exact"])
def test_a_person_under_another_case_is_found(world: Make, lookup: str) -> None:
    hub = world(email_lookup=lookup)
    id_ = hub.portal.add_user("Ana.Berg@Example.com")
    found = hub.connector.find("ana.berg@example.com")
    assert (found.id, found.login) == (id_, "ana.berg@example.com")
    assert hub.connector.find("nobody@example.com") is None


def test_a_list_that_lags_behind_brings_nobody_back(world: Make) -> None:
    hub = world(list_lags=5)
    ana = hub.made(hub.wish())
    hub.connector.remove(ana, None)
    assert hub.connector.directory().by_login(ANA) is not None, "the list still shows her"
    assert hub.connector.find(ANA) is None
    assert hub.connector.fetch(ana.id, ()) is None


def test_teams_that_are_not_there_or_there_twice_are_refused_before_anything(world: Make) -> None:
    hub = world()
    with pytest.raises(InvalidDeclaration, match=r"0 teams called 'Pari'.*did you mean 'Paris'"):
        hub.connector.invite(hub.wish(ANA, primary_team="Pari"))
    hub.portal.add_team("Paris")
    with pytest.raises(InvalidDeclaration, match=r"2 teams called 'Paris'.*rename all but one"):
        world_fresh = connect(hub.config)
        world_fresh.invite(hub.wish(ANA, teams=frozenset({"Paris"})))
    assert hub.sent() == []


def test_a_team_made_by_hand_is_known_at_once(world: Make) -> None:
    hub = world()
    ana = hub.made(hub.wish(primary_team="Paris"))
    hub.portal.add_team("Rome")
    hub.connector.change(ana, hub.wish(primary_team="Rome"))
    assert hub.there(ana.id).attributes["primary_team"] == "Rome"
    hub.portal.remove_team("Rome")
    assert "primary_team" not in hub.there(ana.id).attributes


@pytest.mark.parametrize("switches", [{"nulls": True}, {"extra_fields": True}])
def test_answers_with_nulls_or_new_fields_are_read(world: Make, switches: Any) -> None:
    hub = world(**switches)
    wish = hub.wish(ANA, "Marketing", primary_team="Paris", seats=frozenset({"Core Seat"}))
    assert difference(hub.made(wish), wish) == []
    owner = hub.connector.directory().by_login("owner@example.com")
    assert owner.attributes == {
        "active": True, "first_name": "Olive", "last_name": "Owner", "teams": frozenset(),
        "seats": frozenset(),
    }  # fmt: skip


def test_answers_that_lack_what_identifies_are_not_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = {"id": "7", "email": ANA, "superAdmin": False, "roleIds": []}
    nameless = {"id": "8", "superAdmin": False, "roleIds": []}
    nothing = serve({"results": []})
    with serving(serve({"results": [whole, nameless]}), nothing, nothing, nothing) as wire:
        directory = at(wire.url, monkeypatch).directory()
    assert [member.login for member in directory.memberships] == [ANA]
    assert directory.unreadable == ("a user with id 8 and no e-mail address",)
    with serving(nothing, serve(nameless)) as wire, pytest.raises(Malformed, match="another id"):
        at(wire.url, monkeypatch).fetch("7", ())
    with serving(nothing, serve(whole)) as wire, pytest.raises(Malformed, match="another user"):
        at(wire.url, monkeypatch).find("ben@example.com")
    with serving(nothing, serve({"email": ANA}, 201)) as wire, pytest.raises(Uncertain):
        at(wire.url, monkeypatch).invite(Wish(login=ANA, roles={}))
    with serving(serve("<html><title>Hello</title>")) as wire, pytest.raises(Malformed):
        at(wire.url, monkeypatch).directory()
    with serving(serve({"users": []})) as wire, pytest.raises(Malformed, match="list of results"):
        at(wire.url, monkeypatch).directory()


def test_a_search_that_is_not_there_does_not_make_a_user_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = {"id": "7", "email": ANA, "superAdmin": False, "roleIds": []}
    gone = serve({"message": "resource not found", "category": "OBJECT_NOT_FOUND"}, 404)
    refused = pytest.raises(Refused, match="CRM's users cannot be searched")
    with serving(serve({"results": []}), serve(user), gone) as wire, refused as caught:
        at(wire.url, monkeypatch).fetch("7", ())
    assert type(caught.value) is Refused


# -- pages


def test_all_pages_are_read_while_people_come_in_between(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = world()
    logins = {f"u{number:03}@example.com" for number in range(230)}
    hub.portal.add_users({"email": login} for login in sorted(logins))
    listing = HubSpotTenant._list

    def busy(portal: HubSpotTenant, call: Any, generation: str) -> Any:
        answer = listing(portal, call, generation)
        portal.add_user(f"new{len(portal.users())}@example.com")
        return answer

    handlers = HubSpotTenant.routes.find(f"{V3}/")[1]
    monkeypatch.setitem(handlers, "GET", lambda portal, call: busy(portal, call, "v3"))
    directory = hub.connector.directory()
    found = [member.login for member in directory.memberships]
    assert logins <= set(found)
    assert len(found) == len(set(found))
    assert hub.portal.calls(hub.mark) == {
        f"GET {V3}/": 3,
        f"GET {V3}/roles": 1,
        f"GET {V3}/teams": 1,
        SEARCH: 1,
    }


def test_a_listing_without_an_end_is_an_error(world: Make) -> None:
    hub = world()
    hub.portal.fault("endless", path=f"{V3}/", times=None)
    with pytest.raises(Malformed, match="paging never ends"):
        hub.connector.directory()
    assert hub.portal.calls(hub.mark)[f"GET {V3}/"] <= 3


def test_a_search_that_fails_is_no_list_without_deactivated_users(world: Make) -> None:
    hub = world()
    hub.portal.add_user(ANA)
    hub.portal.deactivate(ANA)
    hub.portal.fault("status", status=500, path="*/search", times=None)
    with pytest.raises(Refused, match="500"):
        hub.connector.directory()
    hub.portal.clear_faults()
    hub.portal.fault("status", status=403, path="*/roles", times=1)
    assert any("no permission sets" in s for s in hub.connector.directory().blind_spots)


def test_a_write_whose_answer_did_not_come_is_settled_by_reading(world: Make) -> None:
    hub = world()
    hub.connector.directory()
    hub.portal.fault("cut", method="POST", path=f"{V3}/", when="after")
    with pytest.raises(Uncertain):
        hub.connector.invite(hub.wish())
    ana = hub.connector.find(ANA)
    hub.portal.fault("dropped", method="PUT")
    hub.connector.change(ana, hub.wish(ANA, "Sales"))
    assert hub.there(ana.id).roles == frozenset(), "only the read-back shows it"


# -- logs


def test_log_ins_and_security_events_are_told_where_they_may_be_seen(world: Make) -> None:
    hub = world()
    assert isinstance(hub.connector, base.ShowsActivity)
    ana = hub.made(hub.wish())
    assert hub.connector.last_login(ana) is None
    hub.portal.log_in(ANA, "2026-11-01T08:00:00.000Z")
    hub.portal.log_in(ANA, "2026-11-03T08:00:00.000Z")
    hub.portal.log_in(ANA, "2026-11-05T08:00:00.000Z", succeeded=False)
    hub.portal.log_in("owner@example.com", "2026-11-09T08:00:00.000Z")
    assert hub.connector.last_login(ana) == "2026-11-03T08:00:00.000Z"
    hub.portal.make_super_admin(ANA)
    owner = hub.connector.find("owner@example.com")
    assert hub.connector.activity(owner)[0].what == "ADD_ADMIN_USER"
    assert hub.connector.activity(ana) == ()
    assert "last_login" not in hub.there(ana.id).attributes, "information, never compared"
    blind = hub.with_scopes("account-info.security.read")
    assert blind.last_login(ana) is UNKNOWN
    assert blind.activity(owner) is UNKNOWN
    for number in range(230):  # the log comes in pages, newest first
        at = f"2026-10-{number % 28 + 1:02}T08:00:00.000Z"
        hub.portal.log_in(ANA, at, succeeded=number != 229)
    assert hub.connector.last_login(ana) == "2026-11-03T08:00:00.000Z"
    assert hub.portal.calls(hub.mark)["GET /account-info/v3/activity/login"] >= 4
    elsewhere = world(logs=False)
    assert elsewhere.connector.last_login(ana) is UNKNOWN


@pytest.mark.parametrize(
    "wrong",
    [
        {"login": "ana"},
        {"first_name": ""},
        {"primary_team": ""},
        {"first_name": "A\nB"},
        {"password": "x"},
    ],
)
def test_wrong_arguments_are_refused_without_a_call(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        hubspot.User(**{"login": ANA, **wrong})


def at(url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HUB_TOKEN", "pat-na1-test")
    credentials = Bearer(token="env:HUB_TOKEN")
    return connect(AccountConfig(key="hub", platform="hubspot", url=url, credentials=credentials))
