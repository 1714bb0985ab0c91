"""What the holder of a code may see and do. Nothing here is found by anything but the whole code."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import incidents, photostore
from app.access import KEPT_APART
from app.assignment import local_date
from app.deadlines import Standing, renew, resume, standing
from app.hotline import Hotline
from app.intake.service import attachment
from app.letters.service import Sent, letters
from app.lifecycle import REOPEN_WITHIN
from app.persons import erasure, holds
from app.persons.contacts import contact_of
from app.persons.keys import ContactKeyMissing
from app.photostore import Photo
from app.problems import Conflict, NotFound, Problem, refuse
from app.review import contest
from app.words import words_of
from classifier.redact import masked
from models.code import code_hash, grouped, normalised
from models.department import Department
from models.ticket import Attachment, Feedback, Happening, Ticket, TicketEvent
from models.vocabulary import ErasureCause, PhotoOf, Status, SubmissionType, Urgency
from routing.departments import DepartmentFact
from routing.hours import Opening, opening

COMMENT_MAX: Final = 1000
#: Photos of one report, those that its citizen adds later among them.
PHOTOS_OF_A_TICKET: Final = 20
#: Events a citizen sees in the timeline.
PUBLIC_KINDS: Final = frozenset({
    "received", "triaged", "reviewed", "sealed", "accepted", "returned", "rerouted", "info_requested", "info_received",
    "resumed", "answered", "reopened", "closed", "rejected", "referred", "handed_over", "unit_closed", "extended",
    "progress", "released", "guided", "forwarded", "merged", "split", "leads", "rated", "not_fixed",
    "reopened_together",
})  # fmt: skip
#: What happened to the citizen's own data: shown as well, but it moves nothing.
OF_THE_PERSON: Final = frozenset({"contact_shown", "contact_exported", "person_erased", "erasure_asked"})
#: Of what happens to the lead of an incident, what everybody who reported the same may see, and of which the words are
#: a unit's to all of them: what a unit asks one citizen, and what that one answers, stays between the two.
SHARED_KINDS: Final = frozenset({
    "reviewed", "accepted", "returned", "rerouted", "info_requested", "resumed", "answered", "reopened",
    "reopened_together", "closed", "rejected", "referred", "handed_over", "unit_closed", "extended", "progress",
})  # fmt: skip
SHARED_WORDS: Final = frozenset({"answered", "rejected", "referred", "extended", "progress"})
_ANSWERED: Final = frozenset({Status.ANSWERED, Status.CLOSED})


@dataclass(frozen=True)
class Moment:
    """One line of the timeline as the citizen may read it."""

    at: datetime
    kind: str
    status: Status | None
    public_text: str | None
    #: Why it was refused, where it was.
    reason_code: str | None = None
    #: Until when the unit says, in a progress report, to be done.
    committed_at: datetime | None = None
    #: What the unit shows of its work.
    photos: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Track:
    """The truth about one report, for the person who holds its code."""

    code: str
    status: Status
    received_at: datetime
    department: Department | None
    unit: DepartmentFact | None
    opening: Opening | None
    due_at: datetime | None
    late: bool
    paused: bool
    committed_at: datetime | None
    text: str | None
    place: str | None
    timeline: tuple[Moment, ...]
    question: str | None
    photos: int
    pictures: tuple[UUID, ...]
    can_reopen: bool
    can_rate: bool
    #: There is a contact that its citizen may have erased.
    can_erase: bool
    #: It is, or was referred as, a denunciation: the page says where it stands and nothing else.
    sealed: bool
    letters: tuple[Sent, ...]
    #: Somebody is in danger now, as far as we know: the numbers stand before everything else.
    emergency: bool
    topic: str | None
    #: How many reported the same, and how the one that is worked on for all stands, where that is another's report.
    reports: int = 1
    follows: Status | None = None

    @property
    def can_answer(self) -> bool:
        """Whether the unit waits for the citizen."""
        return self.status is Status.INFO_REQUESTED


def find(hotline: Hotline, session: Session, typed: str) -> tuple[str, Ticket]:
    """Return (code, ticket). Raises `Refused` for what is no code at all, `NotFound` for one nobody was given."""
    code = normalised(typed)
    if code is None:
        raise refuse("code", "code")
    ticket = session.scalar(select(Ticket).where(Ticket.code_hash == code_hash(hotline.keys.codes, code)))
    if ticket is None:
        raise NotFound
    return code, ticket


def look_up(hotline: Hotline, typed: str) -> None:
    """Raise as `find` does for a code that nobody holds, and do nothing else."""
    with hotline.database.reading() as session:
        find(hotline, session, typed)


def track(hotline: Hotline, typed: str) -> Track:
    """Return what the citizen may know. Of a sealed report that is its state alone, never its words."""
    with hotline.database.reading() as session:
        code, ticket = find(hotline, session, typed)
        return _shown(hotline, session, code, ticket)


def _shown(hotline: Hotline, session: Session, code: str, ticket: Ticket) -> Track:
    now = hotline.now()
    session.refresh(ticket, ["department", "events", "attachments", "feedback", "incident"])
    sealed = ticket.status is Status.SEALED or ticket.submission_type is SubmissionType.DENUNCIATION
    lead = _lead(session, ticket)
    at_work = lead or ticket
    shown = {} if sealed else _photos_of_answers(at_work)
    told = (event for event in ticket.events if event.kind in PUBLIC_KINDS | OF_THE_PERSON)
    timeline = [_moment(event, shown, sealed=sealed) for event in told]
    if lead is not None:  # derived on reading, so everybody has each reply once, however late they joined
        identity = _identity(hotline, session, lead)
        timeline += [_shared(event, shown, identity) for event in lead.events if event.kind in SHARED_KINDS]
        timeline.sort(key=lambda moment: moment.at)
    asked = [m.public_text for m in timeline if m.kind == "info_requested"]
    open_still = at_work.status not in {Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.REFERRED}
    city = hotline.city
    known = city.departments.get(at_work.department_id or "") if not sealed else None
    unit = known.on(local_date(hotline, now)) if known else None
    due_at = at_work.resolve_due_at if open_still and not sealed else None
    stands = standing(session, [at_work.id], now).get(at_work.id, Standing()) if due_at else Standing()
    paused = stands.paused_at is not None
    return Track(
        code=grouped(code),
        status=ticket.status,
        received_at=ticket.received_at,
        department=None if sealed else at_work.department,
        unit=unit,
        opening=opening(city.calendar, unit.hours, now) if unit else None,
        due_at=due_at,
        late=due_at is not None and due_at < now and not paused,
        paused=paused,
        committed_at=stands.committed_at if stands.committed_at and stands.committed_at > now else None,
        text=None if sealed else ticket.text,
        place=None if sealed else ticket.place_text,
        timeline=tuple(timeline),
        question=asked[-1] if asked and ticket.status is Status.INFO_REQUESTED else None,
        photos=0 if sealed else sum(one.shows is PhotoOf.REPORT for one in ticket.attachments),
        pictures=() if sealed else tuple(one.id for one in ticket.attachments if one.shows is PhotoOf.REPORT),
        can_reopen=_may_reopen(ticket, now) if lead is None else _may_reopen_together(ticket, lead, now),
        can_rate=ticket.status is Status.ANSWERED if lead is None else _may_rate_together(ticket, lead),
        can_erase=not sealed and erasure.has_contact(session, ticket.id),
        sealed=sealed,
        letters=() if sealed else tuple(letters(session, ticket)),
        emergency=not sealed and open_still and ticket.urgency is Urgency.EMERGENCY,
        topic=None if sealed else ticket.topic_slug,
        reports=ticket.incident.reports if ticket.incident and not sealed else 1,
        follows=lead.status if lead else None,
    )


def _photos_of_answers(ticket: Ticket) -> dict[int, tuple[Attachment, ...]]:
    """Return what the unit shows in each answer, by the answer's event."""
    found: dict[int, tuple[Attachment, ...]] = {}
    for one in ticket.attachments:
        if one.event_id is not None:
            found[one.event_id] = (*found.get(one.event_id, ()), one)
    return found


