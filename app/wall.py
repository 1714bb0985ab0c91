"""The second wall, on PostgreSQL: row-level security, so that a query that forgets to ask finds nothing.

Whoever works with tickets in the name of an account does so, within that transaction, as a role of the database that is
not the owner (`Database.role`) and under settings that say for whom. Policies let that role see of `ticket` what
`app.access` lets the account see, of everything that hangs on a ticket what hangs on one it sees, and of the vault's
content nothing but to cleared coordinators (who opened it is also told to auditors and administrators). What the
program does by itself (filing, a citizen with their code, relay, worker, command line) asks as the program, which is
the owner or a role that the policies name.

The policies are built from the schema as it is, after each migration, so a table that comes to hang on a ticket stands
behind the wall by itself.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from models.account import Account
from models.vocabulary import Role

#: Policies of this name are ours, and functions that begin so.
POLICY: Final = "langnghe_wall"
PROGRAM_POLICY: Final = "langnghe_program"
_FUNCTIONS: Final = {
    "langnghe_helps(uuid, text)": (
        "ticket uuid, unit text",
        """SELECT EXISTS (SELECT 1 FROM assignment WHERE ticket_id = ticket AND department_id = unit
        AND kind = 'coordinating' AND ended_at IS NULL)""",
    ),
    "langnghe_leads(uuid, text)": (
        "incident uuid, unit text",
        """SELECT EXISTS (SELECT 1 FROM ticket WHERE incident_id = incident AND status <> 'merged'
        AND department_id = unit)""",
    ),
}
#: What an account is to the wall; a coordinator who is cleared is more than one who is not.
CLEARED: Final = "cleared"
#: Figures of the whole city, which say nothing of any one ticket: why units return what they got. Nothing sealed.
FIGURES: Final = "figures"
_ROLE: Final = "current_setting('langnghe.role', true)"
_UNIT: Final = "current_setting('langnghe.department', true)"
_SEALED: Final = "(status = 'sealed' OR (status <> 'received' AND coalesce(submission_type, '') = 'to-cao'))"
#: Tables of which the words are the vault's, and who may see that there is something: who reads the record
#: (`app.audit`) sees in it that one was opened.
_VAULT: Final = {
    "sealed_content": (CLEARED,),
    "sealed_photo": (CLEARED,),
    "sealed_referral": (CLEARED,),
    "sealed_read": (CLEARED, Role.AUDITOR.value, Role.ADMIN.value),
}
#: Tables that hang on one that hangs on a ticket.
_BEYOND: Final = {"part": ("assignment_id", "assignment")}


@dataclass(frozen=True)
class Reader:
    """For whom a transaction reads."""

    role: str
    department: str = ""
    account: str = ""


_reader: ContextVar[Reader | None] = ContextVar("langnghe_reader", default=None)


def reads_for(account: Account) -> None:
    """From here on, in this request, ask the database in the name of an account."""
    role = CLEARED if account.role is Role.COORDINATOR and account.cleared else account.role.value
    _reader.set(Reader(role, account.department_id or "", account.id.hex))


def reads_for_nobody() -> None:
    """From here on ask as the program: a request begins, or it has ended."""
    _reader.set(None)


def reader() -> Reader | None:
    """Return for whom this context asks; None for the program itself."""
    return _reader.get()


@contextmanager
def as_program() -> Iterator[None]:
    """Ask as the program within the block: for upkeep that a request sets off, which is nobody's reading."""
    token = _reader.set(None)
    try:
        yield
    finally:
        _reader.reset(token)


@contextmanager
def for_figures() -> Iterator[None]:
    """Ask for figures of the whole city within the block: every ticket that is not sealed; show no single one."""
    token = _reader.set(Reader(FIGURES))
    try:
        yield
    finally:
        _reader.reset(token)


def step_behind(session: Session, role: str) -> None:
    """Put a transaction behind the wall if somebody's request is what it is for."""
    found = _reader.get()
    if found is None:
        return
    settings = "set_config('langnghe.role', :as_, true), set_config('langnghe.department', :unit, true), "
    session.execute(
        text(f"SELECT {settings} set_config('langnghe.account', :account, true), set_config('role', :role, true)"),
        {"as_": found.role, "unit": found.department, "account": found.account, "role": role},
    )


def let_through(session: Session) -> None:
    """Go on as the program: the ticket that a step is about was found through the wall, and is locked.

    A step touches what its person need not see: it hands the ticket to another unit, seals it, closes the others of its
    incident.
    """
    if _reader.get() is not None and session.info.get("walled"):
        session.execute(text("SELECT set_config('role', 'none', true)"))


