"""WordPress 6.1 core REST: users, application passwords, and the posts that hang on users.

Facts: observed answers of WordPress 6.1.9 [R] and its source [S], sheet wordpress.md.
"""

import base64
import hashlib
import json
import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote_plus, urlencode

from pydantic import Field

from pulumi_martech.sandbox import wordpress_rules as rules
from pulumi_martech.sandbox.store import Doc, Objects, Row
from pulumi_martech.sandbox.tenant import (
    Answer,
    Call,
    Credentials,
    Dialect,
    Handler,
    Routes,
    Tenant,
    new_secret,
)
from pulumi_martech.sandbox.wordpress_rules import Problem, checked

_API = "/wp-json/wp/v2"
_VIEW = ("id", "name", "url", "description", "link", "slug", "avatar_urls")


class WordPressDialect(Dialect):
    """How a site differs from a fresh WordPress 6.1."""

    title: str = "Sandbox"
    multisite: bool = Field(
        False, description="True: duplicates are 400, and users cannot be deleted (501) [S]."
    )


class WordPressTenant(Tenant):
    """A WordPress site; its first user, ``admin``, is who the credentials belong to."""

    platform: ClassVar[str] = "wordpress"
    api_path: ClassVar[str] = "/wp-json"
    dialect_model = WordPressDialect
    routes: ClassVar[Routes] = Routes()
    side_door: ClassVar[tuple[str, ...]] = (
        "add_user", "add_users", "change_user", "remove_user", "users", "add_role",
        "remove_role", "roles", "members", "add_post", "remove_post", "posts", "add_password",
    )  # fmt: skip
    dialect: WordPressDialect

    def prepare(self) -> None:
        """Install the site: five roles, the administrator, one post."""
        self._users = Objects(self.store, self.key, "user")
        self._roles = Objects(self.store, self.key, "role")
        self._posts = Objects(self.store, self.key, "post")
        self._passwords = Objects(self.store, self.key, "application password")
        with self.store.transaction():
            if self._users.count():
                return
            self._roles.add(
                *(Row(name, {"capabilities": caps}) for name, caps in rules.BUILTIN_ROLES.items())
            )
            self.add_user("admin", email="admin@example.com", roles=["administrator"], url="/")
            self.add_post("admin", "Hello world!", id_=1)
            self._store_password(1, "sandbox", self.secret("application password", 24))

    @property
    def credentials(self) -> Credentials:
        """User name and application password of the administrator."""
        return Credentials(username="admin", password=self.secret("application password", 24))

    def answer(self, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        """Answer a request in WordPress's way, errors included."""
        if not call.path.startswith("/wp-json"):
            return Answer(404, "<title>Page not found</title>", {}, "text/html")
        visit = _Visit(self, call)
        if call.method not in handlers:
            words = "No route was found matching the URL and request method."
            return Answer(404, Problem(404, "rest_no_route", words).body)
        try:
            visit.read()
            answer = handlers[call.method](self, visit)
            answer.body = visit.only_fields(answer.body)
        except Problem as problem:
            answer = Answer(problem.status, problem.body)
        crashed = answer.status == 500 and answer.body["code"] == "internal_server_error"
        allowed = [method for method in handlers if visit.allowed(method)]
        if allowed and not crashed:
            answer.headers["Allow"] = ", ".join(allowed)
        answer.media_type = "application/json; charset=UTF-8"
        return answer

    # -- users --------------------------------------------------------------

    def _list(self, visit: "_Visit") -> Answer:
        asked = checked(visit.params, rules.listing(self.dialect.page_cap))
        visit.may_list()
        per_page = asked.get("per_page", min(10, self.dialect.page_cap))
        offset = asked.get("offset") or (asked.get("page", 1) - 1) * per_page
        page = math.ceil(offset / per_page + 1)
        found = self._found(visit, asked)
        total = self._users.count() if found is None else len(found)
        limit = per_page
        if visit.call.keep is not None:
            total = min(total, visit.call.keep)
            limit = max(0, min(per_page, total - offset))
        if visit.call.endless:
            offset %= max(total, 1)
        shown = (
            list(self._users.page(offset, limit).values())
            if found is None
            else found[offset : offset + limit]
        )
        pages = page + 1 if visit.call.endless else math.ceil(total / per_page)
        context = asked.get("context", "view")
        answer = Answer(200, [self._shown(visit.call.root, user, context) for user in shown])
        answer.headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
        links = []
        if page > 1:
            links.append((min(page - 1, pages), "prev"))
        if pages > page:
            links.append((page + 1, "next"))
        if links:
            answer.headers["Link"] = ", ".join(
                f'<{visit.page_url(number)}>; rel="{rel}"' for number, rel in links
            )
        return answer

    def _found(self, visit: "_Visit", asked: Doc) -> list[Doc] | None:
        """Return the users a list is asked for, in its order; ``None``: all, by name."""
        search = asked.get("search", "").lower()
        order, by = asked.get("order", "asc"), asked.get("orderby", "name")
        listing = visit.can("list_users")
        narrowed = any(asked.get(k) for k in ("exclude", "include", "slug", "roles", "search"))
        if not narrowed and listing and (order, by) == ("asc", "name"):
            return None
        by_mail = "@" in search and listing
        users = self._users.aliases_with(search) if by_mail else self._users.page()
        authors = {post["author"] for post in self._posts.page().values() if _published(post)}
        columns = ("username", "slug", "name", "url", "email")[: 5 if listing else 3]

        def wanted(user: Doc) -> bool:
            return (
                (listing or user["id"] in authors)
                and (by_mail or any(search in user[column].lower() for column in columns))
                and ("include" not in asked or user["id"] in asked["include"])
                and user["id"] not in asked.get("exclude", ())
                and ("slug" not in asked or user["slug"] in asked["slug"])
                and (not asked.get("roles") or not set(user["roles"]).isdisjoint(asked["roles"]))
            )

        found = [user for user in users.values() if wanted(user)]
        if by != "name":
            column = {"registered_date": "registered"}.get(by, by)
            if by in ("id", "include", "include_slugs"):
                found.sort(key=lambda user: user["id"])
            else:
                found.sort(key=lambda user: user[column].lower())
        return found[::-1] if order == "desc" else found

    def _get(self, visit: "_Visit") -> Answer:
        asked = checked(visit.params, rules.READ)
        user = visit.target()
        visit.may_see()
        return Answer(200, self._shown(visit.call.root, user, asked.get("context", "view")))

    def _me(self, visit: "_Visit") -> Answer:
        if visit.user is None:
            raise Problem(401, "rest_not_logged_in", "You are not currently logged in.")
        return self._get(visit)

    def _create(self, visit: "_Visit") -> Answer:
        sent = checked(visit.params, rules.CREATE)
        visit.may("create_users", "rest_cannot_create_user", "create new users")
        if visit.params.get("id"):
            raise Problem(400, "rest_user_exists", "Cannot create existing user.")
        self._check_roles(visit, None, sent.get("roles", []))
        if len(sent["username"]) > 60:
            words = "Username may not be longer than 60 characters."
            raise Problem(500, "user_login_too_long", words).without_data()
        self._check_free(sent["username"], sent["email"])
        user = self._new_user(sent)
        answer = Answer(201, self._shown(visit.call.root, user, "edit"))
        answer.headers["Location"] = f"{visit.call.root}{_API}/users/{user['id']}"
        return answer

    def _check_free(self, login: str, email: str) -> None:
        taken = [
            (code, words)
            for code, words, found in (
                ("login", "username already exists!", self._users.named(login.lower())),
                ("email", "email address is already used!", self._users.aliased(email.lower())),
            )
            if found
        ]
        if not taken:
            return
        if self.dialect.multisite:
            problem = Problem(400, "rest_invalid_param", "Invalid user parameter(s).")
            problem.body["additional_errors"] = [
                {
                    "code": f"user_{code}".replace("login", "name"),
                    "message": f"Sorry, that {words}",
                    "data": None,
                }
                for code, words in taken
            ]
            raise problem
        code, words = taken[0]
        raise Problem(500, f"existing_user_{code}", f"Sorry, that {words}").without_data()

    def _update(self, visit: "_Visit") -> Answer:
        sent = checked(visit.params, rules.UPDATE)
        user = visit.target()
        visit.may_change()
        owners = self._users.aliased(sent["email"].lower()) if sent.get("email") else {}
        if owners and str(user["id"]) not in owners:
            raise Problem(400, "rest_user_invalid_email", "Invalid email address.")
        if sent.get("username") and sent["username"] != user["username"]:
            raise Problem(400, "rest_user_invalid_argument", "Username is not editable.")
        slug = sent.get("slug")
        if slug and slug != user["slug"] and self._slug_taken(slug):
            raise Problem(400, "rest_user_invalid_slug", "Invalid slug.")
        self._check_roles(visit, user, sent.get("roles", []))
        self._change(user, sent)
        return Answer(200, self._shown(visit.call.root, user, "edit"))

    def _check_roles(self, visit: "_Visit", user: Doc | None, roles: Sequence[str]) -> None:
        own = user is not None and visit.user is not None and user["id"] == visit.user["id"]
        for role in roles:
            known = self._roles.get(role)
            if known is None:
                words = f"The role {role} does not exist."
                raise Problem(400, "rest_user_invalid_role", words)
            # An empty list gets past this: an administrator can lock himself out [R].
            if own and "edit_users" not in known["capabilities"]:
                words = "Sorry, you are not allowed to give users that role."
                raise Problem(visit.denied, "rest_user_invalid_role", words)

    def _delete(self, visit: "_Visit") -> Answer:
        sent = checked(visit.params, rules.DELETE)
        user = visit.target()
        visit.may("delete_users", "rest_user_cannot_delete", "delete this user")
        if self.dialect.multisite:
            raise Problem(501, "rest_cannot_delete", "The user cannot be deleted.")
        if not sent.get("force"):
            words = "Users do not support trashing. Set 'force=true' to delete."
            raise Problem(501, "rest_trash_not_supported", words)
        heir = sent["reassign"]
        if heir is not None and (heir == user["id"] or self._users.get(str(heir)) is None):
            words = "Invalid user ID for reassignment."
            raise Problem(400, "rest_user_invalid_reassign", words)
        previous = self._shown(visit.call.root, user, "edit")
        previous.pop("_links")
        self._drop(user, heir)
        return Answer(200, {"deleted": True, "previous": previous})

    def _drop(self, user: Doc, heir: int | None) -> None:
        """Remove a user; its content goes to ``heir``, or to the bin."""
        for id_, post in self._posts.named(str(user["id"])).items():
            post |= {"author": heir} if heir is not None else {"status": "trash"}
            self._posts.put(Row(id_, post, str(post["author"]), sort=_newest_first(id_)))
        for id_ in self._passwords.named(str(user["id"])):
            self._passwords.remove(id_)
        self._users.remove(str(user["id"]))

    def _shown(self, root: str, user: Doc, context: str) -> Doc:
        """Return a user as the API shows it in a context."""
        mail = hashlib.md5(user["email"].lower().encode(), usedforsecurity=False).hexdigest()
        host = f"http://{int(mail[0], 16) % 3}.gravatar.com/avatar/{mail}"
        capabilities: dict[str, bool] = {}
        for role in user["roles"]:
            known = (self._roles.get(role) or {"capabilities": []})["capabilities"]
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
        base = f"{root}{_API}/users"
        shown["_links"] = {
            "self": [{"href": f"{base}/{user['id']}"}],
            "collection": [{"href": base}],
        }
        return shown

    # -- storing ------------------------------------------------------------

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
        self._users.add(self._row(user))
        return user

    def _change(self, user: Doc, sent: Doc) -> None:
        before = dict(user)
        user |= self._sanitised(sent, user["username"])
        self._check_lengths(user)
        if user != before:
            self._users.put(self._row(user))

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

    # -- application passwords ------------------------------------------------

    def _list_passwords(self, visit: "_Visit") -> Answer:
        user = visit.owner("list application passwords for this user")
        live = self._passwords.named(str(user["id"])).values()
        return Answer(200, [self._shown_password(visit.call.root, user, one) for one in live])

    def _create_password(self, visit: "_Visit") -> Answer:
        sent = checked(visit.params, rules.APPLICATION_PASSWORD)
        user = visit.owner("create application passwords for this user")
        live = self._passwords.named(str(user["id"])).values()
        if sent["name"] in [one["name"] for one in live]:
            words = "Each application name should be unique."
            raise Problem(409, "application_password_duplicate_name", words)
        secret = new_secret(24)
        made = self._store_password(user["id"], sent["name"], secret)
        shown = self._shown_password(visit.call.root, user, made)
        shown["password"] = " ".join(secret[i : i + 4] for i in range(0, 24, 4))
        return Answer(201, shown, {"Location": shown["_links"]["self"][0]["href"]})

    def _delete_password(self, visit: "_Visit") -> Answer:
        user = visit.owner("delete application passwords for this user")
        live = self._passwords.named(str(user["id"]))
        wanted = visit.call.parts.get("uuid")
        if wanted is None:
            for id_ in live:
                self._passwords.remove(id_)
            return Answer(200, {"deleted": True, "count": len(live)})
        if wanted not in live:
            words = "Application password not found."
            raise Problem(404, "rest_application_password_not_found", words)
        self._passwords.remove(wanted)
        previous = self._shown_password(visit.call.root, user, live[wanted])
        previous.pop("_links")
        return Answer(200, {"deleted": True, "previous": previous})

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
        self._passwords.add(Row(str(made["uuid"]), made, str(user)))
        return made

    @staticmethod
    def _shown_password(root: str, user: Doc, one: Doc) -> Doc:
        url = f"{root}{_API}/users/{user['id']}/application-passwords/{one['uuid']}"
        shown = {name: value for name, value in one.items() if name != "secret"}
        return shown | {"_links": {"self": [{"href": url}]}}

    def logged_in(self, call: Call) -> Doc | None:
        """Return whose credentials came with a request; wrong ones count as none [R]."""
        scheme, _, sent = call.headers.get("authorization", "").partition(" ")
        try:
            name, _, secret = base64.b64decode(sent).decode().partition(":")
        except ValueError:
            return None
        found = self._users.named(name.lower()) or self._users.aliased(name.lower())
        if scheme.lower() != "basic" or not found:
            return None
        (id_, user), *_ = found.items()
        secret = "".join(char for char in secret if char.isalnum())
        for uuid_, one in self._passwords.named(id_).items():
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
            self._passwords.kind,
            uuid_,
        )

    # -- posts and the index -----------------------------------------------------

    def _list_posts(self, visit: "_Visit") -> Answer:
        per_page = int(visit.params.get("per_page", 10))
        offset = (int(visit.params.get("page", 1)) - 1) * per_page
        author = str(visit.params.get("author", ""))
        posts = self._posts.named(author) if author else self._posts.page()
        found = [post for post in posts.values() if _published(post)]
        shown = [_post(visit.call.root, p, "view") for p in found[offset : offset + per_page]]
        pages = str(math.ceil(len(found) / per_page))
        return Answer(200, shown, {"X-WP-Total": str(len(found)), "X-WP-TotalPages": pages})

    def _get_post(self, visit: "_Visit") -> Answer:
        post = self._posts.get(str(visit.params["id"]))
        if post is None or not (_published(post) or visit.can("edit_others_posts")):
            raise Problem(404, "rest_post_invalid_id", "Invalid post ID.")
        root, context = visit.call.root, str(visit.params.get("context", "view"))
        slug = f"{rules.slug_of(post['title'])}/" if _published(post) else f"?p={post['id']}"
        link = {"Link": f'<{root}/{slug}>; rel="alternate"; type=text/html'}
        return Answer(200, _post(root, post, context), link)

    def _create_post(self, visit: "_Visit") -> Answer:
        visit.may("edit_posts", "rest_cannot_create", "create posts as this user")
        own = visit.user["id"] if visit.user else 0
        author = int(visit.params.get("author", own))
        if author != own:
            visit.may("edit_others_posts", "rest_cannot_edit_others", "create posts as this user")
        post = self._store_post(
            author, visit.params.get("title", ""), visit.params.get("status", "draft")
        )
        root = visit.call.root
        location = {"Location": f"{root}{_API}/posts/{post['id']}"}
        return Answer(201, _post(root, post, "edit"), location)

    def _store_post(self, author: int, title: str, status: str, id_: int | None = None) -> Doc:
        # The first numbers are those of what a fresh site has.
        id_ = id_ or self.store.next_number(self.key, "post", first=4)
        post: Doc = {"id": id_, "author": author, "status": status, "title": title}
        post["date"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        self._posts.add(Row(str(id_), post, str(author), sort=_newest_first(id_)))
        return post

    def _index(self, visit: "_Visit") -> Answer:
        root = visit.call.root
        authorize = f"{root}/wp-admin/authorize-application.php"
        return Answer(
            200,
            {
                "name": self.dialect.title,
                "description": "",
                "url": root,
                "home": root,
                "gmt_offset": "0",
                "timezone_string": "",
                "namespaces": ["oembed/1.0", "wp/v2", "wp-site-health/v1", "wp-block-editor/v1"],
                "authentication": {
                    "application-passwords": {"endpoints": {"authorization": authorize}}
                },
                "_links": {"help": [{"href": "https://developer.wordpress.org/rest-api/"}]},
            },
        )

    # -- the side door --------------------------------------------------------------

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
            self._users.add(*rows)
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
        """Remove a user by hand; its content goes to ``heir``, or to the bin."""
        with self.store.transaction():
            self._drop(self._named(login), self._named(heir)["id"] if heir else None)

    def users(self) -> dict[str, Doc]:
        """Return all users as the API would show them to an administrator, by login."""
        shown = (self._shown(self.url, user, "edit") for user in self._users.page().values())
        return {user["username"]: user for user in shown}

    def add_role(self, name: str, capabilities: Iterable[str] = ("read",)) -> None:
        """Add a role by hand, as a plugin does; the API can only assign it."""
        with self.store.transaction():
            self._roles.add(Row(name, {"capabilities": list(capabilities)}))

    def remove_role(self, name: str) -> None:
        """Remove a role by hand; who holds it keeps the name and loses what it allowed."""
        with self.store.transaction():
            self._roles.remove(name)

    def roles(self) -> list[str]:
        """Return the names of all roles."""
        return list(self._roles.page())

    def members(self, role: str) -> list[str]:
        """Return the logins of who holds a role."""
        users = self._users.page().values()
        return sorted(user["username"] for user in users if role in user["roles"])

    def add_post(self, login: str, title: str, *, id_: int | None = None) -> int:
        """Publish a post by hand; returns its id."""
        with self.store.transaction():
            return int(self._store_post(self._named(login)["id"], title, "publish", id_)["id"])

    def remove_post(self, id_: int) -> None:
        """Delete a post by hand."""
        with self.store.transaction():
            self._posts.remove(str(id_))

    def posts(self, login: str | None = None) -> list[Doc]:
        """Return the posts, all or those of one user: id, author, status, title, date."""
        author = self._named(login)["id"] if login else None
        found = self._posts.page().values()
        return [post for post in found if author in (None, post["author"])]

    def add_password(self, login: str, name: str) -> str:
        """Make an application password for a user by hand, and return it."""
        with self.store.transaction():
            secret = new_secret(24)
            self._store_password(self._named(login)["id"], name, secret)
        return secret

    def _named(self, login: str) -> Doc:
        found = self._users.named(login.lower())
        if not found:
            raise ValueError(f"tenant {self.key} has no user {login!r}")
        return next(iter(found.values()))


class _Visit:
    """One request to a site: who asks, for what, and what that person may do."""

    def __init__(self, site: WordPressTenant, call: Call) -> None:
        self.site, self.call = site, call
        self.user = site.logged_in(call)
        self.denied = 403 if self.user else 401
        self.params: Doc = dict(call.query) | call.parts
        if call.path.endswith("/me"):
            self.params["id"] = self.user["id"] if self.user else 0

    def read(self) -> None:
        """Add the parameters of the body, which win over those of the URL."""
        if not self.call.body:
            return
        if "json" not in self.call.headers.get("content-type", ""):
            self.params |= dict(parse_qsl(self.call.body.decode("utf-8", "replace")))
            return
        try:
            self.params = self.params | json.loads(self.call.body)
        except ValueError as error:
            unended = str(error).startswith("Unterminated")
            said = "Control character error, possibly incorrectly encoded"
            raise Problem(
                400,
                "rest_invalid_json",
                "Invalid JSON body passed.",
                json_error_code=3 if unended else 4,
                json_error_message=said if unended else "Syntax error",
            ) from None

    def can(self, capability: str) -> bool:
        """Tell whether who asks has a capability."""
        return any(
            capability in (self.site._roles.get(role) or {"capabilities": []})["capabilities"]
            for role in (self.user["roles"] if self.user else ())
        )

    def may(self, capability: str, code: str, what: str) -> None:
        """Refuse who lacks a capability."""
        if not self.can(capability):
            raise Problem(self.denied, code, f"Sorry, you are not allowed to {what}.")

    def target(self) -> Doc:
        """Return the user the request is about."""
        user = self.site._users.get(str(self.params.get("user_id", self.params.get("id"))))
        if user is None:
            raise Problem(404, "rest_user_invalid_id", "Invalid user ID.")
        return user

    def _own(self) -> bool:
        return self.user is not None and self.target()["id"] == self.user["id"]

    def may_list(self) -> None:
        """Refuse who may not list users in the way asked for."""
        if self.can("list_users"):
            return
        words = "Sorry, you are not allowed to"
        if self.params.get("roles"):
            words += " filter users by role."
            raise Problem(self.denied, "rest_user_cannot_view", words)
        if self.params.get("context") == "edit":
            raise Problem(self.denied, "rest_forbidden_context", f"{words} edit users.")
        if self.params.get("orderby") in ("email", "registered_date"):
            words += " order users by this parameter."
            raise Problem(self.denied, "rest_forbidden_orderby", words)

    def may_see(self) -> None:
        """Refuse who may not see the user."""
        user = self.target()
        if self._own():
            return
        if self.params.get("context") == "edit":
            self.may("edit_users", "rest_forbidden_context", "edit this user")
        posts = self.site._posts.named(str(user["id"])).values()
        if not self.can("edit_users") and not any(_published(post) for post in posts):
            self.may("list_users", "rest_user_cannot_view", "list users")

    def may_change(self) -> None:
        """Refuse who may not change the user."""
        if self.params.get("roles"):
            self.may("promote_users", "rest_cannot_edit_roles", "edit roles of this user")
            if set(self.params) == {"id", "roles"}:
                return
        if not self._own():
            self.may("edit_users", "rest_cannot_edit", "edit this user")

    def owner(self, what: str) -> Doc:
        """Return whose application passwords the request is about; refuses strangers."""
        user = self.target()
        if not self._own():
            code = "_".join(["rest_cannot", *what.split()[:3]])
            self.may("edit_users", code, what)
        return user

    def allowed(self, method: str) -> bool:
        """Tell whether who asks may use a method on this path: what the Allow header lists."""
        path = self.call.path.rstrip("/")
        checks: dict[str, Callable[[], Any]] = {}
        if path.endswith("/application-passwords") or "uuid" in self.call.parts:
            checks = dict.fromkeys(("GET", "POST", "DELETE"), lambda: self.owner("x"))
        elif path.endswith("/users"):
            create = partial(self.may, "create_users", "", "")
            checks = {"GET": self.may_list, "POST": create}
        elif "/users/" in path:
            see = (lambda: None) if path.endswith("/me") else self.may_see
            checks = dict.fromkeys(("POST", "PUT", "PATCH"), self._check_change)
            checks |= {"GET": see, "DELETE": self._check_delete}
        elif "/posts" in path:
            checks = dict.fromkeys(("POST", "PUT", "PATCH", "DELETE"), self._check_posts)
        try:
            checks.get(method, lambda: None)()
        except Problem:
            return False
        return True

    def _check_change(self) -> None:
        self.target()
        self.may_change()

    def _check_delete(self) -> None:
        self.target()
        self.may("delete_users", "", "")

    def _check_posts(self) -> None:
        self.may("edit_posts", "", "")

    def only_fields(self, body: Any) -> Any:
        """Return an answer with the fields that ``_fields`` names."""
        asked = str(self.params.get("_fields", "")).replace(",", " ").split()
        if not asked:
            return body
        if isinstance(body, list):
            return [self.only_fields(item) for item in body]
        kept = {"_links"} if self.call.path.rstrip("/") == "/wp-json" else set()
        return {key: value for key, value in body.items() if key in asked or key in kept}

    def page_url(self, number: int) -> str:
        """Return the URL of another page of the same list."""
        query = dict(self.call.query) | {"page": str(number)}
        return f"{self.call.root}{self.call.path}?{urlencode(query, quote_via=quote_plus)}"


def _text(sent: Doc, name: str) -> str:
    return rules.plain_text(sent.get(name) or "")


def _published(post: Doc) -> bool:
    return bool(post["status"] == "publish")


def _newest_first(id_: str | int) -> str:
    return f"{10**9 - int(id_):010d}"


def _post(root: str, post: Doc, context: str) -> Doc:
    title = {"rendered": post["title"].replace("'", "&#8217;")}
    if context == "edit":
        title = {"raw": post["title"]} | title
    link = f"{root}/{rules.slug_of(post['title'])}/"
    return post | {"title": title, "link": link}


_add = WordPressTenant.routes.add
_add("/wp-json", GET=WordPressTenant._index)
_add("/wp-json/", GET=WordPressTenant._index)
_add(f"{_API}/users", GET=WordPressTenant._list, POST=WordPressTenant._create)
for _one, _read in (("me", WordPressTenant._me), ("{id:int}", WordPressTenant._get)):
    _add(
        f"{_API}/users/{_one}",
        GET=_read,
        POST=WordPressTenant._update,
        PUT=WordPressTenant._update,
        PATCH=WordPressTenant._update,
        DELETE=WordPressTenant._delete,
    )
_add(
    f"{_API}/users/{{user_id:int}}/application-passwords",
    GET=WordPressTenant._list_passwords,
    POST=WordPressTenant._create_password,
    DELETE=WordPressTenant._delete_password,
)
_add(
    f"{_API}/users/{{user_id:int}}/application-passwords/{{uuid}}",
    DELETE=WordPressTenant._delete_password,
)
_add(f"{_API}/posts", GET=WordPressTenant._list_posts, POST=WordPressTenant._create_post)
_add(f"{_API}/posts/{{id:int}}", GET=WordPressTenant._get_post)
