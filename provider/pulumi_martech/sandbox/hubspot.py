"""HubSpot: Settings User Provisioning in all its generations, and what else speaks of users.

Facts: sheet hubspot.md, and docs/platforms/hubspot.md for what others saw on live portals [T]. What
nobody documents is a switch of the dialect, or the answer that a client can least rely on.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from pulumi_martech.sandbox import hubspot_portal as portal
from pulumi_martech.sandbox.hubspot_portal import HubSpotPortal
from pulumi_martech.sandbox.hubspot_words import (
    Problem,
    cursor,
    cursor_text,
    invalid,
    matches,
    shown_record,
    too_many,
)
from pulumi_martech.sandbox.store import Doc
from pulumi_martech.sandbox.tenant import Answer, Call, Handler, Routes

_SCOPES_PAGE = "https://developers.hubspot.com/scopes"
_NO_SEAT = "AppUserErrors.NO_SEAT_AVAILABLE_FOR_ROLE_COMBINATION"
_KEPT = timedelta(days=90)
_WITHOUT_SEATS = ("2026-03",)
"""Generations whose bodies, and answers about one user, have no seats [S]."""


class HubSpotTenant(HubSpotPortal):
    """The API of a portal."""

    routes: ClassVar[Routes] = Routes()

    def answer(self, call: Call, handlers: Mapping[str, Handler]) -> Answer:
        """Answer a request in HubSpot's way, errors included."""
        searches = call.path.endswith("/search")
        try:
            self._admit(call)
            self._within_limits(searches)
            generation = getattr(handlers.get(call.method), "keywords", {}).get("generation")
            if not handlers or generation not in (None, *self.dialect.generations):
                raise Problem(404, "OBJECT_NOT_FOUND", "resource not found")
            if call.method not in handlers:
                raise Problem(405, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed")
            answer = handlers[call.method](self, call)
            self.count_call()
        except Problem as problem:
            answer = Answer(problem.status, problem.body)
        if not searches and answer.status != 401:
            answer.headers |= self._rate_headers()
        answer.media_type = "application/json;charset=utf-8"
        return answer

    def failure(self, status: int) -> Answer:
        """Return what HubSpot says when it fails by itself, or has had enough calls."""
        problem = Problem(status, "INTERNAL_ERROR", "internal error")
        if status == 429:
            problem = too_many("TEN_SECONDLY_ROLLING")
        answer = Answer(status, problem.body)
        if status == 429:
            answer.headers = self._rate_headers(remaining=0)
        return answer

    # -- who asks, and how often

    def _admit(self, call: Call) -> None:
        if not call.bearer() or self._scopes(call.bearer()) is None:
            message = (
                "Authentication credentials not found. This API supports OAuth 2.0 authentication "
                "and you can find more details at "
                "https://developers.hubspot.com/docs/methods/auth/oauth-overview"
            )
            raise Problem(401, "INVALID_AUTHENTICATION", message)

    def _scopes(self, token: str) -> Collection[str] | None:
        if token == self.credentials.token:
            return self.dialect.scopes
        known = self.tokens.get(token)
        return known["scopes"] if known else None

    def needs(self, call: Call, scopes: Sequence[str]) -> None:
        """Refuse a token that has none of ``scopes``."""
        if not set(scopes) & set(self._scopes(call.bearer()) or ()):
            missing = {self.dialect.scope_words: list(scopes)}
            message = (
                "This app hasn't been granted all required scopes to make this call. Read more "
                f"about required scopes here: {_SCOPES_PAGE}."
            )
            more: Doc = {"links": {"scopes": _SCOPES_PAGE}}
            if self.dialect.scope_words == "missingScopes":
                more["context"] = missing
            else:
                detail = "One or more of the following scopes are required."
                more["errors"] = [{"message": detail, "context": missing}]
            raise Problem(403, "MISSING_SCOPES", message, **more)

    def _within_limits(self, searches: bool) -> None:
        now = self.clock()
        per_ten, per_day = self.limits()
        if self.calls_today() >= per_day:
            raise too_many("DAILY")
        self.recent = [at for at in self.recent if now - at < 10]
        self.searches = [at for at in self.searches if now - at < 1]
        if self.dialect.limited:
            if len(self.recent) >= per_ten:
                raise too_many("TEN_SECONDLY_ROLLING")
            if searches and len(self.searches) >= self.dialect.searches_per_second:
                raise too_many("SECONDLY")
        self.recent.append(now)
        if searches:
            self.searches.append(now)

    def _rate_headers(self, remaining: int | None = None) -> dict[str, str]:
        per_ten, per_day = self.limits()
        if remaining is None:
            remaining = max(0 if self.dialect.limited else 1, per_ten - len(self.recent))
        return {
            "X-HubSpot-RateLimit-Max": str(per_ten),
            "X-HubSpot-RateLimit-Remaining": str(remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(per_day),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, per_day - self.calls_today())),
        }

    # -- users

    def _list(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.READ_USERS)
        users = list(self.stored_users.page().values())
        for id_, (ghost, left) in list(self.ghosts.items()):
            if self.stored_users.get(id_) is None and left > 0:
                users.append(ghost)
            self.ghosts[id_] = (ghost, left - 1)
        users.sort(key=lambda user: int(user["id"]))
        page, paging = self._page(call, users, lambda user: int(user["id"]))
        return Answer(200, {"results": [self._shown(user) for user in page], **paging})

    def _get(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.READ_USERS)
        user = self._asked(call)
        if user is None:
            raise Problem(404, "OBJECT_NOT_FOUND", "No user with the given id or email was found.")
        return Answer(200, self._shown(user, seats=generation not in _WITHOUT_SEATS))

    def _create(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.WRITE_USERS)
        sent = self._body(call)
        email, welcome = sent.get("email"), sent.get("sendWelcomeEmail", False)
        if not isinstance(email, str) or "@" not in email or not isinstance(welcome, bool):
            raise invalid("Invalid input JSON", "Some required fields were not set: [email]")
        there = self.stored_users.named(email.lower())
        if there and self.dialect.duplicate == "201":
            return Answer(201, self._shown(next(iter(there.values()))))
        if there:
            words = "A user with this email already exists in this account."
            if self.dialect.duplicate == "409":
                raise Problem(409, "CONFLICT", words)
            raise invalid("Error validating request", words)
        most = self.dialect.users_at_most
        if most is not None and self.stored_users.count() >= most:
            raise invalid("Error validating request", _NO_SEAT)
        user = self.new_user(email, self._checked(call, sent, generation, []))
        self.note("ADD_USER", user["id"])
        shown = self._shown(user) | {"sendWelcomeEmail": welcome}
        location = f"{call.root}{_member(generation)}/{user['id']}"
        return Answer(201, shown, {"Location": location})

    def _update(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.WRITE_USERS)
        user = self._asked(call)
        if user is None:
            raise Problem(404, "OBJECT_NOT_FOUND", "No user with the given id or email was found.")
        sent = self._body(call)
        named = any(sent.get(name) for name in ("firstName", "lastName"))
        if named and self.record_of(user["id"]) is None:
            raise invalid("Error validating request", "USER_NOT_ON_ANY_HUBS")
        changed = user | self._checked(call, sent, generation, user["seatNames"])
        if changed != user:
            self.put_user(changed)
        return Answer(200, self._shown(changed, seats=generation not in _WITHOUT_SEATS))

    def _delete(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.WRITE_USERS)
        user = self._asked(call)
        if user is not None:  # one that is gone is removed once more [T]
            self.drop(user)
        return Answer(204)

    def _asked(self, call: Call) -> Doc | None:
        asked = str(call.parts["user"])
        by = call.query.get("idProperty", "USER_ID")
        if by not in ("USER_ID", "EMAIL"):
            raise invalid(f"idProperty {by} is not one of USER_ID, EMAIL")
        if by == "USER_ID":
            return self.stored_users.get(asked)
        if self.dialect.email_lookup == "exact":
            return next(iter(self.stored_users.aliased(asked).values()), None)
        return next(iter(self.stored_users.named(asked.lower()).values()), None)

    def _checked(
        self, call: Call, sent: Doc, generation: str, held: Sequence[str]
    ) -> dict[str, Any]:
        """Return what is stored of a body: known fields; what is empty changes no single value."""
        kept: Doc = {}
        for name in ("firstName", "lastName", "roleId", "primaryTeamId"):
            value = sent.get(name)
            if value is None or value == "":
                continue
            if not isinstance(value, str):
                raise invalid("Invalid input JSON", f"{name} must be a string")
            kept[name] = value
        for name in ("secondaryTeamIds", "seatNames"):
            value = sent.get(name)
            if value is None or (name == "seatNames" and generation in _WITHOUT_SEATS):
                continue
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise invalid("Invalid input JSON", f"{name} must be an array of strings")
            kept[name] = list(dict.fromkeys(value))
        if "roleId" in kept:
            kept["roleIds"] = [self._assignable(call, kept.pop("roleId"))]
        for team in (*kept.get("secondaryTeamIds", ()), *filter(None, [kept.get("primaryTeamId")])):
            if self.stored_teams.get(team) is None:
                raise invalid("Error validating request", f"Team {team} does not exist")
        for seat in kept.get("seatNames", ()):
            if self.stored_seats.get(seat) is None:
                raise invalid("Error validating request", f"Seat {seat} does not exist")
            if seat not in held and self.seats_left(seat) <= 0:
                raise invalid("Error validating request", _NO_SEAT)
        return kept

    def _assignable(self, call: Call, id_: str) -> str:
        role = self.stored_roles.get(id_)
        if self._without_roles():
            raise invalid("Account doesn't have access to roles.")
        if role is None:
            raise invalid("Error validating request", f"Role {id_} does not exist")
        allowed = set(self._scopes(call.bearer()) or ())
        if role["requiresBillingWrite"] and not allowed & set(portal.BILLING):
            words = f"Role {id_} has a paid seat and needs the billing-write scope to be assigned"
            raise invalid("Error validating request", words)
        return id_

    def _shown(self, user: Doc, *, seats: bool = True) -> Doc:
        """Return a user as it is shown."""
        shown: Doc = {
            "id": user["id"],
            "email": user["email"],
            "superAdmin": user["superAdmin"],
            "roleIds": user["roleIds"],
            "secondaryTeamIds": user["secondaryTeamIds"],
            "sendWelcomeEmail": False,
            "roleId": next(iter(user["roleIds"]), ""),
        }
        shown |= {name: user[name] for name in ("firstName", "lastName", "primaryTeamId")}
        if seats:
            shown["seatNames"] = user["seatNames"]
        for name in [name for name, value in shown.items() if value == ""]:
            del shown[name]
            if self.dialect.nulls:
                shown[name] = None
        return shown | ({"futureField": {"deep": [1]}} if self.dialect.extra_fields else {})

    # -- permission sets, teams, seats

    def _without_roles(self) -> bool:
        return self.dialect.plan != "enterprise"

    def _roles(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.READ_USERS)
        if self._without_roles():
            raise invalid("Account doesn't have access to roles.")
        return Answer(200, {"results": list(self.stored_roles.page().values())})

    def _teams(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.TEAMS)
        if self.dialect.plan in ("free", "starter"):
            raise invalid("Account doesn't have access to teams.")
        users = list(self.stored_users.page().values())
        teams = [
            team
            | {
                "userIds": [u["id"] for u in users if u["primaryTeamId"] == id_],
                "secondaryUserIds": [u["id"] for u in users if id_ in u["secondaryTeamIds"]],
            }
            for id_, team in self.stored_teams.page().items()
        ]
        return Answer(200, {"results": teams})

    def _seats(self, call: Call, generation: str) -> Answer:
        self.needs(call, portal.BILLING)
        seats = [
            {"name": name, "description": f"{name} seats", "remainingSeats": self.seats_left(name)}
            for name in self.stored_seats.page()
        ]
        return Answer(200, {"results": seats})

    # -- the CRM's records of users

    def _search(self, call: Call) -> Answer:
        self.needs(call, portal.SEARCH_USERS)
        records = [self.properties(doc) for doc in self.records.page().values()]
        return self._searched(call, records, self.dialect.page_cap)

    def _owners(self, call: Call) -> Answer:
        """List the owners: whoever is a user is one, and who is gone is so no longer."""
        self.needs(call, portal.OWNERS)
        email = call.query.get("email", "").lower()
        users = self.stored_users.page().values()
        owners = [self.owner_of(user) for user in users if email in ("", user["email"].lower())]
        owners.sort(key=lambda one: int(one["id"]))
        page, paging = self._page(call, owners, lambda one: int(one["id"]))
        return Answer(200, {"results": page, **paging})

    def _search_owned(self, call: Call, kind: str) -> Answer:
        self.needs(call, portal.OWNED[kind])
        records: list[Mapping[str, str | None]] = [
            {
                "hs_object_id": doc["id"],
                "hubspot_owner_id": doc["owner"],
                "hs_createdate": doc["at"],
                "hs_lastmodifieddate": doc["at"],
            }
            for doc in self.stored_objects.page().values()
            if doc["kind"] == kind
        ]
        return self._searched(call, records, 200)

    def _searched(
        self, call: Call, records: Sequence[Mapping[str, str | None]], cap: int
    ) -> Answer:
        sent = self._body(call)
        groups = sent.get("filterGroups") or []
        if not isinstance(groups, list) or len(groups) > 6:
            raise invalid("filterGroups must be a list of at most 6 groups")
        found = [record for record in records if matches(record, groups)]
        wanted = [str(name) for name in sent.get("properties") or []]
        after = str(sent.get("after") or "0")
        limit = sent.get("limit") or 10
        if not after.isdigit() or not isinstance(limit, int) or not 0 < limit <= 200:
            raise invalid("limit must be between 1 and 200, after a number")
        limit = min(limit, cap)
        if call.keep is not None:
            found = found[: call.keep]
        start = int(after)
        shown = found[start : start + limit]
        body: Doc = {
            "total": len(found),
            "results": [shown_record(record, wanted) for record in shown],
        }
        if start + limit < len(found):
            body["paging"] = {"next": {"after": str(start + limit)}}
        return Answer(200, body)

    def _archive(self, call: Call) -> Answer:
        """Archive the CRM's record: who it is about can log in as before."""
        self.needs(call, portal.WRITE_RECORDS)
        if self.records.get(call.parts["record"]) is not None:
            self.records.remove(call.parts["record"])
        return Answer(204)

    # -- the account and its logs

    def _details(self, call: Call) -> Answer:
        self.needs(call, ("oauth",))
        return Answer(
            200,
            {
                "portalId": self.dialect.portal,
                "accountType": "STANDARD",
                "timeZone": "Europe/Paris",
                "companyCurrency": "EUR",
                "additionalCurrencies": [],
                "utcOffset": "+01:00",
                "utcOffsetMilliseconds": 3_600_000,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "na1",
            },
        )

    def _usage(self, call: Call) -> Answer:
        now = datetime.now(UTC)
        usage = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self.limits()[1],
            "currentUsage": self.calls_today(),
            "collectedAt": now.isoformat().replace("+00:00", "Z"),
            "fetchStatus": "SUCCESS",
            "resetsAt": f"{(now + timedelta(days=1)).date().isoformat()}T00:00:00Z",
        }
        return Answer(200, {"results": [usage]})

    def _activity(self, call: Call, kind: str) -> Answer:
        self.needs(call, portal.LOGS)
        if not self.dialect.logs:
            words = "This account does not have access to this feature."
            raise Problem(403, "FORBIDDEN", words)
        objects, at = (self.logins, "loginAt") if kind == "login" else (self.events, "createdAt")
        since = (datetime.now(UTC) - _KEPT).isoformat()
        user = call.query.get("userId")
        entries = [
            entry
            for entry in objects.page().values()
            if entry[at] >= since and user in (None, str(entry["userId"]))
        ]
        numbered = list(enumerate(entries, 1))
        page, paging = self._page(call, numbered, lambda one: one[0], cap=200)
        return Answer(200, {"results": [entry for _, entry in page], **paging})

    # -- parts

    def _page(
        self, call: Call, rows: list[Any], place: Callable[[Any], int], cap: int | None = None
    ) -> tuple[list[Any], Doc]:
        """Return the rows after the cursor, and what leads to those that follow."""
        cap = cap or self.dialect.page_cap
        limit = call.query.get("limit", str(cap))
        after, rounds = cursor(call.query.get("after", ""))
        if not limit.isdigit() or int(limit) < 1:
            raise invalid("limit must be a positive number")
        if call.keep is not None:
            rows = rows[: call.keep]
        size = min(int(limit), cap)
        rest = [row for row in rows if place(row) > after]
        page = rest[:size]
        following = ""
        if len(rest) > size:
            following = cursor_text(place(page[-1]), rounds)
        elif call.endless:
            following = cursor_text(0, rounds + 1)
        if not following:
            return page, {}
        link = f"{call.root}{call.path}?limit={limit}&after={following}"
        return page, {"paging": {"next": {"after": following, "link": link}}}

    @staticmethod
    def _body(call: Call) -> Doc:
        try:
            sent = json.loads(call.body or b"{}")
        except ValueError:
            sent = None
        if not isinstance(sent, dict):
            raise invalid("Invalid input JSON on line 1, column 1")
        return sent


