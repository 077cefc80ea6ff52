"""What HubSpot's permissions mean in capabilities.

A permission set is a name to the API (hubspot.md [SPEC]), so its content is declared: a person
looks it up in the app and names capabilities, or the permissions below. The permissions are seen in
the app alone and their words are general knowledge [MEM]: what they translate to informs guards and
explanations, and no write is ever made of it.
"""

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.rolemap import Right, RoleMap
from pulumi_martech.platforms.hubspot_facts import SUPER_ADMIN


def _right(*names: str) -> Right:
    return Right(capabilities=frozenset(names), source="hubspot.md [MEM]", grade="memory")


_AUTOMATION = [name for name in CAPABILITIES if name.startswith("automation:")]

ROLES = RoleMap(
    known="declared",
    rights={
        "view own contacts": _right("crm:view"),
        "view all contacts": _right("contacts:view_all"),
        "create contacts": _right("crm:create"),
        "edit own contacts": _right("crm:update"),
        "edit all contacts": _right("contacts:view_all", "crm:update", "crm:assign"),
        "delete all contacts": _right("contacts:view_all", "crm:delete"),
        "import": _right("crm:import"),
        "export": _right("contacts:export"),
        "write marketing e-mail": _right("email:create", "contacts:personalise"),
        "publish marketing e-mail": _right("email:create", "email:send", "contacts:personalise"),
        "write pages": _right("landing_page:create", "landing_page:update", "landing_page:clone"),
        "publish pages": _right(
            "landing_page:publish", "landing_page:unpublish", "landing_page:delete"
        ),
        "edit domain settings": _right("landing_page:domain"),
        "view social": _right("social:view"),
        "write social": _right("social:create", "social:update"),
        "publish social": _right("social:publish", "social:unpublish", "social:delete"),
        "connect social accounts": _right("social:connect"),
        "view ads": _right("ads:view"),
        "write ads": _right("ads:create", "ads:update"),
        "publish ads": _right(
            "ads:delete", "ads:enable", "ads:disable", "ads:spend", "finance:view"
        ),
        "connect ad accounts": _right("ads:connect"),
        "view workflows": _right("automation:view"),
        "edit workflows": _right(*_AUTOMATION),
        "lists": _right("audience:manage"),
        "view own conversations": _right("messaging:view"),
        "view all conversations": _right("messaging:view_all"),
        "write to people": _right("messaging:send"),
        "connect channels": _right("messaging:connect", "messaging:disconnect"),
        "edit subscriptions": _right("consent:manage"),
        "view reports": _right("report:view"),
        "view activity of contacts": _right("report:view_person"),
        "view files": _right("asset:view"),
        "edit files and templates": _right("asset:edit"),
        "edit tracking": _right("tracking:edit"),
        "edit code": _right("code:publish"),
        "add and edit users": _right("users:manage"),
        "edit permissions": _right("users:manage"),
        "apps": _right("integrations:manage"),
        "private apps": _right("integrations:manage"),
        "edit account settings": _right("settings:manage"),
        "billing": _right("billing:manage"),
        "super admin": _right(*CAPABILITIES),
    },
    roles={SUPER_ADMIN: ("super admin",)},
    portable={"administrator": (SUPER_ADMIN,)},
)
"""HubSpot's role map. No permission set stands for a portable role by itself: accounts make theirs
and say which."""
