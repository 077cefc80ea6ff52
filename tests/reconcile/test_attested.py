"""Accounts without an API: what is asked, what counts as proof, and what nobody knows yet.

The account is one of GTG CRM; its operator is mia, the clock stands where a test puts it.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pulumi_martech.model.access import Access
from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.attestation import Asked, Attestation, NotYet, Source, instant, written
from pulumi_martech.model.content import Cell, Declared
from pulumi_martech.model.errors import (
    Different,
    DirectoryShrank,
    GuardRefused,
    Malformed,
    MartechError,
    UnknownRole,
)
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.membership import Status, Wish
from pulumi_martech.platforms import attested as files
from pulumi_martech.platforms.gtg_crm import Role
from pulumi_martech.platforms.gtg_crm_matrix import SWITCHES, cells
from pulumi_martech.platforms.registry import connect
from pulumi_martech.policy.view import native_roles
from pulumi_martech.reconcile import attested, ending, entries, roles, shape, users
from pulumi_martech.reconcile.chain import entries as audit_lines
from pulumi_martech.reconcile.session import Session

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANA, BO, EVE = "ana@example.com", "bo@example.com", "eve@northlight.example"


class Stopped:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> float:
        return self.at.timestamp()

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Workspace:
    """A project with one account, and whoever looks at its screens."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Stopped()
        (folder / "Pulumi.yaml").write_text("name: office\n")
        self.config = AccountConfig(
            key="gtg",
            platform="gtg_crm",
            url="https://www.gtgcrm.com",
            credentials=ByHand(operator="mia"),
        )

    def session(self, **changes: Any) -> Session:
        """Return what a process that has just started has."""
        config = self.config.model_copy(update=changes)
        return Session(config, self.folder / ".martech", partial(connect), self.clock)

    def attest(
        self,
        people: dict[str, Iterable[str]],
        at: datetime | str = NOON,
        by: str = "ana",
        roles: dict[str, Iterable[str]] | None = None,
        layout: str = "guide",
        reason: str = "",
    ) -> Path:
        """Store what ``by`` saw; ``roles`` are the switches that are on, by custom role."""
        seen = None
        if roles is not None:
            seen = {
                name: {s: Cell.ON if s in on else Cell.OFF for s in SWITCHES[layout]}
                for name, on in roles.items()
            }
        said = Attestation(
            account="gtg",
            platform="gtg_crm",
            at=at if isinstance(at, str) else written(at),
            by=by,
            stored=written(NOON),
            layout=layout if seen else "",
            sources=(Source(name="people.csv", sha256="0" * 64),),
            people={login: tuple(held) for login, held in people.items()},
            roles=seen,
            reason=reason,
        )
        return files.store(said)

    def audit(self) -> list[tuple[str, str, str]]:
        """Return person, verb and how it ended, of the calls in the audit."""
        path = self.folder / ".martech" / "audit" / "gtg.jsonl"
        return [(e.person, e.verb, e.phase) for e in audit_lines(path) if e.phase != "intent"]


