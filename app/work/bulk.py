"""One step on many tickets. It is held for ten seconds, in which it can be undone as if it had never been asked for.

What a unit does to a ticket is in its history for good and told to its citizen, so nothing could take it back: what can
be undone has not happened yet. When the time is over the relay takes the steps, each ticket by itself in a commit of
its own, with the version that the person saw. Rows decide what is still to do: a relay that dies in the middle, or two
of them at once, take no step twice.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, selectinload

from app import access, wall
from app.errors import is_away
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, Refused, refuse
from app.work import person, returning, service
from app.work.returning import Why
from app.work.service import Step
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import BulkAction
from models.worklist import Bulk, BulkStep, TicketMark

log = logging.getLogger(__name__)

#: How long a bulk is held.
HOLD: Final = timedelta(seconds=10)
#: At most so many tickets at once.
MOST: Final = 100
#: A bulk is shown to its person for so long.
SHOWN_FOR: Final = timedelta(minutes=10)
#: What a step is refused with that could not be taken for no reason of its own.
FAILED: Final = "failed"
GONE: Final = "gone"


@dataclass(frozen=True)
class Chosen:
    """One ticket as it was chosen: with the version that was on the page."""

    ticket_id: UUID
    version: int


@dataclass(frozen=True)
class Wish:
    """What somebody wants to do to many tickets."""

    action: str
    chosen: tuple[Chosen, ...]
    reason_code: str = ""
    text: str = ""
    person: str = ""


@dataclass(frozen=True)
class Outcome:
    """A bulk as its person sees it: how many steps are done, and which were refused, by the code of the reason."""

    bulk: Bulk
    done: int
    refused: list[tuple[Ticket, str]]

    @property
    def held(self) -> bool:
        """Whether it can still be undone."""
        return self.bulk.begun_at is None and self.bulk.undone_at is None


def parse_chosen(typed: Sequence[str]) -> tuple[Chosen, ...]:
    """Read what was chosen, `id:version` each; raise `Refused` for none, too many, or what is no ticket."""
    found = {}
    for one in typed:
        ticket_id, _, version = one.partition(":")
        try:
            found[UUID(ticket_id)] = int(version) if version.isascii() and len(version) < 10 else -1
        except ValueError:
            raise refuse("chosen", "unknown_ticket") from None
    if not found:
        raise refuse("chosen", "none_chosen")
    if len(found) > MOST:
        raise refuse("chosen", "too_many_chosen", max=MOST)
    return tuple(Chosen(ticket_id, version) for ticket_id, version in found.items())


def hold(hotline: Hotline, account: Account, wish: Wish) -> Bulk:
    """Keep what is to be done, to be done when `HOLD` is over.

    Raises `Refused` for an action or a reason that there is not. A ticket that is not the account's is as one that is
    not there: its step is not kept.
    """
    if wish.action not in _ACTIONS:
        raise refuse("chosen", "unknown_choice")
    words = None
    if wish.action == BulkAction.RETURN:
        words = returning.checked(hotline, account, Why(wish.reason_code), wish.text).words
    with hotline.database.transaction() as session:
        assignee_id = _colleague(session, account, wish.person) if wish.action == BulkAction.ASSIGN else None
        theirs = _theirs(session, account, wish.chosen)
        if not theirs:
            raise NotFound
        now = hotline.now()
        bulk = Bulk(
            account_id=account.id,
            action=BulkAction(wish.action),
            made_at=now,
            due_at=now + HOLD,
            reason_code=wish.reason_code if wish.action == BulkAction.RETURN else None,
            words=words,
            assignee_id=assignee_id,
            steps=[BulkStep(ticket_id=one.ticket_id, version=one.version) for one in theirs],
        )
        session.add(bulk)
        session.flush()
        return bulk


def _colleague(session: Session, account: Account, typed: str) -> UUID | None:
    """Return whom tickets are to be given to; None for nobody in particular. Whether they may, each step asks."""
    if not typed:
        return None
    found = {str(one.id): one.id for one in person.colleagues(session, account.department_id)}
    if typed not in found:
        raise refuse("give_to", "unknown_person")
    return found[typed]


def _theirs(session: Session, account: Account, chosen: Sequence[Chosen]) -> list[Chosen]:
    ids = [one.ticket_id for one in chosen]
    known = set(session.scalars(select(Ticket.id).where(Ticket.id.in_(ids), access.queued_for(account))))
    return [one for one in chosen if one.ticket_id in known]


def undo(hotline: Hotline, account: Account, bulk_id: UUID) -> None:
    """Let a bulk never be done. Raises `Conflict` when it was begun, `NotFound` for one that is not this person's."""
    with hotline.database.transaction() as session:
        bulk = session.scalar(select(Bulk).where(Bulk.id == bulk_id, Bulk.account_id == account.id).with_for_update())
        if bulk is None:
            raise NotFound
        if bulk.begun_at is not None:
            raise Conflict([Problem("", "too_late_to_undo")])
        if bulk.undone_at is None:
            bulk.undone_at, bulk.words = hotline.now(), None


