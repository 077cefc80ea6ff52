"""WordPress core, REST API ``wp/v2``.

Users come with a password at once; roles are names that cannot be listed or made over REST; there
is no switching off. Facts: fact sheet ``wordpress.md``, and ``docs/platforms/wordpress.md`` for
what a running WordPress 6.1.9 does.
"""

import html
import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, field_validator

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.directory import Directory
from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    InvalidDeclaration,
    Malformed,
    MartechError,
    NotThere,
    Refused,
    UnknownRole,
)
from pulumi_martech.model.leaving import Belonging, Hanging
from pulumi_martech.model.manifest import Ability, Identity, Limits, Manifest, Removal
from pulumi_martech.model.membership import Attribute, Membership, NativeRole, Wish, difference
from pulumi_martech.model.values import UNKNOWN, Unknown
from pulumi_martech.platforms.base import Caller, UserArguments
from pulumi_martech.platforms.facts import no, partly, yes
from pulumi_martech.platforms.fields import Email, Text
from pulumi_martech.platforms.wordpress_content import CONTENT, PASSWORDS, Content
from pulumi_martech.transport import ApiClient, Page, Reply, number_pages

ATTRIBUTES = ("email", "name", "first_name", "last_name", "locale")
FIELDS = ",".join(("id", "username", *ATTRIBUTES, "roles"))
"""What is asked for: without a choice each user comes with its hundred capabilities."""
RIGHTS = ("list_users", "create_users", "edit_users", "promote_users", "delete_users")
PAGE = 100


class User(UserArguments):
    """A user of a WordPress site, with the whole set of its roles.

    The site makes a random password that nobody knows; the person sets one by *Lost your
    password?*, or logs in by single sign-on.
    """

    descriptive: ClassVar[frozenset[str]] = frozenset({"name", "first_name", "last_name", "locale"})

    login: str = Field(
        description="User name: letters, digits, space and `_ . - @`, at most 60; it can never be "
        "changed, and is compared without regard to case.",
        min_length=1,
        max_length=60,
    )
    email: Email = Field(description="E-mail address; no two users of the site share one.")
    name: Text | None = Field(
        default=None, description="Name shown publicly.", min_length=1, max_length=250
    )
    first_name: Text | None = Field(default=None, description="First name.")
    last_name: Text | None = Field(default=None, description="Last name.")
    locale: str | None = Field(
        default=None,
        description="Language of the user's screens, such as `en_US`; it must be installed.",
        pattern=r"^[a-z]{2,3}(_[A-Za-z0-9]+)*$",
    )

    @field_validator("login")
    @classmethod
    def _strict_username(cls, value: str) -> str:
        value = value.strip()
        if not re.fullmatch(r"[A-Za-z0-9_.@-]+( [A-Za-z0-9_.@-]+)*", value):
            raise ValueError(
                f"{value!r} is no WordPress user name: letters without accents, digits, single "
                "spaces and _ . - @ are allowed"
            )
        return value

    @field_validator("name", "first_name", "last_name")
    @classmethod
    def _kept_as_written(cls, value: str | None) -> str | None:
        """Refuse what WordPress silently changes in a name, as it would never be as declared."""
        if value is None:
            return None
        if re.search(r"<[a-zA-Z/!]|%[0-9a-fA-F]{2}", value) or html.unescape(value) != value:
            raise ValueError(
                f"{value!r} has what WordPress changes in a name: <tags>, %xx, &codes;"
            )
        return re.sub(r"\s+", " ", value)


_PASSED_ON = "go to the successor; deleted only where delete_content says so"
_RUN, _SOURCE = "wordpress.md [R]", "wordpress.md [S]"
_PHP = "PHP, a plugin or WP-CLI on the server"

