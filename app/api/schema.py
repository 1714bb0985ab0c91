"""The shapes that the API takes and gives, besides the report itself. The OpenAPI document is made from these."""

from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.desk.seats import EXTENSION
from app.intake.schema import Degrees, PlaceText
from models.vocabulary import (
    AssignmentKind,
    CallStep,
    Channel,
    DeadlineKind,
    DepartmentKind,
    ExtensionState,
    NoticeStage,
    PhotoOf,
    RefusalReason,
    Status,
    SubmissionType,
    Urgency,
)

#: The longest id of a call that an exchange may give.
CALL_ID_MAX: Final = 120


class Shape(BaseModel):
    """Ground of every shape: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FiledReport(Shape):
    """Answer to a filed report."""

    code: str = Field(description="What the citizen holds: XXXX-XXXX-XXXX-XXXX. It is shown this once.")
    tracking_url: str = Field(description="The tracking page; the code is behind the #, out of every log.")
    status: Status
    received_at: datetime
    emergency_numbers: list[str] = Field(
        description="Numbers to call at once where the words speak of danger now; show them before anything else."
    )


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


class ShownPhoto(Shape):
    """A photo of a unit's work; its address is signed and good for half an hour."""

    shows: PhotoOf
    url: str


class TimelineEntry(Shape):
    """One happening that the citizen may know of."""

    at: datetime
    kind: str
    status: Status | None
    public_text: str | None
    committed_at: datetime | None = Field(description="Until when the unit says, in a progress report, to be done.")
    reason_code: str | None = Field(description="Why it was refused, where it was.")
    photos: list[ShownPhoto] = Field(description="What the unit shows of its work.")


class SentLetter(Shape):
    """A letter that guides a complainant."""

    department: Name
    sent_at: datetime
    body: str


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
    can_erase: bool = Field(description="A contact was left and may be erased (`/track/erase-contact`).")
    letters: list[SentLetter]
    reports: int = Field(description="How many reported the same, this one among them.")
    follows: Status | None = Field(description="Of a merged report: how the one stands that is worked on for all.")
    timeline: list[TimelineEntry]


class NearbyRequest(Shape):
    """Where to look for what others have reported: a place in words, or a pin, or both."""

    place_text: PlaceText = Field(None, description="Where, as people say it.")
    latitude: Degrees = Field(None, ge=-90, le=90, allow_inf_nan=False)
    longitude: Degrees = Field(None, ge=-180, le=180, allow_inf_nan=False)


def _call_id(value: str) -> str:
    if not (1 <= len(value) <= CALL_ID_MAX and value.isprintable()):
        raise PydanticCustomError("call_id", "no id of a call")
    return value


def _extension(value: str | None) -> str | None:
    if value is not None and EXTENSION.fullmatch(value) is None:
        raise PydanticCustomError("extension", "no extension")
    return value


class CallNotice(Shape):
    """What a telephone exchange tells of a call."""

    call_id: Annotated[str, AfterValidator(_call_id)] = Field(
        description="The exchange's own id of the call, the same each time: 1 to 120 printable characters."
    )
    event: CallStep = Field(CallStep.RINGING, description="What has happened.")
    number: Annotated[str, Field(max_length=40)] | None = Field(
        None, description="The caller's, as it was sent; absent or without digits where it is hidden."
    )
    extension: Annotated[str | None, AfterValidator(_extension)] = Field(
        None, description="Where it rings. Without one it is offered to the call-taker who has been free the longest."
    )


class NoticedCall(Shape):
    """How a call stands at the desk."""

    call: UUID
    state: Literal["waiting", "offered", "taken", "ended"] = Field(
        description="`waiting`: everybody who is ready sees it; `offered`: one call-taker does."
    )
    extension: str | None = Field(description="Where who was offered it, or has taken it, sits; put it through there.")


class NearbyIncident(Shape):
    """Something that is known and not settled: never anybody's words, nor where exactly."""

    incident: UUID = Field(description="Goes into `incident` of a report that is one more of it.")
    topic: Name
    ward: str | None
    street: str | None = Field(description="The street asked for, where that is what they share.")
    reports: int
    since: datetime
    last_report_at: datetime
    status: Status


class NearbyIncidents(Shape):
    """Open incidents near a place, the most reported first."""

    incidents: list[NearbyIncident]


class SurgeShape(Shape):
    """More reports of a topic in a ward within an hour than is usual."""

    topic: Name
    ward: Name
    since: datetime
    peak: int = Field(description="The most reports within one hour so far.")
    usual: int = Field(description="How many an hour usually has at most.")


class Surges(Shape):
    """What is going on now, the greatest first."""

    surges: list[SurgeShape]


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
    assignee: UUID | None = Field(description="Who of the department works on it.")
    incident: UUID | None = Field(description="What it is a report of.")
    reports: int = Field(description="How many reported the same, this one among them.")


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
    photos: list[UUID] = Field(description="What the unit shows in an answer.")
    photo_urls: list[str] = Field(description="Where each of them is for half an hour.")


