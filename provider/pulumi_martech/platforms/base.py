"""What a connector offers: separate protocols, so that what a platform cannot do is absent.

A connector translates and nothing more. It holds an `ApiClient` and no other state that matters;
repeating, adopting, comparing, reading back, guarding and recording belong to ``reconcile``.

To add a platform write one module with

* ``MANIFEST``: a `Manifest`;
* ``User`` (and ``Role`` where the platform has role CRUD): subclasses of `UserArguments` and
  `RoleArguments` with one documented field for each argument of the typed resource;
* ``Connector``: a class with the methods of `Connector` and of those of the other protocols
  whose ability the platform has, built as ``Connector(config, client)``;

and add it to ``platforms.registry``.

Every method raises the errors of `pulumi_martech.model.errors`; a request whose answer did not
come raises `Uncertain`, and the caller finds out by reading.
"""

from collections.abc import Collection, Sequence
from typing import ClassVar, Literal, Protocol, runtime_checkable

from pydantic import Field

from pulumi_martech.model.directory import Directory
from pulumi_martech.model.leaving import Belonging
from pulumi_martech.model.manifest import Manifest
from pulumi_martech.model.membership import Attribute, Membership, NativeRole, Wish
from pulumi_martech.model.values import Frozen, Unknown
from pulumi_martech.transport import ApiClient

OnDestroy = Literal["remove", "deactivate", "downgrade", "retain"]


class UserArguments(Frozen):
    """Arguments that ``MartechUser`` has on every platform; the others are platform attributes.

    Every field that a subclass adds is an attribute of the user under the same name in
    `Membership.attributes`: ``None`` (not said) leaves the live value alone. Fields named in
    ``once`` are not: they are said when the user is made (a welcome mail), are never shown by the
    platform and never compared, and reach the connector in `Wish.once`. Fields named in
    ``descriptive`` say who somebody is and open nothing (a name, a title): an import leaves them
    out unless it is asked for them.
    """

    once: ClassVar[frozenset[str]] = frozenset()
    descriptive: ClassVar[frozenset[str]] = frozenset()

    login: str = Field(description="What identifies the user on the platform.")
    roles: tuple[str, ...] = Field(
        default=(), description="Native roles by name; the whole set the user has."
    )

    def attributes(self) -> dict[str, Attribute]:
        """Return the managed attributes: what the platform's own fields say, without ``None``."""
        own = self.model_dump(exclude={"login", "roles"}, exclude_none=True)
        return dict(own)


class RoleArguments(Frozen):
    """Arguments that ``Role`` has on every platform with role CRUD.

    A subclass may take its content in several ways: `content` is the one form that is kept.
    ``rights`` is the part of it that names the native rights a holder gets, empty if none does.
    """

    rights: ClassVar[str] = ""

    name: str = Field(description="Name of the native role.", min_length=1)

    def content(self) -> dict[str, Attribute]:
        """Return what the role holds besides its name, in the form in which it is compared."""
        return {}


class Caller(Frozen):
    """Who the credentials belong to, and what they may do.

    ``login`` is ``None`` where the platform cannot tell. ``missing`` names rights that the
    connector needs and the credential lacks; ``UNKNOWN`` rights are not listed.
    """

    login: str | None
    missing: tuple[str, ...] = ()
    note: str = ""


@runtime_checkable
class Connector(Protocol):
    """What every connector can do: look."""

    manifest: ClassVar[Manifest]
    client: ApiClient

    def whoami(self) -> Caller:
        """Return who the credentials belong to; one or two calls, nothing written."""

    def directory(self) -> Directory:
        """List the account: all pages, and one listing for each kind in ``manifest.objects``."""

    def find(self, login: str) -> Membership | None:
        """Look a user up afresh by login, roles included; ``None`` if there is none."""

    def fetch(self, id_: str, roles: Collection[NativeRole]) -> Membership | None:
        """Read one user afresh by native id.

        ``roles`` are those to look at where roles lie on the role object: the answer's ``roles``
        are then the held ones among them; elsewhere all roles of the user.
        """


