"""Public figures: reports counted by day, topic and ward. The relay counts what there is already."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "daily_count",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("topic_slug", sa.String(length=64), nullable=False),
        sa.Column("ward_code", sa.String(length=16), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("in_time", sa.Boolean(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.CheckConstraint("outcome IN ('open', 'answered', 'elsewhere')", name=op.f("ck_daily_count_outcome")),
        sa.ForeignKeyConstraint(["topic_slug"], ["topic.slug"], name=op.f("fk_daily_count_topic_slug")),
        sa.ForeignKeyConstraint(["ward_code"], ["ward.code"], name=op.f("fk_daily_count_ward_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_count")),
    )
    op.create_index("ix_daily_count_day", "daily_count", ["day"], unique=False)
    op.create_table(
        "counted_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_counted_day")),
    )
    op.create_index(
        "ix_counted_day_due",
        "counted_day",
        ["day"],
        unique=False,
        sqlite_where=sa.text("due"),
        postgresql_where=sa.text("due"),
    )


def downgrade() -> None:
    op.drop_index("ix_counted_day_due", table_name="counted_day")
    op.drop_table("counted_day")
    op.drop_index("ix_daily_count_day", table_name="daily_count")
    op.drop_table("daily_count")
    op.execute("delete from installation_mark where name = 'events-counted'")
