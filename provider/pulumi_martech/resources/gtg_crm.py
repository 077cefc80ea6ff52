"""GTG CRM: typed resources. Generated from the platform's arguments; do not edit.

Made by ``python -m pulumi_martech.resources.generate``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import pulumi

from pulumi_martech.model.account import AccountData
from pulumi_martech.model.content import Declared
from pulumi_martech.model.portable import PortableRole
from pulumi_martech.platforms.base import OnDestroy
from pulumi_martech.resources import accounts, base
from pulumi_martech.resources.credentials import by_hand


class Account(accounts.AccountResource):
    """One workspace of GTG CRM, which has no API; the first argument is its key.

    What is declared here is asked of ``operator``, who carries it out on the screens, and counts as
    done when somebody else has attested it (``martech attest``). The key is part of every URN below
    it: to rename an account say ``renamed_from``. Another workspace is another account.
    """

    platform = "gtg_crm"

    def __init__(
        self,
        key: str,
        *,
        url: str,
        operator: str,
        administrators: Sequence[str] = (),
        protected: Sequence[str] = (),
        renamed_from: str = "",
        breaker: int = 10,
        role_content: Mapping[str, Declared] | None = None,
        portable_roles: Mapping[str, Sequence[str]] | None = None,
        data_class: AccountData = "personal",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the account.

        Args:
            key: name in code: lower-case letters, digits and '-', at most 40.
            url: address of the workspace in a browser; nothing is ever sent there.
            operator: our id of the person who carries out what is asked; attests none of it.
            administrators: native roles that administer this account, besides Administrator.
            protected: logins that are never removed and never lose an administrating role.
            renamed_from: the key the account had before.
            breaker: removals after which one process asks for nothing more.
            role_content: native role to what it allows here, by whom and when that was seen.
            portable_roles: portable role to the native roles that stand for it here; what the
                platform's own role map says is shown by ``martech role explain``.
            data_class: ``sensitive`` where the account holds health data, children's, free text.
            opts: options of the provider resource.
        """
        settings = {
            "administrators": administrators,
            "protected": protected,
            "renamed_from": renamed_from,
            "breaker": breaker,
            "role_content": role_content or {},
            "portable_roles": portable_roles or {},
            "data_class": data_class,
        }
        super().__init__(
            key,
            url=url,
            credentials=by_hand(operator),
            settings=settings,
            opts=opts,
        )


