"""Authoritative maps of people: the roster of an account, the whole presence of a vendor in one.

Entries are written one by one and idempotently. All are tried; what failed is said together at the
end. Only what was in the old map is ever taken away: what was reviewed is what goes.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from pulumi_martech.model.attestation import Asked
from pulumi_martech.model.errors import MartechError, NotApplied
from pulumi_martech.model.expiry import over_by_now
from pulumi_martech.model.identity import domain_of, within
from pulumi_martech.model.membership import Membership, Status
from pulumi_martech.platforms.base import OnDestroy
from pulumi_martech.policy.guards import named
from pulumi_martech.reconcile import attested, ending, shape, users
from pulumi_martech.reconcile.readback import looked_at
from pulumi_martech.reconcile.session import Session
from pulumi_martech.reconcile.shape import Entry

Map = Mapping[str, Mapping[str, Any]]
"""Login to entry."""

Steps = Mapping[str, Asked]
"""Login to the step that a person has still to carry out (attested platforms)."""

NOTHING_ASKED: Steps = MappingProxyType({})


Tell = Callable[[str], None]
"""Takes a sentence for the person who runs it."""


def pseudonym(group: str, login: str) -> str:
    """Return what stands for a person without an id of ours in the audit: no login, but stable."""
    return f"{group}#{hashlib.sha256(login.encode()).hexdigest()[:10]}"


def owned_by_vendor(member: Membership, domains: Collection[str], aliases: Collection[str]) -> bool:
    """Tell whether a member belongs to a vendor: by mail domain, subdomain, or declared alias."""
    for address in (member.login, member.email):
        if not isinstance(address, str):
            continue
        address = address.lower()
        if address in aliases:
            return True
        domain = domain_of(address)
        if any(within(domain, owned) for owned in domains if domain):
            return True
    return False


def live_map(
    session: Session,
    declared: Map,
    belongs: Callable[[Membership], bool],
    verb: OnDestroy = "remove",
    asked: Steps = NOTHING_ASKED,
) -> dict[str, Entry]:
    """Return the live entries: all members that belong, and those declared that are there.

    A declared one that the listing lacks is asked for singly before it is believed to be gone. One
    that is not declared and has been ended already, in the sense of ``verb``, is left out.
    """
    found: dict[str, Entry] = {}
    for member in _members(session, declared, asked):
        here = declared.get(member.login)
        if here is None and (not belongs(member) or opens_nothing(member, verb)):
            continue
        detail = users.in_detail(session, member)
        once = shape.said_once(session.config.platform)
        found[member.login] = shape.live_entry(detail, here or {}, once)
    # Whoever reads holds them in a state, so that the notes of their creation have done their work.
    session.journal.recorded_all("user", keys=found)
    return dict(sorted(found.items()))


def _members(session: Session, declared: Map, asked: Steps) -> list[Membership]:
    """Return all members, those declared as they are now if that can be told."""
    listing = session.listing()
    members = {member.login: member for member in listing.members()}
    if session.manifest.attested:
        for login in declared:
            members.pop(login, None)
            if (member := attested.see(session, login, asked.get(login))) is not None:
                members[login] = member
        return list(members.values())
    for login in declared.keys() - members.keys():
        if (member := session.connector.find(login)) is not None:
            session.wrote(member)
    return listing.members()


def opens_nothing(member: Membership, verb: OnDestroy) -> bool:
    """Tell whether a member is ended: switched off, or without roles where that is the wish."""
    if member.status is Status.DEACTIVATED:
        return True
    return verb == "downgrade" and member.roles == frozenset()  # unknown roles are not none


def _has_access(session: Session, member: Membership, verb: OnDestroy) -> bool:
    """Tell whether a member that a listing shows has not ended when it is asked for singly."""
    fresh = session.connector.fetch(member.id, looked_at(session, member.id))
    if fresh is None:
        session.removed(member.id)
        return False
    session.wrote(fresh)
    return not opens_nothing(fresh, verb)


def ignored(member: Membership, patterns: Collection[str]) -> bool:
    """Tell whether a roster leaves this member alone (shell patterns on the login)."""
    return any(fnmatchcase(member.login, pattern.lower()) for pattern in patterns)


def apply(
    session: Session,
    group: str,
    olds: Map,
    news: Map,
    verb: OnDestroy,
    successor: str = "",
    adopt: bool = False,
    undo: bool = False,
    planned: bool = False,
    asked: Steps = NOTHING_ASKED,
    deletes: str = "",
    tell: Tell = lambda said: None,
) -> dict[str, Asked]:
    """Write the difference between two maps; return what was asked of a person, by login.

    Args:
        session: the account.
        group: words for errors and audit, e.g. ``vendor/northlight``.
        olds: the map that was reviewed last: only its entries are taken away.
        news: the map as declared.
        verb: how an entry is taken away.
        successor: login of who takes over what a removed person owns.
        adopt: whether members that are there and differ are changed.
        undo: whether those made here are taken back if another entry fails.
        planned: whether what is taken away has come to the end of its contract; an entry also comes
            to its own end.
        asked: steps of which nobody could say yet what became of them, by login.
        deletes: why what a removed person owns is deleted, in place of a successor.
        tell: told who was adopted, and what became of what a removed person owned.

    Raises `MartechError` that names every entry which failed, after all were tried.
    """
    failed: dict[str, MartechError] = {}
    made: list[Membership] = []
    steps: dict[str, Asked] = {}
    for login in sorted(news):
        if login in olds and _written(olds[login]) == _written(news[login]):
            continue
        try:
            before = asked.get(login)
            outcome = _bring(session, group, login, news[login], adopt, login in olds, before)
            if outcome.how == "made":
                made.append(outcome.member)
            if outcome.member.asked is not None:
                steps[login] = outcome.member.asked
            if adopt and outcome.how == "adopted":
                tell(f"{session.config.key}/{login} {users.ADOPTED}")
        except MartechError as error:
            failed[login] = error
    for login in sorted(olds.keys() - news.keys()):
        try:
            step = asked.get(login)
            over = planned or over_by_now(olds[login].get(shape.UNTIL))
            became = take_away(session, group, login, verb, successor, over, step, deletes)
            if became:
                tell(f"{session.config.key}/{login} went, {became}")
        except MartechError as error:
            failed[login] = error
    if not failed:
        return steps
    taken_back = _take_back(session, group, made) if undo else ""
    raise MartechError(
        f"apply {group} in account {session.config.key}",
        f"{len(failed)} of {len(olds.keys() | news.keys())} entries failed: {_reasons(failed)}",
        taken_back or "all other entries were done",
        "mend what is named and run again",
    )


def _written(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an entry reaches the platform."""
    return {name: value for name, value in entry.items() if name != shape.UNTIL}


