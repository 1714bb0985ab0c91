"""Where a list goes on, as the address of its next part says it."""

from datetime import UTC, datetime

from app.problems import NotFound


def moment(said: str) -> datetime:
    """Return a moment of a key in UTC; raise `NotFound` for one that we never gave: none, without zone, beyond time."""
    try:
        at = datetime.fromisoformat(said)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise NotFound
