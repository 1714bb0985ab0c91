"""Telling staff of deadlines, as time passes. Each stage of a deadline is told once, whoever looks how often.

What was told is a row, unique by deadline, term and stage, written under the ticket's lock together with the time of
the next look (`Deadline.remind_at`): two relays at once, or one that was away for two days, change nothing about that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import access, deadlines
from app.deadlines import run_of
from app.hotline import Hotline
from models.account import Account
from models.department import Department
from models.notice import Notice
from models.ticket import Deadline, Ticket
from models.vocabulary import NoticeAudience, NoticeStage, Status, SubmissionType
from models.workflow import AWAITS_COORDINATOR, AWAITS_DEPARTMENT
from routing.reminders import reminders

#: Rows a transaction: short enough that nobody waits for it.
BATCH: Final = 200
#: Batches a look: the next one comes in half a minute.
ROUNDS: Final = 20
#: Somebody still has to do something with these.
_LIVE: Final = AWAITS_COORDINATOR | AWAITS_DEPARTMENT | {Status.SEALED}


def keep(hotline: Hotline) -> None:
    """Do what time asks of deadlines: set those of what waits for a unit, compute stale ones anew, tell of those due.

    In batches, each in a transaction of its own; what is left over is done at the next look.
    """
    for work in (deadlines.owe_units, _recompute, send):
        for _ in range(ROUNDS):
            if _batch(hotline, work) < BATCH:
                break


def _batch(hotline: Hotline, work: Callable[[Hotline, Session, int], int]) -> int:
    with hotline.database.transaction() as session:
        return work(hotline, session, BATCH)


def _recompute(hotline: Hotline, session: Session, limit: int) -> int:
    return deadlines.recompute(hotline, session, hotline.now(), limit)


def send(hotline: Hotline, session: Session, limit: int) -> int:
    """Tell of every deadline of which a stage has come; return how many were looked at.

    Of stages that came while nobody looked only the highest is sent; lower ones are noted as skipped.
    """
    now = hotline.now()
    coming = (
        select(Deadline, Ticket)
        .join(Ticket, Ticket.id == Deadline.ticket_id)
        .where(Deadline.met_at.is_(None), Deadline.paused_at.is_(None), Deadline.remind_at <= now)
        .where(Ticket.status.in_(_LIVE))
        .order_by(Deadline.remind_at, Deadline.id)
        .limit(limit)
        .with_for_update(of=(Deadline, Ticket), skip_locked=True)
    )
    rows = [(deadline, ticket) for deadline, ticket in session.execute(coming)]
    told = _told(session, [deadline.id for deadline, _ in rows])
    lead = _lead(session, {ticket.department_id for _, ticket in rows if ticket.department_id})
    calendar = hotline.calendar(session)
    for deadline, ticket in rows:
        stages = reminders(calendar, deadline.clock, run_of(ticket, deadline))
        done = told.get((deadline.id, deadline.term), set())
        came = [reminder.stage for reminder in stages if reminder.at <= now]
        for stage in came:
            if stage not in done:
                notice = _notice(ticket, deadline, stage, lead, now)
                notice.skipped = stage is not came[-1]
                session.add(notice)
        deadline.remind_at = min((r.at for r in stages if r.at > now and r.stage not in done), default=None)
    return len(rows)


def tell_of_extension(session: Session, ticket: Ticket, deadline: Deadline, now: datetime, asker: UUID) -> None:
    """Tell whoever may decide, which the asker may not, that a ticket's unit asks for more time."""
    lead = _lead(session, {ticket.department_id or ""}, but=asker)
    session.add(_notice(ticket, deadline, NoticeStage.EXTENSION, lead, now))


def _notice(ticket: Ticket, deadline: Deadline, stage: NoticeStage, lead: "_Lead", now: datetime) -> Notice:
    return Notice(
        ticket_id=ticket.id,
        deadline_id=deadline.id,
        term=deadline.term,
        stage=stage,
        audience=_audience(ticket, stage, lead),
        department_id=ticket.department_id,
        due_at=deadline.due_at,
        at=now,
    )


def _audience(ticket: Ticket, stage: NoticeStage, lead: "_Lead") -> NoticeAudience:
    if ticket.status is Status.SEALED or ticket.submission_type is SubmissionType.DENUNCIATION:
        return NoticeAudience.CLEARED
    unit = ticket.department_id
    if unit is None:
        return NoticeAudience.COORDINATORS
    if stage in {NoticeStage.HALF, NoticeStage.MOST}:
        return NoticeAudience.HANDLERS
    # What goes up to where nobody leads must not be late unseen.
    above = lead.above.get(unit)
    asked: dict[NoticeStage, tuple[str | None, ...]] = {
        NoticeStage.DUE: (unit, above),
        NoticeStage.ABOVE: (above,),
        NoticeStage.EXTENSION: (unit,),
    }
    led = any(one in lead.led for one in asked[stage])
    return NoticeAudience.SUPERVISORS if led else NoticeAudience.COORDINATORS


@dataclass(frozen=True)
class _Lead:
    """Which units have somebody who leads them, and which unit is above which."""

    led: set[str]
    above: dict[str, str | None]


def _lead(session: Session, units: set[str], *, but: UUID | None = None) -> _Lead:
    rows = session.execute(select(Department.id, Department.parent_id).where(Department.id.in_(units)))
    above = {row.id: row.parent_id for row in rows}
    led = session.scalars(
        select(Account.department_id).where(
            access.leads(), Account.department_id.in_(units | {p for p in above.values() if p}), Account.id != but
        )
    )
    return _Lead({unit for unit in led if unit}, above)


def _told(session: Session, ids: Sequence[int]) -> dict[tuple[int, int], set[NoticeStage]]:
    found: dict[tuple[int, int], set[NoticeStage]] = {}
    for deadline_id, term, stage in session.execute(
        select(Notice.deadline_id, Notice.term, Notice.stage).where(Notice.deadline_id.in_(ids))
    ):
        found.setdefault((deadline_id, term), set()).add(stage)
    return found
