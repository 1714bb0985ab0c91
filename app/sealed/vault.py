"""Into the vault and out of it: all that a denunciation says leaves every other table in the commit that seals it."""

import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import incidents, photostore, search, wall
from app.access import KEPT_APART
from app.hotline import Hotline
from app.intake.schema import Report, searchable
from app.persons import consent, contacts
from app.persons.contacts import FIELDS, ContactDetails
from app.photostore import Photo
from app.problems import Conflict, Problem
from app.seals import SealKeyMissing
from models.base import Base
from models.coordination import Part
from models.letter import Letter
from models.person import LegalHold
from models.returning import TicketReturn
from models.sealed import SealedContent, SealedPhoto, SealedReferral
from models.ticket import Assignment, Attachment, Contact, Deadline, Feedback, Happening, Ticket, TicketEvent
from models.vocabulary import DeadlineKind, PhotoOf, Status, SubmissionType
from models.worklist import BulkStep, TicketMark

log = logging.getLogger(__name__)

#: Tickets that one sweep takes in; the next takes the rest.
SWEEP: Final = 100
_PHOTO: Final = ("position", "media_type", "size", "sha256", "width", "height", "shows", "event_id")
_LETTER: Final = ("department_id", "account_id", "sent_at", "body")
_FEEDBACK: Final = ("rating", "comment", "at")

R = TypeVar("R", SealedContent, SealedPhoto, SealedReferral)


@dataclass(frozen=True)
class Content:
    """What a sealed ticket says. Ids and times are text, as in the envelope.

    `words` are those of its history before it was sealed, by the event's id, `assignments` why units were given it and
    what helpers told of it, by the assignment's id, `returned` what it was taken for when a unit gave it back, by the
    return's id, `holds` why it is kept whole, by the hold's id; `note` is why a person sealed it.
    """

    text: str
    place_text: str | None = None
    lat: float | None = None
    lon: float | None = None
    topic: str | None = None
    ward: str | None = None
    street: str | None = None
    cell: str | None = None
    contact: dict[str, str | None] | None = None
    photos: list[dict[str, Any]] = field(default_factory=list)
    words: dict[str, dict[str, Any]] = field(default_factory=dict)
    letters: list[dict[str, Any]] = field(default_factory=list)
    feedback: dict[str, Any] | None = None
    assignments: dict[str, dict[str, str | None]] = field(default_factory=dict)
    returned: dict[str, str | None] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)
    note: str | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """What says who wrote it: name, telephone, e-mail address."""
        return tuple(filter(None, ((self.contact or {}).get(name) for name in FIELDS)))


def rows_of_report(
    hotline: Hotline, ticket_id: UUID, report: Report, photos: Sequence[Photo], now: datetime
) -> list[Base]:
    """Return the rows of a report that its filer calls a denunciation: it is never anywhere in clear.

    Raises `SealKeyMissing`, so that nothing is stored.
    """
    contact = None
    if report.has_contact:
        contact = _reachable(ContactDetails(report.contact_name, report.contact_phone, report.contact_email, now))
    content = Content(
        text=report.text,
        place_text=report.place_text,
        lat=report.latitude,
        lon=report.longitude,
        contact=contact,
        photos=[_described(photo, position) for position, photo in enumerate(photos)],
    )
    kept = [
        SealedPhoto(
            id=photo.id,
            ticket_id=ticket_id,
            position=position,
            envelope=hotline.seals.encrypt(photo.jpeg),
            swept=True,
        )
        for position, photo in enumerate(photos)
    ]
    return [_envelope(hotline, ticket_id, content, now), *kept]


def _reachable(details: ContactDetails) -> dict[str, str | None]:
    return {name: getattr(details, name) for name in FIELDS} | {"consented_at": details.consented_at.isoformat()}


def _described(photo: Photo, position: int) -> dict[str, Any]:
    return {
        "id": photo.id.hex, "position": position, "media_type": "image/jpeg", "size": len(photo.jpeg),
        "sha256": photo.sha256, "width": photo.width, "height": photo.height, "shows": PhotoOf.REPORT, "event_id": None,
    }  # fmt: skip


