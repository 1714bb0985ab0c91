"""Open incidents near a place: for the machine at triage, with words; for citizens, by place alone.

Candidates come from two indexes (cells, street of a ward), newest first; texts are compared only among them.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.orm import Session, selectinload

from app import access, incidents
from app.assignment import local_date
from app.hotline import Hotline
from app.problems import refuse
from models.account import Account
from models.incident import Incident, Proposal
from models.ticket import LEADS, Ticket
from models.vocabulary import Status, TopicFact, topics
from models.workflow import OPEN
from routing.neighbours import around, cell_of, likeness
from routing.place import Place, resolve_place

log = logging.getLogger(__name__)

#: Incidents looked at in one place, the newest first.
LOOKED_AT: Final = 60
#: What the machine proposes at most, and what citizens are shown at most.
PROPOSED: Final = 3
SHOWN: Final = 10
#: So many reports are worth telling anybody near, whatever they write about.
MANY: Final = 3
#: Milliseconds that a citizen's look at the neighbours may take on PostgreSQL before filing goes on without it.
PATIENCE: Final = 400


@dataclass(frozen=True)
class Spot:
    """Where something is, coarsely; any part may be unknown."""

    ward: str | None
    street: str | None
    cell: str | None


@dataclass(frozen=True)
class Neighbour:
    """What a citizen may know of an open incident near by: never a word of anybody, nor where exactly."""

    id: UUID
    topic: TopicFact
    ward: str | None
    #: The street in the asker's own words, where that is what they share.
    street: str | None
    reports: int
    opened_at: datetime
    last_report_at: datetime
    status: Status


def spot_of(hotline: Hotline, place: Place, lat: float | None, lon: float | None) -> Spot:
    """Return the coarse place of a report: only a ward that is sure counts."""
    ward = place.candidates[0] if place.sure else None
    return Spot(ward, hotline.files.incidents.street(place.street, place.landmark), cell_of(lat, lon))


class Candidate(NamedTuple):
    """An open incident at a spot, with folded text and status of its lead."""

    incident: Incident
    text: str
    status: Status


def candidates(session: Session, spot: Spot, kinds: Iterable[str], since: datetime) -> list[Candidate]:
    """Return open incidents about these topics at a spot, with a report since then."""
    found: dict[UUID, Candidate] = {}
    about = sorted(kinds)
    # As an expression, so that SQLite does not begin with the index of all tickets that are open.
    still_open = func.coalesce(Ticket.status, "").in_([status.value for status in OPEN])
    for here in _places(spot):
        query = (
            select(Incident, Ticket.search_text, Ticket.status)
            .join(Ticket, and_(Ticket.incident_id == Incident.id, LEADS))
            .where(here, Incident.topic_slug.in_(about), Incident.last_report_at >= since, still_open)
            .where(~access.KEPT_APART)
            .order_by(Incident.last_report_at.desc())
            .limit(LOOKED_AT)
        )
        for incident, words, status in session.execute(query):
            found[incident.id] = Candidate(incident, words, status)
    return list(found.values())


def _places(spot: Spot) -> list[ColumnElement[bool]]:
    places: list[ColumnElement[bool]] = []
    if spot.cell:
        places.append(Incident.cell.in_(around(spot.cell)))
    if spot.ward and spot.street:
        places.append(and_(Incident.ward_code == spot.ward, Incident.street == spot.street))
    return places


def propose(hotline: Hotline, session: Session, ticket: Ticket, now: datetime) -> list[Proposal]:
    """Write down which open incidents a ticket may be of, the most alike first. Nothing is merged."""
    proposals = [
        Proposal(ticket_id=ticket.id, incident_id=incident.id, likeness=round(likeness_, 4), at=now)
        for likeness_, incident in compare(hotline, session, ticket, now)
    ]
    session.add_all(proposals)
    return proposals


def compare(hotline: Hotline, session: Session, ticket: Ticket, now: datetime) -> list[tuple[float, Incident]]:
    """Return (likeness, incident) of the open incidents that a ticket may be of, the most alike first."""
    rules = hotline.files.incidents
    window = rules.window(ticket.topic_slug) if ticket.topic_slug else None
    if window is None or ticket.topic_slug is None:
        return []
    spot = Spot(ticket.ward_code, ticket.street, ticket.cell)
    near = candidates(session, spot, rules.family(ticket.topic_slug), now - window)
    others = [one for one in near if one.incident.id != ticket.incident_id]
    rated = [(likeness(ticket.search_text, one.text), one.incident) for one in others]
    likely = [(how, one) for how, one in rated if rules.likely(ticket.topic_slug, one.topic_slug or "", how)]
    return sorted(likely, key=lambda pair: (-pair[0], str(pair[1].id)))[:PROPOSED]


def proposed(session: Session, account: Account, ticket: Ticket) -> list[tuple[Ticket, float]]:
    """Return (ticket, likeness) of what may be the same thing, both ways, as far as this account may see it.

    That is the leads of the incidents that the ticket may be of, the one its filer named first, and the tickets that
    may be of the incident it leads. What has been settled or linked meanwhile is left out.
    """
    if ticket.status not in OPEN or not incidents.takes_part(ticket):
        return []
    found: dict[UUID, float] = {}
    if ticket.joins_id is not None and (named := incidents.open_lead(session, ticket.joins_id)) is not None:
        found[named.id] = 1.0
    for proposal in session.scalars(select(Proposal).where(Proposal.ticket_id == ticket.id)):
        lead = incidents.open_lead(session, proposal.incident_id)
        if lead is not None:
            found.setdefault(lead.id, proposal.likeness)
    if ticket.incident_id is not None:
        for other in session.scalars(
            select(Proposal).where(Proposal.incident_id == ticket.incident_id).limit(LOOKED_AT)
        ):
            found.setdefault(other.ticket_id, other.likeness)
    found.pop(ticket.id, None)
    seen = and_(Ticket.id.in_(found), Ticket.status.in_(OPEN), access.visible_to(account))
    rows = session.scalars(
        select(Ticket).where(seen).options(selectinload(Ticket.topic), selectinload(Ticket.incident))
    )
    return sorted(((one, found[one.id]) for one in rows), key=lambda pair: (-pair[1], str(pair[0].id)))


def neighbours(
    hotline: Hotline, place_text: str | None, latitude: float | None, longitude: float | None
) -> list[Neighbour]:
    """Return public open incidents near a place or pin, the most reported first; raise `Refused` for no place at all.

    Needs neither the model nor Redis.
    """
    if not place_text and latitude is None:
        raise refuse("place_text", "place_needed")
    return _near(hotline, place_text or "", latitude, longitude)


def worth_asking(
    hotline: Hotline, words: str, place_text: str | None, latitude: float | None, longitude: float | None
) -> list[Neighbour]:
    """Return the neighbours that a report, not yet filed, may be of: what it says fits the topic, or many report it.

    The words are compared with the topic's own, not with anybody's report: else guesses would tell what others wrote.
    Nothing where that cannot be had: who files, or is told on the telephone, goes on without.
    """
    try:
        near = _near(hotline, place_text or words, latitude, longitude)
        if not near and place_text:
            near = _near(hotline, f"{words}. {place_text}", latitude, longitude)
        return _fitting(words, near)
    except Exception as error:  # noqa: BLE001 - whatever it is, the report is worth more
        log.warning("no look at the neighbours: %s", type(error).__name__)
        return []


def _fitting(words: str, near: Iterable[Neighbour]) -> list[Neighbour]:
    rated = [(likeness(words, f"{one.topic.vi}. {one.topic.definition}"), one) for one in near]
    fitting = [(how, one) for how, one in rated if how > 0 or one.reports >= MANY]
    return [one for _, one in sorted(fitting, key=lambda pair: (-pair[0], -pair[1].reports))][:PROPOSED]


def _near(hotline: Hotline, words: str, latitude: float | None, longitude: float | None) -> list[Neighbour]:
    now = hotline.now()
    place = resolve_place(hotline.files, words, latitude, longitude, local_date(hotline, now))
    spot = spot_of(hotline, place, latitude, longitude)
    windows = hotline.files.incidents.public_topics()
    if not windows or not _places(spot):
        return []
    with hotline.database.reading() as session:
        if not hotline.settings.is_sqlite:
            session.execute(text(f"SET LOCAL statement_timeout = {PATIENCE}"))
        near = candidates(session, spot, windows, now - max(windows.values()))
    shown = [
        Neighbour(
            id=incident.id,
            topic=topics()[incident.topic_slug],
            ward=hotline.files.wards[incident.ward_code].name if incident.ward_code else None,
            street=place.street or place.landmark if incident.street and incident.street == spot.street else None,
            reports=incident.reports,
            opened_at=incident.opened_at,
            last_report_at=incident.last_report_at,
            status=status,
        )
        for incident, _, status in near
        if incident.topic_slug and incident.last_report_at >= now - windows[incident.topic_slug]
    ]
    return sorted(shown, key=lambda one: (-one.reports, -one.last_report_at.timestamp(), str(one.id)))[:SHOWN]
