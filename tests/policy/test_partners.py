"""Assets of partners: which rule allows what, what is lacking, and what counts as protection."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_martech.document.load import read
from pulumi_martech.model.access import Access
from pulumi_martech.model.inventory import Asset
from pulumi_martech.model.parties import Agreement, PartnerOrganisation, Training
from pulumi_martech.model.people import Principal
from pulumi_martech.model.rules import AssetRule, Conditions
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.judging import judge
from pulumi_martech.policy.partners import Ruling, may_use, protection_of, rulings
from pulumi_martech.policy.view import view_of

DAY = date(2026, 11, 28)

DOCUMENT = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {name: Ana, email: ana@fernwood.example}
accounts:
  portal: {platform: prm, title: Partner portal}
assets:
  logos: {account: portal, kind: folder, owner: ana}
  prices: {account: portal, kind: folder, owner: ana}
  leads: {account: portal, kind: list, owner: ana, data: personal}
partners:
  nordic:
    kind: distributor
    tier: gold
    regions: [se, no]
    product_lines: [chairs, tables]
    agreement: {signed: 2025-01-01}
    people: {nils: {email: nils@nordic.example}}
  shop:
    kind: reseller
    parent: nordic
    tier: silver
    regions: [se, de]
    product_lines: [chairs]
    agreement: {signed: 2026-01-01, until: 2026-12-31}
    training: [{course: brand, done: 2026-02-01, until: 2027-02-01}]
    people: {sven: {email: sven@shop.example}}
rules:
  brand:
    roles: [reseller, distributor]
    assets: [logos]
    protection: attested
    attested_by: ana
    attested_on: 2026-10-01
  swedish-prices:
    roles: [reseller]
    assets: [prices]
    purpose: quotes
    when: {regions: [se], product_lines: [chairs], agreement: true, training: [brand]}
    protection: enforced
    enforced_by: portal
  german-prices:
    roles: [reseller]
    assets: [prices]
    when: {regions: [de]}
  gold-leads:
    roles: [distributor, reseller]
    assets: [leads]
    when: {tiers: [gold], agreement: true}
    protection: attested
    attested_by: ana
    attested_on: 2026-08-15
grants:
  - {who: sven, role: reseller, account: portal, until: 2026-12-31}
  - {who: nils, role: distributor, account: portal, assets: [logos], until: 2026-12-31}
"""


def document(tmp_path: Path, *changes: tuple[str, str]) -> Access:
    text = DOCUMENT
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (tmp_path / "access.yaml").write_text(text, encoding="utf-8")
    found = read(tmp_path / "access.yaml")
    assert found.ok, found.problems
    return found.access


def asked(
    access: Access, who: str, asset: str, day: date = DAY, purpose: str = "", role: str = ""
) -> Ruling:
    role = role or {"nils": "distributor"}.get(who, "reseller")
    return may_use(access, access.principals[who], role, access.assets[asset], day, purpose)


def test_a_rule_allows_what_it_names_when_all_its_conditions_hold(tmp_path: Path) -> None:
    access = document(tmp_path)
    ruling = asked(access, "sven", "prices", purpose="quotes")
    assert (ruling.allowed, ruling.rule, ruling.protection) == (True, "swedish-prices", "enforced")
    assert asked(access, "sven", "logos").allowed
    assert asked(access, "ana", "logos").lacking == ("a partner organisation",)


def test_what_is_lacking_is_said_of_the_rule_that_comes_closest(tmp_path: Path) -> None:
    access = document(tmp_path)
    # The reseller is in Germany too, its distributor is not: it reaches no further than that.
    assert asked(access, "sven", "prices").lacking == ("the purpose 'quotes'",)
    assert asked(access, "nils", "prices").lacking == ("a rule that gives distributor this asset",)
    assert asked(access, "sven", "leads").lacking == ("tier gold (it has silver)",)
    purpose = "assets: [prices]\n    purpose: quotes\n"
    german = document(tmp_path, (purpose, "assets: [logos]\n"))
    assert asked(german, "sven", "prices").lacking == ("region de (it has se)",)


def test_agreements_bind_everyone_above_and_courses_have_to_be_done_again(tmp_path: Path) -> None:
    one_rule = (
        "    when: {regions: [de]}",
        "    when: {kinds: [distributor], regions: [de], tiers: [x]}",
    )
    access = document(tmp_path, one_rule)
    late = asked(access, "sven", "prices", date(2027, 1, 1), "quotes")
    assert "an agreement with shop that is in force" in late.lacking
    late = asked(access, "sven", "prices", date(2027, 2, 2), "quotes")
    assert "the course brand" in late.lacking
    ended = (
        "agreement: {signed: 2025-01-01}",
        "agreement: {signed: 2025-01-01, until: 2026-06-30}",
    )
    above = document(tmp_path, one_rule, ended)
    ruling = asked(above, "sven", "prices", purpose="quotes")
    assert ruling.lacking == ("an agreement with nordic that is in force",)


