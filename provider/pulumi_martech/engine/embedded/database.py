"""State in a database, through SQLAlchemy: PostgreSQL, or SQLite in a file.

One table, `martech_state`, with a row a thing. PostgreSQL's password is in the URL or in
`PGPASSWORD`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .blobs import missing
from .errors import EngineError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

_DRIVERS = {"postgres": "postgresql+pg8000", "postgresql": "postgresql+pg8000", "sqlite": "sqlite"}
_WAIT = 30  # seconds for another writer of a SQLite file, or for a connection


class Table:
    """The rows of `martech_state`."""

    def __init__(self, url: str, root: Path):
        """Take a URL; the file of a SQLite database is relative to `root`. Nothing is asked yet."""
        try:
            import sqlalchemy as sql
        except ImportError:
            raise missing("SQLAlchemy", "postgres") from None
        self._sql = sql
        try:
            parsed = sql.make_url(url)
        except sql.exc.ArgumentError:
            raise EngineError("MARTECH_BACKEND_URL is no URL of a database") from None
        parsed = _complete(parsed, root)
        self.url = parsed.set(drivername=parsed.get_backend_name()).render_as_string()
        self._table = sql.Table(
            "martech_state",
            sql.MetaData(),
            sql.Column("key", sql.String(700), primary_key=True),
            sql.Column("data", sql.LargeBinary, nullable=False),
        )
        try:
            self._engine = sql.create_engine(parsed, connect_args={"timeout": _WAIT})
        except ImportError:
            raise missing("pg8000", "postgres") from None
        self._ready = False

    def get(self, key: str) -> bytes | None:
        """Return a row's data."""
        with self._connected("read") as connection:
            found = connection.execute(
                self._sql.select(self._table.c.data).where(self._table.c.key == key)
            ).scalar()
            return None if found is None else bytes(found)

    def put(self, key: str, data: bytes) -> None:
        """Write a row."""
        change = self._table.update().where(self._table.c.key == key).values(data=data)
        with self._connected("written") as connection:
            if connection.execute(change).rowcount:
                return
        if not self.add(key, data):  # somebody made it meanwhile
            with self._connected("written") as connection:
                connection.execute(change)

    def add(self, key: str, data: bytes) -> bool:
        """Make a row."""
        try:
            with self._connected("written") as connection:
                connection.execute(self._table.insert().values(key=key, data=data))
        except self._sql.exc.IntegrityError:
            return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Remove rows."""
        with self._connected("removed") as connection:
            for key in keys:
                connection.execute(self._table.delete().where(self._table.c.key == key))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so."""
        column = self._table.c.key
        with self._connected("read") as connection:
            wanted = self._sql.select(column).where(column.startswith(prefix, autoescape=True))
            return sorted(connection.execute(wanted).scalars())

    @contextmanager
    def _connected(self, tried: str) -> Iterator["Connection"]:
        """Give a connection; what was done on it is committed, and durable, at the end."""
        try:
            if not self._ready:
                self._make_table()
            with self._engine.begin() as connection:
                yield connection
        except self._sql.exc.IntegrityError:
            raise
        except self._sql.exc.SQLAlchemyError as error:
            raise EngineError(
                f"the state in {self.url} cannot be {tried}: {_reason(error)}; look at the "
                "database, its user and its password"
            ) from None

    def _make_table(self) -> None:
        try:
            self._table.metadata.create_all(self._engine)
        except self._sql.exc.SQLAlchemyError:
            # Two may make it at once; of two that begin together one finds it made.
            self._table.metadata.create_all(self._engine)
        self._ready = True


def _complete(url: "URL", root: Path) -> "URL":
    """Return the URL with our driver, the password of the environment, and a whole path."""
    url = url.set(drivername=_DRIVERS[url.get_backend_name()])
    if url.get_backend_name() == "postgresql" and not url.password:
        url = url.set(password=os.environ.get("PGPASSWORD"))
    if url.get_backend_name() == "sqlite":
        url = url.set(database=str(root / Path(url.database or "state.db").expanduser()))
    return url


def _reason(error: Any) -> str:
    """Return what the database said, without the statement and its values."""
    said = getattr(error, "orig", None) or error
    first = said.args[0] if getattr(said, "args", ()) else said
    text = first.get("M", "") if isinstance(first, dict) else str(first)
    return " ".join(text.split()) or type(said).__name__
