"""The call-taker's console: exchanges, calls and what happened to them, drafts, call-backs, seats."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WAITS = sa.text("taken_at is null and ended_at is null")
GOES_ON = sa.text("taken_at is not null and ended_at is null")
NUMBERED = sa.text("number is not null")
UNDONE = sa.text("done_at is null")


def upgrade() -> None:
    _calls()
    _drafts()
    _call_backs()
    op.create_table(
        "desk_seat",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("extension", sa.String(length=20), nullable=True),
        sa.Column("ready", sa.Boolean(), nullable=False),
        _moment("seen_at", nullable=False),
        _refers("desk_seat", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_desk_seat")),
        sa.UniqueConstraint("extension", name=op.f("uq_desk_seat_extension")),
    )


def downgrade() -> None:
    op.drop_table("desk_seat")
    op.drop_index("ix_call_back_done_at", table_name="call_back")
    op.drop_index("ix_call_back_undone", table_name="call_back")
    op.drop_table("call_back")
    op.drop_index("ix_call_draft_account", table_name="call_draft")
    op.drop_index(op.f("ix_call_draft_updated_at"), table_name="call_draft")
    op.drop_table("call_draft")
    op.drop_index(op.f("ix_phone_call_event_call_id"), table_name="phone_call_event")
    op.drop_table("phone_call_event")
    for index in ("numbered", "going_on", "waiting"):
        op.drop_index(f"ix_phone_call_{index}", table_name="phone_call")
    op.drop_index("uq_phone_call_external", table_name="phone_call")
    op.drop_table("phone_call")
    op.drop_table("phone_exchange")


def _moment(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _calls() -> None:
    op.create_table(
        "phone_exchange",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        _moment("created_at", nullable=False),
        _moment("revoked_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_exchange")),
        sa.UniqueConstraint("name", name=op.f("uq_phone_exchange_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_phone_exchange_token_hash")),
    )
    op.create_table(
        "phone_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("exchange_id", sa.Uuid(), nullable=True),
        sa.Column("external_id", sa.String(length=120), nullable=True),
        sa.Column("extension", sa.String(length=20), nullable=True),
        sa.Column("number", sa.LargeBinary(), nullable=True),
        _moment("at", nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        _moment("offered_at"),
        _moment("taken_at"),
        _moment("ended_at"),
        _refers("phone_call", "exchange_id", "phone_exchange.id"),
        _refers("phone_call", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_call")),
    )
    op.create_index("uq_phone_call_external", "phone_call", ["exchange_id", "external_id"], unique=True)
    for name, column, where in (
        ("ix_phone_call_waiting", "at", WAITS),
        ("ix_phone_call_going_on", "account_id", GOES_ON),
        ("ix_phone_call_numbered", "at", NUMBERED),
    ):
        op.create_index(name, "phone_call", [column], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "phone_call_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        _moment("at", nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column(
            "data", sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"), nullable=False
        ),
        _refers("phone_call_event", "call_id", "phone_call.id"),
        _refers("phone_call_event", "actor_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_call_event")),
    )
    op.create_index(op.f("ix_phone_call_event_call_id"), "phone_call_event", ["call_id"])


def _drafts() -> None:
    op.create_table(
        "call_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        _moment("created_at", nullable=False),
        _moment("updated_at", nullable=False),
        sa.Column("handed_by_id", sa.Uuid(), nullable=True),
        _moment("handed_at"),
        _moment("discarded_at"),
        _refers("call_draft", "account_id", "account.id"),
        _refers("call_draft", "call_id", "phone_call.id"),
        _refers("call_draft", "handed_by_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_draft")),
    )
    op.create_index(op.f("ix_call_draft_updated_at"), "call_draft", ["updated_at"])
    op.create_index("ix_call_draft_account", "call_draft", ["account_id", "updated_at"])


def _call_backs() -> None:
    op.create_table(
        "call_back",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        _moment("created_at", nullable=False),
        _moment("due_at", nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("claimed_by_id", sa.Uuid(), nullable=True),
        _moment("claimed_at"),
        _moment("done_at"),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(claimed_by_id is null) = (claimed_at is null)", name=op.f("ck_call_back_claimed_whole")),
        sa.CheckConstraint("(done_by_id is null) = (done_at is null)", name=op.f("ck_call_back_done_whole")),
        _refers("call_back", "created_by_id", "account.id"),
        _refers("call_back", "claimed_by_id", "account.id"),
        _refers("call_back", "done_by_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_back")),
    )
    op.create_index("ix_call_back_undone", "call_back", ["due_at", "id"], sqlite_where=UNDONE, postgresql_where=UNDONE)
    op.create_index("ix_call_back_done_at", "call_back", ["done_at"])
