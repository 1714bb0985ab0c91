"""Seeing a contact whole: an act with a reason, on record before it is shown."""

from typing import Final
from uuid import UUID

from app import access
from app.hotline import Hotline
from app.persons.contacts import ContactDetails, contact_of
from app.problems import NotFound
from app.words import reason_of
from models.account import Account
from models.ticket import Happening

#: Characters of the reason for which somebody sees a contact.
REASON_MAX: Final = 300
#: The kind of event that says who saw a contact.
SHOWN: Final = "contact_shown"


def reveal(hotline: Hotline, account: Account, ticket_id: UUID, reason: str) -> ContactDetails:
    """Return how to reach the citizen of a ticket, to who deals with them and says why; that is on record first.

    Raises `NotFound` for who may not and where there is no contact, `Refused` without a reason, `ContactKeyMissing`.
    """
    with hotline.database.transaction() as session:
        ticket = access.find_ticket(session, account, ticket_id, lock=True)
        contact = contact_of(hotline, session, ticket_id) if access.may_reach(account, ticket) else None
        if contact is None:
            raise NotFound
        why = reason_of(reason, REASON_MAX)
        ticket.happened(Happening(SHOWN, hotline.now(), account.id, internal_text=why))
        return contact
