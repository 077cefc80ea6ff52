"""HubSpot over HTTP: which generation of paths a portal serves, pages, searches, and its errors.

Facts: fact sheet ``hubspot.md``; those tagged [T] are from live portals, as others saw them, and
are listed in ``docs/platforms/hubspot.md``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pulumi_martech.model.account import AccountConfig
from pulumi_martech.model.errors import (
    AlreadyExists,
    Denied,
    InvalidDeclaration,
    Malformed,
    MartechError,
    NotThere,
    QuotaExhausted,
    Refused,
)
from pulumi_martech.model.values import UNKNOWN, Unknown
from pulumi_martech.transport import ApiClient, Reply, cursor_pages

PAGE = 100
SEARCH_PAGE = 200
LOG_PAGE = 200
OWNED = ("contacts", "companies", "deals", "tickets")
"""Kinds of CRM objects that have an owner, as their paths name them."""

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Generation:
    """One generation of the Settings API: where users are, and whether their seats are set."""

    name: str
    collection: str
    users: str
    seats: bool = True


GENERATIONS = (
    # The slash at the end is what the official client sends; the published v3 description has
    # another path for the collection than for everything else.
    Generation("v3", "/settings/v3/users/", "/settings/v3/users"),
    Generation("2026-09", "/settings/users/2026-09", "/settings/users/2026-09"),
    Generation("2026-09-beta", "/settings/users/2026-09-beta", "/settings/users/2026-09-beta"),
    Generation("2026-03", "/settings/users/2026-03", "/settings/users/2026-03", seats=False),
)
"""In the order in which they are tried; the first that a portal serves is used."""


class Wire:
    """Calls of one portal.

    Which generation of paths it serves is found out with the first call, and so is whether the
    token is one of the declared portal: nothing else is sent before.
    """

    def __init__(self, client: ApiClient, config: AccountConfig) -> None:
        self.client, self._config = client, config
        self._generation: Generation | None = None

    def tried(self, what: str) -> str:
        """Return words for errors."""
        return f"{what} in account {self._config.key}"

    # -- users

    def generation(self) -> Generation:
        """Return the generation in use; asks for one user where that is not known yet."""
        if self._generation is None:
            self._first(None, 1, self.tried("find out which API version is served"))
        assert self._generation is not None  # noqa: S101 (else the line above raised)
        return self._generation

    def user_path(self, id_: str) -> str:
        """Return the path of one user, by id or (with ``idProperty``) e-mail."""
        return f"{self.generation().users}/{quote(id_, safe='')}"

    def users(self, tried: str) -> Iterator[Record]:
        """Yield all users, each once."""

        def fetch(after: str | None) -> Reply:
            if self._generation is None:
                return self._first(after, PAGE, tried)
            return self._list(self._generation, after, PAGE, tried)

        yield from _records(fetch, tried)

    def _first(self, after: str | None, limit: int, tried: str) -> Reply:
        self._check_portal()
        gone: NotThere | None = None
        for generation in GENERATIONS:
            try:
                reply = self._list(generation, after, limit, tried)
            except NotThere as error:
                gone = error
            else:
                self._generation = generation
                return reply
        raise Refused(
            tried,
            f"none of the known versions of the API is there ({gone.said if gone else ''})",
            "nothing was read",
            "check that the account's url is https://api.hubapi.com",
            404,
        )

    def _list(self, generation: Generation, after: str | None, limit: int, tried: str) -> Reply:
        params = {"limit": limit} | ({"after": after} if after else {})
        return self.client.get(generation.collection, tried=tried, params=params)

    # -- permission sets and teams

    def named(self, kind: str, tried: str) -> list[Record] | None:
        """Return permission sets (``roles``) or ``teams``; ``None`` where the plan has none.

        Raises `Denied` where it is the token that lacks a scope.
        """
        try:
            reply = self.client.get(f"{self.generation().users}/{kind}", tried=tried)
        except NotThere:
            return None
        except Denied as error:
            if error.status == 401 or error.code == MISSING:
                raise
            return None
        except Refused as error:
            # "Account doesn't have access to roles." is a 400 [T]; nothing was sent to be wrong.
            if error.status != 400:
                raise
            return None
        return _results(reply)

    # -- seats

    def seats(self, tried: str) -> dict[str, int] | Unknown:
        """Return how many seats are left by name; only dated versions show them [SPEC]."""
        for version in ("2026-09", "2026-09-beta"):
            try:
                reply = self.client.get(f"/settings/users/{version}/seats", tried=tried)
            except Refused as error:
                if error.status == 401:
                    raise
                continue
            left = {one.get("name"): one.get("remainingSeats") for one in _results(reply)}
            return {str(k): n for k, n in left.items() if k and isinstance(n, int)}
        return UNKNOWN

    # -- who is deactivated

    def deactivated(self, tried: str, id_: str = "") -> frozenset[str]:
        """Return the ids of deactivated users, of all or of one, from the CRM's records."""
        filters = [{"propertyName": "hs_deactivated", "operator": "EQ", "value": "true"}]
        if id_:
            filters.append({"propertyName": "hs_internal_user_id", "operator": "EQ", "value": id_})
        body: dict[str, Any] = {
            "filterGroups": [{"filters": filters}],
            "properties": ["hs_deactivated", "hs_internal_user_id"],
            "sorts": [],
            "limit": SEARCH_PAGE,
        }

        def fetch(after: str | None) -> Reply:
            return self.client.post(
                "/crm/v3/objects/users/search",
                tried=tried,
                json=body | {"after": after or "0"},
                read=True,
            )

        try:
            records = list(_records(fetch, tried))
        except NotThere as gone:
            raise _strange(gone, "the CRM's users cannot be searched") from None
        found = set()
        for record in records:
            properties = record.get("properties")
            if not isinstance(properties, Mapping):
                raise Malformed(tried, "a user of the CRM has no properties", "it was not read")
            if str(properties.get("hs_deactivated")).lower() == "true":
                found.add(str(properties.get("hs_internal_user_id") or ""))
        return frozenset(found - {""})

    # -- what somebody owns

    def owner(self, email: str, tried: str) -> str:
        """Return the id that somebody has as an owner, empty if there is none."""
        reply = self.client.get("/crm/v3/owners", tried=tried, params={"email": email, "limit": 10})
        for record in _results(reply):
            if str(record.get("email")).lower() == email and record.get("type") != "QUEUE":
                return str(record.get("id") or "")
        return ""

    def owned(self, kind: str, owner: str, tried: str) -> int:
        """Return how many objects of a kind an owner has, by a search of one."""
        wanted = {"propertyName": "hubspot_owner_id", "operator": "EQ", "value": owner}
        body = {
            "filterGroups": [{"filters": [wanted]}],
            "properties": ["hubspot_owner_id"],
            "sorts": [],
            "limit": 1,
            "after": "0",
        }
        path = f"/crm/v3/objects/{kind}/search"
        reply = self.client.post(path, tried=tried, json=body, read=True)
        found = reply.json()
        total = found.get("total") if isinstance(found, Mapping) else None
        if isinstance(total, bool) or not isinstance(total, int):
            raise reply.unusable("JSON without a total")
        return total

    # -- the account and its logs

    def details(self) -> Record:
        """Return what the portal says of itself."""
        tried = self.tried("ask which portal this is")
        try:
            reply = self.client.get("/account-info/v3/details", tried=tried)
        except NotThere as gone:
            raise _strange(gone, "the account's details are not there") from None
        details = reply.json()
        if not isinstance(details, Mapping) or not details.get("portalId"):
            raise reply.unusable("JSON without a portalId")
        return details

    def log(self, kind: str, id_: str, tried: str) -> list[Record] | None:
        """Return what the ``login`` or ``security`` log has about a user.

        ``None`` where the token or the plan does not allow to look.
        """

        def fetch(after: str | None) -> Reply:
            params = {"userId": id_, "limit": LOG_PAGE} | ({"after": after} if after else {})
            path = f"/account-info/v3/activity/{kind}"
            return self.client.get(path, tried=tried, params=params)

        try:
            return list(_records(fetch, tried))
        except Refused as error:
            if error.status == 401 or error.status >= 500:
                raise
            return None

    def _check_portal(self) -> None:
        declared = self._config.tenant.strip()
        if not declared:
            return
        portal = str(self.details()["portalId"])
        if portal != declared:
            raise InvalidDeclaration(
                self.tried("use the token"),
                f"it is one of portal {portal}, the account says portal {declared}",
                "nothing else was sent",
                "use a token of the right portal, or correct `tenant` on the Account",
            )


