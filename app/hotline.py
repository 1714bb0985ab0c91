"""What every operation needs besides its session: settings, keys, clock, database. Built once per process."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy.orm import Session

from app import keys as key_ring
from app.database import Database
from app.keys import Keys
from app.persons.keys import ContactKeys
from app.seals import Seals
from app.settings import Settings
from app.units.standing import StandingCity
from app.workdays import CalendarInForce
from routing.calendar import WorkingCalendar
from routing.city import City, load_city


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Hotline:
    """One installation as seen from one process. `now` is the clock, so that tests can set it."""

    settings: Settings
    database: Database
    keys: Keys
    now: Callable[[], datetime] = field(default=_utc_now)

    @cached_property
    def files(self) -> City:
        """The city as its files alone have it; `CityDataError` names what is wrong with them. Asks no database."""
        return load_city(self.settings.city)

    @cached_property
    def standing(self) -> StandingCity:
        """What keeps `city` in step with the book of units."""
        return StandingCity(self.files, self.database)

    @property
    def city(self) -> City:
        """The city's wards and rules, and its units as administrators have changed them until just now.

        The calendar in here is the file's alone: `calendar` has what administrators decided on top of it.
        """
        return self.standing.city()

    def calendar(self, session: Session) -> WorkingCalendar:
        """Return the calendar that is in force, with every decision that this session sees."""
        return self._in_force.read(session)

    def city_in_force(self, session: Session) -> City:
        """Return the city with the calendar that is in force."""
        return replace(self.city, calendar=self.calendar(session))

    @cached_property
    def _in_force(self) -> CalendarInForce:
        return CalendarInForce(self.files.calendar)

    @cached_property
    def seals(self) -> Seals:
        """The keys of the vault."""
        return Seals(self.settings)

    @cached_property
    def contact_keys(self) -> ContactKeys:
        """The keys of contact data."""
        return ContactKeys(self.settings)


def open_hotline(settings: Settings) -> Hotline:
    """Build the environment of a process from its settings. Nothing connects yet."""
    database = Database(settings.database_url, role=settings.database_role)
    return Hotline(settings, database, key_ring.derive(settings.secret_key))
