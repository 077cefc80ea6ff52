"""A marketing team on four platforms: what each does is said once, in portable roles.

Each account says which of its own roles stand for them. What those allow is read on SendGrid; on
the others somebody looked, and says so with a name and a day. Try it:
``martech role explain marketer --on hub``.
"""

import os

from pulumi_martech import Basic, Bearer, Declared, hubspot, portable, scim, sendgrid, wordpress

TEAM = {
    # person: (first name, last name, role)
    "ana": ("Ana", "Lima", portable("marketing-manager")),
    "bo": ("Bo", "Lindqvist", portable("marketer")),
    "chi": ("Chi", "Nwosu", portable("analyst")),
}
SEEN = {"by": "ines", "on": "2026-11-02"}

crm = scim.Account(
    "crm",
    url=os.environ["CRM_URL"],
    credentials=Bearer(token="env:CRM_TOKEN"),
    role_content={
        "Editors": Declared(["crm:create", "crm:update", "audience:manage"], **SEEN),
        "Analysts": Declared(["report:view", "finance:view"], **SEEN),
    },
    portable_roles={
        "marketing-manager": ["Editors", "Analysts"],
        "marketer": ["Editors"],
        "analyst": ["Analysts"],
    },
)
hub = hubspot.Account(
    "hub",
    url=os.environ["HUB_URL"],
    credentials=Bearer(token="env:HUB_TOKEN"),
    role_content={
        "Campaign lead": Declared(
            ["publish marketing e-mail", "publish pages", "publish ads", "lists", "export"], **SEEN
        ),
        "Campaigns": Declared(["write marketing e-mail", "write pages", "write ads"], **SEEN),
        "Reports": Declared(["view reports", "view ads"], **SEEN),
    },
    portable_roles={
        "marketing-manager": ["Campaign lead"],
        "marketer": ["Campaigns"],
        "analyst": ["Reports"],
    },
)
mail = sendgrid.Account(
    "mail", url=os.environ["MAIL_URL"], credentials=Bearer(token="env:MAIL_TOKEN")
)
webmaster = os.environ["SITE_USERNAME"]
site = wordpress.Account(
    "site",
    url=os.environ["SITE_URL"],
    credentials=Basic(username=webmaster, password="env:SITE_PASSWORD"),
    role_content={
        "author": Declared(["edit_posts", "publish_posts", "upload_files"], **SEEN),
        "contributor": Declared(["edit_posts"], **SEEN),
    },
    protected=[webmaster],
    successor=webmaster,
)

for group in ("Editors", "Analysts"):
    scim.Role(group.lower(), account=crm, name=group)

for person, (first, last, role) in TEAM.items():
    login = f"{person}@example.com"
    scim.MartechUser(person, account=crm, login=login, roles=[role], display_name=f"{first} {last}")
    hubspot.MartechUser(
        person, account=hub, login=login, roles=[role], first_name=first, last_name=last
    )
    sendgrid.MartechUser(person, account=mail, login=login, roles=[role])
    if role.key != "analyst":  # the site has nothing for who only looks at figures
        wordpress.MartechUser(person, account=site, login=person, email=login, roles=[role])
