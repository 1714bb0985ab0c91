"""Call-backs: whom to ring again, when and why; shared among who answers calls, done by one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.desk import drafts
from app.desk.envelope import closed, opened
from app.desk.schema import e164, shown_number, time_to_call
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, Refused
from models.account import Account
from models.desk import CallBack
from models.vocabulary import SubmissionType

#: After so long a claim is over: whoever made it has gone home.
CLAIM_LIFE: Final = timedelta(hours=8)
#: What is done stays in sight for a day, then it is deleted with the number in it.
DONE_LIFE: Final = timedelta(days=1)
#: What nobody has done is deleted so long after it was due, for who is to be rung has long rung again.
UNDONE_LIFE: Final = timedelta(days=30)
NOTE_MAX: Final = 500
NAME_MAX: Final = 200
SHOWN: Final = 100


@dataclass(frozen=True)
class Wish:
    """What a call-taker writes down: number, when (as typed), and what for."""

    number: str
    when: str
    name: str = ""
    note: str = ""
    submission_type: str = ""


@dataclass(frozen=True)
class Reminder:
    """A call-back as who looks sees it. `mine` is one that they have claimed, `taken_by` who else has."""

    id: UUID
    number: str
    name: str
    note: str
    due_at: datetime
    due: bool
    mine: bool
    taken_by: str | None
    written_by: str
    confidential: bool
    done_at: datetime | None


def write_down(hotline: Hotline, account: Account, wish: Wish) -> datetime:
    """Keep a call-back and return when it is due; raise `Refused` with everything that is wrong.

    What is to be a denunciation is seen by its writer alone.
    """
    now, problems = hotline.now(), list[Problem]()
    number, due_at = e164(wish.number), now
    if number is None:
        problems.append(Problem("number", "phone" if wish.number.strip() else "required"))
    try:
        due_at = time_to_call(wish.when, now, hotline.files.calendar.zone)
    except Refused as refused:
        problems += refused.problems
    for field, value, most in (("name", wish.name, NAME_MAX), ("note", wish.note, NOTE_MAX)):
        if len(value) > most:
            problems.append(Problem(field, "too_long", {"max": most}))
    if problems:
        raise Refused(problems)
    kept = {"number": str(number), "name": wish.name.strip(), "note": wish.note.strip()}
    with hotline.database.transaction() as session:
        session.add(
            CallBack(
                id=uuid4(),
                created_by_id=account.id,
                created_at=now,
                due_at=due_at,
                envelope=closed(hotline, kept),
                confidential=wish.submission_type == SubmissionType.DENUNCIATION,
            )
        )
    return due_at


def owed(hotline: Hotline, session: Session, account: Account) -> list[Reminder]:
    """Return what is still to be rung that this account may know of, the soonest first."""
    query = select(CallBack).where(CallBack.done_at.is_(None), _known_to(account))
    return _read(hotline, session, account, query.order_by(CallBack.due_at, CallBack.id))


def done_today(hotline: Hotline, session: Session, account: Account) -> list[Reminder]:
    """Return what was done within a day, the last first."""
    query = select(CallBack).where(CallBack.done_at > hotline.now() - DONE_LIFE, _known_to(account))
    return _read(hotline, session, account, query.order_by(CallBack.done_at.desc(), CallBack.id))


def due(hotline: Hotline, session: Session, account: Account) -> list[Reminder]:
    """Return what this account should ring now: its own, and what nobody has claimed."""
    now = hotline.now()
    free = or_(CallBack.claimed_by_id == account.id, _unclaimed(now))
    query = select(CallBack).where(CallBack.done_at.is_(None), CallBack.due_at <= now, free, _known_to(account))
    return _read(hotline, session, account, query.order_by(CallBack.due_at, CallBack.id))


def count(session: Session, account: Account) -> int:
    """Return how many are still to be rung."""
    query = select(func.count(CallBack.id)).where(CallBack.done_at.is_(None), _known_to(account))
    return session.scalar(query) or 0


def claim(hotline: Hotline, account: Account, callback_id: UUID) -> None:
    """Let one person do it; raise `Conflict` where another has claimed it."""
    with hotline.database.transaction() as session:
        _claim(hotline, session, account, callback_id)


def release(hotline: Hotline, account: Account, callback_id: UUID) -> None:
    """Give a claimed one back to all."""
    with hotline.database.transaction() as session:
        row = _claim(hotline, session, account, callback_id)
        row.claimed_by_id = row.claimed_at = None


def done(hotline: Hotline, account: Account, callback_id: UUID) -> None:
    """Note that the person was rung."""
    with hotline.database.transaction() as session:
        row = _claim(hotline, session, account, callback_id)
        row.done_at, row.done_by_id = hotline.now(), account.id


def reopen(hotline: Hotline, account: Account, callback_id: UUID) -> None:
    """Take back that the person was rung: it is owed again, by who said so."""
    with hotline.database.transaction() as session:
        row = _find(session, account, callback_id)
        if row.done_by_id == account.id:
            row.done_at = row.done_by_id = None


def ring(hotline: Hotline, account: Account, callback_id: UUID) -> UUID:
    """Claim it and begin a draft with its number and name; return the draft's id."""
    with hotline.database.transaction() as session:
        row = _claim(hotline, session, account, callback_id)
        kept = opened(hotline, row.envelope)
        fields = {"contact_phone": shown_number(kept.get("number", "")), "contact_name": kept.get("name", "")}
        if row.confidential:
            fields["submission_type"] = SubmissionType.DENUNCIATION.value
        return drafts.begin(hotline, session, account, {name: value for name, value in fields.items() if value})


