"""What a SCIM service says of itself: configuration, resource types, schemas."""

from scim2_models import NotFoundException

from pulumi_martech.sandbox.scim_directory import PROVIDER, ScimDialect
from pulumi_martech.sandbox.store import Doc


def discovered(what: str, location: str, dialect: ScimDialect, id_: str | None) -> Doc:
    """Return the document at a discovery endpoint: ``what`` is its name, ``id_`` one of its items.

    Raises ``NotFoundException`` for an item that is not there.
    """
    if what == "ServiceProviderConfig":
        return _config(location, dialect)
    shown = []
    for item in PROVIDER.resource_types if what == "ResourceTypes" else PROVIDER.schemas:
        meta = {"resourceType": what.removesuffix("s"), "location": f"{location}/{item.id}"}
        shown.append(item.model_dump() | {"meta": meta})
    if id_ is None:
        return {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": len(shown),
            "startIndex": 1,
            "itemsPerPage": len(shown),
            "Resources": shown,
        }
    for body in shown:
        if body["id"] == id_:
            return body
    title = "Schema" if what == "Schemas" else "Resource type"
    raise NotFoundException(detail=f"{title} {id_!r} not found")


def _config(location: str, dialect: ScimDialect) -> Doc:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "meta": {"resourceType": "ServiceProviderConfig", "location": location},
        "patch": {"supported": dialect.patch},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": dialect.page_cap},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": dialect.etag},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "bearer_token",
                "description": "HTTP Bearer Token",
                "specUri": "https://datatracker.ietf.org/doc/html/rfc6750",
            }
        ],
    }
