"""Deadlines that can be answered for: days that administrators decide on, pauses, extensions, notices.

What is added to `deadline` has a default or may be empty, so that the previous release goes on working. Deadlines that
were set before know no number of working days: a change of the calendar leaves their date as it was promised.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNMET = sa.text("met_at is null")


def upgrade() -> None:
    with op.batch_alter_table("deadline") as deadline:
        deadline.add_column(
            sa.Column("clock", _one_of("clock", "always", "working"), nullable=False, server_default="always")
        )
        deadline.add_column(sa.Column("working_days", sa.Integer(), nullable=True))
        deadline.add_column(sa.Column("term", sa.Integer(), nullable=False, server_default="0"))
        for name in ("runs_from", "paused_at", "remind_at", "committed_at"):
            deadline.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE deadline SET clock = 'working' WHERE kind = 'resolve' AND met_at IS NULL")
    op.execute("UPDATE deadline SET remind_at = due_at WHERE met_at IS NULL")
    op.create_index("ix_deadline_remind", "deadline", ["remind_at"], sqlite_where=UNMET, postgresql_where=UNMET)
    op.create_index("ix_deadline_open", "deadline", ["clock", "due_at"], sqlite_where=UNMET, postgresql_where=UNMET)
    _calendar()
    _extension()
    _notice()


def _one_of(name: str, *members: str) -> sa.Enum:
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=32)


def _calendar() -> None:
    op.create_table(
        "calendar_change",
        sa.Column("id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("author", sa.String(length=120), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["account.id"], name=op.f("fk_calendar_change_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_change")),
    )
    op.create_index(op.f("ix_calendar_change_day"), "calendar_change", ["day"])
    op.create_table(
        "calendar_applied",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["change_id"], ["calendar_change.id"], name=op.f("fk_calendar_applied_change_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_applied")),
    )
    op.execute("INSERT INTO calendar_applied (id) VALUES (1)")
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER calendar_change_no_{verb.lower()} BEFORE {verb} ON calendar_change "
                "BEGIN SELECT RAISE(ABORT, 'calendar_change is append-only'); END"
            )
        # REPLACE removes the old row without asking the trigger on DELETE
        op.execute(
            "CREATE TRIGGER calendar_change_no_replace BEFORE INSERT ON calendar_change "
            "WHEN EXISTS (SELECT 1 FROM calendar_change WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'calendar_change is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION calendar_change_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'calendar_change is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER calendar_change_no_change BEFORE UPDATE OR DELETE ON calendar_change "
        "FOR EACH ROW EXECUTE FUNCTION calendar_change_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER calendar_change_no_truncate BEFORE TRUNCATE ON calendar_change "
        "FOR EACH STATEMENT EXECUTE FUNCTION calendar_change_is_append_only()"
    )


def _extension() -> None:
    op.create_table(
        "extension",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("state", _one_of("extension_state", "asked", "approved", "refused"), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_before", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("days between 1 and 10", name=op.f("ck_extension_days_range")),
        sa.CheckConstraint("decided_by is null or decided_by <> asked_by", name=op.f("ck_extension_four_eyes")),
        sa.CheckConstraint("(state = 'asked') = (decided_at is null)", name=op.f("ck_extension_decided")),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_extension_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_extension_decided_by")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_extension_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_extension")),
    )


def _notice() -> None:
    stages = _one_of("notice_stage", "half", "most", "due", "above", "extension")
    audiences = _one_of("notice_audience", "handlers", "supervisors", "coordinators", "cleared")
    op.create_table(
        "notice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("deadline_id", BIG, nullable=False),
        sa.Column("term", sa.Integer(), nullable=False),
        sa.Column("stage", stages, nullable=False),
        sa.Column("audience", audiences, nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["deadline_id"], ["deadline.id"], name=op.f("fk_notice_deadline_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_notice_department_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_notice_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(op.f("ix_notice_ticket_id"), "notice", ["ticket_id"])
    op.create_index("ix_notice_audience", "notice", ["audience", "department_id", "id"])
    op.create_index("uq_notice_stage", "notice", ["deadline_id", "term", "stage"], unique=True)
    op.create_table(
        "notice_seen",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_seen_account_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_seen_notice_id")),
        sa.PrimaryKeyConstraint("account_id", "notice_id", name=op.f("pk_notice_seen")),
    )
    op.create_index(op.f("ix_notice_seen_notice_id"), "notice_seen", ["notice_id"])


def downgrade() -> None:
    for table in ("notice_seen", "notice", "extension", "calendar_applied"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP TRIGGER calendar_change_no_truncate ON calendar_change")
        op.execute("DROP TRIGGER calendar_change_no_change ON calendar_change")
        op.execute("DROP FUNCTION calendar_change_is_append_only()")
    op.drop_table("calendar_change")
    for index in ("ix_deadline_open", "ix_deadline_remind"):
        op.drop_index(index, table_name="deadline")
    with op.batch_alter_table("deadline") as deadline:
        deadline.drop_constraint(op.f("ck_deadline_clock"), type_="check")
        for name in ("committed_at", "remind_at", "paused_at", "runs_from", "term", "working_days", "clock"):
            deadline.drop_column(name)