def seal(hotline: Hotline, session: Session, ticket: Ticket, happening: Happening) -> None:
    """Seal a ticket: move it, and in the same commit everything it says into the vault; internal words go along.

    Where the seal key is missing the ticket is sealed all the same: nobody sees it, and `sweep` moves what it says as
    soon as there is a key. Either way it leaves its incident, whose other reports go on without it.
    """
    incidents.withdraw(session, ticket, happening.at, happening.actor_id)
    search.forget(session, ticket)
    for table in (TicketMark, BulkStep):
        session.execute(delete(table).where(table.ticket_id == ticket.id))
    ticket.submission_type = SubmissionType.DENUNCIATION
    if not hotline.seals.ready:
        log.error("a ticket was sealed in clear: LANGNGHE_SEAL_KEY is missing; it moves into the vault when it is set")
        ticket.transition(Status.SEALED, happening)
        return
    _lock_away(hotline, session, ticket, happening.at, note=happening.internal_text)
    ticket.transition(Status.SEALED, dataclasses.replace(happening, internal_text=None))


def _lock_away(hotline: Hotline, session: Session, ticket: Ticket, now: datetime, note: str | None = None) -> None:
    session.flush()
    session.add(_envelope(hotline, ticket.id, _content_of(hotline, session, ticket, note), now))
    _lock_photos(hotline, session, ticket)
    session.flush()  # the history gives its words to a vault that holds its ticket, and to nothing else
    session.execute(
        update(TicketEvent)
        .where(TicketEvent.ticket_id == ticket.id)
        .values(public_text=None, internal_text=None, data={})
        .execution_options(synchronize_session=False)
    )
    given = select(Assignment.id).where(Assignment.ticket_id == ticket.id)
    told = Part.assignment_id.in_(given), Part.contribution.is_not(None)
    session.execute(update(Part).where(*told).values(contribution=""))  # who is done has said something
    # Which rule it was, and for which topic a unit gave it back, says what it is about.
    session.execute(update(Assignment).where(Assignment.ticket_id == ticket.id).values(rule_id=None, because=None))
    session.execute(update(TicketReturn).where(TicketReturn.ticket_id == ticket.id).values(topic_slug=None))
    session.execute(update(LegalHold).where(LegalHold.ticket_id == ticket.id).values(reason=""))
    for table in (Contact, Attachment, Letter, Feedback):
        session.execute(delete(table).where(table.ticket_id == ticket.id).execution_options(synchronize_session=False))
    session.expire(ticket, ["events", "contact", "attachments", "feedback"])
    _empty(ticket)
    session.flush()


def _empty(ticket: Ticket) -> None:
    ticket.text = ticket.search_text = ""
    ticket.place_text = ticket.lat = ticket.lon = None
    ticket.topic_slug = ticket.ward_code = ticket.resolve_due_at = None
    ticket.street = ticket.cell = None


def _envelope(hotline: Hotline, ticket_id: UUID, content: Content, now: datetime) -> SealedContent:
    said = json.dumps(dataclasses.asdict(content), ensure_ascii=False).encode()
    return SealedContent(ticket_id=ticket_id, envelope=hotline.seals.encrypt(said), sealed_at=now)


def _content_of(hotline: Hotline, session: Session, ticket: Ticket, note: str | None) -> Content:
    contact = session.get(Contact, ticket.id)
    feedback = session.get(Feedback, ticket.id)
    letters = session.scalars(select(Letter).where(Letter.ticket_id == ticket.id).order_by(Letter.id))
    attachments = session.scalars(select(Attachment).where(Attachment.ticket_id == ticket.id))
    return Content(
        text=ticket.text,
        place_text=ticket.place_text,
        lat=ticket.lat,
        lon=ticket.lon,
        topic=ticket.topic_slug,
        ward=ticket.ward_code,
        street=ticket.street,
        cell=ticket.cell,
        contact=_reachable(contacts.opened(hotline.contact_keys, contact)) if contact else None,
        photos=[_plain(photo, _PHOTO) | {"id": photo.id.hex} for photo in attachments],
        words=dict(_words(session, ticket.id)),
        letters=[_plain(letter, _LETTER) for letter in letters],
        feedback=_plain(feedback, _FEEDBACK) if feedback else None,
        assignments=dict(_assignments(session, ticket.id)),
        returned=dict(_returned(session, ticket.id)),
        holds=dict(_holds(session, ticket.id)),
        note=note,
    )


def _words(session: Session, ticket_id: UUID) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket_id)):
        if event.public_text is not None or event.internal_text is not None or event.data:
            words = {"public_text": event.public_text, "internal_text": event.internal_text, "data": event.data}
            yield str(event.id), words


