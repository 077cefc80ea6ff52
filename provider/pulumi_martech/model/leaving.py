"""What hangs on a person who goes: what a platform shows of it, and what becomes of it."""

from typing import Literal

from pulumi_martech.model.values import Frozen, Unknown


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

    ``what`` is that of a `Hanging` of the platform which is shown.
    """

    what: str
    count: int | Unknown
    detail: str = ""

    def __str__(self) -> str:
        known = "unknown" if isinstance(self.count, Unknown) else str(self.count)
        return f"{self.what}: {known}" + (f" ({self.detail})" if self.detail else "")


class Leaving(Frozen):
    """Somebody who goes with a plan, and what hangs on that person.

    ``person`` is our own id, or the login within a roster or a vendor's presence; ``id`` the
    native id, empty where no state holds it. ``successor`` is the login of who takes over what
    the platform passes on; ``deletes`` the reason for which it is deleted instead. ``note`` says
    why nothing is known of the person, empty where it was looked at.
    """

    account: str
    person: str
    login: str
    id: str = ""
    verb: Literal["remove", "deactivate", "downgrade"]
    successor: str = ""
    deletes: str = ""
    belongings: tuple[Belonging, ...] = ()
    unknown: tuple[Hanging, ...] = ()
    note: str = ""

    @property
    def name(self) -> str:
        """How the person is called in a plan."""
        return f"{self.account}/{self.person}"

    def becomes(self, kind: Hanging) -> str:
        """Say what becomes of a kind of thing when this person goes."""
        if self.verb != "remove":
            return "stays as it is"
        if not kind.passed_on:
            return kind.becomes
        if self.deletes:
            return f"DELETED, as delete_content says: {self.deletes}"
        return f"goes to {self.successor}" if self.successor else "needs a successor"
