"""Who holds access: people, services, and the teams they are in."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from pulumi_martech.model.moment import Day, Moment, over
from pulumi_martech.model.risk import Known
from pulumi_martech.model.values import Frozen


class MfaFact(Frozen):
    """What is known of a second factor, and how it is known.

    ``no`` and ``unknown`` are different words. A platform's *no* is no finding where people log in
    by single sign-on only: there the identity provider is asked.
    """

    state: Known
    """Whether there is one."""
    method: str = ""
    """The factor: ``webauthn``, ``totp``, ``sms``."""
    known: Literal["identity provider", "platform", "attested"]
    """Enforced at the identity provider, reported by the platform, or said by a person."""
    account: str = ""
    """The account it is about; empty: wherever the person logs in by the identity provider."""
    on: Day
    """The day on which that was seen."""
    by: str = ""
    """Who attested it."""


class Principal(Frozen):
    """A person or a service that holds access, under an id of our own."""

    key: str = Field(default="", exclude=True)
    name: str = ""
    """What somebody is called."""
    email: str = ""
    """The usual address; the login wherever ``logins`` says no other."""
    logins: Mapping[str, str] = Field(default_factory=dict)
    """Account key or platform to the login there."""
    aliases: tuple[str, ...] = ()
    """Further logins or addresses of the same principal."""
    attributes: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Account key or platform to what its user has besides: arguments of its ``MartechUser``."""
    team: str = ""
    """The team that somebody is in."""
    manager: str = ""
    """Who is above, by key."""
    job: str = ""
    """What it is compared by: peers have the same job."""
    status: Literal["active", "leave", "leaver"] = "active"
    """A leaver holds nothing anywhere, whatever is granted; leave keeps access."""
    kind: Literal["employee", "external", "service", "shared"] = "employee"
    """``service`` is a key, an app or a technical user, ``shared`` a log-in that several use."""
    owner: str = ""
    """Who answers for a service or a shared log-in."""
    starts: Day | None = None
    """The first day."""
    until: Moment | None = None
    """The last day; afterwards a leaver."""
    mfa: tuple[MfaFact, ...] = ()
    """What is known of second factors."""
    vendor: str = ""
    """The vendor it belongs to: filled in for those listed under one."""
    partner: str = ""
    """The partner organisation it belongs to: filled in for those listed under one."""

    @property
    def external(self) -> bool:
        """Whether it is not one of our own."""
        return self.kind == "external" or bool(self.company)

    @property
    def company(self) -> str:
        """The vendor or partner organisation it belongs to, empty for our own."""
        return self.vendor or self.partner

    def login(self, account: str, platform: str) -> str:
        """Return the login in an account: its own, the platform's, or the usual address."""
        return self.logins.get(account) or self.logins.get(platform) or self.email


class Expected(Frozen):
    """What each member of a team should have: a role in an account, perhaps of assets."""

    role: str
    """The role."""
    account: str
    """The account, by key."""
    assets: tuple[str, ...] = ()
    """Nothing but these; without them the whole account."""


class Team(Frozen):
    """A team; ``should_have`` is ``None`` where it is not said, and empty where it is nothing."""

    key: str = Field(default="", exclude=True)
    name: str = ""
    """What it is called."""
    lead: str = ""
    """Who leads it, by key."""
    parent: str = ""
    """The team above it."""
    should_have: tuple[Expected, ...] | None = None
    """What each member should have: lacks are told as well as what is too much."""


def gone(principal: Principal, day: date) -> bool:
    """Tell whether somebody holds nothing any more: a leaver, or past the last day."""
    return principal.status == "leaver" or over(principal.until, day)
