"""Guards: what one run may change at most, as pure functions over two maps of who holds what.

The same functions judge a plan in ``martech``, the stack's one `Gate` under bare ``pulumi``, and
the single writes of a provider process, so that the three layers cannot disagree.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache

from pydantic import Field

from pulumi_martech.model.capability import DataClass
from pulumi_martech.model.content import Cell, Declared, EffectiveAccess
from pulumi_martech.model.expiry import as_of, ended, ends_count, over_by_now
from pulumi_martech.model.limits import Limits
from pulumi_martech.model.values import Frozen
from pulumi_martech.policy.privilege import Increase, in_words, increase, to_declare
from pulumi_martech.policy.roles import effective_access


class Holding(Frozen):
    """What one login holds in an account: native roles, and the mail domain it belongs to.

    ``until`` is the last day of a vendor's contract (YYYY-MM-DD), empty where there is no end.
    """

    roles: frozenset[str] = frozenset()
    domain: str = ""
    until: str = ""


class AccountHoldings(Frozen):
    """Who holds what in one account, as declared.

    ``administrators`` are the native roles that administer the account; ``protected`` logins are
    never removed and never lose an administrating role; ``address`` is platform and URL; ``roles``
    are the native roles that the program makes, by name with our own key, ``rights`` the native
    rights that it gives them, where it says so. ``declared`` is what
    people said that native roles allow, ``data`` the account's highest class. ``reviewed`` are the
    roles of logins as the last run declared them, where ``logins`` are as they are now: to give
    back what was taken by hand is no privilege increase.
    """

    address: str = ""
    renamed_from: str = ""
    administrators: frozenset[str] = frozenset()
    protected: frozenset[str] = frozenset()
    roles: Mapping[str, str] = Field(default_factory=dict)
    rights: Mapping[str, frozenset[str]] = Field(default_factory=dict)
    logins: Mapping[str, Holding] = Field(default_factory=dict)
    declared: Mapping[str, Declared] = Field(default_factory=dict)
    data: DataClass = DataClass.PERSONAL
    reviewed: Mapping[str, frozenset[str]] = Field(default_factory=dict)

    @property
    def platform(self) -> str:
        """The account's platform."""
        return self.address.partition(" ")[0]

    def administering(self) -> set[str]:
        """Return the logins that hold an administrating role."""
        return {login for login, has in self.logins.items() if has.roles & self.administrators}


Estate = Mapping[str, AccountHoldings]
"""All accounts of a stack by account key."""


OVERRIDE = (
    "nothing was written; if this is meant, run again with "
    '`--override "REASON"` (MARTECH_OVERRIDE under bare pulumi)'
)


class Violation(Frozen):
    """A guard that a change exceeds, as one sentence with counts, limits and who."""

    guard: str
    account: str
    text: str

    @property
    def what(self) -> str:
        """The sentence without what to do about it."""
        return self.text.removesuffix(f"; {OVERRIDE}")


def named(logins: Iterable[str], most: int = 8) -> str:
    """List logins for a sentence, the first ``most`` of them."""
    listed = sorted(logins)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def predecessor(name: str, new: AccountHoldings, olds: Estate) -> AccountHoldings:
    """Return the old holdings of an account, also under the key it was renamed from."""
    return olds.get(name) or olds.get(new.renamed_from) or AccountHoldings()


def renamed_accounts(olds: Estate, news: Estate) -> set[str]:
    """Return the old keys that new accounts go on with.

    An account that was there before goes on with its own: what it says it was is long done.
    """
    return {new.renamed_from for name, new in news.items() if name not in olds} & olds.keys()


def removed(
    old: AccountHoldings, new: AccountHoldings, day: date | None = None, looks: bool = False
) -> set[str]:
    """Return the logins that go, or that lose every role they had.

    Those whose contract is over are not among them: their end was reviewed when it was written.
    It is over by today too, except for a run that only ``looks`` at a day in the future.
    """
    gone = old.logins.keys() - new.logins.keys()
    stripped = {
        login
        for login in old.logins.keys() & new.logins.keys()
        if old.logins[login].roles and not new.logins[login].roles
    }
    over = ended if looks else over_by_now
    return {login for login in gone | stripped if not over(old.logins[login].until, day)}


