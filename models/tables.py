"""Every table, imported in one place: migrations and the schema test need the whole metadata."""

from models import (
    account,
    article,
    calendar,
    coordination,
    department,
    extension,
    incident,
    letter,
    notice,
    outbox,
    person,
    place,
    returning,
    sealed,
    taxonomy,
    ticket,
)
from models.base import Base

__all__ = [
    "Base",
    "account",
    "article",
    "calendar",
    "coordination",
    "department",
    "extension",
    "incident",
    "letter",
    "notice",
    "outbox",
    "person",
    "place",
    "returning",
    "sealed",
    "taxonomy",
    "ticket",
]
