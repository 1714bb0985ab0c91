"""Alembic migrations: numbered, up and down, the same on SQLite and PostgreSQL."""
