"""Bringing the database to the schema of this release, or away from it."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.database import Database


def upgrade(database: Database, revision: str = "head") -> None:
    """Run every migration up to `revision`; on PostgreSQL give up rather than hold a lock for over 4 s."""
    with database.engine.connect() as connection:
        config = _config(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET lock_timeout = '4s'")
            connection.commit()
        command.upgrade(config, revision)
        connection.commit()


def downgrade(database: Database, revision: str = "base") -> None:
    """Undo migrations down to `revision`."""
    with database.engine.connect() as connection:
        command.downgrade(_config(connection), revision)
        connection.commit()


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
