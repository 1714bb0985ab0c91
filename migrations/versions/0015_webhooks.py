"""Webhooks: addresses outside that are told of tickets, what each is owed, and how far the history was read for them.

The record knows three kinds of happenings more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OFF = ("person", "gone")
OUTCOMES = (
    "taken", "refused", "redirected", "failed", "too_slow", "too_long", "unreachable", "untrusted", "not_outside",
    "unsigned", "switched_off",
)  # fmt: skip
#: `AuditKind` as it was, and what is new in it.
RECORDED = (
    "login", "login_failed", "second_step_failed", "recovery_used", "logout", "sessions_ended", "account_created",
    "account_disabled", "account_changed", "invited", "password_set", "factor_set", "factor_off", "factor_reset",
    "recovery_renewed", "token_made", "token_revoked", "model_promoted", "exported",
)  # fmt: skip
NEW_KINDS = ("webhook_made", "webhook_on", "webhook_off")
OWED = sa.text("done_at is null and given_up_at is null")


def upgrade() -> None:
    _record((*RECORDED, *NEW_KINDS))
    _webhooks()
    _deliveries()
    op.create_table(
        "webhook_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_cursor")),
    )
    op.create_table(
        "webhook_gap",
        sa.Column("first_id", _big(), autoincrement=False, nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("first_id", name=op.f("pk_webhook_gap")),
    )


def downgrade() -> None:
    op.drop_table("webhook_gap")
    op.drop_table("webhook_cursor")
    for name in ("created_at", "webhook_id_created_at_id", "event_id"):
        op.drop_index(op.f(f"ix_webhook_delivery_{name}"), table_name="webhook_delivery")
    op.drop_index("ix_webhook_delivery_owed", table_name="webhook_delivery")
    op.drop_table("webhook_delivery")
    op.drop_table("webhook")
    with _unprotected():  # the earlier release knows no such lines
        for kind in NEW_KINDS:
            op.execute(sa.text("DELETE FROM audit_event WHERE kind = :kind").bindparams(kind=kind))
    _record(RECORDED)


def _big() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _one_of(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("since_event", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("off_because", _one_of(OFF, "webhook_off"), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        _refers("webhook", "department_id", "department"),
        _refers("webhook", "created_by", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )


def _deliveries() -> None:
    table = "webhook_delivery"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", _big(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", _one_of(OUTCOMES, "delivery_outcome"), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=True),
        _refers(table, "webhook_id", "webhook"),
        _refers(table, "event_id", "ticket_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("webhook_id", "event_id", name=op.f("uq_webhook_delivery_webhook_id_event_id")),
    )
    op.create_index(
        "ix_webhook_delivery_owed", table, ["webhook_id", "due_at"], sqlite_where=OWED, postgresql_where=OWED
    )
    for columns in (["event_id"], ["webhook_id", "created_at", "id"], ["created_at"]):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def _record(kinds: tuple[str, ...]) -> None:
    """Say anew which kinds the record knows."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    with _unprotected(), op.batch_alter_table("audit_event") as table:
        table.drop_constraint(op.f("ck_audit_event_audit_kind"), type_="check")
        table.create_check_constraint(op.f("ck_audit_event_audit_kind"), f"kind IN ({listed})")


@contextmanager
def _unprotected() -> Iterator[None]:
    """Let the record be rebuilt: SQLite makes the table anew, and its triggers go with the old one."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        yield
        op.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")
        return
    for verb in ("update", "delete", "replace"):
        op.execute(f"DROP TRIGGER audit_event_no_{verb}")
    yield
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_event_no_{verb.lower()} BEFORE {verb} ON audit_event "
            "BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END"
        )
    op.execute(
        "CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event "
        "WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id) "
        "BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END"
    )
