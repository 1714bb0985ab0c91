"""The city as it stands for a running process: its files, with the units as the book has them."""

import logging
import threading
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.database import Database
from app.units import book
from routing.city import City

log = logging.getLogger(__name__)

#: Seconds for which a process does not look whether the book has changed.
LOOK_EVERY: Final = 3.0


class StandingCity:
    """Keeps one city ready. Looks at the book's edition at most every few seconds, and reads it only when it is new.

    While the database is away the city stays as it was last; before there is a book it is what the files say.
    """

    def __init__(self, files: City, database: Database) -> None:
        """Nothing is read before somebody asks."""
        self._files = files
        self._database = database
        self._city = files
        self._edition = ""
        self._looked = float("-inf")
        self._looking = threading.Lock()

    def city(self) -> City:
        """Return the city as it stands, at most `LOOK_EVERY` seconds old."""
        if time.monotonic() - self._looked >= LOOK_EVERY and self._looking.acquire(blocking=False):
            try:
                with self._database.reading() as session:
                    self._read(session)
            except SQLAlchemyError as error:
                log.warning("units stay as they were: %s", type(error).__name__)
            finally:
                self._looked = time.monotonic()
                self._looking.release()
        return self._city

    def fresh(self, session: Session) -> City:
        """Return the city as this session sees the book now, whenever somebody last looked."""
        with self._looking:
            self._read(session)
        return self._city

    def due(self) -> bool:
        """Tell whether the next question would look at the database."""
        return time.monotonic() - self._looked >= LOOK_EVERY

    def _read(self, session: Session) -> None:
        seen = book.edition(session)
        if seen != self._edition:
            self._city = self._files.with_units(book.read(session), seen)
            self._edition = seen
