"""`langnghe bench board`: everything on a leader's page, beside a bare count of tickets over the same days."""

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from app.assignment import local_date
from app.bench.rows import Rows, on_both
from app.bench.world import World
from app.board import figures, schema, service, tallies
from app.board.figures import TALLY, live
from app.board.schema import Asked, row_of_periods
from app.returns.schema import Period
from models.account import Account
from models.ticket import Ticket
from models.vocabulary import Channel, Role, Status, topics

ROWS: Final = 200_000
DAYS: Final = 730
PROBES: Final = 15
WANTED_S: Final = 1.0
UNITS: Final = 60
#: What is shown on most days, and the most that anybody may ask for.
PERIODS: Final = (("30 days", 30), ("366 days", schema.DAYS_MAX))
TICKET: Final = (
    "id", "code_hash", "status", "version", "channel", "text", "search_text", "received_at", "submission_type",
    "urgency", "topic_slug", "ward_code", "department_id", "resolve_due_at", "returns", "answered_at",
)  # fmt: skip
EVENT: Final = ("ticket_id", "at", "kind", "from_status", "to_status", "data")
DEADLINE: Final = ("ticket_id", "kind", "due_at", "met_at", "calendar_version", "clock", "term")
FEEDBACK: Final = ("ticket_id", "rating", "at")
TEXT: Final = "Đèn đường trước hẻm tắt cả tuần nay, tối thui, trẻ con đi học về sợ lắm, nhờ các anh coi giùm. " * 3


class Fact(NamedTuple):
    """A ticket, plain."""

    id: UUID
    at: datetime
    acted_at: datetime | None
    answered_at: datetime | None
    due_at: datetime
    rating: int | None
    topic: str
    ward: str
    unit: str
    channel: str


def run(say: Callable[[str], object], rows: int = ROWS) -> None:
    """Measure on SQLite, then on PostgreSQL."""
    on_both(
        f"{rows} tickets of {DAYS} days",
        lambda made: _tables(made, rows),
        lambda made: _measure(made, say),
        say,
    )


def _measure(made: World, say: Callable[[str], object]) -> None:
    began = time.perf_counter()
    while tallies.keep(made.hotline):
        pass
    say(f"  tallied in         {time.perf_counter() - began:8.1f} s")
    today = local_date(made.hotline, made.hotline.now())
    for words, days in PERIODS:
        _probe(made, words, _asked(made, today, days), say)


def _asked(made: World, today: date, days: int) -> Asked:
    first = today - timedelta(days=days - 1)
    return schema.parse({"from": first.isoformat(), "to": today.isoformat()}, made.hotline.city, today)


def _probe(made: World, words: str, asked: Asked, say: Callable[[str], object]) -> None:
    leader = Account(role=Role.AUDITOR)
    ours, bare = [], []
    for _ in range(PROBES):
        ours.append(_timed(lambda: _board(made, leader, asked)))
        bare.append(_timed(lambda: _count(made, row_of_periods(asked.period))))
    rows = _timed(lambda: _from_rows(made, asked))
    worst = max(ours)
    say(f"  {words}: the page    median {1e3 * statistics.median(ours):7.1f} ms, worst {1e3 * worst:7.1f} ms"
        f" ({'under' if worst < WANTED_S else 'NOT under'} {WANTED_S:.0f} s)")  # fmt: skip
    say(f"  {words}: bare count  median {1e3 * statistics.median(bare):7.1f} ms")
    say(f"  {words}: ratio       {statistics.median(ours) / statistics.median(bare):10.1f}")
    say(f"  {words}: the period's figures alone, from the tickets themselves: {1e3 * rows:.0f} ms")


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _board(made: World, leader: Account, asked: Asked) -> service.Board:
    with made.hotline.database.reading() as session:
        return service.board(made.hotline, session, leader, asked)


def _count(made: World, periods: list[Period]) -> int | None:
    """Count the tickets of all the days that the page reads, in one plain statement."""
    zone = made.hotline.files.calendar.zone
    begins, ends = periods[0].instants(zone)[0], periods[-1].instants(zone)[1]
    with made.hotline.database.reading() as session:
        within = (Ticket.received_at >= begins, Ticket.received_at < ends)
        return session.scalar(select(func.count()).select_from(Ticket).where(*within))


def _from_rows(made: World, asked: Asked) -> object:
    scope, now = asked.scope(made.hotline.files.calendar.zone, None), made.hotline.now()
    with made.hotline.database.reading() as session:
        found = figures.counted(session, live(), scope, now)
        if found != figures.counted(session, TALLY, scope, now):
            raise RuntimeError("the tally is not what the tickets say")
        return found


def _tables(made: World, rows: int) -> Iterator[Rows]:
    yield "ticket", TICKET, map(_ticket, _facts(made, rows))
    yield "ticket_event", EVENT, (event for fact in _facts(made, rows) for event in _events(fact))
    yield "deadline", DEADLINE, (deadline for fact in _facts(made, rows) for deadline in _deadlines(fact))
    yield "feedback", FEEDBACK, (
        (fact.id, fact.rating, fact.answered_at) for fact in _facts(made, rows) if fact.rating and fact.answered_at
    )  # fmt: skip


def _status(fact: Fact) -> Status:
    if fact.answered_at:
        return Status.CLOSED
    return Status.IN_PROGRESS if fact.acted_at else Status.ROUTED


def _ticket(fact: Fact) -> tuple[Any, ...]:
    return (
        fact.id, fact.id.hex, _status(fact).value, 1, fact.channel, TEXT, TEXT, fact.at, "phan-anh", "normal",
        fact.topic, fact.ward, fact.unit, fact.due_at, 0, fact.answered_at,
    )  # fmt: skip


def _events(fact: Fact) -> Iterator[tuple[Any, ...]]:
    yield fact.id, fact.at, "received", None, None, "{}"
    yield fact.id, fact.at, "triaged", "received", "routed", "{}"
    if fact.acted_at:
        yield fact.id, fact.acted_at, "accepted", "routed", "in_progress", "{}"
    if fact.answered_at:
        yield fact.id, fact.answered_at, "answered", "in_progress", "answered", "{}"
        yield fact.id, fact.answered_at, "closed", "answered", "closed", "{}"


def _deadlines(fact: Fact) -> Iterator[tuple[Any, ...]]:
    yield fact.id, "ack", fact.at, fact.at, "bench", "always", 0
    yield fact.id, "resolve", fact.due_at, fact.answered_at, "bench", "working", 0


def _facts(made: World, count: int) -> Iterator[Fact]:
    """Yield tickets of two years, one in ten of them not answered, one in twelve late; the same every time."""
    rng = random.Random(3)  # noqa: S311 - the same rows every time
    wards, kinds = list(made.hotline.city.wards), list(topics())
    units = sorted(made.hotline.city.departments)[:UNITS]
    channels = [channel.value for channel in Channel]
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number in range(count):
        at = now - timedelta(seconds=int(DAYS * 86400 * (1 - number / count)))
        acted_at = at + timedelta(minutes=rng.randrange(5, 2000)) if rng.random() < 0.95 else None
        answered_at = (
            acted_at + timedelta(minutes=rng.randrange(60, 7500)) if acted_at and rng.random() < 0.95 else None
        )
        rated = answered_at is not None and rng.random() < 0.3
        yield Fact(
            UUID(int=number), at, acted_at, answered_at, at + timedelta(days=6), rng.randint(1, 5) if rated else None,
            rng.choice(kinds), rng.choice(wards), rng.choice(units), rng.choice(channels),
        )  # fmt: skip
