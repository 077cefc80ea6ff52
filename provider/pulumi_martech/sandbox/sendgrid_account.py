"""What an account of the sandbox's SendGrid holds, and the administrator's side door to it."""

import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from pulumi_martech.sandbox.sendgrid_scopes import BASELINE, GIVEN, SCOPES
from pulumi_martech.sandbox.store import Doc, Objects, Row
from pulumi_martech.sandbox.tenant import Credentials, Dialect, Tenant, new_secret

WEEK = 7 * 24 * 3600
_BLANK = ("phone", "website", "company", "address", "address2", "city", "state", "country", "zip")


class SendGridDialect(Dialect):
    """Switches of SendGrid; what the vendor does not publish is one, or is marked in the docs."""

    page_cap: int = Field(default=500, ge=1, le=500, description="Most teammates a page.")
    duplicate: Literal["refused", "second"] = Field(
        "refused", description="second: an address can be invited twice."
    )
    expired: Literal["listed", "hidden"] = Field(
        "listed", description="hidden: invitations are not listed after their 7 days."
    )
    listing_says_sso: bool = Field(True, description="False: no is_sso, as in the specification.")
    acceptance_scopes: tuple[str, ...] = Field(
        (), description="Scopes that an acceptance adds to those of the invitation."
    )
    not_kept: tuple[str, ...] = Field(
        (), description="Scopes that are accepted and answered, but not stored."
    )
    subuser_baseline: tuple[str, ...] = Field(
        BASELINE, description="Scopes added to restricted access to a subuser."
    )
    teammates: int | None = Field(None, ge=0, description="Most teammates that the plan allows.")
    per_minute: int | None = Field(None, ge=1, description="Most calls a minute; None: any.")


