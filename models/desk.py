"""The call-taker's console: calls as the exchange announces them, drafts, call-backs, and who sits where.

Numbers, names and words are in envelopes, encrypted with a key of their own (`app.keys.Keys.desk`): who reads the
tables alone learns that somebody called, and when. A number leaves its call when the report is filed, or after a day.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, LargeBinary, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.account import Account
from models.base import Base, BigId, Json, UtcDateTime

_WAITS = text("taken_at is null and ended_at is null")
_UNDONE = text("done_at is null")
_GOES_ON = text("taken_at is not null and ended_at is null")
_NUMBERED = text("number is not null")


class PhoneExchange(Base):
    """A telephone exchange (PBX) that may announce calls and do nothing else; its bearer token is kept as a hash."""

    __tablename__ = "phone_exchange"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PhoneCall(Base):
    """A call. `number` is its caller's in an envelope, None once it was filed, a day old, or where it was hidden.

    `external_id` is what its exchange calls it. `account_id` is whom it was offered to, and from `taken_at` on who has
    taken it. A call without an exchange began at the desk.
    """

    __tablename__ = "phone_call"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    exchange_id: Mapped[UUID | None] = mapped_column(ForeignKey("phone_exchange.id"))
    external_id: Mapped[str | None] = mapped_column(String(120))
    extension: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        # An exchange that announces a call twice announces one call.
        Index("uq_phone_call_external", "exchange_id", "external_id", unique=True),
        Index("ix_phone_call_waiting", "at", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("ix_phone_call_going_on", "account_id", sqlite_where=_GOES_ON, postgresql_where=_GOES_ON),
        Index("ix_phone_call_numbered", "at", sqlite_where=_NUMBERED, postgresql_where=_NUMBERED),
        Index(None, "exchange_id", "at"),
    )


class PhoneCallEvent(Base):
    """What happened to a call: announced, taken, transferred to an emergency number, handed over, filed, ended.

    `data` never holds personal data, nor which ticket came of it: a denunciation's writer could be guessed at.
    """

    __tablename__ = "phone_call_event"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("phone_call.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class CallDraft(Base):
    """What a call-taker has typed of a report that is not filed yet. Only the account that has it reads it.

    `version` counts the saves, so that of two open tabs neither overwrites the other unseen. Once handed over it is the
    other's; `handed_by_id` says whose it was, `handed_at` stands until the other has typed on.
    """

    __tablename__ = "call_draft"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    call_id: Mapped[UUID | None] = mapped_column(ForeignKey("phone_call.id"))
    version: Mapped[int] = mapped_column(Integer)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    handed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    handed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    discarded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    handed_by: Mapped[Account | None] = relationship(foreign_keys=[handed_by_id])

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it as it is
    __table_args__ = (Index("ix_call_draft_account", "account_id", "updated_at"),)


class CallBack(Base):
    """Somebody is to be rung back at a time. Shared among call-takers, claimed by one; a confidential one is its
    writer's alone."""

    __tablename__ = "call_back"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=uuid4)
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    confidential: Mapped[bool] = mapped_column(Boolean, default=False)
    claimed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    created_by: Mapped[Account] = relationship(foreign_keys=[created_by_id])
    claimed_by: Mapped[Account | None] = relationship(foreign_keys=[claimed_by_id])

    __table_args__ = (
        CheckConstraint("(claimed_by_id is null) = (claimed_at is null)", name="claimed_whole"),
        CheckConstraint("(done_by_id is null) = (done_at is null)", name="done_whole"),
        Index("ix_call_back_undone", "due_at", "id", sqlite_where=_UNDONE, postgresql_where=_UNDONE),
        Index("ix_call_back_done_at", "done_at"),
    )


class DeskSeat(Base):
    """Where a person takes calls: the extension of the telephone there, whether calls may come, when last seen."""

    __tablename__ = "desk_seat"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    extension: Mapped[str | None] = mapped_column(String(20), unique=True)
    ready: Mapped[bool] = mapped_column(Boolean)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