MANIFEST = Manifest(
    platform="wordpress",
    title="WordPress",
    identity=Identity(
        attribute="username", shape="username", case_sensitive=False, renamable=False
    ),
    creation="direct",
    role_shape="list replaced on the user",
    role_content="declared",
    builtin_roles=("administrator", "editor", "author", "contributor", "subscriber"),
    administrator_roles=("administrator",),
    unique_attributes=("email",),
    abilities={
        Ability.LIST_USERS: yes("GET /wp/v2/users?context=edit by pages", _RUN),
        Ability.CREATE_USER: yes("POST /wp/v2/users with a random password", _RUN),
        Ability.INVITE_USER: no(
            "core has no invitation",
            _SOURCE,
            "create the user; the person sets a password by 'Lost your password?'",
        ),
        Ability.CHANGE_USER: yes("POST /wp/v2/users/{id}; roles are replaced as a whole", _RUN),
        Ability.CHANGE_LOGIN: no(
            "a user name is for ever", _RUN, "make a new user and remove the old one"
        ),
        Ability.DEACTIVATE_USER: no(
            "core has no switched-off users",
            _RUN,
            "say on_destroy='downgrade' (no role, but log-in and application passwords still "
            "work), or 'remove' with a successor",
        ),
        Ability.REMOVE_USER: yes("DELETE /wp/v2/users/{id} with a successor for content", _RUN),
        Ability.LIST_ROLES: no(
            "role definitions are not in the REST API",
            _SOURCE,
            "refer to roles by name; the platform refuses one it does not have",
        ),
        Ability.CREATE_ROLE: no(
            f"only {_PHP} makes roles", _SOURCE, "make the role there and declare a RoleReference"
        ),
        Ability.READ_ROLE_CONTENT: no(
            "only the sum of a user's capabilities is shown",
            _SOURCE,
            "declare what a role allows on this site: plugins change the built-in ones too",
        ),
        Ability.SERVICE_PRINCIPALS: partly(
            "a service is a user with an application password; nothing tells it from a person",
            _RUN,
            "say in the declaration which users are services",
        ),
        Ability.PARTNER_LINK: no(
            "no such concept", _SOURCE, "declare the vendor's people, each with an end date"
        ),
        Ability.NATIVE_EXPIRY: no(
            "no end date", _SOURCE, "give the grant an end date here and run on a schedule"
        ),
        Ability.MFA: no("a matter of plugins", _SOURCE, "look in the plugin"),
        Ability.LAST_LOGIN: no(
            "only application passwords show their last use",
            _SOURCE,
            "look in a log-in plugin or the server's logs",
        ),
    },
    removals=(
        Removal(
            verb="remove",
            login="yes",
            sessions="yes",
            api_keys="yes",
            oauth_tokens="unknown",
            note="open sessions and application passwords end at once (seen on 6.1.9); OAuth is a "
            "matter of plugins",
        ),
        Removal(
            verb="downgrade",
            login="no",
            sessions="no",
            api_keys="no",
            oauth_tokens="no",
            note="the user can still log in, and its sessions and application passwords still "
            "work, without any capability (seen on 6.1.9)",
        ),
    ),
    softest_ending_verb="remove",
    needs_successor=True,
    limits=Limits(page_size=PAGE, retry_after="no limit in core; hosts and firewalls have theirs"),
    hangs_on_person=(
        *(Hanging(what=what, becomes=_PASSED_ON, shown=True, passed_on=True) for what in CONTENT),
        Hanging(what=PASSWORDS, becomes="end with the user", shown=True),
        Hanging(
            what="blocks, menus and other content that has no author on the screen",
            becomes="go to the successor, and stay where content is deleted",
        ),
        Hanging(what="comments", becomes="stay, under the name they were written with"),
        Hanging(what="entries of plugins that point to the user", becomes="the plugin's affair"),
    ),
    exit_layers=(
        "the WordPress user",
        "hosting panel, SFTP, SSH and database logins",
        "plugins with users or keys of their own",
        "on a network of sites: the other sites, and super administrators",
    ),
    blind_spots=(
        "which roles exist and what they allow",
        "capabilities given to a user besides roles",
        "on a network of sites: users who are not on this site, and super administrators",
        "second factors, last log-in, open sessions",
    ),
)


def error(reply: Reply, tried: str) -> MartechError | None:
    """Map a WordPress error to ours; ``None`` where the HTTP status says it all.

    A client's mistake may be a 500: WordPress sends that for errors it gives no status (``data``
    is null), so such a 500 is a refusal. A 500 of a crash has a status in ``data``.
    """
    body = reply.json()
    if not isinstance(body, Mapping) or not isinstance(body.get("code"), str):
        return None
    status, code, words = reply.status, str(body["code"]), _words(body)
    if code in ("existing_user_login", "existing_user_email"):
        return AlreadyExists(tried, words, "nothing was done", "", status, code)
    if status == 500 and body.get("data", "") is None:
        return Refused(tried, words, "nothing was done", "correct it", 400, code)
    if status == 401:
        return Denied(
            tried,
            f"the user name or application password was not accepted ({words})",
            "nothing was done",
            "check both, and that the web server passes the Authorization header on",
            status,
            code,
        )
    if code == "rest_no_route":
        return Refused(
            tried,
            f"there is no such part of the REST API ({words})",
            "nothing was done",
            "check that the account's url ends in /wp-json",
            status,
            code,
        )
    if code == "rest_user_invalid_role" and status == 400:
        known = ", ".join(MANIFEST.builtin_roles)
        return UnknownRole(
            tried,
            words,
            "nothing was done",
            f"correct the name (built in are {known}); a role of your own is made by {_PHP}",
        )
    if code == "rest_user_invalid_email":
        return Refused(
            tried,
            "this e-mail address is invalid or another user has it",
            "nothing was done",
            "look for another user with the address",
            status,
            code,
        )
    if status == 400:
        return Refused(tried, words, "nothing was done", "correct it", status, code)
    return None