def latest(hotline: Hotline, session: Session, account: Account, now: datetime) -> Outcome | None:
    """Return the last bulk of a person, if it was lately; of what was refused, what they may still see."""
    lately = select(Bulk).where(Bulk.account_id == account.id, Bulk.made_at > now - SHOWN_FOR)
    # how many have gone elsewhere meanwhile is told, so the bulk itself is read whole: it holds nothing but ids
    with wall.as_program(), hotline.database.reading() as whole:
        bulk = whole.scalar(lately.order_by(Bulk.made_at.desc(), Bulk.id).limit(1).options(selectinload(Bulk.steps)))
    if bulk is None:
        return None
    refused = {step.ticket_id: step.refused for step in bulk.steps if step.refused is not None}
    seen = session.scalars(select(Ticket).where(Ticket.id.in_(refused), access.visible_to(account))) if refused else ()
    done = sum(step.done_at is not None for step in bulk.steps)
    return Outcome(bulk, done, [(ticket, refused[ticket.id] or "") for ticket in seen])


def held(outcome: Outcome | None) -> frozenset[UUID]:
    """Return the tickets that a bulk is still going to change."""
    if outcome is None or outcome.bulk.undone_at is not None:
        return frozenset()
    return frozenset(s.ticket_id for s in outcome.bulk.steps if s.done_at is None and s.refused is None)


def carry_out(hotline: Hotline) -> int:
    """Take the steps of every bulk whose time is over; return how many were taken or refused.

    Called by the relay every second. Safe from any number of processes, and after any of them died.
    """
    now = hotline.now()
    with hotline.database.reading() as session:
        over = or_(Bulk.begun_at.is_(None) & Bulk.undone_at.is_(None), Bulk.begun_at.is_not(None))
        due = select(Bulk.id).where(over, Bulk.done_at.is_(None), Bulk.due_at <= now).order_by(Bulk.due_at)
        ids = session.scalars(due).all()
    return sum(_guarded(hotline, bulk_id, now) for bulk_id in ids)


def _guarded(hotline: Hotline, bulk_id: UUID, now: datetime) -> int:
    try:
        return _carry_out(hotline, bulk_id, now)
    except Exception as error:
        if is_away(error):
            raise  # the next round goes on here
        # one bulk must not stop the others, nor the relay
        log.error("a bulk was not carried out: %s", type(error).__name__)  # noqa: TRY400 - no words of anybody
        return 0


