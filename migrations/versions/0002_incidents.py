"""Incidents: many reports of one thing, what the machine proposes, and surges."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WITH_A_UNIT = sa.text("department_id is not null")
UNDERSTOOD = sa.text("topic_slug is not null")
OF_AN_INCIDENT = sa.text("incident_id is not null")
QUEUE = ["department_id", "status", "resolve_due_at", "id"]
LEADS = sa.text("incident_id is not null and status <> 'merged'")
JOINS = sa.text("joins_id is not null")
OPEN_SURGE = sa.text("ended_at is null")


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic_slug", sa.String(length=64), nullable=True),
        sa.Column("ward_code", sa.String(length=16), nullable=True),
        sa.Column("street", sa.String(length=120), nullable=True),
        sa.Column("cell", sa.String(length=16), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_report_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("joined_into_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("reports >= 0", name=op.f("ck_incident_reports_range")),
        sa.ForeignKeyConstraint(
            ["joined_into_id"], ["incident.id"], name=op.f("fk_incident_joined_into_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["topic_slug"], ["topic.slug"], name=op.f("fk_incident_topic_slug")),
        sa.ForeignKeyConstraint(["ward_code"], ["ward.code"], name=op.f("fk_incident_ward_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index("ix_incident_cell", "incident", ["cell", "topic_slug", "last_report_at"], unique=False)
    op.create_index(
        "ix_incident_street", "incident", ["ward_code", "street", "topic_slug", "last_report_at"], unique=False
    )
    op.create_index(op.f("ix_incident_joined_into_id"), "incident", ["joined_into_id"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("likeness", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_proposal_incident_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_proposal_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "incident_id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_incident_id"), "proposal", ["incident_id"], unique=False)
    op.create_table(
        "surge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("topic_slug", sa.String(length=64), nullable=False),
        sa.Column("ward_code", sa.String(length=16), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("peak", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["topic_slug"], ["topic.slug"], name=op.f("fk_surge_topic_slug")),
        sa.ForeignKeyConstraint(["ward_code"], ["ward.code"], name=op.f("fk_surge_ward_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surge")),
    )
    op.create_index(
        "uq_surge_open",
        "surge",
        ["topic_slug", "ward_code"],
        unique=True,
        sqlite_where=OPEN_SURGE,
        postgresql_where=OPEN_SURGE,
    )
    _extend_ticket()


def _extend_ticket() -> None:
    """Give tickets their incident. SQLite adds no constraint to a table, but takes one with a new column."""
    op.add_column("ticket", sa.Column("street", sa.String(length=120), nullable=True))
    op.add_column("ticket", sa.Column("cell", sa.String(length=16), nullable=True))
    for column in ("incident_id", "joins_id"):
        kind = "CHAR(32)" if op.get_bind().dialect.name == "sqlite" else "UUID"
        op.execute(
            f"ALTER TABLE ticket ADD COLUMN {column} {kind} CONSTRAINT fk_ticket_{column} REFERENCES incident (id)"
        )
    op.create_index(
        "ix_ticket_incident_id",
        "ticket",
        ["incident_id"],
        unique=False,
        sqlite_where=OF_AN_INCIDENT,
        postgresql_where=OF_AN_INCIDENT,
    )
    op.create_index(
        "ix_ticket_received",
        "ticket",
        ["received_at", "topic_slug", "ward_code"],
        unique=False,
        sqlite_where=UNDERSTOOD,
        postgresql_where=UNDERSTOOD,
    )
    op.drop_index("ix_ticket_queue", table_name="ticket")
    op.create_index(
        "ix_ticket_queue",
        "ticket",
        QUEUE,
        unique=False,
        sqlite_where=WITH_A_UNIT,
        postgresql_where=WITH_A_UNIT,
    )
    op.create_index(
        "uq_ticket_lead", "ticket", ["incident_id"], unique=True, sqlite_where=LEADS, postgresql_where=LEADS
    )
    op.create_index("ix_ticket_joins_id", "ticket", ["joins_id"], sqlite_where=JOINS, postgresql_where=JOINS)


def downgrade() -> None:
    op.drop_index("ix_ticket_joins_id", table_name="ticket", sqlite_where=JOINS, postgresql_where=JOINS)
    op.drop_index("uq_ticket_lead", table_name="ticket", sqlite_where=LEADS, postgresql_where=LEADS)
    op.drop_index("ix_ticket_queue", table_name="ticket")
    op.create_index("ix_ticket_queue", "ticket", QUEUE, unique=False)
    op.drop_index("ix_ticket_received", table_name="ticket")
    op.drop_index("ix_ticket_incident_id", table_name="ticket")
    for column in ("joins_id", "incident_id", "cell", "street"):
        op.drop_column("ticket", column)
    op.drop_index("uq_surge_open", table_name="surge", sqlite_where=OPEN_SURGE, postgresql_where=OPEN_SURGE)
    op.drop_table("surge")
    op.drop_index(op.f("ix_proposal_incident_id"), table_name="proposal")
    op.drop_table("proposal")
    op.drop_index(op.f("ix_incident_joined_into_id"), table_name="incident")
    op.drop_index("ix_incident_street", table_name="incident")
    op.drop_index("ix_incident_cell", table_name="incident")
    op.drop_table("incident")