def _strange(gone: NotThere, what: str) -> Refused:
    """Return the error for a 404 that is about no user and must not be read as one gone."""
    return Refused(
        gone.tried,
        f"{what} ({gone.said})",
        "nothing was done",
        "check that the account's url is https://api.hubapi.com",
        404,
        gone.code,
    )


def _records(fetch: Callable[[str | None], Reply], tried: str) -> Iterator[Record]:
    """Yield the records of a cursor's pages, each once.

    A page with nothing that was not there before means that the paging never ends.
    """
    seen: set[str] = set()

    def page(after: str | None) -> tuple[list[Record], str | None]:
        reply = fetch(after)
        records = _results(reply)
        fresh = [record for record in records if str(record.get("id")) not in seen]
        following = _next(reply)
        if following and not fresh:
            raise Malformed(
                tried,
                "paging never ends: a page brought nothing new and says that there are more",
                "the listing is not taken for the whole",
            )
        seen.update(str(record["id"]) for record in fresh if record.get("id"))
        return fresh, following

    yield from cursor_pages(page, tried=tried)


def _results(reply: Reply) -> list[Record]:
    body = reply.json()
    results = body.get("results") if isinstance(body, Mapping) else None
    if not isinstance(results, list) or not all(isinstance(one, Mapping) for one in results):
        raise reply.unusable("JSON without a list of results")
    return results


