"""The schema: made by migrations alone, the same as the models say, and to be undone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pytest import FixtureRequest  # noqa: PT013 - a type
from sqlalchemy import CheckConstraint, Connection, inspect, select, text

from app import loading, migration, wall
from app.bench import scratch
from app.consistency import violations
from app.coordination import service as coordination
from app.database import LOCK_WAIT, STATEMENT_LIMIT, Database
from app.hotline import Hotline
from app.work import service as work
from app.work.service import Step
from models.coordination import Part
from models.returning import TicketReturn
from models.tables import Base
from tests.conftest import DATABASES
from tests.installation import BUSES, Filed, Staff


@pytest.fixture(params=DATABASES)
def empty(request: FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database with nothing in it, of both kinds in turn."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.close()
        return
    with scratch.database(request.getfixturevalue("server_url")) as url:
        database = Database(url.replace("postgresql://", "postgresql+psycopg://"))
        yield database
        database.close()


def test_the_migrations_make_what_the_models_say(empty: Database) -> None:
    """Part of check 15: the schema equals the models, constraint by constraint."""
    migration.upgrade(empty)
    assert differences(empty) == []
    assert checks_of_the_database(empty) == checks_of_the_models()


def test_a_database_is_behind_until_it_is_migrated(empty: Database) -> None:
    assert migration.pending(empty)
    migration.upgrade(empty)
    assert not migration.pending(empty)
    migration.upgrade(empty)
    assert not migration.pending(empty)
    migration.downgrade(empty)
    assert migration.pending(empty)


def test_each_migration_goes_up_down_and_up_again_with_rows_in_the_tables(
    hotline: Hotline, staff: Staff, file: Callable[..., Filed], triage: Callable[[], None]
) -> None:
    """Check 15. Injected: each migration undone and done again on tables that are full. Expected: the models' schema.

    Without `_release_history` PostgreSQL is left with the function of the triggers, and the second way up fails.
    """
    file(contact_phone="0901234567", consent=True)
    file(submission_type="to-cao")
    triage()
    database = hotline.database
    for revision in revisions():
        migration.downgrade(database, revision.down, hotline.contact_keys)
        migration.upgrade(database, revision.up)
        migration.downgrade(database, revision.down, hotline.contact_keys)
    assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}
    assert left_over(database) == []
    migration.upgrade(database)
    assert differences(database) == []
    loading.load(hotline)
    assert file().kinds() == ["received"]


@pytest.mark.parametrize("way", ["upgrade", "downgrade"])
def test_a_migration_that_fails_leaves_schema_and_wall_as_they_were(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Injected: a way down and a way up break at their end. Expected: all of it is undone, and the wall stands."""
    database = hotline.database
    (newest, *_) = revisions()
    if way == "upgrade":
        migration.downgrade(database, newest.down, hotline.contact_keys)
    before = state(database)
    target = newest.up if way == "upgrade" else revisions()[1].down
    carry_out = getattr(command, way)

    def broken(config: Config, revision: str) -> None:
        carry_out(config, revision)
        raise ArithmeticError

    monkeypatch.setattr(command, way, broken)
    with pytest.raises(ArithmeticError):
        getattr(migration, way)(database, target)
    assert state(database) == before


