"""A progress report: what a unit owes its citizen once the deadline has passed, with the date it commits itself to.

Source of the duty: the rules of the hotline 1022 (result in time, or else progress with a committed date). It is owed
again when that date has passed too.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import access
from app.deadlines import owes_progress, resolve_of, touch
from app.hotline import Hotline
from app.problems import Conflict, Problem, refuse
from app.words import words_of
from app.work.service import Step, in_hand, move
from models.account import Account
from models.ticket import Happening, Ticket
from routing.calendar import WorkingCalendar

#: Days ahead that a unit may commit itself to: then it owes word again.
AHEAD: Final = timedelta(days=30)


def offers(session: Session, account: Account, ticket: Ticket, now: datetime) -> set[str]:
    """Return {"progress"} where this person's unit owes the citizen a report on the ticket."""
    return {"progress"} if access.may_work(account, ticket) and _owed(session, ticket, now) else set()


def _owed(session: Session, ticket: Ticket, now: datetime) -> bool:
    return bool(session.scalar(select(exists().where(Ticket.id == ticket.id, owes_progress(now)))))


def report(hotline: Hotline, account: Account, step: Step, committed_on: date) -> Ticket:
    """Tell the citizen how far it is, and by the end of which day it will be done."""
    words = words_of("public_text", step.text)

    def put(session: Session, ticket: Ticket, now: datetime) -> None:
        deadline = resolve_of(session, ticket)
        if deadline is None or not _owed(session, ticket, now):
            raise Conflict([Problem("", "progress_not_owed")])
        committed_at = _committed_at(hotline.calendar(session), committed_on, now)
        deadline.committed_at = committed_at
        data = {"committed_at": committed_at.isoformat()}
        ticket.happened(Happening("progress", now, account.id, public_text=words, data=data))
        touch(ticket)

    return move(hotline, step, lambda session: in_hand(session, account, step.ticket_id), put)


def _committed_at(calendar: WorkingCalendar, day: date, now: datetime) -> datetime:
    """Return the end of office hours of a day that has not ended and is not too far away; refuse any other."""
    today = calendar.local_day(now)
    first = today if now < calendar.closing(today) else today + timedelta(days=1)
    if not first <= day <= today + AHEAD:
        raise refuse("committed_on", "calendar_day", first=first.isoformat(), last=(today + AHEAD).isoformat())
    return calendar.closing(day)
