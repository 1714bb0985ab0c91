"""The ticket, its append-only history, and what hangs on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String, Text, Uuid, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from models.account import Account
from models.base import Base, BigId, Json, UtcDateTime, one_of
from models.department import Department
from models.incident import Incident
from models.place import Ward
from models.taxonomy import Topic
from models.vocabulary import (
    AssignmentKind,
    Channel,
    Clock,
    DeadlineKind,
    PhotoOf,
    Purpose,
    Status,
    SubmissionType,
    Urgency,
)
from models.workflow import allowed

_UNMET = text("met_at is null")
#: The statuses of `AWAITS_DEPARTMENT` and of `DONE`, and urgency's highest. Literal, as `LEADS` is, and so are the
#: conditions of the queries that these indexes answer (`app.work.queue`).
_WAITING = text("status in ('in_progress', 'info_requested', 'reopened', 'routed')")
_DANGER = text("urgency = 'emergency' and status in ('in_progress', 'info_requested', 'reopened', 'routed')")
_DONE = text("status in ('answered', 'closed')")
_PRAISE = text("submission_type = 'khen-ngoi' and status = 'closed'")
_PAUSED = text("paused_at is not null")
_WITH_A_UNIT = text("department_id is not null")
_UNDERSTOOD = text("topic_slug is not null")
_OF_AN_INCIDENT = text("incident_id is not null")
_JOINS = text("joins_id is not null")
_OF_A_PERSON = text("assignee_id is not null")
_NUMBERED = text("phone_index is not null")
_IN_CLEAR = text("key_id is null")

#: Which ticket of an incident leads it. Literal, so that both databases see that the index below answers it.
LEADS: Final = text("incident_id is not null and status <> 'merged'")


class TransitionRefused(Exception):
    """Raised when the status table has no way from where the ticket is to where somebody wants it."""

    def __init__(self, here: Status, there: Status) -> None:
        super().__init__(f"a ticket that is {here} cannot become {there}")
        self.here = here
        self.there = there


@dataclass(frozen=True)
class Happening:
    """What a transition or a note puts into the history.

    `public_text` is shown to the citizen word for word, `internal_text` never; `data` holds machine-readable facts
    (topic, rule, confidence), never personal data.
    """

    kind: str
    at: datetime
    actor_id: UUID | None = None
    public_text: str | None = None
    internal_text: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Ticket(Base):
    """A report as we keep it, from filing until its citizen is content.

    The tracking code is not here: only its keyed hash is. Statuses change by `transition` alone.
    """

    __tablename__ = "ticket"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    _status: Mapped[Status] = mapped_column("status", one_of(Status), default=Status.RECEIVED)
    version: Mapped[int] = mapped_column(Integer)
    channel: Mapped[Channel] = mapped_column(one_of(Channel))
    text: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)
    place_text: Mapped[str | None] = mapped_column(String(500))
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submission_type: Mapped[SubmissionType | None] = mapped_column(one_of(SubmissionType))
    urgency: Mapped[Urgency] = mapped_column(one_of(Urgency), default=Urgency.NORMAL)
    topic_slug: Mapped[str | None] = mapped_column(ForeignKey("topic.slug"))
    ward_code: Mapped[str | None] = mapped_column(ForeignKey("ward.code"))
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    #: Who of the department works on it, as far as somebody said so.
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    resolve_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    returns: Mapped[int] = mapped_column(Integer, default=0)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The incident that it is a report of, and the one that its filer said it is, until triage has joined it.
    incident_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    joins_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id"))
    #: Where it is, coarsely: street (or landmark), folded, and H3 cell. Known since triage.
    street: Mapped[str | None] = mapped_column(String(120))
    cell: Mapped[str | None] = mapped_column(String(16))

    topic: Mapped[Topic | None] = relationship()
    ward: Mapped[Ward | None] = relationship()
    department: Mapped[Department | None] = relationship()
    assignee: Mapped[Account | None] = relationship()
    events: Mapped[list["TicketEvent"]] = relationship(order_by="TicketEvent.id", passive_deletes="all")
    deadlines: Mapped[list["Deadline"]] = relationship(order_by="Deadline.due_at", passive_deletes="all")
    assignments: Mapped[list["Assignment"]] = relationship(order_by="Assignment.id", passive_deletes="all")
    attachments: Mapped[list["Attachment"]] = relationship(order_by="Attachment.position", passive_deletes="all")
    contact: Mapped["Contact | None"] = relationship(passive_deletes="all")
    feedback: Mapped["Feedback | None"] = relationship(passive_deletes="all")
    incident: Mapped[Incident | None] = relationship(foreign_keys=[incident_id])

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it as it is
    __table_args__ = (
        CheckConstraint("lat is null or (lat between -90 and 90)", name="lat_range"),
        CheckConstraint("lon is null or (lon between -180 and 180)", name="lon_range"),
        # Of what was filed just now nothing is known yet: what only looks at the rest leaves it out, and so filing
        # need not wait for these.
        Index(
            "ix_ticket_queue",
            "department_id",
            "status",
            "resolve_due_at",
            "id",
            sqlite_where=_WITH_A_UNIT,
            postgresql_where=_WITH_A_UNIT,
        ),
        *(
            Index(name, *columns, sqlite_where=where, postgresql_where=where)
            for name, columns, where in (
                ("ix_ticket_waiting", ("department_id", "resolve_due_at", "id"), _WAITING),
                ("ix_ticket_waiting_anywhere", ("resolve_due_at", "id"), _WAITING),
                ("ix_ticket_danger", ("department_id", "resolve_due_at", "id"), _DANGER),
                ("ix_ticket_done", ("department_id", "received_at", "id"), _DONE),
                ("ix_ticket_done_anywhere", ("received_at", "id"), _DONE),
                ("ix_ticket_praise", ("department_id", "received_at"), _PRAISE),
            )
        ),
        Index("ix_ticket_status_received", "status", "received_at", "id"),
        Index(
            "ix_ticket_received",
            "received_at",
            "topic_slug",
            "ward_code",
            sqlite_where=_UNDERSTOOD,
            postgresql_where=_UNDERSTOOD,
        ),
        Index("ix_ticket_incident_id", "incident_id", sqlite_where=_OF_AN_INCIDENT, postgresql_where=_OF_AN_INCIDENT),
        # An incident has one ticket that is worked on.
        Index(
            "uq_ticket_lead",
            "incident_id",
            unique=True,
            sqlite_where=LEADS,
            postgresql_where=LEADS,
        ),
        Index("ix_ticket_joins_id", "joins_id", sqlite_where=_JOINS, postgresql_where=_JOINS),
        Index(
            "ix_ticket_assignee",
            "assignee_id",
            "status",
            "resolve_due_at",
            "id",
            sqlite_where=_OF_A_PERSON,
            postgresql_where=_OF_A_PERSON,
        ),
    )

    @hybrid_property
    def status(self) -> Status:
        """Where the ticket stands."""
        return self._status

    def happened(self, what: Happening) -> "TicketEvent":
        """Append one line to the history without moving the ticket."""
        return self._record(what, None, None)

    def transition(self, there: Status, what: Happening) -> "TicketEvent":
        """Move the ticket and leave exactly one event.

        Raises `TransitionRefused` for a pair outside `models.workflow.ALLOWED`, leaving no trace.
        """
        here = self._status
        if not allowed(here, there):
            raise TransitionRefused(here, there)
        self._status = there
        return self._record(what, here, there)

    def _record(self, what: Happening, here: Status | None, there: Status | None) -> "TicketEvent":
        event = TicketEvent(
            kind=what.kind,
            at=what.at,
            actor_id=what.actor_id,
            public_text=what.public_text,
            internal_text=what.internal_text,
            data=dict(what.data),
            from_status=here,
            to_status=there,
        )
        session = object_session(self)
        if session is None or "events" in self.__dict__:
            self.events.append(event)
        else:  # one line more needs no look at the whole history
            event.ticket_id = self.id
            session.add(event)
        return event


class TicketEvent(Base):
    """One happening in a ticket's life. Triggers on both databases refuse to change or delete it."""

    __tablename__ = "ticket_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(40))
    from_status: Mapped[Status | None] = mapped_column(one_of(Status, called="from_status"))
    to_status: Mapped[Status | None] = mapped_column(one_of(Status, called="to_status"))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    public_text: Mapped[str | None] = mapped_column(Text)
    internal_text: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(Json)

    actor: Mapped[Account | None] = relationship()