def _member(generation: str) -> str:
    return "/settings/v3/users" if generation == "v3" else f"/settings/users/{generation}"


_add = HubSpotTenant.routes.add
for _generation in portal.GENERATIONS:
    _collections = {
        _member(_generation),
        f"{_member(_generation)}/",
        f"/settings/users/{_generation}",
    }
    for _collection in sorted(_collections):
        _add(
            _collection,
            GET=partial(HubSpotTenant._list, generation=_generation),
            POST=partial(HubSpotTenant._create, generation=_generation),
        )
    _add(f"{_member(_generation)}/roles", GET=partial(HubSpotTenant._roles, generation=_generation))
    _add(f"{_member(_generation)}/teams", GET=partial(HubSpotTenant._teams, generation=_generation))
    if _generation.startswith("2026-09"):
        _add(
            f"{_member(_generation)}/seats",
            GET=partial(HubSpotTenant._seats, generation=_generation),
        )
    _add(
        f"{_member(_generation)}/{{user}}",
        GET=partial(HubSpotTenant._get, generation=_generation),
        PUT=partial(HubSpotTenant._update, generation=_generation),
        DELETE=partial(HubSpotTenant._delete, generation=_generation),
    )
for _path in ("/crm/v3/owners", "/crm/v3/owners/"):  # the official client sends the slash
    _add(_path, GET=HubSpotTenant._owners)
_add("/crm/v3/objects/users/search", POST=HubSpotTenant._search)
for _owned in portal.OWNED:
    _add(f"/crm/v3/objects/{_owned}/search", POST=partial(HubSpotTenant._search_owned, kind=_owned))
_add("/crm/v3/objects/users/{record}", DELETE=HubSpotTenant._archive)
_add("/account-info/v3/details", GET=HubSpotTenant._details)
_add("/account-info/v3/api-usage/daily/private-apps", GET=HubSpotTenant._usage)
for _kind in ("login", "security"):
    _add(f"/account-info/v3/activity/{_kind}", GET=partial(HubSpotTenant._activity, kind=_kind))