def _moment(event: TicketEvent, shown: dict[int, tuple[Attachment, ...]], *, sealed: bool) -> Moment:
    words, code = None if sealed else event.public_text, event.data.get("reason_code")
    return Moment(event.at, event.kind, event.to_status, words, code, _committed(event), shown.get(event.id, ()))


def _committed(event: TicketEvent) -> datetime | None:
    """Return the date to which the unit committed itself in a progress report."""
    said = event.data.get("committed_at")
    return datetime.fromisoformat(said) if said else None


def _shared(event: TicketEvent, shown: dict[int, tuple[Attachment, ...]], identity: Sequence[str]) -> Moment:
    """Return what happened to the lead as another's citizen may read it: not who that one is, nor how to reach them."""
    kind = "reopened_together" if event.kind == "reopened" else event.kind
    words = masked(event.public_text, identity) if event.public_text and event.kind in SHARED_WORDS else None
    code, photos = event.data.get("reason_code"), shown.get(event.id, ())
    return Moment(event.at, kind, event.to_status, words, code, _committed(event), photos)


def _identity(hotline: Hotline, session: Session, ticket: Ticket) -> tuple[str, ...]:
    """Return what says who wrote another's report, to be masked in what a unit wrote to them."""
    try:
        contact = contact_of(hotline, session, ticket.id)
    except ContactKeyMissing:
        return ()
    return contact.identity if contact is not None else ()