class PartEntry(Shape):
    """What a co-ordinating unit owes the lead, or has told it."""

    department: str
    due_at: datetime
    request: str | None
    contribution: str | None
    done_at: datetime | None
    late: bool


class OwedPart(Shape):
    """A part with the ticket that it is part of."""

    ticket: TicketSummary
    part: PartEntry


class PartPage(Shape):
    """Parts that are owed, soonest due first; ask again with `after` = `next` until it is null."""

    parts: list[OwedPart]
    next: str | None


class ProposalEntry(Shape):
    """Whose a ticket is in the opinion of the unit that gave it back."""

    department: str
    by: str
    reason_code: str


class ExtensionDetail(Shape):
    """More time: asked for, approved or refused."""

    state: ExtensionState
    days: int = Field(description="Working days.")
    asked_at: datetime
    decided_at: datetime | None


class Proposed(Shape):
    """A ticket that may be of the same thing."""

    ticket: UUID
    likeness: float = Field(description="How alike the words are, 0 to 1.")


class WaitingAnswer(Shape):
    """An answer that waits for a second person, or was given back; shown to the lead's people and coordinators."""

    text: str
    written_by: UUID
    written_at: datetime
    given_back: bool
    note: str | None
    photos: list[UUID]


class ContactMasked(Shape):
    """How to reach the citizen, the middle of each part hidden; `POST …/contact` tells it whole, for a reason."""

    name: str | None
    phone: str | None
    email: str | None


class ContactRequest(Shape):
    """Asks for a citizen's contact; the reason stays on record."""

    reason: str


class ContactWhole(Shape):
    """How to reach the citizen. `phone` is E.164."""

    name: str | None
    phone: str | None
    email: str | None
    consented_at: datetime


class TicketDetail(TicketSummary):
    """One ticket; `version` goes back with every step, so that a stale one is noticed."""

    version: int
    text: str
    place_text: str | None
    latitude: float | None
    longitude: float | None
    channel: Channel
    photos: list[UUID]
    photo_urls: list[str] = Field(description="Where each of the photos is for half an hour, by a signed address.")
    contact: ContactMasked | None = Field(description="For who leads, coordinators and auditors, where one was left.")
    actions: list[str]
    parts: list[PartEntry]
    proposal: ProposalEntry | None = Field(description="For coordinators, while a returned ticket awaits them.")
    extension: ExtensionDetail | None
    waiting_answer: WaitingAnswer | None
    proposals: list[Proposed] = Field(description="What the machine takes to be the same; a coordinator decides.")
    history: list[HistoryEntry]


class StepRequest(Shape):
    """A step that needs no words."""

    version: int


class ReasonRequest(StepRequest):
    """A step, and why."""

    reason: str


class ReturnRequest(StepRequest):
    """Not ours: why, and whose it is if the unit knows."""

    reason_code: str = Field(default="other", description="`other` needs words in `reason`.")
    reason: str = ""
    proposed_department: str | None = None


class ContributionRequest(StepRequest):
    """What a co-ordinating unit tells the lead; the citizen does not read it."""

    contribution: str
    done: bool


class InvolveRequest(StepRequest):
    """Which unit shall help, and with what."""

    department: str
    request: str


class ReleasePartRequest(ReasonRequest):
    """Which unit shall help no longer, and why."""

    department: str


class ReturnLine(Shape):
    """Returns of one kind; `n` of `routed` came back. `to` is where they ended, or were proposed for."""

    topic: str | None
    rule: str | None
    unit: str
    kind: AssignmentKind
    reason_code: str
    to: str | None
    n: int
    routed: int


class ReturnGroup(Shape):
    """Returns of one topic, rule, unit and reason that are too many for chance, with the latest tickets."""

    topic: str | None
    rule: str | None
    rule_line: int | None
    unit: str
    reason_code: str
    n: int
    tickets: list[UUID]


class ReturnReport(Shape):
    """What came back of what was routed in the period; ask again with `after` = `next` until it is null."""

    first: date
    last: date
    groups: list[ReturnGroup]
    lines: list[ReturnLine]
    next: str | None


class MapFigure(Shape):
    """Numbers of at least three reports.

    `late`: open, and the day for an answer is over. `with_deadline`: answered, and an answer was promised by a day;
    `in_time`: and it came by then. `on_time` is `in_time` of `with_deadline` and `late` together, 0 to 1.
    `median_days`: half of the answers came in so many days, begun ones counted whole.
    """

    received: int
    answered: int
    open: int
    late: int
    elsewhere: int
    in_time: int
    with_deadline: int
    on_time: float | None
    median_days: int | None


class MapWard(MapFigure):
    """Numbers of a ward, and where its centre is."""

    ward: str
    name: str
    latitude: float
    longitude: float


class MapTopic(MapFigure):
    """Numbers of a topic."""

    topic: Name
    group: str


class PublicMap(Shape):
    """Public figures: wards and topics of which there are enough reports. Null: too few for a figure."""

    first: date
    last: date
    read_at: datetime
    fewest: int
    licence: str
    total: MapFigure | None
    wards: list[MapWard]
    topics: list[MapTopic]


