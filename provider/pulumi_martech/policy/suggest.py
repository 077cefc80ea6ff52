"""The native role that comes nearest to a role without data of some class, and what is lost."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pulumi_martech.model.capability import CAPABILITIES, DataClass, effective
from pulumi_martech.model.content import Declared, RoleContent
from pulumi_martech.model.rolemap import RoleMap


@dataclass(frozen=True)
class Suggestion:
    """A native role, or a set of native rights where a platform has no roles of its own.

    ``keeps``, ``loses`` and ``adds`` are effective capabilities against what was wanted; ``mark``
    says how its content is known. ``rights`` are what to put into the role, where it is to be made.
    """

    role: str
    rights: tuple[str, ...]
    keeps: tuple[str, ...]
    loses: tuple[str, ...]
    adds: tuple[str, ...]
    mark: str


def suggest(
    role_map: RoleMap,
    wanted: Iterable[str],
    without: DataClass,
    day: date,
    declared: dict[str, Declared] | None = None,
    data: DataClass = DataClass.NONE,
) -> list[Suggestion]:
    """Return native roles that touch nothing of a data class or above it, nearest first.

    A role whose content nobody has declared is judged by what the vendor ships and marked unknown:
    it comes after every role that is known. Roles with rights that nobody has mapped are left out,
    as nobody can say that they are without.

    Args:
        role_map: of the platform.
        wanted: capabilities of the role to come near to.
        without: the lowest data class that the role may not touch.
        day: the day to judge declarations by.
        declared: what was declared of native roles in one account.
        data: the highest class of data that the account holds: it raises what is personal.
    """

    def touches(names: Iterable[str]) -> bool:
        return any(CAPABILITIES[name].raised(data).data_class >= without for name in names)

    goal = frozenset(effective(wanted))
    said = declared or {}
    names = sorted({*role_map.roles, *said})
    contents = [role_map.content(name, said.get(name), day) for name in names]
    found = [
        _suggestion(content, goal)
        for content in contents
        if not content.unmapped and not touches(content.allows)
    ]
    allowed = [name for name in goal if not touches([name])]
    rights = role_map.recipe(allowed)
    if rights and role_map.known != "fixed":
        can, _ = role_map.translated(rights)
        reached = frozenset(effective(can))
        perhaps = {name for right in rights for name in role_map.rights[right].perhaps}
        if not touches(reached | perhaps):
            made = RoleContent(
                role="", known="read", allows=effective(can), why="made of single rights"
            )
            found.append(_suggestion(made, goal, rights))
    return sorted(
        (each for each in found if each.keeps),
        key=lambda each: (
            each.mark.startswith("unknown"),
            len(each.loses) + len(each.adds),
            bool(each.rights),
            each.role,
        ),
    )


def _suggestion(
    content: RoleContent, goal: frozenset[str], rights: tuple[str, ...] = ()
) -> Suggestion:
    can = frozenset(content.allows)
    return Suggestion(
        role=content.role,
        rights=rights,
        keeps=tuple(sorted(can & goal)),
        loses=tuple(sorted(goal - can)),
        adds=tuple(sorted(can - goal)),
        mark=content.mark if not rights else "a role to be made of these rights",
    )
