"""What a document is judged as, and the resources it comes to: the same, but for what they lack."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_martech.document.compile import Declaration, compile_access
from pulumi_martech.document.load import read
from pulumi_martech.model.access import Access
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.judging import Judgement, judge
from pulumi_martech.policy.plans import Recorded
from pulumi_martech.policy.resource_view import view_of_resources
from pulumi_martech.policy.view import view_of

DAY = date(2026, 11, 28)
ON_RESOURCES = tuple(rule for rule in BUILTIN if rule.on_resources)

TEXT = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {email: ana@fernwood.example}
  ben: {email: ben@fernwood.example, logins: {mail: ben@gmail.com}}
  cas: {email: cas@gmail.com}
  info: {email: Info@fernwood.example}
  old: {email: old@fernwood.example, status: leaver}
  bot: {kind: service, owner: ana, until: 2026-12-31, logins: {crm: "key:b", mail: "key:b"}}
vendors:
  north: {domains: [north.example], until: 2027-11-30, owner: ana, why: ads, contract: C1,
    people: {eve: {email: eve@north.example}, may: {email: may@gmail.com}}}
accounts:
  crm:
    platform: scim
    url: https://crm.example/scim
    credentials: {kind: bearer, token: "env:T"}
    ROSTER
    administrators: [Admins]
    roles: &no
  mail:
    platform: scim
    url: https://mail.example/scim
    credentials: {kind: bearer, token: "env:T"}
    roles: &no
roles:
  buyer: {add: ["ads:spend"]}
  payer: {add: ["billing:manage", "code:publish"]}
  users: {add: ["users:manage", "contacts:export", "integrations:manage", "contacts:view_all"]}
grants:
"""
ROLES = """
      administrator: [Admins]
      marketer: [Senders]
      buyer: [Buyers]
      payer: [Payers]
      users: [Desk]
      viewer: []
    role_content:
      Admins: {content: ["users:manage", "settings:manage"], by: ana, on: 2026-11-01}
      Senders: {content: ["email:send", "crm:import"], by: ana, on: 2026-11-01}
      Buyers: {content: ["ads:spend"], by: ana, on: 2026-11-01}
      Payers: {content: ["billing:manage", "code:publish"], by: ana, on: 2026-11-01}
      Desk:
        content: ["users:manage", "contacts:export", "integrations:manage", "contacts:view_all"]
        by: ana
        on: DESK
"""

grants = st.lists(
    st.tuples(
        st.sampled_from(["ana", "ben", "cas", "info", "old", "bot", "eve", "may"]),
        st.sampled_from(["administrator", "marketer", "buyer", "payer", "users", "viewer"]),
        st.sampled_from(["crm", "mail"]),
        st.sampled_from(["", ", until: 2026-12-31", ", until: 2027-06-30", ", until: 2026-11-27"]),
    ),
    unique_by=lambda grant: grant[:3],
    max_size=12,
)


def document(folder: Path, text: str) -> Access:
    file = folder / "access.yaml"
    file.write_text(text, encoding="utf-8")
    found = read(file)
    assert found.ok, found.problems
    return found.access


def recorded(access: Access) -> Iterator[Recorded]:
    """Yield the resources that a document comes to, as a state or a policy pack has them."""
    compiled = compile_access(access, DAY)
    assert not compiled.findings, compiled.findings
    for account in compiled.accounts:
        inputs = account.config().inputs()
        yield Recorded(urn=f"urn:{account.key}", kind=f"{account.platform}:Account", inputs=inputs)
    for each in compiled.declarations:
        platform = access.accounts[each.account].platform
        yield Recorded(
            urn=f"urn:{each.account}/{each.key}",
            kind=f"{platform}:{each.kind}",
            inputs={"account": each.account, **_inputs(each)},
        )


def _inputs(each: Declaration) -> dict[str, Any]:
    def entry(said: Any) -> dict[str, Any]:
        return {**said, "roles": dict.fromkeys(said["roles"], True)}

    said = dict(each.arguments)
    if each.kind == "MartechUser":
        return {"person": each.key, **entry(said)}
    for people in ("people", "members"):
        if people in said:
            said[people] = {login: entry(one) for login, one in said[people].items()}
    return {"vendor": each.key, **said} if each.kind == "VendorGrant" else said


def verdicts(judgement: Judgement, access: Access) -> set[tuple[str, str, frozenset[str]]]:
    """Return mandatory findings as rule, who or which account, and the accounts it is about."""
    keys = {key: key for key in access.principals}
    for key, principal in access.principals.items():
        for address in (principal.email, *principal.logins.values()):
            keys.setdefault(address.lower(), key)
    found = set()
    for finding in judgement.mandatory:
        about = [keys.get(each.lower(), each) for each in finding.about]
        where = frozenset(set(about) & access.accounts.keys())
        who = next((each for each in about if each in access.principals), "")
        found.add((finding.rule, who, where))
    return found


