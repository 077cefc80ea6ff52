"""SendGrid's records as memberships."""

from pulumi_martech.model.membership import (
    INVITATION,
    KEY_LOGIN,
    Attribute,
    Kind,
    Membership,
    Origin,
    Status,
)
from pulumi_martech.model.values import UNKNOWN
from pulumi_martech.platforms.sendgrid_scopes import KEY_ID, roles_of
from pulumi_martech.platforms.sendgrid_wire import Record, instant, text_of


def readable(record: Record) -> bool:
    """Tell whether a teammate's record has what identifies it."""
    return bool(text_of(record, "username") and text_of(record, "email").strip())


def listed(record: Record) -> Membership:
    """Return a teammate as the listing shows it: roles only of administrators and the owner.

    A listing that says ``scopes: []`` means nothing by it.
    """
    username, email = text_of(record, "username"), text_of(record, "email").strip().lower()
    above = roles_of({**record, "scopes": None}, ())
    # `is_sso` is not in the specification; with single sign-on the username is the address.
    shown = record.get("is_sso")
    sso = shown if isinstance(shown, bool) else username.lower() == email
    attributes: dict[str, Attribute] = {"sso": sso}
    for name in ("first_name", "last_name") if sso else ():  # others' names are their own affair
        if isinstance(record.get(name), str):
            attributes[name] = text_of(record, name)
    return Membership(
        id=username,
        login=email,
        email=email,
        roles=UNKNOWN if above is None else above,
        attributes=attributes,
    )


def invitation(record: Record) -> Membership | None:
    """Return a pending invitation, ``None`` if it lacks what identifies it."""
    email, token = text_of(record, "email").strip().lower(), text_of(record, "token")
    if not email or not token:
        return None
    held = roles_of(record, ())
    return Membership(
        id=INVITATION + token,
        login=email,
        email=email,
        status=Status.PENDING,
        roles=UNKNOWN if held is None else held,
        origin=Origin.INVITE,
        expires_at=instant(record.get("expiration_date")),
    )


def key(record: Record) -> Membership:
    """Return an API key; its roles are known where the record has scopes."""
    id_ = text_of(record, "api_key_id")
    held = roles_of(record, ())
    return Membership(
        id=KEY_ID + id_,
        login=(KEY_LOGIN + id_).lower(),
        email=None,
        roles=UNKNOWN if held is None else held,
        kind=Kind.SERVICE,
    )
