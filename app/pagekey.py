"""Where a list goes on, as the address of its next part says it."""

from datetime import UTC, datetime
from uuid import UUID

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


def write(at: datetime, row: UUID) -> str:
    """Return what an address says of the last row that was shown, where a moment and an id are the order."""
    return f"{at.isoformat()}_{row.hex}"


def read(after: str | None) -> tuple[datetime, UUID] | None:
    """Return moment and id of the last row that was shown, None at the start; raise `NotFound` as `moment` does."""
    if not after:
        return None
    try:
        at, row = after.split("_")
        return moment(at), UUID(row)
    except ValueError:
        raise NotFound from None
