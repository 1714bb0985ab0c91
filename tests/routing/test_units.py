"""Units as dated data: the book only grows, the past stays, a file says again exactly what was written out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.vocabulary import DepartmentKind, UnitChangeKind
from routing.city import City
from routing.departments import DepartmentFact, Units, departments_page, heir_of, read_departments, standing_in
from routing.hours import ALWAYS, Opening, OpeningHours, UnreadableHours, opening, read_hours
from routing.reach import email_written, phone_written
from routing.rules import Facts, decide
from routing.source import Problems
from routing.unitbook import (
    Change,
    Refusal,
    change_for,
    changes_of_life,
    closing,
    differences,
    planned_after,
    problems_of,
    state_of,
    still_named,
    units_of,
)

TODAY = date(2026, 3, 3)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def fact(name: str, **more: object) -> DepartmentFact:
    base = DepartmentFact(name, f"Đơn vị {name}", f"Unit {name}", DepartmentKind.CITY, None, None, None, None)
    return replace(base, **more)  # type: ignore[arg-type]


def numbered(*changes: Change) -> list[Change]:
    return [replace(change, number=number) for number, change in enumerate(changes, 1)]


@given(st.data())
def test_the_past_never_changes_whatever_is_written(data: st.DataObject) -> None:
    """Lines are written on one day after the other, each about that day or later, some taken back before they begin."""
    written = numbered(state_of(fact("a"), None))
    today = date(2026, 1, 1)
    for step in range(data.draw(st.integers(1, 12))):
        today += timedelta(days=data.draw(st.integers(0, 20)))
        since = today + timedelta(days=data.draw(st.integers(0, 30)))
        coming = [c.number for c in written if c.since is not None and c.since > today and c.undoes is None]
        undone = {c.undoes for c in written}
        kind = data.draw(st.sampled_from(["state", "closed", "undone"]))
        change = closing("a", since, None) if kind == "closed" else state_of(fact("a", vi=f"Tên {step}"), since)
        if kind == "undone" and set(coming) - undone:
            number = data.draw(st.sampled_from(sorted(set(coming) - undone)))
            change = Change(0, "a", UnitChangeKind.UNDONE, None, undoes=number)
        before = units_of(written)["a"]
        written = numbered(*written, change)
        after = units_of(written)["a"]
        for day in (date(2020, 1, 1), *(today - timedelta(days=back) for back in range(1, 40))):
            assert told(before, day) == told(after, day)


def told(unit: DepartmentFact, day: date) -> str | None:
    found = unit.on(day)
    return found.vi if found else None


@given(st.lists(st.tuples(DAYS, st.booleans()), min_size=1, max_size=8), DAYS)
def test_on_every_day_a_unit_is_what_the_last_line_up_to_it_says(lines: list[tuple[date, bool]], day: date) -> None:
    """And so no two periods of it overlap: the versions that hold on a day are one or none."""
    changes = [
        state_of(fact("a", vi=str(n)), d) if state else closing("a", d, None) for n, (d, state) in enumerate(lines)
    ]
    units = units_of(numbered(*changes))
    upto = [(d, n) for n, (d, _) in enumerate(lines) if d <= day]
    last = max(upto)[1] if upto else None
    wanted = str(last) if last is not None and lines[last][1] else None
    if not any(state for _, state in lines):
        assert units == {}
        return
    if "a" not in units:  # each state was replaced on its own day by a closing
        assert wanted is None
        return
    unit = units["a"]
    assert told(unit, day) == wanted
    assert unit.valid_on(day) is (wanted is not None)
    holding = [v for v in (*unit.earlier, unit) if replace(v, earlier=()).valid_on(day)]
    assert len(holding) == (1 if wanted else 0)


def test_a_unit_whose_only_line_was_taken_back_is_not_there() -> None:
    written = numbered(state_of(fact("a"), TODAY), Change(0, "a", UnitChangeKind.UNDONE, None, undoes=1))
    assert units_of(written) == {}


def test_a_change_from_tomorrow_does_not_route_today(song_xanh: City) -> None:
    today, tomorrow = date(2032, 5, 4), date(2032, 5, 5)
    lamps = song_xanh.departments["doi-den"]
    written = numbered(
        *changes_of_life(lamps),
        state_of(fact("doi-den-moi"), tomorrow),
        closing("doi-den", tomorrow, "doi-den-moi"),
    )
    city = song_xanh.with_units(units_of(written), "7")
    assert [led(city, day) for day in (today, tomorrow)] == ["doi-den", "doi-den-moi"]
    assert led(song_xanh, tomorrow) == "doi-den"
    assert city.version == f"{song_xanh.version}.7"
    assert still_named(city.rules, city.departments, today) == {"to-cay": ["tree"]}  # as its files have it
    assert still_named(city.rules, city.departments, tomorrow) == {"to-cay": ["tree"], "doi-den": ["lamp"]}


def led(city: City, day: date) -> str:
    return decide(city, Facts("street-lighting", "1", "phan-anh", "normal", "đèn tắt", day)).lead


def test_who_acts_for_a_unit_that_is_gone() -> None:
    a = fact("a", valid_to=TODAY, successor="b")
    b = fact("b", valid_to=TODAY + timedelta(days=9), successor="c")
    units = {u.id: u for u in (a, b, fact("c"), fact("d", valid_to=TODAY, parent="c"), fact("e", valid_to=TODAY))}
    before, later = TODAY - timedelta(days=1), TODAY + timedelta(days=9)
    assert [standing_in(units, "a", day) for day in (before, TODAY, later)] == ["a", "b", "c"]
    assert [heir_of(units, "a", day) for day in (before, TODAY, later)] == [None, "b", "c"]
    assert (standing_in(units, "d", TODAY), heir_of(units, "d", TODAY)) == ("c", None)
    assert (standing_in(units, "e", TODAY), standing_in(units, "nobody", TODAY)) == (None, None)
    round_about = {"a": a, "b": fact("b", valid_to=TODAY, successor="a")}
    assert (standing_in(round_about, "a", TODAY), heir_of(round_about, "a", TODAY)) == (None, None)


def test_what_cannot_be_meant_is_named(song_xanh: City) -> None:
    units = dict(song_xanh.departments)
    wrong = {
        "x": fact("x", parent="nobody", ward="99", valid_from=TODAY),
        "y": fact("y", parent="gone", valid_from=TODAY),
        "gone": fact("gone", valid_to=TODAY),
        "p": fact("p", parent="q", valid_from=TODAY),
        "q": fact("q", parent="p"),
        "self": fact("self", valid_to=TODAY, successor="self"),
        "late": fact("late", valid_to=TODAY, successor="gone"),
        "nguoi-truc": replace(units["nguoi-truc"], valid_to=TODAY),
    }
    found = problems_of(units | wrong, wrong, song_xanh.wards, song_xanh.coordinator)
    assert sorted((p.unit, p.field, p.code) for p in found) == [
        ("late", "successor", "unit_not_open"),
        ("nguoi-truc", "since", "unit_coordinator"),
        ("p", "parent", "unit_circle"),
        ("q", "parent", "unit_circle"),
        ("self", "successor", "unknown_department"),
        ("x", "parent", "unknown_department"),
        ("x", "ward", "unknown_ward"),
        ("y", "parent", "unit_not_open"),
    ]
    assert problems_of(units, units, song_xanh.wards, song_xanh.coordinator) == []


def test_a_circle_of_parents_counts_only_on_days_when_it_closes() -> None:
    """p is below q until today, q below p from today on: on no day are both."""
    units = units_of(
        numbered(
            state_of(fact("p", parent="q"), None),
            state_of(fact("q"), None),
            state_of(fact("p"), TODAY),
            state_of(fact("q", parent="p"), TODAY),
        )
    )
    assert problems_of(units, units, {}, "nobody") == []


def test_the_whole_city_is_read_again_as_it_was_written(hcmc: City, song_xanh: City, tmp_path: Path) -> None:
    for city in (hcmc, song_xanh):
        assert again(city, city.units, tmp_path) == city.units


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_changed_units_are_read_again_as_they_were_written(
    song_xanh: City, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wards' own units too, and texts that YAML could take for something else."""
    texts = st.sampled_from(["Tên", "on", "1900", "2026-01-01", "a: b", "#", "{x}", "- x", "Ủy ban “mới”", "null", "~"])
    units = dict(song_xanh.departments)
    for name in data.draw(st.lists(st.sampled_from(sorted(units)), unique=True)):
        hours = data.draw(st.sampled_from([None, ALWAYS, "mon-fri 07:30-11:30, 13:00-17:00; sun 08:00-24:00"]))
        units[name] = replace(
            units[name],
            vi=data.draw(texts),
            en=data.draw(texts),
            note=data.draw(st.none() | texts),
            address=data.draw(st.none() | texts),
            phone=data.draw(st.sampled_from([None, "114", "1022", "1900 545454", "028 3829 1234", "+44 20 7946 0958"])),
            email=data.draw(st.sampled_from([None, "a@vidu.vn"])),
            hours=read_hours(hours) if hours else None,
        )
    wanted = replace(song_xanh.units, departments=units)
    assert again(song_xanh, wanted, tmp_path_factory.mktemp("again")) == wanted


