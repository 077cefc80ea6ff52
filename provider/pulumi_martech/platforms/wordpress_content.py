"""What hangs on a user of a WordPress site: what it wrote, and its application passwords.

Facts: fact sheet ``wordpress.md`` and ``docs/platforms/wordpress.md``, seen on 6.1.9 [R].
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pulumi_martech.model.errors import Refused
from pulumi_martech.model.leaving import Belonging
from pulumi_martech.model.membership import Membership
from pulumi_martech.model.values import UNKNOWN, Unknown
from pulumi_martech.transport import ApiClient, Reply

POSTS, PAGES, MEDIA, OTHER = CONTENT = ("posts", "pages", "media", "other content")
PASSWORDS = "application passwords"

PAGE = 100
"""Records that are looked at for their status; how many there are is told by a header."""

MOST_KINDS = 10
"""Kinds of other content that are counted for a person; each is one call."""

Count = tuple[int | Unknown, str]
"""How many, and what more is to be said of them."""


class Content:
    """Counts what hangs on users.

    Args:
        client: the site's HTTP client.
        words: makes of what is tried the words for errors.
    """

    def __init__(self, client: ApiClient, words: Callable[[str], str]) -> None:
        self._client, self._words = client, words

    def of(self, leaving: Sequence[Membership]) -> dict[str, tuple[Belonging, ...]]:
        """Return what hangs on each user, by native id."""
        others: dict[str, str] = {}
        why = ""
        try:
            others = self._other_kinds()
        except Refused as error:
            why = _refusal(error)
        return {live.id: tuple(self._belongings(live, others, why)) for live in leaving}

    def _belongings(
        self, live: Membership, others: Mapping[str, str], why: str
    ) -> Iterator[Belonging]:
        for what in (POSTS, PAGES, MEDIA):
            yield self._written(what, f"/wp/v2/{what}", live)
        asked = list(others.items())[:MOST_KINDS]
        kinds = [self._written(name, path, live) for name, path in asked]
        if why:
            yield Belonging(what=OTHER, count=UNKNOWN, detail=why)
        else:
            yield _together(kinds, len(others) - len(asked))
        yield _counted(PASSWORDS, lambda: (self._passwords(live), ""))

    def _other_kinds(self) -> dict[str, str]:
        """Return the paths of further kinds of content that have an author, by their names.

        They are what WordPress deletes with its author. Kinds without one are not asked for: they
        pass the filter over and answer with what everybody wrote.
        """
        tried = self._words("list the kinds of content")
        reply = self._client.get("/wp/v2/types", tried=tried, params={"context": "edit"})
        kinds = reply.json()
        if not isinstance(kinds, Mapping):
            raise reply.unusable("JSON that is no object")
        found = {}
        for kind in kinds.values():
            if not isinstance(kind, Mapping) or not kind.get("rest_base"):
                continue
            supports = kind.get("supports")
            if isinstance(supports, Mapping) and supports.get("author"):
                base = str(kind["rest_base"])
                found[base] = f"/{kind.get('rest_namespace') or 'wp/v2'}/{base}"
        return {name: path for name, path in found.items() if name not in CONTENT}

    def _passwords(self, live: Membership) -> int:
        tried = self._words(f"list the application passwords of {live.login}")
        path = f"/wp/v2/users/{live.id}/application-passwords"
        return len(_listed(self._client.get(path, tried=tried)))

    def _written(self, what: str, path: str, live: Membership) -> Belonging:
        """Count what somebody is the author of, drafts, private ones and the bin included."""
        # Media have a status of their own, and `any` is refused for them.
        status = "inherit,private,trash" if what == MEDIA else "any,trash"
        params = {"author": live.id, "status": status, "per_page": PAGE, "_fields": "author,status"}

        def count() -> Count:
            tried = self._words(f"count the {what} of {live.login}")
            reply = self._client.get(path, tried=tried, params=params)
            records = _listed(reply)
            own = [record for record in records if str(record.get("author")) == live.id]
            total = reply.headers.get("x-wp-total", "")
            if not total.isdigit():  # the whole list, whoever is the author
                return len(own), _statuses(own)
            if len(own) < len(records):
                return UNKNOWN, "the site does not list them by author"
            return int(total), _statuses(own)

        return _counted(what, count)


def _counted(what: str, count: Callable[[], Count]) -> Belonging:
    """Return what was counted, unknown where the site refuses to tell."""
    try:
        number, detail = count()
    except Refused as error:
        number, detail = UNKNOWN, _refusal(error)
    return Belonging(what=what, count=number, detail=detail)


def _refusal(error: Refused) -> str:
    """Return why something is not told; credentials that are not accepted are an error."""
    if error.status == 401:
        raise error
    return error.said


def _listed(reply: Reply) -> list[Mapping[str, Any]]:
    records = reply.json()
    if not isinstance(records, list) or not all(isinstance(one, Mapping) for one in records):
        raise reply.unusable("JSON that is no list")
    return records


def _statuses(records: Iterable[Mapping[str, Any]]) -> str:
    """Say of how many the status is not the usual one: ``2 draft, 1 private``."""
    counts = Counter(str(record.get("status")) for record in records)
    return ", ".join(
        f"{number} {status}"
        for status, number in sorted(counts.items())
        if status not in ("publish", "inherit", "None")
    )


def _together(kinds: Sequence[Belonging], left: int) -> Belonging:
    """Return content of several kinds as one; unknown if that of one kind is."""
    named = [str(kind) for kind in kinds if kind.count != 0]
    if left:
        named.append(f"{left} more kinds were not counted")
    counts = [kind.count for kind in kinds if not isinstance(kind.count, Unknown)]
    whole = len(counts) == len(kinds) and not left
    return Belonging(what=OTHER, count=sum(counts) if whole else UNKNOWN, detail="; ".join(named))
