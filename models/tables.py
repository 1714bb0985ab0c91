"""Every table, imported in one place: migrations and the schema test need the whole metadata."""

from models import account, article, department, incident, letter, outbox, place, sealed, taxonomy, ticket
from models.base import Base

__all__ = [
    "Base",
    "account",
    "article",
    "department",
    "incident",
    "letter",
    "outbox",
    "place",
    "sealed",
    "taxonomy",
    "ticket",
]
