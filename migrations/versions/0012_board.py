"""The board: a tally per ticket, kept up by what a trigger notes of every event, and who took reports away."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATUSES = (
    "received", "needs_review", "routed", "returned", "in_progress", "info_requested", "answered", "reopened", "closed",
    "rejected", "referred", "merged", "sealed",
)  # fmt: skip
#: Filing says nothing that counts yet, and must not wait.
SPEAKS = "NEW.kind <> 'received'"


def upgrade() -> None:
    _tallies()
    _exports()
    if op.get_bind().dialect.name == "sqlite":
        _note_on_sqlite()
    else:
        _note_on_postgresql()
    op.execute(
        "INSERT INTO tally_due (ticket_id, event_id) SELECT ticket_id, max(id) FROM ticket_event "
        "WHERE kind <> 'received' GROUP BY ticket_id"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER ticket_event_is_tallied")
        op.execute("DROP TRIGGER ticket_event_seals_tally")
    else:
        op.execute("DROP TRIGGER ticket_event_is_tallied ON ticket_event")
        op.execute("DROP FUNCTION ticket_event_is_tallied()")
        op.execute("DROP TRIGGER report_export_no_truncate ON report_export")
        op.execute("DROP TRIGGER report_export_no_change ON report_export")
        op.execute("DROP FUNCTION report_export_is_append_only()")
    op.drop_table("report_export")
    op.drop_table("tally_due")
    op.drop_index("ix_tally_received", table_name="tally")
    op.drop_table("tally")


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _tallies() -> None:
    op.create_table(
        "tally",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", _one_of("status", *STATUSES), nullable=False),
        sa.Column("channel", _one_of("channel", "web", "phone", "api"), nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.Column("topic_slug", sa.String(length=64), nullable=True),
        sa.Column("ward_code", sa.String(length=16), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("reopened", sa.Boolean(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("acted_s", sa.BigInteger(), nullable=True),
        sa.Column("answered_s", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_tally_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_tally")),
    )
    op.create_index("ix_tally_received", "tally", ["received_at", "ticket_id"], unique=False)
    op.create_table(
        "tally_due",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "event_id", name=op.f("pk_tally_due")),
    )


def _exports() -> None:
    op.create_table(
        "report_export",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("form", _one_of("export_form", "pdf", "xlsx"), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_report_export_account_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_report_export_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_export")),
    )


def _note_on_sqlite() -> None:
    op.execute(
        f"CREATE TRIGGER ticket_event_is_tallied AFTER INSERT ON ticket_event WHEN {SPEAKS} "  # noqa: S608 - ours
        "BEGIN INSERT OR IGNORE INTO tally_due (ticket_id, event_id) VALUES (NEW.ticket_id, NEW.id); END"
    )
    # What is sealed is in no figure from that moment on, whenever the relay comes by.
    op.execute(
        "CREATE TRIGGER ticket_event_seals_tally AFTER INSERT ON ticket_event WHEN NEW.to_status = 'sealed' "
        "BEGIN DELETE FROM tally WHERE ticket_id = NEW.ticket_id; END"
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER report_export_no_{verb.lower()} BEFORE {verb} ON report_export "
            "BEGIN SELECT RAISE(ABORT, 'report_export is append-only'); END"
        )
    op.execute(
        "CREATE TRIGGER report_export_no_replace BEFORE INSERT ON report_export "
        "WHEN EXISTS (SELECT 1 FROM report_export WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'report_export is append-only'); END"
    )


def _note_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION ticket_event_is_tallied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO tally_due (ticket_id, event_id) VALUES (NEW.ticket_id, NEW.id) ON CONFLICT DO NOTHING; "
        "IF NEW.to_status = 'sealed' THEN DELETE FROM tally WHERE ticket_id = NEW.ticket_id; END IF; "
        "RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER ticket_event_is_tallied AFTER INSERT ON ticket_event FOR EACH ROW WHEN ({SPEAKS}) "
        "EXECUTE FUNCTION ticket_event_is_tallied()"
    )
    op.execute(
        "CREATE FUNCTION report_export_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'report_export is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER report_export_no_change BEFORE UPDATE OR DELETE ON report_export "
        "FOR EACH ROW EXECUTE FUNCTION report_export_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER report_export_no_truncate BEFORE TRUNCATE ON report_export "
        "FOR EACH STATEMENT EXECUTE FUNCTION report_export_is_append_only()"
    )