def expire(session: Session, now: datetime) -> None:
    """Delete what was done over a day ago, and what nobody has done for so long that nobody will."""
    never = and_(CallBack.done_at.is_(None), CallBack.due_at <= now - UNDONE_LIFE)
    session.execute(delete(CallBack).where(or_(CallBack.done_at <= now - DONE_LIFE, never)))


def _known_to(account: Account) -> ColumnElement[bool]:
    return or_(CallBack.confidential.is_(False), CallBack.created_by_id == account.id)


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(CallBack.claimed_by_id.is_(None), CallBack.claimed_at <= now - CLAIM_LIFE)


def _claimer(row: CallBack, now: datetime) -> UUID | None:
    """Return who has claimed one, as long as the claim lasts."""
    lasts = row.claimed_at is not None and row.claimed_at > now - CLAIM_LIFE
    return row.claimed_by_id if lasts else None


def _find(session: Session, account: Account, callback_id: UUID) -> CallBack:
    query = select(CallBack).where(and_(CallBack.id == callback_id, _known_to(account)))
    row = session.scalar(query.with_for_update(of=CallBack))
    if row is None:
        raise NotFound
    return row


def _claim(hotline: Hotline, session: Session, account: Account, callback_id: UUID) -> CallBack:
    """Return one that is this account's from now on, and still owed."""
    row, now = _find(session, account, callback_id), hotline.now()
    if row.done_at is not None:
        raise Conflict([Problem("call_back", "call_back_done")])
    if _claimer(row, now) not in {None, account.id}:
        raise Conflict([Problem("call_back", "call_back_claimed")])
    row.claimed_by_id, row.claimed_at = account.id, now
    return row


def _read(hotline: Hotline, session: Session, account: Account, query: Select[CallBack]) -> list[Reminder]:
    now = hotline.now()
    with_people = selectinload(CallBack.created_by), selectinload(CallBack.claimed_by)
    rows = session.scalars(query.limit(SHOWN).options(*with_people)).all()
    return [_reminder(row, opened(hotline, row.envelope), account, now) for row in rows]


def _reminder(row: CallBack, kept: dict[str, str], account: Account, now: datetime) -> Reminder:
    claimer = _claimer(row, now)
    others = claimer not in {None, account.id}
    return Reminder(
        id=row.id,
        number=kept.get("number", ""),
        name=kept.get("name", ""),
        note=kept.get("note", ""),
        due_at=row.due_at,
        due=row.due_at <= now,
        mine=claimer == account.id,
        taken_by=row.claimed_by.display_name if others and row.claimed_by else None,
        written_by=row.created_by.display_name,
        confidential=row.confidential,
        done_at=row.done_at,
    )
