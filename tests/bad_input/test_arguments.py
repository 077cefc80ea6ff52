"""Arguments of the wrong kind: none is taken for something else, and none hides the others."""

import re
import subprocess
import sys
from pathlib import Path

from .office import Office
from .test_compile import refused_offline


def test_a_text_where_a_list_is_meant_is_never_a_list_of_letters(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        from pulumi_martech import gtg_crm, hubspot
        token = Bearer(token="env:CRM_TOKEN")
        crm = scim.Account("crm", url=os.environ["CRM_URL"], credentials=token,
                           administrators="CRM Admins", protected="ana@example.com")
        gtg = gtg_crm.Account("gtg", url="https://www.gtgcrm.com", operator="mia",
                              administrators="Campaign Leads", protected=None)
        hub = hubspot.Account("hub", url=os.environ["CRM_URL"], credentials=token,
                              administrators=[7])
        limits(company_domains="example.com")
        hubspot.MartechUser("ana", account=hub, login="ana@example.com", teams="Sales")
        gtg_crm.Role("sender", account=gtg, name="Sender", layout="guide", switches="Email: Send",
                     capabilities="email:send")
        scim.RoleReference("staff", account=crm, name="Staff", content="email:send",
                           declared_by="ana", declared_on="2026-05-01")
        scim.VendorGrant("v", account=crm, domains="v.example", aliases="v@example.com",
                         until="2027-01-31", owner="ana", reason="ads", people={})
        """,
    )
    for place, words in (
        ("scim.Account", "account crm: administrators='CRM Admins' is no list; write adm"),
        ("scim.Account", "account crm: protected='ana@example.com' is no list; write protected="),
        ("gtg_crm.Account", "account gtg: administrators='Campaign Leads' is no list; write"),
        ("gtg_crm.Account", "account gtg: protected=None is no list"),
        ("hubspot.Account", "account hub: administrators: 7 is no text"),
        ("limits(", "limits: company_domains='example.com' is no list; write company_domains=['ex"),
        ("hubspot.Martech", "MartechUser ana in hub: teams must be a list"),
        ("gtg_crm.Role(", "Role sender of gtg: switches must be a list"),
        ("gtg_crm.Role(", "Role sender of gtg: capabilities must be a list"),
        ("scim.RoleRef", "RoleReference staff of crm: content='email:send' is no list"),
        ("scim.VendorG", "VendorGrant v in crm: domains='v.example' is no list"),
        ("scim.VendorG", "VendorGrant v in crm: aliases='v@example.com' is no list"),
    ):
        found = [e for e in errors if e.startswith(f"{office.line(place)}: {words}")]
        assert len(found) == 1, (place, words, errors)
    assert len(errors) == 12, errors


def test_wrong_kinds_are_sentences_with_their_place_all_at_once(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        crm = crm_account()
        site = site_account()
        limits(removals=5)
        limits(stack_removals=Limit(count=-1, percent="many"))
        scim.MartechUser("ana", account=crm, login="ana@example.com", roles=3)
        scim.MartechUser(7, account=crm, login="ben@example.com")
        scim.VendorGrant("v", account=crm, domains=["v.example"], until="2027-01-31", owner="ana",
                         reason="ads", people=["a@v.example"])
        wordpress.Roster(account=site, members={5: {"roles": []}, "cem": {"roles": [crm]}},
                         ignore=["*@example.com"])
        """,
    )
    for place, words in (
        ("limits(rem", "limits: removals=5 is no limit; write removals=Limit(10)"),
        ("limits(stack", "Limit: count must be greater than or equal to 0"),
        ("limits(stack", "Limit: percent must be a number"),
        ('"ana", acc', "MartechUser ana in crm: roles=3 is no list; write roles=['...']"),
        ("MartechUser(7", "MartechUser '7' of crm: a name in code is lower-case letters"),
        ("scim.VendorG", "VendorGrant v in crm: people=a list is no dictionary; write one such"),
        ("wordpress.Ro", "roster in site: members: 5 is no text; write a dictionary like"),
        ("wordpress.Ro", "cem in roster in site: a role is given by its name, a Role, a RoleRe"),
        ("wordpress.Ro", "Roster of site: ignore=a list is no dictionary; write one such as"),
    ):
        found = [e for e in errors if e.startswith(f"{office.line(place)}: {words}")]
        assert len(found) == 1, (place, words, errors)


def test_no_argument_of_any_class_ends_in_a_traceback() -> None:
    program = Path(__file__).with_name("every_argument.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=120)
    assert re.fullmatch(r"\d{4} calls\n", done.stdout), done.stdout[:2000] + done.stderr
