"""What hangs on a person who goes: what a platform shows of it, and what becomes of it."""

from typing import Literal

from pulumi_martech.model.values import UNKNOWN, Frozen, Unknown

Verb = Literal["remove", "deactivate", "downgrade"]


class Hanging(Frozen):
    """A kind of thing that hangs on the people of a platform (part of its manifest).

    ``becomes`` says what a removal makes of it; ``shown`` whether the connector counts it for one
    person: what is not shown is unknown in every plan. What is ``passed_on`` goes to a successor;
    without one it would be deleted.
    """

    what: str
    becomes: str
    shown: bool = False
    passed_on: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.becomes}"


class Belonging(Frozen):
    """How much of one kind hangs on one person; ``detail`` says more, or why it is unknown.

    ``what``, ``shown`` and ``passed_on`` are those of a `Hanging` of the platform; ``becomes``
    says what a plan makes of it.
    """

    what: str
    count: int | Unknown
    detail: str = ""
    becomes: str = ""
    shown: bool = True
    passed_on: bool = False

    def __str__(self) -> str:
        return f"{self.what}: {self.number}"

    @property
    def number(self) -> str:
        """How many there are, and what more is known, in words."""
        known = "unknown" if isinstance(self.count, Unknown) else str(self.count)
        return known + (f" ({self.detail})" if self.detail else "")


class Leaving(Frozen):
    """Somebody who goes with a plan, and what hangs on that person.

    ``person`` is our own id, or the login within a roster or a vendor's presence; ``id`` the
    native id, empty where no state holds it. ``successor`` is the login of who takes over what
    the platform passes on; ``deletes`` the reason for which it is deleted instead. ``note`` says
    why there are no ``belongings``: who was not looked at, and why.
    """

    account: str
    person: str
    login: str
    id: str = ""
    verb: Verb
    successor: str = ""
    deletes: str = ""
    belongings: tuple[Belonging, ...] = ()
    note: str = ""

    @property
    def name(self) -> str:
        """How the person is called in a plan."""
        return f"{self.account}/{self.person}"

    def becomes(self, kind: Hanging) -> str:
        """Say what becomes of a kind of thing when this person goes."""
        if self.verb != "remove":
            return "kept as it is"
        if not kind.passed_on:
            return kind.becomes
        if self.deletes:
            return f"DELETED, as delete_content says: {self.deletes}"
        return f"to {self.successor}" if self.successor else "nobody takes it over"

    def holding(self, kinds: tuple[Hanging, ...], found: tuple[Belonging, ...]) -> "Leaving":
        """Return the person with what was found, and with what no platform shows as unknown."""
        known = {one.what: one for one in found}
        unseen = Belonging(what="", count=UNKNOWN)
        held = tuple(
            known.get(kind.what, unseen).model_copy(
                update={
                    "what": kind.what,
                    "becomes": self.becomes(kind),
                    "shown": kind.shown,
                    "passed_on": kind.passed_on,
                }
            )
            for kind in kinds
        )
        return self.model_copy(update={"belongings": held})
