"""Policies about what platforms report of people: invitations nobody accepts, ways past a log-in.

They find nothing without facts (`martech check --facts`): unknown is no finding here.
"""

from collections.abc import Iterator

from pydantic import Field

from pulumi_martech.policy.rule import Finding, Nothing, Parameters, Rule
from pulumi_martech.policy.view import View


class Patience(Parameters):
    """How long an invitation may wait."""

    days: int = Field(default=14, ge=1, description="Days that an invitation may be pending.")


def _pending_invitations(view: View, parameters: Patience) -> Iterator[Finding]:
    for (account, person), fact in view.facts.items():
        since = fact.pending_since
        if fact.status != "pending" or since is None:
            continue
        days = (view.day - since).days
        if days > parameters.days:
            yield Finding(
                about=(person, account),
                text=f"{person} has not accepted the invitation to {account} for {days} days, "
                f"since {since}",
                way=view.way_to(person),
            )


def _log_in_seen(view: View, _: Nothing) -> Iterator[Finding]:
    for (account, person), fact in view.facts.items():
        known = view.access.accounts.get(account)
        if known and known.login.sso == "enforced" and fact.log_in == "password":
            yield Finding(
                about=(person, account),
                text=f"{person} can pass into {account} by password, though single sign-on is said "
                "to be enforced there",
                way=("accounts", account),
            )


FACTS_RULES: tuple[Rule, ...] = (
    Rule(
        "pending-invitations",
        "Invitations are accepted or taken back",
        "an open invitation lets in whoever reads that mailbox",
        "ask the person; send it again, or end the grant",
        "advisory",
        _pending_invitations,
        Patience,
    ),
    Rule(
        "log-in-seen",
        "People pass into an account the way it is said that they do",
        "what is enforced on paper only opens beside it",
        "close the other way in the account, or correct `login`",
        "advisory",
        _log_in_seen,
    ),
)
"""Policies about what platforms report."""
