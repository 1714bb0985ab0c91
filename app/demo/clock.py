"""The time at which the demonstration's invented past is being lived."""

from dataclasses import dataclass
from datetime import datetime


@dataclass
class Clock:
    """A clock that is set."""

    at: datetime

    def __call__(self) -> datetime:
        """Return the time."""
        return self.at
