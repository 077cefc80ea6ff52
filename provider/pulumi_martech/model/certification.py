"""Who looked at whose access, when, and found it right: the record of reviews.

A certification is of one account and some of its people; it keeps what their roles allowed then, so
that what somebody gained since can be told, also where a role has grown.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from pulumi_martech.model.moment import Day
from pulumi_martech.model.values import Frozen


class Certification(Frozen):
    """One review of one account.

    ``by`` is who looked, ``on`` the UTC day. ``roles`` maps each role of the document to the
    effective capabilities it had there, ``held`` each person looked at to the roles held.
    """

    format: Literal["martech-certification/1"] = "martech-certification/1"
    account: str
    on: Day
    by: str
    roles: Mapping[str, tuple[str, ...]]
    held: Mapping[str, tuple[str, ...]]

    def can(self, person: str) -> frozenset[str]:
        """Return what somebody could do in the account then."""
        return frozenset(name for role in self.held[person] for name in self.roles.get(role, ()))


Certified = Mapping[tuple[str, str], Certification]
"""Account and person to the last certification of that access."""


def latest(certifications: Iterable[Certification]) -> Certified:
    """Return the last certification of each person in each account; nobody certifies themselves."""
    found: dict[tuple[str, str], Certification] = {}
    for one in certifications:
        for person in one.held:
            known = found.get((one.account, person))
            if person != one.by and (known is None or known.on <= one.on):
                found[one.account, person] = one
    return found
