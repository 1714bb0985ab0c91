"""Filing: one transaction, one answer that can be repeated. Neither Redis nor the model is on this path."""

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import incidents, photostore
from app.database import insert
from app.hotline import Hotline
from app.intake.schema import Report, searchable
from app.persons import consent, contacts
from app.persons.contacts import ContactDetails
from app.photostore import Photo
from app.problems import Problem, Refused
from app.sealed import vault
from classifier.emergency import danger
from models.base import Base
from models.code import code_hash, grouped, new_code
from models.outbox import IdempotencyKey, OutboxEntry
from models.ticket import Attachment, Happening, Ticket
from models.vocabulary import Channel, Status, SubmissionType

#: The scope of drafts that a phone keeps until it has a network again, and how long their keys live: a phone may lie
#: in a drawer with one of which it never heard the answer. It forgets drafts sooner (`app/static/drafts.js`).
DRAFTS: Final = "draft"
DRAFT_LIFE: Final = timedelta(days=30)
KEY_MIN: Final = 16
KEY_MAX: Final = 255


#: What belongs into the commit that files a report, the first time and each time it is repeated.
Within = Callable[[Session], None]


class NotJoinable(Refused):
    """Raised when the incident that a report names is unknown or has been settled."""


class KeyReused(Refused):
    """Raised when an idempotency key comes with another request than before."""


@dataclass(frozen=True)
class Filing:
    """One request to file: who may repeat it (`scope`), by which key, and what it says.

    `topic` is what a call-taker, who could ask, has confirmed that it is about.
    """

    scope: str
    key: str
    report: Report
    photos: tuple[Photo, ...]
    channel: Channel
    topic: str | None = None

    @property
    def sealed(self) -> bool:
        """Whether its filer calls it a denunciation."""
        return self.report.submission_type is SubmissionType.DENUNCIATION

    def fingerprint(self, key: bytes) -> str:
        """Keyed digest of what was asked, to tell a repetition from a reuse of its key, and to tell nothing else."""
        absent = {"topic"} if self.report.topic is None else None  # a report of before there was one repeats, too
        chosen = [self.topic] if self.topic else []
        said = "\n".join(
            [self.report.model_dump_json(exclude=absent), *chosen, *(p.source_sha256 for p in self.photos)]
        )
        return hmac.digest(key, said.encode(), "sha256").hex()


@dataclass(frozen=True)
class Filed:
    """What the filer gets: status 201 and exactly these bytes, the first time and each time again."""

    status: int
    body: bytes
    replayed: bool

    @property
    def answer(self) -> dict[str, Any]:
        """The body as an object: `code`, `tracking_url`, `status`, `received_at`, `emergency_numbers`."""
        answer: dict[str, Any] = json.loads(self.body)
        return answer