def readings(
    old: AccountHoldings,
    new: AccountHoldings,
    day: date,
    rights: Mapping[str, frozenset[str]] | None = None,
) -> Callable[[frozenset[str]], EffectiveAccess]:
    """Return what tells what native roles of an account allow, before and after a change alike.

    Both sides are read by the same declarations, so that looking anew at a role, or not looking
    for too long, raises nobody. A declaration that the change itself shrinks counts as it was.
    Roles of ours may be read by ``rights`` instead, those that the program gives them.
    """
    declared = dict(new.declared)
    for role in old.declared.keys() & new.declared.keys():
        allowed = old.declared[role].allowed() | new.declared[role].allowed()
        content = dict.fromkeys(sorted(allowed), Cell.GRANTED)
        declared[role] = new.declared[role].model_copy(update={"content": content})
    for role, given in (rights or {}).items():
        content = dict.fromkeys(sorted(given), Cell.GRANTED)
        declared[role] = Declared(content=content, by="the program", on=day)

    @cache
    def can(roles: frozenset[str]) -> EffectiveAccess:
        return effective_access(new.platform or old.platform, roles, declared, day)

    return can


def _renamed(old: AccountHoldings, new: AccountHoldings) -> Iterator[tuple[str, str]]:
    """Yield the roles of ours that a change renames, each with its new name."""
    names = {key: name for name, key in old.roles.items()}
    for name, key in new.roles.items():
        if names.get(key, name) != name:
            yield names[key], name