class SendGridAccount(Tenant):
    """Teammates, invitations, subusers and API keys of an account."""

    platform: ClassVar[str] = "sendgrid"
    dialect_model = SendGridDialect
    side_door: ClassVar[tuple[str, ...]] = (
        "add_teammate", "add_teammates", "change_teammate", "remove_teammate", "teammates",
        "invite", "accept", "decline", "pending", "advance", "add_subuser", "give_subusers",
        "add_key", "keys", "narrow_key", "add_user", "remove_user", "users", "set_scopes",
    )  # fmt: skip
    dialect: SendGridDialect

    def prepare(self) -> None:
        """Make the owner and the key of the administrator."""
        self.tell_time: Callable[[], float] = time.time
        kinds = ("teammate", "invitation", "subuser", "key", "clock")
        self.stored = {kind: Objects(self.store, self.key, kind) for kind in kinds}
        if self.stored["teammate"].count() == 0:
            with self.store.transaction():
                self._store_teammate("owner", "owner@example.com", user_type="owner", is_admin=True)
                self._store_key("administration", None, "SG." + self.secret("key"))

    @property
    def credentials(self) -> Credentials:
        """A key with full access."""
        return Credentials(token="SG." + self.secret("key"))

    @property
    def read_credentials(self) -> Credentials:
        """A key that may only read."""
        token = "SG." + self.secret("reading key")
        if not self.stored["key"].aliased(token):
            with self.store.transaction():
                reads = sorted(scope for scope in SCOPES if scope.endswith(".read"))
                self._store_key("reading", reads, token)
        return Credentials(token=token)

    # -- time

    def now(self) -> int:
        """Return the account's time of day, in seconds since 1970."""
        clock = self.stored["clock"].get("clock") or {"ahead": 0}
        return int(self.tell_time()) + int(clock["ahead"])

    def advance(self, days: float = 0, hours: float = 0, seconds: float = 0) -> int:
        """Let time pass; returns the new time."""
        more = int(((days * 24) + hours) * 3600 + seconds)
        with self.store.transaction():
            clock = self.stored["clock"].get("clock")
            if clock is None:
                self.stored["clock"].add(Row("clock", {"ahead": more}))
            else:
                self.stored["clock"].put(Row("clock", {"ahead": int(clock["ahead"]) + more}))
        return self.now()

    # -- teammates by hand

    def add_teammate(
        self,
        email: str,
        *,
        username: str = "",
        scopes: Iterable[str] = (),
        is_admin: bool = False,
        is_sso: bool = False,
        first_name: str = "",
        last_name: str = "",
    ) -> str:
        """Add a teammate who has accepted, or one of single sign-on. Returns its username."""
        name = username or (email if is_sso else email.partition("@")[0])
        with self.store.transaction():
            self._store_teammate(
                name,
                email,
                scopes=list(scopes),
                is_admin=is_admin,
                is_sso=is_sso,
                first_name=first_name,
                last_name=last_name,
                user_type="admin" if is_admin else "teammate",
            )
        return name

    def add_teammates(self, teammates: Iterable[dict[str, Any]]) -> None:
        """Add many teammates by hand, each as `add_teammate` takes it."""
        with self.store.transaction():
            for one in teammates:
                self.add_teammate(**one)

    def change_teammate(self, email: str, **fields: Any) -> None:
        """Change fields of a teammate by hand; ``None`` takes a field away."""
        with self.store.transaction():
            doc = self._named(email) | fields
            self._put_teammate({name: value for name, value in doc.items() if value is not None})

    def remove_teammate(self, email: str) -> None:
        """Remove a teammate by hand."""
        with self.store.transaction():
            self.stored["teammate"].remove(self._named(email)["username"])

    def teammates(self) -> dict[str, Doc]:
        """Return what is stored of all teammates, by address."""
        return {doc["email"]: doc for doc in self.stored["teammate"].page().values()}

    # the same under the names that the side doors of all platforms have

    def add_user(self, login: str, *, roles: Iterable[str] = (), **fields: Any) -> str:
        """Add a teammate by hand; see `add_teammate`."""
        return self.add_teammate(login, scopes=roles, **fields)

    def remove_user(self, login: str) -> None:
        """Remove a teammate by hand."""
        self.remove_teammate(login)

    def users(self) -> dict[str, Doc]:
        """Return what is stored of all teammates, by address."""
        return self.teammates()

    def set_scopes(self, email: str, scopes: Iterable[str]) -> None:
        """Replace a teammate's scopes by hand."""
        self.change_teammate(email, scopes=list(scopes), is_admin=False, user_type="teammate")

    # -- invitations by hand

    def invite(self, email: str, scopes: Iterable[str] = (), is_admin: bool = False) -> str:
        """Send an invitation by hand. Returns its token."""
        with self.store.transaction():
            return str(self._store_invitation(email, list(scopes), is_admin)["token"])

    def pending(self) -> dict[str, Doc]:
        """Return the invitations that were neither accepted nor cancelled, by address."""
        return {doc["email"]: doc for doc in self.stored["invitation"].page().values()}

    def accept(self, email: str, *, username: str = "", address: str = "") -> str:
        """Let the invited person accept, as ``username`` and perhaps with another ``address``.

        Returns the username. Raises ``ValueError`` if the invitation is gone or has expired.
        """
        with self.store.transaction():
            invitation = self._invited(email)
            if invitation["expiration_date"] <= self.now():
                raise ValueError(f"the invitation of {email} has expired")
            self.stored["invitation"].remove(invitation["token"])
            added = [s for s in self.dialect.acceptance_scopes if s not in invitation["scopes"]]
            return self.add_teammate(
                address or invitation["email"],
                username=username,
                scopes=[] if invitation["is_admin"] else [*invitation["scopes"], *added],
                is_admin=invitation["is_admin"],
            )

    def decline(self, email: str) -> None:
        """Let the invited person decline, or an administrator cancel by hand: it is gone."""
        with self.store.transaction():
            self.stored["invitation"].remove(self._invited(email)["token"])

    # -- subusers and keys by hand

    def add_subuser(self, username: str, *, email: str = "", disabled: bool = False) -> int:
        """Add a subuser by hand. Returns its id."""
        with self.store.transaction():
            id_ = self.store.next_number(self.key, "subuser", first=1001)
            doc = {"id": id_, "username": username, "email": email or f"{username}@example.com"}
            self.stored["subuser"].add(Row(str(id_), doc | {"disabled": disabled}, username))
        return id_

    def give_subusers(self, email: str, access: dict[str, list[str] | None]) -> None:
        """Restrict a teammate to subusers by hand: scopes by name, ``None`` for administration."""
        given = {}
        for username, scopes in access.items():
            id_ = self._subuser(username)["id"]
            kind = "admin" if scopes is None else "restricted"
            given[str(id_)] = {"permission_type": kind, "scopes": scopes or []}
        self.change_teammate(email, access=given, scopes=[], is_admin=False)

    def add_key(self, name: str, scopes: Iterable[str] | None = None) -> str:
        """Make an API key by hand, with full access if no scopes are named. Returns its id."""
        with self.store.transaction():
            key = self._store_key(name, None if scopes is None else list(scopes))
            return str(key["api_key_id"])

    def keys(self) -> dict[str, Doc]:
        """Return what is stored of all API keys, by id."""
        return self.stored["key"].page()

    def narrow_key(self, *missing: str) -> None:
        """Take scopes from the administrator's key."""
        with self.store.transaction():
            ((_, key),) = self.stored["key"].aliased("SG." + self.secret("key")).items()
            self._put_key(key | {"scopes": sorted(SCOPES - set(missing))})

    # -- storing

    def _named(self, email: str) -> Doc:
        found = self.stored["teammate"].aliased(email.lower())
        if not found:
            raise ValueError(f"tenant {self.key} has no teammate {email!r}")
        return next(iter(found.values()))

    def _invited(self, email: str) -> Doc:
        found = self.stored["invitation"].aliased(email.lower())
        if not found:
            raise ValueError(f"tenant {self.key} has no invitation of {email!r}")
        return next(iter(found.values()))

    def _subuser(self, username: str) -> Doc:
        found = self.stored["subuser"].named(username)
        if not found:
            raise ValueError(f"tenant {self.key} has no subuser {username!r}")
        return next(iter(found.values()))

    def _store_teammate(self, username: str, email: str, **fields: Any) -> Doc:
        doc: Doc = dict.fromkeys(_BLANK, "") | {
            "username": username,
            "email": email,
            "first_name": "",
            "last_name": "",
            "user_type": "teammate",
            "is_admin": False,
            "is_sso": False,
            "scopes": [],
            "access": {},
        }
        doc |= fields
        self.stored["teammate"].add(Row(username, doc, username.lower(), email.lower()))
        return doc

    def _put_teammate(self, doc: Doc) -> None:
        username, email = doc["username"], doc.get("email", "")
        self.stored["teammate"].put(Row(username, doc, username.lower(), email.lower()))

    def _store_invitation(self, email: str, scopes: list[str], is_admin: bool) -> Doc:
        token = uuid.uuid4().hex
        doc: Doc = {"email": email, "scopes": scopes, "is_admin": is_admin, "token": token}
        doc["expiration_date"] = self.now() + WEEK
        self.stored["invitation"].add(Row(token, doc, token, email.lower()))
        return doc

    def _put_invitation(self, doc: Doc) -> None:
        row = Row(doc["token"], doc, doc["token"], doc["email"].lower())
        self.stored["invitation"].put(row)

    def _store_key(self, name: str, scopes: list[str] | None, secret: str = "") -> Doc:
        id_ = new_secret(22)
        secret = secret or f"SG.{id_}.{new_secret(43)}"
        doc: Doc = {"api_key_id": id_, "name": name, "scopes": scopes, "secret": secret}
        self.stored["key"].add(Row(id_, doc, name, secret))
        return doc

    def _put_key(self, doc: Doc) -> None:
        self.stored["key"].put(Row(doc["api_key_id"], doc, doc["name"], doc["secret"]))

    # -- showing

    @staticmethod
    def held(key: Doc) -> frozenset[str]:
        """Return the scopes of an API key; one without a list has all."""
        return SCOPES if key["scopes"] is None else frozenset(key["scopes"])

    def _shown(self, doc: Doc, *, scopes: bool) -> Doc:
        """Return a teammate as the API shows it; the listing has no scopes."""
        shown = {name: value for name, value in doc.items() if name not in ("scopes", "access")}
        if not self.dialect.listing_says_sso:
            shown.pop("is_sso", None)
        if scopes:
            shown["scopes"] = self._scopes_shown(doc)
        return shown

    def _scopes_shown(self, doc: Doc) -> list[str]:
        if doc["is_admin"]:
            return sorted(SCOPES)
        # Whoever is restricted to subusers is shown with scopes all the same [CODE].
        own = self.dialect.subuser_baseline if doc["access"] else doc["scopes"]
        return sorted({*own, *GIVEN})

    def _access_shown(self, doc: Doc) -> list[Doc]:
        """Return the subusers that a teammate has access to, in the order of their ids."""
        found = []
        for id_, subuser in self.stored["subuser"].page().items():
            given = doc["access"].get(id_)
            if doc["is_admin"]:
                given = {"permission_type": "admin", "scopes": []}
            if given is None:
                continue
            own = {*given["scopes"], *self.dialect.subuser_baseline, *GIVEN}
            scopes = SCOPES if given["permission_type"] == "admin" else own
            found.append(
                subuser | {"permission_type": given["permission_type"], "scopes": sorted(scopes)}
            )
        return found
