"""One incident, many reports: opening, joining, splitting. Whoever changes an incident holds the lock of its lead.

A sealed ticket or a denunciation takes part in nothing here. Tickets are locked in the order of their ids, so that two
who change the same incidents wait for each other instead of each for the other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from app.assignment import release
from app.problems import Conflict, Problem
from models.incident import Incident, Proposal
from models.ticket import LEADS, Deadline, Happening, Ticket
from models.vocabulary import UNCLEAR_TOPIC, DeadlineKind, Status, SubmissionType
from models.workflow import OPEN

#: Kinds of reports that are of something that others may report too.
SHARED_TYPES: Final = frozenset({SubmissionType.REPORT, SubmissionType.EMERGENCY})


def takes_part(ticket: Ticket) -> bool:
    """Tell whether a ticket may have to do with others at all."""
    return ticket.status is not Status.SEALED and ticket.submission_type is not SubmissionType.DENUNCIATION


def find(session: Session, incident_id: UUID) -> Incident | None:
    """Return an incident, or the one that it was joined to."""
    found = session.get(Incident, incident_id, populate_existing=True)
    if found is None or found.joined_into_id is None:
        return found
    return session.get(Incident, found.joined_into_id, populate_existing=True)


def lead_of(session: Session, incident_id: UUID | None) -> Ticket | None:
    """Return the ticket of an incident that is worked on; None of no incident."""
    if incident_id is None:
        return None
    leading = select(Ticket).where(Ticket.incident_id == incident_id, LEADS)
    return session.scalar(leading.execution_options(populate_existing=True))


def open_lead(session: Session, incident_id: UUID) -> Ticket | None:
    """Return the lead of an incident that takes others in; None for an incident that is unknown or settled."""
    incident = find(session, incident_id)
    lead = lead_of(session, incident.id) if incident else None
    return lead if lead is not None and lead.status in OPEN and takes_part(lead) else None


def followers(session: Session, incident_id: UUID) -> Sequence[Ticket]:
    """Return the merged tickets of an incident, the longest waiting first."""
    merged = select(Ticket).where(Ticket.incident_id == incident_id, Ticket.status == Status.MERGED)
    return session.scalars(merged.order_by(Ticket.received_at, Ticket.id)).all()


def lock(session: Session, ticket_ids: Iterable[UUID]) -> dict[UUID, Ticket]:
    """Lock tickets in the order of their ids and return them as they are now."""
    query = select(Ticket).where(Ticket.id.in_(set(ticket_ids))).order_by(Ticket.id).with_for_update(of=Ticket)
    return {ticket.id: ticket for ticket in session.scalars(query.execution_options(populate_existing=True))}


def lock_open_lead(session: Session, incident_id: UUID) -> Ticket | None:
    """Lock and return the lead of an incident that takes others in; None when it is, or has become, settled."""
    while (lead := open_lead(session, incident_id)) is not None:
        lock(session, [lead.id])
        if open_lead(session, incident_id) is lead:
            return lead
    return None


def hold_joined(session: Session, tickets: Iterable[Ticket]) -> None:
    """Lock the leads of what these tickets ask to join, all at once: a batch that took them singly could deadlock."""
    wanted = {ticket.joins_id for ticket in tickets if ticket.joins_id is not None}
    leads = {lead.id for incident_id in wanted if (lead := open_lead(session, incident_id)) is not None}
    if leads:
        lock(session, leads)


def begin(session: Session, ticket: Ticket) -> Incident:
    """Let a ticket lead an incident of its own, with its own topic and place."""
    incident = Incident(id=uuid4(), opened_at=ticket.received_at, last_report_at=ticket.received_at, reports=1)
    _describe(incident, ticket)
    session.add(incident)
    ticket.incident_id = incident.id
    return incident


def keep_in_step(session: Session, ticket: Ticket) -> None:
    """Bring a lead's incident up to its topic and place; a ticket that has come to be of something opens one."""
    if ticket.incident_id is not None and ticket.status is not Status.MERGED:
        _describe(session.get_one(Incident, ticket.incident_id), ticket)
    elif ticket.incident_id is None and _is_of_something(ticket):
        begin(session, ticket)


def _is_of_something(ticket: Ticket) -> bool:
    known = ticket.topic_slug not in {None, UNCLEAR_TOPIC}
    return known and ticket.submission_type in SHARED_TYPES and takes_part(ticket)


def _describe(incident: Incident, lead: Ticket) -> None:
    incident.topic_slug, incident.ward_code = lead.topic_slug, lead.ward_code
    incident.street, incident.cell = lead.street, lead.cell


