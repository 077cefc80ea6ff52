"""Infrastructure as code for martech permissions.

A program imports the platform it declares access on, and what describes accounts and limits::

    from pulumi_martech import Bearer, scim

    crm = scim.Account("crm", url="https://crm.example.com/scim/v2",
                       credentials=Bearer(token="env:CRM_TOKEN"))
    editors = scim.Role("editors", account=crm, name="Editors")
    scim.MartechUser("ana", account=crm, login="ana@example.com", roles=[editors])

Names are imported when they are first used, so that ``martech --help`` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_martech import document
    from pulumi_martech.model.expiry import active, as_of
    from pulumi_martech.platforms.sendgrid import PermissionSet
    from pulumi_martech.resources import gtg_crm, hubspot, scim, sendgrid, wordpress
    from pulumi_martech.resources.credentials import Basic, Bearer, OAuth2Client, SignedJwt
    from pulumi_martech.resources.declared import Declared, portable
    from pulumi_martech.resources.limit import Limit, limits

_HOMES = {
    "Basic": "resources.credentials",
    "Bearer": "resources.credentials",
    "OAuth2Client": "resources.credentials",
    "SignedJwt": "resources.credentials",
    "Declared": "resources.declared",
    "portable": "resources.declared",
    "active": "model.expiry",
    "as_of": "model.expiry",
    "PermissionSet": "platforms.sendgrid",
    "Limit": "resources.limit",
    "limits": "resources.limit",
    "document": "document",
    "gtg_crm": "resources.gtg_crm",
    "hubspot": "resources.hubspot",
    "scim": "resources.scim",
    "sendgrid": "resources.sendgrid",
    "wordpress": "resources.wordpress",
}

__all__ = [
    "Basic",
    "Bearer",
    "Declared",
    "Limit",
    "OAuth2Client",
    "PermissionSet",
    "SignedJwt",
    "active",
    "as_of",
    "document",
    "gtg_crm",
    "hubspot",
    "limits",
    "portable",
    "scim",
    "sendgrid",
    "wordpress",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{home}")
    return module if home.rpartition(".")[2] == name else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
