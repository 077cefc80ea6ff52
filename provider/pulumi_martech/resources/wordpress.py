"""WordPress: typed resources. Generated from the platform's arguments; do not edit.

Made by ``python -m pulumi_martech.resources.generate``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi

from pulumi_martech.model.account import AccountData, Credentials, MemberSource
from pulumi_martech.model.content import Declared
from pulumi_martech.model.portable import PortableRole
from pulumi_martech.platforms.base import OnDestroy
from pulumi_martech.resources import accounts, base


class Account(accounts.AccountResource):
    """One tenant of WordPress, with a reference to its credentials; the first argument is its key.

    The key is part of every URN below it: to rename an account say ``renamed_from``. Another
    tenant is another account.
    """

    platform = "wordpress"

    def __init__(
        self,
        key: str,
        *,
        url: str,
        credentials: Credentials,
        read_credentials: Credentials | None = None,
        administrators: Sequence[str] = (),
        protected: Sequence[str] = (),
        own_login: str = "",
        successor: str = "",
        tenant: str = "",
        renamed_from: str = "",
        breaker: int = 10,
        per_second: float | None = None,
        timeout: float = 30.0,
        role_content: Mapping[str, Declared] | None = None,
        portable_roles: Mapping[str, Sequence[str]] | None = None,
        data_class: AccountData = "personal",
        membership: MemberSource = "direct",
        groups: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the account.

        Args:
            key: name in code: lower-case letters, digits and '-', at most 40.
            url: base URL of the API; https, unless it is on this machine.
            credentials: `Bearer`, `Basic`, `OAuth2Client` or `SignedJwt`, made of references.
            read_credentials: used for reading where given, so that previews need no write right.
            administrators: native roles that administer this account, besides administrator.
            protected: logins that are never removed and never lose an administrating role.
            own_login: the login behind the credentials, where the platform cannot tell.
            successor: login that takes over what a removed user owns.
            tenant: the platform's own id of the account, where credentials of another one are to
                be refused and the platform can tell (HubSpot: the portal's id).
            renamed_from: the key the account had before.
            breaker: removals after which one process writes nothing more.
            per_second: calls a second, if fewer than the platform allows.
            timeout: seconds to wait for one answer.
            role_content: native role to what it allows here, by whom and when that was seen.
            portable_roles: portable role to the native roles that stand for it here; what the
                platform's own role map says is shown by ``martech role explain``.
            data_class: ``sensitive`` where the account holds health data, children's, free text.
            membership: ``idp`` where an identity provider owns who is in it: nothing is written.
            groups: native role to the identity provider's group that gives it, to be named then.
            opts: options of the provider resource.
        """
        settings = {
            "read_credentials": read_credentials,
            "administrators": administrators,
            "protected": protected,
            "own_login": own_login,
            "successor": successor,
            "tenant": tenant,
            "renamed_from": renamed_from,
            "breaker": breaker,
            "per_second": per_second,
            "timeout": timeout,
            "role_content": role_content or {},
            "portable_roles": portable_roles or {},
            "data_class": data_class,
            "membership": membership,
            "groups": groups or {},
        }
        super().__init__(key, url=url, credentials=credentials, settings=settings, opts=opts)


class RoleReference(base.RoleReferenceResource, module="martech/wordpress", name="RoleReference"):
    """A native role of WordPress that must be there; nothing is ever written.

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
    ``email``: E-mail address; no two users of the site share one.
    ``name``: Name shown publicly.
    ``first_name``: First name.
    ``last_name``: Last name.
    ``locale``: Language of the user's screens, such as `en_US`; it must be installed.
    ``until``: Last day of the person's access (YYYY-MM-DD); see `active`.
    """

    roles: Sequence[str | RoleReference | PortableRole]
    until: str | None
    email: str
    name: str | None
    first_name: str | None
    last_name: str | None
    locale: str | None


class MartechUser(base.UserResource, module="martech/wordpress", name="MartechUser"):
    """A membership: one of our own principals in one account of WordPress.

    Outputs: ``native_id``, ``status`` (active, deactivated).
    """

    def __init__(
        self,
        person: str,
        *,
        account: Account,
        login: str,
        email: str,
        roles: "Sequence[str | RoleReference | PortableRole]" = (),
        name: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        locale: str | None = None,
        on_destroy: OnDestroy | None = None,
        successor: str | None = None,
        adopt: bool = False,
        until: str | None = None,
        delete_content: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the membership.

        Args:
            person: our own id of the person, never an e-mail: it is part of the URN.
            account: the account.
            login: User name: letters, digits, space and `_ . - @`, at most 60; it can never be
                changed, and is compared without regard to case.
            email: E-mail address; no two users of the site share one.
            roles: Native roles by name; the whole set the user has.
            name: Name shown publicly.
            first_name: First name.
            last_name: Last name.
            locale: Language of the user's screens, such as `en_US`; it must be installed.
            on_destroy: what happens when this leaves the code; default ``remove``:
                the softest verb that really ends log-in on this platform.
            successor: login that takes over what the user owns, when it is removed.
            adopt: change a user that is there already and differs, instead of refusing.
            until: last day (YYYY-MM-DD): its end then is a planned one; see `active`.
            delete_content: why what a removed user owns is to be deleted with it; without this
                word it goes to the successor.
            opts: resource options.
        """
        attributes: dict[str, Any] = {
            "email": email,
            "name": name,
            "first_name": first_name,
            "last_name": last_name,
            "locale": locale,
        }
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
            delete_content=delete_content,
            opts=opts,
        )


class VendorGrant(base.VendorGrantResource, module="martech/wordpress", name="VendorGrant"):
    """The whole presence of one vendor in one account of WordPress.

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
        delete_content: str | None = None,
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
            delete_content: why what a removed user owns is to be deleted with it; without this
                word it goes to the successor.
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
            delete_content=delete_content,
            opts=opts,
        )


class Roster(base.RosterResource, module="martech/wordpress", name="Roster"):
    """The authoritative list of the members of one account of WordPress.

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
        delete_content: str | None = None,
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
            delete_content: why what a removed user owns is to be deleted with it; without this
                word it goes to the successor.
            opts: resource options.
        """
        super().__init__(
            account=account,
            members=members,
            ignore=ignore or {},
            on_destroy=on_destroy,
            successor=successor,
            adopt=adopt,
            delete_content=delete_content,
            opts=opts,
        )


def __getattr__(name: str) -> Any:
    """Let a resource that this platform cannot have say what to use in its place."""
    if name == "Role":
        return base.absent(
            "WordPress cannot create roles; make the role there and declare a RoleReference"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
