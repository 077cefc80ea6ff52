"""A document and a program in one stack: they share accounts, and mistakes of both are told."""

import json
import textwrap

from .estate import Estate

PROGRAM = """
from pulumi_martech import document
crm = crm_account()
access = document.declare("access.yaml", accounts={"crm": crm})
if "site" in access.accounts:
    site_people(access.accounts["site"], "zoe")
"""

DOCUMENT = """
people:
  ana: {name: Ana Lima, email: ana@example.com}
  bo: {email: bo@example.com, logins: {site: bo}}
accounts:
  crm:
    platform: scim
    native_roles: {editors: {name: Editors, own: true}}
    roles: {marketer: [Editors]}
  site:
    platform: wordpress
    url: env:SITE_URL
    credentials: {kind: basic, username: admin, password: "env:SITE_PASSWORD"}
    successor: admin
    roles: {marketer: [editor]}
grants:
  - {who: ana, role: marketer, account: crm}
  - {who: bo, role: marketer, account: site}
"""


def write(estate: Estate, text: str) -> None:
    (estate.project / "stacks" / "access.yaml").write_text(textwrap.dedent(text).lstrip())


def refused(estate: Estate, text: str, *words: str) -> None:
    """Preview a document that must be refused, with all of these words."""
    write(estate, text)
    run = estate.preview()
    assert run.code != 0 and not run.has_traceback
    for said in words:
        assert run.text.count(said) >= 1, (said, run.text)


def test_a_document_and_a_program_meet_in_one_stack(embedded: Estate) -> None:
    estate = embedded
    estate.program(PROGRAM)
    refused(
        estate,
        DOCUMENT.replace("who: ana", "who: anna").replace("url: env", "ulr: env"),
        "access.yaml:11:5: 'ulr' is no key here; did you mean 'url'?",
        "access.yaml:16:11: there is no person 'anna'; did you mean 'ana'?",
    )
    refused(
        estate,
        DOCUMENT.replace("role: marketer, account: site", "role: reseller, account: site"),
        "access.yaml:17:21: site has no native role for 'reseller'",
    )
    limited = "from pulumi_martech import Limit, limits\nlimits(removals=Limit(7))\n"
    estate.program(f"{PROGRAM}{limited}")
    refused(
        estate,
        DOCUMENT.replace("{site: bo}", "{site: zoe}") + "limits: {removals: {count: 0}}\n",
        "zoe is declared twice in site: by MartechUser bo at access.yaml:17:5",
        "limits: removals is set twice, to at most 0 and 100 %, 0 always, and at most 7 and 100 %",
    )
    estate.program(PROGRAM)
    refused(
        estate,
        DOCUMENT.replace("successor: admin", "successor: admin\n    roster: {}"),
        "MartechUser zoe and the roster at access.yaml:9:3 both manage members of site",
    )
    write(estate, DOCUMENT)
    estate.applied()
    assert estate.crm.members("Editors") == ["ana@example.com"]
    assert sorted(estate.site.members("editor")) == ["bo", "zoe"]
    assert estate.writes("crm") and not estate.defects()

    # Said to be all there is, nobody is declared singly any more; what is ignored stays.
    estate.program(PROGRAM.partition("if ")[0])
    estate.site.add_user("robot-1", roles=["editor"], email="robot@example.com")
    estate.site.add_user("stray", roles=["editor"], email="stray@example.com")
    roster = "successor: admin\n    roster: {ignore: {'robot-*': backups, admin: ours}}"
    write(estate, DOCUMENT.replace("successor: admin", roster))
    estate.applied()
    assert estate.plan("--refresh") == ["update site/roster (members.stray)"]
    estate.applied()
    assert sorted(estate.site.users()) == ["admin", "bo", "robot-1"]

    # What a run may change is said in the document too; a limit that was raised holds from then on.
    # The end of one member is planned, which counts in no limit.
    document = DOCUMENT.replace("successor: admin", roster)
    document = f"{document}limits: {{removals: {{count: 0}}}}\n"
    last = document.replace("account: site}\n", "account: site, until: 2026-12-31}\n")
    write(estate, last)
    estate.mark()
    assert "update site/roster (members.bo.until)" in estate.plan()
    estate.applied()
    assert estate.writes("site") == []
    grant = "  - {who: bo, role: marketer, account: site, until: 2026-12-31}\n"
    refused(
        estate,
        last.replace(grant, "").replace("count: 0", "count: 5"),
        "1 of 1 logins would lose access in site (bo), 0 are allowed (at most 0 and 100 %, 0",
    )
    write(estate, last)
    run = estate.up(MARTECH_AS_OF="2027-01-01", MARTECH_TODAY="2027-01-01")
    assert run.code == 0, run.text
    assert sorted(estate.site.users()) == ["admin", "robot-1"]


