"""Bringing the database to the schema of this release, or away from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app import wall
from app.database import Database
from app.persons.keys import ContactKeys


def upgrade(database: Database, target: str = "head") -> None:
    """Run every migration up to the revision `target`, all or none.

    Where the database has a role for what is asked in somebody's name, the wall is built around the newest schema.
    """
    with _migrating(database) as connection:
        if revision(connection) != (head() if target == "head" else target):
            _lower_the_wall(connection)
            command.upgrade(_config(connection), target)
        role = database.role
        if role is not None and revision(connection) == head() and not wall.stands(connection, role):
            wall.build(connection, role)


def downgrade(database: Database, target: str = "base", keys: ContactKeys | None = None) -> None:
    """Undo migrations down to the revision `target`, all or none.

    Raises `RuntimeError` where that needs the contact keys and there are none.
    """
    with _migrating(database) as connection:
        config = _config(connection)
        config.attributes["contact_keys"] = keys
        _lower_the_wall(connection)
        command.downgrade(config, target)


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """Yield a connection in one transaction, so that what fails leaves schema and wall as they were.

    On PostgreSQL give up rather than wait for a lock for over 4 s, but let what fills a big table take its time.
    """
    with database.engine.connect() as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = '4s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        yield connection


def _lower_the_wall(connection: Connection) -> None:
    """Take down what would hold on to columns that a migration changes; nothing where it never stood."""
    if connection.dialect.name == "postgresql":
        wall.lower(connection)


def pending(database: Database) -> bool:
    """Tell whether the database is not at this release's schema."""
    with database.engine.connect() as connection:
        return revision(connection) != head()


def revision(connection: Connection) -> str | None:
    """Return the schema revision that a database is at; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Tell whether this release has the migration that leads to a revision."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def head() -> str | None:
    """Return the newest revision of this release."""
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(files("migrations")))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