def join(session: Session, ticket: Ticket, lead: Ticket, now: datetime, actor_id: UUID | None = None) -> None:
    """Merge a ticket, with all that followed it, into the incident of `lead`. Both are locked by the caller.

    Without an actor it was the filer who said so. Raises `TransitionRefused` where the status table has no such move.
    """
    own = ticket.incident_id
    moved = [ticket, *(followers(session, own) if own else ())]  # before it is merged itself
    target = session.get_one(Incident, lead.incident_id) if lead.incident_id else begin(session, lead)
    data = {"incident": str(target.id), "by": "coordinator" if actor_id else "filer"}
    ticket.transition(Status.MERGED, Happening("merged", now, actor_id, data=data))
    release(session, ticket, now)
    for report in moved:
        report.incident_id, report.joins_id = target.id, None
    for follower in moved[1:]:
        follower.happened(Happening("moved", now, actor_id, data={"incident": str(target.id)}))
    lead.happened(Happening("joined", now, actor_id, data=data | {"ticket": str(ticket.id), "reports": len(moved)}))
    target.reports += len(moved)
    target.last_report_at = max(target.last_report_at, *(report.received_at for report in moved))
    target.opened_at = min(target.opened_at, *(report.received_at for report in moved))
    session.flush()
    if own is not None:
        emptied = session.get_one(Incident, own)
        emptied.reports, emptied.joined_into_id = 0, target.id
        # what was joined to it before is now one step from where to look, too
        session.execute(update(Incident).where(Incident.joined_into_id == own).values(joined_into_id=target.id))
    session.execute(delete(Proposal).where(Proposal.ticket_id == ticket.id))
    session.flush()


def split(session: Session, ticket: Ticket, now: datetime, actor_id: UUID) -> None:
    """Take a ticket out of its incident; both it and the lead are locked by the caller.

    A merged one goes before a coordinator. A lead keeps its place and hands the lead to the longest waiting report,
    which goes before a coordinator in its stead. Raises `Conflict` for one that is alone.
    """
    rest = followers(session, ticket.incident_id) if ticket.incident_id else ()
    if ticket.status is Status.MERGED and ticket.incident_id is not None:
        _split_follower(session, ticket, now, actor_id)
    elif rest:
        _hand_over(session, ticket, rest[0], now, actor_id)
        begin(session, ticket)
    else:
        raise Conflict([Problem("incident", "alone")])
    session.flush()


def _split_follower(session: Session, ticket: Ticket, now: datetime, actor_id: UUID) -> None:
    incident = session.get_one(Incident, ticket.incident_id)
    lead = lead_of(session, incident.id)
    data = {"incident": str(incident.id)}
    ticket.incident_id = None
    ticket.transition(Status.NEEDS_REVIEW, Happening("split", now, actor_id, data=data))
    session.flush()
    if _is_of_something(ticket):
        begin(session, ticket)
    if lead is not None:
        lead.happened(Happening("parted", now, actor_id, data=data | {"ticket": str(ticket.id)}))
    _recount(session, incident)


def _hand_over(session: Session, lead: Ticket, heir: Ticket, now: datetime, actor_id: UUID | None) -> None:
    """Let `heir` lead in place of `lead`, which is then of no incident."""
    incident = session.get_one(Incident, lead.incident_id)
    data: dict[str, Any] = {"incident": str(incident.id)}
    lead.incident_id = None
    lead.happened(Happening("parted", now, actor_id, data=data | {"ticket": str(lead.id)}))
    session.flush()  # the database lets an incident have one lead at a time
    heir.transition(Status.NEEDS_REVIEW, Happening("leads", now, actor_id, data=data))
    _describe(incident, heir)
    _recount(session, incident)


def _recount(session: Session, incident: Incident) -> None:
    session.flush()
    count = func.count(Ticket.id), func.min(Ticket.received_at), func.max(Ticket.received_at)
    row = session.execute(select(*count).where(Ticket.incident_id == incident.id)).one()
    incident.reports, incident.opened_at, incident.last_report_at = row


def withdraw(session: Session, ticket: Ticket, now: datetime, actor_id: UUID | None) -> None:
    """Take a ticket that is being sealed out of everything here; what it says itself is for the vault to take."""
    incident_id = ticket.incident_id
    ticket.joins_id = None
    session.execute(delete(Proposal).where(Proposal.ticket_id == ticket.id))
    if incident_id is None:
        return
    rest = followers(session, incident_id)
    if rest:
        _hand_over(session, ticket, rest[0], now, actor_id)
        return
    ticket.incident_id = None
    session.flush()
    gone = select(Incident.id).where((Incident.id == incident_id) | (Incident.joined_into_id == incident_id))
    session.execute(update(Ticket).where(Ticket.joins_id.in_(gone)).values(joins_id=None))
    session.execute(delete(Incident).where(Incident.id == incident_id))


def go_alone(session: Session, ticket: Ticket, now: datetime, actor_id: UUID) -> None:
    """Let others who reported the same go on without a ticket that ends in a way that is its writer's alone."""
    rest = followers(session, ticket.incident_id) if ticket.incident_id else ()
    if rest:
        _hand_over(session, ticket, rest[0], now, actor_id)


def answered(session: Session, lead: Ticket, now: datetime, *kinds: DeadlineKind) -> None:
    """Note that what was promised to everybody who reported the same has happened too."""
    if lead.incident_id is None:
        return
    merged = select(Ticket.id).where(Ticket.incident_id == lead.incident_id, Ticket.status == Status.MERGED)
    owed = and_(Deadline.ticket_id.in_(merged), Deadline.kind.in_(kinds), Deadline.met_at.is_(None))
    session.execute(update(Deadline).where(owed).values(met_at=now))
