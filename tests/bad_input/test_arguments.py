"""Arguments of the wrong kind: none is taken for something else, and none hides the others."""

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
