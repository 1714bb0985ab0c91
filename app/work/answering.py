"""An answer on its way to the citizen: its photos, and the second person who reads it first where the unit wants so."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, false, func, select, update
from sqlalchemy.orm import Session, aliased, selectinload

from app import access, incidents, photostore
from app.assignment import drop_waiting, meet, unsent
from app.deadlines import touch
from app.hotline import Hotline
from app.photostore import Photo
from app.problems import Conflict, Problem
from models.account import Account
from models.reply import UnitPractice, WaitingAnswer
from models.ticket import Attachment, Happening, Ticket
from models.vocabulary import DeadlineKind, PhotoOf, Role, Status

#: What a unit shows of its work, and each photo of it.
Shown = Sequence[tuple[PhotoOf, Photo]]
#: Events in whose words for staff stands what was not sent, or what its second reader says of it.
ABOUT_UNSENT: Final = frozenset({"answer_written", "answer_given_back"})


@dataclass(frozen=True)
class Answer:
    """What a unit says, who says it and when."""

    words: str
    account: Account
    now: datetime
    data: dict[str, Any] = field(default_factory=dict)


@contextmanager
def kept(hotline: Hotline, shown: Shown) -> Iterator[None]:
    """Write photos before the commit that names them; take them away again if it does not come."""
    photos = tuple(photo for _, photo in shown)
    with photostore.with_their_rows(hotline.settings.attachments, photos):
        for photo in photos:
            photostore.store(hotline.settings.attachments, photo)
        yield


def attach(session: Session, ticket: Ticket, shown: Shown, keep: Collection[UUID] = ()) -> None:
    """Lay photos beside an answer that is still to be sent.

    Of those beside an answer that came back only the ones in `keep` stay: the others nobody has chosen for this one.
    """
    left = delete(Attachment).where(unsent(ticket), Attachment.id.not_in(keep))
    session.execute(left.execution_options(synchronize_session=False))
    session.expire(ticket, ["attachments"])
    last = session.scalar(select(func.max(Attachment.position)).where(Attachment.ticket_id == ticket.id))
    first = 0 if last is None else last + 1
    session.add_all(
        Attachment(
            id=photo.id,
            ticket_id=ticket.id,
            position=first + number,
            media_type="image/jpeg",
            size=len(photo.jpeg),
            sha256=photo.sha256,
            width=photo.width,
            height=photo.height,
            shows=shows,
        )
        for number, (shows, photo) in enumerate(shown)
    )


def send(session: Session, ticket: Ticket, answer: Answer) -> None:
    """Let the citizen have it, with the photos that lie beside it."""
    there = Happening("answered", answer.now, answer.account.id, public_text=answer.words, data=answer.data)
    event = ticket.transition(Status.ANSWERED, there)
    session.flush()
    sent = update(Attachment).where(unsent(ticket)).values(event_id=event.id)
    session.execute(sent.execution_options(synchronize_session=False))
    answered(session, ticket, answer.now, DeadlineKind.FIRST_ACTION, DeadlineKind.RESOLVE)


def answered(session: Session, ticket: Ticket, now: datetime, *kinds: DeadlineKind) -> None:
    """Write down what follows from an answer: nothing waits to be said any more, and these deadlines are met.

    They are met for everybody who reported the same, too.
    """
    drop_waiting(session, ticket)
    ticket.answered_at = now
    meet(session, ticket, now, *kinds)
    incidents.answered(session, ticket, now, *kinds)


def put_before_second(session: Session, ticket: Ticket, answer: Answer) -> None:
    """Let an answer wait for a second person; the citizen sees nothing, and the clock runs on."""
    waiting = session.get(WaitingAnswer, ticket.id) or WaitingAnswer(ticket_id=ticket.id)
    waiting.body, waiting.written_by, waiting.written_at = answer.words, answer.account.id, answer.now
    waiting.back_at = waiting.back_by = waiting.note = None
    session.add(waiting)
    ticket.happened(Happening("answer_written", answer.now, answer.account.id, internal_text=answer.words))
    touch(ticket)


def may_see_unsent(account: Account, ticket: Ticket) -> bool:
    """Tell whether this person reads what is not sent yet: of the lead, or a coordinator; who helps does not."""
    return access.may_work(account, ticket) or account.role is Role.COORDINATOR


def of(session: Session, ticket: Ticket) -> WaitingAnswer | None:
    """Return the answer of a ticket that is not sent yet, with who wrote it and who gave it back, or None."""
    people = (selectinload(WaitingAnswer.writer), selectinload(WaitingAnswer.reader))
    return session.scalar(select(WaitingAnswer).where(WaitingAnswer.ticket_id == ticket.id).options(*people))


def is_waiting(session: Session, ticket: Ticket) -> bool:
    """Tell whether an answer waits for a second person: until then nothing else is said to the citizen."""
    waiting = session.get(WaitingAnswer, ticket.id)
    return waiting is not None and waiting.back_at is None


def refuse_while_waiting(session: Session, ticket: Ticket) -> None:
    """Raise `Conflict` while an answer waits for a second person."""
    if is_waiting(session, ticket):
        raise Conflict([Problem("", "answer_waits")])


def needs_second(session: Session, department_id: str | None) -> bool:
    """Tell whether a unit wants a second person to read its answers."""
    practice = session.get(UnitPractice, department_id) if department_id else None
    return practice is not None and practice.second_approval


def second_for(account: Account) -> ColumnElement[bool]:
    """Return the condition for an answer, joined with its ticket, of which this person is the second reader.

    They are of the unit, and not who wrote it. Where the unit has nobody else, a coordinator is: an answer must not
    wait for a person who does not come.
    """
    others = WaitingAnswer.written_by != account.id
    if account.role in access.WORKERS:
        return and_(others, Ticket.department_id == account.department_id)
    if account.role is not Role.COORDINATOR:
        return false()
    colleague = aliased(Account)
    another = exists().where(
        colleague.department_id == Ticket.department_id,
        colleague.role.in_(access.WORKERS),
        colleague.disabled.is_(False),
        colleague.id != WaitingAnswer.written_by,
    )
    return and_(others, Ticket.department_id.is_not(None), ~another.correlate(Ticket, WaitingAnswer))


def may_approve(session: Session, account: Account, ticket: Ticket) -> bool:
    """Tell whether this person is the second reader of a ticket's answer."""
    found = select(WaitingAnswer.ticket_id).join(WaitingAnswer.ticket)
    return session.scalar(found.where(WaitingAnswer.ticket_id == ticket.id, second_for(account))) is not None
