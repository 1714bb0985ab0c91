"""One thing that many report: the incident, what the machine takes to be of it, and surges of a topic in a ward."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, UtcDateTime
from models.place import Ward
from models.taxonomy import Topic


class Incident(Base):
    """What happened, once, however many report it.

    Its lead, the one ticket that is worked on, is the ticket of it that is not merged; a unique index on `ticket` lets
    there be only one. `reports` counts the lead and the merged ones. Topic and place are the lead's; the place is
    coarse: ward, folded street, H3 cell. One that was joined to another has no tickets any more and says where to look.
    """

    __tablename__ = "incident"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    topic_slug: Mapped[str | None] = mapped_column(ForeignKey("topic.slug"))
    ward_code: Mapped[str | None] = mapped_column(ForeignKey("ward.code"))
    street: Mapped[str | None] = mapped_column(String(120))
    cell: Mapped[str | None] = mapped_column(String(16))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_report_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reports: Mapped[int] = mapped_column(Integer)
    joined_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), index=True)

    topic: Mapped[Topic | None] = relationship()
    ward: Mapped[Ward | None] = relationship()

    __table_args__ = (
        CheckConstraint("reports >= 0", name="reports_range"),
        Index("ix_incident_cell", "cell", "topic_slug", "last_report_at"),
        Index("ix_incident_street", "ward_code", "street", "topic_slug", "last_report_at"),
    )


class Proposal(Base):
    """The machine took a ticket, at its triage, to be of an incident. A person decides; nothing follows by itself."""

    __tablename__ = "proposal"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    incident_id: Mapped[UUID] = mapped_column(
        ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    likeness: Mapped[float] = mapped_column(Float)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    incident: Mapped[Incident] = relationship()


class Surge(Base):
    """More reports of a topic in a ward than its usual rate explains; open until that has been over for an hour."""

    __tablename__ = "surge"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    topic_slug: Mapped[str] = mapped_column(ForeignKey("topic.slug"))
    ward_code: Mapped[str] = mapped_column(ForeignKey("ward.code"))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The most reports in one hour so far, and how many an hour usually has at most.
    peak: Mapped[int] = mapped_column(Integer)
    usual: Mapped[int] = mapped_column(Integer)

    topic: Mapped[Topic] = relationship()
    ward: Mapped[Ward] = relationship()

    __table_args__ = (
        Index(
            "uq_surge_open",
            "topic_slug",
            "ward_code",
            unique=True,
            sqlite_where=text("ended_at is null"),
            postgresql_where=text("ended_at is null"),
        ),
    )
