"""Every figure equals its documented SQL, and what a person would count by hand over the rows."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from app.board import figures, service, tallies
from app.board.definitions import BY_NAME, page
from app.board.figures import NONE, TALLY, Counts, Scope
from app.board.service import FEW, FEW_STARS, rank
from app.hotline import Hotline
from app.returns.schema import Period
from app.review import service as review
from app.tracking import service as tracking
from app.work import extension
from app.work import service as work
from models.base import UtcDateTime
from models.board import Tally, TallyDue
from models.ticket import Deadline, Feedback, Happening, Ticket, TicketEvent
from models.vocabulary import Channel, DeadlineKind, Status, SubmissionType, Urgency, topics
from models.workflow import OPEN
from tests.app.conftest import BUSES, LIGHTS, Clock, Filed, Road, Staff, step

PAGE: Final = Path(__file__).parents[2] / "docs/figures.md"
WARDS: Final = ("27163", "26743", None)
UNITS: Final = (LIGHTS, BUSES, "ubnd-27163", None)
TOPICS: Final = ("street-lighting", "noise", "flooding", None)
DIMENSIONS: Final = ("unit", "ward", "topic", "group", "channel")
SEEDS: Final = (1, 2, 3)
START: Final = tallies.Note(UUID(int=0), 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_figure_of_any_history_is_what_its_sql_says_and_what_is_counted_by_hand(
    hotline: Hotline, clock: Clock, seed: int
) -> None:
    """Random tickets in every state, among them sealed, merged, paused and reopened ones."""
    rows = invent(hotline, random.Random(seed), 240, clock())
    tallies.keep(hotline)
    scope = Scope(clock() - timedelta(days=30), clock() - timedelta(days=5))
    mine = [row for row in rows if row.counts and scope.begins <= row.at < scope.ends]
    assert len(mine) > 50
    with hotline.database.reading() as session:
        by_tally = figures.counted(session, TALLY, scope, clock())
        by_rows = figures.counted(session, figures.live(), scope, clock())
        assert by_tally == by_rows == {0: by_hand(mine, clock())}
        for name in BY_NAME:
            assert documented(session, name, scope, clock()) == shown(by_tally[0], name), name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_figures_of_each_dimension_are_of_just_its_tickets(hotline: Hotline, clock: Clock, seed: int) -> None:
    rows = invent(hotline, random.Random(seed), 240, clock())
    tallies.keep(hotline)
    scope = Scope(clock() - timedelta(days=40), clock())
    mine = [row for row in rows if row.counts and scope.begins <= row.at < scope.ends]
    edges = [scope.begins + timedelta(days=8 * n) for n in range(6)]
    with hotline.database.reading() as session:
        for source in (TALLY, figures.live()):
            for by in DIMENSIONS:
                keys = {key_of(row, by) for row in mine}
                hand = {key: by_hand([row for row in mine if key_of(row, by) == key], clock()) for key in keys}
                assert figures.counted(session, source, scope, clock(), by) == hand, by
            found = figures.counted(session, source, scope, clock(), "bucket", edges=edges)
            for number, (begin, end) in enumerate(pairwise(edges)):
                assert found[number] == by_hand([row for row in mine if begin <= row.at < end], clock())
        for by in ("unit", "ward", "topic", "group", "channel"):
            for key in {key_of(row, by) for row in mine}:
                one = Scope(scope.begins, scope.ends, **{by: key})
                (only,) = figures.counted(session, TALLY, one, clock()).values()
                assert only == by_hand([row for row in mine if key_of(row, by) == key], clock()), (by, key)


def test_received_is_open_and_done_and_merged(hotline: Hotline, clock: Clock) -> None:
    invent(hotline, random.Random(9), 200, clock())
    tallies.keep(hotline)
    (found,) = total(hotline, clock)
    assert found.received == found.open + found.done + found.merged > 100


def test_a_day_in_the_life_of_tickets_gives_the_figures_one_would_expect(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    """Lived through the services: one answered in time and rated, one late, one reopened, one paused, one merged."""
    praised, late, again = road.routed(), road.routed(), road.routed()
    paused, merged = road.asked(), road.merged()
    sealed = road.sealed()
    clock.forward(hours=3)
    for filed in (praised, again):
        work.accept(hotline, staff.alice, step(filed))
    clock.forward(hours=5)
    for filed in (praised, again):
        work.answer(hotline, staff.alice, step(filed, "Đã thay bóng."))
    tracking.rate(hotline, praised.code, 4, "")
    tracking.reopen(hotline, again.code, "Tối lại tắt nữa rồi.")
    clock.forward(days=20)
    work.accept(hotline, staff.alice, step(late))
    work.answer(hotline, staff.alice, step(late, "Xin lỗi bạn, giờ mới xong."))
    tallies.keep(hotline)
    (found,) = total(hotline, clock)
    # the lead of the merged one was never taken up, and is late by now; so is what was reopened, by its new deadline
    assert found == Counts(
        received=6, open=3, done=2, merged=1, on_time=1, late=3, reopened=1, answered=3, returned=0, rated=1,
        stars_sum=4, first_action=found.first_action, answer_time=8 * 3600.0,
    )  # fmt: skip
    assert found.first_action == median([0, 3 * 3600, 3 * 3600, 20 * 86400 + 8 * 3600])
    assert paused.status() is Status.INFO_REQUESTED
    assert sealed.status() is Status.SEALED
    assert merged.status() is Status.MERGED


def test_a_return_counts_for_who_has_the_ticket_now(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.returned()
    review.route(hotline, staff.coordinator, step(filed), review.Choice("street-lighting", BUSES))
    road.routed()
    tallies.keep(hotline)
    with hotline.database.reading() as session:
        scope = Scope(clock() - timedelta(days=1), clock() + timedelta(days=1))
        found = figures.counted(session, TALLY, scope, clock(), "unit")
    assert {unit: counts.returned for unit, counts in found.items()} == {BUSES: 1, LIGHTS: 0}


def test_an_extension_moves_what_is_in_time(hotline: Hotline, road: Road, staff: Staff, clock: Clock) -> None:
    filed = road.accepted()
    before = filed.ticket().resolve_due_at
    assert before is not None
    extension.ask(hotline, staff.alice, step(filed, "Phải đặt vật tư."), 3)
    extension.approve(hotline, staff.supervisor, step(filed))
    clock.at = before + timedelta(hours=1)
    work.answer(hotline, staff.alice, step(filed, "Xong rồi."))
    tallies.keep(hotline)
    (found,) = total(hotline, clock)
    assert (found.on_time, found.late) == (1, 0)


def test_what_is_sealed_is_in_no_figure_from_that_moment_on(
    hotline: Hotline, road: Road, staff: Staff, clock: Clock
) -> None:
    """Before any relay comes by: the database itself takes the tally away in the commit that seals."""
    filed = road.in_review()
    tallies.keep(hotline)
    assert [one.received for one in total(hotline, clock)] == [1]
    review.seal(hotline, staff.coordinator, step(filed, "Đây là tố cáo."))
    assert total(hotline, clock) == []
    tallies.keep(hotline)
    assert total(hotline, clock) == []
    road.release(filed)
    tallies.keep(hotline)
    assert [one.received for one in total(hotline, clock)] == [1]


def test_filing_leaves_no_note_and_every_later_event_does(
    hotline: Hotline, file: Callable[..., Filed], triage: Callable[[], None]
) -> None:
    filed = file()
    assert notes(hotline) == 0
    triage()
    assert notes(hotline) == 1
    assert tallies.keep(hotline) == 1
    assert notes(hotline) == 0
    with hotline.database.transaction() as session:
        ticket = session.get_one(Ticket, filed.ticket().id)
        ticket.happened(Happening("noted", hotline.now()))
    assert notes(hotline) == 1


def test_two_that_keep_the_tally_at_once_leave_each_ticket_tallied_once_as_it_is(
    hotline: Hotline, clock: Clock
) -> None:
    """On PostgreSQL the second finds the tickets held, leaves them, and their notes stay until they are done."""
    invent(hotline, random.Random(4), 60, clock())
    with hotline.database.transaction() as first:
        taken, _ = tallies.renew(first, START)
        first.flush()
        if not hotline.settings.is_sqlite:
            with hotline.database.transaction() as second:
                assert tallies.renew(second, START) == (0, None)
    assert taken > 30
    tallies.keep(hotline)
    with hotline.database.reading() as session:
        rows = session.scalar(select(func.count()).select_from(figures.live()))
        assert session.scalar(select(func.count(Tally.ticket_id))) == rows
        assert tallies.pending(session) == 0


def test_notes_are_taken_in_parts_and_none_is_left(
    hotline: Hotline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "BATCH", 7)
    invent(hotline, random.Random(4), 40, clock())
    assert tallies.keep(hotline, batches=1) <= 7
    assert notes(hotline) > 0
    tallies.keep(hotline, batches=1000)
    assert notes(hotline) == 0
    with hotline.database.reading() as session:
        rows = session.scalar(select(func.count()).select_from(figures.live()))
        assert session.scalar(select(func.count(Tally.ticket_id))) == rows


def test_the_page_of_definitions_is_what_the_board_counts_by() -> None:
    assert PAGE.read_text("utf-8") == page(FEW, FEW_STARS)


def test_units_are_ranked_by_their_rate_and_not_at_all_when_few_tickets_are_decided() -> None:
    units = {
        "a": Counts(received=20, on_time=19, late=1),
        "b": Counts(received=40, on_time=38, late=2),
        "c": Counts(received=10, on_time=10),
        "d": Counts(received=30, on_time=FEW - 1),
        "e": Counts(received=12, on_time=6, late=6),
        NONE: Counts(received=99, on_time=99),
        "f": Counts(),
    }
    assert [(one.rank, one.unit) for one in rank(units)] == [(1, "c"), (2, "b"), (2, "a"), (4, "e"), (None, "d")]


def test_a_number_of_none_is_none_and_not_nought() -> None:
    empty = Counts()
    assert (empty.on_time_rate, empty.reopened_rate, empty.stars, empty.answer_time) == (None, None, None, None)
    assert service.by_time([empty]) == [service.Line(0, empty, empty)]


def test_the_days_of_a_period_are_days_of_the_city(hotline: Hotline, road: Road, clock: Clock) -> None:
    """At nine in the evening UTC it is the next morning there."""
    clock.forward(hours=19)
    road.routed()
    tallies.keep(hotline)
    zone = hotline.files.calendar.zone
    days = [date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)]
    with hotline.database.reading() as session:
        scopes = [Scope(*Period(day, day).instants(zone)) for day in days]
        seen = [sum(c.received for c in figures.counted(session, TALLY, s, clock()).values()) for s in scopes]
    assert seen == [0, 1, 0]


@dataclass(frozen=True)
class Row:
    """An invented ticket, as a person who counts would write it down."""

    at: datetime
    status: Status
    kind: SubmissionType
    channel: Channel
    unit: str | None
    ward: str | None
    topic: str | None
    due_at: datetime | None
    met_at: datetime | None
    paused: bool
    returns: int
    rating: int | None
    events: tuple[tuple[datetime, Status | None, Status], ...]

    @property
    def counts(self) -> bool:
        """Whether it counts at all."""
        apart = self.status in {Status.RECEIVED, Status.SEALED} or self.kind is SubmissionType.DENUNCIATION
        return not apart

    def first(self, *there: Status) -> float | None:
        """Seconds until it first came to one of these."""
        came = [at for at, _, to in self.events if to in there]
        return (min(came) - self.at).total_seconds() if came else None


def by_hand(rows: Iterable[Row], now: datetime) -> Counts:
    """Count as the definitions say in words."""
    rows = list(rows)
    alone = [row for row in rows if row.status is not Status.MERGED]
    dated = [row for row in alone if row.due_at is not None]
    late = [
        row
        for row in dated
        if (row.met_at and row.met_at > row.due_at)  # type: ignore[operator]
        or (row.met_at is None and row.status in OPEN and not row.paused and row.due_at < now)  # type: ignore[operator]
    ]
    answered = [row for row in alone if row.first(Status.ANSWERED) is not None]
    acted = [s for row in alone if (s := row.first(Status.IN_PROGRESS, Status.ANSWERED)) is not None]
    settled = (Status.ANSWERED, Status.CLOSED)
    again = [r for r in answered if any(to is Status.REOPENED and here in settled for _, here, to in r.events)]
    stars = [row.rating for row in rows if row.rating is not None]
    done = {Status.ANSWERED, Status.CLOSED, Status.REJECTED, Status.REFERRED}
    return Counts(
        received=len(rows),
        open=sum(row.status in OPEN for row in rows),
        done=sum(row.status in done for row in rows),
        merged=len(rows) - len(alone),
        on_time=sum(row.met_at is not None and row.met_at <= row.due_at for row in dated),  # type: ignore[operator]
        late=len(late),
        reopened=len(again),
        answered=len(answered),
        returned=sum(row.returns > 0 for row in alone),
        rated=len(stars),
        stars_sum=sum(stars),
        first_action=median(acted) if acted else None,
        answer_time=median([row.first(Status.ANSWERED) or 0.0 for row in answered]) if answered else None,
    )


def documented(session: Session, name: str, scope: Scope, now: datetime) -> Any:
    """Run the statement of the documents."""
    said = text(BY_NAME[name].sql)
    given = {"begins": scope.begins, "ends": scope.ends, "now": now}
    used = [bindparam(key, value, UtcDateTime()) for key, value in given.items() if f":{key}" in BY_NAME[name].sql]
    rows = session.execute(said.bindparams(*used)).all()
    if BY_NAME[name].kind == "span":
        spans = [(moment(end) - moment(begin)).total_seconds() for begin, end in rows]
        return pytest.approx(median(spans)) if spans else None
    return rows[0][0] if BY_NAME[name].kind == "count" else pytest.approx(float(rows[0][0]))


def moment(found: datetime | str) -> datetime:
    """Return a time; SQLite hands plain SQL the text that it has."""
    return found if isinstance(found, datetime) else datetime.fromisoformat(found).replace(tzinfo=UTC)


def shown(counts: Counts, name: str) -> Any:
    return getattr(counts, name)


def key_of(row: Row, by: str) -> str:
    if by == "group":
        return topics()[row.topic].group if row.topic else NONE
    return {"unit": row.unit, "ward": row.ward, "topic": row.topic, "channel": row.channel.value}[by] or NONE


def total(hotline: Hotline, clock: Clock) -> list[Counts]:
    with hotline.database.reading() as session:
        scope = Scope(clock() - timedelta(days=90), clock() + timedelta(days=1))
        return list(figures.counted(session, TALLY, scope, clock()).values())


def notes(hotline: Hotline) -> int:
    with hotline.database.reading() as session:
        return session.scalar(select(func.count()).select_from(TallyDue)) or 0


def invent(hotline: Hotline, rng: random.Random, count: int, now: datetime) -> list[Row]:
    """Write tickets with random histories straight into the tables; return them as a person would note them."""
    rows = [row for _ in range(count) for row in _row(rng, now)]
    with hotline.database.transaction() as session:
        for row in rows:
            ticket = Ticket(
                code_hash=uuid4().hex, channel=row.channel, text="Ngập quá", search_text="ngap qua",
                received_at=row.at, urgency=Urgency.NORMAL, topic_slug=row.topic, ward_code=row.ward,
                department_id=row.unit, submission_type=row.kind, _status=row.status, returns=row.returns,
                resolve_due_at=row.due_at,
            )  # fmt: skip
            session.add(ticket)
            session.flush()
            session.add(TicketEvent(ticket_id=ticket.id, kind="received", at=row.at, data={}))
            for at, here, there in row.events:
                moved = {"from_status": here, "to_status": there}
                session.add(TicketEvent(ticket_id=ticket.id, kind="moved", at=at, data={}, **moved))
            if row.due_at is not None:
                session.add(
                    Deadline(
                        ticket_id=ticket.id, kind=DeadlineKind.RESOLVE, due_at=row.due_at, met_at=row.met_at,
                        calendar_version="x", paused_at=row.at if row.paused else None,
                    )
                )  # fmt: skip
                session.add(
                    Deadline(
                        ticket_id=ticket.id, kind=DeadlineKind.ACK, due_at=row.at, met_at=now, calendar_version="x"
                    )
                )
            if row.rating is not None:
                session.add(Feedback(ticket_id=ticket.id, rating=row.rating, at=now))
    return rows


def _row(rng: random.Random, now: datetime) -> Iterator[Row]:
    at = now - timedelta(seconds=rng.randrange(60 * 86400))
    status = rng.choice(list(Status))
    events: list[tuple[datetime, Status | None, Status]] = []
    here, then = Status.RECEIVED, at
    for _ in range(rng.randrange(7)):
        there = rng.choice([Status.ROUTED, Status.IN_PROGRESS, Status.ANSWERED, Status.REOPENED, Status.CLOSED])
        then += timedelta(seconds=rng.randrange(200_000))
        events.append((then, here, there))
        here = there
    events.append((then, here, status if status is not Status.SEALED else Status.ROUTED))
    dated = rng.random() < 0.85
    due_at = at + timedelta(hours=rng.randrange(1, 400)) if dated else None
    met_at = at + timedelta(hours=rng.randrange(1, 400)) if dated and rng.random() < 0.5 else None
    yield Row(
        at=at, status=status, kind=rng.choice(list(SubmissionType)), channel=rng.choice(list(Channel)),
        unit=rng.choice(UNITS), ward=rng.choice(WARDS), topic=rng.choice(TOPICS), due_at=due_at, met_at=met_at,
        paused=rng.random() < 0.2, returns=rng.choice([0, 0, 0, 1, 2]),
        rating=rng.randint(1, 5) if rng.random() < 0.4 else None, events=tuple(events),
    )  # fmt: skip
