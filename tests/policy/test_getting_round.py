"""Ways round the policies that somebody might try, and what is no way round and is let be."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from pulumi_martech.document.load import read
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.judging import judge
from pulumi_martech.policy.rule import Finding
from pulumi_martech.policy.view import view_of

DAY = date(2026, 11, 28)

TOP = """\
company: {name: Fernwood, domains: [fernwood.example]}
teams:
  ops: {should_have: [{role: viewer, account: tool, assets: [list]}]}
  brand: {parent: ops}
people:
  ana: {email: ana@fernwood.example, team: brand}
  ben: {email: ben@fernwood.example}
  gone: {email: gone@fernwood.example, status: leaver}
  bot: {kind: service, owner: ana, logins: {tool: "key:bot"}}
  PEOPLE
accounts:
  tool: {platform: canva, owner: ana, ACCOUNT}
  site: {platform: typo3, owner: ana}
assets:
  list: {account: tool, kind: list, owner: ana, team: brand}
  page: {account: tool, kind: page, owner: ana, team: brand}
vendors:
  north: {domains: [north.example], until: 2026-12-31, owner: ana, why: ads, contract: C1,
    people: {eve: {email: eve@north.example}, nbot: {kind: service, logins: {tool: "key:n"}}}}
  south: {domains: [south.example], until: 2026-12-31, owner: gone, why: ads,
    people: {sam: {email: sam@north.example}}}
partners:
  dealer: {kind: reseller, owner: ana, domains: [dealer.example], competitors: [rival],
    people: {pat: {email: pat@dealer.example}, pbot: {kind: service, logins: {tool: "key:p"}}}}
  rival: {kind: reseller, owner: ana, domains: [rival.example]}
clients:
  lumen: {}
  volta: {}
roles:
  users: {add: ["users:manage"]}
  nearly: {inherits: [administrator], remove: ["asset:share"]}
  out: {add: ["contacts:export"]}
  spend: {add: ["ads:spend"]}
  pay: {add: ["billing:manage"]}
  upload: {add: ["audience:upload"]}
  seen: {inherits: [viewer]}
MORE
grants:
  - {who: ben, role: viewer, account: site}
