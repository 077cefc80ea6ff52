"""What the sandbox remembers: objects, edges between them and counters, on SQLite.

Everything lies in one file (or in memory), so that a restarted sandbox goes on where it stopped.
One connection is shared by the server's thread and the side door's callers; each request is one
transaction, so nobody sees half of one.
"""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Doc = dict[str, Any]
"""The JSON object a platform stores."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tenants (
    key TEXT PRIMARY KEY, platform TEXT NOT NULL, dialect TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, kind TEXT NOT NULL,
    id TEXT NOT NULL, name TEXT, alias TEXT, sort TEXT, doc TEXT NOT NULL,
    UNIQUE (tenant, kind, id));
CREATE INDEX IF NOT EXISTS objects_name ON objects (tenant, kind, name);
CREATE INDEX IF NOT EXISTS objects_alias ON objects (tenant, kind, alias);
CREATE INDEX IF NOT EXISTS objects_sort ON objects (tenant, kind, sort, seq);
CREATE TABLE IF NOT EXISTS edges (
    seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, parent TEXT NOT NULL, child TEXT NOT NULL,
    note TEXT NOT NULL, UNIQUE (tenant, parent, child));
CREATE INDEX IF NOT EXISTS edges_child ON edges (tenant, child);
CREATE TABLE IF NOT EXISTS counters (
    tenant TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (tenant, name));
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, at TEXT NOT NULL,
    method TEXT NOT NULL, path TEXT NOT NULL, route TEXT NOT NULL, query TEXT NOT NULL,
    body TEXT, status INTEGER, committed INTEGER NOT NULL, fault TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS log_tenant ON log (tenant, number);
"""


class Transaction:
    """One unit of work: ``changed`` tells whether it touched an object; `undo` drops it."""

    def __init__(self) -> None:
        self.changed = False
        self.undone = False

    def undo(self) -> None:
        """Keep nothing of this transaction."""
        self.undone = True


class Store:
    """The database of a sandbox; ``path`` ``None`` keeps it in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._running: Transaction | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            path or ":memory:", check_same_thread=False, isolation_level=None
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file; everything committed stays."""
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Do everything in the block or nothing; a block inside another one belongs to it."""
        with self.lock:
            if self._running is not None:
                yield self._running
                return
            self._running = transaction = Transaction()
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield transaction
            except BaseException:
                transaction.undone = True
                raise
            finally:
                self._running = None
                self._db.execute("ROLLBACK" if transaction.undone else "COMMIT")

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def write(self, sql: str, *values: object) -> int:
        """Run one statement and return the number of the row it made."""
        with self.lock:
            return self._db.execute(sql, values).lastrowid or 0

    def write_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for each row."""
        with self.lock:
            self._db.executemany(sql, rows)

    def touch(self) -> None:
        """Note that the running transaction changed an object."""
        if self._running is not None:
            self._running.changed = True

    def next_number(self, tenant: str, name: str, first: int = 1) -> int:
        """Count up a counter of a tenant; numbers are never given twice."""
        rows = self.query(
            "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = value + 1"
            " RETURNING value",
            tenant,
            name,
            first,
        )
        return int(rows[0][0])


@dataclass(frozen=True)
class Row:
    """An object with what it is found by.

    ``name`` and ``alias`` are its natural keys in the form they are compared in (a login and an
    e-mail address, say), ``sort`` is what listings are ordered by before age.
    """

    id: str
    doc: Doc
    name: str = ""
    alias: str = ""
    sort: str = ""


