"""What is over: cases that ended so long ago that nothing needs their person any more."""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, aliased

from app.access import KEPT_APART
from app.hotline import Hotline
from app.persons import erasure
from app.persons.erasure import Extent, Gone
from app.persons.holds import held
from models.outbox import InstallationMark
from models.person import Erasure
from models.ticket import Ticket, TicketEvent
from models.vocabulary import ErasureCause, Status, SubmissionType
from routing.retention import RetentionRule

log = logging.getLogger(__name__)

#: Tickets of one transaction.
BATCH: Final = 100
#: A case in one of these is over, unless somebody reopens it; a merged one when its lead is.
_OVER: Final = (Status.CLOSED, Status.REJECTED, Status.REFERRED)
#: The installation's mark that says which day was purged last.
MARK: Final = "purged_day"


def due(hotline: Hotline) -> Counter[SubmissionType]:
    """Count what a purge would take now, by submission type; changes nothing."""
    found: Counter[SubmissionType] = Counter()
    with hotline.database.reading() as session:
        for kind, _, condition in _rules(hotline, hotline.now()):
            found[kind] = session.scalar(select(func.count(Ticket.id)).where(condition)) or 0
    return +found


def purge(hotline: Hotline) -> Counter[SubmissionType]:
    """Take the person out of every case whose time is over; return how many by submission type.

    Safe at any time and from any number of processes: a ticket is locked, and the database takes one such erasure each.
    One that cannot be done does not stop the others; it is due again the next time.
    """
    done: Counter[SubmissionType] = Counter()
    failed: set[UUID] = set()
    for kind, rule, condition in _rules(hotline, hotline.now()):
        while (batch := _purge(hotline, rule, condition, failed)) is not None:
            done[kind] += batch
    if done:
        hotline.database.forget()
    return done


def daily(hotline: Hotline) -> bool:
    """Purge once a day of the city, where that is switched on (`LANGNGHE_PURGE_DAILY`); tell whether it was done.

    Which day was purged last stands in the database once that is done: a missed day is made up for, and one that broke
    off is gone on with. Relays that purge at once do no harm.
    """
    if not hotline.settings.purge_daily:
        return False
    today = hotline.files.calendar.local_day(hotline.now()).isoformat()
    with hotline.database.reading() as session:
        mark = session.get(InstallationMark, MARK)
        if mark is not None and mark.value == today:
            return False
    purge(hotline)
    with hotline.database.transaction() as session:
        session.merge(InstallationMark(name=MARK, value=today))
    return True


def _purge(hotline: Hotline, rule: RetentionRule, condition: ColumnElement[bool], failed: set[UUID]) -> int | None:
    """Take one batch; return how many, None where nothing is left but what has failed, which is added to."""
    photos = []
    with hotline.database.transaction() as session:
        batch = _locked(session, and_(condition, Ticket.id.not_in(failed)))
        for ticket in batch:
            gone = _erased(hotline, session, ticket, rule)
            if gone is None:
                failed.add(ticket.id)
            else:
                photos.append(gone.photos)
    for removed in photos:
        erasure.discard(hotline, removed)
    return len(photos) if batch else None


def _erased(hotline: Hotline, session: Session, ticket: Ticket, rule: RetentionRule) -> Gone | None:
    """Take the person out of one case; return None where that failed, with nothing changed."""
    extent, ticket_id = Extent(True, rule.remove_photos), ticket.id
    try:
        with session.begin_nested():
            return erasure.erase(hotline, session, ticket, ErasureCause.RETENTION, extent=extent)
    except OperationalError:
        raise  # the database is away: the next time goes on here
    except Exception as error:  # noqa: BLE001 - one case must not stop the others, nor the relay
        log.error("ticket %s keeps its person: %s", ticket_id, type(error).__name__)  # noqa: TRY400 - no words of anybody
        return None


def _locked(session: Session, condition: ColumnElement[bool]) -> list[Ticket]:
    over = select(Ticket).where(condition).order_by(Ticket.id).limit(BATCH)
    return list(session.scalars(over.with_for_update(of=Ticket, skip_locked=True)))


def _rules(hotline: Hotline, now: datetime) -> Iterator[tuple[SubmissionType, RetentionRule, ColumnElement[bool]]]:
    """Yield each rule by which something may be over, and the condition for it."""
    for kind, rule in hotline.files.retention.items():
        before = rule.ended_before(now)
        if before is not None:
            yield kind, rule, and_(_of_kind(kind), _over(before), ~held(now), ~KEPT_APART)


def _of_kind(kind: SubmissionType) -> ColumnElement[bool]:
    """Return the condition for a type; what nobody has named is treated as a report."""
    return func.coalesce(Ticket.submission_type, SubmissionType.REPORT.value) == kind.value


def _over(before: datetime) -> ColumnElement[bool]:
    lead = aliased(Ticket)
    led = exists().where(lead.incident_id == Ticket.incident_id, lead.status.in_(_OVER), ~_moved(lead, before))
    gone = exists().where(Erasure.ticket_id == Ticket.id, Erasure.cause == ErasureCause.RETENTION)
    ended = or_(Ticket.status.in_(_OVER), and_(Ticket.status == Status.MERGED, led.correlate(Ticket)))
    return and_(Ticket.received_at <= before, ended, ~_moved(Ticket, before), ~gone.correlate(Ticket))


def _moved(ticket: type[Ticket], since: datetime) -> ColumnElement[bool]:
    """Return the condition that a ticket has moved since."""
    later = exists().where(
        TicketEvent.ticket_id == ticket.id, TicketEvent.to_status.is_not(None), TicketEvent.at > since
    )
    return later.correlate(ticket)