def again(city: City, units: Units, folder: Path) -> Units:
    (folder / "again.yaml").write_text(departments_page(units, city.wards), "utf-8")
    problems = Problems()
    found = read_departments(folder, city.wards, problems, "again.yaml")
    problems.refuse()
    return found


def test_a_file_changes_what_it_says_and_the_second_time_nothing(song_xanh: City) -> None:
    known = dict(song_xanh.departments)
    wanted = dict(known)
    wanted["doi-den"] = replace(known["doi-den"], vi="Đội chiếu sáng")
    wanted["moi"] = fact("moi", valid_to=TODAY + timedelta(days=99), successor="doi-den")
    del wanted["uy-2"]
    file = replace(song_xanh.units, departments=wanted, lines=dict.fromkeys(wanted, "f.yaml:1"))
    found, refused = differences(known, file, TODAY)
    assert refused == []
    assert [(d.what, d.unit, d.fields) for d in found] == [
        ("changed", "doi-den", ("vi",)),
        ("added", "moi", ()),
        ("closed", "moi", ()),
        ("closed", "uy-2", ()),
    ]
    lines = [change for unit in known.values() for change in changes_of_life(unit)]
    after = units_of(numbered(*lines, *(change_for(d) for d in found)))
    assert differences(after, file, TODAY) == ([], [])
    assert differences(after, file, TODAY + timedelta(days=5)) == ([], [])
    assert after["uy-2"].valid_to == TODAY
    assert (after["moi"].valid_from, after["moi"].valid_to) == (TODAY, TODAY + timedelta(days=99))


