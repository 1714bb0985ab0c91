"""What a coordinator decides: topic, place and unit where the machine was unsure; refusal, referral, sealing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select, tuple_
from sqlalchemy.orm import Session

from app import access, incidents, wall
from app.assignment import assign, decide_on, meet, release
from app.database import known
from app.deadlines import resume
from app.hotline import Hotline
from app.problems import Conflict, NotFound, Problem, Refused, refuse
from app.review import contest
from app.sealed import vault
from app.thought import compared
from app.units.today import is_open
from app.words import words_of
from app.work import returning
from app.work.service import PAGE, SHOWN_WITH, Step, emergencies_first, move
from models.account import Account
from models.incident import Incident
from models.outbox import OutboxEntry
from models.place import Ward
from models.taxonomy import Topic
from models.ticket import Happening, Ticket
from models.vocabulary import UNCLEAR_TOPIC, DeadlineKind, RefusalReason, Role, Status, SubmissionType
from models.workflow import AWAITS_COORDINATOR, OPEN
from routing.rules import Decision

#: Events that bring a ticket back from a unit, or take its unit away.
CAME_BACK: Final = ("returned", "unit_closed", "reopened", "reopened_together")
REASON_MAX: Final = 1000
#: Stands in an assignment where the id of a rule would.
BY_COORDINATOR: Final = "coordinator"
#: Where a coordinator may decide; of what was reopened, only what no department has.
DECIDABLE: Final = AWAITS_COORDINATOR | {Status.REOPENED}


@dataclass(frozen=True)
class Choice:
    """Where a coordinator sends a ticket, and why if not where the machine would have."""

    topic_slug: str
    department_id: str
    ward_code: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Ending:
    """How a coordinator lets a ticket out of the queue with words for its citizen, and from where that is allowed."""

    status: Status
    kind: str
    allowed: frozenset[Status]
    data: Mapping[str, str] = field(default_factory=dict)


def queue(session: Session, account: Account, after: str | None = None) -> list[Ticket]:
    """Return what awaits a coordinator: emergencies first, then the longest waiting. Empty for other roles.

    `after` is the id of the last ticket of the page before; raises `NotFound` for what is none.
    """
    if account.role is not Role.COORDINATOR:
        return []
    try:
        last = UUID(after) if after else None
    except ValueError:
        raise NotFound from None
    theirs = and_(access.awaits_coordinator(), contest.for_this_coordinator(session, account))
    return _listed(session, select(Ticket).where(theirs), last)


def _listed(session: Session, waiting: Any, after: UUID | None) -> list[Ticket]:
    key = (emergencies_first(), Ticket.received_at, Ticket.id)
    last = session.execute(select(*key).where(Ticket.id == after)).one_or_none()
    if last is not None:
        waiting = waiting.where(tuple_(*key) > tuple(last))
    waiting = waiting.order_by(*key).limit(PAGE + 1)
    return list(session.scalars(waiting.options(*SHOWN_WITH)))


def given_up(hotline: Hotline) -> list[OutboxEntry]:
    """Return jobs that failed too often, newest first.

    They are the program's own, and no ticket is told of; one whose ticket is gone is behind the wall for everybody.
    """
    spent = select(OutboxEntry).where(OutboxEntry.given_up_at.is_not(None), OutboxEntry.done_at.is_(None))
    with wall.as_program(), hotline.database.reading() as session:
        return list(session.scalars(spent.order_by(OutboxEntry.given_up_at.desc()).limit(20)))


def suggested(hotline: Hotline, ticket: Ticket, thought: dict[str, Any]) -> tuple[Choice, Decision] | None:
    """Return what to propose for a doubtful ticket, and why: the machine's best guess, in the first ward it saw.

    None where the machine has no guess at all.
    """
    best = ticket.topic_slug or next((slug for slug, _ in thought.get("alternatives", [])), None)
    return choice_for(hotline, ticket, thought, best) if best is not None else None


def choice_for(
    hotline: Hotline,
    ticket: Ticket,
    thought: dict[str, Any],
    topic_slug: str,
    submission_type: SubmissionType | None = None,
) -> tuple[Choice, Decision]:
    """Return where the rules would send a ticket if it were of this topic, in the first ward that the machine saw.

    With another submission type they say whose it would be then: what the law or a doubt brings before a coordinator
    has no unit of its own.
    """
    ward = ticket.ward_code or next(iter(thought.get("wards", [])), None)
    known = Ticket(
        topic_slug=topic_slug,
        ward_code=ward,
        text=ticket.text,
        place_text=ticket.place_text,
        submission_type=submission_type or ticket.submission_type,
        urgency=ticket.urgency,
    )
    decision = decide_on(hotline, known, hotline.now())
    return Choice(topic_slug, decision.lead, ward), decision


def after(session: Session, account: Account, ticket_id: UUID) -> Ticket | None:
    """Return what awaits this coordinator next after a ticket, from the beginning again at the end; None: nothing."""
    rest = [one for one in queue(session, account, str(ticket_id)) if one.id != ticket_id]
    return next(iter(rest or [one for one in queue(session, account) if one.id != ticket_id]), None)


def route(hotline: Hotline, account: Account, step: Step, choice: Choice) -> Ticket:
    """Send the ticket to a department. Keeps both what the machine said and what the person chose."""
    reason = words_of("reason", choice.reason, REASON_MAX) if choice.reason.strip() else None

    def send(session: Session, ticket: Ticket, now: datetime) -> None:
        data = _compared(session, ticket, choice)
        _send(hotline, session, ticket, choice, Happening("reviewed", now, account.id, internal_text=reason, data=data))

    return decide(hotline, account, step, send, allowed=DECIDABLE)


def accept_proposal(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Send the ticket to the unit that the one which gave it back has proposed."""

    def send(session: Session, ticket: Ticket, now: datetime) -> None:
        proposed = returning.proposal(session, ticket)
        if proposed is None or proposed.proposed is None:
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        # A ward's own unit that is proposed says which ward it is.
        ward = proposed.proposed.ward_code or ticket.ward_code
        choice = Choice(ticket.topic_slug or UNCLEAR_TOPIC, proposed.proposed.id, ward)
        data = {**_compared(session, ticket, choice), "proposed_by": proposed.assignment.department_id}
        _send(hotline, session, ticket, choice, Happening("reviewed", now, account.id, data=data))

    return decide(hotline, account, step, send, allowed=AWAITS_COORDINATOR)