class Role(base.RoleResource, module="martech/gtg_crm", name="Role"):
    """A native role of GTG CRM that we own. Output: ``native_id``."""

    def __init__(
        self,
        key: str,
        *,
        account: Account,
        name: str,
        layout: Literal["article", "guide"],
        switches: Sequence[str] = (),
        capabilities: Sequence[str] = (),
        clone_from: str | None = None,
        without: Sequence[str] = (),
        description: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the role.

        Args:
            key: our own name of the role, part of the URN.
            account: the account.
            name: Name of the native role.
            layout: Which of the vendor's two layouts the screen Permissions shows.
            switches: Switches to turn on, as 'Module: switch' in the words of the layout.
            capabilities: Capabilities the role is to allow.
            clone_from: A default role, or the name of a custom role declared before, to start
                from.
            without: Capabilities to leave out of what the others give.
            description: Description on the screen.
            opts: resource options.
        """
        attributes: dict[str, Any] = {
            "layout": layout,
            "switches": switches,
            "capabilities": capabilities,
            "clone_from": clone_from,
            "without": without,
            "description": description,
        }
        super().__init__(key, account=account, name=name, attributes=attributes, opts=opts)


class RoleReference(base.RoleReferenceResource, module="martech/gtg_crm", name="RoleReference"):
    """A native role of GTG CRM that must be there; nothing is ever written.

    How its content is known on this platform: declared. Outputs: ``native_id``, ``presence``
    (present, or unproven where the platform cannot list roles and nobody holds it).
    """

    def __init__(
        self,
        key: str,
        *,
        account: Account,
        name: str,
        content: Sequence[str] = (),
        declared_by: str | None = None,
        declared_on: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the reference.

        Args:
            key: our own name of the role, part of the URN.
            account: the account.
            name: the role's name on the platform.
            content: capabilities that a person says the role has.
            declared_by: who said so.
            declared_on: on which day (YYYY-MM-DD).
            opts: resource options.
        """
        super().__init__(
            key,
            account=account,
            name=name,
            content=content,
            declared_by=declared_by,
            declared_on=declared_on,
            opts=opts,
        )


class Person(TypedDict, total=False):
    """What one login of a `VendorGrant` or `Roster` has.

    ``roles``: Native roles by name; the whole set the user has.
    ``until``: Last day of the person's access (YYYY-MM-DD); see `active`.
    """

    roles: Sequence[str | Role | RoleReference | PortableRole]
    until: str | None


class MartechUser(base.UserResource, module="martech/gtg_crm", name="MartechUser"):
    """A membership: one of our own principals in one account of GTG CRM.

    Outputs: ``native_id``, ``status`` (active, to do), ``asked``
    (``at``, ``of`` and ``due``, while nobody has attested it).
    """

    asked: pulumi.Output[Any]

    def __init__(
        self,
        person: str,
        *,
        account: Account,
        login: str,
        roles: "Sequence[str | Role | RoleReference | PortableRole]" = (),
        on_destroy: OnDestroy | None = None,
        successor: str | None = None,
        adopt: bool = False,
        until: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the membership.

        Args:
            person: our own id of the person, never an e-mail: it is part of the URN.
            account: the account.
            login: What User Management shows the user by (an e-mail address, as a rule).
            roles: Native roles by name; the whole set the user has.
            on_destroy: what happens when this leaves the code; default ``remove``:
                the softest verb that really ends log-in on this platform.
            successor: login that takes over what the user owns, when it is removed.
            adopt: change a user that is there already and differs, instead of refusing.
            until: last day (YYYY-MM-DD): its end then is a planned one; see `active`.
            opts: resource options.
        """
        attributes: dict[str, Any] = {}
        super().__init__(
            person,
            account=account,
            login=login,
            roles=roles,
            attributes=attributes,
            on_destroy=on_destroy,
            successor=successor,
            adopt=adopt,
            until=until,
            opts=opts,
        )


class VendorGrant(base.VendorGrantResource, module="martech/gtg_crm", name="VendorGrant"):
    """The whole presence of one vendor in one account of GTG CRM.

    Whoever is there by the vendor's mail domains or aliases is part of it: a stray is one line of
    diff. Removing it takes everyone away and lists again to prove it. Output: ``unknown``, what of
    the vendor's presence this platform cannot show.
    """

    def __init__(
        self,
        vendor: str,
        *,
        account: Account,
        domains: Sequence[str],
        people: Mapping[str, Person],
        until: str,
        owner: str,
        reason: str,
        aliases: Sequence[str] = (),
        on_destroy: OnDestroy | None = None,
        successor: str | None = None,
        adopt: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the vendor's presence.

        Args:
            vendor: our own name of the vendor, part of the URN.
            account: the account.
            domains: the vendor's mail domains (subdomains included).
            people: login to what the person has.
            until: last day of the contract (YYYY-MM-DD); see `active`.
            owner: who inside answers for the vendor.
            reason: why the vendor has access.
            aliases: further addresses of the vendor's people, at other domains.
            on_destroy: how a person is taken away; default ``remove``.
            successor: login that takes over what a removed person owns.
            adopt: change people that are there already and differ, instead of refusing.
            opts: resource options.
        """
        super().__init__(
            vendor,
            account=account,
            domains=domains,
            people=people,
            until=until,
            owner=owner,
            reason=reason,
            aliases=aliases,
            on_destroy=on_destroy,
            successor=successor,
            adopt=adopt,
            opts=opts,
        )


class Roster(base.RosterResource, module="martech/gtg_crm", name="Roster"):
    """The authoritative list of the members of one account of GTG CRM.

    Members that nobody declared show as one line of diff each and go with the next reviewed run.
    Removing the roster from the code leaves the members alone.
    """

    def __init__(
        self,
        *,
        account: Account,
        members: Mapping[str, Person],
        ignore: Mapping[str, str] | None = None,
        on_destroy: OnDestroy | None = None,
        successor: str | None = None,
        adopt: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the members.

        Args:
            account: the account; it then has no `MartechUser` and no `VendorGrant`.
            members: login to what the member has.
            ignore: shell pattern of logins to leave alone, to the reason why.
            on_destroy: how a member is taken away; default ``remove``.
            successor: login that takes over what a removed member owns.
            adopt: change members that are there already and differ, instead of refusing.
            opts: resource options.
        """
        super().__init__(
            account=account,
            members=members,
            ignore=ignore or {},
            on_destroy=on_destroy,
            successor=successor,
            adopt=adopt,
            opts=opts,
        )