def test_a_file_does_not_write_over_what_is_planned_or_was(song_xanh: City) -> None:
    later = TODAY + timedelta(days=7)
    lines = [change for unit in song_xanh.departments.values() for change in changes_of_life(unit)]
    renamed = state_of(replace(song_xanh.departments["toa-thi-chinh"], vi="Tòa mới"), later)
    known = units_of(numbered(*lines, renamed, closing("uy-1", later, "uy-2")))
    unchanged = replace(song_xanh.units, departments=dict(song_xanh.departments))
    assert differences(known, unchanged, TODAY)[0] == []
    assert differences(known, unchanged, TODAY)[1] == [
        Refusal("uy-1", f"is to be closed on {later}: undo that first, or write valid_to")
    ]
    wanted = {name: unit.life_on(TODAY) for name, unit in known.items()}
    wanted["toa-thi-chinh"] = replace(wanted["toa-thi-chinh"], vi="Tòa khác")
    wanted["doi-den"] = replace(wanted["doi-den"], valid_from=TODAY)
    _, refused = differences(known, replace(unchanged, departments=wanted), TODAY)
    assert refused == [
        Refusal("toa-thi-chinh", f"has a change planned from {later}: undo that first"),
        Refusal("doi-den", "began on 2031-01-01: that cannot be changed afterwards"),
    ]
    assert planned_after(known["toa-thi-chinh"], TODAY) == later
    del wanted["toa-thi-chinh"], wanted["doi-den"]
    _, refused = differences(known, replace(unchanged, departments=wanted), TODAY)
    gone = f"is not in the file, and a change is planned from {later}: undo that first"
    assert refused == [Refusal("toa-thi-chinh", gone)]


