"""What ends soon, and what ended on paper and is still there."""

from datetime import date
from typing import Any

from pulumi_martech.model.access import Access
from pulumi_martech.policy.guards import Holding
from pulumi_martech.policy.lifecycle import (
    Entitled,
    ending,
    ending_waivers,
    left_out,
    still_live,
    too_early,
)

DAY = date(2027, 3, 1)


def access(*grants: dict[str, Any], **people: dict[str, Any]) -> Access:
    return Access.model_validate(
        {
            "teams": {"brand": {"key": "brand"}},
            "people": {key: {"key": key, **said} for key, said in people.items()},
            "grants": [{"role": "marketer", "account": "crm", **grant} for grant in grants],
        }
    )


def test_ends_are_told_thirty_days_before_the_soonest_first() -> None:
    document = access(
        {"who": "ana", "until": "2027-03-31"},
        {"who": "ana", "role": "viewer", "until": "2027-04-01"},
        {"team": "brand", "role": "analyst", "until": "2027-03-15"},
        {"who": "bo", "until": "2027-02-28"},
        {"who": "chi"},
        ana={"team": "brand"},
        bo={"team": "brand"},
        chi={"until": "2027-03-08T10:00:00Z"},
    )
    found = ending(document, DAY)
    assert [(e.who, e.grant.role, e.left, e.told, e.ended_by) for e in found] == [
        (("chi",), "marketer", 7, True, "person"),
        (("ana", "bo"), "analyst", 14, True, "grant"),
        (("ana",), "marketer", 30, True, "grant"),
    ]
    assert [e.left for e in ending(document, date(2027, 3, 15), 0)] == [0]
    assert not ending(document, date(2027, 3, 15), 0)[0].told


def test_what_ended_and_nothing_in_force_explains_is_still_live() -> None:
    document = access(
        {"who": "ana", "until": "2027-02-14"},
        {"who": "ana", "role": "viewer"},
        {"who": "bo", "until": "2027-02-14"},
        {"who": "chi"},
        {"who": "dee", "until": "2027-02-14"},
        {"who": "dee", "role": "chief"},
        {"who": "eli", "until": "2027-02-14"},
        ana={},
        bo={},
        chi={"status": "leaver"},
        dee={},
        eli={},
    )
    natives = {"marketer": {"Editors"}, "viewer": set(), "chief": {"Editors", "Admins"}}

    def said(held: Any) -> Entitled:
        roles = frozenset(natives[held.grant.role])
        return Entitled(held, f"{held.principal.key}@example.com", roles)

    live = {
        "crm": {
            "ana@example.com": Holding(roles=frozenset({"Editors"})),
            "bo@example.com": Holding(),
            "chi@example.com": Holding(roles=frozenset({"Editors", "Own"})),
            "dee@example.com": Holding(roles=frozenset({"Editors", "Admins"})),
        }
    }
    found = still_live(map(said, document.ended(DAY)), map(said, document.held(DAY)), live)
    assert [(one.person, one.roles, one.since, one.ended_by) for one in found] == [
        ("ana", ("Editors",), date(2027, 2, 15), "grant"),
        ("bo", (), date(2027, 2, 15), "grant"),
        ("chi", ("Editors",), None, "leaver"),
    ]


def test_what_ended_twice_is_live_since_the_last_end_and_other_logins_count_too() -> None:
    document = access(
        {"who": "ana", "until": "2027-02-20"},
        {"who": "ana", "until": "2027-01-10"},
        {"who": "ana", "role": "chief", "until": "2027-01-31"},
        {"who": "bo"},
        ana={},
        bo={"status": "leaver", "until": "2027-02-01", "aliases": ["bo@old.example"]},
    )
    natives = {"marketer": {"Editors"}, "chief": {"Editors", "Admins"}}

    def said(held: Any) -> Entitled:
        who = held.principal
        others = frozenset(who.aliases)
        return Entitled(held, f"{who.key}@example.com", frozenset(natives[held.grant.role]), others)

    live = {
        "crm": {
            "ana@example.com": Holding(roles=frozenset({"Editors", "Admins"})),
            "bo@old.example": Holding(roles=frozenset({"Own"})),
        }
    }
    found = still_live(map(said, document.ended(DAY)), map(said, document.held(DAY)), live)
    assert [(one.login, one.roles, one.since, one.ended_by) for one in found] == [
        ("ana@example.com", ("Admins",), date(2027, 2, 1), "grant"),
        ("ana@example.com", ("Editors",), date(2027, 2, 21), "grant"),
        ("bo@old.example", ("Own",), date(2027, 2, 2), "leaver"),
    ]


def test_a_run_of_another_day_is_told_what_it_would_do() -> None:
    assert left_out("2027-03-01", []) == too_early("2027-03-01", [], []) == ""
    assert left_out("2027-03-01", ["crm/bo", "crm/ana"]).startswith(
        "as of 2027-03-01, 2 ends of access since then would be left out: crm/ana, crm/bo; nothing"
    )
    assert too_early("2027-03-01", ["crm/bo"], ["crm/ana"]).startswith(
        "as of 2027-03-01, which has not come, access of crm/bo would end and access of crm/ana "
        "would begin before its time; nothing was written"
    )


def test_waivers_that_end_are_told_like_access() -> None:
    waivers = {
        key: {"key": key, "policy": "reasons", "owner": "ana", "why": "x", "until": until}
        for key, until in {
            "far": "2027-04-01",
            "near": "2027-03-31",
            "now": "2027-03-01",
            "night": "2027-03-03T00:00:00Z",
            "over": "2027-02-28",
        }.items()
    }
    found = ending_waivers(Access.model_validate({"waivers": waivers}), DAY)
    assert [(one.waiver.key, one.left, one.told) for one in found] == [
        ("now", 0, False),
        ("night", 1, True),
        ("near", 30, True),
    ]
