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
    domains: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    contract: str = ""
    until: Moment
    """The contract's end."""
    owner: str
    """Who inside answers for it."""
    why: str
    people: Mapping[str, Principal] = Field(default_factory=dict)


class Agreement(Frozen):
    """A signed agreement with a partner."""

    name: str = ""
    signed: Day
    until: Moment | None = None


class Training(Frozen):
    """A course that people of a partner finished."""

    course: str
    done: Day
    until: Moment | None = None


class PartnerOrganisation(Frozen):
    """An external company that uses our portal and assets; not a vendor.

    ``parent`` is the distributor above a reseller.
    """

    key: str = Field(default="", exclude=True)
    name: str = ""
    kind: Literal["distributor", "reseller", "affiliate"]
    tier: str = ""
    parent: str = ""
    regions: tuple[str, ...] = ()
    product_lines: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    agreement: Agreement | None = None
    training: tuple[Training, ...] = ()
    owner: str = ""
    """Who inside answers for it."""
    competitors: tuple[str, ...] = ()
    """Partners or clients whose things its people may not touch."""
    people: Mapping[str, Principal] = Field(default_factory=dict)


class Client(Frozen):
    """A company in whose accounts we hold access."""

    key: str = Field(default="", exclude=True)
    name: str = ""
    competitors: tuple[str, ...] = ()
