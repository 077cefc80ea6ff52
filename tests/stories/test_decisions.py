"""Each decision about how the package sits on Pulumi, held by a test named for it, on each engine.

Their numbers are those of docs/architecture.md. The twelfth is about platforms without an API,
of which there is none yet. What needs no engine is asserted without one.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.reconcile.session import Sessions
from pulumi_martech.resources import provider as provider_module
from pulumi_martech.resources.maps import RosterProvider, VendorGrantProvider
from pulumi_martech.resources.roles import RoleProvider, RoleReferenceProvider
from pulumi_martech.resources.users import UserProvider

from .estate import Estate
from .handlers import InvitingService, configured

PROVIDERS = (
    UserProvider,
    RoleProvider,
    RoleReferenceProvider,
    VendorGrantProvider,
    RosterProvider,
)

TEAM = """
crm = crm_account(administrators=["Admins"])
site = site_account()
editors = scim.Role("editors", account=crm, name="Editors")
scim.Role("admins", account=crm, name="Admins")
crm_people(crm, "ana", "ben", roles=[editors])
site_people(site, "ana", "ben")
"""


def test_decision_01_providers_are_stored_by_reference(estate: Estate) -> None:
    estate.program(TEAM)
    estate.applied()
    texts = {
        record["outputs"]["__provider"]
        for name, record in estate.resources().items()
        if not name.startswith("account")
    }
    assert len(texts) == 3, "one text a class: gate, role, user"
    # Plain text, not a secret: `serialize_as_secret_always` is off.
    assert all(isinstance(text, str) and len(text) <= 200 for text in texts)


def test_decision_02_account_key_is_an_input_that_replaces(estate: Estate) -> None:
    estate.sandbox.tenant("crm-new", "scim")
    estate.environment |= estate.variables("crm-new")
    accounts = """
    crm = crm_account()
    new = crm_account("crm-new")
    """
    estate.program(accounts + 'crm_people(crm, "ana")')
    estate.applied()
    assert estate.resources()["scim:MartechUser crm/ana"]["inputs"]["account"] == "crm"
    # An alias makes one resource of the two: only the account's key tells them apart.
    estate.program(
        accounts
        + """
    import pulumi
    crm_people(
        new, "ana", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="crm/ana")])
    )
    """
    )
    assert any(change.startswith("replace ") for change in estate.plan("--refresh=false"))
    estate.applied()
    assert estate.logins("crm") == set(), "the old account's own process took ana away"
    assert estate.logins("crm-new") == {"ana@example.com"}


@pytest.mark.parametrize("kind", PROVIDERS)
def test_decision_02_every_handler_refuses_another_accounts_resource(
    kind: type[UserProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    provider = configured(kind)
    foreign = {"account": "other", "login": "ana@example.com", "name": "Editors", "roles": {}}
    foreign |= {"on_destroy": "remove", "people": {}, "members": {}, "vendor": "v"}
    failures = provider.check({}, dict(foreign)).failures
    assert [failure.property for failure in failures] == ["account"]
    assert "account crm, not of other" in failures[0].reason
    writers: list[Callable[[], Any]] = [
        lambda: provider.create(dict(foreign)),
        lambda: provider.update("1", dict(foreign), dict(foreign)),
        lambda: provider.delete("1", dict(foreign)),
    ]
    if kind in (RosterProvider, RoleReferenceProvider):
        writers.pop()  # deleting these writes nothing
    for write in writers:
        with pytest.raises(InvalidDeclaration, match="not of other"):
            write()


def test_decision_03_a_preview_without_reading_asks_nobody(estate: Estate) -> None:
    estate.program(TEAM)
    estate.applied()
    marks = {key: tenant.mark() for key, tenant in estate.sandbox.tenants.items()}
    estate.program(TEAM.replace('"ben"', '"cem"'))
    estate.environment["CRM_TOKEN"] = ""  # `configure` looks nothing up
    assert estate.plan("--refresh=false") == [
        "create crm/cem",
        "create site/cem",
        "delete crm/ben",
        "delete site/ben",
        "update gate ("
        'accounts.crm.logins["ben@example.com"], accounts.crm.logins["cem@example.com"], '
        "accounts.site.logins.ben, accounts.site.logins.cem)",
    ]
    for key, tenant in estate.sandbox.tenants.items():
        assert tenant.log(marks[key]) == []


def test_decision_03_all_that_is_wrong_is_named_at_once(estate: Estate) -> None:
    estate.program("""
    crm = crm_account()
    crm_people(crm, "ana")
    """)
    estate.applied()
    estate.mark()
    estate.program("""
    crm = crm_account()
    crm_people(crm, "cem", "dora")
    scim.MartechUser("ben", account=crm, login="ben@example.com", email="ben@@example.com")
    scim.MartechUser("dora-again", account=crm, login="DORA@example.com")
    scim.Role("Editors", account=crm, name="Editors")
    """)
    run = estate.up("--continue-on-error")
    assert run.code != 0
    for words in ("ben@@example.com", "DORA@example.com is declared twice", "'Editors'"):
        assert words in run.text, f"{words!r} is not named in {run.text}"
    assert estate.writes() == []


def test_decision_04_read_answers_in_the_form_of_check(estate: Estate) -> None:
    estate.crm.add_role("Guests")
    estate.program("""
    crm = crm_account()
    site = site_account()
    for name in ("Zeta", "Alpha", "Mid"):
        scim.Role(name.lower(), account=crm, name=name)
    scim.MartechUser(
        "ana", account=crm, login=" Ana@Example.COM", roles=["Zeta", "Alpha", "Mid"],
        display_name="Ana", email="Ana@example.com", active=True,
    )
    wordpress.MartechUser(
        "ana", account=site, login="Ana", email="Ana@Example.com", roles=["editor", "author"]
    )
    scim.RoleReference("guests", account=crm, name="Guests", content=["b", "a"],
        declared_by="ines", declared_on="2026-01-31")
    scim.VendorGrant(
        "northlight", account=crm, domains=["Northlight.example"], until="2027-01-01",
        owner="ines", reason="spring", aliases=["Eve@freelance.example"],
        people={"Eve@Northlight.example": {"roles": ["Mid", "Alpha"], "title": "Consultant"}},
    )
    """)
    estate.applied()
    estate.mark()
    estate.must(estate.preview("--refresh", "--expect-no-changes"))
    assert estate.plan("--refresh=false") == []
    user = estate.resources()["scim:MartechUser crm/ana"]
    assert user["inputs"]["login"] == "ana@example.com"
    assert user["inputs"]["roles"] == {"Alpha": True, "Mid": True, "Zeta": True}


def test_decision_04_update_returns_all_outputs(estate: Estate) -> None:
    estate.program(TEAM)
    estate.applied()
    before = estate.resources()["scim:MartechUser crm/ben"]
    estate.program(TEAM.replace("roles=[editors]", "roles=[]"))
    estate.applied()
    after = estate.resources()["scim:MartechUser crm/ben"]
    assert after["outputs"].keys() == before["outputs"].keys()
    assert after["outputs"]["native_id"] == before["outputs"]["native_id"] == after["id"]
    assert after["outputs"]["roles"] == {}


def test_decision_04_what_is_gone_or_there_already_is_success(estate: Estate) -> None:
    """The engine calls create and delete twice after interruptions, so both must be repeatable."""
    estate.crm.add_user("ana@example.com", displayName="Ana")
    estate.program("""
    crm = crm_account()
    site = site_account()
    crm_people(crm, "ana")
    site_people(site, "ben")
    """)
    run = estate.applied()
    assert "crm/ana was there already and is what is declared" in run.text
    assert estate.writes("crm") == []
    estate.site.remove_user("ben", "admin")
    estate.mark()
    estate.must(estate.destroy("--refresh=false"))
    assert estate.writes("site") == []


def test_decision_05_inputs_name_things_by_declared_keys(estate: Estate) -> None:
    estate.program(TEAM)
    estate.applied()
    user = estate.resources()["scim:MartechUser crm/ana"]
    assert user["inputs"]["roles"] == {"Editors": True}
    # A role's update makes its outputs unknown in the preview; no user may show that.
    estate.program(TEAM.replace('account=crm, name="Admins"', 'account=crm, name="Owners"'))
    assert estate.plan("--refresh=false") == [
        "update crm/admins (name)",
        "update gate (accounts.crm.roles.Admins, accounts.crm.roles.Owners)",
    ]


def test_decision_06_sets_are_maps_so_one_change_is_one_line(estate: Estate) -> None:
    program = """
    crm = crm_account()
    for name in "ABCDE":
        scim.Role(name.lower(), account=crm, name=name)
    crm_people(crm, "ana", roles=list("ABDE"))
    """
    estate.program(program)
    estate.applied()
    estate.program(program.replace("ABDE", "EBCDA"))
    assert estate.plan("--refresh=false") == [
        "update crm/ana (roles.C)",
        'update gate (accounts.crm.logins["ana@example.com"].roles.C)',
    ]


def test_decision_07_a_pending_invitation_shows_what_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No platform of today invites; the handlers are held to it by a service that does."""
    service = InvitingService()
    config = configured(UserProvider).config
    sessions = Sessions(lambda _: service)
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path))
    monkeypatch.setattr(provider_module, "SESSIONS", sessions)
    provider = configured(UserProvider)
    inputs = {"account": "crm", "person": "ana", "login": "ana@example.com"}
    inputs |= {"roles": {"Editors": True}, "active": True, "on_destroy": "remove"}
    made = provider.create(dict(inputs))
    assert (made.id, made.outs["status"]) == ("invite-1", "pending")
    sessions.get(config).forget_listing()
    waiting = provider.read(made.id, made.outs)
    assert waiting.id == "invite-1"
    assert waiting.outs["status"] == "pending"
    assert waiting.inputs == inputs, "nothing differs while the answer is awaited"
    again = provider.update(made.id, made.outs, dict(inputs))
    assert again.outs["status"] == "pending"
    assert service.sent == ["invite ana@example.com"], "no invitation is sent twice"
    service.accept("ana@example.com", "user-7")
    sessions.get(config).forget_listing()
    accepted = provider.read(made.id, waiting.outs)
    assert accepted.id == "user-7", "the user has another id than its invitation"
    assert accepted.outs["status"] == "active"
    assert accepted.inputs == inputs | {"roles": {}}, "what it could not carry is a difference now"
    done = provider.update(accepted.id, accepted.outs, dict(inputs))
    assert done.outs["roles"] == {"Editors": True}
    provider.delete("user-7", done.outs)
    assert service.sent[1:] == ["change ana@example.com", "remove user-7"]


