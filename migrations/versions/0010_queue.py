"""The department's lists: the words that tickets are found by, views, marks, steps on many tickets, exports.

Tickets from before get their words here. The indexes are partial, so that filing a report waits for none of them.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

WAITING = "status in ('in_progress', 'info_requested', 'reopened', 'routed')"
DONE = "status in ('answered', 'closed')"
INDEXES = (
    ("ix_ticket_waiting", ("department_id", "resolve_due_at", "id"), WAITING),
    ("ix_ticket_waiting_anywhere", ("resolve_due_at", "id"), WAITING),
    ("ix_ticket_danger", ("department_id", "resolve_due_at", "id"), f"urgency = 'emergency' and {WAITING}"),
    ("ix_ticket_done", ("department_id", "received_at", "id"), DONE),
    ("ix_ticket_done_anywhere", ("received_at", "id"), DONE),
    ("ix_ticket_praise", ("department_id", "received_at"), "submission_type = 'khen-ngoi' and status = 'closed'"),
)
TABLES = ("bulk_step", "bulk", "ticket_mark", "saved_view", "ticket_search")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
#: Tickets that one statement writes.
BATCH = 2000
#: What `app.search` leaves out and cuts, as it was at this migration.
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PLATE = re.compile(r"\b\d{2}\s?-?\s?[A-Za-z]{1,2}\d?\s?[-.]?\s?\d{3}[.]?\d{1,2}\b")
NUMBER = re.compile(r"\+?\d(?:[\s.\-]?\d){7,}")
WORD = re.compile(r"[^\W_]+")
WORD_MAX = 60


def upgrade() -> None:
    for name, columns, where in INDEXES:
        _partial(name, "ticket", columns, where)
    _partial("ix_part_owed", "part", ("due_at", "assignment_id"), "done_at is null")
    _partial("ix_deadline_paused", "deadline", ("ticket_id",), "paused_at is not null")
    _search()
    _views_and_marks()
    _bulks()
    _exports()
    _fill()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER export_no_truncate ON export")
        op.execute("DROP TRIGGER export_no_change ON export")
        op.execute("DROP FUNCTION export_is_append_only()")
    op.drop_index(op.f("ix_export_account_id"), table_name="export")
    op.drop_table("export")
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_deadline_paused", table_name="deadline")
    op.drop_index("ix_part_owed", table_name="part")
    for name, _, _ in INDEXES:
        op.drop_index(name, table_name="ticket")


def _partial(name: str, table: str, columns: tuple[str, ...], where: str) -> None:
    op.create_index(name, table, list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=op.f(f"fk_{table}_{column}"))


def _set(*members: str, name: str) -> sa.Enum:
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=32)


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _search() -> None:
    op.create_table(
        "ticket_search",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        _refers("ticket_search", "ticket_id", "ticket.id"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_search")),
    )


def _views_and_marks() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("department_id", sa.String(length=64), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", JSON, nullable=False),
        _at("made_at"),
        sa.CheckConstraint("(account_id is null) <> (department_id is null)", name=op.f("ck_saved_view_one_owner")),
        _refers("saved_view", "account_id", "account.id"),
        _refers("saved_view", "department_id", "department.id"),
        _refers("saved_view", "made_by", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_view_account_id_name")),
        sa.UniqueConstraint("department_id", "name", name=op.f("uq_saved_view_department_id_name")),
    )
    op.create_table(
        "ticket_mark",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        _at("marked_at"),
        _refers("ticket_mark", "account_id", "account.id"),
        _refers("ticket_mark", "ticket_id", "ticket.id"),
        sa.PrimaryKeyConstraint("account_id", "ticket_id", name=op.f("pk_ticket_mark")),
    )
    op.create_index(op.f("ix_ticket_mark_ticket_id"), "ticket_mark", ["ticket_id"], unique=False)


def _bulks() -> None:
    op.create_table(
        "bulk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "action", _set("accept", "assign", "return", "later", "not_later", name="bulk_action"), nullable=False
        ),
        _at("made_at"),
        _at("due_at"),
        _at("begun_at", nullable=True),
        _at("undone_at", nullable=True),
        _at("done_at", nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("begun_at is null or undone_at is null", name=op.f("ck_bulk_begun_or_undone")),
        sa.CheckConstraint("done_at is null or begun_at is not null", name=op.f("ck_bulk_done_was_begun")),
        _refers("bulk", "account_id", "account.id"),
        _refers("bulk", "assignee_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk")),
    )
    _partial("ix_bulk_held", "bulk", ("due_at",), "begun_at is null and undone_at is null")
    _partial("ix_bulk_under_way", "bulk", ("due_at",), "begun_at is not null and done_at is null")
    op.create_index("ix_bulk_account", "bulk", ["account_id", "made_at"], unique=False)
    op.create_table(
        "bulk_step",
        sa.Column("id", BIG, nullable=False),
        sa.Column("bulk_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _at("done_at", nullable=True),
        sa.Column("refused", sa.String(length=40), nullable=True),
        sa.CheckConstraint("done_at is null or refused is null", name=op.f("ck_bulk_step_done_or_refused")),
        _refers("bulk_step", "bulk_id", "bulk.id"),
        _refers("bulk_step", "ticket_id", "ticket.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_step")),
        sa.UniqueConstraint("bulk_id", "ticket_id", name=op.f("uq_bulk_step_bulk_id_ticket_id")),
    )
    op.create_index(op.f("ix_bulk_step_ticket_id"), "bulk_step", ["ticket_id"], unique=False)


def _exports() -> None:
    """Keep who took what out, and let the database itself refuse to change, delete or empty that."""
    op.create_table(
        "export",
        sa.Column("id", BIG, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        _at("at"),
        sa.Column("format", _set("csv", "xlsx", name="export_format"), nullable=False),
        sa.Column("query", JSON, nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        _refers("export", "account_id", "account.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_index(op.f("ix_export_account_id"), "export", ["account_id"], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        refuse = "BEGIN SELECT RAISE(ABORT, 'export is append-only'); END"
        op.execute(f"CREATE TRIGGER export_no_update BEFORE UPDATE ON export {refuse}")
        op.execute(f"CREATE TRIGGER export_no_delete BEFORE DELETE ON export {refuse}")
        # REPLACE removes the old row without asking the trigger on DELETE
        again = "WHEN EXISTS (SELECT 1 FROM export WHERE id = NEW.id)"
        op.execute(f"CREATE TRIGGER export_no_replace BEFORE INSERT ON export {again} {refuse}")
        return
    op.execute(
        "CREATE FUNCTION export_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'export is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    for name, verbs, each in (
        ("export_no_change", "UPDATE OR DELETE", "ROW"),
        ("export_no_truncate", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {verbs} ON export FOR EACH {each} EXECUTE FUNCTION export_is_append_only()"
        )


def _fill() -> None:
    """Give words to what staff can see, batch by batch; PostgreSQL builds its index when they are all there."""
    connection = op.get_bind()
    seen = (
        sa.text(
            "select id, search_text from ticket where status not in ('received', 'sealed') and"
            " coalesce(submission_type, '') <> 'to-cao' and id > :after order by id limit :batch"
        )
        .bindparams(sa.bindparam("after", type_=sa.Uuid()), batch=BATCH)
        .columns(id=sa.Uuid(), search_text=sa.Text())
    )
    kept = sa.table("ticket_search", sa.column("ticket_id", sa.Uuid()), sa.column("words", sa.Text()))
    insert = kept.insert()
    if connection.dialect.name == "postgresql":
        words = sa.cast(sa.bindparam("words", type_=sa.Text()), postgresql.TSVECTOR())
        insert = insert.values(ticket_id=sa.bindparam("ticket_id", type_=sa.Uuid()), words=words)
    rows = connection.execute(seen, {"after": UUID(int=0)}).all()
    while rows:
        connection.execute(insert, [{"ticket_id": row.id, "words": _words(row.search_text)} for row in rows])
        rows = connection.execute(seen, {"after": rows[-1].id}).all()
    if connection.dialect.name == "postgresql":
        op.create_index("ix_ticket_search_words", "ticket_search", ["words"], unique=False, postgresql_using="gin")


def _words(folded: str) -> str:
    for left_out in (EMAIL, PLATE, NUMBER):
        folded = left_out.sub(" ", folded)
    return f" {' '.join(word[:WORD_MAX] for word in WORD.findall(folded))} "