@pytest.mark.parametrize("way", ["upgrade", "downgrade"])
def test_a_migration_takes_as_long_as_it_takes_but_waits_for_no_lock(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Without its own limits what fills a big table is cancelled each time after the seconds that a page may take."""
    database = hotline.database
    seen: list[tuple[Any, ...]] = []
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no such limits")
    (newest, *_) = revisions()
    if way == "upgrade":
        migration.downgrade(database, newest.down, hotline.contact_keys)
    monkeypatch.setattr(command, way, lambda config, _: seen.append(limits(config.attributes["connection"])))
    getattr(migration, way)(database, newest.down if way == "downgrade" else newest.up)
    assert seen == [("0", "4s")]
    with database.engine.connect() as connection:
        assert limits(connection) == (f"{STATEMENT_LIMIT}s", f"{LOCK_WAIT}s")


def limits(connection: Connection) -> tuple[Any, ...]:
    return tuple(connection.scalar(text(f"show {name}")) for name in ("statement_timeout", "lock_timeout"))


def state(database: Database) -> tuple[Any, ...]:
    """Return the revision, the tables with their columns, and whether the wall stands."""
    with database.engine.connect() as connection:
        reader = inspect(connection)
        tables = {name: [column["name"] for column in reader.get_columns(name)] for name in reader.get_table_names()}
        return migration.revision(connection), tables, database.role and wall.stands(connection, database.role)


def test_returns_and_helpers_from_before_they_had_rows_are_taken_over(
    hotline: Hotline, staff: Staff, file: Callable[..., Filed], triage: Callable[[], None]
) -> None:
    """Without the take-over `langnghe check` would name every ticket that was given back or has a helper."""
    returned, helped, plain = file(), file(), file()
    triage()
    for filed in (returned, helped):
        ticket = filed.ticket()
        if filed is returned:
            work.send_back(hotline, staff.alice, Step(ticket.id, ticket.version, "Trụ này của phường."))
        else:
            coordination.ask_unit(hotline, staff.alice, Step(ticket.id, ticket.version, "Nhờ xem."), BUSES)
    before = ScriptDirectory(str(files("migrations"))).get_revision("0005").down_revision
    migration.downgrade(hotline.database, str(before), hotline.contact_keys)
    migration.upgrade(hotline.database)
    with hotline.database.reading() as session:
        assert violations(session) == []
        (row,) = session.scalars(select(TicketReturn)).all()
        (part,) = session.scalars(select(Part)).all()
        assert (row.ticket_id, row.reason_code) == (returned.ticket().id, "other")
        assert (part.assignment.ticket_id, part.due_at) == (helped.ticket().id, helped.ticket().resolve_due_at)
    assert plain.ticket().returns == 0


def test_the_file_head_names_the_newest_migration() -> None:
    """Two people who add a migration at once meet in this file, not in a database with two heads."""
    scripts = ScriptDirectory(str(files("migrations")))
    assert scripts.get_heads() == [files("migrations").joinpath("HEAD").read_text("utf-8").strip()]
    assert migration.head() == scripts.get_heads()[0]


@dataclass(frozen=True)
class Revision:
    """A migration: where it leads, and where undoing it leads."""

    up: str
    down: str


def revisions() -> list[Revision]:
    """Return every migration, newest first."""
    return [
        Revision(script.revision, str(script.down_revision or "base"))
        for script in ScriptDirectory(str(files("migrations"))).walk_revisions()
    ]


def differences(database: Database) -> list[Any]:
    with database.engine.connect() as connection:
        gin_too = connection.dialect.name == "postgresql"

        def is_here(thing: Any, _name: str | None, kind: str, *_more: Any) -> bool:
            """Leave out an index of a kind that only PostgreSQL has; Alembic does not look at `ddl_if`."""
            return kind != "index" or gin_too or thing.dialect_options["postgresql"]["using"] != "gin"

        opts = {"compare_type": True, "include_object": is_here}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, Base.metadata))


def checks_of_the_database(database: Database) -> set[tuple[str, str]]:
    """Alembic does not compare check constraints, which hold our closed sets."""
    reader = inspect(database.engine)
    return {
        (table, str(check["name"])) for table in Base.metadata.tables for check in reader.get_check_constraints(table)
    }


def checks_of_the_models() -> set[tuple[str, str]]:
    return {
        (table.name, str(constraint.name))
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def left_over(database: Database) -> list[str]:
    """Return the names of all that is in the schema besides Alembic's own table."""
    query = (
        "select name from sqlite_master where tbl_name <> 'alembic_version'"
        if database.engine.dialect.name == "sqlite"
        else "select proname from pg_proc where pronamespace = 'public'::regnamespace"
        " union all select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relname not like 'alembic_version%'"
    )
    with database.reading() as session:
        return list(session.scalars(text(query)))
