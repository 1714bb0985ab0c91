"""Accounts: sessions that end, second factors, tokens with scopes, identities of a provider, the auditors' record."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | Sequence[str] | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: Tokens that are out there could do everything and never ended. They go on for so long: nothing stops at once.
OLD_TOKENS_LAST = timedelta(days=180)
OLD_SCOPES = "file read sealed work"
METHODS = ("password", "invitation", "oidc")
KINDS = (
    "login",
    "login_failed",
    "second_step_failed",
    "recovery_used",
    "logout",
    "sessions_ended",
    "account_created",
    "account_disabled",
    "account_changed",
    "invited",
    "password_set",
    "factor_set",
    "factor_off",
    "factor_reset",
    "recovery_renewed",
    "token_made",
    "token_revoked",
    "model_promoted",
    "exported",
)


def upgrade() -> None:
    _sessions()
    _factors()
    _identities()
    _tokens()
    _audit()
    _protect_audit()
    _loaded_rules()


def downgrade() -> None:
    op.drop_table("loaded_rules")
    _release_audit()
    op.drop_index(op.f("ix_audit_event_account_id_id"), table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_at_id"), table_name="audit_event")
    op.drop_table("audit_event")
    with op.batch_alter_table("api_token") as table:
        for column in ("last_used_at", "expires_at", "scopes"):
            table.drop_column(column)
    for name in ("federated_identity", "recovery_code", "staff_session"):
        op.drop_index(op.f(f"ix_{name}_account_id"), table_name=name)
        op.drop_table(name)
    op.drop_table("second_factor")


def _of_account(table: str, column: str = "account_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["account.id"], name=op.f(f"fk_{table}_{column}"))


def _one_of(values: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def _sessions() -> None:
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("method", _one_of(METHODS, "login_method"), nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("device", sa.String(length=60), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _of_account("staff_session"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_account_id"), "staff_session", ["account_id"], unique=False)


def _factors() -> None:
    op.create_table(
        "second_factor",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        _of_account("second_factor"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        _of_account("recovery_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_code_code_hash")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"], unique=False)


def _identities() -> None:
    op.create_table(
        "federated_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        _of_account("federated_identity"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_federated_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_federated_identity_issuer_subject")),
    )
    op.create_index(op.f("ix_federated_identity_account_id"), "federated_identity", ["account_id"], unique=False)


def _tokens() -> None:
    with op.batch_alter_table("api_token") as table:
        table.add_column(sa.Column("scopes", sa.String(length=120), nullable=True))
        table.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    token = sa.table("api_token", sa.column("scopes"), sa.column("expires_at", sa.DateTime(timezone=True)))
    op.execute(token.update().values(scopes=OLD_SCOPES, expires_at=datetime.now(UTC) + OLD_TOKENS_LAST))
    with op.batch_alter_table("api_token") as table:
        table.alter_column("scopes", existing_type=sa.String(length=120), nullable=False)
        table.alter_column("expires_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def _audit() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", _one_of(KINDS, "audit_kind"), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.String(length=120), nullable=True),
        _of_account("audit_event"),
        _of_account("audit_event", "actor_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_at_id"), "audit_event", ["at", "id"], unique=False)
    op.create_index(op.f("ix_audit_event_account_id_id"), "audit_event", ["account_id", "id"], unique=False)


def _loaded_rules() -> None:
    op.create_table(
        "loaded_rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loaded_rules")),
    )


def _protect_audit() -> None:
    """Let the database itself refuse to change, delete or empty what auditors read."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_event_no_{verb.lower()} BEFORE {verb} ON audit_event "
                "BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END"
            )
        # REPLACE removes the old row without asking the trigger on DELETE
        op.execute(
            "CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event "
            "WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'restrict_violation'; END $$"
    )
    _refuse("audit_event_no_change", "UPDATE OR DELETE", "ROW")
    _refuse("audit_event_no_truncate", "TRUNCATE", "STATEMENT")


def _refuse(name: str, verbs: str, each: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {verbs} ON audit_event FOR EACH {each} "
        "EXECUTE FUNCTION audit_event_is_append_only()"
    )


def _release_audit() -> None:
    """Take the triggers away again; on SQLite they go with the table."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("DROP TRIGGER audit_event_no_truncate ON audit_event")
    op.execute("DROP TRIGGER audit_event_no_change ON audit_event")
    op.execute("DROP FUNCTION audit_event_is_append_only()")