def test_decision_07_a_pending_invitation_is_cancelled_on_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = InvitingService()
    monkeypatch.setenv("MARTECH_HOME", str(tmp_path))
    monkeypatch.setattr(provider_module, "SESSIONS", Sessions(lambda _: service))
    provider = configured(UserProvider)
    inputs = {"account": "crm", "person": "ana", "login": "ana@example.com", "roles": {}}
    made = provider.create({**inputs, "on_destroy": "remove"})
    provider.delete(made.id, made.outs)
    assert service.sent == ["invite ana@example.com", "remove invite-1"]


def test_decision_08_a_create_that_commits_and_then_fails_is_undone(estate: Estate) -> None:
    """A handler that raises leaves nothing in the state, so nothing may stay on the platform."""
    estate.program("""
    crm = crm_account()
    scim.Role("editors", account=crm, name="Editors")
    crm_people(crm, "ana", roles=["Editors"])
    """)
    estate.crm.fault("status", method="PATCH", path="*/Groups/*", status=403, times=None)
    run = estate.up()
    assert run.code != 0
    assert "ana@example.com" in run.text
    assert not run.has_traceback
    assert estate.logins("crm") == set(), "the user that lacked its group was taken back"
    assert "scim:MartechUser crm/ana" not in estate.resources()
    estate.crm.clear_faults()
    estate.applied()
    assert estate.crm.members("Editors") == ["ana@example.com"]