def test_a_rule_has_a_beginning_and_an_end(tmp_path: Path) -> None:
    bounds = "  brand:\n    starts: 2026-11-01\n    until: 2026-11-30\n    roles"
    access = document(tmp_path, ("  brand:\n    roles", bounds))
    assert not asked(access, "sven", "logos", date(2026, 10, 31)).allowed
    assert asked(access, "sven", "logos", date(2026, 11, 30)).allowed
    assert asked(access, "sven", "logos", date(2026, 12, 1)).lacking == (
        "a rule that has not ended",
    )


def test_who_has_left_may_use_nothing(tmp_path: Path) -> None:
    access = document(tmp_path, ("sven@shop.example}", "sven@shop.example, until: 2026-11-27}"))
    assert asked(access, "sven", "logos").lacking == ("to be there: has left",)


def test_only_what_is_enforced_or_freshly_attested_counts_as_protection(tmp_path: Path) -> None:
    access = document(tmp_path)
    rules = access.rules
    assert protection_of(rules["swedish-prices"], access, DAY) == "enforced"
    assert protection_of(rules["german-prices"], access, DAY) == "evaluated"
    signed = date(2026, 10, 1)
    assert protection_of(rules["brand"], access, signed + timedelta(days=180)) == "attested"
    assert protection_of(rules["brand"], access, signed + timedelta(days=181)) == "evaluated"
    assert protection_of(rules["brand"], access, signed - timedelta(days=1)) == "evaluated"
    # Personal data is looked at again after 90 days.
    assert protection_of(rules["gold-leads"], access, DAY) == "evaluated"
    assert protection_of(rules["gold-leads"], access, date(2026, 11, 13)) == "attested"


def test_policies_name_access_no_rule_explains_and_rules_that_protect_nothing(
    tmp_path: Path,
) -> None:
    found = judge(view_of(document(tmp_path), DAY), BUILTIN).findings
    unexplained = {f.about[2]: f.text for f in found if f.rule == "partner-access"}
    assert set(unexplained) == {"leads"}, "sven holds the whole portal; logos and prices have rules"
    assert "which no rule allows: it lacks tier gold (it has silver)" in unexplained["leads"]
    unprotected = {f.about[0] for f in found if f.rule == "asset-protection"}
    assert unprotected == {"german-prices", "gold-leads"}


def test_a_burst_of_grants_to_one_company_is_unusual(tmp_path: Path) -> None:
    people = ", ".join(f"p{n}: {{email: p{n}@shop.example}}" for n in range(5))
    grants = "".join(
        f"  - {{who: p{n}, role: reseller, account: portal, assets: [logos], starts: 2026-11-2{n}, "
        "until: 2026-12-31}\n"
        for n in range(3, 8)
    )
    grants = (
        grants.replace("who: p5", "who: p0")
        .replace("who: p6", "who: p1")
        .replace("who: p7", "who: p2")
    )
    access = document(
        tmp_path,
        ("people: {sven", f"people: {{{people}, sven"),
        ("grants:\n", "grants:\n" + grants),
    )

    def bursts(day: date) -> list[str]:
        findings = judge(view_of(access, day), BUILTIN).findings
        return [finding.text for finding in findings if finding.rule == "grant-burst"]

    assert "5 grants to shop begin within 7 days" in bursts(DAY)[0]
    assert bursts(DAY + timedelta(days=1)), "the first began six days before"
    assert bursts(DAY + timedelta(days=2)) == []


def test_rulings_cover_each_asset_that_a_partner_grant_reaches(tmp_path: Path) -> None:
    found = {(r.person, r.asset): r.allowed for r in rulings(document(tmp_path), DAY)}
    assert found == {
        ("nils", "logos"): True,
        ("sven", "logos"): True,
        ("sven", "prices"): False,
        ("sven", "leads"): False,
    }


CONDITIONS: list[dict[str, Any]] = [
    {"kinds": ("distributor",)},
    {"tiers": ("gold",)},
    {"regions": ("de",)},
    {"product_lines": ("tables",)},
    {"agreement": True},
    {"training": ("safety",)},
]


