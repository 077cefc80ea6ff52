"""Who may do what in GTG CRM, which has no API: asked by a checklist, attested by a second person.

Mia carries out what is asked on the screens; somebody else looks afterwards and attests it::

    martech stack init dev
    martech up --yes                # asks: prints the checklist and writes it down
    martech checklist               # what waits for Mia, at any time
    martech attest gtg --template   # tables to fill in from the screens
    martech attest gtg --file gtg-people.csv --file gtg-roles.csv --layout guide --by ana --on now
    martech preview                 # what is not as declared
"""

from pulumi_martech import active, gtg_crm

gtg = gtg_crm.Account(
    "gtg",
    url="https://www.gtgcrm.com",
    operator="mia",
    protected=["ines@fernwood.example"],
)

# -- the three default roles, in the names of either interface

gtg_crm.MartechUser("ines", account=gtg, login="ines@fernwood.example", roles=["Administrator"])
gtg_crm.MartechUser("mia", account=gtg, login="mia@fernwood.example", roles=["Administrateur"])
gtg_crm.MartechUser("tom", account=gtg, login="tom@fernwood.example", roles=["Marketing Manager"])
gtg_crm.MartechUser("yuki", account=gtg, login="yuki@fernwood.example", roles=["Marketing Staff"])

# -- the vendor's two examples of a custom role, by what they allow

service = gtg_crm.Role(
    "service",
    account=gtg,
    name="Customer Service",
    layout="guide",
    capabilities=["messaging:view", "messaging:send"],
    description="reads messages and answers them",
)
collaborator = gtg_crm.Role(
    "collaborator",
    account=gtg,
    name="External Collaborator",
    layout="guide",
    capabilities=["contacts:view_all", "email:send"],
)

# -- a department: whoever belongs to it has its roles

DEPARTMENTS = {"customer service": ([service], ["lena", "omar"])}
for roles, people in DEPARTMENTS.values():
    for person in people:
        gtg_crm.MartechUser(person, account=gtg, login=f"{person}@fernwood.example", roles=roles)

# -- an agency, as external collaborators, as long as its contract lasts

CONTRACT = {
    "vendor": "northlight",
    "domains": ["northlight.example"],
    "until": "2027-03-31",
    "owner": "ines",
    "reason": "spring campaign",
}
for contract in active([CONTRACT]):
    gtg_crm.VendorGrant(
        **contract, account=gtg, people={"eve@northlight.example": {"roles": [collaborator]}}
    )
