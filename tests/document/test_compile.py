"""What a document comes to: resources and their arguments, on a day."""

import time
from datetime import date
from pathlib import Path
from typing import Any

from pulumi_martech.document.compile import compile_access
from pulumi_martech.document.load import load

from . import large
from .office import Office

HEAD = """\
accounts:
  crm:
    platform: scim
    url: https://crm.fernwood.example/scim
    credentials: {kind: bearer, token: "env:CRM_TOKEN"}
    native_roles: {editors: {name: Editors, own: true}, readers: {name: Readers}}
    roles: {marketer: [Editors], viewer: [], analyst: [Readers, Reports]}
  site:
    platform: wordpress
    url: https://www.fernwood.example
    credentials: {kind: basic, username: admin, password: "env:SITE_PASSWORD"}
    successor: admin
  design: {platform: canva}
"""
DAY = date(2026, 11, 1)


def declared(office: Office, body: str, day: date = DAY) -> dict[str, Any]:
    """Return what a document comes to as ``kind account/key`` to its arguments."""
    office.write(HEAD + body)
    compiled = compile_access(load(office.file).access, day)
    assert compiled.findings == []
    return {f"{d.kind} {d.account}/{d.key}": d.arguments for d in compiled.declarations}


def told(office: Office, body: str) -> list[str]:
    """Return what stands in the way of a document, with places from the line after the head."""
    office.write(HEAD + body)
    document = load(office.file)
    problems = document.locate(compile_access(document.access, DAY).findings)
    above = HEAD.count("\n")
    return sorted(f"{p.place.line - above}:{p.place.column}: {p.text}" for p in problems)


def test_grants_of_one_person_in_one_account_are_one_membership(office: Office) -> None:
    found = declared(
        office,
        """\
people:
  ana: {name: Ana Lima, email: Ana@Fernwood.example, team: brand, logins: {wordpress: ana}}
  bo: {email: bo@fernwood.example, attributes: {crm: {active: no, title: Editor}}}
teams: {brand: {}}
grants:
  - {who: ana, role: marketer, account: crm}
  - {team: brand, role: analyst, account: crm}
  - {who: bo, role: viewer, account: crm}
  - {who: ana, role: administrator, account: site}
  - {who: ana, role: viewer, account: design}
""",
    )
    assert found == {
        "Role crm/editors": {"name": "Editors"},
        "RoleReference crm/readers": {"name": "Readers"},
        "MartechUser crm/ana": {
            "login": "ana@fernwood.example",
            "roles": ["Editors", "Readers", "Reports"],
            "display_name": "Ana Lima",
            "email": "Ana@Fernwood.example",
        },
        "MartechUser crm/bo": {
            "login": "bo@fernwood.example",
            "roles": [],
            "email": "bo@fernwood.example",
            "active": False,
            "title": "Editor",
        },
        "MartechUser site/ana": {
            "login": "ana",
            "roles": ["administrator"],
            "name": "Ana Lima",
            "email": "Ana@Fernwood.example",
        },
    }


VENDOR = """\
people: {ana: {email: ana@fernwood.example}}
vendors:
  northlight:
    domains: [northlight.example]
    aliases: [pool@freelance.example]
    until: 2027-03-31
    owner: ana
    why: campaigns
    people:
      eve: {email: eve@northlight.example}
      mo: {email: mo@freelance.example, aliases: [mo@northlight.example]}
grants:
  - {who: eve, role: marketer, account: crm, until: 2026-12-31}
  - {who: mo, role: viewer, account: crm}
"""


def test_a_vendors_presence_is_one_resource_until_the_contract_ends(office: Office) -> None:
    grant = declared(office, VENDOR)["VendorGrant crm/northlight"]
    assert grant == {
        "domains": ["northlight.example"],
        "aliases": ["mo@freelance.example", "pool@freelance.example"],
        "people": {
            "eve@northlight.example": {
                "roles": ["Editors"],
                "email": "eve@northlight.example",
                "until": "2026-12-31",
            },
            "mo@freelance.example": {"roles": [], "email": "mo@freelance.example"},
        },
        "until": "2027-03-31",
        "owner": "ana",
        "reason": "campaigns",
    }
    later = declared(office, VENDOR, date(2027, 1, 1))["VendorGrant crm/northlight"]
    assert list(later["people"]) == ["mo@freelance.example"]
    assert "VendorGrant crm/northlight" not in declared(office, VENDOR, date(2027, 4, 1))


def test_a_leaver_is_nowhere(office: Office) -> None:
    body = """\
people: {ana: {email: ana@fernwood.example%s}}
grants:
  - {who: ana, role: marketer, account: crm}
  - {who: ana, role: editor, account: site}
roles: {editor: {}}
"""
    office.write(HEAD.replace("successor: admin", "roles: {editor: [editor]}") + body % "")
    before = compile_access(load(office.file).access, DAY).declarations
    assert [d.account for d in before if d.kind == "MartechUser"] == ["crm", "site"]
    for left in (", status: leaver", ", until: 2026-10-31"):
        office.write(HEAD.replace("successor: admin", "roles: {editor: [editor]}") + body % left)
        after = compile_access(load(office.file).access, DAY).declarations
        assert [d for d in after if d.kind == "MartechUser"] == []


