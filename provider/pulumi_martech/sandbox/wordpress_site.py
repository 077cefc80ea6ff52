"""A WordPress site as it is stored, and the administrator's side door to it.

Facts: observed answers of WordPress 6.1.9 [R] and its source [S], sheet wordpress.md.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from pulumi_martech.sandbox import wordpress_rules as rules
from pulumi_martech.sandbox.store import Doc, Objects, Row
from pulumi_martech.sandbox.tenant import Call, Credentials, Dialect, Tenant, new_secret
from pulumi_martech.sandbox.wordpress_rules import Problem

API = "/wp-json/wp/v2"
_VIEW = ("id", "name", "url", "description", "link", "slug", "avatar_urls")


class WordPressDialect(Dialect):
    """How a site differs from a fresh WordPress 6.1."""

    title: str = "Sandbox"
    multisite: bool = Field(
        False, description="True: duplicates are 400, and users cannot be deleted (501) [S]."
    )


class WordPressSite(Tenant):
    """A WordPress site; its first user, ``admin``, is who the credentials belong to."""

    platform: ClassVar[str] = "wordpress"
    api_path: ClassVar[str] = "/wp-json"
    dialect_model = WordPressDialect
    side_door: ClassVar[tuple[str, ...]] = (
        "add_user", "add_users", "change_user", "remove_user", "users", "add_role",
        "remove_role", "roles", "members", "add_post", "bin_post", "remove_post", "posts",
        "add_password",
    )  # fmt: skip
    dialect: WordPressDialect

    def prepare(self) -> None:
        """Install the site: five roles, the administrator, one post."""
        self.stored_users = Objects(self.store, self.key, "user")
        self.stored_roles = Objects(self.store, self.key, "role")
        self.stored_posts = Objects(self.store, self.key, "post")
        self.stored_passwords = Objects(self.store, self.key, "application password")
        with self.store.transaction():
            if self.stored_users.count():
                return
            self.stored_roles.add(
                *(Row(name, {"capabilities": caps}) for name, caps in rules.BUILTIN_ROLES.items())
            )
            self.add_user("admin", email="admin@example.com", roles=["administrator"], url="/")
            self.add_post("admin", "Hello world!", id_=1)
            self._store_password(1, "sandbox", self.secret("application password", 24))

    @property
    def credentials(self) -> Credentials:
        """User name and application password of the administrator."""
        return Credentials(username="admin", password=self.secret("application password", 24))

    def add_user(
        self, login: str, *, email: str = "", roles: Iterable[str] = ("subscriber",), **profile: str
    ) -> int:
        """Add a user by hand; ``profile`` as the API names it. Returns its id."""
        with self.store.transaction():
            sent = {"username": login, "email": email or f"{login}@example.com"}
            user = self._new_user({**sent, **profile, "roles": list(roles)})
        return int(user["id"])

    def add_users(self, users: Iterable[Doc]) -> list[int]:
        """Add many users by hand, quickly, without looking whether their names are free.

        Each is ``{"username": ..., "email": ..., "roles": [...], ...}``. Returns their ids.
        """
        registered = datetime.now(UTC).isoformat(timespec="seconds")
        rows = []
        with self.store.transaction():
            for given in users:
                login = given["username"]
                user = {
                    "id": self.store.next_number(self.key, "user"),
                    "username": login,
                    "name": login,
                    "first_name": "",
                    "last_name": "",
                    "email": f"{login}@example.com",
                    "url": "",
                    "description": "",
                    "locale": "en_US",
                    "nickname": login,
                    "slug": rules.slug_of(login),
                    "roles": ["subscriber"],
                    "registered": registered,
                }
                rows.append(self._row(user | given))
            self.stored_users.add(*rows)
        return [int(row.id) for row in rows]

    def change_user(
        self, login: str, *, roles: Iterable[str] | None = None, **profile: str
    ) -> None:
        """Change a user by hand; ``roles`` is the whole set."""
        with self.store.transaction():
            sent: Doc = dict(profile)
            if roles is not None:
                sent["roles"] = list(roles)
            self._change(self._named(login), sent)

    def remove_user(self, login: str, heir: str | None = None) -> None:
        """Remove a user by hand; its content goes to ``heir``, else it is deleted."""
        with self.store.transaction():
            self._drop(self._named(login), self._named(heir)["id"] if heir else None)

    def users(self) -> dict[str, Doc]:
        """Return all users as the API would show them to an administrator, by login."""
        shown = self._all_shown(self.url, self.stored_users.page().values(), "edit")
        return {user["username"]: user for user in shown}

    def add_role(self, name: str, capabilities: Iterable[str] = ("read",)) -> None:
        """Add a role by hand, as a plugin does; the API can only assign it."""
        with self.store.transaction():
            self.stored_roles.add(Row(name, {"capabilities": list(capabilities)}))

    def remove_role(self, name: str) -> None:
        """Remove a role by hand; who holds it keeps the name and loses what it allowed."""
        with self.store.transaction():
            self.stored_roles.remove(name)

    def roles(self) -> list[str]:
        """Return the names of all roles."""
        return list(self.stored_roles.page())

    def members(self, role: str) -> list[str]:
        """Return the logins of who holds a role."""
        users = self.stored_users.page().values()
        return sorted(user["username"] for user in users if role in user["roles"])

    def add_post(
        self,
        login: str,
        title: str,
        *,
        status: str = "",
        kind: str = "post",
        id_: int | None = None,
    ) -> int:
        """Write something by hand, published unless said; ``kind`` as in the API's types.

        Returns its id.
        """
        with self.store.transaction():
            status = status or rules.KINDS[kind].usual
            author = self._named(login)["id"]
            return int(self.store_post(author, title, status, kind, id_)["id"])

    def bin_post(self, id_: int) -> None:
        """Put something into the bin by hand."""
        with self.store.transaction():
            post = self.stored_posts.get(str(id_))
            if post is not None:
                self._put_post(post | {"status": "trash"})

    def remove_post(self, id_: int) -> None:
        """Delete a post by hand."""
        with self.store.transaction():
            self.stored_posts.remove(str(id_))

    def posts(self, login: str | None = None) -> list[Doc]:
        """Return all content, or that of one user: id, type, author, status, title, date."""
        author = self._named(login)["id"] if login else None
        found = self.stored_posts.page().values()
        return [post for post in found if author in (None, post["author"])]

    def add_password(self, login: str, name: str) -> str:
        """Make an application password for a user by hand, and return it."""
        with self.store.transaction():
            secret = new_secret(24)
            self._store_password(self._named(login)["id"], name, secret)
        return secret

    def _named(self, login: str) -> Doc:
        found = self.stored_users.named(login.lower())
        if not found:
            raise ValueError(f"tenant {self.key} has no user {login!r}")
        return next(iter(found.values()))

    def _new_user(self, sent: Doc) -> Doc:
        login = sent["username"]
        names = [plain for n in ("first_name", "last_name") if (plain := _text(sent, n))]
        user: Doc = {
            "id": self.store.next_number(self.key, "user"),
            "username": login,
            "name": _text(sent, "name") or " ".join(names) or login,
            "first_name": "",
            "last_name": "",
            "email": sent["email"],
            "url": "",
            "description": "",
            "locale": "en_US",
            "nickname": login,
            "slug": "",
            "roles": ["subscriber"],
            "registered": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        user |= self._sanitised(sent, login)
        slug = number = user["slug"] or rules.slug_of(login)
        count = 1
        while self._slug_taken(number):
            count += 1
            number = f"{slug}-{count}"
        user["slug"] = number
        self._check_lengths(user)
        self.stored_users.add(self._row(user))
        return user

    @staticmethod
    def _sanitised(sent: Doc, login: str) -> Doc:
        """Return what is stored of what was sent; what is empty falls back as in WordPress."""
        fallback = {"name": login, "nickname": login, "locale": "en_US"}
        kept: Doc = {}
        for name in ("name", "first_name", "last_name", "description", "nickname", "slug"):
            if name in sent:
                kept[name] = _text(sent, name) or fallback.get(name, "")
        kept |= {name: sent[name] for name in ("url", "email") if name in sent}
        if "locale" in sent:
            kept["locale"] = sent["locale"] or fallback["locale"]
        if "roles" in sent:
            kept["roles"] = list(dict.fromkeys(sent["roles"]))
        return kept

    def _change(self, user: Doc, sent: Doc) -> None:
        before = dict(user)
        user |= self._sanitised(sent, user["username"])
        self._check_lengths(user)
        if user != before:
            self.stored_users.put(self._row(user))

    @staticmethod
    def _check_lengths(user: Doc) -> None:
        if len(user["name"]) > 250:  # the column's width; WordPress does not look before [R]
            words = (
                "<p>There has been a critical error on this website.</p>"
                '<p><a href="https://wordpress.org/support/article/faq-troubleshooting/">'
                "Learn more about troubleshooting WordPress.</a></p>"
            )
            problem = Problem(500, "internal_server_error", words)
            problem.body["additional_errors"] = []
            raise problem

    @staticmethod
    def _row(user: Doc) -> Row:
        login, email = user["username"].lower(), user["email"].lower()
        return Row(str(user["id"]), user, login, email, user["name"].lower())

    def _slug_taken(self, slug: str) -> bool:
        rows = self.store.query(
            "SELECT 1 FROM objects WHERE tenant = ? AND kind = 'user'"
            " AND json_extract(doc, '$.slug') = ?",
            self.key,
            slug,
        )
        return bool(rows)

    def _drop(self, user: Doc, heir: int | None) -> None:
        """Remove a user; its content goes to ``heir``, or to the bin."""
        for id_, post in self.stored_posts.named(str(user["id"])).items():
            if heir is not None:
                self._put_post(post | {"author": heir})
            elif "author" not in rules.KINDS[post["type"]].supports:
                continue  # blocks and the like stay, with an author who is gone [S]
            elif post["type"] in ("post", "page") and post["status"] != "trash":
                self._put_post(post | {"status": "trash"})
            else:
                self.stored_posts.remove(id_)
        for id_ in self.stored_passwords.named(str(user["id"])):
            self.stored_passwords.remove(id_)
        self.stored_users.remove(str(user["id"]))

    def _put_post(self, post: Doc) -> None:
        id_ = str(post["id"])
        self.stored_posts.put(Row(id_, post, str(post["author"]), sort=_newest_first(id_)))

    def _shown(self, root: str, user: Doc, context: str) -> Doc:
        """Return a user as the API shows it in a context."""
        (shown,) = self._all_shown(root, [user], context)
        return shown

    def _all_shown(self, root: str, users: Iterable[Doc], context: str) -> list[Doc]:
        """Return users as the API shows them in a context."""
        roles = self.stored_roles.page()
        return [self._with_roles(root, user, context, roles) for user in users]

    @staticmethod
    def _with_roles(root: str, user: Doc, context: str, roles: dict[str, Doc]) -> Doc:
        mail = hashlib.md5(user["email"].lower().encode(), usedforsecurity=False).hexdigest()
        host = f"http://{int(mail[0], 16) % 3}.gravatar.com/avatar/{mail}"
        capabilities: dict[str, bool] = {}
        for role in user["roles"]:
            known = roles[role]["capabilities"] if role in roles else ()
            capabilities |= dict.fromkeys([*known, role], True)
        shown = {k: v for k, v in user.items() if k != "registered"}
        shown |= {
            "url": root if user["url"] == "/" else user["url"],
            "link": f"{root}/author/{user['slug']}/",
            "registered_date": user["registered"],
            "capabilities": capabilities,
            "extra_capabilities": dict.fromkeys(user["roles"], True),
            "avatar_urls": {str(size): f"{host}?s={size}&d=mm&r=g" for size in (24, 48, 96)},
        }
        if context != "edit":
            shown = {key: shown[key] for key in _VIEW}
        if context != "embed":
            shown["meta"] = {"persisted_preferences": []} if context == "edit" else []
        base = f"{root}{API}/users"
        shown["_links"] = {
            "self": [{"href": f"{base}/{user['id']}"}],
            "collection": [{"href": base}],
        }
        return shown

    def _store_password(self, user: int, name: str, secret: str) -> Doc:
        made = {
            "uuid": str(uuid.uuid4()),
            "app_id": "",
            "name": name,
            "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "last_used": None,
            "last_ip": None,
            "secret": secret,
        }
        self.stored_passwords.add(Row(str(made["uuid"]), made, str(user)))
        return made

    @staticmethod
    def _shown_password(root: str, user: Doc, one: Doc) -> Doc:
        url = f"{root}{API}/users/{user['id']}/application-passwords/{one['uuid']}"
        shown = {name: value for name, value in one.items() if name != "secret"}
        return shown | {"_links": {"self": [{"href": url}]}}

    def logged_in(self, call: Call) -> Doc | None:
        """Return whose credentials came with a request; wrong ones count as none [R]."""
        scheme, _, sent = call.headers.get("authorization", "").partition(" ")
        try:
            name, _, secret = base64.b64decode(sent).decode().partition(":")
        except ValueError:
            return None
        found = self.stored_users.named(name.lower()) or self.stored_users.aliased(name.lower())
        if scheme.lower() != "basic" or not found:
            return None
        (id_, user), *_ = found.items()
        secret = "".join(char for char in secret if char.isalnum())
        for uuid_, one in self.stored_passwords.named(id_).items():
            if one["secret"] == secret:
                if one["last_used"] is None:  # noted once a day at most
                    used = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
                    one |= {"last_used": used, "last_ip": "127.0.0.1"}
                    self._note_use(uuid_, one)
                return user
        return None

    def _note_use(self, uuid_: str, one: Doc) -> None:
        self.store.write(  # not `put`: using a password is no change of the account
            "UPDATE objects SET doc = ? WHERE tenant = ? AND kind = ? AND id = ?",
            json.dumps(one),
            self.key,
            self.stored_passwords.kind,
            uuid_,
        )

    def store_post(
        self, author: int, title: str, status: str, kind: str, id_: int | None = None
    ) -> Doc:
        """Store something written."""
        # The first numbers are those of what a fresh site has.
        id_ = id_ or self.store.next_number(self.key, "post", first=4)
        post: Doc = {"id": id_, "type": kind, "author": author, "status": status, "title": title}
        post["date"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        self.stored_posts.add(Row(str(id_), post, str(author), sort=_newest_first(id_)))
        return post


def _text(sent: Doc, name: str) -> str:
    return rules.plain_text(sent.get(name) or "")


def published(post: Doc) -> bool:
    """Tell whether a post is there for everybody."""
    return bool(post["status"] == "publish")


def _newest_first(id_: str | int) -> str:
    return f"{10**9 - int(id_):010d}"


def post_shown(root: str, post: Doc, context: str) -> Doc:
    """Return a post as the API shows it in a context."""
    title = {"rendered": post["title"].replace("'", "&#8217;")}
    if context == "edit":
        title = {"raw": post["title"]} | title
    link = f"{root}/{rules.slug_of(post['title'])}/"
    return post | {"title": title, "link": link}
