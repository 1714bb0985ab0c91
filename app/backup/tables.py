"""Rows as lines of JSON and back, the same for both databases: a back-up of one can be restored into the other."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Connection,
    Date,
    Enum,
    LargeBinary,
    MetaData,
    Table,
    Uuid,
    bindparam,
    column,
    func,
    inspect,
    select,
    table,
    text,
)
from sqlalchemy.types import NULLTYPE, TypeEngine

from models.base import UtcDateTime
from models.tables import Base

#: Rows a member: few enough to be held in memory.
ROWS: Final = 5000


def dumped(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """Yield (table name, lines) in an order in which they can be written again; the first line names the columns.

    What is derived from other tables (`info`) is left out: it is computed anew where the rest is restored.
    """
    for source in (t for t in Base.metadata.sorted_tables if not t.info.get("derived")):
        names = [column_.name for column_ in source.columns]
        ordered = select(source).order_by(*source.primary_key.columns)
        for some in connection.execution_options(yield_per=ROWS).execute(ordered).partitions():
            lines = [json.dumps(names), *(json.dumps([_plain(value) for value in row]) for row in some)]
            yield source.name, "\n".join(lines).encode()


def counts(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return how many rows each of these tables has."""
    return {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}


class Loader:
    """Writes dumped rows. What refers to rows that are still to come is filled in by `finish`."""

    def __init__(self, connection: Connection) -> None:
        """Take a database whose migrations have just run, and what rows they made out of it: the back-up has them."""
        self._connection = connection
        there = set(inspect(connection).get_table_names())
        for target in reversed(Base.metadata.sorted_tables):
            if target.name in there and counts(connection, [target.name])[target.name]:
                connection.execute(table(target.name).delete())
        self._later: list[tuple[Table, dict[str, Any], dict[str, Any]]] = []

    def load(self, name: str, lines: bytes) -> None:
        """Write the rows of one member of a back-up, into the schema that it was made in.

        What this release no longer has, its migrations will take away; until then it is kept as it was written.
        """
        target = Base.metadata.tables.get(name, Table(name, MetaData()))
        head, *rows = (json.loads(line) for line in lines.decode().split("\n"))
        types = [target.columns[said].type if said in target.columns else NULLTYPE for said in head]
        late = _late(target)
        values = []
        for row in rows:
            value = {said: _typed(kind, v) for said, kind, v in zip(head, types, row, strict=True)}
            missing = {name: value[name] for name in late if value.get(name) is not None}
            if missing:
                key = {c.name: value[c.name] for c in target.primary_key.columns}
                self._later.append((target, key, missing))
                value |= dict.fromkeys(missing)
            values.append(value)
        # Only the columns of the back-up, without the model's defaults: an older schema may lack some of today's.
        bare = table(name, *(column(said, kind) for said, kind in zip(head, types, strict=True)))
        self._connection.execute(bare.insert(), values)

    def finish(self) -> None:
        """Fill in what referred to later rows, and let keys that count up go on behind the last."""
        for target, key, missing in self._later:
            same = (target.columns[name] == bindparam(f"key_{name}") for name in key)
            change = target.update().where(*same).values({name: bindparam(f"new_{name}") for name in missing})
            given = {f"key_{name}": value for name, value in key.items()}
            self._connection.execute(change, given | {f"new_{name}": value for name, value in missing.items()})
        if self._connection.dialect.name == "postgresql":
            there = set(inspect(self._connection).get_table_names())  # an older schema lacks some of today's
            for target in (t for t in Base.metadata.sorted_tables if t.name in there):
                counted = target.autoincrement_column
                if counted is not None:
                    self._count_on(target.name, counted.name)

    def _count_on(self, name: str, key: str) -> None:
        last = f"select max({key}) from {name}"  # noqa: S608 - names of ours
        self._connection.execute(
            text(f"select setval(pg_get_serial_sequence(:name, :key), coalesce(({last}), 1), ({last}) is not null)"),
            {"name": name, "key": key},
        )


def _late(target: Table) -> list[str]:
    """Return the columns that refer to the table itself, or to one written after it."""
    order = [t.name for t in Base.metadata.sorted_tables]
    place = order.index(target.name) if target.name in order else 0
    return [key.parent.name for key in target.foreign_keys if order.index(key.column.table.name) >= place]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value.hex if isinstance(value, UUID) else value


def _typed(kind: TypeEngine[Any], value: Any) -> Any:
    """Return what `_plain` was given."""
    if value is None:
        return None
    if isinstance(kind, Enum) and kind.enum_class is not None:
        return kind.enum_class(value)
    return next((read(value) for wanted, read in _READERS if isinstance(kind, wanted)), value)


_READERS: Final[tuple[tuple[type[TypeEngine[Any]], Callable[[Any], Any]], ...]] = (
    (UtcDateTime, datetime.fromisoformat),
    (Date, date.fromisoformat),
    (Uuid, UUID),
    (LargeBinary, b64decode),
)
