"""Each policy on a small document: what it finds, and what it leaves alone."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_martech.document.load import read
from pulumi_martech.policy.builtin import BUILTIN, rules_of
from pulumi_martech.policy.holders import mfa_of
from pulumi_martech.policy.judging import Judgement, judge
from pulumi_martech.policy.rule import Finding
from pulumi_martech.policy.view import View, view_of

DAY = date(2026, 11, 28)

BASE = """\
company: {name: Fernwood, domains: [fernwood.example]}
teams:
  brand: {name: Brand}
people:
  ana: {name: Ana, email: ana@fernwood.example, team: brand}
  ben: {name: Ben, email: ben@fernwood.example}
accounts:
  tool: {platform: canva}
vendors:
  north:
    {name: North, domains: [north.example], until: 2027-01-31, owner: ana, why: spring,
     contract: C1, people: {eve: {name: Eve, email: eve@north.example}}}
"""
"""``tool`` is of a platform nothing is written to: a role there is what the document says it is."""


def view(tmp_path: Path, *more: str, base: str = BASE) -> View:
    file = tmp_path / "access.yaml"
    file.write_text(base + "".join(more), encoding="utf-8")
    document = read(file)
    assert document.ok, document.problems
    return view_of(document.access, DAY)


def found(seen: View, rule: str) -> list[Finding]:
    """Return what one policy finds; it must be there."""
    (one,) = (each for each in BUILTIN if each.id == rule)
    return [f for f in judge(seen, [one]).findings if f.rule == rule]


def grants(*lines: str) -> str:
    return "grants:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def roles(**sets: str) -> str:
    lines = (f"  {key.replace('_', '-')}: {{add: [{names}]}}\n" for key, names in sets.items())
    return "roles:\n" + "".join(lines)


ADMIN = "role: administrator, account: tool"

CASES: dict[str, tuple[str, str, str]] = {
    # policy: (what is found something in, words of the finding, what is in order)
    "administrators": (
        grants(f"who: ana, {ADMIN}"),
        "tool has 1 administrators (ana), fewer than 2",
        grants(f"who: ana, {ADMIN}", f"who: ben, {ADMIN}"),
    ),
    "external-administrators": (
        grants(f"who: eve, {ADMIN}"),
        "eve is external and administers tool",
        grants(f"who: ana, {ADMIN}"),
    ),
    "least-privilege": (
        grants("who: ana, role: viewer, account: tool", "who: ana, role: analyst, account: tool"),
        "ana has viewer in tool, which adds nothing to analyst there",
        grants("who: ana, role: analyst, account: tool", "who: ana, role: reseller, account: tool"),
    ),
    "reasons": (
        roles(exporter='"contacts:export"')
        + grants("who: ana, role: exporter, account: tool, why: audit"),
        "exporter in tool for ana is high and lacks a ticket",
        roles(exporter='"contacts:export"')
        + grants("who: ana, role: exporter, account: tool, why: audit, ticket: T-1"),
    ),
    "self-grant": (
        grants("who: ana, role: viewer, account: tool, asked_by: ben, approved_by: ana"),
        "ana approved viewer in tool for ana",
        grants("who: ana, role: viewer, account: tool, asked_by: ana, approved_by: ben"),
    ),
    "s1-spend-and-billing": (
        roles(buyer='"ads:spend", "billing:manage"')
        + grants("who: ana, role: buyer, account: tool"),
        "ana holds ads:spend, billing:manage (in tool)",
        roles(buyer='"ads:spend", "ads:enable"') + grants("who: ana, role: buyer, account: tool"),
    ),
    "s2-spend-and-measure": (
        roles(buyer='"ads:spend", "code:publish"') + grants("who: eve, role: buyer, account: tool"),
        "eve holds ads:spend, code:publish, tracking:edit (in tool)",
        roles(buyer='"ads:spend"') + grants("who: eve, role: buyer, account: tool"),
    ),
    "s4-users-and-export": (
        roles(x='"users:manage", "contacts:export"') + grants("who: eve, role: x, account: tool"),
        "eve holds contacts:export, users:manage",
        roles(x='"users:manage"') + grants("who: eve, role: x, account: tool"),
    ),
    "s5-data-and-integrations": (
        roles(x='"integrations:manage", "data:query"') + grants("who: ana, role: x, account: tool"),
        "ana holds contacts:view_all, data:query, integrations:manage",
        roles(x='"integrations:manage"') + grants("who: ana, role: x, account: tool"),
    ),
    "s6-consent-and-send": (
        roles(x='"consent:manage", "email:send"') + grants("who: ana, role: x, account: tool"),
        "ana holds consent:manage, email:send",
        roles(x='"email:send"') + grants("who: ana, role: x, account: tool"),
    ),
    "s7-import-and-send": (
        grants("who: eve, role: marketer, account: tool"),
        "eve holds crm:import, email:send",
        grants("who: ana, role: marketer, account: tool"),  # employees hold both by default
    ),
    "s8-address-and-content": (
        roles(x='"landing_page:domain", "landing_page:publish"')
        + grants("who: ana, role: x, account: tool"),
        "ana holds landing_page:domain, landing_page:publish",
        roles(x='"landing_page:publish"') + grants("who: ana, role: x, account: tool"),
    ),
    "s9-export-and-upload": (
        roles(x='"contacts:export", "audience:upload"')
        + grants("who: eve, role: x, account: tool"),
        "eve holds audience:upload, contacts:export",
        roles(x='"contacts:export", "audience:upload"')
        + grants("who: ana, role: x, account: tool"),
    ),
    "s10-edit-and-share": (
        "partners:\n  dealer: {kind: reseller, owner: ana, people: {pat: {email: pat@d.example}}}\n"
        + roles(x='"asset:edit", "asset:share"')
        + grants("who: pat, role: x, account: tool"),
        "pat holds asset:edit, asset:share",
        roles(x='"asset:edit", "asset:share"') + grants("who: eve, role: x, account: tool"),
    ),
    "s12-export-proven": (
        roles(x='"contacts:export"') + grants("who: ana, role: x, account: tool"),
        "ana can take personal data out without proof of a second factor (unknown) in tool",
        roles(x='"report:view"') + grants("who: ana, role: x, account: tool"),
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_policy_finds_what_it_is_for_and_nothing_where_it_is_in_order(
    rule: str, tmp_path: Path
) -> None:
    wrong, words, right = CASES[rule]
    (finding,) = found(view(tmp_path, wrong), rule)
    assert words in finding.text
    assert found(view(tmp_path, right), rule) == []


def test_a_pair_of_duties_counts_over_platforms_but_not_over_clients(tmp_path: Path) -> None:
    sets = roles(payer='"billing:manage"', buyer='"ads:spend"')
    two = grants("who: ana, role: payer, account: tool", "who: ana, role: buyer, account: other")
    one_brand = BASE.replace("accounts:\n", "accounts:\n  other: {platform: miro}\n")
    (finding,) = found(view(tmp_path, sets, two, base=one_brand), "s1-spend-and-billing")
    assert finding.about == ("ana", "other", "tool")
    two_brands = one_brand.replace("{platform: miro}", "{platform: miro, client: lumen}") + (
        "clients:\n  lumen: {name: Lumen}\n"
    )
    assert found(view(tmp_path, sets, two, base=two_brands), "s1-spend-and-billing") == []


def test_the_administrator_role_is_bound_by_other_policies_than_the_pairs(tmp_path: Path) -> None:
    seen = view(tmp_path, grants(f"who: ana, {ADMIN}", f"who: ben, {ADMIN}"))
    rules = {f.rule for f in judge(seen, BUILTIN).findings}
    assert not {r for r in rules if r.startswith("s") and r[1].isdigit()} - {"s12-export-proven"}
    assert "administrator-mfa" in rules


def test_a_no_of_the_platform_is_no_finding_where_people_pass_by_single_sign_on_only(
    tmp_path: Path,
) -> None:
    facts = (
        "{state: yes, known: identity provider, on: 2026-11-01}, "
        "{state: no, known: platform, account: tool, on: 2026-11-01}"
    )
    base = BASE.replace("team: brand}", f"team: brand, mfa: [{facts}]}}")
    enforced = base.replace("platform: canva}", "platform: canva, login: {sso: enforced}}")
    optional = base.replace("platform: canva}", "platform: canva, login: {sso: optional}}")
    admin = grants(f"who: ana, {ADMIN}", f"who: ben, {ADMIN}")

    seen = view(tmp_path, admin, base=enforced)
    (ben,) = found(seen, "administrator-mfa")
    assert ben.text == "administrator ben is not known to have one in tool", "missing is not no"
    assert mfa_of(seen.access.people["ana"], seen.access.accounts["tool"], DAY) == "yes"

    said = [f.text for f in found(view(tmp_path, admin, base=optional), "administrator-mfa")]
    assert "administrator ana has no second factor in tool" in said


def test_externals_need_a_company_an_owner_inside_and_an_end(tmp_path: Path) -> None:
    base = BASE.replace(
        "people:\n  ana", "people:\n  zoe: {email: zoe@x.example, kind: external}\n  ana", 1
    )
    seen = view(tmp_path, grants("who: zoe, role: viewer, account: tool"), base=base)
    (finding,) = found(seen, "s13-external-bound")
    assert finding.text == (
        "zoe is external and has access without a vendor or partner organisation and an owner "
        "inside and an end in tool"
    )
    eve = grants("who: eve, role: viewer, account: tool")
    assert found(view(tmp_path, eve), "s13-external-bound") == [], "the contract's end is one"


def test_the_longest_access_of_externals_follows_from_its_risk(tmp_path: Path) -> None:
    far = BASE.replace("until: 2027-01-31", "until: 2027-10-31")
    sets = roles(x='"contacts:export"')
    (high,) = found(
        view(tmp_path, sets, grants("who: eve, role: x, account: tool"), base=far), "external-ends"
    )
    assert "337 more days, until 2027-10-31; severe access of externals ends after 90" in high.text
    low = view(tmp_path, grants("who: eve, role: viewer, account: tool"), base=far)
    assert found(low, "external-ends") == []


def test_services_that_export_need_an_owner_and_an_end(tmp_path: Path) -> None:
    service = "  bot: {kind: service, logins: {tool: 'key:bot'}}\n"
    base = BASE.replace("people:\n", "people:\n" + service, 1)
    sets = roles(x='"contacts:export"')
    held = grants("who: bot, role: x, account: tool")
    (finding,) = found(view(tmp_path, sets, held, base=base), "s14-service-bound")
    assert finding.text.endswith("can administer or export in tool without an owner and an end")
    owned = base.replace("kind: service,", "kind: service, owner: ana, until: 2026-12-31,")
    assert found(view(tmp_path, sets, held, base=owned), "s14-service-bound") == []


def test_mailboxes_that_several_people_or_nobody_answers_for(tmp_path: Path) -> None:
    people = (
        "  info: {email: info@fernwood.example}\n"
        "  zoe: {email: zoe@gmail.com}\n"
        "  yan: {email: yan@unheard.example}\n"
    )
    base = BASE.replace("people:\n", "people:\n" + people, 1)
    held = grants(*(f"who: {who}, role: viewer, account: tool" for who in ("info", "zoe", "yan")))
    seen = view(tmp_path, held, base=base)
    assert [f.about[0] for f in found(seen, "shared-mailboxes")] == ["info"]
    assert [f.about[0] for f in found(seen, "personal-mail")] == ["zoe"]
    (new,) = found(seen, "new-domains")
    assert "unheard.example is the domain of yan and of no company" in new.text


def test_a_team_says_what_its_members_lack_and_what_they_have_besides(tmp_path: Path) -> None:
    base = BASE.replace(
        "brand: {name: Brand}",
        "brand: {name: Brand, should_have: [{role: viewer, account: tool}]}",
    )
    seen = view(tmp_path, grants("who: ana, role: analyst, account: tool"), base=base)
    lack, excess = found(seen, "team-expectations")
    texts = {lack.text, excess.text}
    assert "ana lacks viewer in tool, which team brand says its members have" in texts
    assert "ana has analyst in tool, which team brand does not say its members have" in texts
    nothing = BASE.replace("brand: {name: Brand}", "brand: {name: Brand, should_have: []}")
    held = grants("who: ana, role: viewer, account: tool")
    assert len(found(view(tmp_path, held, base=nothing), "team-expectations")) == 1, "said: none"
    assert found(view(tmp_path, held), "team-expectations") == [], "not said"


def test_personal_data_is_for_the_teams_that_are_named(tmp_path: Path) -> None:
    base = BASE.replace("brand: {name: Brand}", "ops: {}\n  brand: {name: Brand, parent: ops}")
    held = grants(
        "who: ana, role: marketer, account: tool", "who: ben, role: marketer, account: tool"
    )
    setting = "policies:\n  personal-data: {parameters: {teams: [ops]}}\n"
    (ben,) = found(view(tmp_path, held, setting, base=base), "personal-data")
    assert ben.about == ("ben", "tool"), "ana's team is below the one that may"
    assert "ben (no team) reaches personal data in tool" in ben.text
    assert found(view(tmp_path, held, base=base), "personal-data") == [], "off until it is set"


def test_accounts_say_who_owns_them_and_never_fields_are_in_no_message(tmp_path: Path) -> None:
    base = BASE.replace(
        "tool: {platform: canva}",
        "tool: {platform: canva, owner_of_record: north, payer: us, recovery: eve@north.example,\n"
        "    data: [{data: personal}], personal_fields: [first name, Birthday],\n"
        "    never_fields: [birthday], login: {sso: none}}",
    )
    seen = view(tmp_path, base=base)
    owned = [f.text for f in found(seen, "vendor-owned")]
    assert "vendor north owns tool in the platform's books" in owned
    assert any("can be taken back from vendor north only" in text for text in owned)
    (field,) = found(seen, "never-fields")
    assert field.text.endswith("what must never be in one: Birthday")
    (facts,) = found(seen, "account-facts")
    assert "where its personal data comes from" in facts.text
    (log_in,) = found(seen, "log-in")
    assert "has no single sign-on, and it is not known to demand a second factor" in log_in.text


def test_assets_have_an_owner_who_is_there_and_a_team(tmp_path: Path) -> None:
    assets = (
        "assets:\n"
        "  a: {account: tool, kind: list}\n"
        "  b: {account: tool, kind: list, owner: ben, team: brand}\n"
        "  c: {account: tool, kind: list, owner: ana, team: brand}\n"
        "  d: {account: tool, kind: list, owner: ana}\n"
    )
    base = BASE.replace("ben@fernwood.example}", "ben@fernwood.example, status: leaver}")
    texts = [f.text for f in found(view(tmp_path, assets, base=base), "orphan-assets")]
    assert texts == [
        "asset a has neither an owner nor a team",
        "asset b belongs to ben, who has left",
        "asset d has no team",
    ]


def test_what_a_native_role_gives_beyond_our_word_is_named_and_what_is_unproven_too(
    tmp_path: Path,
) -> None:
    base = BASE.replace(
        "tool: {platform: canva}",
        "crm:\n    platform: scim\n    roles: {viewer: [Team]}\n    role_content:\n"
        '      Team: {content: ["report:view", "contacts:export"], by: ana, on: 2026-11-01}\n',
    )
    held = grants("who: ana, role: viewer, account: crm")
    (gains,) = found(view(tmp_path, held, base=base), "role-gains")
    assert "viewer in crm (Team) also gives contacts:export, crm:view" in gains.text
    old = base.replace("on: 2026-11-01", "on: 2026-01-01")
    (unproven,) = found(view(tmp_path, held, base=old), "content-unproven")
    assert "nobody can say what Team allows in crm" in unproven.text


def test_competitors_are_kept_apart(tmp_path: Path) -> None:
    base = (
        BASE.replace(
            "tool: {platform: canva}",
            "tool: {platform: canva, client: lumen}\n  other: {platform: miro, client: volta}",
        )
        + "clients:\n  lumen: {competitors: [volta]}\n  volta: {}\n"
    )
    both = grants("who: ana, role: viewer, account: tool", "who: ana, role: viewer, account: other")
    (finding,) = found(view(tmp_path, both, base=base), "s11-competitors")
    assert finding.text == "ana has access for lumen and for its competitor volta"


def test_who_manages_users_does_not_merge(tmp_path: Path) -> None:
    setting = "policies:\n  s3-users-and-merge: {parameters: {mergers: [ana, ben]}}\n"
    seen = view(tmp_path, setting, grants(f"who: ana, {ADMIN}"))
    (finding,) = found(seen, "s3-users-and-merge")
    assert finding.about[0] == "ana"


def test_a_dormant_administrator_is_asked_about_only_where_a_last_use_is_known(
    tmp_path: Path,
) -> None:
    seen = view(tmp_path, grants(f"who: ana, {ADMIN}", f"who: ben, {ADMIN}"))
    assert found(seen, "dormant-administrators") == []
    used = {("tool", "ana"): DAY - timedelta(days=91), ("tool", "ben"): DAY - timedelta(days=90)}
    (finding,) = found(view_of(seen.access, DAY, used), "dormant-administrators")
    assert "ana administers tool and last logged in on 2026-08-29, 91 days ago" in finding.text
    base = BASE.replace("team: brand}", "team: brand, status: leave}")
    away = view(tmp_path, grants(f"who: ana, {ADMIN}"), base=base)
    assert found(view_of(away.access, DAY, used), "dormant-administrators") == [], "on leave"


# -- settings and waivers


WAIVED = """\
waivers:
  w1: {policy: external-administrators, about: [eve], owner: ben, why: migration, until: %s}
