"""One request to a WordPress site: who asks, for what, and what that person may do."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode

from pulumi_martech.sandbox.store import Doc
from pulumi_martech.sandbox.tenant import Call
from pulumi_martech.sandbox.wordpress_rules import KINDS, Problem
from pulumi_martech.sandbox.wordpress_site import WordPressSite, published

_WRITTEN = [kind for kind in KINDS.values() if kind.paged]


class Visit:
    """One request to a site: who asks, for what, and what that person may do."""

    def __init__(self, site: WordPressSite, call: Call) -> None:
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
            sent = json.loads(self.call.body)
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
        if isinstance(sent, dict):
            self.params |= sent

    def can(self, capability: str) -> bool:
        """Tell whether who asks has a capability."""
        return any(
            capability in (self.site.stored_roles.get(role) or {"capabilities": []})["capabilities"]
            for role in (self.user["roles"] if self.user else ())
        )

    def may(self, capability: str, code: str, what: str) -> None:
        """Refuse who lacks a capability."""
        if not self.can(capability):
            raise Problem(self.denied, code, f"Sorry, you are not allowed to {what}.")

    def target(self) -> Doc:
        """Return the user the request is about."""
        user = self.site.stored_users.get(str(self.params.get("user_id", self.params.get("id"))))
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
        posts = self.site.stored_posts.named(str(user["id"])).values()
        if not self.can("edit_users") and not any(published(post) for post in posts):
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
        elif any(path.endswith(f"/{kind.base}") or f"/{kind.base}/" in path for kind in _WRITTEN):
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
