"""A principal in an account, and the difference between what is there and what is wanted."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from pulumi_martech.model.attestation import Asked
from pulumi_martech.model.values import UNKNOWN, Frozen, Unknown

Attribute = str | bool | frozenset[str]
"""The value of a managed attribute of a user (display name, active, teams ...)."""

INVITATION = "invitation/"
"""What the native id of a pending invitation begins with: an accepted user has another id."""

KEY_LOGIN = "key:"
"""What the login of an API key or another service without an address begins with."""


class Status(StrEnum):
    """How far a membership has come."""

    ACTIVE = "active"
    PENDING = "pending"
    DEACTIVATED = "deactivated"
    ASKED = "to do"
    """Asked of a person, and nobody has attested since that it was done."""
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Where a membership comes from."""

    DIRECT = "direct"
    GROUP = "group"
    INHERITED = "inherited"
    INVITE = "invite"


class Kind(StrEnum):
    """Who holds the membership."""

    PERSON = "person"
    SERVICE = "service"


class NativeRole(Frozen):
    """A role as the platform has it. ``id`` equals ``name`` where the platform has no ids.

    ``attributes`` is its content as far as it was read, under the argument names of ``Role``;
    ``asked`` the step that is still to be carried out by a person.
    """

    id: str
    name: str
    attributes: Mapping[str, Attribute] = Field(default_factory=dict)
    asked: Asked | None = None


class Membership(Frozen):
    """A principal in one account, as read.

    ``login`` is what identifies the user on the platform, in the manifest's normal case; ``email``
    is the address the platform shows, ``None`` where it has none and `UNKNOWN` where it was not
    read. ``attributes`` uses the argument names of the platform's ``MartechUser``. A pending
    invitation has an id of its own, which begins with `INVITATION`, and perhaps ``expires_at``, an
    ISO instant. ``asked`` is the step that is still to be carried out by a person.
    """

    id: str
    login: str
    email: str | Unknown | None = UNKNOWN
    status: Status = Status.ACTIVE
    roles: frozenset[str] | Unknown = UNKNOWN
    attributes: Mapping[str, Attribute] = Field(default_factory=dict)
    origin: Origin = Origin.DIRECT
    kind: Kind = Kind.PERSON
    expires_at: str | None = None
    asked: Asked | None = None


class Wish(Frozen):
    """What an account should hold for one login.

    ``roles`` maps the name of each role to its native id; ``attributes`` holds the managed ones
    only: what is not named is left as it is. ``once`` is said when the user is made and never
    again: no platform shows it, so it is never compared.
    """

    login: str
    roles: Mapping[str, str]
    attributes: Mapping[str, Attribute] = Field(default_factory=dict)
    once: Mapping[str, Attribute] = Field(default_factory=dict)


class Change(Frozen):
    """One thing that differs: ``live`` is what is there, ``wanted`` what is declared."""

    name: str
    live: Attribute | None
    wanted: Attribute | None

    def __str__(self) -> str:
        if self.name.startswith("roles."):
            return self.named()
        return f"{self.name}: {_words(self.live)} -> {_words(self.wanted)}"

    def named(self) -> str:
        """Return what changes without the values of a person's attributes, for records."""
        if self.name.startswith("roles."):
            return f"{'+' if self.wanted else '-'} role {self.name.removeprefix('roles.')}"
        return self.name


def _words(value: Attribute | None) -> str:
    return ", ".join(sorted(value)) or "none" if isinstance(value, frozenset) else repr(value)


def difference(live: Membership, wish: Wish) -> list[Change]:
    """List what must change so that ``live`` is what ``wish`` says, sorted by name.

    Unknown live values are no difference. An attribute the platform does not show counts as
    absent (``None``), which differs from any wanted value but the empty string.
    """
    found = []
    for name, wanted in wish.attributes.items():
        value = live.attributes.get(name)
        if value != wanted and not (value is None and wanted in ("", frozenset())):
            found.append(Change(name=name, live=value, wanted=wanted))
    if not isinstance(live.roles, Unknown):
        for role in live.roles ^ wish.roles.keys():
            has = role in live.roles
            found.append(Change(name=f"roles.{role}", live=has or None, wanted=(not has) or None))
    return sorted(found, key=lambda change: change.name)
