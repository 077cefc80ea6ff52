"""Portable roles: named sets of capabilities that role maps bring to each platform.

The Marketing Manager does not inherit the Marketer: the reference matrix (GTG CRM) lists viewing
records for staff and not for the manager, so both are written out. In effective sets Viewer is
within Marketer, Marketer within Marketing Manager, and that within Administrator.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.values import Frozen


class PortableRole(Frozen):
    """A role that means the same everywhere.

    ``partner`` roles belong to people of a partner organisation: they carry an organisation and
    an end.
    """

    key: str
    title: str
    capabilities: frozenset[str]
    partner: bool = False


def _all(module: str, *but: str) -> set[str]:
    left = {f"{module}:{action}" for action in but}
    return {name for name in CAPABILITIES if name.startswith(f"{module}:")} - left


def _some(module: str, *actions: str) -> set[str]:
    return {f"{module}:{action}" for action in actions}


_VIEWER = {"asset:view", "ads:view", "social:view", "report:view"}
_MARKETER_MORE = {
    "email:create",
    "contacts:personalise",
    "audience:manage",
    "asset:view",
    "asset:edit",
    "report:view",
}
_RESELLER = {"asset:view", "report:view"} | _some("crm", "view", "create", "update")

_SETS: dict[str, tuple[str, set[str], bool]] = {
    "viewer": ("Viewer", _VIEWER, False),
    "analyst": ("Analyst", _VIEWER | {"automation:view", "finance:view"}, False),
    "marketer": (
        "Marketer",
        _some("landing_page", "create", "update", "clone")
        | _some("social", "view", "create", "update")
        | _some("ads", "view", "create", "update")
        | _some("crm", "view", "create", "update", "import")
        | {"messaging:send", "email:send"}
        | _MARKETER_MORE,
        False,
    ),
    "marketing-manager": (
        "Marketing Manager",
        _all("landing_page", "domain")
        | _all("social", "connect")
        | _some("ads", "view", "create", "update", "delete", "enable", "disable", "spend")
        | _some("messaging", "connect", "disconnect", "send")
        | _some("crm", "create", "update", "import", "assign", "delete")
        | {"email:send", "finance:view"}
        | _MARKETER_MORE,
        False,
    ),
    "administrator": ("Administrator", set(CAPABILITIES), False),
    "reseller": ("Reseller", _RESELLER, True),
    "distributor": ("Distributor", _RESELLER | {"inventory:view", "asset:share"}, True),
    "partner-marketer": (
        "Partner Marketer",
        _some("asset", "view", "edit")
        | _some("landing_page", "create", "update", "clone")
        | _some("social", "view", "create", "update")
        | {"email:create", "report:view"},
        True,
    ),
    "partner-support": (
        "Partner Support",
        _some("messaging", "view", "send") | {"asset:view", "crm:view", "users:view"},
        True,
    ),
}

PORTABLE_ROLES: Mapping[str, PortableRole] = MappingProxyType(
    {
        key: PortableRole(key=key, title=title, capabilities=frozenset(held), partner=partner)
        for key, (title, held, partner) in _SETS.items()
    }
)
