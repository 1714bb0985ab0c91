"""Returns as rows of their own, and what each co-ordinating unit owes; what there was before is taken over."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OPEN_PART = "kind = 'coordinating' and ended_at is null"


def upgrade() -> None:
    op.create_table(
        "part",
        sa.Column("assignment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calendar_version", sa.String(length=64), nullable=False),
        sa.Column("contribution", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("done_at is null or contribution is not null", name=op.f("ck_part_done_says_what")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_part_assignment_id")),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_part")),
    )
    op.create_index("ix_part_due", "part", ["due_at", "assignment_id"], unique=False)
    op.create_table(
        "ticket_return",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("topic_slug", sa.String(length=64), nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=False),
        sa.Column("proposed_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_ticket_return_assignment_id")),
        sa.ForeignKeyConstraint(["proposed_id"], ["department.id"], name=op.f("fk_ticket_return_proposed_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_return_ticket_id")),
        sa.ForeignKeyConstraint(["topic_slug"], ["topic.slug"], name=op.f("fk_ticket_return_topic_slug")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_return")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_ticket_return_assignment_id")),
    )
    op.create_index(op.f("ix_ticket_return_ticket_id"), "ticket_return", ["ticket_id"], unique=False)
    op.create_index(
        "uq_assignment_open_part",
        "assignment",
        ["department_id", "ticket_id"],
        unique=True,
        sqlite_where=sa.text(_OPEN_PART),
        postgresql_where=sa.text(_OPEN_PART),
    )
    _take_over()


def _take_over() -> None:
    """Give old helpers the lead's deadline, and old returns a row: they said why in words alone."""
    op.execute(
        "insert into part (assignment_id, due_at, calendar_version)"
        " select a.id, coalesce(t.resolve_due_at, a.assigned_at), '' from assignment a"
        " join ticket t on t.id = a.ticket_id where a.kind = 'coordinating'"
    )
    # A lead that gave a ticket back ended at that very instant.
    op.execute(
        "insert into ticket_return (ticket_id, assignment_id, at, topic_slug, reason_code)"
        " select a.ticket_id, a.id, a.ended_at, t.topic_slug, 'other' from assignment a"
        " join ticket t on t.id = a.ticket_id where a.kind = 'lead' and exists (select 1 from ticket_event e"
        " where e.ticket_id = a.ticket_id and e.kind = 'returned' and e.at = a.ended_at)"
    )


def downgrade() -> None:
    op.drop_index(
        "uq_assignment_open_part",
        table_name="assignment",
        sqlite_where=sa.text(_OPEN_PART),
        postgresql_where=sa.text(_OPEN_PART),
    )
    op.drop_index(op.f("ix_ticket_return_ticket_id"), table_name="ticket_return")
    op.drop_table("ticket_return")
    op.drop_index("ix_part_due", table_name="part")
    op.drop_table("part")
