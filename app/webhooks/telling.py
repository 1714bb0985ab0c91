"""What webhooks are owed, read off the history after it was written: whoever files or works on a ticket pays nothing.

A cursor says up to which happening this was done. On PostgreSQL numbers are given before they are committed, so one may
turn up below the cursor: what was not there is kept as a gap, and looked for until no transaction could still bring it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access import COUNTED, KEPT_APART
from app.hotline import Hotline
from app.webhooks.message import TOLD, TicketMessage, ToldTicket
from models.ticket import Assignment, Ticket, TicketEvent
from models.vocabulary import AssignmentKind, DeliveryOutcome, Status
from models.webhook import Webhook, WebhookCursor, WebhookDelivery, WebhookGap

#: Happenings a transaction.
BATCH: Final = 500
#: A transaction of ours takes seconds: each statement has a limit (`app.database.STATEMENT_LIMIT`).
GAP_LASTS: Final = timedelta(minutes=10)
#: For so long a message is tried, and for so long what became of it can be looked up.
TRIED_FOR: Final = timedelta(days=3)
KEPT_FOR: Final = timedelta(days=30)
OWED: Final = and_(WebhookDelivery.done_at.is_(None), WebhookDelivery.given_up_at.is_(None))
_CURSOR: Final = 1


@dataclass(frozen=True)
class _Happened:
    """A line of the history, without the words in it."""

    id: int
    ticket_id: UUID
    kind: str
    at: datetime
    to_status: Status | None


@dataclass(frozen=True)
class _Told:
    """A ticket as it is told of."""

    status: Status
    topic: str | None
    ward: str | None
    department: str | None


def derive(hotline: Hotline) -> int:
    """Write what is owed for the next happenings; return how many were looked at, `BATCH` at most."""
    if not _anything_new(hotline):
        return 0
    with hotline.database.transaction() as session:
        cursor = session.scalar(select(WebhookCursor).with_for_update(skip_locked=True))
        if cursor is None:  # another relay is at it
            return 0
        now = hotline.now()
        late = _late(session, now)
        events = _events(session, TicketEvent.id > cursor.event_id)
        _owe(session, [*late, *events], now)
        if events:
            session.add_all(_gaps(cursor.event_id, [event.id for event in events], now))
            cursor.event_id = events[-1].id
        return len(events)


def _anything_new(hotline: Hotline) -> bool:
    """Tell whether a transaction is worth while: nobody waits for one that finds nothing."""
    with hotline.database.reading() as session:
        if session.scalar(select(Webhook.id).where(Webhook.off_at.is_(None)).limit(1)) is None:
            return False
        newest, cursor = last_event(session), session.scalar(select(WebhookCursor.event_id))
        gaps = session.scalar(select(WebhookGap.first_id).limit(1))
        return cursor is not None and (newest > cursor or gaps is not None)


def last_event(session: Session) -> int:
    """Return the number of the newest happening; 0 before the first."""
    return session.scalar(select(func.max(TicketEvent.id))) or 0


def begin(session: Session) -> int:
    """Return the happening after which a webhook that is set up now is told; with none before it, start from there."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    newest = last_event(session)
    row = {"id": _CURSOR, "event_id": newest}
    session.execute(dialect.insert(WebhookCursor).values(row).on_conflict_do_nothing())
    cursor = session.scalars(select(WebhookCursor).with_for_update()).one()
    if session.scalar(select(Webhook.id).where(Webhook.off_at.is_(None)).limit(1)) is None:
        cursor.event_id = newest
        session.execute(delete(WebhookGap))
    return newest


def _events(session: Session, where: ColumnElement[bool]) -> list[_Happened]:
    columns = (TicketEvent.id, TicketEvent.ticket_id, TicketEvent.kind, TicketEvent.at, TicketEvent.to_status)
    rows = session.execute(select(*columns).where(where).order_by(TicketEvent.id).limit(BATCH))
    return [_Happened(*row) for row in rows]


def _gaps(cursor: int, ids: Sequence[int], now: datetime) -> Iterator[WebhookGap]:
    for before, after in pairwise((cursor, *ids)):
        if after > before + 1:
            yield WebhookGap(first_id=before + 1, last_id=after - 1, seen_at=now)


def _late(session: Session, now: datetime) -> list[_Happened]:
    """Return what has turned up in gaps; what is left of each goes on as one, until it is too old to be filled."""
    found: list[_Happened] = []
    for gap in session.scalars(select(WebhookGap).order_by(WebhookGap.first_id)).all():
        came = _events(session, TicketEvent.id.between(gap.first_id, gap.last_id))
        found += came
        over = gap.seen_at <= now - GAP_LASTS and len(came) < BATCH
        if came or over:
            session.delete(gap)
            session.flush()
        if came and not over:
            ids = [event.id for event in came]
            left = [*_gaps(gap.first_id - 1, ids, gap.seen_at), *_gaps(ids[-1], [gap.last_id + 1], gap.seen_at)]
            session.add_all(left)
    return found