class Connector:
    """Translates to and from WordPress.

    Args:
        config: the account; ``url`` is the REST API's base, ending in ``/wp-json``.
        client: its HTTP client.
    """

    manifest: ClassVar[Manifest] = MANIFEST

    def __init__(self, config: AccountConfig, client: ApiClient) -> None:
        self._config, self.client = config, client

    # -- looking

    def whoami(self) -> Caller:
        """Return the user behind the credentials, and the rights it lacks for writing."""
        tried = self._tried("ask who the credentials belong to")
        fields = "username,capabilities"
        reply = self.client.get(
            "/wp/v2/users/me", tried=tried, params={"context": "edit", "_fields": fields}
        )
        me = _record(reply)
        held = me.get("capabilities")
        rights = held if isinstance(held, Mapping) else {}
        return Caller(
            login=self.manifest.normal_login(str(me.get("username") or "")) or None,
            missing=tuple(right for right in RIGHTS if not rights.get(right)),
        )

    def directory(self) -> Directory:
        """List all users in the order of their ids, so that new ones do not shift the pages."""
        found, unreadable = [], []
        for record in self._users(self._tried("list the users")):
            if _readable(record):
                found.append(_membership(record))
            else:
                unreadable.append(f"a user with id {record.get('id')} and no user name")
        return Directory(
            account=self._config.key,
            memberships=tuple(found),
            roles=UNKNOWN,
            blind_spots=MANIFEST.blind_spots,
            unreadable=tuple(unreadable),
        )

    def find(self, login: str) -> Membership | None:
        """Look a user up by user name.

        There is no exact search: names, addresses and shown names are searched for a part, and for
        text with an @ addresses alone, so a user name with an @ is looked for by its longest piece.
        """
        wanted = self.manifest.normal_login(login)
        piece = max(wanted.split("@"), key=len)
        for record in self._users(self._tried(f"look up user {login}"), search=piece):
            if _readable(record) and _login(record) == wanted:
                return _membership(record)
        return None

    def fetch(self, id_: str, roles: Collection[NativeRole]) -> Membership | None:
        """Read one user with all its roles."""
        tried = self._tried(f"read user {id_}")
        try:
            reply = self.client.get(
                f"/wp/v2/users/{id_}", tried=tried, params={"context": "edit", "_fields": FIELDS}
            )
        except NotThere as gone:
            if gone.code != "rest_user_invalid_id":
                raise _strange(gone) from None
            return None
        record = _record(reply)
        if not _readable(record):
            raise Malformed(tried, "the user has no user name or no id", "it was not taken over")
        return _membership(record)

    def belongings(self, leaving: Sequence[Membership]) -> dict[str, tuple[Belonging, ...]]:
        """Count content by author, and application passwords: some five calls a person."""
        return Content(self.client, self._tried).of(leaving)

    # -- users

    def invite(self, wish: Wish) -> str:
        """Create the user with its roles; the password is random and thrown away."""
        tried = self._tried(f"create user {wish.login}")
        if not wish.attributes.get("email"):
            raise InvalidDeclaration(
                tried, "WordPress wants an e-mail address", "nothing was sent", "declare `email`"
            )
        body = {
            "username": wish.login,
            "password": secrets.token_urlsafe(32),
            # Said even when empty: without it the site's default role is given.
            "roles": sorted(wish.roles),
            **{name: value for name, value in wish.attributes.items() if value != ""},
        }
        reply = self.client.post("/wp/v2/users", tried=tried, json=body, params={"_fields": "id"})
        id_ = _record(reply).get("id")
        if not isinstance(id_, int | str) or not id_:
            raise reply.unusable("a user without an id")
        return str(id_)

    def change(self, live: Membership, wish: Wish) -> None:
        """Send what differs in one request; roles are replaced as a whole."""
        tried = self._tried(f"change user {wish.login}")
        if self.manifest.normal_login(wish.login) != live.login:
            raise InvalidDeclaration(
                tried,
                f"WordPress cannot rename {live.login}",
                "nothing was changed",
                "make a new user and remove the old one",
            )
        changes = difference(live, wish)
        body: dict[str, Any] = {
            change.name: wish.attributes[change.name]
            for change in changes
            if change.name in wish.attributes
        }
        if any(change.name.startswith("roles.") for change in changes):
            body["roles"] = sorted(wish.roles)
        if body:
            self.client.post(
                f"/wp/v2/users/{live.id}",
                tried=tried,
                json=body,
                params={"_fields": "id"},
                safe=True,
            )

    def remove(self, live: Membership, successor: str | None) -> None:
        """Delete the user; what it wrote goes to the successor.

        Without a successor nothing is sent: WordPress would delete the user's content.
        """
        tried = self._tried(f"remove user {live.login}")
        if not successor or successor == live.id:
            raise InvalidDeclaration(
                tried,
                "WordPress deletes what a user wrote unless another user takes it over",
                "nothing was removed",
                "name a `successor` who is a user of the site, or say on_destroy='downgrade'",
            )
        self._delete(live, successor, tried)

    def remove_with_content(self, live: Membership) -> None:
        """Delete the user; posts and pages go to the bin, media and what was there for ever."""
        tried = self._tried(f"remove user {live.login} and delete what it wrote")
        self._delete(live, "false", tried)

    def _delete(self, live: Membership, reassign: str, tried: str) -> None:
        try:
            self.client.delete(
                f"/wp/v2/users/{live.id}",
                tried=tried,
                params={"force": "true", "reassign": reassign, "_fields": "deleted"},
                safe=True,
            )
        except NotThere as gone:
            if gone.code != "rest_user_invalid_id":
                raise _strange(gone) from None

    # -- translation

    def _tried(self, what: str) -> str:
        return f"{what} in account {self._config.key}"

    def _users(self, tried: str, **query: str) -> Iterable[Mapping[str, Any]]:
        # Without context=edit the listing is public: it lacks addresses and roles, and shows
        # authors only, even to credentials that are not accepted.
        params = {
            "context": "edit",
            "per_page": PAGE,
            "orderby": "id",
            "order": "asc",
            "_fields": FIELDS,
            **query,
        }

        def fetch(page: int) -> Page:
            reply = self.client.get("/wp/v2/users", tried=tried, params={**params, "page": page})
            records = reply.json()
            if not isinstance(records, list):
                raise reply.unusable("JSON that is no list of users")
            total, pages = (
                _number(reply.headers.get(name)) for name in ("x-wp-total", "x-wp-totalpages")
            )
            return Page(records, total=total, pages=pages)

        for record in number_pages(fetch, tried=tried):
            if isinstance(record, Mapping):
                yield record