def _bring(
    session: Session,
    group: str,
    login: str,
    entry: Mapping[str, Any],
    adopt: bool,
    reviewed: bool,
    asked: Asked | None,
) -> users.Outcome:
    wish = shape.wish(session, login, entry)
    known = session.listing().by_login(wish.login)
    person = pseudonym(group, wish.login)
    if reviewed and (known is not None or asked is not None):
        id_ = known.id if known is not None else wish.login
        return users.update(session, person, id_, wish.login, wish, asked=asked)
    return users.create(session, person, wish, adopt or reviewed)


def _reasons(failed: Mapping[str, MartechError]) -> str:
    """Name every entry that failed, those with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for login, error in sorted(failed.items()):
        reason = ", ".join(part for part in (error.said, error.todo) if part) or error.tried
        by_reason.setdefault(reason, []).append(login)
    return "; ".join(f"{', '.join(logins)}: {reason}" for reason, logins in by_reason.items())


def take_away(
    session: Session,
    group: str,
    login: str,
    verb: OnDestroy,
    successor: str,
    planned: bool = False,
    asked: Asked | None = None,
    deletes: str = "",
) -> str:
    """End one entry, if its member is there; one that the listing lacks is asked for singly.

    Returns what became of what the member owned, in words.
    """
    login = session.manifest.normal_login(login)
    if session.manifest.attested:
        attested.end(session, pseudonym(group, login), login, verb, asked, planned)
        return ""
    member = session.listing().by_login(login) or session.connector.find(login)
    if member is None:
        return ""
    person = pseudonym(group, login)
    return ending.end(
        session, person, member.id, member.login, verb, successor, planned, deletes=deletes
    )


def _take_back(session: Session, group: str, made: Collection[Membership]) -> str:
    left = []
    for member in made:
        if not ending.take_back(session, pseudonym(group, member.login), member):
            session.report.left_behind("user", member.login)
            left.append(member.login)
    if left:
        return f"{named(left)} was made and could not be taken back: the next run takes it over"
    return "those made here were taken back"


def end_all(
    session: Session,
    group: str,
    olds: Map,
    verb: OnDestroy,
    successor: str,
    belongs: Callable[[Membership], bool],
    planned: bool = False,
    asked: Steps = NOTHING_ASKED,
    deletes: str = "",
    tell: Tell = lambda said: None,
) -> None:
    """End every entry, then list the account afresh and prove that nothing of the group is left.

    ``planned`` is the end of a contract, which the breaker does not count. Raises `NotApplied`
    naming who is still there; with ``retain`` nothing is done or proved. Whoever the listing still
    shows is asked for singly first: some listings show people who are gone for a while.
    """
    if verb == "retain":
        return
    apply(
        session, group, olds, {}, verb, successor,
        planned=planned, asked=asked, deletes=deletes, tell=tell,
    )  # fmt: skip
    session.forget_listing()
    shown = [
        member
        for member in session.listing().members()
        if belongs(member) and not opens_nothing(member, verb)
    ]
    left = [member.login for member in shown if _has_access(session, member, verb)]
    if left:
        raise NotApplied(
            f"end {group} in account {session.config.key}",
            f"{len(left)} members are still there that were not reviewed ({named(left)})",
            "they were left alone",
            "refresh, look at them in the preview, and run again",
        )