def test_a_roster_that_is_said_is_the_whole_list_even_if_nobody_is_on_it(office: Office) -> None:
    roster = "    roster: {ignore: {'*@partner.example': theirs}}\n"
    head, site = HEAD.split("  site:")
    office.write(f"{head}{roster}  site:{site}people: {{}}\n")
    (found,) = [
        d for d in compile_access(load(office.file).access, DAY).declarations if d.kind == "Roster"
    ]
    assert found.arguments == {"members": {}, "ignore": {"*@partner.example": "theirs"}}
    office.write(f"{head}{roster}    adopt: true\n  site:{site}people: {{}}\n")
    (found,) = [
        d for d in compile_access(load(office.file).access, DAY).declarations if d.kind == "Roster"
    ]
    assert found.arguments["adopt"] is True
    office.write(f"{head}{roster}  site:{site}{VENDOR}")
    (found,) = [
        d
        for d in compile_access(load(office.file).access, DAY).declarations
        if d.kind not in ("Role", "RoleReference")
    ]
    ends = {login: entry["until"] for login, entry in found.arguments["members"].items()}
    assert ends == {"eve@northlight.example": "2026-12-31", "mo@freelance.example": "2027-03-31"}


def test_what_cannot_be_carried_out_is_told_with_its_place(office: Office) -> None:
    said = told(
        office,
        """\
people:
  ana: {email: ana@fernwood.example}
  bo: {}
  chi: {logins: {site: jo\u00e9, crm: " "}}
  dee: {email: dee@fernwood.example, attributes: {crm: {titel: x, active: perhaps}}}
assets: {list: {account: crm, kind: list}}
grants:
  - {who: ana, role: administrator, account: crm}
  - {who: dee, role: administrator, account: crm}
  - {who: ana, role: marketer, account: crm, assets: [list]}
  - {who: bo, role: viewer, account: crm}
  - {who: chi, role: administrator, account: site}
  - {who: dee, role: viewer, account: crm}
""",
    )
    for place, words in {
        "3:3": "bo has no login for crm: say `email`, or `logins: {crm: LOGIN}`",
        "4:3": "chi needs an `email`: WordPress wants one",
        "5:57": "'titel' is no attribute of SCIM 2.0's users; did you mean 'title'?",
        "5:75": "must be true or false",
        "8:22": "crm has no native role for 'administrator' (it has for: analyst, marketer, "
        "viewer); say it under accounts, crm, roles: `administrator: [NAME]`",
        "10:54": "access to crm cannot be limited to assets",
    }.items():
        assert [line for line in said if line.startswith(f"{place}: ") and words in line], said
    assert [line for line in said if line.startswith("4:3: login 'jo\u00e9' for site")]


def test_two_with_one_login_in_an_account_are_told(office: Office) -> None:
    said = told(
        office,
        """\
people:
  ana: {email: ana@fernwood.example, logins: {wordpress: lima}}
  bo: {email: bo@fernwood.example, logins: {site: Lima}}
grants:
  - {who: ana, role: administrator, account: site}
  - {who: bo, role: administrator, account: site}
""",
    )
    assert said == ["3:3: lima is ana's login in site and bo's"]


def test_compiling_takes_as_long_as_reading_and_is_linear(tmp_path: Path) -> None:
    file = tmp_path / "access.yaml"
    spent = []
    for size in (0.1, 0.5):
        large.write(file, size)
        access = load(file).access
        begun = time.process_time()
        compiled = compile_access(access, DAY)
        spent.append(time.process_time() - begun)
        assert len(compiled.declarations) == 50_000 * size
    assert spent[1] < 3.0
    assert spent[1] < 5 * spent[0] * 2.5


def test_an_account_without_an_api_has_an_operator_and_our_roles_by_themselves(
    office: Office,
) -> None:
    body = """\
  gtg:
    platform: gtg_crm
    url: https://www.gtgcrm.com
    credentials: {kind: by hand, operator: mia}
    native_roles: {support: {name: Support%s}}
    roles: {partner-support: [Support]}
people:
  mia: {email: mia@fernwood.example}
  ana: {email: ana@fernwood.example, team: service}
teams: {service: {}}
grants:
  - {who: mia, role: administrator, account: gtg}
  - {team: service, role: partner-support, account: gtg}
  - {who: ana, role: marketer, account: gtg}
"""
    found = declared(office, body % "")
    assert found["MartechUser gtg/mia"]["roles"] == ["Administrator"]
    assert found["MartechUser gtg/ana"]["roles"] == ["Marketing Staff", "Support"]
    assert "RoleReference gtg/support" in found
    (said,) = told(office, body % ", own: true")
    assert "a role of GTG CRM needs layout, which a document cannot say" in said
