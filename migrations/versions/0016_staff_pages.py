"""The record knows who looked a person up, gave out or erased their data, and added or revoked an exchange.

When an exchange last announced a call is found by an index.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: `AuditKind` as it was, and what is new in it.
RECORDED = (
    "login", "login_failed", "second_step_failed", "recovery_used", "logout", "sessions_ended", "account_created",
    "account_disabled", "account_changed", "invited", "password_set", "factor_set", "factor_off", "factor_reset",
    "recovery_renewed", "token_made", "token_revoked", "model_promoted", "exported", "webhook_made", "webhook_on",
    "webhook_off",
)  # fmt: skip
NEW_KINDS = ("person_found", "person_exported", "person_erased", "exchange_made", "exchange_revoked")


def upgrade() -> None:
    _record((*RECORDED, *NEW_KINDS))
    op.create_index(op.f("ix_phone_call_exchange_id_at"), "phone_call", ["exchange_id", "at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_phone_call_exchange_id_at"), table_name="phone_call")
    with _unprotected():  # the earlier release knows no such lines
        for kind in NEW_KINDS:
            op.execute(sa.text("DELETE FROM audit_event WHERE kind = :kind").bindparams(kind=kind))
    _record(RECORDED)


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