GRANTS
"""


def found(
    tmp_path: Path,
    rule: str,
    *grants: str,
    people: str = "",
    account: str = "",
    more: str = "",
    change: tuple[str, str] = ("", ""),
) -> list[Finding]:
    """Return what a policy finds in a document with so much more in it."""
    lines = "".join(f"  - {{{_in_tool(line)}}}\n" for line in grants)
    text = TOP.replace("  PEOPLE\n", f"  {people}\n" if people else "").replace("ACCOUNT", account)
    text = text.replace("MORE\n", more).replace("GRANTS\n", lines).replace(*change)
    file = tmp_path / "access.yaml"
    file.write_text(text, encoding="utf-8")
    document = read(file)
    assert document.ok, document.problems
    (one,) = (each for each in BUILTIN if each.id == rule)
    return [f for f in judge(view_of(document.access, DAY), [one]).findings if f.rule == rule]


def _in_tool(grant: str) -> str:
    return grant if "account: " in grant else f"{grant}, account: tool"


def texts(*given: object, **more: object) -> list[str]:
    return [finding.text for finding in found(*given, **more)]  # type: ignore[arg-type]


# -- administrators


def test_who_manages_users_administers_whatever_the_role_is_called(tmp_path: Path) -> None:
    for role in ("users", "nearly", "administrator"):
        (text,) = texts(tmp_path, "external-administrators", f"who: eve, role: {role}")
        assert text == "eve is external and administers tool"
        assert texts(tmp_path, "external-administrators", f"who: pat, role: {role}")
    assert not found(tmp_path, "external-administrators", "who: eve, role: out")
    member = ("eve: {email: eve@north.example}", "eve: {email: eve@north.example, team: brand}")
    assert texts(
        tmp_path, "external-administrators", "team: ops, role: administrator", change=member
    ) == ["eve is external and administers tool"]


@pytest.mark.parametrize(
    ("grants", "people", "words"),
    [
        (["who: ana", "who: bot"], "", "1 administrators of our own at work (ana, besides bot)"),
        (["who: ana", "who: ben"], "", ""),
        (["who: ana", "who: cas"], "cas: {status: leave}", "1 administrators of our own at work"),
        (["who: ana", "who: desk"], "desk: {kind: shared}", "(ana, besides desk), fewer than 2"),
        (["who: gone"], "", "tool has 0 administrators, fewer than 2"),
        (["who: ana, until: 2026-11-27", "who: ben"], "", "tool has 1 administrators (ben)"),
        ([f"who: {who}" for who in ("ana", "ben", "bot", "eve")], "", ""),
        (
            [f"who: {who}" for who in ("ana", "ben", "bot", "eve", "pat")],
            "",
            "tool has 5 administrators (ana, ben, besides bot, eve, pat), more than 4",
        ),
    ],
)
def test_who_cannot_stand_in_makes_no_second_administrator(
    tmp_path: Path, grants: list[str], people: str, words: str
) -> None:
    lines = [f"{grant}, role: administrator" for grant in grants]
    said = texts(tmp_path, "administrators", *lines, people=people)
    about = [text for text in said if text.startswith("tool ")]
    assert (not about) if not words else words in about[0]


def test_an_account_nobody_is_said_to_be_in_is_let_be_and_an_empty_roster_is_not(
    tmp_path: Path,
) -> None:
    said = texts(tmp_path, "administrators")
    assert [text.split(" ")[0] for text in said] == ["site"]
    said = texts(tmp_path, "administrators", account="roster: {}")
    assert "tool has 0 administrators, fewer than 2" in said


FACTS = {
    # facts of ana, how people log in: what is proven
    "{state: yes, known: platform, account: tool, on: 2026-11-01}": ("optional", "yes"),
    "{state: yes, known: platform, on: 2026-11-01}": ("optional", "unknown"),
    "{state: yes, known: platform, account: site, on: 2026-11-01}": ("optional", "unknown"),
    "{state: yes, known: identity provider, on: 2026-11-01}": ("optional", "unknown"),
    "{state: yes, known: identity provider, on: 2026-11-02}": ("enforced", "yes"),
    "{state: yes, known: identity provider, on: 2026-11-29}": ("enforced", "unknown"),
    "{state: yes, known: attested, account: tool, on: 2026-11-01}": ("none", "unknown"),
    "{state: yes, known: attested, by: ana, account: tool, on: 2026-11-01}": ("none", "unknown"),
    "{state: yes, known: attested, by: ben, account: tool, on: 2026-11-01}": ("none", "yes"),
    "{state: yes, known: attested, by: ben, account: tool, on: 2026-06-01}": ("none", "yes"),
    "{state: yes, known: attested, by: ben, account: tool, on: 2026-05-31}": ("none", "unknown"),
    "{state: no, known: platform, account: tool, on: 2026-11-01}": ("none", "no"),
    "{state: no, known: platform, account: tool, on: 2026-11-03}": ("enforced", "unknown"),
    "{state: no, known: attested, by: ben, on: 2026-11-03}": ("enforced", "no"),
    (
        "{state: yes, known: attested, by: ben, account: tool, on: 2026-11-01}, "
        "{state: no, known: platform, account: tool, on: 2026-11-02}"
    ): ("none", "no"),
    (
        "{state: no, known: platform, account: tool, on: 2026-11-01}, "
        "{state: yes, known: platform, account: tool, on: 2026-11-02}, "
        "{state: unknown, known: platform, account: tool, on: 2026-11-03}"
    ): ("none", "yes"),
    (
        "{state: yes, known: attested, by: ben, account: tool, on: 2026-11-02}, "
        "{state: no, known: platform, account: tool, on: 2026-11-02}"
    ): ("none", "no"),
}


@pytest.mark.parametrize("facts", FACTS)
def test_what_counts_as_proof_of_a_second_factor(tmp_path: Path, facts: str) -> None:
    sso, known = FACTS[facts]
    said = texts(
        tmp_path,
        "administrator-mfa",
        "who: ana, role: administrator",
        account=f"login: {{sso: {sso}}}",
        change=("example, team: brand}", f"example, team: brand, mfa: [{facts}]}}"),
    )
    words = {"no": ["administrator ana has no second factor in tool"], "yes": []}
    assert said == words.get(known, ["administrator ana is not known to have one in tool"])


def test_a_technical_user_with_an_address_can_pass_by_password_and_a_key_cannot(
    tmp_path: Path,
) -> None:
    people = "app: {kind: service, owner: ana, logins: {tool: app@fernwood.example}}"
    said = texts(
        tmp_path,
        "administrator-mfa",
        "who: app, role: administrator",
        "who: bot, role: administrator",
        people=people,
    )
    assert said == ["administrator app is not known to have one in tool"]
    said = texts(tmp_path, "s12-export-proven", "who: app, role: out", people=people)
    assert len(said) == 1 and "proof of a second factor" in said[0]


# -- mailboxes and domains


@pytest.mark.parametrize(
    ("person", "shared"),
    [
        ("{email: Info@fernwood.example}", True),
        ("{email: info+tool@fernwood.example}", True),
        ("{email: marketing.team@fernwood.example}", True),
        ("{email: équipe@fernwood.example}", True),
        ("{email: zoe@fernwood.example, logins: {tool: sales@fernwood.example}}", True),
        ("{email: zoe@fernwood.example, kind: shared}", True),
        ("{kind: service, owner: ana, logins: {tool: info@fernwood.example}}", True),
        ("{kind: service, owner: ana, email: it@fernwood.example, logins: {tool: 'key:z'}}", False),
        ("{email: zoe.sales@fernwood.example}", False),
        ("{email: informa@fernwood.example}", False),
        ("{email: zoe@fernwood.example, logins: {site: info@fernwood.example}}", False),
    ],
)
def test_mailboxes_of_several_are_known_however_they_are_written(
    tmp_path: Path, person: str, shared: bool
) -> None:
    said = texts(tmp_path, "shared-mailboxes", "who: zoe, role: viewer", people=f"zoe: {person}")
    assert bool(said) is shared, said


@pytest.mark.parametrize(
    ("person", "domain"),
    [
        ("{email: zoe@GMail.com}", "gmail.com"),
        ("{email: zoe@mail.yahoo.co.uk}", "mail.yahoo.co.uk"),
        ("{email: zoe@fernwood.example, logins: {tool: zoe@web.de}}", "web.de"),
        ("{logins: {canva: zoe@orange.fr}}", "orange.fr"),
        ("{email: zoe@fernwood.example, logins: {site: zoe@web.de}}", ""),
        ("{email: zoe@notgmail.com.example}", ""),
    ],
)
def test_a_personal_mailbox_is_one_wherever_somebody_logs_in_with_it(
    tmp_path: Path, person: str, domain: str
) -> None:
    said = texts(tmp_path, "personal-mail", "who: zoe, role: viewer", people=f"zoe: {person}")
    where = [f"zoe has access to tool with a personal mailbox at {domain}"]
    assert said == (where if domain else [])


def test_the_companys_own_domain_is_no_personal_one(tmp_path: Path) -> None:
    own = ("domains: [fernwood.example]", "domains: [fernwood.example, gmx.net]")
    zoe = "zoe: {email: zoe@gmx.net}"
    grant = "who: zoe, role: viewer"
    assert not found(tmp_path, "personal-mail", grant, people=zoe, change=own)
    assert found(tmp_path, "personal-mail", grant, people=zoe)


def test_an_address_of_another_company_is_named_and_forbidden_to_our_own(tmp_path: Path) -> None:
    zoe = "zoe: {email: zoe@fernwood.example, logins: {tool: zoe@north.example}}"
    (hidden,) = found(tmp_path, "new-domains", "who: zoe, role: viewer", people=zoe)
    assert hidden.severity == "mandatory"
    assert hidden.text == (
        "zoe has an address at north.example, which is north's, and is declared as one of our own"
    )
    (lent,) = found(tmp_path, "new-domains", "who: sam, role: viewer")
    assert lent.severity == "advisory" and "is north's, and is declared under south" in lent.text
    assert not found(tmp_path, "new-domains", "who: eve, role: viewer", "who: pat, role: viewer")


def test_a_login_at_an_unheard_of_domain_comes_in_for_the_first_time_too(tmp_path: Path) -> None:
    zoe = "zoe: {email: zoe@fernwood.example, logins: {tool: zoe@sub.unheard.example}}"
    (text,) = texts(tmp_path, "new-domains", "who: zoe, role: viewer", people=zoe)
    assert "sub.unheard.example is the domain of zoe and of no company" in text


# -- grants


@pytest.mark.parametrize(
    ("grant", "people", "words"),
    [
        ("team: brand, approved_by: ana", "", "ana approved viewer in tool for ana"),
        ("who: bot, approved_by: ana", "", "for bot, which is ana's own"),
        ("who: ana, approved_by: bot", "", "and nobody can say who that is"),
        ("who: ana, approved_by: eve", "", "eve approved viewer in tool for ana and is external"),
        ("who: eve, approved_by: nbot", "", "and nobody can say who that is"),
        ("who: ben, asked_by: ana, approved_by: ana", "", "ana asked for ben/tool/viewer and"),
        ("who: ana, asked_by: ana, approved_by: ben", "", ""),
        ("who: eve, approved_by: ana", "", ""),
    ],
)
def test_nobody_approves_for_oneself_by_a_team_a_service_or_somebody_outside(
    tmp_path: Path, grant: str, people: str, words: str
) -> None:
    said = texts(tmp_path, "self-grant", f"{grant}, role: viewer", people=people)
    assert (not said) if not words else any(words in text for text in said)


@pytest.mark.parametrize(
    ("one", "other", "finds"),
    [
        ("role: viewer", "role: analyst", True),
        ("role: seen", "role: viewer", True),  # the same by another name
        ("role: viewer, assets: [list]", "role: analyst", True),
        ("role: viewer, assets: [list]", "role: viewer, assets: [list, page]", True),
        ("role: viewer", "role: analyst, assets: [list]", False),
        ("role: viewer, assets: [list]", "role: analyst, assets: [page]", False),
        ("role: viewer", "role: analyst, until: 2026-12-31", False),  # it lasts longer
        ("role: viewer, until: 2026-12-31", "role: analyst, until: 2026-12-31", True),
        ("role: viewer", "role: reseller", False),
    ],
)
def test_a_grant_is_contained_only_in_one_of_as_much_for_as_long(
    tmp_path: Path, one: str, other: str, finds: bool
) -> None:
    said = texts(tmp_path, "least-privilege", f"who: ana, {one}", f"who: ana, {other}")
    assert len(said) == finds, said


def test_of_two_equal_grants_the_later_is_one_too_many(tmp_path: Path) -> None:
    same = ["team: brand, role: viewer", "who: ana, role: viewer"]
    (finding,) = found(tmp_path, "least-privilege", *same)
    assert finding.way == ("grants", 2)


def test_what_a_team_expects_of_assets_is_no_word_on_the_whole_account(tmp_path: Path) -> None:
    def said(*grants: str) -> list[str]:
        return texts(tmp_path, "team-expectations", *grants)

    assert said("who: ana, role: viewer, assets: [list]") == []
    assert said("who: ana, role: viewer, assets: [page]") == [
        "ana has viewer in tool for page, which team brand does not say its members have",
        "ana lacks viewer in tool for list, which team ops says its members have",
    ]
    assert said("who: ana, role: viewer") == [
        "ana has viewer in tool for the whole account, which team brand does not say its members "
        "have"
    ]
    away = ("example, team: brand}", "example, team: brand, status: leave}")
    assert texts(tmp_path, "team-expectations", change=away) == [], "leave: nothing is lacking"
    assert texts(tmp_path, "team-expectations", "who: ana, role: pay", change=away)


def test_blanks_are_no_reason(tmp_path: Path) -> None:
    (text,) = texts(tmp_path, "reasons", "who: ana, role: pay, why: ' ', ticket: ' '")
    assert "lacks a reason (`why`) and a ticket" in text
    (text,) = texts(tmp_path, "reasons", "who: sam, role: pay")
    assert text.endswith("lacks a ticket"), "the contract has a reason and no number"
    assert not found(tmp_path, "reasons", "who: eve, role: pay")


# -- duties


M, A = "mandatory", "advisory"
PAIRS = {
    # capability, with any of: severity for employees, for a vendor's people, for a partner's
    "s1-spend-and-billing": ("ads:spend", "billing:manage", M, M, M),
    "s2-spend-and-measure": ("ads:spend", "tracking:edit code:publish", A, M, M),
    "s4-users-and-export": ("users:manage", "contacts:export", A, M, M),
    "s5-data-and-integrations": ("integrations:manage", "data:query contacts:view_all", A, M, M),
    "s6-consent-and-send": ("consent:manage", "email:send", A, A, A),
    "s7-import-and-send": ("crm:import", "email:send", "", A, A),
    "s8-address-and-content": (
        "landing_page:domain", "landing_page:publish code:publish", A, M, M,
    ),
    "s9-export-and-upload": ("contacts:export", "audience:upload", "", M, M),
    "s10-edit-and-share": ("asset:edit", "asset:share", "", "", A),
}  # fmt: skip


@pytest.mark.parametrize("rule", PAIRS)
def test_each_pair_of_the_vocabulary_with_its_severity_for_whom(tmp_path: Path, rule: str) -> None:
    first, seconds, *expected = PAIRS[rule]
    whose = ("ana", "eve", "pat")
    for second in seconds.split():
        more = f'  one: {{add: ["{first}"]}}\n  two: {{add: ["{second}"]}}\n'
        for who, severity in zip(whose, expected, strict=True):
            both = (f"who: {who}, role: one", f"who: {who}, role: two, account: site")
            said = found(tmp_path, rule, *both, more=more)
            assert [f.severity for f in said] == ([severity] if severity else []), (who, second)
            assert all(f.about[0] == who for f in said)
        apart = ("who: ana, role: one", "who: ben, role: two")
        assert not found(tmp_path, rule, *apart, more=more)
    (asked,) = (each for each in BUILTIN if each.id == rule)
    assert {asked.severity, asked.also} - {None} == set(expected) - {""}


ENDS = {
    "out": ("severe", 90),
    "pay": ("high", 180),
    "seen": ("low", 365),
    "share": ("moderate", 365),
}


@pytest.mark.parametrize("role", ENDS)
def test_access_of_externals_lasts_to_the_day_that_its_risk_allows(
    tmp_path: Path, role: str
) -> None:
    band, days = ENDS[role]
    far = ("until: 2026-12-31, owner: ana", "until: 2030-12-31, owner: ana")
    more = '  share: {add: ["asset:share"]}\n'

    def said(left: int) -> list[str]:
        grant = f"who: eve, role: {role}, until: {DAY + timedelta(days=left)}"
        return texts(tmp_path, "external-ends", grant, more=more, change=far)

    assert said(days) == []
    (text,) = said(days + 1)
    assert f"for {days + 1} more days" in text and f"{band} access of externals" in text
    # A near end makes a severe grant a high one.
    asked = band if band != "severe" else "high"
    more += f"policies:\n  external-ends: {{parameters: {{{asked}: 10}}}}\n"
    assert said(10) == [] and len(said(11)) == 1
    assert not found(tmp_path, "external-ends", f"who: ana, role: {role}", more=more, change=far)


def test_pairs_are_found_over_teams_logins_accounts_and_inherited_roles(tmp_path: Path) -> None:
    both = "  both: {inherits: [spend, pay]}\n"
    for grants in (
        ["who: ana, role: both"],
        ["team: ops, role: spend", "who: ana, role: pay"],
        ["who: ana, role: spend, assets: [list]", "who: ana, role: pay, assets: [page]"],
    ):
        said = texts(tmp_path, "s1-spend-and-billing", *grants, more=both)
        assert said == ["ana holds ads:spend, billing:manage (in tool)"]
    two = ["team: ops, role: spend", "who: ben, role: pay"]
    assert not found(tmp_path, "s1-spend-and-billing", *two, more=both)


def test_a_native_role_nobody_declared_counts_as_what_is_meant_and_what_is_shipped(
    tmp_path: Path,
) -> None:
    def said(rule: str, platform: str, role: str, native: str, *grants: str) -> list[str]:
        there = f"platform: {platform}, owner: ana, roles: {{{role}: [{native}]}}"
        site = ("  site: {platform: typo3, owner: ana}", f"  site: {{{there}}}")
        both = "  both: {inherits: [spend, pay]}\n"
        grant = f"who: ana, role: {role}, account: site"
        change = (site[0], site[1].replace("}}", ", viewer: [" + native + "]}}"))
        return texts(tmp_path, rule, grant, *grants, more=both, change=change)

    (meant,) = said("s1-spend-and-billing", "scim", "both", "Odd")
    assert meant == "ana holds ads:spend, billing:manage (in site)"
    (shipped,) = said(
        "s2-spend-and-measure", "wordpress", "seen", "editor", "who: ana, role: spend"
    )
    assert "code:publish" in shipped and "(in site, tool)" in shipped
    assert not said(
        "s2-spend-and-measure", "wordpress", "seen", "contributor", "who: ana, role: spend"
    )


def test_only_the_whole_administrator_role_is_exempt_from_pairs(tmp_path: Path) -> None:
    assert found(tmp_path, "s1-spend-and-billing", "who: ana, role: nearly")
    assert not found(tmp_path, "s1-spend-and-billing", "who: ana, role: administrator")


def test_data_of_one_client_feeds_anothers_campaigns_over_clients_too(tmp_path: Path) -> None:
    clients = ("typo3, owner: ana}", "typo3, owner: ana, client: volta}")

    def said(rule: str, who: str, first: str, second: str) -> list[str]:
        here, there = f"who: {who}, role: {first}", f"who: {who}, role: {second}, account: site"
        return texts(tmp_path, rule, here, there, account="client: lumen", change=clients)

    (text,) = said("s9-export-and-upload", "eve", "out", "upload")
    assert text == "eve holds audience:upload, contacts:export (in site, tool)"
    assert not said("s9-export-and-upload", "ana", "out", "upload")
    assert not said("s1-spend-and-billing", "ana", "spend", "pay"), "others: within one client"


def test_competitors_are_clients_partners_and_what_is_theirs(tmp_path: Path) -> None:
    (text,) = texts(
        tmp_path, "s11-competitors", "who: pat, role: viewer", account="owner_of_record: rival"
    )
    assert text == "pat has access for dealer and for its competitor rival"
    assert not found(tmp_path, "s11-competitors", "who: pat, role: viewer")
    assert not found(
        tmp_path, "s11-competitors", "who: ana, role: viewer", account="owner_of_record: rival"
    )


@pytest.mark.parametrize(
    ("grant", "people", "words"),
    [
        ("who: eve", "", ""),
        ("who: sam", "", "without an owner inside"),  # the one who is named has left
        ("who: pat", "", "without an end in tool"),
        ("who: pbot", "", "pbot is external and has access without an end in tool"),
        ("who: pbot, until: 2026-12-31", "", ""),
        ("who: zoe, until: 2026-12-31", "zoe: {kind: external, owner: ana}", "without a vendor or"),
        ("who: zoe, until: 2026-12-31", "zoe: {kind: external, owner: eve, vendor: north}", ""),
    ],
)
def test_externals_are_bound_by_somebody_of_ours_who_is_there(
    tmp_path: Path, grant: str, people: str, words: str
) -> None:
    said = texts(tmp_path, "s13-external-bound", f"{grant}, role: viewer", people=people)
    assert (said == []) if not words else (len(said) == 1 and words in said[0]), said


@pytest.mark.parametrize(
    ("person", "until", "words"),
    [
        ("{kind: service, owner: ana}", "2026-12-31", ""),
        ("{kind: service, owner: ana}", "", "without an end"),
        ("{kind: service}", "2026-12-31", "without an owner"),
        ("{kind: service, owner: gone}", "2026-12-31", "without an owner"),
        ("{kind: service, owner: eve}", "2026-12-31", "without an owner"),
        ("{kind: service, owner: lent}\n  lent: {vendor: north}", "2026-12-31", "without an owner"),
        ("{logins: {tool: 'key:zoe'}}", "", "service zoe can administer or export"),
        ("{logins: {tool: 'key:zoe'}, owner: ana}", "2026-12-31", ""),
    ],
)
def test_keys_are_services_whoever_they_are_said_to_be_of(
    tmp_path: Path, person: str, until: str, words: str
) -> None:
    grant = "who: zoe, role: out" + (f", until: {until}" if until else "")
    said = texts(tmp_path, "s14-service-bound", grant, people=f"zoe: {person}")
    assert (said == []) if not words else (len(said) == 1 and words in said[0]), said
    assert not found(tmp_path, "s14-service-bound", "who: zoe, role: viewer", people="zoe: {}")


def test_a_service_is_bound_in_everything_it_can_do_and_where_nobody_knows_what(
    tmp_path: Path,
) -> None:
    two = ("who: bot, role: out, until: 2026-12-31", "who: bot, role: pay, account: site")
    (text,) = texts(tmp_path, "s14-service-bound", *two)
    assert text == "service bot can administer or export in site, tool without an end"
    unproven = (
        "  site: {platform: typo3, owner: ana}",
        "  site: {platform: scim, owner: ana, roles: {viewer: [Team]}ROLES}",
    )
    open_role = (unproven[0], unproven[1].replace("ROLES", ""))
    one = "who: bot, role: viewer, account: site"
    assert found(tmp_path, "s14-service-bound", one, change=open_role)
    odd = ", role_content: {Team: {content: [CONTENT], by: ana, on: 2026-11-01}}"
    for content, finds in (("odd.right", True), ('"report:view"', False)):
        known = unproven[1].replace("ROLES", odd.replace("CONTENT", content))
        assert bool(found(tmp_path, "s14-service-bound", one, change=(unproven[0], known))) is finds


@pytest.mark.parametrize(
    ("who", "people", "account", "managed"),
    [
        ("ana", "", "", True),
        ("eve", "", "", False),
        ("eve", "", "login: {sso: enforced}", True),
        ("zoe", "zoe: {email: zoe@elsewhere.example}", "", False),
        ("zoe", "zoe: {email: zoe@fernwood.example, logins: {tool: z@web.de}}", "", False),
        ("zoe", "zoe: {logins: {tool: zoe}}", "", False),
    ],
)
def test_a_managed_login_is_one_of_our_own_or_by_single_sign_on_only(
    tmp_path: Path, who: str, people: str, account: str, managed: bool
) -> None:
    (text,) = texts(
        tmp_path, "s12-export-proven", f"who: {who}, role: out", people=people, account=account
    )
    assert ("a log-in that we manage" in text) is not managed
    assert "proof of a second factor (unknown)" in text


# -- accounts


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("owner_of_record: eve", "eve of vendor north owns tool in the platform's books"),
        ("payer: south", "vendor south pays for tool in the platform's books"),
        ("recovery: it@ads.north.example", "can be taken back from vendor north only"),
        ("recovery: It@NORTH.example", "can be taken back from vendor north only"),
        ("recovery: me@web.de", "can be taken back from a personal mailbox (web.de) only"),
        ("owner_of_record: us, payer: us, recovery: it@fernwood.example", ""),
    ],
)
def test_a_vendor_owns_nothing_by_its_people_either(
    tmp_path: Path, account: str, words: str
) -> None:
    said = texts(tmp_path, "vendor-owned", account=account)
    assert (said == []) if not words else any(words in text for text in said), said


def test_who_has_left_or_is_none_of_ours_answers_for_nothing(tmp_path: Path) -> None:
    for who in ("eve", "bot"):
        said = texts(
            tmp_path, "account-facts", change=("canva, owner: ana", f"canva, owner: {who}")
        )
        assert any(f"who of our own people answers for it, as {who} is none" in t for t in said)
    said = texts(tmp_path, "left-behind", change=("canva, owner: ana", "canva, owner: gone"))
    assert "gone, who has left, still answers for account tool" in said
    asset = ("kind: page, owner: ana", "kind: page, owner: gone")
    assert texts(tmp_path, "orphan-assets", change=asset) == [
        "asset page belongs to gone, who has left"
    ]


def test_never_fields_are_known_in_any_spelling(tmp_path: Path) -> None:
    fields = "personal_fields: [Birth_Day, City], never_fields: [birthday]"
    (text,) = texts(tmp_path, "never-fields", account=fields)
    assert text.endswith("what must never be in one: Birth_Day")


def test_an_account_holds_what_its_assets_hold(tmp_path: Path) -> None:
    asset = ("kind: page, owner: ana", "kind: page, data: personal, owner: ana")
    (text,) = texts(tmp_path, "log-in", change=asset)
    assert text.startswith("tool holds personal data")
    assert not found(tmp_path, "log-in")
    old = "login: {sso: none, mfa: {state: yes, known: attested, by: ben, on: 2026-01-31}}"
    assert found(tmp_path, "log-in", change=asset, account=old), "attested too long ago"
    assert not found(tmp_path, "log-in", change=asset, account=old.replace("-01-", "-10-"))


@pytest.mark.parametrize(
    ("log_in", "words"),
    [
        ("{}", "it is not known how people log in, and it is not known to demand"),
        ("{sso: optional}", "people can pass by single sign-on, and it is not known to demand"),
        ("{sso: none, mfa: {state: no, known: platform, on: 2026-11-01}}", "demands no second"),
        ("{sso: none, mfa: {state: unknown, known: platform, on: 2026-11-01}}", "not known to"),
        ("{sso: optional, mfa: {state: yes, known: platform, on: 2026-11-29}}", "not known to"),
        ("{sso: optional, mfa: {state: yes, known: platform, on: 2026-11-01}}", ""),
        ("{sso: enforced}", ""),
    ],
)
def test_log_in_to_personal_data_is_by_single_sign_on_or_a_second_factor(
    tmp_path: Path, log_in: str, words: str
) -> None:
    account = f"data: [{{data: sensitive}}], login: {log_in}"
    said = texts(tmp_path, "log-in", account=account)
    assert (said == []) if not words else (len(said) == 1 and words in said[0]), said


def test_an_account_says_of_each_kind_of_personal_data_where_it_is_from_and_how_long(
    tmp_path: Path,
) -> None:
    facts = "owner_of_record: us, payer: us, recovery: it@fernwood.example"
    for data, words in (
        ("[{data: personal, source: shop}]", "how long it keeps personal data"),
        ("[{data: sensitive, retention_days: 0}]", "where its sensitive data comes from"),
        ("[{data: personal, source: shop, retention_days: 30}]", ""),
        ("[{data: financial}]", ""),
        ("[]", ""),
    ):
        said = texts(tmp_path, "account-facts", account=f"{facts}, data: {data}")
        here = [text for text in said if text.startswith("tool ")]
        assert here == ([f"tool does not say {words}"] if words else []), data


def test_rights_nobody_has_mapped_are_as_unproven_as_roles(tmp_path: Path) -> None:
    crm = (
        "  site: {platform: typo3, owner: ana}",
        "  site:\n    platform: scim\n    owner: ana\n    roles: {viewer: [Team]}\n"
        "    role_content:\n      Team: {content: [odd.right], by: ana, on: 2026-11-01}",
    )
    (text,) = texts(tmp_path, "content-unproven", change=crm)
    assert text == (
        "content unproven: nobody can say what the right odd.right is for in site; the 1 who hold "
        "it count as administering"
    )
    setting = "policies:\n  personal-data: {parameters: {teams: [ops]}}\n"
    (text,) = texts(tmp_path, "personal-data", change=crm, more=setting)
    assert text.startswith("ben (no team) reaches personal data in site")


# -- partners


def test_partners_need_a_rule_also_where_nobody_wrote_one(tmp_path: Path) -> None:
    (first, second) = found(tmp_path, "partner-access", "who: pat, role: reseller")
    assert {first.about[2], second.about[2]} == {"list", "page"}
    assert first.severity == "mandatory"
    (bare,) = found(tmp_path, "partner-access", "who: pat, role: reseller, account: site")
    assert bare.severity == "advisory" and "of which no asset is declared" in bare.text


# -- roles


def test_nobody_gives_a_portable_role_another_meaning(tmp_path: Path) -> None:
    text = TOP.replace("  PEOPLE\n", "").replace("ACCOUNT", "").replace("MORE\n", "")
    text = text.replace("GRANTS\n", "").replace("  seen:", "  administrator:")
    file = tmp_path / "access.yaml"
    file.write_text(text, encoding="utf-8")
    (problem,) = read(file).problems
    assert "administrator is a portable role already" in problem.text
    assert (
        problem.place.line == text.splitlines().index("  administrator: {inherits: [viewer]}") + 1
    )
