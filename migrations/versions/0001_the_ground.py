"""The ground: everything a report needs from filing to answer, and triggers that keep the history as it was written."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_created_at"), "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "installation_mark",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation_mark")),
    )
    op.create_table(
        "legacy_ward",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("district", sa.String(length=120), nullable=False),
        sa.Column("province", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_legacy_ward")),
    )
    op.create_table(
        "submission_type",
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("vi", sa.String(length=120), nullable=False),
        sa.Column("en", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_submission_type")),
    )
    op.create_table(
        "topic",
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("group_slug", sa.String(length=64), nullable=False),
        sa.Column("vi", sa.String(length=200), nullable=False),
        sa.Column("en", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_topic")),
    )
    op.create_table(
        "ward",
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ward")),
    )
    op.create_table(
        "department",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("vi", sa.String(length=200), nullable=False),
        sa.Column("en", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ward",
                "ward_police",
                "ward_service_centre",
                "city",
                "centre",
                "utility",
                "police",
                "central",
                "hotline",
                name="department_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.String(length=64), nullable=True),
        sa.Column("ward_code", sa.String(length=16), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("contact", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["department.id"], name=op.f("fk_department_parent_id")),
        sa.ForeignKeyConstraint(["ward_code"], ["ward.code"], name=op.f("fk_department_ward_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
    )
    op.create_table(
        "legacy_successor",
        sa.Column("legacy_code", sa.String(length=16), nullable=False),
        sa.Column("ward_code", sa.String(length=16), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["legacy_code"], ["legacy_ward.code"], name=op.f("fk_legacy_successor_legacy_code")),
        sa.ForeignKeyConstraint(["ward_code"], ["ward.code"], name=op.f("fk_legacy_successor_ward_code")),
        sa.PrimaryKeyConstraint("legacy_code", "ward_code", name=op.f("pk_legacy_successor")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "call_taker",
                "coordinator",
                "handler",
                "supervisor",
                "auditor",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_account_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "received",
                "needs_review",
                "routed",
                "returned",
                "in_progress",
                "info_requested",
                "answered",
                "reopened",
                "closed",
                "rejected",
                "referred",
                "merged",
                "sealed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("web", "phone", "api", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("place_text", sa.String(length=500), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "submission_type",
            sa.Enum(
                "phan-anh",
                "kien-nghi",
                "khieu-nai",
                "to-cao",
                "hoi-dap",
                "khen-ngoi",
                "khan-cap",
                "rac",
                name="submission_type",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "urgency",
            sa.Enum(
                "normal", "urgent", "emergency", name="urgency", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("topic_slug", sa.String(length=64), nullable=True),
        sa.Column("ward_code", sa.String(length=16), nullable=True),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.Column("resolve_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("lat is null or (lat between -90 and 90)", name=op.f("ck_ticket_lat_range")),
        sa.CheckConstraint("lon is null or (lon between -180 and 180)", name=op.f("ck_ticket_lon_range")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_ticket_department_id")),
        sa.ForeignKeyConstraint(["topic_slug"], ["topic.slug"], name=op.f("fk_ticket_topic_slug")),
        sa.ForeignKeyConstraint(["ward_code"], ["ward.code"], name=op.f("fk_ticket_ward_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_ticket_code_hash")),
    )
    op.create_index("ix_ticket_queue", "ticket", ["department_id", "status", "resolve_due_at", "id"], unique=False)
    op.create_index("ix_ticket_status_received", "ticket", ["status", "received_at", "id"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_token_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "lead", "coordinating", name="assignment_kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("rule_id", sa.String(length=120), nullable=True),
        sa.Column("because", sa.String(length=500), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_assignment_department_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_assignment_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_ticket_id"), "assignment", ["ticket_id"], unique=False)
    op.create_index(
        "uq_assignment_open_lead",
        "assignment",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'lead' and ended_at is null"),
        postgresql_where=sa.text("kind = 'lead' and ended_at is null"),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_attachment_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_ticket_id"), "attachment", ["ticket_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_contact_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_contact")),
    )
    op.create_table(
        "deadline",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ack",
                "first_action",
                "resolve",
                name="deadline_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calendar_version", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_deadline_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline")),
    )
    op.create_index("uq_deadline_kind", "deadline", ["ticket_id", "kind"], unique=True)
    op.create_table(
        "feedback",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("comment", sa.String(length=1000), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_feedback_rating_range")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_feedback_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_feedback")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invitation_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_table(
        "outbox_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_outbox_entry_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_entry")),
    )
    op.create_index(
        "ix_outbox_entry_pending",
        "outbox_entry",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("done_at is null and given_up_at is null"),
        postgresql_where=sa.text("done_at is null and given_up_at is null"),
    )
    op.create_index(op.f("ix_outbox_entry_ticket_id"), "outbox_entry", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "from_status",
            sa.Enum(
                "received",
                "needs_review",
                "routed",
                "returned",
                "in_progress",
                "info_requested",
                "answered",
                "reopened",
                "closed",
                "rejected",
                "referred",
                "merged",
                "sealed",
                name="from_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "to_status",
            sa.Enum(
                "received",
                "needs_review",
                "routed",
                "returned",
                "in_progress",
                "info_requested",
                "answered",
                "reopened",
                "closed",
                "rejected",
                "referred",
                "merged",
                "sealed",
                name="to_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("public_text", sa.Text(), nullable=True),
        sa.Column("internal_text", sa.Text(), nullable=True),
        sa.Column(
            "data", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["account.id"], name=op.f("fk_ticket_event_actor_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_event_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_event")),
    )
    op.create_index(op.f("ix_ticket_event_ticket_id"), "ticket_event", ["ticket_id"], unique=False)
    _protect_history()


def downgrade() -> None:
    _release_history()
    op.drop_index(op.f("ix_ticket_event_ticket_id"), table_name="ticket_event")
    op.drop_table("ticket_event")
    op.drop_index(op.f("ix_outbox_entry_ticket_id"), table_name="outbox_entry")
    op.drop_index(
        "ix_outbox_entry_pending",
        table_name="outbox_entry",
        sqlite_where=sa.text("done_at is null and given_up_at is null"),
        postgresql_where=sa.text("done_at is null and given_up_at is null"),
    )
    op.drop_table("outbox_entry")
    op.drop_table("invitation")
    op.drop_table("feedback")
    op.drop_index("uq_deadline_kind", table_name="deadline")
    op.drop_table("deadline")
    op.drop_table("contact")
    op.drop_index(op.f("ix_attachment_ticket_id"), table_name="attachment")
    op.drop_table("attachment")
    op.drop_index(
        "uq_assignment_open_lead",
        table_name="assignment",
        sqlite_where=sa.text("kind = 'lead' and ended_at is null"),
        postgresql_where=sa.text("kind = 'lead' and ended_at is null"),
    )
    op.drop_index(op.f("ix_assignment_ticket_id"), table_name="assignment")
    op.drop_table("assignment")
    op.drop_index(op.f("ix_api_token_account_id"), table_name="api_token")
    op.drop_table("api_token")
    op.drop_index("ix_ticket_status_received", table_name="ticket")
    op.drop_index("ix_ticket_queue", table_name="ticket")
    op.drop_table("ticket")
    op.drop_table("account")
    op.drop_table("legacy_successor")
    op.drop_table("department")
    op.drop_table("ward")
    op.drop_table("topic")
    op.drop_table("submission_type")
    op.drop_table("legacy_ward")
    op.drop_table("installation_mark")
    op.drop_index(op.f("ix_idempotency_key_created_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("heartbeat")


def _protect_history() -> None:
    """Let the database itself refuse to change, delete or empty the history."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ticket_event_no_{verb.lower()} BEFORE {verb} ON ticket_event "
                "BEGIN SELECT RAISE(ABORT, 'ticket_event is append-only'); END"
            )
        # REPLACE removes the old row without asking the trigger on DELETE
        op.execute(
            "CREATE TRIGGER ticket_event_no_replace BEFORE INSERT ON ticket_event "
            "WHEN EXISTS (SELECT 1 FROM ticket_event WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'ticket_event is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION ticket_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'ticket_event is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ticket_event_no_change BEFORE UPDATE OR DELETE ON ticket_event "
        "FOR EACH ROW EXECUTE FUNCTION ticket_event_is_append_only()"
    )
    op.execute(
        "CREATE TRIGGER ticket_event_no_truncate BEFORE TRUNCATE ON ticket_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION ticket_event_is_append_only()"
    )


def _release_history() -> None:
    """Take the triggers away again; on SQLite they go with the table."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("DROP TRIGGER ticket_event_no_truncate ON ticket_event")
    op.execute("DROP TRIGGER ticket_event_no_change ON ticket_event")
    op.execute("DROP FUNCTION ticket_event_is_append_only()")
