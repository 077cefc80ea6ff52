"""What a role of the access document comes to: portable ones, and our own made of others."""

from collections.abc import Mapping

from pulumi_martech.model.access import CustomRole
from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.errors import InvalidDeclaration
from pulumi_martech.model.identity import near
from pulumi_martech.model.portable import PORTABLE_ROLES


def role_capabilities(key: str, roles: Mapping[str, CustomRole]) -> frozenset[str]:
    """Return the declared set of a role; what it implies is not in it.

    A role has what it inherits, without what it removes, with what it adds. What is removed stays
    away only if nothing left implies it: see `capability.effective`.

    Args:
        key: a role of ``roles``, or else a portable role.
        roles: the document's own roles.

    Raises:
        InvalidDeclaration: there is no such role or capability, or roles inherit in a circle; the
            sentence names the path.
    """
    known: dict[str, frozenset[str]] = {}
    way, on_way = [key], {key}  # without recursion: chains may be long, and many lead to one role
    while way:
        at = way[-1]
        above = roles[at].inherits if at in roles else ()
        up = next((name for name in above if name not in known), None)
        if up is None:
            known[at] = _with(at, roles, known)
            on_way.discard(way.pop())
        elif up in on_way:
            circle = " > ".join((*way[way.index(up) :], up))
            raise InvalidDeclaration(f"read role {up}", f"roles inherit in a circle: {circle}")
        else:
            way.append(up)
            on_way.add(up)
    return known[key]


def _with(
    key: str, roles: Mapping[str, CustomRole], known: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """Return the set of one role, where those of the roles it inherits are known."""
    custom = roles.get(key)
    if custom is None:
        portable = PORTABLE_ROLES.get(key)
        if portable is None:
            hint = near(key, {**PORTABLE_ROLES, **roles}) or "see `martech role list`"
            raise InvalidDeclaration(f"read role {key}", f"there is no such role; {hint}")
        return portable.capabilities
    for name in (*custom.add, *custom.remove):
        if name not in CAPABILITIES:
            hint = near(name, CAPABILITIES)
            raise InvalidDeclaration(
                f"read role {key}", f"there is no capability {name}" + (f"; {hint}" if hint else "")
            )
    held = frozenset[str]().union(*(known[parent] for parent in custom.inherits))
    return held.difference(custom.remove).union(custom.add)
