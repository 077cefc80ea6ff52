"""What is asked of access: rules for partner assets, parameters of policies, waivers."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from pulumi_martech.model.moment import Day, Moment
from pulumi_martech.model.values import Frozen


class Conditions(Frozen):
    """What must hold of a partner organisation; each list is one of, empty lists ask nothing."""

    kinds: tuple[Literal["distributor", "reseller", "affiliate"], ...] = ()
    """What the organisation does for us."""
    tiers: tuple[str, ...] = ()
    """Its level."""
    regions: tuple[str, ...] = ()
    """Where it sells."""
    product_lines: tuple[str, ...] = ()
    """What it sells."""
    agreement: bool = False
    """Whether an agreement must be signed and in force."""
    training: tuple[str, ...] = ()
    """Courses that must all be done."""


class AssetRule(Frozen):
    """Which partner roles may use which assets, under what conditions and for what purpose.

    Only ``enforced`` and ``attested`` rules protect anything; ``evaluated`` ones are compared.
    """

    key: str = Field(default="", exclude=True)
    roles: tuple[str, ...]
    """Roles that may use them."""
    assets: tuple[str, ...]
    """Assets, by key."""
    when: Conditions = Conditions()
    """What must hold of the organisation."""
    purpose: str = ""
    """What they may be used for."""
    starts: Day | None = None
    """The first day."""
    until: Moment | None = None
    """The last day."""
    protection: Literal["enforced", "attested", "evaluated"] = "evaluated"
    """Whether a platform carries it, a person attests it, or it is compared only."""
    enforced_by: str = ""
    """The account whose platform carries it."""
    attested_by: str = ""
    """Who attested it."""
    attested_on: Day | None = None
    """When."""


class PolicySetting(Frozen):
    """What the document says of a policy: how severe it is, and its parameters.

    Parameters are as written (text, lists, maps); the policy's own model gives them their types.
    """

    key: str = Field(default="", exclude=True)
    severity: Literal["advisory", "mandatory", "off"] | None = None
    """Whether a finding refuses, is shown, or is not looked for."""
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    """What can be set of it: see ``martech policy list``."""


class Waiver(Frozen):
    """A finding that somebody answers for until a day; afterwards it is a finding again.

    ``about`` narrows it down: keys of people, accounts, vendors, assets or partners, all of which
    the finding must name; empty: whatever the policy finds.
    """

    key: str = Field(default="", exclude=True)
    policy: str
    """The policy whose findings are waived."""
    about: tuple[str, ...] = ()
    """What the finding must name; empty: whatever it finds."""
    owner: str
    """Who answers for it."""
    why: str
    """Why it is so, and what will end it."""
    until: Moment
    """The last day; a year at most."""
