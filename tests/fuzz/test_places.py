"""Addresses as people write them, pins, and what people call wards and units."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import SubmissionType, Urgency, topics
from routing.city import City, load_city
from routing.departments import is_unit_id
from routing.folding import fold, plain, spelt
from routing.hours import UnreadableHours, read_hours
from routing.neighbours import around, cell_of, likeness
from routing.pin import read_pin
from routing.place import resolve_place
from routing.reach import email_written, phone_written
from routing.rules import Facts, candidates, decide
from routing.unitsearch import find_units
from routing.words import Words
from tests.fuzz.made_up import BRIEFLY, in_time, long_texts, texts
from tests.routing.conftest import SONG_XANH

cities = st.sampled_from((None, SONG_XANH)).map(load_city)
latitudes = st.none() | st.floats(-90, 90)
longitudes = st.none() | st.floats(-180, 180)
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))


@BRIEFLY
@given(long_texts)
def test_words_know_where_they_stand(text: str) -> None:
    with in_time():
        words = Words(text)
        folded, small = fold(text), plain(text)
    assert len(folded) == len(small)
    assert plain(small) == small
    assert fold(folded) == folded
    for i in range(words.count):
        assert words.as_spelt(i)
        assert words.original(i, i + 1)
        assert words.joined(i) in {True, False}
    spelt(text)


@BRIEFLY
@given(cities, long_texts, latitudes, longitudes, days)
def test_any_address_leads_to_wards_of_the_city_or_to_none(
    city: City, text: str, lat: float | None, lon: float | None, day: date
) -> None:
    with in_time():
        found = resolve_place(city, text, lat, lon, day)
    assert set(found.candidates) <= set(city.wards)
    assert len(set(found.candidates)) == len(found.candidates)
    assert found.candidates or not found.sure


@BRIEFLY
@given(cities, st.floats(-90, 90), st.floats(-180, 180))
def test_any_pin_lies_in_a_ward_or_in_none(city: City, lat: float, lon: float) -> None:
    with in_time():
        pin = read_pin(city, lat, lon)
    assert set(pin.proposals) <= set(city.wards)
    cell = cell_of(lat, lon)
    assert cell is None or cell in around(cell)


@BRIEFLY
@given(cities, texts, days)
def test_any_words_find_units_that_are_open_or_none(city: City, typed: str, day: date) -> None:
    with in_time():
        found = find_units(city, typed, day)
    assert all(unit.valid_on(day) for unit in found)


@BRIEFLY
@given(long_texts, long_texts)
def test_two_texts_are_alike_by_some_share(text: str, other: str) -> None:
    with in_time():
        assert 0 <= likeness(text, other) <= 1.000001
        assert likeness(text, other) == likeness(other, text)


@BRIEFLY
@given(
    cities,
    st.one_of(st.none(), texts, st.sampled_from(sorted(topics()))),
    st.integers(-1, 200),
    st.sampled_from([kind.value for kind in SubmissionType]),
    st.sampled_from([kind.value for kind in Urgency]),
    long_texts,
    days,
)
def test_every_report_has_a_unit(
    city: City, topic: str | None, ward: int, kind: str, urgency: str, text: str, day: date
) -> None:
    codes = sorted(city.wards)
    facts = Facts(topic, codes[ward % len(codes)] if ward >= 0 else None, kind, urgency, text, day)
    with in_time():
        decision = decide(city, facts)
        others = candidates(city, facts)
    assert {decision.lead, *decision.coordinating} <= set(city.departments)
    assert all(other.lead in city.departments for other in others)


@BRIEFLY
@given(texts)
def test_hours_are_read_back_as_they_are_written(typed: str) -> None:
    try:
        hours = read_hours(typed)
    except UnreadableHours:
        return
    assert read_hours(hours.written()) == hours


#: Parts of what opening hours are written with.
_OF_HOURS = (
    "mon", "sun", "tue-sat", "fri-mon", "mon,wed", "closed", "24/7", "08:00", "7:30", "00:00", "24:00", "25:61", "-",
    "–", ", ", "; ", " ", "08:00-12:00", "13:00-17:00", "22:00-06:00", "t2", "cn",
)  # fmt: skip


@BRIEFLY
@given(st.lists(st.sampled_from(_OF_HOURS), max_size=10).map("".join))
def test_hours_of_likely_parts_are_read_back_too(typed: str) -> None:
    try:
        hours = read_hours(typed)
    except UnreadableHours:
        return
    assert read_hours(hours.written()) == hours


@BRIEFLY
@given(texts)
def test_how_a_unit_is_reached_has_one_form(typed: str) -> None:
    is_unit_id(typed)
    for reading in (phone_written, email_written):
        try:
            with in_time():
                written = reading(typed)
        except ValueError:
            continue
        assert reading(written) == written


@BRIEFLY
@given(cities, st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(0, 60))  # noqa: DTZ001 - given a zone below
def test_a_calendar_goes_forward(city: City, moment: datetime, number: int) -> None:
    at = moment.replace(tzinfo=city.calendar.zone)
    with in_time():
        end = city.calendar.end_of_working_day(at, number)
    assert end >= at - timedelta(days=1)
    assert city.calendar.is_working_day(city.calendar.local_day(end))
