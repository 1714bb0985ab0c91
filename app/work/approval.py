"""The second reader: finds what waits, approves an answer or gives it back with a note; its writer may take it back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVarTuple

from sqlalchemy import Select, Uuid, func, literal, select, tuple_
from sqlalchemy.orm import Session, contains_eager, joinedload

from app import access, pagekey
from app.deadlines import touch
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem
from app.words import words_of
from app.work import answering
from app.work.answering import Answer
from app.work.service import PAGE, SHOWN_WITH, Step, move
from models.account import Account
from models.base import UtcDateTime
from models.reply import WaitingAnswer
from models.ticket import Happening, Ticket
from models.vocabulary import Role

Ts = TypeVarTuple("Ts")

#: Characters of the note with which an answer is given back.
NOTE_MAX: Final = 1000


def offers(session: Session, account: Account, ticket: Ticket) -> set[str]:
    """Return what this person may do about an answer that waits: `approve-answer`, `give-back-answer`, `take-back`."""
    waiting = session.get(WaitingAnswer, ticket.id)
    if waiting is None or waiting.back_at is not None:
        return set()
    if answering.may_approve(session, account, ticket):
        return {"approve-answer", "give-back-answer"}
    return {"take-back"} if account.id == waiting.written_by and access.may_work(account, ticket) else set()


@dataclass(frozen=True)
class WaitingPage:
    """Answers that wait, the oldest first; `after` is the key of the next part, None at the end."""

    answers: list[WaitingAnswer]
    after: str | None


def waiting(session: Session, account: Account, after: str | None = None) -> WaitingPage:
    """Return the answers that this person may read and release, with ticket and writer, the oldest first.

    `after` is the `WaitingPage.after` of the page before; raises `NotFound` for one that we never gave.
    """
    key, last = (WaitingAnswer.written_at, WaitingAnswer.ticket_id), pagekey.read(after)
    shown = contains_eager(WaitingAnswer.ticket).options(*SHOWN_WITH), joinedload(WaitingAnswer.writer)
    query = _awaiting(select(WaitingAnswer), account).options(*shown)
    if last is not None:
        query = query.where(tuple_(*key) > tuple_(literal(last[0], UtcDateTime), literal(last[1], Uuid)))
    rows = session.scalars(query.order_by(*key).limit(PAGE + 1)).all()
    return WaitingPage(list(rows[:PAGE]), _key_of(rows[PAGE - 1]) if len(rows) > PAGE else None)


def count(session: Session, account: Account) -> int:
    """Return how many answers wait for this person."""
    return session.scalar(_awaiting(select(func.count()).select_from(WaitingAnswer), account)) or 0


def _key_of(answer: WaitingAnswer) -> str:
    return pagekey.write(answer.written_at, answer.ticket_id)


def _awaiting(query: Select[*Ts], account: Account) -> Select[*Ts]:
    mine = answering.second_for(account), access.visible_to(account), WaitingAnswer.back_at.is_(None)
    return query.join(WaitingAnswer.ticket).where(*mine)


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
            allowed = answering.may_approve(session, account, ticket)
        if not allowed:
            raise NotFound
        return ticket

    def put(session: Session, ticket: Ticket, now: datetime) -> None:
        waiting = session.get(WaitingAnswer, ticket.id)
        if waiting is None or waiting.back_at is not None:
            raise Conflict([Problem("", "answer_none")])
        effect(session, ticket, waiting, now)

    return move(hotline, step, find, put)
