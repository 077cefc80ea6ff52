"""Role creep and roles that are nearly the same: what grew without anybody deciding it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from pulumi_martech.model.access import CustomRole
from pulumi_martech.model.capability import CAPABILITIES, effective
from pulumi_martech.model.custom import role_capabilities
from pulumi_martech.model.people import gone
from pulumi_martech.model.portable import PORTABLE_ROLES
from pulumi_martech.policy.view import View

MAJORITY = 0.5
"""Part of the peers who must hold a capability for it to be usual in a job."""


@dataclass(frozen=True)
class Creep:
    """What one person gained, and what sets them apart from peers with the same job.

    ``gained`` are capabilities by account that were not held before; ``lost`` the other way round.
    ``unusual`` are capabilities held here that no majority of the ``peers`` holds, ``points`` the
    heaviest of gained and unusual ones.
    """

    who: str
    job: str
    peers: int
    gained: Mapping[str, tuple[str, ...]]
    lost: Mapping[str, tuple[str, ...]]
    unusual: tuple[str, ...]

    @property
    def points(self) -> int:
        """The most points among what was gained and what is unusual."""
        names = {*self.unusual, *(name for held in self.gained.values() for name in held)}
        return max((CAPABILITIES[name].points for name in names), default=0)


Held = Mapping[str, Mapping[str, frozenset[str]]]
"""Person to account to effective capabilities."""


def held_in(view: View) -> Held:
    """Return what everybody can do where."""
    return {key: _by_account(view, key) for key in view.by_principal}


def certified_of(view: View) -> tuple[Held, tuple[str, ...]]:
    """Return what everybody could do where when that was certified last, and accounts never were.

    In an account that nobody ever certified nothing is known of before: what is held there now
    counts as if it had been. In another one, whoever was not looked at had nothing.
    """
    looked_at = {account for account, _ in view.certified}
    found: dict[str, dict[str, frozenset[str]]] = {}
    for person, accounts in held_in(view).items():
        found[person] = {a: can for a, can in accounts.items() if a not in looked_at}
    for (account, person), last in view.certified.items():
        found.setdefault(person, {})[account] = last.can(person)
    return found, tuple(sorted(view.by_account.keys() - looked_at))


def creep(now: View, before: Held) -> list[Creep]:
    """Return everybody who gained something since ``before`` or differs from peers, worst first.

    Peers have the same job, are others and are there, with access or without; with fewer than two
    of them nothing is unusual. What was certified with an end and is held longer is no gain if
    ``before`` is of a view without ends.
    """
    held = held_in(now)
    nothing = frozenset[str]()
    whole = {key: nothing.union(*accounts.values()) for key, accounts in held.items()}
    by_job: dict[str, list[str]] = {}
    for key, principal in now.access.principals.items():
        there = principal.starts is None or principal.starts <= now.day
        if principal.job and there and not gone(principal, now.day):
            by_job.setdefault(principal.job, []).append(key)
    found = []
    for key, accounts in held.items():
        job = now.by_principal[key][0].principal.job
        peers = [other for other in by_job.get(job, ()) if other != key]
        was = before.get(key, {})
        one = Creep(
            who=key,
            job=job,
            peers=len(peers),
            gained=_more(accounts, was),
            lost=_more(was, accounts),
            unusual=_unusual(whole[key], [whole.get(peer, nothing) for peer in peers]),
        )
        if one.gained or one.unusual:
            found.append(one)
    return sorted(found, key=lambda each: (-each.points, each.who))


def _by_account(view: View, key: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for held in view.by_principal[key]:
        found[held.account.key] = found.get(held.account.key, frozenset()) | held.can
    return found


def _more(
    one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]
) -> dict[str, tuple[str, ...]]:
    differing = {
        account: tuple(sorted(can - other.get(account, frozenset())))
        for account, can in one.items()
    }
    return {account: more for account, more in differing.items() if more}


def _unusual(own: frozenset[str], peers: list[frozenset[str]]) -> tuple[str, ...]:
    if len(peers) < 2:
        return ()
    counts = Counter(name for peer in peers for name in peer)
    return tuple(sorted(name for name in own if counts[name] <= len(peers) * MAJORITY))


@dataclass(frozen=True)
class Merge:
    """Two roles that are nearly the same, and what putting one in the place of both would do.

    ``likeness`` is the part of all their capabilities that both have, 0 to 1. Who has ``drop`` gets
    ``keep`` instead: ``gains`` and ``loses``, with ``holders`` grants.
    """

    keep: str
    drop: str
    likeness: float
    gains: tuple[str, ...]
    loses: tuple[str, ...]
    holders: int


def merges(view: View, least: float = 0.8) -> Iterator[Merge]:
    """Yield pairs of used or own roles that are alike to at least ``least``, most alike first.

    Roles for partners and roles for us are never put in each other's place, nor are two portable
    ones: those are the same everywhere. A portable role is kept before one of our own; else the one
    that more grants use, so that fewer people change. What is gained by a merge is never more than
    the heaviest capability both have.
    """
    own = view.access.roles
    used = Counter(grant.role for grant in view.access.grants)
    keys = sorted({*own, *(key for key in used if key in PORTABLE_ROLES or key in own)})
    sets = {key: frozenset(effective(role_capabilities(key, own))) for key in keys}
    found = []
    for one, other in combinations(keys, 2):
        both, either = sets[one] & sets[other], sets[one] | sets[other]
        likeness = len(both) / len(either) if either else 1.0
        if likeness < least or (one not in own and other not in own):
            continue
        if _for_partners(one, own) != _for_partners(other, own):
            continue
        keep, drop = sorted((one, other), key=lambda key: (key in own, -used[key], key))
        gains = sets[keep] - sets[drop]
        heaviest = max((CAPABILITIES[name].points for name in both), default=0)
        if any(CAPABILITIES[name].points > heaviest for name in gains):
            continue
        found.append(
            Merge(
                keep=keep,
                drop=drop,
                likeness=round(likeness, 2),
                gains=tuple(sorted(gains)),
                loses=tuple(sorted(sets[drop] - sets[keep])),
                holders=used[drop],
            )
        )
    yield from sorted(found, key=lambda each: (-each.likeness, each.keep, each.drop))


def _for_partners(role: str, own: Mapping[str, CustomRole]) -> bool:
    return own[role].partner if role in own else PORTABLE_ROLES[role].partner
