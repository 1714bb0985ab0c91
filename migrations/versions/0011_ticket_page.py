"""The ticket page of a department: who works on a ticket."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OF_A_PERSON = sa.text("assignee_id is not null")


def upgrade() -> None:
    _assignee()


def downgrade() -> None:
    op.drop_index("ix_ticket_assignee", table_name="ticket", sqlite_where=OF_A_PERSON, postgresql_where=OF_A_PERSON)
    op.drop_column("ticket", "assignee_id")


def _assignee() -> None:
    """Give tickets a person. SQLite adds no constraint to a table, but takes one with a new column."""
    kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
    op.execute(
        f"ALTER TABLE ticket ADD COLUMN assignee_id {kind} CONSTRAINT fk_ticket_assignee_id REFERENCES account (id)"
    )
    op.create_index(
        "ix_ticket_assignee",
        "ticket",
        ["assignee_id", "status", "resolve_due_at", "id"],
        unique=False,
        sqlite_where=OF_A_PERSON,
        postgresql_where=OF_A_PERSON,
    )
