"""What an import makes of an account: who becomes what, under which id, and who is left out."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.account import AccountConfig, ByHand
from pulumi_martech.model.attestation import Attestation
from pulumi_martech.model.content import Cell
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.membership import Kind, Membership, NativeRole, Origin, Status
from pulumi_martech.model.plan import Plan
from pulumi_martech.operations import import_apply, importing
from pulumi_martech.operations.import_census import Census, Choice, Declared, take
from pulumi_martech.operations.import_file import as_program, merged, written
from pulumi_martech.operations.import_items import Vendor
from pulumi_martech.operations.import_names import person_ids, plain_name, variables
from pulumi_martech.operations.import_program import source
from pulumi_martech.operations.source import Call, Name, quoted, statement
from pulumi_martech.platforms import attested
from pulumi_martech.platforms.gtg_crm_matrix import SWITCHES
from pulumi_martech.platforms.registry import connect
from pulumi_martech.reconcile.session import Session
from pulumi_martech.resources.program import Program
from pulumi_martech.sandbox import Sandbox

NOTHING = Declared(keys={}, vendors={}, persons={})
NO_CHOICE = Choice()
NORTHLIGHT = Vendor(
    name="northlight",
    domains=("northlight.example",),
    until="2027-03-31",
    owner="ines",
    reason="spring campaign",
)
Taken = Callable[..., tuple[Census, str, str]]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def import_(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Taken:
    """Take a census of a tenant and write both files: census, module, import file."""

    def run(
        tenant: Any,
        choice: Choice = NO_CHOICE,
        declared: Declared = NOTHING,
        directory: Directory | None = None,
        **account: Any,
    ) -> tuple[Census, str, str]:
        for name, value in tenant.environment().items():
            monkeypatch.setenv(name, value)
        config = tenant.account().model_copy(update=account)
        session = Session(config, tmp_path, lambda given: listing(given, directory))
        census = take(session, declared, choice)
        program = as_program(config, census.items)
        assert program.whole() == [], "the gate would refuse what was written"
        return census, source(config, census), written(config, census.items, {}, "urn:stack")

    def listing(config: AccountConfig, directory: Directory | None) -> Any:
        connector = connect(config)
        if directory is not None:
            monkeypatch.setattr(connector, "directory", lambda: directory)
        return connector

    return run


def left(census: Census) -> dict[str, str]:
    return {one.what: one.why for one in census.left_out}


def digits(login: str) -> str:
    return hashlib.sha256(login.encode()).hexdigest()[:6]


def keys(items: Any) -> list[str]:
    return [item.key for item in items]


# -- ids


LOGINS = st.lists(st.text(min_size=1, max_size=40), unique=True, max_size=12)


@given(LOGINS, st.randoms())
def test_ids_are_names_in_code_and_depend_on_nothing_but_the_logins(
    logins: list[str], chance: Any
) -> None:
    ids = person_ids(logins, {}, {"ana"})
    shuffled = list(logins)
    chance.shuffle(shuffled)
    assert person_ids(shuffled, {}, {"ana"}) == ids
    assert len(set(ids.values())) == len(logins)
    program = Program()
    assert all(program.claim("MartechUser", "crm", id_) for id_ in ids.values()), program.problems
    assert not any("@" in id_ or id_ == "ana" for id_ in ids.values())


def test_ids_come_from_the_login_and_collisions_from_nothing_else() -> None:
    ids = person_ids(["ana@example.com", "ana@agency.example", "BO.Lind+x@example.com"], {}, ())
    assert ids["BO.Lind+x@example.com"] == "bo.lind-x"
    assert {ids["ana@example.com"][:4], ids["ana@agency.example"][:4]} == {"ana-"}
    alone = person_ids(["ana@example.com"], {}, ())
    assert alone == {"ana@example.com": "ana"}
    later = person_ids(["ana@agency.example"], {}, {"ana"})
    assert later["ana@agency.example"] == ids["ana@agency.example"]
    longer = person_ids(["ana@example.com"], {}, {"ana", f"ana-{digits('ana@example.com')}"})
    assert len(longer["ana@example.com"]) == len("ana-") + 7
    known = person_ids(["ana.b@example.com"], {"ana.b@example.com": "ana"}, ())
    assert known == {"ana.b@example.com": "ana"}, "as the program calls them elsewhere"
    assert [plain_name(t) for t in ("山田", "Zoë O'Hara", "--", "DOM\\bo")] == [
        "",
        "zoe-o-hara",
        "",
        "dom-bo",
    ]
    assert variables(["class", "print", "scim", "a-b", "1st"], {"scim"}) == {
        "1st": "_1st",
        "a-b": "a_b",
        "class": "class_",
        "print": "print_",
        "scim": "scim_",
    }


# -- source


@given(st.text(max_size=30))
def test_a_literal_is_the_text(text: str) -> None:
    assert eval(quoted(text)) == text
    assert quoted(text).isprintable()


def test_what_is_written_is_what_the_formatter_writes(tmp_path: Path) -> None:
    words = ["x" * n for n in range(1, 40, 3)]
    texts = ['a"b', "a'b", "back\\slash", 'it\'s "so"', "日本語の名前" * 6]
    values: list[Any] = []
    for n in range(1, 12):
        values.append(Call("scim.MartechUser", words[:n], {"account": Name("crm"), "roles": []}))
        values.append(Call("f", [texts[n % 5]], {"roles": words[:n], "active": False}))
        values.append([{"vendor": words[n], "people": {t: {"roles": words[:n]} for t in texts}}])
        values.append(tuple(words[:n]))
        values.append({text: words[:n] for text in texts})
    text = "".join(statement(value, f"name_{n} = ") + "\n" for n, value in enumerate(values))
    assert formatted(text) == text


def formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "-", "--config", "line-length=100"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


# -- who becomes what


def test_a_directory_with_everything_that_goes_wrong(sandbox: Sandbox, import_: Taken) -> None:
    """Hidden roles, namesakes, groups, records without a name: left out, each with its reason."""

    def member(login: str, **more: Any) -> Membership:
        said = {"roles": frozenset(), "attributes": {"active": True}, **more}
        return Membership(id=f"id-{login}-{len(more)}", login=login, **said)

    directory = Directory(
        account="odd",
        memberships=(
            member("ana@example.com"),
            member("twin@example.com"),
            member("twin@example.com", email="t@example.com"),
            member("group@example.com", origin=Origin.GROUP),
            member("off@example.com", status=Status.DEACTIVATED, attributes={"active": False}),
            member("robot", kind=Kind.SERVICE),
            member("spoof@ex\u0430mple.com"),
            member("bo@example.com"),
            member("bo@examp1e.com"),
            member("stray@vendor.example"),
            member("known@example.com"),
        ),
        roles=(
            NativeRole(id="1", name="Twice"),
            NativeRole(id="2", name="Twice"),
            NativeRole(id="3", name=" padded"),
            NativeRole(id="4", name="svc-role"),
            NativeRole(id="5", name="Ours"),
            NativeRole(id="6", name="Free"),
        ),
        unreadable=("a user with id 9 and no name",),
    )
    declared = Declared(
        logins=frozenset({"known@example.com"}),
        roles=frozenset({"Ours"}),
        keys={"MartechUser": frozenset({"known", "ana"})},
        vendors={"vendor": (frozenset({"vendor.example"}), frozenset())},
        persons={},
        domains=frozenset({"example.com"}),
    )
    tenant = sandbox.tenant("odd", "scim")
    choice = Choice(excepted=("SVC-*",))
    census, text, _ = import_(tenant, choice, declared, directory)
    assert keys(census.roles) == ["free"]
    assert keys(census.people) == [f"ana-{digits('ana@example.com')}", "bo"], (
        "another person has `ana`, and who is not declared has no `bo`"
    )
    assert keys(census.services) == ["robot"]
    assert census.declared == 1
    reasons = left(census)
    assert reasons.pop("a user with id 9 and no name") == "without what identifies it"
    assert reasons.pop("twin@example.com") == "one login of 2 records"
    assert "given by a group" in reasons.pop("group@example.com")
    assert "switched off" in reasons.pop("off@example.com")
    assert "Cyrillic" in reasons.pop("spoof@ex\u0430mple.com")
    assert reasons.pop("bo@examp1e.com").startswith("mail domain examp1e.com looks like example")
    assert reasons.pop("stray@vendor.example").startswith("of vendor vendor, whose")
    assert reasons.pop("role Twice") == "one name of 2 roles"
    assert "begins or ends with a space" in reasons.pop("role  padded")
    assert reasons.pop("role svc-role") == "left out by --except SVC-*"
    assert reasons == {}
    assert formatted(text) == text
    assert not any(what in text for what in ("twin@", "bo@examp1e", "spoof@")), (
        "no login in a comment"
    )


def test_a_site_keeps_what_no_program_can_say(sandbox: Sandbox, import_: Taken) -> None:
    site: Any = sandbox.tenant("blog", "wordpress")
    site.add_role("shop_manager")
    site.add_user("zoe", email="Zoe@Example.com", roles=["editor", "shop_manager"], name="Zoë")
    site.add_user("eve-nl", email="eve@northlight.example", roles=["author"])
    site.add_users(
        [
            {"username": "müller", "email": "m@example.com", "roles": ["editor"]},
            {"username": "nomail", "email": "", "roles": ["editor"]},
            {"username": "loud", "email": "loud@example.com", "name": "A &amp;lt; B", "roles": []},
        ]
    )
    choice = Choice(vendors=(NORTHLIGHT,), descriptive=True)
    declared = NOTHING.model_copy(update={"persons": {"zoe@example.com": "zh"}})
    census, text, _ = import_(site, choice, declared, successor="admin")
    assert keys(census.people) == ["admin", "loud", "zh"], "as the person is called elsewhere"
    assert [item.inputs["name"] for item in census.roles] == ["shop_manager"]
    assert [list(item.inputs["people"]) for item in census.grants] == [["eve-nl"]]
    assert census.unsaid == {"name": 1}
    assert left(census) == {
        "müller": "not declarable: login is no WordPress user name: letters without accents, "
        "digits, single spaces and _ . - @ are allowed",
        "nomail": "not declarable: email is not an e-mail address: An email address must have "
        "an @-sign",
    }
    assert (census.administrators, census.pending) == (1, 0)
    assert 'roles=["editor", shop_manager]' in text
    assert formatted(text) == text
    again = import_(site, choice, declared, successor="admin")
    assert again[1:] == (text, written(site.account().model_copy(update={"successor": "admin"}),
        census.items, {}, "urn:stack"))  # fmt: skip
    site.add_users([{"username": "nils é", "email": "n@northlight.example", "roles": ["author"]}])
    without, _, _ = import_(site, choice, declared, successor="admin")
    assert without.grants == (), "a preview would show whom the grant lacks"
    assert left(without)["eve-nl"].startswith("of vendor northlight, not all of whose")


def test_teammates_keys_and_rights_on_subusers(sandbox: Sandbox, import_: Taken) -> None:
    mail: Any = sandbox.tenant("mail", "sendgrid")
    scopes = ["mail.send", "marketing.read", "stats.read", "templates.read"]
    for name in ("ana", "bo"):
        mail.add_teammate(f"{name}@example.com", username=name, scopes=[*scopes, "2fa_required"])
    mail.add_teammate("half@example.com", is_sso=True, first_name="H", scopes=["mail.send"])
    mail.add_subuser("emea")
    mail.add_teammate("sub@example.com", is_sso=True, first_name="S", last_name="U")
    mail.give_subusers("sub@example.com", {"emea": None})
    mail.add_teammate("hand@example.com", username="hand")
    mail.give_subusers("hand@example.com", {"emea": ["mail.send"]})
    mail.invite("new@example.com", ["mail.send"])
    mail.invite("eve@northlight.example", ["stats.read"])
    mail.invite("late@freelance.example", ["stats.read"])
    key = f"key:{mail.add_key('agency', ['mail.send'])}".lower()
    aliases = (key, "late@freelance.example")
    vendor = NORTHLIGHT.model_copy(update={"aliases": aliases})
    census, text, file = import_(mail, Choice(vendors=(vendor,)))
    assert keys(census.people) == ["ana", "bo", "half", "new", "owner", "sub"]
    (grant,) = census.grants
    assert list(grant.inputs["people"]) == ["eve@northlight.example", key, "late@freelance.example"]
    assert (census.administrators, census.pending) == (1, 3)
    assert census.unsaid == {"first_name": 1, "sso": 1}, "of one who has no last name"
    assert list(left(census)) == ["hand@example.com"]
    assert text.count("roles=ROLES_") == 3, "of two people, and of the administration's key"
    assert 'ROLES_1 = ("mail.send", "marketing.read", "stats.read", "templates.read")' in text
    assert formatted(text) == text
    assert mail.credentials.token not in file + text
    mail.fault("status", method="GET", path="*/v3/teammates/ana", status=403)
    assert "not readable" in left(import_(mail)[0])["ana@example.com"]


def test_a_portal_gives_teams_seats_and_super_admins(sandbox: Sandbox, import_: Taken) -> None:
    portal: Any = sandbox.tenant("portal", "hubspot")
    for name in ("Marketer", "Nobody's"):
        portal.add_permission_set(name)
    portal.add_team("EMEA")
    portal.set_seats("Core", 5)
    portal.add_user("ana@example.com", role="Marketer", primary_team="EMEA", seats=["Core"])
    portal.add_user("off@example.com", role="Marketer", last_name="Off")
    portal.deactivate("off@example.com")
    portal.add_user("nils@northlight.example")
    portal.add_user("ed@other.example")
    domains = ("northlight.example", "other.example")
    other = NORTHLIGHT.model_copy(update={"name": "other", "domains": domains})
    census, text, _ = import_(portal, Choice(vendors=(NORTHLIGHT, other)))
    assert "of several vendors: northlight, other" in left(census)["nils@northlight.example"]
    assert left(census)["ed@other.example"].startswith("of vendor other, not all of whose")
    assert [item.inputs["name"] for item in census.roles] == ["Marketer"], "nobody has the other"
    assert 'primary_team="EMEA"' in text and 'seats=["Core"]' in text
    assert 'login="owner@example.com", roles=["Super Admin"]' in text
    everybody = Choice(deactivated=True, excepted=("*@northlight.example",), descriptive=True)
    census, text, _ = import_(portal, everybody)
    assert "active=False" in text and 'last_name="Off"' in text
    assert list(left(census)) == ["nils@northlight.example"]


def test_what_was_attested_of_a_crm_without_an_api(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: office\n")
    monkeypatch.chdir(tmp_path)
    by_hand = ByHand(operator="mia")
    config = AccountConfig(
        key="gtg", platform="gtg_crm", url="https://www.gtgcrm.com", credentials=by_hand
    )
    switches = SWITCHES["guide"]
    on = sorted(switches)[0]
    seen = Attestation(
        account="gtg", platform="gtg_crm", at="2026-05-30T09:00:00Z", by="ana",
        stored="2026-05-30T09:05:00Z", layout="guide", sources=(),
        people={"ines@example.com": ("Administrator",), "bo@example.com": ("Service",)},
        roles={"Service": {name: Cell.ON if name == on else Cell.OFF for name in switches}},
    )  # fmt: skip
    attested.store(seen)
    census = take(Session(config, tmp_path), NOTHING, NO_CHOICE)
    assert census.left_out == ()
    text = source(config, census)
    assert f'layout="guide",\n        switches=["{on}"],\n' in text
    assert 'gtg_crm.MartechUser("bo", account=gtg, login="bo@example.com", roles=[service])' in text
    assert 'login="ines@example.com", roles=["Administrator"]' in text
    assert formatted(text) == text


# -- what is refused


def test_terms_and_places_are_said_before_anything_is_read() -> None:
    def vendors(*said: str, until: str = "2027-03-31", owner: str = "ines") -> Any:
        return importing.vendors(said, until, owner, "spring", "2026-06-01")

    (found,) = vendors("northlight=Northlight.example, key:ab,eve@other.example")
    assert found.domains == ("northlight.example",)
    assert found.aliases == ("key:ab", "eve@other.example")
    for said, words in (
        (lambda: vendors("northlight"), "this is no NAME=DOMAIN"),
        (lambda: vendors("North Light=x.example"), "this is no NAME=DOMAIN"),
        (lambda: vendors("a=x.example", "a=y.example"), "it is named twice"),
        (lambda: vendors("a=x.example", owner=""), "a vendor's access has terms"),
        (lambda: vendors("a=x.example", until="soon"), "'soon' is no date"),
        (lambda: vendors("a=x.example", until="2026-05-31"), "the contract was over"),
        (vendors, "are terms of a --vendor"),
        (lambda: importing.check_usage("", True, False), "no account is named"),
        (lambda: importing.check_usage("crm", False, False), "not said what to write"),
        (lambda: importing.check_usage("crm", True, True), "--apply takes a file"),
    ):
        with pytest.raises(InvalidDeclaration, match=words):
            said()


def test_a_program_that_cannot_take_the_account_is_told_so(sandbox: Sandbox) -> None:
    config = sandbox.tenant("closed", "wordpress").account()
    roster = NOTHING.model_copy(update={"keys": {"Roster": frozenset({"roster"})}})
    granted = NOTHING.model_copy(update={"vendors": {"northlight": (frozenset(), frozenset())}})
    heir = config.model_copy(update={"successor": "admin"})
    for account, declared, words in (
        (config, roster, "has a Roster of it, which lists everybody"),
        (config, NOTHING, "needs somebody who takes over what it owns.*successor='LOGIN'"),
        (heir, granted, "has a VendorGrant northlight in it already"),
    ):
        with pytest.raises(InvalidDeclaration, match=words):
            importing._check(account, declared, Choice(vendors=(NORTHLIGHT,)))
    known = importing.Known(Plan(), {}, {})
    with pytest.raises(InvalidDeclaration, match=r"declare it first: mail_eu = PLATFORM\.Acc"):
        importing._account(known, "mail-eu")


def test_only_a_file_of_ours_is_taken_in(sandbox: Sandbox, import_: Taken, tmp_path: Path) -> None:
    """A state names classes to load, and an import file is a state."""
    tenant: Any = sandbox.tenant("small", "scim")
    tenant.add_user("ana@example.com")
    _, _, text = import_(tenant)
    file = tmp_path / "small.import.json"
    file.write_text(text)
    assert len(import_apply._combined([file, file])) == 4
    (ana,) = (e for e in json.loads(text)["resources"] if e["name"] == "MartechUser small/ana")
    foreign = ana["inputs"]["__provider"].replace("g", "h")
    for wrong in (
        text.replace(ana["inputs"]["__provider"], foreign),
        text.replace("martech/scim:MartechUser", "martech/scim:Roster"),
        text.replace("pulumi:providers:pulumi-python", "pulumi:providers:aws"),
        text.replace('"martech:account": "small"', '"x": "small"'),
        text[: len(text) // 2],
        "[]",
        '{"resources": []}',
    ):
        file.write_text(wrong)
        with pytest.raises(InvalidDeclaration, match="it is no file that this version of"):
            import_apply._combined([file])


def test_a_gate_keeps_what_it_knew() -> None:
    old = {"crm": {"address": "a", "logins": {"ana": {"roles": {}}}}, "site": {"logins": {}}}
    more = {
        "crm": {"address": "b", "logins": {"bo": {}}, "roles": {"R": True}},
        "x": {"logins": {}},
    }
    assert merged(old, more) == {
        "crm": {"address": "a", "logins": {"ana": {"roles": {}}, "bo": {}}, "roles": {"R": True}},
        "site": {"logins": {}},
        "x": {"logins": {}},
    }
    assert merged(merged(old, more), more) == merged(old, more)
