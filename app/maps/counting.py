"""Keeping public figures: the relay counts a day's reports anew once anything happened to one of them.

Which days those are is read from the history, of which a mark says how far it was read. A day is counted whole in one
transaction, under the lock of its row, so that two relays, or one that was away, come to the same numbers.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import Insert, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.access import COUNTED
from app.hotline import Hotline
from app.returns.schema import Period
from models.figure import CountedDay, DailyCount
from models.outbox import InstallationMark
from models.ticket import Deadline, Ticket, TicketEvent
from models.vocabulary import DeadlineKind, Outcome, Status, SubmissionType

#: How far the history was read: the id of an event.
MARK: Final = "events-counted"
#: Events may be committed in another order than they are numbered; after so long none is still on its way.
SETTLED_AFTER: Final = timedelta(seconds=60)
#: Events read in one transaction, and days counted in one look (the next one comes in half a minute).
EVENTS: Final = 5000
DAYS: Final = 60
DAY: Final = timedelta(days=1)

#: What is about a place and is worked on. A complaint is its writer's own matter, a question or praise nobody's work.
TYPES: Final = (SubmissionType.REPORT, SubmissionType.SUGGESTION, SubmissionType.EMERGENCY)
#: A report that a person still has to look at may yet turn out to be a denunciation, so it is in no figure.
OUTCOMES: Final = {
    Status.ROUTED: Outcome.OPEN,
    Status.RETURNED: Outcome.OPEN,
    Status.IN_PROGRESS: Outcome.OPEN,
    Status.INFO_REQUESTED: Outcome.OPEN,
    Status.REOPENED: Outcome.OPEN,
    Status.ANSWERED: Outcome.ANSWERED,
    Status.CLOSED: Outcome.ANSWERED,
    Status.REJECTED: Outcome.ELSEWHERE,
    Status.REFERRED: Outcome.ELSEWHERE,
}


class Standing(NamedTuple):
    """What reports are counted by; the columns of `DailyCount` between day and number."""

    topic_slug: str
    ward_code: str | None
    outcome: Outcome
    days: int | None
    in_time: bool | None
    due_on: date | None


def keep(hotline: Hotline) -> int:
    """Count anew every day of which a report has moved; return how many days were counted."""
    while _read_on(hotline):
        pass
    counted = 0
    with hotline.database.reading() as session:
        due = session.scalars(
            select(CountedDay.day).where(CountedDay.due).order_by(CountedDay.day.desc()).limit(DAYS)
        ).all()
    for day in due:
        with hotline.database.transaction() as session:
            counted += _count(hotline, session, day)
    return counted


def _read_on(hotline: Hotline) -> bool:
    """Read a part of the history and note which days it touches; tell whether there may be more to read."""
    settled = hotline.now() - SETTLED_AFTER
    with hotline.database.reading() as session:
        if not _news(session, settled):
            return False
    with hotline.database.transaction() as session:
        mark = session.get(InstallationMark, MARK, with_for_update=True)
        if mark is None:
            return _begin(hotline, session)
        after = int(mark.value)
        until = session.scalar(_settled(after, settled))
        if until is None:
            return False
        _note(session, _days(hotline, session, after, until))
        mark.value = str(until)
        return True


def _news(session: Session, settled: datetime) -> bool:
    """Look before writing: writers take turns."""
    mark = session.get(InstallationMark, MARK)
    return session.scalar(_settled(int(mark.value) if mark else 0, settled)) is not None


def _settled(after: int, settled: datetime) -> Select[int | None]:
    """Ask for the last of the next events before which none is on its way any more."""
    late = select(func.min(TicketEvent.id)).where(TicketEvent.id > after, TicketEvent.at > settled)
    sure = TicketEvent.id < func.coalesce(late.scalar_subquery(), sys.maxsize)
    some = select(TicketEvent.id).where(TicketEvent.id > after, sure).order_by(TicketEvent.id).limit(EVENTS).subquery()
    return select(func.max(some.c.id))


def _begin(hotline: Hotline, session: Session) -> bool:
    """Set the mark for the first time: every day since the first report is to be counted.

    The last events are read all the same, for some may still be on their way.
    """
    newest = session.scalar(select(func.max(TicketEvent.id))) or 0
    try:
        with session.begin_nested():
            session.add(InstallationMark(name=MARK, value=str(max(0, newest - EVENTS))))
    except IntegrityError:  # another relay has just done so
        return True
    first = session.scalar(select(func.min(Ticket.received_at)))
    if first is not None:
        local = hotline.files.calendar.local_day
        began, today = local(first), local(hotline.now())
        _note(session, (began + n * DAY for n in range((today - began).days + 1)))
    return True


def _days(hotline: Hotline, session: Session, after: int, until: int) -> set[date]:
    """Return on which days the reports of some events came in, and those that were merged with them."""
    moved = select(TicketEvent.ticket_id).where(TicketEvent.id > after, TicketEvent.id <= until)
    theirs = select(Ticket.incident_id).where(Ticket.id.in_(moved), Ticket.incident_id.is_not(None))
    own = select(Ticket.received_at).where(Ticket.id.in_(moved))
    followers = select(Ticket.received_at).where(Ticket.incident_id.in_(theirs), Ticket.status == Status.MERGED)
    local = hotline.files.calendar.local_day
    return {local(at) for query in (own, followers) for at in session.scalars(query)}


def _note(session: Session, days: Iterable[date]) -> None:
    """Let days be counted anew. One statement, so that it waits for whoever is just counting them."""
    rows = [{"day": day, "due": True} for day in sorted(days)]
    if rows:
        session.execute(_upsert(session), rows)


def _upsert(session: Session) -> Insert:
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    wanted: Insert = dialect.insert(CountedDay).on_conflict_do_update(
        index_elements=[CountedDay.day], set_={"due": True}
    )
    return wanted


def _count(hotline: Hotline, session: Session, day: date) -> bool:
    """Count a day's reports; False where another relay has done so meanwhile."""
    mine = select(CountedDay).where(CountedDay.day == day, CountedDay.due).with_for_update(skip_locked=True)
    if session.scalar(mine) is None:
        return False
    found = Counter(_standings(hotline, session, day))
    session.execute(delete(DailyCount).where(DailyCount.day == day))
    session.add_all(DailyCount(day=day, reports=n, **standing._asdict()) for standing, n in found.items())
    session.execute(update(CountedDay).where(CountedDay.day == day).values(due=False))
    return True


