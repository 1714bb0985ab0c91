"""Contact data: locked on the way in, opened for who may, found by number, locked anew when keys turn."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import phonenumbers
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.access import COUNTED
from app.hotline import Hotline
from app.persons.keys import ContactKeys
from models.ticket import Contact, Ticket
from models.vocabulary import Purpose

log = logging.getLogger(__name__)

#: The country code of numbers that are written without one.
HERE: Final = 84
FIELDS: Final = ("name", "phone", "email")
#: Rows that are locked anew in one transaction: few, for citizens file meanwhile.
BATCH: Final = 200
_IN_CLEAR: Final = Contact.key_id.is_(None)


@dataclass(frozen=True)
class ContactDetails:
    """How to reach the person who filed; any part may be missing. `phone` is E.164."""

    name: str | None
    phone: str | None
    email: str | None
    consented_at: datetime
    purpose: Purpose = Purpose.ANSWER

    @property
    def phone_shown(self) -> str | None:
        """The number as people here write it."""
        if self.phone is None:
            return None
        form = phonenumbers.PhoneNumberFormat
        parsed = phonenumbers.parse(self.phone)
        return phonenumbers.format_number(parsed, form.NATIONAL if parsed.country_code == HERE else form.INTERNATIONAL)

    @property
    def identity(self) -> tuple[str, ...]:
        """What says who it is: name, telephone, e-mail address."""
        return tuple(filter(None, (self.name, self.phone, self.email)))


def locked(keys: ContactKeys, ticket_id: UUID, details: ContactDetails) -> Contact:
    """Return the row that keeps a contact; raises `ContactKeyMissing`, so that nothing is stored."""
    contact = Contact(ticket_id=ticket_id, consented_at=details.consented_at, purpose=details.purpose)
    _lock(keys, contact, details)
    return contact


def _lock(keys: ContactKeys, row: Contact, details: ContactDetails) -> None:
    for field in FIELDS:
        value = getattr(details, field)
        setattr(row, field, keys.lock(row.ticket_id, field, value) if value is not None else None)
    row.phone_index = keys.index(details.phone) if details.phone else None
    row.key_id = keys.newest


def opened(keys: ContactKeys, row: Contact) -> ContactDetails:
    """Return what a row says, also one that an earlier release wrote in clear; raises `ContactKeyMissing`."""
    said = {field: getattr(row, field) for field in FIELDS}
    if row.key_id is not None:
        said = {field: token and keys.open(row.ticket_id, field, token) for field, token in said.items()}
    return ContactDetails(**said, consented_at=row.consented_at, purpose=row.purpose)


def contact_of(hotline: Hotline, session: Session, ticket_id: UUID) -> ContactDetails | None:
    """Return how to reach who filed a ticket, or None; whoever shows it whole has recorded that (`app.persons.reveal`).

    Raises `ContactKeyMissing`.
    """
    row = session.get(Contact, ticket_id)
    return opened(hotline.contact_keys, row) if row is not None else None


def has_number(hotline: Hotline, number: str) -> ColumnElement[bool]:
    """Return the condition for a contact with this number (E.164); raises `ContactKeyMissing`."""
    found = Contact.phone_index.in_(hotline.contact_keys.indexes(number))
    return or_(found, and_(_IN_CLEAR, Contact.phone == number))


def tickets_of_number(
    hotline: Hotline, session: Session, number: str, seen: ColumnElement[bool] = COUNTED
) -> Sequence[Ticket]:
    """Return the tickets that left this number (E.164), the newest first; never a denunciation.

    `seen` is what the asker may know of: unless told otherwise what is triaged and open. Raises `ContactKeyMissing`.
    """
    query = select(Ticket).join(Contact, Contact.ticket_id == Ticket.id).where(has_number(hotline, number), seen)
    return session.scalars(query.order_by(Ticket.received_at.desc(), Ticket.id)).all()


def sweep(hotline: Hotline) -> int:
    """Lock what an earlier release, before or beside this one, has written in clear; return how many rows.

    The relay asks again and again; an index holds nothing but these rows, so asking costs nothing.
    """
    if not hotline.contact_keys.ready:
        return 0
    with hotline.database.reading() as session:
        if session.scalar(select(Contact.ticket_id).where(_IN_CLEAR).limit(1)) is None:
            return 0
    done = 0
    while (batch := _relock(hotline, _IN_CLEAR, None)[0]) > 0:
        done += batch
    hotline.database.forget()
    log.info("contacts of %s tickets that lay in clear are locked", done)
    return done


def renew(hotline: Hotline) -> int:
    """Lock every contact with the newest key, batch by batch while the installation serves; return how many."""
    done, after = 0, UUID(int=0)
    while True:
        old = or_(_IN_CLEAR, Contact.key_id != hotline.contact_keys.newest)
        batch, last = _relock(hotline, old, after)
        done += batch
        if last is None:
            return done
        after = last


def _relock(hotline: Hotline, which: ColumnElement[bool], after: UUID | None) -> tuple[int, UUID | None]:
    """Lock one batch anew; return how many, and the last one's ticket."""
    query = select(Contact).where(which).order_by(Contact.ticket_id).limit(BATCH)
    if after is not None:
        query = query.where(Contact.ticket_id > after)
    with hotline.database.transaction() as session:
        rows = session.scalars(query.with_for_update()).all()
        for row in rows:
            _lock(hotline.contact_keys, row, opened(hotline.contact_keys, row))
        return len(rows), rows[-1].ticket_id if rows else None


def rows_by_key(session: Session) -> dict[str | None, int]:
    """Return how many contacts are locked with which key; None for those in clear."""
    counted = select(Contact.key_id, func.count()).group_by(Contact.key_id)
    return dict(iter(session.execute(counted)))
