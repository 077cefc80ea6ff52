"""SendGrid v3: teammates, invitations, single sign-on, subusers, API keys.

Facts: the vendor's specification [SPEC] and what third-party connectors found [CODE], sheet
sendgrid.md. Words of refusals that nobody publishes are the sandbox's own [MEM].
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pulumi_martech.sandbox import sendgrid_keys as keys
from pulumi_martech.sandbox.faults import Fault
from pulumi_martech.sandbox.sendgrid_account import WEEK, SendGridAccount
from pulumi_martech.sandbox.sendgrid_asked import INVALID_SCOPES, Asked, Problem
from pulumi_martech.sandbox.sendgrid_scopes import (
    AUTOMATIC,
    ONLY_ACCEPTED,
    PERSONAS,
    SCOPES,
    persona,
)
from pulumi_martech.sandbox.store import Doc
from pulumi_martech.sandbox.tenant import Answer, Call, Handler, Routes

_WRITES = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete", "GET": "read"}


class SendGridTenant(SendGridAccount):
    """The API of an account."""

    routes: ClassVar[Routes] = Routes()

    def answer(self, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        """Answer a request in SendGrid's way, errors and limits included."""
        limits = self._count_call()
        try:
            if limits and limits["X-RateLimit-Remaining"] == "-1":
                limits["X-RateLimit-Remaining"] = "0"
                raise Problem(429, "too many requests")
            held = self._admit(call, handlers)
            handler = handlers[call.method]
            answer = handler(self, Asked(call, held))
        except Problem as problem:
            answer = Answer(problem.status, problem.body)
        answer.headers.update(limits)
        return answer

    def failure(self, status: int) -> Answer:
        """Return what SendGrid says when it fails by itself."""
        said = {429: "too many requests", 500: "internal server error"}
        message = said.get(status, "service unavailable")
        return Answer(status, {"errors": [{"field": None, "message": message}]})

    def come_back(self, fault: Fault) -> dict[str, str]:
        """Return when a limit is lifted: a moment, and no ``Retry-After``."""
        if fault.status != 429:
            return {}
        seconds = fault.retry_after
        if seconds is None:
            seconds = 60 - self.now() % 60
        return _limits(self.dialect.per_minute or 600, 0, seconds)

    def _count_call(self) -> dict[str, str]:
        """Count a call of this minute; the headers say what is left, -1 if it was too many."""
        most = self.dialect.per_minute
        if most is None:
            return {}
        now = self.now()
        window, used = getattr(self, "_window", (0, 0))
        window, used = (window, used + 1) if window == now // 60 else (now // 60, 1)
        self._window = (window, used)
        return _limits(most, max(most - used, -1), 60 - now % 60)

    def _admit(self, call: Call, handlers: Mapping[str, Handler]) -> frozenset[str]:
        """Return the scopes of the key that asks, if it may ask this."""
        part = call.path.removeprefix("/v3/").split("/")
        if call.headers.get("on-behalf-of"):
            # Subusers have no teammates and keys here, and the parent's are not theirs.
            raise Problem(403, "access forbidden", bare=part[0] == "sso")
        key = self.stored["key"].aliased(call.bearer()) if call.bearer() else {}
        if not key:
            raise Problem(401, "authorization required", bare=part[0] == "sso")
        if not handlers:
            raise Problem(404, "resource not found")
        if call.method not in handlers:
            raise Problem(405, "method not allowed")
        held = self.held(next(iter(key.values())))
        root = "sso.teammates" if part[0] == "sso" else part[0]
        verb = "update" if part[-1] == "resend" else _WRITES[call.method]
        if part[0] != "scopes" and f"{root}.{verb}" not in held:
            raise Problem(403, "access forbidden", bare=part[0] == "sso")
        return held

    # -- teammates

    def _scopes(self, asked: Asked) -> Answer:
        return Answer(200, {"scopes": sorted(asked.held)})

    def _list(self, asked: Asked) -> Answer:
        limit = asked.number("limit", self.dialect.page_cap, 500)
        offset = asked.number("offset", 0)
        limit = min(limit, self.dialect.page_cap)
        total = self.stored["teammate"].count()
        if asked.call.keep is not None:
            limit = max(0, min(limit, asked.call.keep - offset))
        if asked.call.endless:
            offset %= max(total, 1)
        page = self.stored["teammate"].page(offset, limit).values()
        return Answer(200, {"result": [self._shown(one, scopes=False) for one in page]})

    def _invite(self, asked: Asked) -> Answer:
        sent = asked.body()
        email = asked.email(sent)
        scopes, admin = self._rights(sent, asked.held)
        if ONLY_ACCEPTED & set(scopes):
            raise Problem(400, INVALID_SCOPES, "scopes")
        self._check_room(email)
        made = self._store_invitation(email, scopes, admin)
        return Answer(201, {n: made[n] for n in ("token", "email", "scopes", "is_admin")})

    def _check_room(self, email: str, bare: bool = False) -> None:
        there = self.stored["teammate"].aliased(email.lower())
        invited = self._listed(self.stored["invitation"].aliased(email.lower()).values())
        if there or (invited and self.dialect.duplicate == "refused"):
            raise Problem(400, "a teammate with this email already exists", "email", bare)
        most = self.dialect.teammates
        taken = self.stored["teammate"].count() - 1 + self.stored["invitation"].count()
        if most is not None and taken >= most:
            raise Problem(403, "your plan does not allow more teammates", None, bare)

    def _rights(self, sent: Doc, held: frozenset[str]) -> tuple[list[str], bool]:
        """Return scopes and administration as they are sent, both required."""
        scopes, admin = sent.get("scopes"), sent.get("is_admin")
        if not isinstance(admin, bool):
            raise Problem(400, "is_admin is required", "is_admin")
        if not isinstance(scopes, list) or not all(isinstance(one, str) for one in scopes):
            raise Problem(400, "scopes is required", "scopes")
        if admin and scopes:
            raise Problem(400, "scopes must be empty for an admin", "scopes")
        self._check_scopes(scopes, held)
        return scopes, admin

    @staticmethod
    def _check_scopes(scopes: Iterable[str], held: frozenset[str], bare: bool = False) -> None:
        if not set(scopes) <= (held - AUTOMATIC):
            raise Problem(400, INVALID_SCOPES, "scopes", bare)

    def _teammate(self, asked: Asked) -> Doc:
        found = self.stored["teammate"].named(str(asked.call.parts["username"]).lower())
        if not found:
            raise Problem(404, "username not found", "username")
        return next(iter(found.values()))

    def _get(self, asked: Asked) -> Answer:
        return Answer(200, self._shown(self._teammate(asked), scopes=True))

    def _patch(self, asked: Asked) -> Answer:
        teammate = self._teammate(asked)
        scopes, admin = self._rights(asked.body(), asked.held)
        self._refuse_owner(teammate)
        kept = [scope for scope in scopes if scope not in self.dialect.not_kept]
        changed = {"scopes": kept, "is_admin": admin, "access": {}}
        teammate |= changed | {"user_type": "admin" if admin else "teammate"}
        self._put_teammate(teammate)
        shown = self._shown(teammate, scopes=True)
        if not admin:
            shown["scopes"] = sorted({*shown["scopes"], *scopes})  # an echo of what was sent
        return Answer(200, shown)

    def _delete(self, asked: Asked) -> Answer:
        teammate = self._teammate(asked)
        self._refuse_owner(teammate)
        self.stored["teammate"].remove(teammate["username"])
        return Answer(204)

    @staticmethod
    def _refuse_owner(teammate: Doc) -> None:
        if teammate["user_type"] == "owner":
            raise Problem(403, "access forbidden")

    def _subuser_access(self, asked: Asked) -> Answer:
        teammate = self._teammate(asked)
        limit = max(1, asked.number("limit", 100))
        after = 0 if asked.call.endless else asked.number("after_subuser_id", 0)
        wanted = asked.call.query.get("username")
        entries = [
            entry
            for entry in self._access_shown(teammate)
            if entry["id"] > after and wanted in (None, entry["username"])
        ]
        page = entries[:limit]
        following = (
            page[-1]["id"] if page and (len(entries) > limit or asked.call.endless) else None
        )
        named = {"limit": limit, "after_subuser_id": following, "username": wanted or ""}
        return Answer(
            200,
            {
                "has_restricted_subuser_access": bool(teammate["access"]),
                "subuser_access": page,
                "_metadata": {"next_params": named},
            },
        )

    # -- invitations

    def _list_pending(self, asked: Asked) -> Answer:
        return Answer(200, {"result": self._listed(self.stored["invitation"].page().values())})

    def _listed(self, invitations: Iterable[Doc]) -> list[Doc]:
        """Leave out what has ended, where that is gone."""
        if self.dialect.expired == "listed":
            return list(invitations)
        return [one for one in invitations if one["expiration_date"] > self.now()]

    def _invitation(self, asked: Asked) -> Doc:
        found = self.stored["invitation"].get(str(asked.call.parts["token"]))
        if found is None:
            raise Problem(404, "invalid pending key", "pending_key")
        return found

    def _resend(self, asked: Asked) -> Answer:
        invitation = self._invitation(asked) | {"expiration_date": self.now() + WEEK}
        self._put_invitation(invitation)
        return Answer(200, {n: invitation[n] for n in ("token", "email", "scopes", "is_admin")})

    def _cancel(self, asked: Asked) -> Answer:
        self.stored["invitation"].remove(self._invitation(asked)["token"])
        return Answer(204)

    # -- single sign-on

    def _create_sso(self, asked: Asked) -> Answer:
        sent = asked.body(bare=True)
        email = asked.email(sent, bare=True)
        rights, named = self._sso_rights(sent, asked.held)
        self._check_room(email, bare=True)
        made = self._store_teammate(email, email, is_sso=True, **rights)
        shown = ("email", "first_name", "last_name", "is_admin", "is_sso")
        body: Doc = {name: made[name] for name in shown}
        # A new teammate is answered with the list as it was empty, whatever was given [CODE].
        body["scopes"] = sorted(SCOPES) if made["is_admin"] else []
        return Answer(201, body | named)

    def _patch_sso(self, asked: Asked) -> Answer:
        teammate = self._teammate(asked)
        if not teammate["is_sso"]:
            raise Problem(404, "username not found", "username")
        rights, named = self._sso_rights(asked.body(bare=True), asked.held)
        self._refuse_owner(teammate)
        teammate |= rights
        self._put_teammate(teammate)
        return Answer(200, self._shown(teammate, scopes=True) | named)

    def _sso_rights(self, sent: Doc, held: frozenset[str]) -> tuple[Doc, Doc]:
        """Return what is stored of names and rights, and what the answer says of subusers."""
        for name in ("first_name", "last_name"):
            if not isinstance(sent.get(name), str) or not sent[name]:
                raise Problem(400, f"{name} is required", name, True)
        admin, scopes, named = sent.get("is_admin"), sent.get("scopes") or [], sent.get("persona")
        access = sent.get("subuser_access") or []
        restricted = sent.get("has_restricted_subuser_access") is True
        if not isinstance(scopes, list) or not isinstance(access, list):
            raise Problem(400, "bad request", None, True)
        if access and not restricted:
            words = "has_restricted_subuser_access must be true"
            raise Problem(400, words, "has_restricted_subuser_access", True)
        if sum(map(bool, (admin, scopes, named, restricted))) > 1:
            words = "choose one of is_admin, persona, scopes and restricted subuser access"
            raise Problem(400, words, None, True)
        if named is not None and named not in PERSONAS:
            raise Problem(400, "unknown persona", "persona", True)
        self._check_scopes([str(scope) for scope in scopes], held, bare=True)
        given = [self._entry(entry, held) for entry in access]
        if any("sender_verification_legacy" in entry["scopes"] for _, entry in given):
            given = []  # dropped as a whole, and a yes is answered [CODE]
        rights = {
            "first_name": sent["first_name"],
            "last_name": sent["last_name"],
            "is_admin": admin is True,
            "user_type": "admin" if admin is True else "teammate",
            "scopes": persona(named) if named else scopes,
            "access": {str(subuser["id"]): entry for subuser, entry in given},
        }
        shown = [
            {name: subuser[name] for name in ("id", "username", "email", "disabled")} | entry
            for subuser, entry in given
        ]
        return rights, {"has_restricted_subuser_access": bool(given), "subuser_access": shown}

    def _entry(self, entry: Any, held: frozenset[str]) -> tuple[Doc, Doc]:
        kind = entry.get("permission_type") if isinstance(entry, dict) else None
        if kind not in ("admin", "restricted"):
            raise Problem(400, "permission_type is required", "subuser_access", True)
        subuser = self.stored["subuser"].get(str(entry.get("id")))
        if subuser is None:
            raise Problem(400, "subuser not found", "subuser_access", True)
        scopes = entry.get("scopes") or []
        if not isinstance(scopes, list) or (scopes and kind == "admin"):
            raise Problem(400, "scopes are for restricted access", "subuser_access", True)
        self._check_scopes([str(scope) for scope in scopes], held, bare=True)
        return subuser, {"permission_type": kind, "scopes": scopes}


