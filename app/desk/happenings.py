"""What happens to a call, written down: when it was announced, taken, put through, handed over, filed, ended."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from models.account import Account
from models.desk import PhoneCall, PhoneCallEvent


def happened(
    session: Session, call_id: UUID, kind: str, now: datetime, actor: Account | None = None, **data: str
) -> None:
    """Append one line to what is known of a call; `data` never holds anything personal."""
    actor_id = actor.id if actor else None
    session.add(PhoneCallEvent(call_id=call_id, at=now, kind=kind, actor_id=actor_id, data=data))


def handed_over(session: Session, call_id: UUID, account: Account, to: Account, now: datetime) -> None:
    """Let a call follow the draft that is handed over."""
    session.get_one(PhoneCall, call_id).account_id = to.id
    happened(session, call_id, "handed_over", now, account, to=to.id.hex)


def filed(session: Session, call_id: UUID, account: Account, now: datetime) -> None:
    """Note that a report came of a call, never which; its number is forgotten."""
    call = session.get_one(PhoneCall, call_id)
    call.number = None
    happened(session, call_id, "filed", now, account)
    ended(session, call, now)


def ended(session: Session, call: PhoneCall, now: datetime) -> None:
    """Note the end of a call, once."""
    if call.ended_at is None:
        call.ended_at = now
        happened(session, call.id, "ended", now)
