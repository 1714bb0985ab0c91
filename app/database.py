"""The one engine, the one way to read, the one place that commits."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event, inspect
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from models.base import Base

#: Seconds a statement waits for a lock, and for its end, before the citizen is told to try again.
LOCK_WAIT: Final = 5
STATEMENT_LIMIT: Final = 15


class Database:
    """Sessions on SQLite or PostgreSQL that behave alike."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        """Open lazily: nothing connects before the first session does."""
        self.engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url, pool_size)
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        writing = self.engine.execution_options(langnghe_writes=True)
        self._writing = sessionmaker(writing, expire_on_commit=False)
        # SQLite lets one write at a time, and whoever waits for it sleeps and looks again. Threads of one process
        # rather wait for each other: they go on at once, and in order.
        self._turn = threading.Lock() if url.startswith("sqlite") else None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session and commit when the block ends well. Nothing else in the program commits."""
        with self._in_turn(), self._writing() as session, session.begin():
            yield session

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=LOCK_WAIT):
            raise PoolTimeout("other threads of this process write for too long")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session whose changes are thrown away; what it has loaded can be read afterwards."""
        with self._reading() as session:
            yield session
            session.expunge_all()  # a rollback would empty what is still attached

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def insert(session: Session, *rows: Base) -> None:
    """Write new rows by plain INSERTs in the order given, each with the keys it refers to set.

    For the path on which every citizen waits: there the unit of work would cost more than the database does.
    """
    connection = session.connection()
    for row in rows:
        statement, columns = _insertion(type(row))
        values = {columns[name]: value for name, value in inspect(row).dict.items() if name in columns}
        connection.execute(statement, values)


@cache
def _insertion(kind: type[Base]) -> tuple[Insert, dict[str, str]]:
    """Return the statement for a class, made once, and the column of each attribute that is one."""
    columns = {attribute.key: attribute.columns[0].name for attribute in inspect(kind).column_attrs}
    return cast(Table, kind.__table__).insert().inline(), columns  # nobody asks for the new keys


def known(session: Session, kind: type[Base], key: str) -> bool:
    """Tell whether there is a row of this key.

    A key that cannot be printed is none, and the database is not asked: PostgreSQL cannot be told a NUL.
    """
    return key.isprintable() and session.get(kind, key) is not None


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": LOCK_WAIT, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin deferred ones, and two writers that both have
    # read first could not both go on. We begin, below.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # a tracking code that was shown survives a power cut
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={LOCK_WAIT * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("langnghe_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: str, pool_size: int) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=LOCK_WAIT,
        connect_args={
            "connect_timeout": LOCK_WAIT,
            "application_name": "langnghe",
            "options": f"-c statement_timeout={STATEMENT_LIMIT}s -c lock_timeout={LOCK_WAIT}s -c timezone=UTC",
        },
    )