def _readable(record: Mapping[str, Any]) -> bool:
    return bool(record.get("id") and record.get("username"))


def _login(record: Mapping[str, Any]) -> str:
    return MANIFEST.normal_login(str(record["username"]))


def _membership(record: Mapping[str, Any]) -> Membership:
    email: str | Unknown | None = UNKNOWN
    if isinstance(record.get("email"), str):
        email = str(record["email"]).lower() or None
    attributes: dict[str, Attribute] = {}
    for name in ATTRIBUTES:
        value = record.get(name)
        if isinstance(value, str):
            # Names are stored and given in HTML escapes: "Tom &amp; Ana".
            attributes[name] = value.lower() if name == "email" else html.unescape(value)
    roles = record.get("roles")
    if isinstance(roles, Mapping):  # a PHP list with gaps in its numbering
        roles = list(roles.values())
    return Membership(
        id=str(record["id"]),
        login=_login(record),
        email=email,
        roles=frozenset(str(role) for role in roles) if isinstance(roles, list) else UNKNOWN,
        attributes=attributes,
    )


def _record(reply: Reply) -> Mapping[str, Any]:
    record = reply.json()
    if not isinstance(record, Mapping):
        raise reply.unusable("JSON that is no object")
    return record


def _number(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdigit() else None


def _words(body: Mapping[str, Any]) -> str:
    """Return WordPress' own sentence, with what it says about each parameter."""
    data = body.get("data")
    parameters = data.get("params") if isinstance(data, Mapping) else None
    words = str(body.get("message") or body["code"])
    if isinstance(parameters, Mapping):
        words += ": " + "; ".join(str(text) for text in parameters.values())
    return html.unescape(re.sub(r"<[^>]*>", "", words))[:300]


def _strange(gone: NotThere) -> Malformed:
    """Return the error for a 404 that does not come from WordPress' users."""
    return Malformed(
        gone.tried,
        f"the server answered 404, but not as WordPress does for a user ({gone.said})",
        "this is not read as if the user were gone",
        "check the account's url",
    )
