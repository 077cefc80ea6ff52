"""What goes wrong with accounts at vendors: where each is refused, and with which words.

`HELD` names the test of every one, by the phase in which it is refused: *compile* (the program
alone), *preflight* (the platforms are asked, nothing is written), *apply* (the platform's own
answer, before or after a write).
"""

import ast
from pathlib import Path

import pytest

from pulumi_martech.model.plan import Op, Plan, Step
from pulumi_martech.operations.preflight import preflight
from pulumi_martech.policy.plans import Recorded
from pulumi_martech.sandbox import Sandbox
from pulumi_martech.sandbox.hubspot_portal import SCOPES
from pulumi_martech.sandbox.sendgrid_scopes import SCOPES as RIGHTS

HERE = Path(__file__)
TESTS = HERE.parents[1]

HELD: dict[tuple[str, str], tuple[str, ...]] = {
    ("seats exhausted", "preflight"): (
        "bad_input/test_vendors.py::test_seats_that_are_used_up_are_told_before_a_write",
    ),
    ("seats exhausted", "apply"): (
        "platforms/test_hubspot.py::test_seats_that_are_used_up_are_told",
        "platforms/test_sendgrid.py::test_more_teammates_than_the_plan_allows",
    ),
    ("role name that matches two", "preflight"): (
        "bad_input/test_vendors.py::test_a_name_that_two_roles_have_is_told_before_a_write",
    ),
    ("role name that matches two", "apply"): (
        "reconcile/test_users.py::test_two_groups_of_one_name_are_refused_and_not_guessed",
        "platforms/test_hubspot.py::test_teams_that_are_not_there_or_there_twice_are_refused_"
        "before_anything",
    ),
    ("token of another portal", "preflight"): (
        "bad_input/test_vendors.py::test_the_token_of_another_portal_is_told_before_a_write",
        "bad_input/test_preflight.py::test_credentials_of_another_tenant",
    ),
    ("token of another portal", "apply"): (
        "platforms/test_hubspot.py::test_the_token_of_another_portal_is_refused_before_anything_"
        "else",
        "stories/test_hubspot.py::test_the_token_of_another_portal_changes_nothing",
    ),
    ("scope list with a typo", "preflight"): (
        "bad_input/test_vendors.py::test_a_typo_among_128_scopes_is_told_with_what_was_meant",
        "bad_input/test_preflight.py::test_unknown_roles_are_all_named_with_near_ones",
    ),
    ("scope list with a typo", "apply"): (
        "platforms/test_sendgrid.py::test_a_scope_that_does_not_exist_is_refused_before_anything_"
        "is_done",
    ),
    ("128 scopes", "preflight"): (
        "bad_input/test_vendors.py::test_a_typo_among_128_scopes_is_told_with_what_was_meant",
    ),
    ("128 scopes", "apply"): ("platforms/test_sendgrid.py::test_more_than_128_scopes",),
    ("person who is there under another case", "compile"): (
        "bad_input/test_compile.py::test_a_person_declared_twice_is_named_with_both_places",
    ),
    ("person who is there under another case", "apply"): (
        "contract/cases.py::who_is_there_under_another_case_is_nobody_else",
        "platforms/test_hubspot.py::test_a_person_under_another_case_is_found",
        "platforms/test_sendgrid.py::test_who_is_there_already_is_not_invited",
    ),
    ("pending invitation made by hand", "apply"): (
        "reconcile/test_invitations.py::test_an_invitation_made_by_hand_is_taken_as_it_is",
    ),
    ("accepted under another address", "apply"): (
        "platforms/test_sendgrid.py::test_who_accepts_with_another_address_is_another_login",
        "reconcile/test_life.py::test_every_transition_is_as_the_table_has_it",
    ),
    ("deactivated user with the same e-mail", "apply"): (
        "reconcile/test_users.py::test_a_deactivated_user_is_taken_over_and_switched_on",
        "reconcile/test_invitations.py::test_who_is_deactivated_at_the_vendor_is_not_made_anew",
        "stories/test_hubspot.py::test_who_is_deactivated_by_hand_shows_and_is_not_switched_on",
        "platforms/stories.py::wordpress_duplicates",
    ),
    ("answers that lack fields", "apply"): (
        "platforms/test_hubspot.py::test_answers_that_lack_what_identifies_are_not_taken_over",
        "platforms/test_sendgrid.py::test_records_that_lack_what_they_should_have_or_have_more",
        "bad_input/test_apply.py::test_records_without_a_name_are_never_taken_for_nobody",
    ),
    ("answers with new fields", "apply"): (
        "platforms/test_hubspot.py::test_answers_with_nulls_or_new_fields_are_read",
        "platforms/test_sendgrid.py::test_records_that_lack_what_they_should_have_or_have_more",
    ),
}