class Contact(Base):
    """How to reach the person who filed. Its own table, so that no query of tickets carries it along.

    Name, phone and e-mail are ciphertexts that `app.persons.contacts` makes and opens; `key_id` says with which key,
    None for a row that an earlier release wrote in clear and that is still to be locked. `phone_index` finds a number.
    """

    __tablename__ = "contact"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime)
    purpose: Mapped[Purpose] = mapped_column(
        one_of(Purpose), default=Purpose.ANSWER, server_default=Purpose.ANSWER.value
    )
    key_id: Mapped[str | None] = mapped_column(String(8))
    phone_index: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (
        Index("ix_contact_phone_index", "phone_index", sqlite_where=_NUMBERED, postgresql_where=_NUMBERED),
        Index("ix_contact_in_clear", "ticket_id", sqlite_where=_IN_CLEAR, postgresql_where=_IN_CLEAR),
    )


class Assignment(Base):
    """A department is, or was, in charge of a ticket. One lead is open at a time, and a unit helps but once."""

    __tablename__ = "assignment"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("department.id"))
    kind: Mapped[AssignmentKind] = mapped_column(one_of(AssignmentKind))
    rule_id: Mapped[str | None] = mapped_column(String(120))
    because: Mapped[str | None] = mapped_column(String(500))
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    department: Mapped[Department] = relationship()

    __table_args__ = (
        Index(
            "uq_assignment_open_lead",
            "ticket_id",
            unique=True,
            sqlite_where=text("kind = 'lead' and ended_at is null"),
            postgresql_where=text("kind = 'lead' and ended_at is null"),
        ),
        Index(
            "uq_assignment_open_part",
            "department_id",
            "ticket_id",
            unique=True,
            sqlite_where=text("kind = 'coordinating' and ended_at is null"),
            postgresql_where=text("kind = 'coordinating' and ended_at is null"),
        ),
    )


