"""What lists of tickets are worked with: the words they are found by, views, marks, steps on many, exports."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, BigId, Json, UtcDateTime, one_of
from models.vocabulary import BulkAction, ExportFormat

_HELD = text("begun_at is null and undone_at is null")
_UNDER_WAY = text("begun_at is not null and done_at is null")


class TicketSearch(Base):
    """The words that a ticket is found by, folded, with a space on either side; made by `app.search` alone.

    A ticket has a row from the commit that lets staff see it, and has none while it is sealed. All of it can be made
    again from the tickets, so a back-up leaves it out. PostgreSQL keeps the words as a tsvector.
    """

    __tablename__ = "ticket_search"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    words: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))

    __table_args__ = (
        Index("ix_ticket_search_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
        {"info": {"derived": True}},
    )


class SavedView(Base):
    """A filter with a name: one person's, or every person's of a department."""

    __tablename__ = "saved_view"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    made_by: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[dict[str, Any]] = mapped_column(Json)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("(account_id is null) <> (department_id is null)", name="one_owner"),
        UniqueConstraint("account_id", "name"),
        UniqueConstraint("department_id", "name"),
    )


class TicketMark(Base):
    """A person wants to look at a ticket later. Theirs alone, and nothing that happens to the ticket."""

    __tablename__ = "ticket_mark"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True, index=True)
    marked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Bulk(Base):
    """One step that a person takes on many tickets at once. It is held until `due_at`, so that it can be undone.

    Either `begun_at` or `undone_at` is set, never both. `words` are the person's, and are gone when all is done.
    """

    __tablename__ = "bulk"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    action: Mapped[BulkAction] = mapped_column(one_of(BulkAction))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason_code: Mapped[str | None] = mapped_column(String(32))
    words: Mapped[str | None] = mapped_column(Text)
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    steps: Mapped[list["BulkStep"]] = relationship(order_by="BulkStep.id", passive_deletes="all")

    __table_args__ = (
        CheckConstraint("begun_at is null or undone_at is null", name="begun_or_undone"),
        CheckConstraint("done_at is null or begun_at is not null", name="done_was_begun"),
        Index("ix_bulk_held", "due_at", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_bulk_under_way", "due_at", sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY),
        Index("ix_bulk_account", "account_id", "made_at"),
    )


class BulkStep(Base):
    """One ticket of a bulk, as the person last saw it (`version`): done, or refused for a reason, or still to come."""

    __tablename__ = "bulk_step"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    bulk_id: Mapped[UUID] = mapped_column(ForeignKey("bulk.id"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (
        UniqueConstraint("bulk_id", "ticket_id"),
        CheckConstraint("done_at is null or refused is null", name="done_or_refused"),
    )


class Export(Base):
    """Who took which list of tickets out of the system, and how many. Triggers refuse to change or delete a row."""

    __tablename__ = "export"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    format: Mapped[ExportFormat] = mapped_column(one_of(ExportFormat))
    query: Mapped[dict[str, Any]] = mapped_column(Json)
    tickets: Mapped[int] = mapped_column(Integer)

    account: Mapped[Account] = relationship()
