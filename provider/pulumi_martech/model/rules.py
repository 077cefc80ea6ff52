"""What is asked of access: rules for partner assets, parameters of policies, waivers."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from pulumi_martech.model.moment import Day, Moment
from pulumi_martech.model.values import Frozen


class Conditions(Frozen):
    """What must hold of a partner organisation; each list is one of, empty lists ask nothing."""

    kinds: tuple[Literal["distributor", "reseller", "affiliate"], ...] = ()
    tiers: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    product_lines: tuple[str, ...] = ()
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
    assets: tuple[str, ...]
    when: Conditions = Conditions()
    purpose: str = ""
    starts: Day | None = None
    until: Moment | None = None
    protection: Literal["enforced", "attested", "evaluated"] = "evaluated"
    enforced_by: str = ""
    """The account whose platform carries it."""
    attested_by: str = ""
    attested_on: Day | None = None


class PolicySetting(Frozen):
    """What the document says of a policy: how severe it is, and its parameters.

    Parameters are as written (text, lists, maps); the policy's own model gives them their types.
    """

    key: str = Field(default="", exclude=True)
    severity: Literal["advisory", "mandatory", "off"] | None = None
    parameters: Mapping[str, Any] = Field(default_factory=dict)


class Waiver(Frozen):
    """A finding that somebody answers for until a day; afterwards it is a finding again.

    ``about`` narrows it down: keys of people, accounts, vendors, assets or partners, all of which
    the finding must name; empty: whatever the policy finds.
    """

    key: str = Field(default="", exclude=True)
    policy: str
    about: tuple[str, ...] = ()
    owner: str
    why: str
    until: Moment