class Objects:
    """The objects of one kind in one tenant.

    Natural keys are not checked: whether two may be equal is for the platform to say.
    """

    def __init__(self, store: Store, tenant: str, kind: str) -> None:
        self.store, self.tenant, self.kind = store, tenant, kind

    def _rows(self, where: str, *values: object) -> list[tuple[Any, ...]]:
        return self.store.query(
            # Only constants of this module are put into the text.
            f"SELECT id, doc FROM objects WHERE tenant = ? AND kind = ? {where}",  # noqa: S608
            self.tenant,
            self.kind,
            *values,
        )

    def add(self, *rows: Row) -> None:
        """Add objects."""
        self.store.write_many(
            "INSERT INTO objects (tenant, kind, id, name, alias, sort, doc)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (self.tenant, self.kind, row.id, row.name, row.alias, row.sort, json.dumps(row.doc))
                for row in rows
            ),
        )
        self.store.touch()

    def put(self, row: Row) -> None:
        """Store an object in the place of the one with its id."""
        self.store.write(
            "UPDATE objects SET doc = ?, name = ?, alias = ?, sort = ?"
            " WHERE tenant = ? AND kind = ? AND id = ?",
            json.dumps(row.doc),
            row.name,
            row.alias,
            row.sort,
            self.tenant,
            self.kind,
            row.id,
        )
        self.store.touch()

    def remove(self, id_: str) -> None:
        """Remove the object with this id."""
        self.store.write(
            "DELETE FROM objects WHERE tenant = ? AND kind = ? AND id = ?",
            self.tenant,
            self.kind,
            id_,
        )
        self.store.touch()

    def get(self, id_: str) -> Doc | None:
        """Return the object with this id, or ``None``."""
        rows = self._rows("AND id = ?", id_)
        return json.loads(rows[0][1]) if rows else None

    def named(self, name: str) -> dict[str, Doc]:
        """Return the objects with this natural key, by id, in listing order."""
        return self._docs(self._rows("AND name = ? ORDER BY sort, seq", name))

    def aliased(self, alias: str) -> dict[str, Doc]:
        """Return the objects with this second natural key, by id, in listing order."""
        return self._docs(self._rows("AND alias = ? ORDER BY sort, seq", alias))

    def aliases_with(self, part: str) -> dict[str, Doc]:
        """Return the objects whose second natural key contains ``part``, in listing order."""
        return self._docs(self._rows("AND instr(alias, ?) > 0 ORDER BY sort, seq", part))

    def page(self, offset: int = 0, limit: int = -1) -> dict[str, Doc]:
        """Return objects in the order of listings, by id; ``limit`` -1: all that follow."""
        beyond = 2**62  # SQLite's integers end soon after; clients ask for any page
        return self._docs(
            self._rows("ORDER BY sort, seq LIMIT ? OFFSET ?", limit, min(offset, beyond))
        )

    def many(self, ids: Collection[str]) -> dict[str, Doc]:
        """Return those of ``ids`` that are there, by id."""
        return self._docs(
            self._rows("AND id IN (SELECT value FROM json_each(?))", json.dumps(list(ids)))
        )

    def count(self) -> int:
        """Return how many there are."""
        rows = self.store.query(
            "SELECT count(*) FROM objects WHERE tenant = ? AND kind = ?", self.tenant, self.kind
        )
        return int(rows[0][0])

    @staticmethod
    def _docs(rows: list[tuple[Any, ...]]) -> dict[str, Doc]:
        return {id_: json.loads(doc) for id_, doc in rows}


class Edges:
    """Who belongs to what in one tenant: ordered edges from a parent's id to a child's.

    An edge can carry a note: what a client said about it.
    """

    def __init__(self, store: Store, tenant: str) -> None:
        self.store, self.tenant = store, tenant

    def children(self, parent: str) -> dict[str, str]:
        """Return the children of one parent and the notes on them, oldest edge first."""
        return dict(
            self.store.query(
                "SELECT child, note FROM edges WHERE tenant = ? AND parent = ? ORDER BY seq",
                self.tenant,
                parent,
            )
        )

    def parents(self, children: Collection[str]) -> dict[str, list[str]]:
        """Return the parents of many children, by child."""
        rows = self.store.query(
            "SELECT child, parent FROM edges WHERE tenant = ?"
            " AND child IN (SELECT value FROM json_each(?)) ORDER BY seq",
            self.tenant,
            json.dumps(list(children)),
        )
        found: dict[str, list[str]] = {}
        for child, parent in rows:
            found.setdefault(child, []).append(parent)
        return found

    def put(self, parent: str, children: Mapping[str, str]) -> None:
        """Make ``children`` those of ``parent``; what stays keeps its place."""
        live = self.children(parent)
        gone = [child for child in live if child not in children]
        new = {child: note for child, note in children.items() if live.get(child) != note}
        self.store.write_many(
            "DELETE FROM edges WHERE tenant = ? AND parent = ? AND child = ?",
            ((self.tenant, parent, child) for child in gone),
        )
        self.store.write_many(
            "INSERT INTO edges (tenant, parent, child, note) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET note = excluded.note",
            ((self.tenant, parent, child, note) for child, note in new.items()),
        )
        if gone or new:
            self.store.touch()

    def remove(self, id_: str) -> None:
        """Remove all edges from and to an object."""
        self.store.write(
            "DELETE FROM edges WHERE tenant = ? AND (parent = ? OR child = ?)",
            self.tenant,
            id_,
            id_,
        )
        self.store.touch()
