"""What the page of one ticket shows besides the ticket: who works on it, and what else people of its unit need."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.i18n import gettext as _
from app.work import person
from models.account import Account
from models.ticket import Ticket, TicketEvent

#: What events of each kind call the people they are about.
_PEOPLE: Final = {"assigned": ("assignee",)}


def context(session: Session, account: Account, found: Ticket) -> dict[str, Any]:
    """Return what the templates of the ticket page need, by the names that they have for it."""
    offers = person.offers(account, found)
    return {
        "assignee": found.assignee,
        "person_offers": offers,
        "colleagues": person.colleagues(session, found.department_id) if "give" in offers else (),
    }


def people_named(session: Session, events: Sequence[TicketEvent]) -> dict[str, str]:
    """Return the names of people whom events are about, by what the events call them."""
    ids = {event.data.get(name) for event in events for name in _PEOPLE.get(event.kind, ())} - {None}
    if not ids:
        return {}
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_([UUID(one) for one in ids])))
    return {account_id.hex: name for account_id, name in rows}


def about(event: TicketEvent, named: Mapping[str, str]) -> str:
    """Return whom an event is about, as far as its words do not say so; "" for one about nobody."""
    if event.kind != "assigned":
        return ""
    return named.get(event.data.get("assignee") or "") or _("chưa ai giữ")