@given(
    held=grants,
    roster=st.sampled_from(["", "roster: {}"]),
    desk=st.sampled_from(["2026-11-01", "2026-01-01"]),
)
@settings(max_examples=60, deadline=None)
def test_the_same_is_found_in_a_document_and_in_its_resources(
    tmp_path_factory: pytest.TempPathFactory,
    held: list[tuple[str, str, str, str]],
    roster: str,
    desk: str,
) -> None:
    lines = "".join(
        f"  - {{who: {who}, role: {role}, account: {account}{until}}}\n"
        for who, role, account, until in held
        # A roster does not say whose people are in it: docs/policies.md.
        if not (roster and account == "crm" and who in ("eve", "may"))
    )
    text = TEXT.replace("ROSTER\n", f"{roster}\n").replace(" &no\n", ROLES.replace("DESK", desk))
    access = document(tmp_path_factory.getbasetemp(), text + (lines or "  []\n"))
    by_document = verdicts(judge(view_of(access, DAY), ON_RESOURCES), access)
    by_resources = verdicts(
        judge(view_of_resources(recorded(access), DAY), ON_RESOURCES, only_resources=True), access
    )
    assert by_document <= by_resources
    # An entry has one end, the last of its grants: a grant that ends sooner counts until then.
    assert {rule for rule, *_ in by_resources - by_document} <= {"external-ends"}


LACKING = {
    # what a document says and resources do not: the policy that sees it in the document alone
    "partner": (
        "partners:\n  dealer: {kind: reseller, owner: ana, agreement: {signed: 2026-01-01, "
        "until: 2026-12-31}, people: {pat: {email: pat@dealer.example}}}\n",
        "pat",
        "external-administrators",
    ),
    "external of nobody": ("", "zoe", "external-administrators"),
    "waiver": (
        "waivers:\n  w: {policy: personal-mail, about: [cas], owner: ana, why: x, "
        "until: 2026-12-31}\n",
        "cas",
        "personal-mail",
    ),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_resources_do_not_say_is_judged_by_the_document(tmp_path: Path, case: str) -> None:
    """Each of these stands in docs/policies.md."""
    more, who, rule = LACKING[case]
    text = TEXT.replace("ROSTER\n", "\n").replace(" &no\n", ROLES.replace("DESK", "2026-11-01"))
    text = text.replace("people:\n", "people:\n  zoe: {kind: external, email: z@z.example}\n", 1)
    text += f"  - {{who: {who}, role: administrator, account: crm, until: 2026-12-31}}\n{more}"
    access = document(tmp_path, text)
    here = {f.rule for f in judge(view_of(access, DAY), ON_RESOURCES).mandatory}
    view = view_of_resources(recorded(access), DAY)
    there = {f.rule for f in judge(view, ON_RESOURCES, only_resources=True).mandatory}
    assert (rule in here, rule in there) == ((False, True) if more[:1] == "w" else (True, False))


@pytest.mark.parametrize("example", ["access_document", "email_marketing"])
def test_the_examples_are_judged_the_same_by_their_resources(
    example: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CRM_URL", "SITE_URL", "MAIL_URL"):
        monkeypatch.setenv(name, f"https://{name[:4].lower()}.example")
    access = read(Path(__file__).parents[2] / "examples" / example / "access.yaml").access
    whole = judge(view_of(access, DAY), ON_RESOURCES)
    here = verdicts(whole, access)
    view = view_of_resources(recorded(access), DAY)
    there = verdicts(judge(view, ON_RESOURCES, only_resources=True), access)
    assert here == there
    assert whole.findings


def test_resources_alone_say_who_is_a_vendors_and_who_is_one_person(tmp_path: Path) -> None:
    """A program without a document: what its resources show of people counts all the same."""
    access = document(
        tmp_path,
        TEXT.replace("ROSTER\n", "\n").replace(" &no\n", ROLES.replace("DESK", "2026-11-01"))
        + "  []\n",
    )
    accounts = [one for one in recorded(access) if one.kind.endswith(":Account")]

    def holder(kind: str, account: str, **inputs: Any) -> Recorded:
        said = {"account": account, **inputs}
        return Recorded(urn=f"urn:{account}/{inputs}", kind=f"scim:{kind}", inputs=said)

    def found(*holders: Recorded) -> set[tuple[str, str]]:
        view = view_of_resources([*accounts, *holders], DAY)
        judgement = judge(view, ON_RESOURCES, only_resources=True)
        return {(f.rule, f.about[0]) for f in judgement.mandatory}

    vendor = holder(
        "VendorGrant", "mail", vendor="north", domains=["north.example"], aliases=["x@y.example"],
        until="2026-12-31", owner="ana", people={},
    )  # fmt: skip
    admin = {"roles": {"Admins": True}}
    for login in ("eve@north.example", "Eve@sub.North.example", "x@y.example"):
        eve = holder("MartechUser", "crm", person="eve", login=login, **admin)
        assert ("external-administrators", "eve") in found(vendor, eve)
        assert ("external-ends", "eve") in found(vendor, eve), "for ever"
        assert found(eve) == set(), "nobody says whose she is"
        assert (
            found(vendor, eve.model_copy(update={"inputs": {**eve.inputs, "active": False}}))
            == set()
        )
        over = {**eve.inputs, "until": "2026-11-27"}
        assert found(vendor, eve.model_copy(update={"inputs": over})) == set()

    buys = {"roles": {"Buyers": True}}
    ana = holder("MartechUser", "crm", person="ana", login="ana@fernwood.example", **buys)
    pays = {"Ana@fernwood.example": {"roles": {"Payers": True}}}
    assert ("s1-spend-and-billing", "ana") in found(ana, holder("Roster", "mail", members=pays))
    named = {"ana1": {"roles": {"Payers": True}, "email": "ana@fernwood.example"}}
    assert ("s1-spend-and-billing", "ana") in found(ana, holder("Roster", "mail", members=named))
    other = {"ben@fernwood.example": {"roles": {"Payers": True}}}
    assert found(ana, holder("Roster", "mail", members=other)) == set()
