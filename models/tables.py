"""Every table, imported in one place: migrations and the schema test need the whole metadata."""

from models import (
    account,
    article,
    audit,
    calendar,
    coordination,
    department,
    extension,
    incident,
    letter,
    loaded,
    notice,
    outbox,
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
    "audit",
    "calendar",
    "coordination",
    "department",
    "extension",
    "incident",
    "letter",
    "loaded",
    "notice",
    "outbox",
    "place",
    "returning",
    "sealed",
    "taxonomy",
    "ticket",
]
