"""The ticket page of a department: persons, answers with photos and a second reader, templates, reopened deadlines.

What is added to old tables has a default or may be empty, so that the previous release goes on working.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_A_PERSON = sa.text("assignee_id is not null")
STATUSES = (
    "received", "needs_review", "routed", "returned", "in_progress", "info_requested", "answered", "reopened",
    "closed", "rejected", "referred", "merged", "sealed",
)  # fmt: skip


def upgrade() -> None:
    _assignee()
    _photos()
    _reopened()
    _replies()


def downgrade() -> None:
    op.drop_table("unit_practice")
    op.drop_table("waiting_answer")
    op.drop_index("ix_reply_template_unit", table_name="reply_template")
    op.drop_table("reply_template")
    op.drop_index("uq_past_deadline_ended", table_name="past_deadline")
    op.drop_table("past_deadline")
    op.drop_column("deadline", "since")
    op.execute("DELETE FROM attachment WHERE shows <> 'report'")
    op.drop_index(op.f("ix_attachment_event_id"), table_name="attachment")
    op.drop_column("attachment", "event_id")
    op.drop_column("attachment", "shows")
    op.drop_index("ix_ticket_assignee", table_name="ticket", sqlite_where=OF_A_PERSON, postgresql_where=OF_A_PERSON)
    op.drop_column("ticket", "assignee_id")


def _add(table: str, column: str, kind: str, constraint: str) -> None:
    """Add a column with a constraint. SQLite adds none to a table, but takes one with a new column."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind} CONSTRAINT {constraint}")


def _id_kind() -> str:
    return "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _assignee() -> None:
    _add("ticket", "assignee_id", _id_kind(), "fk_ticket_assignee_id REFERENCES account (id)")
    op.create_index(
        "ix_ticket_assignee",
        "ticket",
        ["assignee_id", "status", "resolve_due_at", "id"],
        unique=False,
        sqlite_where=OF_A_PERSON,
        postgresql_where=OF_A_PERSON,
    )


def _photos() -> None:
    kinds = "'report', 'before', 'after'"
    allowed = f"ck_attachment_photo_of CHECK (shows IN ({kinds}))"
    _add("attachment", "shows", "VARCHAR(32) DEFAULT 'report' NOT NULL", allowed)
    big = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    _add("attachment", "event_id", big, "fk_attachment_event_id REFERENCES ticket_event (id)")
    op.create_index(op.f("ix_attachment_event_id"), "attachment", ["event_id"], unique=False)


def _reopened() -> None:
    op.add_column("deadline", sa.Column("since", sa.DateTime(timezone=True), nullable=True))
    kinds = sa.Enum("ack", "first_action", "resolve", name="deadline_kind", native_enum=False, create_constraint=True,
                    length=32)  # fmt: skip
    op.create_table(
        "past_deadline",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", kinds, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        _refers("past_deadline", "ticket_id", "ticket.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_deadline")),
    )
    op.create_index("uq_past_deadline_ended", "past_deadline", ["ticket_id", "kind", "ended_at"], unique=True)


def _replies() -> None:
    status = sa.Enum(*STATUSES, name="status", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "reply_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.Column("topic_slug", sa.String(length=64), nullable=True),
        sa.Column("status", status, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        _refers("reply_template", "department_id", "department.id"),
        _refers("reply_template", "topic_slug", "topic.slug"),
        _refers("reply_template", "changed_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_template")),
    )
    op.create_index("ix_reply_template_unit", "reply_template", ["department_id", "status"], unique=False)
    op.create_table(
        "waiting_answer",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("back_by", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("(back_at is null) = (back_by is null)", name=op.f("ck_waiting_answer_given_back")),
        _refers("waiting_answer", "ticket_id", "ticket.id"),
        _refers("waiting_answer", "written_by", "account.id"),
        _refers("waiting_answer", "back_by", "account.id"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_waiting_answer")),
    )
    op.create_table(
        "unit_practice",
        sa.Column("department_id", sa.String(length=64), nullable=False),
        sa.Column("second_approval", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        _refers("unit_practice", "department_id", "department.id"),
        _refers("unit_practice", "changed_by", "account.id"),
        sa.PrimaryKeyConstraint("department_id", name=op.f("pk_unit_practice")),
    )