def _assignments(session: Session, ticket_id: UUID) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Yield why each unit was given it, and what it told the lead if it helped."""
    given = select(Assignment, Part.contribution).outerjoin(Part, Part.assignment_id == Assignment.id)
    for one, contribution in session.execute(given.where(Assignment.ticket_id == ticket_id)):
        yield str(one.id), {"rule_id": one.rule_id, "because": one.because, "contribution": contribution}


def _returned(session: Session, ticket_id: UUID) -> Iterator[tuple[str, str | None]]:
    for one in session.scalars(select(TicketReturn).where(TicketReturn.ticket_id == ticket_id)):
        yield str(one.id), one.topic_slug


def _holds(session: Session, ticket_id: UUID) -> Iterator[tuple[str, str]]:
    for one in session.scalars(select(LegalHold).where(LegalHold.ticket_id == ticket_id)):
        yield str(one.id), one.reason


def _plain(row: Base, names: Sequence[str]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value.hex if isinstance(value, UUID) else value
        for name, value in found.items()
    }


def _lock_photos(hotline: Hotline, session: Session, ticket: Ticket) -> None:
    for photo in session.scalars(select(Attachment).where(Attachment.ticket_id == ticket.id)):
        path = photostore.path_of(hotline.settings.attachments, photo.id)
        if path.is_file():
            envelope = hotline.seals.encrypt(path.read_bytes())
            session.add(SealedPhoto(id=photo.id, ticket_id=ticket.id, position=photo.position, envelope=envelope))


def content(hotline: Hotline, session: Session, ticket_id: UUID) -> Content:
    """Return what a sealed ticket says.

    Raises `SealKeyMissing` when the vault cannot be opened, or is yet to be filled. The caller has recorded who reads
    it and why.
    """
    row = session.get(SealedContent, ticket_id)
    if row is None:
        raise SealKeyMissing("not in the vault yet")
    return Content(**json.loads(hotline.seals.decrypt(row.envelope)))


def photos(hotline: Hotline, session: Session, ticket_id: UUID) -> list[bytes]:
    """Return the photos of a sealed ticket as JPEG, in their order."""
    rows = select(SealedPhoto).where(SealedPhoto.ticket_id == ticket_id).order_by(SealedPhoto.position)
    return [hotline.seals.decrypt(row.envelope) for row in session.scalars(rows)]


def expect_plain(session: Session, ticket_id: UUID) -> None:
    """Note that plain files of a ticket's photos may lie about again, so that a sweep removes them if they should not.

    For a release writes them before its commit, which may not come.
    """
    session.execute(update(SealedPhoto).where(SealedPhoto.ticket_id == ticket_id).values(swept=False))


def give_back(hotline: Hotline, session: Session, ticket: Ticket) -> None:
    """Put everything that a ticket says where it was, and empty the vault of it; the caller moves the ticket.

    It is of no incident from now on: the one it was of went on without it. `expect_plain` has been committed before;
    raises `Conflict` where a sweep came in between.
    """
    said = content(hotline, session, ticket.id)
    ticket.text = said.text
    ticket.search_text = searchable(said.text, said.place_text)
    ticket.place_text, ticket.lat, ticket.lon = said.place_text, said.lat, said.lon
    ticket.topic_slug, ticket.ward_code = said.topic, said.ward
    ticket.street, ticket.cell = said.street, said.cell
    # The calendar may have moved it meanwhile.
    resolve = Deadline.ticket_id == ticket.id, Deadline.kind == DeadlineKind.RESOLVE
    ticket.resolve_due_at = session.scalar(select(Deadline.due_at).where(*resolve))
    if said.contact is not None:
        consented = datetime.fromisoformat(str(said.contact["consented_at"]))
        left = said.contact
        details = ContactDetails(left["name"], left["phone"], left["email"], consented)
        session.add(contacts.locked(hotline.contact_keys, ticket.id, details))
        if not consent.of(session, ticket.id):
            session.add(consent.given(ticket.id, consented, ticket.channel))
    for event_id, words in said.words.items():
        session.execute(
            update(TicketEvent)
            .where(TicketEvent.id == int(event_id), TicketEvent.ticket_id == ticket.id)
            .values(words)
            .execution_options(synchronize_session=False)
        )
    for letter in said.letters:
        sent = {"account_id": UUID(letter["account_id"]), "sent_at": datetime.fromisoformat(letter["sent_at"])}
        session.add(Letter(ticket_id=ticket.id, **(letter | sent)))
    for assignment_id, told in said.assignments.items():
        mine = Assignment.id == int(assignment_id), Assignment.ticket_id == ticket.id
        session.execute(update(Assignment).where(*mine).values(rule_id=told["rule_id"], because=told["because"]))
        part = Part.assignment_id == int(assignment_id)
        session.execute(update(Part).where(part).values(contribution=told["contribution"]))
    for return_id, topic in said.returned.items():
        back = TicketReturn.id == int(return_id), TicketReturn.ticket_id == ticket.id
        session.execute(update(TicketReturn).where(*back).values(topic_slug=topic))
    for hold_id, reason in said.holds.items():
        kept = LegalHold.id == int(hold_id), LegalHold.ticket_id == ticket.id
        session.execute(update(LegalHold).where(*kept).values(reason=reason))
    if said.feedback is not None:
        rated_at = datetime.fromisoformat(said.feedback["at"])
        session.add(Feedback(ticket_id=ticket.id, **(said.feedback | {"at": rated_at})))
    _give_photos_back(hotline, session, ticket, said)
    search.keep(session, ticket)
    session.execute(delete(SealedContent).where(SealedContent.ticket_id == ticket.id))
    session.expire(ticket, ["events", "contact", "attachments", "feedback"])


def _give_photos_back(hotline: Hotline, session: Session, ticket: Ticket, said: Content) -> None:
    rows = select(SealedPhoto).where(SealedPhoto.ticket_id == ticket.id)
    # Locked, for a sweep of this moment would take away the plain file that is written here.
    kept = {row.id: row for row in session.scalars(rows.with_for_update())}
    if any(row.swept for row in kept.values()):
        raise Conflict([Problem("version", "stale")])
    for described in said.photos:
        photo_id = UUID(described["id"])
        session.add(Attachment(ticket_id=ticket.id, **(described | {"id": photo_id})))
        if photo_id in kept:
            jpeg = hotline.seals.decrypt(kept[photo_id].envelope)
            photo = Photo(photo_id, jpeg, described["width"], described["height"], "")
            photostore.discard(hotline.settings.attachments, (photo,))
            photostore.store(hotline.settings.attachments, photo)
    session.execute(delete(SealedPhoto).where(SealedPhoto.ticket_id == ticket.id))


def sweep(hotline: Hotline) -> int:
    """Take in what was sealed without a key, remove plain files of sealed photos; return how much there was to do.

    Safe at any time and from any number of processes: what is left to do is said by rows. Called after each sealing,
    and by the relay for whatever a crash or a missing key has left.
    """
    with wall.as_program():
        return _sweep(hotline)


def _sweep(hotline: Hotline) -> int:
    if not _anything_to_do(hotline):
        hotline.database.forget()
        return 0
    with hotline.database.transaction() as session:
        done = _take_in(hotline, session) if hotline.seals.ready else 0
        rows = select(SealedPhoto).where(SealedPhoto.swept.is_(False)).limit(SWEEP).with_for_update(skip_locked=True)
        plain = list(session.scalars(rows))
        for photo in plain:
            photostore.path_of(hotline.settings.attachments, photo.id).unlink(missing_ok=True)
            photo.swept = True
    if done:
        return done + _sweep(hotline)  # their photos lie in clear until their rows are committed
    hotline.database.forget()
    return len(plain)


def _anything_to_do(hotline: Hotline) -> bool:
    """Look before writing: the relay asks every half minute, and writers take turns."""
    outside = select(Ticket.id).where(KEPT_APART, ~exists().where(SealedContent.ticket_id == Ticket.id))
    plain = select(SealedPhoto.id).where(SealedPhoto.swept.is_(False))
    with hotline.database.reading() as session:
        waiting = hotline.seals.ready and session.scalar(outside.limit(1)) is not None
        return waiting or session.scalar(plain.limit(1)) is not None


def _take_in(hotline: Hotline, session: Session) -> int:
    outside = ~exists().where(SealedContent.ticket_id == Ticket.id)
    tickets = select(Ticket).where(KEPT_APART, outside).limit(SWEEP).with_for_update(of=Ticket, skip_locked=True)
    found = list(session.scalars(tickets))
    for ticket in found:
        incidents.withdraw(session, ticket, hotline.now(), None)
        _lock_away(hotline, session, ticket, hotline.now())
    return len(found)


def renew(hotline: Hotline) -> int:
    """Lock everything in the vault with the newest key; return how many envelopes. Raises `SealKeyMissing`."""
    contents = _renew(hotline, SealedContent, SealedContent.ticket_id)
    photos_ = _renew(hotline, SealedPhoto, SealedPhoto.id)
    return contents + photos_ + _renew(hotline, SealedReferral, SealedReferral.id)


def _renew(hotline: Hotline, table: type[R], key: InstrumentedAttribute[Any]) -> int:
    with hotline.database.reading() as session:
        keys = list(session.scalars(select(key).order_by(key)))
    renewed = 0
    for start in range(0, len(keys), SWEEP):
        with hotline.database.transaction() as session:
            rows = select(table).where(key.in_(keys[start : start + SWEEP])).with_for_update()
            for row in session.scalars(rows):
                row.envelope = hotline.seals.renewed(row.envelope)
                renewed += 1
    return renewed