def _compared(session: Session, ticket: Ticket, choice: Choice) -> dict[str, Any]:
    """Return what the machine said and what the person chose, side by side."""
    said = compared(session, ticket, choice.topic_slug)
    return said | {"department": choice.department_id, "ward": choice.ward_code}


def _send(hotline: Hotline, session: Session, ticket: Ticket, choice: Choice, happening: Happening) -> None:
    _check(hotline, session, choice)
    ticket.topic_slug = choice.topic_slug
    ticket.ward_code = choice.ward_code
    ticket.transition(Status.ROUTED, happening)
    assign(hotline, session, ticket, by_coordinator(choice.department_id), happening.at)
    incidents.keep_in_step(session, ticket)


def by_coordinator(department_id: str) -> Decision:
    """Return the decision of a coordinator, no rule's, that a unit leads."""
    return Decision(
        lead=department_id,
        coordinating=(),
        rule_id=BY_COORDINATOR,
        because="Điều phối viên quyết định.",
        because_en="A coordinator decided.",
        tried=(),
    )


def reject(hotline: Hotline, account: Account, step: Step, code: str = RefusalReason.OTHER) -> Ticket:
    """Refuse a report for a reason, as a code and in words, that its citizen reads and may contest once."""
    if code not in set(RefusalReason):
        raise refuse("reason_code", "not_one_of", expected=", ".join(RefusalReason))
    allowed = frozenset({Status.NEEDS_REVIEW, Status.REOPENED})
    return _end(hotline, account, step, Ending(Status.REJECTED, "rejected", allowed, {"reason_code": code}))