def test_what_mandatory_policies_find_refuses_a_run_where_that_was_asked_for(
    embedded: Estate,
) -> None:
    estate = embedded
    document = DOCUMENT.replace("ana@example.com", "ana@gmail.com")
    document = document.replace(", logins: {site: bo}", "")
    document = document[: document.index("  site:\n")] + (
        "grants:\n  - {who: ana, role: marketer, account: crm, why: mails, ticket: T-1}\n"
    )
    estate.program(PROGRAM.partition("if ")[0].replace("crm})", "crm}, enforce=True)"))
    refused(
        estate,
        document,
        "access.yaml:2:3: ana has access to crm with a personal mailbox at gmail.com "
        "(policy personal-mail); use the address at the company",
    )
    assert not estate.writes("crm")
    waiver = "{policy: personal-mail, owner: bo, why: the address comes, until: 2026-12-31}"
    write(estate, f"{document}waivers:\n  w: {waiver}\n")
    estate.applied()
    assert estate.writes("crm")


OWNED = """
people:
  ana: {email: ana@example.com}
  bo: {email: bo@example.com}
  chi: {email: chi@example.com}
accounts:
  crm:
    platform: scim
    url: env:CRM_URL
    credentials: {kind: bearer, token: "env:CRM_TOKEN"}
    membership: idp
    roles: {marketer: [Editors], analyst: [Analysts]}
    groups: {marketer: crm-editors}
grants:
  - {who: ana, role: marketer, account: crm}
  - {who: bo, role: marketer, account: crm}
  - {who: bo, role: analyst, account: crm}
"""


def test_what_an_identity_provider_owns_is_never_written_and_its_groups_are_named(
    embedded: Estate,
) -> None:
    estate = embedded
    estate.program("from pulumi_martech import document\ndocument.declare('access.yaml')\n")
    write(estate, OWNED)
    estate.crm.add_group("Editors")
    estate.crm.add_group("Analysts")
    estate.crm.add_user("ana@example.com", roles=["Editors"])
    estate.crm.add_user("bo@example.com", roles=["Analysts"])
    run = estate.martech("up", "--yes")
    owned = "its members belong to the identity provider"
    assert (
        f"crm/bo: {owned}, so nothing is written to crm; put bo into group crm-editors and the "
        "group for Analysts there"
    ) in run.text
    assert run.code == 1 and estate.writes() == []
    assert "scim:MartechUser crm/ana" in estate.resources(), "who is there is taken over"
    assert "scim:MartechUser crm/bo" not in estate.resources()
    estate.crm.set_members("Editors", ["ana@example.com", "bo@example.com"])
    assert estate.martech("up", "--yes").code == 0 and estate.writes() == []
    write(estate, OWNED.replace("bo: {", "bo: {status: leaver, "))
    run = estate.martech("up", "--yes")
    assert f"deactivate user bo in account crm: {owned}; nothing was written; take bo out of" in (
        run.text
    )
    assert run.code == 1 and estate.writes() == []


SEASON = """
people:
  ana: {email: ana@example.com}
%s
accounts:
  crm:
    platform: scim
    url: env:CRM_URL
    credentials: {kind: bearer, token: "env:CRM_TOKEN"}
    native_roles: {editors: {name: Editors, own: true}}
    roles: {marketer: [Editors]}
grants:
  - {who: ana, role: marketer, account: crm}
%s
"""
STUDENTS = [f"s{number}" for number in range(12)]


