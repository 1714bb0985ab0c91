"""Legal hold: a ticket that stays whole, whatever its age and whoever asks."""

from datetime import date, datetime, time
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from app import access
from app.access import KEPT_APART
from app.hotline import Hotline
from app.persons import erasure
from app.problems import NotFound, refuse
from app.words import words_of
from models.account import Account
from models.person import HOLD_REASON_MAX, LegalHold
from models.ticket import Happening, Ticket, TicketEvent
from models.vocabulary import ErasureCause

#: The kinds of event by which it shows in the history.
PLACED: Final = "hold_placed"
LIFTED: Final = "hold_lifted"
#: A citizen asked with their code for their contact to go, and the hold stood in the way.
ASKED: Final = "erasure_asked"


def held(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a ticket is held."""
    return exists().where(LegalHold.ticket_id == Ticket.id, _stands(now)).correlate(Ticket)


def hold_of(session: Session, ticket_id: UUID, now: datetime) -> LegalHold | None:
    """Return the hold on a ticket, if there is one now."""
    return session.scalar(select(LegalHold).where(LegalHold.ticket_id == ticket_id, _stands(now)))


def _stands(now: datetime) -> ColumnElement[bool]:
    return and_(LegalHold.lifted_at.is_(None), or_(LegalHold.until.is_(None), LegalHold.until > now))


def found(session: Session, ticket_id: UUID) -> Ticket:
    """Return a ticket that may be held, locked; raise `Refused` for none, and for a denunciation: its vault is kept."""
    wanted = select(Ticket).where(Ticket.id == ticket_id, ~KEPT_APART)
    ticket = session.scalar(wanted.with_for_update(of=Ticket))
    if ticket is None:
        raise refuse("ticket", "unknown_ticket")
    return ticket


def place(
    hotline: Hotline, session: Session, ticket: Ticket, reason: str, until: datetime | None, by: Account | None
) -> None:
    """Hold a locked ticket, until a moment or until somebody lifts it; who, `None` for the command line, is kept.

    Raises `Refused` without a reason, with a moment that has passed, or when it is held already.
    """
    why, now = words_of("reason", reason, HOLD_REASON_MAX), hotline.now()
    if until is not None and until <= now:
        raise refuse("until", "hold_past")
    if hold_of(session, ticket.id, now) is not None:
        raise refuse("reason", "held_already")
    for old in session.scalars(
        select(LegalHold).where(LegalHold.ticket_id == ticket.id, LegalHold.lifted_at.is_(None))
    ):
        old.lifted_at = old.until  # its time was over
    session.flush()
    who = by.id if by else None
    session.add(LegalHold(ticket_id=ticket.id, reason=why, placed_at=now, placed_by=who, until=until))
    data = {"until": until.isoformat()} if until else {}
    ticket.happened(Happening(PLACED, now, who, internal_text=why, data=data))


def lift(hotline: Hotline, session: Session, ticket: Ticket, by: Account | None) -> None:
    """Lift the hold on a locked ticket, and do what its citizen has asked for meanwhile; raises `Refused` for none."""
    now, who = hotline.now(), by.id if by else None
    hold = hold_of(session, ticket.id, now)
    if hold is None:
        raise refuse("ticket", "held_not")
    hold.lifted_at, hold.lifted_by = now, who
    ticket.happened(Happening(LIFTED, now, who))
    session.flush()
    asked = exists().where(TicketEvent.ticket_id == ticket.id, TicketEvent.kind == ASKED)
    if session.scalar(select(asked)) and erasure.has_contact(session, ticket.id):
        erasure.erase(hotline, session, ticket, ErasureCause.CITIZEN)


def place_by(hotline: Hotline, account: Account, ticket_id: UUID, reason: str, last_day: str) -> None:
    """Hold a ticket in an account's name, up to and with a day (ISO, or none); raises `NotFound`, `Refused`."""
    until = end_of(hotline, last_day) if last_day.strip() else None
    with hotline.database.transaction() as session:
        place(hotline, session, _theirs(session, account, ticket_id), reason, until, account)


def lift_by(hotline: Hotline, account: Account, ticket_id: UUID) -> None:
    """Lift a hold in an account's name; raises `NotFound`, `Refused` where there is none."""
    with hotline.database.transaction() as session:
        lift(hotline, session, _theirs(session, account, ticket_id), account)


def _theirs(session: Session, account: Account, ticket_id: UUID) -> Ticket:
    if not access.may_hold(account):
        raise NotFound
    return access.find_ticket(session, account, ticket_id, lock=True)


def end_of(hotline: Hotline, day: str) -> datetime:
    """Return the end of a day (ISO) where the city is; raise `Refused` for what is none."""
    try:
        return datetime.combine(date.fromisoformat(day.strip()), time.max, hotline.files.calendar.zone)
    except ValueError:
        raise refuse("until", "calendar_date") from None
