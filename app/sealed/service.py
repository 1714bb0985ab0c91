"""What may be done with a denunciation: open it for a reason, refer it without its writer, release a false alarm."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, selectinload

from app import access
from app.assignment import meet
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, Refused, refuse
from app.sealed import vault
from app.sealed.vault import Content
from app.units.today import is_open
from app.words import reason_of, words_of
from app.work.service import PAGE, Step, move
from classifier.redact import identity_left, redacted
from models.account import Account
from models.department import Department
from models.sealed import READ_REASON_MAX, SealedRead, SealedReferral
from models.ticket import Happening, Ticket
from models.vocabulary import DeadlineKind, Status, SubmissionType

#: What a sealed ticket may turn out to be.
ORDINARY: Final = tuple(kind for kind in SubmissionType if kind is not SubmissionType.DENUNCIATION)


@dataclass(frozen=True)
class Listed:
    """One denunciation as the list shows it: nothing of what it says."""

    ticket: Ticket
    reads: int


@dataclass(frozen=True)
class Document:
    """A referral as it was sent."""

    department: Department
    at: datetime
    text: str


@dataclass(frozen=True)
class Opened:
    """A sealed ticket as its reader sees it, once."""

    ticket: Ticket
    content: Content
    photos: list[bytes]
    proposal: str
    documents: list[Document]


@dataclass(frozen=True)
class SealedPage:
    """Part of the list; `after` is the id of its last one if there are more."""

    rows: list[Listed]
    after: str | None


def page(session: Session, account: Account, after: str | None = None) -> SealedPage:
    """Return denunciations, sealed ones first, then the longest waiting.

    `after` is the `SealedPage.after` of the page before. Raises `NotFound` for what is none, and for who may not know.
    """
    if not access.knows_sealed(account):
        raise NotFound
    try:
        found = _listed(session, account, UUID(after) if after else None)
    except ValueError:
        raise NotFound from None
    return SealedPage(found[:PAGE], str(found[PAGE - 1].ticket.id) if len(found) > PAGE else None)


def _listed(session: Session, account: Account, after: UUID | None) -> list[Listed]:
    key = (Ticket.status != Status.SEALED, Ticket.received_at, Ticket.id)
    reads = select(func.count(SealedRead.id)).where(SealedRead.ticket_id == Ticket.id).scalar_subquery()
    query = select(Ticket, reads).where(access.sealed_to(account)).order_by(*key).limit(PAGE + 1)
    last = session.execute(select(*key).where(Ticket.id == after, access.sealed_to(account))).one_or_none()
    if last is not None:
        query = query.where(tuple_(*key) > tuple(last))
    return [Listed(ticket, count) for ticket, count in session.execute(query)]


def reads(session: Session, ticket_id: UUID) -> Sequence[SealedRead]:
    """Return who has opened a ticket when and why, the latest first."""
    query = select(SealedRead).where(SealedRead.ticket_id == ticket_id).order_by(SealedRead.id.desc())
    return session.scalars(query.options(selectinload(SealedRead.account))).all()


def open_for(hotline: Hotline, account: Account, ticket_id: UUID, reason: str) -> Opened:
    """Return what a denunciation says, to who is cleared and says why; the read is on record before they see it.

    Raises `NotFound`, `Refused` without a reason, `SealKeyMissing`.
    """
    with hotline.database.transaction() as session:
        ticket = _theirs(session, account, ticket_id)
        why = reason_of(reason, READ_REASON_MAX)
        session.add(SealedRead(ticket_id=ticket.id, account_id=account.id, at=hotline.now(), reason=why))
        content = vault.content(hotline, session, ticket.id)
        return Opened(
            ticket=ticket,
            content=content,
            photos=vault.photos(hotline, session, ticket.id),
            proposal=redacted(content.text, content.identity),
            documents=_documents(hotline, session, ticket.id),
        )


def _documents(hotline: Hotline, session: Session, ticket_id: UUID) -> list[Document]:
    sent = select(SealedReferral).where(SealedReferral.ticket_id == ticket_id).order_by(SealedReferral.id)
    rows = session.scalars(sent.options(selectinload(SealedReferral.department)))
    return [Document(row.department, row.at, hotline.seals.decrypt(row.envelope).decode()) for row in rows]


def refer(hotline: Hotline, account: Account, step: Step, department_id: str) -> Ticket:
    """Refer a denunciation to its verifier: `step.text` is what they get, from which the writer's identity is gone.

    Raises `Refused` while any of what its writer left as contact is still in it.
    """
    words = words_of("redacted_text", step.text)

    def send(session: Session, ticket: Ticket, now: datetime) -> None:
        if not is_open(hotline, session, department_id):
            raise refuse("department_id", "unknown_department")
        if identity_left(words, vault.content(hotline, session, ticket.id).identity):
            raise refuse("redacted_text", "identity_left")
        sent = SealedReferral(
            ticket_id=ticket.id,
            department_id=department_id,
            account_id=account.id,
            at=now,
            envelope=hotline.seals.encrypt(words.encode()),
        )
        session.add(sent)
        data = {"department": department_id}
        ticket.transition(Status.REFERRED, Happening("referred", now, account.id, data=data))
        meet(session, ticket, now, *DeadlineKind)

    return _decide(hotline, account, step, send)


def release(hotline: Hotline, account: Account, step: Step, kind: str) -> Ticket:
    """Give a report that is no denunciation back to the ordinary flow, as another submission type, saying why."""
    reason = words_of("reason", step.text, READ_REASON_MAX)
    if kind not in {other.value for other in ORDINARY}:
        expected = ", ".join(other.value for other in ORDINARY)
        raise Refused([Problem("submission_type", "not_one_of", {"expected": expected})])

    def let_go(session: Session, ticket: Ticket, now: datetime) -> None:
        vault.give_back(hotline, session, ticket)
        ticket.submission_type = SubmissionType(kind)
        why = Happening("released", now, account.id, internal_text=reason, data={"submission_type": kind})
        ticket.transition(Status.NEEDS_REVIEW, why)

    with hotline.database.transaction() as session:
        vault.expect_plain(session, _theirs(session, account, step.ticket_id, lock=True).id)
    return _decide(hotline, account, step, let_go)


def _decide(
    hotline: Hotline, account: Account, step: Step, change: Callable[[Session, Ticket, datetime], None]
) -> Ticket:
    def sealed_only(session: Session, ticket: Ticket, now: datetime) -> None:
        if ticket.status is not Status.SEALED:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        change(session, ticket, now)

    return move(hotline, step, lambda session: _theirs(session, account, step.ticket_id, lock=True), sealed_only)


def _theirs(session: Session, account: Account, ticket_id: UUID, *, lock: bool = False) -> Ticket:
    if not access.may_unseal(account):
        raise NotFound
    return access.find_sealed(session, account, ticket_id, lock=lock)


def renew(hotline: Hotline, *, forget_old: bool) -> int:
    """Lock the vault with a new key, which is made where keys are in a file; return how many envelopes were changed.

    With `forget_old`, older keys are then taken out of the file. Raises `SealKeyMissing`.
    """
    if hotline.seals.from_file and hotline.seals.ready:
        hotline.seals.add_key()
    renewed = vault.renew(hotline)
    if forget_old and hotline.seals.from_file:
        hotline.seals.forget_old()
    return renewed
