"""Calls as exchanges announce them: offered to whose extension is named, else to who is free longest; taken by one."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.accounts.service import token_hash
from app.audit.record import record
from app.desk import drafts, seats
from app.desk.envelope import closed, opened
from app.desk.happenings import ended, happened
from app.desk.schema import number_of, shown_number
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, Refused, refuse
from app.words import words_of
from classifier.emergency import cues
from models.account import Account
from models.desk import CallDraft, DeskSeat, PhoneCall, PhoneExchange
from models.vocabulary import AuditKind, CallStep, Role

#: A call that nobody has taken is shown this long, if its exchange does not say before that it has ended.
RINGS: Final = timedelta(minutes=5)
#: So long a call is offered to one person before all see it.
OFFERED: Final = timedelta(seconds=20)
#: A call of which its exchange has said no end is not taken for going on any longer than this.
TALKS: Final = timedelta(hours=2)
#: How long a number stays with a call of which nothing was filed.
NUMBER_LIFE: Final = timedelta(days=1)
#: Waiting calls that are shown.
SHOWN: Final = 10
NAME_MAX: Final = 120
PREFIX: Final = "lnx_"


@dataclass(frozen=True)
class Announcement:
    """What an exchange says of a call: its own id for it, what has happened, from which number, at which extension."""

    external_id: str
    step: CallStep
    number: str | None = None
    extension: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A call that waits to be taken; `mine` is one that was offered to who looks."""

    id: UUID
    number: str | None
    extension: str | None
    at: datetime
    mine: bool


def add_exchange(hotline: Hotline, name: str, actor_id: UUID | None = None) -> str:
    """Make a telephone exchange known and return its bearer token, which is shown this once. Raises `Refused`."""
    token = PREFIX + secrets.token_urlsafe(32)
    with hotline.database.transaction() as session:
        shown = " ".join(words_of("name", name, NAME_MAX).split())
        if session.scalar(select(PhoneExchange.id).where(PhoneExchange.name == shown)):
            raise refuse("name", "exchange_taken")
        made = PhoneExchange(id=uuid4(), name=shown, token_hash=token_hash(hotline, token), created_at=hotline.now())
        session.add(made)
        record(session, hotline.now(), AuditKind.EXCHANGE_MADE, actor=actor_id, detail=made.id.hex)
    return token


def revoke_exchange(hotline: Hotline, name: str, actor_id: UUID | None = None) -> None:
    """Take no more announcements by an exchange's token; raise `Refused` if there is none of this name."""
    with hotline.database.transaction() as session:
        exchange = session.scalar(select(PhoneExchange).where(PhoneExchange.name == name).with_for_update())
        if exchange is None:
            raise refuse("name", "unknown_exchange")
        if exchange.revoked_at is None:
            exchange.revoked_at = hotline.now()
            record(session, hotline.now(), AuditKind.EXCHANGE_REVOKED, actor=actor_id, detail=exchange.id.hex)


def exchanges(session: Session) -> list[PhoneExchange]:
    """Return every exchange by name."""
    return list(session.scalars(select(PhoneExchange).order_by(PhoneExchange.name)))


def last_calls(session: Session) -> dict[UUID, datetime]:
    """Return, by exchange, when it last announced a call; one that never did is not in it."""
    found = {}
    for exchange_id in session.scalars(select(PhoneExchange.id)):  # a few, and each by one step into an index
        at = session.scalar(select(func.max(PhoneCall.at)).where(PhoneCall.exchange_id == exchange_id))
        if at is not None:
            found[exchange_id] = at
    return found


def exchange_of_token(hotline: Hotline, session: Session, token: str) -> PhoneExchange | None:
    """Return whose bearer token this is, None for one that is unknown or revoked."""
    known = select(PhoneExchange).where(PhoneExchange.token_hash == token_hash(hotline, token[:200]))
    return session.scalar(known.where(PhoneExchange.revoked_at.is_(None)))


def announce(hotline: Hotline, exchange: PhoneExchange, said: Announcement) -> tuple[PhoneCall, str | None]:
    """Write down what an exchange says of a call; return the call, and the extension of whom it is offered to.

    Saying the same twice, or at once, changes nothing the second time.
    """
    try:
        return _announce(hotline, exchange, said)
    except IntegrityError:  # somebody has just announced it too
        return _announce(hotline, exchange, said)


def _announce(hotline: Hotline, exchange: PhoneExchange, said: Announcement) -> tuple[PhoneCall, str | None]:
    now = hotline.now()
    with hotline.database.transaction() as session:
        known = select(PhoneCall).where(PhoneCall.exchange_id == exchange.id, PhoneCall.external_id == said.external_id)
        call = session.scalar(known.with_for_update())
        if call is None:
            call = _new(hotline, session, exchange, said)
        if said.step is CallStep.ENDED:
            ended(session, call, now)
        elif call.ended_at is None:
            _offer(session, call, said.extension, now)
        seat = session.get(DeskSeat, call.account_id) if call.account_id else None
        return call, seat.extension if seat else None


def _new(hotline: Hotline, session: Session, exchange: PhoneExchange, said: Announcement) -> PhoneCall:
    number = number_of(said.number)
    call = PhoneCall(
        id=uuid4(),
        exchange_id=exchange.id,
        external_id=said.external_id,
        number=closed(hotline, {"number": number}) if number else None,
        at=hotline.now(),
    )
    session.add(call)
    session.flush()
    happened(session, call.id, "announced", hotline.now())
    return call


