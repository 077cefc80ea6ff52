"""What hangs on who goes, asked of platforms: bounded, in parallel, and never made up."""

from unittest.mock import patch

import pytest

from pulumi_martech.model.leaving import Leaving
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.operations import hanging
from pulumi_martech.operations.screen import Screen
from pulumi_martech.operations.show import leaving as show
from pulumi_martech.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def tenant(sandbox, monkeypatch):
    def make(platform, **switches):
        made = sandbox.tenant(f"t{len(sandbox.tenants)}", platform, **switches)
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        return made

    return make


def goes(account, login, **more):
    given = {"verb": "remove", "person": login.partition("@")[0], **more}
    return Leaving(account=account.key, login=login, **given)


def look(*people, accounts=(), not_asked=None):
    configs = {account.key: account.account() for account in accounts}
    return hanging.look(people, configs, not_asked or {})


def printed(found, capsys):
    with patch.dict("os.environ", {"COLUMNS": "200", "NO_COLOR": "1"}):
        show(Screen(), found)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_what_is_shown_what_becomes_of_it_and_what_is_unknown(tenant, capsys):
    site, crm = tenant("wordpress"), tenant("scim")
    for name in ("ana", "ben"):
        site.add_user(name, roles=["author"])
    for status in ("publish", "draft"):
        site.add_post("ana", status, status=status)
    site.add_post("ana", "Logo", kind="attachment")
    site.add_password("ana", "tool")
    crm.add_role("Editors")
    crm.add_user("ana@example.com", roles=["Editors"])
    found, wrong = look(
        goes(site, "ana", successor="admin"),
        goes(site, "ben", deletes="nothing of it is ours"),
        goes(crm, "ana@example.com", verb="deactivate"),
        accounts=(site, crm),
    )
    assert wrong == []
    lines = printed(found, capsys)
    assert lines[:6] == [
        "",
        "What hangs on who goes:",
        "what how many what becomes of it",
        f"{site.key}/ana posts 2 (1 draft) to admin",
        "media 1 to admin",
        "application passwords 1 end with the user",
    ]
    assert f"{site.key}/ben nothing that is shown" in lines
    assert f"{crm.key}/ana groups without another member 1 (Editors) kept as it is" in lines
    (unseen,) = [line for line in lines if line.startswith(f"not shown by {site.key}")]
    assert "comments, entries of plugins that point to the user" in unseen
    assert len([line for line in lines if "not shown by" in line]) == 2, "once an account"


def test_deleted_content_is_shown_with_its_reason(tenant, capsys):
    site = tenant("wordpress")
    site.add_user("ana", roles=["author"])
    site.add_post("ana", "Spam")
    found, wrong = look(goes(site, "ana", deletes="spam account"), accounts=[site])
    assert wrong == []
    assert any(
        line.endswith("posts 1 DELETED, as delete_content says: spam account")
        for line in printed(found, capsys)
    )


@pytest.mark.parametrize(
    ("successor", "why"),
    [("", "nobody is named"), ("nobody", "nobody is not in the account"),
     ("ben", "ben goes in this run as well")],
)  # fmt: skip
def test_a_successor_is_asked_for_before_anything_is_written(tenant, successor, why):
    site = tenant("wordpress")
    for name in ("ana", "ben"):
        site.add_user(name, roles=["author"])
    site.add_post("ana", "Launch")
    people = (goes(site, "ana", successor=successor), goes(site, "ben", successor="admin"))
    _, (problem,) = look(*people, accounts=[site])
    assert f"somebody has to take over what ana owns (posts: 1), and {why}" in problem
    assert "say successor='LOGIN' on the Account" in problem
    assert "delete_content='REASON'" in problem
    downgraded = goes(site, "ana", verb="downgrade")
    assert look(downgraded, accounts=[site])[1] == [], "nothing is passed on then"


def test_only_the_first_people_of_an_account_are_looked_at(tenant):
    hub = tenant("hubspot")
    people = [goes(hub, f"p{number:02}@example.com") for number in range(25)]
    hub.add_users({"email": one.login} for one in people)
    mark = hub.mark()
    found, _ = look(*people, accounts=[hub])
    assert [bool(one.note) for one in found] == [False] * 20 + [True] * 5
    assert found[-1].note == "not looked at: of an account the first 20 people are"
    assert all(kind.count is UNKNOWN for kind in found[-1].belongings)
    assert len(hub.log(mark)) <= 20 * 7 + 5
    assert hub.writes(mark) == []


def test_an_account_that_does_not_answer_is_unknown_and_stops_nobody(tenant, capsys):
    site, crm = tenant("wordpress"), tenant("scim")
    site.add_user("ana")
    crm.add_user("ben@example.com")
    site.fault("status", status=403, path="*users*", times=None)
    people = (goes(site, "ana", successor="admin"), goes(crm, "ben@example.com"))
    found, wrong = look(*people, accounts=(site, crm))
    assert wrong == []
    assert found[0].note.startswith("the account was not read: ")
    assert all(kind.count is UNKNOWN for kind in found[0].belongings)
    assert found[1].note == ""
    lines = printed(found, capsys)
    assert any(f"{site.key}/ana unknown the account was" in line for line in lines)
    assert len([line for line in lines if "posts" in line]) == 0, "one line a person"
    site.clear_faults()
    mark = site.mark()
    found, _ = look(*people, accounts=(site, crm), not_asked={site.key: "this run is offline"})
    assert found[0].note == "this run is offline"
    assert site.log(mark) == []


def test_who_is_gone_pending_or_no_person_has_nothing_asked(tenant):
    mail = tenant("sendgrid")
    mail.invite("ana@example.com", ["mail.send"])
    key = mail.add_key("sync", ["mail.send"]).lower()
    people = (
        goes(mail, "ana@example.com"),
        goes(mail, f"key:{key}"),
        goes(mail, "nobody@example.com"),
    )
    found, _ = look(*people, accounts=[mail])
    assert [one.note.partition(":")[0] for one in found] == [
        "has not accepted the invitation",
        "is no person",
        "is not there any more",
    ]
    assert all(one.belongings == () for one in found)


def test_a_native_id_that_belongs_to_somebody_else_is_not_believed(tenant):
    site = tenant("wordpress")
    for name in ("ana", "ben"):
        site.add_user(name, roles=["author"])
    site.add_post("ben", "Launch")
    other = str(site.users()["ana"]["id"])
    found, _ = look(goes(site, "ben", id=other, successor="admin"), accounts=[site])
    assert str(found[0].belongings[0]) == "posts: 1"
