"""The database holds to the closed sets and to what belongs together, whatever a program sends it."""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.hotline import Hotline
from tests.installation import Filed, Staff

NOBODY = "00000000000000000000000000000000"
EVENT = "insert into ticket_event (ticket_id, at, kind, data"
DEADLINE = "ticket_id, kind, due_at, calendar_version"
ASSIGNMENT = "ticket_id, department_id, kind, assigned_at"
EXTENSION = "ticket_id, days, state, asked_by, asked_at"
ASKED = "'asked', account.id, received_at from ticket, account limit 1"
#: kind of law → statements, each of which breaks one.
BROKEN = {
    "check constraint": (
        "update ticket set status = 'flying'",
        "update ticket set channel = 'fax'",
        "update ticket set urgency = 'later'",
        "update ticket set submission_type = 'other'",
        "update account set role = 'king'",
        "update department set kind = 'ministry'",
        "update deadline set kind = 'someday'",
        "update deadline set clock = 'sundial'",
        f"insert into extension ({EXTENSION}) select ticket.id, 0, {ASKED}",
        f"insert into extension ({EXTENSION}) select ticket.id, 11, {ASKED}",
        f"insert into extension ({EXTENSION}, decided_by) select ticket.id, 1, {ASKED}".replace(
            " from", ", account.id from"
        ),
        f"insert into extension ({EXTENSION}, decided_at) select ticket.id, 1, {ASKED}".replace(
            " from", ", received_at from"
        ),
        "update assignment set kind = 'onlooker'",
        f"{EVENT}, to_status) select id, received_at, 'x', '{{}}', 'gone' from ticket",
        f"{EVENT}, from_status) select id, received_at, 'x', '{{}}', 'gone' from ticket",
        "update ticket set lat = 90.5",
        "update ticket set lon = -180.5",
        "insert into feedback (ticket_id, rating, at) select id, 0, received_at from ticket",
        "insert into feedback (ticket_id, rating, at) select id, 6, received_at from ticket",
    ),
    "foreign key constraint": (
        "update ticket set topic_slug = 'dragons'",
        "update ticket set ward_code = 'nowhere'",
        "update ticket set department_id = 'nobody'",
        "update account set department_id = 'nobody'",
        f"update outbox_entry set ticket_id = '{NOBODY}'",
        f"update deadline set ticket_id = '{NOBODY}'",
        f"{EVENT}) select '{NOBODY}', received_at, 'x', '{{}}' from ticket",
        "delete from ticket",
        "delete from topic",
        "delete from ward",
        "delete from department",
    ),
    "unique constraint": (
        f"insert into deadline ({DEADLINE}) select {DEADLINE} from deadline",
        f"insert into assignment ({ASSIGNMENT}) select {ASSIGNMENT} from assignment",
        "update account set username = 'same'",
        "update account set id = (select min(a.id) from account a)",
    ),
    "not null constraint": (
        "update ticket set text = null",
        "update ticket set version = null",
        "update ticket set received_at = null",
    ),
}


def test_the_database_refuses_what_the_program_must_never_write(
    hotline: Hotline, staff: Staff, file: Callable[..., Filed], triage: Callable[[], None]
) -> None:
    """Every closed set, range, reference and uniqueness is the database's own law, on both databases."""
    file()
    triage()
    for law, statements in BROKEN.items():
        for statement in statements:
            assert law in refusal(hotline, statement), statement


def refusal(hotline: Hotline, statement: str) -> str:
    """Return the words in which the database refuses a statement; an empty text when it went through."""
    if not hotline.settings.is_sqlite:
        # PostgreSQL must be told what these texts are, and knows no least id
        statement = statement.replace(f"select '{NOBODY}'", f"select '{NOBODY}'::uuid").replace("'{}'", "'{}'::jsonb")
        statement = statement.replace("min(a.id)", "min(a.id::text)::uuid")
    try:
        with hotline.database.transaction() as session:
            session.execute(text(statement.replace(":", r"\:")))
    except IntegrityError as error:
        return str(error.orig).lower().replace("-", " ")
    return ""
