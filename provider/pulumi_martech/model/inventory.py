"""What there is to have access to: accounts with their ownership, data and log-in, and assets."""

import os
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pulumi_martech.model.account import AccountConfig, Credentials, MemberSource
from pulumi_martech.model.content import Declared
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.moment import Day
from pulumi_martech.model.people import MfaFact
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.model.values import Frozen

DataClassName = Literal["none", "internal", "financial", "personal", "sensitive"]


class DataHeld(Frozen):
    """Data that an account holds: its class, where it comes from, how long it is kept."""

    data: DataClassName
    """The class of the data; the highest one counts."""
    what: str = ""
    """In words, or the names of fields: ``newsletter subscribers``."""
    source: str = ""
    """Where it comes from: ``shop``, ``events``."""
    retention_days: int | None = Field(default=None, ge=0)
    """After how many days it is deleted; 0: it is not kept."""


class LogIn(Frozen):
    """How people log in to an account, and since when that is known."""

    sso: Literal["enforced", "optional", "none", "unknown"] = "unknown"
    """Whether people log in by the identity provider: only so, perhaps, or not."""
    mfa: MfaFact | None = None
    """What the account demands of everybody."""
    on: Day | None = None
    """The day on which that was seen."""


class NativeRoleEntry(Frozen):
    """A native role of the account: ours to make, or one that must be there.

    ``own`` roles are made, renamed and removed by us, where the platform has role CRUD.
    """

    name: str
    """What the platform calls it."""
    own: bool = False
    """Whether it is made and removed here."""


class Everyone(Frozen):
    """Says that the grants are the whole list of an account's members.

    ``ignore`` leaves logins alone: shell pattern to the reason why.
    """

    ignore: Mapping[str, str] = Field(default_factory=dict)
    """Shell pattern of log-ins to the reason why they are let be."""


class Account(Frozen):
    """One tenant of a platform as the document tells it.

    What a process needs to work on it (`config`), who owns and pays for it, which data it holds,
    how people log in, and what our roles are called there. What is ``None`` was not said, which
    is not the same as empty: ``data: []`` says that there is none.
    """

    key: str = Field(default="", exclude=True)
    platform: str
    """The kind of product: ``scim``, ``wordpress``, or one that is documented only."""
    title: str = ""
    """What people call it."""
    url: str = ""
    """The address of its API, or ``env:NAME`` where that is in a variable."""
    credentials: Credentials | None = None
    """How a process logs in; only where the secrets lie, never they themselves."""
    read_credentials: Credentials | None = None
    """What is used for reading, so that a preview needs no right to write."""
    administrators: tuple[str, ...] = ()
    """Native roles that administer it, besides those of the platform."""
    protected: tuple[str, ...] = ()
    """Logins that are never removed and never lose an administrating role."""
    own_login: str = ""
    """The log-in behind the credentials, where the platform cannot tell."""
    successor: str = ""
    """The log-in that takes over what a removed user owns."""
    tenant: str = ""
    """The platform's own id of the account: credentials of another one are refused."""
    renamed_from: str = ""
    """The key that it had before, so that a new key is no new account."""
    breaker: int = Field(default=10, ge=0)
    """After how many removals one process writes nothing more."""
    per_second: float | None = Field(default=None, gt=0)
    """Calls a second, fewer than the platform allows."""
    timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds to wait for an answer."""

    owner: str = ""
    """Who inside answers for it."""
    team: str = ""
    """The team that works with it."""
    client: str = ""
    """The client it belongs to, for agencies."""
    owner_of_record: str = ""
    """Who owns it in the platform's books: ``us``, a vendor, a client, a partner or a person."""
    payer: str = ""
    """Who pays, named like ``owner_of_record``."""
    recovery: str = ""
    """The address that can take the account back."""
    data: tuple[DataHeld, ...] | None = None
    """The data it holds, by class; ``[]``: it holds none."""
    login: LogIn = LogIn()
    """How people log in."""
    personal_fields: tuple[str, ...] | None = None
    """Personal fields allowed in messages."""
    never_fields: tuple[str, ...] = ()
    """Fields that must not be in any message."""

    roles: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Role, portable or our own, to the native roles that stand for it here, by name."""
    role_content: Mapping[str, Declared] = Field(default_factory=dict)
    """Native role to what it allows here, by whom and when that was seen."""
    native_roles: Mapping[str, NativeRoleEntry] = Field(default_factory=dict)
    """Native roles by a key of ours, which is part of the URN."""
    membership: MemberSource = "direct"
    """``idp``: an identity provider owns it, and writes are refused."""
    groups: Mapping[str, str] = Field(default_factory=dict)
    """Role to the identity provider's group that gives it, named when a write is refused."""
    roster: Everyone | None = None
    """Said: the grants are all members, also when there are none. Not said: others are let be."""
    on_destroy: Literal["remove", "deactivate", "downgrade", "retain"] | None = None
    """What becomes of a user that leaves; by default the softest verb that really ends log-in."""
    adopt: bool = False
    """Whether users that are there already and differ are changed instead of refused."""

    def config(self) -> AccountConfig:
        """Return what a process needs to work on it; an address may lie in a variable.

        Raises:
            InvalidDeclaration: the variable of ``url: env:NAME`` is not set.
            ValidationError: it lacks an address or credentials.
        """
        own = AccountConfig.model_fields.keys() & type(self).model_fields.keys()
        url = self.url
        if url.startswith("env:"):
            url = os.environ.get(url.removeprefix("env:"), "")
            if not url:
                raise InvalidDeclaration(
                    f"find the address of account {self.key}",
                    f"the environment variable {self.url.removeprefix('env:')} is not set",
                    "nothing was asked",
                    "set it",
                )
        return AccountConfig.model_validate(
            {
                **{name: getattr(self, name) for name in own},
                "url": url,
                "groups": {
                    native: group
                    for role, group in self.groups.items()
                    for native in self.roles.get(role) or (role,)
                },
                "portable_roles": {k: v for k, v in self.roles.items() if k in PORTABLE_ROLES},
                "data_class": "sensitive" if self.holds("sensitive") else "personal",
            }
        )

    def holds(self, data: DataClassName) -> bool:
        """Tell whether it is said to hold data of this class."""
        return any(held.data == data for held in self.data or ())


class Asset(Frozen):
    """A thing inside an account that access can be limited to; ``id`` is the platform's own."""

    key: str = Field(default="", exclude=True)
    account: str
    """The account it is in."""
    kind: str
    """What it is: ``property``, ``container``, ``ad account``, ``list``."""
    id: str = ""
    """The platform's own id."""
    name: str = ""
    """What people call it."""
    owner: str = ""
    """Who inside answers for it."""
    team: str = ""
    """The team that it belongs to."""
    critical: bool = False
    """Whether it counts as much as the whole account, like the container of the main site."""
    data: DataClassName | None = None
    """A higher class than the account's."""