class Deadline(Base):
    """What has to have happened by when; `calendar_version` says by which calendar it was computed.

    `working_days` is how many were promised, None for a deadline in hours. While `paused_at` is set the clock stands
    still, and `due_at` is as it was then. `term` counts the extensions. `runs_from` is when the time began of which
    reminders are a share (None: with receipt); `remind_at` is when to look for one. `committed_at` is until when the
    unit has promised to be done, or to report again, after the deadline had passed. `since` is when the ticket was
    reopened, if this was promised then; what was promised before is a `PastDeadline`.
    """

    __tablename__ = "deadline"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[DeadlineKind] = mapped_column(one_of(DeadlineKind))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    met_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    calendar_version: Mapped[str] = mapped_column(String(64))
    clock: Mapped[Clock] = mapped_column(one_of(Clock), default=Clock.ALWAYS, server_default=Clock.ALWAYS.value)
    working_days: Mapped[int | None] = mapped_column(Integer)
    term: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    runs_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    committed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("uq_deadline_kind", "ticket_id", "kind", unique=True),
        Index("ix_deadline_remind", "remind_at", sqlite_where=_UNMET, postgresql_where=_UNMET),
        Index("ix_deadline_paused", "ticket_id", sqlite_where=_PAUSED, postgresql_where=_PAUSED),
        Index("ix_deadline_open", "clock", "due_at", sqlite_where=_UNMET, postgresql_where=_UNMET),
    )


class PastDeadline(Base):
    """What was promised before a ticket was reopened, and whether it was kept; never changed afterwards."""

    __tablename__ = "past_deadline"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[DeadlineKind] = mapped_column(one_of(DeadlineKind))
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    met_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("uq_past_deadline_ended", "ticket_id", "kind", "ended_at", unique=True),)


class Attachment(Base):
    """A photo as we keep it: re-encoded pixels under a random name, nothing of the original file.

    What a unit `shows` belongs to an answer, its event; until there is one it waits with the words, and nobody but the
    unit sees it.
    """

    __tablename__ = "attachment"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    shows: Mapped[PhotoOf] = mapped_column(one_of(PhotoOf), default=PhotoOf.REPORT, server_default=PhotoOf.REPORT.value)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_event.id"), index=True)


class Feedback(Base):
    """The citizen's rating of the answer: one to five, and a word if they like."""

    __tablename__ = "feedback"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    rating: Mapped[int] = mapped_column(Integer)
    comment: Mapped[str | None] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("rating between 1 and 5", name="rating_range"),)
