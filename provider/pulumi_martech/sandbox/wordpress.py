"""WordPress 6.1 core REST: users, application passwords, and the content that hangs on users.

Facts: observed answers of WordPress 6.1.9 [R] and its source [S], sheet wordpress.md.
"""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pulumi_martech.sandbox import wordpress_content as content
from pulumi_martech.sandbox import wordpress_rules as rules
from pulumi_martech.sandbox.store import Doc
from pulumi_martech.sandbox.tenant import Answer, Call, Handler, Routes, new_secret
from pulumi_martech.sandbox.wordpress_rules import Problem, checked
from pulumi_martech.sandbox.wordpress_site import API, WordPressSite, published
from pulumi_martech.sandbox.wordpress_visit import Visit


class WordPressTenant(WordPressSite):
    """The REST API of a site."""

    routes: ClassVar[Routes] = Routes()

    def answer(self, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        """Answer a request in WordPress's way, errors included."""
        if not call.path.startswith("/wp-json"):
            return Answer(404, "<title>Page not found</title>", {}, "text/html")
        visit = Visit(self, call)
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

    def _list(self, visit: Visit) -> Answer:
        asked = checked(visit.params, rules.listing(self.dialect.page_cap))
        visit.may_list()
        per_page = asked.get("per_page", min(10, self.dialect.page_cap))
        offset = asked.get("offset") or (asked.get("page", 1) - 1) * per_page
        page = math.ceil(offset / per_page + 1)
        found = self._found(visit, asked)
        total = self.stored_users.count() if found is None else len(found)
        limit = per_page
        if visit.call.keep is not None:
            total = min(total, visit.call.keep)
            limit = max(0, min(per_page, total - offset))
        if visit.call.endless:
            offset %= max(total, 1)
        shown = (
            list(self.stored_users.page(offset, limit).values())
            if found is None
            else found[offset : offset + limit]
        )
        pages = page + 1 if visit.call.endless else math.ceil(total / per_page)
        context = asked.get("context", "view")
        answer = Answer(200, self._all_shown(visit.call.root, shown, context))
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

    def _found(self, visit: Visit, asked: Doc) -> list[Doc] | None:
        """Return the users a list is asked for, in its order; ``None``: all, by name."""
        search = asked.get("search", "").lower()
        order, by = asked.get("order", "asc"), asked.get("orderby", "name")
        listing = visit.can("list_users")
        narrowed = any(asked.get(k) for k in ("exclude", "include", "slug", "roles", "search"))
        if not narrowed and listing and (order, by) == ("asc", "name"):
            return None
        by_mail = "@" in search and listing
        users = self.stored_users.aliases_with(search) if by_mail else self.stored_users.page()
        authors = {post["author"] for post in self.stored_posts.page().values() if published(post)}
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
            column = "registered" if by == "registered_date" else str(by)
            if by in ("id", "include", "include_slugs"):
                found.sort(key=lambda user: user["id"])
            else:
                found.sort(key=lambda user: str(user[column]).lower())
        return found[::-1] if order == "desc" else found

    def _get(self, visit: Visit) -> Answer:
        asked = checked(visit.params, rules.READ)
        user = visit.target()
        visit.may_see()
        return Answer(200, self._shown(visit.call.root, user, asked.get("context", "view")))

    def _me(self, visit: Visit) -> Answer:
        if visit.user is None:
            raise Problem(401, "rest_not_logged_in", "You are not currently logged in.")
        return self._get(visit)

    def _create(self, visit: Visit) -> Answer:
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
        answer.headers["Location"] = f"{visit.call.root}{API}/users/{user['id']}"
        return answer

    def _check_free(self, login: str, email: str) -> None:
        taken = []
        if self.stored_users.named(login.lower()):
            taken.append(("login", "user_name", "Sorry, that username already exists!"))
        if self.stored_users.aliased(email.lower()):
            taken.append(("email", "user_email", "Sorry, that email address is already used!"))
        if not taken:
            return
        if self.dialect.multisite:
            problem = Problem(400, "rest_invalid_param", "Invalid user parameter(s).")
            problem.body["additional_errors"] = [
                {"code": code, "message": words, "data": None} for _, code, words in taken
            ]
            raise problem
        what, _, words = taken[0]
        raise Problem(500, f"existing_user_{what}", words).without_data()

    def _update(self, visit: Visit) -> Answer:
        sent = checked(visit.params, rules.UPDATE)
        user = visit.target()
        visit.may_change()
        owners = self.stored_users.aliased(sent["email"].lower()) if sent.get("email") else {}
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

    def _check_roles(self, visit: Visit, user: Doc | None, roles: Sequence[str]) -> None:
        own = user is not None and visit.user is not None and user["id"] == visit.user["id"]
        for role in roles:
            known = self.stored_roles.get(role)
            if known is None:
                words = f"The role {role} does not exist."
                raise Problem(400, "rest_user_invalid_role", words)
            # An empty list gets past this: an administrator can lock himself out [R].
            if own and "edit_users" not in known["capabilities"]:
                words = "Sorry, you are not allowed to give users that role."
                raise Problem(visit.denied, "rest_user_invalid_role", words)

    def _delete(self, visit: Visit) -> Answer:
        sent = checked(visit.params, rules.DELETE)
        user = visit.target()
        visit.may("delete_users", "rest_user_cannot_delete", "delete this user")
        if self.dialect.multisite:
            raise Problem(501, "rest_cannot_delete", "The user cannot be deleted.")
        if not sent.get("force"):
            words = "Users do not support trashing. Set 'force=true' to delete."
            raise Problem(501, "rest_trash_not_supported", words)
        heir = sent["reassign"]
        if heir is not None and (heir == user["id"] or self.stored_users.get(str(heir)) is None):
            words = "Invalid user ID for reassignment."
            raise Problem(400, "rest_user_invalid_reassign", words)
        previous = self._shown(visit.call.root, user, "edit")
        previous.pop("_links")
        self._drop(user, heir)
        return Answer(200, {"deleted": True, "previous": previous})

    def _list_passwords(self, visit: Visit) -> Answer:
        user = visit.owner("list application passwords for this user")
        live = self.stored_passwords.named(str(user["id"])).values()
        return Answer(200, [self._shown_password(visit.call.root, user, one) for one in live])

    def _create_password(self, visit: Visit) -> Answer:
        sent = checked(visit.params, rules.APPLICATION_PASSWORD)
        user = visit.owner("create application passwords for this user")
        live = self.stored_passwords.named(str(user["id"])).values()
        if sent["name"] in [one["name"] for one in live]:
            words = "Each application name should be unique."
            raise Problem(409, "application_password_duplicate_name", words)
        secret = new_secret(24)
        made = self._store_password(user["id"], sent["name"], secret)
        shown = self._shown_password(visit.call.root, user, made)
        shown["password"] = " ".join(secret[i : i + 4] for i in range(0, 24, 4))
        return Answer(201, shown, {"Location": shown["_links"]["self"][0]["href"]})

    def _delete_password(self, visit: Visit) -> Answer:
        user = visit.owner("delete application passwords for this user")
        live = self.stored_passwords.named(str(user["id"]))
        wanted = visit.call.parts.get("uuid")
        if wanted is None:
            for id_ in live:
                self.stored_passwords.remove(id_)
            return Answer(200, {"deleted": True, "count": len(live)})
        if wanted not in live:
            words = "Application password not found."
            raise Problem(404, "rest_application_password_not_found", words)
        self.stored_passwords.remove(wanted)
        previous = self._shown_password(visit.call.root, user, live[wanted])
        previous.pop("_links")
        return Answer(200, {"deleted": True, "previous": previous})

    def _index(self, visit: Visit) -> Answer:
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


_add = WordPressTenant.routes.add
_add("/wp-json", GET=WordPressTenant._index)
_add("/wp-json/", GET=WordPressTenant._index)
_add(f"{API}/users", GET=WordPressTenant._list, POST=WordPressTenant._create)
for _one, _read in (("me", WordPressTenant._me), ("{id:int}", WordPressTenant._get)):
    _add(
        f"{API}/users/{_one}",
        GET=_read,
        POST=WordPressTenant._update,
        PUT=WordPressTenant._update,
        PATCH=WordPressTenant._update,
        DELETE=WordPressTenant._delete,
    )
_add(
    f"{API}/users/{{user_id:int}}/application-passwords",
    GET=WordPressTenant._list_passwords,
    POST=WordPressTenant._create_password,
    DELETE=WordPressTenant._delete_password,
)
_add(
    f"{API}/users/{{user_id:int}}/application-passwords/{{uuid}}",
    DELETE=WordPressTenant._delete_password,
)
content.serve(WordPressTenant.routes)
