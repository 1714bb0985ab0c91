"""Every table, imported in one place: migrations and the schema test need the whole metadata."""

from models import account, department, incident, outbox, place, taxonomy, ticket
from models.base import Base

__all__ = ["Base", "account", "department", "incident", "outbox", "place", "taxonomy", "ticket"]
