"""Who may do what in the marketing tools of Fernwood, a small furniture company.

Two accounts: the customer platform (SCIM: its groups are its roles) and the web site (WordPress).
Addresses come from the environment, so that the same program runs against a test tenant.
"""

import os

from pulumi_martech import Basic, Bearer, Declared, active, limits, scim, wordpress

limits(company_domains=["fernwood.example"])

# What roles allow is not shown by either platform: Inês looked, and says so.
SEEN = {"by": "ines", "on": "2026-11-02"}

crm = scim.Account(
    "crm",
    url=os.environ.get("CRM_URL", "https://crm.fernwood.example/scim/v2"),
    credentials=Bearer(token="env:CRM_TOKEN"),
    administrators=["CRM Admins"],
    protected=["provisioning@fernwood.example"],
    own_login="provisioning@fernwood.example",
    role_content={
        "Campaign Editors": Declared(["crm:create", "crm:update", "email:send"], **SEEN),
        "Analysts": Declared(["report:view", "finance:view"], **SEEN),
        "CRM Admins": Declared(["users:manage", "contacts:export"], **SEEN),
    },
)
webmaster = os.environ.get("SITE_USERNAME", "provisioning")
site = wordpress.Account(
    "site",
    url=os.environ.get("SITE_URL", "https://www.fernwood.example/wp-json"),
    credentials=Basic(username=webmaster, password="env:SITE_PASSWORD"),
    protected=[webmaster],
    role_content={
        "author": Declared(["edit_posts", "publish_posts", "upload_files"], **SEEN),
        "contributor": Declared(["edit_posts"], **SEEN),
        "editor": Declared(["edit_others_posts", "publish_pages", "unfiltered_html"], **SEEN),
    },
    successor=webmaster,
)

# -- roles: groups of the CRM are ours; on the site they exist by name

editors = scim.Role("editors", account=crm, name="Campaign Editors")
analysts = scim.Role("analysts", account=crm, name="Analysts")
admins = scim.Role("admins", account=crm, name="CRM Admins")
editor = wordpress.RoleReference("editor", account=site, name="editor")

# -- our own people

scim.MartechUser(
    "provisioning",
    account=crm,
    login="provisioning@fernwood.example",
    roles=[admins],
    display_name="Provisioning",
)
scim.MartechUser(
    "ines",
    account=crm,
    login="ines@fernwood.example",
    roles=[admins, analysts],
    display_name="Inês Moreira",
)
scim.MartechUser(
    "tom", account=crm, login="tom@fernwood.example", roles=[editors], display_name="Tom Adeyemi"
)
scim.MartechUser(
    "yuki", account=crm, login="yuki@fernwood.example", roles=[editors], display_name="Yuki Sato"
)
scim.MartechUser(
    "lena", account=crm, login="lena@fernwood.example", roles=[analysts], display_name="Lena Vogt"
)
scim.MartechUser(
    "omar", account=crm, login="omar@fernwood.example", roles=[analysts], display_name="Omar Haddad"
)

wordpress.MartechUser(
    "ines",
    account=site,
    login="ines",
    email="ines@fernwood.example",
    roles=["administrator"],
    name="Inês Moreira",
)
wordpress.MartechUser(
    "tom",
    account=site,
    login="tom",
    email="tom@fernwood.example",
    roles=[editor],
    name="Tom Adeyemi",
)
wordpress.MartechUser(
    "yuki",
    account=site,
    login="yuki",
    email="yuki@fernwood.example",
    roles=["author"],
    name="Yuki Sato",
)

# -- the agency: whoever is there from its domains is part of the grant; after `until` it is gone

AGENCY = {
    "vendor": "northlight",
    "domains": ["northlight.example"],
    "until": "2027-03-31",
    "owner": "ines",
    "reason": "spring campaign, contract NL-2026-11",
}
GRANTS = [
    {
        **AGENCY,
        "account": crm,
        "people": {"eve@northlight.example": {"roles": [editors], "display_name": "Eve Marsh"}},
    },
]
SITE_GRANTS = [
    {
        **AGENCY,
        "account": site,
        "people": {
            "eve-northlight": {
                "roles": ["contributor"],
                "email": "eve@northlight.example",
                "name": "Eve Marsh",
            }
        },
    },
]
for grant in active(GRANTS):
    scim.VendorGrant(**grant)
for grant in active(SITE_GRANTS):
    wordpress.VendorGrant(**grant)
