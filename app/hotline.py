"""What every operation needs besides its session: settings, keys, clock, database. Built once per process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from app import keys as key_ring
from app.database import Database
from app.keys import Keys
from app.seals import Seals
from app.settings import Settings
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
    def city(self) -> City:
        """The city's units, wards, rules and calendar; `CityDataError` names what is wrong with its files."""
        return load_city(self.settings.city)

    @cached_property
    def seals(self) -> Seals:
        """The keys of the vault."""
        return Seals(self.settings)


def open_hotline(settings: Settings) -> Hotline:
    """Build the environment of a process from its settings. Nothing connects yet."""
    return Hotline(settings, Database(settings.database_url), key_ring.derive(settings.secret_key))
