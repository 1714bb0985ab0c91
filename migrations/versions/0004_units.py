"""Units as dated data: a book of lines that are only ever added; how to reach a unit and when it is open are in it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "department_change"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", BIG, nullable=False),
        sa.Column("department_id", sa.String(length=64), nullable=False),
        sa.Column("change", _set("state", "closed", "undone", name="unit_change_kind"), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("vi", sa.String(length=200), nullable=True),
        sa.Column("en", sa.String(length=200), nullable=True),
        sa.Column(
            "kind",
            _set(
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
            ),
            nullable=True,
        ),
        sa.Column("parent_id", sa.String(length=64), nullable=True),
        sa.Column("ward_code", sa.String(length=16), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("hours", sa.String(length=300), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=True),
        sa.Column("successor_id", sa.String(length=64), nullable=True),
        sa.Column("undoes_id", BIG, nullable=True),
        sa.Column("origin", _set("seed", "web", "file", name="unit_change_origin"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            "(change = 'state') = (vi is not null and en is not null and kind is not null)",
            name=op.f("ck_department_change_stated"),
        ),
        sa.CheckConstraint("(change = 'undone') = (undoes_id is not null)", name=op.f("ck_department_change_undoing")),
        sa.ForeignKeyConstraint(["actor_id"], ["account.id"], name=op.f("fk_department_change_actor_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_department_change_department_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["department.id"], name=op.f("fk_department_change_parent_id")),
        sa.ForeignKeyConstraint(["successor_id"], ["department.id"], name=op.f("fk_department_change_successor_id")),
        sa.ForeignKeyConstraint(["undoes_id"], ["department_change.id"], name=op.f("fk_department_change_undoes_id")),
        sa.ForeignKeyConstraint(["ward_code"], ["ward.code"], name=op.f("fk_department_change_ward_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_change")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_department_change_undoes_id")),
    )
    op.create_index(op.f("ix_department_change_department_id"), TABLE, ["department_id"], unique=False)
    # The city's files have had these numbers and bring them into the book; nobody could enter others until now.
    op.drop_column("department", "contact")
    _protect_book()


def downgrade() -> None:
    _release_book()
    op.add_column("department", sa.Column("contact", sa.String(length=200), nullable=True))
    op.execute("DELETE FROM installation_mark WHERE name = 'units'")
    op.drop_index(op.f("ix_department_change_department_id"), table_name=TABLE)
    op.drop_table(TABLE)


def _set(*members: str, name: str) -> sa.Enum:
    return sa.Enum(*members, name=name, native_enum=False, create_constraint=True, length=32)


def _protect_book() -> None:
    """Let the database itself refuse to change, delete or empty the book."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
                f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
            )
        # REPLACE removes the old row without asking the trigger on DELETE
        op.execute(
            "CREATE TRIGGER department_change_no_replace BEFORE INSERT ON department_change "
            "WHEN EXISTS (SELECT 1 FROM department_change WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'department_change is append-only'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION {TABLE}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{TABLE} is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_is_append_only()"
    )
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_is_append_only()"
    )


def _release_book() -> None:
    """Take the triggers away again; on SQLite they go with the table."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(f"DROP TRIGGER {TABLE}_no_truncate ON {TABLE}")
    op.execute(f"DROP TRIGGER {TABLE}_no_change ON {TABLE}")
    op.execute(f"DROP FUNCTION {TABLE}_is_append_only()")
