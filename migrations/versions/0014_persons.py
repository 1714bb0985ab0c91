"""Contact data is locked field by field; consent, legal holds and erasures are on record.

What was kept before this migration lies in clear still, and so does what an earlier release writes beside this one: the
relay, which has the contact key, locks it. The way down needs that key: `langnghe migrate --down` hands it over.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import context, op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FIELDS = ("name", "phone", "email")
LENGTHS = {"name": 200, "phone": 20, "email": 254}
#: Records of which nothing is ever changed or taken away.
RECORDS = ("consent", "erasure")
WORDS = ("public_text", "internal_text", "data")
IN_VAULT = "EXISTS (SELECT 1 FROM sealed_content WHERE ticket_id = OLD.ticket_id)"
AT_THE_DOOR = "EXISTS (SELECT 1 FROM erasure_door WHERE ticket_id = OLD.ticket_id)"
#: `classifier.redact.MASK`, as it was when this was written.
MASK = "[đã che]"
#: Rows that the way down opens at a time.
BATCH = 500


def upgrade() -> None:
    _lock_contacts()
    _consent()
    _holds()
    _erasures()
    for table in RECORDS:
        _protect(table)
    _let_words_be_masked(door=True)


def downgrade() -> None:
    _open_contacts()
    _let_words_be_masked(door=False)
    if op.get_bind().dialect.name != "sqlite":
        for table in RECORDS:
            for name in (f"{table}_no_change", f"{table}_no_truncate"):
                op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute("DROP FUNCTION record_is_append_only()")
    op.drop_table("erasure_door")
    op.drop_index("uq_erasure_by_time", table_name="erasure")
    op.drop_index(op.f("ix_erasure_ticket_id"), table_name="erasure")
    op.drop_table("erasure")
    op.drop_index("uq_legal_hold_stands", table_name="legal_hold")
    op.drop_table("legal_hold")
    op.drop_index(op.f("ix_consent_ticket_id"), table_name="consent")
    op.drop_table("consent")


def _lock_contacts() -> None:
    with op.batch_alter_table("contact") as contact:
        for field, length in LENGTHS.items():
            contact.alter_column(field, type_=sa.Text(), existing_type=sa.String(length), existing_nullable=True)
        contact.add_column(_closed("purpose", ("answer",), "contact", default="answer"))
        contact.add_column(sa.Column("key_id", sa.String(length=8), nullable=True))
        contact.add_column(sa.Column("phone_index", sa.String(length=32), nullable=True))
        contact.create_check_constraint(op.f("ck_contact_purpose"), "purpose IN ('answer')")
    for name, column, where in (
        ("ix_contact_phone_index", "phone_index", "phone_index is not null"),
        ("ix_contact_in_clear", "ticket_id", "key_id is null"),
    ):
        op.create_index(name, "contact", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _open_contacts() -> None:
    """Put every contact back in clear, as an earlier release reads it."""
    bind = op.get_bind()
    table = sa.table("contact", sa.column("ticket_id", sa.Uuid()), sa.column("key_id"), *map(sa.column, FIELDS))
    locked = sa.select(table).where(table.c.key_id.is_not(None)).order_by(table.c.ticket_id).limit(BATCH)
    keys = context.config.attributes.get("contact_keys")
    while rows := bind.execute(locked).all():
        if keys is None:
            raise RuntimeError("contacts are locked: going down needs the contact key; use `langnghe migrate --down`")
        for row in rows:
            said = {field: getattr(row, field) for field in FIELDS}
            plain = {field: token and keys.open(row.ticket_id, field, token) for field, token in said.items()}
            bind.execute(table.update().where(table.c.ticket_id == row.ticket_id).values(key_id=None, **plain))
    op.drop_index("ix_contact_in_clear", table_name="contact")
    op.drop_index("ix_contact_phone_index", table_name="contact")
    with op.batch_alter_table("contact") as contact:
        contact.drop_constraint(op.f("ck_contact_purpose"), type_="check")
        for column in ("phone_index", "key_id", "purpose"):
            contact.drop_column(column)
        for field, length in LENGTHS.items():
            contact.alter_column(field, type_=sa.String(length), existing_type=sa.Text(), existing_nullable=True)


def _closed(name: str, values: Sequence[str], table: str, *, default: str | None = None) -> sa.Column[str]:
    kind = sa.Enum(*values, name=op.f(f"ck_{table}_{name}"), native_enum=False, create_constraint=False, length=32)
    return sa.Column(name, kind, server_default=default, nullable=False)


def _in(table: str, name: str, values: Sequence[str], *, called: str = "") -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{name} IN ({listed})", name=op.f(f"ck_{table}_{called or name}"))


def _big_id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _consent() -> None:
    channels = ("web", "phone", "api")
    op.create_table(
        "consent",
        _big_id(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _closed("purpose", ("answer",), "consent"),
        sa.Column("given", sa.Boolean(), nullable=False),
        _closed("channel", channels, "consent"),
        sa.Column("words", sa.String(length=16), nullable=False),
        _in("consent", "purpose", ("answer",)),
        _in("consent", "channel", channels),
        _refers("consent", "ticket_id", "ticket.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_ticket_id"), "consent", ["ticket_id"], unique=False)
    op.execute(
        "INSERT INTO consent (ticket_id, at, purpose, given, channel, words) "
        "SELECT c.ticket_id, c.consented_at, 'answer', true, t.channel, '1' "
        "FROM contact c JOIN ticket t ON t.id = c.ticket_id"
    )


def _holds() -> None:
    op.create_table(
        "legal_hold",
        _big_id(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("until is null or until > placed_at", name=op.f("ck_legal_hold_until_later")),
        _refers("legal_hold", "ticket_id", "ticket.id"),
        _refers("legal_hold", "placed_by", "account.id"),
        _refers("legal_hold", "lifted_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    stands = sa.text("lifted_at is null")
    op.create_index(
        "uq_legal_hold_stands",
        "legal_hold",
        ["ticket_id"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )


def _erasures() -> None:
    causes = ("retention", "citizen", "request")
    op.create_table(
        "erasure",
        _big_id(),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _closed("cause", causes, "erasure"),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False),
        _in("erasure", "cause", causes, called="erasure_cause"),
        _refers("erasure", "ticket_id", "ticket.id"),
        _refers("erasure", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    op.create_index(op.f("ix_erasure_ticket_id"), "erasure", ["ticket_id"], unique=False)
    by_time = sa.text("cause = 'retention'")
    op.create_index(
        "uq_erasure_by_time",
        "erasure",
        ["ticket_id"],
        unique=True,
        sqlite_where=by_time,
        postgresql_where=by_time,
    )
    op.create_table(
        "erasure_door",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("erasure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _refers("erasure_door", "ticket_id", "ticket.id"),
        _refers("erasure_door", "erasure_id", "erasure.id"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_erasure_door")),
    )


def _protect(table: str) -> None:
    """Let the database itself refuse to change, delete or empty a record."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        # REPLACE removes the old row without asking the trigger on DELETE
        there = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608 - names of ours
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION record_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
    )
    for name, verbs, each in (("no_change", "UPDATE OR DELETE", "ROW"), ("no_truncate", "TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {verbs} ON {table} FOR EACH {each} "
            "EXECUTE FUNCTION record_is_append_only()"
        )


def _let_words_be_masked(*, door: bool) -> None:
    """Say when words of the history may change: for the vault as before, and, with the door, when they are masked."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    masked = " AND ".join(_masked(word, sqlite=sqlite) for word in ("public_text", "internal_text"))
    same_data = "NEW.data IS OLD.data" if sqlite else "NEW.data = OLD.data"
    ways = [f"({IN_VAULT} AND ({_blank('NEW')} OR {_blank('OLD')}))"]
    if door:
        ways.append(f"({AT_THE_DOOR} AND {masked} AND {same_data})")
    lawful = " OR ".join(ways)
    if sqlite:
        op.execute("DROP TRIGGER ticket_event_only_vault")
        op.execute(
            f"CREATE TRIGGER ticket_event_only_vault BEFORE UPDATE OF {', '.join(WORDS)} ON ticket_event "
            f"WHEN NOT ({lawful}) BEGIN SELECT RAISE(ABORT, 'ticket_event is append-only'); END"
        )
        return
    others = " - ".join(["to_jsonb({row})", *(f"'{word}'" for word in WORDS)])
    op.execute(
        "CREATE OR REPLACE FUNCTION ticket_event_gives_to_the_vault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF ({lawful}) AND {others.format(row='OLD')} = {others.format(row='NEW')} THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION 'ticket_event is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )


def _masked(word: str, *, sqlite: bool) -> str:
    """Return the condition that words stay as they were, or have a mask in them now."""
    same = f"NEW.{word} IS OLD.{word}" if sqlite else f"NEW.{word} IS NOT DISTINCT FROM OLD.{word}"
    found = f"instr(NEW.{word}, '{MASK}')" if sqlite else f"position('{MASK}' IN NEW.{word})"
    return f"({same} OR (OLD.{word} IS NOT NULL AND coalesce({found}, 0) > 0))"


def _blank(row: str) -> str:
    empty = f"{row}.data = '{{}}'" if op.get_bind().dialect.name == "sqlite" else f"{row}.data = '{{}}'::jsonb"
    return f"({row}.public_text IS NULL AND {row}.internal_text IS NULL AND {empty})"
