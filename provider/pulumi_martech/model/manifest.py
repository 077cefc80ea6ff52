"""What a platform can do, how that is known, and what it cannot show."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from pulumi_martech.model.content import REVIEW_DAYS, REVIEW_DAYS_PERSONAL
from pulumi_martech.model.leaving import Hanging
from pulumi_martech.model.values import Frozen

Grade = Literal["run", "source", "spec", "docs", "third party", "memory"]
"""How a fact is known, strongest first; a fact known from memory never drives a write."""

Answer = Literal["yes", "no", "unknown"]


class Ability(StrEnum):
    """What may be done to an account through a platform's API."""

    LIST_USERS = "list users"
    CREATE_USER = "create user"
    INVITE_USER = "invite user"
    CHANGE_USER = "change user"
    CHANGE_LOGIN = "change login"
    DEACTIVATE_USER = "deactivate user"
    REMOVE_USER = "remove user"
    LIST_ROLES = "list roles"
    CREATE_ROLE = "create role"
    READ_ROLE_CONTENT = "read role content"
    SERVICE_PRINCIPALS = "service principals"
    PARTNER_LINK = "partner link"
    NATIVE_EXPIRY = "native expiry"
    MFA = "multi-factor state"
    LAST_LOGIN = "last login"


class Support(Frozen):
    """Whether an ability is there, how it is done, and how that is known (sheet and tag).

    ``by hand``: a person does it on a screen, asked by a checklist and proven by an attestation.
    """

    there: Literal["yes", "partly", "no", "by hand"]
    how: str
    grade: Grade
    source: str
    alternative: str = ""
    """What to do instead where it is not there: ends the sentence that refuses it."""


class Removal(Frozen):
    """What a removing verb ends for the person."""

    verb: Literal["remove", "deactivate", "downgrade"]
    login: Answer
    sessions: Answer
    api_keys: Answer
    oauth_tokens: Answer
    note: str = ""


class Limits(Frozen):
    """Limits of the API: records a page, calls a second (``None``: none known), calls a day.

    ``page_size`` is ``None`` where there is no API.
    """

    page_size: int | None
    per_second: float | None = None
    per_day: int | None = None
    retry_after: str = ""


class Identity(Frozen):
    """What identifies a user.

    ``case_sensitive`` false means that logins are compared and kept in lower case.
    ``shape`` is what a login looks like; ``renamable`` whether it can change in place;
    ``unique`` whether the platform refuses a second user of the same login, so that a create that
    a reading did not find may be sent again.
    """

    attribute: str
    shape: Literal["email", "username", "any"]
    case_sensitive: bool
    renamable: bool
    unique: bool = True


class Attested(Frozen):
    """What makes a platform without an API an attested one: what is there is said by a person.

    ``personal`` says whether the accounts hold data about people, so that what was said counts for
    90 days and not for 180.
    """

    personal: bool

    @property
    def days(self) -> int:
        """Days after which an attestation, and with it what it says, counts as unknown."""
        return REVIEW_DAYS_PERSONAL if self.personal else REVIEW_DAYS


class Manifest(Frozen):
    """The description of a platform that documentation, coverage, errors and tests are made from.

    ``objects`` names the kinds of object besides users that a directory lists, one listing each.
    """

    platform: str
    title: str
    identity: Identity
    creation: Literal["direct", "invitation with a second id", "invitation with the same id"]
    role_shape: Literal[
        "scalar", "list replaced on the user", "list replaced on the role", "edge", "add and remove"
    ]
    role_content: Literal["fixed", "read", "declared"]
    builtin_roles: tuple[str, ...] = ()
    administrator_roles: tuple[str, ...] = ()
    """Roles that administer on every account; others are declared on the `Account`."""
    role_names: Mapping[str, str] = Field(default_factory=dict)
    """Other names of built-in roles (an interface in another language) to the one used here."""
    attested: Attested | None = None
    """Whether there is no API: steps are asked of a person and attested by another."""
    abilities: Mapping[Ability, Support]
    removals: tuple[Removal, ...]
    unique_attributes: tuple[str, ...] = ()
    """Attributes that no two users of an account share, besides the login."""
    softest_ending_verb: Literal["remove", "deactivate", "downgrade"]
    """The softest verb that really ends log-in: the default of ``on_destroy``."""
    shared_address: bool = False
    """Whether all tenants have one address, so that credentials tell one from the other."""
    needs_successor: bool = False
    """Whether removing a user needs somebody who takes over what it owns."""
    limits: Limits
    objects: tuple[str, ...] = ()
    hangs_on_person: tuple[Hanging, ...] = ()
    exit_layers: tuple[str, ...] = ()
    blind_spots: tuple[str, ...] = Field(default=())

    def normal_login(self, login: str) -> str:
        """Return ``login`` as it is compared and kept on this platform."""
        login = login.strip()
        return login if self.identity.case_sensitive else login.lower()

    def normal_role(self, name: str) -> str:
        """Return the name of a role as it is kept, whatever the language of the interface.

        Case does not matter where a person reads the names off a screen; elsewhere it may.
        """
        if not self.role_names:
            return name
        folded = name.strip().casefold()
        known = {**{role: role for role in self.builtin_roles}, **self.role_names}
        return next((kept for other, kept in known.items() if other.casefold() == folded), name)

    def can(self, ability: Ability) -> bool:
        """Tell whether the ability is there, wholly, partly or by hand."""
        support = self.abilities.get(ability)
        return support is not None and support.there != "no"

    def can_by_api(self, ability: Ability) -> bool:
        """Tell whether the ability is there without a person's hand."""
        support = self.abilities.get(ability)
        return support is not None and support.there in ("yes", "partly")