@pytest.fixture
def gtg(tmp_path, monkeypatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MARTECH_AS_OF", "2026-11-20")
    return Workspace(tmp_path)


def wish(login: str, *names: str) -> Wish:
    return Wish(login=login, roles={name: name for name in names})


LATER, EARLIER = NOON + timedelta(hours=1), NOON - timedelta(hours=1)


# -- asking, and what proves it


def test_a_wish_is_asked_of_the_operator_and_recorded_with_its_time(gtg):
    outcome = users.create(gtg.session(), "ana", wish(ANA, "Marketing Staff"), adopt=False)
    assert outcome.how == "asked" and outcome.member.status is Status.ASKED
    assert outcome.member.asked == Asked(at="2026-11-20T12:00:00Z", of="mia", due="2026-12-04")
    assert gtg.audit() == [("ana", "ask: create user", "done")]


def test_until_somebody_attests_it_nobody_knows_and_the_wish_stands_as_declared(gtg):
    asked = Asked.now(NOON, "mia")
    declared = {"roles": {"Marketing Staff": True}}
    for by, at in (("mia", LATER), ("ana", EARLIER), ("ana", NOON), ("ana", "2026-11-20")):
        gtg.attest({BO: ["Administrator"]}, at=at, by=by)
        member = users.read(gtg.session(), ANA, ANA, asked)
        assert member is not None and member.status is Status.ASKED, (by, at)
        assert member.asked == asked
        assert shape.live_entry(member, declared) == declared


def test_a_later_attestation_of_somebody_else_shows_what_is_there(gtg):
    asked = Asked.now(NOON, "mia")
    gtg.attest({ANA: ["Administrator"], BO: []}, at=LATER)
    member = users.read(gtg.session(), ANA, ANA, asked)
    assert member is not None and member.status is Status.ACTIVE and member.asked is None
    assert shape.live_entry(member, {"roles": {"Marketing Staff": True}}) == {
        "roles": {"Administrator": True}
    }
    assert users.read(gtg.session(), EVE, EVE, asked) is None, "it is attested not to be there"


def test_an_attestation_of_a_day_that_has_not_come_proves_nothing(gtg):
    asked = Asked.now(NOON, "mia")
    gtg.attest({BO: ["Administrator"]}, at="2140-01-01T08:00:00Z")
    member = users.read(gtg.session(), ANA, ANA, asked)
    assert member is not None and member.status is Status.ASKED, "nobody has looked yet"
    seen = attested.connector(gtg.session())
    assert seen.expired(date(2026, 11, 20))
    passed = "passed over: 1 dated 2140-01-01 or before, which has not come"
    assert seen.standing(date(2026, 11, 20)).endswith(passed)
    gtg.attest({ANA: ["Administrator"]}, at=LATER)
    member = users.read(gtg.session(), ANA, ANA, asked)
    assert member is not None and member.status is Status.ACTIVE, "the one before it counts"
    assert passed in attested.connector(gtg.session()).standing(date(2026, 11, 20))


def test_the_newest_attestation_counts_that_is_not_the_operators(gtg):
    gtg.attest({ANA: ["Administrator"]}, at=EARLIER)
    gtg.attest({ANA: []}, at=LATER, by="mia")
    assert users.read(gtg.session(), ANA, ANA).roles == {"Administrator"}
    gtg.attest({ANA: ["Marketing Staff"]}, at=LATER)
    assert users.read(gtg.session(), ANA, ANA).roles == {"Marketing Staff"}
    # Whom a step was asked of does not prove it after having handed the account over.
    asked = Asked.now(NOON, "ana")
    assert users.read(gtg.session(), ANA, ANA, asked).status is Status.ASKED


def test_what_is_attested_already_is_not_asked_for_again(gtg):
    gtg.attest({ANA: ["Marketing Staff"]}, at=EARLIER)
    assert users.create(gtg.session(), "ana", wish(ANA, "Marketing Staff"), False).how == "equal"
    with pytest.raises(Different, match=r"attested to be there and differs \(\+ role Admin"):
        users.create(gtg.session(), "ana", wish(ANA, "Administrator"), adopt=False)
    adopted = users.create(gtg.session(), "ana", wish(ANA, "Administrator"), adopt=True)
    assert adopted.how == "asked"
    assert gtg.audit() == [("ana", "ask: create user", "done")]


def test_a_wish_taken_back_is_asked_for_too_for_it_may_have_been_carried_out(gtg):
    gtg.attest({ANA: ["Marketing Staff"]}, at=EARLIER)
    asked, staff = Asked.now(NOON, "mia"), wish(ANA, "Marketing Staff")
    again = users.update(gtg.session(), "ana", ANA, ANA, staff, asked=asked)
    assert again.how == "asked"
    gtg.attest({ANA: ["Marketing Staff"]}, at=LATER)
    assert users.update(gtg.session(), "ana", ANA, ANA, staff, asked=asked).how == "equal"


# -- ending


def end(gtg: Workspace, login: str, verb: Any = "remove", asked: Asked | None = None) -> None:
    ending.end(gtg.session(), "x", login, login, verb, asked=asked)


def test_a_leaver_is_not_gone_before_an_attestation_says_so(gtg):
    gtg.attest({ANA: ["Administrator"], BO: ["Marketing Staff"]}, at=EARLIER)
    with pytest.raises(NotYet) as said:
        end(gtg, BO)
    text = str(said.value)
    assert "by ana of 2026-11-20T11:00:00Z still lists it" in text
    assert "asked of mia, until 2026-11-20" in text, "an end of access is due at once"
    assert "martech attest gtg" in text
    gtg.attest({ANA: ["Administrator"]}, at=LATER)
    end(gtg, BO)
    assert gtg.audit() == [("x", "ask: remove user", "done")]


def test_what_was_asked_for_and_never_attested_may_be_there(gtg):
    asked = Asked.now(NOON, "mia")
    with pytest.raises(NotYet, match="nobody has attested anything"):
        end(gtg, BO, asked=asked)
    gtg.attest({ANA: ["Administrator"]}, at=EARLIER)
    with pytest.raises(NotYet, match="since it was asked for on 2026-11-20T12:00:00Z"):
        end(gtg, BO, asked=asked)
    gtg.attest({ANA: ["Administrator"]}, at=LATER)
    end(gtg, BO, asked=asked)


def test_the_softer_verbs(gtg):
    gtg.attest({ANA: ["Administrator"], BO: [], EVE: ["Marketing Staff"]}, at=EARLIER)
    end(gtg, BO, "downgrade")
    end(gtg, EVE, "retain")
    with pytest.raises(NotYet):
        end(gtg, EVE, "downgrade")
    assert gtg.audit() == [("x", "ask: downgrade user", "done")]


# -- guards


def test_guards_hold_before_anything_is_asked(gtg):
    gtg.attest({ANA: ["Administrator"], BO: ["Marketing Staff"], EVE: []}, at=EARLIER)
    with pytest.raises(GuardRefused, match="last administrator"):
        end(gtg, ANA)
    with pytest.raises(GuardRefused, match="last administrator"):
        users.update(gtg.session(), "ana", ANA, ANA, wish(ANA, "Marketing Staff"))
    gtg.config = gtg.config.model_copy(update={"protected": (BO,), "breaker": 0})
    with pytest.raises(GuardRefused, match="protected"):
        end(gtg, BO)
    with pytest.raises(GuardRefused, match="breaker"):
        end(gtg, EVE)
    assert gtg.audit() == []


def test_an_administrator_who_was_asked_for_is_not_yet_one(gtg):
    gtg.attest({ANA: ["Administrator"], BO: ["Marketing Staff"]}, at=EARLIER)
    session = gtg.session()
    users.update(session, "bo", BO, BO, wish(BO, "Administrator"))
    with pytest.raises(GuardRefused, match="last administrator"):
        ending.end(session, "ana", ANA, ANA, "remove")


def test_a_list_that_lost_most_people_is_not_read_as_if_they_had_left(gtg):
    everybody = {f"p{n}@example.com": ["Marketing Staff"] for n in range(12)}
    gtg.attest({**everybody, ANA: ["Administrator"]}, at=EARLIER)
    users.read(gtg.session(), ANA, ANA)
    gtg.attest({ANA: ["Administrator"]}, at=LATER)
    with pytest.raises(DirectoryShrank):
        users.read(gtg.session(), ANA, ANA)
    gtg.attest({ANA: ["Administrator"]}, at=LATER + timedelta(hours=1), reason="they moved")
    assert users.read(gtg.session(), "p1@example.com", "p1@example.com") is None


# -- maps of people


def test_a_vendor_is_asked_in_and_shows_its_strays_once_attested(gtg):
    def belongs(member: Any) -> bool:
        return member.login.endswith("@northlight.example")

    people = {EVE: {"roles": {"Marketing Staff": True}}}
    steps = entries.apply(gtg.session(), "vendor/northlight", {}, people, "remove")
    assert steps == {EVE: Asked.now(NOON, "mia")}
    assert entries.live_map(gtg.session(), people, belongs, asked=steps) == people
    seen = {ANA: ["Administrator"], EVE: ["Administrator"], "nils@northlight.example": []}
    gtg.attest(seen, at=LATER)
    session = gtg.session()
    assert entries.live_map(session, people, belongs, asked=steps) == {
        EVE: {"roles": {"Administrator": True}},
        "nils@northlight.example": {"roles": {}},
    }
    assert attested.remaining(session, steps) == {}
    with pytest.raises(MartechError, match="2 of 2 entries failed") as said:
        entries.end_all(gtg.session(), "vendor/northlight", seen_as(seen), "remove", "", belongs)
    assert "still lists it" in str(said.value)
    gtg.attest({ANA: ["Administrator"]}, at=LATER + timedelta(hours=1))
    entries.end_all(gtg.session(), "vendor/northlight", seen_as(seen), "remove", "", belongs)


def seen_as(seen: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    return {
        login: {"roles": dict.fromkeys(held, True)}
        for login, held in seen.items()
        if login.endswith("@northlight.example")
    }


# -- roles


def support(*switches: str, **more: Any) -> Role:
    return Role(name="Support", layout="guide", switches=frozenset(switches), **more)


def test_a_custom_role_is_asked_for_and_shows_its_switches_once_attested(gtg):
    declared = support("Messaging: View")
    role, how = roles.create(gtg.session(), "support", declared)
    assert how == "asked" and role.asked == Asked.now(NOON, "mia")
    asked = role.asked
    assert roles.read(gtg.session(), "Support", "Support", asked).asked == asked
    gtg.attest({ANA: ["Administrator"]}, at=LATER)
    unseen = roles.read(gtg.session(), "Support", "Support", asked)
    assert not unseen.attributes, "whoever says nothing of roles proves nothing of them"
    seen = {"Support": ["Messaging: View", "Contacts: Export"]}
    gtg.attest({ANA: []}, at=LATER + timedelta(hours=1), roles=seen)
    live = roles.read(gtg.session(), "Support", "Support", asked)
    assert live.attributes["switches"] == {"Messaging: View", "Contacts: Export"}
    assert live.asked is None
    changed = roles.update(gtg.session(), "support", "Support", "Support", declared, asked)
    assert changed.asked is not None
    with pytest.raises(Different, match="- Contacts: Export"):
        roles.create(gtg.session(), "support", declared)
    same = support("Messaging: View", "Contacts: Export")
    assert roles.create(gtg.session(), "support", same)[1] == "equal"


def test_a_role_that_was_renamed_has_its_old_name_until_the_new_one_is_attested(gtg):
    gtg.attest({ANA: []}, at=EARLIER, roles={"Help": ["Messaging: View"]})
    declared = support("Messaging: View")
    asked = roles.update(gtg.session(), "support", "Help", "Help", declared).asked
    assert asked is not None
    standing = roles.read(gtg.session(), "Help", "Support", asked)
    assert (standing.id, standing.name) == ("Help", "Support")
    gtg.attest({ANA: []}, at=LATER, roles={"Help": ["Messaging: View"]})
    assert roles.read(gtg.session(), "Help", "Support", asked).name == "Help", "it was not done"
    later = LATER + timedelta(hours=1)
    gtg.attest({ANA: []}, at=later, roles={"Support": ["Messaging: View"]})
    assert roles.read(gtg.session(), "Help", "Support", asked).id == "Support"


def test_a_custom_role_goes_when_nobody_holds_it_and_it_is_attested_gone(gtg):
    gtg.attest({ANA: ["Administrator"], BO: ["Support"]}, at=EARLIER, roles={"Support": []})
    with pytest.raises(Different, match=r"still hold it \(bo@example.com\)"):
        roles.remove(gtg.session(), "support", "Support", "Support")
    gtg.attest({ANA: ["Administrator"], BO: []}, at=NOON)
    with pytest.raises(NotYet, match="says nothing of roles"):
        roles.remove(gtg.session(), "support", "Support", "Support")
    gtg.attest({ANA: ["Administrator"], BO: []}, at=LATER, roles={"Support": []})
    with pytest.raises(NotYet, match="still lists it"):
        roles.remove(gtg.session(), "support", "Support", "Support")
    gtg.attest({ANA: ["Administrator"]}, at=LATER + timedelta(hours=1), roles={})
    roles.remove(gtg.session(), "support", "Support", "Support")


def test_a_role_that_must_be_there_is_built_in_held_or_attested(gtg):
    def presence(name: str) -> str:
        return roles.reference(gtg.session(), name)[1]

    assert presence("Administrator") == "present" and presence("Support") == "unproven"
    gtg.attest({ANA: ["Sales"]}, at=EARLIER)
    assert presence("Sales") == "present" and presence("Support") == "unproven"
    gtg.attest({ANA: []}, at=LATER, roles={"Support": []})
    assert presence("Support") == "present"
    with pytest.raises(UnknownRole, match="did you mean 'Support'"):
        presence("Suport")


def test_what_was_attested_of_custom_roles_is_a_declaration_by_capability(gtg):
    gtg.attest({ANA: []}, roles={"Support": ["Messaging: Reply", "Contacts: Export"]})
    session = gtg.session()
    said = attested.connector(session).declared()["Support"]
    assert (said.by, said.on.isoformat()) == ("ana", "2026-11-20")
    assert said.allowed() == {"messaging:send", "contacts:export"}
    assert said.content["crm:view"] is Cell.NO_SWITCH
    assert said.content["email:send"] is Cell.OFF


def test_the_account_s_own_word_on_a_role_goes_before_what_was_attested(gtg):
    own = Declared(content=cells("Marketing Manager"), by="ines", on=date(2026, 11, 1))
    account = Account.model_validate(
        {
            "key": "gtg",
            "platform": "gtg_crm",
            "url": "env:NOT_SET_HERE",
            "credentials": gtg.config.credentials,
            "role_content": {"Marketing Manager": own, "Sales": own},
        }
    )
    gtg.attest({ANA: []}, roles={"Support": ["Messaging: Reply"], "Sales": []})
    known = attested.with_role_content(Access(accounts={"gtg": account})).accounts["gtg"]
    view = native_roles(known, ["Support"], date(2026, 11, 20))
    assert view.unproven == () and view.can == {"messaging:send"}
    assert known.role_content["Sales"].by == "ines"
    manager = native_roles(known, ["Marketing Manager"], date(2026, 11, 20))
    assert manager.unproven == () and "crm:view" in manager.can, "implied, though no cell says so"
    assert native_roles(known, ["Administrator"], date(2026, 11, 20)).unproven
    nobody = Access(accounts={"gtg": account.model_copy(update={"credentials": None})})
    assert attested.with_role_content(nobody) is nobody


# -- the files


def test_an_attestation_that_was_edited_is_not_believed(gtg):
    file = gtg.attest({ANA: ["Administrator"]})
    said = json.loads(file.read_text())
    said["people"][BO] = ["Administrator"]
    file.write_text(json.dumps(said))
    with pytest.raises(Malformed, match="edited after it was stored"):
        users.read(gtg.session(), ANA, ANA)
    file.write_text("{}")
    with pytest.raises(Malformed, match="it is no attestation"):
        users.read(gtg.session(), ANA, ANA)


def test_an_attestation_of_another_account_is_not_believed(gtg):
    file = gtg.attest({ANA: ["Administrator"]})
    other = file.parent.with_name("crm")
    file.parent.rename(other)
    gtg.config = gtg.config.model_copy(update={"key": "crm"})
    with pytest.raises(Malformed, match="it is about account gtg"):
        gtg.session().listing()


def test_a_renamed_account_keeps_what_was_attested_under_its_old_key(gtg):
    gtg.attest({ANA: ["Administrator"]})
    gtg.config = gtg.config.model_copy(update={"key": "crm", "renamed_from": "gtg"})
    assert users.read(gtg.session(), ANA, ANA).roles == {"Administrator"}


def test_attestations_lie_beside_the_project_file_wherever_a_process_runs(gtg, monkeypatch):
    gtg.attest({ANA: ["Administrator"]})
    (gtg.folder / "stacks").mkdir()
    monkeypatch.chdir(gtg.folder / "stacks")
    assert users.read(gtg.session(), ANA, ANA).roles == {"Administrator"}


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2027-02-18", "counts until 2027-02-18"),
        ("2027-02-19", "EXPIRED on 2027-02-18"),
    ],
)
def test_an_expired_attestation_is_a_finding_and_no_difference(gtg, monkeypatch, day, said):
    gtg.attest({ANA: ["Administrator"]})
    monkeypatch.setenv("MARTECH_AS_OF", day)
    session = gtg.session()
    assert users.read(session, ANA, ANA).roles == {"Administrator"}
    assert said in session.report.now().evidence[0]
    assert bool(session.expired()) == ("EXPIRED" in said)
    assert session.expired() == "", "it is said once a process"


@pytest.mark.parametrize("text", ["2026-11-20", "2026-11-20T07:00+07:00", "2026-11-20T00:00:00Z"])
def test_a_day_is_its_beginning_in_utc(text):
    assert written(instant(text)) == "2026-11-20T00:00:00Z"
