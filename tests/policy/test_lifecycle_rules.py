"""What would stay with people who have left, and how often access is looked at again."""

from datetime import date
from pathlib import Path

import pytest
from tests.policy.test_rules import DAY, grants, view

from pulumi_martech.document.evidence import Evidence
from pulumi_martech.model.facts import PersonFacts
from pulumi_martech.policy.builtin import BUILTIN
from pulumi_martech.policy.holders import mfa_of
from pulumi_martech.policy.judging import judge

LEFT = """\
company: {name: Fernwood, domains: [fernwood.example]}
people:
  ana: {name: Ana, email: Ana@fernwood.example, status: leaver, aliases: [ana@old.example]}
  ben: {name: Ben, email: ben@fernwood.example, until: 2026-11-27}
  cia: {name: Cia, email: cia@fernwood.example, until: 2026-11-28}
  bot: {kind: service, owner: ben, logins: {tool: "key:bot"}}
teams:
  brand: {name: Brand, lead: %(who)s}
accounts:
  tool:
    platform: canva
    owner: %(who)s
    on_destroy: %(verb)s
    recovery: %(recovery)s
    roster: {ignore: {"%(pattern)s": contractors}}
vendors:
  north: {name: North, domains: [north.example], until: 2027-01-31, owner: %(who)s, why: spring}
""" + grants(
    "who: ana, role: viewer, account: tool",
    "who: ben, role: viewer, account: tool",
    "who: cia, role: viewer, account: tool",
    "who: bot, role: viewer, account: tool",
)


def texts(tmp_path: Path, **said: str) -> list[str]:
    (rule,) = (each for each in BUILTIN if each.id == "left-behind")
    usual = {"who": "cia", "verb": "remove", "recovery": "it@fernwood.example", "pattern": "x-*"}
    seen = view(tmp_path, base=LEFT % (usual | said))
    return [finding.text for finding in judge(seen, [rule]).findings]


BOT = "bot goes on in tool though ben, whose it is, has left and may know its key or password"


def test_a_key_goes_on_after_whose_it_is_and_the_last_day_is_one_of_access(tmp_path: Path) -> None:
    assert DAY.isoformat() == "2026-11-28", "the last day of cia, the first without ben"
    assert texts(tmp_path) == [BOT]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"verb": "retain"}, ["ana has left and keeps tool", "ben has left and keeps tool"]),
        ({"pattern": "*@old.example"}, ["ana has left and the roster of tool ignores '*@old"]),
        ({"recovery": "ana@Fernwood.example"}, ["ana has left and can take tool back"]),
        (
            {"who": "ben"},
            ["answers for account tool", "answers for vendor north", "leads team brand"],
        ),
    ],
)
def test_what_stays_with_them_is_found(
    tmp_path: Path, said: dict[str, str], words: list[str]
) -> None:
    found = [text for text in texts(tmp_path, **said) if text != BOT]
    assert len(found) == len(words)
    assert all(any(word in text for text in found) for word in words), found


def test_the_cadence_is_that_of_the_vocabulary() -> None:
    (rule,) = (each for each in BUILTIN if each.id == "certified")
    said = rule.parameters().model_dump()
    assert said == {
        "severe": 90, "high": 90, "moderate": 180, "low": 365, "first": 30,
        "service": 180, "service_heavy": 90, "begin": None,
    }  # fmt: skip
    assert rule.parameters.model_validate({"begin": "2027-01-01"}).begin == date(2027, 1, 1)


PENDING = {"status": "pending"}
REPORTED = """\
people:
  ana: {email: ana@fernwood.example}
accounts:
  tool: {platform: canva, login: {sso: %s}}
"""


@pytest.mark.parametrize(
    ("policy", "sso", "fact", "is_found"),
    [
        ("pending-invitations", "none", PENDING | {"pending_since": "2026-11-13"}, True),
        (
            "pending-invitations",
            "none",
            {"status": "pending", "pending_since": "2026-11-14"},
            False,
        ),
        ("pending-invitations", "none", PENDING, False),
        ("pending-invitations", "none", {"pending_since": "2026-01-01"}, False),
        ("log-in-seen", "enforced", {"log_in": "password"}, True),
        ("log-in-seen", "enforced", {"log_in": "sso"}, False),
        ("log-in-seen", "enforced", {}, False),
        ("log-in-seen", "optional", {"log_in": "password"}, False),
    ],
)
def test_what_platforms_report_is_found_where_it_is_known(
    tmp_path: Path, policy: str, sso: str, fact: dict[str, str], is_found: bool
) -> None:
    access = view(tmp_path, base=REPORTED % sso).access
    facts = {("tool", "ana"): PersonFacts.model_validate(fact)}
    (rule,) = (each for each in BUILTIN if each.id == policy)
    assert bool(judge(Evidence(facts=facts).view(access, DAY), [rule]).findings) is is_found


def test_a_newer_report_takes_the_place_of_what_was_said_of_a_second_factor(tmp_path: Path) -> None:
    said = "mfa: [{state: 'yes', known: platform, account: tool, on: 2026-11-%s}]}"
    base = REPORTED.replace("example}", "example, " + said)
    factor = {"state": "no", "known": "platform", "on": "2026-11-20"}
    facts = {("tool", "ana"): PersonFacts.model_validate({"mfa": [factor]})}
    for day, state in (("19", "no"), ("21", "yes")):
        access = view(tmp_path, base=base % (day, "none")).access
        seen = Evidence(facts=facts).view(access, DAY).access
        assert mfa_of(seen.principals["ana"], seen.accounts["tool"], DAY) == state
