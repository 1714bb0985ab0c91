"""Who tries too often waits. Failing open or closed is a choice per use, written here.

Filing fails open and is counted in each web process alone: Redis is not on the citizen's path. Logging in fails closed
and is counted in Redis for all processes together: a throttle that an attacker can take down protects nobody.
"""

from functools import cached_property

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
from redis.exceptions import RedisError

from app.problems import NotAvailable, TooManyTries
from app.settings import Settings
from app.triage.queue import REDIS_TIMEOUT


class Throttle:
    """Counts tries; raises `TooManyTries` past the limit."""

    def __init__(self, settings: Settings) -> None:
        """Take the limits from the settings; nothing connects yet."""
        self._settings = settings
        self._filing = MovingWindowRateLimiter(MemoryStorage())
        self._filing_limit = RateLimitItemPerMinute(settings.intake_per_minute)
        self._login_limit = RateLimitItemPerMinute(settings.login_per_quarter_hour, 15)

    def filing(self, address: str) -> None:
        """Count a report filed from an address."""
        if not self._filing.hit(self._filing_limit, "filing", address):
            raise TooManyTries(60)

    def code(self, address: str) -> None:
        """Count a code tried from an address: guessing codes is hopeless, but loud."""
        if not self._filing.hit(self._filing_limit, "code", address):
            raise TooManyTries(60)

    def login(self, address: str, username: str) -> None:
        """Count a login tried from an address and one for a user; without Redis nobody gets in by password."""
        try:
            for kind, who in (("address", address), ("user", username.strip().lower()[:64])):
                if not self._login.hit(self._login_limit, "login", kind, who):
                    raise TooManyTries(15 * 60)
        except RedisError as error:
            raise NotAvailable("login throttle") from error

    @cached_property
    def _login(self) -> FixedWindowRateLimiter:
        url = self._settings.redis_url
        if url.startswith("unix://"):
            url = "redis+" + url
        storage = RedisStorage(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
        return FixedWindowRateLimiter(storage)
