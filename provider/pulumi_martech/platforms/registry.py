"""The platforms by name, and how a connector for an account is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import InvalidDeclaration, MartechError
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.rolemap import RoleMap
from pulumi_martech.platforms import (
    gtg_crm,
    gtg_crm_roles,
    hubspot,
    hubspot_facts,
    hubspot_roles,
    hubspot_wire,
    scim,
    scim_roles,
    scim_wire,
    sendgrid,
    sendgrid_roles,
    wordpress,
    wordpress_roles,
)
from pulumi_martech.platforms.base import Connector, RoleArguments, UserArguments
from pulumi_martech.transport import (
    SYSTEM_CLOCK,
    ApiClient,
    Clock,
    Redactor,
    Reply,
    authentication,
)


@dataclass(frozen=True)
class Platform:
    """What a platform's module offers.

    Attributes:
        manifest: its description.
        user: arguments of its ``MartechUser``.
        role: arguments of its ``Role``, ``None`` where roles cannot be made.
        role_map: what its native roles mean in capabilities.
        connector: makes its connector from an account and a client.
        error: its reading of error answers.
        quota: tells that an answer other than 429 means *too many calls*.
    """

    manifest: Manifest
    user: type[UserArguments]
    role: type[RoleArguments] | None
    role_map: RoleMap
    connector: Callable[[AccountConfig, ApiClient], Connector]
    error: Callable[[Reply, str], MartechError | None] | None = None
    quota: Callable[[Reply], bool] | None = None


PLATFORMS: Mapping[str, Platform] = {
    "gtg_crm": Platform(
        gtg_crm.MANIFEST, gtg_crm.User, gtg_crm.Role, gtg_crm_roles.ROLES, gtg_crm.Connector
    ),
    "hubspot": Platform(
        hubspot_facts.MANIFEST,
        hubspot.User,
        None,
        hubspot_roles.ROLES,
        hubspot.Connector,
        error=hubspot_wire.error,
    ),
    "scim": Platform(
        scim.MANIFEST, scim.User, scim.Role, scim_roles.ROLES, scim.Connector, error=scim_wire.error
    ),
    "sendgrid": Platform(
        sendgrid.MANIFEST,
        sendgrid.User,
        None,
        sendgrid_roles.ROLES,
        sendgrid.Connector,
        error=sendgrid.error,
    ),
    "wordpress": Platform(
        wordpress.MANIFEST,
        wordpress.User,
        None,
        wordpress_roles.ROLES,
        wordpress.Connector,
        error=wordpress.error,
    ),
}


def platform(name: str) -> Platform:
    """Return a platform by name.

    Raises `InvalidDeclaration` naming those that exist.
    """
    found = PLATFORMS.get(name)
    if found is None:
        raise InvalidDeclaration(
            f"use platform {name!r}",
            "there is no such platform",
            "nothing was sent",
            f"choose one of {', '.join(sorted(PLATFORMS))}",
        )
    return found


def connect(
    config: AccountConfig,
    *,
    redactor: Redactor | None = None,
    clock: Clock = SYSTEM_CLOCK,
    transport: httpx.BaseTransport | None = None,
) -> Connector:
    """Return the connector of an account; no request is sent and no credential is read yet.

    Its ``client`` counts calls and can be closed.

    Args:
        config: the account.
        redactor: learns the account's secrets; one of its own where ``None``.
        clock: where time comes from.
        transport: how the server is reached (tests).
    """
    chosen = platform(config.platform)
    redactor = redactor or Redactor()
    shared: dict[str, Any] = {
        "redactor": redactor,
        "clock": clock,
        "transport": transport,
        "timeout": config.timeout,
    }
    reading = config.read_credentials
    client = ApiClient(
        config.url,
        authentication(config.credentials, **shared),
        account=config.key,
        per_second=_slowest(config.per_second, chosen.manifest.limits.per_second),
        read_auth=authentication(reading, **shared) if reading else None,
        error=chosen.error,
        quota=chosen.quota,
        **shared,
    )
    return chosen.connector(config, client)


def _slowest(*rates: float | None) -> float | None:
    known = [rate for rate in rates if rate is not None]
    return min(known) if known else None