def _standings(hotline: Hotline, session: Session, day: date) -> Iterable[Standing]:
    """Yield how each report of a day stands; a merged one stands as the lead of its incident does."""
    calendar = hotline.files.calendar
    begins, ends = Period(day, day).instants(calendar.zone)
    lead = aliased(Ticket)
    leads = and_(Ticket.status == Status.MERGED, lead.incident_id == Ticket.incident_id, lead.status != Status.MERGED)
    promised = and_(Deadline.ticket_id == func.coalesce(lead.id, Ticket.id), Deadline.kind == DeadlineKind.RESOLVE)
    rows = session.execute(
        select(
            Ticket.topic_slug,
            Ticket.ward_code,
            Ticket.received_at,
            case((lead.id.is_not(None), lead.status), else_=Ticket.status),
            case((lead.id.is_not(None), lead.answered_at), else_=Ticket.answered_at),
            Deadline.due_at,
            Deadline.met_at,
            Deadline.paused_at,
        )
        .outerjoin(lead, leads)
        .outerjoin(Deadline, promised)
        .where(Ticket.received_at >= begins, Ticket.received_at < ends, COUNTED)
        .where(Ticket.topic_slug.is_not(None), Ticket.submission_type.in_(TYPES))
        .where(or_(lead.id.is_(None), lead.submission_type.in_(TYPES)))
    )
    for topic, ward, received_at, status, answered_at, due_at, met_at, paused_at in rows:
        outcome = OUTCOMES.get(status)
        if outcome is None:
            continue
        answered = outcome is Outcome.ANSWERED
        awaited = outcome is Outcome.OPEN and due_at is not None and met_at is None and paused_at is None
        yield Standing(
            topic,
            ward,
            outcome,
            days=_begun_days(received_at, answered_at) if answered else None,
            in_time=met_at <= due_at if answered and met_at is not None else None,
            due_on=calendar.local_day(due_at) if awaited else None,
        )


def _begun_days(received: datetime, answered: datetime | None) -> int | None:
    """Return in how many days an answer came, begun ones counted whole; one that was there already came in one."""
    return max(1, ceil((answered - received) / DAY)) if answered is not None else None
