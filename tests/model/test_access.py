"""Who holds what on a day, by the access document alone."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from pulumi_martech.model.access import Access
from pulumi_martech.model.inventory import Account

NIGHT = "2027-06-30T23:30:00-02:00"  # in UTC the day after


def access(**sections: Any) -> Access:
    """Make a document; what has a key is told it, as the reader does."""
    keyed = {
        name: {key: {"key": key, **entry, **_people(entry)} for key, entry in section.items()}
        if isinstance(section, dict)
        else section
        for name, section in sections.items()
    }
    return Access.model_validate(keyed)


def _people(entry: dict[str, Any]) -> dict[str, Any]:
    people = entry.get("people")
    return {"people": {k: {"key": k, **p} for k, p in people.items()}} if people else {}


def grant(**more: Any) -> dict[str, Any]:
    return {"role": "marketer", "account": "crm", **more}


def holding(document: Access, day: str) -> list[str]:
    return [held.principal.key for held in document.held(date.fromisoformat(day))]


def test_a_team_is_its_members_and_those_of_the_teams_below_it() -> None:
    document = access(
        teams={"marketing": {}, "brand": {"parent": "marketing"}, "sales": {}},
        people={
            "ana": {"team": "brand"},
            "bo": {"team": "marketing"},
            "chi": {"team": "sales"},
            "dee": {"team": "brand", "status": "leaver"},
            "eli": {"team": "brand", "status": "leave"},
        },
        grants=[grant(team="marketing")],
    )
    assert holding(document, "2026-01-01") == ["ana", "bo", "eli"]
    assert [held.principal.key for held in document.ended(date(2026, 1, 1))] == ["dee"]


def test_access_is_from_the_first_day_to_the_last() -> None:
    document = access(
        people={"ana": {}, "bo": {"starts": "2027-02-01"}, "chi": {"until": "2027-03-31"}},
        grants=[
            grant(who="ana", starts="2027-01-10", until="2027-01-20"),
            grant(who="bo"),
            grant(who="chi", until="2027-12-31"),
        ],
    )
    assert holding(document, "2027-01-09") == ["chi"]
    assert holding(document, "2027-01-10") == ["ana", "chi"]
    assert holding(document, "2027-01-20") == ["ana", "chi"]
    assert holding(document, "2027-01-21") == ["chi"]
    assert holding(document, "2027-04-01") == ["bo"]
    ends = {held.principal.key: (held.until, held.ended_by) for held in document.everything()}
    assert ends["chi"] == (date(2027, 3, 31), "person")
    assert ends["bo"] == (None, None)


def test_an_instant_ends_with_its_day_in_utc() -> None:
    document = access(people={"ana": {}}, grants=[grant(who="ana", until=NIGHT)])
    assert holding(document, "2027-07-01") == ["ana"]
    assert holding(document, "2027-07-02") == []


def test_people_of_vendors_and_partners_end_with_the_contract_and_the_agreement() -> None:
    document = access(
        vendors={
            "northlight": {
                "domains": ["northlight.example"],
                "until": "2027-03-31",
                "owner": "ana",
                "why": "campaigns",
                "people": {"eve": {}, "feed": {"kind": "service"}},
            }
        },
        partners={
            "resell": {
                "kind": "reseller",
                "agreement": {"signed": "2026-01-01", "until": "2027-02-28"},
                "people": {"rob": {}},
            }
        },
        grants=[grant(who="eve", until="2028-01-01"), grant(who="feed"), grant(who="rob")],
    )
    assert holding(document, "2027-02-28") == ["eve", "feed", "rob"]
    assert holding(document, "2027-03-31") == ["eve", "feed"]
    assert holding(document, "2027-04-01") == []
    assert [held.ended_by for held in document.everything()] == [
        "contract",
        "contract",
        "agreement",
    ]
    eve, feed, rob = (document.principals[key] for key in ("eve", "feed", "rob"))
    assert (eve.kind, eve.vendor, feed.kind, rob.partner) == (
        "external",
        "northlight",
        "service",
        "resell",
    )
    assert eve.external and feed.external and rob.external


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2027-02-30", "is a day that does not exist"),
        ("2027-06-30T18:00:00", "is an instant without a time zone"),
        ("end of June", "must be a day such as 2027-06-30"),
        ("2027-06-30T25:00:00Z", "is no instant"),
        ("20270630", "must be a day"),
        (20270630, "must be a day"),
    ],
)
def test_ends_that_are_no_day(until: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        access(grants=[grant(who="ana", until=until)])


def test_what_is_not_said_differs_from_none() -> None:
    silent = Account(platform="scim")
    empty = Account.model_validate(
        {"platform": "scim", "data": [], "roster": {}, "personal_fields": []}
    )
    assert (silent.data, silent.roster, silent.personal_fields) == (None, None, None)
    assert empty.data == () and empty.roster is not None and empty.personal_fields == ()


def test_an_account_is_what_a_process_needs_to_know() -> None:
    account = Account.model_validate(
        {
            "key": "crm",
            "platform": "scim",
            "url": "https://crm.example.com/scim/v2",
            "credentials": {"kind": "bearer", "token": "env:CRM_TOKEN"},
            "protected": ["root@example.com"],
            "owner": "ana",
        }
    )
    config = account.config()
    assert (config.key, config.protected) == ("crm", ("root@example.com",))
    with pytest.raises(ValidationError):
        Account(key="crm", platform="scim").config()


def test_logins_are_the_accounts_own_or_the_platforms_or_the_usual_address() -> None:
    document = access(
        people={
            "ana": {"email": "ana@fernwood.example", "logins": {"wordpress": "ana", "shop": "al"}}
        }
    )
    ana = document.principals["ana"]
    assert ana.login("crm", "scim") == "ana@fernwood.example"
    assert ana.login("site", "wordpress") == "ana"
    assert ana.login("shop", "wordpress") == "al"
