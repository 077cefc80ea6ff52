"""What counts as a privilege increase: judged by what a login can do, not by names of roles.

A login's privileges increase when it comes to administer the account, when it gains something that
is never below *high* (21 points and more: taking out people's data, payment, users, code, keys,
settings), or when what it gains lifts it to *high* or *severe*. A role whose content is not proven,
and a right that nobody has mapped, count as the worst they can be.
"""

from collections.abc import Collection, Iterable, Mapping

from pulumi_martech.model.capability import CAPABILITIES, DataClass
from pulumi_martech.model.content import EffectiveAccess, heaviest
from pulumi_martech.model.risk import ALWAYS_HIGH, Band
from pulumi_martech.model.values import Frozen

_RAISING = (Band.HIGH, Band.SEVERE)


class Increase(Frozen):
    """What lifts a login: the first that holds of these, in words.

    ``administers`` are administrating roles, ``unproven`` roles that count as everything,
    ``unmapped`` rights that count as administering, ``gained`` the capabilities that weigh most.
    """

    administers: frozenset[str] = frozenset()
    unproven: frozenset[str] = frozenset()
    unmapped: frozenset[str] = frozenset()
    gained: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = []
        if self.administers:
            parts.append(f"administrating by {_list(self.administers)}")
        unproven = self.unproven - self.administers
        if unproven:
            parts.append(f"{_list(unproven)}, not proven and so counted as everything")
        if self.unmapped:
            parts.append(f"{_list(self.unmapped)}, which nobody has mapped")
        if self.gained and not self.administers:
            parts.append(_list(self.gained))
        return " and ".join(parts)


def increase(
    before: EffectiveAccess,
    after: EffectiveAccess,
    administers: Collection[str] = (),
    data: DataClass = DataClass.PERSONAL,
) -> Increase | None:
    """Return how going from ``before`` to ``after`` increases privileges, ``None`` if it does not.

    Args:
        before: what a login can do now.
        after: what it is to be able to do.
        administers: administrating roles that it gets while it has none.
        data: the highest data class of the account.
    """
    gained = after.gains(before)
    heavy = heaviest(gained, data) >= ALWAYS_HIGH
    # Of open roles nothing is taken for granted: what is proven must not have risen by itself.
    was, now = before.proven(), after.proven()
    lifted = bool(gained) and now.band(data) in _RAISING and now.score(data) > was.score(data)
    if not (administers or heavy or (lifted and now.band(data) is not was.band(data))):
        return None
    by_weight = sorted(
        gained.capabilities, key=lambda name: (-CAPABILITIES[name].raised(data).points, name)
    )
    shown = [n for n in by_weight if CAPABILITIES[n].raised(data).points >= ALWAYS_HIGH]
    return Increase(
        administers=frozenset(administers),
        unproven=gained.unproven,
        unmapped=gained.unmapped,
        gained=tuple(shown or by_weight[:3]),
    )


def in_words(found: Mapping[str, Increase], most: int = 8) -> str:
    """Say who gains what, logins with the same gain together, ``most`` of them at most."""
    by_reason: dict[str, list[str]] = {}
    for login, gain in sorted(found.items())[:most]:
        by_reason.setdefault(str(gain), []).append(login)
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(f"{', '.join(who)}: {why}" for why, who in by_reason.items()) + more


def to_declare(found: Iterable[Increase]) -> str:
    """Return what would prove the roles that are open, as part of a sentence, or nothing."""
    roles = frozenset().union(*(gain.unproven - gain.administers for gain in found))
    if not roles:
        return ""
    return f"say what {_list(roles)} allows (`role_content` on the Account, or a RoleReference)"


def _list(names: Iterable[str], most: int = 4) -> str:
    listed = sorted(names) if isinstance(names, frozenset | set) else list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