@pytest.mark.parametrize(
    ("line", "written", "vietnamese"),
    [
        ("mon-fri 07:30-11:30, 13:00-17:00", "mon-fri 07:30-11:30, 13:00-17:00", "T2-T6 07:30-11:30, 13:00-17:00"),
        ("T2-T6 7h30 – 11h30, 13h-17h; T7 7:30-11:30",
         "mon-fri 07:30-11:30, 13:00-17:00; sat 07:30-11:30", "T2-T6 07:30-11:30, 13:00-17:00; T7 07:30-11:30"),
        ("CN 0:00-24:00", "sun 00:00-24:00", "CN 00:00-24:00"),
        ("mon, wed 08:00-09:00", "mon,wed 08:00-09:00", "T2,T4 08:00-09:00"),
        (" 24/7 ", "24/7", "24/7"),
    ],
)  # fmt: skip
def test_hours_have_one_form(line: str, written: str, vietnamese: str) -> None:
    hours = read_hours(line)
    assert (hours.written(), hours.written("vi")) == (written, vietnamese)
    assert read_hours(written) == read_hours(vietnamese) == hours


@pytest.mark.parametrize(
    "line", ["", "mon", "07:30-11:30", "mon 12:00-11:00", "mon 08:00-10:00, 09:00-11:00", "mon 25:00-26:00", "sáng",
             "fri-mon 08:00-09:00", "mon 08:60-09:00", "mon 08:00", "mon 24/7", "mon 08:00-24:01",
             "mon " + ", ".join(f"{h:02d}:{m:02d}-{h:02d}:{m + 1:02d}" for h in range(24) for m in (0, 30))]
)  # fmt: skip
def test_hours_that_cannot_be_meant_are_refused(line: str) -> None:
    with pytest.raises(UnreadableHours):
        read_hours(line)


@given(st.text(max_size=40))
def test_any_text_is_hours_or_refused(line: str) -> None:
    try:
        hours = read_hours(line)
    except UnreadableHours:
        return
    assert read_hours(hours.written("vi")) == hours


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "is_open", "until"),
    [
        (None, "2030-05-07T09:00", True, "2030-05-07T12:00"),  # the city's own hours
        (None, "2030-05-07T13:00", False, "2030-05-07T14:00"),
        (None, "2030-05-05T09:00", False, "2030-05-07T08:00"),  # Sunday, and Monday is a holiday
        (None, "2030-05-12T09:00", True, "2030-05-12T12:00"),  # the Sunday that makes up for it
        ("mon-fri 07:00-11:00", "2030-05-07T11:00", False, "2030-05-08T07:00"),
        ("mon-fri 07:00-11:00", "2030-05-06T08:00", False, "2030-05-07T07:00"),  # the holiday
        ("mon-fri 07:00-11:00", "2030-05-12T08:00", True, "2030-05-12T11:00"),  # the hours of Monday
        ("sun 07:00-24:00", "2030-05-05T23:30", True, "2030-05-06T00:00"),
        ("mon-sat 00:00-24:00", "2030-05-07T03:00", True, "2030-05-19T00:00"),  # over each midnight, and the 12th
        ("24/7", "2030-05-06T03:00", True, None),
    ],
)
def test_when_a_unit_is_open(song_xanh: City, hours: str | None, now: str, is_open: bool, until: str | None) -> None:  # noqa: FBT001
    wanted = Opening(is_open=is_open, until=at(until) if until else None)
    assert opening(song_xanh.calendar, read_hours(hours) if hours else None, at(now)) == wanted


def test_one_that_opens_on_no_day_is_never_said_to_open(song_xanh: City) -> None:
    assert opening(song_xanh.calendar, OpeningHours(((),) * 7), at("2030-05-07T09:00")) == Opening(
        is_open=False, until=None
    )


@pytest.mark.parametrize(
    ("reading", "typed", "written"),
    [
        (phone_written, "1900545454", "1900 545454"),
        (phone_written, "+84 28 38291234", "028 3829 1234"),
        (phone_written, "0901234567", "0901 234 567"),
        (phone_written, "114", "114"),
        (phone_written, "1022", "1022"),
        (phone_written, "+44 20 7946 0958", "+44 20 7946 0958"),
        (email_written, "A@VIDU.vn", "A@vidu.vn"),
    ],
)
def test_a_number_has_one_form(reading: Callable[[str], str], typed: str, written: str) -> None:
    assert reading(typed) == written
    assert reading(written) == written


@pytest.mark.parametrize("typed", ["12", "99999", "gọi tôi", "090123456", ""])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="not a phone number"):
        phone_written(typed)