def test_the_end_of_a_season_is_planned_and_no_run_may_leave_it_out(embedded: Estate) -> None:
    estate = embedded
    estate.program("from pulumi_martech import document\ndocument.declare('access.yaml')\n")
    people = "\n".join(f"  {s}: {{email: {s}@example.com}}" for s in STUDENTS)
    ends = "role: marketer, account: crm, until: 2026-06-30}"
    grants = "\n".join(f"  - {{who: {s}, {ends}" for s in STUDENTS)
    write(estate, SEASON % (people, grants))
    estate.applied()
    assert len(estate.logins("crm")) == 13
    estate.mark()
    after = "2026-07-01"
    shown = estate.martech("preview", "--ignore-ends", "--exit-code", MARTECH_AS_OF=after)
    assert shown.code == 0, "a pull request does not turn red by the calendar"
    run = estate.martech("up", "--yes", "--as-of", "2026-06-15", MARTECH_TODAY=after)
    assert run.code == 1
    assert "as of 2026-06-15, 12 ends of access since then would be left out: crm/s0" in run.text
    run = estate.martech("up", "--yes", "--as-of", after)
    assert run.code == 1 and "12 of 13 logins would lose access in crm" in run.text
    run = estate.up(MARTECH_AS_OF=after, MARTECH_TODAY="2026-06-15")
    assert run.code != 0 and "would end before its time" in run.text
    run = estate.up(MARTECH_AS_OF="2026-06-15", MARTECH_TODAY=after)
    assert run.code != 0 and "12 ends of access since then would be left out: s0/crm" in run.text
    run = estate.up(MARTECH_IGNORE_ENDS="1", MARTECH_AS_OF=after)
    assert run.code != 0 and "only a preview may leave ends out" in run.text
    run = estate.martech("up", "--yes", MARTECH_IGNORE_ENDS="1", MARTECH_AS_OF=after)
    assert run.code == 1 and "only a preview may leave ends out" in run.text
    assert estate.writes() == []
    run = estate.martech("up", "--yes", MARTECH_AS_OF=after)
    assert run.code == 0, run.text
    assert estate.logins("crm") == {"ana@example.com"}, "twelve at once, over no guard"


SAID = """
people:
  ana: {name: Ana Lima, email: ana@example.com, team: brand}
  bo: {email: bo@example.com, logins: {site: bo}, attributes: {site: {name: Bo}}}
teams: {brand: {}}
accounts:
  crm:
    platform: scim
    url: env:CRM_URL
    credentials: {kind: bearer, token: "env:CRM_TOKEN"}
    protected: [ana@example.com]
    native_roles: {editors: {name: Editors, own: true}, staff: {name: Staff}}
    roles: {marketer: [Editors], analyst: [Staff]}
  site:
    platform: wordpress
    url: env:SITE_URL
    credentials: {kind: basic, username: admin, password: "env:SITE_PASSWORD"}
    successor: admin
    roster: {ignore: {admin: ours}}
    roles: {marketer: [editor]}
vendors:
  nl:
    domains: [nl.example]
    until: 2027-03-31
    owner: ana
    why: spring
    people: {eve: {email: eve@nl.example}}
limits: {removals: {count: 4}}
grants:
  - {team: brand, role: marketer, account: crm}
  - {who: ana, role: analyst, account: crm, until: 2027-06-30}
  - {who: bo, role: analyst, account: crm, until: 2027-01-31}
  - {who: bo, role: marketer, account: site, until: 2027-02-28}
  - {who: eve, role: marketer, account: crm, until: 2027-03-15}
"""
TYPED = """
import os
from pulumi_martech import Basic, Bearer, Limit, limits, scim, wordpress
limits(removals=Limit(4))
crm = scim.Account(
    "crm", url=os.environ["CRM_URL"], credentials=Bearer(token="env:CRM_TOKEN"),
    protected=["ana@example.com"],
    portable_roles={"marketer": ["Editors"], "analyst": ["Staff"]},
)
site = wordpress.Account(
    "site", url=os.environ["SITE_URL"], successor="admin",
    credentials=Basic(username="admin", password="env:SITE_PASSWORD"),
    portable_roles={"marketer": ["editor"]},
)
scim.Role("editors", account=crm, name="Editors")
scim.RoleReference("staff", account=crm, name="Staff")
scim.MartechUser(
    "ana", account=crm, login="ana@example.com", roles=["Editors", "Staff"],
    display_name="Ana Lima", email="ana@example.com",
)
scim.MartechUser(
    "bo", account=crm, login="bo@example.com", roles=["Staff"], email="bo@example.com",
    until="2027-01-31",
)
scim.VendorGrant(
    "nl", account=crm, domains=["nl.example"], until="2027-03-31", owner="ana", reason="spring",
    people={"eve@nl.example": {
        "roles": ["Editors"], "email": "eve@nl.example", "until": "2027-03-15",
    }},
)
wordpress.Roster(
    account=site, ignore={"admin": "ours"},
    members={"bo": {
        "roles": ["editor"], "name": "Bo", "email": "bo@example.com", "until": "2027-02-28",
    }},
)
"""


