"""An agency on two platforms: one grant each, bound to the contract, gone when it ends.

Everybody who is there from the agency's mail domain is part of the grant, whether declared or not:
a stray shows as one line of diff. On the first day after ``until`` the next run takes everyone away
and lists the account again to prove it. Try it: ``martech preview --as-of 2027-04-01``.
"""

import os

from pulumi_martech import Basic, Bearer, active, scim, wordpress

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
editors = scim.Role("editors", account=crm, name="Editors")

CONTRACT = {
    "vendor": "northlight",
    "domains": ["northlight.example"],
    "until": "2027-03-31",
    "owner": "ana",
    "reason": "spring campaign",
}

for contract in active([CONTRACT]):
    scim.VendorGrant(
        **contract,
        account=crm,
        people={
            "eve@northlight.example": {"roles": [editors], "display_name": "Eve Marsh"},
            "nils@northlight.example": {"roles": [editors], "display_name": "Nils Berg"},
        },
    )
    wordpress.VendorGrant(
        **contract,
        account=site,
        people={
            "eve-northlight": {"roles": ["contributor"], "email": "eve@northlight.example"},
        },
    )
