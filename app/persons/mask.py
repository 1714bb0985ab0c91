"""Contact data as staff see it until they say why they need it whole."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import phonenumbers
from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.persons.contacts import HERE, ContactDetails, contact_of
from app.persons.keys import ContactKeyMissing

HIDDEN: Final = "•"
#: Digits of a number that stay: enough to tell two of one list apart, too few to call.
_HEAD: Final = 2
_TAIL: Final = 2
_GROUPS: Final = (4, 7)


@dataclass(frozen=True)
class Masked:
    """A contact with the middle of each part hidden."""

    name: str | None
    phone: str | None
    email: str | None
    #: It is there, but none of the contact keys opens it.
    lost: bool = False


def masked_of(hotline: Hotline, session: Session, ticket_id: UUID) -> Masked | None:
    """Return the contact of a ticket with its parts hidden; a key that is missing costs the contact, not the page."""
    try:
        return masked(contact_of(hotline, session, ticket_id))
    except ContactKeyMissing:
        return Masked(None, None, None, lost=True)


def masked(contact: ContactDetails | None) -> Masked | None:
    """Return a contact with its parts hidden; None for none."""
    if contact is None:
        return None
    return Masked(
        name=masked_name(contact.name) if contact.name else None,
        phone=masked_number(contact.phone) if contact.phone else None,
        email=masked_email(contact.email) if contact.email else None,
    )


def masked_number(number: str) -> str:
    """Return a telephone number (E.164) as `09•• ••• •12`; a foreign one with its country code."""
    parsed = phonenumbers.parse(number, "VN")
    digits = phonenumbers.national_significant_number(parsed)
    plain = f"0{digits}" if parsed.country_code == HERE else f"+{parsed.country_code} {digits}"
    head, tail = plain[:_HEAD], plain[-_TAIL:]
    hidden = head + HIDDEN * (len(plain) - _HEAD - _TAIL) + tail
    first, second = _GROUPS
    return " ".join(filter(None, (hidden[:first], hidden[first:second], hidden[second:])))


def masked_name(name: str) -> str:
    """Return each word of a name as its first letter."""
    return " ".join(f"{word[0]}{HIDDEN * 2}" for word in name.split())


def masked_email(address: str) -> str:
    """Return an address as `l•••@v•••.vn`: not whose, and hardly where."""
    local, _, domain = address.rpartition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}{HIDDEN * 3}@{host[:1]}{HIDDEN * 3}.{top}"