def _carry_out(hotline: Hotline, bulk_id: UUID, now: datetime) -> int:
    bulk = _begin(hotline, bulk_id, now)
    if bulk is None:
        return 0
    pending = [step for step in bulk.steps if step.done_at is None and step.refused is None]
    for step in pending:
        refusal = _take(hotline, bulk, step)
        if refusal is not None:
            with hotline.database.transaction() as session:
                # unless another relay has taken it meanwhile, which is why it was refused here
                open_still = BulkStep.id == step.id, BulkStep.done_at.is_(None), BulkStep.refused.is_(None)
                session.execute(update(BulkStep).where(*open_still).values(refused=refusal))
    with hotline.database.transaction() as session:
        session.execute(update(Bulk).where(Bulk.id == bulk_id).values(done_at=hotline.now(), words=None))
    return len(pending)


def _begin(hotline: Hotline, bulk_id: UUID, now: datetime) -> Bulk | None:
    """Return a bulk with its steps and its person, begun, unless it was undone or is done."""
    with hotline.database.transaction() as session:
        query = select(Bulk).where(Bulk.id == bulk_id).options(selectinload(Bulk.steps), selectinload(Bulk.account))
        bulk = session.scalar(query.with_for_update(of=Bulk))
        if bulk is None or bulk.undone_at is not None or bulk.done_at is not None:
            return None
        bulk.begun_at = bulk.begun_at or now
        return bulk


def _take(hotline: Hotline, bulk: Bulk, step: BulkStep) -> str | None:
    """Take one step, noted as done in its own commit; return the code of why not, or None."""

    def note(session: Session) -> None:
        session.execute(update(BulkStep).where(BulkStep.id == step.id).values(done_at=hotline.now()))

    if bulk.account.disabled:
        return GONE
    try:
        _ACTIONS[bulk.action](hotline, bulk, Step(step.ticket_id, step.version, bulk.words or "", note))
    except NotFound:
        return GONE
    except Refused as refused:
        return refused.problems[0].code
    except Exception as error:
        if is_away(error):
            raise  # the next round goes on here
        # one ticket must not stop the others, nor the relay
        log.error("a step on many tickets failed: %s", type(error).__name__)  # noqa: TRY400 - no words of anybody
        return FAILED
    return None


def _accept(hotline: Hotline, bulk: Bulk, step: Step) -> Ticket:
    return service.accept(hotline, bulk.account, step)


def _send_back(hotline: Hotline, bulk: Bulk, step: Step) -> Ticket:
    return service.send_back(hotline, bulk.account, step, Why(bulk.reason_code or ""))


def _assign(hotline: Hotline, bulk: Bulk, step: Step) -> Ticket:
    return person.assign(hotline, bulk.account, step, bulk.assignee_id)


def _mark(hotline: Hotline, bulk: Bulk, step: Step) -> None:
    row = {"account_id": bulk.account_id, "ticket_id": step.ticket_id, "marked_at": hotline.now()}
    with hotline.database.transaction() as session:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(dialect.insert(TicketMark).values(row).on_conflict_do_nothing())
        _note_beside(session, step)


def _unmark(hotline: Hotline, bulk: Bulk, step: Step) -> None:
    mine = TicketMark.account_id == bulk.account_id, TicketMark.ticket_id == step.ticket_id
    with hotline.database.transaction() as session:
        session.execute(delete(TicketMark).where(*mine))
        _note_beside(session, step)


def _note_beside(session: Session, step: Step) -> None:
    if step.beside is not None:
        step.beside(session)


#: What can be done to many tickets at once.
_ACTIONS: Final[Mapping[str, Callable[[Hotline, Bulk, Step], object]]] = {
    BulkAction.ACCEPT: _accept,
    BulkAction.ASSIGN: _assign,
    BulkAction.RETURN: _send_back,
    BulkAction.LATER: _mark,
    BulkAction.NOT_LATER: _unmark,
}


def marked(session: Session, account: Account, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Return which of these tickets this person has marked."""
    mine = select(TicketMark.ticket_id).where(TicketMark.account_id == account.id, TicketMark.ticket_id.in_(ids))
    return frozenset(session.scalars(mine))
