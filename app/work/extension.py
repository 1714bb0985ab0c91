"""More time for a ticket: asked for by its unit with a reason, decided on by another person, once.

Who decides: somebody who leads the ticket's unit and did not ask; where there is no such person, a coordinator.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, selectinload

from app import access, wording
from app.deadlines import move as give_date
from app.deadlines import resolve_of, touch
from app.hotline import Hotline
from app.notices.sending import tell_of_extension
from app.problems import Conflict, NotFound, Problem, refuse
from app.words import words_of
from app.work.service import Step, in_hand, move
from models.account import Account
from models.extension import Extension
from models.ticket import Happening, Ticket
from models.vocabulary import Clock, ExtensionState, Role, Status
from routing.deadlines import Run, working_days_later

#: Working days that can be asked for; more is another promise, not more time for this one.
DAYS_MAX: Final = 10
#: While the unit works on a ticket, or has asked its citizen something.
_IN_WORK: Final = frozenset({Status.IN_PROGRESS, Status.INFO_REQUESTED})


def offers(session: Session, account: Account, ticket: Ticket, now: datetime) -> set[str]:
    """Return what this person may do about more time for the ticket as it stands."""
    extension = session.get(Extension, ticket.id)
    if extension is None:
        deadline = resolve_of(session, ticket)
        asks = access.may_work(account, ticket) and ticket.status is Status.IN_PROGRESS
        return {"ask-extension"} if asks and deadline is not None and deadline.due_at > now else set()
    open_still = extension.state is ExtensionState.ASKED and ticket.status in _IN_WORK
    if open_still and may_decide(session, account, ticket, extension):
        return {"approve-extension", "refuse-extension"}
    return set()


def of(session: Session, ticket: Ticket) -> Extension | None:
    """Return what was asked for on a ticket, with who asked and who decided, or None."""
    people = (selectinload(Extension.asker), selectinload(Extension.decider))
    return session.scalar(select(Extension).where(Extension.ticket_id == ticket.id).options(*people))


def may_decide(session: Session, account: Account, ticket: Ticket, extension: Extension | None) -> bool:
    """Tell whether this person decides on more time for a ticket: never whoever asked for it."""
    asker = extension.asked_by if extension else None
    if account.id == asker:
        return False
    if account.role is Role.SUPERVISOR:
        return ticket.department_id is not None and ticket.department_id == account.department_id
    if account.role is not Role.COORDINATOR or ticket.department_id is None:
        return False
    leads = exists().where(access.leads(ticket.department_id), Account.id != asker)
    return not session.scalar(select(leads))


def ask(hotline: Hotline, account: Account, step: Step, days: int) -> Ticket:
    """Ask for so many working days more, with a reason that the citizen does not see."""
    reason = words_of("reason", step.text)
    if not 1 <= days <= DAYS_MAX:
        raise refuse("days", "out_of_range", min=1, max=DAYS_MAX)

    def put(session: Session, ticket: Ticket, now: datetime) -> None:
        if session.get(Extension, ticket.id) is not None:
            raise Conflict([Problem("", "extension_once")])
        if ticket.status is not Status.IN_PROGRESS:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        deadline = resolve_of(session, ticket)
        if deadline is None or deadline.due_at <= now:
            raise Conflict([Problem("", "extension_late")])
        session.add(
            Extension(ticket_id=ticket.id, days=days, state=ExtensionState.ASKED, asked_by=account.id, asked_at=now)
        )
        what = Happening("extension_asked", now, account.id, internal_text=reason, data={"days": days})
        ticket.happened(what)
        touch(ticket)
        tell_of_extension(session, ticket, deadline, now, account.id)

    return move(hotline, step, lambda session: in_hand(session, account, step.ticket_id), put)


def approve(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Grant it: the deadline moves, and the citizen is told the new date."""

    def grant(session: Session, ticket: Ticket, extension: Extension, now: datetime) -> None:
        deadline = resolve_of(session, ticket)
        if deadline is None:
            raise Conflict([Problem("", "extension_late")])
        calendar = hotline.calendar(session)
        due_at = working_days_later(calendar, deadline.due_at, extension.days)
        if due_at <= now and deadline.paused_at is None:
            raise Conflict([Problem("", "extension_over")])
        extension.due_before = deadline.due_at
        deadline.term += 1
        deadline.clock = Clock.WORKING  # from here on it is a number of working days, whatever it was before
        deadline.calendar_version = calendar.version[:64]
        give_date(ticket, deadline, Run(now, due_at), now)
        words = wording.extended_words(extension.days, due_at, hotline.files.calendar.zone)
        data = {"days": extension.days, "due_at": due_at.isoformat()}
        ticket.happened(Happening("extended", now, account.id, public_text=words, data=data))

    return _decide(hotline, account, step, ExtensionState.APPROVED, grant)


def refuse_it(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Refuse it with a reason for the unit; the deadline stays and the citizen is not troubled."""
    reason = words_of("reason", step.text)

    def deny(_session: Session, ticket: Ticket, extension: Extension, now: datetime) -> None:
        data = {"days": extension.days}
        ticket.happened(Happening("extension_refused", now, account.id, internal_text=reason, data=data))

    return _decide(hotline, account, step, ExtensionState.REFUSED, deny)


def _decide(
    hotline: Hotline,
    account: Account,
    step: Step,
    state: ExtensionState,
    effect: Callable[[Session, Ticket, Extension, datetime], None],
) -> Ticket:
    def find(session: Session) -> Ticket:
        ticket = access.find_ticket(session, account, step.ticket_id, lock=True)
        if not may_decide(session, account, ticket, session.get(Extension, ticket.id)):
            raise NotFound
        return ticket

    def put(session: Session, ticket: Ticket, now: datetime) -> None:
        extension = session.get(Extension, ticket.id)
        if extension is None or extension.state is not ExtensionState.ASKED:
            raise Conflict([Problem("", "extension_none")])
        if ticket.status not in _IN_WORK:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        extension.state, extension.decided_by, extension.decided_at = state, account.id, now
        effect(session, ticket, extension, now)
        touch(ticket)

    return move(hotline, step, find, put)
