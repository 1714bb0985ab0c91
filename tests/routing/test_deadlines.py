"""Deadlines against a clock that counts minute by minute, and against days worked out by hand."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.vocabulary import Clock, DeadlineKind, SubmissionType, Urgency, topics
from routing.calendar import WorkingCalendar
from routing.city import City, load_city
from routing.deadlines import (
    Due,
    Extension,
    Pause,
    Run,
    add_working_minutes,
    coordinating_due,
    due_dates,
    replayed,
    resumed,
    share_of,
    shifted,
    working_days_later,
    working_minutes_between,
)

MINUTE = timedelta(minutes=1)
VIETNAM = timezone(timedelta(hours=7))
CALENDAR = load_city().calendar
#: Around New Year, Tết and the make-up Saturdays, and an ordinary week.
instants = st.one_of(
    st.integers(0, 16 * 1440).map(lambda n: datetime(2025, 12, 29, tzinfo=UTC) + n * MINUTE),
    st.integers(0, 12 * 1440).map(lambda n: datetime(2026, 2, 12, tzinfo=UTC) + n * MINUTE),
    st.integers(0, 16 * 1440).map(lambda n: datetime(2026, 8, 20, tzinfo=UTC) + n * MINUTE),
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def works(calendar: WorkingCalendar, at: datetime) -> bool:
    """Tell whether the minute that begins at `at` is working time, straight from hours and days."""
    clock = at.astimezone(calendar.zone)
    return calendar.is_working_day(clock.date()) and any(a <= clock.time() < b for a, b in calendar.hours)


def resolve(city: City, received: str, topic: str = "road-surface-damage") -> str:
    dues = due_dates(city, topic=topic, urgency="normal", submission_type="phan-anh", received_at=local(received))
    return next(d for d in dues if d.kind is DeadlineKind.RESOLVE).due_at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M")


@settings(max_examples=60, deadline=None)
@given(start=instants, length=st.integers(0, 6000))
def test_working_minutes_between_counts_every_minute(start: datetime, length: int) -> None:
    counted = sum(works(CALENDAR, start + n * MINUTE) for n in range(length))
    assert working_minutes_between(CALENDAR, start, start + length * MINUTE) == counted


@settings(max_examples=60, deadline=None)
@given(start=instants, minutes=st.integers(0, 1500))
def test_add_working_minutes_walks_every_minute(start: datetime, minutes: int) -> None:
    at, left = start, minutes
    while left:
        left -= works(CALENDAR, at)
        at += MINUTE
    assert add_working_minutes(CALENDAR, start, minutes) == at


@settings(max_examples=100, deadline=None)
@given(start=instants, minutes=st.integers(0, 5000))
def test_adding_and_counting_agree(start: datetime, minutes: int) -> None:
    assert working_minutes_between(CALENDAR, start, add_working_minutes(CALENDAR, start, minutes)) == minutes


@settings(max_examples=100, deadline=None)
@given(received=instants, n=st.integers(1, 12))
def test_the_nth_working_day_counts_days(received: datetime, n: int) -> None:
    """Walk to the first working minute from receipt on, then to the end of the n-th working day after."""
    at = received
    while not works(CALENDAR, at) and not _lunch(at):
        at += MINUTE
    day, left = at.astimezone(CALENDAR.zone).date(), n
    while left:
        day += timedelta(days=1)
        left -= CALENDAR.is_working_day(day)
    due = CALENDAR.end_of_working_day(received, n).astimezone(CALENDAR.zone)
    assert (due.date(), due.time()) == (day, CALENDAR.hours[-1][1])


def _lunch(at: datetime) -> bool:
    clock = at.astimezone(CALENDAR.zone)
    return CALENDAR.is_working_day(clock.date()) and CALENDAR.hours[0][1] <= clock.time() < CALENDAR.hours[1][0]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-02 09:00", "2026-03-09 17:00"),  # Monday, five working days on
        ("2026-03-02 06:00", "2026-03-09 17:00"),  # before opening counts as that day
        ("2026-03-02 12:00", "2026-03-09 17:00"),  # lunch is within the day
        ("2026-03-02 17:00", "2026-03-10 17:00"),  # closing time is the next day
        ("2026-03-07 10:00", "2026-03-16 17:00"),  # Saturday counts as Monday
        ("2025-12-31 09:00", "2026-01-09 17:00"),  # 1 and 2 January off
        ("2026-01-08 09:00", "2026-01-14 17:00"),  # Saturday 10 January worked
        ("2026-02-13 09:00", "2026-02-27 17:00"),  # over Tết
        ("2026-08-21 09:00", "2026-08-27 17:00"),  # Saturday 22 August worked
        ("2026-11-23 09:00", "2026-11-30 17:00"),  # 24 November counts as a working day until it is confirmed
    ],
)
def test_five_working_days(hcmc: City, received: str, due: str) -> None:
    assert resolve(hcmc, received) == due


def test_hours_run_day_and_night(hcmc: City) -> None:
    assert resolve(hcmc, "2026-02-16 23:00", "power-outage-safety") == "2026-02-17 23:00"


@pytest.mark.parametrize("topic", topics())
@pytest.mark.parametrize("kind", list(SubmissionType))
def test_what_is_owed(hcmc: City, topic: str, kind: str) -> None:
    for urgency in Urgency:
        received = local("2026-11-24 22:00")
        dues = due_dates(hcmc, topic=topic, urgency=urgency, submission_type=kind, received_at=received)
        kinds = [due.kind for due in dues]
        assert kinds.count(DeadlineKind.ACK) == 1
        assert (DeadlineKind.FIRST_ACTION in kinds) == (urgency is not Urgency.NORMAL or kind == "khan-cap")
        assert (DeadlineKind.RESOLVE in kinds) == (kind not in {"khieu-nai", "to-cao"})
        assert all(due.due_at > received and due.due_at.utcoffset() == timedelta(0) for due in dues)
        assert {due.calendar_version for due in dues} == {hcmc.calendar.version}


def test_ack_and_first_action(hcmc: City) -> None:
    received = local("2026-05-02 23:59")
    dues = due_dates(hcmc, topic="noise", urgency="urgent", submission_type="phan-anh", received_at=received)
    after = {due.kind: due.due_at - received for due in dues}
    assert after[DeadlineKind.ACK] == timedelta(minutes=5)
    assert after[DeadlineKind.FIRST_ACTION] == timedelta(hours=1)


def test_an_emergency_is_never_slower_than_an_urgent_report(hcmc: City) -> None:
    for topic in topics():
        limits = hcmc.sla.of(topic)
        assert limits.emergency.hours <= limits.urgent.hours


def test_an_instant_without_zone_is_refused(hcmc: City) -> None:
    with pytest.raises(ValueError, match="time zone"):
        due_dates(hcmc, topic="noise", urgency="normal", submission_type="phan-anh", received_at=datetime(2026, 1, 1))  # noqa: DTZ001 (that is what is refused)


def _resolve_due(city: City, received: str, topic: str) -> Due:
    dues = due_dates(city, topic=topic, urgency="normal", submission_type="phan-anh", received_at=local(received))
    return dues[-1]


@pytest.mark.parametrize(
    ("paused", "resumed", "due"),
    [
        ("2026-03-03 09:00", "2026-03-05 09:00", "2026-03-11 17:00"),  # two working days
        ("2026-03-06 17:00", "2026-03-09 07:30", "2026-03-09 17:00"),  # a week-end of waiting is nothing
        ("2026-03-03 09:00", "2026-03-03 13:30", "2026-03-10 10:30"),  # three hours, lunch not counted
        ("2026-03-10 09:00", "2026-03-12 09:00", "2026-03-09 17:00"),  # what was late stays late
        ("2026-03-05 09:00", "2026-03-03 09:00", "2026-03-09 17:00"),
    ],
)
def test_waiting_for_the_citizen_moves_the_deadline(hcmc: City, paused: str, resumed: str, due: str) -> None:
    before = _resolve_due(hcmc, "2026-03-02 09:00", "road-surface-damage")
    moved = shifted(hcmc.calendar, before, local(paused), local(resumed))
    assert moved.due_at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M") == due


def test_waiting_moves_a_deadline_in_hours_by_all_of_it(hcmc: City) -> None:
    before = _resolve_due(hcmc, "2026-03-02 09:00", "water-supply")
    moved = shifted(hcmc.calendar, before, local("2026-03-02 10:00"), local("2026-03-02 20:00"))
    assert moved.due_at - before.due_at == timedelta(hours=10)


@settings(max_examples=50, deadline=None)
@given(received=instants, first=st.integers(0, 4000), second=st.integers(0, 4000))
def test_the_time_left_to_the_department_is_the_same_after_a_pause(received: datetime, first: int, second: int) -> None:
    due = Due(DeadlineKind.RESOLVE, CALENDAR.end_of_working_day(received, 8), "v", "", Clock.WORKING)
    paused, resumed = received + first * MINUTE, received + (first + second) * MINUTE
    moved = shifted(CALENDAR, due, paused, resumed)
    worked = working_minutes_between(CALENDAR, received, paused)
    worked += working_minutes_between(CALENDAR, resumed, moved.due_at)
    if moved.due_at > resumed:
        assert worked == working_minutes_between(CALENDAR, received, due.due_at)


def test_reminders_stand_at_a_share_of_the_time(hcmc: City) -> None:
    received = local("2026-03-02 07:30")
    due = _resolve_due(hcmc, "2026-03-02 07:30", "street-lighting")  # three days on: four days of eight hours
    half = share_of(hcmc.calendar, due.clock, Run(received, due.due_at), 0.5)
    assert half.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M") == "2026-03-03 17:00"


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        ((2026, 1, 1), False), ((2026, 1, 2), False), ((2026, 1, 10), True), ((2026, 1, 17), False),
        ((2026, 2, 16), False), ((2026, 2, 20), False), ((2026, 2, 23), True), ((2026, 4, 27), False),
        ((2026, 8, 22), True), ((2026, 8, 31), False), ((2026, 9, 2), False), ((2026, 11, 24), True),
        ((2025, 4, 26), True), ((2025, 5, 2), False),
    ],
)  # fmt: skip
def test_known_days(hcmc: City, day: tuple[int, int, int], open_: bool) -> None:  # noqa: FBT001
    assert hcmc.calendar.is_working_day(date(*day)) is open_


def test_another_city_has_its_own_week(song_xanh: City) -> None:
    calendar = song_xanh.calendar
    assert [calendar.is_working_day(date(2030, 5, d)) for d in (4, 5, 6, 7, 12)] == [True, False, False, True, True]
    assert calendar.version != load_city().calendar.version
    assert working_minutes_between(calendar, datetime(2030, 5, 4, tzinfo=UTC), datetime(2030, 5, 5, tzinfo=UTC)) == 480


def test_a_calendar_without_a_working_day_says_so(song_xanh: City) -> None:
    shut = {date(2030, 1, 1) + timedelta(days=n): False for n in range(900)}
    calendar = WorkingCalendar(song_xanh.calendar.zone, frozenset({0}), song_xanh.calendar.hours, None, shut, {}, "v")
    with pytest.raises(ValueError, match="no working day"):
        calendar.next_working_day(date(2030, 1, 1))


def test_a_helper_has_its_share_of_the_working_time_that_the_lead_has_left(hcmc: City) -> None:
    """Street lighting, received on Monday at opening: due on Thursday at closing, four days of eight hours; 60 %."""
    assert hcmc.sla.coordinating_share == 0.6
    lead = local("2026-03-05 17:00")
    asked = {
        "2026-03-02 07:30": "2026-03-04 10:42",  # 19.2 of 32 hours
        "2026-03-05 07:30": "2026-03-05 13:48",  # 4.8 of the last day's 8 hours
        "2026-03-01 12:00": "2026-03-04 10:42",  # asked on a Sunday: no time has passed when work begins
    }
    for at, expected in asked.items():
        due = coordinating_due(hcmc, topic="street-lighting", lead_due_at=lead, asked_at=local(at))
        assert due.due_at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M") == expected, at
        assert due.calendar_version == hcmc.calendar.version


def test_a_helper_on_the_clock_that_never_stops_has_its_share_of_hours(hcmc: City) -> None:
    asked = local("2026-03-01 00:00")
    lead = asked + timedelta(hours=10)
    due = coordinating_due(hcmc, topic="water-supply", lead_due_at=lead, asked_at=asked)
    assert due.due_at == asked + timedelta(hours=6)


def test_a_lead_without_time_left_gives_a_helper_its_share_of_the_whole_time(hcmc: City) -> None:
    asked = local("2026-03-02 07:30")
    for lead in (None, local("2026-03-01 10:00"), asked):
        due = coordinating_due(hcmc, topic="street-lighting", lead_due_at=lead, asked_at=asked)
        assert due.due_at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M") == "2026-03-04 10:42"


@settings(max_examples=100, deadline=None)
@given(asked=instants, left=st.integers(1, 20_000), topic=st.sampled_from(list(topics())))
def test_a_helper_is_never_due_after_the_lead_nor_before_it_is_asked(asked: datetime, left: int, topic: str) -> None:
    lead = asked + left * MINUTE
    due = coordinating_due(load_city(), topic=topic, lead_due_at=lead, asked_at=asked).due_at
    assert asked < due <= lead


#: Days on which somebody decides besides: worked Saturdays and Sundays, days off in the middle of a week.
amended = st.dictionaries(
    st.one_of(
        st.integers(0, 16).map(lambda n: date(2025, 12, 29) + timedelta(days=n)),
        st.integers(0, 20).map(lambda n: date(2026, 2, 12) + timedelta(days=n)),
        st.integers(0, 20).map(lambda n: date(2026, 8, 20) + timedelta(days=n)),
    ),
    st.tuples(st.booleans(), st.just("x")),
    max_size=4,
)
#: Gaps and lengths of pauses, in minutes: within a lunch, over a night, over Tết.
pauses_ = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 6000)), max_size=3)


@settings(max_examples=80, deadline=None)
@given(received=instants, n=st.integers(1, 6), changes=amended, gaps=pauses_, clock=st.sampled_from(list(Clock)))
def test_a_paused_clock_is_the_one_that_stands_still_minute_by_minute(
    received: datetime, n: int, changes: dict[date, tuple[bool, str]], gaps: list[tuple[int, int]], clock: Clock
) -> None:
    """A clock that is looked at each minute: it ticks while it is on and nobody waits, and the time is over at zero."""
    calendar = CALENDAR.amended(changes)
    due = calendar.end_of_working_day(received, n) if clock is Clock.WORKING else received + n * timedelta(hours=7)
    pauses, at = [], received
    for gap, length in gaps:
        pauses.append(Pause(at + gap * MINUTE, at + (gap + length) * MINUTE))
        at = pauses[-1].ended
    run = replayed(calendar, clock, Run(received, due), pauses)
    assert run.due_at == ticked_out(calendar, clock, received, due, pauses)


def ticked_out(
    calendar: WorkingCalendar, clock: Clock, received: datetime, due: datetime, pauses: list[Pause]
) -> datetime:
    def ticks(at: datetime) -> bool:
        return clock is Clock.ALWAYS or works(calendar, at)

    minutes = int((due - received) / MINUTE)
    left, at = sum(ticks(received + m * MINUTE) for m in range(minutes)), received
    while left:
        if ticks(at) and not any(pause.began <= at < pause.ended for pause in pauses):
            left -= 1
        at += MINUTE
    return at


@settings(max_examples=60, deadline=None)
@given(received=instants, n=st.integers(1, 6), first=st.integers(0, 2000), length=st.integers(0, 4000))
def test_half_of_the_time_is_half_of_what_the_unit_has_whenever_it_waited(
    received: datetime, n: int, first: int, length: int
) -> None:
    """A pause before half-time moves it by as much as the deadline; so is the share of a run that has been moved."""
    run = Run(received, CALENDAR.end_of_working_day(received, n))
    pause = Pause(received + first * MINUTE, received + (first + length) * MINUTE)
    moved = resumed(CALENDAR, Clock.WORKING, run, pause)
    half = share_of(CALENDAR, Clock.WORKING, moved, 0.5)
    whole = working_minutes_between(CALENDAR, run.runs_from, run.due_at)
    assert abs(working_minutes_between(CALENDAR, half, moved.due_at) - whole / 2) <= 1


@settings(max_examples=60, deadline=None)
@given(received=instants, n=st.integers(1, 5), k=st.integers(1, 10), changes=amended)
def test_an_extension_ends_with_the_nth_working_day_after_the_deadlines(
    received: datetime, n: int, k: int, changes: dict[date, tuple[bool, str]]
) -> None:
    calendar = CALENDAR.amended(changes)
    due = calendar.end_of_working_day(received, n)
    run = replayed(calendar, Clock.WORKING, Run(received, due), [Extension(received, k)])
    day, left = calendar.local_day(due), k
    while left:
        day += timedelta(days=1)
        left -= calendar.is_working_day(day)
    local_due = run.due_at.astimezone(calendar.zone)
    assert (local_due.date(), local_due.time()) == (day, calendar.hours[-1][1])
    assert run.due_at == working_days_later(calendar, due, k)
    assert run.runs_from == received


def test_moves_take_effect_in_the_order_of_time(hcmc: City) -> None:
    """Two days more were granted while the unit waited: first the date moved, then it was resumed."""
    run = Run(local("2026-03-02 09:00"), local("2026-03-05 17:00"))
    waited = Pause(local("2026-03-03 09:00"), local("2026-03-06 09:00"))
    moved = replayed(hcmc.calendar, Clock.WORKING, run, [waited, Extension(local("2026-03-04 09:00"), 2)])
    assert moved.due_at.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M") == "2026-03-12 17:00"


def test_a_day_decided_on_hides_what_the_file_says_and_changes_the_version(hcmc: City) -> None:
    day = date(2026, 11, 24)
    changed = hcmc.calendar.amended({day: (False, "Nghị quyết của Quốc hội")})
    assert (hcmc.calendar.is_working_day(day), changed.is_working_day(day)) == (True, False)
    assert changed.version != hcmc.calendar.version
    assert hcmc.calendar.amended({}).version == hcmc.calendar.version
    listed = {special.day: special for special in changed.special_days(2026)}
    assert (listed[day].working, listed[day].why, listed[day].source) == (False, "Nghị quyết của Quốc hội", "changed")
    assert (listed[date(2026, 1, 10)].working, listed[date(2026, 1, 10)].source) == (True, "city")
    assert (listed[date(2026, 2, 17)].working, listed[date(2026, 2, 17)].source) == (False, "seed")
    assert (listed[date(2026, 8, 22)].working, listed[date(2026, 8, 22)].source) == (True, "seed")
    assert listed[date(2026, 2, 17)].why