def _owe(session: Session, events: Iterable[_Happened], now: datetime) -> None:
    told = [event for event in events if event.kind in TOLD]
    if not told:
        return
    tickets = _tickets(session, {event.ticket_id for event in told})
    hooks = session.scalars(select(Webhook).where(Webhook.off_at.is_(None))).all()
    leading = _leading(session, set(tickets), {hook.department_id for hook in hooks if hook.department_id})
    for event in told:
        ticket = tickets.get(event.ticket_id)
        if ticket is None:
            continue
        body = _body(event, ticket)
        for hook in hooks:
            if event.id > hook.since_event and _is_theirs(hook.department_id, event, ticket, leading):
                session.add(
                    WebhookDelivery(
                        webhook_id=hook.id, event_id=event.id, kind=event.kind, body=body, created_at=now, due_at=now
                    )
                )


def _tickets(session: Session, ids: set[UUID]) -> dict[UUID, _Told]:
    """Return the tickets that may be told of: nothing sealed, nothing that is still to be understood."""
    columns = (Ticket.id, Ticket.status, Ticket.topic_slug, Ticket.ward_code, Ticket.department_id)
    rows = session.execute(select(*columns).where(Ticket.id.in_(ids), COUNTED))
    return {row[0]: _Told(row[1], row[2], row[3], row[4]) for row in rows}


_Leading = dict[tuple[UUID, str], list[tuple[datetime, datetime | None]]]


def _leading(session: Session, tickets: set[UUID], units: set[str]) -> _Leading:
    """Return from when until when units had these tickets."""
    columns = (Assignment.ticket_id, Assignment.department_id, Assignment.assigned_at, Assignment.ended_at)
    had = Assignment.ticket_id.in_(tickets), Assignment.department_id.in_(units)
    found: _Leading = {}
    for row in session.execute(select(*columns).where(*had, Assignment.kind == AssignmentKind.LEAD)):
        found.setdefault((row.ticket_id, row.department_id), []).append((row.assigned_at, row.ended_at))
    return found


def _is_theirs(unit: str | None, event: _Happened, ticket: _Told, leading: _Leading) -> bool:
    """Tell whether a unit has the ticket, or had it when this happened: it is told of what takes it away, too."""
    if unit is None or unit == ticket.department:
        return True
    spans = leading.get((event.ticket_id, unit), ())
    return any(begun <= event.at and (ended is None or event.at <= ended) for begun, ended in spans)


def _body(event: _Happened, ticket: _Told) -> str:
    """Return what is sent."""
    data = ToldTicket(
        event=event.id,
        ticket=event.ticket_id,
        status=event.to_status or ticket.status,
        topic=ticket.topic,
        ward=ticket.ward,
        department=ticket.department,
    )
    return TicketMessage(type=f"ticket.{event.kind}", timestamp=event.at, data=data).written()


def may_be_told(session: Session, delivery: WebhookDelivery) -> bool:
    """Tell whether its ticket is still one that may be told of: it may have been sealed since."""
    if delivery.event_id is None:
        return True
    of = select(Ticket.id).join(TicketEvent, TicketEvent.ticket_id == Ticket.id)
    return session.scalar(of.where(TicketEvent.id == delivery.event_id, COUNTED)) is not None


def tidy(hotline: Hotline) -> None:
    """Take away what is owed of tickets that were sealed since, give up what is too old, forget what is long over."""
    now = hotline.now()
    with hotline.database.transaction() as session:
        sealed = (
            select(TicketEvent.id)
            .join(Ticket, Ticket.id == TicketEvent.ticket_id)
            .where(TicketEvent.id == WebhookDelivery.event_id, KEPT_APART)
        )
        session.execute(delete(WebhookDelivery).where(OWED, sealed.exists()))
        session.execute(
            update(WebhookDelivery)
            .where(OWED, WebhookDelivery.created_at <= now - TRIED_FOR)
            .values(given_up_at=now, body=None)
        )
        over = WebhookDelivery.created_at <= now - KEPT_FOR
        ended = or_(WebhookDelivery.done_at.is_not(None), WebhookDelivery.given_up_at.is_not(None))
        session.execute(delete(WebhookDelivery).where(over, ended))


def give_up_all(session: Session, webhook: Webhook, now: datetime) -> None:
    """Owe a webhook that is switched off nothing any more."""
    session.execute(
        update(WebhookDelivery)
        .where(OWED, WebhookDelivery.webhook_id == webhook.id)
        .values(given_up_at=now, body=None, outcome=DeliveryOutcome.SWITCHED_OFF)
    )
