"""Assets of partners: which rule allows what, what is lacking, and what counts as protection."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.document.load import read
from pulumi_martech.model.access import Access
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.partners import Ruling, may_use, protection_of, rulings
from pulumi_martech.policy.rule import judge
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
    assert bursts(DAY + timedelta(days=7)) == []


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
