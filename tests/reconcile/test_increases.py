"""The breaker of a process counts what logins gain, whatever their roles are called."""

from datetime import date

import pytest

from pulumi_martech.model.content import Declared
from pulumi_martech.model.errors import GuardRefused
from pulumi_martech.reconcile import users
from pulumi_martech.reconcile.session import Sessions

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setenv("MARTECH_AS_OF", TODAY.isoformat())


def said(*content):
    return Declared(content=content, by="ana", on=date(2026, 10, 1))


def raise_all(world, session, people, role):
    """Give everybody the role, as an update does; return who was refused and why."""
    refused = {}
    for name in people:
        try:
            wish = world.wish(session, name, [role])
            users.update(session, name, world.id(name), world.login(name), wish)
        except GuardRefused as error:
            refused[name] = str(error)
    return refused


def test_after_as_many_increases_as_the_breaker_says_nothing_more_is_written(scim):
    people = ["ben", "cem", "dora"]
    for name in people:
        scim.add(name)
    content = {"Editors": said("code:publish"), "Administrators": said()}
    session = scim.session(breaker=2, role_content=content)
    refused = raise_all(scim, session, people, "Editors")
    assert set(refused) == {"dora"}
    assert "change user dora@example.com in account" in refused["dora"]
    assert "(code:publish)" in refused["dora"]
    assert "increased the privileges of 2 logins" in refused["dora"]
    assert "its breaker is set to 2; nothing more is written" in refused["dora"]
    assert scim.tenant.members("Editors") == ["ben@example.com", "cem@example.com"]
    mark = scim.tenant.mark()
    assert raise_all(scim, session, ["ben"], "Administrators"), "whatever it is"
    assert [entry for entry in scim.tenant.writes(mark)] == []


def test_low_gains_do_not_count_and_what_nobody_declared_does(scim):
    people = ["ben", "cem", "dora"]
    for name in people:
        scim.add(name)
    low = scim.session(breaker=1, role_content={"Editors": said("asset:edit")})
    assert raise_all(scim, low, people, "Editors") == {}
    for name in people:
        scim.tenant.change_user(f"{name}@example.com", roles=[])
    refused = raise_all(scim, scim.session(breaker=1), people, "Editors")
    assert set(refused) == {"cem", "dora"}
    assert "Editors, not proven and so counted as everything" in refused["cem"]


def test_a_first_run_of_people_with_undeclared_roles_goes_through_and_one_of_administrators_not(
    world, monkeypatch
):
    session = world.session(breaker=1)
    for name in ("ben", "cem", "dora"):
        users.create(session, name, world.wish(session, name, [world.editor]), False)
    users.create(session, "eli", world.wish(session, "eli", [world.admin]), False)
    with pytest.raises(GuardRefused, match=f"administrating by {world.admin}"):
        users.create(session, "finn", world.wish(session, "finn", [world.admin]), False)
    assert world.login("finn") not in world.there()
    monkeypatch.setenv("MARTECH_OVERRIDE", "the new shop opens")
    users.create(session, "finn", world.wish(session, "finn", [world.admin]), False)


def test_what_a_reference_declares_reaches_the_process_of_the_account(scim):
    scim.add("ben")
    scim.add("cem")
    config = scim.config(breaker=1)
    sessions = Sessions()
    sessions.role_declared(config.key, "Editors", said("asset:edit"))
    session = sessions.get(config)
    assert raise_all(scim, session, ["ben", "cem"], "Editors") == {}
    sessions.role_declared(config.key, "Editors", None)
    for name in ("ben", "cem"):
        scim.tenant.change_user(f"{name}@example.com", roles=[])
    assert set(raise_all(scim, session, ["ben", "cem"], "Editors")) == {"cem"}
    session.close()
