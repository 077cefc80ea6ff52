"""What WordPress 6.1 checks before it does anything: parameters, names, roles.

Facts: observed answers of WordPress 6.1.9 [R] and its source [S], sheet wordpress.md.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from pulumi_martech.sandbox.store import Doc

BUILTIN_ROLES: dict[str, list[str]] = json.loads(
    files(__package__).joinpath("wordpress_roles.json").read_text()
)
"""The five roles of a fresh site and their capabilities [R]."""


class Problem(Exception):
    """An error answer: status, code, message, data as WordPress writes them."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: Doc = {"code": code, "message": message, "data": {"status": status} | data}

    def without_data(self) -> "Problem":
        """Return the problem as an error without a status, which WordPress answers with 500."""
        self.body["data"] = None
        return self


@dataclass(frozen=True)
class Param:
    """A parameter of a route: its type and bounds."""

    kind: Literal[
        "string", "integer", "boolean", "strings", "integers", "email", "username", "password",
        "reassign",
    ] = "string"  # fmt: skip
    required: bool = False
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


_NO_NULL = ("integer", "boolean")
"""Kinds whose null counts as not given; text becomes empty, a list has nothing in it."""

_Fault = tuple[str, str, Doc | None]
"""Code, message and data of what is wrong with one parameter."""


def checked(given: Mapping[str, Any], params: Mapping[str, Param]) -> Doc:
    """Return the known parameters in their types; raises `Problem` naming all wrong ones."""
    missing = [name for name, param in params.items() if param.required and given.get(name) is None]
    if missing:
        words = f"Missing parameter(s): {', '.join(missing)}"
        raise Problem(400, "rest_missing_callback_param", words, params=missing)
    good: Doc = {}
    bad: dict[str, _Fault] = {}
    for name, param in params.items():
        if name not in given or (given[name] is None and param.kind in _NO_NULL):
            continue
        value, fault = _value(name, given[name], param)
        if fault is not None:
            bad[name] = fault
        good[name] = value
    if bad:
        raise Problem(
            400,
            "rest_invalid_param",
            f"Invalid parameter(s): {', '.join(bad)}",
            params={name: message for name, (_, message, _) in bad.items()},
            details={
                name: {"code": code, "message": message, "data": data}
                for name, (code, message, data) in bad.items()
            },
        )
    return good


def _value(name: str, value: Any, param: Param) -> tuple[Any, _Fault | None]:
    """Return a parameter in its type, or what is wrong with it."""
    if value is None:
        return ([] if param.kind in ("strings", "integers") else ""), None
    match param.kind:
        case "integer":
            return _integer(name, value, param)
        case "boolean":
            known = {"true": True, "1": True, "false": False, "0": False, "": False}
            if str(value).lower() in known:
                return known[str(value).lower()], None
            return None, _wrong_type(name, "boolean")
        case "strings" | "integers":
            return _list(name, value, param)
        case "email":
            return _email(value)
        case "username":
            return _username(value)
        case "password":
            return _password(value)
        case "reassign":
            return _reassign(value)
    if not isinstance(value, str):
        return None, _wrong_type(name, "string")
    if param.choices and value not in param.choices:
        return None, ("rest_not_in_enum", _one_of(name, param.choices), None)
    return value, None


def _wrong_type(name: str, kind: str) -> _Fault:
    return "rest_invalid_type", f"{name} is not of type {kind}.", {"param": name}


def _one_of(name: str, choices: tuple[str, ...]) -> str:
    *most, last = choices
    comma = "," if len(most) > 1 else ""
    return f"{name} is not one of {', '.join(most)}{comma} and {last}."


def _integer(name: str, value: Any, param: Param) -> tuple[Any, _Fault | None]:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        return None, _wrong_type(name, "integer")
    number = int(value)
    if param.least is not None and param.most is not None:
        if not param.least <= number <= param.most:
            words = f"between {param.least} (inclusive) and {param.most} (inclusive)"
            return None, ("rest_out_of_bounds", f"{name} must be {words}", None)
    elif param.least is not None and number < param.least:
        words = f"{name} must be greater than or equal to {param.least}"
        return None, ("rest_out_of_bounds", words, None)
    return number, None


def _list(name: str, value: Any, param: Param) -> tuple[Any, _Fault | None]:
    if isinstance(value, str):
        value = [part for part in re.split(r"[\s,]+", value) if part]
    if not isinstance(value, list):
        return None, _wrong_type(name, "array")
    for index, item in enumerate(value):
        if param.kind == "strings" and not isinstance(item, str):
            return None, _wrong_type(f"{name}[{index}]", "string")
        if param.kind == "integers" and not re.fullmatch(r"\d+", str(item)):
            return None, _wrong_type(f"{name}[{index}]", "integer")
        if param.choices and item not in param.choices:
            return None, ("rest_not_in_enum", _one_of(f"{name}[{index}]", param.choices), None)
    return [int(i) for i in value] if param.kind == "integers" else value, None


