"""What time alone does at the desk: nothing personal outlives its use."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.desk import callbacks, calls, drafts


def advance(session: Session, now: datetime) -> None:
    """Delete drafts nobody touched for a day and call-backs whose time is over, forget old numbers; safe twice."""
    drafts.expire(session, now)
    callbacks.expire(session, now)
    calls.forget_numbers(session, now)