def _lead(session: Session, ticket: Ticket) -> Ticket | None:
    """Return the ticket that a merged one follows, with its history."""
    lead = _followed(session, ticket)
    if lead is not None:
        session.refresh(lead, ["department", "events", "attachments"])
    return lead


def _followed(session: Session, ticket: Ticket) -> Ticket | None:
    return incidents.lead_of(session, ticket.incident_id) if ticket.status is Status.MERGED else None


def _may_reopen_together(ticket: Ticket, lead: Ticket, now: datetime) -> bool:
    """Tell whether somebody who reported the same may say that it is not done.

    Also when the lead's own citizen has closed it: that was not this one's word. Whoever has rated the answer has said
    theirs.
    """
    if lead.status in _ANSWERED:
        return _in_time(lead, now) and _unrated(ticket, lead)
    return _may_reopen(lead, now)


def _may_rate_together(ticket: Ticket, lead: Ticket) -> bool:
    """Tell whether there is an answer that this citizen has not rated yet."""
    return lead.status in _ANSWERED and _unrated(ticket, lead)


def _unrated(ticket: Ticket, lead: Ticket) -> bool:
    answered_at = lead.answered_at
    return answered_at is not None and (ticket.feedback is None or ticket.feedback.at < answered_at)


def _in_time(ticket: Ticket, now: datetime) -> bool:
    return ticket.answered_at is not None and now <= ticket.answered_at + REOPEN_WITHIN


def _may_reopen(ticket: Ticket, now: datetime) -> bool:
    if ticket.submission_type is SubmissionType.DENUNCIATION:
        return False  # it goes to no unit, so from here on it would lie in nobody's queue
    if ticket.status in _ANSWERED:
        return _in_time(ticket, now) and _unrated(ticket, ticket)  # time may have closed it, which is nobody's word
    if ticket.status is Status.REJECTED:
        return contest.may_contest(ticket)
    return ticket.status is Status.REFERRED


def add_information(hotline: Hotline, typed: str, message: str, photos: Sequence[Photo] = ()) -> Track:
    """Answer what the unit asked, with photos if there are any; the ticket is in work again."""
    words = words_of("message", message)
    return _act(hotline, typed, Step(Status.IN_PROGRESS, "info_received", words, tuple(photos)))


def reopen(hotline: Hotline, typed: str, message: str, photos: Sequence[Photo] = ()) -> Track:
    """Say that it is not done. A department that answered has it again; what nobody has goes to the coordinators.

    Of a merged report it is the lead that is reopened, for all.
    """
    words = words_of("message", message)
    return _act(hotline, typed, Step(Status.REOPENED, "reopened", words, tuple(photos)))


def photo_of(hotline: Hotline, photo_id: UUID) -> Path:
    """Return the file of a photo that a citizen was shown; raise `NotFound` for one that is gone or sealed since."""
    with hotline.database.reading() as session:
        shown = Attachment.id == photo_id, ~KEPT_APART
        found = session.scalar(select(Attachment.id).join(Ticket, Ticket.id == Attachment.ticket_id).where(*shown))
    path = photostore.path_of(hotline.settings.attachments, photo_id)
    if found is None or not path.is_file():
        raise NotFound
    return path


@dataclass(frozen=True)
class Step:
    """What its citizen does to a report: where it goes, as what it is told, in which words, with which photos."""

    there: Status
    kind: str
    words: str
    photos: tuple[Photo, ...]


def _act(hotline: Hotline, typed: str, step: Step) -> Track:
    """Take the step; the photos of one that is not taken go away again."""
    with photostore.with_their_rows(hotline.settings.attachments, step.photos):
        return _acted(hotline, typed, step)


def _acted(hotline: Hotline, typed: str, step: Step) -> Track:
    there, words = step.there, step.words
    with hotline.database.transaction() as session:
        code, ticket, lead = _held(hotline, session, typed)
        if lead is not None and there is Status.REOPENED:
            _reopen_together(hotline, session, ticket, lead, words)
            _attach(hotline, session, ticket, step.photos)
            session.flush()
            return _shown(hotline, session, code, ticket)
        if there is Status.REOPENED and not _may_reopen(ticket, hotline.now()):
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        if there is Status.IN_PROGRESS and ticket.status is not Status.INFO_REQUESTED:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        data = {"photos": len(step.photos)} if step.photos else {}
        ticket.transition(there, Happening(step.kind, hotline.now(), public_text=words, data=data))
        _attach(hotline, session, ticket, step.photos)
        resume(hotline, session, ticket, hotline.now())
        if there is Status.REOPENED:
            renew(hotline, session, ticket, hotline.now())
        session.flush()
        return _shown(hotline, session, code, ticket)


