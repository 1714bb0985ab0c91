"""The key of a row in a list that is ordered by a moment and an id: where the next part of it begins."""

from datetime import UTC, datetime
from uuid import UUID

from app.problems import NotFound


def write_key(at: datetime, row: UUID) -> str:
    """Return what an address says of the last row that was shown."""
    return f"{at.isoformat()}_{row.hex}"


def read_key(after: str | None) -> tuple[datetime, UUID] | None:
    """Return moment and id of the last row that was shown, None at the start; `NotFound` for a key we never gave."""
    if not after:
        return None
    try:
        moment, row = after.split("_")
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None:
            raise NotFound
        return at.astimezone(UTC), UUID(row)
    except (ValueError, OverflowError):
        raise NotFound from None
