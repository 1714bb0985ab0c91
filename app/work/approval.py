"""The second person: approves an answer, or gives it back with a note; who wrote it may take it back to mend it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app import access
from app.deadlines import touch
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem
from app.words import words_of
from app.work import answering
from app.work.answering import Answer
from app.work.service import Step, move
from models.account import Account
from models.reply import WaitingAnswer
from models.ticket import Happening, Ticket
from models.vocabulary import Role

#: Characters of the note with which an answer is given back.
NOTE_MAX: Final = 1000


def offers(session: Session, account: Account, ticket: Ticket) -> set[str]:
    """Return what this person may do about an answer that waits: `approve-answer`, `give-back-answer`, `take-back`."""
    waiting = session.get(WaitingAnswer, ticket.id)
    if waiting is None or waiting.back_at is not None:
        return set()
    if answering.may_approve(session, account, ticket, waiting):
        return {"approve-answer", "give-back-answer"}
    return {"take-back"} if account.id == waiting.written_by and access.may_work(account, ticket) else set()


def approve(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Send the answer; the history says who wrote it and who approved. Raises `NotFound` for who wrote it."""

    def put(session: Session, ticket: Ticket, waiting: WaitingAnswer, now: datetime) -> None:
        answering.send(session, ticket, Answer(waiting.body, account, now, {"written_by": waiting.written_by.hex}))

    return _decide(hotline, account, step, put)


def give_back(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Give the answer back to its writer with a note, which the citizen does not see."""
    note = words_of("note", step.text, NOTE_MAX)

    def put(_session: Session, ticket: Ticket, waiting: WaitingAnswer, now: datetime) -> None:
        waiting.back_at, waiting.back_by, waiting.note = now, account.id, note
        data = {"written_by": waiting.written_by.hex}
        ticket.happened(Happening("answer_given_back", now, account.id, internal_text=note, data=data))
        touch(ticket)

    return _decide(hotline, account, step, put)


def take_back(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Take the own answer back before anybody has approved it; its words stay to be mended."""

    def put(_session: Session, ticket: Ticket, waiting: WaitingAnswer, now: datetime) -> None:
        waiting.back_at, waiting.back_by = now, account.id
        ticket.happened(Happening("answer_taken_back", now, account.id))
        touch(ticket)

    return _decide(hotline, account, step, put, own=True)


def _decide(
    hotline: Hotline,
    account: Account,
    step: Step,
    effect: Callable[[Session, Ticket, WaitingAnswer, datetime], None],
    *,
    own: bool = False,
) -> Ticket:
    def find(session: Session) -> Ticket:
        ticket = access.find_ticket(session, account, step.ticket_id, lock=True)
        waiting = session.get(WaitingAnswer, ticket.id)
        in_unit = access.may_work(account, ticket)
        if waiting is None:  # the step has come too late, or too early: said to those whose step it could be
            allowed = in_unit or (account.role is Role.COORDINATOR and not own)
        elif own:
            allowed = in_unit and account.id == waiting.written_by
        else:
            allowed = answering.may_approve(session, account, ticket, waiting)
        if not allowed:
            raise NotFound
        return ticket

    def put(session: Session, ticket: Ticket, now: datetime) -> None:
        waiting = session.get(WaitingAnswer, ticket.id)
        if waiting is None or waiting.back_at is not None:
            raise Conflict([Problem("", "answer_none")])
        effect(session, ticket, waiting, now)

    return move(hotline, step, find, put)
