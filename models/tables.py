"""Every table, imported in one place: migrations and the schema test need the whole metadata."""

from models import account, calendar, department, extension, notice, outbox, place, taxonomy, ticket
from models.base import Base

__all__ = ["Base", "account", "calendar", "department", "extension", "notice", "outbox", "place", "taxonomy", "ticket"]
