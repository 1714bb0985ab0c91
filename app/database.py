"""The one engine, the one way to read, the one place that commits."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from statistics import median
from typing import Any, Final, cast

from sqlalchemy import BindParameter, Connection, Engine, Insert, Table, bindparam, create_engine, event, inspect
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from app import wall
from models.base import Base

#: Seconds a statement waits for a lock, and for its end, before the citizen is told to try again.
LOCK_WAIT: Final = 5
STATEMENT_LIMIT: Final = 15
#: Connections that a process keeps to PostgreSQL, and how many more it may open for a moment.
POOL: Final = 5
POOL_MORE: Final = 5
CONNECTIONS_A_PROCESS: Final = POOL + POOL_MORE


#: The note on what a commit raised.
AT_COMMIT: Final = "raised by the commit: it may have been done, and its answer lost"


def outcome_unknown(error: BaseException) -> bool:
    """Tell whether an error came out of a commit: what was to be kept may stand, as when the connection broke then."""
    return AT_COMMIT in getattr(error, "__notes__", ())


class Database:
    """Sessions on SQLite or PostgreSQL that behave alike."""

    def __init__(self, url: str, *, role: str | None = None) -> None:
        """Open lazily: nothing connects before the first session does.

        On PostgreSQL what is asked in somebody's name is asked as `role`, behind the wall (`app.wall`).
        """
        self.engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url)
        self.role = None if url.startswith("sqlite") else role
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        writing = self.engine.execution_options(langnghe_writes=True)
        self._writing = sessionmaker(writing, expire_on_commit=False)
        # SQLite lets one write at a time, and whoever waits for it sleeps and looks again. Threads of one process
        # rather wait for each other: they go on at once, and in order.
        self._turn = threading.Lock() if url.startswith("sqlite") else None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session and commit when the block ends well. Nothing else in the program commits.

        What the commit itself raises is noted on the error (`outcome_unknown`).
        """
        committing = False
        try:
            with self._in_turn(), self._writing() as session, session.begin():
                self._step_behind_the_wall(session)
                yield session
                session.flush()  # what the database refuses here is known not to be kept
                committing = True
        except BaseException as error:
            if committing:
                error.add_note(AT_COMMIT)
            raise

    def _step_behind_the_wall(self, session: Session) -> None:
        if self.role is not None:
            session.info["walled"] = True
            wall.step_behind(session, self.role)

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
            self._step_behind_the_wall(session)
            yield session
            session.expunge_all()  # a rollback would empty what is still attached

    def forget(self) -> None:
        """Let nothing of what was removed lie on in SQLite's journal, as far as nobody is reading just now.

        Pages that are given up are overwritten (`secure_delete`), their journal only when it is emptied. PostgreSQL
        gives up old rows when it vacuums.
        """
        if self._turn is None:
            return
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA busy_timeout=100")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.fetchall()
            cursor.execute(f"PRAGMA busy_timeout={LOCK_WAIT * 1000}")
            cursor.close()
        finally:
            connection.close()

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def insert(session: Session, *rows: Base) -> None:
    """Write new rows in the order given, each with the keys it refers to set.

    For the path on which every citizen waits: there the unit of work would cost more than the database does. PostgreSQL
    takes all rows in one statement, so that they cost one journey; SQLite, which is no journey away, one by one.
    """
    connection = session.connection()
    kinds = tuple(type(row) for row in rows)
    if connection.dialect.name == "postgresql":
        connection.execute(_together(kinds), {
            f"{name}_{place}": value for place, row in enumerate(rows) for name, value in _values(row).items()
        })  # fmt: skip
        return
    for kind, row in zip(kinds, rows, strict=True):
        connection.execute(_alone(kind), _values(row))


def _values(row: Base) -> dict[str, Any]:
    """Return every column's value; what was not set is its default, or null. A key that counts up is left out."""
    given = inspect(row).dict
    return {column: given.get(name, default) for name, column, default in _columns(type(row))}


@cache
def _columns(kind: type[Base]) -> tuple[tuple[str, str, Any], ...]:
    """Return attribute, column and default of what an INSERT names."""
    found = []
    counted = cast(Table, kind.__table__).autoincrement_column
    for attribute in inspect(kind).column_attrs:
        column = attribute.columns[0]
        if column is not counted:
            default = column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None
            found.append((attribute.key, column.name, default))
    return tuple(found)


@cache
def _alone(kind: type[Base]) -> Insert:
    return cast(Table, kind.__table__).insert().inline()  # nobody asks for the new keys


@cache
def _together(kinds: tuple[type[Base], ...]) -> Insert:
    """Return one statement for rows of these classes: those of the last class are inserted, the others in its WITH.

    PostgreSQL checks foreign keys at the end of a statement and promises no order among the parts of a WITH, only
    within the VALUES of each: neighbours of one class keep their order, and so do the keys that count up.
    """
    places = iter(range(len(kinds)))
    rows = ((kind, [_bound(kind, next(places)) for _ in neighbours]) for kind, neighbours in groupby(kinds))
    # SQLAlchemy compiles a list of VALUES anew each time; one row, which is nearly every report's, only once.
    *others, last = (_alone(kind).values(values if len(values) > 1 else values[0]) for kind, values in rows)
    return last.add_cte(*(part.cte(f"part_{number}") for number, part in enumerate(others)))


def _bound(kind: type[Base], place: int) -> dict[str, BindParameter[Any]]:
    columns = cast(Table, kind.__table__).columns
    return {column: bindparam(f"{column}_{place}", type_=columns[column].type) for _, column, _ in _columns(kind)}


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
    cursor.execute("PRAGMA secure_delete=ON")  # what moves into the vault leaves no copy in a free page
    cursor.execute(f"PRAGMA busy_timeout={LOCK_WAIT * 1000}")
    cursor.close()
    connection.create_aggregate("median", 1, _Median)  # type: ignore[arg-type]


class _Median:
    """The median for SQLite, which has none: the middle value, or halfway between the two in the middle."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float | None) -> None:
        """Take a value; null is none."""
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float | None:
        """Return the median; null of nothing."""
        return float(median(self._values)) if self._values else None


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("langnghe_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: str) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=POOL,
        max_overflow=POOL_MORE,
        pool_timeout=LOCK_WAIT,
        connect_args={
            "connect_timeout": LOCK_WAIT,
            "application_name": "langnghe",
            "options": f"-c statement_timeout={STATEMENT_LIMIT}s -c lock_timeout={LOCK_WAIT}s -c timezone=UTC"
            # Pages want few rows by index; PostgreSQL thinks of disks with a moving arm, and reads tables whole.
            " -c random_page_cost=1.1",
        },
    )
