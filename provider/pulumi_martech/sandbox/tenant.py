"""What every platform of the sandbox is made of: a request, an answer, a tenant."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar

from pydantic import Field
from starlette.datastructures import Headers, QueryParams
from starlette.routing import compile_path

from pulumi_martech.model.account import AccountConfig, Basic, Bearer
from pulumi_martech.model.values import Frozen
from pulumi_martech.sandbox.faults import Fault, Faults
from pulumi_martech.sandbox.log import Entry, Log
from pulumi_martech.sandbox.store import Store


@dataclass(frozen=True)
class Call:
    """A request as a platform sees it.

    ``root`` is the address of the tenant as the client knows it, ``path`` the rest. ``parts`` are
    the values of the route's parameters. ``keep`` (a listing has that many records at most) and
    ``endless`` (a listing has no end) are faults that only the platform can play.
    """

    method: str
    root: str
    path: str
    query: QueryParams
    headers: Headers
    body: bytes
    parts: dict[str, Any] = field(default_factory=dict)
    keep: int | None = None
    endless: bool = False

    def bearer(self) -> str:
        """Return the bearer token sent, or an empty string."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" else ""


@dataclass
class Answer:
    """What a platform answers; ``body`` ``None`` means no content."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def content(self) -> bytes:
        """Return the body as sent."""
        if self.body is None:
            return b""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


Handler = Callable[[Any, Any], Answer]
"""A method of a tenant class, called with the call or with what the platform makes of it."""


class Routes:
    """The paths of a platform: pattern (``/Users/{id}``) and method to handler."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, Any, Any, dict[str, Handler]]] = []

    def add(self, pattern: str, **handlers: Handler) -> None:
        """Serve ``pattern``; keywords are methods: ``GET=..., POST=...``."""
        regex, _, converters = compile_path(pattern)
        self._routes.append((pattern, regex, converters, handlers))

    def find(self, path: str) -> tuple[str, dict[str, Handler], dict[str, Any]]:
        """Return pattern, handlers by method and parameters of a path; empty if there is none."""
        for pattern, regex, converters, handlers in self._routes:
            if match := regex.match(path):
                parts = {k: converters[k].convert(v) for k, v in match.groupdict().items()}
                return pattern, handlers, parts
        return "", {}, {}


class Dialect(Frozen):
    """Switches of a platform; each platform adds its own."""

    page_cap: int = Field(default=100, ge=1, description="Most records a page.")


@dataclass(frozen=True)
class Credentials:
    """What a client of a tenant needs: a token, or a user name and a password."""

    token: str = ""
    username: str = ""
    password: str = ""


class Tenant:
    """One account on one platform: its API, and the administrator's side door to it.

    A platform is a subclass: the class variables, `answer`, and side-door methods, those that may
    be called over HTTP named in ``side_door``.
    """

    platform: ClassVar[str]
    dialect_model: ClassVar[type[Dialect]] = Dialect
    api_path: ClassVar[str] = ""
    """What follows the tenant's address in the URL of an `Account`."""
    routes: ClassVar[Routes]
    side_door: ClassVar[tuple[str, ...]] = ()

    def __init__(self, store: Store, log: Log, key: str, url: str, dialect: Dialect) -> None:
        self.store, self.key, self.dialect = store, key, dialect
        self.url = f"{url}/{key}"
        self.faults = Faults()
        self._log = log
        self.prepare()

    def prepare(self) -> None:
        """Make what a fresh account has; an account that was there before has it already."""

    def answer(self, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        """Answer an API request; ``handlers`` are those of its route, by method.

        Runs inside a transaction that an answer of 400 or above undoes.
        """
        raise NotImplementedError

    def failure(self, status: int) -> Answer:
        """Return what the platform says when it fails by itself (429, 500, 503 ...)."""
        phrase = HTTPStatus(status).phrase
        return Answer(status, {"status": status, "message": phrase})

    def come_back(self, fault: Fault) -> dict[str, str]:
        """Return the headers by which the platform says when to try again."""
        return fault.headers()

    @property
    def credentials(self) -> Credentials:
        """The credentials of an administrator of this tenant."""
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        """The URL an `Account` of this tenant is declared with."""
        return self.url + self.api_path

    def secret(self, name: str, length: int = 32) -> str:
        """Return the secret of this name, made when first asked for."""
        rows = self.store.query(
            "SELECT doc FROM objects WHERE tenant = ? AND kind = 'secret' AND id = ?",
            self.key,
            name,
        )
        if rows:
            return str(rows[0][0])
        value = new_secret(length)
        self.store.write(
            "INSERT INTO objects (tenant, kind, id, doc) VALUES (?, 'secret', ?, ?)",
            self.key,
            name,
            value,
        )
        return value

    # -- how to reach it -------------------------------------------------

    def _variable(self, what: str) -> str:
        return f"{self.key.upper().replace('-', '_')}_{what}"

    def environment(self) -> dict[str, str]:
        """Return URL and credentials of this tenant as environment variables."""
        found = {self._variable("URL"): self.base_url}
        for what in ("token", "username", "password"):
            if value := getattr(self.credentials, what):
                found[self._variable(what.upper())] = value
        return found

    def exports(self) -> str:
        """Return `environment` as lines for a shell."""
        return "\n".join(f"export {name}='{value}'" for name, value in self.environment().items())

    def account(self) -> AccountConfig:
        """Return the account as the product declares it; secrets by reference to `environment`."""
        secret = self.credentials
        return AccountConfig(
            key=self.key,
            platform=self.platform,
            url=self.base_url,
            credentials=Bearer(token=f"env:{self._variable('TOKEN')}")
            if secret.token
            else Basic(username=secret.username, password=f"env:{self._variable('PASSWORD')}"),
        )

    # -- what happened, and what shall go wrong ---------------------------

    def log(self, after: int = 0) -> list[Entry]:
        """Return all API requests to this tenant, oldest first; ``after``: with greater number."""
        return self._log.entries(self.key, after)

    def writes(self, after: int = 0) -> list[Entry]:
        """Return the API requests that asked for a change, carried out or not."""
        return self._log.entries(self.key, after, writes=True)

    def calls(self, after: int = 0) -> Counter[str]:
        """Count the API requests by method and route: ``{"GET /scim/v2/Users": 3, ...}``."""
        return self._log.calls(self.key, after)

    def mark(self) -> int:
        """Return the number of the newest log entry: pass it as ``after`` later."""
        return self._log.last_number()

    def fault(self, kind: str, **details: Any) -> Fault:
        """Let something go wrong; see `Fault` for kinds and details."""
        fault = Fault.model_validate({"kind": kind, **details})
        self.faults.arm(fault)
        return fault

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self.faults.clear()


def new_secret(length: int = 32) -> str:
    """Return a random secret of letters and digits that are not mistaken for one another."""
    alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(alphabet) for _ in range(length))


def now() -> str:
    """Return the time in the form most platforms write it, e.g. ``2026-11-22T01:43:43Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
