"""What the holder of a code may see and do. Nothing here is found by anything but the whole code."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.letters.service import Sent, letters
from app.lifecycle import REOPEN_WITHIN
from app.problems import Conflict, NotFound, Problem, refuse
from app.review import contest
from app.words import words_of
from models.code import code_hash, grouped, normalised
from models.department import Department
from models.ticket import Feedback, Happening, Ticket
from models.vocabulary import Status, SubmissionType, Urgency

COMMENT_MAX: Final = 1000
#: Events a citizen sees in the timeline.
PUBLIC_KINDS: Final = frozenset({
    "received", "triaged", "reviewed", "sealed", "accepted", "returned", "info_requested", "info_received", "resumed",
    "answered", "reopened", "closed", "rejected", "referred", "released",
    "guided", "forwarded",
})  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """One line of the timeline as the citizen may read it."""

    at: datetime
    kind: str
    status: Status | None
    public_text: str | None
    #: Why it was refused, where it was.
    reason_code: str | None = None


@dataclass(frozen=True)
class Track:
    """The truth about one report, for the person who holds its code."""

    code: str
    status: Status
    received_at: datetime
    department: Department | None
    due_at: datetime | None
    late: bool
    text: str | None
    place: str | None
    timeline: tuple[Moment, ...]
    question: str | None
    photos: int
    can_reopen: bool
    can_rate: bool
    #: It is, or was referred as, a denunciation: the page says where it stands and nothing else.
    sealed: bool
    letters: tuple[Sent, ...]
    #: Somebody is in danger now, as far as we know: the numbers stand before everything else.
    emergency: bool
    topic: str | None

    @property
    def can_answer(self) -> bool:
        """Whether the unit waits for the citizen."""
        return self.status is Status.INFO_REQUESTED


def find(hotline: Hotline, session: Session, typed: str, *, lock: bool = False) -> tuple[str, Ticket]:
    """Return (code, ticket). Raises `Refused` for what is no code at all, `NotFound` for one nobody was given."""
    code = normalised(typed)
    if code is None:
        raise refuse("code", "code")
    query = select(Ticket).where(Ticket.code_hash == code_hash(hotline.keys.codes, code))
    ticket = session.scalar(query.with_for_update(of=Ticket) if lock else query)
    if ticket is None:
        raise NotFound
    return code, ticket


def track(hotline: Hotline, typed: str) -> Track:
    """Return what the citizen may know. Of a sealed report that is its state alone, never its words."""
    with hotline.database.reading() as session:
        code, ticket = find(hotline, session, typed)
        return _shown(hotline, session, code, ticket)


def _shown(hotline: Hotline, session: Session, code: str, ticket: Ticket) -> Track:
    now = hotline.now()
    session.refresh(ticket, ["department", "events", "attachments"])
    sealed = ticket.status is Status.SEALED or ticket.submission_type is SubmissionType.DENUNCIATION
    timeline = tuple(
        Moment(
            event.at,
            event.kind,
            event.to_status,
            None if sealed else event.public_text,
            event.data.get("reason_code"),
        )
        for event in ticket.events
        if event.kind in PUBLIC_KINDS
    )
    asked = [m.public_text for m in timeline if m.kind == "info_requested"]
    open_still = ticket.status not in {Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.REFERRED}
    due_at = ticket.resolve_due_at if open_still and not sealed else None
    return Track(
        code=grouped(code),
        status=ticket.status,
        received_at=ticket.received_at,
        department=None if sealed else ticket.department,
        due_at=due_at,
        late=due_at is not None and due_at < now,
        text=None if sealed else ticket.text,
        place=None if sealed else ticket.place_text,
        timeline=timeline,
        question=asked[-1] if asked and ticket.status is Status.INFO_REQUESTED else None,
        photos=0 if sealed else len(ticket.attachments),
        can_reopen=_may_reopen(ticket, now),
        can_rate=ticket.status is Status.ANSWERED,
        sealed=sealed,
        letters=() if sealed else tuple(letters(session, ticket)),
        emergency=not sealed and open_still and ticket.urgency is Urgency.EMERGENCY,
        topic=None if sealed else ticket.topic_slug,
    )


def _may_reopen(ticket: Ticket, now: datetime) -> bool:
    if ticket.submission_type is SubmissionType.DENUNCIATION:
        return False  # it goes to no unit, so from here on it would lie in nobody's queue
    if ticket.status is Status.ANSWERED:
        return ticket.answered_at is not None and now <= ticket.answered_at + REOPEN_WITHIN
    if ticket.status is Status.REJECTED:
        return contest.may_contest(ticket)
    return ticket.status is Status.REFERRED


def add_information(hotline: Hotline, typed: str, message: str) -> Track:
    """Answer what the unit asked; the ticket is in work again."""
    words = words_of("message", message)
    return _act(hotline, typed, Status.IN_PROGRESS, "info_received", words)


def reopen(hotline: Hotline, typed: str, message: str) -> Track:
    """Say that it is not done. A department that answered has it again; what nobody has goes to the coordinators."""
    words = words_of("message", message)
    return _act(hotline, typed, Status.REOPENED, "reopened", words)


def _act(hotline: Hotline, typed: str, there: Status, kind: str, words: str) -> Track:
    with hotline.database.transaction() as session:
        code, ticket = find(hotline, session, typed, lock=True)
        if there is Status.REOPENED and not _may_reopen(ticket, hotline.now()):
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        if there is Status.IN_PROGRESS and ticket.status is not Status.INFO_REQUESTED:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        ticket.transition(there, Happening(kind, hotline.now(), public_text=words))
        session.flush()
        return _shown(hotline, session, code, ticket)


def rate(hotline: Hotline, typed: str, rating: int, comment: str) -> Track:
    """Rate the answer, which closes the ticket."""
    if not 1 <= rating <= 5:
        raise refuse("rating", "rating")
    words = words_of("comment", comment, COMMENT_MAX) if comment.strip() else None
    with hotline.database.transaction() as session:
        code, ticket = find(hotline, session, typed, lock=True)
        if ticket.status is not Status.ANSWERED:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        ticket.transition(Status.CLOSED, Happening("closed", hotline.now(), data={"rating": rating}))
        session.add(Feedback(ticket_id=ticket.id, rating=rating, comment=words, at=hotline.now()))
        session.flush()
        return _shown(hotline, session, code, ticket)
