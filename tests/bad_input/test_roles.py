"""Roles as a program speaks of them: portable ones, and what people say of native ones."""

from .office import HEAD, Office
from .test_compile import refused_offline

WITH_ROLES = (
    HEAD.replace("limits, scim", "limits, portable, scim")
    + "from pulumi_martech import Declared, hubspot, sendgrid\n"
    + 'token = Bearer(token="env:CRM_TOKEN")\n'
)


def test_every_mistake_about_roles_is_told_at_once_with_what_to_do(office: Office) -> None:
    errors = refused_offline(
        office,
        """
        crm = crm_account(role_content={"Marketing": Declared(["email:send"], by="ana", on="x")})
        hub = hubspot.Account(
            "hub", url="https://hub.example", credentials=token,
            portable_roles={"marketeer": ["M"], "viewer": []},
            role_content={"Ads": Declared(["email:sned", "export"], by="ana", on="2026-10-01")},
        )
        other = hubspot.Account(
            "other", url="https://other.example", credentials=token,
            role_content={"X": ["email:send"]}, portable_roles={"marketer": "Campaigns"},
        )
        mail = sendgrid.Account(
            "mail", url="https://mail.example", credentials=token,
            role_content={"mail.send": Declared([], by="ana", on="2026-10-01")},
        )
        scim.RoleReference("marketers", account=crm, name="Marketers")
        scim.RoleReference(
            "staff", account=crm, name="Staff", content=["email:sent"], declared_by="ana",
            declared_on="2026-10-01",
        )
        scim.MartechUser("ana", account=crm, login="a@x.example", roles=[portable("marketer")])
        scim.MartechUser("ben", account=crm, login="b@x.example", roles=[portable("markter")])
        scim.MartechUser("cem", account=crm, login="c@x.example", roles=[portable("reseller")])
        scim.MartechUser("dan", account=crm, login="d@x.example", roles=[7])
        scim.VendorGrant(
            "v", account=crm, domains=["v.example"], until="2027-01-01", owner="ana", reason="r",
            people={"eve@v.example": {"roles": [portable("administrator")]}},
        )
        """,
        WITH_ROLES,
    )

    def one(*words: str) -> None:
        found = [error for error in errors if all(word in error for word in words)]
        assert len(found) == 1, (words, errors)

    one("Declared: on must be a day such as 2027-06-30")
    one("account hub", "role_content of 'Ads'", "did you mean 'email:send'")
    one("portable_roles names 'marketeer'", "did you mean 'marketer'")
    one("no native role for 'viewer'")
    one("account other: role_content.X must be Declared([...], by='...', on='YYYY-MM-DD')")
    one("account other: portable_roles.marketer must be a list")
    one("account mail", "'mail.send' need not be declared", "read on this platform")
    one("content of role 'Staff' of crm", "did you mean 'email:send'")
    one("MartechUser ana in crm", "stands for the portable role 'marketer'", "'Marketers'",
        "portable_roles={'marketer': ['NAME']}", "martech role explain marketer")  # fmt: skip
    one("portable('markter')", "did you mean 'marketer'")
    one("MartechUser cem", "Reseller is for people of a partner organisation")
    one("a role is given by its name", "7")
    one("eve@v.example", "external people never get Administrator")


def test_a_portable_role_becomes_what_stands_for_it_in_each_account(office: Office) -> None:
    office.program(
        """
        crm = crm_account(portable_roles={"marketer": ["Editors", "Senders"]})
        site = site_account()
        for name in ("Editors", "Senders"):
            scim.Role(name.lower(), account=crm, name=name)
        scim.MartechUser(
            "ana", account=crm, login="ana@example.com", roles=[portable("marketer"), "Editors"]
        )
        wordpress.MartechUser(
            "ana", account=site, login="ana", email="ana@example.com", roles=[portable("marketer")]
        )
        """,
        WITH_ROLES,
    )
    office.martech("up", "--yes")
    assert office.crm.members("Editors") == office.crm.members("Senders") == ["ana@example.com"]
    assert office.site.members("contributor") == ["ana"]
