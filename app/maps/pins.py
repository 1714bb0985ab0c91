"""Pins for those who work on a ticket: where it is, what of its topic is open near by, which wards it may be in."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app import access, wording
from app.deadlines import standing
from app.hotline import Hotline
from app.i18n import gettext as _
from app.i18n import label
from models.account import Account
from models.incident import Incident
from models.ticket import Ticket
from models.workflow import OPEN
from routing.neighbours import around

#: Others that are shown at most, and how long ago somebody last reported them.
SHOWN: Final = 20
SINCE: Final = timedelta(days=90)
#: Of fewer wards there is nothing to choose.
CHOICE: Final = 2

#: What `maps.points` takes.
Pin = dict[str, Any]


def of_ticket(hotline: Hotline, session: Session, account: Account, ticket: Ticket) -> list[Pin]:
    """Return the ticket's own pin first, then open ones of its topic within some 350 m that this account may see.

    Nothing for a ticket without a pin: a ward's centre is not where it happened.
    """
    if ticket.lat is None or ticket.lon is None:
        return []
    own = {"lat": ticket.lat, "lon": ticket.lon, "label": _("Phản ánh này"), "here": True}
    others = _near(hotline, session, account, ticket)
    stands = standing(session, [other.id for other in others], hotline.now())
    pins = [own]
    for other in others:
        known = stands.get(other.id)
        paused = known is not None and known.paused_at is not None
        due = wording.due_tag(other.resolve_due_at, hotline.now(), paused=paused)
        said = (label(other.topic) if other.topic else "", wording.status_words(other.status), due.words)
        pins.append(
            {
                "lat": other.lat,
                "lon": other.lon,
                "label": " · ".join(part for part in said if part),
                "kind": due.kind if due.kind in {"late", "soon", "ok"} else "none",
                "url": url_for("work.ticket", ticket_id=other.id),
            }
        )
    return pins


def _near(hotline: Hotline, session: Session, account: Account, ticket: Ticket) -> list[Ticket]:
    if ticket.cell is None or ticket.topic_slug is None:
        return []
    close = (
        select(Ticket)
        .join(Incident, Incident.id == Ticket.incident_id)
        .where(Incident.cell.in_(around(ticket.cell)), Incident.topic_slug == ticket.topic_slug)
        .where(Incident.last_report_at >= hotline.now() - SINCE)
        .where(Ticket.id != ticket.id, Ticket.lat.is_not(None), Ticket.lon.is_not(None), Ticket.status.in_(OPEN))
        .where(access.visible_to(account))
    )
    newest = close.order_by(Ticket.received_at.desc(), Ticket.id).limit(SHOWN)
    return list(session.scalars(newest.options(selectinload(Ticket.topic))))


def of_wards(hotline: Hotline, ticket: Ticket, codes: Iterable[str]) -> list[Pin]:
    """Return the centres of the wards that a ticket may be in, to choose one, beside its own pin if it has one."""
    known = hotline.files.wards
    found = [known[code] for code in codes if code in known]
    pins: list[Pin] = [{"lat": w.lat, "lon": w.lon, "label": w.name, "choose": w.code} for w in found]
    if len(pins) < CHOICE:
        return []
    own = {"lat": ticket.lat, "lon": ticket.lon, "label": _("Phản ánh này"), "here": True}
    return pins if ticket.lat is None else [own, *pins]