def test_a_document_and_a_program_that_say_the_same_are_the_same(embedded: Estate) -> None:
    estate = embedded
    estate.crm.add_group("Staff")
    said = []
    write(estate, SAID)
    for body in ("from pulumi_martech import document\ndocument.declare('access.yaml')\n", TYPED):
        estate.program(body)
        run = estate.martech("preview", "--save", "plan.json", MARTECH_AS_OF="2026-11-28")
        assert run.code == 0, run.text
        said.append(json.loads((estate.project / "plan.json").read_text()))
    assert said[0]["steps"] == said[1]["steps"] and len(said[0]["steps"]) == 10


CROWD = """\
accounts:
  crm:
    platform: scim
    url: env:CRM_URL
    credentials: {kind: bearer, token: "env:CRM_TOKEN"}
    roles: {analyst: [Analyst]}
limits: {removals: {count: 5}, stack_removals: {count: 5}, privilege_increases: {count: 200}}
"""
BESIDE = """
from pulumi_martech import document
access = document.declare("access.yaml")
scim.Role("writers", account=access.accounts["crm"], name="Writers")
crm_people(access.accounts["crm"], %s, roles=["Writers"])
"""


def crowd(logins: list[str], renamed: int = 0) -> str:
    """Return a document of people with one role each, the first so many of them renamed."""
    people = [
        f"  {login}: {{name: {'New' if n < renamed else 'Old'} {login}, "
        f"email: {login}@example.com}}\n"
        for n, login in enumerate(logins)
    ]
    grants = [f"  - {{who: {login}, role: analyst, account: crm}}\n" for login in logins]
    return "".join([CROWD, "people:\n", *people, "grants:\n", *grants])


def test_the_gate_knows_all_of_a_document_that_is_registered_in_turns(estate: Estate) -> None:
    estate.crm.add_role("Analyst")
    logins = [f"p{n:03}" for n in range(150)]  # more than are registered at once
    estate.crm.add_users(
        {
            "userName": f"{login}@example.com",
            "displayName": f"Old {login}",
            "emails": [{"value": f"{login}@example.com", "primary": True}],
            "active": True,
        }
        for login in logins
    )
    estate.crm.set_members("Analyst", [f"{login}@example.com" for login in logins])
    estate.program(BESIDE % "'ana', 'bo', 'cy'")
    write(estate, crowd(logins))
    estate.applied()
    assert len(estate.writes("crm")) <= 12  # three people and their role beside it
    assert len([name for name in estate.resources() if "MartechUser" in name]) == 153
    assert estate.plan() == []

    # What would be written first waits for what is removed last, of the document and beside it.
    estate.mark()
    write(estate, crowd(logins[:-4], renamed=3))
    estate.program(BESIDE % "'ana'")
    for flags in ([], ["--continue-on-error"]):
        run = estate.up(*flags)
        assert run.code != 0 and not run.has_traceback
        assert "6 of 153 logins would lose access in crm" in run.text
    assert estate.writes() == []

    # One that fails stops nobody whose turn comes later, and nothing is taken for removed.
    stranger = {"userName": "p900@example.com", "displayName": "Somebody", "active": True}
    estate.crm.add_users([stranger])
    estate.program(BESIDE % "'ana', 'bo', 'cy'")
    names = ["p900", *logins[:-4], "p901"]
    write(estate, crowd(names, renamed=3))
    run = estate.up("--continue-on-error")
    assert run.code != 0 and "create user p900@example.com" in run.text
    users = estate.crm.users()
    assert users["p001@example.com"]["displayName"] == "New p001"
    assert "p901@example.com" in users and users["p900@example.com"]["displayName"] == "Somebody"
    assert estate.logins("crm") >= {f"{login}@example.com" for login in logins[:-4]}

    # What comes after the gate was made is refused, and nobody is removed for being absent from it.
    write(estate, crowd(logins[:-4], renamed=3))
    late = "\naccess.accounts['crm'].id.apply(lambda _: crm_people(access.accounts['crm'], 'dan'))"
    estate.program(BESIDE % "'ana', 'bo'" + late)
    before = estate.logins("crm")
    run = estate.up()
    assert run.code != 0 and not run.has_traceback
    assert "MartechUser dan of crm: this comes too late" in run.text
    assert estate.logins("crm") == before
