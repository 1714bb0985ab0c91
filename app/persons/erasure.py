"""Taking a person out of a case. The case stays: what it was about, where, whose work it was, how long it took.

The history is append-only, and stays so: in the transaction that erases, a row of `erasure_door`, which needs one of
`erasure`, lets the triggers accept words that have a mask in them. Nothing else of an event can change, and nobody can
mask without leaving the record.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

from sqlalchemy import String, delete, exists, inspect, select, update
from sqlalchemy.orm import Session

from app import photostore, search
from app.hotline import Hotline
from app.intake.schema import searchable
from app.persons import consent
from app.persons.contacts import opened
from app.persons.keys import ContactKeyMissing
from classifier.redact import masked, redacted, speakers
from models.base import Base
from models.coordination import Part
from models.letter import Letter
from models.person import Erasure, ErasureDoor
from models.reply import WaitingAnswer
from models.ticket import Assignment, Attachment, Contact, Feedback, Happening, Ticket, TicketEvent
from models.vocabulary import ErasureCause

log = logging.getLogger(__name__)

#: The kind of event by which it shows in the history.
ERASED: Final = "person_erased"
#: Decimal places of a position that stay when the person goes: about a hundred metres.
COARSE: Final = 3

Mask = Callable[[str, Sequence[str]], str]


@dataclass(frozen=True)
class Extent:
    """How far an erasure goes: contact and what is known of it always; `whole`, also homes and who says they speak."""

    whole: bool = False
    photos: bool = False


@dataclass(frozen=True)
class Asked:
    """Which account acts, and why in its words: None for the machine's own hand, a citizen's and the command line's."""

    by: UUID | None = None
    why: str | None = None


BY_NOBODY: Final = Asked()


@dataclass
class Gone:
    """What an erasure has removed; the files of `photos` go once it is committed (`discard`)."""

    contact: bool = False
    words: int = 0
    photos: list[UUID] = field(default_factory=list)


def has_contact(session: Session, ticket_id: UUID) -> bool:
    """Tell whether a ticket has a contact still."""
    return bool(session.scalar(select(exists().where(Contact.ticket_id == ticket_id))))


def erase(
    hotline: Hotline,
    session: Session,
    ticket: Ticket,
    cause: ErasureCause,
    asked: Asked = BY_NOBODY,
    extent: Extent | None = None,
) -> Gone:
    """Take the person out of a locked ticket that is not sealed; the caller has looked for a legal hold.

    Why it was asked for is kept in the history, masked like every other word: who writes it may name them. A contact
    that no key opens goes all the same: then only what patterns find is masked.
    """
    reach, now = extent or Extent(), hotline.now()
    contact = session.get(Contact, ticket.id)
    named = speakers(ticket.text) if reach.whole else ()
    hide = _hider(redacted if reach.whole else masked, (*_identity(hotline, contact), *named))
    words = list(_words(session, ticket.id, hide))
    gone = Gone(contact is not None, len(words))
    if reach.photos:
        gone.photos = list(session.scalars(select(Attachment.id).where(Attachment.ticket_id == ticket.id)))
    what = {"contact": gone.contact, "words": gone.words, "photos": len(gone.photos)}
    record = Erasure(ticket_id=ticket.id, at=now, cause=cause, account_id=asked.by, what=what)
    session.add(record)
    session.flush()
    _mask_history(session, ticket.id, record.id, words)
    _mask_case(session, ticket, hide, whole=reach.whole)
    if contact is not None:
        session.delete(contact)
        session.add(consent.withdrawn(ticket.id, now, ticket.channel))
    if gone.photos:
        session.execute(delete(Attachment).where(Attachment.id.in_(gone.photos)))
    session.flush()
    session.expire(ticket, ["events", "contact", "attachments", "feedback", "assignments"])
    ticket.happened(Happening(ERASED, now, asked.by, internal_text=hide(asked.why), data={"cause": cause.value}))
    return gone


def discard(hotline: Hotline, photos: Sequence[UUID]) -> None:
    """Remove the files of photos whose rows are gone; `langnghe reconcile` finds those that a crash leaves here."""
    for photo_id in photos:
        photostore.path_of(hotline.settings.attachments, photo_id).unlink(missing_ok=True)


def _identity(hotline: Hotline, contact: Contact | None) -> tuple[str, ...]:
    if contact is None:
        return ()
    try:
        return opened(hotline.contact_keys, contact).identity
    except ContactKeyMissing:
        log.warning("a contact was erased that none of the contact keys opens: its name may stand in words still")
        return ()


def _hider(mask: Mask, identity: Sequence[str]) -> Callable[[str | None], str | None]:
    def hide(words: str | None) -> str | None:
        return mask(words, identity) if words else words

    return hide


def _words(
    session: Session, ticket_id: UUID, hide: Callable[[str | None], str | None]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Yield each event in whose words something is to be masked, and its words then."""
    said = select(TicketEvent.id, TicketEvent.public_text, TicketEvent.internal_text)
    for event_id, *texts in session.execute(said.where(TicketEvent.ticket_id == ticket_id)):
        hidden = [hide(text) for text in texts]
        if hidden != texts:
            yield event_id, dict(zip(("public_text", "internal_text"), hidden, strict=True))


def _mask_history(
    session: Session, ticket_id: UUID, erasure_id: int, words: Sequence[tuple[int, dict[str, str | None]]]
) -> None:
    if not words:
        return
    door = ErasureDoor(ticket_id=ticket_id, erasure_id=erasure_id)
    session.add(door)
    session.flush()
    for event_id, hidden in words:
        changed = update(TicketEvent).where(TicketEvent.id == event_id).values(hidden)
        session.execute(changed.execution_options(synchronize_session=False))
    session.delete(door)
    session.flush()


def _mask_case(session: Session, ticket: Ticket, hide: Callable[[str | None], str | None], *, whole: bool) -> None:
    ticket.text = hide(ticket.text) or ""
    ticket.place_text = None if whole else _fitting(Ticket, "place_text", hide(ticket.place_text))
    ticket.search_text = searchable(ticket.text, ticket.place_text)
    if whole and ticket.lat is not None and ticket.lon is not None:
        ticket.lat, ticket.lon = round(ticket.lat, COARSE), round(ticket.lon, COARSE)
    for letter in session.scalars(select(Letter).where(Letter.ticket_id == ticket.id)):
        letter.body = hide(letter.body) or ""
    for assignment in session.scalars(select(Assignment).where(Assignment.ticket_id == ticket.id)):
        assignment.because = _fitting(Assignment, "because", hide(assignment.because))
    helped = select(Part).join(Assignment, Assignment.id == Part.assignment_id)
    for part in session.scalars(helped.where(Assignment.ticket_id == ticket.id)):
        part.contribution = hide(part.contribution)
    search.keep_up(session, ticket)
    waiting = session.get(WaitingAnswer, ticket.id)
    if waiting is not None:
        waiting.body, waiting.note = hide(waiting.body) or "", hide(waiting.note)
    rating = session.get(Feedback, ticket.id)
    if rating is not None:
        rating.comment = _fitting(Feedback, "comment", hide(rating.comment))


def _fitting(table: type[Base], column: str, words: str | None) -> str | None:
    """Cut words to what their column holds: a mask may be longer than what it hides."""
    kind = cast(String, inspect(table).columns[column].type)
    return words[: kind.length] if words else words