def _attach(hotline: Hotline, session: Session, ticket: Ticket, photos: Sequence[Photo]) -> None:
    """Add photos behind all that the ticket has; raises `Refused` where its citizen's are too many together."""
    if not photos:
        return
    theirs = func.count().filter(Attachment.shows == PhotoOf.REPORT)
    behind = func.coalesce(func.max(Attachment.position) + 1, 0)
    had, first = session.execute(select(theirs, behind).where(Attachment.ticket_id == ticket.id)).one()
    if had + len(photos) > PHOTOS_OF_A_TICKET:
        raise refuse("photos", "too_many_photos", max=max(0, PHOTOS_OF_A_TICKET - had))
    for position, photo in enumerate(photos, first):
        photostore.store(hotline.settings.attachments, photo)
        session.add(attachment(ticket, photo, position))


def _held(hotline: Hotline, session: Session, typed: str) -> tuple[str, Ticket, Ticket | None]:
    """Return (code, ticket, lead that it follows), both locked in the order in which everybody locks."""
    code, ticket = find(hotline, session, typed)
    followed = _followed(session, ticket)
    incidents.lock(session, [ticket.id, *([followed.id] if followed else [])])
    lead = _followed(session, ticket)
    if lead is not followed:
        raise Conflict([Problem("version", "stale")])
    return code, ticket, lead


def _reopen_together(hotline: Hotline, session: Session, ticket: Ticket, lead: Ticket, words: str) -> None:
    """Reopen the lead because somebody who reported the same says so; their words are for the unit, not for others.

    They stand in their own ticket's history alone (`work.service.notes` reads them from there): should that be sealed
    one day, nothing of it may stay behind in another's.
    """
    now = hotline.now()
    if not _may_reopen_together(ticket, lead, now):
        raise Conflict([Problem("status", "transition", {"here": lead.status.value})])
    data = {"ticket": str(ticket.id)}
    lead.transition(Status.REOPENED, Happening("reopened_together", now, data=data))
    renew(hotline, session, lead, now)
    ticket.happened(Happening("not_fixed", now, public_text=words))


def rate(hotline: Hotline, typed: str, rating: int, comment: str) -> Track:
    """Rate the answer, which closes the ticket; of a merged report only its rating is kept, for others still may."""
    if not 1 <= rating <= 5:
        raise refuse("rating", "rating")
    words = words_of("comment", comment, COMMENT_MAX) if comment.strip() else None
    with hotline.database.transaction() as session:
        code, ticket, lead = _held(hotline, session, typed)
        now = hotline.now()
        if lead is None:
            _close(ticket, now, rating)
        elif _may_rate_together(ticket, lead):
            ticket.happened(Happening("rated", now, data={"rating": rating}))
        else:
            raise Conflict([Problem("status", "transition", {"here": lead.status.value})])
        session.merge(Feedback(ticket_id=ticket.id, rating=rating, comment=words, at=now))
        session.flush()
        return _shown(hotline, session, code, ticket)


def _close(ticket: Ticket, now: datetime, rating: int) -> None:
    if ticket.status is not Status.ANSWERED:  # the status table lets praise close, too
        raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
    ticket.transition(Status.CLOSED, Happening("closed", now, data={"rating": rating}))


def erase_contact(hotline: Hotline, typed: str) -> Track:
    """Take the citizen out of their report: contact, and name, numbers and addresses in all that was written.

    Done at once, and on record. Under legal hold the wish alone is recorded, `Conflict` says so, and it is done when
    the hold is lifted. Raises `Conflict` also where there is no contact, as of a denunciation, which has its own law.
    """
    with hotline.database.transaction() as session:
        code, ticket, _lead_too = _held(hotline, session, typed)
        now = hotline.now()
        if not _shown(hotline, session, code, ticket).can_erase:
            raise Conflict([Problem("", "no_contact")])
        held = holds.hold_of(session, ticket.id, now) is not None
        if held:
            ticket.happened(Happening(holds.ASKED, now))
        else:
            erasure.erase(hotline, session, ticket, ErasureCause.CITIZEN)
        session.flush()
        shown = _shown(hotline, session, code, ticket)
    hotline.database.forget()
    if held:
        raise Conflict([Problem("", "on_hold")])
    return shown
