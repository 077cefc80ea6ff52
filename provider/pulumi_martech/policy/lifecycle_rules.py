"""Policies about people who have left: what would stay with them, and what they answer for."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from pulumi_martech.model.access import Access
from pulumi_martech.model.inventory import Account
from pulumi_martech.model.people import Principal, gone
from pulumi_martech.policy.rule import Finding, Nothing, Rule, Way, one_of_each
from pulumi_martech.policy.view import View


def _left_behind(view: View, _: Nothing) -> Iterator[Finding]:
    access = view.access
    left = {key: p for key, p in access.principals.items() if gone(p, view.day)}
    if not left:
        return
    granted: dict[str, set[str]] = {}
    for over in access.ended(view.day):
        granted.setdefault(over.principal.key, set()).add(over.grant.account)
    for key, principal in left.items():
        for account in sorted(granted.get(key, ())):
            if account in access.accounts:
                yield from _stays(principal, access.accounts[account])
    for (account, key), fact in view.facts.items():
        if key in left and fact.status in ("active", "pending"):
            text = f"{key} has left and is still {fact.status} in {account}, as it reports itself"
            yield Finding((key, account), text, view.way_to(key))
    for way, about, name, words in _answered_for(access):
        if name in left:
            yield Finding(
                about=(name, about), text=f"{name}, who has left, still {words} {about}", way=way
            )
    serves: dict[str, set[str]] = {}
    for held in view.entitlements:
        if held.principal.owner in left and held.principal.kind in ("service", "shared"):
            serves.setdefault(held.principal.key, set()).add(held.account.key)
    for key, accounts in serves.items():
        owner = access.principals[key].owner
        yield Finding(
            about=(key, owner, *sorted(accounts)),
            text=f"{key} goes on in {one_of_each(accounts)} though {owner}, whose it is, has left "
            "and may know its key or password",
            way=view.way_to(key),
        )


def _stays(principal: Principal, account: Account) -> Iterator[Finding]:
    """Yield why somebody who has left would keep an account."""
    who, way = principal.key, ("accounts", account.key)
    logins = {principal.login(account.key, account.platform), *principal.aliases, principal.email}
    logins = {login.lower() for login in logins if login}
    if account.on_destroy == "retain":
        text = f"{who} has left and keeps {account.key}: its `on_destroy` is retain"
        yield Finding((who, account.key), text, (*way, "on_destroy"))
    patterns: Mapping[str, str] = account.roster.ignore if account.roster else {}
    for pattern in patterns:
        if any(fnmatchcase(login, pattern.lower()) for login in logins):
            text = f"{who} has left and the roster of {account.key} ignores {pattern!r}"
            yield Finding((who, account.key), text, (*way, "roster"))
    if logins.intersection(login.lower() for login in (*account.protected, account.own_login)):
        text = f"{who} has left and is protected in {account.key}: nothing takes the log-in away"
        yield Finding((who, account.key), text, way)
    if account.recovery and account.recovery.lower() in logins:
        text = f"{who} has left and can take {account.key} back: it is the recovery address"
        yield Finding((who, account.key), text, (*way, "recovery"))


def _answered_for(access: Access) -> Iterator[tuple[Way, str, str, str]]:
    """Yield what people answer for: the way to it, its key, who, and in what words."""
    for key, account in access.accounts.items():
        yield ("accounts", key), key, account.owner, "answers for account"
        for name, words in (("owner_of_record", "owns"), ("payer", "pays for")):
            yield ("accounts", key), key, getattr(account, name), f"{words} account"
    for key, vendor in access.vendors.items():
        yield ("vendors", key), key, vendor.owner, "answers for vendor"
    for key, partner in access.partners.items():
        yield ("partners", key), key, partner.owner, "answers for partner"
    for key, waiver in access.waivers.items():
        yield ("waivers", key), key, waiver.owner, "answers for waiver"
    for key, team in access.teams.items():
        yield ("teams", key), key, team.lead, "leads team"


LIFECYCLE_RULES: tuple[Rule, ...] = (
    Rule(
        "left-behind",
        "Who has left keeps nothing and answers for nothing",
        "a log-in that stays is the one nobody watches; what nobody answers for stays unseen",
        "take what keeps it away, replace keys and passwords that were known, name somebody else",
        "advisory",  # what is left to do must not stop the run that ends a leaver's access
        _left_behind,
    ),
)
"""Policies about people who have left."""
