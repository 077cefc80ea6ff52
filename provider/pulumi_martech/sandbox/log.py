"""What was asked of the platforms, and what became of it: tests assert on this.

Secrets are removed before an entry is stored. Changes made through the side door are no entries.
"""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from pulumi_martech.model.values import Frozen
from pulumi_martech.sandbox.store import Store

_SECRET = ("password", "token", "secret")
_READS = ("GET", "HEAD", "OPTIONS")


class Entry(Frozen):
    """One API request.

    ``path`` is the one below the tenant, ``route`` its pattern (``/Users/{id}``; empty if the
    platform has no such path). ``status`` is what the platform answered, ``None`` if it was cut
    off before; ``committed`` whether something in the account really changed; ``fault`` names
    what was injected.
    """

    number: int
    tenant: str
    at: str
    method: str
    path: str
    route: str
    query: str
    body: Any
    status: int | None
    committed: bool
    fault: str

    @property
    def is_write(self) -> bool:
        """Whether the request asked for a change."""
        return self.method not in _READS and not self.path.endswith(("/.search", "/search"))


class Log:
    """All requests to all tenants of a sandbox, numbered as they came."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self,
        tenant: str,
        method: str,
        path: str,
        *,
        route: str,
        query: str,
        body: bytes,
        status: int | None,
        committed: bool,
        fault: str,
    ) -> None:
        """Store one entry."""
        self._store.write(
            "INSERT INTO log (tenant, at, method, path, route, query, body, status, committed,"
            " fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            tenant,
            datetime.now(UTC).isoformat(timespec="milliseconds"),
            method,
            path,
            route,
            query,
            _readable(body),
            status,
            committed,
            fault,
        )

    def entries(self, tenant: str, after: int = 0, *, writes: bool = False) -> list[Entry]:
        """Return the entries of a tenant with a number greater than ``after``, oldest first."""
        rows = self._store.query(
            "SELECT * FROM log WHERE tenant = ? AND number > ? ORDER BY number", tenant, after
        )
        names = tuple(Entry.model_fields)
        found = []
        for row in rows:
            fields = dict(zip(names, row, strict=True))
            fields["body"] = json.loads(fields["body"]) if fields["body"] else None
            found.append(Entry(**fields | {"committed": bool(fields["committed"])}))
        return [entry for entry in found if entry.is_write] if writes else found

    def calls(self, tenant: str, after: int = 0) -> Counter[str]:
        """Count the requests to a tenant by method and route, e.g. ``GET /Users/{id}``."""
        rows = self._store.query(
            "SELECT method, CASE route WHEN '' THEN path ELSE route END, count(*) FROM log"
            " WHERE tenant = ? AND number > ? GROUP BY 1, 2",
            tenant,
            after,
        )
        return Counter({f"{method} {route}": count for method, route, count in rows})

    def last_number(self) -> int:
        """Return the number of the newest entry, 0 if there is none."""
        return int(self._store.query("SELECT coalesce(max(number), 0) FROM log")[0][0])


def _readable(body: bytes) -> str | None:
    """Return a request's body as JSON text without secrets; of what is no JSON its size only."""
    if not body:
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return json.dumps(f"({len(body)} bytes that are no JSON)")
    return json.dumps(_without_secrets(value))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: "***" if any(word in key.lower() for word in _SECRET) else _without_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return value
