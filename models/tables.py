"""Every table, imported in one place: migrations and the schema test need the whole metadata."""

from models import account, coordination, department, outbox, place, returning, taxonomy, ticket
from models.base import Base

__all__ = ["Base", "account", "coordination", "department", "outbox", "place", "returning", "taxonomy", "ticket"]