"""


def judged(tmp_path: Path, *more: str) -> Judgement:
    return judge(view(tmp_path, grants(f"who: eve, {ADMIN}"), *more), BUILTIN)


def test_a_waiver_answers_for_a_finding_until_it_ends_and_then_it_is_one_again(
    tmp_path: Path,
) -> None:
    def open_ones(*more: str) -> list[str]:
        return [f.rule for f in judged(tmp_path, *more).mandatory]

    assert "external-administrators" in open_ones()
    assert "external-administrators" not in open_ones(WAIVED % "2026-12-31")
    assert "external-administrators" in open_ones(WAIVED % "2026-11-27")
    ended = judged(tmp_path, WAIVED % "2026-11-27").findings
    assert any("ended on 2026-11-27, and what it was for is still there" in f.text for f in ended)
    long = judged(tmp_path, WAIVED % "2028-12-31").findings
    assert any("longer than a year" in f.text for f in long)


def test_the_owner_of_a_vendor_does_not_waive_findings_on_it(tmp_path: Path) -> None:
    by_ana = (WAIVED % "2026-12-31").replace("owner: ben", "owner: ana")
    said = judged(tmp_path, by_ana)
    assert "external-administrators" in [f.rule for f in said.mandatory]
    assert any("who owns the vendor it is about: not taken" in f.text for f in said.findings)


def test_a_waiver_about_others_does_not_cover(tmp_path: Path) -> None:
    other = (WAIVED % "2026-12-31").replace("about: [eve]", "about: [ana]")
    assert "external-administrators" in [f.rule for f in judged(tmp_path, other).mandatory]


def test_severity_and_parameters_are_set_in_the_document_and_misspellings_are_named(
    tmp_path: Path,
) -> None:
    off = judged(tmp_path, "policies:\n  external-administrators: {severity: off}\n")
    assert "external-administrators" not in {f.rule for f in off.findings}
    soft = judged(tmp_path, "policies:\n  external-administrators: {severity: advisory}\n")
    assert "external-administrators" not in {f.rule for f in soft.mandatory}
    assert "external-administrators" in {f.rule for f in soft.findings}
    settings = (
        "policies:\n  administratorz: {severity: off}\n"
        "  administrators: {parameters: {mots: 3, least: many}}\n"
    )
    wrong = dict(judged(tmp_path, settings).wrong)
    assert "did you mean 'administrators'" in wrong["policies", "administratorz"]
    said = wrong["policies", "administrators", "parameters", "mots"]
    assert "no parameter of administrators" in said and "'most'" in said
    assert (
        "least must be a whole number" in wrong["policies", "administrators", "parameters", "least"]
    )


# -- all of them


def test_every_policy_is_held_by_a_test_and_says_what_to_do() -> None:
    files = Path(__file__).parent.glob("test_*.py")
    here = "".join(file.read_text(encoding="utf-8") for file in files)
    for rule in BUILTIN:
        assert f'"{rule.id}"' in here, f"no test names {rule.id}"
        assert rule.why and rule.fix and rule.title
        for name, field in rule.parameters.model_fields.items():
            assert field.description, (rule.id, name)
        rule.parameters()  # everything has a default
    assert len({rule.id for rule in BUILTIN}) == len(BUILTIN)


OWN = """\
from pulumi_martech.policy.rule import Finding, Rule