@given(
    first=st.lists(st.sampled_from(CONDITIONS), max_size=3),
    more=st.sampled_from(CONDITIONS),
    who=st.sampled_from(["sven", "nils"]),
    day=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
)
def test_one_more_condition_never_allows_more(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[dict[str, Any]],
    more: dict[str, Any],
    who: str,
    day: date,
) -> None:
    access = document(tmp_path_factory.mktemp("rules"))
    rule = access.rules["brand"]

    def allowed(*conditions: dict[str, Any]) -> bool:
        when = rule.when.model_copy(update={k: v for each in conditions for k, v in each.items()})
        rules = {"brand": rule.model_copy(update={"when": when})}
        return asked(access.model_copy(update={"rules": rules}), who, "logos", day).allowed

    assert allowed(*first) or not allowed(*first, more)


# -- what is not said never allows anything


TIERS, REGIONS, LINES = ("", "gold", "silver"), ("de", "no", "se"), ("chairs", "tables")
WHEN = [date(2026, 1, 1), DAY, date(2026, 12, 31)]


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(values)).map(lambda chosen: tuple(sorted(chosen)))


@st.composite
def organisations(draw: Any) -> dict[str, PartnerOrganisation]:
    """Return a distributor, a reseller below it, and perhaps an affiliate below that."""
    found, parent = {}, ""
    for key, kind in (("top", "distributor"), ("shop", "reseller"), ("blog", "affiliate")):
        signed, end = draw(st.sampled_from(WHEN)), draw(st.sampled_from([None, *WHEN]))
        course = Training(course="brand", done=draw(st.sampled_from(WHEN)), until=end)
        found[key] = PartnerOrganisation(
            key=key,
            kind=kind,
            parent=parent,
            tier=draw(st.sampled_from(TIERS)),
            regions=draw(some(REGIONS)),
            product_lines=draw(some(LINES)),
            agreement=draw(st.sampled_from([None, Agreement(signed=signed, until=end)])),
            training=draw(st.sampled_from([(), (course,)])),
            people={key[0]: Principal(key=key[0])},
        )
        parent = draw(st.sampled_from([key, ""]))
    return found


@st.composite
def conditions(draw: Any) -> Conditions:
    return Conditions(
        kinds=draw(st.sampled_from([(), ("distributor", "reseller")])),
        tiers=draw(st.sampled_from([(), ("gold",), ("gold", "silver")])),
        regions=draw(some(REGIONS)),
        product_lines=draw(some(LINES)),
        agreement=draw(st.booleans()),
        training=draw(st.sampled_from([(), ("brand",)])),
    )


def allowed(partners: dict[str, PartnerOrganisation], when: Conditions, who: str) -> bool:
    rule = AssetRule(key="r", roles=("reseller",), assets=("logos",), when=when)
    access = Access(partners=partners, rules={"r": rule})
    asset = Asset(key="logos", account="portal", kind="folder")
    return may_use(access, access.principals[who], "reseller", asset, DAY).allowed


def by_hand(partners: dict[str, PartnerOrganisation], when: Conditions, who: str) -> bool:
    """Return the same, worked out from the sentences of `may_use` one after the other."""
    own = next(each for each in partners.values() if who in each.people)
    line = [own]
    while line[-1].parent:
        line.append(partners[line[-1].parent])
    signed = [a for each in line if (a := each.agreement) and a.signed <= DAY]
    in_force = [a for a in signed if a.until is None or a.until >= DAY]
    done = [c for c in own.training if c.done <= DAY and (c.until is None or c.until >= DAY)]
    return (
        (not when.kinds or own.kind in when.kinds)
        and (not when.tiers or own.tier in when.tiers)
        and (not when.regions or any(all(r in o.regions for o in line) for r in when.regions))
        and (
            not when.product_lines
            or any(all(p in o.product_lines for o in line) for p in when.product_lines)
        )
        and (not when.agreement or len(in_force) == len(line))
        and (not when.training or bool(done))
    )


FACTS: dict[str, Any] = {
    "tier": "", "regions": (), "product_lines": (), "agreement": None, "training": (),
    "parent": "nobody knows",
}  # fmt: skip


@settings(deadline=None)
@given(organisations(), conditions(), st.sampled_from("tsb"), st.data())
def test_the_evaluation_is_its_sentences_and_a_missing_fact_never_allows(
    partners: dict[str, PartnerOrganisation], when: Conditions, who: str, data: st.DataObject
) -> None:
    before = allowed(partners, when, who)
    assert before == by_hand(partners, when, who)
    key, fact = (
        data.draw(st.sampled_from(sorted(partners))),
        data.draw(st.sampled_from(sorted(FACTS))),
    )
    without = partners | {key: partners[key].model_copy(update={fact: FACTS[fact]})}
    if fact == "parent" and not partners[key].parent:
        without = partners | {key: partners[key].model_copy(update={"parent": "nobody knows"})}
    assert before or not allowed(without, when, who), f"without {fact} of {key} it is allowed"


