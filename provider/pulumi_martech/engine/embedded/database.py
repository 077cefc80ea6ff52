"""State in a database, through SQLAlchemy: PostgreSQL, or SQLite in a file.

One table, `martech_state`, with a row a thing. PostgreSQL's password is in the URL or in
`PGPASSWORD`.
"""

import logging
import os
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .blobs import missing
from .errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL, Connection

T = TypeVar("T")

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
        parsed, tls = _parsed(url, root)
        self.url = _shown(parsed)
        self._table = sql.Table(
            "martech_state",
            sql.MetaData(),
            sql.Column("key", sql.String(700), primary_key=True),
            sql.Column("data", sql.LargeBinary, nullable=False),
        )
        try:
            self._engine = sql.create_engine(parsed, connect_args={"timeout": _WAIT, **tls})
        except ImportError:
            raise missing("pg8000", "postgres") from None
        self._ready = False
        self._own = threading.local()  # the connection of a thread that has a row to itself
        logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # we say it in a sentence

    def get(self, key: str) -> bytes | None:
        """Return a row's data."""
        wanted = self._sql.select(self._table.c.data).where(self._table.c.key == key)
        found = self._done("read", lambda connection: connection.execute(wanted).scalar())
        return None if found is None else bytes(found)

    def put(self, key: str, data: bytes) -> None:
        """Write a row."""
        change = self._table.update().where(self._table.c.key == key).values(data=data)

        def changed(connection: "Connection") -> bool:
            return bool(connection.execute(change).rowcount)

        if not self._done("written", changed) and not self.add(key, data):
            self._done("written", changed)  # somebody made it meanwhile

    def add(self, key: str, data: bytes) -> bool:
        """Make a row."""
        row = self._table.insert().values(key=key, data=data)
        try:
            self._done("written", lambda connection: connection.execute(row))
        except self._sql.exc.IntegrityError:
            return self.get(key) == data  # its answer was lost, and it was asked again
        return True

    def delete(self, keys: list[str]) -> None:
        """Remove rows."""
        gone = self._table.delete().where(self._table.c.key.in_(keys))
        self._done("removed", lambda connection: connection.execute(gone))

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so."""
        column = self._table.c.key
        wanted = self._sql.select(column).where(column.startswith(prefix, autoescape=True))
        return self._done("read", lambda connection: sorted(connection.execute(wanted).scalars()))

    def alone(self, key: str, work: "Callable[[], T]") -> T:
        """Have a row to oneself while `work` is done: nobody changes or removes it meanwhile.

        All that this thread does there is one transaction.
        """
        wanted = self._sql.select(self._table.c.data).where(self._table.c.key == key)

        def together(connection: "Connection") -> T:
            if self._engine.dialect.name == "sqlite":  # which locks no rows
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.execute(wanted.with_for_update())
            self._own.connection = connection
            try:
                return work()
            finally:
                self._own.connection = None

        return self._done("written", together)

    def _done(self, tried: str, work: "Callable[[Connection], T]") -> T:
        """Work on a connection; what was done is committed, and durable, at the end.

        A connection that was dropped is made anew, once; work that was done by then is done again.
        """
        own: Connection | None = getattr(self._own, "connection", None)
        if own is not None:
            return work(own)  # what fails is the matter of the whole transaction
        again = True
        while True:
            try:
                if not self._ready:
                    self._make_table()
                with self._engine.begin() as connection:
                    return work(connection)
            except self._sql.exc.IntegrityError:
                raise
            except self._sql.exc.SQLAlchemyError as error:
                if again and getattr(error, "connection_invalidated", False):
                    again = False
                    continue
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


def _parsed(given: str, root: Path) -> tuple["URL", dict[str, Any]]:
    """Return the URL with our driver and without settings, and what these say of TLS.

    Raises:
        EngineError: it is none; the message has nothing of it that may be secret.
    """
    import sqlalchemy as sql

    try:
        url = sql.make_url(given)
    except (sql.exc.ArgumentError, ValueError):
        raise EngineError(
            "MARTECH_BACKEND_URL is no URL of a database: write "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:///FILE"
        ) from None
    settings, url = dict(url.query), url.set(query={}, drivername=_DRIVERS[url.get_backend_name()])
    if url.get_backend_name() == "sqlite":
        where = str(root / Path(url.database or "state.db").expanduser())
        return url.set(database=where), {}
    if "@" in (url.host or ""):
        raise EngineError("MARTECH_BACKEND_URL has more than one @: write one in a password as %40")
    if not url.username:
        raise EngineError("MARTECH_BACKEND_URL names no user of the database")
    mode = settings.pop("sslmode", "disable")
    if settings or mode not in _TLS:
        wrong = ", ".join(sorted(settings)) or "sslmode"
        raise EngineError(
            f"MARTECH_BACKEND_URL has a setting that the embedded engine does not take ({wrong}); "
            f"it takes sslmode={'|'.join(_TLS)}, and the password in PGPASSWORD"
        )
    if not url.password:
        url = url.set(password=os.environ.get("PGPASSWORD"))
    return url, {"ssl_context": _TLS[mode]()}


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


_TLS = {"disable": lambda: None, "require": _unverified, "verify-full": ssl.create_default_context}
"""What libpq calls so: no TLS, TLS with anybody, TLS with who is known by a certificate."""


def _shown(url: "URL") -> str:
    """Return a URL for a person."""
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}"
    return url.set(drivername=url.get_backend_name()).render_as_string()


def _reason(error: Any) -> str:
    """Return what the database said, without the statement and its values."""
    said = getattr(error, "orig", None) or error
    first = said.args[0] if getattr(said, "args", ()) else said
    text = first.get("M", "") if isinstance(first, dict) else str(first)
    return " ".join(text.split()) or type(said).__name__
