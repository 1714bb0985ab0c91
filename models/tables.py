"""Every table, imported in one place: migrations and the schema test need the whole metadata."""

from models import (
    account,
    calendar,
    coordination,
    department,
    extension,
    notice,
    outbox,
    place,
    returning,
    taxonomy,
    ticket,
)
from models.base import Base

__all__ = [
    "Base",
    "account",
    "calendar",
    "coordination",
    "department",
    "extension",
    "notice",
    "outbox",
    "place",
    "returning",
    "taxonomy",
    "ticket",
]