def _offer(session: Session, call: PhoneCall, extension: str | None, now: datetime) -> None:
    """Offer a call to who sits at the extension, or, where none is named, to who is free, unless somebody has it."""
    if extension is not None and extension != call.extension:
        # The exchange has put it through: whoever sits there is to see it, also if another had taken it before.
        there = seats.at(session, extension, now)
        call.extension, call.taken_at = extension, None
        call.account_id, call.offered_at = there, now if there else None
    elif extension is None and call.extension is None and call.taken_at is None and not _is_offered(call, now):
        free = _free(session, now)
        call.account_id, call.offered_at = free, now if free else None


def state_of(call: PhoneCall, now: datetime) -> Literal["waiting", "offered", "taken", "ended"]:
    """Return how a call stands, in the words of the API."""
    if call.ended_at is not None:
        return "ended"
    if call.taken_at is not None:
        return "taken"
    return "offered" if call.account_id is not None and (call.extension or _is_offered(call, now)) else "waiting"


def _is_offered(call: PhoneCall, now: datetime) -> bool:
    return call.offered_at is not None and call.offered_at > now - OFFERED


def _free(session: Session, now: datetime) -> UUID | None:
    """Return the call-taker who is there, ready, not talking and not being rung, and was so the longest."""
    theirs = aliased(PhoneCall)
    busy = exists().where(
        theirs.account_id == DeskSeat.account_id,
        theirs.ended_at.is_(None),
        or_(theirs.taken_at > now - TALKS, and_(theirs.taken_at.is_(None), theirs.offered_at > now - OFFERED)),
    )
    last = (
        select(func.max(PhoneCall.taken_at))
        .where(PhoneCall.account_id == DeskSeat.account_id)
        .correlate(DeskSeat)
        .scalar_subquery()
    )
    ready = (
        select(DeskSeat.account_id)
        .join(Account, Account.id == DeskSeat.account_id)
        .where(DeskSeat.ready, seats.there(now), Account.role == Role.CALL_TAKER, Account.disabled.is_(False), ~busy)
        .order_by(last.is_not(None), last, DeskSeat.account_id)
        .limit(1)
        # two calls at once go to two people
        .with_for_update(of=DeskSeat, skip_locked=True)
    )
    return session.scalar(ready)


def waiting(hotline: Hotline, session: Session, account: Account) -> list[Waiting]:
    """Return the calls that this account may take now, those offered to it first."""
    now = hotline.now()
    query = select(PhoneCall).where(_takeable(account, now))
    rows = session.scalars(query.order_by(PhoneCall.at, PhoneCall.id).limit(SHOWN)).all()
    found = [
        Waiting(row.id, opened(hotline, row.number).get("number"), row.extension, row.at, row.account_id == account.id)
        for row in rows
    ]
    return sorted(found, key=lambda one: not one.mine)


def _takeable(account: Account, now: datetime) -> ColumnElement[bool]:
    open_to_all = and_(
        or_(PhoneCall.account_id.is_(None), PhoneCall.extension.is_(None)),
        or_(PhoneCall.offered_at.is_(None), PhoneCall.offered_at <= now - OFFERED),
    )
    return and_(
        PhoneCall.taken_at.is_(None),
        PhoneCall.ended_at.is_(None),
        PhoneCall.at > now - RINGS,
        or_(PhoneCall.account_id == account.id, open_to_all),
    )


def take(hotline: Hotline, account: Account, call_id: UUID) -> UUID:
    """Take a call; return the draft that begins with its number.

    Raises `NotFound` for a call that is not there or another's, `Conflict` where somebody was faster.
    """
    now = hotline.now()
    with hotline.database.transaction() as session:
        call = session.scalar(select(PhoneCall).where(PhoneCall.id == call_id).with_for_update())
        if call is None:
            raise NotFound
        mine = session.scalar(
            select(CallDraft.id).where(CallDraft.call_id == call_id, CallDraft.account_id == account.id)
        )
        if mine is not None and call.account_id == account.id:
            call.taken_at = call.taken_at or now
            return mine
        if call.taken_at is not None:
            raise Conflict([Problem("call", "call_taken")])
        if session.scalar(select(PhoneCall.id).where(PhoneCall.id == call_id, _takeable(account, now))) is None:
            raise NotFound
        call.account_id, call.taken_at = account.id, now
        happened(session, call.id, "taken", now, account)
        number = opened(hotline, call.number).get("number")
        return drafts.begin(hotline, session, account, {"contact_phone": shown_number(number)} if number else {}, call)


def transferred(hotline: Hotline, account: Account, draft_id: UUID, number: str) -> None:
    """Note that the caller of a draft was put through to an emergency number; raise `Refused` for any other number.

    Where the call came without an exchange, it begins here.
    """
    if number not in cues():
        raise Refused([Problem("number", "not_one_of", {"expected": ", ".join(cues())})])
    now = hotline.now()
    with hotline.database.transaction() as session:
        call_id = drafts.find(hotline, session, account, draft_id, lock=True).call_id
        if call_id is None:
            call_id = uuid4()
            session.add(PhoneCall(id=call_id, at=now, account_id=account.id, taken_at=now))
            session.flush()
            drafts.belongs_to(session, draft_id, call_id)
        happened(session, call_id, "transferred", now, account, number=number)


def forget_numbers(session: Session, now: datetime) -> None:
    """Take the number out of calls that are a day old."""
    old = PhoneCall.number.is_not(None), PhoneCall.at <= now - NUMBER_LIFE
    session.execute(update(PhoneCall).where(*old).values(number=None))