def check_key(key: str | None) -> str:
    """Return a usable idempotency key; raise `Refused` for none, a short, a long or an unprintable one.

    A key is what makes a stranger unable to ask for somebody's answer, so it has to be long enough to be unguessable.
    """
    if key is None:
        raise Refused([Problem("Idempotency-Key", "key_required")])
    if not (KEY_MIN <= len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        raise Refused([Problem("Idempotency-Key", "key_malformed", {"min": KEY_MIN, "max": KEY_MAX})])
    return key


def file_report(hotline: Hotline, filing: Filing, within: Within | None = None) -> Filed:
    """Keep the report and answer with its code, or repeat the answer of the same request.

    Raises `KeyReused` when the key came with another request, `NotJoinable` when it names an incident that takes no
    more reports; a repetition is answered as before, whatever became of the incident. Most keys are new, so the row is
    written without a look whether it is there; the database refuses a second one. Of simultaneous repetitions one
    files; the others wait for its commit and repeat its answer. `within` is run in the same commit.
    """
    try:
        with photostore.with_their_rows(hotline.settings.attachments, filing.photos):
            new = _prepared(hotline, filing)  # beforehand: SQLite lets one write at a time, and others wait for it
            with hotline.database.transaction() as session:
                return _kept(session, filing, new, within)
    except (IntegrityError, NotJoinable):
        with (
            photostore.with_their_rows(hotline.settings.attachments, filing.photos),
            hotline.database.transaction() as session,
        ):
            return _repeat(hotline, session, filing, within)


def _repeat(hotline: Hotline, session: Session, filing: Filing, within: Within | None) -> Filed:
    """Repeat the answer of the same request; a key past its life counts as new."""
    known = session.get(IdempotencyKey, (filing.scope, filing.key))
    if known is not None and known.created_at < hotline.now() - _life(hotline, filing.scope):
        session.delete(known)
        session.flush()
        known = None
    if known is None:
        return _kept(session, filing, _prepared(hotline, filing), within)
    if known.fingerprint != filing.fingerprint(hotline.keys.tokens):
        raise KeyReused([Problem("Idempotency-Key", "key_reused")])
    if within is not None:
        within(session)
    return Filed(known.status, hotline.keys.answers.decrypt(known.response), replayed=True)


def _life(hotline: Hotline, scope: str) -> timedelta:
    return DRAFT_LIFE if scope == DRAFTS else timedelta(seconds=hotline.settings.idempotency_life)


def forget_keys(hotline: Hotline, session: Session, now: datetime) -> None:
    """Delete the keys whose life is over."""
    for these, scope in ((IdempotencyKey.scope == DRAFTS, DRAFTS), (IdempotencyKey.scope != DRAFTS, "")):
        session.execute(delete(IdempotencyKey).where(these, IdempotencyKey.created_at < now - _life(hotline, scope)))


@dataclass(frozen=True)
class _New:
    """A report that is not kept yet: the answer to its filer, and its rows."""

    body: bytes
    rows: list[Base]


def _prepared(hotline: Hotline, filing: Filing) -> _New:
    """Return a report's answer and rows, its photos stored."""
    code = new_code()
    ticket, rows = received(hotline, filing, code)
    body = _answer(hotline, ticket, code, danger(filing.report.text))
    key = IdempotencyKey(
        scope=filing.scope,
        key=filing.key,
        fingerprint=filing.fingerprint(hotline.keys.tokens),
        status=201,
        response=hotline.keys.answers.encrypt(body),
        created_at=hotline.now(),
    )
    for photo in () if filing.sealed else filing.photos:
        photostore.store(hotline.settings.attachments, photo)
    return _New(body, [*rows, key])


def _kept(session: Session, filing: Filing, new: _New, within: Within | None) -> Filed:
    _check_incident(session, filing.report.incident)
    insert(session, *new.rows)
    if within is not None:
        within(session)
    return Filed(201, new.body, replayed=False)


def _check_incident(session: Session, incident_id: UUID | None) -> None:
    """Refuse an incident that cannot be joined. It is joined at triage, where the model has looked for a denunciation.

    No lock is taken, so nobody waits: whether the incident is still open is asked again then.
    """
    if incident_id is None:
        return
    if incidents.find(session, incident_id) is None:
        raise NotJoinable([Problem("incident", "unknown_incident")])
    if incidents.open_lead(session, incident_id) is None:
        raise NotJoinable([Problem("incident", "incident_closed")])


def _answer(hotline: Hotline, ticket: Ticket, code: str, numbers: Sequence[str]) -> bytes:
    shown = grouped(code)
    return json.dumps(
        {
            "code": shown,
            "tracking_url": f"{hotline.settings.public_url}/t#{shown}",
            "status": ticket.status.value,
            "received_at": ticket.received_at.isoformat(timespec="seconds"),
            "emergency_numbers": numbers,
        },
        ensure_ascii=False,
    ).encode()


def received(hotline: Hotline, filing: Filing, code: str) -> tuple[Ticket, list[Base]]:
    """Return the ticket of one report, and all its rows: ticket, first events, the job owed, contact, photos.

    A report that its filer calls a denunciation is sealed before anybody, or any model, has seen it; raises
    `SealKeyMissing` where there is nothing to seal it with.
    """
    report, now = filing.report, hotline.now()
    ticket = Ticket(
        id=uuid4(),
        version=1,
        code_hash=code_hash(hotline.keys.codes, code),
        _status=Status.RECEIVED,
        channel=filing.channel,
        text="",
        search_text="",
        received_at=now,
        submission_type=report.submission_type,
        joins_id=report.incident,
    )
    hint = {} if filing.sealed or report.topic is None else {"topic": report.topic}
    ticket.happened(Happening("received", now, data={"channel": filing.channel.value, **hint}))
    if filing.sealed:
        ticket.transition(Status.SEALED, Happening("sealed", now, data={"by": "filer"}))
    else:
        ticket.text, ticket.place_text = report.text, report.place_text
        ticket.search_text = searchable(report.text, report.place_text)
        ticket.lat, ticket.lon = report.latitude, report.longitude
        ticket.topic_slug = filing.topic
    for event in ticket.events:
        event.ticket_id = ticket.id
    owed = OutboxEntry(ticket_id=ticket.id, kind="triage", created_at=now, due_at=now)
    return ticket, [ticket, *ticket.events, owed, *_said(hotline, filing, ticket)]


def _said(hotline: Hotline, filing: Filing, ticket: Ticket) -> list[Base]:
    """Return the rows of what else was said: in clear, or in the vault."""
    if filing.sealed:
        return vault.rows_of_report(hotline, ticket.id, filing.report, filing.photos, ticket.received_at)
    photos = (attachment(ticket, photo, position) for position, photo in enumerate(filing.photos))
    return [*_contact(hotline, filing, ticket), *photos]


def _contact(hotline: Hotline, filing: Filing, ticket: Ticket) -> tuple[Base, ...]:
    """Return the rows of how to reach the citizen, if they left anything; raises `ContactKeyMissing`."""
    report, now = filing.report, ticket.received_at
    if not report.has_contact:
        return ()
    details = ContactDetails(report.contact_name, report.contact_phone, report.contact_email, now)
    return contacts.locked(hotline.contact_keys, ticket.id, details), consent.given(ticket.id, now, filing.channel)


def attachment(ticket: Ticket, photo: Photo, position: int) -> Attachment:
    """Return the row of a photo that is stored."""
    return Attachment(
        id=photo.id,
        ticket_id=ticket.id,
        position=position,
        media_type="image/jpeg",
        size=len(photo.jpeg),
        sha256=photo.sha256,
        width=photo.width,
        height=photo.height,
    )