def _email(value: Any) -> tuple[Any, _Fault | None]:
    shape = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
    if not isinstance(value, str) or not re.fullmatch(shape, value):
        return None, ("rest_invalid_email", "Invalid email address.", None)
    return value, None


def _username(value: Any) -> tuple[Any, _Fault | None]:
    name = str(value)
    if not re.fullmatch(r"[A-Za-z0-9_.\-@]+( [A-Za-z0-9_.\-@]+)*", name):
        words = (
            "This username is invalid because it uses illegal characters."
            " Please enter a valid username."
        )
        return None, ("rest_user_invalid_username", words, {"status": 400})
    return name, None


def _password(value: Any) -> tuple[Any, _Fault | None]:
    words = ""
    if not value:
        words = "Passwords cannot be empty."
    elif "\\" in str(value):
        words = 'Passwords cannot contain the "\\" character.'
    if words:
        return None, ("rest_user_invalid_password", words, {"status": 400})
    return str(value), None


def _reassign(value: Any) -> tuple[Any, _Fault | None]:
    if value in ("", False, "false"):
        return None, None
    if str(value).isdigit():
        return int(value), None
    return None, ("rest_invalid_param", "Invalid user parameter(s).", {"status": 400})


def plain_text(value: str) -> str:
    """Return text as WordPress stores names: without tags, line breaks and double spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", value)).strip()


def slug_of(login: str) -> str:
    """Return the part of a URL that a login becomes."""
    text = re.sub(r"\s+", "-", login.lower()[:50].replace(".", "-"))
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9_-]", "", text)).strip("-")


_CONTEXT = Param(choices=("view", "embed", "edit"))
_ORDERS = ("id", "include", "name", "registered_date", "slug", "include_slugs", "email", "url")
_LOCALES = ("", "en_US")
_PROFILE = {
    "name": Param(),
    "first_name": Param(),
    "last_name": Param(),
    "email": Param("email"),
    "url": Param(),
    "description": Param(),
    "locale": Param(choices=_LOCALES),
    "nickname": Param(),
    "slug": Param(),
    "roles": Param("strings"),
}

READ = {"context": _CONTEXT}
UPDATE = {"username": Param("username")} | _PROFILE | {"password": Param("password")}
CREATE = {
    "username": Param("username", required=True),
    **_PROFILE,
    "email": Param("email", required=True),
    "password": Param("password", required=True),
}
DELETE = {"force": Param("boolean"), "reassign": Param("reassign", required=True)}
APPLICATION_PASSWORD = {"name": Param(required=True), "app_id": Param()}

CREATE_POST = {
    "title": Param(),
    "status": Param(choices=("publish", "future", "draft", "pending", "private")),
    "author": Param("integer"),
}


@dataclass(frozen=True)
class Kind:
    """A kind of content: its type, the part of the path, and what it has [R]."""

    name: str
    base: str
    title: str
    supports: tuple[str, ...]
    usual: str = "publish"
    statuses: tuple[str, ...] = (
        "publish", "future", "draft", "pending", "private", "trash", "auto-draft", "inherit",
        "request-pending", "request-confirmed", "request-failed", "request-completed", "any",
    )  # fmt: skip
    paged: bool = True
    """Whether it is listed by pages with a total, narrowed by author."""

    def shown(self) -> Doc:
        """Return the kind as ``/types`` shows it."""
        return {
            "name": self.title,
            "slug": self.name,
            "rest_base": self.base,
            "rest_namespace": "wp/v2",
            "supports": dict.fromkeys(self.supports, True),
        }


KINDS = {
    kind.name: kind
    for kind in (
        Kind("post", "posts", "Posts", ("title", "editor", "author", "revisions")),
        Kind("page", "pages", "Pages", ("title", "editor", "author", "revisions")),
        Kind(
            "attachment", "media", "Media", ("title", "author", "comments"),
            "inherit", ("inherit", "private", "trash"),
        ),
        Kind("wp_block", "blocks", "Reusable blocks", ("title", "editor", "revisions")),
        Kind("wp_template", "templates", "Templates", ("title", "editor", "author"), paged=False),
    )
}  # fmt: skip
"""Kinds of content, those that a fresh site has and this one serves."""


def read_content(kind: Kind) -> dict[str, Param]:
    """Return the parameters of a list of content."""
    return {
        "page": Param("integer", least=1),
        "per_page": Param("integer", least=1, most=100),
        "author": Param("integers"),
        "status": Param("strings", choices=kind.statuses),
    }


def listing(cap: int) -> dict[str, Param]:
    """Return the parameters of the list of users, with at most ``cap`` a page."""
    return {
        "context": _CONTEXT,
        "page": Param("integer", least=1),
        "per_page": Param("integer", least=1, most=cap),
        "search": Param(),
        "exclude": Param("integers"),
        "include": Param("integers"),
        "offset": Param("integer"),
        "order": Param(choices=("asc", "desc")),
        "orderby": Param(choices=_ORDERS),
        "slug": Param("strings"),
        "roles": Param("strings"),
    }
