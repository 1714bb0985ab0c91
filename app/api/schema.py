"""The shapes that the API takes and gives, besides the report itself. The OpenAPI document is made from these."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from models.vocabulary import Channel, DeadlineKind, ExtensionState, NoticeStage, Status, SubmissionType, Urgency


class Shape(BaseModel):
    """Ground of every shape: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FiledReport(Shape):
    """Answer to a filed report."""

    code: str = Field(description="What the citizen holds: XXXX-XXXX-XXXX-XXXX. It is shown this once.")
    tracking_url: str = Field(description="The tracking page; the code is behind the #, out of every log.")
    status: Status
    received_at: datetime


class CodeRequest(Shape):
    """Asks for a report by its code."""

    code: str = Field(description="Any case, with or without hyphens; O is read as 0, I and L as 1.")


class MessageRequest(CodeRequest):
    """The citizen says something about their report."""

    message: str


class RatingRequest(CodeRequest):
    """The citizen rates the answer."""

    rating: int = Field(description="1 to 5")
    comment: str = ""


class Name(Shape):
    """Something with a name in both languages."""

    id: str
    vi: str
    en: str


class TimelineEntry(Shape):
    """One happening that the citizen may know of."""

    at: datetime
    kind: str
    status: Status | None
    public_text: str | None
    committed_at: datetime | None = Field(description="Until when the unit says, in a progress report, to be done.")


class TrackedReport(Shape):
    """How a report stands."""

    code: str
    status: Status
    received_at: datetime
    department: Name | None
    due_at: datetime | None
    late: bool
    paused: bool = Field(description="The clock stands still: the unit waits for the citizen.")
    committed_at: datetime | None = Field(description="Until when a unit that is late has promised to be done.")
    text: str | None = Field(description="Absent for a sealed report.")
    place_text: str | None
    question: str | None = Field(description="What the unit asks the citizen, while it waits.")
    photos: int
    can_reopen: bool
    can_rate: bool
    timeline: list[TimelineEntry]


class TicketSummary(Shape):
    """One line of a queue."""

    id: UUID
    status: Status
    urgency: Urgency
    submission_type: SubmissionType | None
    topic: str | None
    ward: str | None
    department: str | None
    excerpt: str
    received_at: datetime
    resolve_due_at: datetime | None
    paused: bool = Field(description="The clock stands still: the unit waits for the citizen.")
    owes_progress: bool = Field(description="The deadline, or the date last promised, has passed.")


class TicketPage(Shape):
    """Part of a queue; ask again with `after` = `next` until it is null."""

    tickets: list[TicketSummary]
    next: str | None


class HistoryEntry(Shape):
    """One happening as staff see it."""

    at: datetime
    kind: str
    from_status: Status | None
    to_status: Status | None
    actor: str | None
    public_text: str | None
    internal_text: str | None


class ExtensionDetail(Shape):
    """More time: asked for, approved or refused."""

    state: ExtensionState
    days: int = Field(description="Working days.")
    asked_at: datetime
    decided_at: datetime | None


class TicketDetail(TicketSummary):
    """One ticket; `version` goes back with every step, so that a stale one is noticed."""

    version: int
    text: str
    place_text: str | None
    latitude: float | None
    longitude: float | None
    channel: Channel
    photos: list[UUID]
    actions: list[str]
    extension: ExtensionDetail | None
    history: list[HistoryEntry]


class StepRequest(Shape):
    """A step that needs no words."""

    version: int


class ReturnRequest(StepRequest):
    """Not ours, and why."""

    reason: str


class ReplyRequest(StepRequest):
    """Words that the citizen will read."""

    public_text: str


class RouteRequest(StepRequest):
    """Where a coordinator sends a ticket."""

    topic_slug: str
    department_id: str
    ward_code: str | None = None
    reason: str = ""


class ExtensionRequest(ReturnRequest):
    """So many more working days, and why."""

    days: int = Field(description="1 to 10 working days.")


class ProgressRequest(ReplyRequest):
    """How far it is, for the citizen, and the day by the end of which it will be done."""

    committed_on: date


class NoticeEntry(Shape):
    """Something that staff are told of a deadline; never words of the report."""

    id: int
    stage: NoticeStage
    deadline: DeadlineKind
    ticket_id: UUID | None = Field(description="Absent where this account may not open the ticket.")
    department: str | None
    due_at: datetime
    at: datetime
    seen: bool


class NoticePage(Shape):
    """Part of a person's notices, newest first; ask again with `after` = `next` until it is null."""

    notices: list[NoticeEntry]
    unseen: int = Field(description="How many were not seen yet, counted up to 99.")
    next: str | None


class ProblemEntry(Shape):
    """One bad field."""

    field: str
    code: str
    vi: str
    en: str


class ProblemDocument(Shape):
    """RFC 9457 problem with every bad field at once."""

    type: str
    title: str
    title_vi: str
    status: int
    errors: list[ProblemEntry]