@pytest.mark.parametrize("wrong", HELD, ids=" in ".join)
def test_each_is_held_by_tests_that_are_there(wrong: tuple[str, str]) -> None:
    for named in HELD[wrong]:
        file, _, name = named.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        there = {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
        assert name in there, f"{wrong[0]} in {wrong[1]} is held by nothing called {named}"


class Account:
    """An account in the sandbox and what a plan does to it."""

    def __init__(self, platform: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tenant = sandbox.tenant(f"{platform}-{len(sandbox.tenants)}", platform)
        for name, value in self.tenant.environment().items():
            monkeypatch.setenv(name, value)
        self.config = self.tenant.account()
        self.monkeypatch = monkeypatch

    def token(self, token: str) -> None:
        (name,) = (name for name in self.tenant.environment() if name.endswith("TOKEN"))
        self.monkeypatch.setenv(name, token)

    def told(self, *steps: Step) -> list[str]:
        """Return what preflight says of a plan, which must write nothing."""
        account = Recorded(urn="account", kind="account", inputs=self.config.inputs())
        mark = self.tenant.mark()
        found = preflight(Plan(steps=steps), [account])
        assert [
            write.path for write in self.tenant.writes(mark) if "search" not in write.path
        ] == []
        return [f"{one.check}: {one.what}; {one.todo}" for one in found]

    def user(
        self, person: str, *roles: str, op: Op = Op.CREATE, was: object = None, **more: object
    ) -> Step:
        kind = f"pulumi-python:dynamic/martech/{self.config.platform}:MartechUser"
        inputs = {
            "account": self.config.key,
            "person": person,
            "login": f"{person}@example.com",
            "roles": dict.fromkeys(roles, True),
            **more,
        }
        old = {**inputs, **was} if isinstance(was, dict) else None
        return Step(
            urn=f"urn:pulumi:dev::p::{kind}::{self.config.key}/{person}",
            op=op,
            old=inputs if op is Op.DELETE else old,
            new=None if op is Op.DELETE else inputs,
        )


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as running:
        yield running


@pytest.fixture
def hub(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account("hubspot", sandbox, monkeypatch)


@pytest.fixture
def mail(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account("sendgrid", sandbox, monkeypatch)


SALES = {"Sales Professional": True}


def test_seats_that_are_used_up_are_told_before_a_write(hub: Account) -> None:
    hub.tenant.set_seats("Sales Professional", 2)
    hub.tenant.add_user("ben@example.com", seats=["Sales Professional"])
    ana, cem = (hub.user(name, seats=SALES) for name in ("ana", "cem"))
    assert hub.told(ana) == []
    (told,) = hub.told(ana, cem)
    assert told == (
        "seats: 2 more 'Sales Professional' are wanted, 1 are left; free or buy seats, or declare "
        "others"
    )
    assert hub.told(ana, cem, hub.user("ben", op=Op.DELETE, seats=SALES)) == [], "one is freed"
    kept = hub.user("dan", op=Op.UPDATE, was={"first_name": "D"}, seats=SALES)
    assert hub.told(ana, kept) == [], "who has one needs no more"
    (typo,) = hub.told(hub.user("ana", seats={"Sales Profesional": True}))
    assert typo.startswith("seats: there is no seat 'Sales Profesional'; did you mean 'Sales Pr")
    # Who may not see what was bought is told by HubSpot itself, when it refuses.
    hub.token(hub.tenant.add_token(set(SCOPES) - {"settings.billing.write"}))
    assert hub.told(ana, cem) == []


def test_a_name_that_two_roles_have_is_told_before_a_write(
    hub: Account, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Marketing", "Marketing", "Sales"):
        hub.tenant.add_permission_set(name)
    told = hub.told(hub.user("ana", "Marketing"), hub.user("ben", "Sale"))
    assert [line.partition(";")[0] for line in told] == [
        "roles: there is no role 'Sale', wanted for ben",
        "roles: several roles are called 'Marketing', wanted for ana",
    ]
    crm = Account("scim", sandbox, monkeypatch)
    for name in ("Editors", "Editors", "Writers"):
        crm.tenant.add_role(name)
    told = crm.told(crm.user("ana", "Editors"), crm.user("ben", "Writer"))
    assert [line.partition(";")[0] for line in told] == [
        "roles: there is no role 'Writer', wanted for ben",
        "roles: several roles are called 'Editors', wanted for ana",
    ]
    assert "rename all but one" in told[1]


def test_the_token_of_another_portal_is_told_before_a_write(hub: Account) -> None:
    hub.config = hub.config.model_copy(update={"tenant": "4711"})
    told = hub.told(hub.user("ana"))
    assert len(told) == 1
    assert "it is one of portal 62515, the account says portal 4711" in told[0]
    assert "use a token of the right portal" in told[0]


def test_a_typo_among_128_scopes_is_told_with_what_was_meant(mail: Account) -> None:
    scopes = sorted(scope for scope in RIGHTS if not scope.startswith(("2fa", "sender_veri")))[:127]
    mark = mail.tenant.mark()
    assert mail.told(mail.user("ana", *scopes, "mail.send")) == []
    calls = sum(mail.tenant.calls(mark).values())
    (told,) = mail.told(mail.user("ana", *scopes, "mail.sned"))
    assert told.startswith(
        "roles: there is no role 'mail.sned', wanted for ana; did you mean 'mail"
    )
    assert calls < 25, "however many scopes there are"