def find(view, parameters):
    for held in view.entitlements:
        if held.account.key == "tool":
            yield Finding((held.principal.key,), f"{held.principal.key} uses the old tool")

RULES = [Rule("old-tool", "Nobody uses the old tool", "it goes", "move", "mandatory", find)]
"""


def test_users_add_policies_without_touching_the_package(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "rules.py").write_text(OWN, encoding="utf-8")
    rules = rules_of(tmp_path)
    seen = view(tmp_path, grants("who: ana, role: viewer, account: tool"))
    assert [f.text for f in judge(seen, rules).mandatory] == ["ana uses the old tool"]


NOT_MONOTONE = {
    "administrators",  # more can be enough
    "team-expectations",  # what was lacking is there
    "least-privilege",  # what another grant contained may be contained no more
    "certified",  # is about what there was
}
EVERYTHING = ("viewer", "analyst", "marketer", "marketing-manager", "administrator", "heavy")


@given(
    held=st.lists(
        st.tuples(
            st.sampled_from(["ana", "ben", "eve", "zoe", "pat"]),
            st.sampled_from(EVERYTHING),
            st.sampled_from(["tool", "other"]),
        ),
        unique=True,
        max_size=6,
    ),
    more=st.tuples(
        st.sampled_from(["ana", "eve", "zoe", "pat"]),
        st.sampled_from(EVERYTHING),
        st.sampled_from(["tool", "other"]),
    ),
)
@settings(max_examples=40, deadline=None)
def test_no_grant_takes_a_finding_away(
    tmp_path_factory: pytest.TempPathFactory,
    held: list[tuple[str, str, str]],
    more: tuple[str, str, str],
) -> None:
    """What somebody holds besides makes nothing lawful, whatever it is."""
    base = BASE.replace("accounts:\n", "accounts:\n  other: {platform: miro}\n")
    base = base.replace("people:\n", "people:\n  zoe: {kind: external, email: zoe@gmail.com}\n", 1)
    base += (
        "partners:\n  dealer: {kind: reseller, people: {pat: {email: pat@dealer.example}}}\n"
        "assets:\n  list: {account: tool, kind: list}\n"
        'roles:\n  heavy: {add: ["ads:spend", "billing:manage", "contacts:export", "email:send"]}\n'
        "policies:\n  personal-data: {parameters: {teams: [brand]}}\n"
    )
    folder = tmp_path_factory.getbasetemp()

    def findings(listed: list[tuple[str, str, str]]) -> set[tuple[str, str]]:
        lines = [f"who: {who}, role: {role}, account: {account}" for who, role, account in listed]
        seen = view(folder, grants(*lines) if lines else "", base=base)
        rules = [rule for rule in BUILTIN if rule.id not in NOT_MONOTONE]
        return {(f.rule, about) for f in judge(seen, rules).findings for about in f.about}

    assert findings(held) <= findings(list(dict.fromkeys([*held, more])))


def test_the_documentation_names_every_policy() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
    assert [rule.id for rule in BUILTIN if f"| `{rule.id}` |" not in docs] == []
