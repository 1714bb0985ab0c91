"""The legal gates: the vault of denunciations, letters to complainants, the knowledge base.

What was sealed before this migration lies in clear in `ticket` still: the relay, which has the seal key, moves it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: What the vault takes out of an event and puts back; everything else of the history stays as it was written.
WORDS = ("public_text", "internal_text", "data")
IN_VAULT = "EXISTS (SELECT 1 FROM sealed_content WHERE ticket_id = OLD.ticket_id)"


def upgrade() -> None:
    _vault()
    _letters()
    _articles()
    _let_the_vault_take_words()
    _protect_reads()


def downgrade() -> None:
    _release_reads()
    _hold_every_word()
    op.drop_table("article")
    op.drop_index(op.f("ix_letter_ticket_id"), table_name="letter")
    op.drop_table("letter")
    for table in ("sealed_referral", "sealed_read", "sealed_photo"):
        op.drop_index(op.f(f"ix_{table}_ticket_id"), table_name=table)
        op.drop_table(table)
    op.drop_table("sealed_content")


def _big_id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _vault() -> None:
    op.create_table(
        "sealed_content",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        _refers("sealed_content", "ticket_id", "ticket.id"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_sealed_content")),
    )
    op.create_table(
        "sealed_photo",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("swept", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _refers("sealed_photo", "ticket_id", "ticket.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_photo")),
    )
    op.create_table(
        "sealed_read",
        _big_id(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        _refers("sealed_read", "ticket_id", "ticket.id"),
        _refers("sealed_read", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_read")),
    )
    op.create_table(
        "sealed_referral",
        _big_id(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        _refers("sealed_referral", "ticket_id", "ticket.id"),
        _refers("sealed_referral", "department_id", "department.id"),
        _refers("sealed_referral", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_referral")),
    )
    for table in ("sealed_photo", "sealed_read", "sealed_referral"):
        op.create_index(op.f(f"ix_{table}_ticket_id"), table, ["ticket_id"], unique=False)


def _letters() -> None:
    op.create_table(
        "letter",
        _big_id(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        _refers("letter", "ticket_id", "ticket.id"),
        _refers("letter", "department_id", "department.id"),
        _refers("letter", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
    )
    op.create_index(op.f("ix_letter_ticket_id"), "letter", ["ticket_id"], unique=False)


def _articles() -> None:
    op.create_table(
        "article",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("topic_slug", sa.String(length=64), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source_url", sa.String(length=500), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "valid_from is null or valid_to is null or valid_from <= valid_to", name=op.f("ck_article_valid_range")
        ),
        _refers("article", "topic_slug", "topic.slug"),
        _refers("article", "reviewed_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("seed", name=op.f("uq_article_seed")),
    )


def _let_the_vault_take_words() -> None:
    """Let words leave an event for the vault and come back, while the vault holds its ticket; and nothing else."""
    if op.get_bind().dialect.name == "sqlite":
        columns = [c["name"] for c in sa.inspect(op.get_bind()).get_columns("ticket_event") if c["name"] not in WORDS]
        op.execute("DROP TRIGGER ticket_event_no_update")
        op.execute(
            f"CREATE TRIGGER ticket_event_no_update BEFORE UPDATE OF {', '.join(columns)} ON ticket_event "
            "BEGIN SELECT RAISE(ABORT, 'ticket_event is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER ticket_event_only_vault BEFORE UPDATE OF {', '.join(WORDS)} ON ticket_event "
            f"WHEN NOT {IN_VAULT} OR NOT ({_blank('NEW')} OR {_blank('OLD')}) "
            "BEGIN SELECT RAISE(ABORT, 'ticket_event is append-only'); END"
        )
        return
    others = " - ".join(["to_jsonb({row})", *(f"'{word}'" for word in WORDS)])
    op.execute(
        "CREATE FUNCTION ticket_event_gives_to_the_vault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {IN_VAULT} AND ({_blank('NEW')} OR {_blank('OLD')}) "
        f"AND {others.format(row='OLD')} = {others.format(row='NEW')} "
        "THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION 'ticket_event is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute("DROP TRIGGER ticket_event_no_change ON ticket_event")
    _refuse("ticket_event", "ticket_event_no_change", "DELETE", "ROW", "ticket_event_is_append_only")
    _refuse("ticket_event", "ticket_event_only_vault", "UPDATE", "ROW", "ticket_event_gives_to_the_vault")


def _blank(row: str) -> str:
    empty = f"{row}.data = '{{}}'" if op.get_bind().dialect.name == "sqlite" else f"{row}.data = '{{}}'::jsonb"
    return f"({row}.public_text IS NULL AND {row}.internal_text IS NULL AND {empty})"


def _hold_every_word() -> None:
    """Put the triggers of the first migration back."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER ticket_event_only_vault")
        op.execute("DROP TRIGGER ticket_event_no_update")
        op.execute(
            "CREATE TRIGGER ticket_event_no_update BEFORE UPDATE ON ticket_event "
            "BEGIN SELECT RAISE(ABORT, 'ticket_event is append-only'); END"
        )
        return
    op.execute("DROP TRIGGER ticket_event_only_vault ON ticket_event")
    op.execute("DROP TRIGGER ticket_event_no_change ON ticket_event")
    op.execute("DROP FUNCTION ticket_event_gives_to_the_vault()")
    _refuse("ticket_event", "ticket_event_no_change", "UPDATE OR DELETE", "ROW", "ticket_event_is_append_only")


def _protect_reads() -> None:
    """Let the database itself refuse to change, delete or empty the record of who has read."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER sealed_read_no_{verb.lower()} BEFORE {verb} ON sealed_read "
                "BEGIN SELECT RAISE(ABORT, 'sealed_read is append-only'); END"
            )
        # REPLACE removes the old row without asking the trigger on DELETE
        op.execute(
            "CREATE TRIGGER sealed_read_no_replace BEFORE INSERT ON sealed_read "
            "WHEN EXISTS (SELECT 1 FROM sealed_read WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'sealed_read is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION sealed_read_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'sealed_read is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    _refuse("sealed_read", "sealed_read_no_change", "UPDATE OR DELETE", "ROW", "sealed_read_is_append_only")
    _refuse("sealed_read", "sealed_read_no_truncate", "TRUNCATE", "STATEMENT", "sealed_read_is_append_only")


def _release_reads() -> None:
    """Take the triggers away again; on SQLite they go with the table."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("DROP TRIGGER sealed_read_no_truncate ON sealed_read")
    op.execute("DROP TRIGGER sealed_read_no_change ON sealed_read")
    op.execute("DROP FUNCTION sealed_read_is_append_only()")


def _refuse(table: str, name: str, verbs: str, each: str, function: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {verbs} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()")
