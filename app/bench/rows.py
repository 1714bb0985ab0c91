"""Rows by the hundred thousand, written as fast as a database takes them."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from app.bench.scratch import database, postgres
from app.bench.world import World, world

#: Table, its columns, and the lines to write into it.
Rows = tuple[str, tuple[str, ...], Iterator[tuple[Any, ...]]]


def on_both(
    what: str, tables: Callable[[World], Iterable[Rows]], probe: Callable[[World], None], say: Callable[[str], object]
) -> None:
    """Fill a new installation on SQLite and measure it, then one on PostgreSQL; `what` says what its rows are."""
    with world() as made:
        _fill("SQLite", made, what, tables, say)
        probe(made)
    with postgres() as server, database(server) as url, world(url) as made:
        _fill("PostgreSQL", made, what, tables, say)
        probe(made)


def _fill(
    name: str, made: World, what: str, tables: Callable[[World], Iterable[Rows]], say: Callable[[str], object]
) -> None:
    made.prepare()
    began = time.perf_counter()
    write(made, tables(made))
    say(f"{name}: {what}, written in {time.perf_counter() - began:.0f} s")


def write(made: World, tables: Iterable[Rows]) -> None:
    """Write the rows, then let the database count what it has, as a running one would."""
    if made.hotline.settings.is_sqlite:
        _into_sqlite(made, tables)
        return
    with psycopg.connect(made.environ["DATABASE_URL"]) as connection:
        for table, columns, lines in tables:
            copy = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor().copy(copy) as stream:
                for line in lines:
                    stream.write_row(line)
        connection.execute("ANALYZE")


def _into_sqlite(made: World, tables: Iterable[Rows]) -> None:
    with made.hotline.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if raw is None:
            raise RuntimeError("no connection")
        raw.execute("PRAGMA cache_size=-400000")  # the indexes are filled in no order
        raw.execute("BEGIN IMMEDIATE")
        for table, columns, lines in tables:
            marks = ", ".join("?" * len(columns))
            plain = (tuple(_plain(value) for value in line) for line in lines)
            raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", plain)  # noqa: S608 - ours
        raw.execute("COMMIT")


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return value.hex
    return value.strftime("%Y-%m-%d %H:%M:%S.%f") if isinstance(value, datetime) else value
