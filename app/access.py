"""Who may see and do what. One place, so that pages and API cannot disagree; absent and forbidden look alike."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from app.problems import NotFound
from models.account import Account
from models.ticket import Assignment, Ticket
from models.vocabulary import AssignmentKind, Role, Status, SubmissionType
from models.workflow import AWAITS_COORDINATOR

#: Not triaged yet: seen by nobody but the filer.
_TRIAGED = Ticket.status != Status.RECEIVED
#: A denunciation stays out of sight for good, also after it was referred: its filer must not be guessed at.
_OPEN = and_(
    _TRIAGED,
    Ticket.status != Status.SEALED,
    func.coalesce(Ticket.submission_type, "") != SubmissionType.DENUNCIATION.value,
)

#: What counts and reports are made of: nothing untriaged, nothing sealed.
COUNTED = _OPEN

WORKERS = frozenset({Role.HANDLER, Role.SUPERVISOR})
READERS = WORKERS | {Role.COORDINATOR, Role.AUDITOR}


def visible_to(account: Account) -> ColumnElement[bool]:
    """Return the condition that a ticket must meet for this account to know that it exists."""
    if account.role in WORKERS:
        return and_(_OPEN, or_(Ticket.department_id == account.department_id, _helps(account)))
    if account.role is Role.AUDITOR:
        return _OPEN
    if account.role is Role.COORDINATOR:
        return _TRIAGED if account.cleared else _OPEN
    return false()


def _helps(account: Account) -> ColumnElement[bool]:
    """Return the condition for a ticket on which the account's department co-ordinates: read, not answered."""
    helping = exists().where(
        Assignment.ticket_id == Ticket.id,
        Assignment.department_id == account.department_id,
        Assignment.kind == AssignmentKind.COORDINATING,
        Assignment.ended_at.is_(None),
    )
    return helping.correlate(Ticket)  # whatever else the query around it is about


def queued_for(account: Account) -> ColumnElement[bool]:
    """Return the condition for a ticket that stands in this account's queue: a department's are those it leads."""
    if account.role in WORKERS:
        return and_(_OPEN, Ticket.department_id == account.department_id)
    return visible_to(account)


def find_ticket(session: Session, account: Account, ticket_id: UUID, *, lock: bool = False) -> Ticket:
    """Return a ticket that this account may see; raise `NotFound` for one that is not there or not theirs."""
    query: Select[Ticket] = select(Ticket).where(Ticket.id == ticket_id, visible_to(account))
    ticket = session.scalar(query.with_for_update(of=Ticket) if lock else query)
    if ticket is None:
        raise NotFound
    return ticket


def may_work(account: Account, ticket: Ticket) -> bool:
    """Tell whether the account's department leads: it alone answers the citizen."""
    return account.role in WORKERS and ticket.department_id == account.department_id


def leads(unit: str | None = None) -> ColumnElement[bool]:
    """Return the condition that an account leads some unit, or that one, and can come in."""
    leading = and_(Account.role == Role.SUPERVISOR, Account.disabled.is_(False))
    return leading if unit is None else and_(leading, Account.department_id == unit)


def open_to_units() -> ColumnElement[bool]:
    """Return the condition that a ticket is neither waiting to be understood nor, now or ever, sealed."""
    return _OPEN


def awaits_coordinator() -> ColumnElement[bool]:
    """Return the condition for the coordinators' queue: nobody else will act on these."""
    orphaned = and_(Ticket.status == Status.REOPENED, Ticket.department_id.is_(None))
    return and_(or_(Ticket.status.in_(AWAITS_COORDINATOR), orphaned), _OPEN)
