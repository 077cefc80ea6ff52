"""Companies outside: vendors in our tools, partners in our portal, clients whose tools we use."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from pulumi_martech.model.moment import Day, Moment
from pulumi_martech.model.people import Principal
from pulumi_martech.model.values import Frozen


class Vendor(Frozen):
    """An external company that works in our tools, by contract.

    ``people`` are its people and service credentials (``kind: service``); whoever is seen in an
    account by one of ``domains`` or ``aliases`` is the vendor's too, declared or not.
    """

    key: str = Field(default="", exclude=True)
    name: str = ""
    """What it is called."""
    domains: tuple[str, ...]
    """Its mail domains, subdomains included."""
    aliases: tuple[str, ...] = ()
    """Addresses of its people at other domains."""
    contract: str = ""
    """What the contract is filed under."""
    until: Moment
    """The contract's end."""
    owner: str
    """Who inside answers for it."""
    why: str
    """What it works on for us."""
    people: Mapping[str, Principal] = Field(default_factory=dict)
    """Its people and service credentials, by a key of ours."""


class Agreement(Frozen):
    """A signed agreement with a partner."""

    name: str = ""
    """What it is called."""
    signed: Day
    """The day on which it was signed."""
    until: Moment | None = None
    """Its last day."""


class Training(Frozen):
    """A course that people of a partner finished."""

    course: str
    """The course, as rules name it."""
    done: Day
    """The day on which it was finished."""
    until: Moment | None = None
    """The last day on which it counts."""


class PartnerOrganisation(Frozen):
    """An external company that uses our portal and assets; not a vendor.

    ``parent`` is the distributor above a reseller.
    """

    key: str = Field(default="", exclude=True)
    name: str = ""
    """What it is called."""
    kind: Literal["distributor", "reseller", "affiliate"]
    """What it does for us."""
    tier: str = ""
    """Its level in the partner programme: ``gold``."""
    parent: str = ""
    """The distributor above it."""
    regions: tuple[str, ...] = ()
    """Where it sells."""
    product_lines: tuple[str, ...] = ()
    """What it sells."""
    domains: tuple[str, ...] = ()
    """Its mail domains."""
    agreement: Agreement | None = None
    """What was signed; its end ends all access."""
    training: tuple[Training, ...] = ()
    """Courses that its people finished."""
    owner: str = ""
    """Who inside answers for it."""
    competitors: tuple[str, ...] = ()
    """Partners or clients whose things its people may not touch."""
    people: Mapping[str, Principal] = Field(default_factory=dict)
    """Its people, by a key of ours."""


class Client(Frozen):
    """A company in whose accounts we hold access."""

    key: str = Field(default="", exclude=True)
    name: str = ""
    """What it is called."""
    competitors: tuple[str, ...] = ()
    """Clients or partners that nobody may serve as well."""
