"""Figures for Prometheus, read from the database and the queue when they are asked for.

Not counted in the processes: these come and go, and each knows a part only. So every web process answers the same, and
a restart loses nothing. prometheus_client writes the format.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.deadlines import is_paused
from app.errors import is_away
from app.hotline import Hotline
from app.triage.queue import LEARNING, QUEUE, open_queue
from classifier import artifact
from models.outbox import Heartbeat, OutboxEntry
from models.ticket import Ticket
from models.vocabulary import Status
from models.workflow import AWAITS_COORDINATOR, AWAITS_DEPARTMENT

DAY: Final = timedelta(days=1)
#: Of so many last triage jobs the delay is told.
LATEST: Final = 500
#: Where a ticket is once the machine has sent it on by itself.
WITH_A_UNIT: Final = AWAITS_DEPARTMENT | {Status.ANSWERED, Status.CLOSED}


def exposition(hotline: Hotline) -> bytes:
    """Return all figures in Prometheus' text format; without a database only that it is away."""
    registry = CollectorRegistry()
    registry.register(_Figures(hotline))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline

    def describe(self) -> Iterable[Metric]:
        """Tell nothing beforehand: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        try:
            with self._hotline.database.reading() as session:
                figures = [*self._tickets(session), *self._work(session)]
        except SQLAlchemyError as error:
            if not is_away(error):
                raise
            figures = []
        yield _gauge("database_up", "Whether the database answers.", bool(figures))
        yield from figures
        yield from self._queues()
        yield self._model()

    def _tickets(self, session: Session) -> Iterator[Metric]:
        now = self._hotline.now()
        counted = dict(iter(session.execute(select(Ticket.status, func.count()).group_by(Ticket.status))))
        yield _by("tickets", "Tickets by status.", "status", {s.value: counted.get(s, 0) for s in Status})
        yield _gauge("reports_filed", "Reports filed since the beginning.", sum(counted.values()))
        fresh = select(Ticket.status, func.count()).where(Ticket.status.in_(Status), Ticket.received_at >= now - DAY)
        recent = dict(iter(session.execute(fresh.group_by(Ticket.status))))
        where = {
            "waiting": recent.get(Status.RECEIVED, 0),
            "unit": sum(recent.get(s, 0) for s in WITH_A_UNIT),
            "coordinator": sum(recent.get(s, 0) for s in AWAITS_COORDINATOR),
        }
        where["other"] = sum(recent.values()) - sum(where.values())
        yield _by("reports_last_day", "Reports of the last 24 hours by where they are now.", "place", where)
        late = select(func.count()).where(
            Ticket.status.in_(AWAITS_DEPARTMENT), Ticket.resolve_due_at < now, ~is_paused()
        )
        yield _gauge("deadlines_missed", "Tickets in a unit's hands past their deadline.", session.scalar(late) or 0)

    def _work(self, session: Session) -> Iterator[Metric]:
        now = self._hotline.now()
        pending = OutboxEntry.done_at.is_(None), OutboxEntry.given_up_at.is_(None)
        owed = session.scalar(select(func.count(OutboxEntry.id)).where(*pending)) or 0
        oldest = session.scalar(select(func.min(OutboxEntry.created_at)).where(*pending))
        yield _gauge("outbox_pending", "Jobs promised and not yet done.", owed)
        yield _gauge(
            "outbox_lag_seconds", "Age of the oldest job not yet done.", 0 if oldest is None else _age(now, oldest)
        )
        given_up = select(func.count()).where(OutboxEntry.given_up_at.is_not(None), OutboxEntry.done_at.is_(None))
        yield _gauge("jobs_given_up", "Jobs that failed too often, left to people.", session.scalar(given_up) or 0)
        done = select(OutboxEntry.created_at, OutboxEntry.done_at).order_by(OutboxEntry.id.desc()).limit(LATEST)
        delays = [_age(end, start) for start, end in session.execute(done) if end is not None]
        steps = quantiles(delays, n=100, method="inclusive") if len(delays) > 1 else [0.0] * 99
        what = f"Seconds from filing to triage, of the last {LATEST} reports."
        yield _by("triage_delay_seconds", what, "quantile", {"0.5": steps[49], "0.95": steps[94], "0.99": steps[98]})
        beat = session.get(Heartbeat, "relay")
        if beat is not None:
            yield _gauge("relay_beat_age_seconds", "Since the relay last said that it lives.", _age(now, beat.at))

    def _queues(self) -> Iterator[Metric]:
        depths: dict[str, float] = {}
        try:
            for name in (QUEUE, LEARNING):
                depths[name] = open_queue(self._hotline.settings, name).count
        except RedisError:
            depths.clear()
        yield _gauge("redis_up", "Whether Redis answers.", bool(depths))
        if depths:
            yield _by("queue_jobs", "Jobs that wait for a worker.", "queue", depths)

    def _model(self) -> Metric:
        directory = artifact.current(self._hotline.settings.models)
        return _by("model_info", "The model in service.", "version", {directory.name: 1} if directory else {})


def _age(later: datetime, earlier: datetime) -> float:
    return max(0.0, (later - earlier).total_seconds())


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"langnghe_{name}", what, float(value))


def _by(name: str, what: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"langnghe_{name}", what, labels=[label])
    for of, value in values.items():
        family.add_metric([of], value)
    return family