@runtime_checkable
class CreatesUsers(Protocol):
    """Users come into being at once or by invitation."""

    def invite(self, wish: Wish) -> str:
        """Create or invite the user with its attributes and roles; return its native id.

        Raises `AlreadyExists` if the platform refuses a duplicate, `Refused` else: an error other
        than `Uncertain` means that no user was made. Where roles are given by requests of their
        own, one that fails is left to `change`, so that the id of a user that is there is never
        lost.
        """


@runtime_checkable
class ChangesUsers(Protocol):
    """Users can be changed in place."""

    def change(self, live: Membership, wish: Wish) -> None:
        """Make the attributes and roles of ``live`` those of ``wish``; only what differs is sent.

        A ``wish`` of another login renames the user, where ``manifest.identity.renamable``.
        """


@runtime_checkable
class DeactivatesUsers(Protocol):
    """Users can be switched off without being deleted."""

    def deactivate(self, live: Membership) -> None:
        """Switch the user off."""


@runtime_checkable
class CancelsInvitations(Protocol):
    """Invitations that nobody has accepted yet can be taken back."""

    def cancel(self, live: Membership) -> None:
        """Cancel the pending invitation; one that is gone is success."""


@runtime_checkable
class ResendsInvitations(Protocol):
    """A pending invitation can be sent again as it is, on somebody's explicit word alone."""

    def carries(self, live: Membership, wish: Wish) -> bool:
        """Tell whether the invitation carries all of ``wish`` that an invitation can carry."""

    def resend(self, live: Membership) -> None:
        """Send the pending invitation again; it then lasts as long as a new one."""


class Event(Frozen):
    """One line of a platform's own log: an ISO instant, and what was done in its words."""

    at: str
    what: str


@runtime_checkable
class ShowsActivity(Protocol):
    """The platform's own logs can be asked about a person: information, never compared."""

    def last_login(self, live: Membership) -> str | Unknown | None:
        """Return the ISO instant of the last successful log-in that the log still has.

        ``None`` where it has none, `UNKNOWN` where the credentials or the plan may not look.
        """

    def activity(self, live: Membership) -> tuple[Event, ...] | Unknown:
        """Return what the person did that matters for security, newest first."""


@runtime_checkable
class ShowsBelongings(Protocol):
    """The platform shows what hangs on a person: asked before a removal, never compared."""

    def belongings(self, leaving: Sequence[Membership]) -> dict[str, tuple[Belonging, ...]]:
        """Return, by native id, one entry for each kind in ``manifest.hangs_on_person`` shown.

        What all have in common is listed once; each member costs a fixed number of calls. A kind
        that the credentials or the plan may not look at is `UNKNOWN` and says why.
        """


@runtime_checkable
class RemovesContent(Protocol):
    """Users can be removed together with what they own."""

    def remove_with_content(self, live: Membership) -> None:
        """Remove the user and delete what it owns, on somebody's explicit word alone.

        A user that is gone is success.
        """


@runtime_checkable
class RemovesUsers(Protocol):
    """Users can be removed."""

    def remove(self, live: Membership, successor: str | None) -> None:
        """Remove the user; ``successor`` is the native id of who takes over what it owns.

        A user that is gone is success.
        """


@runtime_checkable
class ShowsSeats(Protocol):
    """The platform sells seats and shows how many are left: asked before people get some."""

    def seats(self) -> dict[str, int] | Unknown:
        """Return how many seats of each kind nobody has.

        The kinds are those of the attribute ``seats`` of a user; `UNKNOWN` where the credentials
        or the version of the API do not show them.
        """


@runtime_checkable
class OwnsRoles(Protocol):
    """Roles can be made, renamed and removed."""

    def find_role(self, name: str) -> NativeRole | None:
        """Look a role up afresh by name."""

    def create_role(self, role: RoleArguments) -> str:
        """Create the role; return its native id."""

    def change_role(self, id_: str, role: RoleArguments) -> None:
        """Rename the role or change its content."""

    def remove_role(self, id_: str) -> None:
        """Remove the role; one that is gone is success."""