class ReplyRequest(StepRequest):
    """Words that the citizen will read."""

    public_text: str


class AnswerRequest(ReplyRequest):
    """An answer that the citizen will read, and which photos of one that came back go with it."""

    keep: list[UUID] = Field(default=[], description="Of `waiting_answer.photos`; the others are deleted.")


class RejectRequest(ReplyRequest):
    """A refusal: its code, and words that the citizen will read."""

    reason_code: str = RefusalReason.OTHER.value


class LetterRequest(StepRequest):
    """Where a complainant is guided to, and the letter."""

    department_id: str
    body: str


class ForwardRequest(StepRequest):
    """The unit that is praised."""

    department_id: str


class LinkRequest(StepRequest):
    """Says that a ticket is of the same thing as another."""

    other: str = Field(description="The id of the other ticket, or of its incident.")


class RouteRequest(StepRequest):
    """Where a coordinator sends a ticket."""

    topic_slug: str
    department_id: str
    ward_code: str | None = None
    reason: str = ""


class UnitContact(Shape):
    """How a unit is reached."""

    phone: str | None
    email: str | None
    address: str | None


class UnitEntry(Shape):
    """A unit as it is on the day that was asked for, with the days between which it exists."""

    id: str
    vi: str
    en: str
    kind: DepartmentKind
    ward: str | None = Field(description="The code of the ward that it belongs to.")
    parent: str | None
    valid_from: date | None = Field(description="Null: as far back as anybody knows.")
    valid_to: date | None = Field(description="The first day on which it is gone.")
    successor: str | None
    contact: UnitContact
    hours: str | None = Field(description="`mon-fri 07:30-11:30, 13:00-17:00`, `24/7`; null: the city's own hours.")


class UnitPage(Shape):
    """Part of the list; ask again with `after` = `next` until it is null."""

    units: list[UnitEntry]
    next: str | None


class NoteRequest(StepRequest):
    """Words that only staff read."""

    note: str


class CorrectTopicRequest(ReasonRequest):
    """What the ticket is about in the handler's opinion, and why."""

    topic: str


class AssignRequest(StepRequest):
    """Who of the department shall work on the ticket; null: nobody in particular."""

    assignee: UUID | None


class ExtensionRequest(ReasonRequest):
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


class SealedSummary(Shape):
    """One denunciation, nothing of what it says."""

    id: UUID
    status: Status
    channel: Channel
    received_at: datetime
    version: int
    reads: int


class SealedPage(Shape):
    """Part of the list; ask again with `after` = `next` until it is null."""

    tickets: list[SealedSummary]
    next: str | None


class SealedRead(Shape):
    """Who has opened it, when and why."""

    by: str
    at: datetime
    reason: str


class SealedDetail(Shape):
    """Where a denunciation stands and who has read it."""

    id: UUID
    status: Status
    channel: Channel
    received_at: datetime
    version: int
    reads: list[SealedRead]


class OpenRequest(Shape):
    """Opens a denunciation; the reason stays on record."""

    reason: str


class OpenedContent(Shape):
    """What a denunciation says, this once; `proposal` is it without what says who wrote it, as far as patterns find."""

    id: UUID
    version: int
    text: str
    place_text: str | None
    latitude: float | None
    longitude: float | None
    contact: list[str]
    photos: list[str] = Field(description="JPEG in base 64.")
    proposal: str


class SealedReferRequest(StepRequest):
    """What the verifier gets."""

    department_id: str
    redacted_text: str


class ReleaseRequest(StepRequest):
    """No denunciation after all: what it is, and why."""

    submission_type: str
    reason: str


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


class Figures(Shape):
    """Figures of some tickets, each as the page of figures defines it; null is "of none"."""

    received: int
    open: int
    done: int
    merged: int
    on_time: int
    late: int
    on_time_rate: float | None = Field(description="On time ÷ (on time + late), 0 to 1.")
    reopened: int
    reopened_rate: float | None = Field(description="Reopened ÷ ever answered, 0 to 1.")
    returned: int
    rated: int
    stars: float | None = Field(description="Average rating, 1 to 5.")
    first_action: float | None = Field(description="Median seconds from receipt until a unit took it up.")
    answer_time: float | None = Field(description="Median seconds from receipt to the first answer.")


class FiguresLine(Shape):
    """Figures of one unit, ward, group, topic, channel or part of the period."""

    key: str = Field(description="Its id; `none` for tickets of none; of a part of the period its first day.")
    vi: str
    en: str
    figures: Figures
    before: Figures = Field(description="The same, one period before.")
    rank: int | None = Field(
        description="Of a unit, by on-time rate among those with at least `ranked_from` tickets on time or late."
    )


class FiguresReport(Shape):
    """Figures of a period, whole and by lines."""

    first: date
    last: date
    before_first: date
    before_last: date
    by: str
    unit: str | None = Field(description="The one unit that this account sees; null: the whole city.")
    ranked_from: int
    pending: int = Field(description="To how many tickets something happened that is not in here yet.")
    figures: Figures
    before: Figures
    lines: list[FiguresLine]
