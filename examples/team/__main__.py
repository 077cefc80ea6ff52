"""A team on two platforms: who is in it is said once, what each role means is said per platform."""

import os

from pulumi_martech import Basic, Bearer, scim, wordpress

TEAM = {
    # person: (login in the CRM, name, job)
    "ana": ("ana@example.com", "Ana Lima", "lead"),
    "bo": ("bo@example.com", "Bo Lindqvist", "content"),
    "chi": ("chi@example.com", "Chi Nwosu", "analyst"),
}
CRM_ROLES = {"lead": ["Editors", "Analysts"], "content": ["Editors"], "analyst": ["Analysts"]}
SITE_ROLES = {"lead": ["editor"], "content": ["author"], "analyst": []}

crm = scim.Account(
    "crm",
    url=os.environ["CRM_URL"],
    credentials=Bearer(token="env:CRM_TOKEN"),
)
webmaster = os.environ["SITE_USERNAME"]
site = wordpress.Account(
    "site",
    url=os.environ["SITE_URL"],
    credentials=Basic(username=webmaster, password="env:SITE_PASSWORD"),
    protected=[webmaster],
    successor=webmaster,
)

for role in ("Editors", "Analysts"):
    scim.Role(role.lower(), account=crm, name=role)

for person, (login, name, job) in TEAM.items():
    scim.MartechUser(person, account=crm, login=login, roles=CRM_ROLES[job], display_name=name)
    if SITE_ROLES[job]:
        wordpress.MartechUser(
            person, account=site, login=person, email=login, roles=SITE_ROLES[job], name=name
        )