def test_an_account_enforces_nothing_of_what_lies_elsewhere(tmp_path: Path) -> None:
    more = ("accounts:\n", "accounts:\n  mail: {platform: mailchimp}\n")
    access = document(tmp_path, more, ("enforced_by: portal", "enforced_by: mail"))
    assert protection_of(access.rules["swedish-prices"], access, DAY) == "evaluated"
    text = "rule swedish-prices says it is enforced by mail, and prices lie elsewhere"
    assert text in policy(access, "asset-protection")


def test_whoever_has_not_begun_may_use_nothing_yet(tmp_path: Path) -> None:
    access = document(tmp_path, ("sven@shop.example}", "sven@shop.example, starts: 2026-11-29}"))
    assert asked(access, "sven", "logos").lacking == ("to be there: begins on 2026-11-29",)
    assert asked(access, "sven", "logos", date(2026, 11, 29)).allowed


def policy(access: Access, rule: str) -> list[str]:
    return [f.text for f in judge(view_of(access, DAY), BUILTIN).findings if f.rule == rule]


def test_the_last_rule_that_goes_leaves_no_access_unseen(tmp_path: Path) -> None:
    access = document(tmp_path).model_copy(update={"rules": {}})
    assert sorted(policy(access, "partner-access")) == [
        f"{who} of {partner} reaches {asset} as {role}, which no rule allows: it lacks a rule that "
        f"gives {role} this asset"
        for who, partner, role, asset in (
            ("nils", "nordic", "distributor", "logos"),
            ("sven", "shop", "reseller", "leads"),
            ("sven", "shop", "reseller", "logos"),
            ("sven", "shop", "reseller", "prices"),
        )
    ]
    bare = access.model_copy(update={"assets": {}})
    nothing = "sven of shop has reseller in portal, of which no asset is declared: no rule can"
    assert f"{nothing} explain that" in policy(bare, "partner-access")


def test_roles_for_partners_are_for_their_people_and_affiliates_see_no_records(
    tmp_path: Path,
) -> None:
    def found(who: str, role: str, *changes: tuple[str, str]) -> list[str]:
        grant = f"grants:\n  - {{who: {who}, role: {role}, account: portal, until: 2026-12-31}}\n"
        return policy(document(tmp_path, ("grants:\n", grant), *changes), "partner-roles")

    assert found("ana", "reseller") == ["ana has reseller in portal and is of no partner"]
    assert found("sven", "distributor") == ["sven has distributor, and shop is a reseller"]
    assert found("sven", "partner-support") == found("nils", "reseller") == []
    affiliate = ("kind: reseller", "kind: affiliate")
    (said,) = found("sven", "viewer", affiliate)
    assert said.startswith("sven of affiliate shop has reseller in portal, which gives crm:create,")


def test_the_hierarchy_has_distributors_above_resellers_above_affiliates(tmp_path: Path) -> None:
    text = DOCUMENT.replace("    tier: gold\n", "    tier: gold\n    parent: shop\n", 1)
    (tmp_path / "access.yaml").write_text(text.replace("    parent: nordic\n", ""), "utf-8")
    (problem,) = read(tmp_path / "access.yaml").problems
    assert problem.text == "reseller shop cannot be above distributor nordic"


@pytest.mark.parametrize(
    ("change", "first", "last"),
    [
        (("    assets: [logos]\n", "    assets: [logos]\n    starts: 2026-11-10\n"), 10, None),
        (("    assets: [logos]\n", "    assets: [logos]\n    until: 2026-11-20\n"), None, 20),
        (("[logos]\n", "[logos]\n    when: {agreement: true}\n"), 10, 20),
        (("[logos]\n", "[logos]\n    when: {training: [brand]}\n"), 10, 20),
    ],
)
def test_rules_agreements_and_courses_count_from_their_first_day_to_their_last(
    tmp_path: Path, change: tuple[str, str], first: int | None, last: int | None
) -> None:
    access = document(
        tmp_path,
        change,
        ("{signed: 2026-01-01, until: 2026-12-31}", "{signed: 2026-11-10, until: 2026-11-20}"),
        ("done: 2026-02-01, until: 2027-02-01", "done: 2026-11-10, until: 2026-11-20"),
    )

    def allowed(day: int) -> bool:
        return asked(access, "sven", "logos", date(2026, 11, day)).allowed

    if first is not None:
        assert (allowed(first - 1), allowed(first)) == (False, True)
    if last is not None:
        assert (allowed(last), allowed(last + 1)) == (True, False)