def _limits(most: int, left: int, seconds: int) -> dict[str, str]:
    """Return the headers of limits that are lifted in so many seconds."""
    return {
        "X-RateLimit-Limit": str(most),
        "X-RateLimit-Remaining": str(left),
        # In real time, as the answer's Date is, however far the account's clock is ahead.
        "X-RateLimit-Reset": str(int(time.time()) + seconds),
    }


_add, _T = SendGridTenant.routes.add, SendGridTenant
_add("/v3/scopes", GET=_T._scopes)
_add("/v3/teammates", GET=_T._list, POST=_T._invite)
_add("/v3/teammates/pending", GET=_T._list_pending)
_add("/v3/teammates/pending/{token}", DELETE=_T._cancel)
_add("/v3/teammates/pending/{token}/resend", POST=_T._resend)
_add("/v3/teammates/{username}", GET=_T._get, PATCH=_T._patch, DELETE=_T._delete)
_add("/v3/teammates/{username}/subuser_access", GET=_T._subuser_access)
_add("/v3/sso/teammates", POST=_T._create_sso)
_add("/v3/sso/teammates/{username}", PATCH=_T._patch_sso)
_add("/v3/subusers", GET=keys.list_subusers, POST=keys.create_subuser)
_add("/v3/subusers/{name}", PATCH=keys.change_subuser, DELETE=keys.delete_subuser)
_add("/v3/subusers/{name}/website_access", PATCH=keys.change_subuser)
_add("/v3/api_keys", GET=keys.list_keys, POST=keys.create_key)
_add(
    "/v3/api_keys/{id}",
    GET=keys.get_key,
    PATCH=keys.rename_key,
    PUT=keys.replace_key,
    DELETE=keys.delete_key,
)
