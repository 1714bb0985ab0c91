"""Where other systems are told of what happens to tickets, and what each is still to be told."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, BigId, UtcDateTime, one_of
from models.department import Department
from models.vocabulary import DeliveryOutcome, WebhookOff

_OWED = text("done_at is null and given_up_at is null")


class Webhook(Base):
    """An address outside that is told of tickets: those of one unit, or all; never of a sealed one.

    `secret` signs what is sent, encrypted with a key of `app.keys`. After failures in a row it rests until a time.
    `since_event` is the last happening before it was set up: it is told of later ones.
    """

    __tablename__ = "webhook"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(120))
    url: Mapped[str] = mapped_column(String(500))
    department_id: Mapped[str | None] = mapped_column(ForeignKey("department.id"))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    since_event: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    off_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    off_because: Mapped[WebhookOff | None] = mapped_column(one_of(WebhookOff))
    failures: Mapped[int] = mapped_column(Integer, default=0)
    rests_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    department: Mapped[Department | None] = relationship()
    creator: Mapped[Account | None] = relationship()


class WebhookDelivery(Base):
    """One message owed to a webhook; its id is what the receiver knows it by, however often it comes.

    `due_at` is its lease, as of an outbox entry. `body` is what is sent, to the byte, and goes when nothing is owed any
    more. Without an event it is a trial that somebody asked for.
    """

    __tablename__ = "webhook_delivery"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("ticket_event.id"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[DeliveryOutcome | None] = mapped_column(one_of(DeliveryOutcome))
    answered: Mapped[int | None] = mapped_column(Integer)

    webhook: Mapped[Webhook] = relationship()

    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_delivery_owed", "webhook_id", "due_at", sqlite_where=_OWED, postgresql_where=_OWED),
        Index(None, "webhook_id", "created_at", "id"),
        Index(None, "created_at"),
    )


class WebhookCursor(Base):
    """Up to which happening webhooks have their deliveries: one row, which whoever goes on holds."""

    __tablename__ = "webhook_cursor"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger)


class WebhookGap(Base):
    """Numbers below the cursor that were not there: of a transaction that was still to end, or never to be."""

    __tablename__ = "webhook_gap"

    first_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
