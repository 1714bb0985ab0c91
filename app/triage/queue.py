"""The queue between relay and workers: RQ with ids only, JSON only, and time limits on every call to Redis."""

from collections.abc import Sequence
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from app.settings import Settings

QUEUE: Final = "triage"
#: Work that may wait: a worker looks here when there is nothing to triage.
LEARNING: Final = "learning"
QUEUES: Final = (QUEUE, LEARNING)
#: Seconds that any call may take; a frozen Redis must not freeze us.
REDIS_TIMEOUT: Final = 1.0
#: redis-py would try ten times by itself: eleven time limits and pauses. Our next round is the retry.
ONE_TRY: Final = Retry(NoBackoff(), 0)
JOB: Final = "app.triage.jobs.triage"


def connect(settings: Settings, *, blocking: bool = False) -> Redis:
    """Return a client. A worker waits on Redis by design, so its client (`blocking`) has patience."""
    if blocking:
        return Redis.from_url(settings.redis_url, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=None)
    return Redis.from_url(
        settings.redis_url, socket_connect_timeout=REDIS_TIMEOUT, socket_timeout=REDIS_TIMEOUT, retry=ONE_TRY
    )


def open_queue(settings: Settings, name: str = QUEUE) -> Queue:
    """Return a queue, the one that triage jobs are put on unless told otherwise."""
    return Queue(name, connection=connect(settings), serializer=JSONSerializer, default_timeout=settings.job_timeout)


def put(queue: Queue, entry_ids: Sequence[int], *, timeout: int) -> None:
    """Enqueue one job for these outbox entries.

    The description is fixed: RQ would otherwise store and log the call with its arguments. There is no RQ retry.
    """
    queue.enqueue_call(
        JOB, args=(list(entry_ids),), timeout=timeout, result_ttl=0, failure_ttl=600, description="triage"
    )