def refer(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Refer to who is competent, telling the citizen who that is."""
    return _end(hotline, account, step, Ending(Status.REFERRED, "referred", DECIDABLE))


def seal(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Lock a denunciation away, out of everybody's sight but of those cleared for it."""
    reason = words_of("reason", step.text)

    def hide(session: Session, ticket: Ticket, now: datetime) -> None:
        release(session, ticket, now)
        why = Happening("sealed", now, account.id, internal_text=reason, data={"by": "coordinator"})
        vault.seal(hotline, session, ticket, why)

    sealed = decide(hotline, account, step, hide, allowed=DECIDABLE)
    vault.sweep(hotline)
    return sealed


def link(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Say that a ticket is of the same thing as another; `step.text` names that ticket, or an incident.

    The ticket, with all that followed it, is merged into the other's incident, whose lead stays the one that is worked
    on. Raises `Refused` for what is neither, or not visible, and `Conflict` where either is settled.
    """
    other: Ticket | None = None

    def find(session: Session) -> Ticket:
        nonlocal other
        ticket = _of_coordinator(session, account, step)
        if ticket.version != step.version:
            return ticket  # which `move` refuses: an old page is told first
        lead_id = _named(session, account, step.text)
        held = incidents.lock(session, [ticket.id, lead_id])
        if _named(session, account, step.text) != lead_id:  # another leads by now
            raise Conflict([Problem("version", "stale")])
        other = held[lead_id]
        return held[ticket.id]

    def merge(session: Session, ticket: Ticket, now: datetime) -> None:
        if (
            other is None
            or other.id == ticket.id
            or (ticket.incident_id is not None and ticket.incident_id == other.incident_id)
        ):
            raise Conflict([Problem("other", "same_incident")])
        if other.status not in OPEN:
            raise Conflict([Problem("other", "not_open", {"here": other.status.value})])
        resume(hotline, session, ticket, now)  # its citizen need not answer any more
        incidents.join(session, ticket, other, now, account.id)

    return move(hotline, step, find, merge)


def _named(session: Session, account: Account, name: str) -> UUID:
    """Return the lead of an incident, or of a ticket's incident, by an id or an address that ends in one."""
    try:
        asked = UUID(name.strip().rstrip("/").rpartition("/")[2])
    except ValueError:
        raise refuse("other", "unknown_ticket") from None
    incident = incidents.find(session, asked)
    if incident is None:
        ticket = session.scalar(select(Ticket).where(Ticket.id == asked, access.visible_to(account)))
        if ticket is None or not incidents.takes_part(ticket):
            raise refuse("other", "unknown_ticket")
        if ticket.incident_id is None:
            return ticket.id
        incident = session.get_one(Incident, ticket.incident_id)
    lead = incidents.lead_of(session, incident.id)
    if lead is None:
        raise refuse("other", "unknown_ticket")
    return lead.id


def split(hotline: Hotline, account: Account, step: Step) -> Ticket:
    """Take a ticket out of its incident. It, or the one that leads in its stead, goes before a coordinator."""

    def find(session: Session) -> Ticket:
        ticket = _of_coordinator(session, account, step)
        lead = incidents.lead_of(session, ticket.incident_id) if ticket.incident_id else None
        return incidents.lock(session, [ticket.id, *([lead.id] if lead else [])])[ticket.id]

    def part(session: Session, ticket: Ticket, now: datetime) -> None:
        incidents.split(session, ticket, now, account.id)

    return move(hotline, step, find, part)


def _of_coordinator(session: Session, account: Account, step: Step) -> Ticket:
    ticket = access.find_ticket(session, account, step.ticket_id)
    if account.role is not Role.COORDINATOR:
        raise NotFound
    return ticket


def _end(hotline: Hotline, account: Account, step: Step, ending: Ending) -> Ticket:
    words = words_of("public_text", step.text)

    def end(session: Session, ticket: Ticket, now: datetime) -> None:
        event = Happening(ending.kind, now, account.id, public_text=words, data=ending.data)
        ticket.transition(ending.status, event)
        meet(session, ticket, now, *DeadlineKind)  # the citizen has been told where to go, or why not
        release(session, ticket, now)

    return decide(hotline, account, step, end, allowed=ending.allowed)


def decide(
    hotline: Hotline,
    account: Account,
    step: Step,
    change: Callable[[Session, Ticket, datetime], None],
    *,
    allowed: frozenset[Status],
) -> Ticket:
    """Let a coordinator change a ticket that stands in one of these states; raises `Conflict` in any other.

    What was reopened is theirs only while no department has it, and what they refused themselves is for a colleague.
    """

    def find(session: Session) -> Ticket:
        _of_coordinator(session, account, step)
        return access.find_ticket(session, account, step.ticket_id, lock=True)

    def checked(session: Session, ticket: Ticket, now: datetime) -> None:
        if ticket.status not in allowed or (ticket.status is Status.REOPENED and ticket.department_id):
            raise Conflict([Problem("status", "transition", {"here": ticket.status.value})])
        if contest.is_for_a_colleague(session, account, ticket):
            raise Conflict([Problem("status", "own_refusal")])
        change(session, ticket, now)

    return move(hotline, step, find, checked)


def _check(hotline: Hotline, session: Session, choice: Choice) -> None:
    problems = []
    if not known(session, Topic, choice.topic_slug):
        problems.append(Problem("topic_slug", "unknown_topic"))
    if not is_open(hotline, session, choice.department_id):
        problems.append(Problem("department_id", "unknown_department"))
    if choice.ward_code and not known(session, Ward, choice.ward_code):
        problems.append(Problem("ward_code", "unknown_ward"))
    if problems:
        raise Refused(problems)
