"""Who else has a ticket open: kept in Redis for half a minute, and simply unknown while Redis is away.

Redis holds ids alone. One that is slow costs a person's page one short time limit and then, for a while, nothing.
"""

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.settings import Settings
from models.account import Account

#: Seconds for which somebody counts as there after they were last heard of; pages tell every `TELL`.
THERE: Final = 30
TELL: Final = 10
#: Seconds that Redis may take, and for which it is left alone when it did not answer.
PATIENCE: Final = 0.2
REST: Final = 15.0


class Presence:
    """Who has which ticket open, as far as the processes of this installation know."""

    def __init__(self, settings: Settings) -> None:
        """Take the address; nothing connects yet."""
        self._redis = Redis.from_url(
            settings.redis_url,
            socket_connect_timeout=PATIENCE,
            socket_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._rests_until = 0.0

    def look_in(self, ticket_id: UUID, account_id: UUID) -> list[UUID]:
        """Say that a person has a ticket open; return who else has. Nobody while Redis is away."""
        if time.monotonic() < self._rests_until:
            return []
        key, now = f"presence:{ticket_id.hex}", time.time()
        try:
            with self._redis.pipeline() as pipe:
                pipe.zremrangebyscore(key, 0, now - THERE)
                pipe.zadd(key, {account_id.hex: now})
                pipe.expire(key, THERE)
                pipe.zrange(key, 0, -1)
                there: list[str] = pipe.execute()[-1]
        except RedisError:
            self._rests_until = time.monotonic() + REST
            return []
        return [UUID(one) for one in there if one != account_id.hex]


def names(session: Session, account_ids: Sequence[UUID]) -> list[str]:
    """Return what people are called, by name."""
    if not account_ids:
        return []
    query = select(Account.display_name).where(Account.id.in_(account_ids)).order_by(Account.display_name)
    return list(session.scalars(query))