def test_decision_08_what_cannot_be_undone_is_taken_over_by_the_next_run(estate: Estate) -> None:
    estate.program("""
    crm = crm_account()
    scim.Role("editors", account=crm, name="Editors")
    crm_people(crm, "ana", roles=["Editors"])
    """)
    estate.crm.fault("status", method="PATCH", path="*/Groups/*", status=403, times=None)
    estate.crm.fault("status", method="DELETE", path="*/Users/*", status=403, times=None)
    assert estate.up().code != 0
    assert estate.logins("crm") == {"ana@example.com"}
    assert "ana@example.com" in estate.leftovers()
    estate.crm.clear_faults()
    run = estate.applied()
    assert "crm/ana had been made by an earlier run that did not record it" in run.text
    assert [w.route for w in estate.writes("crm") if w.committed and w.method == "POST"] == [
        "/scim/v2/Groups",
        "/scim/v2/Users",
    ], "not made twice"
    estate.applied()
    assert estate.leftovers() == []


def test_decision_09_a_roster_removes_only_what_was_reviewed(estate: Estate) -> None:
    program = """
    crm = crm_account()
    scim.Roster(account=crm, on_destroy="remove", members={
        "ana@example.com": {"roles": []}, "ben@example.com": {"roles": []},
    })
    """
    estate.program(program)
    estate.applied()
    estate.program(program.replace('"ben@example.com": {"roles": []},', ""))
    plan = str(estate.root / "plan.json")
    estate.must(estate.preview("--refresh=false", "--save-plan", plan))
    estate.crm.add_user("stray@example.com")
    estate.applied("--plan", plan, "--refresh=false")
    assert estate.logins("crm") == {"ana@example.com", "stray@example.com"}
    assert estate.plan("--refresh") == ['update crm/roster (members["stray@example.com"])']


