"""Of two who edit the same words the second is told, and shown the first one's: versions are moments of saving."""

from datetime import datetime

from app.problems import Conflict, Problem


def version_of(saved_at: datetime) -> str:
    """Return what tells words from what they were and will be, for the form in which they are edited."""
    return saved_at.isoformat()


def require_seen(saved_at: datetime, version: str) -> None:
    """Raise `Conflict` where the writer saw another version than the one that is saved now."""
    if version_of(saved_at) != version:
        raise Conflict([Problem("", "words_stale")])
