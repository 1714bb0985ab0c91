"""What a department does with a ticket. Pages and API call the same functions."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, select
from sqlalchemy.orm import Session, defer, joinedload, selectinload
from sqlalchemy.orm.exc import StaleDataError

from app import access
from app.assignment import meet
from app.deadlines import pause
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem
from app.thought import compared
from app.words import words_of
from app.work import answering, returning
from app.work.answering import Answer, Shown
from app.work.returning import UNCODED, Given, Why
from models.account import Account
from models.ticket import Happening, Ticket, TicketEvent, TransitionRefused
from models.vocabulary import DeadlineKind, Role, Status, Urgency

PAGE: Final = 50

#: What a line of a queue shows besides the ticket, each one's row at most: so it comes in the same journey.
SHOWN_WITH: Final = (
    *(joinedload(one) for one in (Ticket.topic, Ticket.ward, Ticket.department, Ticket.incident, Ticket.assignee)),
    defer(Ticket.search_text),
)


@dataclass(frozen=True)
class Step:
    """One thing a person does to a ticket: which one, as they last saw it (`version`), and their words."""

    ticket_id: UUID
    version: int
    text: str = ""
    #: What else is written in the commit of the step, if anything.
    beside: Callable[[Session], None] | None = None


def emergencies_first() -> ColumnElement[int]:
    """Return what every queue is ordered by before anything else."""
    return case((Ticket.urgency == Urgency.EMERGENCY, 0), else_=1)


def actions(account: Account, ticket: Ticket) -> set[str]:
    """Return what this person may do with the ticket as it stands, unless an answer waits for a second person."""
    if not access.may_work(account, ticket):
        return set()
    return {
        Status.ROUTED: {"accept", "return"},
        Status.REOPENED: {"accept"},
        Status.IN_PROGRESS: {"answer", "ask", "return"},
    }.get(ticket.status, set())


def offered(session: Session, account: Account, ticket: Ticket) -> set[str]:
    """Return what this person may do now: nothing of `actions` while an answer waits for a second person."""
    return set() if answering.is_waiting(session, ticket) else actions(account, ticket)


def accept(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Take the ticket up: the citizen sees that the unit is on it. A handler has it then, unless a colleague does."""

    def take_up(session: Session, ticket: Ticket, now: datetime) -> None:
        data = compared(session, ticket, ticket.topic_slug)
        ticket.transition(Status.IN_PROGRESS, Happening("accepted", now, account.id, data=data))
        if ticket.assignee_id is None and account.role is Role.HANDLER:
            ticket.assignee_id = account.id
        meet(session, ticket, now, DeadlineKind.FIRST_ACTION)

    return _do(hotline, account, step, "accept", take_up)


def send_back(hotline: Hotline, account: Account, step: Step, why: Why = UNCODED) -> Ticket:
    """Return the ticket as not ours, with a reason and maybe whose it is; its clock keeps running."""
    reason = returning.checked(hotline, account, why, step.text)

    def give_back(session: Session, ticket: Ticket, now: datetime) -> None:
        returning.give_back(hotline, session, ticket, Given(account, reason, now))

    return _do(hotline, account, step, "return", give_back)


def answer(hotline: Hotline, account: Account, step: Step, shown: Shown = (), keep: Collection[UUID] = ()) -> Ticket:
    """Answer the citizen. Answered is not solved: they may still say that it is not.

    `shown` are photos of the work before and after; `keep` are those of an answer that came back which go with this
    one, the others are let go. Where the unit wants a second person to read its answers, this one
    waits for one (`app.work.approval`), and the citizen sees nothing yet.
    """
    words = words_of("public_text", step.text)

    def reply(session: Session, ticket: Ticket, now: datetime) -> None:
        said = Answer(words, account, now)
        answering.attach(session, ticket, shown, keep)
        if answering.needs_second(session, ticket.department_id):
            answering.put_before_second(session, ticket, said)
        else:
            answering.send(session, ticket, said)

    with answering.kept(hotline, shown):
        return _do(hotline, account, step, "answer", reply)


def ask(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Ask the citizen for what is missing; without an answer in 5 working days the work goes on."""
    words = words_of("public_text", step.text)

    def question(session: Session, ticket: Ticket, now: datetime) -> None:
        ticket.transition(Status.INFO_REQUESTED, Happening("info_requested", now, account.id, public_text=words))
        meet(session, ticket, now, DeadlineKind.FIRST_ACTION)
        pause(session, ticket, now)

    return _do(hotline, account, step, "ask", question)


def _do(
    hotline: Hotline, account: Account, step: Step, action: str, change: Callable[[Session, Ticket, datetime], None]
) -> Ticket:
    def checked(session: Session, ticket: Ticket, now: datetime) -> None:
        # The status table alone is not enough: it also holds the moves of citizens, of coordinators and of time.
        if action not in actions(account, ticket):
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        answering.refuse_while_waiting(session, ticket)
        change(session, ticket, now)

    return move(hotline, step, lambda session: in_hand(session, account, step.ticket_id), checked)


def move(
    hotline: Hotline,
    step: Step,
    find: Callable[[Session], Ticket],
    change: Callable[[Session, Ticket, datetime], None],
) -> Ticket:
    """Lock, check that nobody was faster, change, commit. Raises `Conflict` and changes nothing if somebody was."""
    try:
        with hotline.database.transaction() as session:
            ticket = find(session)
            if ticket.version != step.version:
                raise Conflict([Problem("version", "stale")])
            change(session, ticket, hotline.now())
            if step.beside is not None:
                step.beside(session)
            session.flush()
            return ticket
    except TransitionRefused as refused:
        raise Conflict([Problem("status", "transition", {"here": refused.here.value})]) from None
    except StaleDataError:
        raise Conflict([Problem("version", "stale")]) from None


def in_hand(session: Session, account: Account, ticket_id: UUID) -> Ticket:
    """Return a ticket that the account's department leads, locked; raise `NotFound` for any other."""
    ticket = access.find_ticket(session, account, ticket_id, lock=True)
    if not access.may_work(account, ticket):
        raise NotFound
    return ticket


def notes(session: Session, account: Account, ticket: Ticket, events: Sequence[TicketEvent]) -> dict[int, str | None]:
    """Return, by the event's id, what only staff may read of it: of what another reporter said, that one's words.

    Those stand in that one's own history, for those who may open it. Of an answer that was not sent nothing is
    returned to those who do not see one.
    """
    hidden = frozenset() if answering.may_see_unsent(account, ticket) else answering.ABOUT_UNSENT
    others = {e.id: (UUID(e.data["ticket"]), e.at) for e in events if e.kind == "reopened_together" and e.data}
    own = [ticket_id for ticket_id, _ in others.values()]
    words = select(TicketEvent).join(Ticket, Ticket.id == TicketEvent.ticket_id)
    of_them = and_(Ticket.id.in_(own), TicketEvent.kind == "not_fixed", access.opens_to(account))
    said = {(e.ticket_id, e.at): e.public_text for e in session.scalars(words.where(of_them))} if own else {}

    def note(event: TicketEvent) -> str | None:
        if event.kind in hidden:
            return None
        return said.get(others[event.id]) if event.id in others else event.internal_text

    return {event.id: note(event) for event in events}


def history(session: Session, ticket: Ticket) -> list[TicketEvent]:
    """Return the ticket's events, oldest first, with who did them."""
    return list(
        session.scalars(
            select(TicketEvent)
            .where(TicketEvent.ticket_id == ticket.id)
            .order_by(TicketEvent.id)
            .options(selectinload(TicketEvent.actor))
        )
    )
