"""Who tries too often waits. Failing open or closed is a choice per use, written here.

Filing fails open and is counted in each web process alone: Redis is not on the citizen's path. Logging in fails closed
and is counted in Redis for all processes together: a throttle that an attacker can take down protects nobody.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from cachetools import TTLCache
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from app.problems import NotAvailable, NotFound, TooManyTries
from app.settings import Settings
from app.triage.queue import connect

#: Addresses counted at a time; past it the oldest count is forgotten, which fails open.
ADDRESSES_MAX: Final = 100_000
#: Suggestions while typing, as many times what may be filed: one a pause.
TYPING: Final = 10
#: Codes that nobody holds, as many times what one address may try, until those who have missed wait sooner.
MISSES: Final = 10
#: So many misses a person may have then: who mistypes looks again.
MISSES_OF_ONE: Final = 3
#: Whom misses of all addresses together are counted as; no address has this name.
EVERYBODY: Final = ""


class Throttle:
    """Counts tries; raises `TooManyTries` past the limit."""

    def __init__(self, settings: Settings) -> None:
        """Take the limits from the settings; nothing connects yet."""
        self._settings = settings
        # Not the memory storage of `limits`: it starts a thread every few hits, which costs more than the hit.
        self._tries: TTLCache[tuple[str, str], list[int]] = TTLCache(ADDRESSES_MAX, ttl=60)
        self._lock = threading.Lock()
        self._login_limit = RateLimitItemPerMinute(settings.login_per_quarter_hour, 15)

    def filing(self, address: str) -> None:
        """Count a report filed from an address."""
        self._count("filing", address)

    def nearby(self, address: str) -> None:
        """Count a look at what is known near a place: what each answer tells is little, thousands tell more."""
        self._count("nearby", address)

    def suggestion(self, address: str) -> None:
        """Count a look at what a text would be taken for: a person who types pauses often, and several share a line."""
        self._count("suggestion", address, TYPING)

    @contextmanager
    def code(self, address: str) -> Iterator[None]:
        """Count a code tried from an address, and within the block whether anybody holds it (`NotFound`: nobody).

        Guessing codes is hopeless, but loud. Whoever waits is told so before anything is looked up, so that a code that
        is held and one that is not look alike. Once many miss from wherever they come, an address that has missed some
        times waits, too: those who hold a code hardly miss, however many share their address.
        """
        self._count("code", address)
        with self._lock:
            loud = self._so_far("missed", EVERYBODY) >= MISSES * self._settings.intake_per_minute
            if loud and self._so_far("missed", address) >= MISSES_OF_ONE:
                raise TooManyTries(60)
        try:
            yield
        except NotFound:
            with self._lock:
                for who in (address, EVERYBODY):
                    self._add("missed", who)
            raise

    def _so_far(self, what: str, who: str) -> int:
        return self._tries.get((what, who), [0])[0]

    def _add(self, what: str, who: str) -> int:
        tries = self._tries.setdefault((what, who), [0])
        tries[0] += 1
        return tries[0]

    def _count(self, what: str, address: str, times: int = 1) -> None:
        """Count in a window of a minute that begins with the first try."""
        with self._lock:
            if self._add(what, address) > times * self._settings.intake_per_minute:
                raise TooManyTries(60)

    def login(self, address: str, username: str, device: str | None = None) -> None:
        """Count a login tried from an address and one for a user; without Redis nobody gets in, by whatever way.

        `device` is a device on which this user has been in before. It is counted by itself alone: whoever shuts a user
        or an office out by guessing does not shut out those who work there.
        """
        if device is not None:
            self._enter(("device", device))
        else:
            self._enter(("address", address), ("user", username.strip().lower()[:64]))

    def second_step(self, account: str) -> None:
        """Count a code tried as the second step of a login; only who has the password gets this far."""
        self._enter(("second", account))

    def secret_asked(self, account: str) -> None:
        """Count a password or code that a person who is in gives once more."""
        self._enter(("again", account))

    def provider(self, address: str) -> None:
        """Count a login begun at the OpenID provider from an address."""
        self._enter(("provider", address))

    def invitation(self, address: str) -> None:
        """Count an invitation tried from an address, with its logins; without Redis nobody gets in by one."""
        self._enter(("address", address))

    def _enter(self, *counted: tuple[str, str]) -> None:
        try:
            for kind, who in counted:
                if not self._login.hit(self._login_limit, "login", kind, who):
                    raise TooManyTries(15 * 60)
        except RedisError as error:
            raise NotAvailable("login throttle") from error

    @cached_property
    def _login(self) -> FixedWindowRateLimiter:
        storage = RedisStorage(self._settings.redis_url, connection_pool=connect(self._settings).connection_pool)
        return FixedWindowRateLimiter(storage)
