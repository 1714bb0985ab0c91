"""Who may see and do what. One place, so that pages and API cannot disagree; absent and forbidden look alike."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from app import wall
from app.problems import NotFound
from models.account import Account
from models.ticket import Assignment, Ticket
from models.vocabulary import AssignmentKind, Role, Status, SubmissionType
from models.workflow import AWAITS_COORDINATOR

#: Not triaged yet: seen by nobody but the filer.
_TRIAGED = Ticket.status != Status.RECEIVED
#: A denunciation stays out of sight for good, also after it was referred: its filer must not be guessed at. Nothing
#: that lists, searches, counts or shows tickets meets one, whoever asks; `app.sealed` alone does.
KEPT_APART = or_(
    Ticket.status == Status.SEALED,
    and_(_TRIAGED, func.coalesce(Ticket.submission_type, "") == SubmissionType.DENUNCIATION.value),
)
_OPEN = and_(_TRIAGED, ~KEPT_APART)

#: What counts and reports are made of: nothing untriaged, nothing sealed.
COUNTED = _OPEN

WORKERS = frozenset({Role.HANDLER, Role.SUPERVISOR})
READERS = WORKERS | {Role.COORDINATOR, Role.AUDITOR}
#: Who sits at the desk where calls come in.
DESK = frozenset({Role.CALL_TAKER, Role.COORDINATOR})
#: Who looks at the figures. Leaders of the city have an auditor's account: they read everything and change nothing.
LEADERS = frozenset({Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR})
#: Who answers a person who asks for what is kept of them, or that it goes. They have a second factor, deal with no case
#: and so gain nothing by one that loses its words, and read here numbers of cases, no words. Auditors do not: they read
#: the record of each use, and who watches does not do. `docs/privacy.md` says more.
STEWARDS = frozenset({Role.ADMIN})


def visible_to(account: Account) -> ColumnElement[bool]:
    """Return the condition that a ticket must meet for this account to know that it exists."""
    if account.role in WORKERS:
        return and_(_OPEN, or_(Ticket.department_id == account.department_id, _helps(account)))
    if account.role in {Role.AUDITOR, Role.COORDINATOR}:
        return _OPEN
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


def told_at_the_desk(account: Account) -> ColumnElement[bool]:
    """Return the condition for a ticket whose state may be told to its caller: by who answers calls, nothing sealed."""
    return _OPEN if account.role in DESK else false()


def queued_for(account: Account) -> ColumnElement[bool]:
    """Return the condition for a ticket that stands in this account's queue: a department's are those it leads."""
    if account.role in WORKERS:
        return and_(_OPEN, Ticket.department_id == account.department_id)
    return visible_to(account)


def only_unit(account: Account) -> str | None:
    """Return the one unit whose figures this account may see; None: the whole city's. Raises `NotFound` for neither.

    A figure leads to its tickets, so nobody sees figures of tickets that they could not open.
    """
    if account.role not in LEADERS or (account.role is Role.SUPERVISOR and account.department_id is None):
        raise NotFound
    return account.department_id if account.role is Role.SUPERVISOR else None


def sealed_to(account: Account) -> ColumnElement[bool]:
    """Return the condition that a denunciation must meet for this account to know that it exists, its words apart."""
    return KEPT_APART if knows_sealed(account) else false()


def knows_sealed(account: Account) -> bool:
    """Tell whether the account may know which denunciations there are."""
    return may_unseal(account) or account.role is Role.AUDITOR


def may_unseal(account: Account) -> bool:
    """Tell whether the account may open sealed tickets, each time for a reason, refer and release them."""
    return account.role is Role.COORDINATOR and account.cleared


def find_sealed(session: Session, account: Account, ticket_id: UUID, *, lock: bool = False) -> Ticket:
    """Return a denunciation that this account may know of; raise `NotFound` for one that is not there or not theirs."""
    return _found(session, select(Ticket).where(Ticket.id == ticket_id, sealed_to(account)), lock=lock)


def _of_their_incident(account: Account) -> ColumnElement[bool]:
    """Return the condition for a report merged into one that the account's department has: it is of their work.

    Apart from `visible_to`, which lists are made with: a merged report is in no queue.
    """
    if account.role not in WORKERS:
        return false()
    lead = aliased(Ticket)
    theirs = and_(
        lead.incident_id == Ticket.incident_id,
        lead.status != Status.MERGED,
        lead.department_id == account.department_id,
    )
    return and_(_OPEN, Ticket.status == Status.MERGED, exists().where(theirs))


def opens_to(account: Account) -> ColumnElement[bool]:
    """Return the condition for a ticket whose page this account may open, and so read what its citizen says."""
    return or_(visible_to(account), _of_their_incident(account))


def find_ticket(session: Session, account: Account, ticket_id: UUID, *, lock: bool = False) -> Ticket:
    """Return a ticket that this account may see; raise `NotFound` for one that is not there or not theirs."""
    return _found(session, select(Ticket).where(Ticket.id == ticket_id, opens_to(account)), lock=lock)


def _found(session: Session, query: Select[Ticket], *, lock: bool) -> Ticket:
    ticket = session.scalar(query.with_for_update(of=Ticket) if lock else query)
    if ticket is None:
        raise NotFound
    if lock:
        wall.let_through(session)
    return ticket


def may_work(account: Account, ticket: Ticket) -> bool:
    """Tell whether the account's department leads: it alone answers the citizen."""
    return account.role in WORKERS and ticket.department_id == account.department_id


def may_reach(account: Account, ticket: Ticket) -> bool:
    """Tell whether the account may see how to reach the citizen: who answers them, and who decides where it goes."""
    return may_work(account, ticket) or account.role is Role.COORDINATOR


def may_hold(account: Account) -> bool:
    """Tell whether the account may keep a ticket whole by law, and let it go again: a coordinator who is cleared."""
    return account.role is Role.COORDINATOR and account.cleared


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