def test_decision_10_one_gate_stops_every_account(estate: Estate) -> None:
    estate.program("""
    limits(removals=Limit(count=1))
    crm = crm_account()
    site = site_account()
    crm_people(crm, "ana", "ben", "cem")
    site_people(site, "ana", "ben")
    """)
    estate.applied()
    resources = estate.resources()
    gate = resources["martech:Gate gate"]
    accounts = {resources[f"account {key}"]["urn"] for key in ("crm", "site")}
    assert accounts <= set(gate["dependencies"])
    for name, record in resources.items():
        if "MartechUser" in name:
            assert gate["urn"] in record["dependencies"]
    assert gate["provider"].split("::")[3] == "gate", "a process of its own"
    estate.mark()
    estate.program("""
    limits(removals=Limit(count=1))
    crm = crm_account()
    site = site_account()
    crm_people(crm, "ana")
    site_people(site, "ana", "ben", "cem")
    """)
    run = estate.up("--continue-on-error", "--refresh")
    assert run.code != 0
    assert "2 of 3 logins would lose access in crm (ben@example.com, cem@example.com)" in run.text
    assert estate.writes() == [], "neither account was written to"
    assert len(estate.resources()["martech:Gate gate"]["inputs"]["accounts"]["crm"]["logins"]) == 3


def test_decision_11_expiry_is_filtered_once_by_as_of(estate: Estate) -> None:
    estate.program("""
    crm = crm_account()
    grant = {
        "vendor": "northlight", "account": crm, "domains": ["northlight.example"],
        "people": {"eve@northlight.example": {"roles": []}},
        "until": "2026-06-30", "owner": "ines", "reason": "spring",
    }
    for each in active([grant]):
        scim.VendorGrant(**each)
    """)
    estate.applied()
    assert estate.plan("--refresh=false", MARTECH_AS_OF="2026-06-30") == []
    ended = estate.plan("--refresh=false", MARTECH_AS_OF="2026-07-01T00:30:00Z")
    assert "delete crm/northlight" in ended
    estate.applied(MARTECH_AS_OF="2026-07-01")
    assert estate.logins("crm") == set()


def test_decision_14_reads_share_one_listing(estate: Estate) -> None:
    """250 users are three pages; each process of an account reads them once, whoever asks."""
    estate.crm.add_users(
        {"userName": f"u{n}@example.com", "displayName": f"U{n}"} for n in range(250)
    )
    estate.program("""
    crm = crm_account()
    crm_people(crm, *(f"u{n}" for n in range(250)))
    """)
    estate.applied()
    mark = estate.crm.mark()
    estate.must(estate.refresh())
    calls = estate.crm.calls(mark)
    assert calls == {"GET /scim/v2/Users": 3, "GET /scim/v2/Groups": 1}
    assert len(estate.resources()) == 250 + 3


def test_decision_14_accounts_are_kept_apart(estate: Estate) -> None:
    estate.sandbox.tenant("hr", "scim")
    estate.environment |= estate.variables("hr")
    estate.program("""
    crm_people(crm_account(), "ana")
    crm_people(crm_account("hr"), "ben")
    """)
    estate.applied()
    assert estate.logins("crm") == {"ana@example.com"}
    assert estate.logins("hr") == {"ben@example.com"}
    estate.program("""
    crm_people(crm_account(), "ana", "ben")
    crm_people(crm_account("hr"))
    """)
    estate.applied()
    assert estate.logins("crm") == {"ana@example.com", "ben@example.com"}
    assert estate.logins("hr") == set()


def test_decision_14_relative_paths_start_at_the_project(estate: Estate) -> None:
    (estate.project / "crm-token").write_text(estate.environment.pop("CRM_TOKEN") + "\n")
    estate.program("""
    crm = scim.Account("crm", url=os.environ["CRM_URL"], credentials=Bearer(token="file:crm-token"))
    crm_people(crm, "ana")
    """)
    estate.applied()
    assert estate.logins("crm") == {"ana@example.com"}
    assert (estate.project / ".martech" / "audit" / "crm.jsonl").exists()


def test_decision_15_errors_are_one_sentence_without_secrets(estate: Estate) -> None:
    estate.crm.add_role("Editors")
    estate.program("""
    crm = crm_account()
    crm_people(crm, "ana", roles=["Editor"])
    site_people(site_account(), "ben", roles=["edtor"])
    """)
    run = estate.up("--continue-on-error")
    assert run.code != 0
    assert "crm has no role 'Editor'" in run.text
    assert "Editors" in run.text.split("crm has no role 'Editor'")[1], "a near match is offered"
    assert "edtor" in run.text
    assert not run.has_traceback
    assert estate.environment["CRM_TOKEN"] not in run.out + run.err
    assert estate.environment["SITE_PASSWORD"] not in run.out + run.err
    assert not (estate.project / ".martech" / "errors.log").exists(), "no defect of ours"