def build(connection: Connection, role: str) -> None:
    """Build the wall for a role, which is made if it is not there; as the owner, as often as one likes."""
    lower(connection)
    _make(connection, role)
    for signature, (arguments, body) in _FUNCTIONS.items():
        name = signature.partition("(")[0]
        connection.execute(
            text(
                f"CREATE FUNCTION {name}({arguments}) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER "
                f"SET search_path = public, pg_temp AS $$ {body} $$"
            )
        )
    for table, condition in _conditions(connection):
        connection.execute(text(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"))
        connection.execute(text(f"CREATE POLICY {PROGRAM_POLICY} ON {table} USING (current_user <> '{role}')"))
        connection.execute(text(f"CREATE POLICY {POLICY} ON {table} TO {role} USING ({condition}) WITH CHECK (true)"))
        connection.execute(text(f"COMMENT ON POLICY {POLICY} ON {table} IS '{_mark(role, condition)}'"))


def _make(connection: Connection, role: str) -> None:
    connection.execute(
        text(
            # whoever may not make roles can still use one that somebody made for them
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
    )
    if not connection.scalar(text("SELECT pg_has_role(session_user, :role, 'member')"), {"role": role}):
        connection.execute(text(f"GRANT {role} TO session_user"))
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"))
    connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"))


def lower(connection: Connection) -> None:
    """Take the wall down, for a migration: policies hold on to the columns that they look at."""
    standing = text("SELECT tablename, policyname FROM pg_policies WHERE policyname IN (:one, :other)")
    for table, policy in connection.execute(standing, {"one": POLICY, "other": PROGRAM_POLICY}).all():
        connection.execute(text(f"DROP POLICY {policy} ON {table}"))
        connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
    for signature in _FUNCTIONS:
        connection.execute(text(f"DROP FUNCTION IF EXISTS {signature}"))


def stands(connection: Connection, role: str) -> bool:
    """Tell whether every table that hangs on a ticket is behind the wall, as this release builds it for this role."""
    behind = text(
        "SELECT relname, obj_description(pg_policy.oid, 'pg_policy') FROM pg_policy "
        "JOIN pg_class ON pg_class.oid = polrelid WHERE polname = :ours"
    )
    found = {(table, mark) for table, mark in connection.execute(behind, {"ours": POLICY})}
    return found >= {(table, _mark(role, condition)) for table, condition in _conditions(connection)}


def _mark(role: str, condition: str) -> str:
    """Return what tells a policy of ours from one for another role or of another release."""
    return hashlib.sha256(f"{role}\n{condition}\n{_FUNCTIONS}".encode()).hexdigest()[:16]


def _conditions(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield each table behind the wall, and what a row must meet to be seen."""
    schema = inspect(connection)
    tables = schema.get_table_names()
    if "ticket" in tables:
        yield "ticket", _of_tickets()
    for table in sorted(set(tables) - {"ticket"}):
        if table in _VAULT:
            yield table, f"{_ROLE} IN ({_listed(*_VAULT[table])})"
        elif table in _BEYOND:
            column, other = _BEYOND[table]
            yield table, _on_one_seen(table, column, other)
        else:
            for key in schema.get_foreign_keys(table):
                if key["referred_table"] == "ticket":
                    (column,) = key["constrained_columns"]
                    yield table, _on_one_seen(table, column, "ticket")
                    break


def _on_one_seen(table: str, column: str, other: str) -> str:
    return f"EXISTS (SELECT 1 FROM {other} WHERE {other}.id = {table}.{column})"  # noqa: S608 - names of the schema


def _of_tickets() -> str:
    mine = (
        f"department_id = {_UNIT} OR langnghe_helps(id, {_UNIT}) "
        f"OR (status = 'merged' AND langnghe_leads(incident_id, {_UNIT}))"
    )
    workers = _listed(Role.HANDLER.value, Role.SUPERVISOR.value)
    deciders = _listed(Role.COORDINATOR.value, CLEARED, Role.AUDITOR.value)
    others = _listed(Role.CALL_TAKER.value, Role.ADMIN.value, FIGURES)
    return (
        f"CASE WHEN {_SEALED} THEN {_ROLE} IN ({_listed(CLEARED, Role.AUDITOR.value)}) "
        f"WHEN {_ROLE} IN ({workers}) THEN status <> 'received' AND ({mine}) "
        f"WHEN {_ROLE} IN ({deciders}) THEN status <> 'received' "
        f"ELSE coalesce({_ROLE} IN ({others}), false) END"
    )


def _listed(*values: str) -> str:
    return ", ".join(f"'{value}'" for value in values)