def _rewritten(
    old: AccountHoldings, new: AccountHoldings
) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Return the roles of ours that come to give more, with what they gave and what they give."""
    names = {after: name for name, after in _renamed(old, new)}
    was, now = dict[str, frozenset[str]](), dict[str, frozenset[str]]()
    for role, rights in new.rights.items():
        before = old.rights.get(names.get(role, role))
        if before is not None and rights - before:
            was[role], now[role] = before, rights
    return was, now


def increases(
    old: AccountHoldings, new: AccountHoldings, day: date | None = None
) -> dict[str, Increase]:
    """Return the logins whose privileges increase in an account, with what lifts each."""
    day = day or as_of()
    administrators = old.administrators | new.administrators
    can = readings(old, new, day)
    was, now = _rewritten(old, new)
    could, will = readings(old, new, day, was), readings(old, new, day, now)
    renamed = {
        name: after
        for name, after in _renamed(old, new)
        if after in now or (after not in administrators and can(frozenset({after})).unproven)
    }
    found = {}
    for login, has in new.logins.items():
        before = old.logins.get(login, Holding()).roles | old.reviewed.get(login, frozenset())
        before |= {renamed[name] for name in before & renamed.keys()}
        gain, data = None, max(old.data, new.data)
        if not has.roles <= before:
            administers = frozenset() if before & administrators else has.roles & administrators
            gain = increase(can(before), can(has.roles), administers, data)
        if gain is None and (kept := has.roles & before) & now.keys():
            gain = increase(could(kept), will(kept), data=data)
        if gain is not None:
            found[login] = gain
    return found


def taken_on_trust(olds: Estate, news: Estate) -> list[str]:
    """Say which roles are given to people by the very run that first declares what they allow.

    Both sides are read by that declaration, so that no guard can count what it plays down.
    """
    found = []
    for name, new in sorted(news.items()):
        old = predecessor(name, new, olds)
        for role in sorted(new.declared.keys() - old.declared.keys()) if old.logins else ():
            given = [
                login
                for login, has in new.logins.items()
                if role in has.roles and role not in old.logins.get(login, Holding()).roles
            ]
            if given:
                found.append(
                    f"{named(given)} would get {role} in {name} in the run that first declares "
                    f"what it allows ({new.declared[role].by}, {new.declared[role].on}): the "
                    f"guards take that declaration as it stands, so review it like the access"
                )
    return found


def violations(
    olds: Estate,
    news: Estate,
    limits: Limits,
    own: Collection[str] = (),
    day: date | None = None,
    looks: bool = False,
) -> list[Violation]:
    """List every guard that going from ``olds`` to ``news`` exceeds, sorted by account.

    A first run (no old account) has nothing to exceed. ``own`` are logins behind the credentials
    that do the writing; they are protected too. ``day`` is the day of the run, by default that of
    `as_of`; ``looks`` that it writes nothing (see `removed`).
    """
    found: list[Violation] = []
    total_old = sum(len(account.logins) for account in olds.values())
    total_gone = 0
    renamed = renamed_accounts(olds, news)
    accounts = [(name, predecessor(name, new, olds), new) for name, new in news.items()]
    accounts += [
        (name, old, AccountHoldings(administrators=old.administrators, protected=old.protected))
        for name, old in olds.items()
        if name not in news and name not in renamed
    ]
    for name, old, new in sorted(accounts, key=lambda entry: entry[0]):
        gone = removed(old, new, day, looks)
        total_gone += len(gone)
        found += _account_violations(name, old, new, gone, limits, own, name not in news, day)
    allowed = limits.stack_removals.allowed(total_old)
    if total_gone > allowed:
        found.append(
            Violation(
                guard="stack_removals",
                account="",
                text=f"{total_gone} of {total_old} logins would lose access over all accounts, "
                f"{allowed} are allowed ({limits.stack_removals}); {OVERRIDE}",
            )
        )
    return found + _domains(olds, news, limits) + _addresses(olds, news)


def _account_violations(
    name: str,
    old: AccountHoldings,
    new: AccountHoldings,
    gone: set[str],
    limits: Limits,
    own: Collection[str],
    leaves: bool,
    day: date | None,
) -> list[Violation]:
    found = []
    total = len(old.logins)

    def add(guard: str, text: str) -> None:
        found.append(Violation(guard=guard, account=name, text=f"{text}; {OVERRIDE}"))

    allowed = limits.removals.allowed(total)
    if len(gone) > allowed:
        why = "the account leaves the program, so " if leaves else ""
        add(
            "removals",
            f"{why}{len(gone)} of {total} logins would lose access in {name} ({named(gone)}), "
            f"{allowed} are allowed ({limits.removals})",
        )
    risen = {} if leaves or not old.logins else increases(old, new, day)
    allowed = limits.privilege_increases.allowed(total)
    if len(risen) > allowed:
        todo = to_declare(risen.values())
        add(
            "privilege_increases",
            f"privileges of {len(risen)} logins would increase in {name} ({in_words(risen)}), "
            f"{allowed} are allowed ({limits.privilege_increases})" + (f"; {todo}" if todo else ""),
        )
    over = [
        login
        for login, has in new.logins.items()
        if over_by_now(has.until, day) and has.until != old.logins.get(login, Holding()).until
    ]
    if over and ends_count():
        add(
            "ended",
            f"{named(over)} in {name} would be declared with an end that is over: leave them out, "
            f"as active(...) does with grants, or correct `until`",
        )
    before, after = old.administering(), new.administering()
    if before and not after and not leaves:
        add(
            "last_administrator",
            f"{name} would have no declared administrator left: {named(before)} would go",
        )
    for role in sorted(old.roles.keys() - new.roles.keys()):
        holders = [login for login, has in new.logins.items() if role in has.roles]
        if holders:
            add(
                "roles",
                f"role {role} of {name} would be removed, and {named(holders)} would still be "
                f"declared to hold it: take it from them as well, or keep the Role",
            )
    for login in sorted((old.protected | new.protected | set(own)) & old.logins.keys()):
        if login in gone or (login in before and login not in after):
            add(
                "protected",
                f"{login} is protected in {name} and would lose access or its administrating role",
            )
    return found


def _domains(olds: Estate, news: Estate, limits: Limits) -> list[Violation]:
    def domains(estate: Estate) -> set[str]:
        return {h.domain for a in estate.values() for h in a.logins.values() if h.domain}

    known = domains(olds)
    new = domains(news) - known
    allowed = limits.new_domains.allowed(max(len(known), limits.new_domains.count))
    if known and len(new) > allowed:
        text = (
            f"logins of {len(new)} new mail domains would come in ({named(new)}), "
            f"{allowed} are allowed ({limits.new_domains}); {OVERRIDE}"
        )
        return [Violation(guard="new_domains", account="", text=text)]
    return []


def _addresses(olds: Estate, news: Estate) -> list[Violation]:
    """Catch a renamed account and a changed address: both would end access without showing it."""
    found = []
    by_address = {
        old.address: name for name, old in olds.items() if name not in news and old.address
    }
    for name, new in sorted(news.items()):
        was = by_address.get(new.address)
        if was and name not in olds and new.renamed_from != was:
            text = (
                f"account {was} leaves and {name} comes with the same address {new.address}: if it "
                f"was renamed, say renamed_from='{was}' on the Account, else its people would be "
                f"made and then removed; nothing was written"
            )
            found.append(Violation(guard="renamed", account=name, text=text))
        # Who says to be an account that is still there was copied from it and moves nobody.
        old = predecessor(name, new, {n: a for n, a in olds.items() if n == name or n not in news})
        if old.address and new.address and old.address != new.address:
            key = name if name in olds else f"{name} (renamed from {new.renamed_from})"
            text = (
                f"the address of account {key} changes from {old.address} to {new.address}: for "
                f"another tenant use another account key, else people in the old one keep their "
                f"access unseen; {OVERRIDE}"
            )
            found.append(Violation(guard="address", account=name, text=text))
    return found
