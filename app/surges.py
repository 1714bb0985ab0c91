"""Surges: more reports of a topic in a ward than its past explains. The relay notes them, coordinators read them.

Compared are the reports of the last hour with the same hour of the week in the weeks before and the hours on either
side of it: an hour of the week has its own habits (noise at night, rubbish on Mondays), a single hour eight times over
would be too little to know them by.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from app.access import KEPT_APART
from models.incident import Surge
from models.ticket import Ticket
from routing.surge import SurgeRule, usual_at_most

HOUR: Final = timedelta(hours=1)
WEEK: Final = timedelta(weeks=1)

#: Every report counts, merged ones too: a surge is of people. Denunciations take part in nothing.
_COUNTED: Final = ~KEPT_APART


def open_surges(session: Session) -> Sequence[Surge]:
    """Return the surges that are not over, the greatest first."""
    going_on = select(Surge).where(Surge.ended_at.is_(None)).order_by(Surge.peak.desc(), Surge.began_at, Surge.id)
    return session.scalars(going_on.options(selectinload(Surge.topic), selectinload(Surge.ward))).all()


def watch(session: Session, now: datetime, rule: SurgeRule) -> int:
    """Note surges that began, went on or ended; return how many are going on. Any number of relays may watch."""
    above = _above(session, now, rule)
    known = {(surge.topic_slug, surge.ward_code): surge for surge in open_surges(session)}
    for where, (count, usual) in above.items():
        surge = known.get(where)
        if surge is None:
            _begin(session, where, count, usual, now)
        else:
            surge.last_seen_at = max(surge.last_seen_at, now)
            surge.peak = max(surge.peak, count)
    for where, surge in known.items():
        if where not in above and surge.last_seen_at <= now - HOUR:
            surge.ended_at = surge.last_seen_at + HOUR
    session.flush()
    return len(above)


def _begin(session: Session, where: tuple[str, str], count: int, usual: int, now: datetime) -> None:
    topic, ward = where
    surge = Surge(topic_slug=topic, ward_code=ward, began_at=now, last_seen_at=now, peak=count, usual=usual)
    try:
        with session.begin_nested():
            session.add(surge)
    except IntegrityError:  # another relay has just noted it
        return


def _above(session: Session, now: datetime, rule: SurgeRule) -> dict[tuple[str, str], tuple[int, int]]:
    """Return (topic, ward) → (reports in the last hour, how many are usual at most) where the former is more."""
    counts = _counts(session, _within(now - HOUR, now), rule.at_least)
    if not counts:
        return {}
    # of what is compared, which is what was understood: an index answers it
    first = session.scalar(select(func.min(Ticket.received_at)).where(Ticket.topic_slug.is_not(None)))
    windows = [
        (begin, begin + 3 * HOUR)
        for week in range(1, rule.weeks + 1)
        if first is not None and (begin := now - week * WEEK - 2 * HOUR) >= first
    ]
    before = _counts(session, or_(*(_within(*window) for window in windows)), 1) if windows else {}
    hours = 3.0 * len(windows)
    usual = {where: usual_at_most(before.get(where, 0), hours, rule.one_in) for where in counts}
    return {
        where: (count, most) for where, count in counts.items() if (most := usual[where]) is not None and count > most
    }


def _within(begin: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(Ticket.received_at > begin, Ticket.received_at <= end)


def _counts(session: Session, when: ColumnElement[bool], at_least: int) -> dict[tuple[str, str], int]:
    query = (
        select(Ticket.topic_slug, Ticket.ward_code, func.count())
        .where(when, _COUNTED, Ticket.topic_slug.is_not(None), Ticket.ward_code.is_not(None))
        .group_by(Ticket.topic_slug, Ticket.ward_code)
        .having(func.count() >= at_least)
    )
    return {(str(topic), str(ward)): count for topic, ward, count in session.execute(query)}
