"""One user on one platform."""

import os

from pulumi_martech import Bearer, scim

crm = scim.Account("crm", url=os.environ["CRM_URL"], credentials=Bearer(token="env:CRM_TOKEN"))
editors = scim.Role("editors", account=crm, name="Editors")
scim.MartechUser("ana", account=crm, login="ana@example.com", roles=[editors])