def _next(reply: Reply) -> str | None:
    place: Any = reply.json()
    for name in ("paging", "next", "after"):
        place = place.get(name) if isinstance(place, Mapping) else None
    return str(place) if place else None


MISSING = "MISSING_SCOPES"
_SCOPES = ("missingScopes", "requiredGranularScopes", "requiredScopes")


def error(reply: Reply, tried: str) -> MartechError | None:
    """Map a HubSpot error to ours; ``None`` where the HTTP status says it all."""
    body = reply.json()
    if not isinstance(body, Mapping):
        return None
    if reply.status == 429:
        return _daily(reply, tried) if body.get("policyName") == "DAILY" else None
    category = body.get("category")
    if not isinstance(category, str):
        return None
    status, words = reply.status, _words(body)
    details = str(body.get("errors")) + str(body.get("subCategory"))
    if status == 401:
        return Denied(
            tried,
            f"the token was not accepted ({words})",
            "nothing was done",
            "check it: private-app tokens begin with pat-, and rotating ends the old one",
            status,
            category,
        )
    scopes = _scopes(body)
    if status == 403 and (scopes or category == MISSING):
        named = " or ".join(scopes) or "a scope that it did not name"
        return Denied(
            tried,
            f"the token lacks {named}",
            "nothing was done",
            "add the scope to the private app and use its new token",
            status,
            MISSING,
        )
    if status == 404:
        return NotThere(tried, words, "nothing was done", "", status, category)
    if status == 409 or category == "CONFLICT" or (status == 400 and "already exist" in details):
        return AlreadyExists(tried, words, "nothing was done", "", status, category)
    if "NO_SEAT_AVAILABLE" in details:
        return Refused(
            tried,
            "the portal has no seat left for this",
            "nothing was done",
            "free or buy a seat in Settings > Account & Billing (a seat that was freed just now "
            "may take a minute to come back), or declare other seats",
            status,
            "NO_SEAT_AVAILABLE",
        )
    if "USER_NOT_ON_ANY_HUBS" in details:
        return Refused(
            tried,
            "HubSpot changes the names of people only once they have logged in for the first time",
            "nothing of this request was done",
            "wait until then, or leave `first_name` and `last_name` out",
            status,
            "USER_NOT_ON_ANY_HUBS",
        )
    if "billing-write" in details:
        return Denied(
            tried,
            f"the permission set has a paid seat, and the token lacks settings.billing.write "
            f"({words})",
            "nothing was done",
            "add the scope to the private app and use its new token, or declare another set",
            status,
            category,
        )
    if 400 <= status < 500 and status not in (403, 408):
        return Refused(tried, words, "nothing was done", "correct it", status, category)
    return None


def _daily(reply: Reply, tried: str) -> QuotaExhausted:
    limit = reply.headers.get("x-hubspot-ratelimit-daily", "")
    of = f" ({int(limit):,})" if limit.isdigit() else ""
    return QuotaExhausted(
        tried,
        f"the calls that this portal has a day{of} are used up",
        "nothing was done",
        "try again tomorrow: the count starts anew at midnight in the portal's time zone",
    )


def _scopes(body: Mapping[str, Any]) -> list[str]:
    """Return the scopes that a refusal names, wherever it does: any one of them would do."""
    errors = body.get("errors")
    places = [body, *(errors if isinstance(errors, list) else [])]
    found: list[str] = []
    for place in places:
        context = place.get("context") if isinstance(place, Mapping) else None
        if isinstance(context, Mapping):
            named = [context.get(name) for name in _SCOPES]
            found += [str(scope) for one in named if isinstance(one, list) for scope in one]
    return list(dict.fromkeys(found))


def _words(body: Mapping[str, Any]) -> str:
    """Return HubSpot's own sentence with its details.

    Without the correlation id, so that what failed for one reason reads the same.
    """
    errors = body.get("errors")
    details = [
        str(one.get("message"))
        for one in (errors if isinstance(errors, list) else [])
        if isinstance(one, Mapping) and one.get("message")
    ]
    return "; ".join([str(body.get("message") or body["category"]), *details])[:300]
