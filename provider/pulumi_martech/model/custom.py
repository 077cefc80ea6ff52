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
    return _resolved(key, roles, ())


def _resolved(key: str, roles: Mapping[str, CustomRole], path: tuple[str, ...]) -> frozenset[str]:
    if key in path:
        circle = " > ".join((*path[path.index(key) :], key))
        raise InvalidDeclaration(f"read role {key}", f"roles inherit in a circle: {circle}")
    custom = roles.get(key)
    if custom is None:
        portable = PORTABLE_ROLES.get(key)
        if portable is None:
            hint = near(key, {**PORTABLE_ROLES, **roles}) or "see `martech role list`"
            raise InvalidDeclaration(f"read role {key}", f"there is no such role; {hint}")
        return portable.capabilities
    held: set[str] = set()
    for parent in custom.inherits:
        held |= _resolved(parent, roles, (*path, key))
    for name in (*custom.add, *custom.remove):
        if name not in CAPABILITIES:
            hint = near(name, CAPABILITIES)
            raise InvalidDeclaration(
                f"read role {key}", f"there is no capability {name}" + (f"; {hint}" if hint else "")
            )
    return frozenset(held.difference(custom.remove).union(custom.add))
